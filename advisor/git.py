"""The one door to git: reading commands only, with a time limit, running nothing that a repository configures."""

from __future__ import annotations

import os
import subprocess

from advisor.text import Refusal, printable

_PATIENCE = 120  # seconds
# No pager, no hooks, no monitor, no filters of ours; what is read is what is stored.
_PLAIN = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",  # the index is not refreshed on disk
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}


class GitError(Refusal):
    """git could not do it; `str()` of it is git's own first line, or ours."""


def run(folder: str, *arguments: str, stdin: bytes = b"") -> bytes:
    """The output of a git command run in `folder`.

    Raises:
        GitError: with git's first line, where it fails, is missing or takes too long.
    """
    try:
        done = subprocess.run(
            ["git", *_PLAIN, *arguments],
            cwd=folder,
            env={**os.environ, **_absolute(), **_ENVIRONMENT},
            input=stdin,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GitError(f"git took longer than {_PATIENCE} s") from None
    except FileNotFoundError:
        raise GitError("git is not installed") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        told = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines
        raise GitError(printable(told[0].partition(": ")[2] or told[0]) if told else "")
    return done.stdout


def _absolute() -> dict[str, str]:
    """What git told its hooks relative to their folder, which is not always the one we run git in."""
    names = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
    return {name: os.path.abspath(os.environ[name]) for name in names if os.environ.get(name)}


def blobs(folder: str, names: list[str]) -> dict[str, bytes]:
    """The content of these blobs (by their full names); those that are missing are left out."""
    out = run(folder, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode("ascii"))
    found: dict[str, bytes] = {}
    at = 0
    for name in names:
        end = out.index(b"\n", at)
        words = out[at:end].split()
        at = end + 1
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            found[name] = out[at : at + size]
            at += size + 1
        elif len(words) == 3:
            at += int(words[2]) + 1
    return found
