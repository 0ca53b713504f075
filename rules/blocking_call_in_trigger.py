"""A blocking call in `run` of a trigger: every trigger of the triggerer stands still until it returns.

## What it does
Finds calls in the `run` method of triggers, straight or through helpers of the same project, that do not give the event
loop back while they wait: `time.sleep`, `requests`, `subprocess`, database drivers, cloud SDKs, sync methods of hooks,
and what is configured as `blocking-calls`. The finding shows the way (`run → _fetch → requests.get`). What happens
between two `yield`s counts as much as what happens before the first one. Only `run` is looked at, not `__init__`,
`serialize`, `cleanup` and `on_kill`; what is handed to a thread (`asyncio.to_thread`, `sync_to_async`,
`run_in_executor`) may block. Local files are advice.

Reading connections and variables with the ordinary methods is not reported here: from Airflow 3.1 on the triggerer
goes on with its other triggers while it waits for them. In an async task it is (`sync-sdk-call-in-async-task`).

## Why is this bad?
A triggerer runs up to a thousand triggers on one event loop in one thread. While one of them blocks, none of the others
can fire: deferred tasks of other DAGs resume late. The triggerer's log says no more than "Triggerer's async thread was
blocked for 2.30 seconds" and "This is likely caused by a badly-written trigger", not by which (the metric is
`triggers.blocked_main_thread`).

## Example
```python
import time

import requests

from airflow.triggers.base import BaseTrigger, TriggerEvent


class ReportTrigger(BaseTrigger):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def serialize(self):
        return ("mycorp.triggers.ReportTrigger", {"url": self.url})

    async def run(self):
        while self._state() != "done":
            time.sleep(30)
        yield TriggerEvent("done")

    def _state(self) -> str:
        return requests.get(self.url, timeout=30).json()["state"]
```

## Use instead
```python
import asyncio

import aiohttp

from airflow.triggers.base import BaseTrigger, TriggerEvent


class ReportTrigger(BaseTrigger):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def serialize(self):
        return ("mycorp.triggers.ReportTrigger", {"url": self.url})

    async def run(self):
        async with aiohttp.ClientSession() as session:
            while await self._state(session) != "done":
                await asyncio.sleep(30)
        yield TriggerEvent("done")

    async def _state(self, session: aiohttp.ClientSession) -> str:
        async with session.get(self.url) as response:
            return (await response.json())["state"]
```
Where there is no async client, a thread does: `state = await asyncio.to_thread(self._state)`.

## Fix safety
`time.sleep(n)` as a statement of `run` becomes `await asyncio.sleep(n)`, with `import asyncio` added before the import
of `time` where it is missing. That is unsafe, because other coroutines run during the sleep. Other calls have no fix.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html#writing-triggers
- https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "error"
GROUP = "triggers"
FIX = "unsafe"
TOPICS = (b"async def run",)


def check(dag_file: DagFile) -> Iterator[Finding]:
    for trigger, blocker in dag_file.blocking_in_triggers:
        minor = blocker.facts.minor
        effect = (
            "on the triggerer's event loop: small local files cost nothing, others hold up every trigger in it"
            if minor
            else "and stalls every trigger of the triggerer meanwhile"
        )
        thread = "`await asyncio.to_thread(…)`"
        way_out = blocker.instead or thread
        if blocker.instead and (blocker.in_helper or blocker.facts.group != "sleep"):
            way_out = f"{blocker.instead}, or {thread}"
        message = f"{trigger}: {blocker.way('run')} {blocker.facts.what} {effect}; use {way_out}"
        yield found(blocker.span, message, severity="advice" if minor else None, fix=blocker.fix)
