"""Many short deferrals where one async task would do.

## What it does
Finds deferrals that repeat: a deferrable operator made in a loop or comprehension, or mapped with `.expand`, where each
wait is known to be ten seconds or less or each is one single request; an operator of yours whose resume method defers
again to itself; `self.defer` in a loop. Long or unknown waits are what deferral is for, and say nothing.

## Why is this bad?
Each further deferral costs 2.3 s, 0.27 s of CPU time and three API calls: ten deferrals of one second take 34 s and
eleven worker starts, one async task with ten sleeps takes 11 s and one. Twenty HTTP calls of a second take 2 s in one
async task and 13 to 17 s as mapped deferrable operators. On Airflow 3 such series also fail tasks.

## Example
```python
for city in CITIES:
    HttpOperator(task_id=f"fetch_{city}", endpoint=f"/weather/{city}", method="GET", deferrable=True)
```

## Use instead
```python
@task
async def fetch_all(cities: list[str]) -> list[str]:
    limit = asyncio.Semaphore(5)

    async def fetch(city: str) -> str:
        async with limit, session.get(f"{BASE}/weather/{city}") as response:
            return await response.text()

    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(fetch(city) for city in cities))
```
Keep the mapped tasks where each item needs retries and a state of its own. Async tasks need Airflow 3.2.

## Fix safety
There is no fix: one task in place of many changes what can be retried and seen.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding
from advisor.operators import Operator
from advisor.text import duration

SEVERITY = "warning"
GROUP = "deferral-misused"
FIX = "none"


def check(dag_file: DagFile, *, short_wait: float = 10.0, long_wait: float = 60.0) -> Iterator[Finding]:
    """`short_wait`: seconds, up to which a wait is short. `long_wait`: seconds, over which repeating is worth it."""
    remedy = "one async task with `gather` and a semaphore costs a single worker start"
    if not dag_file.target.at_least(3, 2):
        remedy = "one task that does all of it costs a single worker start"
    for task in dag_file.tasks:
        if (task.in_loop or task.mapping) and task.defers:
            short = _short(task, short_wait)
            if short:
                how = "is mapped" if task.mapping else "stands in a loop"
                message = f"{task.class_name} {how} and every one defers for {short}: {remedy}"
                yield found(task.span, message, symbol=task.symbol)
    for deferral in dag_file.deferrals:
        wait = deferral.known_wait
        if wait is not None and wait > long_wait:
            continue
        if deferral.in_loop:
            message = f"{deferral.class_name}.{deferral.method_name} defers in a loop: {_COST}"
            yield found(deferral.span, message)
        elif deferral.repeats:
            message = f"{deferral.class_name} resumes in `{deferral.resumes_in}` and defers again from there: {_COST}"
            yield found(deferral.span, message)


_COST = "each turn stops and restarts the task; let the trigger go on waiting, or loop in one async task"


def _short(task: Operator, short_wait: float) -> str:
    wait = task.known_wait
    if wait is not None:
        return f"{duration(max(wait, 0))} at most" if wait <= short_wait else ""
    return "one request" if task.single_request else ""
