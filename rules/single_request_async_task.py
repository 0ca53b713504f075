"""An async task that sends one request: a deferrable operator would give the slot back.

## What it does
Finds native async tasks that await exactly one request, outside of any loop, through an HTTP client (aiohttp, httpx) or
a hook that has a deferrable operator. Reading the response's body is no second request.

## Why is this bad?
An async task gains by overlapping many requests. With a single one there is nothing to overlap: the worker slot is
held for the whole request, as in an ordinary task. A deferrable operator waits for the answer in the triggerer.

## Example
```python
@task
async def fetch() -> dict:
    async with aiohttp.ClientSession() as session, session.get(URL) as response:
        return await response.json()
```

## Use instead
```python
HttpOperator(task_id="fetch", endpoint="/report", method="GET", deferrable=True)
```

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


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.async_tasks:
        request = task.single_request
        if request is not None:
            name = request.operator.rpartition(".")[2]
            message = (
                f"{task.name} is async for a single request, which overlaps with nothing; "
                f"{name} with `deferrable=True` gives the worker slot back meanwhile"
            )
            yield found(request.span, message, symbol=request.operator)
