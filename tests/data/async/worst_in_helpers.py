# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""The fan-out stands two helpers away from the task, and in a wrapper that only looks like a limit."""

import asyncio
from contextlib import asynccontextmanager

import httpx
from airflow.sdk import dag, task

API = "https://api.example.com"


@asynccontextmanager
async def api_client():
    async with httpx.AsyncClient(base_url=API, timeout=httpx.Timeout(10)) as client:
        yield client


def timed(coroutine):
    return asyncio.wait_for(coroutine, timeout=30)


async def get(client, path, **params):
    response = await client.get(path, params=params)
    response.raise_for_status()
    return response.json()


async def account(client, number):
    profile = await get(client, f"/accounts/{number}")
    return {**profile, "orders": await get(client, f"/accounts/{number}/orders")}


async def accounts(client, numbers):
    return await asyncio.gather(*(account(client, number) for number in numbers))  # finding: unbounded-gather


async def load(numbers):
    async with api_client() as client:
        return await accounts(client, numbers)


@dag
def customers():
    @task
    async def load_all(numbers: list[int]):
        return await load(numbers)

    @task
    async def with_a_timeout_each(numbers: list[int]):
        async with httpx.AsyncClient(base_url=API) as client:
            return await asyncio.gather(*(asyncio.wait_for(account(client, n), 30) for n in numbers))  # finding: unbounded-gather

    @task
    async def by_region(regions: dict[str, list[int]]):
        async with httpx.AsyncClient(base_url=API) as client:
            jobs = [account(client, number) for numbers in regions.values() for number in numbers]
            for finished in asyncio.as_completed(jobs):  # finding: unbounded-gather
                print(await finished)

    @task
    async def a_semaphore_for_another(numbers: list[int]):
        limit = asyncio.Semaphore(1)
        async with httpx.AsyncClient(base_url=API) as client:
            async with limit:
                token = await get(client, "/token")
            print(token)
            return await asyncio.gather(*(account(client, number) for number in numbers))  # finding: unbounded-gather

    load_all([]) >> with_a_timeout_each([]) >> by_region({}) >> a_semaphore_for_another([])


customers()
