"""Reading what a project depends on: locks, requirements, constraints, pyproject.toml, Pipfile, setup.cfg."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advisor.target import AIRFLOW, normalise
from advisor.target_pins import Clues, Requirement, promise, requirement

LOCK_LIMIT = 20_000_000  # bytes; above this a lock file is skipped, with a note
LIMIT = 2_000_000  # bytes, for every other file
_DEPTH = 5  # of -r and -c includes

_PACKAGE = (
    rb"(?m)^\[\[packages?\]\][ \t]*\r?\n(?:[ \t]*\r?\n){0,3}"
    rb'name\s*=\s*"([^"\r\n]+)"\r?\n(?:version\s*=\s*"([^"\r\n]+)")?'
)
_CONSTRAINTS_URL = r"constraints-(\d+\.\d+(?:\.\d+)?)[\w.]*/constraints"


def read(root: Path, files: list[tuple[str, str]]) -> Clues:
    """Everything that the files, (kind, path below the root) in the order of their credit, say."""
    clues = Clues()
    reader = Reader(root, clues)
    for kind, path in files:
        clues.next_file()
        if kind in ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"):
            _lock(reader, path)
        elif kind == "Pipfile.lock":
            _pipfile_lock(reader, path)
        elif kind in ("requirements", "constraints"):
            requirements(reader, path, constraint=kind == "constraints")
        elif kind in ("pyproject.toml", "Pipfile"):
            _toml(reader, path, kind)
        elif kind == "setup.cfg":
            _setup_cfg(reader, path)
        else:
            from advisor.target_images import read_deployment

            read_deployment(reader, kind, path)
    return clues


class Reader:
    """Opens files below the root within limits; a file that can't be read becomes a note."""

    def __init__(self, root: Path, clues: Clues) -> None:
        self.root = os.path.realpath(root)
        self.clues = clues
        self.seen: set[tuple[str, bool]] = set()  # requirements files, and whether read as constraints
        self.variables: dict[str, str] = {}  # of env files, for compose files

    def data(self, path: str, limit: int = LIMIT) -> bytes | None:
        """The bytes of `path` (below the root), or None with a note."""
        try:
            with open(os.path.join(self.root, path), "rb") as stream:
                data = stream.read(limit + 1)
        except OSError as error:
            self.clues.note(f"skipped: {error.strerror or error}", path)
            return None
        if len(data) > limit:
            self.clues.note(f"skipped: larger than {limit // 1_000_000} MB", path)
            return None
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # `pip freeze > requirements.txt` in Windows PowerShell
            data = data.decode("utf-16", "replace").encode()
        if b"\0" in data:
            self.clues.note("skipped: a binary file", path)
            return None
        return data.removeprefix(b"\xef\xbb\xbf")

    def text(self, path: str, limit: int = LIMIT) -> str | None:
        """The text of `path`; bytes that are no UTF-8 can only stand in comments and are replaced."""
        data = self.data(path, limit)
        return None if data is None else data.decode("utf-8", "replace")


def _lock(reader: Reader, path: str) -> None:
    # Scanned, not parsed: a TOML reader takes a second for the megabytes of a lock, and uv, Poetry, PDM and
    # PEP 751's writers all put name and version on the first lines of each package.
    data = reader.data(path, LOCK_LIMIT)
    if data is None:
        return
    line, at, any_package = 1, 0, False
    for match in re.finditer(_PACKAGE, data):
        any_package = True
        name = normalise(match[1].decode("utf-8", "replace"))
        if "airflow" not in name and "astronomer" not in name:
            reader.clues.distributions.add(name)  # hundreds of them: their versions are nobody's question
            continue
        version = f"=={match[2].decode('utf-8', 'replace')}" if match[2] else ""
        line, at = line + data.count(b"\n", at, match.start(1)), match.start(1)
        reader.clues.add(Requirement(name, frozenset(), *promise(version)), f"{path}:{line}")
    if data.strip() and not any_package:
        reader.clues.note("skipped: no packages found in it", path)


def _pipfile_lock(reader: Reader, path: str) -> None:
    text = reader.text(path, LOCK_LIMIT)
    if text is None:
        return
    import json

    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        reader.clues.note("skipped: not valid JSON", path)
        return
    for section in ("default", "develop"):
        for name, value in _items(document.get(section)):
            _table_entry(reader, str(name), value, path, text)


def _items(table: object) -> Iterator[tuple[str, Any]]:
    if isinstance(table, dict):
        yield from table.items()


def _where(path: str, text: str, part: str, name: str) -> str:
    """Where `part` stands, for the distributions whose versions are reported."""
    at = text.find(part) if "airflow" in name or "astronomer" in name else -1
    return f"{path}:{text.count(chr(10), 0, at) + 1}" if at >= 0 else path


def _table_entry(reader: Reader, name: str, value: Any, path: str, text: str) -> None:
    """`name = "^2.9"` or `name = {version = "^2.9", extras = [...]}`, as Poetry and Pipenv write them."""
    for one in value if isinstance(value, list) else [value]:  # Poetry: several constraints by Python version
        table = one if isinstance(one, dict) else {"version": one}
        version, extras = table.get("version"), table.get("extras")
        found, exact = promise(version if isinstance(version, str) else "", name, bare_is_pin=True)
        names = (
            frozenset(normalise(str(extra)) for extra in extras) if isinstance(extras, list) else frozenset()
        )
        where = _where(path, text, name, name)
        reader.clues.add(Requirement(normalise(name), names, found, exact), where)


