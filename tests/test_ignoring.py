"""`check --add-ignore`: suppressions are written where they count, and nothing else in a file changes."""

from __future__ import annotations

import ast
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.cli import main

ROOT = Path(__file__).parent.parent
HEAD = """\
from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensor

dag = DAG("sales")
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["check", *arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("DateTimeSensor(task_id='a')\n", "DateTimeSensor(task_id='a')  # @\n"),
        ("DateTimeSensor(task_id='a')", "DateTimeSensor(task_id='a')  # @"),
        ("DateTimeSensor(task_id='a')  # theirs\n", "DateTimeSensor(task_id='a')  # theirs  # @\n"),
        ("DateTimeSensor(task_id='a')   \n", "DateTimeSensor(task_id='a')   # @\n"),
        ("DateTimeSensor(\n\ttask_id='a',\n)\n", "DateTimeSensor(  # @\n\ttask_id='a',\n)\n"),
        (
            "x = (\n    1,\n    DateTimeSensor(task_id='a'),\n)\n",
            "x = (\n    1,\n    DateTimeSensor(task_id='a'),  # @\n)\n",
        ),
        ("x = 1; DateTimeSensor(task_id='a')\n", "x = 1; DateTimeSensor(task_id='a')  # @\n"),
        ("if dag: DateTimeSensor(task_id='a')\n", "if dag: DateTimeSensor(task_id='a')  # @\n"),
        ("x = \\\n  DateTimeSensor(task_id='a')\n", "x = \\\n  DateTimeSensor(task_id='a')  # @\n"),
        (
            "DateTimeSensor(task_id='a', doc='''b\n# c\n''')\n",
            "DateTimeSensor(task_id='a', doc='''b\n# c\n''')  # @\n",
        ),
        (
            "DateTimeSensor(task_id='a', \\\n  doc='b') \\\n  >> [DateTimeSensor(task_id='b')]\n",
            "DateTimeSensor(task_id='a', \\\n  doc='b') \\\n  >> [DateTimeSensor(task_id='b')]  # @\n",
        ),
        (
            "DateTimeSensor(task_id='a')  # dag-advisor: ignore[poke-sensor, unused-suppression] why\n",
            "DateTimeSensor(task_id='a')  # dag-advisor: ignore[poke-sensor, unused-suppression, sync-sensor] why\n",
        ),
        (
            "DateTimeSensor(\n  task_id='a'  # dag-advisor: ignore[unused-suppression]  # noqa\n)\n",
            "DateTimeSensor(\n  task_id='a'  # dag-advisor: ignore[unused-suppression, sync-sensor] until Airflow 3"
            "  # noqa\n)\n",
        ),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_suppression_stands_where_it_counts(run: Run, before: str, after: str, ends: str) -> None:
    path = Path("a.py")
    path.write_bytes((HEAD + before).replace("\n", ends).encode())
    code, out, err = run("--add-ignore=until Airflow 3")
    wanted = after.replace("# @", "# dag-advisor: ignore[sync-sensor] until Airflow 3")
    assert path.read_bytes() == (HEAD + wanted).replace("\n", ends).encode()
    assert (code, out) == (0, "")
    assert re.fullmatch(r"Suppressed [12] findings? in 1 file\.\n", err)
    assert run() == (0, "", "")
    assert run("--add-ignore=until Airflow 3") == (0, "", "Suppressed 0 findings in 0 files.\n")


def test_two_rules_of_one_statement_share_a_suppression(run: Run) -> None:
    path = Path("a.py")
    path.write_text(
        "from airflow.sdk import DAG\nfrom airflow.providers.http.operators.http import HttpOperator\n"
        'HttpOperator(task_id="send", deferrable=True, method="POST", mode="reschedule")\n'
    )
    assert run("--add-ignore=why")[0] == 0
    assert "# dag-advisor: ignore[ignored-when-deferred, non-idempotent-deferral] why\n" in path.read_text()


@pytest.mark.parametrize(
    ("head", "encoding"),
    [(b"\xef\xbb\xbf", "utf-8"), (b"# coding: latin-1\n", "latin-1"), (b"# coding: cp1252\n", "cp1252")],
)
def test_bytes_and_encodings_are_kept(run: Run, head: bytes, encoding: str) -> None:
    path = Path("a.py")
    data = head + (HEAD + "x = 'é§'\f\nDateTimeSensor(task_id='ü')  # ß\n").encode(encoding)
    path.write_bytes(data)
    assert run("--add-ignore=until § Airflow 3")[0] == 0
    new = path.read_bytes()
    assert new != data
    comment = "  # dag-advisor: ignore[sync-sensor] until § Airflow 3".encode(encoding)
    assert new.replace(comment, b"") == data


def test_a_reason_that_the_encoding_lacks_is_told(run: Run) -> None:
    Path("a.py").write_bytes(b"# coding: latin-1\n" + (HEAD + "DateTimeSensor(task_id='a')\n").encode())
    code, out, err = run("--add-ignore=日本")
    assert (code, out.count("sync-sensor")) == (1, 1)
    assert "a.py:6: sync-sensor is not suppressed: the file's encoding, iso8859-1, can't hold it" in err


def test_what_a_comment_cannot_silence_stays(run: Run) -> None:
    Path("a.py").write_text("import airflow\nasync def f(:\n")
    Path("b.py").write_text("import airflow  # dag-advisor: ignore[sync-sensor]\n")
    code, out, err = run("--add-ignore=why")
    assert (code, out.count("\n")) == (1, 2)
    assert "unused-suppression is not suppressed: a suppression that does nothing is to be removed" in err
    assert Path("a.py").read_text().endswith("f(:\n")


def test_a_clause_has_a_line_of_its_own(run: Run) -> None:
    path = Path("a.py")
    path.write_text((ROOT / "fixtures" / "trigger_without_event.py").read_text())
    run("--add-ignore=why")
    assert (
        "except Exception:  # finding: trigger-without-event  # dag-advisor: ignore[trigger-without-event] why"
        in (path.read_text())
    )
    assert run()[1] == ""


def test_only_what_is_reported_is_suppressed(run: Run) -> None:
    Path(".git").mkdir()
    Path("a.py").write_text(HEAD + "DateTimeSensor(task_id='a')\n")
    run("--write-baseline")
    Path("a.py").write_text(HEAD + "DateTimeSensor(task_id='a')\nDateTimeSensor(task_id='b')\n")
    run("--add-ignore=why", "--select", "poke-sensor")
    assert "dag-advisor" not in Path("a.py").read_text()
    run("--add-ignore=why")
    text = Path("a.py").read_text()
    assert [line for line in text.splitlines() if "dag-advisor" in line] == [
        "DateTimeSensor(task_id='b')  # dag-advisor: ignore[sync-sensor] why"
    ]
    assert run()[:2] == (0, "")


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "a # b", "\x1b[2J", "dag-advisor: ignore[x] # y"])
def test_a_reason_is_one_line_of_text(run: Run, reason: str) -> None:
    Path("a.py").write_text(HEAD + "DateTimeSensor(task_id='a')\n")
    code, out, err = run(f"--add-ignore={reason}")
    assert (code, out) == (2, "")
    assert err.startswith("error: argument --add-ignore: ")


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_file_that_may_not_be_written_is_2(run: Run) -> None:
    path = Path("a.py")
    path.write_text(HEAD + "DateTimeSensor(task_id='a')\n")
    path.chmod(0o444)
    code, out, err = run("--add-ignore=why")
    assert (code, out.count("sync-sensor"), err.splitlines()[0]) == (
        2,
        1,
        "error: a.py: not written: the file is read-only",
    )


def test_every_fixture_can_be_silenced(run: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "fixtures", tmp_path / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    old = {path: path.read_bytes() for path in (tmp_path / "dags").rglob("*.py")}
    _, out, err = run("--add-ignore=until Airflow 3", "--output-format", "concise")
    told = [line for line in err.splitlines() if "is not suppressed" in line]
    assert [line for line in told if "-suppression" not in line and "unreadable" not in line] == []
    assert [line for line in out.splitlines() if not re.search("unused-suppression|unreadable", line)] == []
    _, out, _ = run("--output-format", "concise")
    assert [line for line in out.splitlines() if not re.search("unused-suppression|unreadable", line)] == []
    changed = 0
    for path, data in old.items():
        new = path.read_bytes()
        changed += new != data
        if new != data and b"until" not in data:
            assert len(new.splitlines()) == len(data.splitlines())
            assert ast.dump(ast.parse(new)) == ast.dump(ast.parse(data))
    assert changed > 10


def test_fix_takes_them_out_once_they_are_not_needed(run: Run) -> None:
    path = Path("a.py")
    text = HEAD + "DateTimeSensor(task_id='a')\n"
    path.write_text(text)
    run("--add-ignore=why")
    mended = path.read_text().replace("import DateTimeSensor", "import DateTimeSensorAsync as DateTimeSensor")
    path.write_text(mended)
    assert main(["fix"]) == 0
    assert path.read_text() == text.replace(
        "import DateTimeSensor", "import DateTimeSensorAsync as DateTimeSensor"
    )
