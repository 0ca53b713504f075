# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""The one request stands in a helper that the task awaits: in this file, or in a module of the project."""

import asyncio

import aiohttp
import httpx
from airflow.sdk import BaseAsyncOperator, dag, task

from house import reports
from house.reports import ReportsClient, fetch, newest, submit

URL = "https://example.com/report"


async def load(session, url):
    async with session.get(url) as response:
        return await response.json()


async def answer(client: httpx.AsyncClient, url: str) -> httpx.Response:
    return await client.get(url, headers={"Accept": "application/json"})


async def request_report(url):
    return await asyncio.wait_for(_request(url), timeout=30)


async def _request(url):
    async with aiohttp.request("GET", url) as response:
        return await parse(response)


async def parse(response):
    return await response.json()


class Reports:
    @classmethod
    async def load(cls, session, url):
        async with session.get(f"{url}/{cls.__name__}") as response:
            return await response.json()


@dag
def helped():
    @task
    async def same_file():
        async with aiohttp.ClientSession() as session:
            return await load(session, URL)  # finding: single-request-async-task

    @task
    async def body_read_here():
        async with httpx.AsyncClient() as client:
            response = await answer(client, URL)  # finding: single-request-async-task
            return await response.aread()

    @task
    async def two_helpers():
        return await request_report(URL)  # finding: single-request-async-task

    @task
    async def with_a_timeout():
        async with asyncio.timeout(10), aiohttp.ClientSession() as session:
            return await asyncio.wait_for(load(session, URL), 5)  # finding: single-request-async-task

    @task
    async def nested():
        async def get(path):
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{URL}/{path}") as response:
                    return await response.json()

        return await get("a")  # finding: single-request-async-task

    @task
    async def of_the_project():
        async with aiohttp.ClientSession() as session:
            return await fetch(session, "daily")  # finding: single-request-async-task

    @task
    async def through_the_module():
        async with aiohttp.ClientSession() as session:
            return await reports.fetch(session=session, path="daily")  # finding: single-request-async-task

    @task
    async def its_own_client():
        return await newest("daily")  # finding: single-request-async-task

    @task
    async def sends(order: dict):
        async with httpx.AsyncClient(base_url=URL) as client:
            response = await submit(client, order)  # finding: single-request-async-task
        return response.status_code

    @task
    async def of_a_class(token: str):
        async with ReportsClient(token) as client:
            return await client.report("daily")  # finding: single-request-async-task

    @task
    async def of_a_classmethod():
        async with aiohttp.ClientSession() as session:
            return await Reports.load(session, URL)  # finding: single-request-async-task

    same_file() >> body_read_here() >> two_helpers() >> with_a_timeout() >> nested() >> of_the_project()


class LoadReport(BaseAsyncOperator):
    def __init__(self, url, **kwargs):
        super().__init__(**kwargs)
        self.url = url

    async def aexecute(self, context):
        async with aiohttp.ClientSession() as session:
            return await self._load(session)  # finding: single-request-async-task

    async def _load(self, session):
        async with session.get(self.url) as response:
            return await response.text()


helped()
