"""`deferrable=True` makes a task wait that was told not to.

## What it does
Finds calls that turn the wait off (`wait_for_completion=False` and the like) and the flag on, of classes that wait all
the same once they defer.

## Why is this bad?
The code says start and forget. The task ends only when what it started has ended, and fails where that fails.

## Example
```python
BatchOperator(task_id="job", job_name="job", job_queue="q", job_definition="d",
              wait_for_completion=False, deferrable=True)
```

## Use instead
```python
BatchOperator(task_id="job", job_name="job", job_queue="q", job_definition="d", deferrable=True)
```
to wait, or no flag, not to.

## Fix safety
There is no fix: only the author knows which of the two is meant.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "advice"
GROUP = "deferral-misused"
FIX = "none"


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.tasks:
        off = task.wait_turned_off if task.facts.starts_waiting and task.flag is True else ""
        if off and task.defers:
            message = (
                f"{task.class_name} waits in spite of `{off}` once `deferrable=True` is given: "
                f"{task.flag_turned_off} not to wait, or {task.wait_turned_on} to wait in the triggerer"
            )
            yield found(task.span, message, symbol=task.symbol)
