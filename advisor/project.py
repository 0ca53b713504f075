"""First-party files seen from a DAG file: constants and re-exported names that it imports from its own project."""

from __future__ import annotations

import os

from advisor.decoding import Unreadable, decode
from advisor.names import Names
from advisor.syntax import SyntaxFailure, Tree, parse
from advisor.values import UNKNOWN, Values

_MAX_SIZE = 1_000_000  # bytes; constants live in small files
_MAX_DEPTH = 5  # files whose expressions are being folded at the same time
_MAX_HOPS = 20  # files that only pass a name on


class Module:
    """One first-party file, parsed: its path, tree, names and values."""

    __slots__ = ("names", "path", "tree", "values")

    def __init__(self, path: str, tree: Tree, package: str, project: Project) -> None:
        self.path = path
        self.tree = tree
        self.names = Names(tree, package)
        self.values = Values(self.names, lambda dotted: project.value(dotted, path))


class Project:
    """Finds and reads the first-party modules below `root`; every file is read at most once.

    A module is looked for in the project's root, in the importing file's own folder and in the folders between them
    (a DAGs folder is on Airflow's path). Nothing outside `root` is read.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._paths: dict[tuple[str, str], str | None] = {}
        self._modules: dict[str, Module | None] = {}
        self._folders: dict[str, str] = {}
        self._depth = 0

    def __reduce__(self) -> tuple[type[Project], tuple[str]]:
        return Project, (self.root,)  # parsed trees don't travel between processes

    def _folder_of(self, path: str) -> str:
        folder = os.path.dirname(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return self._folders[folder]

    def package_of(self, path: str) -> str:
        """The dotted package of the folder that a file stands in, seen from the root ("" outside of it)."""
        folder = self._folder_of(path)
        if folder == self.root or not folder.startswith(self.root + os.sep):
            return ""
        return folder[len(self.root) + 1 :].replace(os.sep, ".")

    def module(self, dotted: str, origin: str) -> Module | None:
        """The first-party module of this absolute name as a file at `origin` would import it."""
        folder = self._folder_of(origin)
        key = (dotted, folder)
        if key not in self._paths:
            self._paths[key] = self._find(dotted, folder)
        path = self._paths[key]
        if path is None:
            return None
        if path not in self._modules:
            self._modules[path] = self._read(path)
        return self._modules[path]

    def value(self, dotted: str, origin: str) -> object:
        """The value of a first-party constant (`package.module.NAME`), or UNKNOWN."""
        for _ in range(_MAX_HOPS):
            module_name, _, name = dotted.rpartition(".")
            if not module_name:
                return UNKNOWN
            module = self.module(module_name, origin)
            if module is None:
                return self._class_constant(module_name, name, origin)
            targets = module.names.passed_on(name)
            if not targets:
                return self._constant(module, name)
            if len(targets) > 1:
                return UNKNOWN
            dotted, origin = targets[0], module.path
        return UNKNOWN

    def _constant(self, module: Module, name: str) -> object:
        if self._depth >= _MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            return module.values.module_constant(name)
        finally:
            self._depth -= 1

    def _class_constant(self, owner: str, name: str, origin: str) -> object:
        module_name, _, class_name = owner.rpartition(".")
        module = self.module(module_name, origin) if module_name else None
        if module is None:
            return UNKNOWN
        bindings = module.names.bindings(class_name).get(module.tree.root, [])
        if len(bindings) != 1 or bindings[0].kind != "class" or bindings[0].value is None:
            return UNKNOWN
        return module.values.class_constant(bindings[0].value, name)

    def origin_of(self, dotted: str, origin: str) -> str | None:
        """The dotted name outside of the project that a first-party name stands for, through re-exports.

        None where it is defined here, or where that is not certain.
        """
        for _ in range(_MAX_HOPS):
            module_name, _, name = dotted.rpartition(".")
            module = self.module(module_name, origin) if module_name else None
            if module is None:
                return None
            targets = module.names.exported(name)
            if len(targets) != 1:
                return None
            dotted, origin = targets[0], module.path
            if self.module(dotted.rpartition(".")[0], origin) is None:
                return dotted
        return None

    def _find(self, dotted: str, folder: str) -> str | None:
        if dotted.startswith(("airflow.", ".")) or dotted in ("airflow", ""):
            return None
        relative = dotted.replace(".", os.sep)
        for base in self._search_path(folder):
            for candidate in (relative + ".py", os.path.join(relative, "__init__.py")):
                path = os.path.join(base, candidate)
                if os.path.isfile(path):
                    real = os.path.realpath(path)
                    return real if real.startswith(self.root + os.sep) else None
        return None

    def _search_path(self, folder: str) -> list[str]:
        if folder != self.root and not folder.startswith(self.root + os.sep):
            return [self.root]
        path = [self.root]
        while folder != self.root:
            path.append(folder)
            folder = os.path.dirname(folder)
        return path

    def _read(self, path: str) -> Module | None:
        try:
            if os.path.getsize(path) > _MAX_SIZE:
                return None
            with open(path, "rb") as file:
                return Module(path, parse(decode(file.read()).text), self.package_of(path), self)
        except (OSError, Unreadable, SyntaxFailure):
            return None
