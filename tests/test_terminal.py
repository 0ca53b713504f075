"""What a terminal gets: colors, progress and nothing that steers it; and what a pipe and a CI log get instead."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

WAITING = """\
from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensor

with DAG("sales"):
    DateTimeSensor(task_id="wait", target_time="2030-01-01")
"""
# The real command, with a progress bar that does not wait for a second.
HASTY = (
    "import advisor.progress as p, sys; p._PATIENCE = p._EVERY = 0.0\n"
    "from advisor.cli import main; sys.exit(main())"
)
PAINT = "\x1b["


class Seen(NamedTuple):
    """What came out of a run, and where."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text(WAITING)
    return tmp_path


def run(
    folder: Path, *arguments: str, out: str = "tty", err: str = "tty", hasty: str = "", **environment: str
) -> Seen:
    """Run the command with stdout and stderr each on a pseudo-terminal of its own ("tty") or in a pipe."""
    cleared = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CI", "TERM")
    env = {
        key: value for key, value in os.environ.items() if key not in cleared and not key.startswith("GITHUB")
    }
    ends: list[int] = []
    pairs = [pty.openpty() if kind == "tty" else os.pipe() for kind in (out, err)]
    command = [sys.executable, "-c", HASTY] if hasty else [sys.executable, "-m", "advisor"]
    with subprocess.Popen(
        [*command, *arguments],
        cwd=folder,
        stdout=pairs[0][1],
        stderr=pairs[1][1],
        stdin=subprocess.DEVNULL,
        env=env | {"TERM": "xterm-256color", "COLUMNS": "100"} | environment,
    ) as process:
        for parent, child in pairs:
            os.close(child)
            ends.append(parent)
        texts = [b"", b""]
        open_ends = {ends[0]: 0, ends[1]: 1}
        import select

        while open_ends:
            for end in select.select(list(open_ends), [], [], 60)[0]:
                try:
                    piece = os.read(end, 65536)
                except OSError:  # how Linux says that the other side of a terminal is closed
                    piece = b""
                if piece:
                    texts[open_ends[end]] += piece
                else:
                    del open_ends[end]
                    os.close(end)
    return Seen(process.returncode, *(text.decode().replace("\r\n", "\n") for text in texts))


@pytest.mark.parametrize("command", [("check",), ("fix", "--diff"), ("check", "--statistics")])
@pytest.mark.parametrize(
    ("out", "arguments", "environment", "painted"),
    [
        ("tty", (), {}, True),
        ("tty", ("--color", "never"), {}, False),
        ("tty", (), {"NO_COLOR": "1"}, False),
        ("tty", (), {"NO_COLOR": ""}, True),
        ("tty", (), {"TERM": "dumb"}, False),
        ("tty", ("--color", "always"), {"NO_COLOR": "1"}, True),
        ("pipe", (), {}, False),
    ],
)
def test_color(
    folder: Path,
    command: tuple[str, ...],
    out: str,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    painted: bool,
) -> None:
    seen = run(folder, *command, *arguments, out=out, **environment)
    assert seen.code == 1
    assert (PAINT in seen.out) == painted
    plain = re.sub(r"\x1b\[[0-9;]*m", "", seen.out)
    assert PAINT not in plain
    if "--diff" in command:
        assert "+from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync as" in plain
        assert "Would mend 1 finding in 1 file" in re.sub(r"\x1b\[[0-9;]*m", "", seen.err)
    else:
        assert "sync-sensor" in plain


def test_color_in_a_pipe(folder: Path) -> None:
    full = ("check", "--output-format", "full")
    assert PAINT in run(folder, *full, "--color", "always", out="pipe", err="pipe").out
    assert PAINT in run(folder, *full, out="pipe", err="pipe", FORCE_COLOR="1").out
    assert PAINT not in run(folder, *full, "--color=never", out="pipe", err="pipe", FORCE_COLOR="1").out
    for name in ("json", "sarif", "gitlab", "junit", "github", "concise"):
        seen = run(folder, "check", "--output-format", name, "--color", "always")
        assert PAINT not in seen.out, name
    seen = run(folder, "check", "--output-file", "out.txt", "--output-format", "full")
    assert PAINT not in (folder / "out.txt").read_text()
    diff = run(folder, "fix", "--diff", "--color", "always", out="pipe").out
    assert PAINT not in diff  # `patch` reads it


