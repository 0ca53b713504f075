"""The folder in which a project's caches stand: found, made and marked in one place, never in anybody's way."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NAME = ".dag_advisor_cache"
# https://bford.info/cachedir/: backup programs leave a folder with this file out.
_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of dag-advisor.\n"
_IGNORED = b"# Written by dag-advisor.\n*\n"


def folder(root: Path) -> Path | None:
    """The cache folder of the project at `root`, made where it is missing; None where there can be none.

    It need not be writable: what stands in a read-only folder can be read still, and `keep` fails in silence.
    """
    found = root / NAME
    try:
        found.mkdir(exist_ok=True)
    except OSError:
        return None
    for name, content in (("CACHEDIR.TAG", _TAG), (".gitignore", _IGNORED)):
        if not (found / name).exists():
            keep(found / name, content)
    return found


def is_ours(found: Path) -> bool:
    """Whether a folder is a cache that this tool has made (a link to one is not)."""
    try:
        return not found.is_symlink() and (found / "CACHEDIR.TAG").read_bytes() == _TAG
    except OSError:
        return False


def keep(file: Path, data: bytes) -> None:
    """Write a file of the cache, whole or not at all; the folder above it is made. That it can't be is no error.

    Others may write the same file at the same time: each writes beside it and moves its own in place.
    """
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        file.parent.mkdir(exist_ok=True)
        beside.write_bytes(data)
        os.replace(beside, file)
    except OSError:
        with suppress(OSError):
            beside.unlink()
