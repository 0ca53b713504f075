"""Requests that are awaited one after the other take as long as all of them together.

## What it does
Finds `for` loops and comprehensions in native async tasks, and in the helpers of the same project that they await,
that await a request in each turn although no turn needs what another one got: through a plain HTTP client (aiohttp,
httpx), an async hook, or a coroutine of the project that sends one.

A loop is left alone where a turn uses what an earlier one found (a cursor, a token), where it counts through pages,
stops early, tries again, pauses, writes to one file, queue or database, streams, holds a lock, a semaphore, a
transaction or an open connection, or runs beside others of its kind (a worker). So is a loop over one or two items,
and one that awaits anything which is not known as a request. Changes (POST, PUT, …) count only where each has an
address of its own. A `raise` for a bad answer is no reason to be silent: `gather` raises it, too.

## Why is this bad?
The point of an async task is to wait for many answers at once. Awaited in a row, they take as long as all of them
together, and hold the worker slot all the while: thirty requests of 0.3 s took 10.8 s one after the other and 3.2 s
with five at a time (one task on Airflow 3.3.2, start included). An ordinary task would do the same with less.

This is advice: a service may allow one request at a time, and a few quick requests are not worth it.

## Example
```python
@task
async def fetch_users(ids: list[int]) -> list[dict]:
    users = []
    async with httpx.AsyncClient(base_url="https://api.example.com") as client:
        for user in ids:
            response = await client.get(f"/users/{user}")
            users.append(response.json())
    return users
```

## Use instead
```python
@task
async def fetch_users(ids: list[int]) -> list[dict]:
    limit = asyncio.Semaphore(5)

    async with httpx.AsyncClient(base_url="https://api.example.com") as client:

        async def fetch(user: int) -> dict:
            async with limit:
                response = await client.get(f"/users/{user}")
            response.raise_for_status()
            return response.json()

        return await asyncio.gather(*(fetch(user) for user in ids))
```
`gather` keeps the order. With `return_exceptions=True` one failure does not lose the other answers. Where each item
needs its own retries and log, map an ordinary task over the items (`fetch_user.expand(user=ids)`).

## Fix safety
There is no fix: the body of the loop has to become a coroutine.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
- https://docs.python.org/3/library/asyncio-task.html#running-tasks-concurrently


"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "advice"
GROUP = "async-tasks"
FIX = "none"
TOPICS = (b"async def",)
BEHIND = (b"await",)


def check(dag_file: DagFile) -> Iterator[Finding]:
    for loop in dag_file.sequences:
        where = f" in `{'` → `'.join(loop.through)}`" if loop.through and not loop.is_local else ""
        turns = f"{loop.items:,.0f} times" if loop.items is not None else f"for each of `{loop.over}`"
        message = (
            f"{loop.task} awaits `{loop.asks}` {turns}{where}, one after the other, though no answer needs another; "
            "`asyncio.gather` behind an `asyncio.Semaphore` overlaps them"
        )
        yield found(loop.span, message)
