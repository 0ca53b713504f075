"""Coroutines that a task makes and nobody awaits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from advisor.catalog.concurrency import concurrency
from advisor.catalog.hooks import BASE_HOOK, HookFacts, Hooks
from advisor.catalog.waits import waits
from advisor.contexts import decorator_expressions
from advisor.definitions import is_generator
from advisor.finding import Span
from advisor.mentions import mentions
from advisor.records import dataclass
from advisor.syntax import COMPREHENSIONS, Node, enclosing, function_of, is_async, name_called, name_of
from advisor.walks import Visit, lambda_walks

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

#: what becomes of a coroutine: nothing at all, the task returns it (a sensor: as its verdict), a condition looks at it,
#: or it is taken for the answer
Fate: TypeAlias = Literal["dropped", "returned", "verdict", "tested", "taken"]

_AWAIT = b"await"
_SYNC = "sync"
_MANUAL = re.compile(r"send|throw|close|cr_\w+|__await__|add_done_callback|cancel")
# Decorators under which a coroutine function is still one.
_HARMLESS = re.compile(
    r"(?:\w+\.)*(?:staticmethod|classmethod|override|wraps|retry\w*|backoff\.\w+|on_exception)\b"
)
_CONDITIONS = frozenset(
    {
        "if_statement",
        "elif_clause",
        "while_statement",
        "not_operator",
        "conditional_expression",
        "assert_statement",
    }
)


@dataclass(frozen=True, slots=True)
class Unawaited:
    """A call that makes a coroutine which is never awaited.

    `call` is the call as it is written, `span` where it is shown in the DAG file, `through` the functions that lead to
    it. `hook` is the hook that it is a method of, `method` the method's name. `name` is what is called, as written.
    `may_be_async` says that Airflow would await the task, if it were an `async def`.
    `can_await` says that `await` may be put before the call as it stands; `in_parentheses` that it then needs some.
    `loop_bound` is the simple name of the client that it asks, where synchronous code can't make one; else "".
    `task` is the task's name, `is_async` whether it is an `async def`; `kind` tells an async generator and an async
    context from a coroutine.
    """

    call: Span
    span: Span
    name: str
    fate: Fate
    task: str
    is_async: bool
    kind: Literal["coroutine", "generator", "context"] = "coroutine"
    hook: HookFacts | None = None
    method: str = ""
    through: tuple[str, ...] = ()
    may_be_async: bool = False
    can_await: bool = False
    in_parentheses: bool = False
    loop_bound: str = ""


def find_unawaited(dag_file: DagFile) -> list[Unawaited]:
    """The coroutines that the file's tasks make and nobody awaits, in the order of the text, each once.

    Async tasks count from Airflow 3.2 on: none is awaited before.
    """
    if not _may_make_any(dag_file):
        return []
    found: dict[int, Unawaited] = {}
    for walk in [*dag_file.walks, *lambda_walks(dag_file)]:
        if walk.task.is_async and not (walk.task.is_awaited and dag_file.target.at_least(3, 2)):
            continue
        for visit in walk.visits.values():
            for one in _of_visit(dag_file, visit):
                found.setdefault(one.span.start, one)
    return sorted(found.values(), key=lambda one: one.span.start)


def _may_make_any(dag_file: DagFile) -> bool:
    """Whether the file holds a word that coroutines go with, or a name that leads to one of the project's."""
    table, text = concurrency(), dag_file.tree.text
    # Nearly all of the words have "sync" in them, and most files hold nothing of it.
    words = table.coroutine_words if _SYNC in text else (w for w in table.coroutine_words if _SYNC not in w)
    names = dag_file.tree.occurrences.keys()
    if any(word in text for word in words) or not names.isdisjoint(table.quiet_hooks):
        return True
    return not names.isdisjoint(map(bytes.decode, mentions(dag_file.project, _AWAIT).behind(dag_file)))


def _of_visit(dag_file: DagFile, visit: Visit) -> Iterator[Unawaited]:
    for call in visit.calls:
        fate = _fate(visit, call)
        if fate is None or (
            fate == "returned" and (visit.is_async or visit.function != visit.walk.task.function)
        ):
            continue  # who calls an inner function may await what it returns
        made = _makes(visit, call)
        if made is None:
            continue
        kind, hook = made
        if fate != "dropped" and kind != "coroutine":
            continue  # `async with` and `async for` may come later
        if fate == "returned" and visit.walk.task.flavour in ("sensor", "poke"):
            fate = "verdict"
        function = call.field("function") or call
        tree = dag_file.tree
        yield Unawaited(
            visit.file.tree.span(call),
            tree.span(call) if visit.is_local else visit.span(call),
            function.text() if "\n" not in function.text() else name_called(call),
            fate,
            visit.walk.task.name,
            visit.walk.task.is_async,
            kind,
            hook,
            name_called(call),
            visit.through,
            visit.walk.task.is_awaited and dag_file.target.at_least(3, 2),
            visit.is_local and visit.is_async and kind == "coroutine" and _may_await(call),
            _needs_parentheses(call),
            "" if visit.walk.task.is_async or hook is not None else _loop_bound(visit, call),
        )


# -- what makes a coroutine


