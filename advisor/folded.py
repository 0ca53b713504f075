"""What an expression may be worth, where it is no plain Python value, and what operators make of two such values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from advisor.records import dataclass, field

MAX_NUMBER = 10**15
MAX_TEXT = 10_000  # characters of a string, elements of a tuple

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "|": operator.or_,
}


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


def combine(sign: str, left: Any, right: Any) -> object:
    """The value of `left sign right`, two values that are folded already; UNKNOWN where there is none."""
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
        short = type(left) is type(right) and len(left) + len(right) <= MAX_TEXT
        return left + right if sign == "+" and short else UNKNOWN
    if sign == "**" and (not isinstance(right, (int, float)) or abs(right) > 64 or abs(left) > 10**6):
        return UNKNOWN
    try:
        value = OPERATORS[sign](left, right)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN
    if isinstance(value, (int, float)):
        return value if abs(value) <= MAX_NUMBER else UNKNOWN
    return value if isinstance(value, timedelta) else UNKNOWN


def seconds(value: object) -> float | None:
    """A duration's seconds: of a number (which counts seconds) or a `timedelta`; None for anything else."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None
