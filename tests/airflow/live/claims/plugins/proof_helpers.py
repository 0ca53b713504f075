"""What the tasks of this proof share: the service that counts, a clock for the event loop, and words for the log."""

from __future__ import annotations

import asyncio
import os
import time
import urllib.request


def url(tag: str, seconds: float = 0) -> str:
    """An address of the service, which answers after so many seconds and counts by tag."""
    return f"{os.environ['PROOF_URL']}/{tag}/{seconds}"


def ask(tag: str, seconds: float = 0) -> None:
    with urllib.request.urlopen(url(tag, seconds), timeout=120) as answer:
        answer.read()


def _count(what: str, tag: str) -> int:
    with urllib.request.urlopen(f"{os.environ['PROOF_URL']}/count/{what}/{tag}", timeout=120) as answer:
        return int(answer.read())


def asked(tag: str) -> int:
    """How many requests the service got."""
    return _count("all", tag)


def most(tag: str) -> int:
    """How many requests were on their way at once."""
    return _count("most", tag)


def seen(what: str) -> None:
    """A line that the proof shows."""
    print(f"SEEN {what}", flush=True)


def confirm(holds: bool, what: str) -> None:
    """Fails the task where what is claimed is not so."""
    seen(what)
    if not holds:
        raise RuntimeError(f"NOT SO: {what}")


async def longest_pause() -> float:
    """Seconds: the longest time that the event loop did not come round, until cancelled."""
    longest, last = 0.0, time.monotonic()
    try:
        while True:
            await asyncio.sleep(0.02)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
    except asyncio.CancelledError:
        return max(longest, time.monotonic() - last)
