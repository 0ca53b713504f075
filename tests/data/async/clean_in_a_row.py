# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Loops that rightly await one thing after the other."""

import asyncio
import csv
import io

import aiofiles
import aiohttp
import asyncpg
import httpx
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.providers.sftp.hooks.sftp import SFTPHookAsync
from airflow.sdk import dag, task

API = "https://api.example.com"


async def get(client: httpx.AsyncClient, path: str) -> dict:
    response = await client.get(path)
    response.raise_for_status()
    return response.json()


async def get_slowly(client: httpx.AsyncClient, path: str) -> dict:
    await asyncio.sleep(1)  # one request a second, says the contract
    return await get(client, path)


async def rows_of(client: httpx.AsyncClient, days: list[str]):
    for day in days:
        for row in await get(client, f"/orders/{day}"):
            yield row


@dag
def in_a_row():
    @task
    async def a_walk_from_node_to_node(start: str):
        seen, node = [], start
        async with httpx.AsyncClient(base_url=API) as client:
            for _ in range(50):
                answer = await get(client, f"/nodes/{node}")
                seen.append(answer)
                node = answer["parent"]
        return seen

    @task
    async def a_crawl(roots: list[str]):
        queue = list(roots)
        async with httpx.AsyncClient(base_url=API) as client:
            for path in queue:
                queue.extend((await get(client, path))["children"])
        return queue

    @task
    async def a_balance(transactions: list[dict]):
        balance = 0
        async with httpx.AsyncClient(base_url=API) as client:
            for transaction in transactions:
                answer = await client.post(f"/book/{transaction['id']}", json={"balance": balance})
                balance = answer.json()["balance"]
        return balance

    @task
    async def until_one_is_free(hosts: list[str]):
        async with aiohttp.ClientSession() as session:
            for host in hosts:
                async with session.get(f"https://{host}/health") as response:
                    if response.status == 200:
                        break

    @task
    async def as_long_as_there_is_budget(ids: list[int]):
        spent = 0
        async with httpx.AsyncClient(base_url=API) as client:
            for number in ids:
                if spent < 100:
                    spent += (await get(client, f"/offers/{number}"))["price"]

    @task
    async def a_token_that_is_renewed(ids: list[int]):
        token = ""
        async with httpx.AsyncClient(base_url=API) as client:
            for position, number in enumerate(ids):
                if position % 100 == 0:
                    token = (await client.post(f"/token/{position}")).text
                await client.get(f"/orders/{number}", headers={"Authorization": token})

    @task
    async def at_the_service_s_pace(paths: list[str]):
        async with httpx.AsyncClient(base_url=API) as client:
            return [await get_slowly(client, path) for path in paths]

    @task
    async def behind_a_lock(paths: list[str], lock):
        async with lock, httpx.AsyncClient(base_url=API) as client:
            for path in paths:
                await get(client, path)

    @task
    async def one_connection(tables: list[str]):
        connection = await asyncpg.connect("postgresql://warehouse")
        async with connection.transaction():
            for table in tables:
                await connection.execute(f"truncate {table}")
        return [await connection.fetchval(f"select count(*) from {table}") for table in tables]

    @task
    async def one_sftp_connection(names: list[str]):
        async with SFTPHookAsync(sftp_conn_id="partner").get_managed_conn() as sftp:
            for name in names:
                await sftp.get(f"/out/{name}", f"/tmp/{name}")

    @task
    async def to_one_file(days: list[str]):
        async with httpx.AsyncClient(base_url=API) as client:
            async with aiofiles.open("/tmp/orders.json", "wb") as file:
                for day in days:
                    await file.write((await client.get(f"/orders/{day}")).content)
            text = io.StringIO()
            writer = csv.writer(text)
            for day in days:
                writer.writerows(await get(client, f"/rows/{day}"))

    @task
    async def streamed(urls: list[str]):
        total = 0
        async with httpx.AsyncClient() as client:
            for url in urls:
                async with client.stream("GET", url) as response:
                    async for chunk in response.aiter_bytes():
                        total += len(chunk)
        return total

    @task
    async def counted_pages(total: int):
        rows = []
        hook = HttpAsyncHook(method="GET", http_conn_id="api")
        for offset in range(0, total, 100):
            response = await hook.run(endpoint="/orders", data={"offset": offset})
            rows += await response.json()
        return rows

    @task
    async def in_the_order_of_events(events: list[dict]):
        hook = HttpAsyncHook(method="POST", http_conn_id="api")
        for event in events:
            await hook.run(endpoint="/events", json=event)

    @task
    async def tries():
        hook = HttpAsyncHook(method="GET", http_conn_id="api")
        for delay in (1, 2, 4):
            try:
                return await hook.run(endpoint="/report")
            except aiohttp.ClientError:
                await asyncio.sleep(delay)

    @task
    async def either_or():
        async with httpx.AsyncClient(base_url=API) as client:
            for path in ("/new", "/old"):
                print(await get(client, path))

    @task
    async def until_too_many_fail(paths: list[str]):
        failed = 0
        async with httpx.AsyncClient(base_url=API) as client:
            for path in paths:
                try:
                    await client.get(path)
                except httpx.HTTPError:
                    failed += 1
                    if failed > 3:
                        raise

    @task
    async def rows(days: list[str]):
        count = 0
        async with httpx.AsyncClient(base_url=API) as client:
            async for _ in rows_of(client, days):
                count += 1
        return count

    @task
    async def three_lanes(paths: list[str]):
        async with httpx.AsyncClient(base_url=API) as client:
            async def lane(number):
                return [await get(client, path) for path in paths[number::3]]

            return await asyncio.gather(*(lane(number) for number in range(3)))

    a_walk_from_node_to_node("a") >> a_crawl([]) >> a_balance([]) >> until_one_is_free([]) >> tries()
    as_long_as_there_is_budget([]) >> a_token_that_is_renewed([]) >> at_the_service_s_pace([]) >> behind_a_lock([], 1)
    one_connection([]) >> one_sftp_connection([]) >> to_one_file([]) >> streamed([]) >> counted_pages(1)
    in_the_order_of_events([]) >> either_or() >> rows([]) >> three_lanes([]) >> until_too_many_fail([])


in_a_row()
