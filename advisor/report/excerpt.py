"""A source line as a terminal shows it: tabs opened, wide characters counted, cut around the caret."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from advisor.records import dataclass
from advisor.text import printable

_TAB = 4


@dataclass(frozen=True, slots=True)
class Window:
    """A line ready to print. `caret` and `carets` are in cells; `cut` is the cell that the text begins at."""

    text: str
    caret: int
    carets: int
    cut: int
    room: int

    def beside(self, line: str) -> str:
        """Another line, cut to the same columns."""
        return _cut(_cells(line[: self.cut + 4 * self.room]), self.cut, self.room)


def window(line: str, column: int, end_column: int | None, room: int) -> Window:
    """Show `line` in `room` cells; columns count characters from 1, `end_column` None is the line's end."""
    # A line may have megabytes: what can't come into view isn't looked at.
    skipped = max(0, column - 1 - 4 * room) if len(line) > 8 * room else 0
    part = line[skipped : skipped + 8 * room].rstrip()
    cells = _cells(part)
    start = min(column - 1 - skipped, len(cells))
    end = len(cells) if end_column is None else min(max(end_column - 1 - skipped, start + 1), len(cells))
    before = sum(width for _, width in cells[:start])
    marked = max(1, sum(width for _, width in cells[start:end]))
    total = sum(width for _, width in cells)
    cut = 0
    if skipped or total > room:
        # Keep some of what stands before, and as much of the marked text as fits.
        cut = (
            max(0, before - max(room // 4, room - marked - 10)) if before + min(marked, 20) > room - 2 else 0
        )
        if skipped and cut == 0:
            cut = 1
    text = _cut(cells, cut, room)
    caret = max(before - cut, 0)
    return Window(text, caret, max(1, min(marked, room - caret)), cut + skipped, room)


def _cells(line: str) -> list[tuple[str, int]]:
    """Each character as it is shown, with the cells that it takes."""
    found: list[tuple[str, int]] = []
    at = 0
    for character in line:
        if character == "\t":
            shown = " " * (_TAB - at % _TAB)
            width = len(shown)
        elif character.isascii() and character.isprintable():
            shown, width = character, 1
        else:
            shown = printable(character)
            if shown != character:
                width = len(shown)
            else:
                width = 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        found.append((shown, width))
        at += width
    return found


def _cut(cells: list[tuple[str, int]], start: int, room: int) -> str:
    """What lies in the `room` cells from `start` on, with an ellipsis where something is left out."""
    out: list[str] = []
    at = 0
    end = start + room
    total = sum(width for _, width in cells)
    if total > end:
        end -= 1
    for shown, width in cells:
        if start and at < start + 1:  # the first cell holds the ellipsis
            if at + width > start:
                out.append("…" + " " * (at + width - start - 1))
        elif at + width <= end:
            out.append(shown)
        else:
            break
        at += width
    return ("".join(out) + ("…" if total > end else "")).rstrip()
