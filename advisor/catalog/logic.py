"""Conditions on constructor arguments as disjunctions of conjunctions, kept small while paths are put together."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from advisor.catalog.record import Condition

Clause: TypeAlias = frozenset[Condition]
Dnf: TypeAlias = frozenset[Clause]

TRUE: Dnf = frozenset([frozenset()])
FALSE: Dnf = frozenset()
# More alternatives than this are weakened to what they have in common: the answer stays "may", less precise.
_MOST = 48

OPPOSITE = {
    "truthy": "falsy",
    "==": "!=",
    "<": ">=",
    "<=": ">",
    "is none": "is not none",
    "isinstance": "not isinstance",
    "in": "not in",
    "present": "absent",
}
OPPOSITE |= {value: key for key, value in OPPOSITE.items()}


def negate(condition: Condition) -> Condition:
    """The condition that holds exactly where this one does not."""
    return Condition(condition.argument, OPPOSITE[condition.operator], condition.value)


def atom(argument: str, operator: str, value: Any = None) -> Dnf:
    """The single condition as a formula."""
    return frozenset([frozenset([Condition(argument, operator, value)])])


def holds(operator: str, wanted: Any, value: Any) -> bool | None:
    """Whether a known literal value meets a condition; None where that cannot be said."""
    try:
        match operator:
            case "truthy":
                return bool(value)
            case "falsy":
                return not value
            case "==":
                return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)
            case "!=":
                return not (bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool))
            case "<":
                return bool(value < wanted)
            case "<=":
                return bool(value <= wanted)
            case ">":
                return bool(value > wanted)
            case ">=":
                return bool(value >= wanted)
            case "is none":
                return value is None
            case "is not none":
                return value is not None
            case "in":
                return value in wanted
            case "not in":
                return value not in wanted
            case "isinstance" | "not isinstance":
                known = {"str": str, "int": int, "float": float, "bool": bool, "dict": dict, "list": list}
                if value is None or wanted in known:
                    found = value is not None and isinstance(value, known[wanted])
                    return found is (operator == "isinstance")
            case _:
                pass
    except TypeError:
        pass
    return None


def _excludes(a: Condition, b: Condition) -> bool:
    """Whether two conditions on one argument cannot both hold."""
    if a.value == b.value and OPPOSITE[a.operator] == b.operator:
        return True
    for one, other in ((a, b), (b, a)):
        if one.operator == "==" and holds(other.operator, other.value, one.value) is False:
            return True
        if one.operator == "is none":
            if other.operator in ("truthy", "isinstance", "<", "<=", ">", ">="):
                return True
            if other.operator == "in" and None not in other.value:
                return True
        if one.operator == "absent" and other.operator in ("truthy", "=="):
            continue
    return False


def _implied(weak: Condition, strong: Condition) -> bool:
    """Whether `strong` makes `weak` (another condition on the same argument) superfluous."""
    if strong.operator == "==":
        return holds(weak.operator, weak.value, strong.value) is True
    if strong.operator == "is none":
        return weak.operator in ("falsy", "not isinstance")
    if strong.operator in ("truthy", "isinstance"):
        return weak.operator == "is not none"
    return False


def _clause(conditions: Iterable[Condition]) -> Clause | None:
    """A conjunction without what other parts of it imply; None where it contradicts itself."""
    items = set(conditions)
    by_argument: dict[str, list[Condition]] = {}
    for item in items:
        by_argument.setdefault(item.argument, []).append(item)
    for group in by_argument.values():
        for i, a in enumerate(group):
            for b in group[i + 1 :]:
                if _excludes(a, b):
                    return None
        if len(group) > 1:
            items -= {w for w in group if any(s is not w and s in items and _implied(w, s) for s in group)}
    return frozenset(items)


class Effort:
    """Counts how many alternatives have been put together, so that whoever asks for too much can stop."""

    spent = 0


def both(a: Dnf, b: Dnf) -> Dnf:
    """a and b."""
    if a == TRUE:
        return b
    if b == TRUE or a == b:
        return a
    Effort.spent += len(a) * len(b)
    return _both(a, b)


@lru_cache(maxsize=4096)  # paths that part and meet again ask the same thing over and over
def _both(a: Dnf, b: Dnf) -> Dnf:
    clauses = (_clause(x | y) for x in a for y in b)
    return simplify(c for c in clauses if c is not None)


def either(*formulas: Dnf) -> Dnf:
    """One of them."""
    return _simple(frozenset(clause for formula in formulas for clause in formula))


def simplify(clauses: Iterable[Clause]) -> Dnf:
    """Absorb what is contained in a shorter alternative; join alternatives that differ by one opposite."""
    return _simple(frozenset(clauses))


@lru_cache(maxsize=4096)
def _simple(clauses: Dnf) -> Dnf:
    rows = set(clauses)
    changed = True
    while changed:
        changed = False
        ordered = sorted(rows, key=len)
        kept: list[Clause] = []
        for row in ordered:
            if not any(k <= row for k in kept):
                kept.append(row)
        rows = set(kept)
        holding: dict[Condition, list[Clause]] = {}
        for row in kept:
            for condition in row:
                holding.setdefault(condition, []).append(row)
        for row in kept:
            for condition in row:
                negative = negate(condition)
                opposite = (row - {condition}) | {negative}
                # {A, x} or {A', not x}, A' within A, says {A} or {A', not x}
                if any(other <= opposite for other in holding.get(negative, ())):
                    rows.discard(row)
                    rows.add(row - {condition})
                    changed = True
                    break
            if changed:
                break
    if len(rows) > _MOST:
        common = frozenset.intersection(*rows)
        rows = {common}
    return frozenset(rows)


def negation(formula: Dnf) -> Dnf:
    """Where none of the alternatives hold."""
    result = TRUE
    for clause in formula:
        result = both(result, frozenset(frozenset([negate(condition)]) for condition in clause))
    return result


def forget(formula: Dnf, arguments: Iterable[str]) -> Dnf:
    """The formula with every condition on these arguments left out (as if it may hold)."""
    gone = set(arguments)
    return simplify(frozenset(c for c in clause if c.argument not in gone) for clause in formula)


def arguments_of(formula: Dnf) -> set[str]:
    """Every argument that a formula speaks of."""
    return {condition.argument for clause in formula for condition in clause}


def ordered(formula: Dnf) -> tuple[tuple[Condition, ...], ...]:
    """The formula in a repeatable order."""
    rows = [tuple(sorted(clause, key=repr)) for clause in formula]
    return tuple(sorted(rows, key=repr))
