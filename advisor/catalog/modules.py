"""Reads Python modules out of wheels and folders, unrun, and answers which definition a name in them stands for."""

from __future__ import annotations

import ast
import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_VERSION_FLAG = re.compile(r"^AIRFLOW_V_(\d+)_(\d+)(?:_(\d+))?_PLUS$")


@dataclass(frozen=True)
class ImportedName:
    """`from module import attribute`, or `import module` where attribute is empty."""

    module: str
    attribute: str


Binding: TypeAlias = ast.ClassDef | FunctionNode | ImportedName | ast.expr


@dataclass
class Module:
    """One parsed module: its top-level names, and where it came from."""

    name: str
    path: str
    distribution: str
    version: str
    tree: ast.Module
    is_package: bool
    names: dict[str, Binding] = field(default_factory=dict)
    lazy: dict[str, ImportedName] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    def absolute(self, module: str | None, level: int) -> str:
        """The absolute name that a (relative) import's module part stands for here."""
        if not level:
            return module or ""
        parts = self.name.split(".")
        keep = len(parts) - level + (1 if self.is_package else 0)
        return ".".join([*parts[:keep], *([module] if module else [])])


@dataclass(frozen=True)
class Definition:
    """A class or function (or module-level value) and the module that defines it."""

    module: Module
    node: ast.ClassDef | FunctionNode | ast.expr
    name: str

    @property
    def dotted(self) -> str:
        return f"{self.module.name}.{self.name}"

    @property
    def source(self) -> str:
        return f"{self.module.path}:{self.node.lineno}"


