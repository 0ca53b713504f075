"""The DAG that another one waits for."""

from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("other", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="done", on_success_callback=lambda context: None)
