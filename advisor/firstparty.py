"""Which first-party modules may hand out subclasses of Airflow's operators, learnt from their bytes, unparsed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from advisor.catalog.record import SENSOR_BASE
from advisor.names import absolute

if TYPE_CHECKING:
    from advisor.catalog.lookup import Catalog
    from advisor.project import Project
    from advisor.subclasses import Derived

_NOT_OURS = frozenset({"airflow", "astronomer", "datetime", "__future__"})
# Each begins with fixed text, which makes the search cheap; what they find in comments and strings does no harm.
_FROM = re.compile(
    rb"from[ \t]+(?!(?:%s)\b)([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)"
    % "|".join(sorted(_NOT_OURS)).encode()
)
_IMPORT = re.compile(rb"\nimport[ \t]+([\w., \t]+)")
_CLASS_NAME = re.compile(rb"\b_?[A-Z]\w*[a-z]")
_CLASS = re.compile(rb"class[ \t]+(\w+)[ \t]*\(([^)]+)\)")
_RENAMED = re.compile(rb" as[ \t]+(\w+)")
_WORD = re.compile(rb"\w+")
_MAX_SIZE = 1_000_000  # bytes
_MAX_ROUNDS = 5  # subclasses of subclasses in one file
_LONG = 80  # characters of a name
_TELLING = 6
_SENSOR_BASE = SENSOR_BASE.encode()
_NONE: frozenset[bytes] = frozenset()


class FirstParty:
    """What a run has learnt of the project's own operator classes; every module is looked at once.

    `offers` errs on the side of too many names: what a name really is, `subclasses` finds out from the parsed module.
    """

    def __init__(self, project: Project, catalog: Catalog) -> None:
        self._project = project
        self._known = frozenset(name.encode() for name in (*catalog.names(), SENSOR_BASE))
        self._offers: dict[str, frozenset[bytes]] = {}
        self._open: set[str] = set()
        self._circles = 0
        self._lines: dict[tuple[str, bytes, bytes], frozenset[bytes]] = {}
        self._by_name: dict[tuple[str, str], frozenset[bytes]] = {}
        #: what `subclasses` found, by file and offset of the class
        self.derived: dict[tuple[str, int], Derived | None] = {}

    def mentioned(self, data: bytes, path: str) -> bool:
        """Whether a file may use an operator class that it gets from a first-party module, or a sensor of its own."""
        if any(name in data for name in self.reachable(data, path)):
            return True
        # With the call, a name stands twice before a parenthesis.
        return _SENSOR_BASE in data and any(data.count(name + b"(") > 1 for name, _ in _CLASS.findall(data))

    def reachable(self, data: bytes, path: str) -> frozenset[bytes]:
        """Simple names of the operator classes that the modules which a file imports may hand out."""
        folder = self._project.folder_of(path)
        found: set[bytes] = set()
        tops = self._project.tops(folder)
        for line in _FROM.findall(data):
            top = line[0].partition(b".")[0]
            if top and top.decode() not in tops:
                continue
            key = (folder, *line)
            names = self._lines.get(key)
            if names is None:
                circles = self._circles
                names = self._imported(line[0], line[1], folder, path)
                if circles == self._circles or not self._open:  # else cut short for the module that asks
                    self._lines[key] = names
            found |= names
        for plain in _IMPORT.findall(data):
            for part in plain.split(b","):
                words = part.split()
                if words and _is_ours(words[0].decode(), tops):
                    module = words[0].decode()
                    found |= self._offered(module, folder, path)
        return frozenset(found)

    def _imported(self, origin: bytes, names: bytes, folder: str, path: str) -> frozenset[bytes]:
        """What one `from origin import names` in a file may get; the files of a folder share most of theirs."""
        module = origin.decode()
        if module.startswith("."):
            module = absolute(module, self._project.package_of(path))
        found: set[bytes] = set()
        if b"*" in names or _CLASS_NAME.search(names):
            found |= self._offered(module, folder, path)
        if b"*" not in names:
            for inner in self._project.submodules(module, map(bytes.decode, _WORD.findall(names)), path):
                found |= self._offered(inner, folder, path)
        return frozenset(found)

    def is_first_party(self, module: str, path: str) -> bool:
        """Whether a module, named absolutely in the file at `path`, may be one of the project's."""
        return _is_ours(module, self._project.tops(self._project.folder_of(path)))

    def offers(self, module: str, origin: str) -> frozenset[bytes]:
        """Simple names of the operator classes that a module, as a file at `origin` imports it, may hand out."""
        return self._offered(module, self._project.folder_of(origin), origin)

    def _offered(self, module: str, folder: str, origin: str) -> frozenset[bytes]:
        key = (module, folder)
        known = self._by_name.get(key)
        if known is not None:
            return known
        path = self._project.locate(module, origin)
        if path is None:
            found = _NONE
        elif path in self._open:
            self._circles += 1
            return _NONE  # modules that import each other
        else:
            if path not in self._offers:
                self._open.add(path)
                self._offers[path] = self._read(path)
                self._open.discard(path)
            found = self._offers[path]
        self._by_name[key] = found
        return found

    def _read(self, path: str) -> frozenset[bytes]:
        try:
            if os.path.getsize(path) > _MAX_SIZE:
                return _NONE
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            return _NONE
        reachable = self.reachable(data, path)
        inner = reachable if b"import *" in data else frozenset(name for name in reachable if name in data)
        classes = [(name, frozenset(_WORD.findall(text))) for name, text in _CLASS.findall(data)]
        renamed: dict[bytes, bytes] = {}
        for match in _RENAMED.finditer(data):
            words = _WORD.findall(data[max(0, match.start() - _LONG) : match.start()])
            if words and (words[-1] in inner or words[-1] in self._known or words[-1] in renamed):
                renamed[match[1]] = words[-1]
        # Airflow's own class by another name; a short one would be found everywhere.
        handed_on = {name for name in renamed if len(name) >= _TELLING and _CLASS_NAME.fullmatch(name)}
        if not classes and not inner and not handed_on:
            return _NONE
        bases = self._known | inner | renamed.keys()
        offered = {*inner, *handed_on, *(name for name, of in renamed.items() if of in inner)}
        for _ in range(_MAX_ROUNDS):
            found = {name for name, words in classes if name not in offered and not words.isdisjoint(bases)}
            if not found:
                break
            offered |= found
            bases |= frozenset(found)
        return frozenset(offered)


def _is_ours(module: str, tops: frozenset[str]) -> bool:
    top = module.partition(".")[0]
    return top not in _NOT_OURS and top in tops


def first_party(project: Project, catalog: Catalog) -> FirstParty:
    """What is known of the project's own classes so far, kept with the project."""
    if project.first_party is None:
        project.first_party = FirstParty(project, catalog)
    return project.first_party
