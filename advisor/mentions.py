"""Whether a file, or a first-party module that it imports, holds a word: asked before any of them is parsed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from advisor.names import absolute

if TYPE_CHECKING:
    from advisor.flow import Readable
    from advisor.project import Project

# As in `firstparty`: each begins with fixed text, which makes the search cheap; what they find in comments and strings
# costs a look-up and does no harm.
_FROM = re.compile(rb"from[ \t]+(?!airflow\b)([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)")
_IMPORT = re.compile(rb"import(?<![\w.][ \t]import)[ \t]+([\w., \t]+)")  # not that of `from … import …`
_WORD = re.compile(rb"\w+")
_DEFINITION = re.compile(rb"^([ \t]*)(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.MULTILINE)
_USED = re.compile(rb"[ \t]*[(,)]")  # behind what is called, or handed to something that may call it
_PROPERTY = re.compile(rb"property\b[^\n]*\n(?:[ \t]*@[^\n]*\n)*[ \t]*def[ \t]+(\w+)")
_ALIAS = re.compile(rb"[ \t]+as[ \t]+(\w+)")
_ASSIGNED = re.compile(
    rb"[ \t]*(?:\w+\.)*(\w+)[ \t]*=[ \t]*"
    rb"((?:functools\.)?partial\b[^\n]*|lambda\b[^\n]*|[A-Za-z_][\w.]*(?=[ \t]*(?:#|\r?$)))",
    re.MULTILINE,
)
_CALLABLE = re.compile(rb"python_callable[ \t]*=[ \t]*([\w.]+)")
_KEYWORDS = frozenset({b"await"})  # count where they stand: nothing calls them
_NONE: frozenset[bytes] = frozenset()
_LONG = 500  # bytes of a line on the way to a name
_MAX_SIZE = 1_000_000  # bytes
_MAX_HOPS = 2  # what lies farther behind is found in half of all files, and is seldom the file's own doing


class Mentions:
    """What a run knows of one word: the files that hold it, and which modules each imports; every file is read once."""

    def __init__(self, project: Project, word: bytes, reading: Reading) -> None:
        self._project = project
        self._word = word
        self._seed = frozenset(_WORD.findall(word))
        self._read = reading
        self._files: dict[str, tuple[bool, tuple[str, ...]]] = {}
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
                names = self._read.outline(path).leading(names)
            self._leads[key] = names
        return self._leads[key]

    def led(self, path: str, data: bytes) -> bool:
        """Whether a file that does not hold the word uses a name by which a module behind it leads to it."""
        names = self._start(False, self._read.ahead(path, data), _MAX_HOPS)
        return any(name in data for name in names) and not names.isdisjoint(_runs(data))

    def _start(self, holds: bool, ahead: tuple[str, ...], hops: int) -> frozenset[bytes]:
        """What a file knows before its own names count: the word, if it holds it, and what its imports lead to."""
        known = [self.leads(other, hops - 1) for other in ahead] if hops else []
        return frozenset().union(self._seed if holds else _NONE, *known)

    def _file(self, path: str) -> tuple[bool, tuple[str, ...]]:
        """Whether a file holds the word, and the first-party modules that it imports."""
        if path not in self._files:
            data = _content(path)
            self._files[path] = self._word in data, self._read.ahead_of_module(path, data)
        return self._files[path]

    def _imported(self, file: Readable) -> tuple[str, ...]:
        """The first-party modules that a parsed file imports."""
        found: dict[str, None] = {}
        tops = self._project.tops(self._project.folder_of(file.path))
        wanted: list[tuple[str, str]] = [(module, "") for module in file.names.stars]
        for imported in file.names.imports:
            path = imported.target if imported.name else imported.module
            if path.partition(".")[0] in tops:
                wanted.append((path.rpartition(".")[0], imported.name) if imported.name else (path, ""))
        for module, name in wanted:
            found.update(self._read.offered(module, (name,) if name else (), file.path))
        return tuple(found)


class Reading:
    """What a run has read of the project's files, whatever word is looked for."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._ahead: dict[str, tuple[str, ...]] = {}
        self._latest: tuple[str, bytes, tuple[str, ...]] = ("", b"", ())
        self._outlines: dict[str, _Outline] = {}
        self._words: dict[bytes, Mentions] = {}

    def of(self, word: bytes) -> Mentions:
        """What is known of a word so far."""
        if word not in self._words:
            self._words[word] = Mentions(self._project, word, self)
        return self._words[word]

    def outline(self, path: str) -> _Outline:
        """Where a module's definitions stand."""
        if path not in self._outlines:
            self._outlines[path] = _Outline(_content(path))
        return self._outlines[path]

    def ahead_of_module(self, path: str, data: bytes) -> tuple[str, ...]:
        """The first-party modules that a file imports; `data` is what it holds on the disk."""
        if path not in self._ahead:
            self._ahead[path] = self._look(path, data)
        return self._ahead[path]

    def ahead(self, path: str, data: bytes) -> tuple[str, ...]:
        """The same of a file that may be changed and asked about again; the words come in a row."""
        if self._latest[0] != path or self._latest[1] is not data:
            self._latest = (path, data, self._look(path, data))
        return self._latest[2]

    def _look(self, path: str, data: bytes) -> tuple[str, ...]:
        found: dict[str, None] = {}
        tops = self._project.tops(self._project.folder_of(path))
        for origin, names in _FROM.findall(data):
            module = origin.decode()
            if module.startswith("."):
                module = absolute(module, self._project.package_of(path))
            if module.partition(".")[0] in tops:
                found.update(self.offered(module, map(bytes.decode, _WORD.findall(names)), path))
        for plain in _IMPORT.finditer(data):
            start = plain.start()
            if data[data.rfind(b"\n", 0, start) + 1 : start].strip():
                continue
            for part in plain[1].split(b","):
                name = part.split()[0].decode() if part.split() else ""
                located = self._project.locate(name, path) if name.partition(".")[0] in tops else None
                if located is not None:
                    found[located] = None
        return tuple(found)

    def offered(self, module: str, names: Iterable[str], path: str) -> Iterator[tuple[str, None]]:
        """The files that `from module import names` reads, in a file at `path`."""
        located = self._project.locate(module, path)
        if located is not None:
            yield located, None
        for dotted in self._project.submodules(module, names, path):
            inner = self._project.locate(dotted, path)
            if inner is not None:
                yield inner, None


