"""A sensor that cannot defer has an async twin that does.

## What it does
Finds sensors that have no `deferrable` flag in the version at hand, but an async class that takes the same arguments
and defers: `DateTimeSensor` in every version, `TimeSensor` and `TimeDeltaSensor` of Airflow 2's core and of the
standard provider below 1.3.0, and those of astronomer-providers where the project depends on it.

## Why is this bad?
The sensor keeps a worker slot from the start of the wait to its end. The async twin hands the wait to the triggerer.
With `mode="reschedule"` no slot is held between pokes, but each poke is a process of its own: that is advice.

## Example
```python
from airflow.sensors.time_sensor import TimeSensor

TimeSensor(task_id="wait_until_six", target_time=time(6))
```

## Use instead
```python
from airflow.sensors.time_sensor import TimeSensorAsync as TimeSensor

TimeSensor(task_id="wait_until_six", target_time=time(6))
```

## Fix safety
Safe: the twin takes the same arguments and ends at the same time. Unsafe where an argument at hand counts for pokes
alone, such as `timeout` or `soft_fail`; the finding names it. The import is aliased, so that the calls stay as they
are; `module.TimeSensor(…)` becomes `module.TimeSensorAsync(…)`. No fix where the imported name is also a base class, is
used in `isinstance`, or is imported under `try` or `if`.

## References
- https://www.astronomer.io/docs/learn/deferrable-operators
- https://airflow.apache.org/docs/apache-airflow-providers-standard/stable/sensors/datetime.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, Severity
from advisor.operators import Operator
from advisor.remedies import doubt_of_twin, exchange, group_of

SEVERITY = "warning"
GROUP = "deferral-missed"
FIX = "safe"


def check(dag_file: DagFile, *, short_wait: float = 60.0) -> Iterator[Finding]:
    """`short_wait`: seconds; a task that can't wait longer is left alone."""
    for task in dag_file.tasks:
        twin = task.async_twin
        if twin is None or task.arguments.given("deferrable"):
            continue  # with the flag the DAG does not load: another rule speaks
        wait = task.known_wait
        if not dag_file.target.triggerer or (wait is not None and wait <= short_wait):
            continue
        name = twin.rpartition(".")[2]
        rescheduled = task.given_value("mode") == "reschedule"
        how = (
            "starts a worker process for every poke" if rescheduled else "holds a worker slot while it waits"
        )
        release = task.installed.defers_from
        cannot = f"cannot defer before {release}" if release else "cannot defer"
        message = f"{task.class_name} {how} and {cannot}; {name} can"
        severity: Severity = "advice" if rescheduled else "warning"
        yield found(task.span, message, symbol=task.symbol, severity=severity, fix=_fix(dag_file, task, twin))


def _fix(dag_file: DagFile, task: Operator, twin: str) -> Fix | None:
    module, _, name = twin.rpartition(".")
    made = None if task.never_fixed else exchange(dag_file, task, module, name, keep_name=True)
    if made is None:
        return None
    rewrites, calls = made
    bound = task.function.text() if task.function.kind() == "identifier" else ""
    description = f"import `{name} as {bound}`" if bound else f"call `{name}`"
    doubt = doubt_of_twin(dag_file, task, twin)
    group = group_of(dag_file, task) if calls > 1 else ""
    return Fix("unsafe" if doubt else "safe", description, rewrites, doubt, group, calls)
