"""Unified diffs that keep every byte, so that `patch` and `git apply` can use them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

_CONTEXT = 3
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified(path: str, old: bytes, new: bytes) -> Iterator[bytes]:
    """The lines of the diff from `old` to `new`, each with its newline; nothing where they are equal."""
    if old == new:
        return
    before, after = _lines(old), _lines(new)
    name = _quoted(path)
    yield b"--- " + name + b"\n"
    yield b"+++ " + name + b"\n"
    # Only the part that differs is compared: difflib takes quadratic time, and our edits are few.
    same = _shared(before, after)
    tail = _shared(before[same:][::-1], after[same:][::-1])
    start = max(same - _CONTEXT, 0)
    end = max(tail - _CONTEXT, 0)
    a, b = before[start : len(before) - end], after[start : len(after) - end]
    for group in SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        ours = _range(first[1] + start, last[2] + start)
        theirs = _range(first[3] + start, last[4] + start)
        yield f"@@ -{ours} +{theirs} @@\n".encode()
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_line(b" ", line) for line in a[i1:i2])
                continue
            yield from (_line(b"-", line) for line in a[i1:i2])
            yield from (_line(b"+", line) for line in b[j1:j2])


def _lines(data: bytes) -> list[bytes]:
    """Lines end at LF alone, as for `patch`."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + (
        [data.rpartition(b"\n")[2]] if data and data[-1:] != b"\n" else []
    )


def _shared(a: list[bytes], b: list[bytes]) -> int:
    number = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        number += 1
    return number


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
