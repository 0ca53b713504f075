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
_SHOWN = 60  # characters of the code in an excerpt


def code_of(finding: Finding, text: str, lines: Sequence[str] | None = None) -> str:
    """The code that a finding is about, normalised; that of its line where its span is empty.

    `text` is the file's decoded text; `lines` are its lines, for callers that have them.
    """
    span = finding.span
    if span.start < span.end <= len(text):
        raw = text[span.start : span.end]
    else:
        lines = _LINE_END.split(text) if lines is None else lines
        raw = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
    return normalised(raw) or " ".join(raw.split())


def print_of(finding: Finding, code: str) -> str:
    """16 hex digits over the rule, the class and the code: equal for findings that say the same of the same code.

    Of the class only its own name counts: its module moves with the providers' releases.
    """
    parts = (finding.rule, finding.symbol.rpartition(".")[2], code)
    return sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def excerpt(code: str) -> str:
    """The beginning of normalised code, for people."""
    return code if len(code) <= _SHOWN else code[:_SHOWN] + "..."


def normalised(code: str) -> str:
    """Python code without what a formatter may change: blanks, line ends, comments, quotes, the last comma."""
    pieces: list[str] = []
    at = 0
    while match := _PIECE.search(code, at):
        _add(pieces, code[at : match.start()])
        at = match.end()
        quote = match["quote"]
        if quote:
            end = STRING_END[quote].match(code, at)
            stop = end.end() if end else len(code)
            body = code[at:stop].removesuffix(quote)
            prefix = (match["prefix"] or "").lower().replace("u", "")
            if len(quote) == 1 and "r" not in prefix:
                body = body.replace("\\'", "'").replace('\\"', '"')
            pieces += [prefix, '"' * len(quote), body, '"' * len(quote)]
            at = stop
    _add(pieces, code[at:])
    return "".join(pieces)


def _add(pieces: list[str], code: str) -> None:
    if code:
        if code[0] in ")]}" and pieces and pieces[-1].endswith(","):
            pieces[-1] = pieces[-1][:-1]
        pieces.append(_LAST_COMMA.sub("", code))
