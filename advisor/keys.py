"""The keys of a dict that a function writes or builds step by step, with the expressions behind them."""

from __future__ import annotations

from advisor.flow import Readable
from advisor.records import dataclass
from advisor.syntax import EXTRAS, Node, arguments_of, function_of, keyword_parts, strip_parentheses

_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Keys:
    """The text keys of a dict, with the values that can be seen; `complete` is false where there may be others."""

    values: dict[str, Node | None]
    complete: bool


def keys_of(file: Readable, node: Node, depth: int = 0) -> Keys:
    """The keys of a dict: written in place, made by `dict(…)`, or built step by step under a local name."""
    node = strip_parentheses(node)
    kind = node.kind()
    if depth > _MAX_DEPTH:
        return Keys({}, False)
    if kind == "dictionary":
        return _of_items(
            file, [child for child in node.named_children() if child.kind() not in EXTRAS], depth
        )
    if kind == "call":
        function = node.field("function")
        is_dict = function is not None and function.text() == "dict" and not file.names.lookup(function)
        return _of_items(file, arguments_of(node), depth) if is_dict else Keys({}, False)
    if kind == "binary_operator":
        sign, sides = node.field("operator"), (node.field("left"), node.field("right"))
        if sign is not None and sign.text() == "|":
            return _merged([keys_of(file, side, depth + 1) for side in sides if side is not None])
    return _of_name(file, node, depth) if kind == "identifier" else Keys({}, False)


def _merged(parts: list[Keys]) -> Keys:
    values: dict[str, Node | None] = {}
    for part in parts:
        values |= part.values
    return Keys(values, all(part.complete for part in parts))


def _of_items(file: Readable, items: list[Node], depth: int) -> Keys:
    values: dict[str, Node | None] = {}
    complete = True
    for item in items:
        keyword = keyword_parts(item)
        key, value = item.field("key"), item.field("value")
        if keyword is not None:
            values[keyword[0]] = keyword[1]
        elif item.kind() == "pair" and key is not None:
            name = file.values.fold(key)
            if isinstance(name, str):
                values[name] = value
            else:
                complete = False
        else:
            inner = item.named_children()[:1] if item.kind() == "dictionary_splat" else [item]
            part = keys_of(file, inner[0], depth + 1) if inner else Keys({}, False)
            values |= part.values
            complete = complete and part.complete
    return Keys(values, complete)


def _of_name(file: Readable, name: Node, depth: int) -> Keys:
    """The keys of a dict under a local name, with what the same function puts into it."""
    bindings = file.names.lookup(name)
    function = function_of(name)
    if len(bindings) != 1 or bindings[0].value is None or bindings[0].kind != "assign":
        return Keys({}, False)
    made = keys_of(file, bindings[0].value, depth + 1)
    values, complete = dict(made.values), made.complete
    if function is None or bindings[0].scope != function:
        return Keys(values, False)
    for used in file.names.references(name.text()):
        if used == name or function_of(used) != function:
            continue
        added = _added(file, used, depth)
        values |= added.values
        complete = complete and added.complete
    return Keys(values, complete)


def _added(file: Readable, used: Node, depth: int) -> Keys:
    """What one use of a dict's name may put into it."""
    parent = used.parent()
    around = parent.parent() if parent is not None else None
    if parent is None or around is None:
        return Keys({}, False)
    if parent.kind() == "subscript" and parent.field("value") == used:
        key = parent.field("subscript")
        if around.kind() == "assignment" and around.field("left") == parent and key is not None:
            literal = file.values.fold(key)
            return Keys(
                {literal: around.field("right")} if isinstance(literal, str) else {}, isinstance(literal, str)
            )
        return Keys({}, around.kind() not in ("delete_statement", "augmented_assignment"))
    method = parent.field("attribute") if parent.kind() == "attribute" else None
    if method is not None and around.kind() == "call":
        if method.text() == "update":
            return _of_items(file, arguments_of(around), depth + 1)
        return Keys({}, method.text() in ("get", "items", "keys", "values", "copy"))
    return Keys({}, parent.kind() in ("expression_list", "tuple", "return_statement"))
