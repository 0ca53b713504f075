"""The documentation: every page is linked and true, every example is judged by the tool, every output is real."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest
from docsite import console, examples, links, parts, pictures, stage
from docsite.blocks import Block, blocks

from advisor.rule import Rule, discover

SOURCES = sorted(stage.DOCS.glob("*.md"))
RULES = discover()
ASIDE = {
    path.relative_to(stage.DOCS).as_posix()
    for path in stage.DOCS.rglob("*.*")
    if path.suffix in (".svg", ".json")
}
CODE = [
    pytest.param(block, id=f"{path.stem}-{block.line}")
    for path in SOURCES
    for block in blocks(path.read_text(encoding="utf-8"))
    if block.language == "python"
]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return stage.pages()


# Pages and links


def test_every_rule_has_a_page_and_stands_in_the_table_of_its_group(pages: dict[str, str]) -> None:
    assert {f"rules/{name}.md" for name in RULES} < set(pages)
    for rule in RULES.values():
        section = pages["rules/index.md"].partition(f"{{ #{rule.group} }}")[2].partition("\n## ")[0]
        assert f"[`{rule.name}`]({rule.name}.md)" in section


def test_every_group_says_what_it_is_about() -> None:
    assert {rule.group for rule in RULES.values()} <= set(parts.GROUPS)


def test_every_page_is_in_the_navigation(pages: dict[str, str]) -> None:
    def leaves(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from leaves(item)
        else:
            yield str(value)

    assert sorted(leaves(stage.navigation())) == sorted(pages)


def test_no_part_is_left_ungenerated(pages: dict[str, str]) -> None:
    assert [name for name, page in pages.items() if "<!-- generated:" in page] == []
    with pytest.raises(KeyError):
        parts.filled("<!-- generated: no-such-part -->")


def test_internal_links_lead_somewhere(pages: dict[str, str]) -> None:
    assert links.broken(pages, ASIDE) == []


def test_a_broken_link_is_seen() -> None:
    two = {"a.md": "# A b\n[x](sub/b.md) [y](#a-b) ![z](assets/z.svg)\n", "sub/b.md": "[x](../a.md#a-b)\n"}
    assert links.broken(two, {"assets/z.svg"}) == []
    wrong = {"a.md": "# A\n[x](b.md) [y](#b) `[z](c.md)`\n```\n[z](c.md)\n```\n"}
    assert links.broken(wrong, set()) == ["a.md: b.md", "a.md: #b"]


def test_the_table_of_replaced_classes_holds_them_all(pages: dict[str, str]) -> None:
    page = pages["migrate-astronomer.md"]
    replaced, kept = page.split("## Classes without one")
    assert (replaced.count("\n| `"), kept.count("\n| `")) == (48, 7)


# Examples


@pytest.mark.parametrize("block", CODE)
def test_an_example_is_judged_as_its_page_says(block: Block) -> None:
    said = examples.findings(block.text, block.settings)
    assert sorted({finding.rule for finding in said}) == sorted(block.finds)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_the_example_of_a_rule_speaks_and_what_to_use_instead_does_not(rule: Rule) -> None:
    """A piece of code in a rule's docstring may leave out its imports; `docsite.examples` knows them."""
    for block in blocks(rule.doc.example):
        assert rule.name in {finding.rule for finding in examples.findings(block.text)}, block.text
    for block in blocks(rule.doc.use_instead):
        said = examples.findings(block.text)
        assert [f.message for f in said if f.rule == rule.name or f.severity != "advice"] == [], block.text


@pytest.mark.parametrize("path", [stage.ROOT / "README.md", *SOURCES], ids=lambda path: path.stem)
def test_quoted_output_is_what_the_commands_print(path: Path, tmp_path: Path) -> None:
    for block, said in console.transcript(path.read_text(encoding="utf-8"), tmp_path):
        assert block.text == said, "run `.ci/docs outputs`"


# Pictures


def test_the_pictures_are_what_the_numbers_say() -> None:
    for name, text in pictures.pictures().items():
        assert (pictures.ASSETS / name).read_text(encoding="utf-8") == text, "run `.ci/docs pictures`"
        tree = ElementTree.fromstring(text)
        assert tree[0].text
        assert tree[1].text
        assert "prefers-color-scheme: dark" in text


def test_every_picture_of_a_page_says_in_words_what_it_shows() -> None:
    for path in SOURCES:
        assert "![](" not in path.read_text(encoding="utf-8")


# External links


class Answer(BaseHTTPRequestHandler):
    """200 below /there, 404 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/there") else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_external_links_are_listed_with_their_pages(pages: dict[str, str]) -> None:
    found = links.external(pages)
    assert set(found) >= {rule.url for rule in RULES.values()}
    assert all(address.startswith("http") for address in found)


def test_an_external_link_that_is_gone_is_told(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert links.check({f"{site}/there": ["a.md"], f"{site}/gone": ["b.md"]}) == 1
    assert capsys.readouterr().out == f"{site}/gone: HTTP 404 (on b.md)\n1 of 2 external links answer.\n"
    assert links.check({f"{site}/there": ["a.md"]}) == 0


def test_without_a_way_out_the_check_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    nowhere: dict[str, list[str]] = {f"http://127.0.0.1:9/{number}": [] for number in range(5)}
    assert links.check(nowhere) == 2
    assert "no way to the internet" in capsys.readouterr().err.replace("\n", " ")
