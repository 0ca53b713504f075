"""What the providers' example DAGs import from Airflow's own test tools, as little of it as they need to load."""
