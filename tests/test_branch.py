"""`--diff-base`: only what a branch adds is reported, on real git repositories."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.cli import main

HEAD = """\
from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor

args = {"deferrable": True}
with DAG("sales", default_args=args):
"""
OLD = """\
    DateTimeSensor(task_id="noon", target_time="2030-01-01")
"""
NEW = """\
    DateTimeSensor(task_id="later", target_time="2031-01-01")
"""
CAUSED = """\
    ExternalTaskSensor(task_id="other", external_dag_id="other")
"""

Run = Callable[..., tuple[int, list[str], str]]


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def put(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def commit() -> None:
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", "change")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """A repository with main and a branch on it, both with two files of old findings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git("init", "--quiet")
    put("dags/a.py", HEAD + OLD)
    put("dags/b.py", HEAD + OLD + CAUSED)
    commit()
    git("checkout", "--quiet", "-b", "topic")

    def run(*arguments: str, base: str = "main") -> tuple[int, list[str], str]:
        code = main(["check", "--diff-base", base, *arguments])
        out, err = capfd.readouterr()
        return code, [" ".join(line.split()[:2]) for line in out.splitlines()], err

    return run


def test_nothing_changed_is_nothing_to_report(run: Run) -> None:
    assert main(["check"]) == 1
    code, found, _ = run()
    assert code == 0
    assert found[2:] == []


@pytest.mark.parametrize("state", ["committed", "staged", "unstaged", "untracked", "intended"])
def test_what_the_branch_adds_is_reported(run: Run, state: str) -> None:
    put("dags/new.py", HEAD + NEW)
    added = ["dags/new.py:7:5: sync-sensor"]
    if state not in ("untracked", "intended"):
        put("dags/a.py", HEAD + "\n\n" + NEW + OLD)
        added.insert(0, "dags/a.py:9:5: sync-sensor")
    if state == "committed":
        commit()
    elif state == "staged":
        git("add", "--all")
    elif state == "intended":
        git("add", "--intent-to-add", "--all")
    elif state == "unstaged":
        git("add", "dags/new.py")
    assert run() == (1, added, "")
    assert run("dags/a.py")[1] == [line for line in added if "a.py" in line]
    os.chdir("dags")
    assert run(".")[1] == [line.removeprefix("dags/") for line in added]


def test_what_main_added_since_is_not_ours(run: Run) -> None:
    git("checkout", "--quiet", "main")
    put("dags/a.py", HEAD)
    commit()
    git("checkout", "--quiet", "topic")
    put("dags/b.py", HEAD + OLD + CAUSED + NEW)
    commit()
    assert run()[1] == ["dags/b.py:9:5: sync-sensor"]


def test_a_changed_call_counts_and_its_formatting_does_not(run: Run) -> None:
    put("dags/a.py", HEAD + OLD.replace('"noon", ', '"noon",\n        '))
    assert run()[0] == 0
    put("dags/a.py", HEAD + OLD.replace('"noon", target_time="2030', '"noon",\n        target_time="2040'))
    assert run()[1] == ["dags/a.py:7:5: sync-sensor"]


def test_a_finding_whose_cause_changed_elsewhere_in_the_file_counts(run: Run) -> None:
    put("dags/b.py", HEAD.replace('"deferrable": True', "") + OLD + CAUSED)
    assert run()[1] == ["dags/b.py:8:5: missing-deferrable"]


def test_of_equal_calls_the_one_in_the_changed_lines_is_reported(run: Run) -> None:
    put("dags/a.py", HEAD + OLD + "    x = 1\n" + OLD)
    assert run()[1] == ["dags/a.py:9:5: sync-sensor"]
    put("dags/a.py", HEAD + OLD + "    x = 1\n" + "    pass\n")
    commit()
    put("dags/a.py", HEAD + OLD + OLD.replace("Date", "Date") + "    x = 1\n    pass\n")
    assert len(run()[1]) == 1


def test_renames_and_moved_code_are_not_new(run: Run) -> None:
    git("mv", "dags/a.py", "dags/renamed.py")
    assert run()[0] == 0
    put("dags/renamed.py", HEAD + NEW + OLD)
    assert run()[1] == ["dags/renamed.py:7:5: sync-sensor"]
    commit()
    put("dags/b.py", HEAD + "    pass\n")
    put("dags/c.py", HEAD + CAUSED + OLD)
    assert run("dags/c.py")[1] == []


