"""Puts the site together as Markdown: the pages of `docs/`, their generated parts, a page a rule, navigation."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from docsite.parts import filled, groups, rule_page

DOCS = Path(__file__).parent.parent
ROOT = DOCS.parent
STAGE = ROOT / "build" / "docs"
SITE = STAGE / "site"
# Pages in the order of the navigation; those of them that are not written (yet) are left out.
SECTIONS: dict[str, tuple[str, ...]] = {
    "": ("index.md", "decide.md"),
    "Use": ("start.md", "adoption.md", "suppressions.md", "ci.md", "editors.md", "targets.md"),
    "Migrate": ("migrate-astronomer.md", "migrate-airflow-3.md"),
    "Reference": ("command-line.md", "configuration.md", "output.md", "never.md", "faq.md"),
}


def pages() -> dict[str, str]:
    """The text of every page of the site, by its path below the site's root."""
    found = {path.name: filled(path.read_text(encoding="utf-8")) for path in sorted(DOCS.glob("*.md"))}
    found["rules/index.md"] = filled((DOCS / "rules" / "index.md").read_text(encoding="utf-8"))
    for rules in groups().values():
        found.update({f"rules/{rule.name}.md": rule_page(rule) for rule in rules})
    return found


def navigation() -> list[object]:
    """The navigation, as the generator wants it: pages, and sections of pages."""
    nav: list[object] = []
    for title, names in SECTIONS.items():
        its: list[object] = [name for name in names if (DOCS / name).exists()]
        nav += [{title: its}] if title else its
    by_group: list[object] = [
        {group: [{rule.name: f"rules/{rule.name}.md"} for rule in its]} for group, its in groups().items()
    ]
    nav.insert(len(SECTIONS[""]), {"Rules": ["rules/index.md", *by_group]})
    return nav


def write(stage: Path = STAGE) -> None:
    """Writes pages, pictures and the generator's configuration below `stage`, which is emptied first."""
    shutil.rmtree(stage, ignore_errors=True)
    for name, text in pages().items():
        path = stage / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copytree(DOCS / "assets", stage / "pages" / "assets")
    for schema in DOCS.glob("*.schema.json"):
        shutil.copy(schema, stage / "pages" / schema.name)
    settings = (DOCS / "zensical.toml").read_text(encoding="utf-8")
    # JSON's lists and texts are TOML's, its objects are not.
    nav = _toml(navigation())
    head = f'[project]\nnav = {nav}\ndocs_dir = "pages"\nsite_dir = "site"\n'
    (stage / "zensical.toml").write_text(settings.replace("[project]\n", head, 1), encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value)
