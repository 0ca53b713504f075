"""A deferral from inside of a task function, which Airflow cannot resume.

## What it does
Finds `….defer(trigger=…, method_name=…)`, `raise TaskDeferred(…)` and the `execute` of an operator that defers (because
its class always does, or with `deferrable=True`) in TaskFlow functions and in the callables of PythonOperator and its
family, also through helpers of the same project.

The `execute` of an operator that does not defer is a matter of taste and stays without a word, and so does code that
catches `TaskDeferred` itself.

## Why is this bad?
A deferral says which method of the *operator* goes on when the trigger fires. Here the operator is the one behind
`@task` or the PythonOperator, and it has no such method: the task waits in the triggerer, comes back and fails
(observed on 2.11.2 and 3.3.2: "'_PythonDecoratedOperator' object has no attribute 'execute_complete'"). What stands
after the deferral never runs. Airflow's own guide: "You can't use the deferral ability from inside custom
PythonOperator or TaskFlow functions."

## Example
```python
@task
def wait_and_load(**context):
    S3KeySensor(task_id="wait", bucket_key=KEY, deferrable=True).execute(context)
    load(KEY)
```

## Use instead
The operator as a task of its own:
```python
wait = S3KeySensor(task_id="wait", bucket_key=KEY, deferrable=True)

@task
def load_key():
    load(KEY)

wait >> load_key()
```
Or an operator of your own that has the method to resume in.

## Fix safety
There is no fix: the task has to be split in two.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding
from advisor.inline import InlineDeferral

SEVERITY = "error"
GROUP = "deferral-misused"
FIX = "none"
TOPICS = (b".defer(", b"TaskDeferred")


def check(dag_file: DagFile) -> Iterator[Finding]:
    for deferral in dag_file.inline_deferrals:
        message = f"{deferral.task} {_what(deferral)}, but {deferral.made} has no method to resume in: the task fails"
        yield found(deferral.span, message, symbol=deferral.symbol)


def _what(deferral: InlineDeferral) -> str:
    if deferral.how == "execute":
        what, last = f"defers through {deferral.symbol.rpartition('.')[2]}", "execute"
    elif deferral.how == "raise":
        what, last = "raises TaskDeferred", "TaskDeferred"
    else:
        what, last = "defers", "defer"
    return what + (f" (`{' → '.join((*deferral.through, last))}`)" if deferral.through else "")
