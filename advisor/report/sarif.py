"""SARIF 2.1.0 for code scanning: each rule's help, stable fingerprints, and the fixes."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

from advisor.finding import Finding, Fix, Rewrite, Span
from advisor.report import HOME, Report, severity_of
from advisor.report.prints import fingerprints
from advisor.text import printable

if TYPE_CHECKING:
    from advisor.rule import Rule

_LINE_END = re.compile(r"\r\n|\r|\n")
_LEVEL = {"error": "error", "warning": "warning", "advice": "note"}


def render(report: Report, out: TextIO) -> None:
    """Write the log file."""
    names = sorted({*report.rules, *(finding.rule for finding in report.findings)})
    index = {name: number for number, name in enumerate(names)}
    made = _Fixes(report)
    name, _, version = report.tool.partition(" ")
    driver = {
        "name": name,
        "version": version,
        "semanticVersion": version,
        "informationUri": HOME,
        "rules": [_rule(name, report.rules.get(name)) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The working directory of the run."}}},
        "properties": {"targetAirflow": report.airflow, "targetSource": report.source},
        "results": [
            _result(finding, index[finding.rule], fingerprint, made)
            for finding, fingerprint in fingerprints(report)
        ],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    json.dump(log, out, indent=2)
    out.write("\n")


def _rule(name: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": name}
    from advisor.report.pages import markdown, plain

    return {
        "id": name,
        "shortDescription": {"text": rule.doc.title or name},
        "fullDescription": {"text": rule.doc.what or rule.doc.title or name},
        "help": {"text": plain(rule), "markdown": markdown(rule)},
        **({"helpUri": rule.url} if rule.url else {}),
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {"tags": ["airflow", rule.group], "problem.severity": _SEVERITY[rule.severity]},
    }


# GitHub's code scanning reads this property.
_SEVERITY = {"error": "error", "warning": "warning", "advice": "recommendation"}


def _result(finding: Finding, index: int, fingerprint: str, made: _Fixes) -> dict[str, Any]:
    where = _artifact(finding.path)
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVEL[severity_of(finding)],
        "message": {"text": printable(finding.message)},
        "locations": [{"physicalLocation": {"artifactLocation": where, "region": _region(finding.span)}}],
        "partialFingerprints": {"dagAdvisor/v1": fingerprint},
    }
    if finding.fix is not None:
        fixes = made.of(finding, where)
        if fixes:
            result["fixes"] = fixes
        described = {"applicability": finding.fix.applicability, "fix": printable(finding.fix.description)}
        result["properties"] = described
    return result


class _Fixes:
    """The fixes of a report as replacements in the text of their files; `rewrite` knows how to make them."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._groups: dict[tuple[str, str], list[Fix]] = {}
        for finding in report.findings:
            if finding.fix is not None and finding.fix.group:
                self._groups.setdefault((finding.path, finding.fix.group), []).append(finding.fix)
        self._path = ""
        self._text: str | None = None
        self._lines: tuple[int, ...] = (0,)

    def of(self, finding: Finding, where: dict[str, str]) -> list[dict[str, Any]]:
        """The fix in SARIF's words; nothing where there is none, or it can't be made."""
        fix = finding.fix
        if fix is None or not fix.rewrites or fix.applicability == "display-only":
            return []
        rewrites = self._together(finding.path, fix)
        if not rewrites:
            return []
        if finding.path != self._path:
            self._path, self._text = finding.path, self._report.text_of(finding.path)
            self._lines = (0, *(match.end() for match in _LINE_END.finditer(self._text or "")))
        from advisor import rewrite  # takes 0.3 s: not before there is something to fix

        try:
            edits = rewrite.edits(self._text or "", rewrites)
        except rewrite.CannotRewrite:
            return []
        replacements = [
            {"deletedRegion": self._region(edit.start, edit.end), "insertedContent": {"text": edit.new}}
            for edit in edits
        ]
        description = fix.description if fix.applicability == "safe" else f"unsafe: {fix.description}"
        if fix.applicability != "safe" and fix.caveat:
            description += f"; {fix.caveat}"
        change = {"artifactLocation": where, "replacements": replacements}
        return [{"description": {"text": printable(description)}, "artifactChanges": [change]}]

    def _together(self, path: str, fix: Fix) -> tuple[Rewrite, ...]:
        """The rewrites of a fix and of those that only make sense with it; none where one of them is missing."""
        if not fix.group:
            return fix.rewrites
        members = self._groups[path, fix.group]
        if len(members) < fix.group_size or any(not member.rewrites for member in members):
            return ()
        if fix.applicability == "safe" and any(member.applicability != "safe" for member in members):
            return ()
        return tuple(dict.fromkeys(rewrite for member in members for rewrite in member.rewrites))

    def _region(self, start: int, end: int) -> dict[str, int]:
        line, end_line = bisect_right(self._lines, start), bisect_right(self._lines, end)
        return {
            "startLine": line,
            "startColumn": start - self._lines[line - 1] + 1,
            "endLine": end_line,
            "endColumn": end - self._lines[end_line - 1] + 1,
        }


def _artifact(path: str) -> dict[str, str]:
    uri = quote(path, safe="/", errors="surrogateescape")
    if path.startswith("/"):
        return {"uri": f"file://{uri}"}
    # A colon in the first part would read as a scheme; it is quoted already.
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
