"""The real command, killed, interrupted, raced and refused by the disk: nothing lost, nothing half-written."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor import cachefolder

DAG = """\
from airflow import DAG
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

with DAG("d{number}"):
    S3KeySensor(task_id="wait", bucket_key="s3://a/{number}", timeout=6 * 60 * 60)
"""
FIXED = DAG.replace("6 * 60 * 60)", "6 * 60 * 60, deferrable=True)")
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("DAG_ADVISOR")}
# Python itself does not notice that the compiled modules it keeps are cut off by a limit of a file's size.
ENVIRONMENT["PYTHONDONTWRITEBYTECODE"] = "1"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "advisor", *arguments]


def run(root: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*arguments), cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=False, **more
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "internal error" not in done.stderr, done.stderr
    return done


def start(root: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments),
        cwd=root,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def tree(root: Path, number: int) -> list[Path]:
    (root / "dags").mkdir(parents=True)
    (root / "dag-advisor.toml").write_text('target-airflow = "3.2"\n')
    paths = [root / f"dags/d{index}.py" for index in range(number)]
    for index, path in enumerate(paths):
        path.write_text(DAG.format(number=index))
    return paths


def state(paths: list[Path]) -> list[str]:
    """Which of the files are old, which new; any other is shown."""
    found = []
    for index, path in enumerate(paths):
        text = path.read_text()
        old, new = text == DAG.format(number=index), text == FIXED.format(number=index)
        found.append("old" if old else "new" if new else text)
    return found


def leftovers(root: Path) -> list[Path]:
    return list(root.rglob(".dag-advisor-*.tmp"))


def killed_until_done(root: Path, paths: list[Path], seed: int, kills: int) -> int:
    """Kill `fix` at random moments while it writes, `kills` times at most, then let it finish; how often it was."""
    chance = random.Random(seed)
    done = 0
    for _ in range(kills):
        before = state(paths).count("new")
        if before == len(paths):
            break
        running = start(root, "fix", "--no-cache", "--unsafe-fixes", "dags")
        while running.poll() is None and not leftovers(root) and state(paths).count("new") == before:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.03)
        running.kill()
        done += running.wait() == -signal.SIGKILL
        running.communicate()
        assert set(state(paths)) <= {"old", "new"}
        # What was left behind is nobody's input.
        assert run(root, "check", "--no-cache", "--output-format", "concise", "dags").stdout.count(
            "missing-deferrable"
        ) == state(paths).count("old")
        if left := leftovers(root):
            assert all(path.name.startswith(".") for path in left)
            assert run(root, "clean").stdout.count("(left by a run that was killed)") == len(left)
            assert not leftovers(root)
    assert run(root, "fix", "--no-cache", "--unsafe-fixes", "dags").returncode == 0
    assert state(paths) == ["new"] * len(paths)
    assert not leftovers(root)
    return done


def test_fix_killed_while_it_writes(tmp_path: Path) -> None:
    assert killed_until_done(tmp_path, tree(tmp_path, 12), seed=1, kills=2)


def test_clean_removes_what_a_killed_run_left_and_nothing_else(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    ours = f".dag-advisor-{gone.pid}-0123456789ab.tmp"
    project = tmp_path / "project"
    for folder in ("dags/deep", "vendor", ".venv", "ignored", "../elsewhere"):
        (project / folder).mkdir(parents=True)
        (project / folder / ours).write_text("half")
    (project / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (project / ".gitignore").write_text("*.tmp\nignored/\n")
    (project / "dag-advisor.toml").write_text('exclude = ["vendor"]\n')
    kept = [
        project / "dags" / f".dag-advisor-{os.getpid()}-0123456789ab.tmp",  # a process that may be at it
        project / "dags" / f".dag-advisor-{gone.pid}-0123456789AB.tmp",
        project / "dags" / f".dag-advisor-{gone.pid}-0123456789ab.tmp.py",
        project / "dags" / "dag-advisor-1-0123456789ab.tmp",
    ]
    for path in kept:
        path.write_text("mine")
    (project / "dags" / ".dag-advisor-1-ba9876543210.tmp").mkdir()
    (project / "dags" / f".dag-advisor-{gone.pid}-aaaaaaaaaaaa.tmp").symlink_to(kept[-1])
    old = project / "dags" / f".dag-advisor-{os.getpid()}-bbbbbbbbbbbb.tmp"
    old.write_text("half")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    before = set(tmp_path.rglob("*"))
    done = run(project, "clean")
    assert (done.returncode, done.stderr) == (0, "")
    names = [f"dags/{old.name}", f"dags/deep/{ours}"]
    assert done.stdout.splitlines() == [f"removed {name} (left by a run that was killed)" for name in names]
    assert before - set(tmp_path.rglob("*")) == {project / name for name in names}
    assert run(project, "clean").stdout.startswith("nothing to remove: ")
    assert (
        run(project, "clean", "ignored").stdout == f"removed ignored/{ours} (left by a run that was killed)\n"
    )


def test_two_fixes_at_once(tmp_path: Path) -> None:
    paths = tree(tmp_path, 6)
    runs = [start(tmp_path, "fix", "--unsafe-fixes", "dags") for _ in range(2)]
    for one in runs:
        _, said = one.communicate()
        assert one.returncode == (2 if "changed by someone else" in said else 0), said
        assert "Traceback" not in said
    assert state(paths) == ["new"] * 6
    assert not leftovers(tmp_path)


def full_disk() -> None:
    """Files of more than 100 bytes can't be written: the same error in the same call as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def test_full_disk(tmp_path: Path) -> None:
    paths = tree(tmp_path, 2)
    done = run(tmp_path, "fix", "--unsafe-fixes", "dags", preexec_fn=full_disk)
    assert done.returncode == 2
    assert done.stderr.count("not written: ") == 2
    assert state(paths) == ["old", "old"]
    assert not leftovers(tmp_path)
    for more in (["check", "--add-ignore=later", "dags"], ["check", "--write-baseline", "dags"]):
        done = run(tmp_path, *more, preexec_fn=full_disk)
        assert done.returncode == 2, done.stderr
        assert "file too large" in done.stderr
        assert state(paths) == ["old", "old"]
        assert not leftovers(tmp_path)
    assert not (tmp_path / "dag-advisor-baseline.json").exists()


