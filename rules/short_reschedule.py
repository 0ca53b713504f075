"""A sensor in reschedule mode that pokes too often.

## What it does
Finds sensors with `mode="reschedule"` and an interval under 30 seconds, those that `@task.sensor(…)` makes among them.

## Why is this bad?
In reschedule mode every poke starts a process, imports the DAG file, and costs 0.1 s of CPU time and 0.3 s of a slot.
On Airflow 3 an interval under 10 seconds also fails tasks ("finished with state success, but the … state attribute is
queued"): with 5 seconds, 36 of 53 runs. `[workers] min_heartbeat_interval = 1` avoids that.

## Example
```python
FileSensor(task_id="file", filepath="/data/in.csv", mode="reschedule", poke_interval=5)
```

## Use instead
```python
FileSensor(task_id="file", filepath="/data/in.csv", mode="reschedule", poke_interval=30)
```
or poke mode, where the timeout is short.

## Fix safety
Unsafe: the interval is raised to 30 seconds, so that the wait may end later; or, where the timeout is a minute or less,
the sensor goes back to poke mode and holds its slot.

## References
- https://github.com/apache/airflow/issues/71172
- https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/sensors.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, RemoveKeyword, SetKeyword
from advisor.folded import seconds
from advisor.operators import Operator
from advisor.text import duration

SEVERITY = "warning"
GROUP = "deferral-misused"
FIX = "unsafe"
TOPICS = (b".sensor(",)  # `@task.sensor(…)`


def check(
    dag_file: DagFile, *, interval: float = 30.0, failing_interval: float = 10.0, short_wait: float = 60.0
) -> Iterator[Finding]:
    """Seconds. `interval`: under it a poke costs too much. `failing_interval`: under it tasks fail on Airflow 3.
    `short_wait`: a wait up to this long is better poked.
    """
    for task in dag_file.tasks:
        if task.facts.kind != "sensor" or task.value("mode") != "reschedule" or task.defers is not False:
            continue
        pause = seconds(task.value("poke_interval"))
        if pause is None or pause >= interval:
            continue
        message = f"{task.class_name} starts a worker process every {duration(pause)}"
        if pause < failing_interval and dag_file.target.at_least(3):
            message += "; on Airflow 3 that fails tasks, unless `[workers] min_heartbeat_interval` is 1"
        yield found(task.span, message, symbol=task.symbol, fix=_fix(task, interval, short_wait))


def _fix(task: Operator, interval: float, short_wait: float) -> Fix | None:
    if task.never_fixed:
        return None
    wait = task.known_wait
    if wait is not None and wait <= short_wait and task.arguments.node("mode") is not None:
        rewrite = RemoveKeyword(task.span, "mode")
        return Fix(
            "unsafe", "go back to poke mode", (rewrite,), "the sensor holds its slot until the timeout"
        )
    if task.arguments.node("poke_interval") is None:
        return None
    rewrites = (SetKeyword(task.span, "poke_interval", f"{interval:g}"),)
    return Fix("unsafe", f"set `poke_interval={interval:g}`", rewrites, "the wait may end later")
