"""Looks up what the catalog knows of a hook: its async methods, its twins, and which operators defer for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from os.path import join
from typing import Any

from advisor.catalog.lookup import DATA, find_line
from advisor.records import dataclass, field, fields

BASE_HOOK = "airflow.sdk.bases.hook.BaseHook"
FILE = "hooks.jsonl"
_PREFIX = b'{"name":"'
_ALIASES = b'"aliases":["'


@dataclass(frozen=True, slots=True, eq=False)
class HookFacts:
    """One hook class. Fields left at their default are not written to the data file.

    async_methods: what has to be awaited (`async with`, `async for`), own and inherited, sorted; private methods
        too, but not those of every hook (`aget_connection`, `aget_hook`: the record of BaseHook has them).
    async_generators, async_contexts: those of them that `async for` and `async with` take, not `await`.
    sync_methods: sync method to its async counterpart. The sync one is a method of `sync_twin`, where there is one,
        the async one of `async_twin`, where there is one; otherwise of this hook.
    async_only: whatever the hook itself adds to what connects is async, so that an ordinary task gets no more than a
        coroutine that nobody awaits. What it inherits from its sync twin is not looked at.
    sync_twin / async_twin: the dotted name of the hook for the same service that is the other.
    covered_by: operators and sensors that can defer and use this hook or its twin, the most obvious first.
    aliases: other dotted names of the class. source: "module/path.py:LINE".
    """

    name: str
    provider: str = ""
    async_methods: tuple[str, ...] = ()
    async_generators: tuple[str, ...] = ()
    async_contexts: tuple[str, ...] = ()
    sync_methods: Mapping[str, str] = field(default_factory=dict)
    async_only: bool = False
    sync_twin: str | None = None
    async_twin: str | None = None
    covered_by: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    source: str = ""

    def __repr__(self) -> str:
        return f"HookFacts({self.name!r})"

    @property
    def simple_name(self) -> str:
        """The class's own name, without its module."""
        return self.name.rpartition(".")[2]


FIELDS = tuple(f.name for f in fields(HookFacts))
_EMPTY = HookFacts("")
_TUPLES = ("async_methods", "async_generators", "async_contexts", "covered_by", "aliases")


def to_record(facts: HookFacts) -> dict[str, Any]:
    """The JSON object of a hook, fields at their default left out, in the order of the fields."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name in FIELDS
        if (value := getattr(facts, name)) != getattr(_EMPTY, name)
    }


def from_record(record: Mapping[str, Any]) -> HookFacts:
    """The hook that a JSON object describes."""
    values: dict[str, Any] = dict(record)
    for name in _TUPLES:
        if name in values:
            values[name] = tuple(values[name])
    return HookFacts(**values)


class Hooks:
    """The hooks of a folder of data files: `hooks.jsonl`, one a line, sorted by name, decoded when asked for."""

    __slots__ = ("_data", "_decoded", "_names")

    def __init__(self, folder: str = DATA) -> None:
        with open(join(folder, FILE), "rb") as file:
            self._data = file.read()
        self._decoded: dict[str, HookFacts | None] = {}
        self._names: frozenset[str] | None = None

    @staticmethod
    def load() -> Hooks:
        """The hooks that ship, read once a process."""
        return _shipped()

    def get(self, dotted: str) -> HookFacts | None:
        """The hook of that dotted name, also an alias; None where it has no async method and no async twin."""
        if dotted not in self._decoded:
            line = find_line(self._data, dotted.encode(), _PREFIX, b'"')
            self._decoded[dotted] = from_record(json.loads(line)) if line is not None else self._alias(dotted)
        return self._decoded[dotted]

    def _alias(self, dotted: str) -> HookFacts | None:
        wanted = b'"' + dotted.encode() + b'"'
        place = self._data.find(wanted)
        while place >= 0:  # the name may also stand in a line as a twin
            stop = self._data.find(b"\n", place)
            facts = from_record(json.loads(self._data[self._data.rfind(b"\n", 0, place) + 1 : stop]))
            if dotted in facts.aliases:
                return facts
            place = self._data.find(wanted, stop)
        return None

    def all(self) -> Iterator[HookFacts]:
        """Every hook, ordered by name."""
        for line in self._data.splitlines():
            yield from_record(json.loads(line))

    def names(self) -> frozenset[str]:
        """The simple names of all hooks and of their aliases: a cheap first filter."""
        if self._names is None:
            skip, found = len(_PREFIX), set()
            for (
                line
            ) in self._data.splitlines():  # without decoding: this runs before it is known who is asked for
                found.add(line[skip : line.index(b'"', skip)])
                _, there, rest = line.partition(_ALIASES)
                if there:
                    found.update(rest[: rest.index(b'"]')].split(b'","'))
            self._names = frozenset(name.rpartition(b".")[2].decode() for name in found)
        return self._names


@lru_cache(maxsize=1)
def _shipped() -> Hooks:
    return Hooks()
