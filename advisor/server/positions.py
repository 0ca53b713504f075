"""Offsets in a text and positions as editors count them: lines from 0, characters in UTF-8, -16 or -32 units."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Final, Literal, TypeAlias

Unit: TypeAlias = Literal["utf-8", "utf-16", "utf-32"]
#: line and character, both from 0
Position: TypeAlias = tuple[int, int]

_LINE_END: Final = re.compile(r"\r\n|\r|\n")  # the protocol's line ends, and Python's
_CODECS: Final = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2)}


class Lines:
    """The lines of one text, for going back and forth between offsets and positions in one unit."""

    def __init__(self, text: str, unit: Unit = "utf-16") -> None:
        self.text = text
        self.unit: Unit = unit

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    @cached_property
    def _plain(self) -> bool:
        return self.unit == "utf-32" or self.text.isascii()

    def position(self, offset: int) -> Position:
        """Where the character at `offset` stands; what is outside of the text counts as its nearest end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._starts, offset) - 1
        return line, self._units(self._starts[line], offset)

    def offset(self, position: Position) -> int:
        """The offset of a position; behind a line's end it is that end, inside a character its start."""
        line, units = position
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self.text)
        start = self._starts[line]
        end = self._end(line)
        if self._plain or self.text.isascii():
            return min(start + max(units, 0), end)
        low, high = start, end  # the last offset that needs no more units than that
        while low < high:
            middle = (low + high + 1) // 2
            if self._units(start, middle) <= units:
                low = middle
            else:
                high = middle - 1
        return low

    def line_start(self, offset: int) -> int:
        """The offset at which the line of `offset` begins."""
        return self._starts[bisect_right(self._starts, min(max(offset, 0), len(self.text))) - 1]

    def line_end(self, offset: int) -> int:
        """The offset at which the line of `offset` ends, its line end left out."""
        return self._end(bisect_right(self._starts, min(max(offset, 0), len(self.text))) - 1)

    def _end(self, line: int) -> int:
        if line + 1 == len(self._starts):
            return len(self.text)
        end = self._starts[line + 1] - 1
        return end - 1 if self.text[end - 1 : end + 1] == "\r\n" else end

    def _units(self, start: int, end: int) -> int:
        if self._plain:
            return end - start
        codec, size = _CODECS[self.unit]
        return len(self.text[start:end].encode(codec, "surrogatepass")) // size
