# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Fan-outs that keep to a limit: in a method, a decorator, a wrapper, a window, a pool, a capacity limiter, a group per page."""

import asyncio
import functools
import itertools
import random
from contextlib import asynccontextmanager

import aiohttp
import anyio
import asyncpg
import httpx
from aiolimiter import AsyncLimiter
from airflow.providers.microsoft.azure.hooks.msgraph import KiotaRequestAdapterHook
from airflow.providers.sftp.hooks.sftp import SFTPHookAsync
from airflow.sdk import BaseAsyncOperator, dag, task

API = "https://api.example.com"
MAX_IN_FLIGHT = 8
TABLES = ("users", "orders", "events")


class Api:
    """A client that knows how much its service can bear."""

    def __init__(self, session: aiohttp.ClientSession, at_once: int = 5) -> None:
        self._session = session
        self._sem = asyncio.Semaphore(at_once)

    async def _request(self, path: str) -> dict:
        async with self._sem:
            async with self._session.get(f"{API}/{path}") as response:
                if response.status == 429:
                    await asyncio.sleep(float(response.headers["Retry-After"]))
                    return await self._request(path)
                response.raise_for_status()
                return await response.json()

    async def user(self, number: int) -> dict:
        return await self._request(f"users/{number}")


def limited(function):
    guard = asyncio.Semaphore(MAX_IN_FLIGHT)

    @functools.wraps(function)
    async def inner(*args, **kwargs):
        async with guard:
            return await function(*args, **kwargs)

    return inner


@limited
async def order(client: httpx.AsyncClient, number: int) -> dict:
    return (await client.get(f"{API}/orders/{number}")).json()


async def event(client: httpx.AsyncClient, number: int) -> dict:
    return (await client.get(f"{API}/events/{number}")).json()


async def gather_with_concurrency(n, *coroutines):
    semaphore = asyncio.Semaphore(n)

    async def sem_coroutine(coroutine):
        async with semaphore:
            return await coroutine

    return await asyncio.gather(*(sem_coroutine(one) for one in coroutines))


def in_chunks(items, size):
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


def make_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=API, limits=httpx.Limits(max_connections=10, max_keepalive_connections=10))


class CountOperator(BaseAsyncOperator):
    async def aexecute(self, context):
        async with asyncpg.create_pool("postgresql://warehouse", max_size=4) as pool:
            return await asyncio.gather(*(self.count(pool, table) for table in TABLES))

    async def count(self, pool, table):
        async with pool.acquire() as connection:
            return await connection.fetchval(f"select count(*) from {table}")


@dag
def limits():
    @task
    async def in_a_method(ids: list[int]):
        async with aiohttp.ClientSession() as session:
            api = Api(session)
            return await asyncio.gather(*(api.user(number) for number in ids))

    @task
    async def in_a_decorator(ids: list[int]):
        async with httpx.AsyncClient() as client:
            return await asyncio.gather(*[order(client, number) for number in ids])

    @task
    async def in_a_wrapper(ids: list[int]):
        async with httpx.AsyncClient() as client:
            return await gather_with_concurrency(10, *(event(client, number) for number in ids))

    @task
    async def by_the_client(ids: list[int]):
        async with make_client() as client:
            return await asyncio.gather(*(event(client, number) for number in ids))

    @task
    async def a_window(ids: list[int]):
        running = set()
        async with httpx.AsyncClient() as client:
            for number in ids:
                if len(running) >= MAX_IN_FLIGHT:
                    _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running.add(asyncio.create_task(event(client, number)))
            await asyncio.gather(*running)

    @task
    async def released_when_done(ids: list[int]):
        slots = asyncio.BoundedSemaphore(4)
        async with httpx.AsyncClient() as client, asyncio.TaskGroup() as group:
            for number in ids:
                await slots.acquire()
                group.create_task(event(client, number)).add_done_callback(lambda _: slots.release())

    @task
    async def capacity(ids: list[int]):
        limiter = anyio.CapacityLimiter(6)

        async def one(number):
            async with limiter, httpx.AsyncClient() as client:
                await event(client, number)

        async with anyio.create_task_group() as group:
            for number in ids:
                group.start_soon(one, number)

    @task
    async def so_many_a_second(ids: list[int]):
        per_second = AsyncLimiter(max_rate=20, time_period=1)

        async def one(client, number):
            await per_second.acquire()
            return await event(client, number)

        async with httpx.AsyncClient() as client:
            return await asyncio.gather(*(one(client, number) for number in ids))

    @task
    async def chunk_by_chunk(ids: list[int]):
        rows = []
        async with httpx.AsyncClient() as client:
            for chunk in in_chunks(ids, 25):
                rows += await asyncio.gather(*(event(client, number) for number in chunk))
                await asyncio.sleep(0.5)
        return rows

    @task
    async def page_by_page():
        hook = KiotaRequestAdapterHook(conn_id="msgraph_api")
        found = []
        page = await hook.run(url="users?$top=50")
        while page:
            users = page["value"]
            found += await asyncio.gather(*(hook.run(url=f"users/{user['id']}") for user in users))
            link = page.get("@odata.nextLink")
            page = await hook.run(url=link) if link else None
        return found

    @task
    async def in_threads(paths: list[str]):
        return await asyncio.gather(*(asyncio.to_thread(checksum, path) for path in paths))

    @task
    async def a_few():
        hook = SFTPHookAsync(sftp_conn_id="partner")
        await asyncio.gather(hook.list_directory("/in"), hook.list_directory("/out"))
        await asyncio.gather(*(hook.list_directory(f"/{table}") for table in TABLES))
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(hook.list_directory(f"/shard-{number}"))

    @task
    async def a_sample(ids: list[int]):
        async with httpx.AsyncClient() as client:
            return await asyncio.gather(*(event(client, number) for number in random.sample(ids, 10)))

    @task
    async def the_first_ten(ids: list[int]):
        async with httpx.AsyncClient() as client:
            return await asyncio.gather(*(event(client, number) for number in ids[:10]))

    CountOperator(task_id="count")
    in_a_method([]) >> in_a_decorator([]) >> in_a_wrapper([]) >> by_the_client([]) >> a_window([])
    released_when_done([]) >> capacity([]) >> so_many_a_second([]) >> chunk_by_chunk([]) >> page_by_page()
    in_threads([]) >> a_few() >> a_sample([]) >> the_first_ten([])


def checksum(path):
    return path


limits()
