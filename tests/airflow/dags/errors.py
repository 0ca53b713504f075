"""Calls that `error` rules flag, such as can be tried on one machine: beside the fixtures of the rules."""

from datetime import datetime

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.databricks.operators.databricks import DatabricksRunNowOperator
from airflow.providers.discord.operators.discord_webhook import DiscordWebhookOperator
from airflow.providers.google.cloud.operators.dataproc import DataprocDeleteClusterOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG

with DAG("errors", start_date=datetime(2026, 1, 1), schedule=None) as dag:
    DiscordWebhookOperator(task_id="webhook", http_conn_id="discord", message="done", deferrable=True)
    DatabricksRunNowOperator(task_id="no_wait", job_id=1, wait_for_termination=False, deferrable=True)
    DataprocDeleteClusterOperator(
        task_id="delete",
        region="eu",
        cluster_name="c",
        project_id="p",
        polling_interval_seconds=0,
        deferrable=True,
    )
    DateTimeSensor.partial(task_id="mapped", deferrable=True).expand(target_time=["2026-01-01", "2026-01-02"])
    HttpSensor(task_id="flood", endpoint="/conflict", response_error_codes_allowlist=["409"], deferrable=True)
    EmptyOperator(task_id="empty", deferrable=True)
    PythonSensor(task_id="python", python_callable=print, deferrable=False)
    S3KeySensor(task_id="text", bucket_key="s3://a/b", deferrable="no")
