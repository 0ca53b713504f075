"""The command clean: remove what earlier runs keep of a project."""

from __future__ import annotations

import shutil
import sys
from argparse import Namespace
from pathlib import Path

from advisor import cachefolder, config
from advisor.session import shown, start
from advisor.text import Refusal


def clean(options: Namespace) -> int:
    """`dag-advisor clean`. Removes nothing that it has not made itself."""
    for path in options.paths:
        if not Path(path).exists():
            raise Refusal(f"{path}: the path does not exist")
    options.stdin_filename = None
    explicit = Path(options.config) if options.config else None
    root = config.load(start(options), explicit, options.isolated).root
    found = root / cachefolder.NAME
    if not cachefolder.is_ours(found):
        sys.stdout.write(f"nothing to remove: {shown(str(root))} has no cache\n")
        return 0
    size = sum(path.stat().st_size for path in found.rglob("*") if path.is_file())
    try:
        shutil.rmtree(found)
    except OSError as error:
        raise Refusal(
            f"{shown(str(found))}: can't be removed: {(error.strerror or str(error)).lower()}"
        ) from None
    sys.stdout.write(f"removed {shown(str(found))} ({_size(size)})\n")
    return 0


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{-(-count // 1000)} kB"
