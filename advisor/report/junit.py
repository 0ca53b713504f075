"""JUnit XML for CI servers that read nothing else: a test suite a file, a test case a finding."""

from __future__ import annotations

from itertools import groupby
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from advisor.finding import Finding
from advisor.report import Report, severity_of
from advisor.text import printable


def render(report: Report, out: TextIO) -> None:
    """Write the document; advice passes as a test case, unless the run is strict."""
    findings = report.findings
    failures = sum(_fails(report, finding) for finding in findings)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    counts = f'tests="{max(len(findings), 1)}" failures="{failures}" errors="0"'
    out.write(f'<testsuites name="dag-advisor" {counts} time="0">\n')
    if not findings:
        out.write('  <testsuite name="dag-advisor" tests="1" failures="0" errors="0" skipped="0" time="0">\n')
        out.write('    <testcase name="nothing to report" classname="dag-advisor" time="0"/>\n')
        out.write("  </testsuite>\n")
    for path, group in groupby(findings, key=lambda finding: finding.path):
        its = list(group)
        failed = sum(_fails(report, finding) for finding in its)
        suite = f'tests="{len(its)}" failures="{failed}" errors="0" skipped="0" time="0"'
        out.write(f"  <testsuite name={_attribute(path)} {suite}>\n")
        for finding in its:
            _case(report, finding, out)
        out.write("  </testsuite>\n")
    out.write("</testsuites>\n")


def _case(report: Report, finding: Finding, out: TextIO) -> None:
    where = f"{finding.span.line}:{finding.span.column}"
    name = f"{finding.rule} {where}"
    out.write(f'    <testcase name={_attribute(name)} classname={_attribute(finding.path)} time="0">\n')
    text = escape(
        printable(f"{finding.path}:{where}: {severity_of(finding)}: {finding.message} {finding.url}".rstrip())
    )
    if _fails(report, finding):
        kind, message = _attribute(finding.rule), _attribute(finding.message)
        out.write(f"      <failure type={kind} message={message}>{text}</failure>\n")
    else:
        out.write(f"      <system-out>{text}</system-out>\n")
    out.write("    </testcase>\n")


def _fails(report: Report, finding: Finding) -> bool:
    return report.strict or severity_of(finding) != "advice"


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
