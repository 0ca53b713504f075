"""Coroutines that a task starts: whether it waits for them, and what it gives to their parameters."""

from __future__ import annotations

from advisor.flow import Readable
from advisor.syntax import Node, arguments_of, function_of, keyword_parts, name_of

_STARTERS = frozenset({"create_task", "ensure_future", "start_soon"})


def is_driven(file: Readable, call: Node) -> bool:
    """Whether the task waits for a coroutine that it calls: awaits it, gathers it, or runs it in a group."""
    function = function_of(call)
    for ancestor in call.ancestors():
        if ancestor == function:
            return False
        if ancestor.kind() == "await":
            return is_waited_for(file, call)
        if ancestor.kind() == "call" and _method(ancestor) in _STARTERS:
            return is_waited_for(file, call)
    return False


def is_waited_for(file: Readable, node: Node) -> bool:
    """Whether what starts a coroutine also waits for it; a heartbeat beside the work is cancelled or forgotten."""
    statement, starter = node, None
    for ancestor in node.ancestors():
        if ancestor.kind() == "call" and _method(ancestor) in _STARTERS and starter is None:
            starter = ancestor
        if ancestor.kind() in ("assignment", "expression_statement"):
            statement = ancestor
            break
        if ancestor.kind() in ("block", "module", "function_definition"):
            break
    if starter is None:
        return True
    function = starter.field("function")
    group = function.field("object") if function is not None else None
    if statement.kind() == "assignment":
        target = statement.field("left")
        return target is None or not _is_cancelled(file, target)
    if group is not None and _is_group(file, group):
        return not _is_cancelled(file, group)
    forgotten = statement.kind() == "expression_statement" and statement.named_children()[:1] == [starter]
    return not forgotten


def _is_group(file: Readable, node: Node) -> bool:
    if node.kind() != "identifier":
        return False
    return any(binding.kind == "with" for binding in file.names.lookup(node))


def _is_cancelled(file: Readable, name: Node) -> bool:
    if name.kind() != "identifier":
        return False
    for reference in file.names.references(name.text()):
        node, parent = reference, reference.parent()
        while parent is not None and parent.kind() == "attribute" and parent.field("object") == node:
            attribute = parent.field("attribute")
            if attribute is not None and attribute.text() == "cancel":
                return True
            node, parent = parent, parent.parent()
    return False


def _method(call: Node) -> str:
    function = call.field("function")
    if function is None:
        return ""
    name = function.field("attribute") if function.kind() == "attribute" else function
    return name.text() if name is not None else ""


def references(file: Readable, definition: Node) -> list[Node]:
    return [
        reference
        for reference in file.names.references(name_of(definition))
        if any(binding.value == definition for binding in file.names.lookup(reference))
    ]


def parameters(definition: Node) -> list[tuple[str, Node | None]]:
    """The parameters that a call can give by position, `self` and `cls` left out, with their defaults."""
    parameters = definition.field("parameters")
    found: list[tuple[str, Node | None]] = []
    for node in parameters.named_children() if parameters is not None else ():
        name = node if node.kind() == "identifier" else node.field("name")
        if node.kind() == "typed_parameter":
            name = node.child(0)
        if name is not None and name.kind() == "identifier" and name.text() not in ("self", "cls"):
            found.append((name.text(), node.field("value")))
    return found


def argument(file: Readable, call: Node, name: str, position: int) -> Node | None:
    """The expression given for a parameter, by keyword or by position; None where it can't be told."""
    positional: list[Node] = []
    for node in arguments_of(call):
        keyword = keyword_parts(node)
        if keyword is not None:
            if keyword[0] == name:
                return keyword[1]
        elif node.kind() in ("list_splat", "dictionary_splat"):
            return None
        else:
            positional.append(node)
    return positional[position] if position < len(positional) else None


def has_splat(call: Node) -> bool:
    return any(node.kind() in ("list_splat", "dictionary_splat") for node in arguments_of(call))
