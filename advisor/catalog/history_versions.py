"""Since which release a class takes the flag, honours the configured default, and defers: found by halving.

`build` returns one entry per class that takes the flag or defers today, and per async class that is gone:

    {"since": first release of its present provider where this class, under this name, defers through its own
              or the inherited trigger (a subclass in another provider that has a trigger of its own counts
              from that one); null where it never does,
     "flag": first release whose constructor accepts `deferrable`, or null,
     "flag_of": the base in another provider that brought the flag at first: only with a release of that
                provider that has it (left out where its own provider brings it),
     "default_from_config": first release where `[operators] default_deferrable` decides its default, or null,
     "deprecated", "removed": first release that deprecates it, and that no longer has it
                              (left out where none does),
     "replacement": for a class that is gone, the class that took its place, to be called
                    with `deferrable=True`,
     "core": {"added", "flag", "default_from_config", "since"} of the class that Airflow 2 core had under
             an older path: releases of Airflow, 2.2.0 standing for 2.2 or before; null = in none up to 2.11}

A fact once true is taken to stay true: releases between a "no" and the next "yes" are halved until they
touch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from advisor.catalog.history_reader import State, read
from advisor.catalog.history_tree import Tree

Fact = Callable[[State | None], bool]
Fetch = Callable[[list[tuple[str, str]]], None]
Open = Callable[[str, str], Tree | None]

# Decorators' operators take the flag too: `@task.kubernetes(deferrable=True)`.
ROOMS = frozenset({"operators", "sensors", "transfers", "decorators"})
_CLASS = re.compile(r"^ *class (\w+)", re.MULTILINE)
FACTS: dict[str, Fact] = {
    "flag": lambda state: state is not None and state.flag,
    "default_from_config": lambda state: state is not None and state.from_config,
    "deprecated": lambda state: state is not None and state.deprecated,
}


@dataclass
class Line:
    """The releases of one package, oldest first, and what was read of them so far."""

    package: str
    versions: list[str]
    targets: dict[str, list[str]]
    """Class: every dotted name that it has or had in this package, today's first."""
    read: dict[int, dict[str, State | None]] = field(default_factory=dict)

    def state(self, position: int, target: str) -> State | None:
        return self.read[position][target]


def states(tree: Tree, targets: Mapping[str, list[str]]) -> dict[str, State | None]:
    """What one release says about each class, wherever it keeps it."""
    wanted = {target.rpartition(".")[2] for target in targets}
    homes: dict[str, list[str]] = {}
    for module in tree.modules():
        if ROOMS & set(module.split(".")):
            # The text first: parsing every module of every release is what would take the time.
            for name in wanted.intersection(_CLASS.findall(tree.text(module))):
                if name in tree.classes(module):
                    homes.setdefault(name, []).append(module)
    return {target: _state(tree, names, homes) for target, names in targets.items()}


def _state(tree: Tree, names: list[str], homes: Mapping[str, list[str]]) -> State | None:
    for dotted in names:
        module, _, name = dotted.rpartition(".")
        if name == names[0].rpartition(".")[2] and module in homes.get(name, []):
            return read(tree, module, name)
    # A module that has moved without a word; two classes of one name would be a guess.
    name = names[0].rpartition(".")[2]
    package = names[0].split(".")[2]
    found = [module for module in homes.get(name, []) if module.split(".")[2] == package]
    return read(tree, found[0], name) if len(found) == 1 else None


class Halving:
    """Finds the first release for which each fact holds, reading few releases, in common rounds."""

    def __init__(self, lines: Iterable[Line], fetch: Fetch, open_release: Open) -> None:
        self.lines = list(lines)
        self._fetch = fetch
        self._open = open_release

    def run(self, facts: Mapping[str, Fact]) -> None:
        """Read releases until every change lies between two neighbours that were read, or have no wheel."""
        wanted = {line.package: {0, len(line.versions) - 1} for line in self.lines}
        while any(wanted.values()):
            for line in self.lines:
                self._read(line, wanted[line.package])
            wanted = {line.package: self._middles(line, facts) for line in self.lines}

    def _read(self, line: Line, positions: set[int]) -> None:
        self._fetch([(line.package, line.versions[position]) for position in sorted(positions)])
        for position in positions:
            tree = self._open(line.package, line.versions[position])
            if tree is None:
                # No wheel: say what the release before said, so that the search goes on without it.
                before = max((known for known in line.read if known < position), default=None)
                nothing: dict[str, State | None] = dict.fromkeys(line.targets)
                line.read[position] = dict(line.read[before]) if before is not None else nothing
            else:
                line.read[position] = states(tree, line.targets)

    def _middles(self, line: Line, facts: Mapping[str, Fact]) -> set[int]:
        known = sorted(line.read)
        found = set()
        for low, high in pairwise(known):
            if high - low < 2:
                continue
            for target in line.targets:
                before, after = line.state(low, target), line.state(high, target)
                if any(fact(before) != fact(after) for fact in facts.values()):
                    found.add((low + high) // 2)
                    break
        return found


def first(line: Line, target: str, fact: Fact, start: int = 0) -> str | None:
    """The first release, from position `start` on, for which the fact holds."""
    for position in sorted(line.read):
        if position >= start and fact(line.state(position, target)):
            return line.versions[position]
    return None


def entry(line: Line, target: str, own_trigger: bool, always: bool) -> dict[str, Any]:
    """The facts of one class; `own_trigger`: its provider's code defers today, so inheriting is not enough.

    `always`: no flag decides, so a deferral without the flag counts.
    """

    def defers(state: State | None) -> bool:
        if state is None or not state.defers or (own_trigger and not state.own_trigger):
            return False
        # Without the flag, code that looks at it cannot have been reached; code that does not always was.
        return always or state.flag or not state.asks

    found: dict[str, Any] = {
        "since": first(line, target, defers),
        "flag": first(line, target, FACTS["flag"]),
        "default_from_config": first(line, target, FACTS["default_from_config"]),
    }
    flagged = [state for p in sorted(line.read) if (state := line.state(p, target)) and state.flag]
    if flagged and flagged[0].flag_of:
        found["flag_of"] = flagged[0].flag_of
    deprecated = first(line, target, FACTS["deprecated"])
    if deprecated is not None:
        found["deprecated"] = deprecated
    present = [position for position in sorted(line.read) if line.state(position, target) is not None]
    if present and present[-1] != len(line.versions) - 1:
        found["removed"] = line.versions[min(p for p in line.read if p > present[-1])]
    return found


def core_entry(line: Line, target: str, always: bool) -> dict[str, Any]:
    """The facts of the class that Airflow 2 core had."""
    found = entry(line, target, False, always)
    added = first(line, target, lambda state: state is not None)
    return {"added": added, **{key: found[key] for key in ("flag", "default_from_config", "since")}}


FACTS_TO_HALVE: dict[str, Fact] = {
    **FACTS,
    "present": lambda state: state is not None,
    "defers": lambda state: state is not None and state.defers,
    "guarded": lambda state: state is not None and state.asks,
    "own trigger": lambda state: state is not None and state.own_trigger,
}
