"""Measures dag-advisor beside other linters over one tree, cold, warm and in parts: `compare.py FOLDER`.

Each line gives seconds by the clock, seconds of CPU time of all processes, and the most memory of one process. What is
not installed is left out: `pip install ruff flake8-async flake8 pylint fixit`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = Path(sys.executable).parent
ADVISOR = (
    sys.executable,
    "-m",
    "advisor.cli",
    "check",
    "--isolated",
    "--exit-zero",
    "--output-format",
    "json",
)
RUFF = (
    shutil.which("ruff") or "ruff",
    "check",
    "--select",
    "AIR,ASYNC",
    "--preview",
    "--isolated",
    "--exit-zero",
    "--quiet",
)
PYLINT = (str(SCRIPTS / "pylint"), "--disable=all", "--enable=E,W", "--score=n", "--jobs=2")
FLAKE8 = (str(SCRIPTS / "flake8"), "--isolated", "--select=ASYNC", "--exit-zero", "--jobs=2")
FIXIT = (str(SCRIPTS / "fixit"), "--quiet", "lint")
_SAMPLE = 150  # files that the slow ones get


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(
            options.folder, tree, symlinks=True, ignore=shutil.ignore_patterns(".git", ".*_cache")
        )
        files = sorted(path for path in tree.rglob("*.py") if path.is_file() and not path.is_symlink())
        print(f"{len(files)} Python files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB")
        print(f"{'':46}  clock s    CPU s   MB a process")
        turns = options.turns
        show("dag-advisor, all rules, cold", [*ADVISOR, "--no-cache", str(tree)], turns)
        show(
            "dag-advisor, all rules, cold, one process",
            [*ADVISOR, "--no-cache", "--jobs", "1", str(tree)],
            turns,
        )
        show("ruff AIR,ASYNC, cold", [*RUFF, "--no-cache", str(tree)], turns)
        cached: tuple[tuple[str, tuple[str, ...]], ...] = (("dag-advisor", ADVISOR), ("ruff", RUFF))
        for name, command in cached:
            if not Path(command[0]).exists():
                continue
            run([*command, str(tree)], tree)  # fills the cache
            time.sleep(2.1)
            run([*command, str(tree)], tree)
            show(f"{name}, warm", [*command, str(tree)], turns, tree)
        for part in (10, 30, 100):
            chosen = random.Random(part).sample(files, len(files) * part // 100)
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                for path in chosen:
                    target = Path(folder) / path.relative_to(tree)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
                show(
                    f"dag-advisor, cold, one process, {part} %",
                    [*ADVISOR, "--no-cache", "--jobs", "1", folder],
                    1,
                )
        one = HERE.parent / "fixtures" / "missing_deferrable.py"
        show("dag-advisor, one file", [*ADVISOR, str(one)], 3 * turns)
        show("python -c pass", [sys.executable, "-c", "pass"], 3 * turns)
        airflow = [path for path in files if b"airflow" in path.read_bytes()]
        sample = sorted(map(str, random.Random(1).sample(airflow, min(_SAMPLE, len(airflow)))))
        print(f"a sample of {len(sample)} files that name Airflow:")
        others: tuple[tuple[str, tuple[str, ...]], ...] = (
            ("dag-advisor", (*ADVISOR, "--no-cache")),
            ("ruff AIR,ASYNC", (*RUFF, "--no-cache")),
            ("flake8-async", FLAKE8),
            ("pylint, errors and warnings", PYLINT),
            ("Fixit", FIXIT),
        )
        for name, command in others:
            show(name, [*command, *sample], 1)


def show(name: str, command: Sequence[str], turns: int, folder: Path | None = None) -> None:
    """Print the best of several turns; a tool that is not there is said so."""
    if not Path(command[0]).exists():
        print(f"{name:46}  not installed")
        return
    clock, cpu, memory = min(run(command, folder) for _ in range(turns))
    print(f"{name:46} {clock:8.2f} {cpu:8.2f} {memory:8.0f}")


def run(command: Sequence[str], folder: Path | None = None) -> tuple[float, float, float]:
    """Seconds by the clock and of CPU, and the most megabytes of one process, of one run; its output is not kept."""
    # Users have bytecode caches; a machine that forbids them would measure the compiler.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    started, before = time.perf_counter(), os.times()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=environment
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    spent, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    peak = max(usage.ru_maxrss, 0) / (1 if sys.platform == "darwin" else 1024)
    return spent, cpu, peak


if __name__ == "__main__":
    main()
