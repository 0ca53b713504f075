# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Queries side by side, a cursor that is read to its end, short waits for a lock, and an answer within a minute."""

import asyncio
import time

import asyncpg
from airflow.sdk import dag, task

DSN = "postgresql://warehouse"


@dag
def warehouse():
    @task
    async def side_by_side(tables: list[str]) -> list[int]:
        async with asyncpg.create_pool(DSN, max_size=5) as pool:

            async def count(table: str) -> int:
                async with pool.acquire() as connection:
                    return await connection.fetchval(f"select count(*) from {table}")

            return await asyncio.gather(*(count(table) for table in tables))

    @task
    async def reads_a_cursor() -> int:
        rows = 0
        connection = await asyncpg.connect(DSN)
        async with connection.transaction():
            cursor = await connection.cursor("select * from events")
            while True:
                batch = await cursor.fetch(1000)
                if not batch:
                    break
                rows += len(batch)
                await asyncio.sleep(1)
        return rows

    @task
    async def soon(job: int) -> None:
        deadline = time.monotonic() + 45
        while time.monotonic() < deadline:
            if await is_done(job):
                return
            await asyncio.sleep(3)
        raise TimeoutError

    @task
    async def within_a_timeout(job: int) -> None:
        async with asyncio.timeout(50):
            while not await is_done(job):
                await asyncio.sleep(5)

    @task
    async def often(job: int) -> None:
        while not await is_done(job):
            await asyncio.sleep(0.2)

    @task
    async def a_few_looks(job: int) -> bool:
        for _ in range(5):
            if await is_done(job):
                return True
            await asyncio.sleep(5)
        return False

    @task
    async def bounded_by_its_caller(job: int, limit: int) -> None:
        async with asyncio.timeout(limit):
            while not await is_done(job):
                await asyncio.sleep(5)

    side_by_side([]) >> reads_a_cursor() >> soon(1) >> within_a_timeout(1)
    often(1) >> a_few_looks(1) >> bounded_by_its_caller(1, 3)


async def is_done(job: int) -> bool:
    connection = await asyncpg.connect(DSN)
    return await connection.fetchval("select done from jobs where id = $1", job)


warehouse()
