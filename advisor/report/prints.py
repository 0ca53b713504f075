"""Fingerprints that stay when lines move: a hash over the file, the rule and the source line's own text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from advisor.finding import Finding
from advisor.report import Report

_LINE_END = re.compile(r"\r\n|\r|\n")


def fingerprints(report: Report) -> Iterator[tuple[Finding, str]]:
    """Each finding with its fingerprint (64 hex digits); equal lines are told apart by their order."""
    lines: dict[str, list[str]] = {}
    seen: dict[tuple[str, ...], int] = {}
    for finding in report.findings:
        if finding.path not in lines:
            lines[finding.path] = _LINE_END.split(report.text_of(finding.path) or "")
        of_file = lines[finding.path]
        number = finding.span.line - 1
        text = "".join(of_file[number].split()) if number < len(of_file) else ""
        key = (finding.path, finding.rule, finding.symbol, text)
        seen[key] = seen.get(key, 0) + 1
        yield (
            finding,
            sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "backslashreplace")).hexdigest(),
        )
