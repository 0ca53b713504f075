"""Checks and fixes a copy of a folder, and proves what must hold for every file: `robust.py FOLDER`.

No crash; every file that `fix --unsafe-fixes` changed still parses; a second run changes nothing; two checks give the
same bytes.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "tree"
        shutil.copytree(options.folder, copy, symlinks=True, ignore_dangling_symlinks=True)
        before = _read(copy)
        check = ["check", "--isolated", "--output-format", "json", str(copy)]
        first, second = _run(*check), _run(*check, "--jobs", "1")
        assert first == second, "two checks differ"
        assert _read(copy) == before, "check wrote"
        _run("fix", "--isolated", "--unsafe-fixes", "--quiet", str(copy))
        fixed = _read(copy)
        changed = [path for path in before if before[path] != fixed[path]]
        broken = [path for path in changed if not _parses(fixed[path])]
        _run("fix", "--isolated", "--unsafe-fixes", "--quiet", str(copy))
        again = [path for path, data in _read(copy).items() if data != fixed[path]]
        print(
            f"{len(before)} files, {len(changed)} fixed, {len(broken)} broken, {len(again)} changed by a second run"
        )
        for path in (*broken, *again):
            print(" ", path)
        sys.exit(bool(broken or again))


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*.py")) if path.is_file()}


def _parses(data: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(data)
    except (SyntaxError, ValueError):
        return False
    return True


def _run(*arguments: str) -> bytes:
    done = subprocess.run([sys.executable, "-m", "advisor.cli", *arguments], capture_output=True)
    assert done.returncode in (0, 1), done.stderr.decode()
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.stdout


if __name__ == "__main__":
    main()
