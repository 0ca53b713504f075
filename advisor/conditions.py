"""Whether what the catalog says of arguments is true of the values at hand: comparisons, types, durations, versions."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from advisor.folded import Dict, Moment, Sentinel, seconds

# Types whose values are folded into values of the same type; of any other, nothing can be said.
_KNOWN_TYPES: Final = frozenset({"str", "int", "float", "bool", "dict", "timedelta"})


def bound(value: object, unit: str) -> float | None:
    """The seconds that an argument's value says at most, read in its unit (see `duration_parameters`)."""
    if isinstance(value, Moment):
        return value.offset if unit in ("datetime", "time") else None
    if unit == "minutes-or-timedelta" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return value * 60.0
    if unit == "timedelta":
        return value.total_seconds() if isinstance(value, timedelta) else None
    return seconds(value) if unit in ("seconds", "minutes-or-timedelta") else None


def compare(operator: str, value: object, wanted: object) -> bool | None:
    """Whether a condition's test holds for a known value; None where that can't be told. Raises TypeError."""
    if operator == "truthy":
        return _truth(value)
    if operator == "falsy":
        truth = _truth(value)
        return None if truth is None else not truth
    if operator == "is none":
        return value is None
    if operator == "is not none":
        return value is not None
    if operator in ("isinstance", "not isinstance"):
        types = re.findall(r"\w+", str(wanted))
        if not _KNOWN_TYPES.issuperset(types):
            return None
        return (_type_name(value) in types) == (operator == "isinstance")
    if operator in ("==", "!="):
        wanted = tuple(wanted) if isinstance(wanted, list) else wanted  # as values are folded
        if isinstance(value, tuple) and any(isinstance(item, Sentinel) for item in value):
            return None
        return (value == wanted) == (operator == "==")
    if isinstance(wanted, (list, tuple)) and operator in ("in", "not in"):
        return (value in wanted) == (operator == "in")
    number, limit = seconds(value), seconds(wanted)
    if number is None or limit is None:
        return None
    comparisons = {"<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit}
    return comparisons.get(operator)


def _type_name(value: object) -> str:
    if isinstance(value, Dict):
        return "dict"
    return "datetime" if isinstance(value, Moment) else type(value).__name__


def parse_version(text: str) -> tuple[int, ...]:
    """`"8.4.0"` as (8, 4, 0); what follows the numbers is left out."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _truth(value: object) -> bool | None:
    if isinstance(value, Dict):
        return bool(value.entries) or (False if value.complete else None)
    if isinstance(value, Moment):
        return True
    return bool(value)
