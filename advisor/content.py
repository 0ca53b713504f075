"""What a finding is about, wherever it stands: its code without formatting, and a print that stays when lines move."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

from advisor.comments import STRING_END
from advisor.finding import Finding

_PIECE = re.compile(r"""#[^\r\n]*|\\?\s+|(?P<prefix>\b[A-Za-z]{1,2})?(?P<quote>\"{3}|'{3}|"|')""")
_LINE_END = re.compile(r"\r\n|\r|\n")
_LAST_COMMA = re.compile(r",(?=[)\]}])")
_NO_PARENTHESES = str.maketrans("", "", "()")
_FIELD = re.compile(r"\{[^{}]*\}")  # of an f-string
_PLAIN_FIELD = str.maketrans("", "", " \t\r\n'\"")
_SHOWN = 60  # characters of the code in an excerpt


def code_of(finding: Finding, text: str, lines: Sequence[str] | None = None) -> str:
    """The code that a finding is about; that of its line where its span is empty.

    `text` is the file's decoded text; `lines` are its lines, for callers that have them.
    """
    span = finding.span
    if span.start < span.end <= len(text):
        return text[span.start : span.end]
    lines = _LINE_END.split(text) if lines is None else lines
    return lines[span.line - 1] if 0 < span.line <= len(lines) else ""


def print_of(finding: Finding, code: str) -> str:
    """16 hex digits over the rule, the class and the code: equal for findings that say the same of the same code.

    Of the class only its own name counts: its module moves with the providers' releases.
    """
    plain = normalised(code) or " ".join(code.split())
    parts = (finding.rule, finding.symbol.rpartition(".")[2], plain)
    return sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def excerpt(code: str) -> str:
    """The beginning of some code on one line, for people."""
    line = re.sub(r"(?<=[\[({]) ", "", " ".join(code[: 10 * _SHOWN].split()))
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "..."


def normalised(code: str) -> str:
    """Python code without what formatters change: blanks, line ends, comments, parentheses, quotes, last commas.

    It is there to be compared, not to be run: `f` before strings is gone, too, and strings side by side are one.
    """
    pieces: list[str] = []
    at = 0
    string = False  # the last piece is the end of a string
    while match := _PIECE.search(code, at):
        string = _add(pieces, code[at : match.start()], string)
        at = match.end()
        quote = match["quote"]
        if quote:
            end = STRING_END[quote].match(code, at)
            stop = end.end() if end else len(code)
            body = code[at:stop].removesuffix(quote)
            prefix = (match["prefix"] or "").lower().replace("u", "")
            if "f" in prefix:
                prefix = prefix.replace("f", "")
                body = _FIELD.sub(lambda field: field[0].translate(_PLAIN_FIELD), body)
            if len(quote) == 1 and "r" not in prefix:
                body = body.replace("\\'", "'").replace('\\"', '"')
            if string and not prefix:
                pieces[-1:] = [body, '"']
            else:
                pieces += [prefix, '"', body, '"']
            at, string = stop, True
    _add(pieces, code[at:], string)
    return "".join(pieces)


def _add(pieces: list[str], code: str, string: bool) -> bool:
    """Add code without strings, comments and blanks; whether a string still stands last."""
    if not code:
        return string
    if code[0] in ")]}" and pieces and pieces[-1].endswith(","):
        pieces[-1] = pieces[-1][:-1]
    plain = _LAST_COMMA.sub("", code).translate(_NO_PARENTHESES)
    if plain:
        pieces.append(plain)
    return string and not plain
