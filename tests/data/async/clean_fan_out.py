# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""A thousand small requests with a semaphore, in batches, in a group, and as they come."""

import asyncio
from collections.abc import Sequence
from itertools import islice

import aiohttp
import httpx
from airflow.sdk import DAG, task

BATCH = 50

with DAG("fan_out", schedule=None):

    @task(retries=3)
    async def enrich(ids: list[int]) -> list[dict]:
        limit = asyncio.Semaphore(10)

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=10)) as session:

            async def one(number: int) -> dict:
                async with limit, session.get(f"https://example.com/users/{number}") as response:
                    response.raise_for_status()
                    return await response.json()

            return await asyncio.gather(*(one(number) for number in ids))

    @task
    async def in_batches(ids: list[int]) -> int:
        done = 0
        async with httpx.AsyncClient(timeout=20) as client:
            for start in range(0, len(ids), BATCH):
                batch = ids[start : start + BATCH]
                responses = await asyncio.gather(*(client.get(f"https://example.com/{i}") for i in batch))
                done += sum(response.is_success for response in responses)
                await asyncio.sleep(1)
        return done

    @task
    async def in_a_group(ids: list[int]) -> list[dict]:
        limit = asyncio.Semaphore(5)

        async def one(client: httpx.AsyncClient, number: int) -> dict:
            async with limit:
                response = await client.get(f"https://example.com/{number}")
                return response.json()

        async with httpx.AsyncClient() as client:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(client, number)) for number in ids]
        return [task.result() for task in tasks]

    @task
    async def settle() -> None:
        await asyncio.sleep(5)

    enrich([1, 2, 3]) >> in_batches([4, 5]) >> in_a_group([6]) >> settle()
