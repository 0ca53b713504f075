# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""One request, in an async task that gains nothing by it."""

import asyncio

import aiohttp
import httpx
from aiohttp import ClientSession
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.providers.microsoft.azure.hooks.msgraph import KiotaRequestAdapterHook
from airflow.providers.sftp.hooks.sftp import SFTPHookAsync
from airflow.sdk import dag, task

URL = "https://example.com/report"


@dag
def single():
    @task
    async def one_statement():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:  # finding: single-request-async-task
            return await response.json()

    @task
    async def awaited():
        session = ClientSession()
        response = await session.get(URL)  # finding: single-request-async-task
        text = await response.text()
        await session.close()
        return text

    @task
    async def nested_awaits():
        async with ClientSession() as session:
            return await (await session.get(URL)).json()  # finding: single-request-async-task

    @task
    async def with_a_timeout():
        async with asyncio.timeout(20):
            async with httpx.AsyncClient(timeout=10) as client:
                response = await client.request("GET", URL)  # finding: single-request-async-task
        response.raise_for_status()
        return response.json()

    @task
    async def wait_for():
        async with httpx.AsyncClient() as client:
            return (await asyncio.wait_for(client.get(URL), timeout=20)).json()  # finding: single-request-async-task

    @task
    async def module_function():
        async with aiohttp.request("GET", URL) as response:  # finding: single-request-async-task
            return await response.read()

    @task
    async def sends_an_order(order: dict):
        async with httpx.AsyncClient() as client:
            response = await client.post(URL, json=order)  # finding: single-request-async-task
        return response.status_code

    @task
    async def session_of_a_hook():
        hook = HttpAsyncHook(method="GET")
        async with hook.session() as session:
            response = await session.run(endpoint="/report")  # finding: single-request-async-task
            return await response.json()

    @task
    async def graph():
        return await KiotaRequestAdapterHook(conn_id="graph").run(url="users")  # finding: single-request-async-task

    @task
    async def sftp():
        hook = SFTPHookAsync()
        await hook.retrieve_file("/out/a.csv", "/tmp/a.csv")  # finding: single-request-async-task

    @task
    async def only_sometimes(report: str | None):
        if report is None:
            return None
        async with httpx.AsyncClient() as client:
            try:
                response = await client.get(f"{URL}/{report}")  # finding: single-request-async-task
            except httpx.HTTPError:
                return None
        return response.json()

    one_statement()


single()
