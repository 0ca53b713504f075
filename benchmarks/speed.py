"""Measures `check` against a bare ast-grep parse of the same files, ruff, and Python's start: `speed.py FOLDER`.

Ratios within one run are what counts; seconds depend on the machine. Each figure is the best of several turns.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ast_grep_py import SgRoot

from advisor import engine, runner, syntax
from advisor.config import Settings
from advisor.decoding import Unreadable, decode
from advisor.project import Project
from advisor.rule import Rule
from advisor.target import detect

HERE = Path(__file__).parent
# The seven rules for which the target of 1.6 times a bare parse was set, and the two of the tool itself.
FIRST_RELEASE = frozenset(
    {
        "missing-deferrable",
        "sync-sensor",
        "legacy-async-class",
        "short-deferral",
        "repeated-deferral",
        "long-wait-in-async-task",
        "single-request-async-task",
        "unused-suppression",
        "unreadable-file",
    }
)


def best(turns: int, work: Callable[[], object]) -> float:
    """The shortest of several runs, in seconds: of CPU time, or of the clock where others do the work."""
    times = []
    for _ in range(turns):
        started, cpu = time.perf_counter(), time.process_time()
        work()
        spent, busy = time.perf_counter() - started, time.process_time() - cpu
        times.append(busy if busy > spent / 3 else spent)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    files = {str(path): path.read_bytes() for path in sorted(options.folder.rglob("*.py")) if path.is_file()}
    settings = Settings(root=options.folder)
    context = engine.prepare(settings, detect(options.folder, settings, None, False))
    trees, checked_only, modules = _parsed(files, context)
    texts = []
    for path in trees | checked_only:
        with contextlib.suppress(Unreadable):
            texts.append(decode(files[path]).text)
    texts += sorted(modules - set(texts))

    def check_all(rules: list[Rule]) -> None:
        project = Project(str(options.folder))
        fresh = engine.Context(rules, context.catalog, context.target, settings, project)
        for path, data in files.items():
            engine.check(data, path, fresh)

    first = [rule for rule in context.rules if rule.name in FIRST_RELEASE]
    runner.collect_rarely()
    # In turns: a machine that others use is slower at one time than at another.
    times = [
        (
            best(1, lambda: [SgRoot(text, "python").root() for text in texts]),
            best(1, lambda: check_all(context.rules)),
            best(1, lambda: check_all(first)),
        )
        for _ in range(options.turns)
    ]
    bare, checked, checked_first = map(min, zip(*times, strict=True))
    traces = sum(map(engine.has_trace, files.values()))
    print(f"{len(files)} files, {traces} with a trace of Airflow, {len(trees)} with a trace of our topic")
    print(f"{len(checked_only)} more are parsed by Python alone, to see whether they are broken")
    print(f"{len(texts) - len(trees | checked_only)} more are read as modules that those import")
    print(f"bare parse of the {len(texts):5d}   {bare:7.3f} s")
    for name, spent in (("all rules", checked), ("the first seven", checked_first)):
        print(f"check, one process, {name:15} {spent:7.3f} s   {spent / bare:5.2f} x the bare parse")

    command = [
        sys.executable,
        "-m",
        "advisor.cli",
        "check",
        "--isolated",
        "--no-cache",
        "--exit-zero",
        "--output-format",
        "json",
    ]
    ruff = [
        "ruff",
        "check",
        "--select",
        "AIR",
        "--preview",
        "--no-cache",
        "--isolated",
        "--exit-zero",
        "--quiet",
    ]
    for name, line in (
        ("dag-advisor, all files", [*command, "--jobs", "1", str(options.folder)]),
        ("the same, all cores", [*command, str(options.folder)]),
        ("ruff --select AIR", [*ruff, str(options.folder)]),
    ):
        print(f"{name:25} {best(3, lambda line=line: _run(line)):7.3f} s")  # type: ignore[misc]
    one = HERE.parent / "fixtures" / "missing_deferrable.py"
    start = best(15, lambda: _run([sys.executable, "-c", "pass"]))
    single = best(15, lambda: _run([*command, str(one)]))
    print(
        f"one file                  {single:7.3f} s   {single / start:5.2f} x `python -c pass` ({start:.3f} s)"
    )


def _run(command: list[str]) -> None:
    # Users have bytecode caches; a machine that forbids them would measure the compiler.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)


def _parsed(files: dict[str, bytes], context: engine.Context) -> tuple[set[str], set[str], set[str]]:
    """What a check parses: files of which it looks at the tree, those that it only finds to be Python, and texts.

    The texts are all that it looks at the tree of, those of modules that the files import among them.
    """
    trees: set[str] = set()
    checked_only: set[str] = set()
    texts: set[str] = set()
    build, verify, parsed = SgRoot, syntax.verify, context.project.parsed
    path, own = "", ""

    def building(text: str, language: str) -> SgRoot:
        texts.add(text)
        if text == own:
            trees.add(path)
        return build(text, language)

    def known(path: str, text: str) -> syntax.Tree | None:
        found = parsed(path, text)
        trees.update([path] if found is not None else ())
        return found

    def verifying(text: str) -> None:
        checked_only.add(path)
        verify(text)

    vars(syntax)["SgRoot"], syntax.verify, context.project.parsed = building, verifying, known  # type: ignore[method-assign]
    try:
        for path, data in files.items():
            own = ""
            with contextlib.suppress(Unreadable):
                own = decode(data).text
            engine.check(data, path, context)
    finally:
        vars(syntax)["SgRoot"], syntax.verify, context.project.parsed = build, verify, parsed  # type: ignore[method-assign]
    return trees, checked_only, texts


if __name__ == "__main__":
    main()
