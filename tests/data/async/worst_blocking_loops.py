# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Concurrency that is none: coroutines that never let the others run."""

import asyncio
import time
from time import sleep as pause

import requests
from airflow.sdk import BaseHook, Variable, chain, dag, task
from pendulum import datetime


class Limiter:
    """Keeps below so many requests a second."""

    def __init__(self, rate: float) -> None:
        self.pause = 1 / rate

    def wait(self) -> None:
        time.sleep(self.pause)

    async def wait_well(self) -> None:
        await asyncio.sleep(self.pause)


@dag(start_date=datetime(2026, 1, 1), schedule="@hourly", catchup=False)
def crawl():
    @task
    async def crawl_side_by_side(urls: list[str]) -> int:
        limiter, limit = Limiter(10), asyncio.Semaphore(10)

        async def size(url: str) -> int:
            async with limit:
                limiter.wait()  # finding: blocking-call-in-async-task
                await limiter.wait_well()
                response = requests.get(url, timeout=30)  # finding: blocking-call-in-async-task
                return len(response.content)

        return sum(await asyncio.gather(*(size(url) for url in urls)))

    @task
    async def back_off(url: str) -> int:
        for attempt in range(5):
            try:
                with requests.Session() as session:
                    return session.head(url).status_code  # finding: blocking-call-in-async-task
            except requests.ConnectionError:
                pause(attempt)  # finding: blocking-call-in-async-task
        return 0

    @task
    async def with_connections(names: list[str]) -> list[str]:
        async def host(name: str) -> str:
            connection = BaseHook.get_connection(name)  # finding: sync-sdk-call-in-async-task
            return connection.host

        await asyncio.to_thread(Variable.set, "names", len(names))
        Variable.set("names", len(names))  # finding: sync-sdk-call-in-async-task
        async with asyncio.TaskGroup() as group:
            first = group.create_task(host(names[0]))
            second = group.create_task(host(names[1]))
        return [first.result(), second.result()]

    chain(crawl_side_by_side(["https://example.com"]), back_off("https://example.com"), with_connections(["a", "b"]))


crawl()
