# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Coroutines in synchronous tasks that somebody runs, and coroutines that are awaited somewhere else."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import anyio
import httpx
from airflow.models.baseoperator import BaseOperator
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.databricks.hooks.databricks import DatabricksHook
from airflow.providers.http.hooks.http import HttpAsyncHook, HttpHook
from airflow.providers.microsoft.azure.hooks.msgraph import KiotaRequestAdapterHook
from airflow.providers.sftp.hooks.sftp import SFTPHook, SFTPHookAsync
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import dag, task
from asgiref.sync import async_to_sync, sync_to_async
from tenacity import retry


def run(coroutine):
    return asyncio.new_event_loop().run_until_complete(coroutine)


async def ping(url: str) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).status_code


@retry
async def stubborn(url: str) -> int:
    return await ping(url)


@async_to_sync
async def blocking_ping(url: str) -> int:
    return await ping(url)


@sync_to_async
def in_a_thread(url: str) -> int:
    return HttpHook().run(url).status_code


class GraphOperator(BaseOperator):
    def execute(self, context):
        hook = KiotaRequestAdapterHook(conn_id="msgraph_api")
        return asyncio.run(hook.run(url="users"))


class Run:
    def __init__(self):
        self.hook = HttpAsyncHook()
        self.pending = self.prepare()

    async def prepare(self):
        return 1

    def run(self, endpoint):
        return HttpHook().run(endpoint)


def through_a_loop(urls):
    loop = asyncio.get_event_loop()
    tasks = [ping(url) for url in urls]
    answers = loop.run_until_complete(asyncio.gather(*tasks))
    return answers


@dag
def bridges():
    @task
    def by_asyncio(url: str):
        status = asyncio.run(ping(url))
        return {"status": status, "again": run(ping(url)), "blocking": blocking_ping(url)}

    @task
    def by_asgiref(url: str):
        return async_to_sync(ping)(url) + anyio.run(ping, url)

    @task
    def in_a_pool(urls: list[str]):
        with ThreadPoolExecutor(4) as pool:
            futures = [pool.submit(asyncio.run, ping(url)) for url in urls]
            last = pool.submit(asyncio.run, HttpAsyncHook().run(endpoint="/last"))
        return [future.result() for future in futures], last.result()

    @task
    def a_coroutine_with_a_name(url: str):
        request = KiotaRequestAdapterHook(conn_id="msgraph_api").run(url=url)
        try:
            return asyncio.run(request)
        finally:
            request.close()

    @task
    def inner_main(urls: list[str]):
        async def main():
            pending = [ping(url) for url in urls]
            first = stubborn(urls[0])
            return await asyncio.gather(first, *pending)

        return asyncio.run(main())

    @task
    def the_synchronous_hook(name: str):
        SFTPHook(ssh_conn_id="partner").retrieve_file(name, name)
        hook = DatabricksHook()
        S3Hook().check_for_key(name)
        Run().run("/x").json()
        return hook.get_run_state(7).life_cycle_state

    @task
    async def awaited_in_many_ways(url: str):
        hook = HttpAsyncHook(method="GET")
        one = hook.run(endpoint="/one")
        two = asyncio.create_task(hook.run(endpoint="/two"))
        stored = {"three": hook.run(endpoint="/three")}
        both = ping(url), ping(url)
        results = [await one, await two, await stored["three"], *await asyncio.gather(*both)]
        async with HttpAsyncHook().session() as session:
            results.append(await session.run(endpoint="/four"))
        lazily = partial(hook.run, endpoint="/five")
        results.append(await lazily())
        results.append(await in_a_thread(url))
        answer = await ping(url) if results else 0
        check = stubborn(url) if answer else ping(url)
        return results, await check

    @task
    async def hands_them_out(urls: list[str]):
        def requests():
            for url in urls[:3]:
                yield ping(url)

        def first():
            return ping(urls[0])

        print(await first())
        for request in requests():
            print(await request)

    @task.virtualenv(requirements=["httpx"])
    def elsewhere(url: str):
        import asyncio

        async def main():
            return url

        return asyncio.run(main())

    GraphOperator(task_id="graph")
    PythonOperator(task_id="through_a_loop", python_callable=through_a_loop, op_args=[["a", "b"]])
    PythonOperator(task_id="sftp", python_callable=lambda: asyncio.run(SFTPHookAsync().list_directory("/")))
    by_asyncio("u") >> by_asgiref("u") >> in_a_pool([]) >> a_coroutine_with_a_name("u") >> inner_main([])
    the_synchronous_hook("n") >> awaited_in_many_ways("u") >> hands_them_out([]) >> elsewhere("u")


bridges()
