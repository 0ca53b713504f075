# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Helpers that ask more than once, or do something that nobody sees: nothing is said of their tasks."""

import asyncio
from functools import partial

import aiohttp
import httpx
from airflow.sdk import BaseAsyncOperator, dag, task
from mycorp.http import RetryClient

from house.reports import (
    Feed, LoggedInClient, PagedFeed, ReportsClient, download, fetch, fetch_again, fetch_pages, fetch_slowly, follow,
)
from house.retry import with_async_retries

URL = "https://example.com/report"


async def load(session, url):
    async with session.get(url) as response:
        return await response.json()


async def load_both(session):
    return await load(session, f"{URL}/a"), await load(session, f"{URL}/b")


async def load_all(session, urls):
    return await asyncio.gather(*(load(session, url) for url in urls))


async def load_with_token(session):
    async with session.post(f"{URL}/token") as response:
        token = await response.text()
    async with session.get(URL, headers={"Authorization": token}) as response:
        return await response.json()


async def load_again(session, url):
    try:
        return await load(session, url)
    except aiohttp.ClientError:
        return await load(session, url)


async def try_three_times(call):
    for attempt in range(3):
        try:
            return await call()
        except OSError:
            continue


async def send_later(session, queue):
    await queue.put(URL)
    return await load(session, URL)


async def load_and_tell(session):
    asyncio.create_task(session.post(f"{URL}/notice"))
    return await load(session, URL)


def prepared(session, url):
    return session.get(url)


@dag
def helped():
    @task
    async def two():
        async with aiohttp.ClientSession() as session:
            return await load_both(session)

    @task
    async def twice():
        async with aiohttp.ClientSession() as session:
            first = await load(session, f"{URL}/a")
            return first, await load(session, f"{URL}/b")

    @task
    async def one_each():
        async with aiohttp.ClientSession() as session:
            async with session.head(URL) as response:
                response.raise_for_status()
            return await load(session, URL)

    @task
    async def in_a_loop(urls: list[str]):
        found = []
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=5)) as session:
            for number, url in enumerate(urls):
                if number > 1 and not found:
                    break
                found.append(await load(session, url))
        return found

    @task
    async def side_by_side():
        async with aiohttp.ClientSession() as session:
            return await load_all(session, ["a", "b"])

    @task
    async def token_first():
        async with aiohttp.ClientSession() as session:
            return await load_with_token(session)

    @task
    async def tries_again():
        async with aiohttp.ClientSession() as session:
            return await load_again(session, URL)

    @task
    async def retried_by_a_decorator():
        async with aiohttp.ClientSession() as session:
            return await fetch_again(session, "daily")

    @task
    async def retried_by_a_helper():
        async with aiohttp.ClientSession() as session:
            return await try_three_times(lambda: load(session, URL))

    @task
    async def retried_by_a_module():
        async with aiohttp.ClientSession() as session:
            return await with_async_retries(partial(load, session), URL)

    @task
    async def paged():
        async with aiohttp.ClientSession() as session:
            return await fetch_pages(session, "daily")

    @task
    async def paged_by_recursion():
        async with aiohttp.ClientSession() as session:
            return await follow(session, URL)

    @task
    async def streamed(target):
        async with aiohttp.ClientSession() as session:
            await download(session, "daily", target)

    @task
    async def waits_first():
        async with aiohttp.ClientSession() as session:
            return await fetch_slowly(session, "daily")

    @task
    async def and_something_else(queue):
        async with aiohttp.ClientSession() as session:
            return await send_later(session, queue)

    @task
    async def of_a_client_that_nobody_knows():
        async with RetryClient() as session:
            return await load(session, URL)

    @task
    async def given_a_session(session):
        return await load(session, URL)

    @task
    async def no_coroutine_of_its_own():
        async with aiohttp.ClientSession() as session:
            async with prepared(session, URL) as response:
                return await response.json()

    @task
    async def logs_in_first():
        async with LoggedInClient() as client:
            return await client.report("daily")

    @task
    async def many_of_a_class(token: str, names: list[str]):
        async with ReportsClient(token) as client:
            return await client.reports(names)

    @task
    async def overridden():
        async with aiohttp.ClientSession() as session:
            return await PagedFeed().rows(session)

    @task
    async def may_be_overridden(feed: Feed):
        async with aiohttp.ClientSession() as session:
            return await feed.rows(session)

    @task
    async def started_elsewhere(runner):
        async with aiohttp.ClientSession() as session:
            runner.submit_all(load(session, f"{URL}/{number}") for number in range(9))
            return await load(session, URL)

    @task
    async def nested_and_handed_on(pool):
        async def get(path):
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{URL}/{path}") as response:
                    return await response.json()

        pool.feed(get)
        return await get("a")

    @task
    async def heartbeat_beside(runner):
        async with aiohttp.ClientSession() as session:
            async def beat():
                await session.post(f"{URL}/alive")

            runner.start(beat)
            return await load(session, URL)

    @task
    async def notice_beside():
        async with aiohttp.ClientSession() as session:
            return await load_and_tell(session)

    @task
    async def and_stores_it():
        async with httpx.AsyncClient() as client:
            response = await client.get(URL)
        return await fetch_again(None, response.text)

    two() >> twice() >> one_each() >> in_a_loop([]) >> side_by_side() >> token_first() >> tries_again()


class LoadReports(BaseAsyncOperator):
    async def aexecute(self, context):
        async with aiohttp.ClientSession() as session:
            return await self._load(session)

    async def _load(self, session):
        async with session.get(URL) as response:
            return await response.text()


class LoadEveryReport(LoadReports):
    async def _load(self, session):
        return await fetch_pages(session, "daily")


helped()
