"""The code actions for a range of a document: fixes, each proven first, and suppressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from advisor.finding import Finding
from advisor.ignoring import NOT_FOR
from advisor.records import dataclass
from advisor.server import answers
from advisor.server.analysis import Checked, Replacement, offer, offer_all, offer_ignore
from advisor.server.positions import Lines


@dataclass(frozen=True)
class Asked:
    """What a client asks for, and what it can do: `versioned` edits, edits that are worked out later (`resolves`)."""

    uri: str
    version: int | None
    lines: Lines
    params: types.CodeActionParams
    versioned: bool
    resolves: bool

    def edit(self, edits: tuple[Replacement, ...]) -> types.WorkspaceEdit:
        """These edits, for this version of the document."""
        found = answers.text_edits(self.lines, edits)
        return answers.workspace_edit(self.uri, self.version, found, versioned=self.versioned)


def actions(document: Checked, asked: Asked) -> list[types.CodeAction]:
    """The actions for the findings that the range touches; for the whole file, where anything is to be mended."""
    only = asked.params.context.only
    found: list[types.CodeAction] = []
    if answers.wanted("quickfix", only):
        near = [finding for finding in document.findings if _touches(document, asked, finding)]
        found += _fixes(document, asked, near)
        found += _suppressions(document, asked, near)
    if answers.wanted(answers.FIX_ALL, only):
        found += _fix_all(document, asked, asked_for=bool(only))
    return found


def _touches(document: Checked, asked: Asked, finding: Finding) -> bool:
    """Whether the range touches a line from the finding's first to its last."""
    lines, between = asked.lines, asked.params.range
    first = lines.offset((between.start.line, between.start.character))
    last = lines.offset((between.end.line, between.end.character))
    start, end = answers.place(document, lines, finding)
    end = lines.line_end(max(end, finding.span.end + document.shift))
    return lines.line_start(start) <= last and first <= end


def _fixes(document: Checked, asked: Asked, near: list[Finding]) -> Iterator[types.CodeAction]:
    done: set[Finding] = set()
    for finding in near:
        fix = finding.fix
        if fix is None or finding in done:
            continue
        offered = offer(document, finding)
        if offered is None or not offered.edits:
            continue
        done.update(offered.findings)
        yield types.CodeAction(
            title=answers.title(fix),
            kind=types.CodeActionKind.QuickFix,
            diagnostics=_about(asked, offered.findings),
            is_preferred=fix.applicability == "safe" or None,
            edit=asked.edit(offered.edits),
        )


def _suppressions(document: Checked, asked: Asked, near: list[Finding]) -> Iterator[types.CodeAction]:
    for finding in near:
        if document.broken or finding.rule in NOT_FOR:
            continue
        action = types.CodeAction(
            title=f"dag-advisor: ignore {finding.rule} on this statement",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=_about(asked, (finding,)),
        )
        if asked.resolves:  # its proof takes longer than a fix's, and few want it
            action.data = {**_of(document, asked), "rule": finding.rule, "at": finding.span.start}
            yield action
        elif (offered := offer_ignore(document, finding)) is not None and offered.edits:
            action.edit = asked.edit(offered.edits)
            yield action


def _of(document: Checked, asked: Asked) -> dict[str, object]:
    return {"uri": asked.uri, "state": document.state}


def _about(asked: Asked, findings: tuple[Finding, ...]) -> list[types.Diagnostic]:
    """The client's own diagnostics that speak of these findings."""
    places = {(finding.rule, finding.span.line - 1) for finding in findings}
    return [one for one in asked.params.context.diagnostics if (one.code, one.range.start.line) in places]


def _fix_all(document: Checked, asked: Asked, *, asked_for: bool) -> Iterator[types.CodeAction]:
    if not document.mendable:
        return
    action = types.CodeAction(
        title="dag-advisor: fix everything that is safe in this file", kind=answers.FIX_ALL
    )
    if asked.resolves and not asked_for:
        action.data = _of(document, asked)
        yield action
        return
    offered = offer_all(document)
    if offered is not None and offered.edits:
        action.edit = asked.edit(offered.edits)
        yield action


def resolved(document: Checked, lines: Lines, data: dict[str, Any]) -> list[types.TextEdit]:
    """The edits of an action that was offered without them, by its data; none where they don't stand the proof."""
    if "rule" not in data:
        offered = offer_all(document)
    else:
        key = data["rule"], data.get("at")
        found = [finding for finding in document.findings if (finding.rule, finding.span.start) == key]
        offered = offer_ignore(document, found[0]) if found else None
    return answers.text_edits(lines, offered.edits) if offered is not None else []
