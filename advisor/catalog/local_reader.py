"""Reads one installed class as it is, unimported, and lays what it says over what the shipped catalog knows."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advisor.catalog.build import OVERLAY, corrected, read_json
from advisor.catalog.classes import BASE_OPERATOR, OLD_MODULES, OTHER_NAMES, ClassInfo
from advisor.catalog.extract import FLAG, Extractor, is_operator
from advisor.catalog.local_index import belongs_to_airflow
from advisor.catalog.logic import arguments_of, forget, ordered
from advisor.catalog.lookup import Catalog
from advisor.catalog.modules import Module, Sources
from advisor.catalog.record import Alternatives, Caveat, ClassFacts
from advisor.environment import Environment, numbers
from advisor.records import replace

_MAX_SIZE = 2_000_000  # bytes of a module
_PROVIDERS = "airflow.providers."
_OVER = ("defers_when", "ctor_raises", "execute_raises", "waits_when")


class Packages(Sources):
    """The modules of an environment that belong to Airflow, found when they are asked for."""

    def __init__(self, packages: Environment) -> None:
        core = packages.distributions.get("apache-airflow-core") or packages.distributions.get(
            "apache-airflow"
        )
        super().__init__((), (core.release if core is not None else None) or (3, 3, 2))
        self._packages = packages
        self._asked: set[str] = set()
        ours = [one for one in packages.distributions.values() if belongs_to_airflow(one)]
        self._owners = {
            path.partition("/")[0].removesuffix(".py"): one
            for one in ours
            if not one.name.startswith("apache-airflow")
            for path in one.files()
        }

    def module(self, name: str) -> Module | None:
        """The module of that name, parsed; None where it is not installed, not Airflow's, or does not parse."""
        if name not in self._asked:
            self._asked.add(name)
            self._locate(name)
        return super().module(name)

    def _locate(self, name: str) -> None:
        top = name.partition(".")[0]
        if top != "airflow" and top not in self._owners:
            return
        if name in OLD_MODULES.values() and self._packages.file_of(_newest(name)) is None:
            return  # read under its newest name
        found = self._packages.file_of(name) or self._packages.file_of(OLD_MODULES.get(name, ""))
        if found is None or os.path.getsize(os.path.join(*found)) > _MAX_SIZE:
            return
        folder, member = found
        distribution = self.owner(name)
        self._files[name] = (Path(folder), member, distribution, self._packages.version(distribution) or "")

    def owner(self, name: str) -> str:
        """The distribution that a module belongs to."""
        if not name.startswith(_PROVIDERS):
            top = name.partition(".")[0]
            if top != "airflow":
                return self._owners[top].name
            newest = "apache-airflow-task-sdk" if name.startswith("airflow.sdk") else "apache-airflow-core"
            return newest if self._packages.version(newest) else "apache-airflow"
        parts = name.removeprefix(_PROVIDERS).replace("_", "-").split(".")
        for length in range(len(parts), 0, -1):
            distribution = "-".join(["apache-airflow-providers", *parts[:length]])
            if self._packages.version(distribution):
                return distribution
        return ""


def _newest(old: str) -> str:
    return next(new for new, name in OLD_MODULES.items() if name == old)


