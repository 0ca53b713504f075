"""A blocking call in an async task: every coroutine of the task stands still until it returns.

## What it does
Finds calls in native async tasks that do not give the event loop back while they wait: `time.sleep`, `requests`,
`urllib`, sync `httpx`, `subprocess`, database drivers, cloud SDKs, message brokers, SSH, mail, sync methods of
hooks. It also finds them behind helpers: functions of the file and of the project's other modules, methods of classes
that the project defines, coroutines that the task awaits; the finding stands at the call in the task and shows the way
(`fetch_all → _fetch → requests.get`). It knows every call that flake8-async's and ruff's ASYNC210 to ASYNC251 know.

What is handed to another thread is left alone (`asyncio.to_thread`, `run_in_executor`, `sync_to_async`), and so is
what is only defined. Files are advice: a small local file is read in microseconds, one on a network file system is not.

Functions of your own that block in a way that can't be seen (a compiled client, a package of your company) go into the
configuration: `blocking-calls = ["mycorp.client.fetch"]`, with a class also `"mycorp.client.Client.fetch"`.

## Why is this bad?
An async task is one thread with one event loop. A call that blocks it blocks everything that the task does at the same
time: five `time.sleep(1)` under `asyncio.gather` take five seconds, not one. Nothing warns about it; the task is only
as slow as an ordinary one, or slower, while it looks concurrent.

## Example
```python
import asyncio
import time

import requests

from airflow.sdk import dag, task


@dag(schedule=None)
def reports():
    @task
    async def fetch_all(urls: list[str]) -> list[int]:
        async def fetch(url: str) -> int:
            time.sleep(0.5)
            return len(requests.get(url, timeout=30).content)

        return await asyncio.gather(*[fetch(url) for url in urls])

    fetch_all(["https://example.com/a", "https://example.com/b"])


reports()
```

## Use instead
```python
import asyncio

import aiohttp

from airflow.sdk import dag, task


@dag(schedule=None)
def reports():
    @task
    async def fetch_all(urls: list[str]) -> list[int]:
        limit = asyncio.Semaphore(10)

        async def fetch(session: aiohttp.ClientSession, url: str) -> int:
            async with limit:
                await asyncio.sleep(0.5)
                async with session.get(url) as response:
                    return len(await response.read())

        async with aiohttp.ClientSession() as session:
            return await asyncio.gather(*[fetch(session, url) for url in urls])

    fetch_all(["https://example.com/a", "https://example.com/b"])


reports()
```
Where there is no async client, a thread does: `await asyncio.to_thread(requests.get, url, timeout=30)`. A task that
does one thing after the other does not need to be async at all: an ordinary `@task` may block.

## Fix safety
`time.sleep(n)` as a statement of a coroutine becomes `await asyncio.sleep(n)`, with `import asyncio` added before the
import of `time` where it is missing. That is unsafe: other coroutines run during the sleep, which is the point, but
code that counted on nothing happening meanwhile may be surprised. An import of `time` on a line of its own goes when
nothing in the file uses it any more. Other calls have no fix.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
- https://flake8-async.readthedocs.io/en/latest/rules.html
- https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.blocking import Blocker
from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "warning"
GROUP = "async-tasks"
FIX = "unsafe"
TOPICS = (b"async def",)
BEHIND = (b"await",)


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task, blocker in dag_file.blocking_in_tasks:
        minor = blocker.facts.minor
        effect = (
            "on the event loop: small local files cost nothing, others hold up every coroutine of the task"
            if minor
            else "and stalls every other coroutine of the task meanwhile"
        )
        message = f"{blocker.way(task)} {blocker.facts.what} {effect}; {_way_out(blocker)}"
        yield found(blocker.span, message, severity="advice" if minor else None, fix=blocker.fix)


def _way_out(blocker: Blocker) -> str:
    if blocker.facts.group == "sleep" and not blocker.in_helper:
        return f"use {blocker.instead}"
    thread = "`await asyncio.to_thread(…)`"
    return f"use {blocker.instead}, or {thread}" if blocker.instead else f"use {thread}"
