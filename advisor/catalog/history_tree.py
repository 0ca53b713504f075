"""Modules of wheels and folders as syntax trees, by dotted name: what the catalog's history is read from."""

from __future__ import annotations

import ast
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Tree:
    """Python sources under one roof (several wheels or folders), parsed when first asked for.

    A module that does not parse here counts as absent: it is too new or too old for the running Python, and
    nothing can be said about it.
    """

    def __init__(self, sources: Mapping[str, str], paths: Mapping[str, str] | None = None) -> None:
        """`sources`: dotted module name to text; `paths`: dotted module name to the path inside its wheel."""
        self._sources = dict(sources)
        self._paths = dict(paths or {})
        self._parsed: dict[str, ast.Module | None] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._moved: Mapping[str, str] = {}

    @classmethod
    def of(cls, *roots: Path) -> Tree:
        """Read wheels (`.whl`) and folders that hold packages. Test and example modules are left out."""
        sources: dict[str, str] = {}
        paths: dict[str, str] = {}
        for root in roots:
            for path, data in _files(root):
                module = path[: -len(".py")].replace("/", ".").removesuffix(".__init__")
                sources[module] = data.decode("utf-8", "replace")
                paths[module] = path
        return cls(sources, paths)

    def over(self, other: Tree, prefix: str, moved: Mapping[str, str]) -> Tree:
        """These modules before those of `other`, of which everything below `prefix` is left out.

        `moved`: where `other` keeps classes that these modules import by an older name.
        """
        kept = {name: text for name, text in other._sources.items() if not f"{name}.".startswith(prefix)}
        paths = {name: other._paths[name] for name in kept if name in other._paths}
        joined = Tree({**kept, **self._sources}, {**paths, **self._paths})
        joined._moved = moved
        return joined

    def modules(self) -> list[str]:
        """Every module's dotted name, sorted."""
        return sorted(self._sources)

    def text(self, module: str) -> str:
        """The source text; raises KeyError for a module that is not here."""
        return self._sources[module]

    def path(self, module: str) -> str:
        """The module's path inside its wheel."""
        return self._paths.get(module, module.replace(".", "/") + ".py")

    def package(self, module: str) -> bool:
        """Whether the module is a package's `__init__`."""
        return self.path(module).endswith("__init__.py")

    def parse(self, module: str) -> ast.Module | None:
        """The module's syntax tree; None where there is no such module or it does not parse."""
        if module not in self._parsed:
            text = self._sources.get(module)
            parsed: ast.Module | None = None
            if text is not None:
                try:
                    with warnings.catch_warnings():
                        # Old providers have "\d" in plain strings.
                        warnings.simplefilter("ignore")
                        parsed = ast.parse(text)
                except (SyntaxError, ValueError):
                    parsed = None
            self._parsed[module] = parsed
        return self._parsed[module]

    def classes(self, module: str) -> dict[str, ast.ClassDef]:
        """Top-level classes, also those under `if` and `try`, where the first of two wins."""
        found: dict[str, ast.ClassDef] = {}
        tree = self.parse(module)
        for node in _top_level(tree.body if tree else []):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, node)
        return found

    def names(self, module: str) -> dict[str, str]:
        """What each top-level name stands for, dotted: imports, own classes and functions, plain aliases."""
        if module in self._names:
            return self._names[module]
        found: dict[str, str] = {}
        tree = self.parse(module)
        for node in _top_level(tree.body if tree else []):
            if isinstance(node, ast.ImportFrom):
                base = self._from(module, node)
                for alias in node.names:
                    found.setdefault(alias.asname or alias.name, f"{base}.{alias.name}")
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    found.setdefault(local, alias.name if alias.asname else local)
            elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found[node.name] = f"{module}.{node.name}"
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute):
                # `BashOperator = airflow.operators.bash.BashOperator`, `OldName = NewName`
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        value = _dotted(node.value)
                        head, dot, rest = value.partition(".")
                        if value and target.id not in found and head in found:
                            found[target.id] = found[head] + dot + rest
        self._names[module] = found
        return found

    def resolve(self, dotted: str, depth: int = 8) -> str:
        """Follow re-exports to the defining module; what can't be followed comes back as it is."""
        module, _, name = dotted.rpartition(".")
        if depth == 0 or name in self.classes(module):
            return dotted
        if module not in self._sources:
            return self._moved.get(dotted, dotted)
        target = self.names(module).get(name, self._moved.get(dotted))
        return dotted if target is None or target == dotted else self.resolve(target, depth - 1)

    def find(self, dotted: str) -> tuple[str, ast.ClassDef] | None:
        """(module, class) that `dotted` stands for, re-exports followed; None where it is not here."""
        module, _, name = self.resolve(dotted).rpartition(".")
        found = self.classes(module).get(name)
        return None if found is None else (module, found)

    def bases(self, module: str, node: ast.ClassDef) -> list[str]:
        """Direct bases as dotted names, generics stripped (`AwsBaseSensor[S3Hook]`), re-exports followed."""
        found = []
        for base in node.bases:
            dotted = _dotted(base.value if isinstance(base, ast.Subscript) else base)
            head, dot, rest = dotted.partition(".")
            known = self.names(module).get(head, f"{module}.{head}")
            found.append(self.resolve(known + dot + rest))
        return found

    def lineage(self, dotted: str) -> list[tuple[str, ast.ClassDef]]:
        """The class and its bases that this tree holds, in the order in which methods are looked up.

        Depth first, of several mentions the last one counts: what Python does, for every hierarchy that
        Airflow has.
        """
        found: list[tuple[str, ast.ClassDef]] = []
        for hit in self._ancestors(dotted, frozenset()):
            found = [known for known in found if known[1] is not hit[1]]
            found.append(hit)
        return found

    def _ancestors(self, dotted: str, above: frozenset[str]) -> Iterator[tuple[str, ast.ClassDef]]:
        hit = self.find(dotted)
        if hit is None or dotted in above:
            return
        yield hit
        for base in self.bases(*hit):
            yield from self._ancestors(base, above | {dotted})

    def _from(self, module: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = module.split(".")
        drop = node.level - (1 if self.package(module) else 0)
        kept = parts[: len(parts) - drop]
        return ".".join([*kept, *([node.module] if node.module else [])])


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    if root.is_dir():
        for path in sorted(root.rglob("*.py")):
            relative = path.relative_to(root).as_posix()
            if _wanted(relative):
                yield relative, path.read_bytes()
        return
    with zipfile.ZipFile(root) as wheel:
        for name in sorted(wheel.namelist()):
            if name.endswith(".py") and _wanted(name):
                yield name, wheel.read(name)


def _wanted(path: str) -> bool:
    parts = path.split("/")
    return not any(part.startswith("example_dags") or part in {"tests", "_vendor"} for part in parts)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _top_level(node.body)
            yield from _top_level(node.orelse)
        elif isinstance(node, ast.Try):
            yield from _top_level(node.body)
            for handler in node.handlers:
                yield from _top_level(handler.body)
            yield from _top_level(node.orelse)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = _dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def function(node: ast.ClassDef, name: str) -> Function | None:
    """The class's own method of that name."""
    for item in node.body:
        if isinstance(item, Function) and item.name == name:
            return item
    return None


def parameters(init: Function) -> dict[str, ast.expr | None]:
    """Names and defaults of `__init__`'s parameters but `self`, `*args`, `**kwargs`; None = required."""
    arguments = init.args
    positional = [*arguments.posonlyargs, *arguments.args][1:]
    defaults: list[ast.expr | None] = list(arguments.defaults)
    missing: list[ast.expr | None] = [None] * (len(positional) - len(defaults))
    padded = (missing + defaults)[-len(positional) :] if positional else []
    found = {arg.arg: default for arg, default in zip(positional, padded, strict=True)}
    found.update({a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)})
    return found
