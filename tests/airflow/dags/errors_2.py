"""Calls that `error` rules flag, for Airflow 2: its own modules, its own ways to refuse an argument."""

from datetime import datetime, time, timedelta

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.databricks.operators.databricks import DatabricksRunNowOperator
from airflow.providers.discord.operators.discord_webhook import DiscordWebhookOperator
from airflow.providers.google.cloud.operators.dataproc import DataprocDeleteClusterOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sensors.date_time import DateTimeSensor
from airflow.sensors.python import PythonSensor
from airflow.sensors.time_delta import TimeDeltaSensor, TimeDeltaSensorAsync
from airflow.sensors.time_sensor import TimeSensorAsync

with DAG("errors_2", start_date=datetime(2024, 1, 1), schedule=None) as dag:
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
    TriggerDagRunOperator(task_id="start", trigger_dag_id="other", deferrable=True)
    HttpSensor(task_id="checked", endpoint="/ready", response_check=bool, deferrable=True)
    HttpSensor(task_id="flood", endpoint="/conflict", response_error_codes_allowlist=["409"], deferrable=True)
    DateTimeSensor(task_id="until", target_time="2026-01-01", deferrable=True)
    DateTimeSensor.partial(task_id="mapped", deferrable=True).expand(target_time=["2026-01-01", "2026-01-02"])
    TimeDeltaSensor(task_id="delta", delta=timedelta(hours=1), deferrable=True)
    TimeDeltaSensorAsync(task_id="delta_async", delta=timedelta(hours=1), deferrable=True)
    TimeSensorAsync(task_id="six", target_time=time(6), deferrable=True)
    EmptyOperator(task_id="empty", deferrable=True)
    PythonSensor(task_id="python", python_callable=print, deferrable=False)
    S3KeySensor(task_id="text", bucket_key="s3://a/b", deferrable="no")
