"""One line a finding: `path:line:col: rule severity message`."""

from __future__ import annotations

from typing import TextIO

from advisor.report import Report, severity_of
from advisor.text import printable


def render(report: Report, out: TextIO) -> None:
    """Write the findings, nothing else: the lines are for machines too."""
    for finding in report.findings:
        span = finding.span
        where = f"{printable(finding.path)}:{span.line}:{span.column}"
        out.write(f"{where}: {finding.rule} {severity_of(finding)} {printable(finding.message)}\n")
