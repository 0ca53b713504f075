"""An argument that a deferred call drops without a word.

## What it does
Finds arguments of deferring calls that have no effect once the task defers: `mode="reschedule"`, a `timeout` that the
trigger never hears of, allow-lists, callables, target states.

## Why is this bad?
The argument reads as if it were obeyed. A sensor whose `timeout` is dropped waits for ever; one whose `target_states`
are dropped ends in others.

## Example
```python
FileSensor(task_id="file", filepath="/data/in.csv", mode="reschedule", deferrable=True)
```

## Use instead
```python
FileSensor(task_id="file", filepath="/data/in.csv", deferrable=True)
```

## Fix safety
Safe for `mode="reschedule"`, which is removed. None for the others: the argument or the flag, one of them is meant.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, RemoveKeyword

SEVERITY = "advice"
GROUP = "deferral-misused"
FIX = "safe"


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.tasks:
        if not task.defers or task.flag is not True:
            continue
        if task.arguments.value("mode") == "reschedule":
            fix = Fix("safe", 'drop `mode="reschedule"`', (RemoveKeyword(task.span, "mode"),))
            message = f'{task.class_name} defers, and `mode="reschedule"` does nothing then'
            written = task.arguments.node("mode") is not None
            yield found(task.span, message, symbol=task.symbol, fix=fix if written else None)
        caveats = task.certain_caveats
        if any(caveat.effect == "floods" for caveat in caveats):
            continue  # worse than ignored, and said as such
        for name in task.dropped_in_core_2:
            message = f"{task.class_name} defers: on Airflow 2 `{name}` is not obeyed then"
            yield found(task.span, message, symbol=task.symbol)
        for caveat in caveats:
            if caveat.effect == "drops-argument":
                yield found(task.span, f"{task.class_name} defers: {caveat.text}", symbol=task.symbol)
