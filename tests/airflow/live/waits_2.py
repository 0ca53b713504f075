"""Tasks of an Airflow 2 that wait and need nothing but this machine; run as it is, and once more after the fix."""

import os
from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sensors.date_time import DateTimeSensor
from airflow.sensors.external_task import ExternalTaskSensor
from airflow.sensors.filesystem import FileSensor
from airflow.sensors.time_delta import TimeDeltaSensor

with DAG("waits", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
    TimeDeltaSensor(task_id="delta", delta=timedelta(minutes=10), poke_interval=2)
    DateTimeSensor(
        task_id="clock",
        target_time="{{ dag_run.logical_date + macros.timedelta(minutes=10) }}",
        poke_interval=2,
    )
    FileSensor(task_id="file", filepath=os.environ["PROOF_FILE"], poke_interval=2)
    ExternalTaskSensor(
        task_id="other_dag",
        external_dag_id="other",
        external_task_id="done",
        poll_interval=2,
        poke_interval=2,
    )
    HttpSensor(task_id="service", endpoint="/ready", poke_interval=2)
    HttpOperator(task_id="request", endpoint="/slow", method="GET")
