"""DAG files before and after `fix --unsafe-fixes`: the same DAGs, tasks and dependencies, and they defer."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from places import HERE, Place

from advisor.catalog.lookup import Catalog

ROOT = HERE.parent.parent
#: rules whose fix makes a task defer
MAKE_DEFER = ("missing-deferrable", "sync-sensor", "legacy-async-class")


class Outcome(NamedTuple):
    files: int
    changed: int
    loaded: int
    dags: int
    tasks: int
    fixed: int
    followed: int
    wrong: list[str]


def prove(place: Place, work: Path) -> Outcome:
    """Copies all DAG files twice, fixes one copy, loads both and compares."""
    shutil.rmtree(work, ignore_errors=True)
    before, after = work / "before", work / "after"
    shutil.copytree(place.fetch_examples(), before)
    fixtures = [path for path in (ROOT / "fixtures").glob("*.py") if not path.name.endswith(".fixed.py")]
    (before / "fixtures").mkdir()
    for path in [*fixtures, *(HERE / "dags").glob("*.py")]:
        shutil.copy(path, before / "fixtures" / path.name)
    # The target is what is installed: every fix must be right for exactly these versions.
    pins = [
        line
        for line in place.pins.read_text(encoding="utf-8").splitlines()
        if "airflow" in line or "astro" in line
    ]
    (before / "requirements.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
    (before / "dag-advisor.toml").write_text("", encoding="utf-8")
    shutil.copytree(before, after)
    findings = advise("check", before, "--output-format", "json", "--exit-zero", *selected())
    advise("fix", after, "--unsafe-fixes", "--output-format", "json", "--exit-zero", parse=False)
    only = advise_copy(before, work / "defer")
    files = sorted(path.relative_to(before) for path in before.rglob("*.py"))
    changed = [path for path in files if (before / path).read_bytes() != (after / path).read_bytes()]
    deferred = [path for path in files if (before / path).read_bytes() != (only / path).read_bytes()]
    (work / "changed.txt").write_text("\n".join(map(str, changed)), encoding="utf-8")
    bags: dict[str, dict[str, Any]] = {}
    for folder in (before, after, only):
        listed = work / "changed.txt"
        output = work / f"{folder.name}.json"
        place.inside(
            "dagbag.py",
            folder,
            output,
            listed,
            log=work / f"{folder.name}.log",
            PYTHONPATH=f"{folder}:{HERE / 'stubs'}",
        )
        bags[folder.name] = json.loads(output.read_text(encoding="utf-8"))
    wrong: list[str] = []
    loaded = dags = tasks = 0
    names = [str(path) for path in changed]
    for one in names:
        old = bags["before"][one]
        if old["errors"]:
            continue
        loaded += 1
        for name in ("after", "defer"):
            new = bags[name][one]
            if new["errors"]:
                wrong.append(f"{one} ({name}): loads no more: {new['errors'][0][-200:]}")
            elif shape(old) != shape(new):
                wrong.append(f"{one} ({name}): other DAGs, tasks or dependencies")
        dags += len(old["dags"])
        tasks += sum(len(dag) for dag in old["dags"].values())
    fixed, followed = follow(findings, before, bags, [str(path) for path in deferred], wrong)
    return Outcome(len(files), len(changed), loaded, dags, tasks, fixed, followed, wrong)


def advise(command: str, folder: Path, *options: str, parse: bool = True) -> list[dict[str, Any]]:
    """Runs the command line in a folder; its findings."""
    full = [sys.executable, "-m", "advisor", command, *options, "."]
    done = subprocess.run(full, cwd=folder, capture_output=True, text=True, env=None)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(full)} failed in {folder}:\n{done.stderr[-2000:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"] if parse else []
    return found


def selected() -> tuple[str, ...]:
    return ("--select", ",".join(MAKE_DEFER))


def advise_copy(before: Path, folder: Path) -> Path:
    """A copy with only those fixes that make tasks defer."""
    shutil.copytree(before, folder)
    advise("fix", folder, "--unsafe-fixes", "--exit-zero", *selected(), parse=False)
    return folder


def shape(bag: dict[str, Any]) -> dict[str, Any]:
    """DAG ids, task ids and dependencies."""
    return {
        dag_id: {
            task_id: (task["downstream"], task["upstream"], task["mapped"]) for task_id, task in dag.items()
        }
        for dag_id, dag in bag["dags"].items()
    }


def follow(
    findings: list[dict[str, Any]],
    before: Path,
    bags: dict[str, dict[str, Any]],
    changed: list[str],
    wrong: list[str],
) -> tuple[int, int]:
    """(findings with a fix in files that load, those whose task was found in the DAG); each must defer now."""
    catalog = Catalog.load()
    fixed = followed = 0
    calls: dict[str, dict[tuple[int, int], ast.Call]] = {}
    for finding in findings:
        path = finding["path"]
        fix = finding["fix"]
        if path not in changed or fix is None or fix["applicability"] == "display-only":
            continue
        if bags["before"][path]["errors"] or bags["defer"][path]["errors"]:
            continue
        fixed += 1
        if path not in calls:
            tree = ast.parse((before / path).read_bytes())
            calls[path] = {
                (n.lineno, n.end_lineno or 0): n for n in ast.walk(tree) if isinstance(n, ast.Call)
            }
        call = calls[path].get((finding["line"], finding["end_line"]))
        task_id = next(
            (
                k.value.value
                for k in (call.keywords if call else ())
                if k.arg == "task_id" and isinstance(k.value, ast.Constant) and isinstance(k.value.value, str)
            ),
            None,
        )
        for dag_id, dag in bags["defer"][path]["dags"].items():
            for name, task in dag.items():
                if task_id is None or (name != task_id and not name.endswith(f".{task_id}")):
                    continue
                followed += 1
                facts = catalog.get(task["class"])
                always = facts is not None and facts.deferral == "always"
                if task["deferrable"] is not True and not always:
                    wrong.append(f"{path}: {dag_id}.{name} ({task['class']}) was fixed and does not defer")
    return fixed, followed
