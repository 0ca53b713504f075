"""Builds the catalog's history: old names, what replaces astronomer-providers' classes, and facts by version.

    python -m advisor.catalog.history WHEELS CACHE [aliases] [astronomer] [versions] [gone]

WHEELS is the folder of newest wheels that the catalog is built from, CACHE a folder for the old ones: what
is missing there is fetched with pip. Written into `data/`, sorted, the same bytes for the same wheels:

    aliases.json     {old dotted name: {"name": today's, "era": ...}}           see history_aliases
    astronomer.json  [{"name": ..., "replacement": ..., "equal": ...}, ...]     see history_astronomer
    history.json     {dotted name: {"since": ..., "flag": ..., "core": {...}}}  see history_versions
    gone.json        [{"name": ..., "replacement": ..., ...}, ...]               see history_gone

`history_notes.json` beside this module holds what was read by hand. Nothing here runs when files are checked.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from advisor.catalog import history_aliases, history_astronomer, history_gone, history_versions
from advisor.catalog.history_reader import State
from advisor.catalog.history_tree import Tree
from advisor.catalog.history_wheels import Index, key

HERE = Path(__file__).parent
# Releases of core whose tables and modules name every path that 2.x and 1.10 had.
CORE = ("2.11.2", "2.10.5", "2.2.5")
FIRST = "1.10.15"
# Core got its flags in minor releases: 2.2.0 stands for itself and what was before deferral.
MINORS = tuple(f"2.{minor}.0" for minor in range(2, 12))
PARTS = ("aliases", "astronomer", "versions", "gone")


class Sources:
    """The newest wheels, and the old ones as they are asked for."""

    def __init__(self, wheels: Path, index: Index) -> None:
        self.index = index
        found = sorted(wheels.glob("*.whl"))
        self.astronomer = Tree.of(*(wheel for wheel in found if wheel.name.startswith("astronomer")))
        self.newest = Tree.of(*(wheel for wheel in found if not wheel.name.startswith("astronomer")))
        named = [wheel.name.split("-")[:2] for wheel in found]
        self.releases = {name.replace("_", "-"): version for name, version in named}
        self.providers = sorted(
            name for name in self.releases if name.startswith("apache-airflow-providers-")
        )

    def release(self, package: str, version: str) -> Tree | None:
        """One old release; None where it has no wheel."""
        self.index.fetch([(package, version)])
        wheel = self.index.wheel(package, version)
        return None if wheel is None else Tree.of(wheel)

    def has_tasks(self, package: str) -> bool:
        """Whether the newest release of a provider has operator, sensor or transfer modules."""
        prefix = _package(package)
        rooms = history_aliases.ROOMS
        return any(rooms & set(name.split(".")) for name in self.newest.modules() if name.startswith(prefix))


# Provider names of two parts: `apache-hive` is `apache.hive`; everywhere else a dash is an underscore.
_GROUPS = frozenset({"apache", "atlassian", "cncf", "common", "dbt", "ibm", "microsoft"})


def _package(distribution: str) -> str:
    """The import package of a provider's distribution, as a prefix: `airflow.providers.apache.hive.`."""
    tail = distribution.removeprefix("apache-airflow-providers-")
    nested = tail.partition("-")[0] in _GROUPS
    return "airflow.providers." + (tail.replace("-", ".", 1) if nested else tail).replace("-", "_") + "."


def aliases(sources: Sources, notes: history_aliases.Edges) -> dict[str, dict[str, str]]:
    """Every old name. Read of each provider: the last release of each major (shims go with a major)."""
    wanted: list[tuple[str, str]] = []
    for package in sources.providers:
        if sources.has_tasks(package):
            last = {version.split(".")[0]: version for version in sources.index.releases(package)}
            last.pop(sources.releases[package].split(".")[0], None)
            wanted += [(package, version) for version in sorted(last.values(), key=key, reverse=True)]
    core = [("apache-airflow", version) for version in (*CORE, FIRST)]
    sources.index.fetch([*wanted, *core])
    steps = [history_aliases.of_release(sources.newest)]
    native: set[str] = set()
    for _, version in core[:-1]:
        tree = _present(sources, "apache-airflow", version)
        steps.append(history_aliases.of_release(tree))
        native |= history_aliases.defined(tree)
    for package, version in wanted:
        tree_or_none = sources.release(package, version)
        if tree_or_none is not None:
            steps.append(history_aliases.of_release(tree_or_none))
    oldest = _present(sources, "apache-airflow", FIRST)
    steps.append(history_aliases.of_release(oldest))
    first = history_aliases.of_first_release(oldest)
    return history_aliases.collect(sources.newest, steps, first, native, notes)


