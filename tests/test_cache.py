"""Findings kept between runs: the same bytes as without, whatever changes, breaks or runs beside."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor import cachefolder, cli, engine, runner
from advisor.cache import Cache
from advisor.config import Settings
from advisor.files import find
from advisor.target import detect

DAG = """\
from airflow import DAG
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from company.settings import TIMEOUT

with DAG("d{number}"):
    S3KeySensor(task_id="wait", bucket_key="s3://a/{number}", timeout=TIMEOUT)
"""
PLAIN = """\
from airflow import DAG
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

with DAG("p{number}"):
    S3KeySensor(task_id="wait", bucket_key="s3://a/{number}")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    (root / "dags").mkdir(parents=True)
    (root / "dag-advisor.toml").write_text('target-airflow = "3.2"\n')
    for number in range(30):
        (root / f"dags/d{number}.py").write_text(DAG.format(number=number))
        (root / f"dags/p{number}.py").write_text(PLAIN.format(number=number))
    (root / "dags/company").mkdir()
    (root / "dags/company/__init__.py").write_text("")
    (root / "dags/company/settings.py").write_text("from company.base import HOUR\n\nTIMEOUT = 6 * HOUR\n")
    (root / "dags/company/base.py").write_text("HOUR = 60 * 60\n")
    for path in root.rglob("*.py"):
        os.utime(path, (1_700_000_000, 1_700_000_000))  # old enough for its time to be trusted
    monkeypatch.chdir(root)
    return root


def said(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert cli.main(["check", "--output-format", "json", *options]) in (0, 1)
    return capsys.readouterr().out


def context(root: Path) -> engine.Context:
    """What a run over the project starts from."""
    settings = Settings(root=root, target_airflow="3.2", source="dag-advisor.toml")
    made = engine.prepare(settings, detect(root, settings, None, False))
    made.project.tracking = True
    return made


def remembered(root: Path) -> list[str]:
    """The files whose findings the next run would take from the cache."""
    paths = [found.path for found in find([str(root)], root=root)]
    known = Cache(root, context(root)).known(paths)
    return [os.path.relpath(path, root) for path, one in zip(paths, known, strict=True) if one is not None]


def test_a_second_run_says_the_same_and_checks_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = said(capsys)
    assert json.loads(first)["summary"]["findings"] == 60
    assert (project / cachefolder.NAME / "CACHEDIR.TAG").exists()
    monkeypatch.setattr(runner, "check_found", lambda *_: pytest.fail("checked again"))
    assert said(capsys) == first


def test_without_a_cache_none_is_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_one, without = said(capsys), said(capsys, "--no-cache")
    assert with_one == without
    assert cli.main(["clean"]) == 0
    assert "removed .dag_advisor_cache" in capsys.readouterr().out
    said(capsys, "--no-cache")
    assert not (project / cachefolder.NAME).exists()


def test_a_few_files_are_not_worth_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "dags/d1.py", "dags/p1.py")
    assert not (project / cachefolder.NAME).exists()


def test_a_constant_that_changes_reaches_those_who_import_it_and_nobody_else(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys)
    assert len(remembered(project)) == 63
    (project / "dags/company/base.py").write_text("HOUR = 1\n")
    assert {name for name in remembered(project) if "/d" in name} == set()
    assert len([name for name in remembered(project) if "/p" in name]) == 30
    assert json.loads(said(capsys))["summary"]["findings"] == 30  # six seconds are no wait
    (project / "dags/company/base.py").write_text("HOUR = 60 * 60\n")
    assert json.loads(said(capsys))["summary"]["findings"] == 60


