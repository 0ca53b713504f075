# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Async tasks that are slower than they look: each request waits for the one before."""

import asyncio
import logging

import aiohttp
import httpx
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.providers.sftp.hooks.sftp import SFTPHookAsync
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, BaseAsyncOperator, task

log = logging.getLogger(__name__)
CITIES = ["london", "paris", "rome", "berlin", "madrid"]
WEATHER = "https://weather.example.com"


async def forecast(client: httpx.AsyncClient, city: str) -> dict:
    try:
        response = await client.get(f"/forecast/{city}", params={"days": 7})
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        log.warning("no forecast for %s: %s", city, error)
        return {}
    return response.json()


async def all_forecasts() -> dict:
    result = {}
    async with httpx.AsyncClient(base_url=WEATHER, limits=httpx.Limits(max_connections=5)) as client:
        for city in CITIES:
            result[city] = await forecast(client, city)  # finding: sequential-awaits
    return result


class EnrichOperator(BaseAsyncOperator):
    def __init__(self, *, customers: list[str], **kwargs) -> None:
        super().__init__(**kwargs)
        self.customers = customers

    async def aexecute(self, context) -> list[dict]:
        hook = HttpAsyncHook(method="GET", http_conn_id="crm")
        found = []
        for number, customer in enumerate(self.customers, 1):
            response = await hook.run(endpoint=f"/customers/{customer}")  # finding: sequential-awaits
            found.append(await response.json())
            log.info("%d of %d", number, len(self.customers))
        return found


with DAG("one_by_one", schedule=None):
    PythonOperator(task_id="forecasts", python_callable=all_forecasts)
    EnrichOperator(task_id="enrich", customers=["a", "b", "c"])

    @task
    async def sizes(urls: list[str]) -> dict[str, int]:
        sizes = {}
        async with aiohttp.ClientSession() as session:
            for url in urls:
                async with session.head(url) as response:  # finding: sequential-awaits
                    if response.status >= 400:
                        log.warning("%s: %s", url, response.status)
                        continue
                    sizes[url] = int(response.headers["Content-Length"])
        return sizes

    @task
    async def details(ids: list[int]) -> list[dict]:
        async with aiohttp.ClientSession() as session:
            async def one(number: int) -> dict:
                async with session.get(f"{WEATHER}/stations/{number}") as response:
                    return await response.json()

            return [await one(number) for number in ids]  # finding: sequential-awaits

    @task
    async def clean_up(names: list[str]) -> None:
        sftp = SFTPHookAsync(sftp_conn_id="partner")
        for name in names:
            await sftp.delete_file(f"/in/{name}")  # finding: sequential-awaits

    @task
    async def two_requests_a_turn(ids: list[int]) -> list[tuple]:
        pairs = []
        async with httpx.AsyncClient(base_url=WEATHER) as client:
            for number in ids:
                station = (await client.get(f"/stations/{number}")).json()  # finding: sequential-awaits
                owner = (await client.get(f"/owners/{station['owner']}")).json()
                pairs.append((station, owner))
        return pairs

    sizes([]) >> details([]) >> clean_up([]) >> two_requests_a_turn([])
