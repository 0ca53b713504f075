"""dag-advisor: advice and fixes for how Airflow tasks wait."""

__version__ = "0.1.0"
