"""What a literal is worth; UNKNOWN for one that nobody means as a constant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from advisor.folded import MAX_NUMBER, MAX_TEXT, UNKNOWN
from advisor.syntax import Node

_MAX_DIGITS = 40


def constant(node: Node) -> object:
    """True, False or None."""
    return {"true": True, "false": False, "none": None}[node.kind()]


def number(node: Node) -> object:
    """An integer or a float of a sensible size."""
    text = node.text().replace("_", "")
    if len(text) > _MAX_DIGITS:
        return UNKNOWN
    try:
        number = int(text, 0) if node.kind() == "integer" else float(text)
    except ValueError:
        return UNKNOWN
    return number if abs(number) <= MAX_NUMBER else UNKNOWN


def string(node: Node) -> object:
    """A string that is text as it stands: without replacement fields and escapes."""
    parts = node.children()
    if len(parts) < 2 or any(part.kind() in ("interpolation", "ERROR") for part in parts):
        return UNKNOWN
    prefix = parts[0].text().rstrip("'\"").lower()
    place = node.range()
    if place.end.index - place.start.index > MAX_TEXT:
        return UNKNOWN
    inner = "".join(part.text() for part in parts[1:-1])
    if "b" in prefix or "t" in prefix or ("\\" in inner and "r" not in prefix):
        return UNKNOWN
    return inner


LITERALS: Mapping[str, Callable[[Node], object]] = {
    "true": constant,
    "false": constant,
    "none": constant,
    "integer": number,
    "float": number,
    "string": string,
}
"""What reads each kind of node."""
