"""What an expression may be worth while a constructor and an `execute` are read: abstract values."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from advisor.catalog.logic import FALSE, TRUE, Dnf, arguments_of, atom, both, either
from advisor.catalog.modules import Module


@dataclass(frozen=True, slots=True)
class Const:
    """A literal."""

    value: Any


@dataclass(frozen=True, slots=True)
class Param:
    """The value that the call gives to a constructor argument."""

    name: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything else; `deps` are the constructor arguments that went into it."""

    deps: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, each under the conditions of the path that led to it."""

    options: tuple[tuple[Dnf, Value], ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """A test: when it may be true, when it may be false, and whether the two exclude each other."""

    true: Dnf
    false: Dnf
    known: bool


@dataclass(frozen=True, slots=True, eq=False)
class New:
    """What a call returned that is not followed: `Class(arg, key=value)` with what it was given."""

    callee: str
    keywords: dict[str, Value]
    positional: tuple[Value, ...]
    node: ast.Call
    module: Module


@dataclass(frozen=True, slots=True)
class SelfRef:
    """The operator itself."""


@dataclass(slots=True, eq=False)
class Keywords:
    """The constructor's `**kwargs`: what the call may still pass (`open`), and what the code put in or took out."""

    open: bool
    given: dict[str, Value] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def copy(self) -> Keywords:
        return Keywords(self.open, dict(self.given), set(self.taken))


Value: TypeAlias = Const | Param | Unknown | Choice | Truth | New | SelfRef | Keywords
NOTHING = Unknown()


def deps(value: Value) -> frozenset[str]:
    """The constructor arguments that a value is made of."""
    match value:
        case Param(name=name):
            return frozenset([name])
        case Unknown(deps=found):
            return found
        case Choice(options=options):
            return frozenset().union(*(deps(option) for _, option in options))
        case Truth(true=true, false=false):
            return frozenset(arguments_of(true) | arguments_of(false))
        case New(keywords=keywords, positional=positional):
            return frozenset().union(*map(deps, keywords.values()), *map(deps, positional))
        case Keywords(given=given):
            return frozenset().union(*map(deps, given.values()))
        case _:
            return frozenset()


def truth(value: Value) -> Truth:
    """When a value may count as true, and as false."""
    match value:
        case Const(value=literal):
            return Truth(TRUE, FALSE, True) if literal else Truth(FALSE, TRUE, True)
        case Param(name=name):
            return Truth(atom(name, "truthy"), atom(name, "falsy"), True)
        case Truth():
            return value
        case Choice(options=options):
            parts = [(guard, truth(option)) for guard, option in options]
            return Truth(
                either(*(both(guard, part.true) for guard, part in parts)),
                either(*(both(guard, part.false) for guard, part in parts)),
                all(part.known for _, part in parts) and exclusive([guard for guard, _ in parts]),
            )
        case New() | SelfRef():
            return Truth(TRUE, TRUE, False)
        case _:
            return Truth(TRUE, TRUE, False)


def exclusive(guards: list[Dnf]) -> bool:
    """Whether no two of the guards can hold together."""
    return all(both(a, b) == FALSE for i, a in enumerate(guards) for b in guards[i + 1 :])


def conjunction(parts: list[Truth]) -> Truth:
    """`a and b and ...`"""
    true, false, known = TRUE, FALSE, True
    for part in parts:
        false = either(false, both(true, part.false))
        true = both(true, part.true)
        known = known and part.known
    # "known false" survives an unknown part: the whole may be true only where every part may
    return Truth(true, false, known)


def opposite(value: Truth) -> Truth:
    """`not a`"""
    return Truth(value.false, value.true, value.known)


def disjunction(parts: list[Truth]) -> Truth:
    """`a or b or ...`"""
    return opposite(conjunction([opposite(part) for part in parts]))


def choice(options: list[tuple[Dnf, Value]]) -> Value:
    """One of several values; equal ones are put together, impossible ones left out."""
    kept: list[tuple[Dnf, Value]] = []
    for guard, value in options:
        if guard == FALSE:
            continue
        inner = value.options if isinstance(value, Choice) else ((TRUE, value),)
        for g, v in ((both(guard, within), v) for within, v in inner):
            if g == FALSE:
                continue
            for i, (other, known) in enumerate(kept):
                if known is v or (not isinstance(v, (New, Keywords)) and known == v):
                    kept[i] = (either(other, g), known)
                    break
            else:
                kept.append((g, v))
    if not kept:
        return NOTHING
    if len(kept) == 1:
        return kept[0][1]
    if len(kept) > 12:
        return Unknown(frozenset().union(*(deps(value) for _, value in kept)))
    return Choice(tuple(kept))
