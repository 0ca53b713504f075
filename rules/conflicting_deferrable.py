"""`deferrable=True` together with an argument that makes the task fail.

## What it does
Finds arguments that can't stand beside the flag: those that make the operator raise when the DAG is parsed or when the
task runs, those that make its trigger loop without pause, and `deferrable` on an `…Async` class, which always defers.

## Why is this bad?
The DAG is an import error, or the task fails each time, or it floods the service that it should wait for.

## Example
```python
DataflowStartFlexTemplateOperator(task_id="start", body=BODY, location="eu", wait_until_finished=True, deferrable=True)
```

## Use instead
```python
DataflowStartFlexTemplateOperator(task_id="start", body=BODY, location="eu", deferrable=True)
```

## Fix safety
Unsafe: the pointless argument is dropped, where it is certain which one that is.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.catalog.record import Alternatives
from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, RemoveKeyword
from advisor.operators import Operator

SEVERITY = "error"
GROUP = "deferral-misused"
FIX = "unsafe"


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.tasks:
        name, facts = task.class_name, task.facts
        fixed = facts.deferral == "always" and (facts.twin_of is not None or facts.gone)
        if fixed and task.arguments.given("deferrable"):
            if task.takes_flag_argument:
                continue  # a class that hands everything on: the flag is accepted, and does nothing
            end = (
                "it fails when it is expanded"
                if task.mapping
                else "Airflow refuses this DAG when it parses it"
            )
            message = f"{name} always defers and takes no `deferrable`: {end}"
            yield found(task.span, message, symbol=task.symbol, fix=_drop(task, "deferrable"))
        elif facts.deferral != "flag" or task.flag is not True or not task.installed.takes_flag:
            continue
        elif task.any_of(facts.ctor_raises):
            at_fault = _only_argument(task, facts.ctor_raises)
            what = f"`{at_fault}`" if at_fault else "these arguments"
            message = f"{name} refuses {what} beside `deferrable=True` when the DAG is parsed"
            yield found(task.span, message, symbol=task.symbol, fix=_drop(task, at_fault))
        elif task.any_of(facts.execute_raises):
            at_fault = _only_argument(task, facts.execute_raises)
            what = f"with `{at_fault}` as it is" if at_fault else "with these arguments"
            message = f"{name} with `deferrable=True` fails each time it runs {what}"
            yield found(task.span, message, symbol=task.symbol)
        else:
            for caveat in task.certain_caveats:
                if caveat.effect == "floods":
                    yield found(
                        task.span, f"{name} with `deferrable=True`: {caveat.text}", symbol=task.symbol
                    )


def _only_argument(task: Operator, alternatives: Alternatives) -> str:
    """The one argument that the alternative which holds is about; "" where it is about more."""
    for alternative in alternatives:
        if all(task.holds(condition) for condition in alternative):
            names = {condition.argument for condition in alternative}
            return next(iter(names)) if len(names) == 1 else ""
    return ""


def _drop(task: Operator, argument: str) -> Fix | None:
    if not argument or task.arguments.node(argument) is None:
        return None
    caveat = "a DAG that did not load will run"
    return Fix("unsafe", f"drop `{argument}`", (RemoveKeyword(task.span, argument),), caveat)
