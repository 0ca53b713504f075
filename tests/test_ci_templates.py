"""The GitHub Action and the GitLab job: their YAML is whole, and their scripts do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parent.parent
OLD = """\
from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensor

with DAG("sales"):
    DateTimeSensor(task_id="noon", target_time="2030-01-01")
"""
NEW = '    DateTimeSensor(task_id="later", target_time="2031-01-01")\n'
LATER = "::warning file=dags/a.py,line=6,col=5,endLine=6,endColumn=62,title=dag-advisor (sync-sensor)::"
NOON = LATER.replace("ine=6", "ine=5").replace("62", "61")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environment, check=True, capture_output=True
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What actions/checkout leaves in a pull request: one commit of a topic branch."""
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "a.py").write_text(OLD)
    git(home, "init", "--quiet")
    git(home, "add", "--all")
    git(home, "commit", "--quiet", "--message", "old")
    git(home, "checkout", "--quiet", "-b", "topic")
    (home / "dags" / "a.py").write_text(OLD + NEW)
    git(home, "commit", "--quiet", "--all", "--message", "new")
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "topic", f"file://{home}", "work")
    return tmp_path / "work"


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return loaded


def step(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in action()["runs"]["steps"] if one.get("id") == name)
    return found


def run(name: str, folder: Path, command: str = "", **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run one step of the action as the runner does: expressions filled in, `bash -e -o pipefail`."""
    given = {key: one["default"] for key, one in action()["inputs"].items()}
    given |= {key.replace("_", "-"): value for key, value in inputs.items() if key.islower()}

    def filled(text: str) -> str:
        text = re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda match: str(given[match[1]]), text)
        text = text.replace("${{ github.action_path }}", str(folder.parent / "action"))
        text = text.replace("${{ steps.install.outputs.command }}", command)
        assert "${{" not in text
        return text

    wanted = step(name)
    assert wanted["shell"] == "bash"
    assert "${{" not in wanted["run"]
    outside = {key: value for key, value in inputs.items() if key.isupper()}
    files = {key: str(folder.parent / key.lower()) for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        Path(path).write_text("")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT", "PYTHON"))}
    temporary = folder.parent / "runner"
    temporary.mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", wanted["run"]],
        cwd=folder / filled(wanted.get("working-directory", ".")),
        env={
            **kept,
            **{key: filled(value) for key, value in wanted["env"].items()},
            **files,
            "RUNNER_TEMP": str(temporary),
            "GITHUB_WORKSPACE": str(folder),
            **outside,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture
def tool(tmp_path: Path) -> str:
    """The command, as the install step would have made it."""
    path = tmp_path / "dag-advisor"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m advisor "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_the_action_is_whole() -> None:
    loaded = action()
    assert loaded["runs"]["using"] == "composite"
    for name, one in loaded["inputs"].items():
        assert one["description"], name
        assert isinstance(one["default"], str), name
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == set(loaded["inputs"])


def test_a_pull_request_gets_only_what_is_new(checkout: Path, tool: str) -> None:
    done = run("check", checkout, tool, GITHUB_BASE_REF="main")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(LATER)
    assert done.stdout.count("\n") == 1
    assert (checkout.parent / "github_output").read_text() == "exit-code=1\n"
    assert "1  sync-sensor  warning" in (checkout.parent / "github_step_summary").read_text()


def test_a_push_gets_everything(checkout: Path, tool: str) -> None:
    done = run("check", checkout, tool)
    assert done.returncode == 1, done.stderr
    assert "5, 6" in done.stdout.splitlines()[0]
    assert run("check", checkout, tool, diff_base="none", GITHUB_BASE_REF="main").stdout == done.stdout


def test_a_shallow_clone_without_the_history_is_told(checkout: Path, tool: str) -> None:
    done = run("check", checkout, tool, diff_base="origin/main")
    assert done.returncode == 2
    assert "fetch-depth: 0" in done.stderr
    assert (checkout.parent / "github_output").read_text() == "exit-code=2\n"


def test_inputs_are_words_and_never_run(checkout: Path, tool: str) -> None:
    done = run("check", checkout, tool, args="--exit-zero --select poke-sensor", paths="dags\ndags/a.py")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Nothing to report." in (checkout.parent / "github_step_summary").read_text()
    done = run("check", checkout, tool, paths="$(touch pwned) `touch pwned` ; touch pwned *.py")
    assert done.returncode == 2
    assert not (checkout / "pwned").exists()
    done = run("check", checkout, tool, working_directory="dags")
    assert done.stdout.startswith("::warning file=dags/a.py,")
    assert (
        run("check", checkout, tool, summary="false", args="--exit-zero").returncode,
        (checkout.parent / "github_step_summary").read_text(),
    ) == (0, "")


@pytest.mark.slow
def test_the_action_installs_itself(checkout: Path) -> None:
    for name in ("advisor", "rules"):  # a copy, because building leaves files behind
        shutil.copytree(
            ROOT / name, checkout.parent / "action" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout.parent / "action" / name)
    done = run("install", checkout)
    assert done.returncode == 0, done.stderr
    command = (checkout.parent / "github_output").read_text().strip().partition("=")[2]
    assert run("check", checkout, command, GITHUB_BASE_REF="main").stdout.startswith(LATER)


def test_the_gitlab_job_writes_the_reports_that_it_names(checkout: Path, tool: str, tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / ".ci" / "gitlab.yml").read_text(encoding="utf-8"))["dag-advisor"]
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    shutil.copy(tool, bin_folder / "dag-advisor")
    (bin_folder / "pip").write_text('#!/bin/sh\necho pip "$@"\n')
    (bin_folder / "pip").chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(job["script"])],
        cwd=checkout,
        env={
            **kept,
            **job["variables"],
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "CI_PROJECT_DIR": str(checkout),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("pip install --quiet --disable-pip-version-check dag-advisor\n")
    reports = job["artifacts"]["reports"]
    assert len(json.loads((checkout / reports["codequality"]).read_text())) == 2
    assert "<testsuites" in (checkout / reports["junit"]).read_text()
