"""`deferrable` is given to a class, decorator or version that does not take it.

## What it does
Finds `deferrable=…` on classes that have no such argument in any version, on classes that got it in a later version
than the project's, and on decorators that do not take it, such as `@task.sensor`.

## Why is this bad?
Airflow refuses the argument when it parses the DAG file: the DAG is an import error, none of its tasks run.

## Example
```python
DateTimeSensor(task_id="until", target_time="{{ data_interval_end }}", deferrable=True)
```

## Use instead
```python
DateTimeSensorAsync(task_id="until", target_time="{{ data_interval_end }}")
```

## Fix safety
Where the class has an async twin: unsafe, the twin is imported under the name that the file uses and the argument
dropped, so that a DAG which did not load runs. Display-only for classes and decorators that never take it.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, RemoveKeyword
from advisor.operators import Operator
from advisor.remedies import exchange, group_of

SEVERITY = "error"
GROUP = "deferral-misused"
FIX = "unsafe"


_DROP = Fix("display-only", "drop `deferrable`")


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.tasks:
        if not task.arguments.given("deferrable") or task.never_fixed:
            continue
        name = task.class_name
        if task.facts.deferral == "never" and not task.takes_flag_argument:
            twin = task.async_twin
            instead = f"; {twin.rpartition('.')[2]} defers" if twin else ""
            message = f"{name} takes no `deferrable`: Airflow refuses this DAG when it parses it{instead}"
            yield found(task.span, message, symbol=task.symbol, fix=_fix(dag_file, task, twin))
        elif task.facts.deferral == "flag" and (since := task.installed.flag_since_later):
            message = f"{name} takes `deferrable` only from {since} on: Airflow refuses this DAG"
            yield found(task.span, message, symbol=task.symbol)
    for decorator in dag_file.task_decorators:
        if decorator.gives_flag_in_vain:
            message = f"`@task.{decorator.flavour}` takes no `deferrable`: Airflow refuses this DAG when it parses it"
            yield found(decorator.span, message.replace("@task.`", "@task`"), fix=_DROP)


def _fix(dag_file: DagFile, task: Operator, twin: str | None) -> Fix | None:
    if task.arguments.node("deferrable") is None:
        return None
    if twin is None:
        return _DROP
    module, _, name = twin.rpartition(".")
    made = exchange(dag_file, task, module, name, keep_name=True)
    if made is None:
        return None
    rewrites = (*made[0], RemoveKeyword(task.span, "deferrable"))
    group = group_of(dag_file, task) if made[1] > 1 else ""
    return Fix(
        "unsafe",
        f"use `{name}` and drop `deferrable`",
        rewrites,
        "a DAG that did not load will run",
        group,
        made[1],
    )
