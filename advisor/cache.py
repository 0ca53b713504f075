"""What a run remembers for the next one: the findings of files that did not change, nor anything they depend on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from advisor import cachefolder, finding
from advisor.dependencies import Dependencies, Node
from advisor.files import Unreadable, read
from advisor.finding import Finding
from advisor.records import fields, replace
from advisor.stamps import FILE, PACKAGE, Seen, Stamp, digest_of, modules_of, stamp_of

if TYPE_CHECKING:
    from advisor.engine import Context

FOLDER = "findings"
_VERSION = 1  # of the format
_KEPT = 6  # files, one for each way to run: configuration, target, version
_MAX_FILES = 100_000  # remembered in one of them; those of other runs go first
_ALONE = "*"  # stands for findings that depend on nothing but the file
_ABANDONED = 3_600 * 10**9  # nanoseconds
_RACY = 2_000_000_000  # nanoseconds: a file this young may change again without its time showing it
_RECORDS = (finding.Finding, finding.Fix, finding.Span, *get_args(finding.Rewrite))


class Entry(NamedTuple):
    """What is remembered of one file. `print` stands for all that the findings came from; "" fits nothing.

    `modules` is None where nobody asked yet what the file imports.
    """

    stamp: Stamp
    digest: str
    modules: tuple[str, ...] | None
    print: str
    findings: tuple[Any, ...]


def key_of(context: Context) -> str:
    """What stands for everything but the files: this tool, its rules, the configuration and the target."""
    settings = replace(context.settings, root=Path(), source=None, baseline=None)
    parts = [
        repr([rule.name for rule in context.rules]),
        _ordered(settings),
        _ordered(context.target),
        getattr(context.catalog, "fingerprint", ""),
        _tool(),
    ]
    return digest_of("\n".join(parts).encode("utf-8", "replace"))


def _ordered(record: Any) -> str:
    """The fields of a record as text that is the same in every process: sets have no order of their own."""
    values = ((field.name, getattr(record, field.name)) for field in fields(record))
    return repr(
        [(name, sorted(value) if isinstance(value, (set, frozenset)) else value) for name, value in values]
    )


def _tool() -> str:
    """This tool's version, the Python that runs it, and when its own files last changed (in a checkout they do)."""
    import sys

    from advisor import __version__
    from advisor.rule import discover

    folders = {os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "catalog")}
    folders |= {os.path.join(os.path.dirname(__file__), "catalog", "data")}
    folders |= {os.path.dirname(sys.modules[rule.module].__file__ or "") for rule in discover().values()}
    newest = 0
    for folder in folders:
        with os.scandir(folder) as entries:
            newest = max([newest, *(entry.stat().st_mtime_ns for entry in entries if entry.is_file())])
    return f"{_VERSION} {__version__} {sys.version_info[:2]} {newest}"


