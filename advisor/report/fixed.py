"""What `fix` tells: what it changed in each file, what is left and why, and the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

from advisor.finding import Finding
from advisor.records import dataclass
from advisor.report import Report, severity_of
from advisor.report.full import emit, wrapped
from advisor.report.summary import Line, target_line
from advisor.text import counted, printable


@dataclass(frozen=True, slots=True)
class Changes:
    """How many findings of each rule were mended in one file (its path as shown)."""

    path: str
    rules: Counter[str]


@dataclass(frozen=True, slots=True)
class Left:
    """A finding that stays, and why."""

    finding: Finding
    reason: str


def render_text(
    report: Report, changes: Sequence[Changes], left: Sequence[Left] | None, out: TextIO, *, would: bool
) -> None:
    """Write the changes, the findings `left` (None: only how many) and the sums; `would`: only a diff."""
    emit(_lines(report, changes, left, would), report, out)


def _lines(
    report: Report, changes: Sequence[Changes], left: Sequence[Left] | None, would: bool
) -> Iterator[Line]:
    if not report.quiet:
        for change in changes:
            rules = ", ".join(f"{number:,} × {rule}" for rule, number in sorted(change.rules.items()))
            verb = "would fix" if would else "fixed"
            yield [(printable(change.path), "path"), (f": {verb} ", ""), (rules, "rule")]
        if changes and left:
            yield []
    for one in left or ():
        yield from _left(one, report.width)
    if report.quiet:
        return
    if left:
        yield []
    yield _sums(report, changes, would)
    if left is not None:
        yield target_line(report)
    unsafe = sum(
        finding.fix is not None and finding.fix.applicability == "unsafe" for finding in report.findings
    )
    if unsafe and left is not None and any("--unsafe-fixes" in one.reason for one in left):
        yield [
            ("Next: ", "title"),
            ("dag-advisor fix --unsafe-fixes", "unsafe"),
            (f" mends up to {unsafe:,} more; read first what may change", ""),
        ]


def _left(one: Left, width: int) -> Iterator[Line]:
    finding, span = one.finding, one.finding.span
    severity = severity_of(finding)
    yield [
        (f"{printable(finding.path)}:{span.line}:{span.column}", "path"),
        (": ", ""),
        (finding.rule, "rule"),
        (" ", ""),
        (severity, severity),
        (f" {printable(finding.message)}", ""),
    ]
    yield from wrapped("    ", [("left: ", "dim"), (printable(one.reason), "dim")], width)


def _sums(report: Report, changes: Sequence[Changes], would: bool) -> Line:
    mended = sum(sum(change.rules.values()) for change in changes)
    number = len(report.findings)
    verb = "Would mend" if would else "Mended"
    line: Line = []
    if mended:
        line = [(f"{verb} {counted(mended, 'finding')} in {counted(len(changes), 'file')}", "good")]
    else:
        line = [("Nothing to mend" if not number else "Nothing mended", "title")]
    files = counted(report.files, "file")
    if not number:
        return [*line, (f"; nothing is left to report in {files}.", "")]
    hit = len({finding.path for finding in report.findings})
    return [*line, (f"; {counted(number, 'finding')} left in {hit:,} of {files}.", "")]
