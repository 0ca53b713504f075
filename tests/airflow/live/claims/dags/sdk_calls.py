"""Questions to Airflow on the event loop of a task. The connection and the variable `slow` take 4 s to come."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from airflow.sdk import DAG, BaseHook, Connection, TaskInstance, Variable, task
from airflow.sdk.execution_time.xcom import XCom
from proof_helpers import confirm, longest_pause, seen

with DAG("sdk_calls", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False) as dag:

    @task
    def pushes(ti: TaskInstance):
        ti.xcom_push(key="pushed", value=7)
        return 8

    @task
    async def stalls():
        watch = asyncio.create_task(longest_pause())
        await asyncio.sleep(0.2)
        Variable.get("slow")
        watch.cancel()
        pause = await watch
        confirm(pause >= 4, f"a variable that takes 4 s to come: no coroutine ran for {pause:.1f} s")

    @task
    async def in_a_thread():
        watch = asyncio.create_task(longest_pause())
        await asyncio.sleep(0.2)
        value = await asyncio.to_thread(Variable.get, "slow")
        watch.cancel()
        pause = await watch
        confirm(value == "slow" and pause < 3, f"in a thread: {pause:.1f} s")

    @task
    async def async_form_stalls_nothing():
        watch = asyncio.create_task(longest_pause())
        await asyncio.sleep(0.2)
        connection = await BaseHook.aget_connection("slow")
        watch.cancel()
        pause = await watch
        confirm(connection.host == "127.0.0.1" and pause < 3, f"aget_connection: {pause:.1f} s")

    @task
    async def thread_beside_async():
        other = asyncio.create_task(BaseHook.aget_connection("slow"))
        await asyncio.sleep(0.5)
        value = await asyncio.to_thread(Variable.get, "quick")
        confirm(value == "quick" and (await other).host == "127.0.0.1", "both came")

    @task
    async def deadlock():
        other = asyncio.create_task(BaseHook.aget_connection("slow"))
        await asyncio.sleep(0.5)
        try:
            Variable.get("quick")
        except Exception:
            seen("caught")
        await other

    @task
    async def deadlock_in_gather():
        async def asks() -> None:
            await BaseHook.aget_connection("slow")

        async def asks_too() -> None:
            await asyncio.sleep(0.5)
            Variable.get("quick")

        await asyncio.gather(asks(), asks_too())

    @task
    async def deadlock_in_group():
        async with asyncio.TaskGroup() as group:
            group.create_task(BaseHook.aget_connection("slow"))
            await asyncio.sleep(0.5)
            Variable.get("quick")

    @task
    async def deadlock_by_each(ti: TaskInstance):
        other = asyncio.create_task(BaseHook.aget_connection("slow"))
        await asyncio.sleep(0.5)
        key = {"dag_id": ti.dag_id, "task_id": "pushes", "run_id": ti.run_id, "key": "pushed"}
        calls = {
            "BaseHook.get_connection": lambda: BaseHook.get_connection("slow"),
            "BaseHook.get_hook": lambda: BaseHook.get_hook("slow"),
            "Connection.get": lambda: Connection.get("slow"),
            "Variable.get": lambda: Variable.get("quick"),
            "Variable.set": lambda: Variable.set("new", "1"),
            "Variable.delete": lambda: Variable.delete("new"),
            "Variable.keys": lambda: list(Variable.keys()),
            "XCom.get_one": lambda: XCom.get_one(**key),
            "XCom.get_all": lambda: XCom.get_all(**key),
            "XCom.get_value": lambda: XCom.get_value(ti_key=ti, key="pushed"),
            "XCom.set": lambda: XCom.set(value=1, **key),
            "XCom.delete": lambda: XCom.delete(**key),
            "ti.xcom_pull": lambda: ti.xcom_pull(task_ids="pushes"),
            "ti.xcom_push": lambda: ti.xcom_push(key="mine", value=1),
            "ti.get_previous_dagrun": lambda: ti.get_previous_dagrun(),
            "ti.get_previous_ti": lambda: ti.get_previous_ti(),
            "ti.get_ti_count": lambda: ti.get_ti_count(dag_id=ti.dag_id),
            "ti.get_task_states": lambda: ti.get_task_states(dag_id=ti.dag_id),
            "ti.get_dr_count": lambda: ti.get_dr_count(dag_id=ti.dag_id),
            "ti.get_dagrun_state": lambda: ti.get_dagrun_state(ti.dag_id, ti.run_id),
        }
        told = {}
        for name, call in calls.items():
            try:
                call()
                told[name] = "returned"
            except BaseException as raised:
                told[name] = type(raised).__name__
        await other
        others = {name: what for name, what in told.items() if what != "DeadlockImminentError"}
        confirm(not others, f"of {len(calls)} methods, not DeadlockImminentError: {others}")

    @task
    async def async_forms(ti: TaskInstance):
        key = {"dag_id": ti.dag_id, "task_id": "pushes", "run_id": ti.run_id, "key": "pushed"}
        confirm(await ti.axcom_pull(task_ids="pushes") == 8, "ti.axcom_pull")
        await ti.axcom_push(key="mine", value=9)
        pulled = await ti.axcom_pull(task_ids="async_forms", key="mine")
        confirm(pulled == 9, "ti.axcom_push")
        confirm(await XCom.aget_one(**key) == 7, "XCom.aget_one")
        confirm(list(await XCom.aget_all(**key)) == [7], "XCom.aget_all")
        confirm(await XCom.aget_value(ti_key=ti, key="mine") == 9, "XCom.aget_value")
        await XCom.aset(key="other", value=5, dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id)
        confirm(await ti.axcom_pull(task_ids="async_forms", key="other") == 5, "XCom.aset")
        confirm((await BaseHook.aget_connection("slow")).host == "127.0.0.1", "BaseHook.aget_connection")
        connection = await Connection.async_get("slow")
        confirm(connection.host == "127.0.0.1", "Connection.async_get")
        confirm("127.0.0.1" in await connection.aget_uri(), "Connection.aget_uri")
        confirm(type(await BaseHook.aget_hook("service")).__name__ == "HttpHook", "BaseHook.aget_hook")
        confirm(
            not any("async" in name or name.startswith("a") for name in dir(Variable)), "none of Variable"
        )

    first = pushes()
    first >> [deadlock(), deadlock_in_gather(), deadlock_in_group(), deadlock_by_each(), async_forms()]
    stalls() >> in_a_thread()
    async_form_stalls_nothing() >> thread_beside_async()

with DAG("as_a_test", start_date=datetime(2026, 1, 1), schedule=None) as tested:

    @task
    async def pulls(ti: TaskInstance):
        await ti.axcom_pull(task_ids="pushes")

    pulls()

if __name__ == "__main__":
    seen(str(tested.test().state))
    time.sleep(0)
