"""Puts the shipped data together: what was extracted, corrected by the overlay, with names and histories merged in."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from advisor.catalog.bases import TRIGGERS
from advisor.catalog.extract import Extractor
from advisor.catalog.hooks import FILE as HOOKS
from advisor.catalog.hooks_cover import hooks_file
from advisor.catalog.local import RELEASES
from advisor.catalog.lookup import DATA
from advisor.catalog.modules import ImportedName, Module, Sources
from advisor.catalog.record import FIELDS, SENSOR_BASE, ClassFacts, from_record, to_record
from advisor.catalog.triggers_extract import triggers_file

OVERLAY = Path(__file__).with_name("overlay.json")
# What the reading of astronomer-providers contributes to a class.
ASTRONOMER = (
    "deprecated",
    "replacement",
    "renamed_parameters",
    "implied_arguments",
    "dropped_parameters",
    "equal",
    "differs",
    "differs_when",
)
FIRST_BASES = ("BaseOperator", SENSOR_BASE)


def read_json(path: Path) -> Any:
    """A JSON file's content, {} where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def former_names(sources: Sources, known: Mapping[str, ClassFacts]) -> tuple[dict[str, str], dict[str, str]]:
    """Other dotted names by which the sources hand a class out: (told on purpose, by mere import)."""
    told: dict[str, str] = {}
    by_the_way: dict[str, str] = {}
    for name in sources.module_names():
        if ".example_dags" in name:
            continue
        if not (text := sources.text(name)) or not (b"import" in text or b"deprecated_classes" in text):
            continue
        if b"Operator" not in text and b"Sensor" not in text and b"Transfer" not in text:
            continue
        module = sources.module(name)
        if module is None:
            continue
        # A module that defines, or names anew, something of its own imports the rest for its own use.
        own = any(isinstance(node, (ast.ClassDef, ast.FunctionDef)) for node in module.tree.body) or any(
            isinstance(binding, _RENAMED) and _known(sources, module, key, known)
            for key, binding in module.names.items()
        )
        for old, new in module.moved.items():
            if new in known:
                told[old] = new
        for key, binding in [*module.lazy.items(), *module.names.items()]:
            if not isinstance(binding, (ImportedName, *_RENAMED)) or key in FIRST_BASES:
                continue
            found = _known(sources, module, key, known)
            if found is None or f"{name}.{key}" in known:
                continue
            renamed = isinstance(binding, _RENAMED)
            target = told if renamed or key in module.lazy or not own else by_the_way
            target[f"{name}.{key}"] = found
    return told, by_the_way


# `ManagedSparkSubmitJobOperator: TypeAlias = DataprocSubmitJobOperator`: a second name, told on purpose.
_RENAMED = (ast.Name, ast.Attribute)


def _known(sources: Sources, module: Module, key: str, known: Mapping[str, ClassFacts]) -> str | None:
    """The class that a module's top-level name leads to, if the catalog has it."""
    found = sources.lookup(module, key)
    return found.dotted if found is not None and found.dotted in known else None


def merge(
    extracted: Iterable[ClassFacts],
    overlay: Mapping[str, Any],
    astronomer: Iterable[Mapping[str, Any]],
    history: Mapping[str, Any],
    names: Mapping[str, Iterable[str]],
) -> list[ClassFacts]:
    """Extracted facts with hand-checked corrections and the other helpers' facts laid over them."""
    facts = {f.name: f for f in extracted}
    by_astronomer = {row["name"]: row for row in astronomer}
    for name, row in by_astronomer.items():
        if name in facts:
            told = {key: row[key] for key in ASTRONOMER if key in row}
            facts[name] = from_record({**to_record(facts[name]), **told})
        base = row.get("base")
        if name in facts and base in facts and facts[base].async_twin is None:
            facts[base] = replace(facts[base], async_twin=name)
            facts[name] = replace(facts[name], twin_of=base)
    for name, changes in overlay.get("corrections", {}).items():
        facts[name] = corrected(facts[name], changes)
    caveats: dict[str, list[Any]] = {}
    for row in overlay.get("caveats", []):
        for name in row["classes"]:
            caveats.setdefault(name, []).append({k: v for k, v in row.items() if k != "classes"})
    for name, rows in caveats.items():
        extra = from_record({"name": name, "caveats": rows}).caveats
        known = {c.id for c in extra}
        kept = tuple(c for c in facts[name].caveats if c.id not in known)
        facts[name] = replace(facts[name], caveats=kept + extra)
    for name, row in history.items():
        if name in facts:
            since = row.get("since", facts[name].since)
            rest = {key: value for key, value in row.items() if key != "since"}
            facts[name] = replace(facts[name], since=since, versions=rest)
    for name, row in overlay.get("core", {}).items():
        core = {**facts[name].versions["core"], "drops": row["drops"]}
        facts[name] = replace(facts[name], versions={**facts[name].versions, "core": core})
    for name, durations in overlay.get("durations", {}).items():
        facts[name] = replace(facts[name], duration_parameters=dict(durations))
    for old, new in overlay.get("twins", {}).items():
        facts[old] = replace(facts[old], async_twin=new)
        facts[new] = replace(facts[new], twin_of=old)
    for name, aliases in names.items():
        if name in facts:
            facts[name] = replace(facts[name], aliases=tuple(sorted(set(aliases))))
    return [facts[name] for name in sorted(facts)]


def corrected(facts: ClassFacts, changes: Mapping[str, Any]) -> ClassFacts:
    """A class with some fields replaced by what was read; every correction says why and where it was read."""
    values = {key: value for key, value in changes.items() if key not in ("why", "read")}
    return from_record({**to_record(facts), **values})


