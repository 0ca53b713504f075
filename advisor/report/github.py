"""GitHub Actions workflow commands: each finding becomes an annotation on the pull request."""

from __future__ import annotations

from typing import TextIO

from advisor.report import Report, severity_of
from advisor.text import printable

_LEVEL = {"error": "error", "warning": "warning", "advice": "notice"}


def render(report: Report, out: TextIO) -> None:
    """Write one command a finding."""
    for finding in report.findings:
        span = finding.span
        properties = {"file": finding.path, "line": str(span.line), "col": str(span.column)}
        # GitHub refuses columns on annotations over several lines; the first line is where we point.
        if span.line == span.end_line:
            properties |= {"endLine": str(span.end_line), "endColumn": str(max(span.end_column, span.column))}
        properties["title"] = f"dag-advisor ({finding.rule})"
        written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        # The log shows the message alone, so it says once more where it belongs.
        where = f"{finding.path}:{span.line}:{span.column}: {finding.rule}"
        text = f"{where} {finding.message}" + (f" {finding.url}" if finding.url else "")
        out.write(f"::{_LEVEL[severity_of(finding)]} {written}::{_data(text)}\n")


def _data(text: str) -> str:
    return printable(text, keep="\r\n").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