class Cache:
    """The remembered findings of one project, for one way to run."""

    def __init__(self, root: Path, context: Context) -> None:
        self._project = context.project
        self._rules = {rule.name for rule in context.rules}
        self._file = root / cachefolder.NAME / FOLDER / f"{key_of(context)}.json"
        self._entries: dict[str, Entry] = {}
        self._nodes: dict[str, Node | None] = {}
        self._stamps: dict[str, Stamp | None] = {}
        self._load()

    # -- reading

    def _load(self) -> None:
        try:
            data = json.loads(self._file.read_bytes())
            start = self._project.root + os.sep
            for name, (changed, size, digest, *rest) in data["files"].items():
                modules, found_by, findings = rest or (None, _ALONE, ())
                if not (isinstance(digest, str) and isinstance(found_by, str)):
                    raise ValueError("no digests")
                if modules is not None and not all(map(_is_module, modules)):
                    raise ValueError("no modules")
                path = name if os.path.isabs(name) else start + name
                self._entries[path] = Entry(
                    Stamp(changed, size),
                    digest,
                    None if modules is None else tuple(modules),
                    found_by,
                    findings,
                )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._entries = {}  # broken is as good as missing

    def known(self, paths: Sequence[str]) -> list[tuple[Finding, ...] | None]:
        """The findings that are remembered of these files; None for those of which nothing is, or nothing holds."""
        dependencies = Dependencies(self._project, self._node)
        return [self._findings(path, dependencies) for path in paths]

    def _findings(self, path: str, dependencies: Dependencies) -> tuple[Finding, ...] | None:
        real = self._project.real(path)
        entry = self._entries.get(real)
        if entry is None or not self._holds(real, entry, dependencies):
            return None
        try:
            found = tuple(_decoded(item) for item in entry.findings)
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
            return None
        if not all(isinstance(one, Finding) and one.rule in self._rules for one in found):
            return None
        return tuple(replace(one, path=path) for one in found)

    def _holds(self, real: str, entry: Entry, dependencies: Dependencies) -> bool:
        if entry.print == _ALONE:
            return self._stamp(real) == entry.stamp or self._digest(real) == entry.digest
        return (
            bool(entry.print) and self._node(real) is not None and dependencies.print_of(real) == entry.print
        )

    def _stamp(self, real: str) -> Stamp | None:
        if real not in self._stamps:
            self._stamps[real] = stamp_of(real)
        return self._stamps[real]

    def _digest(self, real: str) -> str:
        node = self._node(real)
        return "" if node is None else node.digest

    def _node(self, real: str) -> Node | None:
        """What a file holds now: as remembered where it looks unchanged, else read again."""
        if real in self._nodes:
            return self._nodes[real]
        entry = self._entries.get(real)
        node: Node | None = None
        if entry is not None and entry.stamp == self._stamp(real) and entry.modules is not None:
            node = Node(entry.digest, entry.modules)
        else:
            try:
                data = read(real)
                node = Node(digest_of(data), modules_of(data))
            except Unreadable:
                node = None
        self._nodes[real] = node
        return node

    # -- writing

    def keep(self, outcomes: Iterable[tuple[str, Seen, tuple[Finding, ...]]]) -> None:
        """Remember what has just been found in these files, and write it all down."""
        outcomes = [(self._project.real(path), seen, findings) for path, seen, findings in outcomes]
        if not outcomes:
            return
        for real, seen, _ in outcomes:
            self._nodes.pop(real, None)
            if seen.modules is not None:
                self._nodes[real] = Node(seen.digest, seen.modules)
        self._add_undeclared(pair for _, seen, _ in outcomes for pair in seen.located)
        dependencies = Dependencies(self._project, self._node)
        prints = {
            real: "" if not seen.alone else _ALONE if seen.modules is None else dependencies.print_of(real)
            for real, seen, _ in outcomes
        }
        young = time.time_ns() - _RACY
        for real, seen, findings in outcomes:
            stamp = seen.stamp if seen.stamp.changed < young else Stamp(0, seen.stamp.size)
            encoded = tuple(_encoded(replace(one, path="")) for one in findings)
            self._entries[real] = Entry(stamp, seen.digest, None, prints[real], encoded)
        for real, node in self._nodes.items():
            known = self._entries.get(real)
            if node is None:
                continue
            if known is None or known.digest != node.digest:  # only imported, and new or changed since
                stamp = self._stamp(real) or Stamp(0, 0)
                known = Entry(stamp if stamp.changed < young else Stamp(0, 0), node.digest, None, "", ())
            self._entries[real] = known._replace(modules=node.modules)
        if len(self._entries) > _MAX_FILES:
            checked = {real for real, _, _ in outcomes}
            self._entries = {path: entry for path, entry in self._entries.items() if path in checked}
        self._write()

    def _add_undeclared(self, located: Iterable[tuple[str, str]]) -> None:
        """Count as imported what a file was seen to look into without importing it in so many words."""
        dependencies = Dependencies(self._project, self._node)
        start = len(self._project.root) + 1
        more: dict[str, set[str]] = {}
        for origin, path in located:
            if path != origin and path not in dependencies.of(origin):
                more.setdefault(origin, set()).add(FILE + path[start:])
        for origin, paths in more.items():
            node = self._node(origin)
            if node is not None:
                self._nodes[origin] = Node(node.digest, (*node.modules, *sorted(paths)))

    def _write(self) -> None:
        folder = cachefolder.folder(self._file.parent.parent.parent)
        if folder is None:
            return
        start = self._project.root + os.sep
        files: dict[str, list[Any]] = {}
        for path, entry in self._entries.items():
            name = path[len(start) :] if path.startswith(start) else path
            files[name] = [entry.stamp.changed, entry.stamp.size, entry.digest]
            if entry.modules is not None or entry.print != _ALONE:
                files[name] += [entry.modules, entry.print, entry.findings]
        try:
            data = json.dumps({"files": files}, separators=(",", ":")).encode()
        except ValueError:  # a path that is no text
            return
        cachefolder.keep(self._file, data)
        for old in _oldest(self._file.parent):
            with suppress(OSError):
                old.unlink()


def _oldest(folder: Path) -> Iterator[Path]:
    """What is to go, so that a few of the newest stay."""
    stamps = {path: stamp_of(str(path)) for path in folder.glob("*.json")}
    ordered = sorted(stamps, key=lambda path: stamps[path] or Stamp(0, 0), reverse=True)
    yield from ordered[_KEPT:]
    for path in folder.glob("*.tmp"):  # of runs that were killed; a living one needs seconds
        stamp = stamp_of(str(path))
        if stamp is not None and stamp.changed < time.time_ns() - _ABANDONED:
            yield path


def _is_module(name: Any) -> bool:
    """Whether this is what `Seen.modules` holds, and leads nowhere outside of the project."""
    if not isinstance(name, str) or not name.strip(PACKAGE + FILE) or "\0" in name:
        return False
    return name[0] != FILE or not (os.path.isabs(name[1:]) or ".." in name[1:].split(os.sep))


# -- records as plain lists

# What a field may hold, by its type as `finding` writes it.
_FITS: dict[str, Callable[[Any], bool]] = {
    "int": lambda value: type(value) is int and 0 <= value < 2**31,
    "str": lambda value: type(value) is str,
    "bool": lambda value: type(value) is bool,
    "Span": lambda value: type(value) is finding.Span,
    "Fix | None": lambda value: value is None or type(value) is finding.Fix,
    "Applicability": lambda value: value in get_args(finding.Applicability),
    "Severity | None": lambda value: value is None or value in get_args(finding.Severity),
    "tuple[Rewrite, ...]": lambda value: (
        type(value) is tuple and all(type(one) in get_args(finding.Rewrite) for one in value)
    ),
}


def _encoded(value: Any) -> Any:
    if isinstance(value, _RECORDS):
        kind = _RECORDS.index(type(value))
        return {"r": [kind, *(_encoded(getattr(value, field.name)) for field in fields(value))]}
    return [_encoded(item) for item in value] if isinstance(value, tuple) else value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        kind, *parts = value["r"]
        record = _RECORDS[kind](*map(_decoded, parts))
        for field in fields(record):
            # What somebody else wrote may read well and be anything.
            if not _FITS[record.__annotations__[field.name]](getattr(record, field.name)):
                raise ValueError(f"{field.name} makes no sense")
        return record
    return tuple(map(_decoded, value)) if isinstance(value, list) else value
