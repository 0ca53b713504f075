"""TaskFlow decorators: those that are given `deferrable`, and `@task.sensor(…)`, which makes a sensor like a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.catalog.callables import callables
from advisor.finding import Span
from advisor.operators import Operator
from advisor.records import dataclass
from advisor.syntax import Node, enclosing, is_async, name_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile


@dataclass(frozen=True, slots=True)
class TaskDecorator:
    """One `@task…(…, deferrable=…)`; `flavour` is "" for `@task`, "sensor" for `@task.sensor`."""

    flavour: str
    span: Span

    @property
    def gives_flag_in_vain(self) -> bool:
        """Whether the decorator does not take the flag."""
        return self.flavour not in callables().with_flag


def find_decorators(dag_file: DagFile) -> list[TaskDecorator]:
    """The decorators of tasks that are given the flag, in the order of the text."""
    if "deferrable" not in dag_file.tree.text or "task" not in dag_file.tree.text:
        return []
    found: list[TaskDecorator] = []
    rule = {"kind": "function_definition", "follows": {"kind": "decorator", "regex": r"\bdeferrable\b"}}
    for function in dag_file.tree.matching(rule):
        flavour = dag_file.contexts.task_flavour(function)
        if flavour is None:
            continue
        for _, expression in dag_file.contexts.decorators(function):
            if expression.kind() == "call" and Arguments(expression, dag_file.values).given("deferrable"):
                found.append(TaskDecorator(flavour, dag_file.tree.span(expression)))
    return found


class DecoratedSensor(Operator):
    """A sensor that `@task.sensor(…)` makes of a function; `call` is what stands behind the `@`."""

    @property
    def class_name(self) -> str:
        """The decorator, as it is written."""
        return f"`@{self.function.text()}`"

    @property
    def doubtful(self) -> bool:
        """Whether arguments may come from where they can't be seen: the `default_args` of the DAG that calls it."""
        given = self.arguments.given("mode") and self.arguments.given("poke_interval")
        return super().doubtful or not (self._makers or given)


def find_sensors(dag_file: DagFile) -> list[Operator]:
    """The sensors that `@task.sensor(…)` makes, in the order of the text; those that nothing calls make none."""
    if ".sensor(" not in dag_file.tree.text:
        return []
    facts = dag_file.catalog.get(callables().decorated_sensor)
    if facts is None:
        return []
    found: list[Operator] = []
    rule = {"kind": "function_definition", "follows": {"kind": "decorator", "regex": r"\.sensor\("}}
    for function in dag_file.tree.matching(rule):
        if is_async(function) or dag_file.contexts.task_flavour(function) != "sensor":
            continue  # of a coroutine another rule tells that Airflow does not await it
        if not _is_called(dag_file, function):
            continue
        for _, expression in dag_file.contexts.decorators(function):
            called = expression.field("function") if expression.kind() == "call" else None
            holder = called.field("object") if called is not None else None
            # With the flag Airflow refuses the DAG: another rule speaks.
            if called is not None and holder is not None and "deferrable" not in expression.text():
                found.append(DecoratedSensor(dag_file, facts, facts.name, holder, called, expression))
                break
    return found


def _is_called(dag_file: DagFile, function: Node) -> bool:
    """Whether a function makes a task, with the arguments of its decorator: it is called here, or others may do so."""
    name = name_of(function)
    if f"{name}.override" in dag_file.tree.text:
        return False
    own = any(dag_file.contexts.holders(function)) or any(enclosing(function, "function_definition"))
    return not own or len(dag_file.tree.occurrences.get(name, ())) > 1
