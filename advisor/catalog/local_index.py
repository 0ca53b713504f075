"""What of an environment belongs to Airflow, and which classes it may hold that the shipped catalog has no name for."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from advisor import __version__
from advisor.catalog.lookup import DATA
from advisor.environment import Distribution, Environment

_CLASS = re.compile(rb"^class[ \t]+(\w+)[ \t]*\(([^)]*)\)", re.MULTILINE)
_WORD = re.compile(rb"\w+")
_ROOMS = ("/operators/", "/sensors/", "/transfers/")
_MODULES = ("/operators.py", "/sensors.py", "/transfers.py")
OVERLAY = os.path.join(os.path.dirname(__file__), "overlay.json")
_MAX_SIZE = 1_000_000  # bytes of a module
_ROUNDS = 5  # subclasses of subclasses
_KEPT = 4  # states of environments whose facts stay in a cache
# Airflow itself, by the names that it had: what it defines for DAGs the catalog knows under its old names.
_CORE = frozenset(["apache-airflow", "apache-airflow-core", "apache-airflow-task-sdk"])
# Compared with `Requires-Dist`; a package that names an entry point of Airflow's providers is one, too.
_REQUIRES = re.compile(r"^Requires-Dist: *apache[-_.]airflow", re.MULTILINE | re.IGNORECASE)


def index(packages: Environment, known: Iterable[str], releases: Mapping[str, str]) -> dict[str, Any]:
    """What is asked of an environment before any class is.

    key: a hash of everything installed that belongs to Airflow, and of the shipped facts, by content. names: simple
    names of classes that may be operators and that are not among the `known`. `releases`: the versions that the
    catalog knows.
    """
    ours = [one for one in packages.distributions.values() if belongs_to_airflow(one)]
    key = hashlib.sha256(__version__.encode())
    for facts in (OVERLAY, os.path.join(DATA, "classes.jsonl")):
        with open(facts, "rb") as file:
            key.update(file.read())
    for one in sorted(ours, key=lambda one: one.name):
        key.update(f"{one.name} {one.version}\n{one.text('RECORD')}\n".encode(errors="replace"))
    others = [one for one in ours if one.name not in releases and one.name not in _CORE]
    changed = [one for one in ours if releases.get(one.name, one.version) != one.version]
    files = [os.path.join(os.path.dirname(one.folder), path) for one in others for path in one.files()]
    for one in changed:
        # Of Apache's providers it is known where the operators are; Airflow 2's own stand in the same rooms.
        names = (path for path in one.files() if "/example_dags/" not in path)
        at_home = (path for path in names if any(room in path for room in _ROOMS) or path.endswith(_MODULES))
        files += [os.path.join(os.path.dirname(one.folder), path) for path in at_home]
    return {
        "key": key.hexdigest()[:20],
        "names": sorted(operator_names(files, known)),
    }


def belongs_to_airflow(one: Distribution) -> bool:
    """Whether a distribution is Airflow, a provider of Apache's, or a package that is made for Airflow."""
    if one.name.startswith("apache-airflow") or one.name == "astronomer-providers":
        return True
    if _REQUIRES.search(one.text("METADATA")):
        return True
    return "airflow_provider" in one.text("entry_points.txt")


def operator_names(files: Iterable[str], known: Iterable[str]) -> set[str]:
    """Simple names of the classes, in these files, that have an operator's name among their ancestors."""
    classes: list[tuple[bytes, frozenset[bytes]]] = []
    for file in files:
        with suppress(OSError), open(file, "rb") as opened:
            data = opened.read(_MAX_SIZE + 1)
            if len(data) <= _MAX_SIZE and b"airflow" in data:
                classes += [(name, frozenset(_WORD.findall(text))) for name, text in _CLASS.findall(data)]
    old = frozenset(name.encode() for name in known)
    bases = set(old) | {b"BaseOperator", b"BaseSensorOperator"}
    for _ in range(_ROUNDS):
        found = {
            name
            for name, words in classes
            if name not in bases
            and (
                not words.isdisjoint(bases) or any(word.endswith((b"Operator", b"Sensor")) for word in words)
            )
        }
        if not found:
            break
        bases |= found
    found = bases - old - {b"BaseOperator", b"BaseSensorOperator"}
    return {name.decode() for name in found if not name.startswith(b"_")}


def prune(folder: Path) -> None:
    """Throw away what is kept of environments that have changed since, but for the last few."""
    with suppress(OSError):
        states = [entry for entry in os.scandir(folder) if entry.is_dir()]
        states.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
        for entry in states[_KEPT:]:
            shutil.rmtree(entry.path, ignore_errors=True)
