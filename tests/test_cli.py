"""The command line as users meet it: exit codes, streams, messages, formats; each run is a real one."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from advisor import __version__
from advisor.cli import main
from advisor.rule import discover
from advisor.schema import dumps

ROOT = Path(__file__).parent.parent
WAITING = """\
from datetime import time

from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensor

with DAG("sales"):
    DateTimeSensor(task_id="wait", target_time="2030-01-01")
"""
MENDED = WAITING.replace("import DateTimeSensor", "import DateTimeSensorAsync as DateTimeSensor")
CLEAN = "import airflow\n"
BROKEN = "import airflow\nasync def f(:\n"
ADVICE = """\
import aiohttp
from airflow.sdk import task

@task
async def one():
    async with aiohttp.ClientSession() as session:
        response = await session.get("https://example.org")
"""


class Ran(NamedTuple):
    """What one run printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "DAG_ADVISOR_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        monkeypatch.setattr(sys, "argv", ["dag-advisor", *arguments])
        code = main(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = capfdbinary.readouterr()
        return Ran(code, out.decode("utf-8", "surrogateescape"), err.decode("utf-8", "surrogateescape"))

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


Write = Callable[[str, str], Path]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "advisor", *arguments]


# Exit codes


def test_findings_are_1_and_nothing_to_report_is_0(run: Run, write: Write) -> None:
    write("a.py", CLEAN)
    assert run("check") == Ran(0, "", "")
    write("dags/b.py", WAITING)
    found = run("check")
    assert found.code == 1
    assert found.out.startswith("dags/b.py:7:5: sync-sensor warning ")
    assert found.out.count("\n") == 1
    assert run("check", "--exit-zero") == found._replace(code=0)
    assert run("check", "a.py").code == 0


def test_advice_alone_is_0_unless_strict(run: Run, write: Write) -> None:
    write("a.py", ADVICE)
    found = run("check")
    assert (found.code, found.out.split()[1:3]) == (0, ["single-request-async-task", "advice"])
    assert run("check", "--strict").code == 1
    assert run("check", "--strict", "--exit-zero").code == 0


