"""What the findings of a file depend on besides itself: the first-party modules that it imports, and theirs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from advisor.names import absolute
from advisor.stamps import FILE, PACKAGE, digest_of

if TYPE_CHECKING:
    from advisor.project import Project


class Node(NamedTuple):
    """One Python file of a project: the digest of its bytes and what it imports, as `stamps` tells them."""

    digest: str
    modules: tuple[str, ...]


class Dependencies:
    """The files behind files. `node` tells what is known of a path; None where it can't be read."""

    def __init__(self, project: Project, node: Callable[[str], Node | None]) -> None:
        self._project = project
        self._node = node
        self._edges: dict[str, tuple[list[str], list[str]]] = {}
        self._prints: dict[str, str] = {}

    def of(self, path: str) -> list[str]:
        """The first-party files that a file imports directly, sorted."""
        return self._resolved(path)[0]

    def print_of(self, path: str) -> str:
        """What stands for the content of a file and of all that it imports, directly or not."""
        if path not in self._prints:
            self._visit(path)
        return self._prints[path]

    def _resolved(self, path: str) -> tuple[list[str], list[str]]:
        """The files that a file imports, and what else it sees of the project: the names beside a package's modules."""
        known = self._edges.get(path)
        if known is None:
            node = self._node(path)
            files: set[str] = set()
            beside: set[str] = set()
            folder = os.path.dirname(path)
            tops = self._project.tops(folder)
            package = self._project.package_of(path) if node is not None else ""
            for module in node.modules if node is not None else ():
                if module[0] == FILE:
                    files.add(os.path.join(self._project.root, module[1:]))
                    continue
                whole = module[0] == PACKAGE
                name = module[1:] if whole else absolute(module, package) if module[0] == "." else module
                if name.partition(".")[0] not in tops:
                    continue
                found = self._project.locate_from(folder, name)
                if found is not None:
                    files.add(found)
                if (
                    whole
                ):  # the attributes of a package may be modules, of a folder elsewhere on the path, too
                    beside.update(self._project.beside(folder, name))
            known = self._edges[path] = sorted(files - {path}), sorted(beside)
        return known

    def _visit(self, start: str) -> None:
        """Tarjan's components, without recursion: files that import each other share what stands for them."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        ahead: list[tuple[str, Iterator[str]]] = []

        def enter(path: str) -> None:
            index[path] = low[path] = len(index)
            stack.append(path)
            ahead.append((path, iter(self.of(path))))

        enter(start)
        while ahead:
            path, rest = ahead[-1]
            for inner in rest:
                if inner in self._prints:
                    continue
                if inner not in index:
                    enter(inner)
                    break
                low[path] = min(low[path], index[inner])
            else:
                ahead.pop()
                if ahead:
                    low[ahead[-1][0]] = min(low[ahead[-1][0]], low[path])
                if low[path] == index[path]:
                    circle = [stack.pop()]
                    while circle[-1] != path:
                        circle.append(stack.pop())
                    self._seal(circle)

    def _seal(self, circle: list[str]) -> None:
        members = set(circle)
        start = len(self._project.root)  # a project that has been moved is the same
        parts: list[str] = []
        outside: set[str] = set()
        for path in sorted(circle):
            node = self._node(path)
            files, beside = self._resolved(path)
            parts.append(" ".join([path[start:], "-" if node is None else node.digest, *beside]))
            outside.update(files)
        parts += sorted(self._prints[path] for path in outside - members)
        shared = digest_of("\n".join(parts).encode("utf-8", "surrogateescape"))
        for path in circle:
            self._prints[path] = shared
