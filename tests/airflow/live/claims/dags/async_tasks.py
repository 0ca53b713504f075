"""Async tasks: what blocks them, what overlaps, how much is on its way at once."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta

import aiohttp
import httpx
import requests
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.sdk import DAG, task
from proof_helpers import asked, confirm, most, seen, url

with DAG("async_tasks", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):

    @task
    async def blocked():
        async def one() -> None:
            time.sleep(1)

        began = time.monotonic()
        await asyncio.gather(*(one() for _ in range(5)))
        took = time.monotonic() - began
        confirm(took >= 5, f"five time.sleep(1) under gather: {took:.1f} s")

    @task
    async def blocked_by_requests():
        async def one() -> None:
            requests.get(url("blocked", 0.6), timeout=60)

        await asyncio.gather(*(one() for _ in range(3)))
        confirm(most("blocked") == 1, f"{most('blocked')} on its way at once")

    @task
    async def not_blocked():
        began = time.monotonic()
        await asyncio.gather(*(asyncio.sleep(1) for _ in range(5)))
        took = time.monotonic() - began
        confirm(took < 3, f"five asyncio.sleep(1) under gather: {took:.1f} s")

    @task
    async def in_threads():
        began = time.monotonic()
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 1) for _ in range(3)))
        took = time.monotonic() - began
        confirm(took < 2, f"three time.sleep(1) in threads: {took:.1f} s")

    @task
    async def one_after_the_other():
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=60) as client:
            for _ in range(10):
                await client.get(url("in_a_row", 0.5))
            alone = time.monotonic() - began
            limit = asyncio.Semaphore(5)

            async def fetch(number: int) -> int:
                async with limit:
                    await client.get(url("overlapping", 0.5))
                return number

            began = time.monotonic()
            numbers = await asyncio.gather(*(fetch(number) for number in range(10)))
            together = time.monotonic() - began
        confirm(alone > 2 * together, f"in a row {alone:.1f} s, five at a time {together:.1f} s")
        confirm(numbers == list(range(10)) and most("in_a_row") == 1, "gather keeps the order")

    @task
    async def with_a_limit():
        limit = asyncio.Semaphore(5)
        async with aiohttp.ClientSession() as session:

            async def fetch(number: int) -> None:
                async with limit, session.get(url("limited", 0.3)) as response:
                    await response.read()

            await asyncio.gather(*(fetch(number) for number in range(30)))
        confirm(most("limited") == 5, f"with a semaphore {most('limited')} of 30 at once")

    @task
    async def without_a_limit(ids: list[int]):
        async with aiohttp.ClientSession() as session:

            async def fetch(number: int) -> None:
                async with session.get(url("unlimited", 2)) as response:
                    await response.read()

            await asyncio.gather(*(fetch(number) for number in ids))
        confirm(most("unlimited") == 30, f"without one {most('unlimited')} of 30 at once")

    @task
    async def more_than_aiohttp_connects(ids: list[int]):
        async with aiohttp.ClientSession() as session:

            async def fetch(number: int) -> None:
                async with session.get(url("aiohttp", 4)) as response:
                    await response.read()

            await asyncio.gather(*(fetch(number) for number in ids))
        confirm(most("aiohttp") == 100, f"{most('aiohttp')} of 120 at once")

    @task
    async def more_than_httpx_connects(ids: list[int]):
        async with httpx.AsyncClient(timeout=httpx.Timeout(120, pool=60)) as client:
            await asyncio.gather(*(client.get(url("httpx", 4)) for number in ids))
        confirm(most("httpx") == 100, f"{most('httpx')} of 120 at once")

    @task
    async def longer_than_httpx_waits(ids: list[int]):
        # Five seconds are the default of both: `read` is set higher, so that only waiting for a connection can fail.
        timeout = httpx.Timeout(5.0, read=120, connect=120)
        async with httpx.AsyncClient(timeout=timeout) as client:
            calls = (client.get(url("pool", 12)) for number in ids)
            answers = await asyncio.gather(*calls, return_exceptions=True)
        failed = [type(one).__name__ for one in answers if isinstance(one, Exception)]
        confirm(failed == ["PoolTimeout"] * 5 and len(answers) == 105, f"{len(failed)} of 105: {failed[:1]}")

    @task
    async def a_hook_for_each(ids: list[int]):
        async def fetch(number: int) -> None:
            await HttpAsyncHook(method="GET", http_conn_id="service").run(endpoint="/hook/8")

        await asyncio.gather(*(fetch(number) for number in ids))
        confirm(most("hook") > 100, f"{most('hook')} of 120 at once")

    @task(retries=1, retry_delay=timedelta(seconds=10))
    async def one_fails():
        async with httpx.AsyncClient() as client:

            async def fetch(number: int) -> None:
                (await client.get(url("sent_again") if number else url("fails", 1))).raise_for_status()

            await asyncio.gather(*(fetch(number) for number in range(5)), return_exceptions=False)

    @task(trigger_rule="all_done")
    def is_sent_again():
        confirm(asked("sent_again") == 8, f"{asked('sent_again')} requests for four items in two tries")

    @task
    async def one_request():
        began = time.monotonic()
        async with aiohttp.ClientSession() as session, session.get(url("one", 1)) as response:
            await response.read()
        took = time.monotonic() - began
        confirm(took >= 1, f"one request of 1 s: {took:.1f} s, {most('one')} at once")

    @task
    async def quiet():
        seen("an async task")

    items = list(range(120))
    blocked() >> blocked_by_requests() >> not_blocked() >> in_threads() >> one_after_the_other()
    with_a_limit() >> without_a_limit(items[:30]) >> one_request() >> quiet()
    (
        more_than_aiohttp_connects(items)
        >> more_than_httpx_connects(items)
        >> a_hook_for_each(items)
        >> longer_than_httpx_waits(items[:105])
    )
    one_fails() >> is_sent_again()
