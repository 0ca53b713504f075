"""Looks up what the catalog knows of a class by any name it has or had, decoding only the classes asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from os.path import dirname, join

from advisor.catalog.record import ClassFacts, from_record

DATA = join(dirname(__file__), "data")
_PREFIX = b'{"name":"'


def _read(folder: str, name: str) -> bytes:
    with open(join(folder, name), "rb") as file:
        return file.read()


def find_line(data: bytes, key: bytes, prefix: bytes, end: bytes) -> bytes | None:
    """The line of `data` that starts with prefix + key + end, by halving; lines are sorted by key, as bytes."""
    start, stop = _halve(data, key, prefix, end)
    return None if stop < 0 else data[start:stop]


def _halve(data: bytes, key: bytes, prefix: bytes, end: bytes) -> tuple[int, int]:
    """Where the line of a key starts and stops; where there is none, where it would start, and -1."""
    low, high = 0, len(data)
    skip = len(prefix)
    while low < high:
        middle = (low + high) // 2
        start = data.rfind(b"\n", low, middle) + 1 or low
        stop = data.find(b"\n", middle)
        stop = high if stop < 0 else stop
        found = data[start + skip : data.find(end, start + skip, stop)]
        if found == key:
            return start, stop
        if found < key:
            low = stop + 1
        else:
            high = start
    return low, -1


class Catalog:
    """The facts about every class, read from a folder of data files.

    `classes.jsonl`: one class a line, sorted by name. `former.tsv`: every other dotted name a class is or was known
    by, today's name and the era of the former one, with tabs between; sorted.
    `names.txt`: the simple names that rules may speak about, one a line.
    Neither file is decoded before a class is asked for, and then only its own line.
    """

    __slots__ = ("_classes", "_decoded", "_eras", "_folder", "_former", "_modules", "_names", "_resolved")

    def __init__(self, folder: str = DATA, beside: Catalog | None = None) -> None:
        """`beside`: a catalog that has read the same folder already."""
        self._folder = folder
        self._classes: bytes = beside._classes if beside is not None else _read(folder, "classes.jsonl")
        self._former: bytes = beside._former if beside is not None else _read(folder, "former.tsv")
        self._names: frozenset[str] | None = None
        self._decoded: dict[str, ClassFacts] = {}
        self._resolved: dict[str, str | None] = {}
        self._eras: dict[str, str] = {}
        self._modules: dict[str, bool] = {}

    @staticmethod
    def load() -> Catalog:
        """The catalog that ships, read once a process."""
        return _shipped()

    def _line(self, name: str) -> bytes | None:
        return find_line(self._classes, name.encode(), _PREFIX, b'"')

    def resolve(self, dotted: str) -> str | None:
        """Today's dotted name of the class that `dotted` is or was; None where the catalog knows of none."""
        if dotted not in self._resolved:
            self._resolved[dotted] = self._resolve(dotted)
        return self._resolved[dotted]

    def _resolve(self, dotted: str) -> str | None:
        if self._line(dotted) is not None:
            return dotted
        line = find_line(self._former, dotted.encode(), b"", b"\t")
        return None if line is None else line.split(b"\t")[1].decode()

    def has_below(self, dotted: str) -> bool:
        """Whether a class is, or was, known by a name that starts with this one and a dot."""
        if dotted not in self._modules:
            key = f"{dotted}.".encode()
            self._modules[dotted] = any(
                data.startswith(prefix + key, _halve(data, key, prefix, end)[0])
                for data, prefix, end in ((self._classes, _PREFIX, b'"'), (self._former, b"", b"\t"))
            )
        return self._modules[dotted]

    def era(self, dotted: str) -> str:
        """Where a former name comes from: "1.10", "contrib", "core" (of Airflow 2), "provider", "re-export"; or ""."""
        if dotted not in self._eras:
            line = find_line(self._former, dotted.encode(), b"", b"\t")
            self._eras[dotted] = "" if line is None else line.split(b"\t")[2].decode()
        return self._eras[dotted]

    def get(self, dotted: str) -> ClassFacts | None:
        """The class that `dotted` is or was; None where the catalog knows of none."""
        name = self.resolve(dotted)
        if name is None:
            return None
        facts = self._decoded.get(name)
        if facts is None:
            line = self._line(name)
            if line is None:
                return None
            facts = self._decoded[name] = from_record(json.loads(line))
        return facts

    def names(self) -> frozenset[str]:
        """Simple names, present and former, of the classes that rules may speak about: a cheap first filter."""
        if self._names is None:
            self._names = frozenset(_read(self._folder, "names.txt").decode().split())
        return self._names

    def simple_names(self) -> frozenset[str]:
        """Simple names, present and former, of every class there is."""
        lines = self._classes.splitlines()
        names = {line[len(_PREFIX) : line.index(b'"', len(_PREFIX))] for line in lines}
        names.update(line[: line.index(b"\t")] for line in self._former.splitlines())
        return frozenset(name.rpartition(b".")[2].decode() for name in names)

    def all(self, *, gone: bool = False) -> Iterator[ClassFacts]:
        """Every class, ordered by name; with `gone` also those that today's providers have no more."""
        for line in self._classes.splitlines():
            facts = from_record(json.loads(line))
            if gone or not facts.gone:
                yield facts

    def former(self) -> Iterator[tuple[str, str]]:
        """Every other dotted name and today's, ordered."""
        for line in self._former.decode().splitlines():
            old, new, _ = line.split("\t")
            yield old, new


@lru_cache(maxsize=1)
def _shipped() -> Catalog:
    return Catalog()
