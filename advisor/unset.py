"""What a value is worth where nobody sets it: the defaults that are given to the environment and to Variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from advisor.coroutines import argument
from advisor.folded import seconds
from advisor.syntax import Node, arguments_of, keyword_parts, strip_parentheses

if TYPE_CHECKING:
    from advisor.flow import Readable

_MAX_HOPS = 3  # names and conversions on the way to a look-up
# A look-up: the name of its default's argument where it may be given by name, and its place.
_LOOKUPS = {
    "os.getenv": ("default", 1),
    "os.environ.get": ("default", 1),
    "airflow.models.Variable.get": ("default_var", 1),
    "airflow.models.variable.Variable.get": ("default_var", 1),
    "airflow.sdk.Variable.get": ("default", 1),
}
_NUMBERS = ("int", "float")
_WRITTEN = re.compile(r"\s*[0-9]{1,12}(?:\.[0-9]{0,12})?\s*")


def unless_set(file: Readable, node: Node | None, hops: int = 0) -> float | None:
    """The number that `int(os.getenv("INTERVAL", "10"))` has where the environment says nothing; None for any other.

    A name that is bound once stands for its value.
    """
    if node is None or hops > _MAX_HOPS:
        return None
    node = strip_parentheses(node)
    if node.kind() == "identifier":
        bindings = file.names.lookup(node)
        once = len(bindings) == 1 and bindings[0].kind == "assign"
        return unless_set(file, bindings[0].value, hops + 1) if once else None
    function = node.field("function") if node.kind() == "call" else None
    if function is None:
        return None
    if function.text() in _NUMBERS and not file.names.lookup(function):
        given = arguments_of(node)
        alone = len(given) == 1 and keyword_parts(given[0]) is None
        return unless_set(file, given[0], hops + 1) if alone else None
    for path in file.names.candidates(function):
        if path in _LOOKUPS:
            return _number(file, argument(file, node, *_LOOKUPS[path]))
    return None


def _number(file: Readable, default: Node | None) -> float | None:
    value = file.values.fold(default) if default is not None else None
    if isinstance(value, str):
        return float(value) if _WRITTEN.fullmatch(value) else None
    return seconds(value)
