"""The catalog of one environment: the shipped facts, with those of the installed classes laid over where they differ.

A class is read from the environment when a file first uses it, and kept in the project's cache by what is installed:
by name, version and RECORD of everything that belongs to Airflow. Broken or unwritable caches are as good as none.
"""

from __future__ import annotations

import json
import os
from binascii import crc32
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor import __version__, cachefolder
from advisor.cachefolder import keep
from advisor.catalog.lookup import DATA, Catalog
from advisor.catalog.record import ClassFacts, from_record
from advisor.environment import Environment, environment

if TYPE_CHECKING:
    from advisor.catalog.local_reader import LocalReader

RELEASES = "releases.txt"
AIRFLOW = "apache-airflow"
_FOLDER = "environment"
_FORMAT = 1  # of the cached files
_NAME_LIMIT = 150  # characters of a class's name in a file's name


def releases(folder: str = DATA) -> dict[str, str]:
    """The versions that the catalog was extracted from, by distribution."""
    with open(os.path.join(folder, RELEASES), encoding="utf-8") as file:
        return dict(line.split() for line in file)


class LocalCatalog(Catalog):
    """What `Catalog` is, for the packages of one environment.

    `path` is the environment, `cache` the project's cache folder (None: nothing is kept), `tell` is called with a
    sentence before the first class is read, which may take seconds.
    """

    def __init__(self, path: str, cache: Path | None, tell: Callable[[str], None] | None = None) -> None:
        super().__init__(beside=Catalog.load())
        self._path = path
        self._cache = cache
        self._tell = tell
        self._process = os.getpid()
        self._releases = releases()
        self._local: dict[str, ClassFacts | None] = {}

    def __reduce__(self) -> tuple[type[LocalCatalog], tuple[str, Path | None]]:
        return LocalCatalog, (self._path, self._cache)  # what has been read so far stands in the cache

    # -- what is asked

    def _resolve(self, dotted: str) -> str | None:
        shipped = super()._resolve(dotted)
        if shipped is not None or dotted.rpartition(".")[2] not in self._more_names:
            return shipped
        facts = self._read(dotted, None)
        return None if facts is None else facts.name

    def get(self, dotted: str) -> ClassFacts | None:
        """The class that `dotted` is or was, as it is installed; None where neither catalog nor environment has it."""
        shipped = super().get(dotted) if super()._resolve(dotted) is not None else None
        if shipped is None:
            return self._read(dotted, None) if dotted.rpartition(".")[2] in self._more_names else None
        return self._read(dotted, shipped) or shipped if self._differs(dotted, shipped) else shipped

    def has_below(self, dotted: str) -> bool:
        """True: the environment may hold more than the catalog has names for."""
        return True

    def names(self) -> frozenset[str]:
        """Simple names, present, former and installed, of the classes that rules may speak about."""
        return self._all_names

    @cached_property
    def _all_names(self) -> frozenset[str]:
        return super().names() | self._more_names

    def _differs(self, dotted: str, shipped: ClassFacts) -> bool:
        """Whether the class, by the name that a file imports it, is installed in another version than the catalog's."""
        installed = self.version_behind(dotted, shipped)
        return installed is not None and installed != self._releases.get(shipped.provider)

    def version_behind(self, dotted: str, shipped: ClassFacts) -> str | None:
        """The installed version of what a file gets that imports the class by this name; None: not installed."""
        packages = environment(self._path)
        if not dotted.startswith(("airflow.providers.", "airflow.sdk.", "astronomer.")):
            core = packages.version(AIRFLOW)  # Airflow 3 hands these on to the provider
            if core is not None and core.startswith("2."):
                return f"{AIRFLOW} {core}"
        return packages.version(shipped.provider)

    # -- what is kept

    @cached_property
    def _index(self) -> dict[str, Any]:
        """What is installed that matters here: see `local_index.index`."""
        packages = environment(self._path)
        kept, state = None, ""
        if self._cache is not None:
            name = f"{crc32(os.fsencode(os.pathsep.join(packages.folders))):08x}.json"
            kept, state = self._cache / _FOLDER / name, _state(packages)
            found = _json(kept)
            if isinstance(found, dict) and found.get("state") == state:
                return found
        from advisor.catalog.local_index import index, prune

        found = {"state": state, **index(packages, super().simple_names(), self._releases)}
        if kept is not None:
            prune(kept.parent)
            keep(kept, _bytes(found))
        return found

    @property
    def fingerprint(self) -> str:
        """Changes whenever what the catalog says may have changed."""
        return str(self._index["key"])

    @cached_property
    def _more_names(self) -> frozenset[str]:
        return frozenset(name for name in self._index["names"] if isinstance(name, str))

    def _read(self, dotted: str, shipped: ClassFacts | None) -> ClassFacts | None:
        if dotted not in self._local:
            self._local[dotted] = self._kept_or_read(dotted, shipped)
        return self._local[dotted]

    def _kept_or_read(self, dotted: str, shipped: ClassFacts | None) -> ClassFacts | None:
        file = None
        if self._cache is not None:
            file = self._cache / _FOLDER / self.fingerprint / f"{_file_name(dotted)}.json"
            kept = _json(file)
            if isinstance(kept, dict) and kept.get("of") == dotted:
                return None if kept["class"] is None else from_record(kept["class"])
        facts = self._reader.read(dotted, shipped)
        if file is not None:
            from advisor.catalog.record import to_record

            keep(file, _bytes({"of": dotted, "class": None if facts is None else to_record(facts)}))
        return facts

    @cached_property
    def _reader(self) -> LocalReader:
        from advisor.catalog.local_reader import LocalReader

        if self._tell is not None and self._process == os.getpid():  # once, not by every worker process
            self._tell(
                "reading the installed operators that these files use; what they do is kept for the next run"
            )
            self._tell = None
        return LocalReader(environment(self._path), self._releases)


def local(path: str, root: Path, *, cache: bool, tell: Callable[[str], None] | None = None) -> LocalCatalog:
    """The catalog for the environment at `path`, with or without the cache of the project at `root`."""
    return LocalCatalog(path, cachefolder.folder(root) if cache else None, tell)


def _state(packages: Environment) -> str:
    """Tells one state of an environment, and of this tool's own facts, from another, without reading any of it."""
    facts = os.stat(os.path.join(DATA, "classes.jsonl"))
    found = [f"{__version__} {_FORMAT} {facts.st_size} {facts.st_mtime_ns}"]
    for folder in packages.folders:
        with suppress(OSError), os.scandir(folder) as entries:
            found += sorted(
                f"{entry.path} {entry.stat().st_mtime_ns}"
                for entry in entries
                if entry.name.endswith(".dist-info")
            )
    return "\n".join(found)


def _file_name(dotted: str) -> str:
    if len(dotted) <= _NAME_LIMIT and dotted.isascii() and dotted.replace(".", "").isidentifier():
        return dotted
    import hashlib

    return hashlib.sha1(dotted.encode(errors="replace"), usedforsecurity=False).hexdigest()


def _bytes(content: object) -> bytes:
    data = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x\n" % crc32(data) + data


def _json(file: Path) -> Any:
    """What a file of the cache holds; None where it is missing or is not what was once written."""
    try:
        head, _, data = file.read_bytes().partition(b"\n")
    except OSError:
        return None
    return json.loads(data) if head == b"%08x" % crc32(data) else None
