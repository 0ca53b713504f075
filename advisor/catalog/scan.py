"""What `dag-advisor catalog scan` prints: the operator classes of a project or an environment, read and not imported.

Bases that the given folders do not hold are those of the shipped catalog: a class of the project's own that leads to
one of them is judged as `check` does.
"""

from __future__ import annotations

import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from advisor.catalog.classes import OLD_MODULES, OTHER_NAMES, ClassInfo
from advisor.catalog.extract import Extractor, operator_classes
from advisor.catalog.lookup import Catalog
from advisor.catalog.modules import Sources
from advisor.catalog.record import ClassFacts, Kind
from advisor.environment import virtual_environment
from advisor.firstparty import first_party
from advisor.project import Project
from advisor.records import replace
from advisor.subclasses import Subclasses

_DIST_INFO = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)\.dist-info$")


class Installed(Sources):
    """Folders and wheels, with the distributions that dist-info folders tell of."""

    def __init__(self, roots: Iterable[Path]) -> None:
        self.environments: set[Path] = set()
        super().__init__(roots)
        for module, old in OLD_MODULES.items():
            if module not in self._files and old in self._files:
                self._files[module] = self._files.pop(old)

    def _add(self, root: Path) -> None:
        super()._add(root)
        owners = dict(_owners(root)) if root.is_dir() else {}
        if not owners:
            return
        self.environments.add(root)
        for name, (home, member, distribution, version) in self._files.items():
            if home == root and member in owners:
                distribution, version = owners[member]
                self._files[name] = (home, member, distribution, version)

    def module_names(self) -> list[str]:
        """The modules that may define operators: of an environment those that speak of Airflow."""
        return [name for name in super().module_names() if self._speaks_of_airflow(name)]

    def _speaks_of_airflow(self, name: str) -> bool:
        root = self._files[name][0]
        return root not in self.environments or b"airflow" in self.text(name)

    def text(self, module: str) -> bytes:
        """A module's bytes; nothing where it can't be read."""
        try:
            return super().text(module)
        except (OSError, zipfile.BadZipFile):
            return b""

    def where(self, module: str) -> tuple[Path, str]:
        """The root that holds a module, and its path in there."""
        root, member, _, _ = self._files[module]
        return root, member

    def owner(self, module: str) -> str:
        """What a module belongs to, as a heading: a distribution with its version, or a folder."""
        root, _, distribution, version = self._files[module]
        return f"{distribution} {version}" if distribution else str(root)

    def unparsed(self) -> list[str]:
        """The files that were asked for and could not be parsed."""
        broken = (name for name, module in self._modules.items() if module is None and name in self._files)
        return sorted(str(root / member) for root, member in map(self.where, broken))


def _owners(root: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """The files of a site-packages folder with the distribution and version that brought them."""
    for entry in sorted(os.listdir(root)):
        match = _DIST_INFO.match(entry)
        if match is None:
            continue
        distribution = re.sub(r"[-_.]+", "-", match["name"]).lower()
        try:
            record = (root / entry / "RECORD").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in record.splitlines():
            member = line.partition(",")[0]
            if member.endswith(".py"):
                yield member, (distribution, match["version"])


def roots_of(paths: Iterable[Path]) -> list[Path]:
    """The roots of imports behind the paths that a user gives: a virtual environment stands for its packages.

    Raises LookupError, in a sentence, for a path that is neither a folder nor a wheel.
    """
    roots: list[Path] = []
    for path in paths:
        if not path.exists():
            raise LookupError(f"{path}: the path does not exist")
        if path.is_dir():
            packages = virtual_environment(path)
            if packages is not None and not packages:
                raise LookupError(f"{path}: a virtual environment without a site-packages folder")
            found = packages or [path]
        elif path.suffix == ".whl" and zipfile.is_zipfile(path):
            found = [path]
        elif path.suffix == ".whl":
            raise LookupError(f"{path}: not a wheel, it can't be unzipped")
        else:
            raise LookupError(
                f"{path}: give a folder (a project, site-packages, a virtual environment) or a wheel"
            )
        for root in found:
            try:
                if root.is_dir():
                    os.listdir(root)
            except OSError as error:
                raise LookupError(f"{root}: {error.strerror or error}") from None
            roots.append(root)
    return list(dict.fromkeys(roots))


class Scan:
    """The classes of some folders and wheels."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.sources = Installed(roots_of(paths))
        self.catalog = Catalog.load()
        self.extractor = Extractor(self.sources, {**OTHER_NAMES, **dict(self.catalog.former())})
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 12_000))  # long functions make deep trees
        self._own: dict[Path, tuple[Project, Subclasses]] = {}

    def classes(self) -> Iterator[tuple[ClassFacts, str, bool]]:
        """Every class by name, with the catalog's class that it is based on, and whether it behaves as that one does.

        "" for a class whose bases are all at hand: what it does has been read, as far as it depends on Airflow.
        """
        for info in sorted(operator_classes(self.extractor.table), key=lambda info: info.name):
            facts = self.extractor.facts(info)
            base = self._outside(info)
            if base is None:
                yield facts, "", True
                continue
            inherited = self._inherited(info)
            if inherited is None:
                yield replace(facts, kind=_kind(facts, base)), base.name, False
            else:
                yield replace(inherited, name=info.name, kind=_kind(facts, base)), base.name, True

    def module_of(self, name: str) -> str:
        """The module that defines a class."""
        return name.rpartition(".")[0]

    def _outside(self, info: ClassInfo) -> ClassFacts | None:
        """The catalog's class that a class leads to, where the sources do not hold it."""
        for ancestor in info.mro:
            for base in ancestor.bases:
                facts = self.catalog.get(base) if self.extractor.table.get(base) is None else None
                if facts is not None and facts.simple_name in self.catalog.names():
                    return facts
        return None

    def _inherited(self, info: ClassInfo) -> ClassFacts | None:
        root, member = self.sources.where(info.module.name)
        if root.suffix == ".whl":
            return None
        if root not in self._own:
            project = Project(str(root))
            known = first_party(project, self.catalog)
            self._own[root] = project, Subclasses(known, project, self.catalog)
        derived = self._own[root][1].named(info.name, str(root / member))
        return None if derived is None else derived.facts


def _kind(facts: ClassFacts, base: ClassFacts) -> Kind:
    return "sensor" if base.kind == "sensor" and facts.kind == "operator" else facts.kind
