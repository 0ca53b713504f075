# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Workers over a queue, a producer beside them, and a task group for a handful of different things."""

import asyncio
import logging

import aiohttp
from airflow.sdk import Variable, dag, task

log = logging.getLogger(__name__)


async def consume(name: str, queue: asyncio.Queue, session: aiohttp.ClientSession, found: list[dict]) -> None:
    while True:
        url = await queue.get()
        try:
            async with session.get(url) as response:
                found.append(await response.json())
        except aiohttp.ClientError:
            log.exception("%s: %s", name, url)
        finally:
            queue.task_done()


@dag
def workers():
    @task
    async def crew(urls: list[str], size: int = 4):
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=100)
        found: list[dict] = []
        async with aiohttp.ClientSession() as session:
            tasks = [asyncio.create_task(consume(f"worker-{n}", queue, session, found)) for n in range(size)]
            for url in urls:
                await queue.put(url)
            await queue.join()
            for worker in tasks:
                worker.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return found

    @task
    async def shared_iterator(urls: list[str]):
        waiting = iter(urls)
        sizes = {}

        async def worker(session):
            for url in waiting:
                async with session.get(url) as response:
                    sizes[url] = len(await response.read())

        async with aiohttp.ClientSession() as session:
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(worker(session))
        return sizes

    @task
    async def different_things(day: str):
        async with aiohttp.ClientSession() as session:

            async def load(kind):
                async with session.get(f"https://example.com/{kind}/{day}") as response:
                    return await response.json()

            async with asyncio.TaskGroup() as group:
                users = group.create_task(load("users"))
                orders = group.create_task(load("orders"))
                rest = [group.create_task(load(kind)) for kind in ("carts", "visits", "returns")]
            return users.result(), orders.result(), [one.result() for one in rest]

    crew([]) >> shared_iterator([]) >> different_things("2026-01-01")


workers()
