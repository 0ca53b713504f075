"""The requests that a coroutine sends: through which client, and which operator could wait for the answer instead."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.catalog.waits import Client, waits
from advisor.catalog.waits import client as client_named
from advisor.flow import Readable, loop_around
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, enclosing, function_of, keyword_parts, strip_parentheses

_COMPREHENSIONS = (
    "list_comprehension",
    "set_comprehension",
    "dictionary_comprehension",
    "generator_expression",
)
_BODY_READERS = frozenset({"json", "text", "read", "aread", "aclose", "close", "raise_for_status", "release"})
_CLOSERS = frozenset({"close", "aclose"})
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


def single_request(file: Readable, function: Node) -> Request | None:
    """The only request of a coroutine, where it awaits one, once, and nothing else; None otherwise."""
    requests: list[Request] = []
    for node, awaited in _asked(file, function):
        request = request_of(file, awaited)
        if request is not None:
            if _repeated(node, function):
                return None
            requests.append(request)
        elif not (client_of(file, awaited) or _is_timeout(file, awaited) or _reads_body(file, awaited)):
            return None
    return requests[0] if len(requests) == 1 else None


def _asked(file: Readable, function: Node) -> Iterator[tuple[Node, Node]]:
    """What a coroutine awaits: the operand of each `await`, and the contexts that each `async with` enters."""
    for node in file.tree.kinds("await", "with_statement", "for_statement", "for_in_clause", under=function):
        children = node.children()
        if node.kind() == "await":
            if len(children) > 1:
                yield node, _unwrapped(file, strip_parentheses(children[-1]))
        elif children and children[0].kind() == "async":
            if node.kind() != "with_statement":
                yield node, node
                continue
            for item in file.tree.kinds("with_item", under=node):
                value = item.field("value")
                if value is not None and next(enclosing(item, "with_statement"), None) == node:
                    yield item, (value.child(0) or value) if value.kind() == "as_pattern" else value


def _unwrapped(file: Readable, awaited: Node) -> Node:
    """The awaited call inside of `asyncio.wait_for(call, …)`."""
    function = awaited.field("function") if awaited.kind() == "call" else None
    if function is not None and "asyncio.wait_for" in file.names.candidates(function):
        inner = [argument for argument in arguments_of(awaited) if keyword_parts(argument) is None]
        if inner and inner[0].kind() == "call":
            return inner[0]
    return awaited


def request_of(file: Readable, awaited: Node) -> Request | None:
    """The request that a call sends; None where it sends none, or none that an operator could."""
    function = awaited.field("function") if awaited.kind() == "call" else None
    if function is None:
        return None
    table = waits()
    if any(path in table.request_functions for path in file.names.candidates(function)):
        return Request(awaited, table.http_operator, _repeatable(file, "request", awaited))
    method, holder = function.field("attribute"), function.field("object")
    client = client_of(file, holder) if method is not None and holder is not None else None
    if client is None or method is None or method.text() not in client.requests or client.operator is None:
        return None
    return Request(awaited, client.operator, _repeatable(file, method.text(), awaited))


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


def _repeatable(file: Readable, method: str, call: Node) -> bool:
    if method != "request":
        return method not in _NOT_REPEATABLE
    first = next((argument for argument in arguments_of(call) if keyword_parts(argument) is None), None)
    verb = file.values.fold(first) if first is not None else None
    return not (isinstance(verb, str) and verb.lower() in _NOT_REPEATABLE)


def _reads_body(file: Readable, awaited: Node) -> bool:
    """Whether an awaited call reads the body of a response that the coroutine has, or closes its client."""
    function = awaited.field("function") if awaited.kind() == "call" else None
    method = function.field("attribute") if function is not None else None
    holder = function.field("object") if function is not None and method is not None else None
    if holder is None or method is None or method.text() not in _BODY_READERS:
        return False
    holder = strip_parentheses(holder)
    if method.text() in _CLOSERS and client_of(file, holder) is not None:
        return True
    if holder.kind() == "identifier":
        bindings = file.names.lookup(holder)
        if len(bindings) != 1 or bindings[0].value is None:
            return False
        holder = strip_parentheses(bindings[0].value)
    if holder.kind() == "await":
        holder = strip_parentheses(holder.children()[-1])
    return request_of(file, _unwrapped(file, holder)) is not None


def _is_timeout(file: Readable, awaited: Node) -> bool:
    function = awaited.field("function") if awaited.kind() == "call" else None
    return function is not None and any(path in waits().timeouts for path in file.names.candidates(function))


def _repeated(node: Node, function: Node) -> bool:
    if loop_around(node) is not None or function_of(node) != function:
        return True
    return next(enclosing(node, *_COMPREHENSIONS), None) is not None
