"""Fingerprints that stay when lines move: a hash over the file, the rule, the class and the code without formatting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from advisor.content import code_of, print_of
from advisor.finding import Finding
from advisor.report import Report

_LINE_END = re.compile(r"\r\n|\r|\n")


def fingerprints(report: Report) -> Iterator[tuple[Finding, str]]:
    """Each finding with its fingerprint (64 hex digits); equal code is told apart by its order in the file."""
    path, text, lines = None, "", [""]
    seen: dict[tuple[str, str], int] = {}
    for finding in report.findings:
        if finding.path != path:
            path, text = finding.path, report.text_of(finding.path) or ""
            lines = _LINE_END.split(text)
        key = (finding.path, print_of(finding, code_of(finding, text, lines)))
        seen[key] = seen.get(key, 0) + 1
        parts = "\0".join((*key, str(seen[key])))
        yield finding, sha256(parts.encode("utf-8", "backslashreplace")).hexdigest()