def check_overlay(overlay: Mapping[str, Any], extracted: Iterable[ClassFacts]) -> list[str]:
    """What the overlay says about classes, arguments or fields that the wheels (no longer) have."""
    facts = {f.name: f for f in extracted}
    wrong: list[str] = []
    for name, changes in overlay.get("corrections", {}).items():
        if name not in facts:
            wrong.append(f"corrections: no class {name}")
        wrong += [f"corrections: {name}: no field {k}" for k in changes if k not in (*FIELDS, "why", "read")]
        if not changes.get("why") or not changes.get("read"):
            wrong.append(f"corrections: {name}: says neither why nor where it was read")
        for key in ("defers_when", "ctor_raises", "execute_raises", "waits_when"):
            for argument in {c[0] for row in changes.get(key, []) for c in row}:
                wrong += _unknown_argument(facts.get(name), argument, f"corrections: {name}.{key}")
    for name, row in overlay.get("core", {}).items():
        for argument in row["drops"]:
            wrong += _unknown_argument(facts.get(name), argument, f"core: {name}")
    for row in overlay.get("caveats", []):
        for name in row["classes"]:
            if name not in facts:
                wrong.append(f"caveats: {row['id']}: no class {name}")
            for argument, _, _ in row["when"]:
                wrong += _unknown_argument(facts.get(name), argument, f"caveats: {row['id']}: {name}")
    for name, durations in overlay.get("durations", {}).items():
        for argument in durations:
            wrong += _unknown_argument(facts.get(name), argument, f"durations: {name}")
    for old, new in overlay.get("twins", {}).items():
        wrong += [f"twins: no class {name}" for name in (old, new) if name not in facts]
    return wrong


def _unknown_argument(facts: ClassFacts | None, argument: str, where: str) -> list[str]:
    if facts is not None and facts.parameter(argument) is not None:
        return []
    return [f"{where} takes no {argument}"]


def prefilter_names(facts: Iterable[ClassFacts], former: Mapping[str, str]) -> list[str]:
    """Simple names, present and former, of the classes that rules may speak about."""
    spoken = {
        f.name
        for f in facts
        if f.deferral != "never"
        or f.kind == "sensor"
        or f.async_twin
        or f.twin_of
        or f.replacement
        or f.deprecated
    }
    spoken -= {f"airflow.sdk.bases.sensor.{SENSOR_BASE}"}
    dotted = [*spoken, *(old for old, new in former.items() if new in spoken)]
    return sorted({name.rpartition(".")[2] for name in dotted})


def build_data(wheels: Path, data: Path = Path(DATA)) -> tuple[dict[str, bytes], list[ClassFacts]]:
    """The data files' bytes by name, and the classes, for a folder of wheels.

    Raises ValueError where the overlay names classes or arguments that the wheels do not have, and
    FileNotFoundError where the folder holds no wheel.
    """
    roots = sorted(wheels.glob("*.whl"))
    if not roots:
        raise FileNotFoundError(f"no wheels in {wheels}")
    old_names = {
        old: row["name"] if isinstance(row, dict) else row
        for old, row in read_json(data / "aliases.json").items()
    }
    sources = Sources(roots)
    extracted = Extractor(sources, old_names).all()
    overlay = read_json(OVERLAY)
    wrong = check_overlay(overlay, extracted)
    if wrong:
        raise ValueError("the overlay does not fit the wheels:\n" + "\n".join(wrong))
    known = {f.name: f for f in extracted}
    told, by_the_way = former_names(sources, known)
    aliases = {old: new for old, new in {**told, **old_names}.items() if new in known and old not in known}
    names: dict[str, list[str]] = {}
    for old, new in aliases.items():
        names.setdefault(new, []).append(old)
    astronomer = read_json(data / "astronomer.json") or []
    gone = [from_record(row) for row in read_json(data / "gone.json") or []]
    facts = merge([*extracted, *gone], overlay, astronomer, read_json(data / "history.json"), names)
    eras = {old: row["era"] for old, row in read_json(data / "aliases.json").items() if isinstance(row, dict)}
    contents = files(facts, {**by_the_way, **aliases}, eras)
    contents[HOOKS] = hooks_file(sources, [f for f in facts if not f.gone])
    contents[RELEASES] = releases_file(roots)
    contents[TRIGGERS] = triggers_file(sources)
    return contents, facts


def releases_file(wheels: Iterable[Path]) -> bytes:
    """Distribution and version of every wheel, one a line, sorted."""
    named = (wheel.name.split("-")[:2] for wheel in wheels)
    return "".join(
        f"{line}\n"
        for line in sorted(f"{name.replace('_', '-').lower()} {version}" for name, version in named)
    ).encode()


def files(
    facts: list[ClassFacts], former: Mapping[str, str], eras: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """The three data files that the look-up reads; `eras` says where a former name comes from (see history_aliases)."""
    eras = eras or {}
    known = {f.name for f in facts}
    lines = [
        json.dumps(to_record(f), ensure_ascii=False, separators=(",", ":")) + "\n"
        for f in sorted(facts, key=lambda f: f.name.encode())
    ]
    rows = sorted(
        (old.encode(), new.encode(), eras.get(old, "").encode())
        for old, new in former.items()
        if new in known and old not in known
    )
    return {
        "classes.jsonl": "".join(lines).encode(),
        "former.tsv": b"".join(b"\t".join(row) + b"\n" for row in rows),
        "names.txt": "".join(name + "\n" for name in prefilter_names(facts, former)).encode(),
    }
