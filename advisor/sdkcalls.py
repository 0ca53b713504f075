"""Synchronous calls of the Task SDK in async tasks: what asks Airflow from the event loop, and how it is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.catalog.blocking import GET_ASYNC_CONN, SINCE_ASYNC_CONN, blocking_calls
from advisor.catalog.sdk_calls import SdkCall, sdk_call
from advisor.finding import AddAwait, Fix, ReplaceText, Span
from advisor.reached import Reached, reached
from advisor.records import dataclass
from advisor.syntax import Node, enclosing, function_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

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


@dataclass(frozen=True, slots=True, eq=False)
class SyncSdkCall:
    """One call that asks Airflow from the event loop of a task: at `span`, in the task called `task`.

    `name` is as people know it (`BaseHook.get_connection`, `ti.xcom_pull`), `through` the helpers that lead to it.
    `instead` is the coroutine that the target version has, "" where it has none.
    """

    task: str
    span: Span
    name: str
    through: tuple[str, ...]
    facts: SdkCall
    instead: str
    fix: Fix | None = None

    @property
    def way(self) -> str:
        """How the task comes to it: `load → _conn → BaseHook.get_connection`."""
        return " → ".join([self.task, *self.through, self.name]) if self.through else self.name


def sync_sdk_calls(dag_file: DagFile) -> list[SyncSdkCall]:
    """The synchronous SDK calls of the file's async tasks, in the order of the text: one for each place."""
    found: list[SyncSdkCall] = []
    for task in dag_file.async_tasks:
        nearest: dict[int, tuple[Reached, SdkCall]] = {}
        for one in reached(dag_file, task.function):
            facts = _facts(one)
            if facts is None:
                continue
            known = nearest.setdefault(one.site.range().start.index, (one, facts))
            if len(one.through) < len(known[0].through):
                nearest[one.site.range().start.index] = one, facts
        found += [_call(dag_file, task.name, one, facts) for _, (one, facts) in sorted(nearest.items())]
    return found


def _facts(one: Reached) -> SdkCall | None:
    if one.awaited or not one.paths:
        return None
    known = [sdk_call(path) for path in one.paths]
    if None in known or any(blocking_calls().get(path) is not None for path in one.paths):
        return None
    return known[0]


def _call(dag_file: DagFile, task: str, one: Reached, facts: SdkCall) -> SyncSdkCall:
    owner = "ti" if facts.owner.endswith(("TaskInstance", "TaskInstanceProtocol")) else facts.owner
    exists = bool(facts.coroutine) and dag_file.target.at_least(*facts.since)
    if facts.coroutine == GET_ASYNC_CONN:
        exists = dag_file.target.provider_at_least(*SINCE_ASYNC_CONN) is not False
    instead = f"{owner}.{facts.coroutine}" if exists else ""
    fix = _awaited(dag_file, one, facts) if exists and not facts.indirect else None
    return SyncSdkCall(
        task, dag_file.tree.span(one.site), f"{owner}.{facts.method}", one.through, facts, instead, fix
    )


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
        "other coroutines of the task run while it waits for the answer",
    )


def _is_lazy(call: Node, function: Node) -> bool:
    """Whether an `await` at a call would make an async generator of the expression around it."""
    return any(function in outer.ancestors() for outer in enclosing(call, "generator_expression"))
