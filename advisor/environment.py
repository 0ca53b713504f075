"""What is installed in a virtual environment, told from its folders alone: distributions, versions, modules."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path

from advisor.records import dataclass
from advisor.target import normalise

_SUFFIX = ".dist-info"


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution: its name as PEP 503 writes it, its version as text, its `dist-info` folder."""

    name: str
    version: str
    folder: str

    @property
    def release(self) -> tuple[int, ...] | None:
        """The numbers that the version starts with; None where it has none."""
        return numbers(self.version)

    def text(self, name: str) -> str:
        """A file of the `dist-info` folder; "" where it can't be read."""
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def files(self) -> Iterator[str]:
        """The Python files that it brought, relative to site-packages, with forward slashes."""
        for line in self.text("RECORD").splitlines():
            path = line.partition(",")[0].strip('"')
            if path.endswith(".py") and not path.startswith(("..", "/")):
                yield path


def numbers(version: str) -> tuple[int, ...] | None:
    """The numbers that a version starts with; None where it has none."""
    found = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return tuple(int(part[:9]) for part in found[1].split(".")) if found else None


def packages_of(path: Path) -> list[Path]:
    """The site-packages folders of a virtual environment, or the path itself where it is such a folder.

    Raises LookupError, in words that follow the path, where it is neither.
    """
    if not path.exists():
        raise LookupError("the folder does not exist")
    if not path.is_dir():
        raise LookupError("not a folder")
    found = virtual_environment(path)
    if found is None:
        try:
            if not any(name.endswith(_SUFFIX) for name in os.listdir(path)):
                raise LookupError("neither a virtual environment nor a site-packages folder")
        except OSError as error:
            raise LookupError((error.strerror or str(error)).lower()) from None
        return [path]
    if not found:
        raise LookupError("a virtual environment without a site-packages folder")
    return found


def virtual_environment(path: Path) -> list[Path] | None:
    """The site-packages folders of a virtual environment; None where the folder is none."""
    found = [*sorted(path.glob("lib/python*/site-packages")), *path.glob("Lib/site-packages")]
    return found if found or (path / "pyvenv.cfg").is_file() else None


class Environment:
    """The packages of one environment. Nothing of it is imported or run."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self.folders = folders

    @cached_property
    def distributions(self) -> Mapping[str, Distribution]:
        """What is installed, by name; of two of a name the first on the path."""
        found: dict[str, Distribution] = {}
        for folder in self.folders:
            try:
                entries = sorted(os.listdir(folder))
            except OSError:
                continue
            for entry in entries:
                name, hyphen, version = entry.removesuffix(_SUFFIX).partition("-")
                if hyphen and entry.endswith(_SUFFIX):
                    name = normalise(name)
                    found.setdefault(name, Distribution(name, version, os.path.join(folder, entry)))
        return found

    def version(self, distribution: str) -> str | None:
        """The installed version, as text; None where it is not installed."""
        found = self.distributions.get(distribution)
        return None if found is None else found.version

    def file_of(self, module: str) -> tuple[str, str] | None:
        """The folder that holds a module, and the module's path in it; None where there is none."""
        relative = module.replace(".", "/")
        for folder in self.folders:
            for member in (f"{relative}.py", f"{relative}/__init__.py"):
                if os.path.isfile(os.path.join(folder, member)):
                    return folder, member
        return None


def path_of(root: Path, written: str) -> str:
    """Where the configured path of an environment leads: relative to the project, `~` is the user's home."""
    return os.path.join(root, os.path.expanduser(written))


@cache
def environment(path: str) -> Environment:
    """The environment at a path that `packages_of` accepts, looked at once a run. Raises LookupError."""
    return Environment(tuple(map(str, packages_of(Path(path)))))
