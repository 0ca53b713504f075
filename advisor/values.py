"""What an expression is worth, here and now: constants, arithmetic, durations and merged dicts, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from advisor.dictchanges import after_changes, change_at, changes
from advisor.folded import FUNCTION, MAX_NUMBER, MISSING, OPERATORS, UNKNOWN, Dict, Moment, combine
from advisor.literals import LITERALS
from advisor.names import Binding, Names
from advisor.syntax import EXTRAS, Node, arguments_of, dotted, keyword_parts, strip_parentheses

_MAX_DEPTH = 40
_MAX_STEPS = 3000
_SURE_DEPTH = 3  # a name read this near to the top has had its chance

_DURATION_CALLS = frozenset({"datetime.timedelta", "pendulum.duration", "pendulum.Duration"})
_DURATION_PARTS = ("days", "seconds")  # `timedelta(hours=1).seconds`
_DURATION_ORDER = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_NOW_CALLS = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "pendulum.now",
        "pendulum.DateTime.now",
        "pendulum.DateTime.utcnow",
        "airflow.utils.timezone.utcnow",
        "airflow.sdk.timezone.utcnow",
        "airflow.sdk._shared.timezones.timezone.utcnow",
        "django.utils.timezone.now",
    }
)
_MOMENT_METHODS = frozenset({"time", "isoformat", "timetz", "astimezone"})
_COPIES = frozenset({"copy.copy", "copy.deepcopy"})
_BUILTIN_CALLS: Mapping[str, Callable[..., Any]] = {
    "int": int,
    "float": float,
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
}


class Values:
    """Folds the expressions of one file.

    `imported` gives the value of a dotted first-party name (UNKNOWN where it has none).
    """

    def __init__(self, names: Names, imported: Callable[[str], object]) -> None:
        self._names = names
        self._imported = imported
        self._steps = 0
        self._open: set[Node] = set()
        self._known: dict[Node, object] = {}
        self._set: dict[str, bool] = {}
        self._cut = False

    def fold(self, node: Node) -> object:
        """The value of an expression, or UNKNOWN.

        Numbers, strings, booleans, None, lists and tuples (as tuples), `timedelta`, Dict and Moment. Never raises, and
        gives up on what is too deep, too long or too large to be meant as a constant.
        """
        self._steps = 0
        return self._fold(node, 0)

    def _fold(self, node: Node, depth: int) -> object:
        self._steps += 1
        if depth > _MAX_DEPTH or self._steps > _MAX_STEPS:
            self._cut = True
            return UNKNOWN
        node = strip_parentheses(node)
        kind = node.kind()
        literal = LITERALS.get(kind)
        if literal is not None:
            return literal(node)
        handler = _HANDLERS.get(kind)
        return handler(self, node, depth + 1) if handler else UNKNOWN

    def _concatenated(self, node: Node, depth: int) -> object:
        parts = [self._fold(child, depth) for child in node.named_children() if child.kind() not in EXTRAS]
        return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else UNKNOWN

    def _sequence(self, node: Node, depth: int) -> object:
        items: list[object] = []
        for child in node.named_children():
            if child.kind() in EXTRAS:
                continue
            if child.kind() == "list_splat" or self._steps > _MAX_STEPS:
                return UNKNOWN
            items.append(self._fold(child, depth))
        return tuple(items)

    def _dictionary(self, node: Node, depth: int) -> object:
        merged = Dict()
        for child in node.named_children():
            kind = child.kind()
            if kind in EXTRAS:
                continue
            if self._steps > _MAX_STEPS:
                return UNKNOWN
            if kind == "pair":
                key_node, value_node = child.field("key"), child.field("value")
                key = self._fold(key_node, depth) if key_node is not None else UNKNOWN
                if isinstance(key, str):
                    merged.entries[key] = self._fold(value_node, depth) if value_node is not None else UNKNOWN
                elif key is UNKNOWN:
                    merged = merged.merged(Dict(complete=False))
            elif kind == "dictionary_splat":
                spread = self._fold(child.named_children()[0], depth) if child.named_children() else UNKNOWN
                merged = merged.merged(spread if isinstance(spread, Dict) else Dict(complete=False))
            else:
                return UNKNOWN
        return merged

    def _function(self, node: Node, depth: int) -> object:
        return FUNCTION

    # -- operators

    def _binary(self, node: Node, depth: int) -> object:
        left_node, right_node, sign = node.field("left"), node.field("right"), node.field("operator")
        if left_node is None or right_node is None or sign is None or sign.text() not in OPERATORS:
            return UNKNOWN
        left = self._fold(left_node, depth)
        if left is UNKNOWN:
            return UNKNOWN
        return combine(sign.text(), left, self._fold(right_node, depth))

    def _unary(self, node: Node, depth: int) -> object:
        argument = node.field("argument")
        sign = node.child(0)
        value = self._fold(argument, depth) if argument is not None else UNKNOWN
        if sign is None or isinstance(value, bool) or not isinstance(value, (int, float, timedelta)):
            return UNKNOWN
        try:
            return {"-": lambda: -value, "+": lambda: value}.get(sign.text(), lambda: UNKNOWN)()
        except OverflowError:
            return UNKNOWN

    def _not(self, node: Node, depth: int) -> object:
        argument = node.field("argument")
        value = self._fold(argument, depth) if argument is not None else UNKNOWN
        return not value if value is None or isinstance(value, (bool, int, float, str)) else UNKNOWN

    def _boolean(self, node: Node, depth: int) -> object:
        left_node, right_node, sign = node.field("left"), node.field("right"), node.field("operator")
        left = self._fold(left_node, depth) if left_node is not None else UNKNOWN
        if (
            not (left is None or isinstance(left, (bool, int, float, str)))
            or right_node is None
            or sign is None
        ):
            return UNKNOWN
        return left if bool(left) == (sign.text() == "or") else self._fold(right_node, depth)

    def _conditional(self, node: Node, depth: int) -> object:
        parts = [child for child in node.named_children() if child.kind() not in EXTRAS]
        if len(parts) != 3:
            return UNKNOWN
        yes, no = self._fold(parts[0], depth), self._fold(parts[2], depth)
        test = self._fold(parts[1], depth)
        if isinstance(test, bool):
            return yes if test else no
        return yes if type(yes) is type(no) and yes == no else UNKNOWN

    def _subscript(self, node: Node, depth: int) -> object:
        holder, keys = node.field("value"), node.field_children("subscript")
        if holder is None or len(keys) != 1:
            return UNKNOWN
        container, key = self._fold(holder, depth), self._fold(keys[0], depth)
        if isinstance(container, Dict) and isinstance(key, str):
            found = container.get(key)
            return UNKNOWN if found is MISSING else found
        if isinstance(container, tuple) and type(key) is int and -len(container) <= key < len(container):
            return container[key]
        return UNKNOWN

    # -- names

    def _identifier(self, node: Node, depth: int) -> object:
        bindings = self._names.lookup(node)
        return self._value_of(bindings[0], node.text(), depth) if len(bindings) == 1 else UNKNOWN

    def _value_of(self, binding: Binding, name: str, depth: int) -> object:
        """The value that a name's only binding gives it; worked out once."""
        if binding.node in self._known and binding.imported is None:
            return self._known[binding.node]
        if binding.imported is not None:
            value = self._imported(binding.imported.target)
            return after_changes(value, name, self._names) if isinstance(value, Dict) else value
        if binding.kind in ("def", "class"):
            return FUNCTION
        if binding.kind != "assign" or binding.value is None:
            return UNKNOWN
        if binding.node in self._open:
            self._cut = True
            return UNKNOWN
        cut_before, self._cut = self._cut, False
        self._open.add(binding.node)
        value = self._fold(binding.value, depth)
        self._open.discard(binding.node)
        if isinstance(value, Dict):
            value = after_changes(value, name, self._names)
        if not self._cut or depth <= _SURE_DEPTH:
            self._known[binding.node] = value
        self._cut = self._cut or cut_before
        return value

    def _attribute(self, node: Node, depth: int) -> object:
        holder, name = node.field("object"), node.field("attribute")
        if holder is None or name is None:
            return UNKNOWN
        paths = self._names.candidates(node)
        if paths:
            return self._imported_attribute(node, paths)
        if name.text() in _DURATION_PARTS:
            value = self._fold(holder, depth)
            if isinstance(value, timedelta):
                return getattr(value, name.text())
        if holder.kind() != "identifier":
            return UNKNOWN
        if holder.text() in ("self", "cls"):
            around = self._names.tree.around(node)
            owner = next((one.node for one in around if one.kind == "class_definition"), None)
            classes = [o for o in self._names.bindings(name.text()) if o.kind() == "class_definition"]
            if len(classes) > 1:
                return UNKNOWN  # a subclass may have another value
        else:
            bindings = self._names.lookup(holder)
            owner = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "class" else None
        return self.class_constant(owner, name.text(), depth) if owner is not None else UNKNOWN

    def _imported_attribute(self, node: Node, paths: tuple[str, ...]) -> object:
        value = self._imported(paths[0]) if len(paths) == 1 else UNKNOWN
        if not isinstance(value, Dict):
            return value
        path, head = dotted(node), node
        while head.kind() == "attribute":
            head = head.field("object") or self._names.tree.root
        for reference in self._names.references(head.text()):
            chain, parent = reference, reference.parent()
            while parent is not None and parent.kind() == "attribute" and dotted(chain) != path:
                chain, parent = parent, parent.parent()
            if dotted(chain) == path and change_at(chain) is not None:
                return Dict(complete=False)
        return value

    def module_constant(self, name: str) -> object:
        """The value that the module gives to `name`, once and at its top level."""
        bindings = self._names.bindings(name).get(self._names.tree.root, [])
        if len(bindings) != 1:
            return UNKNOWN
        # Asked for by another file, perhaps while this one is being folded.
        steps, self._steps = self._steps, 0
        value = self._value_of(bindings[0], name, 0)
        self._steps = steps
        return value

    def class_constant(self, owner: Node, name: str, depth: int = 0) -> object:
        """The value that the class body of `owner` gives to `name`, once and nowhere else in this file."""
        in_class = self._names.bindings(name).get(owner, [])
        if len(in_class) != 1 or self._set_as_attribute(name):
            return UNKNOWN
        return self._value_of(in_class[0], name, depth) if in_class[0].kind == "assign" else UNKNOWN

    def _set_as_attribute(self, name: str) -> bool:
        """Whether some statement of the file sets an attribute of this name: `self.name = …`."""
        known = self._set.get(name)
        if known is None:
            known = self._set[name] = any(map(_sets_attribute, self._names.tree.occurrences.get(name, ())))
        return known

    # -- calls

    def _call(self, node: Node, depth: int) -> object:
        function = node.field("function")
        if function is None:
            return UNKNOWN
        if function.kind() == "attribute":
            method = function.field("attribute")
            holder = function.field("object")
            if method is not None and holder is not None:
                if method.text() == "total_seconds" and not arguments_of(node):
                    value = self._fold(holder, depth)
                    return value.total_seconds() if isinstance(value, timedelta) else UNKNOWN
                if method.text() in ("copy", "get"):
                    value = self._fold(holder, depth)
                    if isinstance(value, Dict):
                        return self._dict_method(value, method.text(), arguments_of(node), depth)
                if method.text() in _MOMENT_METHODS and holder.kind() != "identifier":
                    value = self._fold(holder, depth)
                    if isinstance(value, Moment):
                        return value
        paths = self._names.candidates(function)
        if len(paths) == 1:
            if paths[0] in _DURATION_CALLS:
                return self._duration(node, depth)
            if paths[0] in _NOW_CALLS:
                return Moment(0.0)
            if paths[0] in _COPIES and len(arguments_of(node)) == 1:
                return self._fold(arguments_of(node)[0], depth)
            return UNKNOWN
        if function.kind() == "identifier" and not self._names.bindings(function.text()):
            return self._builtin(function.text(), node, depth)
        return UNKNOWN

    def _duration(self, node: Node, depth: int) -> object:
        parts: dict[str, float] = {}
        for position, argument in enumerate(arguments_of(node)):
            keyword = keyword_parts(argument)
            if keyword is None and (argument.kind().endswith("splat") or position >= len(_DURATION_ORDER)):
                return UNKNOWN
            name, value_node = keyword or (_DURATION_ORDER[position], argument)
            value = self._fold(value_node, depth)
            if name not in _DURATION_ORDER or isinstance(value, bool) or not isinstance(value, (int, float)):
                return UNKNOWN
            parts[name] = value
        try:
            return timedelta(**parts)
        except (OverflowError, ValueError):
            return UNKNOWN

    def _builtin(self, name: str, node: Node, depth: int) -> object:
        arguments = arguments_of(node)
        if name == "dict":
            return self._dict_call(arguments, depth)
        convert = _BUILTIN_CALLS.get(name)
        if convert is None or not arguments:
            return UNKNOWN
        values = [self._fold(argument, depth) for argument in arguments]
        if not all(isinstance(value, (int, float, str)) for value in values):
            return UNKNOWN
        try:
            value = convert(*values)
        except (TypeError, ValueError, OverflowError):
            return UNKNOWN
        return value if isinstance(value, str) or abs(value) <= MAX_NUMBER else UNKNOWN

    def _dict_method(self, value: Dict, method: str, arguments: list[Node], depth: int) -> object:
        if method == "copy":
            return value if not arguments else UNKNOWN
        if not 1 <= len(arguments) <= 2 or any(keyword_parts(argument) for argument in arguments):
            return UNKNOWN
        key = self._fold(arguments[0], depth)
        found = value.get(key) if isinstance(key, str) else UNKNOWN
        if found is not MISSING:
            return found
        return self._fold(arguments[1], depth) if len(arguments) == 2 else None

    def _dict_call(self, arguments: list[Node], depth: int) -> object:
        merged = Dict()
        for argument in arguments:
            keyword = keyword_parts(argument)
            if keyword is not None:
                merged.entries[keyword[0]] = self._fold(keyword[1], depth)
                continue
            inner = argument.named_children()[0] if argument.kind() == "dictionary_splat" else argument
            spread = self._fold(inner, depth)
            merged = merged.merged(spread if isinstance(spread, Dict) else Dict(complete=False))
        return merged


def _sets_attribute(name: Node) -> bool:
    attribute = name.parent()
    if attribute is None or attribute.kind() != "attribute" or attribute.field("attribute") != name:
        return False
    statement = attribute.parent()
    if statement is None:
        return False
    return changes(statement, attribute) or statement.kind() in ("pattern_list", "for_statement")


_HANDLERS: Mapping[str, Callable[[Values, Node, int], object]] = {
    "concatenated_string": Values._concatenated,
    "lambda": Values._function,
    "list": Values._sequence,
    "tuple": Values._sequence,
    "dictionary": Values._dictionary,
    "binary_operator": Values._binary,
    "unary_operator": Values._unary,
    "not_operator": Values._not,
    "boolean_operator": Values._boolean,
    "conditional_expression": Values._conditional,
    "subscript": Values._subscript,
    "identifier": Values._identifier,
    "attribute": Values._attribute,
    "call": Values._call,
}
