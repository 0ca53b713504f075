# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Lambdas that run a coroutine themselves, that run elsewhere, or that nobody calls."""

import asyncio

import requests
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import dag, task

from mycorp.loops import run_until_done


async def work(day="today"):
    await asyncio.sleep(1)
    return day


def plain(day="today"):
    return day


@dag
def lambdas():
    PythonOperator(task_id="run", python_callable=lambda: asyncio.run(work()))
    PythonOperator(task_id="loop", python_callable=lambda: asyncio.new_event_loop().run_until_complete(work()))
    PythonOperator(task_id="house", python_callable=lambda: run_until_done(work()))
    PythonOperator(task_id="plain", python_callable=lambda ds: plain(ds))
    PythonOperator(task_id="itself", python_callable=work)
    PythonOperator(task_id="makes", python_callable=lambda: [plain(day) for day in ("mon", "tue")])
    PythonSensor(task_id="looks", mode="reschedule", python_callable=lambda: asyncio.run(work()) == "today")

    @task
    async def in_threads(urls: list[str]):
        limit = asyncio.Semaphore(5)
        get = lambda url: requests.get(url, timeout=5).json()

        async def ask(url):
            async with limit:
                return await asyncio.to_thread(get, url)

        return await asyncio.gather(*(ask(url) for url in urls))

    @task
    async def in_an_executor(url: str):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, lambda: requests.get(url, timeout=5).json())

    @task
    async def only_looks(rows: list[dict]):
        newest = lambda row: row["day"]
        await asyncio.sleep(0)
        return max(rows, key=newest)

    @task
    async def handed_to_threads(urls: list[str]):
        limit = asyncio.Semaphore(5)
        ask = lambda url: asyncio.to_thread(requests.get, url, timeout=5)

        async def one(url):
            async with limit:
                return (await ask(url)).json()

        return await asyncio.gather(*map(lambda url: one(url), urls))

    in_threads([]) >> in_an_executor("a") >> only_looks([])


lambdas()
