"""What the lines of a `.gitignore` leave out, and patterns that are written as in one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

_PLAIN = re.compile(r"(?=.*\w)[\w.-]+/?", re.ASCII)
_ENDING = re.compile(r"\*\.\w+", re.ASCII)
_OFTEN = 100  # questions from which on compiling one more expression pays
_NAMED = re.compile(r"\(\?P<\w+>")
_MAX_STARS = 4  # patterns become regular expressions: many stars could take for ever on a name made for them


def excluding(patterns: Iterable[str], root: str) -> Ignores | None:
    """What the configuration at `root` excludes; `./dags/old` is `/dags/old`. None where it excludes nothing."""
    lines = [re.sub(r"^(!?)\./", r"\1/", pattern) for pattern in patterns]
    return Ignores(root, lines) if lines else None


def _readable(lines: Iterable[str]) -> list[str]:
    lines = [line for line in lines if line.strip("!/ \t") and not line.startswith("#")]
    return [line for line in lines if len(re.findall(r"\*+", line)) <= _MAX_STARS]


def _read(line: str) -> list[Any]:
    """What a line says: nothing, where git could not read it either."""
    import pathspec  # 15 ms that most runs on single files need not pay

    try:
        return [one for one in pathspec.GitIgnoreSpec.from_lines([line]).patterns if one.include is not None]
    except ValueError:
        return []


class Ignores:
    """One `.gitignore`, or patterns that are written as in one: the folder, and what is left out below it.

    Most lines are a plain name or an ending. Making a regular expression of each took a quarter of a run that finds
    everything in its cache, so these are compared as they are, unless a later line may take one back.
    """

    __slots__ = ("_any", "_asked", "_endings", "_lines", "_names", "_start")

    def __init__(self, folder: str, lines: Sequence[str]) -> None:
        self._start = len(os.path.join(folder, ""))
        self._names: frozenset[str] = frozenset()
        self._endings: tuple[str, ...] = ()
        if not any(line.startswith("!") for line in lines):
            self._names = frozenset(line for line in lines if _PLAIN.fullmatch(line))
            self._endings = tuple(line[1:] for line in lines if _ENDING.fullmatch(line))
            lines = [line for line in lines if not (_PLAIN.fullmatch(line) or _ENDING.fullmatch(line))]
        self._lines = [_Line(line) for line in reversed(_readable(lines))]
        self._asked = 0
        self._any: re.Pattern[str] | None = None

    def verdict(self, path: str) -> bool | None:
        """Whether an absolute path (a folder's ends in a slash) is left out; None where no pattern matches it.

        What lies in a folder that is left out is not asked about.
        """
        name = path[path.rfind(os.sep, 0, -1) + 1 :]
        plain = name.rstrip("/")
        if name in self._names or plain in self._names or plain.endswith(self._endings):
            return True
        if not self._lines:
            return None
        relative = path[self._start :].replace(os.sep, "/").rstrip("/")
        self._asked += 1
        if self._asked == _OFTEN:
            self._any = self._all_in_one()
        if self._any is not None and self._any.search(relative) is None:
            return None
        for line in self._lines:  # the last one decides
            if line.means(relative, plain, is_folder=name.endswith("/")):
                return line.leaves_out
        return None

    def hides(self, path: str) -> bool:
        """Whether an absolute path below the folder is left out, by itself or with a folder around it."""
        end = path.find(os.sep, self._start) + 1
        while end:
            if self.verdict(path[:end]):
                return True
            end = path.find(os.sep, end) + 1
        return not path.endswith(os.sep) and self.verdict(path) is True

    def _all_in_one(self) -> re.Pattern[str]:
        """An expression that matches wherever a pattern does: most paths match none, and it asks all at once."""
        sources = [_NAMED.sub("(?:", one.regex.pattern) for line in self._lines for one in line.patterns]
        return re.compile("|".join(f"(?:{source})" for source in sources) or r"(?!)")


class _Line:
    """A pattern asked as git asks it: of a path itself, never of the folders around it, which had their turn.

    `pathspec` asks it of both at once, so that it can't take back a folder (`!dags/`, `!*/`) that a `*` has left out.
    """

    __slots__ = ("_folders_only", "_is_path", "leaves_out", "patterns")

    def __init__(self, line: str) -> None:
        text = line if line.endswith("\\ ") else line.rstrip(" ")
        self._folders_only = text.endswith("/")
        text = text.rstrip("/")
        self._is_path = "/" in text
        self.leaves_out = not text.startswith("!")
        self.patterns = _read(text)

    def means(self, relative: str, name: str, *, is_folder: bool) -> bool:
        """Whether a file or folder is meant: `relative` to the `.gitignore`, and its name."""
        if self._folders_only and not is_folder:
            return False
        found = [one.match_file(relative if self._is_path else name) for one in self.patterns]
        return any(one is not None and not _is_of_a_folder_around(one.match) for one in found)


def _is_of_a_folder_around(match: re.Match[str]) -> bool:
    # What pathspec's expressions tell beside whether they match: where the slash behind a folder's name stands.
    return "ps_d" in match.re.groupindex and match["ps_d"] is not None
