"""GitHub Actions workflow commands: annotations for a pull request, few enough that GitHub shows all of them.

GitHub keeps ten annotations of a level for each step, the first ones, and drops the others without a word. So the
findings of one rule in one file share an annotation, the most severe come first, and the tenth says how many more
there are. What an annotation leaves out is in the log, folded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from advisor.finding import Finding
from advisor.report import Report, from_root, severity_of
from advisor.text import counted, printable

_LEVEL = {"error": "error", "warning": "warning", "advice": "notice"}
_MOST = 10  # annotations of one level that GitHub keeps for a step
_LINES = 10  # line numbers in one annotation


def render(report: Report, out: TextIO) -> None:
    """Write the annotations, then every finding as a folded part of the log where one annotation is not enough."""
    whole = True
    for severity, level in _LEVEL.items():
        groups: dict[tuple[str, str], list[Finding]] = {}
        for finding in report.findings:
            if severity_of(finding) == severity:
                groups.setdefault((finding.path, finding.rule), []).append(finding)
        # The most frequent first, so that what is left out is little.
        ordered = sorted(groups.values(), key=lambda group: -len(group))
        shown = ordered if len(ordered) <= _MOST else ordered[: _MOST - 1]
        for group in shown:
            out.write(_annotation(level, group))
        rest = ordered[len(shown) :]
        if rest:
            files = len({group[0].path for group in rest})
            number = counted(sum(map(len, rest)), f"more {severity}", "more advice" * (severity == "advice"))
            out.write(f"::{level} title=dag-advisor::{number} in {counted(files, 'file')}: see the log\n")
        whole = whole and not rest and all(len(group) == 1 for group in shown)
    if not whole:
        out.writelines(_log(report.findings))


def _annotation(level: str, group: Sequence[Finding]) -> str:
    finding = group[0]
    span = finding.span
    properties = {"file": from_root(finding.path, "GITHUB_WORKSPACE"), "line": str(span.line)}
    properties["col"] = str(span.column)
    # GitHub refuses columns on annotations over several lines; the first line is where we point.
    if span.line == span.end_line:
        properties |= {"endLine": str(span.end_line), "endColumn": str(max(span.end_column, span.column))}
    properties["title"] = f"dag-advisor ({finding.rule})"
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    # The log shows the message alone, so it says once more where it belongs.
    where = f"{finding.path}:{span.line}:{span.column}: {finding.rule}"
    text = f"{where} {finding.message}" + (f" {finding.url}" if finding.url else "")
    if len(group) > 1:
        lines = list(dict.fromkeys(str(one.span.line) for one in group))
        more = f" and {len(lines) - _LINES} more" if len(lines) > _LINES else ""
        noun = "line" if len(lines) == 1 else "lines"
        text += f"\n{len(group)} times in this file: {noun} {', '.join(lines[:_LINES])}{more}"
    return f"::{level} {written}::{_data(text)}\n"


def _log(findings: Sequence[Finding]) -> Iterator[str]:
    files = len({finding.path for finding in findings})
    yield f"::group::dag-advisor: {counted(len(findings), 'finding')} in {counted(files, 'file')}\n"
    for finding in findings:
        span = finding.span
        where = f"{printable(finding.path)}:{span.line}:{span.column}"
        text = f"{where}: {finding.rule} {severity_of(finding)} {printable(finding.message)}"
        # No line may start with `::` or hold `##[`, which would be commands again.
        yield "- " + text.replace("##[", "# #[") + "\n"
    yield "::endgroup::\n"


def _data(text: str) -> str:
    return printable(text, keep="\r\n").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
