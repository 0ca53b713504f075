"""The baseline: findings that a team has decided to leave, matched by what they are about and not by their lines.

One JSON file with an entry a line, sorted, so that diffs are small and two branches seldom touch the same line; the
`null` at the end lets every entry end in a comma, so that a merge which keeps both sides is still valid.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence

from advisor import files
from advisor.content import excerpt
from advisor.finding import Finding
from advisor.records import dataclass, replace
from advisor.text import Refusal, printable

VERSION = 1
_ABOUT = "Findings that dag-advisor leaves alone: https://github.com/dag-advisor/dag-advisor"
_ANEW = "`dag-advisor check --write-baseline` writes it anew once it is deleted"


class BaselineError(Refusal):
    """A baseline that can't be used; `str()` of it says which file, why, and what to do."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """`count` findings of one rule about the same code of one file.

    `path` is relative to the baseline's folder, with forward slashes. `print` is `content.print_of`; `code` is the
    beginning of that code, for people only.
    """

    path: str
    rule: str
    print: str
    code: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Item:
    """A finding with what it is matched by; `path` as in an Entry, `code` whole."""

    finding: Finding
    path: str
    print: str
    code: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What a baseline says of findings: those it doesn't know, those it does, and its entries that nothing met."""

    new: list[Item]
    known: list[Item]
    left: list[Entry]


def read(path: str) -> list[Entry]:
    """The entries of the baseline at `path`, sorted, without doubles.

    Raises:
        BaselineError: the file can't be read, or is no baseline.
    """
    try:
        data = files.read(path)
    except files.Unreadable as error:
        raise _wrong(path, error.message) from None
    return _entries(path, data)


def _entries(path: str, data: bytes) -> list[Entry]:
    if b"\n<<<<<<< " in data or data.startswith(b"<<<<<<< "):
        raise _wrong(path, "holds conflict markers; keep the lines of both sides and take the markers out")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):  # not UTF-8 is a ValueError, too
        raise _wrong(path, f"is no JSON; {_ANEW}") from None
    listed = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise _wrong(path, f"is no baseline; {_ANEW}")
    version = document.get("version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        raise _wrong(path, "was written by a newer dag-advisor" if newer else f"is no baseline; {_ANEW}")
    found: dict[tuple[str, str, str], Entry] = {}
    for number, row in enumerate(listed, 1):
        if row is None:
            continue
        entry = _entry(row)
        if entry is None:
            raise _wrong(path, f"its entry {number} is damaged; {_ANEW}")
        key = (entry.path, entry.rule, entry.print)
        # Both sides of a merge may have recorded the same.
        if key not in found or found[key].count < entry.count:
            found[key] = entry
    return sorted(found.values())


def _entry(row: object) -> Entry | None:
    if not isinstance(row, dict):
        return None
    path, rule, printed = row.get("path"), row.get("rule"), row.get("print")
    code, count = row.get("code", ""), row.get("count", 1)
    if not (isinstance(path, str) and isinstance(rule, str) and isinstance(printed, str)):
        return None
    if not path or "\0" in path or not isinstance(code, str) or type(count) is not int or count < 1:
        return None
    return Entry(path, rule, printed, code, count)


def _wrong(path: str, why: str) -> BaselineError:
    relative = os.path.relpath(path)
    return BaselineError(f"{path if relative.startswith('..') else relative}: {why}")


def dump(entries: Iterable[Entry]) -> bytes:
    """The file's bytes: the same entries give the same bytes."""
    rows = []
    for entry in sorted(entries):
        row: dict[str, object] = {"path": entry.path, "rule": entry.rule, "code": printable(entry.code)}
        row["print"] = entry.print
        if entry.count != 1:
            row["count"] = entry.count
        rows.append(json.dumps(row) + ",\n")
    head = f'{{\n"version": {VERSION},\n"about": {json.dumps(_ABOUT)},\n"findings": [\n'
    return (head + "".join(rows) + "null\n]\n}\n").encode("ascii")


def write(path: str, entries: Sequence[Entry]) -> None:
    """Put the entries into the file at `path`; one that is no baseline is left as it is.

    Raises:
        BaselineError: what stands there is no baseline.
        CannotWrite: as `files.write_atomically`.
    """
    data = dump(entries)
    if not os.path.lexists(path):
        files.create(path, data)
        return
    try:
        old = files.read(path)
    except files.Unreadable as error:
        raise _wrong(path, error.message) from None
    _entries(path, old)
    if old != data:
        files.write_atomically(path, data, old)


def counted(items: Iterable[Item]) -> list[Entry]:
    """Entries for these findings."""
    found: dict[tuple[str, str, str], Entry] = {}
    for item in items:
        key = (item.path, item.finding.rule, item.print)
        known = found.get(key)
        found[key] = (
            replace(known, count=known.count + 1) if known else Entry(*key, code=excerpt(item.code), count=1)
        )
    return sorted(found.values())


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """Entries of one key as one, their counts added."""
    found: dict[tuple[str, str, str], Entry] = {}
    for entry in entries:
        key = (entry.path, entry.rule, entry.print)
        known = found.get(key)
        found[key] = replace(known, count=known.count + entry.count) if known else entry
    return sorted(found.values())


def settle(
    items: Sequence[Item],
    entries: Iterable[Entry],
    moved: Callable[[str], bool],
    fresh: Callable[[Item], bool] = lambda item: False,
) -> Settled:
    """Match findings, in the order of their places, with entries; each entry serves `count` of them.

    An entry whose own file has no use for it serves another one, if `moved` says so of its path: the file is gone
    (renamed) or was looked at (the code moved). Of equal findings, those that are `fresh` are served last.
    """
    left = {(entry.path, entry.rule, entry.print): entry for entry in entries}
    known: set[int] = set()

    def serve(number: int, key: tuple[str, str, str]) -> None:
        entry = left[key]
        known.add(number)
        if entry.count > 1:
            left[key] = replace(entry, count=entry.count - 1)
        else:
            del left[key]

    keys = [(item.path, item.finding.rule, item.print) for item in items]
    ordered = sorted(range(len(items)), key=lambda number: (fresh(items[number]), number))
    for number in ordered:
        if keys[number] in left:
            serve(number, keys[number])
    if left and len(known) < len(items):
        free: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        may: dict[str, bool] = {}
        for key in sorted(left):
            if key[0] not in may:
                may[key[0]] = moved(key[0])
            if may[key[0]]:
                free.setdefault(key[1:], []).extend([key] * min(left[key].count, len(items)))
        for number in ordered:
            if number not in known and (waiting := free.get(keys[number][1:])):
                serve(number, waiting.pop(0))
    return Settled(
        [item for number, item in enumerate(items) if number not in known],
        [item for number, item in enumerate(items) if number in known],
        sorted(left.values()),
    )


def number_of(entries: Iterable[Entry]) -> int:
    """How many findings entries stand for."""
    return sum(entry.count for entry in entries)