def versions(
    sources: Sources, names: dict[str, dict[str, str]], gone: dict[str, dict[str, str]]
) -> dict[str, dict[str, Any]]:
    """Facts by release of every class that takes the flag or defers today, and of the async classes that are
    gone.

    `names`: the aliases. `gone`: {class that is gone: {"package": its distribution, "replacement": today's
    class}}.
    """
    newest = sources.newest
    moved = {old: alias["name"] for old, alias in names.items()}
    lines: dict[str, history_versions.Line] = {}
    today: dict[str, State] = {}
    for package in sources.providers:
        prefix = _package(package)
        targets = {
            f"{module}.{name}": [f"{module}.{name}"]
            for module in newest.modules()
            if module.startswith(prefix) and history_versions.ROOMS & set(module.split("."))
            for name in newest.classes(module)
            if (not name.startswith("_") or ".decorators." in module)
            and history_aliases.is_task(newest, f"{module}.{name}")
        }
        found = history_versions.states(newest, targets)
        today.update({name: state for name, state in found.items() if state and (state.flag or state.defers)})
        kept = {name: targets[name] for name in targets if name in today}
        kept.update({name: [name] for name, fact in gone.items() if fact["package"] == package})
        if kept:
            lines[package] = history_versions.Line(package, sources.index.releases(package), kept)
    core = history_versions.Line("apache-airflow", list(MINORS), {})
    for old, alias in names.items():
        target = alias["name"]
        if alias["era"] == "core" and (target in today) and not old.startswith("airflow.providers."):
            core.targets.setdefault(target, [target]).append(old)
        for line in lines.values():
            if target in line.targets and alias["era"] == "provider":
                line.targets[target].append(old)

    def open_release(package: str, version: str) -> Tree | None:
        tree = sources.release(package, version)
        if tree is None or package == core.package:
            return tree
        return tree.over(newest, _package(package), moved)

    own = {name: state.own_trigger for name, state in today.items()}
    halving = history_versions.Halving([*lines.values(), core], sources.index.fetch, open_release)
    halving.run(history_versions.FACTS_TO_HALVE)
    result: dict[str, dict[str, Any]] = {}
    for line in lines.values():
        for name in line.targets:
            always = name in gone or not today[name].flag
            result[name] = history_versions.entry(line, name, own.get(name, False), always)
            if name in gone:
                result[name]["replacement"] = gone[name]["replacement"]
    for name in core.targets:
        result[name]["core"] = history_versions.core_entry(core, name, not today[name].flag)
    return dict(sorted(result.items()))


def add_floors(entries: dict[str, dict[str, Any]], index: Index, package_of: Callable[[str], str]) -> None:
    """Add to each entry the least Airflow that the first release with the flag can be installed with.

    `airflow` is left out where that release names none, or its wheel is not at hand. `package_of` gives the
    distribution of a class.
    """
    for name, entry in entries.items():
        version = entry.get("flag")
        wheel = index.wheel(package_of(name), version) if version else None
        floor = _floor(wheel) if wheel is not None else None
        if floor:
            entry["airflow"] = floor


def _floor(wheel: Path) -> str | None:
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        text = archive.read(metadata).decode("utf-8", "replace")
    found = re.search(r"^Requires-Dist: apache-airflow(?![-\w])[^\n]*?>=\s*([0-9.]+)", text, re.MULTILINE)
    return found[1].rstrip(".") if found else None


def astronomer_versions(sources: Sources) -> dict[str, dict[str, Any]]:
    """Since when astronomer-providers has each class (all of them deferred from the start), and deprecates it."""
    package = "astronomer-providers"
    records = _load("astronomer.json")
    targets = {str(record["name"]): [str(record["name"])] for record in records}
    line = history_versions.Line(package, sources.index.releases(package), targets)
    facts = {name: history_versions.FACTS_TO_HALVE[name] for name in ("present", "deprecated")}
    history_versions.Halving([line], sources.index.fetch, sources.release).run(facts)
    result = {}
    for name in targets:
        found = history_versions.entry(line, name, own_trigger=False, always=True)
        result[name] = {**found, "since": history_versions.first(line, name, facts["present"])}
    return result


def _distribution(name: str, packages: Iterable[str]) -> str:
    """The distribution whose package holds a class; the longest one that fits."""
    fitting = [package for package in packages if name.startswith(_package(package))]
    return max(fitting, key=len, default="")


def _present(sources: Sources, package: str, version: str) -> Tree:
    tree = sources.release(package, version)
    if tree is None:
        raise LookupError(f"no wheel of {package} {version}")
    return tree


def main(arguments: list[str]) -> int:
    """Build the named parts (all without a name) and say how many entries each has."""
    if len(arguments) < 2:
        print(__doc__)
        return 2
    sources = Sources(Path(arguments[0]), Index(Path(arguments[1])))
    parts = arguments[2:] or list(PARTS)
    notes = json.loads((HERE / "history_notes.json").read_text(encoding="utf-8"))
    if "aliases" in parts:
        _write("aliases.json", aliases(sources, notes["aliases"]))
    moved = {old: entry["name"] for old, entry in _load("aliases.json").items()}
    if "astronomer" in parts:
        records = history_astronomer.read(sources.astronomer, sources.newest, moved, notes["astronomer"])
        _write("astronomer.json", records)
    if "versions" in parts:
        found = versions(sources, _load("aliases.json"), notes["gone"])
        add_floors(found, sources.index, lambda name: _distribution(name, sources.providers))
        _write("history.json", dict(sorted({**found, **astronomer_versions(sources)}.items())))
    if "gone" in parts:
        wheels = Path(arguments[0])
        rows = history_gone.read(wheels, sources.index, notes["gone"], _load("history.json"), moved)
        _write("gone.json", rows)
    return 0


def _load(name: str) -> Any:
    return json.loads((HERE / "data" / name).read_text(encoding="utf-8"))


def _write(name: str, content: Any) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (HERE / "data" / name).write_text(text, encoding="utf-8")
    print(f"{name}: {len(content)}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
