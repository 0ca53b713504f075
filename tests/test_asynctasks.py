"""Async tasks: what waits, what polls and what asks once, over whole DAG files and over small ones."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from advisor import engine
from advisor.config import Settings
from advisor.finding import Finding
from advisor.target import detect

DATA = Path(__file__).parent / "data" / "async"
SOURCES = sorted(DATA.glob("*.py"))
MARK = re.compile(r"# finding: ([\w-]+(?:, [\w-]+)*)")
OURS = ("long-wait-in-async-task", "single-request-async-task", "repeated-deferral", "short-deferral")
HEAD = "import asyncio\nimport httpx\nfrom airflow.sdk import task\n\n\n"


def check(
    text: str, root: Path, *, select: tuple[str, ...] = OURS, airflow: str | None = "3.3"
) -> list[Finding]:
    """The findings on a DAG file with this text."""
    path = root / "dag.py"
    path.write_text(text)
    settings = replace(Settings(root=root), select=select)
    context = engine.prepare(settings, detect(root, settings, airflow, True))
    return engine.check(path.read_bytes(), str(path), context)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_realistic_dags_get_the_findings_that_they_are_marked_with(path: Path) -> None:
    text = path.read_text()
    marked = {
        (number, rule)
        for number, line in enumerate(text.splitlines(), 1)
        for mark in MARK.findall(line)
        for rule in mark.split(", ")
    }
    clean = path.stem.startswith("clean_")
    settings = replace(
        Settings(root=DATA), select=() if clean else OURS
    )  # a clean file is clean for every rule
    context = engine.prepare(settings, detect(DATA, settings, "3.3", True))
    said = {(found.span.line, found.rule) for found in engine.check(text.encode(), str(path), context)}
    assert not (clean and marked)
    assert said - marked == set(), "findings without a mark"
    assert marked - said == set(), "marks without a finding"
