"""What the statements of a file may change in a dict after it was written down, under any of its names."""

from __future__ import annotations

from advisor.folded import UNKNOWN, Dict
from advisor.literals import string
from advisor.names import Names
from advisor.syntax import EXTRAS, Node, arguments_of, keyword_parts

_CHANGES = frozenset(
    {"update", "pop", "popitem", "clear", "setdefault", "__setitem__", "__delitem__", "__ior__"}
)
_MAX_ALIASES = 20  # names under which one dict may be changed


def after_changes(value: Dict, name: str, names: Names) -> Dict:
    """The dict as it may be once every statement of the file that changes it has run, under any of its names."""
    seen = {name}
    ahead = [name]
    for current in ahead:  # grows
        for reference in names.references(current):
            change = change_at(reference)
            if change is not None:
                value = value.merged(change)
            for alias in _aliases_at(reference, names) - seen:
                if len(seen) >= _MAX_ALIASES:
                    return value.merged(Dict(complete=False))
                seen.add(alias)
                ahead.append(alias)
    return value


def change_at(reference: Node) -> Dict | None:
    """What the statement around a read of a dict's name may change in that dict; None where it changes nothing."""
    parent = reference.parent()
    if parent is None:
        return None
    kind = parent.kind()
    if kind == "attribute":
        return _change_by_method(parent)
    if kind in ("list", "tuple", "set"):
        loop = parent.parent()
        looped = loop is not None and loop.kind() in ("for_statement", "for_in_clause")
        return Dict(complete=False) if looped else None
    if kind != "subscript" or parent.field("value") != reference:
        return None
    keys = parent.field_children("subscript")
    key = string(keys[0]) if len(keys) == 1 and keys[0].kind() == "string" else UNKNOWN
    changed = Dict({key: UNKNOWN}) if isinstance(key, str) else Dict(complete=False)
    # `a["x"] = 1`, and what changes the value of a key: `a["x"]["y"] = 1`, `a["x"].update(…)`
    node, around = parent, parent.parent()
    while around is not None and around.kind() == "subscript" and around.field("value") == node:
        node, around = around, around.parent()
    if around is None:
        return None
    if around.kind() == "attribute":
        return changed if _change_by_method(around) is not None else None
    return changed if changes(around, node) else None


def _change_by_method(attribute: Node) -> Dict | None:
    method, call = attribute.field("attribute"), attribute.parent()
    if method is None or method.text() not in _CHANGES:
        return None
    changed = Dict()
    if call is None or call.kind() != "call" or call.field("function") != attribute:
        return Dict(complete=False)
    for position, argument in enumerate(arguments_of(call)):
        keyword = keyword_parts(argument)
        if keyword is not None and method.text() == "update":
            changed.entries[keyword[0]] = UNKNOWN
        elif argument.kind() == "string" and position == 0:
            key = string(argument)
            if not isinstance(key, str):
                return Dict(complete=False)
            changed.entries[key] = UNKNOWN
        elif argument.kind() == "dictionary" and method.text() == "update":
            for pair in argument.named_children():
                key_node = pair.field("key")
                key = string(key_node) if key_node and key_node.kind() == "string" else UNKNOWN
                if not isinstance(key, str):
                    return Dict(complete=False)
                changed.entries[key] = UNKNOWN
        elif position == 0:
            return Dict(complete=False)
    return changed if changed.entries else Dict(complete=False)


def _aliases_at(reference: Node, names: Names) -> set[str]:
    """Other names for the object whose name is read here: `b = a`, and the parameter that a call binds to it."""
    parent = reference.parent()
    if parent is None:
        return set()
    kind = parent.kind()
    if kind == "assignment" and parent.field("right") == reference:
        target = parent.field("left")
        return {target.text()} if target is not None and target.kind() == "identifier" else set()
    if kind == "named_expression":
        target = parent.field("name")
        return {target.text()} if target is not None and target != reference else set()
    keyword = keyword_parts(parent)
    arguments = parent.parent() if keyword is not None else parent
    call = arguments.parent() if arguments is not None and arguments.kind() == "argument_list" else None
    called = call.field("function") if call is not None else None
    if call is None or called is None or called.kind() != "identifier":
        return set()
    given = arguments_of(call)
    aliases: set[str] = set()
    for binding in names.lookup(called):
        if binding.kind == "def" and binding.value is not None:
            if keyword is not None:
                aliases.add(keyword[0])
            else:
                parameters = _parameter_names(binding.value)
                aliases |= set(parameters[given.index(reference) :][:1])
    return aliases


def changes(statement: Node, target: Node) -> bool:
    """Whether a statement assigns to `target`, or deletes it."""
    if statement.kind() in ("assignment", "augmented_assignment"):
        return statement.field("left") == target
    return statement.kind() == "delete_statement"


def _parameter_names(function: Node) -> list[str]:
    """The names of a function's parameters by position; "" where one is not a plain one."""
    parameters = function.field("parameters")
    names: list[str] = []
    for parameter in parameters.named_children() if parameters is not None else ():
        kind = parameter.kind()
        if kind in ("default_parameter", "typed_default_parameter"):
            name = parameter.field("name")
        elif kind == "typed_parameter":
            name = parameter.child(0)
        else:
            name = parameter
        if kind not in EXTRAS:
            names.append(name.text() if name is not None and name.kind() == "identifier" else "")
    return names
