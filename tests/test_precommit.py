"""The pre-commit hooks, run by the real pre-commit on a small git repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGED = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "advisor", "rules")
WAITING = """\
from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensor

with DAG("sales"):
    DateTimeSensor(task_id="wait", target_time="2030-01-01")
"""
MENDED = WAITING.replace("import DateTimeSensor", "import DateTimeSensorAsync as DateTimeSensor")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit_all(folder: Path) -> None:
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of what this one ships, so that the state of the work tree does not matter."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in PACKAGED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    commit_all(folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pre-commit's own folder, where it installs the hooks once for all tests here."""
    return tmp_path_factory.mktemp("home")


def try_repo(hooks: Path, home: Path, project: Path, hook: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GIT_", "PRE_COMMIT", "PYTHON"))
    }
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), hook, "--all-files", "--verbose"],
        cwd=project,
        env=environment | {"PRE_COMMIT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_the_hooks_report_and_mend(hooks: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    dag = tmp_path / "dags" / "sales.py"
    dag.write_text(WAITING)
    (tmp_path / "dags" / "notes.txt").write_text("DateTimeSensor()\n")
    (tmp_path / "dags" / "vendored.py").write_text(WAITING)
    (tmp_path / "dag-advisor.toml").write_text('exclude = ["dags/vendored.py"]\n')
    commit_all(tmp_path)

    ran = try_repo(hooks, home, tmp_path, "dag-advisor")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "dags/sales.py:5:5: sync-sensor warning" in ran.stdout
    assert "notes.txt" not in ran.stdout
    assert "vendored" not in ran.stdout
    assert dag.read_text() == WAITING

    ran = try_repo(hooks, home, tmp_path, "dag-advisor-fix")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "files were modified by this hook" in ran.stdout
    assert "dags/sales.py: fixed 1 × sync-sensor" in ran.stdout
    assert dag.read_text() == MENDED

    git(tmp_path, "add", "--all")
    for hook in ("dag-advisor-fix", "dag-advisor"):
        ran = try_repo(hooks, home, tmp_path, hook)
        assert ran.returncode == 0, ran.stdout + ran.stderr
