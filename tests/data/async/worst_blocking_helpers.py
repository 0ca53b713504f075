# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Blocks its event loop behind functions, methods, properties and other modules."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from airflow.sdk import dag, task
from house import Ledger, ask, ask_partner
from house.retry import with_async_retries
from pendulum import datetime


def pages(count):
    for number in range(count):
        yield ask_partner(f"page/{number}")


async def partner(path):
    return ask_partner(path)


@dag(start_date=datetime(2026, 1, 1), schedule="@daily", catchup=False)
def close_the_books():
    @task
    async def ask_partners(names: list[str]) -> list[dict]:
        limit = asyncio.Semaphore(4)

        async def one(name: str) -> dict:
            async with limit:
                return ask(name)  # finding: blocking-call-in-async-task

        return await asyncio.gather(*[one(name) for name in names])

    @task
    async def read_ledger(day: str) -> list:
        ledger = Ledger()
        with ledger:
            rows = ledger.fetch("SELECT * FROM ledger")  # finding: blocking-call-in-async-task
        with Ledger("copy") as copy:  # finding: blocking-call-in-async-task
            rows += copy.fetch("SELECT * FROM copy")  # finding: blocking-call-in-async-task
        print(ledger.describe(), copy.dsn)
        rows.append(ledger.latest())  # finding: blocking-call-in-async-task
        return rows

    @task
    async def archive(name: str, ledger: Ledger | None = None) -> None:
        ledger = ledger or Ledger("archive")
        packed = Ledger.compress(name)  # finding: blocking-call-in-async-task
        ledger.archive(packed)  # finding: blocking-call-in-async-task
        await with_async_retries(partner, "archived")
        token = ledger.token  # finding: sync-sdk-call-in-async-task
        print(token[:1])

    @task
    async def walk(count: int) -> list[dict]:
        found = list(map(ask_partner, ["a", "b"]))  # finding: blocking-call-in-async-task
        for page in pages(count):  # finding: blocking-call-in-async-task
            found.append(page)
        found.append(await partner("last"))  # finding: blocking-call-in-async-task
        running = asyncio.create_task(partner("more"))  # finding: blocking-call-in-async-task
        found.append(await running)
        return found

    @task
    async def in_a_pool(names: list[str]) -> list[dict]:
        with ThreadPoolExecutor() as pool:
            first = pool.submit(ask_partner, names[0])
            return [first.result()]  # finding: blocking-call-in-async-task

    ask_partners(["a"]) >> read_ledger("{{ ds }}") >> archive("a.csv") >> walk(3) >> in_a_pool(["a"])


close_the_books()
