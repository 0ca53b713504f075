"""Compares the shipped catalog with what `inside/introspection.py` found in an Airflow that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from advisor.catalog.lookup import Catalog
from advisor.catalog.record import ClassFacts
from advisor.conditions import parse_version

HERE = Path(__file__).parent
EXPLAINED = HERE / "explained.json"
#: arguments of the base classes that the catalog leaves out, or that every operator takes
COMMON = frozenset({"task_id", "default_args", "kwargs"})


class Disagreement(NamedTuple):
    """One difference: about which class (or argument of it), in which column, what each side says."""

    airflow: str
    subject: str
    column: str
    catalog: Any
    runtime: Any

    @property
    def key(self) -> str:
        return f"{self.airflow} {self.column} {self.subject}"


Row = Mapping[str, Any]


def accepts(row: Row) -> bool:
    """Whether the constructor takes `deferrable`: tried where the class can be made, else by its signature."""
    if not row["flagged"]:
        return True
    if row["refused"]:
        return False
    parameter = row["parameters"].get("deferrable")
    return parameter is not None and not parameter.get("refused")


def default_of(row: Row, row_on: Row | None) -> Any:
    """ "config" where the default follows `[operators] default_deferrable`, else the default itself, None for none."""
    parameter = row["parameters"].get("deferrable")
    if parameter is None or not accepts(row):
        return None
    off = parameter.get("default")
    if row_on is None:
        return off
    on = row_on["parameters"]["deferrable"].get("default")
    return "config" if (off, on) == (False, True) else off if off == on else {"off": off, "on": on}


def newest(airflow: str, off: Row, on: Row) -> Iterator[Disagreement]:
    """Every column of the catalog that can be asked for at run time, for the versions that the catalog describes."""
    catalog = Catalog.load()
    rows = {row["name"]: row for row in off["classes"]}
    rows_on = {row["name"]: row for row in on["classes"]}
    for facts in catalog.all():
        module = facts.name.rpartition(".")[0]
        hidden = (
            facts.simple_name.startswith("_") or facts.name in rows or facts.provider not in off["versions"]
        )
        if not hidden and module not in off["unimportable"]:
            yield Disagreement(airflow, facts.name, "class", "is there", "is not there")
    for name, row in rows.items():
        known = catalog.get(name)
        if known is None or known.name != name:
            yield Disagreement(airflow, name, "class", known.name if known else "unknown", "is there")
            continue
        yield from (
            Disagreement(airflow, name, column, told, found)
            for column, told, found in columns(known, row, rows_on.get(name))
            if told != found
        )
        yield from parameters(airflow, known, row)


def columns(facts: ClassFacts, row: Row, row_on: Row | None) -> Iterator[tuple[str, Any, Any]]:
    """(column, what the catalog says, what the run says)."""
    takes = facts.parameter("deferrable") is not None
    yield "kind", facts.kind, row["kind"]
    yield "deferrable", takes, accepts(row)
    yield "deferral", True, {"flag": accepts(row), "never": not accepts(row), "always": True}[facts.deferral]
    yield "partial", takes, not row["partial"]
    yield "flag_default", facts.flag_default, default_of(row, row_on)
    if not row["flagged"] and facts.deferral == "flag":
        yield "attribute", True, row["attribute"]
    yield "bases", sorted(facts.bases), sorted(row["bases"])
    if not row["bare"]:
        yield "deprecated", facts.deprecated, bool(row["deprecations"])


def parameters(airflow: str, facts: ClassFacts, row: Row) -> Iterator[Disagreement]:
    """Names, kinds and defaults of the effective constructor's arguments."""
    found = {n: p for n, p in row["parameters"].items() if n not in COMMON and not p.get("refused")}
    known = {parameter.name: parameter for parameter in facts.parameters if parameter.name not in COMMON}
    for name in sorted({*found, *known}):
        subject = f"{facts.name}({name})"
        if name not in known:
            yield Disagreement(airflow, subject, "parameter", "not taken", "taken")
        elif name not in found:
            yield Disagreement(airflow, subject, "parameter", "taken", "not taken")
        elif not found[name].get("probed"):
            one, other = known[name], found[name]
            if (one.kind == "positional") != other["positional"]:
                yield Disagreement(airflow, subject, "parameter kind", one.kind, other["positional"])
            told = {"required": True} if one.required else one.default
            if one.code:
                told = other.get("evaluated", {"code": one.code})
            is_there = {"required": True} if other.get("required") else other["default"]
            if told != is_there and not (isinstance(is_there, dict) and is_there.get("value") == told):
                yield Disagreement(
                    airflow, subject, "parameter default", told if not one.code else one.code, is_there
                )


def older(airflow: str, off: Row, on: Row) -> Iterator[Disagreement]:
    """What the catalog says by version (`versions`), for older providers: the flag, its default, deprecation."""
    catalog = Catalog.load()
    rows_on = {row["name"]: row for row in on["classes"]}
    for row in off["classes"]:
        name = row["name"]
        facts = catalog.get(name)
        version = off["versions"][row["provider"]]
        core = not name.startswith(("airflow.providers.", "astronomer."))
        if facts is None:
            # Removed since. Only a class that could defer matters: no rule speaks of the others.
            if accepts(row):
                yield Disagreement(airflow, name, "class", "unknown", "takes the flag")
            continue
        versions = facts.versions.get("core", {}) if core else facts.versions
        if not core and facts.provider != row["provider"]:
            yield Disagreement(airflow, name, "provider", facts.provider, row["provider"])
            continue
        takes = facts.parameter("deferrable") is not None and reached(versions.get("flag"), version)
        yield from (
            Disagreement(airflow, name, column, told, found)
            for column, told, found in (
                ("deferrable", takes, accepts(row)),
                ("partial", takes, not row["partial"]),
                (
                    "flag_default",
                    takes
                    and facts.flag_default == "config"
                    and reached(versions.get("default_from_config"), version),
                    default_of(row, rows_on.get(name)) == "config",
                ),
                *(
                    [
                        (
                            "deprecated",
                            facts.deprecated and reached(versions.get("deprecated"), version, True),
                            True,
                        )
                    ]
                    if row["deprecations"]
                    else []
                ),
            )
            if told != found
        )


def reached(since: str | None, version: str, unknown: bool = False) -> bool:
    """Whether a release has what came with `since`."""
    return unknown if since is None else parse_version(version) >= parse_version(since)


def explanations() -> dict[str, str]:
    """The disagreements that are expected, each with its reason."""
    loaded: dict[str, str] = {}
    for group in json.loads(EXPLAINED.read_text(encoding="utf-8")):
        for subject in group["subjects"]:
            loaded[f"{group['airflow']} {group['column']} {subject}"] = group["why"]
    return loaded
