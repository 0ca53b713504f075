"""What an expression is worth, here and now: constants, arithmetic, durations and merged dicts, within bounds."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from advisor.names import Binding, Names
from advisor.syntax import Node, arguments_of, enclosing, keyword_parts, strip_parentheses


class Sentinel(Enum):
    """UNKNOWN: there is a value and it cannot be computed. MISSING: there is no value."""

    UNKNOWN = "unknown"
    MISSING = "missing"


UNKNOWN: Final = Sentinel.UNKNOWN
MISSING: Final = Sentinel.MISSING


class Function:
    """A function, lambda or class of this file: what it does is not known, that it is one is."""


FUNCTION: Final = Function()


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time that is `offset` seconds after the DAG file is read."""

    offset: float


@dataclass(slots=True)
class Dict:
    """A dict with known string keys. `complete` is false when there may be keys that are not known."""

    entries: dict[str, object] = field(default_factory=dict)
    complete: bool = True

    def get(self, key: str) -> object:
        """The value of `key`; UNKNOWN when it may be among the keys that are not known."""
        return self.entries.get(key, MISSING if self.complete else UNKNOWN)

    def merged(self, later: Dict) -> Dict:
        """This dict with `later` spread over it."""
        if later.complete:
            return Dict({**self.entries, **later.entries}, self.complete)
        # What the later dict may hold besides may replace any of the earlier values.
        blurred = dict.fromkeys(self.entries, UNKNOWN)
        return Dict({**blurred, **later.entries}, False)


_MAX_DEPTH = 40
_MAX_STEPS = 3000
_MAX_NUMBER = 10**15
_MAX_TEXT = 10_000

_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "|": operator.or_,
}
_DURATION_CALLS = frozenset({"datetime.timedelta", "pendulum.duration", "pendulum.Duration"})
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
_DICT_CHANGES = frozenset({"update", "pop", "popitem", "clear", "setdefault", "__setitem__"})
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

    def fold(self, node: Node) -> object:
        """The value of an expression, or UNKNOWN.

        Numbers, strings, booleans, None, lists and tuples (as tuples), `timedelta`, Dict and Moment. Never raises, and
        gives up on what is too deep, too long or too large to be meant as a constant.
        """
        self._steps = 0
        self._open.clear()
        return self._fold(node, 0)

    def _fold(self, node: Node, depth: int) -> object:
        self._steps += 1
        if depth > _MAX_DEPTH or self._steps > _MAX_STEPS:
            return UNKNOWN
        node = strip_parentheses(node)
        handler = _HANDLERS.get(node.kind())
        return handler(self, node, depth + 1) if handler else UNKNOWN

    # -- literals

    def _constant(self, node: Node, depth: int) -> object:
        return {"true": True, "false": False, "none": None}[node.kind()]

    def _number(self, node: Node, depth: int) -> object:
        text = node.text().replace("_", "")
        try:
            number = int(text, 0) if node.kind() == "integer" else float(text)
        except ValueError:
            return UNKNOWN
        return number if abs(number) <= _MAX_NUMBER else UNKNOWN

    def _string(self, node: Node, depth: int) -> object:
        parts = node.children()
        if len(parts) < 2 or any(part.kind() in ("interpolation", "ERROR") for part in parts):
            return UNKNOWN
        prefix = parts[0].text().rstrip("'\"").lower()
        inner = "".join(part.text() for part in parts[1:-1])
        if "b" in prefix or ("\\" in inner and "r" not in prefix) or len(inner) > _MAX_TEXT:
            return UNKNOWN
        return inner

    def _concatenated(self, node: Node, depth: int) -> object:
        parts = [self._fold(child, depth) for child in node.named_children() if child.kind() != "comment"]
        return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else UNKNOWN

    def _sequence(self, node: Node, depth: int) -> object:
        items: list[object] = []
        for child in node.named_children():
            if child.kind() == "comment":
                continue
            if child.kind() == "list_splat":
                return UNKNOWN
            items.append(self._fold(child, depth))
        return tuple(items)

    def _dictionary(self, node: Node, depth: int) -> object:
        merged = Dict()
        for child in node.named_children():
            kind = child.kind()
            if kind == "comment":
                continue
            if kind == "pair":
                key_node, value_node = child.field("key"), child.field("value")
                key = self._fold(key_node, depth) if key_node is not None else UNKNOWN
                if isinstance(key, str):
                    value = self._fold(value_node, depth) if value_node is not None else UNKNOWN
                    merged = merged.merged(Dict({key: value}))
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
        if left_node is None or right_node is None or sign is None or sign.text() not in _BINARY:
            return UNKNOWN
        left = self._fold(left_node, depth)
        if left is UNKNOWN:
            return UNKNOWN
        return _combine(sign.text(), left, self._fold(right_node, depth))

    def _unary(self, node: Node, depth: int) -> object:
        argument = node.field("argument")
        sign = node.child(0)
        value = self._fold(argument, depth) if argument is not None else UNKNOWN
        if sign is None or isinstance(value, bool) or not isinstance(value, (int, float, timedelta)):
            return UNKNOWN
        return {"-": lambda: -value, "+": lambda: value}.get(sign.text(), lambda: UNKNOWN)()

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
        parts = [child for child in node.named_children() if child.kind() != "comment"]
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
        if len(bindings) != 1 or self._made_global(node.text()):
            return UNKNOWN
        binding = bindings[0]
        return UNKNOWN if binding.node in self._open else self._value_of(binding, node.text(), depth)

    def _value_of(self, binding: Binding, name: str, depth: int) -> object:
        if binding.imported is not None:
            return self._imported(binding.imported.target)
        if binding.kind in ("def", "class"):
            return FUNCTION
        if binding.kind != "assign" or binding.value is None:
            return UNKNOWN
        self._open.add(binding.node)
        value = self._fold(binding.value, depth)
        self._open.discard(binding.node)
        return self._after_changes(value, name) if isinstance(value, Dict) else value

    def _made_global(self, name: str) -> bool:
        for group in self._names.bindings(name).values():
            for binding in group:
                parent = binding.node.parent()
                if parent is not None and parent.kind() in ("global_statement", "nonlocal_statement"):
                    return True
        return False

    def _after_changes(self, value: Dict, name: str) -> Dict:
        """The dict as it may be once every statement of the file that changes it has run."""
        for reference in self._names.references(name):
            parent = reference.parent()
            if parent is None:
                continue
            around = parent.parent()
            if parent.kind() == "subscript" and around is not None and _changes(around, parent):
                keys = parent.field_children("subscript")
                key = self._string(keys[0], 0) if len(keys) == 1 and keys[0].kind() == "string" else UNKNOWN
                value = value.merged(Dict({key: UNKNOWN}) if isinstance(key, str) else Dict(complete=False))
            elif parent.kind() == "attribute":
                method = parent.field("attribute")
                if method is not None and method.text() in _DICT_CHANGES:
                    value = value.merged(Dict(complete=False))
        return value

    def _attribute(self, node: Node, depth: int) -> object:
        holder, name = node.field("object"), node.field("attribute")
        if holder is None or name is None:
            return UNKNOWN
        paths = self._names.candidates(node)
        if paths:
            return self._imported(paths[0]) if len(paths) == 1 else UNKNOWN
        if holder.kind() != "identifier":
            return UNKNOWN
        if holder.text() in ("self", "cls"):
            owner = next(enclosing(node, "class_definition"), None)
        else:
            bindings = self._names.lookup(holder)
            owner = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "class" else None
        return self.class_constant(owner, name.text(), depth) if owner is not None else UNKNOWN

    def module_constant(self, name: str) -> object:
        """The value that the module gives to `name`, once and at its top level."""
        root = self._names.tree.root
        bindings = self._names.bindings(name).get(root, [])
        if len(bindings) != 1 or self._made_global(name) or bindings[0].node in self._open:
            return UNKNOWN
        self._steps = 0
        return self._value_of(bindings[0], name, 0)

    def class_constant(self, owner: Node, name: str, depth: int = 0) -> object:
        """The value that the class body of `owner` gives to `name`, once and nowhere else in this file."""
        bindings = self._names.bindings(name)
        in_class = bindings.get(owner, [])
        if len(in_class) != 1 or in_class[0].kind != "assign" or in_class[0].value is None:
            return UNKNOWN
        if f".{name} =" in owner.text() or in_class[0].node in self._open:
            return UNKNOWN
        self._open.add(in_class[0].node)
        value = self._fold(in_class[0].value, depth)
        self._open.discard(in_class[0].node)
        return value

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
            return convert(*values)
        except (TypeError, ValueError, OverflowError):
            return UNKNOWN

    def _dict_call(self, arguments: list[Node], depth: int) -> object:
        merged = Dict()
        for argument in arguments:
            keyword = keyword_parts(argument)
            if keyword is not None:
                merged = merged.merged(Dict({keyword[0]: self._fold(keyword[1], depth)}))
                continue
            inner = argument.named_children()[0] if argument.kind() == "dictionary_splat" else argument
            spread = self._fold(inner, depth)
            merged = merged.merged(spread if isinstance(spread, Dict) else Dict(complete=False))
        return merged


