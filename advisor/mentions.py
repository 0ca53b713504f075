"""Whether a file, or a first-party module that it imports, holds a word: asked before any of them is parsed."""

from __future__ import annotations

import os
import re
from collections import deque
from typing import TYPE_CHECKING

from advisor.names import absolute

if TYPE_CHECKING:
    from advisor.project import Project

# As in `firstparty`: each begins with fixed text, which makes the search cheap; what they find in comments and strings
# costs a look-up and does no harm.
_FROM = re.compile(rb"from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)")
_IMPORT = re.compile(rb"import[ \t]+([\w., \t]+)")
_WORD = re.compile(rb"\w+")
_MAX_SIZE = 1_000_000  # bytes
_MAX_FILES = 300  # modules behind one file
_MAX_HOPS = 2  # what lies farther behind is found in half of all files, and is seldom the file's own doing


class Mentions:
    """What a run knows of one word: the files that hold it, and which modules each imports; every file is read once."""

    def __init__(self, project: Project, word: bytes) -> None:
        self._project = project
        self._word = word
        self._files: dict[str, tuple[bool, tuple[str, ...]]] = {}
        self._reach: dict[str, bool] = {}

    def reach(self, path: str, data: bytes | None = None) -> bool:
        """Whether the file at `path` (with this content, where it is known) or a module behind it holds the word."""
        if data is None and path in self._reach:
            return self._reach[path]
        holds, ahead = self._look(path, data) if data is not None else self._file(path)
        seen, waiting = {path}, deque((other, 1) for other in ahead)
        while waiting and not holds and len(seen) < _MAX_FILES:
            other, hops = waiting.popleft()
            if other not in seen:
                seen.add(other)
                holds, imported = self._file(other)
                if hops < _MAX_HOPS:
                    waiting += ((further, hops + 1) for further in imported)
        if data is None:
            self._reach[path] = holds
        return holds

    def _file(self, path: str) -> tuple[bool, tuple[str, ...]]:
        if path not in self._files:
            try:
                with open(path, "rb") as file:
                    data = file.read(_MAX_SIZE)
            except OSError:
                data = b""
            self._files[path] = self._look(path, data)
        return self._files[path]

    def _look(self, path: str, data: bytes) -> tuple[bool, tuple[str, ...]]:
        if self._word in data:
            return True, ()
        found: dict[str, None] = {}
        tops = self._project.tops(os.path.dirname(self._project.real(path)))
        for origin, names in _FROM.findall(data):
            module = origin.decode()
            if module.startswith("."):
                module = absolute(module, self._project.package_of(path))
            if module.partition(".")[0] not in tops:
                continue
            located = self._project.locate(module, path)
            if located is not None:
                found[located] = None
            if located is None or located.endswith("__init__.py"):
                beside = None if located is None else self._project.entries(os.path.dirname(located))
                for name in map(bytes.decode, _WORD.findall(names)):
                    known = beside is None or name in beside
                    inner = self._project.locate(f"{module}.{name}", path) if known else None
                    if inner is not None:
                        found[inner] = None
        for plain in _IMPORT.finditer(data):
            start = plain.start()
            if data[data.rfind(b"\n", 0, start) + 1 : start].strip():
                continue  # the end of `from … import …`
            for part in plain[1].split(b","):
                name = part.split()[0].decode() if part.split() else ""
                located = self._project.locate(name, path) if name.partition(".")[0] in tops else None
                if located is not None:
                    found[located] = None
        return False, tuple(found)


def mentions(project: Project, word: bytes) -> Mentions:
    """What is known of a word so far, kept with the project."""
    if word not in project.mentions:
        project.mentions[word] = Mentions(project, word)
    return project.mentions[word]
