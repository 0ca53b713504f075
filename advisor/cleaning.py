"""The command clean: remove what earlier runs keep of a project, and what killed ones left."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from advisor import cachefolder, config
from advisor.leftovers import leftovers
from advisor.session import shown, start
from advisor.text import Refusal


def clean(options: Namespace) -> int:
    """`dag-advisor clean`. Removes nothing that it has not made itself."""
    for path in options.paths:
        if not Path(path).exists():
            raise Refusal(f"{path}: the path does not exist")
    options.stdin_filename = None
    explicit = Path(options.config) if options.config else None
    settings = config.load(start(options), explicit, options.isolated)
    found = settings.root / cachefolder.NAME
    unfinished = leftovers(
        options.paths or [str(settings.root)], exclude=settings.exclude, root=settings.root
    )
    for path in unfinished:
        with _told(path):
            os.unlink(path)
        sys.stdout.write(f"removed {shown(path)} (left by a run that was killed)\n")
    if cachefolder.is_ours(found):
        size = sum(path.stat().st_size for path in found.rglob("*") if path.is_file())
        with _told(str(found)):
            shutil.rmtree(found)
        sys.stdout.write(f"removed {shown(str(found))} ({_size(size)})\n")
    elif not unfinished:
        sys.stdout.write(f"nothing to remove: {shown(str(settings.root))} has no cache\n")
    return 0


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Says of an error that this path can't be removed."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Refusal(f"{shown(path)}: can't be removed: {reason}") from None


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{-(-count // 1000)} kB"