def static_test(test: ast.expr, airflow: tuple[int, ...] = (3, 3, 2)) -> bool | None:
    """What a module-level `if` decides for the newest Airflow: version flags and TYPE_CHECKING; None = unknown."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        value = static_test(test.operand, airflow)
        return None if value is None else not value
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    match = _VERSION_FLAG.match(name)
    if match:
        return airflow >= tuple(int(part) for part in match.groups() if part)
    if isinstance(test, ast.Constant):
        return bool(test.value)
    return None


class Sources:
    """All modules of a set of wheels and folders, parsed when first asked for.

    A folder is a root of imports (site-packages, a project): `<folder>/a/b.py` is module `a.b`.
    Of two sources with the same module the first wins. Modules that do not parse are left out.
    """

    def __init__(self, roots: Iterable[Path], airflow: tuple[int, ...] = (3, 3, 2)) -> None:
        self.airflow = airflow
        self._files: dict[str, tuple[Path, str, str, str]] = {}
        self._archives: dict[Path, zipfile.ZipFile] = {}
        self._modules: dict[str, Module | None] = {}
        for root in roots:
            self._add(root)

    def _add(self, root: Path) -> None:
        if root.suffix == ".whl":
            distribution, version = root.name.split("-")[:2]
            archive = self._archives[root] = zipfile.ZipFile(root)
            members: Iterable[str] = archive.namelist()
            distribution = re.sub(r"[-_.]+", "-", distribution).lower()
        else:
            distribution, version = "", ""
            members = _python_files(root)
        for member in members:
            if not member.endswith(".py") or ".dist-info/" in member or ".data/" in member:
                continue
            name = member[:-3].replace("/", ".")
            name = name.removesuffix(".__init__")
            self._files.setdefault(name, (root, member, distribution, version))

    def module_names(self) -> list[str]:
        """Every module there is, sorted."""
        return sorted(self._files)

    def distribution(self, module: str) -> str:
        """The distribution (wheel) a module comes from, "" for folders."""
        return self._files[module][2]

    def text(self, module: str) -> bytes:
        """A module's bytes."""
        root, member, _, _ = self._files[module]
        archive = self._archives.get(root)
        return archive.read(member) if archive else (root / member).read_bytes()

    def module(self, name: str) -> Module | None:
        """The module of that name, parsed; None where there is none, or it does not parse."""
        if name not in self._modules:
            self._modules[name] = self._parse(name) if name in self._files else None
        return self._modules[name]

    def _parse(self, name: str) -> Module | None:
        _, member, distribution, version = self._files[name]
        try:
            tree = ast.parse(self.text(name))
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
            return None
        module = Module(name, member, distribution, version, tree, member.endswith("__init__.py"))
        self._bind(module, tree.body, weak=False)
        return module

    def _bind(self, module: Module, body: list[ast.stmt], weak: bool) -> None:
        def put(name: str, binding: Binding) -> None:
            if weak:
                module.names.setdefault(name, binding)
            else:
                module.names[name] = binding

        for statement in body:
            match statement:
                case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                    put(statement.name, statement)
                case ast.ImportFrom():
                    origin = module.absolute(statement.module, statement.level)
                    for alias in statement.names:
                        put(alias.asname or alias.name, ImportedName(origin, alias.name))
                case ast.Import():
                    for alias in statement.names:
                        if alias.asname:
                            put(alias.asname, ImportedName(alias.name, ""))
                        else:
                            top = alias.name.partition(".")[0]
                            put(top, ImportedName(top, ""))
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    put(target, value)
                    self._lazy_names(module, target, value)
                case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value):
                    put(target, value)
                    self._lazy_names(module, target, value)
                case ast.If():
                    chosen = static_test(statement.test, self.airflow)
                    self._bind(module, statement.body, weak or chosen is not True)
                    self._bind(module, statement.orelse, weak or chosen is not False)
                case ast.Try():
                    self._bind(module, statement.body, weak)
                    for handler in statement.handlers:
                        self._bind(module, handler.body, weak=True)
                    self._bind(module, [*statement.orelse, *statement.finalbody], weak)
                case ast.With():
                    self._bind(module, statement.body, weak)
                case _:
                    pass

    def _lazy_names(self, module: Module, target: str, value: ast.expr) -> None:
        """Names a module hands out through `__getattr__`: tables of name to module, or to several, newest first."""
        if not isinstance(value, ast.Dict):
            return
        for key, item in zip(value.keys, value.values, strict=True):
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                continue
            if isinstance(item, ast.Dict) and "deprecated_classes" in target:
                for old, new in zip(item.keys, item.values, strict=True):
                    names = [n.value for n in (old, new) if isinstance(n, ast.Constant)]
                    if len(names) == 2:
                        place = (
                            key.value if key.value.startswith("airflow.") else f"{module.name}.{key.value}"
                        )
                        module.moved[f"{place}.{names[0]!s}"] = str(names[1])
                continue
            first = item.elts[0] if isinstance(item, ast.Tuple) and item.elts else item
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                path = first.value
                if path.startswith("."):
                    path = module.absolute(path.lstrip("."), len(path) - len(path.lstrip(".")))
                module.lazy.setdefault(key.value, ImportedName(path, key.value))

    def find(self, dotted: str, depth: int = 0) -> Definition | None:
        """The definition that a dotted path leads to, through imports and re-exports; None where unknown."""
        module_name, _, attribute = dotted.rpartition(".")
        if not module_name or depth > 12:
            return None
        module = self.module(module_name)
        return self.lookup(module, attribute, depth) if module else None

    def lookup(self, module: Module, name: str, depth: int = 0) -> Definition | None:
        """The definition that a top-level name of a module stands for; None for modules and unknown names."""
        if depth > 12:
            return None
        binding = module.names.get(name) or module.lazy.get(name)
        if isinstance(binding, ImportedName):
            if not binding.attribute:
                return None
            return self.find(f"{binding.module}.{binding.attribute}", depth + 1)
        if isinstance(binding, (ast.Name, ast.Attribute)):
            return self.resolve(module, binding, depth + 1) or Definition(module, binding, name)
        return Definition(module, binding, name) if binding is not None else None

    def dotted(self, module: Module, node: ast.expr) -> str | None:
        """The dotted path an expression `a.b.C` spells in a module, its first name resolved as an import."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        binding = module.names.get(node.id) or module.lazy.get(node.id)
        if isinstance(binding, ImportedName):
            head = f"{binding.module}.{binding.attribute}" if binding.attribute else binding.module
        elif binding is not None:
            head = f"{module.name}.{node.id}"
        else:
            return None
        return ".".join([head, *reversed(parts)])

    def resolve(self, module: Module, node: ast.expr, depth: int = 0) -> Definition | None:
        """The definition that an expression (a name or attribute) stands for at a module's top level."""
        if isinstance(node, ast.Subscript):  # Base[T]
            return self.resolve(module, node.value, depth)
        if isinstance(node, ast.Name):
            return self.lookup(module, node.id, depth)
        dotted = self.dotted(module, node)
        return self.find(dotted, depth) if dotted else None


def _python_files(root: Path) -> Iterator[str]:
    """Paths of the Python files below a folder, relative, with forward slashes, sorted; links are not followed."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            f
            for f in folders
            if f not in ("__pycache__", "node_modules")
            and not f.startswith(".")
            and not os.path.isfile(os.path.join(folder, f, "pyvenv.cfg"))
        )
        for file in sorted(files):
            if file.endswith(".py"):
                yield os.path.relpath(os.path.join(folder, file), root).replace(os.sep, "/")
