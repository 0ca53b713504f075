# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Tasks that succeed and do nothing: coroutines that nobody awaits."""

import asyncio
from datetime import datetime

import aiohttp
from airflow import DAG
from airflow.models.baseoperator import BaseOperator
from airflow.operators.python import PythonOperator
from airflow.providers.amazon.aws.hooks.redshift_cluster import RedshiftHook
from airflow.providers.databricks.hooks.databricks import DatabricksHook
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.providers.microsoft.azure.hooks.msgraph import KiotaRequestAdapterHook
from airflow.providers.sftp.hooks.sftp import SFTPHookAsync
from airflow.sdk import task


async def post(session: aiohttp.ClientSession, channel: str, text: str) -> None:
    async with session.post(f"https://chat.example.com/{channel}", json={"text": text}) as response:
        response.raise_for_status()


class Audit:
    def __init__(self, conn_id: str) -> None:
        self.hook = HttpAsyncHook(method="POST", http_conn_id=conn_id)

    async def record(self, event: str) -> None:
        await self.hook.run(endpoint="/audit", json={"event": event})

    def started(self) -> None:
        self.record("started")  # finding: async-hook-in-sync-task


class GraphOperator(BaseOperator):
    def execute(self, context):
        hook = KiotaRequestAdapterHook(conn_id="msgraph_api")
        response = hook.run(url="users", query_parameters={"$top": 100})  # finding: async-hook-in-sync-task
        for user in response["value"]:
            self.log.info("%s", user["displayName"])


def upload(**context):
    hook = SFTPHookAsync(sftp_conn_id="partner")
    hook.store_file(f"/in/{context['ds']}.csv", f"/tmp/{context['ds']}.csv")  # finding: async-hook-in-sync-task


def state_of_run(run_id: int) -> str:
    hook = DatabricksHook()
    state = hook.a_get_run_state(run_id)  # finding: async-hook-in-sync-task
    if state.is_terminal:
        return state.life_cycle_state
    return "running"


def warehouse_is_up() -> bool:
    return RedshiftHook().cluster_status_async("warehouse") == "available"  # finding: async-hook-in-sync-task


with DAG("silent", start_date=datetime(2026, 1, 1), schedule=None) as dag:
    GraphOperator(task_id="graph")
    PythonOperator(task_id="upload", python_callable=upload)
    PythonOperator(task_id="state", python_callable=state_of_run, op_args=[7])
    PythonOperator(task_id="warehouse", python_callable=warehouse_is_up)

    @task
    def audited():
        Audit("audit").started()

    @task
    async def tells_everybody(channels: list[str]):
        limit = asyncio.Semaphore(3)
        async with aiohttp.ClientSession() as session:
            async def one(channel):
                async with limit:
                    post(session, channel, "done")  # finding: async-hook-in-sync-task

            await asyncio.gather(*(one(channel) for channel in channels))
            [post(session, channel, "again") for channel in channels]  # finding: async-hook-in-sync-task
            last = post(session, "last", "done")  # finding: async-hook-in-sync-task
            asyncio.sleep(0.5)  # finding: async-hook-in-sync-task

    @task(do_xcom_push=False)
    def fires_and_forgets():
        hook = HttpAsyncHook(method="POST", http_conn_id="chat")
        return hook.run(endpoint="/done")  # finding: async-hook-in-sync-task

    audited() >> tells_everybody([]) >> fires_and_forgets()
