"""What a check notes of a file besides its findings, so that another run can tell whether they still hold."""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from advisor.project import Project

# Wherever in the text: what stands in comments and strings makes a file depend on more than it does, never on less.
_IMPORT = re.compile(
    rb"\bfrom[ \t]+([.\w]+)[ \t]+import\b[ \t]*(\([^)]*\)|(?:[^\n\\#]|\\\r?\n)*)|\bimport[ \t]+([\w., \t]+)"
)
_WORD = re.compile(rb"\w+")
_RENAMED = re.compile(rb"[ \t]as[ \t]+\w+")
FILE = "="  # before the path of a file, seen from the project's root, that a file was seen to depend on
PACKAGE = "!"  # before a module whose attributes may be modules: `import company` and `company.settings.X`
_NOT_OURS = ("airflow.", "astronomer.", "datetime.", "__future__.", "typing.", "collections.")


class Stamp(NamedTuple):
    """How a file looks from outside: the time of its last change in nanoseconds and its size in bytes."""

    changed: int
    size: int


class Seen(NamedTuple):
    """What a check has seen of a file besides its findings.

    `modules` is None for a file with no trace of Airflow: nothing else can change what is said of it. `located` are
    pairs of a file and a first-party file that was looked into on its account. `alone` is false where the whole tree
    was searched, so that any other file may change the findings.
    """

    stamp: Stamp
    digest: str
    modules: tuple[str, ...] | None
    located: tuple[tuple[str, str], ...]
    alone: bool


def digest_of(data: bytes) -> str:
    """What stands for the content of a file."""
    return blake2b(data, digest_size=16).hexdigest()


def modules_of(data: bytes) -> tuple[str, ...]:
    """The modules that a file may import, as written, sorted; those that can't be first-party are left out."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found: set[str] = set()
    for origin, names, plain in _IMPORT.findall(data):
        if origin:
            module = origin.decode("utf-8", "replace")
            if (module + ".").startswith(_NOT_OURS):
                continue
            found.add(module)
            joint = "" if module.endswith(".") else "."
            for name in _WORD.findall(_RENAMED.sub(b"", names)):
                found.add(f"{module}{joint}{name.decode('utf-8', 'replace')}")
        else:
            for part in _RENAMED.sub(b"", plain).split(b","):
                module = part.strip().decode("utf-8", "replace")
                if module and not (module + ".").startswith(_NOT_OURS):
                    found.add(PACKAGE + module)
    return tuple(sorted(found))


def stamp_of(path: str) -> Stamp | None:
    """The stamp of a file; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return Stamp(status.st_mtime_ns, status.st_size)


def see(data: bytes, stamp: Stamp, trace: bool, project: Project) -> Seen:
    """What a check has just seen of a file; `trace`: whether the file speaks of Airflow at all."""
    located, searched = project.take_located()
    return Seen(stamp, digest_of(data), modules_of(data) if trace else None, located, not searched)
