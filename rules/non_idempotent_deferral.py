"""A deferred request that may be sent twice.

## What it does
Finds deferring operators that send a request which is not idempotent from the trigger: POST or PATCH, explicitly or
because it is the operator's default.

## Why is this bad?
A trigger may run more than once: Airflow moves it to another triggerer when one is lost or restarted, and runs it there
from the start. An order is placed twice, a job started twice.

## Example
```python
HttpOperator(task_id="order", endpoint="/orders", data=ORDER, deferrable=True)
```

## Use instead
```python
HttpOperator(task_id="order", endpoint="/orders", data=ORDER)
```
or an endpoint that recognises a repeated request: nothing is said where `headers` hold a key such as `Idempotency-Key`.

## Fix safety
There is no fix: whether the service can tell, only the author knows.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding
from advisor.operators import Operator

SEVERITY = "advice"
GROUP = "deferral-misused"
FIX = "none"

_LONGEST = 40  # characters of an endpoint that a message shows


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.tasks:
        if task.flag is True and task.defers and not task.repeats_are_recognised:
            caveats = [caveat for caveat in task.certain_caveats if caveat.effect == "not-idempotent"]
            if caveats:
                # A method that is not passed is POST too: the caveat about the default, the last one, says more.
                message = f"{task.class_name} defers: {caveats[-1].text.removeprefix('deferred, ')}; {_remedy(task)}"
                yield found(task.span, message, symbol=task.symbol)


def _remedy(task: Operator) -> str:
    from_worker = f"{task.flag_turned_off} to do it from the worker"
    if task.facts.parameter("headers") is None:
        return from_worker
    endpoint = task.given_value("endpoint")
    service = f"`{endpoint}`" if isinstance(endpoint, str) and len(endpoint) <= _LONGEST else "the service"
    return f"{from_worker}, or send an `Idempotency-Key` in `headers` if {service} honours it"
