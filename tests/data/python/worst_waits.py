# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Ordinary tasks that wait for others on a worker, as people write them."""

import logging
import os
import time
import time as time_module
from time import sleep

from airflow import DAG
from airflow.decorators import task
from airflow.hooks.base import BaseHook
from airflow.models import BaseOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.utils.state import State

log = logging.getLogger(__name__)
MAX_TRIES = 120


class WarehouseHook(BaseHook):
    def __init__(self, conn_id, interval=20):
        self.conn_id = conn_id
        self.interval = interval

    def state(self, run_id):
        cursor = self.get_conn().cursor()
        cursor.execute("select state from runs where id = %s", [run_id])
        return cursor.fetchone()[0]

    def wait(self, run_id):
        while self.state(run_id) not in ("DONE", "FAILED"):
            log.info("still running")
            time.sleep(self.interval)


class LoadOperator(BaseOperator):
    def __init__(self, table, retry_period_seconds=10, **kwargs):
        super().__init__(**kwargs)
        self.table = table
        self.retry_period_seconds = retry_period_seconds

    def execute(self, context):
        hook = WarehouseHook("warehouse")
        hook.wait(self.table)  # finding: sleep-polling-task
        self._settle(context)  # finding: sleep-polling-task

    def _settle(self, context):
        while True:
            running = [ti for ti in context["dag_run"].get_task_instances() if ti.state == State.RUNNING]
            if len(running) <= 1:
                return
            time.sleep(self.retry_period_seconds)


class ScaleOperator(PythonOperator):
    def __init__(self, replicas=3, **kwargs):
        def scale(api, delay=120):
            api.patch(replicas=replicas)
            time.sleep(delay)  # finding: sleep-polling-task

        super().__init__(python_callable=scale, **kwargs)


def wait_for_container(**context):
    with SSHHook("box").get_conn() as client:
        client.exec_command("docker compose up -d")
        while True:  # finding: sleep-polling-task
            _, out, _ = client.exec_command("docker ps -q")
            if not out.read().decode().strip():
                break
            time.sleep(10)


def wait_for_table(cursor, query):
    while True:  # finding: sleep-polling-task
        cursor.execute(query)
        row = cursor.fetchone()
        if row is not None:
            break
        sleep(10)


def wait_for_rows(hook, timeout=60 * 60):
    started = time.time()
    tries = 0
    while tries < MAX_TRIES:  # finding: sleep-polling-task
        if not hook.get_first("select 1 from landing"):
            tries += 1
            time_module.sleep(30)
        else:
            return "load"
    return "skip"


def wait_for_file():
    while not os.path.exists("/landing/orders.csv"):  # finding: sleep-polling-task
        time.sleep(60)


def retries_for_long(api):
    for attempt in range(5):
        try:
            return api.load()
        except ConnectionError:
            time.sleep(600)  # finding: sleep-polling-task


with DAG("waits") as dag:
    PythonOperator(task_id="container", python_callable=wait_for_container, provide_context=True)
    PythonOperator(task_id="table", python_callable=wait_for_table)
    BranchPythonOperator(task_id="rows", python_callable=wait_for_rows)
    PythonOperator(task_id="file", python_callable=wait_for_file)
    PythonOperator(task_id="retries", python_callable=retries_for_long)
    PythonOperator(task_id="delay", python_callable=lambda: time.sleep(3600))  # finding: sleep-polling-task
    LoadOperator(task_id="load", table="orders")
    ScaleOperator(task_id="scale")

    @task.virtualenv(requirements=["boto3"])
    def in_an_environment():
        import time

        time.sleep(300)  # finding: sleep-polling-task

    in_an_environment()