def test_a_module_that_is_only_imported_is_read_once_after_a_change(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dags = [str(path.relative_to(project)) for path in (project / "dags").glob("*.py")]
    said(capsys, *dags)
    base = project / "dags/company/base.py"
    base.write_text("import os\n\nHOUR = 1\n")
    os.utime(base, (1_700_000_001, 1_700_000_001))
    changed = said(capsys, *dags)
    assert json.loads(changed)["summary"]["findings"] == 30
    known = Cache(project, context(project))
    monkeypatch.setattr("advisor.cache.read", lambda path: pytest.fail(f"{path} is read again"))
    assert len([one for one in known.known(dags) if one is not None]) == 60


def test_a_module_that_appears_or_goes_is_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys)
    settings = project / "dags/company/settings.py"
    settings.unlink()
    without = said(capsys)
    assert without == said(capsys, "--no-cache")
    settings.write_text("TIMEOUT = 5\n")
    assert json.loads(said(capsys))["summary"]["findings"] == 30


@pytest.mark.parametrize("put", ["plugins", "src"])
def test_a_module_on_the_path_that_appears_changes_or_goes_is_seen(
    project: Path, capsys: pytest.CaptureFixture[str], put: str
) -> None:
    (project / "dags/company").rename(project / "away")
    without = said(capsys)
    (project / put).mkdir()
    (project / "away").rename(project / put / "company")
    assert said(capsys) == said(capsys, "--no-cache")
    (project / put / "company/base.py").write_text("HOUR = 1\n")
    assert json.loads(said(capsys))["summary"]["findings"] == 30  # six seconds are no wait
    (project / put / "company").rename(project / "away")
    assert said(capsys) == without


def test_a_change_within_the_same_second_is_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys)
    dag = project / "dags/p1.py"
    text = dag.read_text()
    dag.write_text(text.replace("S3KeySensor(", "S3KeySensOr("))  # as long as before
    said(capsys)
    dag.write_text(text)
    assert json.loads(said(capsys))["summary"]["findings"] == 60


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "dag-advisor.toml").write_text('target-airflow = "2.2"\n'),
        lambda root: (root / "dag-advisor.toml").write_text("triggerer = false\n"),
        lambda root: (root / "dag-advisor.toml").write_text('ignore = ["missing-deferrable"]\n'),
        lambda root: (root / "dag-advisor.toml").write_text(
            'per-file-ignores = { "dags/d*.py" = ["missing-deferrable"] }\n'
        ),
    ],
)
def test_another_configuration_is_another_cache(
    project: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path], object]
) -> None:
    first = said(capsys)
    change(project)
    second = said(capsys)
    assert second == said(capsys, "--no-cache")
    assert second != first


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"files": []}',
        b'{"files": {"dags/p1.py": [1]}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_broken_cache_is_none(project: Path, capsys: pytest.CaptureFixture[str], broken: bytes) -> None:
    first = said(capsys)
    [kept] = (project / cachefolder.NAME / "findings").iterdir()
    kept.write_bytes(broken)
    assert said(capsys) == first
    assert said(capsys) == first


def test_findings_that_make_no_sense_are_found_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = said(capsys)
    [kept] = (project / cachefolder.NAME / "findings").iterdir()
    data = json.loads(kept.read_text())
    for number, entry in enumerate(data["files"].values()):
        if len(entry) > 3:
            entry[5] = [[{"r": [99]}], [{"r": []}], [{"x": 1}], ["text"], [{"r": [2, 1]}]][number % 5]
    kept.write_text(json.dumps(data))
    assert said(capsys) == first


def test_runs_side_by_side_are_all_right(project: Path) -> None:
    command = [sys.executable, "-m", "advisor.cli", "check", "--output-format", "json"]
    for _ in range(2):
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=project) for _ in range(4)]
        outputs = {run.communicate()[0] for run in runs}
        assert len(outputs) == 1
        assert not list((project / cachefolder.NAME).rglob("*.tmp"))


def test_a_folder_that_cannot_be_written_is_left_alone(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / cachefolder.NAME).write_text("a file stands where the folder would")
    assert json.loads(said(capsys))["summary"]["findings"] == 60
    assert (project / cachefolder.NAME).read_text() == "a file stands where the folder would"
    cli.main(["clean"])
    assert (project / cachefolder.NAME).is_file()


