"""Synchronous calls of the Task SDK in async tasks: what asks Airflow from the event loop, and how it is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.blocking import awaited_tasks
from advisor.catalog.blocking import GET_ASYNC_CONN, SINCE_ASYNC_CONN, blocking_calls
from advisor.catalog.sdk_calls import SdkCall, sdk_call
from advisor.finding import AddAwait, Fix, ReplaceText, Span
from advisor.reached import Reached, reached
from advisor.records import dataclass
from advisor.syntax import COMPREHENSIONS, Node, enclosing, function_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.pythontasks import PythonTask

# What may stand around `await call` without parentheses.
_ROOMY = frozenset(
    {
        "assignment",
        "argument_list",
        "keyword_argument",
        "return_statement",
        "expression_statement",
        "list",
        "tuple",
    }
    | {"pair", "parenthesized_expression", "named_expression", "if_statement", "augmented_assignment", "set"}
    | {"interpolation", "list_comprehension", "for_in_clause", "with_item", "for_statement"}
)
_TIGHT = frozenset({"attribute", "subscript"})
_CLOSED = frozenset({"class_definition", "generator_expression"})


@dataclass(frozen=True, slots=True, eq=False)
class SyncSdkCall:
    """One call that asks Airflow from the event loop of a task, at `span`.

    `name` is as people know it (`BaseHook.get_connection`, `ti.xcom_pull`), `way` how the task comes to it (`load →
    _conn → BaseHook.get_connection`). `instead` is the coroutine that the target version has, "" where it has none.
    """

    way: str
    span: Span
    name: str
    facts: SdkCall
    instead: str
    fix: Fix | None = None


def sync_sdk_calls(dag_file: DagFile) -> list[SyncSdkCall]:
    """The synchronous SDK calls of the file's async tasks, in the order of the text: one for each place.

    Of a task whose function comes from another module it is the first, told where the task is made.
    """
    found: list[SyncSdkCall] = []
    for task in awaited_tasks(dag_file):
        nearest: dict[int, tuple[Reached, SdkCall]] = {}
        for one in reached(dag_file, task.function, task.file):
            facts = _facts(one)
            if facts is None:
                continue
            place = one.site.range().start.index if task.is_local else 0
            known = nearest.setdefault(place, (one, facts))
            if len(one.through) < len(known[0].through):
                nearest[place] = one, facts
        found += [_call(dag_file, task, one, facts) for _, (one, facts) in sorted(nearest.items())]
    return found


def _facts(one: Reached) -> SdkCall | None:
    if one.awaited or not one.paths:
        return None
    known = [sdk_call(path) for path in one.paths]
    if None in known or any(blocking_calls().get(path) is not None for path in one.paths):
        return None
    return known[0]


def _call(dag_file: DagFile, task: PythonTask, one: Reached, facts: SdkCall) -> SyncSdkCall:
    owner = "ti" if facts.owner.endswith(("TaskInstance", "TaskInstanceProtocol")) else facts.owner
    exists = bool(facts.coroutine) and dag_file.target.at_least(*facts.since)
    if facts.coroutine == GET_ASYNC_CONN:
        exists = dag_file.target.provider_at_least(*SINCE_ASYNC_CONN) is not False
    instead = f"{owner}.{facts.coroutine}" if exists else ""
    fix = _awaited(dag_file, one, facts) if exists and task.is_local and not facts.indirect else None
    span = dag_file.tree.span(one.site) if task.is_local else task.span
    name = f"{owner}.{facts.method}"
    way = " → ".join([task.name, *one.through, name]) if one.through or not task.is_local else name
    return SyncSdkCall(way, span, name, facts, instead, fix)


def _awaited(dag_file: DagFile, one: Reached, facts: SdkCall) -> Fix | None:
    """The async form in the place of the sync one, where the call stands in a coroutine of this file."""
    call, function = one.call, one.call.field("function")
    name = function.field("attribute") if function is not None else None
    around, parent = function_of(call), call.parent()
    if one.site != call or function is None or name is None or around is None or parent is None:
        return None
    if not around.text().startswith("async") or _is_lazy(call, around):
        return None
    kind = parent.kind()
    if kind not in _ROOMY and kind not in _TIGHT:
        return None
    changes = (
        AddAwait(dag_file.tree.span(call), kind in _TIGHT),
        ReplaceText(dag_file.tree.span(name), facts.method, facts.coroutine),
    )
    return Fix(
        "unsafe",
        f"Await `{facts.coroutine}` instead of calling `{facts.method}`",
        changes,
        "other coroutines of the task run while it waits for the answer, and `dag.test()` may not know the async form",
    )


def _is_lazy(call: Node, function: Node) -> bool:
    """Whether no `await` may stand at a call: in the body of a class, in a generator expression, which it would make
    an async one, and in a comprehension in another, for which Python 3.10 asks for an async one, too."""
    between = [
        outer
        for outer in enclosing(call, "class_definition", *COMPREHENSIONS)
        if function in outer.ancestors()
    ]
    return len(between) > 1 or any(outer.kind() in _CLOSED for outer in between)
