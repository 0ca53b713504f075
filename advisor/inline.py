"""Deferrals from inside of a function that Airflow runs as a task, which it cannot resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from advisor.arguments import Arguments
from advisor.finding import Span
from advisor.reached import Reached, reached
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, enclosing, keyword_parts, strip_parentheses
from advisor.waiters import can_defer

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.flow import Readable

How: TypeAlias = Literal["defer", "raise", "execute"]

_DEFERRED = "TaskDeferred"
_WORDS = (".defer(", _DEFERRED)


@dataclass(frozen=True, slots=True)
class InlineDeferral:
    """A deferral in a TaskFlow function or a PythonOperator's callable.

    `how`: `….defer(…)`, `raise TaskDeferred(…)` or the `execute` of an operator that defers, whose dotted name is
    `symbol`. `task` is the name of the task's function, `made` what made it one ("@task", "PythonOperator"), `through`
    are the helpers that lead to the deferral.
    """

    span: Span
    how: How
    task: str
    made: str
    through: tuple[str, ...]
    symbol: str = ""


def find_inline_deferrals(dag_file: DagFile) -> list[InlineDeferral]:
    """The deferrals in the file's task functions and in what they call, in the order of the text."""
    text = dag_file.tree.text
    # What runs an operator by hand holds one that is no task; a helper elsewhere is not looked for by itself.
    by_hand = ".execute(" in text and any(one.defers and not one.is_task for one in dag_file.operators)
    if not by_hand and not any(word in text for word in _WORDS):
        return []
    found: dict[int, InlineDeferral] = {}
    for task in dag_file.python_tasks:
        if task.kind == "method" or not task.is_airflows:
            continue
        for call in reached(dag_file, task.function, task.file):
            told = _deferral(dag_file, call)
            if told is not None and not _is_caught(call.call):
                span = dag_file.tree.span(call.site) if task.is_local else task.span
                deferral = InlineDeferral(span, told[0], task.name, task.how, call.through, told[1])
                found.setdefault(span.start, deferral)
    return [found[start] for start in sorted(found)]


def _deferral(dag_file: DagFile, call: Reached) -> tuple[How, str] | None:
    if call.method == "defer":
        return ("defer", "") if _is_defer(call) else None
    parent = call.call.parent()
    if parent is not None and parent.kind() == "raise_statement":
        is_deferred = any(path.rpartition(".")[2] == _DEFERRED for path in call.paths)
        return ("raise", "") if is_deferred else None
    if call.method == "execute":
        symbol = _executed(dag_file, call)
        return ("execute", symbol) if symbol else None
    return None


def _is_defer(call: Reached) -> bool:
    """Whether `….defer(…)` is Airflow's, by its arguments, and not a method of the project's own."""
    keywords = {parts[0] for node in arguments_of(call.call) if (parts := keyword_parts(node)) is not None}
    return {"trigger", "method_name"} <= keywords and all(path.startswith("airflow.") for path in call.paths)


def _executed(dag_file: DagFile, call: Reached) -> str:
    """The operator, by its dotted name, whose `execute` a call runs, where it is certain that it defers; else ""."""
    function = call.call.field("function")
    holder = function.field("object") if function is not None else None
    made = _made(call.file, holder) if holder is not None else None
    if made is None:
        return ""
    if call.file is dag_file:
        for operator in dag_file.operators:
            if operator.call == made:
                return operator.symbol if operator.defers and not operator.doubtful else ""
        return ""
    called = made.field("function")
    paths = call.file.names.candidates(called) if called is not None else ()
    facts = dag_file.catalog.get(paths[0]) if len(paths) == 1 else None
    if facts is None or not can_defer(dag_file, facts.name):
        return ""
    given = Arguments(made, call.file.values)
    sure = facts.deferral == "always" and not any(facts.defers_when)
    flagged = given.value("deferrable") is True and not facts.needs_wait_parameter
    return facts.name if sure or flagged else ""


def _made(file: Readable, holder: Node) -> Node | None:
    """The call that made an object: in place, or the only value of a local name."""
    holder = strip_parentheses(holder)
    if holder.kind() == "identifier":
        bindings = file.names.lookup(holder)
        value = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
        holder = strip_parentheses(value) if value is not None else holder
    return holder if holder.kind() == "call" else None


def _is_caught(call: Node) -> bool:
    """Whether the code around a deferral catches it: it knows what it does."""
    for around in enclosing(call, "try_statement", "function_definition"):
        if around.kind() == "function_definition":
            return False
        body = around.field("body")
        inside = (
            body is not None and body.range().start.index <= call.range().start.index < body.range().end.index
        )
        handlers = [child.text() for child in around.children() if child.kind().startswith("except")]
        if inside and any(_DEFERRED in text or "BaseException" in text for text in handlers):
            return True
    return False
