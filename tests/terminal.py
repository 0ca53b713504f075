"""A real command on a pseudo-terminal of its own, for tests that answer it or press Ctrl-C."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 60.0


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        controller, terminal = pty.openpty()
        self.controller = controller
        self.process = subprocess.Popen(
            [sys.executable, "-m", "advisor", *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=folder,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"},
            preexec_fn=_own_terminal,
        )
        os.close(terminal)
        self.seen = ""
        self._raw = b""

    def until(self, text: str, count: int = 1) -> str:
        """What came since the last call, once it holds `text` so often."""
        end = time.monotonic() + SECONDS
        while self.seen.count(text) < count:
            left = end - time.monotonic()
            assert left > 0, f"{text!r} never came: {self.seen}"
            if not self._read(left):
                raise AssertionError(f"it ended before {text!r} came: {self.seen}")
        seen, self.seen = self.seen, ""
        return seen

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.controller], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.controller, 65536)
        except OSError:  # Linux: the other side is closed
            return False
        self._raw += data
        self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self.controller, text.encode())

    def interrupt(self) -> str:
        """Everything until the end, which Ctrl-C brings about.

        Pressed again each second, as people do: between two of Python's looks for signals and a read that waits, a
        busy machine may stop the process, and the read does not learn of the first one.
        """
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            self.type("\x03")
            again = time.monotonic() + 1
            while time.monotonic() < again:
                if not self._read(0.1):
                    return self.rest()
        raise AssertionError(f"it never ended: {self.seen}")

    def rest(self) -> str:
        """Everything until the end."""
        end = time.monotonic() + SECONDS
        while self._read(max(end - time.monotonic(), 0.01)):
            assert time.monotonic() < end, self.seen
        self.process.wait(SECONDS)
        return self.seen

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SECONDS)
        os.close(self.controller)


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches the process
