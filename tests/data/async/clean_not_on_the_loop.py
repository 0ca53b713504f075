# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Blocking code beside async tasks: in ordinary tasks, at the top, in what is only defined, in names that only look so."""

import asyncio
import time
from queue import Queue

import requests
from airflow.sdk import Variable, dag, task
from pendulum import datetime

CONFIG = requests.get("https://config.example.com/dags", timeout=2).json()


class requests_like:
    """Not the library."""

    def get(self, url: str) -> str:
        return url


class time_like:
    def sleep(self, seconds: float) -> None:
        self.slept = seconds


async def not_a_task(url: str) -> str:
    time.sleep(1)
    return requests.get(url, timeout=2).text


@dag(start_date=datetime(2026, 1, 1), schedule="@daily", catchup=False)
def beside_the_loop():
    @task
    def ordinary(url: str, ti=None) -> str:
        time.sleep(1)
        day = ti.xcom_pull(task_ids="day")
        return requests.get(f"{url}/{day}", timeout=Variable.get("timeout")).text

    @task
    async def shadowed(urls: list[str]) -> list[str]:
        requests, time = requests_like(), time_like()
        time.sleep(5)
        cache: dict[str, str] = {}
        queue: asyncio.Queue[str] = asyncio.Queue()
        done: Queue[str] = Queue()
        for url in urls:
            cache.setdefault(url, requests.get(url))
            queue.put_nowait(url)
            done.put(await queue.get())
        return [cache.get(url, "") for url in urls]

    @task
    async def given(client, store, fetch=not_a_task) -> str:
        first = client.get("https://example.com")
        store.put(first)
        await asyncio.sleep(1)
        return str(client.execute("SELECT 1"))

    @task
    async def only_defined() -> str:
        def later() -> None:
            time.sleep(10)

        class Worker:
            def run(self) -> str:
                return requests.get("https://example.com", timeout=1).text

        await asyncio.sleep(1)
        return f"{later.__name__} {Worker.__name__}"

    ordinary("https://example.com") >> shadowed([]) >> given(None, None) >> only_defined()


beside_the_loop()
