"""Finds the operators and sensors that can defer for what a hook does: those that use it, or whose trigger does."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from advisor.catalog.classes import BASE_OPERATOR, BASE_SENSOR, ClassInfo, ClassTable
from advisor.catalog.hooks import BASE_HOOK, HookFacts, to_record
from advisor.catalog.hooks_extract import OLD_BASES, HookReader, is_hook
from advisor.catalog.modules import Module, Sources
from advisor.catalog.record import ClassFacts
from advisor.records import replace

NAMES = Path(__file__).with_name("hook_names.json")
BASE_TRIGGER = "airflow.triggers.base.BaseTrigger"
AT_MOST = 5
_CORE = frozenset([BASE_OPERATOR, BASE_SENSOR, BASE_HOOK, BASE_TRIGGER])
_WORDS = re.compile(r"[A-Z]{1,3}\d+|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# Words of class names that tell nothing of the service.
_IDLE = frozenset(
    [
        *("async", "hook", "operator", "sensor", "trigger", "base", "service", "client", "api"),
        *("cloud", "google", "aws", "azure", "microsoft"),
    ]
)
# Words of operators that start what one would wait for, and of those that tidy up around it.
_STARTS = frozenset(["submit", "run", "insert", "start", "trigger", "refresh", "execute"])
_MANAGES = frozenset(
    ["delete", "stop", "terminate", "cancel", "pause", "resume", "update", "modify", "check", "get", "list"]
)
Rank: TypeAlias = tuple[bool, bool, bool, int, int, int, int, int, str]


def hooks_file(sources: Sources, operators: Iterable[ClassFacts]) -> bytes:
    """The data file of the hooks that the sources define; `operators` are the facts of the classes beside them."""
    table = ClassTable(sources, OLD_BASES)
    old_names: dict[str, str] = json.loads(NAMES.read_text(encoding="utf-8"))["names"]
    reader = HookReader(table, old_names)
    rows = [to_record(facts) for facts in Cover(table, reader).cover(reader.all(), operators)]
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


class Cover:
    """Which classes the operators of a class table refer to, straight and through their triggers."""

    def __init__(self, table: ClassTable, reader: HookReader) -> None:
        self.table = table
        self.reader = reader
        self._references: dict[str, frozenset[str]] = {}

    def references(self, info: ClassInfo) -> frozenset[str]:
        """Dotted names of the hooks and triggers that a class's own and inherited code names, annotations left out."""
        if info.name not in self._references:
            found: set[str] = set()
            for module, node in _code(info):
                local = _local_imports(module, node)
                for dotted in _names(self.table, module, node, local):
                    found.add(dotted)
            self._references[info.name] = frozenset(found)
        return self._references[info.name]

    def hooks(self, info: ClassInfo) -> frozenset[str]:
        """The hooks among what a class refers to."""
        return frozenset(name for name in self.references(info) if name in self.reader.infos)

    def triggers(self, info: ClassInfo) -> list[ClassInfo]:
        """The triggers among what a class refers to, by name."""
        known = (self.table.get(name) for name in sorted(self.references(info)))
        return [found for found in known if found is not None and found.is_a(BASE_TRIGGER)]

    def family(self, name: str) -> str:
        """A hook's sync twin, or itself."""
        return self.reader.sync_twins.get(name, name)

    def ranks(self, operators: Iterable[ClassFacts]) -> dict[str, list[str]]:
        """Hook family to the operators that can defer for it, the most obvious first.

        An operator counts where it is named for the same service and a trigger of it uses the hook or its twin. Where
        its triggers use no hook, those count that it uses itself. What is private, abstract, deprecated or
        astronomer's does not count.
        """
        chosen = [
            (facts, info)
            for facts in operators
            if facts.effective
            and not facts.deprecated
            and not facts.simple_name.startswith("_")
            and "base" not in words(facts.name)
            and not facts.name.startswith("astronomer.")
            and (info := self.table.get(facts.name)) is not None
        ]
        below = Counter(ancestor.name for _, info in chosen for ancestor in info.mro)
        found: dict[str, dict[str, Rank]] = {}
        for facts, info in chosen:
            deferred = {self.family(name) for trigger in self.triggers(info) for name in self.hooks(trigger)}
            for name in deferred or {self.family(name) for name in self.hooks(info)}:
                if name != BASE_HOOK and akin(name, facts.name):
                    found.setdefault(name, {})[facts.name] = _rank(facts, name, below[facts.name])
        return {name: sorted(rows, key=lambda row: rows[row]) for name, rows in found.items()}

    def cover(self, hooks: Iterable[HookFacts], operators: Iterable[ClassFacts]) -> list[HookFacts]:
        """The hooks, each with the operators that cover it."""
        ranks = self.ranks(operators)
        return [
            replace(facts, covered_by=tuple(ranks.get(self.family(facts.name), ())[:AT_MOST]))
            for facts in hooks
        ]


def words(name: str) -> list[str]:
    """The words of a class's simple name, lower case."""
    return [word.lower() for word in _WORDS.findall(name.rpartition(".")[2])]


def akin(hook: str, operator: str) -> bool:
    """Whether a hook and an operator are named for the same service: by a word, or as modules of one name."""
    return _module(hook) == _module(operator) or bool((set(words(hook)) - _IDLE) & set(words(operator)))


def _module(dotted: str) -> str:
    return dotted.rpartition(".")[0].rpartition(".")[2]


def _rank(facts: ClassFacts, hook: str, below: int) -> Rank:
    """Smaller is more obvious. `below`: how many deferrable classes build on this one."""
    mine, theirs = set(words(hook)) - _IDLE, set(words(facts.name)) - _IDLE
    verbs = 0 if theirs & _STARTS else 2 if theirs & _MANAGES else 1
    return (
        facts.kind == "transfer",
        facts.kind == "sensor",
        _module(hook) != _module(facts.name),
        -below,
        verbs,
        -len(mine & theirs),
        len(theirs - mine),
        len(facts.simple_name),
        facts.name,
    )


def _code(info: ClassInfo) -> Iterator[tuple[Module, ast.AST]]:
    """What runs for a class: the methods that it has and the values that it sets, each with its module."""
    seen: set[str] = set()
    for ancestor in info.mro:
        if ancestor.name in _CORE:
            return
        for name, node in [*ancestor.methods.items(), *ancestor.values.items()]:
            if name not in seen:
                seen.add(name)
                yield ancestor.module, node
        if not is_hook(ancestor):
            for base in ancestor.node.bases:
                yield ancestor.module, base  # AwsBaseOperator[S3Hook]


def _local_imports(module: Module, node: ast.AST) -> dict[str, str]:
    """What a method imports itself: local name to dotted name."""
    found = {}
    for inner in ast.walk(node):
        if isinstance(inner, ast.ImportFrom):
            origin = module.absolute(inner.module, inner.level)
            for alias in inner.names:
                found[alias.asname or alias.name] = f"{origin}.{alias.name}"
    return found


def _names(table: ClassTable, module: Module, node: ast.AST, local: dict[str, str]) -> Iterator[str]:
    """Dotted names of the classes that a piece of code names, annotations and tests of types left out."""
    for inner in _evaluated(node):
        if not isinstance(inner, (ast.Name, ast.Attribute)):
            continue
        if isinstance(inner, ast.Name) and inner.id in local:
            found = table.sources.find(local[inner.id])
        else:
            found = table.sources.resolve(module, inner)
        if found is not None and isinstance(found.node, ast.ClassDef):
            yield found.dotted


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below `node` that run when it does: no annotations."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _evaluated(child)
