"""The files that decide how a project is judged, besides its Python files, and when each was last written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from advisor import config, target
from advisor.environment import packages_of
from advisor.text import Refusal

if TYPE_CHECKING:
    from advisor.engine import Context

#: time of the last change in nanoseconds, size in bytes and number of a file
Written: TypeAlias = tuple[int, int, int]


def written(path: str) -> Written | None:
    """When a file or folder was written; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def deciding(
    folders: Iterable[Path], explicit: str | None, isolated: bool, context: Context | None
) -> dict[str, Written | None]:
    """When each file was written that decides on the configuration, the target and the baseline; by path.

    `folders` are those from which a configuration is looked for upward, unless one is named (`explicit`). Without a
    `context`, because there is none yet, only configurations count. Two equal answers: nothing to be read anew.
    """
    found: dict[str, Written | None] = {}
    for path in (*_configurations(folders, explicit, isolated), *_of_project(context, isolated)):
        found[path] = written(path)
    return found


def _configurations(folders: Iterable[Path], explicit: str | None, isolated: bool) -> Iterator[str]:
    if explicit:
        yield explicit
    elif not isolated:
        for folder in folders:
            for above in (folder, *folder.parents):
                for name in (config.FILE, "pyproject.toml"):
                    yield os.path.join(above, name)


def _of_project(context: Context | None, isolated: bool) -> Iterator[str]:
    if context is None or isolated:
        return
    root = context.settings.root
    for _, name in sorted(target.candidates(root, far=True)):
        yield os.path.join(root, name)
    try:
        yield config.baseline_file(context.settings, isolated)
        if context.target.environment:
            yield from map(str, packages_of(Path(context.target.environment)))
    except (Refusal, LookupError):  # which the next run will say
        return
