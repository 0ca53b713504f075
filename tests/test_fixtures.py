"""All rules over all fixtures: a mark without a finding, or a finding without a mark, fails."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from advisor import engine, fixer, toml
from advisor.config import Settings
from advisor.finding import Finding
from advisor.rule import discover
from advisor.target import detect

FIXTURES = Path(__file__).parent.parent / "fixtures"
RULES = discover()
MARK = re.compile(r"# finding: ([\w-]+(?:, [\w-]+)*)")
SOURCES = sorted(path for path in FIXTURES.glob("*.py") if not path.name.endswith(".fixed.py"))


def context_for(path: Path) -> engine.Context:
    """The context that the first line of a fixture asks for (`# fixture settings: key = "value"`)."""
    first = path.read_bytes().decode(errors="replace").partition("\n")[0]
    _, found, wanted = first.partition("# fixture settings: ")
    table = toml.loads(wanted) if found else {}
    settings = replace(
        Settings(root=path.parent), **{key.replace("-", "_"): value for key, value in table.items()}
    )
    return engine.prepare(settings, detect(path.parent, settings, None, False))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_mark_is_a_finding_and_every_finding_is_marked(path: Path) -> None:
    marked = {
        (number, rule)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for mark in MARK.findall(line)
        for rule in mark.split(", ")
    }
    findings = engine.check(path.read_bytes(), str(path), context_for(path))
    said = {(finding.span.line, finding.rule) for finding in findings}
    assert said - marked == set(), "findings without a mark"
    assert marked - said == set(), "marks without a finding"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_fixed_file_is_what_the_fixer_makes(path: Path, request: pytest.FixtureRequest) -> None:
    context = context_for(path)

    def check(data: bytes) -> list[Finding]:
        return engine.check(data, str(path), context)

    fixed = fixer.fix(path.read_bytes(), str(path), check, unsafe=True)
    expected = path.with_suffix(".fixed.py")
    if request.config.getoption("--update-fixtures"):
        if fixed.data != path.read_bytes():
            expected.write_bytes(fixed.data)
        else:
            expected.unlink(missing_ok=True)
    wanted = expected.read_bytes() if expected.exists() else path.read_bytes()
    assert fixed.data == wanted
    if wanted != path.read_bytes():
        ast.parse(wanted)
    assert fixer.fix(fixed.data, str(path), check, unsafe=True).data == fixed.data, "a second run changes it"


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_has_its_fixture_and_its_page(name: str) -> None:
    rule = RULES[name]
    if rule.check is not None:
        text = (FIXTURES / f"{name.replace('-', '_')}.py").read_text()
        assert name in {rule for mark in MARK.findall(text) for rule in mark.split(", ")}
    doc = rule.doc
    assert doc.title.endswith(".")
    assert all((doc.what, doc.why, doc.example, doc.use_instead, doc.fix_safety))
    assert rule.url.startswith("https://")
