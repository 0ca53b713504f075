"""`fix --interactive` as people use it: the real command on a pseudo-terminal, answered key by key."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import Terminal

HEAD = """\
from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import DAG

with DAG("load"):
"""
ONE = '    GCSObjectExistenceSensor(task_id="one", bucket="b", object="1.csv")\n'
TWO = ONE.replace("one", "two")
THREE = ONE.replace("one", "three")
FILE = '    FileSensor(task_id="file", filepath="x.csv")\n'
PROMPT = "Make this fix [y,n,a,q,?]? "


def mended(text: str) -> str:
    return text.replace(")\n", ", deferrable=True)\n")


Open = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def on(*arguments: str) -> Terminal:
        opened.append(Terminal(tmp_path, *arguments))
        return opened[-1]

    yield on
    for one in opened:
        one.close()


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_each_fix_is_shown_and_only_what_is_wanted_is_made(terminal: Open, tmp_path: Path) -> None:
    dag = write(tmp_path, "dag.py", HEAD + ONE + TWO + THREE)
    screen = terminal("fix", "--interactive", "--isolated", "dag.py")
    first = screen.until(PROMPT)
    assert "dag.py:6:5  warning  missing-deferrable" in first
    assert "it can wait in the triggerer instead" in first
    assert "safe fix: add `deferrable=True`" in first
    assert "-" + ONE in first
    assert "+" + mended(ONE) in first
    assert dag.read_text() == HEAD + ONE + TWO + THREE
    screen.type("y\n")
    second = screen.until(PROMPT)
    assert "+" + mended(TWO) in second
    assert "-" + ONE not in second
    assert dag.read_text() == HEAD + mended(ONE) + TWO + THREE  # written at once
    screen.type("n\n")
    assert "+" + mended(THREE) in screen.until(PROMPT)
    screen.type("YES\n")
    end = screen.rest()
    assert dag.read_text() == HEAD + mended(ONE) + TWO + mended(THREE)
    assert "dag.py: fixed 2 × missing-deferrable" in end
    assert "left: declined" in end
    assert "Mended 2 findings in 1 file; 1 finding left in 1 of 1 file." in end
    assert screen.process.returncode == 0


def test_all_makes_the_rest_in_every_file_but_not_what_was_declined(terminal: Open, tmp_path: Path) -> None:
    one = write(tmp_path, "one.py", HEAD + ONE + TWO + THREE)
    other = write(tmp_path, "two.py", HEAD + ONE)
    screen = terminal("fix", "-i", "--isolated")
    screen.until(PROMPT)
    screen.type("n\n")
    screen.until(PROMPT)
    screen.type("a\n")
    end = screen.rest()
    assert PROMPT not in end
    assert one.read_text() == HEAD + ONE + mended(TWO) + mended(THREE)
    assert other.read_text() == HEAD + mended(ONE)


@pytest.mark.parametrize("answer", ["q\n", "\x04"], ids=["q", "end of the input"])
def test_quit_leaves_the_rest(terminal: Open, tmp_path: Path, answer: str) -> None:
    one = write(tmp_path, "one.py", HEAD + ONE + TWO)
    other = write(tmp_path, "two.py", HEAD + ONE)
    screen = terminal("fix", "-i", "--isolated", "--strict")
    screen.until(PROMPT)
    screen.type("y\n")
    screen.until(PROMPT)
    screen.type(answer)
    end = screen.rest()
    assert PROMPT not in end
    assert one.read_text() == HEAD + mended(ONE) + TWO
    assert other.read_text() == HEAD + ONE
    assert end.count("left: not asked about") == 2
    assert screen.process.returncode == 1  # --strict counts what is left


def test_help_and_nonsense_change_nothing(terminal: Open, tmp_path: Path) -> None:
    dag = write(tmp_path, "dag.py", HEAD + ONE)
    screen = terminal("fix", "-i", "--isolated", "dag.py")
    screen.until(PROMPT)
    for answer in ("?\n", "\n", "maybe\n", "\x1b[A\xff\n"):
        screen.type(answer)
        assert "y  make this fix" in screen.until(PROMPT)
    assert dag.read_text() == HEAD + ONE
    screen.type("q\n")
    screen.rest()


def test_unsafe_fixes_are_asked_about_only_on_demand_and_say_what_may_change(
    terminal: Open, tmp_path: Path
) -> None:
    dag = write(tmp_path, "dag.py", HEAD + FILE)
    screen = terminal("fix", "-i", "--isolated", "dag.py")
    end = screen.rest()
    assert PROMPT not in end
    assert "unsafe, needs --unsafe-fixes" in end
    screen = terminal("fix", "-i", "--isolated", "--unsafe-fixes", "dag.py")
    shown = screen.until(PROMPT)
    assert "unsafe fix: add `deferrable=True`" in shown
    assert "may change: once deferred, the triggerer's file system is looked at" in shown
    screen.type("y\n")
    screen.rest()
    assert dag.read_text() == HEAD + mended(FILE)


def test_fixes_that_belong_together_are_asked_about_once(terminal: Open, tmp_path: Path) -> None:
    text = HEAD.replace("filesystem import FileSensor", "date_time import DateTimeSensor")
    call = '    DateTimeSensor(task_id="{}", target_time="2030-01-01")\n'
    dag = write(tmp_path, "dag.py", text + call.format("a") + call.format("b"))
    screen = terminal("fix", "-i", "--isolated", "dag.py")
    shown = screen.until(PROMPT)
    assert shown.count("sync-sensor") == 2
    screen.type("y\n")
    assert PROMPT not in screen.rest()
    assert "import DateTimeSensorAsync as DateTimeSensor" in dag.read_text()


def test_ctrl_c_keeps_what_was_made_and_ends_at_once(terminal: Open, tmp_path: Path) -> None:
    dag = write(tmp_path, "dag.py", HEAD + ONE + TWO)
    screen = terminal("fix", "-i", "--isolated", "dag.py")
    screen.until(PROMPT)
    screen.type("y\n")
    screen.until(PROMPT)
    end = screen.interrupt()
    assert "Traceback" not in end
    assert screen.process.returncode == 130
    assert dag.read_text() == HEAD + mended(ONE) + TWO
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".py" and not path.is_dir()] == []


def test_a_file_that_somebody_else_changed_is_not_overwritten(terminal: Open, tmp_path: Path) -> None:
    dag = write(tmp_path, "dag.py", HEAD + ONE + TWO)
    other = write(tmp_path, "other.py", HEAD + ONE)
    screen = terminal("fix", "-i", "--isolated")
    screen.until(PROMPT)
    screen.type("y\n")
    screen.until(PROMPT)
    theirs = dag.read_text() + "# theirs\n"
    dag.write_text(theirs)
    screen.type("y\n")
    told = screen.until(PROMPT)
    assert "other.py" in told
    assert "error: dag.py: not written: the file was changed by someone else in the meantime" in told
    screen.type("y\n")
    end = screen.rest()
    assert dag.read_text() == theirs
    assert other.read_text() == HEAD + mended(ONE)
    assert "dag.py: fixed 1 × missing-deferrable" in end
    assert screen.process.returncode == 2


def test_line_ends_and_the_byte_order_mark_stay(terminal: Open, tmp_path: Path) -> None:
    text = "\ufeff" + (HEAD + ONE + TWO).replace("\n", "\r\n")
    dag = write(tmp_path, "dag.py", text)
    screen = terminal("fix", "-i", "--isolated", "dag.py")
    assert "\\x0d" not in screen.until(PROMPT)
    screen.type("n\n")
    screen.until(PROMPT)
    screen.type("y\n")
    screen.rest()
    expected = "\ufeff" + (HEAD + ONE + mended(TWO)).replace("\n", "\r\n")
    assert dag.read_bytes() == expected.encode()


def test_nothing_of_a_file_steers_the_terminal(terminal: Open, tmp_path: Path) -> None:
    write(tmp_path, "dag.py", HEAD + ONE.replace("1.csv", "\x1b]0;x\x07\u202e.csv"))
    screen = terminal("fix", "-i", "--isolated", "dag.py")
    shown = screen.until(PROMPT)
    assert not re.search("[\x1b\x07\u202e]", shown)
    assert "\\x1b]0;x" in shown
    screen.type("q\n")
    screen.rest()


def test_nothing_to_mend_asks_nothing(terminal: Open, tmp_path: Path) -> None:
    write(tmp_path, "dag.py", HEAD + mended(ONE))
    end = terminal("fix", "-i", "--isolated", "dag.py").rest()
    assert "Nothing to mend" in end


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-i"], "asks on a terminal"),
        (["-i", "--diff"], "`--interactive` and `--diff`"),
        (["-i", "-"], "reads the answers from standard input"),
        (["-i", "--output-format", "json"], "speaks to people"),
    ],
)
def test_where_nobody_can_answer_it_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    dag = write(tmp_path, "dag.py", HEAD + ONE)
    command = [sys.executable, "-m", "advisor", "fix", *arguments]
    done = subprocess.run(command, cwd=tmp_path, input="y\n", capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert dag.read_text() == HEAD + ONE


def test_killed_at_any_moment_the_file_is_whole(terminal: Open, tmp_path: Path) -> None:
    for delay in (0.0, 0.002, 0.005, 0.01):
        dag = write(tmp_path, "dag.py", HEAD + ONE + TWO)
        screen = terminal("fix", "-i", "--isolated", "dag.py")
        screen.until(PROMPT)
        screen.type("a\n")
        time.sleep(delay)
        screen.process.send_signal(signal.SIGKILL)
        screen.rest()
        assert dag.read_text() in (
            HEAD + ONE + TWO,
            HEAD + mended(ONE) + TWO,
            HEAD + mended(ONE) + mended(TWO),
        )
