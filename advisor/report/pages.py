"""A rule's documentation page, as Markdown and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.rule import Rule


def markdown(rule: Rule) -> str:
    """The page in Markdown, ending with a newline."""
    return "\n".join(_page(rule)).rstrip() + "\n"


def plain(rule: Rule) -> str:
    """The page without Markdown's marks at titles and code blocks."""
    lines: list[str] = []
    fenced = False
    for line in markdown(rule).splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            lines.append(f"    {line}".rstrip())
        elif line.startswith("#"):
            lines.append(line.lstrip("# "))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def amount(default: object) -> str:
    """An option's default as TOML writes it, with its unit: numbers with a point are seconds, whole ones counts."""
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, float):
        from advisor.text import duration

        plain = f"{default:g} seconds"
        return plain if default < 120 else f"{plain}, {duration(default)}"
    if isinstance(default, (tuple, list, set, frozenset)):
        return "[" + ", ".join(f'"{item}"' for item in default) + "]"
    return str(default) if isinstance(default, int) else f'"{default}"'


def _page(rule: Rule) -> Iterator[str]:
    doc = rule.doc
    yield f"# {rule.name}"
    yield ""
    if doc.title:
        yield doc.title
        yield ""
    yield f"Severity: {rule.severity} · Fix: {rule.fixable} · Group: {rule.group}"
    yield ""
    sections = (
        ("What it does", doc.what),
        ("Why is this bad?", doc.why),
        ("Example", doc.example),
        ("Use instead", doc.use_instead),
        ("Fix safety", doc.fix_safety),
    )
    for title, text in sections:
        if text:
            yield from (f"## {title}", "", text.strip("\n"), "")
    if rule.options:
        yield from ("## Options", "")
        for name, default in sorted(rule.options.items()):
            text = rule.option_texts[name]
            yield f"- `{name.replace('_', '-')}` (default: {amount(default)})" + (f": {text}" if text else "")
        yield ""
    if doc.references:
        yield from ("## References", "", *(f"- {reference}" for reference in doc.references), "")
    yield from ("## Suppress it", "", _suppression(rule))


def _suppression(rule: Rule) -> str:
    if rule.name == "unreadable-file":  # its comments can't be read either
        return "No comment can; `exclude` or `per-file-ignores` in the configuration leave the file out."
    return f"`# dag-advisor: ignore[{rule.name}] reason` on a line of the statement."
