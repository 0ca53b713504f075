# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Sleeps and timeouts of every spelling."""

import asyncio
import asyncio as aio
from datetime import timedelta

import airflow.sdk as sdk
import anyio
from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.providers.standard.operators import python
from airflow.sdk import BaseAsyncOperator
from airflow.sdk import task as t

MINUTE = 60


class Pauses:
    LONG = timedelta(minutes=10)
    SETTLE = 5 * MINUTE


async def cools_down():
    await asyncio.sleep(Pauses.SETTLE)  # finding: long-wait-in-async-task


async def picks_a_branch():
    await aio.sleep(delay=90)  # finding: long-wait-in-async-task
    return "a"


async def goes_on():
    await (asyncio.sleep(2 * MINUTE))  # finding: long-wait-in-async-task
    return True


async def mapped(n):
    await asyncio.sleep(Pauses.LONG.total_seconds())  # finding: long-wait-in-async-task


async def decorated_by_hand():
    await asyncio.sleep(600)  # finding: long-wait-in-async-task


class Settle(BaseAsyncOperator):
    async def aexecute(self, context):
        await asyncio.sleep(600)  # finding: long-wait-in-async-task


@sdk.dag
def sleeps():
    PythonOperator(task_id="a", python_callable=cools_down)
    BranchPythonOperator(task_id="b", python_callable=picks_a_branch)
    python.ShortCircuitOperator(task_id="c", python_callable=goes_on)
    PythonOperator.partial(task_id="d", python_callable=mapped).expand(op_args=[[1], [2]])
    PythonOperator(task_id="e", python_callable=cools_down)
    t(retries=2)(decorated_by_hand)()

    @sdk.task
    async def through_module():
        await asyncio.sleep(60)  # finding: long-wait-in-async-task

    @t.short_circuit(retries=1)
    async def short_circuit():
        await asyncio.wait_for(work(), 600)  # finding: long-wait-in-async-task

    @t
    async def times_out():
        async with asyncio.timeout(timedelta(hours=1).total_seconds()):  # finding: long-wait-in-async-task
            await work()

    @t
    async def times_out_at():
        loop = asyncio.get_running_loop()
        async with asyncio.timeout_at(loop.time() + 1800):  # finding: long-wait-in-async-task
            await work()

    @t
    async def gives_up():
        with anyio.move_on_after(300):  # finding: long-wait-in-async-task
            await work()

    @t
    async def in_an_inner_coroutine():
        async def settle():
            await asyncio.sleep(120)  # finding: long-wait-in-async-task

        await work()
        await settle()

    @t
    async def in_a_helper():
        await work()
        await settles_for(120)  # finding: long-wait-in-async-task

    @t
    async def in_a_helper_of_a_helper():
        await asyncio.gather(work(), indirectly())  # finding: long-wait-in-async-task

    @t
    async def between_batches(batches):
        for batch in batches:
            await work()
            await asyncio.sleep(60)  # finding: long-wait-in-async-task

    in_a_helper()


async def indirectly():
    await settles_for(seconds=300)


async def settles_for(seconds=1):
    await asyncio.sleep(seconds)


async def work():
    await asyncio.sleep(0.5)


sleeps()
