# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Blocking libraries in async tasks, each in a thread or a process of its own."""

import asyncio
import functools
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import anyio
import boto3
import requests
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import BaseHook, Variable, dag, task
from asgiref.sync import sync_to_async
from house import Ledger, ask_partner
from pendulum import datetime


def in_thread(function):
    """Makes a coroutine function of a blocking one."""

    @functools.wraps(function)
    async def run(*args, **kwargs):
        return await asyncio.to_thread(function, *args, **kwargs)

    return run


@in_thread
def download(url: str) -> bytes:
    return requests.get(url, timeout=30).content


@sync_to_async
def read_rows(sql: str) -> list:
    return PostgresHook("warehouse").get_records(sql)


def _unused_in_tasks(url: str) -> bytes:
    time.sleep(1)
    return requests.get(url, timeout=30).content


class Store:
    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self._client = None

    @property
    def client(self):
        if self._client is None:
            self._client = boto3.client("s3")
        return self._client

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)

    async def put_soon(self, key: str, body: bytes) -> None:
        await asyncio.to_thread(self.put, key, body)


@dag(start_date=datetime(2026, 1, 1), schedule="@daily", catchup=False)
def in_threads():
    @task
    async def copy(urls: list[str]) -> int:
        limit, store = asyncio.Semaphore(8), Store("copies")

        async def one(url: str) -> int:
            async with limit:
                body = await download(url)
                await store.put_soon(url, body)
                return len(body)

        return sum(await asyncio.gather(*(one(url) for url in urls)))

    @task
    async def rows(sql: str) -> list:
        found = await read_rows(sql)
        found += await anyio.to_thread.run_sync(PostgresHook("warehouse").get_records, sql)
        found += await sync_to_async(PostgresHook("warehouse").get_records, thread_sensitive=False)(sql)
        return found

    @task
    async def in_pools(names: list[str]) -> list:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(4) as pool, ProcessPoolExecutor(2) as processes:
            asked = [loop.run_in_executor(pool, ask_partner, name) for name in names]
            packed = loop.run_in_executor(processes, functools.partial(Ledger.compress, "ledger.csv"))
            return [*await asyncio.gather(*asked), await packed]

    @task
    async def with_lambdas(names: list[str]) -> list:
        slow = lambda name: requests.get(name, timeout=5).text  # noqa: E731
        ordered = sorted(names, key=lambda name: (len(name), name))

        def blocking() -> list:
            time.sleep(0.5)
            return [slow(name) for name in ordered]

        conn = await asyncio.to_thread(lambda: BaseHook.get_connection("api"))
        host = await asyncio.to_thread(Variable.get, "host", default=conn.host)
        return [*await asyncio.to_thread(blocking), host]

    @task
    async def with_a_ledger() -> str:
        ledger = Ledger()

        def read() -> list:
            with ledger:
                return ledger.fetch("SELECT 1")

        first, second = await asyncio.gather(asyncio.to_thread(read), asyncio.to_thread(ledger.latest))
        return f"{ledger.describe()} {first} {second}"

    copy(["https://example.com"]) >> rows("SELECT 1") >> in_pools(["a"]) >> with_lambdas(["b"]) >> with_a_ledger()


in_threads()
