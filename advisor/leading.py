"""Which names of a parsed file lead to given ones: what its definitions, aliases and imports make of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from advisor.flow import Readable
from advisor.syntax import Node

_DEFINITIONS = frozenset({"function_definition", "class_definition"})
_LONG = 500  # characters of a line on the way to a name
_ASSIGNED = re.compile(
    r"[ \t]*(?:\w+\.)*(\w+)[ \t]*=[ \t]*"
    r"(?:(?:functools\.)?partial\b[^\n]*|lambda\b[^\n]*|[^\W\d][\w.]*(?=[ \t]*(?:#|\r?$)))",
    re.MULTILINE,
)


def leading(file: Readable, names: frozenset[str]) -> frozenset[str]:
    """These names, and those of what a file defines with one of them, or calls by another name; through each other.

    It is the places of the names that are looked at, not the file. A name too many costs time.
    """
    renamed: dict[str, list[str]] = {}
    for imported in file.names.imports:
        known = (imported.name or imported.target).rpartition(".")[2]
        if known != imported.local:
            renamed.setdefault(known, []).append(imported.local)
    found, ahead = set(names), list(names)
    while ahead:
        name = ahead.pop()
        given = set(renamed.get(name, ()))
        for node in file.tree.occurrences.get(name, ()):
            given.update(_holders(file, node))
        new = given - found
        found |= new
        ahead += new
    return frozenset(found)


def _holders(file: Readable, node: Node) -> Iterator[str]:
    """The names of what a place stands in: functions, a class that does it when an object is made, another name."""
    text, start = file.tree.text, node.range().start.index
    assigned = _ASSIGNED.match(text, text.rfind("\n", max(0, start - _LONG), start) + 1)
    if assigned is not None and assigned.start(1) < start < assigned.end():
        yield assigned[1]
    runs: bool | None = None
    for around in file.tree.around(node):
        if around.kind not in _DEFINITIONS:
            continue
        name = around.node.field("name")
        if name is None or name == node:
            continue
        is_class = around.kind == "class_definition"
        if runs is None:  # a class runs what its `__init__` does, not its other methods
            runs = is_class or name.text().startswith("__")
        if runs or not is_class:
            yield name.text()
