"""What an awaited call does: sends a request through a known client or hook, or runs a coroutine of the project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from advisor.catalog.concurrency import concurrency
from advisor.catalog.waits import waits
from advisor.definitions import Found
from advisor.records import dataclass
from advisor.syntax import (
    Node,
    arguments_of,
    enclosing,
    function_of,
    is_async,
    keyword_parts,
    name_called,
    strip_parentheses,
)
from advisor.walks import Visit

Doing: TypeAlias = Literal["request", "own", "pause", "method", "unknown"]

# Contexts and calls around an awaited call that don't change what it does.
_WRAPPERS = frozenset({"wait_for", "shield", "create_task", "ensure_future"})
_BODY_READERS = frozenset({"json", "text", "read", "aread", "raise_for_status", "release"})
_OPENING = frozenset(
    {"get_conn", "get_async_conn", "close", "aclose", "get_token", "get_sync_hook", "refresh_conn"}
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """One call as an awaited one: `path` is the dotted name of the client's or hook's class, or of the function.

    "request": through a client or hook that the catalog knows. "own": a coroutine of the project, `found`. "pause": a
    function of the standard library that waits. "method": of an object of the task that is not known any better.
    """

    doing: Doing
    call: Node
    path: str = ""
    found: Found | None = None


def inner_call(call: Node) -> Node:
    """The call inside of `asyncio.wait_for(call, …)`, `create_task(call)`, …"""
    for _ in range(3):
        inner = [argument for argument in arguments_of(call) if keyword_parts(argument) is None][:1]
        if name_called(call) not in _WRAPPERS or not inner or strip_parentheses(inner[0]).kind() != "call":
            break
        call = strip_parentheses(inner[0])
    return call


def awaited(visit: Visit, call: Node) -> Awaited:
    """What a call does once it is awaited (or entered)."""
    call = inner_call(call)
    function = call.field("function")
    if function is None:
        return Awaited("unknown", call)
    found = visit.walk.definitions.function(visit.file, function)
    if found is not None:
        return Awaited("own" if is_async(found.node) else "unknown", call, "", found)
    paths = visit.file.names.candidates(function)
    for path in paths:
        if path in waits().request_functions:
            return Awaited("request", call, path)
        if path in concurrency().coroutine_functions:
            return Awaited("pause", call, path)
    method = function.field("attribute") if function.kind() == "attribute" else None
    holder = function.field("object") if method is not None else None
    if method is None or holder is None:
        return Awaited("unknown", call)
    client = visit.client(holder)
    hook = visit.hook(holder)
    if (client is not None and method.text() in client.requests) or (
        hook is not None
        and method.text() in hook.async_methods
        and method.text() not in (*hook.async_contexts, *hook.async_generators, *_OPENING)
        and not method.text().startswith("_")
    ):
        known = visit.classes(holder)
        return Awaited("request", call, hook.name if hook is not None else known[0] if known else "")
    for known_client in concurrency().clients:  # `client.chat.completions.create(…)`
        if any(path.startswith(f"{known_client}.") for path in visit.classes(holder)):
            return Awaited("method", call, known_client)
    return Awaited("unknown" if paths or client is not None else "method", call)


def awaits_of(visit: Visit, under: Node) -> Iterator[tuple[Node, Node]]:
    """What the visit's function awaits or enters below a node: the `await` or `with` item, and its operand."""
    for node in visit.file.tree.kinds("await", "with_statement", under=under):
        if function_of(node) != visit.function:
            continue
        children = node.children()
        if node.kind() == "await":
            if len(children) > 1:
                yield node, strip_parentheses(children[-1])
        elif children and children[0].kind() == "async":
            yield from ((item, value) for item, value in with_items(node))


def with_items(statement: Node) -> Iterator[tuple[Node, Node]]:
    """The items of a `with` statement, and what each enters."""
    for item in statement.find_all({"rule": {"kind": "with_item"}}):
        value = item.field("value")
        if value is not None and next(enclosing(item, "with_statement"), None) == statement:
            yield (
                item,
                strip_parentheses((value.child(0) or value) if value.kind() == "as_pattern" else value),
            )


def reads_body(visit: Visit, operand: Node) -> bool:
    """Whether an awaited call only reads the body of a response that has come: `response.json()`."""
    return operand.kind() == "call" and name_called(operand) in _BODY_READERS
