# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Async clients whose methods have the names of blocking ones."""

import asyncio
import contextlib
import os

import aioboto3
import aiofiles
import aiohttp
import asyncpg
import httpx
import redis.asyncio as redis
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.http.hooks.http import HttpAsyncHook
from airflow.providers.sftp.hooks.sftp import SFTPHookAsync
from airflow.sdk import BaseHook, dag, get_current_context, task
from motor.motor_asyncio import AsyncIOMotorClient
from pendulum import datetime
from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import create_async_engine


class Api:
    def __init__(self) -> None:
        self.session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Api":
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *error) -> None:
        await self.session.close()

    async def get(self, path: str) -> dict:
        async with self.session.get(path) as response:
            return await response.json()


@contextlib.asynccontextmanager
async def warehouse():
    connection = await asyncpg.connect("postgresql://warehouse")
    try:
        yield connection
    finally:
        await connection.close()


@dag(start_date=datetime(2026, 1, 1), schedule="@daily", catchup=False)
def async_clients():
    @task
    async def databases(days: list[str]) -> int:
        async with warehouse() as connection:
            rows = await connection.fetch("SELECT 1")
        async with await AsyncConnection.connect("dbname=warehouse") as other, other.cursor() as cursor:
            await cursor.execute("SELECT 1")
            rows += await cursor.fetchall()
        engine = create_async_engine("postgresql+asyncpg://warehouse")
        async with engine.begin() as begun:
            await begun.execute("SELECT 1")
        await AsyncIOMotorClient("mongodb://db").reports.days.insert_one({"days": days})
        cache = redis.Redis(host="cache")
        await cache.set("rows", len(rows))
        return len(rows)

    @task
    async def requests(paths: list[str]) -> list:
        limit = asyncio.Semaphore(5)
        async with Api() as api, httpx.AsyncClient() as client, aiohttp.ClientSession() as session:

            async def one(path: str) -> tuple:
                async with limit:
                    answer = await api.get(path)
                    text = (await client.post(path)).text
                    async with session.put(path) as response:
                        return answer, text, response.status

            return await asyncio.gather(*(one(path) for path in paths))

    @task
    async def clouds(bucket: str, keys: list[str]) -> list:
        async with aioboto3.Session().client("s3") as client:
            heads = [client.head_object(Bucket=bucket, Key=key) for key in keys[:5]]
            found = await asyncio.gather(*heads)
        hook = S3Hook()
        async with await hook.get_async_conn() as client:
            await client.put_object(Bucket=bucket, Key="done")
            if await hook.check_for_prefix_async(client, "done", "/", bucket):
                found.append(hook.parse_s3_url("s3://bucket/done"))
        async with SFTPHookAsync() as sftp:
            await sftp.retrieve_file("/done", "/tmp/done")
        async with HttpAsyncHook().session() as http:
            await http.run("/done")
        return found

    @task
    async def sdk() -> str:
        first, second = await asyncio.gather(BaseHook.aget_connection("a"), BaseHook.aget_connection("b"))
        ti = get_current_context()["ti"]
        day = await ti.axcom_pull(task_ids="day")
        await ti.axcom_push(key="day", value=day)
        async with aiofiles.open(os.path.join("/tmp", os.path.basename(day))) as file:
            return f"{first.host} {second.host} {await file.read()} {ti.task_id}"

    databases([]) >> requests([]) >> clouds("a", []) >> sdk()


async_clients()
