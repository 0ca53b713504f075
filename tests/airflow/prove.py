"""The proof on a real Airflow, in one command: `tests/airflow/run`; see NOTES.md.

Usage: prove.py [--airflow 3.3.2,2.11.2] [--only agreement,files,errors,states,claims] [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

import agreement  # noqa: E402
import claims  # noqa: E402
import roundtrip  # noqa: E402
import running  # noqa: E402
from places import VERSIONS, Place  # noqa: E402

PARTS = ("agreement", "files", "errors", "states", "claims")


def catalog_agrees(place: Place, work: Path) -> list[tuple[str, str]]:
    """The catalog against introspection; what differs, as (key, what each side says)."""
    off, on = work / "off.json", work / "on.json"
    place.inside("introspection.py", off, log=work / "off.log")
    found = json.loads(off.read_text(encoding="utf-8"))
    modules = {
        row["name"].rpartition(".")[0] for row in found["classes"] if "deferrable" in row["parameters"]
    }
    place.inside(
        "introspection.py",
        on,
        *sorted(modules),
        log=work / "on.log",
        AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE="True",
    )
    lit = json.loads(on.read_text(encoding="utf-8"))
    compare = agreement.newest if place.version == VERSIONS[0] else agreement.older
    differences = list(compare(place.version, found, lit))
    rows = found["classes"]
    flags = sum(agreement.accepts(row) for row in rows)
    made = sum(not row["bare"] for row in rows)
    print(
        f"  {len(rows)} classes of {len(found['versions'])} packages ({made} could be made, {flags} take `deferrable`, "
        f"{len(found['unimportable'])} modules do not import)"
    )
    return [(one.key, f"catalog: {one.catalog}; Airflow: {one.runtime}") for one in differences]


def files_keep(place: Place, work: Path) -> list[tuple[str, str]]:
    """DAG files before and after the fix."""
    done = roundtrip.prove(place, work)
    print(
        f"  {done.files} files, {done.changed} changed by the fix, of these {done.loaded} load: {done.dags} DAGs with "
        f"{done.tasks} tasks; {done.fixed} calls made to defer, {done.followed} of them seen in their DAG"
    )
    return [
        (f"{place.version} file {wrong.partition(': ')[0]}", wrong.partition(": ")[2]) for wrong in done.wrong
    ]


def errors_hold(place: Place, work: Path) -> list[tuple[str, str]]:
    """What the rules of severity error say, tried out."""
    folder = work / "dags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    configuration = ""
    if place.version.startswith("2."):  # the fixtures are written for Airflow 3
        shutil.copy(HERE / "dags" / "errors_2.py", folder)
        configuration = f'environment = "{place.folder}"\n'
    else:
        for rule in ("inert", "unsupported", "conflicting", "templated"):
            shutil.copy(roundtrip.ROOT / "fixtures" / f"{rule}_deferrable.py", folder)
        shutil.copy(HERE / "dags" / "errors.py", folder)
        shutil.copy(place.pins, folder / "requirements.txt")
    (folder / "dag-advisor.toml").write_text(configuration, encoding="utf-8")
    findings = roundtrip.advise("check", folder, "--output-format", "json", "--exit-zero")
    listed, output = work / "findings.json", work / "errors.json"
    listed.write_text(json.dumps({"findings": findings}), encoding="utf-8")
    place.inside("errors.py", folder, listed, output, log=work / "errors.log")
    rows = json.loads(output.read_text(encoding="utf-8"))
    print(f"  {len(rows)} claims of error rules and of the catalog's raising arguments tried")
    return [(f"{place.version} error {claim}", wrong) for claim, wrong in rows if wrong]


def states_change(place: Place, work: Path) -> list[tuple[str, str]]:
    """A scheduler, a triggerer and workers that really run the tasks."""
    seen, wrong = running.prove(place, work)
    for task, states in sorted(seen["after"].items()):
        print(f"  {task:10} before: {' '.join(seen['before'].get(task, []))}; after: {' '.join(states)}")
    return [(f"{place.version} state {one.partition(': ')[0]}", one.partition(": ")[2]) for one in wrong]


def claims_hold(place: Place, work: Path) -> list[tuple[str, str]]:
    """What messages and pages say about behaviour, each claim seen."""
    if place.version != VERSIONS[0]:
        print(f"  nothing to do: the claims are about Airflow {VERSIONS[0]}")
        return []
    lines, wrong = claims.prove(place, work)
    for line in lines:
        print(f"  {line}")
    return [(f"{place.version} claim {claim}", told) for claim, told in wrong]


STEPS: dict[str, Callable[[Place, Path], list[tuple[str, str]]]] = {
    "agreement": catalog_agrees,
    "files": files_keep,
    "errors": errors_hold,
    "states": states_change,
    "claims": claims_hold,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--airflow", default=",".join(VERSIONS))
    parser.add_argument("--only", default=",".join(PARTS))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dag-advisor"
    parser.add_argument("--cache", type=Path, default=cache, help="where the Airflows are kept")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    os.environ["PYTHONPATH"] = str(roundtrip.ROOT)
    explained, used, unexplained = agreement.explanations(), set(), 0
    tried = [(version, part) for version in options.airflow.split(",") for part in options.only.split(",")]
    for version, part in tried:
        place = Place(version, options.cache)
        place.install()
        work = options.cache / f"{part}-{version}"
        work.mkdir(parents=True, exist_ok=True)
        print(f"Airflow {version}: {part}", flush=True)
        start = time.monotonic()
        differences = STEPS[part](place, work)
        for key, told in differences:
            if key in explained:
                used.add(key)
            else:
                unexplained += 1
                print(f"  UNEXPLAINED {key}: {told}")
        known = sum(key in explained for key, _ in differences)
        print(
            f"  {known} explained, {len(differences) - known} unexplained; {time.monotonic() - start:.0f} s",
            flush=True,
        )
    complete = {f"{version} {part}" for version, part in tried}
    if complete >= {f"{version} agreement" for version in VERSIONS}:
        for key in sorted(set(explained) - used):
            if " file " not in key and " error " not in key:
                print(f"explained, but no longer so: {key}")
    print(f"{unexplained} unexplained in all")
    return int(unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
