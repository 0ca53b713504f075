"""`deferrable=True` does nothing on this call.

## What it does
Finds calls whose `deferrable=True` has no effect: the class defers only while a wait parameter is on and it is off, or
an argument such as `response_check` keeps it on the worker, or the class takes the flag and never looks at it; and
`.partial(default_args={"deferrable": True})`, which Airflow does not hand to the mapped task.

## Why is this bad?
The task holds its worker slot, or does not wait at all, while the code says that it defers.

## Example
```python
TriggerDagRunOperator(task_id="report", trigger_dag_id="report", deferrable=True)
```

## Use instead
```python
TriggerDagRunOperator(task_id="report", trigger_dag_id="report", wait_for_completion=True, deferrable=True)
```
or no flag, where nothing needs to wait.

## Fix safety
Display-only: whether the wait or the flag is the mistake, only the author knows.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix
from advisor.operators import Operator

SEVERITY = "error"
GROUP = "deferral-misused"
FIX = "display-only"


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.tasks:
        if task.flag_lost_in_partial:
            message = "a mapped task never sees `deferrable` from the `default_args` of `.partial(…)`"
            fix = Fix("display-only", "write `deferrable=True` into `.partial(…)`")
            yield found(task.span, message, symbol=task.symbol, fix=fix)
        elif task.flag_on_call is True and task.takes_flag_argument and task.defers_given_flag is False:
            reason, remedy = _why(task)
            message = f"`deferrable=True` does nothing on this {task.class_name}: {reason}"
            yield found(task.span, message, symbol=task.symbol, fix=Fix("display-only", remedy))
        elif task.flag_on_call is True and task.installed.takes_flag:
            for caveat in task.certain_caveats:
                if caveat.effect == "ends-without-looking":
                    message = f"`deferrable=True` does nothing on this {task.class_name}: {caveat.text}"
                    fix = Fix("display-only", "drop `deferrable=True`")
                    yield found(task.span, message, symbol=task.symbol, fix=fix)
                    break


def _why(task: Operator) -> tuple[str, str]:
    drop = "drop `deferrable=True`"
    if not task.facts.effective:
        return "the class never looks at it", drop
    blocking = task.blocking_conditions
    if not blocking:
        return "as it is called, it never defers", drop
    condition = blocking[0]
    name = condition.argument
    if name in task.facts.wait_parameters:
        return f"it only defers while `{name}` is on", f"turn `{name}` on, or {drop}"
    if condition.operator in ("falsy", "is none", "absent"):
        return f"with `{name}` it stays on the worker", f"do without `{name}`, or {drop}"
    return f"it only defers where `{name}` {_words(condition.operator, condition.value)}", drop


def _words(operator: str, value: object) -> str:
    words = {
        "truthy": "is set",
        "is not none": "is set",
        "present": "is given",
        "isinstance": f"is a {value}",
    }
    return words.get(operator, f"is {operator} {value!r}")
