# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Everything at once: a shop's products, a partner's files, every mailbox, a thousand completions."""

import asyncio
import logging
from datetime import datetime

import aiohttp
import httpx
from airflow.models import Variable
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.providers.microsoft.azure.hooks.msgraph import KiotaRequestAdapterHook
from airflow.providers.sftp.hooks.sftp import SFTPHookAsync
from airflow.sdk import dag, task

log = logging.getLogger(__name__)
SHOP = "https://shop.example.com/api"


class Shop:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def product(self, sku: str) -> dict:
        async with self.session.get(f"{SHOP}/products/{sku}") as response:
            response.raise_for_status()
            return await response.json()

    async def products(self, skus: list[str]) -> list[dict]:
        return await asyncio.gather(*[self.product(sku) for sku in skus], return_exceptions=True)  # finding: unbounded-gather


async def download(session: aiohttp.ClientSession, url: str, target: str) -> int:
    """One image, tried again when the server is busy."""
    for attempt in range(3):
        async with session.get(url) as response:
            if response.status == 503:
                await asyncio.sleep(2**attempt)
                continue
            body = await response.read()
            log.info("%s: %d bytes", target, len(body))
            return len(body)
    return 0


@dag(start_date=datetime(2026, 1, 1), schedule="@daily", catchup=False)
def everything_at_once():
    @task
    async def list_skus() -> list[str]:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{SHOP}/products") as response:  # finding: single-request-async-task
                return [product["sku"] for product in await response.json()]

    @task
    async def products(skus: list[str]) -> int:
        async with aiohttp.ClientSession() as session:
            shop = Shop(session)
            return len(await shop.products(skus))

    @task(retries=2)
    async def images(rows: list[dict]) -> int:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as session:
            tasks = []
            for row in rows:
                url, name = row["image"], row["sku"]
                task = asyncio.create_task(download(session, url, f"/tmp/{name}.jpg"))  # finding: unbounded-gather
                tasks.append(task)
            sizes = await asyncio.gather(*tasks)
        log.info("%d bytes", sum(sizes))
        return sum(sizes)

    @task
    async def all_of_last_year() -> list[int]:
        async with httpx.AsyncClient(base_url=SHOP, timeout=30) as client:
            days = [f"/orders/{day}" for day in range(365)]
            responses = await asyncio.gather(*map(client.get, days))  # finding: unbounded-gather
        return [response.status_code for response in responses]

    @task
    async def mailboxes(users: list[dict]) -> list[dict]:
        hook = KiotaRequestAdapterHook(conn_id="msgraph_api")
        coroutines = [hook.run(url=f"users/{user['id']}/mailboxSettings") for user in users if user["mail"]]
        return list(await asyncio.gather(*coroutines))  # finding: unbounded-gather

    @task
    async def partner_files(**context) -> None:
        sftp = SFTPHookAsync(sftp_conn_id="partner")
        names = await sftp.list_directory("/out")
        async with asyncio.TaskGroup() as group:
            for name in sorted(names):
                group.create_task(  # finding: unbounded-gather
                    sftp.retrieve_file(f"/out/{name}", f"/data/{context['ds']}/{name}"),
                    name=name,
                )

    @task
    async def webhooks(events: list[dict]) -> None:
        hook = HttpAsyncHook(method="POST", http_conn_id="webhook")
        pending = {asyncio.ensure_future(hook.run(endpoint="/events", json=event)) for event in events}  # finding: unbounded-gather
        done, _ = await asyncio.wait(pending)
        for one in done:
            one.result()

    skus = list_skus()
    products(skus) >> images(skus) >> all_of_last_year() >> mailboxes(skus) >> partner_files() >> webhooks(skus)


everything_at_once()
