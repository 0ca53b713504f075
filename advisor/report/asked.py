"""One fix as `fix --interactive` shows it: what is wrong, what would be done, what may change, and the diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from advisor.finding import Finding
from advisor.report import Report
from advisor.report.diff import drawn
from advisor.report.full import emit, heading, wrapped
from advisor.report.summary import Line
from advisor.text import counted, printable

_NAMED = 3  # findings of one fix that are told one by one
_LINES = 60  # of a diff that are shown


def draw(path: str, findings: Sequence[Finding], old: bytes, new: bytes, report: Report, out: TextIO) -> None:
    """Write what a person needs to decide; `path` as shown."""
    emit(_lines(path, findings, old, new, report.width), report, out)


def _lines(path: str, findings: Sequence[Finding], old: bytes, new: bytes, width: int) -> Iterator[Line]:
    yield []
    for finding in findings[:_NAMED]:
        yield from heading(finding, path, width)
    if len(findings) > _NAMED:
        yield [
            (
                f"  and {counted(len(findings) - _NAMED, 'finding')} more that can only be mended together",
                "dim",
            )
        ]
    for description, kind, caveat in dict.fromkeys(
        (finding.fix.description, finding.fix.applicability, finding.fix.caveat)
        for finding in findings
        if finding.fix is not None
    ):
        label, style = ("unsafe fix: ", "unsafe") if kind == "unsafe" else ("safe fix: ", "safe")
        yield from wrapped("  ", [(label, style), (printable(description), "")], width)
        if kind == "unsafe":
            may = printable(caveat) or "it may change what the task does"
            yield from wrapped("  ", [("may change: ", "unsafe"), (may, "")], width)
    yield from _diff(path, old, new)


def _diff(path: str, old: bytes, new: bytes) -> Iterator[Line]:
    lines = list(drawn(path, old, new))[2:]
    yield from lines[:_LINES]
    if len(lines) > _LINES:
        yield [(f"… {counted(len(lines) - _LINES, 'more line')}", "dim")]
