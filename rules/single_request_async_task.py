"""An async task that sends one request: a deferrable operator would give the slot back.

## What it does
Finds native async tasks that await exactly one request, outside of any loop, and nothing else: through a plain HTTP
client (aiohttp, httpx) or a hook that has a deferrable operator (HttpAsyncHook, KiotaRequestAdapterHook,
SFTPHookAsync, ...). The request may stand in a coroutine of the project that the task awaits (of the same file or of a
module that it imports), and the message shows the way: `report → fetch → session.get`. Opening the client, a timeout
around the request and reading the response's body are no second request. Whatever else a task awaits, itself or there
(a second request, `gather`, a store, a retry, a streamed body), makes it silent.

## Why is this bad?
An async task gains by overlapping waits: twenty calls of one second take 2.0 s in one async task, 8.3 s as mapped
ordinary operators. With one call there is nothing to overlap, and the worker slot is held for the whole of it, as in an
ordinary task. A deferrable operator waits for the answer in the triggerer.

This is advice: where the answer comes within three seconds a deferral does not pay either, and an ordinary `@task` does
the same with less.

## Example
```python
@task
async def fetch_report() -> dict:
    async with aiohttp.ClientSession() as session:
        async with session.get("https://reports.example.com/daily") as response:
            return await response.json()
```

## Use instead
```python
fetch_report = HttpOperator(
    task_id="fetch_report",
    http_conn_id="reports",
    endpoint="/daily",
    method="GET",
    response_filter=lambda response: response.json(),
    deferrable=True,
)
```
A deferred request may be sent twice, when a triggerer stops and another takes over. Where that does harm (most POST and
PATCH requests), keep the request in a task.

## Fix safety
There is no fix: the operator takes its address from a connection, and its result is another.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "advice"
GROUP = "async-tasks"
FIX = "none"
TOPICS = (b"async def",)


def check(dag_file: DagFile) -> Iterator[Finding]:
    if not dag_file.target.triggerer:  # then the slot is held either way
        return
    for task in dag_file.async_tasks:
        single = task.single_request
        if single is None:
            continue
        operator = single.request.operator
        facts = dag_file.catalog.get(operator)
        flag = "" if facts is not None and facts.deferral == "always" else " with `deferrable=True`"
        way_out = f"{operator.rpartition('.')[2]}{flag} gives its worker slot back meanwhile"
        if not single.request.repeatable:
            way_out = f"an ordinary task does the same ({way_out}, but may send it twice)"
        way = f" ({' → '.join([task.name, *single.through, single.asks])})" if single.through else ""
        message = f"{task.name} is async for a single request{way}, which overlaps with nothing; {way_out}"
        yield found(task.span(single.site), message, symbol=operator)