def test_what_was_there_and_broken_is_not_new(run: Run) -> None:
    put("dags/broken.py", "import airflow\nasync def f(:\n")
    assert run()[1] == ["dags/broken.py:2:13: unreadable-file"]
    commit()
    assert run(base="HEAD")[0] == 0
    put("dags/broken.py", "import airflow\n\n\nasync def f(:\n")
    assert run(base="HEAD")[0] == 0


def test_stdin_is_compared_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((HEAD + NEW + OLD).encode())))
    put("dags/a.py", HEAD + NEW + OLD)
    assert run("-", "--stdin-filename", "dags/a.py")[1] == ["dags/a.py:7:5: sync-sensor"]


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("nowhere", "`--diff-base`: there is no commit `nowhere` in this repository\n"),
        ("-x", "there is no commit `-x`"),
        ("", "there is no commit ``"),
        ("--output=/tmp/x", "there is no commit"),
        ("HEAD:dags/a.py", "there is no commit"),
        ("a\x1b[2Jb", "there is no commit `a\\x1b[2Jb`"),
    ],
)
def test_an_unknown_revision_is_told(run: Run, base: str, told: str) -> None:
    code, found, err = run(base=base) if not base.startswith("-") else run("--diff-base=" + base)
    assert (code, found) == (2, [])
    assert told in err
    assert err.count("\n") == 1


def test_no_repository_no_commit_and_no_common_commit_are_told(run: Run, tmp_path: Path) -> None:
    git("checkout", "--quiet", "--orphan", "alone")
    assert run()[::2] == (2, "error: `--diff-base`: this repository's HEAD has no commit yet\n")
    put("other.py", "x = 1\n")
    commit()
    assert run()[::2] == (2, "error: `--diff-base`: HEAD and `main` have no common commit\n")
    (tmp_path / ".git").rename(tmp_path / "no.git")
    assert run()[::2] == (
        2,
        "error: `--diff-base`: this needs a git repository, and there is none here\n",
    )


def test_a_shallow_clone_says_how_to_get_the_history(run: Run, tmp_path: Path) -> None:
    for number in range(3):
        put("dags/a.py", HEAD + OLD + f"    x = {number}\n")
        commit()
    git("clone", "--quiet", "--depth", "1", "--branch", "topic", f"file://{tmp_path}", "shallow")
    os.chdir("shallow")
    code, _, err = run(base="origin/main")
    assert code == 2
    assert (
        "it is a shallow clone: fetch all history (`git fetch --unshallow`, or `fetch-depth: 0` in CI)" in err
    )
    git("fetch", "--quiet", "--depth", "1", "origin", "main:main")
    assert "no common commit; it is a shallow clone" in run()[2]


def test_a_partial_clone_is_told_and_nothing_is_fetched(run: Run, tmp_path: Path) -> None:
    put("dags/a.py", HEAD + NEW)
    commit()
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "--quiet", "--filter=blob:none", "--branch", "topic", f"file://{tmp_path}", "partial")
    os.chdir("partial")
    code, found, err = run(base="origin/main")
    assert (code, found) == (2, [])
    assert err.startswith("error: `--diff-base`: ")
    assert err.count("\n") == 1


def test_git_missing_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run()[::2] == (2, "error: `--diff-base`: git is not installed\n")


def test_nothing_that_the_repository_configures_is_run(run: Run, tmp_path: Path) -> None:
    put("evil.sh", f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    os.chmod("evil.sh", 0o755)
    script = str(tmp_path / "evil.sh")
    for key in ("core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "diff.x.command"):
        git("config", key, script)
    put(".gitattributes", "*.py diff=x\n")
    put("dags/a.py", HEAD + NEW + OLD)
    before = (tmp_path / ".git" / "index").read_bytes()
    Path("pwned").unlink(missing_ok=True)
    assert run()[1] == ["dags/a.py:7:5: sync-sensor"]
    assert not Path("pwned").exists()
    assert (tmp_path / ".git" / "index").read_bytes() == before


def test_in_a_hook_gits_own_index_counts_from_any_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    monkeypatch.setenv("GIT_DIR", ".git")
    put("dags/a.py", HEAD + NEW + OLD)
    assert run("dags")[1] == ["dags/a.py:7:5: sync-sensor"]


def test_a_baseline_and_a_branch_go_together(run: Run) -> None:
    assert main(["check", "--write-baseline"]) == 0
    put("dags/a.py", HEAD + NEW + OLD)
    code, found, err = run()
    assert (code, found[0]) == (1, "dags/a.py:7:5: sync-sensor")
    assert "gone" not in err
