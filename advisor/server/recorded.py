"""What the project's baseline holds, left out of what the editor shows, as `check` leaves it out."""

from __future__ import annotations

import os
from collections.abc import Sequence

from advisor import baseline
from advisor.baseline import Item
from advisor.content import code_of, print_of
from advisor.finding import Finding


class Recorded:
    """A baseline as it stood when it was read; raises BaselineError where it is none. Without a file it is empty."""

    def __init__(self, path: str) -> None:
        self._folder = os.path.dirname(os.path.realpath(path))
        self._entries = baseline.read(path) if path and os.path.lexists(path) else []

    def new(self, findings: Sequence[Finding], path: str, text: str) -> list[Finding]:
        """The findings of one file that are not recorded; `text` is its decoded text."""
        if not self._entries or not findings:
            return list(findings)
        key = os.path.relpath(os.path.realpath(path), self._folder).replace(os.sep, "/")
        items = []
        for finding in findings:
            code = code_of(finding, text)
            items.append(Item(finding, key, print_of(finding, code), code))
        new = {id(item.finding) for item in baseline.settle(items, self._entries, self._gone).new}
        return [finding for finding in findings if id(finding) in new]

    def _gone(self, path: str) -> bool:
        return not os.path.lexists(os.path.join(self._folder, path))
