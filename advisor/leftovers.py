"""What a run that was killed in the middle of a write leaves beside the file: found again, and only that."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from advisor.files import Walk
from advisor.gitignore import Ignores

_NAME = re.compile(r"\.dag-advisor-([1-9]\d{0,9})-[0-9a-f]{12}\.tmp")
_LONGEST_WRITE = (
    3600.0  # seconds; an older file belongs to nobody, even where the number of its process is taken anew
)


def leftovers(paths: Sequence[str], *, exclude: Sequence[str], root: Path) -> list[str]:
    """The unfinished files below `paths`, sorted: regular files, in folders that `files.find` would look into.

    Files of a process that may still be writing are none. That git ignores such a file does not matter.
    """
    walk = _Leftovers(exclude, root)
    for path in paths:
        if os.path.isdir(path):
            walk.add(path)
    walk.links.clear()
    return [one.path for one in walk.finish() if one.error is None and not _in_use(one.path)]


class _Leftovers(Walk):
    def wanted(self, name: str) -> bool:
        return _NAME.fullmatch(name) is not None

    def ignored(self, path: str, specs: list[Ignores]) -> bool:
        return super().ignored(path, specs if path.endswith("/") else [])


def _in_use(path: str) -> bool:
    """Whether the process that made a file may be at it still."""
    name = _NAME.fullmatch(os.path.basename(path))
    try:
        age = time.time() - os.lstat(path).st_mtime
    except OSError:  # it was in use, and is done
        return True
    return name is None or (age < _LONGEST_WRITE and _is_alive(int(name[1])))


def _is_alive(process: int) -> bool:
    if os.name == "nt":
        return True  # there is no asking: signal 0 is Ctrl-C
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
