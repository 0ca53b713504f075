"""One JSON object for scripts; its shape is fixed."""

from __future__ import annotations

import json
from typing import Any, TextIO

from advisor.finding import Finding
from advisor.report import Report, severity_of


def render(report: Report, out: TextIO) -> None:
    """Write the object, in ASCII, so that no terminal and no encoding can spoil it."""
    json.dump(as_data(report), out, indent=2)
    out.write("\n")


def as_data(report: Report) -> dict[str, Any]:
    """The object as plain data."""
    by_rule: dict[str, int] = {}
    for finding in sorted(report.findings, key=lambda finding: finding.rule):
        by_rule[finding.rule] = by_rule.get(finding.rule, 0) + 1
    return {
        "version": 1,
        "tool": report.tool,
        "target": {"airflow": report.airflow, "source": report.source},
        "findings": [_finding(finding) for finding in report.findings],
        "summary": {"files": report.files, "findings": len(report.findings), "by_rule": by_rule},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    span, fix = finding.span, finding.fix
    described = ""
    if fix is not None:
        # Whoever applies an unsafe fix reads here what may change.
        described = f"{fix.description}; {fix.caveat}" if fix.caveat else fix.description
    return {
        "rule": finding.rule,
        "severity": severity_of(finding),
        "message": finding.message,
        "path": finding.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "symbol": finding.symbol,
        "url": finding.url,
        "fix": {"applicability": fix.applicability, "description": described} if fix else None,
    }
