"""A sensor that can't defer holds a worker slot for a long wait.

## What it does
Finds sensors that have no way to defer, in poke mode, with an interval of a minute or more and a timeout that allows a
long wait, those that `@task.sensor(…)` makes and the sensor classes of your project among them. Without a triggerer
(`triggerer = false`) that is every sensor. It says nothing about a class of yours whose methods keep something on the
sensor from one poke to the next, or whose `poke` never says no.

## Why is this bad?
In poke mode the worker slot is held from the first poke to the last, also while the sensor sleeps between two. In
reschedule mode it is given back, at the price of one process start a poke, which pays for intervals of a minute.

## Example
```python
SqlSensor(task_id="rows", conn_id="warehouse", sql="select count(*) from staging")
```

## Use instead
```python
SqlSensor(task_id="rows", conn_id="warehouse", sql="select count(*) from staging", mode="reschedule")
```

## Fix safety
Unsafe: every poke is a process of its own, state kept on the sensor is gone, and a wait may end up to the interval and
two seconds later.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/sensors.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, SetKeyword
from advisor.folded import MISSING, seconds
from advisor.operators import Operator
from advisor.text import duration

SEVERITY = "advice"
GROUP = "deferral-missed"
FIX = "unsafe"
TOPICS = (b".sensor(",)  # `@task.sensor(…)`


def check(dag_file: DagFile, *, long_wait: float = 300.0, interval: float = 60.0) -> Iterator[Finding]:
    """`long_wait`: seconds, over which a timeout allows a long wait. `interval`: seconds between pokes."""
    for task in dag_file.tasks:
        if not task.only_pokes or (task.arguments.given("deferrable") and not task.installed.takes_flag):
            continue  # given a flag that it does not take, the DAG does not load: another rule speaks
        wait, pause = task.known_wait, seconds(task.value("poke_interval"))
        if pause is None or pause < interval or (wait is not None and wait <= long_wait):
            continue
        if any(one.span == task.span for one in dag_file.unsupported_async_tasks):
            continue  # a coroutine is as good as True: it never waits, as another rule says
        message = (
            f"{task.class_name} holds a worker slot between pokes, {duration(pause)} apart; "
            "reschedule mode gives it back"
        )
        yield found(task.span, message, symbol=task.symbol, fix=_fix(task))


def _fix(task: Operator) -> Fix | None:
    if task.never_fixed or task.mapping == "expand_kwargs" or task.given_value("mode") is not MISSING:
        return None
    rewrites = (SetKeyword(task.span, "mode", '"reschedule"'),)
    return Fix("unsafe", 'set `mode="reschedule"`', rewrites, "every poke becomes a process of its own")
