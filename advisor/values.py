"""What an expression is worth, here and now: constants, arithmetic, durations and merged dicts, within bounds."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from advisor.names import Binding, Names
from advisor.records import dataclass, field
from advisor.syntax import EXTRAS, Node, arguments_of, dotted, keyword_parts, strip_parentheses


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
_MAX_DIGITS = 40
_MAX_ALIASES = 20  # names under which one dict may be changed
_SURE_DEPTH = 3  # a name read this near to the top has had its chance

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
_DICT_CHANGES = frozenset(
    {"update", "pop", "popitem", "clear", "setdefault", "__setitem__", "__delitem__", "__ior__"}
)
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
        handler = _HANDLERS.get(node.kind())
        return handler(self, node, depth + 1) if handler else UNKNOWN

    # -- literals

    def _constant(self, node: Node, depth: int) -> object:
        return {"true": True, "false": False, "none": None}[node.kind()]

    def _number(self, node: Node, depth: int) -> object:
        text = node.text().replace("_", "")
        if len(text) > _MAX_DIGITS:
            return UNKNOWN
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
        place = node.range()
        if place.end.index - place.start.index > _MAX_TEXT:
            return UNKNOWN
        inner = "".join(part.text() for part in parts[1:-1])
        if "b" in prefix or "t" in prefix or ("\\" in inner and "r" not in prefix):
            return UNKNOWN
        return inner

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
            return self._after_changes(value, name) if isinstance(value, Dict) else value
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
            value = self._after_changes(value, name)
        if not self._cut or depth <= _SURE_DEPTH:
            self._known[binding.node] = value
        self._cut = self._cut or cut_before
        return value

    def _after_changes(self, value: Dict, name: str) -> Dict:
        """The dict as it may be once every statement of the file that changes it has run, under any of its names."""
        seen = {name}
        ahead = [name]
        for current in ahead:  # grows
            for reference in self._names.references(current):
                change = self._change_at(reference)
                if change is not None:
                    value = value.merged(change)
                for alias in self._aliases_at(reference) - seen:
                    if len(seen) >= _MAX_ALIASES:
                        return value.merged(Dict(complete=False))
                    seen.add(alias)
                    ahead.append(alias)
        return value

    def _change_at(self, reference: Node) -> Dict | None:
        """What the statement around a read of a dict's name may change in that dict; None where it changes nothing."""
        parent = reference.parent()
        if parent is None:
            return None
        kind = parent.kind()
        if kind == "attribute":
            return self._change_by_method(parent)
        if kind in ("list", "tuple", "set"):
            loop = parent.parent()
            looped = loop is not None and loop.kind() in ("for_statement", "for_in_clause")
            return Dict(complete=False) if looped else None
        if kind != "subscript" or parent.field("value") != reference:
            return None
        keys = parent.field_children("subscript")
        key = self._string(keys[0], 0) if len(keys) == 1 and keys[0].kind() == "string" else UNKNOWN
        changed = Dict({key: UNKNOWN}) if isinstance(key, str) else Dict(complete=False)
        # `a["x"] = 1`, and what changes the value of a key: `a["x"]["y"] = 1`, `a["x"].update(…)`
        node, around = parent, parent.parent()
        while around is not None and around.kind() == "subscript" and around.field("value") == node:
            node, around = around, around.parent()
        if around is None:
            return None
        if around.kind() == "attribute":
            return changed if self._change_by_method(around) is not None else None
        return changed if _changes(around, node) else None

    def _change_by_method(self, attribute: Node) -> Dict | None:
        method, call = attribute.field("attribute"), attribute.parent()
        if method is None or method.text() not in _DICT_CHANGES:
            return None
        changed = Dict()
        if call is None or call.kind() != "call" or call.field("function") != attribute:
            return Dict(complete=False)
        for position, argument in enumerate(arguments_of(call)):
            keyword = keyword_parts(argument)
            if keyword is not None and method.text() == "update":
                changed.entries[keyword[0]] = UNKNOWN
            elif argument.kind() == "string" and position == 0:
                key = self._string(argument, 0)
                if not isinstance(key, str):
                    return Dict(complete=False)
                changed.entries[key] = UNKNOWN
            elif argument.kind() == "dictionary" and method.text() == "update":
                for pair in argument.named_children():
                    key_node = pair.field("key")
                    key = self._string(key_node, 0) if key_node and key_node.kind() == "string" else UNKNOWN
                    if not isinstance(key, str):
                        return Dict(complete=False)
                    changed.entries[key] = UNKNOWN
            elif position == 0:
                return Dict(complete=False)
        return changed if changed.entries else Dict(complete=False)

    def _aliases_at(self, reference: Node) -> set[str]:
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
        for binding in self._names.lookup(called):
            if binding.kind == "def" and binding.value is not None:
                if keyword is not None:
                    aliases.add(keyword[0])
                else:
                    names = _parameter_names(binding.value)
                    aliases |= set(names[given.index(reference) :][:1])
        return aliases

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
            if dotted(chain) == path and self._change_at(chain) is not None:
                return Dict(complete=False)
        return value

    def module_constant(self, name: str) -> object:
        """The value that the module gives to `name`, once and at its top level."""
        bindings = self._names.bindings(name).get(self._names.tree.root, [])
        if len(bindings) != 1:
            return UNKNOWN
        steps, self._steps = (
            self._steps,
            0,
        )  # asked for by another file, perhaps while this one is being folded
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
        return value if isinstance(value, str) or abs(value) <= _MAX_NUMBER else UNKNOWN

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
    return _changes(statement, attribute) or statement.kind() in ("pattern_list", "for_statement")


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
