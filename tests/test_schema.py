"""The JSON schema of the configuration accepts what the configuration accepts, and refuses what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docsite.blocks import blocks

from advisor import config, toml
from advisor.rule import discover
from advisor.schema import PROPERTIES, schema

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    pytest.param(block.text, id=f"{path.stem}-{block.line}")
    for path in PAGES
    for block in blocks(path.read_text(encoding="utf-8"))
    if block.language == "toml" and ("[tool.dag-advisor" in block.text or block.title == config.FILE)
]


def valid(table: dict[str, Any]) -> bool:
    return not list(jsonschema.Draft7Validator(schema()).iter_errors(table))


def accepted(text: str, folder: Path) -> bool:
    (folder / config.FILE).write_text(text, encoding="utf-8")
    try:
        settings = config.load(folder, folder / config.FILE, False)
        config.with_rule_options(settings, discover())
    except config.ConfigError:
        return False
    return True


def test_the_schema_is_a_schema_and_knows_every_key() -> None:
    jsonschema.Draft7Validator.check_schema(schema())
    assert set(PROPERTIES) == set(config.KEYS) - {"rules"}
    assert all(shape["description"] for shape in PROPERTIES.values())


def test_every_option_of_a_rule_says_what_it_means() -> None:
    silent = [
        (r.name, option) for r in discover().values() for option, text in r.option_texts.items() if not text
    ]
    assert silent == [], "say it in the docstring of `check`: `my_option`: seconds, …"


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_configuration_in_the_documentation_is_valid(text: str) -> None:
    document = toml.loads(text)
    assert valid(document.get("tool", {}).get("dag-advisor", document))


def cases() -> Iterator[tuple[str, bool]]:
    yield from ((text, True) for text in ("", 'select = ["ALL", "async-tasks"]', "triggerer = false"))
    yield 'target-airflow = "auto"', True
    yield 'target-airflow = "3.2.1"', True
    yield "[per-file-ignores]\n'dags/*' = ['poke-sensor']", True
    yield "[rules.missing-deferrable]\nshort-wait = 5", True
    yield "[rules.missing-deferrable]\nshort-wait = 0.5", True
    yield 'blocking-calls = ["mycorp.client.fetch"]', True
    yield 'baseline = "old.json"', True
    yield 'selct = ["ALL"]', False
    yield 'select = "ALL"', False
    yield "select = [1]", False
    yield "triggerer = 'yes'", False
    yield "target-airflow = 3.2", False
    yield 'target-airflow = "three"', False
    yield 'blocking-calls = ["fetch"]', False
    yield "per-file-ignores = []", False
    yield "[rules.missing-defferable]\nshort-wait = 5", False
    yield "[rules.missing-deferrable]\nshort-wiat = 5", False
    yield "[rules.missing-deferrable]\nshort-wait = -1", False
    yield "[rules.missing-deferrable]\nshort-wait = true", False
    yield "[rules.missing-deferrable]\nshort-wait = '5'", False


@pytest.mark.parametrize(("text", "right"), list(cases()), ids=lambda value: str(value).replace("\n", " "))
def test_schema_and_configuration_agree(text: str, right: bool, tmp_path: Path) -> None:
    assert (valid(toml.loads(text)), accepted(text, tmp_path)) == (right, right)


def test_a_rule_name_with_a_slip_is_refused() -> None:
    assert valid({"ignore": ["poke-sensor"]})
    assert not valid({"ignore": ["poke-sensr"]})
