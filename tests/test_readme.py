"""The README's rule table and its commands are what the rules and the scripts say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from advisor.rule import discover
from advisor.schema import dumps

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TABLE = re.compile(r"(<!-- rules: .*? -->\n).*?(<!-- /rules -->)", re.DOTALL)


def table() -> str:
    """The rule table as Markdown."""
    rows = ["| rule | severity | what it finds | fix |", "|---|---|---|---|"]
    for rule in sorted(discover().values(), key=lambda rule: (rule.group, rule.name)):
        rows.append(f"| `{rule.name}` | {rule.severity} | {rule.doc.title} | {rule.fixable} |")
    return "\n".join(rows) + "\n"


def test_the_rule_table_is_the_rules(request: pytest.FixtureRequest) -> None:
    text = README.read_text(encoding="utf-8")
    wanted = TABLE.sub(lambda match: match[1] + table() + match[2], text)
    if request.config.getoption("--update-fixtures"):
        README.write_text(wanted, encoding="utf-8")
        text = wanted
    assert text == wanted


def test_the_schema_file_is_the_schema(request: pytest.FixtureRequest) -> None:
    path = ROOT / "docs" / "dag-advisor.schema.json"
    if request.config.getoption("--update-fixtures"):
        path.write_text(dumps(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == dumps(), "write it anew: `.ci/test --update-fixtures`"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"```bash\n(.+?)\n```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert commands[1].strip() == ".ci/test"
    assert re.search(r"^\.ci/test$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_changelog_names_every_rule() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [name for name in discover() if f"`{name}`" not in text] == []
