"""The baseline: a legacy tree starts at once, old findings stay silent however the code moves, and the file shrinks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.baseline import BaselineError, Entry, dump, read, settle
from advisor.cli import main
from advisor.content import normalised

FILE = "dag-advisor-baseline.json"
HEAD = """\
from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

with DAG("sales"):
"""
OLD = """\
    S3KeySensor(task_id="wait", bucket_key="s3://a/b", timeout=6 * 60 * 60)
    DateTimeSensor(task_id="noon", target_time="2030-01-01")
"""
NEW = """\
    S3KeySensor(task_id="later", bucket_key="s3://a/c", timeout=6 * 60 * 60)
"""
TWO = """\
from airflow.sdk import DAG
from airflow.providers.http.operators.http import HttpOperator

with DAG("sales"):
    HttpOperator(task_id="send", deferrable=True, method="POST", mode="reschedule")
"""
TARGET = "Target: Airflow 3.3 (the newest known; say yours with target-airflow or --target-airflow)\n"
MENDED = 'S3KeySensor(task_id="wait", bucket_key="s3://a/b", timeout=6 * 60 * 60, deferrable=True)'

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        out, err = capfd.readouterr()
        return code, out, err

    return run


def put(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def rows(name: str = FILE) -> list[dict[str, object]]:
    return [row for row in json.loads(Path(name).read_text())["findings"] if row]


def lines(out: str) -> list[str]:
    return [" ".join(line.split()[:2]) for line in out.splitlines()]


def test_recorded_findings_are_silent_and_new_ones_speak(run: Run) -> None:
    put("dags/a.py", HEAD + OLD)
    assert run("check")[0] == 1
    code, out, err = run("check", "--write-baseline")
    assert (code, out) == (0, "")
    assert err.startswith(f"{FILE} holds 2 findings in 1 file; ")
    assert run("check") == (0, "", f"Baseline: 2 findings of {FILE} left out.\n")
    assert run("check", "--quiet") == (0, "", "")
    assert run("check", "--isolated")[0] == 1
    put("dags/a.py", HEAD + NEW + OLD)
    code, out, _ = run("check")
    assert (code, lines(out)) == (1, ["dags/a.py:6:5: missing-deferrable"])


def test_the_file_is_sorted_and_stable_and_one_line_an_entry(run: Run) -> None:
    put("b.py", HEAD + OLD)
    put("a.py", HEAD + OLD + OLD)
    run("check", "--write-baseline")
    text = Path(FILE).read_text()
    assert [(row["path"], row["rule"], row.get("count")) for row in rows()] == [
        ("a.py", "missing-deferrable", 2),
        ("a.py", "sync-sensor", 2),
        ("b.py", "missing-deferrable", None),
        ("b.py", "sync-sensor", None),
    ]
    assert [line for line in text.splitlines() if line.startswith('{"path"')] == text.splitlines()[4:-3]
    run("check", "--write-baseline")
    assert Path(FILE).read_text() == text
    assert rows()[0]["code"] == 'S3KeySensor(task_id="wait", bucket_key="s3://a/b", timeout=6...'
    put("a.py", (HEAD + OLD + OLD).replace("(task_id", "(\n        task_id").replace('"', "'"))
    run("check", "--write-baseline")
    assert Path(FILE).read_text() == text


CHANGES: dict[str, Callable[[str], str]] = {
    "lines above": lambda text: "# a comment\n\n\n" + text,
    "windows": lambda text: text.replace("\n", "\r\n"),
    "order": lambda text: HEAD + "".join(reversed(OLD.splitlines(keepends=True))),
    "wrapped": lambda text: text.replace("(task_id", "(\n        task_id").replace("* 60)", "* 60,\n    )"),
    "quotes": lambda text: text.replace('"wait"', "'wait'"),
    "comment": lambda text: text.replace('"s3://a/b",', '"s3://a/b",  # ours\n        '),
    "blanks": lambda text: text.replace("6 * 60 * 60", "6*60  *  60"),
    "indented": lambda text: text.replace("    S3Key", "    if True:\n        S3Key"),
    "assigned": lambda text: text.replace("    S3Key", "    wait = S3Key"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_old_finding_does_not_come_back(run: Run, change: str) -> None:
    put("a.py", HEAD + OLD)
    run("check", "--write-baseline")
    put("a.py", CHANGES[change](HEAD + OLD))
    code, out, err = run("check")
    assert (code, out) == (0, "")
    assert "gone" not in err


def test_an_edited_call_speaks_again(run: Run) -> None:
    put("a.py", HEAD + OLD)
    run("check", "--write-baseline")
    put("a.py", HEAD + OLD.replace("s3://a/b", "s3://other/b"))
    code, out, _ = run("check")
    assert (code, lines(out)) == (1, ["a.py:6:5: missing-deferrable"])


def test_one_more_of_the_same_speaks(run: Run) -> None:
    put("a.py", HEAD + OLD)
    run("check", "--write-baseline")
    put("a.py", HEAD + OLD + OLD)
    assert lines(run("check")[1]) == ["a.py:8:5: missing-deferrable", "a.py:9:5: sync-sensor"]


def test_a_renamed_file_and_moved_code_stay_silent(run: Run) -> None:
    put("dags/a.py", HEAD + OLD)
    put("dags/b.py", HEAD + NEW)
    run("check", "--write-baseline")
    os.rename("dags/a.py", "dags/renamed.py")
    assert run("check")[0] == 0
    assert run("check", "dags/renamed.py")[0] == 0  # as pre-commit calls it
    first, second = OLD.splitlines(keepends=True)
    put("dags/renamed.py", HEAD + first)
    put("dags/b.py", HEAD + NEW + second)
    assert run("check")[0] == 0
    put("dags/c.py", HEAD + OLD)  # a copy is no move
    assert len(lines(run("check")[1])) == 2


def test_a_run_over_some_files_neither_speaks_of_the_others_nor_forgets_them(run: Run) -> None:
    put("a.py", HEAD + OLD)
    put("b.py", HEAD + OLD)
    run("check", "--write-baseline")
    put("a.py", HEAD + "    pass\n")
    code, out, err = run("check", "b.py")
    assert (code, out) == (0, "")
    assert "gone" not in err
    code, _, err = run("check", "a.py")
    assert (code, "2 recorded findings are gone" in err) == (0, True)
    assert len(rows()) == 4  # check writes nothing
    _, _, err = run("check", "a.py", "--write-baseline")
    assert "(0 added, 2 taken out)" in err
    assert [row["path"] for row in rows()] == ["b.py", "b.py"]


def test_rules_that_did_not_run_keep_their_entries(run: Run) -> None:
    put("a.py", HEAD + OLD)
    run("check", "--write-baseline")
    put("a.py", HEAD + "    pass\n")
    run("check", "--write-baseline", "--select", "sync-sensor")
    assert [row["rule"] for row in rows()] == ["missing-deferrable"]
    put("dag-advisor.toml", "[per-file-ignores]\n'a.py' = ['missing-deferrable']")
    run("check", "--write-baseline")
    assert [row["rule"] for row in rows()] == ["missing-deferrable"]
    Path("dag-advisor.toml").unlink()
    put("a.py", "import airflow\nasync def f(:\n")  # broken for a while
    for more in ((), ("--ignore", "unreadable-file")):
        run("check", "--write-baseline", *more)
        assert [row["rule"] for row in rows()] == ["missing-deferrable", "unreadable-file"]


def test_a_deleted_file_is_taken_out_where_it_would_have_been_seen(run: Run) -> None:
    put("dags/a.py", HEAD + OLD)
    put("other/b.py", HEAD + OLD)
    run("check", "--write-baseline")
    Path("dags/a.py").unlink()
    assert "gone" not in run("check", "other")[2]
    assert "2 recorded findings are gone" in run("check")[2]
    run("check", "--write-baseline")
    assert {row["path"] for row in rows()} == {"other/b.py"}


def test_fix_mends_recorded_findings_and_the_file_shrinks(run: Run) -> None:
    put("a.py", HEAD + OLD)
    put("broken.py", "import airflow\nasync def f(:\n")
    run("check", "--write-baseline")
    assert len(rows()) == 3
    put("a.py", HEAD + OLD + NEW)
    assert run("fix", "--diff")[0] == 1
    assert len(rows()) == 3
    code, out, err = run("fix", "--strict", "--unsafe-fixes")
    assert (code, "left" in out.splitlines()[0]) == (0, False)
    assert err == f"{FILE}: 2 findings taken out, 1 still recorded\n"
    assert MENDED in Path("a.py").read_text()
    assert [row["path"] for row in rows()] == ["broken.py"]
    assert run("fix")[1:] == ("Nothing to mend; nothing is left to report in 2 files.\n" + TARGET, "")


def test_fix_forgets_what_was_mended_by_hand_and_adds_nothing(run: Run) -> None:
    put("a.py", HEAD + OLD)
    run("check", "--write-baseline")
    put("a.py", "import airflow\nasync def f(:\n")
    assert "taken out" not in run("fix")[2]  # who knows what stands there
    put("a.py", HEAD + f"    {MENDED}\n")
    assert "2 findings taken out, 0 still recorded" in run("fix")[2]
    assert rows() == []


def test_a_fix_beside_a_recorded_finding_does_not_bring_it_back(run: Run) -> None:
    put("a.py", TWO)
    run("check", "--write-baseline")
    assert [row["rule"] for row in rows()] == ["ignored-when-deferred", "non-idempotent-deferral"]
    put("a.py", TWO + TWO.splitlines()[-1].replace("send", "more").replace(', mode="reschedule"', "") + "\n")
    code, out, _ = run("fix", "--strict")
    assert (code, out.count("a.py:")) == (1, 2)  # what was mended, and the new one
    assert 'method="POST")' in Path("a.py").read_text()
    assert [row["rule"] for row in rows()] == ["non-idempotent-deferral"]
    assert lines(run("check")[1]) == ["a.py:6:5: non-idempotent-deferral"]


def test_the_configuration_names_another_file(run: Run) -> None:
    put("dag-advisor.toml", 'baseline = "ci/old.json"\n')
    put("a.py", HEAD + OLD)
    code, out, err = run("check")
    assert (code, len(lines(out))) == (1, 2)
    assert err == ("warning: there is no ci/old.json yet; `dag-advisor check --write-baseline` writes it\n")
    code, _, err = run("check", "--write-baseline")
    assert (code, err) == (
        2,
        "error: ci/old.json: not written: the file can't be written: no such file or directory\n",
    )
    Path("ci").mkdir()
    assert run("check", "--write-baseline")[0] == 0
    assert len(rows("ci/old.json")) == 2
    assert rows("ci/old.json")[0]["path"] == "../a.py"
    assert run("check")[0] == 0


@pytest.mark.parametrize("name", ["../x.json", "/etc/passwd", "link.json", ""])
def test_a_configuration_cannot_make_us_read_or_write_elsewhere(run: Run, name: str) -> None:
    put("p/a.py", HEAD + OLD)
    os.symlink("/etc/passwd", "p/link.json")
    put("p/dag-advisor.toml", f'baseline = "{name}"\n')
    for arguments in (("check", "p"), ("check", "p", "--write-baseline"), ("fix", "p", "--diff")):
        if name:
            code, _, err = run(*arguments)
            assert (code, "must name a file below p" in err) == (2, True)
    assert not Path("x.json").exists()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[]", "is no baseline"),
        (b"{}", "is no baseline"),
        (b'{"version": 1, "findings": {}}', "is no baseline"),
        (b'{"version": 2, "findings": []}', "was written by a newer dag-advisor"),
        (b'{"version": 1, "findings": [null, {"path": 1}]}', "its entry 2 is damaged"),
        (
            b'{"version": 1, "findings": [{"path": "a", "rule": "b", "print": "c", "count": -1}]}',
            "its entry 1 is damaged",
        ),
        (b'{\n<<<<<<< HEAD\n"version": 1', "holds conflict markers"),
        (b"#!/bin/sh\nprecious\n", "is no JSON"),
    ],
)
def test_a_damaged_baseline_is_told_and_kept(run: Run, data: bytes, told: str) -> None:
    put("a.py", HEAD + OLD)
    Path(FILE).write_bytes(data)
    for arguments in (("check",), ("fix",), ("check", "--write-baseline")):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith(f"error: {FILE}: {told}")
        assert err.count("\n") == 1
    assert Path(FILE).read_bytes() == data
    assert Path("a.py").read_text() == HEAD + OLD


def test_a_count_that_no_file_can_have_costs_nothing(run: Run) -> None:
    put("a.py", HEAD + OLD)
    row = {"path": "gone.py", "rule": "missing-deferrable", "print": "0" * 16, "count": 10**13}
    Path(FILE).write_text(json.dumps({"version": 1, "findings": [row]}))
    code, out, err = run("check")
    assert code == 1
    assert "missing-deferrable" in out
    assert "internal error" not in err


def test_where_nothing_is_found_it_says_so(run: Run) -> None:
    put("a.py", "import airflow\n")
    assert run("check", "--write-baseline")[2].splitlines()[-1] == f"{FILE} holds no findings: there are none"
    assert rows() == []


def test_git_merges_it_by_union(run: Run) -> None:
    (Path(".git")).rmdir()
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]

    def git(*arguments: str) -> None:
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True)

    def record(branch: str, *names: str) -> None:
        for name in names:
            put(f"dags/{name}.py", HEAD + OLD)
        assert run("check", "--write-baseline")[0] == 0
        git("add", "--all")
        git("commit", "--quiet", "--message", branch)

    git("init", "--quiet", "--initial-branch", "main")
    put(".gitattributes", f"{FILE} merge=union\n")
    record("base", "a", "x")
    git("checkout", "--quiet", "-b", "theirs")
    record("theirs", "c")
    git("checkout", "--quiet", "main")
    Path("dags/a.py").unlink()
    record("main", "b")
    git("merge", "--quiet", "--message", "merge", "theirs")
    assert {row["path"] for row in rows()} >= {"dags/b.py", "dags/c.py", "dags/x.py"}
    assert run("check")[:2] == (0, "")
    assert run("check", "--write-baseline")[0] == 0
    assert {row["path"] for row in rows()} == {"dags/b.py", "dags/c.py", "dags/x.py"}


def test_a_merge_that_keeps_both_sides_is_valid(run: Run) -> None:
    put("a.py", HEAD + OLD)
    run("check", "--write-baseline")
    base = Path(FILE).read_text()
    put("b.py", HEAD + OLD)
    run("check", "--write-baseline")
    ours = Path(FILE).read_text()
    Path(FILE).write_text(base)
    Path("b.py").unlink()
    put("c.py", HEAD + NEW)
    run("check", "--write-baseline")
    put("b.py", HEAD + OLD)
    for name, text in (("base", base), ("ours", ours), ("theirs", Path(FILE).read_text())):
        put(name, text)
    subprocess.run(["git", "merge-file", "--union", "ours", "base", "theirs"], check=True)
    Path(FILE).write_text(Path("ours").read_text())
    assert run("check")[0] == 0
    assert len(rows()) == 5


def test_two_runs_at_once_leave_a_whole_file(run: Run, tmp_path: Path) -> None:
    for number in range(20):
        put(f"f{number}.py", HEAD + OLD)
    command = [sys.executable, "-m", "advisor", "check", "--write-baseline"]
    done: list[subprocess.CompletedProcess[bytes]] = []

    def one() -> None:
        done.append(subprocess.run(command, cwd=tmp_path, capture_output=True, check=False))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows()) == 40
    for ran in done:
        assert ran.returncode == 0 or b"someone else in the meantime" in ran.stderr
    assert [name for name in os.listdir() if name.endswith(".tmp")] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--write-baseline", "--isolated"), "`--isolated` knows no baseline"),
        (("--write-baseline", "-"), "`--write-baseline` can't be given together with stdin"),
        (("--write-baseline", "--diff-base", "main"), "can't be given together"),
        (("--write-baseline", "--add-ignore", "why"), "can't be given together"),
    ],
)
def test_what_does_not_go_together_is_told(run: Run, arguments: tuple[str, ...], told: str) -> None:
    code, out, err = run("check", *arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_stdin_has_its_files_baseline(run: Run, tmp_path: Path) -> None:
    put("a.py", HEAD + OLD)
    run("check", "--write-baseline")
    done = subprocess.run(
        [sys.executable, "-m", "advisor", "check", "-", "--stdin-filename", "a.py"],
        input=(HEAD + NEW + OLD).encode(),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert lines(done.stdout.decode()) == ["a.py:6:5: missing-deferrable"]


def test_paths_do_not_depend_on_where_the_command_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put("dags/a.py", HEAD + OLD)
    run("check", "--write-baseline")
    monkeypatch.chdir("dags")
    code, out, err = run("check")
    assert (code, out, err) == (0, "", f"Baseline: 2 findings of ../{FILE} left out.\n")


def test_the_full_report_says_what_it_leaves_out(run: Run) -> None:
    put("a.py", HEAD + OLD)
    run("check", "--write-baseline")
    code, out, err = run("check", "--output-format", "full")
    assert (code, err) == (0, "")
    assert f"Baseline: 2 findings of {FILE} left out." in out


_names = st.text(st.characters(blacklist_categories=(), blacklist_characters="\0"), min_size=1, max_size=8)


@given(st.lists(st.builds(Entry, _names, _names, _names, _names, st.integers(1, 5)), max_size=8))
def test_what_is_written_can_be_read(tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]) -> None:
    path = tmp_path_factory.getbasetemp() / "baseline.json"
    path.write_bytes(dump(entries))
    keys = {(entry.path, entry.rule, entry.print) for entry in entries}
    assert {(entry.path, entry.rule, entry.print) for entry in read(str(path))} == keys


@given(st.binary(max_size=200))
def test_any_bytes_are_a_baseline_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    for content in (data, b'{"version": 1, "findings": [' + data + b"]}"):
        path.write_bytes(content)
        with suppress(BaselineError):
            read(str(path))


@given(st.text(st.sampled_from([*"'\"#(),\\ \n\r\tfbx{}[]:"]), max_size=40))
def test_normalising_never_fails_and_is_stable(code: str) -> None:
    normalised(code)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("S(a=1, b=[2, 3])", "S(\n  a=1,  # why\n  b=[\n    2,\n    3,\n  ],\n)"),
        ("S(a='x', b=\"it's\")", "S(a=\"x\", b='it\\'s')"),
        ("S(a=x if y else z)", "S(a=(x if y else z))"),
        ("S(a='x' 'y')", 'S(a=("x"\n  "y"))'),
        ("S(a='x' 'y')", 'S(a="xy")'),
        ("S(a=f'{x}' 'y')", 'S(a=f"{x}y")'),
        ("S(a=f'{x+1} {y[\"z\"]}')", "S(a=f\"{x + 1} {y['z']}\")"),
        ("S(a=1 + \\\n 2)", "S(a=1 + 2)"),
        ("S(a=u'x', b=R'\\d')", "S(a='x', b=r'\\d')"),
    ],
)
def test_formatting_does_not_count(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("S(a=1)", "S(a=2)"), ("S(a='b')", "S(a=b)"), ("S(a='x, y')", "S(a='x,y')"), ("S(a='#b')", "S(a='#c')")],
)
def test_code_does(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_settle_serves_each_finding_once() -> None:
    assert settle([], [Entry("a", "r", "p", "", 2)], lambda path: True).left == [Entry("a", "r", "p", "", 2)]