def requirements(reader: Reader, path: str, *, constraint: bool, depth: int = 0) -> None:
    """A requirements or constraints file with everything that it includes from inside the root."""
    key = os.path.realpath(os.path.join(reader.root, path)), constraint
    if key in reader.seen or (key[0], False) in reader.seen:
        return
    reader.seen.add(key)
    text = reader.text(path)
    if text is None:
        return
    for number, line in _logical_lines(text):
        where = f"{path}:{number}"
        if line.startswith("-"):
            _option(reader, path, line, where, constraint=constraint, depth=depth)
        elif found := requirement(line):
            reader.clues.add(found, where, constraint=constraint)


def _option(reader: Reader, path: str, line: str, where: str, *, constraint: bool, depth: int) -> None:
    """`-r` and `-c` with what they include, and the name that an `-e` gives."""
    if match := re.match(r"(-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(\S+)", line):
        other, narrower = match[2].strip("'\""), constraint or match[1] in ("-c", "--constraint")
        if "://" in other:
            constraints_url(reader.clues, other, where)
            return
        inside = os.path.normpath(os.path.join(os.path.dirname(path), other))
        target = os.path.realpath(os.path.join(reader.root, inside))
        if depth < _DEPTH and target.startswith(reader.root + os.sep) and os.path.isfile(target):
            requirements(reader, inside.replace(os.sep, "/"), constraint=narrower, depth=depth + 1)
    elif line.startswith(("-e", "--editable")) and (egg := re.search(r"[#&]egg=([\w.-]+)", line)):
        reader.clues.add(Requirement(normalise(egg[1])), where, constraint=constraint)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines as pip joins them, comments taken off, with the number of their first line."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        at = line.find("#")
        while at > 0 and not line[at - 1].isspace():  # "#egg=" and "#sha256=" are no comments
            at = line.find("#", at + 1)
        line = (line[:at] if at >= 0 else line).rstrip()
        start = start if parts else number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield start, _shorten(parts)
            parts = []
    if parts:
        yield start, _shorten(parts)


def _shorten(parts: list[str]) -> str:
    # Hashes come by the hundred and say nothing; the rest of a real line is short.
    return " ".join(parts).strip().split(" --hash")[0][:4000]


def constraints_url(clues: Clues, text: str, where: str) -> None:
    """Airflow's official constraints file, named by its URL, tells the Airflow version."""
    if match := re.search(_CONSTRAINTS_URL, text):
        version, _ = promise(f"=={match[1]}")
        clues.add(Requirement(AIRFLOW, frozenset(), version, True), where, constraint=True)


def _toml(reader: Reader, path: str, kind: str) -> None:
    data = reader.data(path)
    if data is None or (
        kind == "pyproject.toml" and b"dependencies" not in data and b"dependency-groups" not in data
    ):
        return
    from advisor.toml import loads

    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
        document = loads(text)
    except (ValueError, RecursionError):
        reader.clues.note("skipped: not valid TOML", path)
        return
    if kind == "Pipfile":
        for section in ("packages", "dev-packages"):
            for name, value in _items(document.get(section)):
                _table_entry(reader, name, value, path, text)
        return
    for listed, constraint in _pyproject_lists(document):
        for entry in listed if isinstance(listed, list) else []:
            if isinstance(entry, str) and (found := requirement(entry)):
                reader.clues.add(found, _where(path, text, entry, found.name), constraint=constraint)
    poetry = _at(document, "tool", "poetry")
    groups = [_at(group, "dependencies") for _, group in _items(_at(poetry, "group"))]
    for table in (_at(poetry, "dependencies"), *groups, _at(poetry, "dev-dependencies")):
        for name, value in _items(table):
            if name != "python":
                _table_entry(reader, name, value, path, text)


def _pyproject_lists(document: dict[str, Any]) -> Iterator[tuple[object, bool]]:
    """The lists of requirements in a pyproject.toml, and whether they only constrain."""
    yield _at(document, "project", "dependencies"), False
    for table in (
        _at(document, "project", "optional-dependencies"),
        _at(document, "dependency-groups"),
        _at(document, "tool", "pdm", "dev-dependencies"),
    ):
        yield from ((value, False) for _, value in _items(table))
    yield _at(document, "tool", "uv", "dev-dependencies"), False
    yield _at(document, "tool", "uv", "constraint-dependencies"), True
    yield _at(document, "tool", "uv", "override-dependencies"), True


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _setup_cfg(reader: Reader, path: str) -> None:
    text = reader.text(path)
    if text is None or "[options" not in text:
        return
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        reader.clues.note("skipped: not a valid setup.cfg", path)
        return
    listed = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        listed += [value for _, value in parser.items("options.extras_require")]
    for value in listed:
        for line in value.replace(";\n", "\n").splitlines():
            if found := requirement(line.split("#")[0]):
                reader.clues.add(found, _where(path, text, line.strip(), found.name))