def _makes(
    visit: Visit, call: Node
) -> tuple[Literal["coroutine", "generator", "context"], HookFacts | None] | None:
    """What a call gives that has to be awaited, and the hook that it is a method of; None for anything else."""
    function = call.field("function")
    if function is None:
        return None
    found = visit.walk.definitions.function(visit.file, function)
    if found is not None:
        decorated = any(
            not _HARMLESS.match(expression.text()) for expression in decorator_expressions(found.node)
        )
        if not is_async(found.node) or decorated:
            return None
        return ("generator" if is_generator(found.file, found.node) else "coroutine"), None
    if any(path in concurrency().coroutine_functions for path in visit.file.names.candidates(function)):
        return "coroutine", None
    method = function.field("attribute") if function.kind() == "attribute" else None
    holder = function.field("object") if method is not None else None
    if method is None or holder is None:
        return None
    name = method.text()
    own = visit.walk.definitions.owner(visit.file, holder)
    if own is not None and visit.walk.definitions.has_method(own, name):
        return None  # the project's own class has a method of that name
    hook = visit.hook(holder)
    if hook is not None and name in _async_methods(hook):
        if name in hook.async_contexts:
            return "context", hook
        return ("generator" if name in hook.async_generators else "coroutine"), hook
    if hook is None:
        for path in visit.classes(holder):
            if path in waits().clients and name in waits().clients[path].requests:
                return ("context" if name == "stream" else "coroutine"), None
    return None


def _loop_bound(visit: Visit, call: Node) -> str:
    """The simple name of the client whose request a call is, where it can only be made in a running event loop."""
    function = call.field("function")
    holder = function.field("object") if function is not None and function.kind() == "attribute" else None
    bound = concurrency().loop_bound
    paths = visit.classes(holder) if holder is not None else ()
    return next((path.rpartition(".")[2] for path in paths if path in bound), "")


def _async_methods(hook: HookFacts) -> tuple[str, ...]:
    base = Hooks.load().get(BASE_HOOK)
    return (*hook.async_methods, *(base.async_methods if base is not None else ()))


# -- what becomes of it


def _fate(visit: Visit, call: Node) -> Fate | None:
    """What becomes of what a call gives; None where it is awaited, handed on or kept, or may be."""
    node, parent = _outside(call)
    if parent is None:
        return None
    kind = parent.kind()
    if kind in COMPREHENSIONS and parent.field("body") == node:
        outer = parent.parent()
        return "dropped" if outer is not None and outer.kind() == "expression_statement" else None
    if kind == "expression_statement":
        return "dropped"
    if kind == "return_statement" or (kind == "lambda" and parent.field("body") == node):
        return "returned"
    if kind == "assignment":
        left = parent.field("left")
        if left is None or parent.field("right") != node:
            return None
        if left.kind() in ("pattern_list", "tuple_pattern", "list_pattern"):
            return "taken"
        outer = parent.parent()
        if left.kind() != "identifier" or outer is None or outer.kind() != "expression_statement":
            return None
        return _fate_of_name(visit, left)
    if not _is_taken(node, parent):
        return None
    return "tested" if kind in _CONDITIONS else "taken"


def _fate_of_name(visit: Visit, name: Node) -> Fate | None:
    """What becomes of a coroutine that is given a name: "taken" where each use takes it for the answer."""
    scopes = visit.file.names.bindings(name.text())
    bindings = [binding for group in scopes.values() for binding in group if binding.node == name]
    if len(bindings) != 1 or len(scopes[bindings[0].scope]) != 1 or bindings[0].scope != visit.function:
        return None
    uses = [
        used
        for used in visit.file.names.references(name.text())
        if any(binding.node == name for binding in visit.file.names.lookup(used))
    ]
    if not uses:
        return "dropped"
    for used in uses:
        node, parent = _outside(used)
        if parent is None:
            return None
        returned = parent.kind() == "return_statement" and visit.function == visit.walk.task.function
        if returned and not visit.is_async and function_of(used) == visit.function:
            if len(uses) == 1:
                return "returned"
            continue
        if not _is_taken(node, parent):
            return None
    return "taken"


def _is_taken(node: Node, parent: Node) -> bool:
    """Whether a coroutine is used here as if it were the answer: `.json()`, `["key"]`, `for`, `if`, an f-string."""
    kind = parent.kind()
    if kind == "attribute":
        attribute = parent.field("attribute")
        return (
            parent.field("object") == node and attribute is not None and not _MANUAL.match(attribute.text())
        )
    if kind == "subscript":
        return parent.field("value") == node
    if kind in ("for_statement", "for_in_clause"):
        first = parent.child(0)
        return parent.field("right") == node and first is not None and first.kind() != "async"
    if kind in _CONDITIONS:
        named = parent.named_children()
        return kind != "conditional_expression" or (len(named) == 3 and named[1] == node)
    return kind in ("interpolation", "comparison_operator") and not any(
        child.kind() == "none" for child in parent.named_children()
    )


def _outside(node: Node) -> tuple[Node, Node | None]:
    """A node with the parentheses around it, and what these stand in."""
    parent = node.parent()
    while parent is not None and parent.kind() == "parenthesized_expression":
        node, parent = parent, parent.parent()
    return node, parent


def _may_await(call: Node) -> bool:
    """Whether `await` may stand before a call where it is: not in a comprehension, a default, a text."""
    function = function_of(call)
    if function is None or not is_async(function) or name_of(function) == "":
        return False
    body = function.field("body")
    if body is None or body.range().start.index > call.range().start.index:
        return False
    around = next(
        enclosing(call, *COMPREHENSIONS, "interpolation", "class_definition", "function_definition"), None
    )
    return around == function


def _needs_parentheses(call: Node) -> bool:
    """Whether `await call` has to stand in parentheses: before `.json()` and `["key"]`."""
    parent = call.parent()
    return parent is not None and parent.kind() in ("attribute", "subscript", "call")
