"""`async def` under every decorator and operator that takes a function, and the same awaited or not async beside it."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

from airflow.providers.sftp.hooks.sftp import SFTPHook
from airflow.providers.sftp.sensors import sftp as sftp_sensors
from airflow.providers.standard.operators.python import (
    BranchPythonOperator,
    ExternalPythonOperator,
    PythonOperator,
    PythonVirtualenvOperator,
    ShortCircuitOperator,
)
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, BaseAsyncOperator, BaseOperator, BaseSensorOperator, setup, task, teardown
from proof_helpers import ask, asked, confirm, seen


async def false(tag: str) -> bool:
    ask(tag)
    return False


async def true() -> bool:
    seen("ran")
    return True


async def in_the_worker() -> str:
    confirm(sys.prefix.endswith("airflow-3.3.2"), f"runs in {sys.prefix}")
    return "after"


class AsyncExecute(BaseOperator):
    async def execute(self, context):
        ask("async_execute")


class AsyncPoke(BaseSensorOperator):
    async def poke(self, context):
        return await false("async_poke")


class Awaited(BaseAsyncOperator):
    async def aexecute(self, context):
        await asyncio.sleep(0)
        seen("ran")


class NoServer(SFTPHook):
    """Finds every file, and needs no server."""

    def get_managed_conn(self):
        import contextlib

        return contextlib.nullcontext()

    def isfile(self, path):
        return True


sftp_sensors.SFTPHook = NoServer

with DAG("flavours", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):

    @task
    async def plain():
        await true()

    @task.branch
    async def branch():
        return "left"

    @task.short_circuit
    async def short_circuit():
        return False

    @setup
    async def opens():
        await true()

    @teardown
    async def closes():
        await true()

    @task
    def left():
        seen("ran")

    @task
    def right():
        seen("ran")

    @task
    def skipped():
        seen("ran")

    @task.sensor(poke_interval=30, timeout=60)
    async def sensor() -> bool:
        return await false("sensor")

    @task.virtualenv(requirements=["numpy-that-nobody-has==1.0"])
    async def virtualenv():
        confirm(sys.prefix.endswith("airflow-3.3.2"), f"runs in {sys.prefix}")

    @task.external_python(python="/nowhere/bin/python")
    async def external_python():
        confirm(sys.prefix.endswith("airflow-3.3.2"), f"runs in {sys.prefix}")

    @task.branch_virtualenv(requirements=["numpy-that-nobody-has==1.0"])
    async def branch_virtualenv():
        return await in_the_worker()

    @task.branch_external_python(python="/nowhere/bin/python")
    async def branch_external_python():
        return await in_the_worker()

    @task.external_python(python="/nowhere/bin/python")
    def external_python_not_async():
        return None

    @task
    def after():
        seen("ran")

    @task.bash
    async def bash() -> str:
        return "echo done"

    @task
    async def generator():
        ask("generator")
        yield 1

    @task(do_xcom_push=False)
    async def generator_unpushed():
        ask("generator")
        yield 1

    @task
    async def loop_in_a_loop():
        return asyncio.run(true())

    @task
    async def loop_until_complete():
        loop = asyncio.new_event_loop()
        return loop.run_until_complete(true())

    @task
    async def loop_in_a_thread():
        await asyncio.to_thread(asyncio.run, true())

    @task.sftp_sensor(path="/in/orders.csv", poke_interval=30, timeout=60)
    async def sftp_sensor():
        return await false("sftp_sensor")

    @task.sftp_sensor(path="/in/orders.csv", poke_interval=30, timeout=60)
    def sftp_sensor_not_async():
        return "done"

    @task(trigger_rule="all_done")
    def nothing_ran():
        tags = ("sensor", "python_sensor", "async_execute", "async_poke", "generator", "sftp_sensor")
        confirm(sum(map(asked, tags)) == 0, "none of them ran")

    [branch_virtualenv(), branch_external_python()] >> (joined := after())
    AsyncExecute(task_id="execute") >> (last := nothing_ran())
    AsyncExecute(task_id="execute_unpushed", do_xcom_push=False) >> last
    AsyncPoke(task_id="poke", poke_interval=30, timeout=60) >> last
    Awaited(task_id="aexecute")
    PythonOperator(task_id="python_operator", python_callable=true)
    (
        PythonSensor(
            task_id="python_sensor",
            python_callable=false,
            op_args=["python_sensor"],
            poke_interval=30,
            timeout=60,
        )
        >> last
    )
    BranchPythonOperator(task_id="branch_operator", python_callable=in_the_worker) >> [joined, right()]
    ShortCircuitOperator(task_id="short_circuit_operator", python_callable=true)
    PythonVirtualenvOperator(
        task_id="virtualenv_operator",
        requirements=["numpy-that-nobody-has==1.0"],
        python_callable=in_the_worker,
    )
    ExternalPythonOperator(
        task_id="external_python_operator", python="/nowhere/bin/python", python_callable=in_the_worker
    )
    plain()
    branch() >> [left(), right.override(task_id="not_this")()]
    short_circuit() >> skipped()
    opens() >> closes()
    [sensor(), generator(), generator_unpushed(), sftp_sensor()] >> last
    virtualenv()
    external_python()
    external_python_not_async()
    bash()
    loop_in_a_loop()
    loop_until_complete()
    loop_in_a_thread()
    sftp_sensor_not_async()
