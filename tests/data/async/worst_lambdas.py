# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Lambdas that are tasks, and lambdas that an async task calls."""

import asyncio
import time

import aiohttp
import psycopg2
import requests
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import dag, task


async def work(day="today"):
    await asyncio.sleep(1)
    return day


connect = lambda: psycopg2.connect("dbname=ledger")


async def fetch(session, url):
    async with session.get(url) as response:
        time.sleep(1)
        return await response.json()


@dag
def lambdas():
    PythonOperator(task_id="made", python_callable=lambda: work())  # finding: async-hook-in-sync-task
    PythonOperator(task_id="given", python_callable=lambda ds: work(ds))  # finding: async-hook-in-sync-task
    PythonOperator(
        task_id="asked",
        python_callable=lambda: HttpAsyncHook(method="GET").run(endpoint="/report"),  # finding: async-hook-in-sync-task
    )
    ShortCircuitOperator(task_id="tested", python_callable=lambda: (work()))  # finding: async-hook-in-sync-task
    PythonSensor(task_id="looked", python_callable=lambda: work())  # finding: async-hook-in-sync-task

    @task
    async def named(urls: list[str]):
        get = lambda url: requests.get(url, timeout=5)  # finding: blocking-call-in-async-task
        return [get(url).json() for url in urls]

    @task
    async def mapped(urls: list[str]):
        return list(map(lambda url: requests.get(url, timeout=5).json(), urls))  # finding: blocking-call-in-async-task

    @task
    async def of_the_module():
        connection = connect()  # finding: blocking-call-in-async-task
        return connection

    @task
    async def through_another(urls: list[str]):
        async with aiohttp.ClientSession() as session:
            limit = asyncio.Semaphore(5)

            async def one(url):
                async with limit:
                    return await fetch(session, url)  # finding: blocking-call-in-async-task

            return await asyncio.gather(*map(lambda url: one(url), urls))

    named([]) >> mapped([]) >> of_the_module()


lambdas()
