"""The report for people: source excerpts with carets, reasons, fixes, and a summary that says where to start.

Drawn once as lines of (text, style) pieces; written plain, or through rich where colors are wanted.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import TextIO

from advisor.finding import Finding, Fix, Span
from advisor.report import Report, severity_of
from advisor.report.excerpt import Window, window
from advisor.report.summary import Line, summary
from advisor.text import counted, printable

_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTEXT = 2  # lines of a longer call shown below its first


def render(report: Report, out: TextIO) -> None:
    """Write the report, in color if it says so."""
    emit(lines(report), report, out)


def lines(report: Report) -> Iterator[Line]:
    """The report, line by line."""
    files: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.path not in files:
            files = {finding.path: _LINE_END.split(report.text_of(finding.path) or "")}
        yield from _finding(finding, files[finding.path], report.width)
        yield []
    if not report.quiet:
        yield from summary(report)


def _finding(finding: Finding, source: Sequence[str], width: int) -> Iterator[Line]:
    yield from heading(finding, finding.path, width)
    yield from _excerpt(finding.span, severity_of(finding), source, width)
    if finding.fix is not None:
        yield from wrapped("  ", _fix(finding.fix), width)
    if finding.url:
        yield [("  why: ", "dim"), (printable(finding.url), "url")]


def heading(finding: Finding, path: str, width: int) -> Iterator[Line]:
    """Where a finding is, in the file shown as `path`, what it is called and what it says."""
    severity = severity_of(finding)
    yield [
        (f"{printable(path)}:{finding.span.line}:{finding.span.column}", "path"),
        ("  ", ""),
        (severity, severity),
        ("  ", ""),
        (finding.rule, "rule"),
    ]
    yield from wrapped("  ", [(printable(finding.message), "")], width)


def _fix(fix: Fix) -> Line:
    description = printable(fix.description)
    if fix.group_size > 1:
        description += f" (together with {counted(fix.group_size - 1, 'other change')} in this file)"
    if fix.applicability == "safe":
        return [("safe fix: ", "safe"), (description, "")]
    if fix.applicability == "display-only":
        return [("write: ", "write"), (description, "")]
    caveat = f"; {printable(fix.caveat)}" if fix.caveat else ""
    return [("unsafe fix (--unsafe-fixes): ", "unsafe"), (description + caveat, "")]


def _excerpt(span: Span, severity: str, source: Sequence[str], width: int) -> Iterator[Line]:
    if not 0 < span.line <= len(source) or not source[span.line - 1].strip():
        return
    first = span.line - 1 if span.line > 1 and source[span.line - 2].strip() else span.line
    last = min(span.end_line, span.line + _CONTEXT, len(source))
    gutter = len(str(last))
    room = max(width - gutter - 5, 20)
    end_column = span.end_column if span.end_line == span.line else None
    shown: Window = window(source[span.line - 1], span.column, end_column, room)
    for number in range(first, last + 1):
        text = shown.text if number == span.line else shown.beside(source[number - 1])
        yield [(f"  {number:>{gutter}} │ ", "dim"), (text, "marked" if number == span.line else "source")]
        if number == span.line:
            pad = " " * shown.caret
            yield [(f"  {'':>{gutter}} │ ", "dim"), (pad, ""), ("^" * shown.carets, severity)]
    if last < span.end_line:
        yield [(f"  {'':>{gutter}} │ ", "dim"), (f"… {counted(span.end_line - last, 'more line')}", "dim")]


def wrapped(indent: str, pieces: Line, width: int) -> Iterator[Line]:
    """The pieces as one paragraph; only the first keeps a style of its own."""
    label, style = pieces[0] if len(pieces) > 1 else ("", "")
    text = pieces[-1][0]
    wrapped = textwrap.wrap(
        label + text,
        max(width - len(indent), 40),
        subsequent_indent="  " if label else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
    for number, part in enumerate(wrapped):
        if number == 0 and label and part.startswith(label.rstrip()):
            cut = len(label.rstrip())
            yield [(indent, ""), (part[:cut], style), (part[cut:], "")]
        else:
            yield [(indent, ""), (part, "")]


STYLES = {
    "path": "bold",
    "rule": "bold cyan",
    "error": "bold red",
    "warning": "bold yellow",
    "advice": "bold blue",
    "safe": "bold green",
    "unsafe": "bold magenta",
    "write": "bold",
    "good": "bold green",
    "title": "bold",
    "number": "bold",
    "dim": "dim",
    "url": "dim underline",
    "source": "dim",
    "marked": "",
    "added": "green",
    "removed": "red",
    "": "",
}


def emit(drawn: Iterator[Line], report: Report, out: TextIO) -> None:
    """Write drawn lines to `out`: as they are, or in color through rich."""
    unicode = (getattr(out, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
    if not report.color:
        for line in drawn:
            text = "".join(piece for piece, _ in line).rstrip()
            out.write((text if unicode else _ascii(text)) + "\n")
        return
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    # Everything was made printable and wrapped before: rich only paints.
    console = Console(
        file=out, force_terminal=True, width=report.width, highlight=False, markup=False, emoji=False
    )
    for line in drawn:
        painted = Text(no_wrap=True, overflow="ignore", end="")
        for piece, style in line:
            # No hyperlinks: rich numbers them at random, and the output is to be the same on every run.
            painted.append(piece if unicode else _ascii(piece), Style.parse(STYLES[style]))
        console.print(painted, soft_wrap=True)


def _ascii(text: str) -> str:
    return text.replace("│", "|").replace("…", "...").replace("·", "-").replace("×", "x")