def _changes(statement: Node, target: Node) -> bool:
    if statement.kind() in ("assignment", "augmented_assignment"):
        return statement.field("left") == target
    return statement.kind() == "delete_statement"


def _combine(sign: str, left: Any, right: Any) -> object:
    if right is UNKNOWN or left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return UNKNOWN
    if isinstance(left, Dict) or isinstance(right, Dict):
        both = isinstance(left, Dict) and isinstance(right, Dict) and sign == "|"
        return left.merged(right) if both else UNKNOWN
    if isinstance(left, Moment):
        if isinstance(right, timedelta) and sign in "+-":
            seconds = right.total_seconds()
            return Moment(left.offset + (seconds if sign == "+" else -seconds))
        return UNKNOWN
    if isinstance(left, timedelta) and isinstance(right, Moment):
        return Moment(right.offset + left.total_seconds()) if sign == "+" else UNKNOWN
    if isinstance(left, (str, tuple)) or isinstance(right, (str, tuple)):
        short = type(left) is type(right) and len(left) + len(right) <= _MAX_TEXT
        return left + right if sign == "+" and short else UNKNOWN
    if sign == "**" and (not isinstance(right, (int, float)) or abs(right) > 64 or abs(left) > 10**6):
        return UNKNOWN
    try:
        value = _BINARY[sign](left, right)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN
    if isinstance(value, (int, float)):
        return value if abs(value) <= _MAX_NUMBER else UNKNOWN
    return value if isinstance(value, timedelta) else UNKNOWN


def seconds(value: object) -> float | None:
    """A duration's seconds: of a number (which counts seconds) or a `timedelta`; None for anything else."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None


_HANDLERS: Mapping[str, Callable[[Values, Node, int], object]] = {
    "true": Values._constant,
    "false": Values._constant,
    "none": Values._constant,
    "integer": Values._number,
    "float": Values._number,
    "string": Values._string,
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
