"""The end of the full report: by rule, how much can be mended, where to start and what to run next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from advisor.finding import Finding
from advisor.report import Report, Tally, severity_of, tallies
from advisor.text import counted, printable

Piece: TypeAlias = tuple[str, str]
Line: TypeAlias = list[Piece]

MANY = 15
"""From this number of findings on, the summary says in which folders or files they are."""
_PLACES = 6


def summary(report: Report) -> Iterator[Line]:
    """The summary's lines."""
    files = counted(report.files, "file")
    if not report.findings:
        yield [("All clear: ", "good"), (f"nothing to report in {files}.", "")]
        yield target_line(report)
        yield from _notes(report)
        return
    counts = [
        (counted(number, noun, noun if noun == "advice" else ""), noun)
        for noun in ("error", "warning", "advice")
        if (number := sum(severity_of(finding) == noun for finding in report.findings))
    ]
    hit = len({finding.path for finding in report.findings})
    line: Line = [(counted(len(report.findings), "finding"), "title"), (f" in {hit:,} of {files}: ", "")]
    for index, (text, style) in enumerate(counts):
        line += [(", " if index else "", ""), (text, style)]
    yield line
    yield []
    yield from table(tallies(report.findings))
    if len(report.findings) >= MANY and hit > 1:
        yield []
        yield from _places(report.findings)
    yield []
    yield target_line(report)
    yield from _notes(report)
    yield from _next(report.findings)


def table(found: Sequence[Tally]) -> Iterator[Line]:
    """One line a rule: how often it spoke, its severity, how many can be mended and how."""
    counts = max((len(f"{tally.count:,}") for tally in found), default=1)
    names = max((len(tally.rule) for tally in found), default=1)
    for tally in found:
        line: Line = [
            (f"  {tally.count:>{counts},}", "number"),
            (f"  {tally.rule:<{names}}", "rule"),
            (f"  {tally.severity:<7}", tally.severity),
        ]
        yield [*line, ("  ", ""), *fixability(tally)]


def fixability(tally: Tally) -> Line:
    """How many findings of one rule can be mended, in words."""
    parts = [
        (f"{tally.safe:,} safe", "safe", tally.safe),
        (f"{tally.unsafe:,} unsafe", "unsafe", tally.unsafe),
        (f"{tally.shown:,} by hand (shown)", "write", tally.shown),
    ]
    given: Line = []
    for text, style, number in parts:
        if number:
            given += [(", " if given else "fix: ", ""), (text, style)]
    return given or [("no fix", "dim")]


def target_line(report: Report) -> Line:
    """Which Airflow the advice is for, and how we know."""
    where = printable(report.source)
    if where == "newest catalog":
        hint = "the newest known; say yours with target-airflow or --target-airflow"
        return [(f"Target: Airflow {report.airflow} ({hint})", "dim")]
    return [(f"Target: Airflow {printable(report.airflow)} (from {where})", "dim")]


def _notes(report: Report) -> Iterator[Line]:
    for note in report.notes:
        yield [(printable(note), "dim")]


def _places(findings: Sequence[Finding]) -> Iterator[Line]:
    """The folders (or files) that hold the most findings, each with its most frequent rules."""
    groups = _grouped([finding.path for finding in findings])
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    shown = ranked[:_PLACES] if len(ranked) > _PLACES + 1 else ranked
    width = max(len(f"{len(numbers):,}") for _, numbers in shown)
    names = min(max(len(printable(place)) for place, _ in shown), 50)
    yield [("Where:", "title")]
    for place, numbers in shown:
        rules = tallies([findings[number] for number in numbers])
        told = ", ".join(f"{tally.rule} {tally.count:,}" for tally in rules[:2])
        more = f", {counted(len(rules) - 2, 'more rule')}" if len(rules) > 2 else ""
        yield [
            (f"  {len(numbers):>{width},}", "number"),
            (f"  {printable(place):<{names}}", "path"),
            (f"  {told}{more}", "dim"),
        ]
    rest = ranked[len(shown) :]
    if rest:
        left = sum(len(numbers) for _, numbers in rest)
        yield [(f"  {left:>{width},}  in {len(rest):,} other places", "dim")]


def _grouped(paths: Sequence[str]) -> dict[str, list[int]]:
    """Indices by folder: the first level below what all paths share at which they part; files stay files."""
    split = [path.split("/") for path in paths]
    shared = 0
    while all(len(parts) > shared + 1 and parts[shared] == split[0][shared] for parts in split):
        shared += 1
    groups: dict[str, list[int]] = {}
    for number, parts in enumerate(split):
        folder = len(parts) > shared + 1
        place = "/".join(parts[: shared + 1]) + ("/" if folder else "")
        groups.setdefault(place, []).append(number)
    return groups


def _next(findings: Sequence[Finding]) -> Iterator[Line]:
    safe = sum(finding.fix is not None and finding.fix.applicability == "safe" for finding in findings)
    unsafe = sum(finding.fix is not None and finding.fix.applicability == "unsafe" for finding in findings)
    if safe:
        yield [
            ("Next: ", "title"),
            ("dag-advisor fix", "safe"),
            (f" mends {safe:,} of them safely (look first: fix --diff)", ""),
        ]
    if unsafe:
        more = "more " if safe else ""
        yield [
            ("      " if safe else "Next: ", "title"),
            ("dag-advisor fix --unsafe-fixes", "unsafe"),
            (f" mends {unsafe:,} {more}after you have read what may change", ""),
        ]
    if not safe and not unsafe:
        rule = tallies(findings)[0].rule
        yield [
            ("Next: ", "title"),
            (f"dag-advisor explain {rule}", "rule"),
            (" tells why and what to write", ""),
        ]