class LocalReader:
    """Reads the classes of one environment; its modules stay parsed between them."""

    def __init__(self, packages: Environment, releases: Mapping[str, str]) -> None:
        self._packages = packages
        self._releases = releases
        self._shipped = Catalog.load()
        self._extractor = Extractor(Packages(packages), {**OTHER_NAMES, **dict(self._shipped.former())})
        self._overlay: dict[str, Any] = read_json(OVERLAY)

    def read(self, dotted: str, shipped: ClassFacts | None) -> ClassFacts | None:
        """The class by the name that a file imports; None where nothing is known better than is shipped."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 12_000))  # long functions make deep trees
        try:
            names = [dotted] if shipped is None else [dotted, shipped.name, *shipped.aliases]
            info = next((info for name in names if (info := self._extractor.table.get(name))), None)
            if info is None or not is_operator(info) or not self._whole(info):
                return None
            facts = self._extractor.facts(info)
            if info.name in self._extractor.given_up:
                return None
            if shipped is None:
                return self._in_house(info, facts)
            return None if self._told_by_version(facts, shipped) else self._laid_over(facts, shipped)
        except RecursionError:
            return None
        finally:
            sys.setrecursionlimit(limit)

    def _whole(self, info: ClassInfo) -> bool:
        """Whether all its bases that matter are installed: what is not there can't be judged."""
        if not info.is_a(BASE_OPERATOR):
            return False
        known = {ancestor.name for ancestor in info.mro}
        bases = {base for ancestor in info.mro for base in ancestor.bases if ancestor.name != BASE_OPERATOR}
        missing = {base for base in bases - known if self._extractor.table.get(base) is None}
        return not any(base.endswith(("Operator", "Sensor")) for base in missing)

    def _told_by_version(self, read: ClassFacts, shipped: ClassFacts) -> bool:
        """Whether all that differs is that this release is older than the flag: the versions say that, and more."""
        if read.deferral != "never" or shipped.deferral != "flag":
            return False
        table = shipped.versions if read.provider == shipped.provider else shipped.versions.get("core", {})
        since = numbers(table.get("flag") or "")
        installed = self._packages.distributions.get(read.provider)
        release = installed.release if installed is not None else None
        return since is None or release is None or release < since

    def _laid_over(self, read: ClassFacts, shipped: ClassFacts) -> ClassFacts:
        """What was read, with what only reading by hand and by version told about the newest release."""
        versions, deferral = shipped.versions, read.deferral
        if deferral == "always" and shipped.deferral == "flag" and read.flag_default is not None:
            # FileSensor up to standard 1.20: without the flag it pokes once more after it has waited, and defers
            # if what it waited for is gone by then. That is a mistake in it, and no other meaning of the flag.
            deferral = "flag"
        if "drops" in versions.get("core", {}):  # told by what was read
            core = {name: value for name, value in versions["core"].items() if name != "drops"}
            versions = {**versions, "core": core}
        # `since` stays: a class that has the flag of a base before it has the trigger that it needs does not defer.
        told = {"airflow": True, "flag": read.parameter(FLAG) is not None}
        told["default_from_config"] = read.flag_default == "config"
        versions = {name: value for name, value in versions.items() if not told.get(name)}
        facts = replace(
            shipped,
            deferral=deferral,
            effective=read.effective,
            # Whether a call waits takes judgement: of two answers the one that claims less.
            waits_by_default=min(read.waits_by_default, shipped.waits_by_default, key=_CLAIMS.index),
            wait_parameters=read.wait_parameters,
            needs_wait_parameter=read.needs_wait_parameter,
            starts_waiting=read.starts_waiting,
            poll_parameters=read.poll_parameters,
            deprecated=read.deprecated,
            replacement=read.replacement or (shipped.replacement if read.deprecated else None),
            bases=read.bases,
            parameters=read.parameters,
            flag_default=read.flag_default,
            defers_when=_of_its_own(read.defers_when),
            ctor_raises=read.ctor_raises,
            execute_raises=read.execute_raises,
            source=read.source,
            defer_source=read.defer_source,
            pokes_only=read.pokes_only,
            poll_defaults=read.poll_defaults,
            versions=versions,
            caveats=(),
        )
        changes = dict(self._overlay.get("corrections", {}).get(shipped.name, {}))
        for name in _OVER:
            if not all(_takes(facts, condition[0]) for row in changes.get(name, ()) for condition in row):
                del changes[name]
        facts = corrected(facts, changes)
        return replace(facts, caveats=(*read.caveats, *self._by_hand(shipped, read)))

    def _by_hand(self, shipped: ClassFacts, read: ClassFacts) -> tuple[Caveat, ...]:
        """The caveats that were found by reading, as far as the class takes the arguments that they are about."""
        rows = self._overlay.get("caveats", ())
        ids = {row["id"] for row in rows if shipped.name in row["classes"]} - {c.id for c in read.caveats}
        return tuple(
            caveat
            for caveat in shipped.caveats
            if caveat.id in ids and all(_takes(read, condition.argument) for condition in caveat.when)
        )

    def _in_house(self, info: ClassInfo, read: ClassFacts) -> ClassFacts | None:
        """A class that no release of Apache's has: judged where it does what the code of Airflow's classes does."""
        runs, pokes = self._home(info, "execute"), self._home(info, "poke")
        if read.kind == "sensor" and read.deferral == "flag" and runs > pokes:
            return None  # it looks in its own way, and a trigger would not
        hand = [
            caveat
            for ancestor in info.mro[1:]
            if (known := self._shipped.get(ancestor.name)) is not None
            for caveat in self._by_hand(known, read)
        ]
        own = Caveat("unread", (), _UNREAD, "unread", read.source)
        caveats = {caveat.id: caveat for caveat in (*read.caveats, *hand, own)}
        return replace(read, caveats=tuple(caveats.values()))

    def _home(self, info: ClassInfo, method: str) -> int:
        """How far up in the resolution order a method is defined."""
        order = info.mro
        return next((place for place, one in enumerate(order) if method in one.methods), len(order))


_CLAIMS = (False, None, True)
_UNREAD = "what else the deferral of this installed class changes has been read by no one"


def _of_its_own(alternatives: Alternatives) -> Alternatives:
    """Conditions without those on the arguments of every sensor, whose values Airflow 2 checks in its own way."""
    formula = frozenset(frozenset(row) for row in alternatives)
    return ordered(forget(formula, {a for a in arguments_of(formula) if _BASE.match(a)}))


def _takes(facts: ClassFacts, argument: str) -> bool:
    return argument == FLAG or facts.parameter(argument) is not None or _BASE.match(argument) is not None


# Arguments that every operator or sensor has.
_BASE = re.compile(
    r"(timeout|mode|poke_interval|soft_fail|never_fail|silent_fail|max_wait|exponential_backoff|execution_timeout)\Z"
)
