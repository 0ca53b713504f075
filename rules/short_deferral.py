"""A deferral for a wait so short that it costs more than it saves.

## What it does
Finds tasks that defer for a wait known to be ten seconds or less (`short-wait`, in seconds):
`TimeDeltaSensor(delta=timedelta(seconds=5), deferrable=True)`, a deferring sensor with a short `timeout`, a target time
of now plus a few seconds, an operator of yours that defers to `TimeDeltaTrigger(timedelta(seconds=5))`. How often a
trigger looks, and the `timeout=` of `self.defer`, say nothing about how long it waits. A bare number of WaitSensor
counts minutes. Classes that can't do without a deferral, such as those that wait for a person, are left alone.

## Why is this bad?
Every deferral ends a worker process and starts another: the task is 1 to 2.4 s late, takes 0.15 to 0.20 s of CPU time
in place of 0.10 to 0.13 s, and imports the DAG file once more. Slot time is only won back after about 3 s of waiting.
On Airflow 3 deferrals of a few seconds also fail tasks: a single one of 5 s did so in 5 runs of 11 ("finished with
state success, but the … state attribute is queued").

## Example
```python
settle = TimeDeltaSensor(task_id="settle", delta=timedelta(seconds=5), deferrable=True)
```
```python
class Settle(BaseOperator):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=5)), method_name="execute_complete")
```

## Use instead
```python
settle = TimeDeltaSensor(task_id="settle", delta=timedelta(seconds=5))
```
```python
class Settle(BaseOperator):
    def execute(self, context):
        time.sleep(5)
        return self.execute_complete(context)
```
Many short waits at once belong in one async task (`asyncio.gather`, Airflow 3.2 on).

## Fix safety
Unsafe: the flag is dropped (on Airflow 2 with `mode="reschedule"` in its place), or the `…Async` class turned back, and
the task holds its worker slot during the short wait. No fix for a deferral in an operator of your own.

## References
- https://www.astronomer.io/docs/learn/deferrable-operators
- https://github.com/apache/airflow/issues/71172
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, RemoveKeyword, Rewrite, SetKeyword
from advisor.operators import Operator
from advisor.remedies import exchange, group_of
from advisor.text import duration

SEVERITY = "warning"
GROUP = "deferral-misused"
FIX = "unsafe"
TOPICS = (b".defer(", b"TaskDeferred")


def check(dag_file: DagFile, *, short_wait: float = 10.0) -> Iterator[Finding]:
    """`short_wait`: seconds; a wait of this length or less does not pay for a deferral."""
    for task in dag_file.tasks:
        wait = task.known_wait if task.defers and not task.can_only_defer else None
        if wait is not None and wait <= short_wait:
            long = duration(max(wait, 0))
            message = f"{task.class_name} defers for a wait of at most {long}, which costs more than it saves"
            yield found(task.span, message, symbol=task.symbol, fix=_fix(dag_file, task))
    for deferral in dag_file.deferrals:
        wait = deferral.known_wait
        if wait is not None and wait <= short_wait:
            message = (
                f"{deferral.class_name} defers for {duration(max(wait, 0))}, which costs more than it saves: "
                "sleep in the worker instead"
            )
            yield found(deferral.span, message)


def _fix(dag_file: DagFile, task: Operator) -> Fix | None:
    caveat = "the task holds its worker slot during the wait"
    if task.facts.deferral == "flag":
        rewrites: list[Rewrite] = []
        if task.arguments.node("deferrable") is not None:
            rewrites.append(RemoveKeyword(task.span, "deferrable"))
            description = "drop `deferrable=True`"
            if task.defers_without_flag:
                return None
        else:
            rewrites.append(SetKeyword(task.span, "deferrable", "False"))
            description = "set `deferrable=False`"
        on_airflow_2 = dag_file.target.airflow is not None and not dag_file.target.at_least(3)
        if on_airflow_2 and task.facts.kind == "sensor" and not task.arguments.given("mode"):
            rewrites.append(SetKeyword(task.span, "mode", '"reschedule"'))
            description += ' and set `mode="reschedule"`'
            caveat = "the sensor pokes from worker slots"
        return Fix("unsafe", description, tuple(rewrites), caveat)
    twin = task.sync_twin
    if twin is None:
        return None
    module, _, name = twin.rpartition(".")
    keep = bool(task.imports) and task.imports[0].local == name
    made = exchange(dag_file, task, module, name, keep_name=keep)
    if made is None:
        return None
    rewrites_, calls = made
    return Fix(
        "unsafe", f"use `{name}`", rewrites_, caveat, group_of(dag_file, task) if calls > 1 else "", calls
    )
