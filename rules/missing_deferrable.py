"""A task that could defer holds a worker slot while it waits.

## What it does
Finds operators and sensors that take a `deferrable` flag, wait on the worker as they are called, and are not given
the flag: not on the call, not in `default_args`, not by the `[operators] default_deferrable` setting.

## Why is this bad?
A task that waits keeps its worker slot and its process (about 31 MB) for as long as the wait lasts, to do nothing. A
deferred task gives both back: a trigger waits in the triggerer, at about 0.4 MB. On a wait of a minute that frees
more than nine tenths of the slot's time.

Silent where deferring would be no gain or would change what the task does: an explicit `deferrable=False`, a call
that does not wait, a wait known to be a minute or less, arguments that make the flag do nothing, code that is no task
of a DAG, versions of Airflow or the provider without the flag. With `mode="reschedule"` no slot is held between
pokes, so it is advice. So it is for operators that do one short piece of work themselves, such as one request.

## Example
```python
S3KeySensor(task_id="wait_for_export", bucket_key="s3://exports/{{ ds }}.csv")
```

## Use instead
```python
S3KeySensor(task_id="wait_for_export", bucket_key="s3://exports/{{ ds }}.csv", deferrable=True)
```

## Fix safety
Safe where the task's outcome stays the same. Unsafe where the catalog knows of a caveat for the arguments at hand,
and the finding names it: an extra that the triggerer needs, an argument that a deferred call drops or one that it
needs (`location` for BigQuery jobs), a limit of polls that only a deferred call has, a request that may be sent
twice. Unsafe, too, for an operator with a `pool` or a limit such as `max_active_tasks` on its DAG: deferred tasks are
not counted there (a pool can be told to), so that more of what it starts may run at once. Without a fix where
`default_args` can't be resolved.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
- https://www.astronomer.io/docs/learn/deferrable-operators
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Severity
from advisor.operators import Operator
from advisor.remedies import turn_on
from advisor.text import duration

SEVERITY = "warning"
GROUP = "deferral-missed"
FIX = "safe"


def check(dag_file: DagFile, *, short_wait: float = 60.0) -> Iterator[Finding]:
    """`short_wait`: seconds; a task that can't wait longer is left alone."""
    for task in dag_file.tasks:
        if not task.could_defer:
            continue
        wait = task.known_wait
        if wait is None or wait > short_wait:
            rescheduled = task.given_value("mode") == "reschedule"
            severity: Severity = "advice" if rescheduled or task.facts.waits_by_default is None else "warning"
            yield found(
                task.span,
                _message(task, wait, rescheduled),
                symbol=task.symbol,
                severity=severity,
                fix=turn_on(dag_file, task),
            )


def _message(task: Operator, wait: float | None, rescheduled: bool) -> str:
    name = task.class_name
    if rescheduled:
        return f"{name} starts a worker process for every poke; deferred, it would wait in the triggerer"
    if task.facts.waits_by_default is None and not task.facts.wait_parameters:
        return f"{name} holds a worker slot until its work is done; it can leave that to the triggerer"
    long = f" for up to {duration(wait)}" if wait is not None else ""
    return f"{name} holds a worker slot{long} while it waits; it can wait in the triggerer instead"
