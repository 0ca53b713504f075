"""Where the comments of a Python source text are, whether the text is good, broken, or newer than our Python."""

from __future__ import annotations

import re

# Our own lexer and not `tokenize`: that one raises on broken files and on syntax newer than our Python.
_LEXEME = re.compile(r"""#[^\r\n]*|(?:\b(?P<prefix>[A-Za-z]{1,2}))?(?P<quote>\"{3}|'{3}|"|')""")
_INSIDE = re.compile(r"""#[^\r\n]*|(?:\b(?P<prefix>[A-Za-z]{1,2}))?(?P<quote>\"{3}|'{3}|"|')|[][(){}:]|!=""")
STRING_END = {
    '"': re.compile(r'(?:[^"\\\r\n]|\\(?:\r\n|.)?)*"?', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\r\n]|\\(?:\r\n|.)?)*'?", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.?|"(?!""))*(?:""")?', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.?|'(?!''))*(?:''')?", re.DOTALL),
}
_FORMATTED = {
    quote: re.compile(
        r"\\N\{[^}\r\n]*\}|\\(?![{}])(?:\r\n|.)|\{\{|[{}]|" + quote + ("" if len(quote) == 3 else r"|[\r\n]"),
        re.DOTALL,
    )
    for quote in STRING_END
}
_RAW_FORMATTED = {
    quote: re.compile(
        r"\\(?![{}])(?:\r\n|.)|\{\{|[{}]|" + quote + ("" if len(quote) == 3 else r"|[\r\n]"), re.DOTALL
    )
    for quote in STRING_END
}
_DEEPEST = 40


def comments(text: str) -> list[tuple[int, int]]:
    """Start and end offset of every comment of a Python source text, good or broken."""
    found: list[tuple[int, int]] = []
    position = 0
    while match := _LEXEME.search(text, position):
        position = _after(text, match, found, 0)
    return found


def _after(text: str, match: re.Match[str], found: list[tuple[int, int]], depth: int) -> int:
    """Where the comment or string literal at `match` ends; comments in it are added to `found`."""
    quote, prefix = match["quote"], (match["prefix"] or "").lower()
    if quote is None:
        found.append(match.span())
        return match.end()
    if not ({"f", "t"} & set(prefix)) or depth > _DEEPEST:
        end = STRING_END[quote].match(text, match.end())
        return end.end() if end else len(text)
    pattern = (_RAW_FORMATTED if "r" in prefix else _FORMATTED)[quote]
    return _formatted(text, match.end(), pattern, quote, found, depth)


def _formatted(
    text: str, position: int, pattern: re.Pattern[str], closing: str, found: list[tuple[int, int]], depth: int
) -> int:
    """The end of an f-string, or (`closing` is a brace) of a format specification in it."""
    while piece := pattern.search(text, position):
        position = piece.end()
        token = piece[0]
        if token == "{":
            position = _expression(text, position, pattern, found, depth + 1)
        elif token == closing:
            return position
        elif token in ("\n", "\r"):
            return position - 1
        elif token[0] in "\"'" and closing == "}":  # the string ends inside the specification: a broken file
            return position - len(token)
    return len(text)


def _expression(
    text: str, position: int, pattern: re.Pattern[str], found: list[tuple[int, int]], depth: int
) -> int:
    """The end of a replacement field, behind its closing brace."""
    open_brackets = 0
    while match := _INSIDE.search(text, position):
        token = match[0]
        position = match.end()
        if token in ("(", "[", "{"):
            open_brackets += 1
        elif token in (")", "]", "}"):
            if open_brackets == 0:
                return position
            open_brackets -= 1
        elif token == ":":
            if open_brackets == 0 and depth <= _DEEPEST:
                return _formatted(text, position, pattern, "}", found, depth)
        elif token != "!=":
            position = _after(text, match, found, depth)
    return len(text)


def first_statement(text: str) -> int:
    """The offset of the first statement that is no docstring."""
    position = 0
    while position < len(text):
        if text[position].isspace() or text[position] == "\ufeff":
            position += 1
            continue
        match = _LEXEME.match(text, position)
        if match is None or "f" in (match["prefix"] or "").lower():
            return position
        end = None if match["quote"] is None else STRING_END[match["quote"]].match(text, match.end())
        position = end.end() if end else match.end()
    return position
