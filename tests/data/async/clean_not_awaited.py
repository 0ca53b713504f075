# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Coroutines that are no async tasks, waits in functions that the event loop does not run, and unknown lengths."""

import asyncio
import time
from functools import partial

from airflow.sdk import BaseOperator, dag, task
from airflow.triggers.base import BaseTrigger, TriggerEvent


class FileTrigger(BaseTrigger):  # dag-advisor: ignore[trigger-in-dag-file, trigger-serialization] it only shows a loop
    async def run(self):
        while not await self.exists():
            await asyncio.sleep(60)
        yield TriggerEvent(True)


async def nobody_calls_this():
    await asyncio.sleep(3600)


@dag
def others():
    @task
    def in_a_loop_of_its_own():
        return asyncio.run(limited_pings())

    @task
    async def unknown_lengths(minutes: int, policy: dict):
        await asyncio.sleep(minutes * 60)
        await asyncio.wait_for(limited_pings(), timeout=policy["timeout"])
        async with asyncio.timeout(None):
            await limited_pings()

    @task
    async def polls_for_unknown_times(client, interval: float, tries: int):
        while not await client.is_done():
            await asyncio.sleep(interval)
        for _ in range(tries):
            if await client.is_done():
                break
            await asyncio.sleep(30)

    @task
    async def sync_inner():
        def settle():
            asyncio.sleep(600)

        return partial(settle)

    @task
    async def one_of_unknown_clients(client, session):
        return await client.get("https://example.com")

    in_a_loop_of_its_own() >> unknown_lengths(1, {}) >> polls_for_unknown_times(None, 1.0, 2) >> sync_inner()


async def limited_pings():
    limit = asyncio.Semaphore(2)

    async def ping(n):
        async with limit:
            await asyncio.sleep(0.1)

    await asyncio.gather(*(ping(n) for n in range(3)))


others()
