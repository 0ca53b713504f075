# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Orders of a shop, page after page: every kind of cursor, never faster than the shop allows."""

import asyncio

import aiohttp
from airflow.sdk import dag, task

SHOP = "https://shop.example.com/api"
PAUSE = 2


@dag(schedule="@daily")
def orders():
    @task
    async def by_next_link() -> list[dict]:
        rows: list[dict] = []
        url = f"{SHOP}/orders"
        async with aiohttp.ClientSession() as session:
            while url:
                async with session.get(url) as response:
                    page = await response.json()
                rows.extend(page["items"])
                url = page.get("next")
                await asyncio.sleep(PAUSE)
        return rows

    @task
    async def by_page_number() -> int:
        count = 0
        number = 1
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"{SHOP}/orders", params={"page": number}) as response:
                    items = (await response.json())["items"]
                if not items:
                    break
                count += len(items)
                number += 1
                await asyncio.sleep(PAUSE)
        return count

    @task
    async def by_cursor() -> list[dict]:
        rows: list[dict] = []
        cursor = None
        async with aiohttp.ClientSession() as session:
            while True:
                query = {"cursor": cursor} if cursor else {}
                async with session.get(f"{SHOP}/orders", params=query) as response:
                    page = await response.json()
                rows += page["items"]
                cursor = page["next_cursor"]
                if cursor is None:
                    return rows
                await asyncio.sleep(PAUSE)

    @task
    async def by_offset() -> int:
        seen = 0
        async with aiohttp.ClientSession() as session:
            while (page := await fetch(session, offset=seen)):
                seen += len(page)
                await asyncio.sleep(PAUSE)
        return seen

    by_next_link() >> by_page_number() >> by_cursor() >> by_offset()


async def fetch(session, offset):
    async with session.get(f"{SHOP}/orders", params={"offset": offset}) as response:
        return await response.json()


orders()
