"""A deprecated `…Async` class stands where an Airflow class takes `deferrable=True`.

## What it does
Finds the deprecated async classes: those of astronomer-providers that an Airflow class with the flag has replaced,
`TimeSensorAsync` and `TimeDeltaSensorAsync` from version 1.3.0 of the standard provider on, and those that other
providers once had (`…AsyncSensor`, `…DeferrableOperator`), also where the installed version has them no more.

## Why is this bad?
astronomer-providers gets no more releases, and its classes are deprecated; those of the standard provider will be
removed too, those of the others are: their import fails after an upgrade. The class that takes their place is kept, and
works with and without deferring. What the old package brought besides (aiobotocore) must then be asked for by name:
the finding says so where the project's requirements do not.

## Example
```python
from astronomer.providers.http.sensors.http import HttpSensorAsync

HttpSensorAsync(task_id="wait", endpoint="/ready", poll_interval=30)
```

## Use instead
```python
from airflow.providers.http.sensors.http import HttpSensor

HttpSensor(task_id="wait", endpoint="/ready", poke_interval=30, deferrable=True)
```

## Fix safety
Safe where both classes do the same with the arguments at hand, unsafe where the finding says what differs, none for the
classes without a replacement and where the imported name is guarded or used otherwise than called.

## References
- https://github.com/astronomer/astronomer-providers
- https://airflow.apache.org/docs/apache-airflow-providers-standard/stable/changelog.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, RenameKeyword, Rewrite, SetKeyword
from advisor.folded import MISSING
from advisor.operators import Operator
from advisor.remedies import exchange, group_of, missing_extra

SEVERITY = "warning"
GROUP = "deferral-missed"
FIX = "safe"


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.tasks:
        if not task.is_legacy:
            continue
        replacement = task.facts.replacement
        if replacement is None:
            message = f"{task.class_name} is deprecated, and no class of Airflow takes its place"
            yield found(task.span, message, symbol=task.symbol)
            continue
        name = replacement.rpartition(".")[2]
        message = (
            f"{task.class_name} is deprecated{_end(task)}; {name} with `deferrable=True` takes its place"
            f"{_extra(dag_file, task, replacement)}"
        )
        yield found(task.span, message, symbol=task.symbol, fix=_fix(dag_file, task, replacement))


def _end(task: Operator) -> str:
    """Since when the class is gone, where it is, as part of a sentence."""
    removed = task.facts.versions.get("removed")
    return f", and gone since {task.facts.provider} {removed}" if removed else ""


def _extra(dag_file: DagFile, task: Operator, replacement: str) -> str:
    """What goes with the old class's package and must be installed in another way, as part of a sentence."""
    facts = dag_file.catalog.get(replacement)
    needed = missing_extra(dag_file, facts) if facts is not None else ""
    if not needed:
        return ""
    moves = facts is not None and facts.provider != task.facts.provider
    return f"; without {task.facts.provider}, {needed}" if moves else f"; {needed}"


def _fix(dag_file: DagFile, task: Operator, replacement: str) -> Fix | None:
    module, _, name = replacement.rpartition(".")
    made = exchange(dag_file, task, module, name, keep_name=False)
    if made is None or task.mapping == "expand_kwargs" or task.defaults_unknown:
        return None
    facts = task.facts
    if any(task.given_value(dropped) is not MISSING for dropped in facts.dropped_parameters):
        return None
    rewrites: list[Rewrite] = list(made[0])
    for old, new in facts.renamed_parameters.items():
        if task.arguments.node(old) is not None:
            if task.arguments.given(new):
                return None
            rewrites.append(RenameKeyword(task.span, old, new))
        elif task.given_value(old) is not MISSING:
            return None  # it comes from a spread or from default_args
    # What the old class did by itself and the new one must be told; how often it looks changes no outcome.
    rewrites += (
        SetKeyword(task.span, implied, repr(value))
        for implied, value in facts.implied_arguments.items()
        if isinstance(value, bool) and task.given_value(implied) is MISSING
    )
    rewrites.append(SetKeyword(task.span, "deferrable", "True"))
    group = group_of(dag_file, task) if made[1] > 1 else ""
    description = f"use `{name}` with `deferrable=True`"
    idle = _idle(dag_file, task, replacement)
    if idle:
        return Fix("display-only", f"{description}, and give it `{idle}`: as it is called, nothing waits")
    differs = task.differs_from_replacement
    if differs:
        return Fix("unsafe", description, tuple(rewrites), differs, group, made[1])
    return Fix("safe", description, tuple(rewrites), "", group, made[1])


def _idle(dag_file: DagFile, task: Operator, replacement: str) -> str:
    """The argument without which neither the old class nor the new one waits for anything here; "" if they do."""
    if task.defers is False:
        return next((condition.argument for condition in task.blocking_conditions), "")
    facts = dag_file.catalog.get(replacement)
    for caveat in facts.caveats if facts is not None else ():
        if caveat.effect == "ends-without-looking" and all(
            task.holds(condition) for condition in caveat.when
        ):
            return caveat.when[0].argument if caveat.when else ""
    return ""
