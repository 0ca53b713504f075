"""GitLab's code quality report."""

from __future__ import annotations

import json
from typing import TextIO

from advisor.report import Report, from_root, severity_of
from advisor.report.prints import fingerprints
from advisor.text import printable

_SEVERITY = {"error": "major", "warning": "minor", "advice": "info"}


def render(report: Report, out: TextIO) -> None:
    """Write the list that GitLab reads as the artifact `codequality`."""
    entries = [
        {
            "description": printable(f"{finding.rule}: {finding.message}"),
            "check_name": finding.rule,
            "fingerprint": fingerprint,
            "severity": _SEVERITY[severity_of(finding)],
            "location": {
                "path": from_root(finding.path, "CI_PROJECT_DIR"),
                "lines": {"begin": finding.span.line, "end": finding.span.end_line},
            },
        }
        for finding, fingerprint in fingerprints(report)
    ]
    json.dump(entries, out, indent=2)
    out.write("\n")
