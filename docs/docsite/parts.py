"""The parts of the pages that are data: rules, options, classes, commands. A page asks for one by a comment of its own.

`<!-- generated: rule-table -->` on a line is replaced when the site is built; nothing of it is committed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress

from advisor.catalog.lookup import Catalog
from advisor.catalog.record import ClassFacts
from advisor.options import COMMANDS, parse
from advisor.report.pages import amount, markdown
from advisor.rule import Rule, discover
from advisor.schema import PROPERTIES

_ASKED = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)
#: what a group's rules are about, in the order of the site; a group without a text here comes last
GROUPS = {
    "deferral-missed": "Tasks that hold a worker slot and need not",
    "deferral-misused": "Deferrals and reschedules that do nothing, harm, or do not pay",
    "async-tasks": "Native async tasks",
    "triggers": "Triggers and deferrals of your own",
    "tool": "The tool's own rules",
}


def filled(page: str) -> str:
    """The page with its generated parts; raises KeyError for a part that there is not."""
    return _ASKED.sub(lambda match: "\n".join(PARTS[match[1]]()), page)


def groups() -> dict[str, list[Rule]]:
    """The rules by group, groups in the order of GROUPS."""
    rules = discover().values()
    order = [*GROUPS, *sorted({rule.group for rule in rules} - set(GROUPS))]
    by_group = {group: [rule for rule in rules if rule.group == group] for group in order}
    return {group: its for group, its in by_group.items() if its}


def rule_page(rule: Rule) -> str:
    """A rule's page: as `explain` prints it, with links."""
    page = markdown(rule)
    page = page.replace(f"· Group: {rule.group}", f"· Group: [{rule.group}](index.md#{rule.group})", 1)
    # Bare addresses are text in Markdown.
    page = re.sub(r"^- (https?://\S+)$", r"- <\1>", page, flags=re.MULTILINE)
    return page + "\n[How to suppress a finding](../suppressions.md) · [All rules](index.md)\n"


def _rule_table() -> Iterator[str]:
    for group, rules in groups().items():
        yield from (f"## {GROUPS.get(group, group)} {{ #{group} }}", "", f"Group `{group}`.", "")
        yield from ("| rule | severity | what it finds | fix |", "|---|---|---|---|")
        for rule in rules:
            yield f"| [`{rule.name}`]({rule.name}.md) | {rule.severity} | {rule.doc.title} | {rule.fixable} |"
        yield ""


def _keys() -> Iterator[str]:
    yield from ("| key | type | default | what it says |", "|---|---|---|---|")
    for key, shape in sorted(PROPERTIES.items()):
        kind = {"string": "text", "boolean": "true or false", "array": "list of texts", "object": "table"}
        default = f"`{_toml(shape['default'])}`" if "default" in shape else ""
        yield f"| `{key}` | {kind[shape['type']]} | {default} | {shape['description']} |"
    yield "| `rules.<rule>` | table | | The options of one rule, below. |"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return "[]" if isinstance(value, list) else "{}"


def _rule_options() -> Iterator[str]:
    yield from ("| rule | option | default | what it says |", "|---|---|---|---|")
    for rule in discover().values():
        for name, default in sorted(rule.options.items()):
            option, text = name.replace("_", "-"), rule.option_texts[name]
            yield f"| [`{rule.name}`](rules/{rule.name}.md) | `{option}` | {amount(default)} | {text} |"


def _legacy() -> list[ClassFacts]:
    found = [facts for facts in Catalog.load().all() if facts.provider == "astronomer-providers"]
    return sorted(found, key=lambda facts: facts.simple_name)


def _legacy_replaced() -> Iterator[str]:
    yield from ("| class | replacement | renamed | outcome |", "|---|---|---|---|")
    for facts in _legacy():
        if facts.replacement:
            renamed = ", ".join(f"`{old}` → `{new}`" for old, new in facts.renamed_parameters.items())
            implied = "; ".join(
                f"add `{name}={value!r}` to keep the old class's default"
                for name, value in facts.implied_arguments.items()
            )
            gone = "; ".join(f"`{name}` is not taken any more" for name in facts.dropped_parameters)
            notes = "; ".join(text for text in (facts.differs.rstrip("."), gone, implied) if text)
            outcome = notes or ("the same" if facts.equal else "")
            yield f"| `{facts.simple_name}` | `{facts.replacement}` | {renamed} | {_cell(outcome)} |"


def _legacy_kept() -> Iterator[str]:
    yield from ("| class | why there is no replacement |", "|---|---|")
    for facts in _legacy():
        if not facts.replacement:
            yield f"| `{facts.simple_name}` | {_cell(facts.differs)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _commands() -> Iterator[str]:
    for name, text in COMMANDS.items():
        out = io.StringIO()
        with redirect_stdout(out), suppress(SystemExit):
            parse([name, "--help"])
        yield from (
            f"## {name} {{ #{name} }}",
            "",
            f"{text}.",
            "",
            "```text",
            out.getvalue().rstrip(),
            "```",
            "",
        )


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "commands": _commands,
    "configuration-keys": _keys,
    "legacy-kept": _legacy_kept,
    "legacy-replaced": _legacy_replaced,
    "rule-options": _rule_options,
    "rule-table": _rule_table,
}
