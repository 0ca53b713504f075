"""An async task that waits long keeps its worker slot all the while.

## What it does
Finds native async tasks (`@task async def`, an `async def` as `python_callable`, `BaseAsyncOperator.aexecute`) that
wait past a threshold: `await asyncio.sleep(n)`, `asyncio.wait_for` and `asyncio.timeout`, and loops that poll. A loop
polls if it asks the same question again, with pauses of a second or more, until the answer changes; its whole length
counts, or that it has none. Coroutines of the same project that the task awaits are followed.

Pagination, draining a queue, keeping to a rate limit, trying again after an error, a heartbeat beside the work and
pauses of less than a second are not polling. A pause or a bound that cannot be computed is never reported.

## Why is this bad?
`async def` frees the event loop, not the worker: the process, its slot and about 31 MB stay taken until the wait is
over. A deferral that waits costs 0.4 MB in the triggerer. Measured on Airflow 3.3, at a wait of 60 s it gives back 92
to 99 % of the slot and is 2 to 3 % later. Airflow's own guide says so too: avoid async tasks for long waits.

A minute is advice, five minutes or a wait without end a warning (`long-wait`, `very-long-wait`, in seconds). Below a
minute an async task is the better choice, above all for many short waits at once.

## Example
```python
@task
async def wait_for_report(report_id: str) -> None:
    async with httpx.AsyncClient(base_url="https://reports.example.com") as client:
        while True:
            response = await client.get(f"/reports/{report_id}")
            if response.json()["state"] == "done":
                return
            await asyncio.sleep(30)
```

## Use instead
A deferrable class of the service, where there is one:
```python
HttpSensor(
    task_id="wait_for_report",
    http_conn_id="reports",
    endpoint="/reports/{{ params.report_id }}/result",  # answers 404 until it is there
    poke_interval=30,
    deferrable=True,
)
```
Where the answer has to be looked into, a sensor that gives the slot back between its looks (from 30 s on; each look is
one worker start):
```python
@task.sensor(mode="reschedule", poke_interval=60, timeout=6 * 60 * 60)
def report_is_done(report_id: str) -> bool:
    return requests.get(f"https://reports.example.com/reports/{report_id}", timeout=10).json()["state"] == "done"
```
Where neither does, a trigger of your own: the same loop in `BaseTrigger.run`, and an operator that defers to it. For a
plain pause: `WaitSensor(task_id="settle", time_to_wait=timedelta(minutes=10), deferrable=True)` between two tasks.

## Fix safety
There is no fix: what takes the place of the wait depends on what is waited for.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.asynctasks import Wait
from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Severity
from advisor.text import duration

SEVERITY = "warning"
GROUP = "async-tasks"
FIX = "none"
TOPICS = (b"async def",)
BEHIND = (b"await",)


def check(dag_file: DagFile, *, long_wait: float = 60.0, very_long_wait: float = 300.0) -> Iterator[Finding]:
    """`long_wait`, `very_long_wait`: seconds, from which a wait is worth advice and a warning."""
    for task in dag_file.async_tasks:
        for wait in task.waits:
            # A pause before another try is only taken when something fails, so a minute of it is no waste.
            threshold = very_long_wait if wait.failing else long_wait
            if wait.total is None or wait.total >= threshold:
                warn = wait.total is None or wait.total >= very_long_wait
                message = (
                    f"{task.name} {_what(wait)}, which keeps its worker slot all the while; "
                    f"{_way_out(dag_file, wait)}"
                )
                severity: Severity = "warning" if warn else "advice"
                yield found(wait.span, message, symbol=wait.waiter, severity=severity)


def _what(wait: Wait) -> str:
    long = duration(wait.total) if wait.total is not None else ""
    if wait.how == "polling":
        every = f" every {duration(wait.step)}" if wait.step is not None else " with growing pauses"
        what = f"polls{every} " + (f"for up to {long}" if long else "with no end in sight")
    elif wait.how == "sleep":
        what = f"sleeps for {long}"
    else:
        what = f"may wait for {long} (`{wait.how}`)"
    return what + (f" in `{'` → `'.join(wait.through)}`" if wait.through else "")


def _way_out(dag_file: DagFile, wait: Wait) -> str:
    if not dag_file.target.triggerer:
        return 'a sensor with `mode="reschedule"` gives the slot back meanwhile'
    if wait.waiter:
        return f"{wait.waiter.rpartition('.')[2]} with `deferrable=True` waits in the triggerer instead"
    if wait.how == "sleep":
        return f"{dag_file.pause} between two tasks waits in the triggerer instead"
    return "a deferrable class or a trigger of your own waits in the triggerer instead"
