# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Producers, workers and a queue; a message service that is emptied."""

import asyncio

from airflow.sdk import dag, task

from mycorp.messages import Inbox, handle


@dag
def messages():
    @task
    async def workers(items: list[str]) -> int:
        queue: asyncio.Queue[str] = asyncio.Queue()
        for item in items:
            queue.put_nowait(item)
        handled = 0

        async def worker() -> None:
            nonlocal handled
            while not queue.empty():
                await handle(await queue.get())
                handled += 1
                await asyncio.sleep(1)

        await asyncio.gather(*(worker() for _ in range(4)))
        return handled

    @task
    async def empties_the_inbox() -> int:
        handled = 0
        inbox = Inbox("orders")
        while True:
            batch = await inbox.receive_messages(limit=10)
            if not batch:
                break
            for message in batch:
                await handle(message)
                handled += 1
            await asyncio.sleep(2)
        return handled

    @task
    async def takes_until_none(client) -> None:
        while (job := await client.take_job()) is not None:
            await handle(job)
            await asyncio.sleep(1)

    @task
    async def drains_a_set(pending: set[str]) -> None:
        while pending:
            await handle(pending.pop())
            await asyncio.sleep(1)

    @task
    async def spaced_out(items: list[str]) -> None:
        for item in items:
            await handle(item)
            await asyncio.sleep(3)

    workers(["a"]) >> empties_the_inbox() >> takes_until_none(None) >> drains_a_set({"b"}) >> spaced_out([])


messages()
