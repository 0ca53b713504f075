"""Whether a file, or a first-party module that it imports, holds a word: asked before any of them is parsed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from advisor.names import absolute

if TYPE_CHECKING:
    from advisor.flow import Readable
    from advisor.project import Project

#: a name that is given to something, and what is called or handed over in it
Given: TypeAlias = "tuple[bytes, frozenset[bytes]]"

# As in `firstparty`: each begins with fixed text, which makes the search cheap; what they find in comments and strings
# costs a look-up and does no harm.
_FROM = re.compile(rb"from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)")
_IMPORT = re.compile(rb"import[ \t]+([\w., \t]+)")
_WORD = re.compile(rb"\w+")
_DEFINITION = re.compile(rb"^([ \t]*)(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.MULTILINE)
_USED = re.compile(rb"\b\w+(?=[ \t]*[(,)])")  # called, or handed to something that may call it
_PROPERTY = re.compile(rb"property\b[^\n]*\n(?:[ \t]*@[^\n]*\n)*[ \t]*def[ \t]+(\w+)")
_ALIAS = re.compile(rb" as[ \t]+(\w+)")
_BEFORE = re.compile(rb"(\w+)[ \t]*\Z")
_LONG = 80  # characters of a name
_ASSIGNED = re.compile(
    rb"^[ \t]*(?:\w+\.)*(\w+)[ \t]*=[ \t]*"
    rb"((?:functools\.)?partial\b[^\n]*|lambda\b[^\n]*|[A-Za-z_][\w.]*(?=[ \t]*(?:#|\r?$)))",
    re.MULTILINE,
)
_CALLABLE = re.compile(rb"python_callable[ \t]*=[ \t]*([\w.]+)")
_NONE: frozenset[bytes] = frozenset()
_MAX_SIZE = 1_000_000  # bytes
_MAX_HOPS = 2  # what lies farther behind is found in half of all files, and is seldom the file's own doing


class Mentions:
    """What a run knows of one word: the files that hold it, and which modules each imports; every file is read once."""

    def __init__(self, project: Project, word: bytes) -> None:
        self._project = project
        self._word = word
        self._seed = frozenset(_WORD.findall(word))
        self._files: dict[str, tuple[bool, tuple[str, ...]]] = {}
        self._outlines: dict[str, list[Given]] = {}
        self._leads: dict[tuple[str, int], frozenset[bytes]] = {}

    def behind(self, file: Readable) -> frozenset[bytes]:
        """The names by which what a parsed file imports leads to the word, and its own, where the file holds it."""
        return self._start(self._word.decode() in file.tree.text, self._imported(file), _MAX_HOPS)

    def leads(self, path: str, hops: int = _MAX_HOPS) -> frozenset[bytes]:
        """The names that a call in the file at `path` may lead to the word by; `hops` files behind it count.

        The word itself; functions, methods and classes of the file and of modules behind it that hold the word or one
        of these names; other names for them. A name too many costs time.
        """
        key = (path, hops)
        if key not in self._leads:
            holds, ahead = self._file(path)
            names = self._start(holds, ahead, hops)
            if names:
                data = _content(path)
                names = _closure(lambda: self._outline(path, data), data, names)
            self._leads[key] = names
        return self._leads[key]

    def led(self, path: str, data: bytes) -> bool:
        """Whether a file that does not hold the word uses a name by which a module behind it leads to it."""
        names = self._start(False, self._look(path, data)[1], _MAX_HOPS)
        return any(name in data for name in names) and not names.isdisjoint(_runs(data))

    def _start(self, holds: bool, ahead: tuple[str, ...], hops: int) -> frozenset[bytes]:
        """What a file knows before its own names count: the word, if it holds it, and what its imports lead to."""
        known = [self.leads(other, hops - 1) for other in ahead] if hops else []
        return frozenset().union(self._seed if holds else _NONE, *known)

    def _outline(self, path: str, data: bytes) -> list[Given]:
        if path not in self._outlines:
            self._outlines[path] = _outline(data)
        return self._outlines[path]

    def _file(self, path: str) -> tuple[bool, tuple[str, ...]]:
        if path not in self._files:
            self._files[path] = self._look(path, _content(path))
        return self._files[path]

    def _look(self, path: str, data: bytes) -> tuple[bool, tuple[str, ...]]:
        """Whether a file holds the word, and the first-party modules that it imports."""
        found: dict[str, None] = {}
        tops = self._project.tops(os.path.dirname(self._project.real(path)))
        for origin, names in _FROM.findall(data):
            module = origin.decode()
            if module.startswith("."):
                module = absolute(module, self._project.package_of(path))
            if module.partition(".")[0] in tops:
                found.update(self._offered(module, map(bytes.decode, _WORD.findall(names)), path))
        for plain in _IMPORT.finditer(data):
            start = plain.start()
            if data[data.rfind(b"\n", 0, start) + 1 : start].strip():
                continue  # the end of `from … import …`
            for part in plain[1].split(b","):
                name = part.split()[0].decode() if part.split() else ""
                located = self._project.locate(name, path) if name.partition(".")[0] in tops else None
                if located is not None:
                    found[located] = None
        return self._word in data, tuple(found)

    def _imported(self, file: Readable) -> tuple[str, ...]:
        """The first-party modules that a parsed file imports."""
        found: dict[str, None] = {}
        tops = self._project.tops(os.path.dirname(self._project.real(file.path)))
        wanted: list[tuple[str, str]] = [(module, "") for module in file.names.stars]
        for imported in file.names.imports:
            path = imported.target if imported.name else imported.module
            if path.partition(".")[0] in tops:
                wanted.append((path.rpartition(".")[0], imported.name) if imported.name else (path, ""))
        for module, name in wanted:
            found.update(self._offered(module, (name,) if name else (), file.path))
        return tuple(found)

    def _offered(self, module: str, names: Iterable[str], path: str) -> Iterator[tuple[str, None]]:
        """The files that `from module import names` reads, in a file at `path`."""
        located = self._project.locate(module, path)
        if located is not None:
            yield located, None
        if located is None or located.endswith("__init__.py"):
            beside = None if located is None else self._project.entries(os.path.dirname(located))
            for name in names:
                known = beside is None or name in beside
                inner = self._project.locate(f"{module}.{name}" if module else name, path) if known else None
                if inner is not None:
                    yield inner, None


def _runs(data: bytes) -> list[bytes]:
    """The words of a file, or, where it defines nothing that calls them, those that it hands to an operator."""
    if b"def " in data or b"lambda" in data or b"partial" in data:
        return _WORD.findall(data)
    return [word for given in _CALLABLE.findall(data) for word in _WORD.findall(given)]


def _closure(outline: Callable[[], list[Given]], data: bytes, names: frozenset[bytes]) -> frozenset[bytes]:
    """These names, and those that a file gives to what uses one of them."""
    if not any(name in data for name in names):
        return names
    given, known, ahead = outline(), set(names), names
    while ahead:  # the names that the last round has found
        ahead = frozenset(name for name, words in given if name not in known and not words.isdisjoint(ahead))
        known |= ahead
    return frozenset(known)


def _outline(data: bytes) -> list[Given]:
    """The names that a module gives to something: what it defines, what else it calls by another name."""
    names: list[Given] = list(_definitions(data))
    for match in _ALIAS.finditer(data):
        known = _BEFORE.search(data, max(0, match.start() - _LONG), match.start())
        if known is not None:
            names.append((match[1], frozenset((known[1],))))
    names += ((name, frozenset(_WORD.findall(value))) for name, value in _ASSIGNED.findall(data))
    return names


def _definitions(data: bytes) -> Iterator[Given]:
    properties = frozenset(_PROPERTY.findall(data)) if b"property" in data else _NONE
    matches = list(_DEFINITION.finditer(data))
    ends = [match.start() for match in matches[1:]] + [len(data)]
    around: list[tuple[int, bool, bytes]] = []
    for match, end in zip(matches, ends, strict=False):
        indent, is_class = len(match[1]), match[2] == b"class"
        while around and around[-1][0] >= indent:
            around.pop()
        around.append((indent, is_class, match[3]))
        words = frozenset(_USED.findall(data, match.end(), end))
        if properties:
            words |= properties.intersection(_WORD.findall(data, match.end(), end))
        # What stands behind an inner definition may be the outer one's. A class runs what its `__init__` does.
        runs = is_class or match[3].startswith(b"__")
        for _, of_class, name in around:
            if runs or not of_class:
                yield name, words


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_SIZE)
    except OSError:
        return b""


def mentions(project: Project, word: bytes) -> Mentions:
    """What is known of a word so far, kept with the project."""
    if word not in project.mentions:
        project.mentions[word] = Mentions(project, word)
    return project.mentions[word]
