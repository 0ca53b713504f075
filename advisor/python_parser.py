"""What Python's own parser says of a text, and what of that only means that the running Python is older than it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

LINE_END = re.compile(r"\r\n|\r|\n")
# Each search begins with fixed text, which makes it cheap.
_LEGACY_EXCEPT = re.compile(r"except\b[^:\n#]*,\s*[a-z_]\w*\s*:")
_LEGACY_RAISE = re.compile(r"raise [\w.]+\s*,")
_TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)


class SyntaxFailure(Exception):  # noqa: N818
    """Python cannot parse the text. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


def looks_legacy(text: str) -> bool:
    """Whether a text may hold what Python 2 allowed and tree-sitter lets through."""
    return (
        "<>" in text
        or _LEGACY_EXCEPT.search(text) is not None
        or _LEGACY_RAISE.search(text) is not None
        or ("\t" in text and _TAB_INDENT.search(text) is not None)
    )


def confirm(text: str, suspects: Sequence[int] = ()) -> None:
    """Ask Python's own parser, which is stricter than tree-sitter; raises SyntaxFailure.

    An error that may only mean that the running Python is older than the code is passed over. `suspects` are the lines,
    counted from 1, that hold what tree-sitter could not read either: these must all be newer than the running Python.
    """
    try:
        _ask(text)
    except SyntaxError as error:
        if not _may_be_newer(error, text, suspects):
            message = error.msg or "invalid syntax"
            raise SyntaxFailure(message, error.lineno or 1, max(error.offset or 1, 1)) from None
    except ValueError as error:
        raise SyntaxFailure(str(error), 1, 1) from None
    except (RecursionError, MemoryError):
        pass  # too deep for Python's parser on this machine, which tells nothing about the file


# Python reads a text to its end before it looks at what comes from the future, and stops at this: building tables of
# names would cost a quarter more.
_STOP, _STOPPED = "from __future__ import braces\n", "not a chance"


def accepts(text: str) -> bool:
    """Whether the running Python parses a text, or finds it too deep to tell.

    Mistakes in the use of names, which parsing does not show (`def f(a, a)`), are let through.
    """
    try:
        _ask(_STOP + text)
    except SyntaxError as error:
        return error.msg == _STOPPED
    except ValueError:
        return False
    except (RecursionError, MemoryError):
        pass
    return True


def _ask(text: str) -> None:
    import symtable
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        symtable.symtable(text, "<dag>", "exec")  # parses without making Python objects of the tree


# What no later Python allows either. Anything else that tree-sitter accepts may be syntax of a newer Python.
_MISTAKES = (
    "Missing parentheses",
    "assign",
    "backquote",
    "duplicate argument",
    "empty expression",
    "inconsistent use of tabs",
    "invalid decimal literal",
    "leading zeros",
    "never closed",
    "parameters cannot be parenthesized",
    "positional argument follows",
    "too many statically nested blocks",
    "unmatched",
    "unterminated",
)
_LEGACY_LINE = re.compile(
    r"<>|`|except\b[^:]*,\s*[a-z_]\w*\s*:|^\s*raise [\w.]+\s*,|\b[uU][rR]['\"]|\basync\s*=|\bdef \w+\(.*\("
)
# Syntax that came with a version of Python, where tree-sitter may not know all of it yet.
_NEWER = (
    ((3, 12), re.compile(r"^\s*type\s+\w+\s*[=\[]")),
    ((3, 13), re.compile(r"^\s*(?:type|class|def|async\s+def)\s+\w+\s*\[")),
    ((3, 14), re.compile(r"\b(?:[tT][rR]?|[rR][tT])['\"]")),
    ((3, 15), re.compile(r"^\s*lazy\s+(?:import|from)\b")),
)
_FORMATTED = re.compile(r"\b(?:[fF][rR]?|[rR][fF])['\"]")


def _may_be_newer(error: SyntaxError, text: str, suspects: Sequence[int]) -> bool:
    if isinstance(error, IndentationError):
        return False
    lines = LINE_END.split(text)
    line = _line(lines, error.lineno)
    newer = [pattern for version, pattern in _NEWER if sys.version_info < version]
    if suspects:
        rows = [_line(lines, number) for number in suspects]
        return all(any(pattern.search(row) for pattern in newer) for row in (line, *rows))
    if any(pattern.search(line) for pattern in newer):
        return True
    if sys.version_info < (3, 12) and "empty expression" not in error.msg:
        # PEP 701: quotes, newlines and comments within a replacement field
        if error.msg.startswith("f-string") or ("unterminated" in error.msg and _FORMATTED.search(line)):
            return True
    return not (any(mistake in error.msg for mistake in _MISTAKES) or _LEGACY_LINE.search(line))


def _line(lines: list[str], number: int | None) -> str:
    return lines[number - 1] if number is not None and 0 < number <= len(lines) else ""
