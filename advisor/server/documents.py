"""The documents that the editor has open: their text as it stands on the screen, kept by the editor's changes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

from advisor.server.positions import Lines, Position, Unit

#: a range to replace and its new text; without a range it is the whole new text
Change: TypeAlias = tuple[tuple[Position, Position] | None, str]

_DRIVE: Final = re.compile(r"/[A-Za-z]:")


class Document:
    """One open document. `path` is None where it stands in no file (untitled, a notebook's cell)."""

    def __init__(self, uri: str, text: str, version: int | None, unit: Unit) -> None:
        self.uri = uri
        self.path = path_of(uri)
        self.version = version
        self.lines = Lines(text, unit)
        #: counts the states of the text, because not every client counts versions well
        self.state = 0

    @property
    def text(self) -> str:
        """The text as it stands on the screen."""
        return self.lines.text

    def change(self, changes: Iterable[Change], version: int | None) -> None:
        """Take over the editor's changes, each in terms of the text after the one before."""
        for between, new in changes:
            if between is None:
                text = new
            else:
                start, end = self.lines.offset(between[0]), self.lines.offset(between[1])
                text = self.text[: min(start, end)] + new + self.text[max(start, end) :]
            self.lines = Lines(text, self.lines.unit)
        self.version = version
        self.state += 1


def path_of(uri: str) -> str | None:
    """The file that a URI names; None where it names none on this machine's file system."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or not parts.path:
        return None
    path = unquote(parts.path)
    if "\0" in path:
        return None
    if os.name == "nt":
        path = f"//{parts.netloc}{path}" if parts.netloc else path[1:] if _DRIVE.match(path) else path
    return os.path.normpath(path)


def inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or stands below it."""
    return path == folder or path.startswith(os.path.join(folder, ""))
