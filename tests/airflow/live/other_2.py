"""The DAG that another one waits for, on Airflow 2."""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("other", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="done", on_success_callback=lambda context: None)
