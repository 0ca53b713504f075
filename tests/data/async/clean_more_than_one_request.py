# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Tasks that look like one request and are more, or something that no operator does."""

import asyncio

import aiohttp
import httpx
from airflow.sdk import dag, task
from tenacity import retry, stop_after_attempt

from mycorp.store import save

URL = "https://example.com/report"


@dag
def more():
    @task
    async def token_first():
        async with httpx.AsyncClient() as client:
            token = (await client.post(f"{URL}/token")).json()["token"]
            response = await client.get(URL, headers={"Authorization": token})
            return response.json()

    @task
    async def stores_it():
        async with httpx.AsyncClient() as client:
            response = await client.get(URL)
        await save(response.content)

    @task
    @retry(stop=stop_after_attempt(3))
    async def tries_again():
        async with httpx.AsyncClient() as client:
            return (await client.get(URL)).json()

    @task
    async def either(new: bool):
        async with aiohttp.ClientSession() as session:
            if new:
                async with session.get(f"{URL}/v2") as response:
                    return await response.json()
            async with session.get(URL) as response:
                return await response.json()

    @task
    async def many(urls: list[str]):
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=5)) as client:
            return [response.json() for response in await asyncio.gather(*(client.get(url) for url in urls))]

    @task
    async def takes_what_comes_first():
        async with httpx.AsyncClient() as client:
            work = asyncio.create_task(client.get(URL))
            other = asyncio.create_task(client.get(f"{URL}/mirror"))
            done, _ = await asyncio.wait({work, other}, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result().json()

    @task
    async def given_client(client):
        return await client.get(URL)

    @task
    async def reads_something_else(file):
        async with httpx.AsyncClient() as client:
            body = await file.read()
            return (await client.put(URL, content=body)).status_code

    token_first() >> stores_it() >> tries_again() >> either(True) >> many([]) >> takes_what_comes_first()


more()
