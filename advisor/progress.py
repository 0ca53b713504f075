"""A progress bar on stderr for long runs on a terminal; silent in CI, in pipes and in short runs."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_PATIENCE = 1.0  # seconds without a bar
_EVERY = 0.1


class Progress:
    """Counts files; draws only once the run has taken a while."""

    def __init__(self, total: int, *, quiet: bool, color: bool) -> None:
        self._total = total
        self._done = 0
        self._color = color
        drawable = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._wanted = not quiet and not os.environ.get("CI") and drawable and total > 1
        self._next = time.monotonic() + _PATIENCE
        self._bar: Bar | None = None

    def advance(self) -> None:
        """One file more is done."""
        self._done += 1
        if self._wanted and (now := time.monotonic()) > self._next:
            self._next = now + _EVERY
            self._draw()

    def _draw(self) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("Reading files"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True, no_color=not self._color),
                transient=True,
                auto_refresh=False,  # no thread beside us: processes may be forked later
            )
            self._bar.add_task("", total=self._total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=self._done, refresh=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