def test_fixes_come_out_of_the_cache_whole(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys)
    assert cli.main(["fix", "--unsafe-fixes", "--diff", "--output-file", "one.diff"]) == 1
    assert cli.main(["fix", "--unsafe-fixes", "--diff", "--no-cache", "--output-file", "two.diff"]) == 1
    assert Path("one.diff").read_bytes() == Path("two.diff").read_bytes()
    assert Path("one.diff").read_text().count("deferrable=True") == 60


def test_clean_removes_only_a_cache(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / cachefolder.NAME).mkdir()
    (project / cachefolder.NAME / "mine.txt").write_text("precious")
    assert cli.main(["clean"]) == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert (project / cachefolder.NAME / "mine.txt").exists()
    assert cli.main(["clean", "nowhere"]) == 2


MOVES = ["constant", "dag", "package", "shadow", "remove", "re-export", "circle", "touch"]


@pytest.mark.parametrize("seed", range(6))
def test_any_row_of_changes_says_what_a_run_without_says(
    project: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(8):
        move, number = chance.choice(MOVES), chance.randrange(30)
        company = project / "dags/company"
        if move == "constant":
            (company / "base.py").write_text(f"HOUR = {chance.choice([1, 3600])}\n")
        elif move == "dag":
            (project / f"dags/p{number}.py").write_text(chance.choice([DAG, PLAIN]).format(number=number))
        elif move == "package":
            (company / "__init__.py").write_text(f"from company.base import HOUR as TIMEOUT  # {number}\n")
            (project / f"dags/p{number}.py").write_text(
                DAG.format(number=number).replace("from company.settings", "from company")
            )
        elif move == "shadow":
            (project / "company").mkdir(exist_ok=True)
            (project / "company/settings.py").write_text(f"TIMEOUT = {chance.choice([5, 7200])}\n")
        elif move == "remove":
            (company / "settings.py").unlink(missing_ok=True)
        elif move == "re-export":
            (company / "settings.py").write_text("import company.base\n\nTIMEOUT = company.base.HOUR\n")
        elif move == "circle":
            (company / "settings.py").write_text("from company.base import HOUR\nTIMEOUT = HOUR * 2\n")
            (company / "base.py").write_text("from company import settings\nHOUR = 4\n")
        else:
            os.utime(project / f"dags/d{number}.py")
        assert said(capsys) == said(capsys, "--no-cache"), move


def test_every_kind_of_rewrite_can_be_kept() -> None:
    from typing import get_args

    from advisor import cache, finding
    from advisor.records import fields

    values = {"Span": finding.Span(0, 1, 1, 1, 1, 2), "str": "x", "bool": True}
    for kind in get_args(finding.Rewrite):
        one = kind(*(values[kind.__annotations__[field.name]] for field in fields(kind)))
        fix = finding.Fix("safe", "mend", (one,))
        assert cache._decoded(json.loads(json.dumps(cache._encoded(fix)))) == fix


@pytest.mark.parametrize("module", ["=/dev/zero", "=../secret", "", "!", 5, "a\0b"])
def test_a_cache_from_elsewhere_reads_nothing_outside(
    project: Path, capsys: pytest.CaptureFixture[str], module: object
) -> None:
    first = said(capsys)
    [kept] = (project / cachefolder.NAME / "findings").iterdir()
    data = json.loads(kept.read_text())
    for entry in data["files"].values():
        entry[3:4] = [[module]]
    kept.write_text(json.dumps(data))
    assert said(capsys) == first


def test_what_killed_runs_left_behind_goes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys)
    folder = project / cachefolder.NAME / "findings"
    for name in ("old.json.1.tmp", "young.json.2.tmp"):
        (folder / name).write_text("{")
    os.utime(folder / "old.json.1.tmp", (1_700_000_000, 1_700_000_000))
    (project / "dags/d1.py").write_text("import airflow\n")
    said(capsys)
    assert [path.name for path in folder.glob("*.tmp")] == ["young.json.2.tmp"]
