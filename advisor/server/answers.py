"""Findings, pages and edits in the protocol's words: diagnostics, hovers and code actions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from lsprotocol import types

from advisor.finding import Finding, Fix
from advisor.report import severity_of
from advisor.report.pages import markdown, plain
from advisor.rule import discover
from advisor.server.analysis import Checked, Replacement
from advisor.server.positions import Lines
from advisor.text import counted, printable

SOURCE: Final = "dag-advisor"
FIX_ALL: Final = "source.fixAll.dag-advisor"
_SEVERITIES: Final = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "advice": types.DiagnosticSeverity.Information,
}
_FENCE: Final = re.compile(r"`{3,}")


def span_range(lines: Lines, start: int, end: int) -> types.Range:
    """The range between two offsets."""
    return types.Range(types.Position(*lines.position(start)), types.Position(*lines.position(end)))


def place(document: Checked, lines: Lines, finding: Finding) -> tuple[int, int]:
    """From where to where a finding is underlined: its span as far as the first line goes, at least a character."""
    start, end = finding.span.start + document.shift, finding.span.end + document.shift
    if finding.span.end <= finding.span.start:
        start = _offset_of_line(lines, finding)
        return start, max(min(start + 1, len(lines.text)), start)
    return start, min(end, max(lines.line_end(start), start + 1))


def _offset_of_line(lines: Lines, finding: Finding) -> int:
    """Where a finding without a span stands, by its line and column."""
    first = lines.offset((finding.span.line - 1, 0))
    return min(first + finding.span.column - 1, lines.line_end(first))


def diagnostic(document: Checked, lines: Lines, finding: Finding) -> types.Diagnostic:
    """A finding as the editor shows it."""
    tags = [types.DiagnosticTag.Unnecessary] if finding.rule == "unused-suppression" and finding.fix else None
    return types.Diagnostic(
        range=span_range(lines, *place(document, lines, finding)),
        message=_message(finding),
        severity=_SEVERITIES[severity_of(finding)],
        code=finding.rule,
        code_description=types.CodeDescription(finding.url) if finding.url else None,
        source=SOURCE,
        tags=tags,
    )


def _message(finding: Finding) -> str:
    text = printable(finding.message)
    if finding.fix is not None and finding.fix.applicability == "display-only":
        text += f"\nWrite: {printable(finding.fix.description)}"
    return text


def title(fix: Fix) -> str:
    """What a code action for a fix is called."""
    text = printable(fix.description)
    if fix.group_size > 1:
        text += f" (together with {counted(fix.group_size - 1, 'other change')} in this file)"
    if fix.applicability == "unsafe":
        text += f" (unsafe: {printable(fix.caveat) or 'it may change what the task does'})"
    return f"dag-advisor: {text}"


def text_edits(lines: Lines, edits: Iterable[Replacement]) -> list[types.TextEdit]:
    """Edits of a document, in its order."""
    return [types.TextEdit(span_range(lines, start, end), new) for start, end, new in edits]


def workspace_edit(
    uri: str, version: int | None, edits: Sequence[types.TextEdit], *, versioned: bool
) -> types.WorkspaceEdit:
    """The edit of one document; `versioned` where the client knows edits that count for one version only."""
    if not versioned:
        return types.WorkspaceEdit(changes={uri: edits})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, edits)])


def wanted(kind: str, only: Sequence[Any] | None) -> bool:
    """Whether a client that asks for `only` these kinds of actions wants this one."""
    names = [getattr(one, "value", one) for one in only or ()]
    return not names or any(not name or kind == name or kind.startswith(f"{name}.") for name in names)


def rule_page(finding: Finding, *, marked: bool) -> str:
    """What a hover over a finding shows: what is said here, and the rule's page; `marked`: in Markdown."""
    rule = discover()[finding.rule]
    page = markdown(rule) if marked else plain(rule)
    return f"{_escaped(_message(finding)) if marked else _message(finding)}\n\n{page}"


def class_page(page: str, notes: Sequence[str], *, marked: bool) -> str:
    """What a hover over an operator's class shows: the catalog's page, and what counts in this project."""
    lines = [printable(note) for note in notes]
    if not marked:
        return "\n".join([page.rstrip(), *lines])
    return "\n".join(
        ["```text", _FENCE.sub("", page).rstrip(), "```", "", *(f"- {_escaped(line)}" for line in lines)]
    )


def _escaped(text: str) -> str:
    """Text whose Markdown (beside code in backticks, which our messages use) and HTML do nothing."""
    return re.sub(r"([\\*_\[\]<>#|])(?=(?:[^`]*`[^`]*`)*[^`]*$)", r"\\\1", text)
