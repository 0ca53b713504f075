"""An async task that waits long keeps its worker slot all the while.

## What it does
Finds native async tasks that wait past a threshold: `await asyncio.sleep(n)`, loops that ask the same question again
and again with sleeps between, `asyncio.wait_for` and `asyncio.timeout`. Pagination, draining a queue and pauses of less
than a second are not polling.

## Why is this bad?
`async def` frees the event loop, not the worker: the task's process, its slot and some 31 MB stay taken until the wait
is over. From a minute on, a deferral gives back more than nine tenths of that.

## Example
```python
@task
async def wait_for_report(report_id: str) -> None:
    while not await is_ready(report_id):
        await asyncio.sleep(60)
```

## Use instead
```python
HttpSensor(task_id="wait_for_report", endpoint="/reports/{{ params.id }}", deferrable=True)
```
or a sensor in reschedule mode (`@task.sensor(mode="reschedule", poke_interval=60)`), or a trigger of your own.

## Fix safety
There is no fix: what takes the place of the wait depends on what is waited for.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.asynctasks import Wait
from advisor.dagfile import DagFile, found
from advisor.finding import Finding
from advisor.text import duration

SEVERITY = "warning"
GROUP = "async-tasks"
FIX = "none"


def check(dag_file: DagFile, *, long_wait: float = 60.0, very_long_wait: float = 300.0) -> Iterator[Finding]:
    """`long_wait`, `very_long_wait`: seconds, from which a wait is worth advice and a warning."""
    for task in dag_file.async_tasks:
        for wait in task.waits:
            if wait.total is None or wait.total >= long_wait:
                warn = wait.total is None or wait.total >= very_long_wait
                message = f"{task.name} {_what(wait)} and holds its worker slot all the while; {_WAY_OUT}"
                yield found(wait.span, message, severity="warning" if warn else "advice")


_WAY_OUT = "a deferrable operator or a sensor gives the slot back"


def _what(wait: Wait) -> str:
    if wait.how == "polling":
        every = f" every {duration(wait.step)}" if wait.step is not None else ""
        return f"polls{every}" + (
            f" for up to {duration(wait.total)}" if wait.total is not None else " without end"
        )
    long = duration(wait.total or 0)
    return f"sleeps for {long}" if wait.how == "sleep" else f"may wait for {long} (`{wait.how}`)"
