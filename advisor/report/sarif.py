"""SARIF 2.1.0 for code scanning: each rule's help, stable fingerprints, and the fixes that are plain text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

from advisor.finding import Finding, Fix, ReplaceText, Span
from advisor.report import HOME, Report, severity_of
from advisor.report.prints import fingerprints
from advisor.text import printable

if TYPE_CHECKING:
    from advisor.rule import Rule

_LEVEL = {"error": "error", "warning": "warning", "advice": "note"}


def render(report: Report, out: TextIO) -> None:
    """Write the log file."""
    names = sorted({*report.rules, *(finding.rule for finding in report.findings)})
    index = {name: number for number, name in enumerate(names)}
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
            _result(finding, index[finding.rule], fingerprint)
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


def _result(finding: Finding, index: int, fingerprint: str) -> dict[str, Any]:
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
        fixes = _fixes(finding.fix, where)
        if fixes:
            result["fixes"] = fixes
        described = {"applicability": finding.fix.applicability, "fix": printable(finding.fix.description)}
        result["properties"] = described
    return result


def _fixes(fix: Fix, where: dict[str, str]) -> list[dict[str, Any]]:
    # A viewer applies these one by one: only what is safe, whole, and needs no rewriting of syntax.
    replacements = [
        {"deletedRegion": _region(rewrite.span), "insertedContent": {"text": rewrite.new}}
        for rewrite in fix.rewrites
        if isinstance(rewrite, ReplaceText)
    ]
    if not replacements or len(replacements) < len(fix.rewrites) or fix.applicability != "safe" or fix.group:
        return []
    change = {"artifactLocation": where, "replacements": replacements}
    return [{"description": {"text": printable(fix.description)}, "artifactChanges": [change]}]


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
