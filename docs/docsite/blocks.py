"""The fenced code blocks of a Markdown page: what the checks of examples and of quoted output look at."""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- (finds|settings): (.+?) -->\n")
_NOTES = re.compile(r"((?:<!-- [^\n]+ -->\n)+) *\Z")
_TITLE = re.compile(r'title="([^"]+)"')


class Block(NamedTuple):
    """One block.

    `language` is the first word behind the fence; `title` the file that the block shows ("" for none); `start` and
    `end` are the offsets of `text`. Comments right above tell what else counts: `settings` is TOML from
    `<!-- settings: key = value -->`, `finds` the rules that speak about the code, from `<!-- finds: rule, rule -->`.
    """

    language: str
    title: str
    settings: str
    finds: tuple[str, ...]
    text: str
    start: int
    end: int
    line: int


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order; an indented block's text is given without the indentation."""
    found = []
    for match in _FENCE.finditer(page):
        indent, info, text = match[1], match[3].strip(), match[4]
        plain = re.sub(f"^{indent}", "", text, flags=re.MULTILINE) if indent else text
        above = _NOTES.search(page[: match.start()])
        notes: dict[str, str] = dict(_NOTE.findall(above[1])) if above else {}
        title = _TITLE.search(info)
        found.append(
            Block(
                info.split(" ")[0],
                title[1] if title else "",
                notes.get("settings", ""),
                tuple(name.strip() for name in notes.get("finds", "").split(",") if name.strip()),
                plain,
                match.start(4),
                match.end(4),
                page.count("\n", 0, match.start()) + 1,
            )
        )
    return found


def prose(page: str) -> str:
    """The page with its code, blocks and spans, blanked out (same offsets)."""
    blanked = _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), page)
    return re.sub(r"`[^`\n]*`", lambda match: " " * len(match[0]), blanked)
