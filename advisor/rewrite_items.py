"""Taking one item out of a list of arguments or imported names, without hurting its neighbours' comments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.rewrite_patch import CannotRewrite, Edit
from advisor.rewrite_tree import Item

NEWLINE = re.compile(r"\r\n|\r|\n")
_REST_OF_LINE = re.compile(r"[ \t\f]*(#[^\r\n]*)?(?:\r\n|\r|\n)")


def line_start(text: str, offset: int) -> int:
    """Where the line of `offset` starts."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def indentation(text: str, offset: int) -> str | None:
    """The white space before `offset` if nothing else stands before it on its line, else None."""
    before = text[line_start(text, offset) : offset]
    return None if before.strip() else before.replace("\f", "")


def own_line(text: str, item: Item, opening: int) -> tuple[int, int, str] | None:
    """The lines that `item` has for itself, and the comment that ends them; None if it shares them."""
    start = line_start(text, item.start)
    rest = _REST_OF_LINE.match(text, item.tail)
    if rest is None or start <= opening or indentation(text, item.start) is None:
        return None
    return start, rest.end(), rest[1] or ""


def removal(text: str, items: Sequence[Item], index: int, opening: int, closing: int) -> list[Edit]:
    """The edits that take out `items[index]` with its comma.

    `opening` and `closing` bound the stretch that holds the items. A comment at the end of the item's own
    line goes with it; every other comment stays. A list that had no trailing comma gets none.
    """
    item = items[index]
    before = items[index - 1] if index else None
    after = items[index + 1] if index + 1 < len(items) else None
    if "#" in text[item.end : item.tail]:
        raise CannotRewrite("a comment stands between the argument and its comma")
    # The comma before a last item that has none must go, or it would become a trailing comma.
    widowed = (
        [Edit(before.comma, before.comma + 1, "")]
        if before is not None and before.comma is not None and after is None and item.comma is None
        else []
    )
    lines = own_line(text, item, opening)
    if before is None and after is None and "#" not in text[opening : item.start] + text[item.tail : closing]:
        return [Edit(opening, closing, "")]
    if lines is not None:
        return [*widowed, Edit(lines[0], lines[1], "")]
    if before is not None and "#" not in text[before.end : item.start]:
        leads = NEWLINE.search(text, before.tail, item.start) is not None
        if after is not None and leads and NEWLINE.search(text, item.end, after.start) is None:
            return [Edit(item.start, after.start, "")]
        return [Edit(before.end, item.end, "")]
    if after is not None and "#" not in text[item.end : after.start]:
        return [Edit(item.start, after.start, "")]
    return [*widowed, Edit(item.start, item.tail, "")]