def test_a_file_that_cannot_be_parsed_is_a_finding_and_the_others_are_still_checked(
    run: Run, write: Write, tmp_path: Path
) -> None:
    write("a.py", BROKEN)
    write("b.py", WAITING)
    (tmp_path / "c.py").write_bytes(b"import airflow # \xff\n")
    found = run("check")
    assert found.code == 1
    assert [line.split()[:2] for line in found.out.splitlines()] == [
        [found.out.split()[0], "unreadable-file"],
        ["b.py:7:5:", "sync-sensor"],
        ["c.py:1:18:", "unreadable-file"],
    ]
    assert found.err == ""
    broken = json.loads(run("check", "--output-format", "json", "a.py").out)["findings"]
    assert [one["url"].rpartition("#")[2] for one in broken] == ["syntax-errors"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--selct", "x"], "unknown option `--selct`; did you mean `--select`?"),
        (["check", "--fix"], "unknown option `--fix`; did you mean `dag-advisor fix`?"),
        (["check", "--diff"], "unknown option `--diff`; did you mean `dag-advisor fix --diff`?"),
        (["chekc"], "unknown command `chekc`; did you mean `check`?"),
        (["a.py"], "`a.py` is no command; did you mean `dag-advisor check a.py`?"),
        (["--select", "x"], "unknown option `--select`; options come behind the command"),
        (
            ["check", "--output-format", "jsn"],
            "argument --output-format: there is no `jsn`; did you mean `json`?",
        ),
        (["check", "--jobs", "0"], "argument --jobs: `0` is no number from 1 to 1024"),
        (["check", "--target-airflow", "new"], "argument --target-airflow: `new` is no Airflow version"),
        (
            ["check", "--select", "sync-sensr"],
            "there is no rule or group `sync-sensr`; did you mean `sync-sensor`?",
        ),
        (["check", "--ignore", "deferral-mised"], "did you mean `deferral-missed`?"),
        (["check", "a.pyy"], "a.pyy: the path does not exist; did you mean `a.py`?"),
        (["check", "nowhere", "either"], "either: the path does not exist (nor does 1 other path)"),
        (["fix", "nowhere"], "nowhere: the path does not exist"),
        (["check", "--config", "no.toml"], "no.toml: can't be read: no such file or directory"),
        (["check", "--config", "a.py", "--isolated"], "can't be given together"),
        (["check", "-", "a.py"], "`-` (stdin) can't be checked together with other paths"),
        (["check", "a.py", "--stdin-filename", "b.py"], "can't be given together with paths"),
        (["check", "--statistics", "--output-format", "github"], "`--statistics` can be had as"),
        (["check", "--output-file", "no/such/folder"], "no/such/folder: can't be written: no such file"),
        (["explain"], "`explain` takes one rule's name, or --all"),
        (
            ["explain", "triggers"],
            "`triggers` is a group, of `blocking-call-in-trigger`, `broken-resume-method`",
        ),
        (["explain", "sync-sensr"], "there is no rule `sync-sensr`; did you mean `sync-sensor`?"),
        (["catalog", "shwo"], "there is no `shwo`; did you mean `show`?"),
        (["catalog", "show"], "write `dag-advisor catalog show CLASS`"),
        (["catalog", "show", "S3KeySensr"], "did you mean S3KeySensor"),
        (["check", "\x1b[2J"], "\\x1b[2J: the path does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line_or_two_and_is_2(
    run: Run, write: Write, arguments: list[str], message: str
) -> None:
    write("a.py", WAITING)
    ran = run(*arguments)
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") <= 2
    assert ran.out == ""


def test_a_wrong_configuration_is_2(run: Run, write: Write) -> None:
    write("a.py", WAITING)
    write("pyproject.toml", "[tool.dag-advisor]\nselct = []\n")
    ran = run("check")
    assert (ran.code, ran.err) == (2, "error: pyproject.toml: unknown key `selct`; did you mean `select`?\n")
    assert run("check", "--isolated").code == 1
    write("pyproject.toml", "[tool.dag-advisor]\nselect = ['sync-sensors']\n")
    assert "(named in pyproject.toml)" in run("check").err
    write("pyproject.toml", "[tool.dag-advisor.rules.sync-sensor]\nx = 1\n")
    assert "`rules.sync-sensor`: unknown option `x`" in run("check").err


def test_no_python_files_is_a_warning(run: Run) -> None:
    assert run("check") == Ran(0, "", "warning: no Python files found in the current folder\n")


# Choosing rules and files


def test_select_and_ignore_take_rules_and_groups(run: Run, write: Write) -> None:
    write("a.py", WAITING)
    assert run("check", "--select", "async-tasks").code == 0
    assert run("check", "--select", "async-tasks,sync-sensor").code == 1
    assert run("check", "--select", "async-tasks", "--select", "deferral-missed").code == 1
    assert run("check", "--ignore", "sync-sensor").code == 0
    write("dag-advisor.toml", "ignore = ['sync-sensor']")
    assert run("check").code == 0
    assert run("check", "--select", "sync-sensor").code == 1
    write("dag-advisor.toml", "select = ['async-tasks']")
    assert run("check").code == 0


def test_per_file_ignores_and_exclude(run: Run, write: Write) -> None:
    write("dags/a.py", WAITING)
    write("old/a.py", WAITING)
    write("dag-advisor.toml", "[per-file-ignores]\n'old/**' = ['deferral-missed']")
    assert [line.split(":")[0] for line in run("check").out.splitlines()] == ["dags/a.py"]
    write("dag-advisor.toml", "exclude = ['dags']")
    assert [line.split(":")[0] for line in run("check").out.splitlines()] == ["old/a.py"]
    assert run("check", "dags/a.py").code == 1  # named outright
    assert run("check", "dags").code == 1


@pytest.mark.parametrize(
    "patterns",
    [["dags"], ["./dags/"], ["/dags/*"], ["*.py"], ["*", "!old/"], ["/*", "!/old"], ["**/a.py", "!b.py"]],
)
def test_what_is_excluded_may_be_left_out_though_it_is_named(
    run: Run, write: Write, patterns: list[str]
) -> None:
    write("dags/deep/a.py", WAITING)
    write("dag-advisor.toml", f"exclude = {patterns}")
    assert run("check").out == ""
    ran = run("check", "--force-exclude", "dags/deep/a.py", "dags/deep")
    assert (ran.code, ran.out) == (0, "")
    assert (
        "no Python files that the configuration does not exclude found in dags/deep/a.py, dags/deep"
        in ran.err
    )
    assert run("fix", "--force-exclude", "dags/deep/a.py").code == 0
    assert run("check", "dags/deep/a.py").code == 1
    write("b.py", WAITING)
    write("old/b.py", WAITING)
    named = run("check", "--force-exclude", "dags/deep/a.py", "b.py", "old/b.py")
    assert named.out == run("check").out


def test_files_elsewhere_are_excluded_by_name(run: Run, write: Write, tmp_path: Path) -> None:
    write("project/dag-advisor.toml", "exclude = ['old/', '/dags']")
    for name in ("other/old/a.py", "other/dags/a.py", "project/dags/a.py"):
        write(name, WAITING)
    shown = [
        line.split(":")[0]
        for line in run("check", "--config", "project/dag-advisor.toml", ".").out.splitlines()
    ]
    assert shown == ["other/dags/a.py"]


def test_paths_and_options_may_be_mixed(run: Run, write: Write) -> None:
    for name in ("a.py", "b.py", "c.py"):
        write(name, WAITING)
    ran = run("check", "a.py", "--ignore", "short-deferral", "b.py", "--strict", "c.py")
    assert ran.out.count("\n") == 3


def test_a_path_outside_is_shown_relative_to_the_working_directory(
    run: Run, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("there/a.py", WAITING)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    data = json.loads(run("check", str(path), "--output-format", "json").out)
    assert data["findings"][0]["path"] == "../there/a.py"


def test_suppressions_work_from_end_to_end(run: Run, write: Write) -> None:
    write("a.py", WAITING.replace('2030-01-01")', '2030-01-01")  # dag-advisor: ignore[sync-sensor] why'))
    assert run("check") == Ran(0, "", "")
    write("a.py", CLEAN + "x = 1  # dag-advisor: ignore[sync-sensor]\n")
    assert run("check").out.startswith("a.py:2:8: unused-suppression warning ")
    assert run("fix").code == 0
    assert Path("a.py").read_text() == CLEAN + "x = 1\n"


# Streams and formats


def test_a_group_in_a_suppression_is_told_with_its_rules(run: Run, write: Write) -> None:
    write("a.py", WAITING.replace('-01")', '-01")  # dag-advisor: ignore[deferral-missed] why'))
    found = json.loads(run("check", "--output-format", "json").out)["findings"]
    assert [(one["rule"], one["fix"] is None) for one in found] == [
        ("sync-sensor", False),
        ("unused-suppression", True),
    ]
    assert found[1]["message"] == (
        "`deferral-missed` is a group: a suppression names its rules, `legacy-async-class`, "
        "`missing-deferrable`, `poke-sensor`, `sleep-polling-task` or `sync-sensor`"
    )
    write("a.py", WAITING.replace('-01")', '-01")  # dag-advisor: ignore[ALL] why'))
    assert "`ALL` is a group: a suppression names its rules, one by one" in run("check").out


def test_stdin_is_checked_under_the_name_given(run: Run, write: Write) -> None:
    ran = run("check", "-", "--stdin-filename", "dags/x.py", stdin=WAITING.encode())
    assert (ran.code, ran.out[:15]) == (1, "dags/x.py:7:5: ")
    assert run("check", "--stdin-filename", "dags/x.py", stdin=WAITING.encode()) == ran
    assert run("check", "-", stdin=WAITING.encode()).out.startswith("-:7:5: ")
    full = run("check", "-", "--output-format", "full", stdin=WAITING.encode())
    assert '7 │     DateTimeSensor(task_id="wait"' in full.out


def test_json_on_stdout_is_the_object_and_nothing_else(run: Run, write: Write) -> None:
    write("a.py", WAITING)
    write("requirements.txt", "apache-airflow==2.10.4\n")
    data = json.loads(run("check", "--output-format", "json").out)
    assert data["tool"] == f"dag-advisor {__version__}"
    assert data["target"] == {"airflow": "2.10.4", "source": "requirements.txt"}
    assert data["summary"] == {"files": 1, "findings": 1, "by_rule": {"sync-sensor": 1}}
    assert data["findings"][0]["fix"]["applicability"] == "safe"
    data = json.loads(run("check", "--output-format", "json", "--target-airflow", "3.0").out)
    assert data["target"] == {"airflow": "3.0", "source": "--target-airflow"}


def test_the_report_can_go_to_a_file(run: Run, write: Write, tmp_path: Path) -> None:
    write("a.py", WAITING)
    assert run("check", "--output-format", "json", "--output-file", "out.json") == Ran(1, "", "")
    assert json.loads((tmp_path / "out.json").read_text())["summary"]["findings"] == 1


def test_the_same_bytes_on_every_run_and_for_any_number_of_jobs(run: Run, write: Write) -> None:
    for number in range(40):
        write(f"dags/d{number % 7}/f{number}.py", WAITING)
    for name in ("concise", "full", "json", "sarif", "gitlab", "junit", "github"):
        one = run("check", "--output-format", name, "--jobs", "1", "--no-cache")
        assert one == run("check", "--output-format", name, "--jobs", "3")
        assert one.code == 1


def test_processes_give_the_same_outcomes(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from advisor import engine, runner
    from advisor.config import Settings
    from advisor.files import find
    from advisor.target import Target

    monkeypatch.chdir(tmp_path)
    for number in range(60):
        write(f"f{number}.py", WAITING if number % 3 else BROKEN)
    found = list(find(["."], root=tmp_path))
    context = engine.prepare(Settings(root=tmp_path), Target())
    alone = runner.check_all(found, context, jobs=1, advance=lambda: None)
    monkeypatch.setattr(runner, "_ALONE", -1.0)
    monkeypatch.setattr(runner, "_WORTH", -1.0)
    counted: list[int] = []
    assert runner.check_all(found, context, jobs=2, advance=lambda: counted.append(1)) == alone
    assert len(counted) == 60
    assert sum(bool(outcome.findings) for outcome in alone) == 60


def test_statistics(run: Run, write: Write) -> None:
    write("a.py", WAITING)
    assert run("check", "--statistics") == Ran(1, "  1  sync-sensor  warning  fix: 1 safe\n", "")


def test_a_terminal_gets_the_full_report_in_color(write: Write, tmp_path: Path) -> None:
    write("a.py", WAITING)

    def on_terminal(*arguments: str, **environment: str) -> str:
        parent, child = pty.openpty()
        env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
        with subprocess.Popen(
            command(*arguments),
            cwd=tmp_path,
            stdout=child,
            stderr=child,
            env=env | {"TERM": "xterm-256color"} | environment,
        ) as process:
            os.close(child)
            seen = b""
            while True:
                try:
                    piece = os.read(parent, 65536)
                except OSError:
                    break
                if not piece:
                    break
                seen += piece
        os.close(parent)
        assert process.returncode == 1
        return seen.decode()

    painted = on_terminal("check")
    assert "\x1b[1;33mwarning" in painted
    assert "1 finding" in painted
    assert "\x1b[" not in on_terminal("check", NO_COLOR="1")
    assert "\x1b[" not in on_terminal("check", "--color", "never")
    assert "\x1b[" not in on_terminal("check", TERM="dumb")
    assert "1 finding" not in on_terminal("check", "--quiet")
    assert "sync-sensor warning" in on_terminal("check", "--output-format", "concise")


def test_color_can_be_forced_into_a_pipe(run: Run, write: Write) -> None:
    write("a.py", WAITING)
    assert "\x1b[" in run("check", "--output-format", "full", "--color", "always").out
    assert "\x1b[" not in run("check", "--output-format", "full").out
    assert "\x1b[" not in run("check", "--output-format", "json", "--color", "always").out


# fix


def test_fix_writes_says_what_it_changed_and_is_quiet_the_second_time(
    run: Run, write: Write, tmp_path: Path
) -> None:
    path = write("dags/a.py", WAITING)
    ran = run("fix")
    assert ran.code == 0
    assert path.read_text() == MENDED
    assert ran.out.splitlines()[0] == "dags/a.py: fixed 1 × sync-sensor"
    assert "Mended 1 finding in 1 file; nothing is left to report in 1 file." in ran.out
    again = run("fix")
    assert again.out.startswith("Nothing to mend")
    assert path.read_text() == MENDED


def test_fix_says_what_is_left_and_why_and_only_strict_makes_it_1(run: Run, write: Write) -> None:
    write("a.py", BROKEN)
    ran = run("fix")
    assert ran.code == 0
    assert ran.out.splitlines()[1] == "    left: no automatic fix"
    assert run("fix", "--strict").code == 1
    assert run("fix", "--strict", "--exit-zero").code == 0


def test_fix_diff_writes_nothing_and_can_be_applied(run: Run, write: Write, tmp_path: Path) -> None:
    path = write("dags/a.py", WAITING)
    ran = run("fix", "--diff")
    assert ran.code == 1
    assert path.read_text() == WAITING
    assert ran.out.startswith("--- dags/a.py\n+++ dags/a.py\n@@ ")
    assert "Would mend 1 finding in 1 file" in ran.err
    subprocess.run(["git", "apply", "-p0"], input=ran.out.encode(), cwd=tmp_path, check=True)
    assert path.read_text() == MENDED
    assert run("fix", "--diff")[:2] == (0, "")
    path.write_text(WAITING)
    assert run("fix", "--diff", "--exit-zero").code == 0


def test_check_calls_a_fix_safe_only_where_all_calls_that_share_its_import_can_be_fixed(
    run: Run, write: Write
) -> None:
    short = WAITING + '    DateTimeSensor(task_id="short", target_time="2030-01-01", timeout=5)\n'
    write("a.py", short)
    assert "fix: 1 by hand (shown)" in run("check", "--statistics").out
    assert "left: to be written by hand" in run("fix").out
    write(
        "a.py",
        "from astronomer.providers.core.sensors.external_task import ExternalTaskSensorAsync\n"
        'ExternalTaskSensorAsync(task_id="a", external_dag_id="d")\n'
        'ExternalTaskSensorAsync(task_id="b", external_dag_id="d", external_task_ids=["t"])\n',
    )
    assert "fix: 2 unsafe" in run("check", "--statistics").out
    ran = run("fix", "--unsafe-fixes", "--diff", "--quiet")
    assert ran.out.count("+ExternalTaskSensor(") == 2


def test_stdin_may_have_a_name_that_no_file_can_have(run: Run) -> None:
    ran = run("check", "-", "--stdin-filename", f"{'a' * 300}/x.py", stdin=WAITING.encode())
    assert (ran.code, ran.err) == (1, "")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everywhere")
def test_a_folder_that_may_not_be_read_is_a_finding(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0)
    ran = run("check", "locked")
    assert ran.code == 1
    assert ran.out.startswith("locked:1:1: unreadable-file error the folder can't be listed")


def test_fix_of_stdin_prints_the_result_byte_by_byte(run: Run) -> None:
    data = WAITING.replace("\n", "\r\n").encode()
    ran = run("fix", "-", "--stdin-filename", "x.py", stdin=data)
    assert (ran.code, ran.out) == (0, MENDED.replace("\n", "\r\n"))
    assert "x.py: fixed 1 × sync-sensor" in ran.err
    odd = b"import os # \xff\r"
    assert run("fix", "-", stdin=odd).out.encode("utf-8", "surrogateescape") == odd
    assert run("fix", "-", "--diff", stdin=data).out.startswith("--- -\n+++ -\n")


def test_fix_as_json_holds_what_is_left(run: Run, write: Write) -> None:
    write("a.py", WAITING)
    ran = run("fix", "--output-format", "json")
    assert json.loads(ran.out)["findings"] == []
    assert "a.py: fixed 1" in ran.err


def test_a_file_that_cannot_be_written_is_2_and_stays(run: Run, write: Write, tmp_path: Path) -> None:
    path = write("locked/a.py", WAITING)
    other = write("z.py", WAITING)
    if os.geteuid() == 0:  # root may write anywhere, but not into an immutable view: a full disk stands in
        pytest.importorskip("resource")
        code = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10));"
            "from advisor.cli import main; sys.exit(main(['fix', 'locked/a.py', '--no-cache']))"
        )
        done = subprocess.run(
            [sys.executable, "-B", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
    else:
        path.parent.chmod(0o500)
        ran = run("fix")
        path.parent.chmod(0o700)
        assert other.read_text() == MENDED
    assert ran.code == 2
    assert "error: locked/a.py: not written: " in ran.err
    assert path.read_text() == WAITING


# Nothing ends in a traceback


def test_a_mistake_of_ours_in_one_file_is_told_and_the_others_are_checked(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    from advisor import engine

    write("a.py", WAITING)
    write("b.py", WAITING)
    check = engine.check

    def failing(data: bytes, path: str, context: engine.Context) -> object:
        if path == "a.py":
            raise RecursionError("too deep")
        return check(data, path, context)

    monkeypatch.setattr(engine, "check", failing)
    ran = run("check")
    assert (ran.code, ran.out[:10]) == (2, "b.py:7:5: ")
    assert "error: a.py: internal error, this file was not checked: RecursionError: too deep" in ran.err
    assert "please report" in ran.err
    assert "Traceback" not in ran.err
    monkeypatch.setenv("DAG_ADVISOR_DEBUG", "1")
    assert "Traceback" in run("check").err


def test_a_mistake_of_ours_anywhere_else_is_told_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from advisor import engine

    def failing(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(engine, "prepare", failing)
    ran = run("check")
    assert ran.code == 2
    assert ran.err == (
        "error: internal error, ZeroDivisionError: by zero\n"
        "please report this; DAG_ADVISOR_DEBUG=1 shows the traceback\n"
    )


def test_a_reader_that_has_seen_enough_is_no_error(write: Write, tmp_path: Path) -> None:
    for number in range(300):
        write(f"f{number}.py", WAITING)
    done = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m advisor check --output-format full --exit-zero | head -1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("f0.py:7:5")


def test_a_full_disk_is_told(write: Write, tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this system")
    write("a.py", WAITING)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("check"), cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (2, b"error: no space left on device\n")


def test_control_c_ends_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("check", "-"),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        time.sleep(1.5)  # it waits for its stdin now
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_names_that_are_no_text_are_shown_escaped(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"d\xff\x1b.py")).write_text(WAITING)
    except OSError:
        pytest.skip("this file system takes no such name")
    for name, shown in (("concise", "d\\udcff\\x1b.py:7:5"), ("json", '"d\\udcff\\u001b.py"')):
        done = subprocess.run(
            command("check", "--output-format", name), cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == 1
        assert shown in done.stdout.decode("ascii" if name == "json" else "utf-8")


# The other commands


def test_help_and_version(run: Run) -> None:
    assert run("--version") == run("check", "--version") == Ran(0, f"dag-advisor {__version__}\n", "")
    ran = run("--help")
    assert (ran.code, ran.err) == (0, "")
    for name in ("check", "fix", "explain", "rules", "catalog"):
        assert f"  {name} " in ran.out
        assert run(name, "--help").code == 0
        assert run("help", name) == run(name, "--help")
    assert run("version") == run("--version")
    assert run().code == 2
    groups = run("check", "--help").out.partition("rule selection:")[2]
    options = [" ".join(part.split()) for part in groups.split("\n  --")[1:]]
    assert len(options) > 12
    assert [option for option in options if "(default:" not in option] == []


def test_the_catalog_alone_tells_its_commands(run: Run) -> None:
    ran = run("catalog")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == run("catalog", "--help").out
    listed = ran.err.partition("commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == ["show", "search", "export", "scan", "build"]


def test_the_catalog_tells_in_words_since_when(run: Run) -> None:
    shown = run("catalog", "show", "FileSensor").out
    standard = "since apache-airflow-providers-standard 0.0.2, which needs Airflow 2.8.0: takes deferrable"
    assert f"  {standard} and follows [operators] default_deferrable\n" in shown
    assert "  in Airflow 2 itself: since 2.2 or before; takes deferrable since 2.9.0; follows" in shown
    for name in ("S3KeySensor", "GenericTransfer", "BigQueryTableExistenceAsyncSensor", "EksPodOperator"):
        shown = run("catalog", "show", name).out
        assert not any(key in shown for key in ("default_from_config", "null", "{", "core:", "flag_of"))
        assert "\n  since apache-airflow-providers-" in shown


def test_rules_are_listed(run: Run) -> None:
    ran = run("rules")
    assert ran.code == 0
    for name, rule in discover().items():
        assert f"  {name} " in ran.out
        assert rule.doc.title in ran.out
    listed = json.loads(run("rules", "--output-format", "json").out)
    assert [entry["name"] for entry in listed] == sorted(discover())
    assert set(listed[0]) == {"name", "group", "severity", "fix", "summary", "url", "options"}


def test_explain_prints_pages(run: Run) -> None:
    ran = run("explain", "sync-sensor")
    assert ran.code == 0
    assert ran.out.startswith("# sync-sensor\n")
    for title in ("What it does", "Why is this bad?", "Example", "Use instead", "Fix safety", "References"):
        assert f"\n## {title}\n" in ran.out
    pages = run("explain", "--all").out
    assert all(f"# {name}\n" in pages for name in discover())


def test_the_catalog_can_be_asked(run: Run) -> None:
    shown = run("catalog", "show", "S3KeySensor")
    assert shown.code == 0
    assert "airflow.providers.amazon.aws.sensors.s3.S3KeySensor" in shown.out
    assert "S3KeySensor" in run("catalog", "search", "s3key").out
    exported = json.loads(run("catalog", "export").out)
    assert len(exported) > 500
    assert exported == sorted(exported, key=lambda entry: str(entry["name"]))


def test_a_clone_that_is_not_installed_runs(tmp_path: Path) -> None:
    # -S: what an editable installation puts into the path does not count.
    packages = [path for path in sys.path if path.endswith("site-packages")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(packages), "PYTHONDONTWRITEBYTECODE": "1"}
    clone = tmp_path / "clone"
    for name in ("advisor", "rules"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", clone)
    (tmp_path / "dag.py").write_text("import airflow\nasync def f(:\n")
    for arguments, code in ((["advisor.schema"], 0), (["advisor", "check", "--no-cache", "../dag.py"], 1)):
        command = [sys.executable, "-S", "-m", *arguments]
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (code, "")
        assert done.stdout == dumps() if code == 0 else "unreadable-file" in done.stdout
