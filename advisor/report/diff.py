"""Unified diffs that keep every byte, so that `patch` and `git apply` can use them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from advisor.text import printable

Change: TypeAlias = tuple[int, int, int, int]

_CONTEXT = 3
_MOST = 1_000  # changed lines; beyond, the whole rest counts as changed
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified(path: str, old: bytes, new: bytes) -> Iterator[bytes]:
    """The lines of the diff from `old` to `new`, each with its newline; nothing where they are equal."""
    if old == new:
        return
    before, after = _lines(old), _lines(new)
    name = _quoted(path)
    yield b"--- " + name + b"\n"
    yield b"+++ " + name + b"\n"
    for group in _grouped(changes(before, after)):
        first, last = group[0], group[-1]
        above = min(first[0], _CONTEXT)
        below = min(len(before) - last[1], _CONTEXT)
        ours = _range(first[0] - above, last[1] + below)
        theirs = _range(first[2] - above, last[3] + below)
        yield f"@@ -{ours} +{theirs} @@\n".encode()
        at = first[0] - above
        for start, end, new_start, new_end in group:
            yield from (_line(b" ", line) for line in before[at:start])
            yield from (_line(b"-", line) for line in before[start:end])
            yield from (_line(b"+", line) for line in after[new_start:new_end])
            at = end
        yield from (_line(b" ", line) for line in before[at : at + below])


def drawn(path: str, old: bytes, new: bytes) -> Iterator[list[tuple[str, str]]]:
    """The diff for people's eyes: lines of (text, style), nothing in them that could steer a terminal."""
    for number, line in enumerate(unified(path, old, new)):
        style = {b"+": "added", b"-": "removed", b"@": "dim"}.get(line[:1], "")
        text = printable(line.decode("utf-8", "replace").rstrip("\r\n"), keep="\t\n")
        yield [(text, "path" if number < 2 else style)]


def _grouped(changes: list[Change]) -> Iterator[list[Change]]:
    """The changes that share a hunk, because their context would touch."""
    group: list[Change] = []
    for change in changes:
        if group and change[0] - group[-1][1] > 2 * _CONTEXT:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def changes(a: Sequence[bytes] | Sequence[str], b: Sequence[bytes] | Sequence[str]) -> list[Change]:
    """The runs of lines to replace, in order: from `a[start:end]` to `b[new_start:new_end]`.

    Myers' greedy algorithm: its time grows with the number of changed lines, and our edits are few, where
    difflib's grows with the square of the file.
    """
    reach = {1: 0}
    trace: list[dict[int, int]] = []
    for distance in range(_MOST + 1):
        trace.append(reach.copy())
        for k in range(-distance, distance + 1, 2):
            down = k == -distance or (k != distance and reach[k - 1] < reach[k + 1])
            x = reach[k + 1] if down else reach[k - 1] + 1
            y = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            reach[k] = x
            if x >= len(a) and y >= len(b):
                return _traced(trace, len(a), len(b))
    pairs = enumerate(zip(a, b, strict=False))
    same = next((number for number, (one, other) in pairs if one != other), min(len(a), len(b)))
    return [(same, len(a), same, len(b))]


def _traced(trace: list[dict[int, int]], x: int, y: int) -> list[Change]:
    """The way back through the steps of `changes`, as runs."""
    found: list[Change] = []
    for distance in range(len(trace) - 1, 0, -1):
        reach, k = trace[distance], x - y
        down = k == -distance or (k != distance and reach[k - 1] < reach[k + 1])
        before = k + 1 if down else k - 1
        x_before = reach[before]
        y_before = x_before - before
        x, y = (x_before, y_before + 1) if down else (x_before + 1, y_before)  # where the snake began
        if found and found[-1][0] == x and found[-1][2] == y:
            found[-1] = (x_before, found[-1][1], y_before, found[-1][3])
        else:
            found.append((x_before, x, y_before, y))
        x, y = x_before, y_before
    return found[::-1]


def _lines(data: bytes) -> list[bytes]:
    """Lines end at LF alone, as for `patch`."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + (
        [data.rpartition(b"\n")[2]] if data and data[-1:] != b"\n" else []
    )


def _line(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + _NO_NEWLINE


def _range(start: int, end: int) -> str:
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def _quoted(path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    if all(byte >= 0x20 and byte not in b'"\\\x7f' for byte in raw):
        return raw
    special = {9: b"\\t", 10: b"\\n", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}
    plain = (
        special.get(byte) or (bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte) for byte in raw
    )
    return b'"' + b"".join(plain) + b'"'
