"""What a run has to say, ready to be drawn: one file per output format beside this one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

from advisor.finding import Finding, Severity
from advisor.records import dataclass, field

if TYPE_CHECKING:
    from advisor.rule import Rule

FORMATS = ("full", "concise", "json", "github", "gitlab", "sarif", "junit")
HOME = "https://github.com/dag-advisor/dag-advisor"
FIXABLE = ("safe", "unsafe", "display-only")


@dataclass(frozen=True)
class Report:
    """The outcome of one run.

    `findings` are sorted, their paths as shown: relative to the working directory, with forward slashes.
    `airflow` is the target version as text, `source` where it was read. `text_of` gives a file's decoded text
    by its shown path (None: it can't be read any more). `width` is in cells; `color`: draw for a terminal.
    `notes` are sentences that a format for people puts at its end.
    """

    findings: Sequence[Finding]
    files: int
    airflow: str
    source: str
    tool: str
    rules: Mapping[str, Rule] = field(default_factory=dict)
    text_of: Callable[[str], str | None] = lambda path: None
    strict: bool = False
    quiet: bool = False
    color: bool = False
    width: int = 100
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one rule spoke, and how many of its findings can be mended and how."""

    rule: str
    severity: Severity
    count: int
    safe: int
    unsafe: int
    shown: int


def render(name: str, report: Report, out: TextIO) -> None:
    """Write `report` to `out` in the format `name`, one of FORMATS."""
    import_module(f"advisor.report.{name}").render(report, out)


def severity_of(finding: Finding) -> Severity:
    """The finding's severity; a warning where the rule said nothing."""
    return finding.severity or "warning"


def from_root(path: str, variable: str) -> str:
    """A path as shown, but relative to the repository that a CI server names in an environment variable."""
    root = os.environ.get(variable, "")
    if not root or not os.path.isabs(root):
        return path
    relative = os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/")
    return path if relative.startswith("..") else relative


def applicability(finding: Finding) -> str:
    """One of FIXABLE, or "none"."""
    return finding.fix.applicability if finding.fix else "none"


def tallies(findings: Sequence[Finding]) -> list[Tally]:
    """One tally a rule, the most frequent first."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    rank = ("error", "warning", "advice")
    found = []
    for rule, its in by_rule.items():
        counts = [sum(applicability(finding) == kind for finding in its) for kind in FIXABLE]
        severity = min((severity_of(finding) for finding in its), key=rank.index)
        found.append(Tally(rule, severity, len(its), *counts))
    return sorted(found, key=lambda tally: (-tally.count, tally.rule))