def test_quiet(folder: Path) -> None:
    loud = run(folder, "check", "--color", "never")
    quiet = run(folder, "check", "--color", "never", "--quiet")
    assert "Target: Airflow" in loud.out
    assert "Next: " in loud.out
    assert loud.out.startswith(quiet.out.rstrip("\n"))
    assert "Target:" not in quiet.out
    assert (quiet.code, quiet.err) == (1, "")
    assert run(folder, "check", "-q", "--select", "poke-sensor") == (0, "", "")
    assert run(folder, "fix", "-q")[1:] == ("", "")


@pytest.fixture
def many(folder: Path) -> Path:
    for number in range(200):
        (folder / f"f{number}.py").write_text("import airflow\n")
    return folder


def test_progress_is_drawn_on_a_terminal_and_taken_away(many: Path) -> None:
    seen = run(many, "check", "--no-cache", out="pipe", hasty="yes")
    assert "Reading files" in seen.err
    assert re.search(r"\d+/201", seen.err)
    assert seen.out.count("\n") == 1
    assert seen.err.rstrip("\n").endswith("\x1b[2K") or seen.err.rstrip().endswith("\x1b[2K")
    plain = run(many, "check", "--no-cache", "--color", "never", hasty="yes")
    assert not re.search(r"\x1b\[[0-9;]*m", plain.err.replace("\x1b[0m", ""))


@pytest.mark.parametrize(
    ("arguments", "err", "environment"),
    [
        ((), "pipe", {}),
        (("--quiet",), "tty", {}),
        ((), "tty", {"CI": "true"}),
        ((), "tty", {"TERM": "dumb"}),
        (("a.py",), "tty", {}),
    ],
)
def test_progress_is_not_drawn(
    many: Path, arguments: tuple[str, ...], err: str, environment: dict[str, str]
) -> None:
    seen = run(many, "check", "--no-cache", *arguments, err=err, hasty="yes", **environment)
    assert (seen.code, seen.err) == (1, "")


def test_a_short_run_has_no_progress(many: Path) -> None:
    (many / "f1.py").write_text("import airflow")
    assert run(many, "check", "a.py", "f1.py", "f2.py").err == ""


def test_a_diff_on_a_terminal_holds_nothing_that_steers_it(folder: Path) -> None:
    odd = "x = '\x1b[2J\x9b31m'  # \u202e\n"
    (folder / "a.py").write_text(WAITING.replace("\nwith", odd + "\nwith"))
    shown = run(folder, "fix", "--diff", "--color", "never").out
    assert "\\x1b[2J\\x9b31m" in shown
    assert not re.search("[\x1b\x9b\u202e]", shown)
    piped = run(folder, "fix", "--diff", out="pipe").out
    assert "\x1b[2J\x9b31m" in piped


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fix", "--add-ignore=x"), "unknown option `--add-ignore`; it is an option of `dag-advisor check`"),
        (("fix", "--diff-base", "main"), "it is an option of `dag-advisor check`"),
        (("check", "--interactive"), "it is an option of `dag-advisor fix`"),
        (("check", "--add-ingore=x"), "did you mean `--add-ignore`?"),
        (("check", "--basline"), "did you mean `--write-baseline`?"),
        (("explain", "mising-deferrable"), "did you mean `missing-deferrable`?"),
        (("check", "--ignore", "asnyc-tasks"), "did you mean `async-tasks`?"),
    ],
)
def test_did_you_mean(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    seen = run(folder, *arguments)
    assert (seen.code, seen.out) == (2, "")
    assert told in seen.err


@pytest.mark.parametrize(
    ("configuration", "told"),
    [
        ("select = ['sync-sensr']", "there is no rule or group `sync-sensr`; did you mean `sync-sensor`?"),
        (
            "[per-file-ignores]\n'*.py' = ['sync-sensr']",
            "did you mean `sync-sensor`? (named in dag-advisor.toml)",
        ),
        ("[rules.sync-sensr]\nx = 1", "did you mean `sync-sensor`?"),
        ("[rules.missing-deferrable]\nshort-wat = 1", "did you mean `short-wait`?"),
        ("basline = 'x'", "unknown key `basline`; did you mean `baseline`?"),
        ("target_airflow = '3'", "did you mean `target-airflow`?"),
    ],
)
def test_did_you_mean_in_the_configuration(folder: Path, configuration: str, told: str) -> None:
    (folder / "dag-advisor.toml").write_text(configuration)
    seen = run(folder, "check")
    assert (seen.code, seen.out) == (2, "")
    assert told in seen.err