@pytest.mark.parametrize("form", ["full", "json"])
def test_report_on_a_full_disk(tmp_path: Path, form: str) -> None:
    tree(tmp_path, 1)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("check", "--output-format", form, "dags"),
            cwd=tmp_path, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "error: no space left on device\n"
    done = run(tmp_path, "check", "--output-format", form, "--output-file", "/dev/full", "dags")
    assert (done.returncode, "no space left on device" in done.stderr) == (2, True)


def test_no_room_for_the_cache(tmp_path: Path) -> None:
    tree(tmp_path, 60)
    first = run(tmp_path, "check", "--no-cache")
    assert run(tmp_path, "check", preexec_fn=full_disk).stdout == first.stdout
    assert not [path for path in (tmp_path / cachefolder.NAME).rglob("*") if path.suffix in (".tmp", ".json")]
    assert run(tmp_path, "check").stdout == first.stdout


def test_read_only(tmp_path: Path) -> None:
    paths = tree(tmp_path, 3)
    paths[0].chmod(0o444)
    done = run(tmp_path, "fix", "--unsafe-fixes", "dags")
    assert done.returncode == 2
    assert done.stderr.count("not written") == 1
    assert "dags/d0.py: not written: the file is read-only" in done.stderr
    assert state(paths) == ["old", "new", "new"]


def test_links_out_of_the_tree(tmp_path: Path) -> None:
    [path] = tree(tmp_path / "in", 1)
    [outside] = tree(tmp_path / "out", 1)
    link = path.with_name("link.py")
    link.symlink_to(outside)
    (path.parent / "folder").symlink_to(outside.parent)
    assert run(tmp_path / "in", "fix", "--unsafe-fixes", "dags").returncode == 0
    assert (state([path]), state([outside])) == (["new"], ["old"])
    # A link that was named is followed, and stays one.
    assert run(tmp_path / "in", "fix", "--unsafe-fixes", "dags/link.py").returncode == 0
    assert state([outside]) == ["new"]
    assert link.is_symlink()


def children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def alive(pids: list[int]) -> list[int]:
    """Those that still run; what waits to be buried does not."""
    left = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            left.append(pid)
    return left


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], list[int]]]]:
    """A check that has started its processes, and their ids."""
    tree(tmp_path, 1)
    body = "".join(f"    S3KeySensor(task_id='t{i}', bucket_key='a', timeout={i} * 60)\n" for i in range(400))
    for number in range(80):
        (tmp_path / f"dags/big{number}.py").write_text(DAG.format(number=number) + body)
    started: list[subprocess.Popen[str]] = []

    def begin() -> tuple[subprocess.Popen[str], list[int]]:
        # To a file: a pipe that nobody reads yet would hold up a run that is through already.
        running = start(tmp_path, "check", "--jobs", "2", "--no-cache", "--output-file", "out.txt", "dags")
        started.append(running)
        end = time.monotonic() + 60
        while running.poll() is None and len(children(running.pid)) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        return running, children(running.pid)

    yield begin
    for one in started:
        one.kill()
        one.communicate()


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@linux
def test_interrupted_while_processes_work(
    busy: Callable[[], tuple[subprocess.Popen[str], list[int]]],
) -> None:
    running, workers = busy()
    assert workers
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    out, said = running.communicate(timeout=20)
    assert (running.returncode, out, said) == (130, "", "")
    assert not alive(workers)


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_while_processes_work(
    busy: Callable[[], tuple[subprocess.Popen[str], list[int]]], number: signal.Signals
) -> None:
    running, workers = busy()
    assert workers
    running.send_signal(number)
    running.wait(timeout=20)
    end = time.monotonic() + 20
    while alive(workers) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(workers)


def test_cache_killed_while_it_is_written(tmp_path: Path) -> None:
    tree(tmp_path, 60)
    first = run(tmp_path, "check", "--no-cache").stdout
    for turn in range(2):
        running = start(tmp_path, "check")
        while running.poll() is None and not (tmp_path / cachefolder.NAME).exists():
            time.sleep(0.001)
        time.sleep(0.001 * turn)
        running.kill()
        running.communicate()
        assert run(tmp_path, "check").stdout == first
        run(tmp_path, "clean")
