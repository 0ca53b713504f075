"""Coroutines that nobody awaits."""

from __future__ import annotations

import asyncio
from datetime import datetime

import aiohttp
import httpx
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.sdk import DAG, task
from proof_helpers import asked, confirm, seen, url


async def send(tag: str) -> None:
    async with httpx.AsyncClient() as client:
        await client.get(url(tag))


async def pages(tag: str):
    async with httpx.AsyncClient() as client:
        yield await client.get(url(tag))


with DAG("unawaited", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):

    @task
    def dropped():
        HttpAsyncHook(method="GET", http_conn_id="service").run(endpoint="/dropped/0")
        confirm(asked("dropped") == 0, "no request came")

    @task
    async def dropped_in_async_task():
        await asyncio.sleep(0)
        HttpAsyncHook(method="GET", http_conn_id="service").run(endpoint="/dropped_async/0")
        await asyncio.sleep(0.5)
        confirm(asked("dropped_async") == 0, "no request came")

    @task
    def dropped_function():
        send("dropped_function")
        confirm(asked("dropped_function") == 0, "no request came")

    @task
    def dropped_generator():
        pages("dropped_generator")
        confirm(asked("dropped_generator") == 0, "no request came")

    @task
    def dropped_httpx():
        client = httpx.AsyncClient()
        client.get(url("dropped_httpx"))
        confirm(asked("dropped_httpx") == 0, "no request came")

    @task
    def aiohttp_in_sync_task():
        session = aiohttp.ClientSession()
        session.get(url("aiohttp_sync"))

    @task
    async def dropped_context():
        async with aiohttp.ClientSession() as session:
            session.get(url("dropped_context"))
            await asyncio.sleep(0.5)
        confirm(asked("dropped_context") == 0, "no request came")

    @task
    def tested():
        hook = HttpAsyncHook(method="GET", http_conn_id="service")
        if hook.run(endpoint="/tested/0"):
            seen("it counts as true")
        else:
            raise RuntimeError("NOT SO")
        confirm(asked("tested") == 0, "no request came")

    @task
    def tested_generator():
        if pages("tested_generator"):
            seen("it counts as true")
        else:
            raise RuntimeError("NOT SO")

    @task.sensor(poke_interval=30, timeout=60)
    def verdict() -> bool:
        hook = HttpAsyncHook(method="GET", http_conn_id="service")
        return hook.run(endpoint="/verdict/0")

    @task
    def used():
        answer = HttpAsyncHook(method="GET", http_conn_id="service").run(endpoint="/used/0")
        return answer.json()

    @task
    def returned():
        return HttpAsyncHook(method="GET", http_conn_id="service").run(endpoint="/returned/0")

    @task
    async def returned_by_async_task():
        await asyncio.sleep(0)
        return send("returned")

    @task(do_xcom_push=False)
    def returned_unpushed():
        return HttpAsyncHook(method="GET", http_conn_id="service").run(endpoint="/returned/0")

    @task(trigger_rule="all_done")
    def nothing_was_sent():
        tags = ("verdict", "used", "returned", "aiohttp_sync")
        confirm(sum(map(asked, tags)) == 0, "no request came")

    @task
    async def awaited():
        await HttpAsyncHook(method="GET", http_conn_id="service").run(endpoint="/awaited/0")
        confirm(asked("awaited") == 1, "awaited, it sends")

    @task
    def with_asyncio_run():
        asyncio.run(HttpAsyncHook(method="GET", http_conn_id="service").run(endpoint="/run/0"))
        confirm(asked("run") == 1, "asyncio.run sends it from an ordinary task")

    dropped()
    dropped_in_async_task()
    dropped_function()
    dropped_generator()
    dropped_httpx()
    dropped_context()
    tested()
    tested_generator()
    [
        verdict(),
        used(),
        returned(),
        returned_by_async_task(),
        aiohttp_in_sync_task(),
    ] >> (nothing_was_sent())
    returned_unpushed()
    awaited()
    with_asyncio_run()
