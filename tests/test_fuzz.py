"""A slice of the fuzzing, always the same one, and every input that once broke a law; `fuzz/run.py` goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fuzz import laws
from hypothesis import HealthCheck, Phase, given, seed, settings

CASES = sorted((Path(__file__).parent / "fuzz/cases").iterdir())
# Inputs that still break a law: what is wrong, by law and file.
OPEN: dict[tuple[str, str], str] = {}


@pytest.fixture(autouse=True)
def _stay_here() -> Iterator[None]:
    here = Path.cwd()
    yield
    os.chdir(here)


@pytest.mark.parametrize("name", laws.LAWS)
def test_a_slice_of_every_law(name: str) -> None:
    law, inputs, number = laws.LAWS[name]

    @seed(20261122)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def one(case: Any) -> None:
        law(case)

    one()


@pytest.mark.parametrize("name", laws.OF_FILES)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_was_found_stays_found(name: str, case: Path, request: pytest.FixtureRequest) -> None:
    if (name, case.name) in OPEN:
        request.applymarker(pytest.mark.xfail(strict=True, reason=OPEN[name, case.name]))
    laws.LAWS[name][0](case.read_bytes())


def test_a_folder_of_the_same_name_elsewhere_is_seen() -> None:
    dag = laws.DAG.replace("from company.settings import TIMEOUT", "import company")
    dag = dag.replace("=TIMEOUT", "=company.settings.TIMEOUT")
    moves = [("a.py", dag), ("b.py", ""), ("../company/settings.py", "TIMEOUT = 2\n"), ("c.py", None)]
    laws.remembering_is_checking([*moves])
