"""Many short deferrals where one async task would do.

## What it does
Finds deferrals that repeat: a deferrable operator made in a loop or comprehension, or mapped with `.expand`, where each
wait is known to be ten seconds or less or each is one single request; an operator of yours that is resumed and comes
back to the deferral it was resumed from, directly, through its other methods, through those of a base class in another
file of the project, or through `execute`; `self.defer` in a loop (which has one turn only: a deferral ends the method,
and the task goes on in the one that it names). Long or unknown waits of tasks in a loop are what deferral is for and
say nothing, however often the trigger looks, and so does an operator that waits for more than a minute each time.

## Why is this bad?
Each further deferral ends a worker process and starts another: 2.3 s, 0.27 s of CPU time over all components and three
API calls, measured on Airflow 3.3. Ten deferrals of one second take 34 s and eleven worker starts, one async task with
ten sleeps takes 11 s and one. Twenty HTTP calls of a second take 2.0 s in one async task with `gather`, and 13 to 17 s
as mapped deferrable operators. On Airflow 3 such series also fail tasks: ten deferrals of one second failed in three
runs of three ("finished with state success, but the … state attribute is queued").

## Example
```python
for city in ["london", "paris", "rome"]:
    HttpOperator(task_id=f"fetch_{city}", endpoint=f"/weather/{city}", method="GET", deferrable=True)
```
```python
class RunJob(BaseOperator):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="check")

    def check(self, context, event=None):
        if not self.hook.is_done(self.job_id):
            self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="check")
```

## Use instead
One async task for many short waits (Airflow 3.2 on):
```python
@task
async def fetch_all(cities: list[str]) -> list[str]:
    limit = asyncio.Semaphore(5)

    async def fetch(city: str) -> str:
        async with limit, session.get(f"/weather/{city}") as response:
            return await response.text()

    async with aiohttp.ClientSession("https://weather.example.com") as session:
        return await asyncio.gather(*(fetch(city) for city in cities))
```
Keep mapped tasks where each item needs retries and a state of its own. And a trigger that goes on looking by itself, so
that the task is resumed once:
```python
class JobTrigger(BaseTrigger):
    async def run(self):
        while not await self.is_done():
            await asyncio.sleep(30)
        yield TriggerEvent({"job_id": self.job_id})
```

## Fix safety
There is no fix: one task in place of many changes what can be retried and seen, and what a trigger has to look at is
known to its author only.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
- https://github.com/apache/airflow/issues/71172
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.deferrals import Deferral
from advisor.finding import Finding
from advisor.operators import Operator
from advisor.resuming import Way
from advisor.text import duration

SEVERITY = "warning"
GROUP = "deferral-misused"
FIX = "none"
TOPICS = (b".defer(", b"TaskDeferred", b", event")


def check(dag_file: DagFile, *, short_wait: float = 10.0, long_wait: float = 60.0) -> Iterator[Finding]:
    """`short_wait`: seconds, up to which a wait is short. `long_wait`: seconds, over which repeating is worth it."""
    remedy = "one async task with `gather` and a semaphore costs a single worker start"
    if not dag_file.target.at_least(3, 2):
        remedy = "one task that does all of it costs a single worker start"
    for task in dag_file.tasks:
        if task.defers and (task.mapping or task.in_loop):
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
            yield found(deferral.span, _in_loop(deferral))
        else:
            way = deferral.repeats(long_wait)
            if way is not None:
                yield found(deferral.span, f"{_again(deferral.class_name, deferral, way)}: {_COST}")
    for again in dag_file.deferred_again(long_wait):
        yield found(again.span, f"{_again(again.class_name, again.deferral, again.way)}: {_COST}")


_COST = "every turn stops the task and starts it again on a worker (2.3 s); let the trigger go on waiting"


def _in_loop(deferral: Deferral) -> str:
    """A deferral ends the method that it stands in, so that a loop comes to a second turn only where it is resumed."""
    what = f"{deferral.class_name}.{deferral.method_name} defers{_for(deferral.known_wait)} in a loop"
    if deferral.resumes_in in ("", deferral.method_name):
        return f"{what}: {_COST}"
    return (
        f"{what}, which ends with its first turn: a deferral stops the task, and it goes on in "
        f"`{deferral.resumes_in}`; let one trigger wait for all of it"
    )


def _again(class_name: str, deferral: Deferral, way: Way) -> str:
    """What comes back to where, with the user's names."""
    first, last = way.methods[0], way.methods[-1]
    place = "" if first == last else f" in `{last}`"
    through = f" ({' → '.join(way.methods)})" if len(way.methods) > 2 else ""
    what = f"{class_name} resumes in `{first}`"
    return f"{what} and may defer again{place}{_for(deferral.known_wait)}{through}"


def _for(wait: float | None) -> str:
    return f" for {duration(wait)}" if wait is not None and wait > 0 else ""


def _short(task: Operator, short_wait: float) -> str:
    wait = task.known_wait
    if wait is not None:
        return f"{duration(max(wait, 0))} at most" if wait <= short_wait else ""
    return "one request" if task.single_request else ""
