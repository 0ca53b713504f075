"""`check --watch` as people use it: the real command, files that change under it, Ctrl-C."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import Terminal

DAG = """\
from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor
from airflow.sdk import DAG

with DAG("load"):
    GCSObjectExistenceSensor(task_id="one", bucket="b", object="1.csv")
"""
MENDED = DAG.replace('csv")', 'csv", deferrable=True)')
WATCHING = "Watching "
SECONDS = 60.0


class Watch:
    """A watching command whose output, both streams, is read line by line."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "advisor", "check", "--watch", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def run(self) -> str:
        """What the next run says, to the line that it ends with."""
        found: list[str] = []
        end = time.monotonic() + SECONDS
        while not (found and found[-1].startswith(WATCHING)):
            try:
                found.append(self.lines.get(timeout=max(end - time.monotonic(), 0.01)))
            except queue.Empty:
                raise AssertionError(f"no run came to its end: {found}") from None
        return "".join(found)

    def silent(self, seconds: float) -> bool:
        time.sleep(seconds)
        return self.lines.empty()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SECONDS)


Open = Callable[..., Watch]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Open]:
    opened: list[Watch] = []

    def on(*arguments: str) -> Watch:
        opened.append(Watch(tmp_path, *arguments))
        return opened[-1]

    yield on
    for one in opened:
        one.close()


def test_it_checks_again_when_files_change_come_go_and_get_new_names(watch: Open, tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    one, two = tmp_path / "dags" / "one.py", tmp_path / "dags" / "deep" / "er" / "two.py"
    one.write_text(DAG)
    watching = watch()
    first = watching.run()
    assert "dags/one.py:5:5: missing-deferrable" in first
    assert first.endswith("Watching 1 Python file; Ctrl-C ends.\n")
    assert "changed:" not in first
    one.write_text(MENDED)
    again = watching.run()
    assert "changed: dags/one.py\n" in again
    assert "missing-deferrable" not in again
    two.parent.mkdir(parents=True)
    two.write_text(DAG)
    new = watching.run()
    assert "changed: dags/deep/er/two.py\n" in new
    assert "dags/deep/er/two.py:5:5: missing-deferrable" in new
    two.rename(tmp_path / "dags" / "three.py")
    renamed = watching.run()
    assert "dags/three.py:5:5: missing-deferrable" in renamed
    assert "two.py:5:5" not in renamed
    temporary = tmp_path / "dags" / ".three.tmp"
    temporary.write_text(MENDED)
    temporary.replace(tmp_path / "dags" / "three.py")  # as editors save
    assert "missing-deferrable" not in watching.run()
    (tmp_path / "dags" / "three.py").unlink()
    assert "Watching 1 Python file;" in watching.run()
    assert watching.stop() == 0


def test_only_changes_make_it_check_again(watch: Open, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    (tmp_path / "pyproject.toml").write_text("")
    watching = watch()
    watching.run()
    (tmp_path / "notes.md").write_text("x")
    (tmp_path / "data").mkdir()
    (tmp_path / ".venv" / "lib").mkdir(parents=True)
    (tmp_path / ".venv" / "lib" / "x.py").write_text(DAG)
    assert watching.silent(3)
    assert watching.stop() == 0


def test_configuration_requirements_and_gitignore_count(watch: Open, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    watching = watch()
    assert "missing-deferrable" in watching.run()
    config = tmp_path / "dag-advisor.toml"
    config.write_text('ignore = ["missing-deferrable"]\n')
    assert "missing-deferrable" not in watching.run()
    config.write_text("ignoer = []\n")
    wrong = watching.run()
    assert "error: dag-advisor.toml: unknown key `ignoer`; did you mean `ignore`?" in wrong
    config.unlink()
    assert "missing-deferrable" in watching.run()
    (tmp_path / "requirements.txt").write_text("apache-airflow==2.1.0\n")
    told = watching.run()
    assert "changed: requirements.txt" in told
    assert "missing-deferrable" not in told
    (tmp_path / "requirements.txt").write_text("apache-airflow==2.10.0\n")
    assert "missing-deferrable" in watching.run()
    (tmp_path / ".gitignore").write_text("dag.py\n")
    assert "no Python files found" in watching.run()
    assert watching.stop() == 0


def test_a_file_elsewhere_in_the_project_counts_for_those_that_import_it(watch: Open, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "common.py").write_text("WAIT = 30\n")
    (tmp_path / "dags").mkdir()
    text = DAG.replace("from airflow.sdk", "from common import WAIT\nfrom airflow.sdk")
    (tmp_path / "dags" / "dag.py").write_text(text.replace('csv"', 'csv", timeout=WAIT'))
    watching = watch("dags")
    assert "missing-deferrable" not in watching.run()
    (tmp_path / "common.py").write_text("WAIT = 7200\n")
    told = watching.run()
    assert "changed: common.py\n" in told
    assert "up to 2 h" in told
    assert watching.stop() == 0


def test_one_file_by_name_may_go_and_come_back(watch: Open, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    dag = tmp_path / "dag.py"
    dag.write_text(DAG)
    watching = watch("dag.py")
    assert "missing-deferrable" in watching.run()
    dag.unlink()
    assert "error: dag.py: the path does not exist" in watching.run()
    dag.write_text("import airflow\nasync def f(:\n")
    assert "unreadable-file" in watching.run()
    assert watching.stop() == 0


def test_on_a_terminal_each_run_has_a_page_of_its_own_and_ctrl_c_ends(tmp_path: Path) -> None:
    dag = tmp_path / "dag.py"
    dag.write_text(DAG)
    screen = Terminal(tmp_path, "check", "--watch")
    try:
        first = screen.until(WATCHING)
        assert "\x1b" not in first
        assert "GCSObjectExistenceSensor(" in first
        dag.write_text(MENDED)
        page = screen.until(WATCHING)
        _, clear, rest = page.partition("\x1b[2J\x1b[3J\x1b[H")
        assert clear
        assert "changed: dag.py" in rest
        assert WATCHING in rest
        end = screen.interrupt()
        assert "Traceback" not in end
        assert screen.process.returncode == 0
    finally:
        screen.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-"], "standard input can't be watched"),
        (["--output-format", "json"], "speaks to people"),
        (["--output-file", "x"], "`--watch` and `--output-file`"),
        (["--write-baseline"], "`--watch` and `--write-baseline`"),
        (["--add-ignore=later"], "`--watch` and `--add-ignore`"),
        (["nowhere"], "the path does not exist"),
    ],
)
def test_what_can_not_be_watched_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    command = [sys.executable, "-m", "advisor", "check", "--watch", *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, input="", capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 2
    assert message in done.stderr
