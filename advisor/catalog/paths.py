"""What following a class's paths keeps: the state at one point, the function it is in, and what was found."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from advisor.catalog.classes import ClassInfo
from advisor.catalog.logic import TRUE, Dnf, both, either
from advisor.catalog.modules import FunctionNode, Module
from advisor.catalog.values import Keywords, Param, Value, choice


@dataclass(frozen=True)
class Accepted:
    """A constructor argument, with the default's expression and the module it stands in."""

    name: str
    keyword_only: bool
    default: ast.expr | None
    module: Module
    guessed: bool = False  # from a `kwargs.get(...)`, until a signature names it


@dataclass(frozen=True)
class Deferral:
    """A place where a deferral is reached, when, and with which trigger (as far as it could be followed)."""

    when: Dnf
    trigger: Value
    keywords: dict[str, Value]
    source: str
    certain: bool


@dataclass(frozen=True)
class Raise:
    """A place where an exception is raised; `certain`: whenever the conditions hold, not only sometimes."""

    when: Dnf
    certain: bool
    source: str
    text: str


@dataclass
class State:
    """The names and attributes at one point of a path, and the conditions under which it is reached."""

    names: dict[str, Value]
    attributes: dict[str, Value]
    when: Dnf = TRUE
    certain: bool = True

    def fork(self, when: Dnf, certain: bool) -> State:
        names = {key: v.copy() if isinstance(v, Keywords) else v for key, v in self.names.items()}
        return State(names, dict(self.attributes), both(self.when, when), self.certain and certain)


@dataclass
class Frame:
    """One function that is being followed."""

    module: Module
    owner: ClassInfo | None
    node: FunctionNode
    returned: list[tuple[State, Value]] = field(default_factory=list)
    breaks: list[State] = field(default_factory=list)
    caught: int = 0


@dataclass
class Outcome:
    """What following one class found."""

    accepted: dict[str, Accepted] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    deferrals: list[Deferral] = field(default_factory=list)
    ctor_raises: list[Raise] = field(default_factory=list)
    execute_raises: list[Raise] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    calls: list[tuple[str, Value, dict[str, Value], Dnf]] = field(default_factory=list)
    deprecated_warning: ast.Call | None = None
    gave_up: bool = False


def join(states: list[State]) -> State:
    """One state that stands for several paths."""
    if len(states) == 1:
        return states[0]
    result = State({}, {}, either(*(s.when for s in states)), any(s.certain for s in states))
    for target, tables in (
        (result.names, [s.names for s in states]),
        (result.attributes, [s.attributes for s in states]),
    ):
        keys = dict.fromkeys(key for table in tables for key in table)
        for key in keys:
            values = [table.get(key) for table in tables]
            head = values[0]
            if head is not None and all(v is head for v in values):
                target[key] = head
            elif isinstance(head, Keywords):
                target[key] = _join_keywords(
                    [(s.when, v) for s, v in zip(states, values, strict=True) if isinstance(v, Keywords)]
                )
            else:
                target[key] = choice(
                    [(s.when, v) for s, v in zip(states, values, strict=True) if v is not None]
                )
    return result


def _join_keywords(options: list[tuple[Dnf, Keywords]]) -> Keywords:
    """`**kwargs` after several paths: a key that only some of them set is still the caller's on the others."""
    merged = options[0][1].copy()
    merged.open = any(v.open for _, v in options)
    merged.taken = set.intersection(*(v.taken for _, v in options))
    for name in dict.fromkeys(name for _, v in options for name in v.given):
        values: list[tuple[Dnf, Value]] = []
        for when, v in options:
            if name in v.given:
                values.append((when, v.given[name]))
            elif v.open and name not in v.taken:
                values.append((when, Param(name)))
        merged.given[name] = choice(values)
    return merged
