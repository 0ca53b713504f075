"""Whether a sensor class of the project may give its slot back between pokes: it waits, and remembers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from advisor.flow import Readable
from advisor.syntax import Node, arguments_of, is_async, name_called

_SET_ONCE = frozenset({"__init__", "__repr__", "__str__"})
_ASSIGNMENTS = ("assignment", "augmented_assignment", "delete_statement", "named_expression")
# What changes a list, a set, a dict or a counter in its place.
_CHANGES = frozenset(
    {
        *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft"),
        *("remove", "setdefault", "subtract", "update"),
    }
)


def can_be_rescheduled(file: Readable, methods: Mapping[str, Node]) -> bool:
    """Whether nothing of a poke is needed by the next one, which reschedule mode runs in a process of its own.

    A `poke` that only ever returns True, or a coroutine, waits for nothing and has nothing to give back.
    """
    poke = methods.get("poke")
    if poke is not None and not _may_wait(file, poke):
        return False
    return not any(_keeps(file, method) for name, method in methods.items() if name not in _SET_ONCE)


def _may_wait(file: Readable, poke: Node) -> bool:
    if is_async(poke):
        return False
    returned = [statement.named_children() for statement in file.tree.kinds("return_statement", under=poke)]
    return not returned or any(not values or values[0].kind() != "true" for values in returned)


def _keeps(file: Readable, method: Node) -> bool:
    """Whether a method may change what hangs on `self`."""
    parameters = method.field("parameters")
    first = parameters.named_children()[:1] if parameters is not None else []
    me = first[0].text() if first and first[0].kind() == "identifier" else "self"
    for statement in file.tree.kinds(*_ASSIGNMENTS, under=method):
        if any(_hangs_on(target, me) for target in _targets(statement)):
            return True
    for call in file.tree.kinds("call", under=method):
        name, function = name_called(call), call.field("function")
        if name in ("setattr", "delattr") and any(given.text() == me for given in arguments_of(call)):
            return True
        if name in _CHANGES and function is not None and function.kind() == "attribute":
            holder = function.field("object")
            if holder is not None and _hangs_on(holder, me):
                return True
    return False


def _targets(statement: Node) -> Iterator[Node]:
    if statement.kind() == "delete_statement":
        ahead = statement.named_children()
    else:
        left = statement.field("left") or statement.field("name")
        ahead = [left] if left is not None else []
    for target in ahead:  # grows
        if target.kind() in ("pattern_list", "tuple_pattern", "list_pattern", "expression_list", "tuple"):
            ahead += target.named_children()
        yield target


def _hangs_on(target: Node, me: str) -> bool:
    """Whether a target is an attribute of `me`, or something in one: `self.seen["x"]`."""
    node: Node | None = target
    while node is not None and node.kind() in ("attribute", "subscript"):
        holder = node.field("object") or node.field("value")
        if node.kind() == "attribute" and holder is not None and holder.text() == me:
            return True
        node = holder
    return False
