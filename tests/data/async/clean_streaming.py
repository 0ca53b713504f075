# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""A large file that is written as it arrives, with a heartbeat beside it, and a sub-second progress loop."""

import asyncio

import aiofiles
import aiohttp
import httpx
from airflow.sdk import DAG, task

CHUNK = 1024 * 1024

with DAG("download", schedule=None):

    @task(execution_timeout=None)
    async def streams(url: str, path: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            async with aiofiles.open(path, "wb") as file:
                async for chunk in response.content.iter_chunked(CHUNK):
                    await file.write(chunk)
        return path

    @task
    async def streams_lines(url: str) -> int:
        lines = 0
        async with httpx.AsyncClient() as client:
            async with client.stream("GET", url) as response:
                async for _ in response.aiter_lines():
                    lines += 1
        return lines

    @task
    async def with_heartbeat(url: str) -> bytes:
        async def heartbeat() -> None:
            while True:
                print("still there")
                await asyncio.sleep(30)

        beat = asyncio.create_task(heartbeat())
        try:
            async with aiohttp.ClientSession() as session:
                async with session.get(url) as first, session.get(f"{url}.sha256") as second:
                    await second.read()
                    return await first.read()
        finally:
            beat.cancel()

    @task
    async def with_progress(urls: list[str]) -> int:
        work = asyncio.create_task(download_all(urls))
        while not work.done():
            print("working")
            await asyncio.sleep(10)
        return await work

    @task
    async def until_stopped(urls: list[str]) -> None:
        stop = asyncio.Event()

        async def report() -> None:
            while not stop.is_set():
                print("tick")
                await asyncio.sleep(15)

        async with asyncio.TaskGroup() as group:
            group.create_task(report())
            await download_all(urls)
            stop.set()

    streams("u", "p") >> streams_lines("u") >> with_heartbeat("u") >> with_progress([]) >> until_stopped([])


async def download_all(urls):
    limit = asyncio.Semaphore(4)

    async def one(session, url):
        async with limit, session.get(url) as response:
            return len(await response.read())

    async with aiohttp.ClientSession() as session:
        return sum(await asyncio.gather(*(one(session, url) for url in urls)))
