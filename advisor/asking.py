"""What a coroutine awaits, and the request that a call sends: which operator could wait for the answer instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from advisor.catalog.waits import Client, waits
from advisor.catalog.waits import client as client_named
from advisor.flow import Readable
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, enclosing, keyword_parts, strip_parentheses

# What a method's name or first argument says about sending the same request twice.
_NOT_REPEATABLE = frozenset({"post", "patch"})


@dataclass(frozen=True, slots=True)
class Request:
    """One awaited request, at `call`; `operator` is the dotted name of the operator that can defer the same request.

    `repeatable` is false where sending it twice may do its work twice (POST, PATCH).
    """

    call: Node
    operator: str
    repeatable: bool = True


def request_of(
    file: Readable,
    awaited: Node,
    client: Callable[[Node], Client | None] | None = None,
    fold: Callable[[Node], object] | None = None,
) -> Request | None:
    """The request that a call sends; None where it sends none, or none that an operator could.

    `client` tells what an expression is an object of, `fold` what it is worth, where somebody knows more than the file.
    """
    function = awaited.field("function") if awaited.kind() == "call" else None
    if function is None:
        return None
    table, fold = waits(), fold or file.values.fold
    if any(path in table.request_functions for path in file.names.candidates(function)):
        return Request(awaited, table.http_operator, _repeatable(fold, "request", awaited))
    method, holder = function.field("attribute"), function.field("object")
    if method is None or holder is None:
        return None
    known = client(holder) if client is not None else client_of(file, holder)
    if known is None or method.text() not in known.requests or known.operator is None:
        return None
    return Request(awaited, known.operator, _repeatable(fold, method.text(), awaited))


def client_of(file: Readable, node: Node, depth: int = 0) -> Client | None:
    """What the catalog knows of the client that an expression is an object of."""
    if depth > 3:
        return None
    if node.kind() == "identifier":
        bindings = file.names.lookup(node)
        if len(bindings) != 1 or bindings[0].value is None or bindings[0].kind not in ("assign", "with"):
            return None
        return client_of(file, bindings[0].value, depth + 1)
    function = node.field("function") if node.kind() == "call" else None
    if function is None:
        return None
    for path in file.names.candidates(function):
        client = client_named(path)
        if client is not None:
            return client
    method, holder = function.field("attribute"), function.field("object")
    if method is not None and holder is not None:  # `async with hook.session() as session`
        client = client_of(file, holder, depth + 1)
        if client is not None and method.text() in client.sessions:
            return client
    return None


def asked(file: Readable, function: Node) -> Iterator[tuple[Node, Node]]:
    """What a coroutine awaits: the operand of each `await`, and the contexts that each `async with` enters."""
    for node in file.tree.kinds("await", "with_statement", "for_statement", "for_in_clause", under=function):
        children = node.children()
        if node.kind() == "await":
            if len(children) > 1:
                yield node, unwrapped(file, strip_parentheses(children[-1]))
        elif children and children[0].kind() == "async":
            if node.kind() != "with_statement":
                yield node, node
                continue
            for item in file.tree.kinds("with_item", under=node):
                value = item.field("value")
                if value is not None and next(enclosing(item, "with_statement"), None) == node:
                    yield item, (value.child(0) or value) if value.kind() == "as_pattern" else value


def unwrapped(file: Readable, awaited: Node) -> Node:
    """The awaited call inside of `asyncio.wait_for(call, …)`."""
    function = awaited.field("function") if awaited.kind() == "call" else None
    if function is not None and "asyncio.wait_for" in file.names.candidates(function):
        inner = [argument for argument in arguments_of(awaited) if keyword_parts(argument) is None]
        if inner and inner[0].kind() == "call":
            return inner[0]
    return awaited


def is_timeout(file: Readable, awaited: Node) -> bool:
    """Whether a call bounds how long what it holds may take."""
    function = awaited.field("function") if awaited.kind() == "call" else None
    return function is not None and any(path in waits().timeouts for path in file.names.candidates(function))


def _repeatable(fold: Callable[[Node], object], method: str, call: Node) -> bool:
    if method != "request":
        return method not in _NOT_REPEATABLE
    given = [(keyword_parts(argument), argument) for argument in arguments_of(call)]
    first = next((argument for keyword, argument in given if keyword is None), None)
    named = next((keyword[1] for keyword, _ in given if keyword is not None and keyword[0] == "method"), None)
    written = named or first
    verb = fold(written) if written is not None else None
    return not (isinstance(verb, str) and verb.lower() in _NOT_REPEATABLE)
