"""Fixes that more than one rule proposes: turning the deferral on, and exchanging an imported class for another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from advisor.catalog.record import Caveat, ClassFacts
from advisor.finding import ChangeImport, Fix, ReplaceText, Rewrite, SetKeyword
from advisor.folded import MISSING

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.operators import Operator

_RAISES = ("raises-when-parsed", "raises-when-run")
_NEEDS_EXTRA = "needs-extra"
_COUNTED_SINCE_3_3 = ("max_active_tis_per_dag", "max_active_tis_per_dagrun", "task_concurrency")
_EXTRA = re.compile(r"\[([\w-]+)\]")


def turn_on(dag_file: DagFile, task: Operator) -> Fix | None:
    """The fix that makes a task defer: safe, unsafe with its caveat named, display-only, or None."""
    if task.never_fixed or task.defaults_unknown or task.mapping == "expand_kwargs":
        return None
    description = "add `deferrable=True`"
    refused = _refused(task)
    if refused:
        return Fix("display-only", f"{description} and drop `{refused}`, which is refused beside it")
    raising = [caveat.text for caveat in task.caveats if caveat.effect in _RAISES]
    if raising:
        return Fix("display-only", f"{description}, once this is changed: {raising[0]}")
    # What a deferral changes, and that the DAG may not even load, are told both.
    changes, too_old = next(_doubts(dag_file, task), ""), task.installed.doubt
    doubt = f"{changes}; {too_old}" if changes and too_old else changes or too_old
    if task.given_value("mode") == "reschedule":
        description += ' and drop `mode="reschedule"`, which a deferral ignores'
        return Fix("display-only", f"{description}; {doubt}" if doubt else description)
    rewrites = (SetKeyword(task.span, "deferrable", "True"),)
    return Fix("unsafe" if doubt else "safe", description, rewrites, caveat=doubt)


def _doubts(dag_file: DagFile, task: Operator) -> Iterator[str]:
    """What may change once a task defers, besides where it waits."""
    yield from (c.text for c in task.caveats if not has_extra(dag_file, task.facts, c))
    if task.dropped_in_core_2:
        names = ", ".join(f"`{name}`" for name in task.dropped_in_core_2)
        yield f"on Airflow 2 the deferred {task.facts.simple_name} does not obey {names}"
    yield from _times_left(dag_file, task)
    yield from _limits_left(dag_file, task)


def doubt_of_twin(dag_file: DagFile, task: Operator, twin: str) -> str:
    """What may change once a task is made by its class's async twin, besides where it waits; "" where nothing."""
    facts = dag_file.catalog.get(twin)
    caveats = facts.caveats if facts is not None else ()
    changes = (c.text for c in caveats if all(task.holds(condition) is not False for condition in c.when))
    return next(changes, "") or next(_times_left(dag_file, task), "")


def _times_left(dag_file: DagFile, task: Operator) -> Iterator[str]:
    """What becomes of the times that a task is given, once it defers."""
    if task.given_value("execution_timeout") not in (MISSING, None) and dag_file.target.at_least(3):
        yield "on Airflow 3 `execution_timeout` does not cap the time that a task is deferred"
    if (
        task.facts.kind == "sensor"
        and dag_file.target.below(3)
        and task.given_value("timeout") not in (MISSING, None)
        and task.given_value("retries") not in (MISSING, None, 0)
    ):
        yield "before Airflow 3 a deferred sensor whose `timeout` is over is tried again, up to `retries` times"


def _limits_left(dag_file: DagFile, task: Operator) -> Iterator[str]:
    """The limits on how much runs at once that a deferred task is not counted in.

    What a sensor waits for goes on anyway; what an operator has started is what the limit may be for.
    """
    if task.facts.kind == "sensor":
        return
    if task.given_value("pool") not in (MISSING, None, "default_pool"):
        yield "deferred, it holds no slot of its `pool`, unless that pool counts deferred tasks: more may run at once"
    if not dag_file.target.at_least(3, 3):
        for name in _COUNTED_SINCE_3_3:
            if task.given_value(name) not in (MISSING, None):
                yield f"before Airflow 3.3, `{name}` does not count deferred tasks: more may run at once"
    for name in ("max_active_tasks", "concurrency"):
        if task.given_to_dag(name) not in (MISSING, None):
            yield f"the DAG's `{name}` does not count deferred tasks: more may run at once"


def _refused(task: Operator) -> str:
    """The argument of this call that raises, or may raise, once the flag is on; "" where there is none."""
    for alternatives in (task.facts.ctor_raises, task.facts.execute_raises):
        for alternative in alternatives:
            results = {condition.argument: task.holds(condition) for condition in alternative}
            if results and False not in results.values():
                return next(iter(results))
    return ""


def has_extra(dag_file: DagFile, facts: ClassFacts, caveat: Caveat) -> bool:
    """Whether a caveat is only about an extra that the project's requirements show."""
    if caveat.effect != _NEEDS_EXTRA:
        return False
    extra = _EXTRA.search(caveat.text)  # as in apache-airflow-providers-amazon[aiobotocore]
    return extra is not None and dag_file.target.has_extra(facts.provider, extra[1])


def missing_extra(dag_file: DagFile, facts: ClassFacts) -> str:
    """What a deferral of a class needs that the project's requirements do not show, in a sentence; "" if nothing."""
    needed = (caveat for caveat in facts.caveats if caveat.effect == _NEEDS_EXTRA)
    return next((caveat.text for caveat in needed if not has_extra(dag_file, facts, caveat)), "")


def exchange(
    dag_file: DagFile, task: Operator, module: str, name: str, *, keep_name: bool
) -> tuple[tuple[Rewrite, ...], int] | None:
    """The rewrites that make a call one of `module.name`, and how many calls they stand or fall with.

    With `keep_name` the new class is imported under the name that the file uses (an alias), else the call is renamed
    where the file has no alias. None where that can't be done for sure: the name is guarded, used otherwise than
    called, the file has the new name already, the class is the project's own, or another of its modules imports the
    class under a guard.
    """
    if task.derived is not None:
        return None
    if task.function.kind() == "attribute":
        attribute = task.function.field("attribute")
        if attribute is None or dag_file.names.candidates(task.function) != (f"{module}.{attribute.text()}",):
            return None  # a module of the project that hands the class on need not have the other one
        return (ReplaceText(dag_file.tree.span(attribute), attribute.text(), name),), 1
    if len(task.imports) != 1 or task.name_node.text() != task.imports[0].local:
        return None
    imported = task.imports[0]
    if (
        not imported.name
        or imported.guarded
        or dag_file.names.is_rebound(imported.local)
        or len(dag_file.project.origins_of(imported.target, dag_file.path)) > 1
        or task.other_uses()
    ):
        return None
    written = imported.module if dag_file.names.absolute(imported.module) == module else module
    bound = imported.local if keep_name or imported.local != imported.name else name
    if bound != imported.local and dag_file.names.bindings(bound):
        return None
    statement = dag_file.tree.span(imported.statement)
    change = ChangeImport(statement, imported.name, imported.local, written, name, bound)
    calls = len(task.uses())
    if bound == imported.local:
        return (change,), calls
    return (change, ReplaceText(dag_file.tree.span(task.name_node), imported.local, bound)), calls


def group_of(dag_file: DagFile, task: Operator) -> str:
    """The name of the group of fixes that change the same imported name."""
    statement = dag_file.tree.span(task.imports[0].statement) if task.imports else task.span
    return f"{task.name_node.text()}@{statement.start}"