def _runs(data: bytes) -> list[bytes]:
    """The words of a file, or, where it defines nothing that calls them, those that it hands to an operator."""
    if b"def " in data or b"lambda" in data or b"partial" in data:
        return _WORD.findall(data)
    return [word for given in _CALLABLE.findall(data) for word in _WORD.findall(given)]


class _Outline:
    """A module's text and where its definitions stand: as in `leading`, the places of the names are looked at."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts: list[int] | None = None
        self._definitions: list[tuple[int, list[bytes]]] = []
        self._properties = _NONE

    def leading(self, names: frozenset[bytes]) -> frozenset[bytes]:
        """These names, and those that the module gives to what uses one of them."""
        found, ahead = set(names), list(names)
        while ahead:
            name = ahead.pop()
            for place in self._places(name):
                new = set(self._given(name, place)) - found
                found |= new
                ahead += new
        return frozenset(found)

    def _places(self, name: bytes) -> Iterator[int]:
        place = self._data.find(name)
        while place >= 0:
            end = place + len(name)
            if not (_is_word(self._data[place - 1 : place]) or _is_word(self._data[end : end + 1])):
                yield place
            place = self._data.find(name, end)

    def _given(self, name: bytes, place: int) -> Iterator[bytes]:
        """The names of what a place stands in, and other names that are given to it there."""
        data, end = self._data, place + len(name)
        starts = self._read() if self._starts is None else self._starts
        if name in self._properties or name in _KEYWORDS or _USED.match(data, end):
            index = bisect_right(starts, place) - 1
            if index >= 0 and place >= self._definitions[index][0]:
                yield from self._definitions[index][1]
        alias = _ALIAS.match(data, end)
        if alias is not None:
            yield alias[1]
        assigned = _ASSIGNED.match(data, data.rfind(b"\n", max(0, place - _LONG), place) + 1)
        if assigned is not None and assigned.start(2) <= place < assigned.end(2):
            yield assigned[1]

    def _read(self) -> list[int]:
        """Where the definitions start; and where each one's name ends, with the names that what follows counts for."""
        if b"property" in self._data:
            self._properties = frozenset(_PROPERTY.findall(self._data))
        self._starts = []
        around: list[tuple[int, bool, bytes]] = []
        for match in _DEFINITION.finditer(self._data):
            indent, is_class = len(match[1]), match[2] == b"class"
            while around and around[-1][0] >= indent:
                around.pop()
            around.append((indent, is_class, match[3]))
            # What stands behind an inner definition may be the outer one's. A class runs what its `__init__` does.
            runs = is_class or match[3].startswith(b"__")
            self._starts.append(match.start())
            self._definitions.append(
                (match.end(), [name for _, of_class, name in around if runs or not of_class])
            )
        return self._starts


def _is_word(character: bytes) -> bool:
    return character.isalnum() or character == b"_"


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_SIZE)
    except OSError:
        return b""


def mentions(project: Project, word: bytes) -> Mentions:
    """What is known of a word so far, kept with the project."""
    if project.mentions is None:
        project.mentions = Reading(project)
    return project.mentions.of(word)
