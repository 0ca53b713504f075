"""Edits that are made one after the other in a text, kept in terms of the text before the first of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias


class CannotRewrite(Exception):  # noqa: N818
    """A rewrite that was not made. `reason` is a sentence for users."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put `new` in the place of the characters from `start` to `end` (exclusive)."""

    start: int
    end: int
    new: str


_Piece: TypeAlias = "tuple[int, int] | str"  # a stretch of the old text, or new text


class Patch:
    """A text under change: offsets given to `change` count in the text as it now is."""

    def __init__(self, old: str, edits: Iterable[Edit] = ()) -> None:
        self._old = old
        self._pieces: list[_Piece] = [(0, len(old))]
        for edit in sorted(edits, reverse=True):
            self.change([edit])

    def text(self) -> str:
        """The text as it now is."""
        return "".join(self._read(piece) for piece in self._pieces)

    def change(self, edits: Sequence[Edit]) -> None:
        """Make edits that do not overlap, all in terms of the text as it is before the first of them."""
        for edit in sorted(edits, reverse=True):
            pieces = [
                *self._cut(0, edit.start),
                *([edit.new] if edit.new else []),
                *self._cut(edit.end, None),
            ]
            self._pieces = [piece for piece in pieces if self._length(piece)]

    def edits(self) -> list[Edit]:
        """What was changed, in order and without overlaps, in terms of the old text."""
        found: list[Edit] = []
        at, new = 0, ""
        for piece in [*self._pieces, (len(self._old), len(self._old))]:
            if isinstance(piece, str):
                new += piece
                continue
            if new or piece[0] != at:
                found.append(Edit(at, piece[0], new))
            at, new = piece[1], ""
        return found

    def _read(self, piece: _Piece) -> str:
        return piece if isinstance(piece, str) else self._old[piece[0] : piece[1]]

    def _length(self, piece: _Piece) -> int:
        return len(piece) if isinstance(piece, str) else piece[1] - piece[0]

    def _cut(self, start: int, end: int | None) -> list[_Piece]:
        found: list[_Piece] = []
        at = 0
        for piece in self._pieces:
            length = self._length(piece)
            first = max(start - at, 0)
            last = length if end is None else min(end - at, length)
            if first < last:
                found.append(
                    piece[first:last] if isinstance(piece, str) else (piece[0] + first, piece[0] + last)
                )
            at += length
        return found


def splice(text: str, changes: Sequence[Edit]) -> str:
    """The text after edits that are in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for edit in changes:
        parts += [text[at : edit.start], edit.new]
        at = edit.end
    return "".join([*parts, text[at:]])
