"""Which release of its class a call gets, as far as the project tells: what that takes, and what is in doubt."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from advisor.conditions import parse_version

if TYPE_CHECKING:
    from advisor.catalog.record import ClassFacts
    from advisor.dagfile import DagFile

# Releases of Airflow in the year that a provider's release goes back.
_YOUNG: Final = 3


class Installed:
    """A class as the project has it; `path` is its dotted name as the file imports it."""

    def __init__(self, dag_file: DagFile, facts: ClassFacts, path: str) -> None:
        self._dag_file = dag_file
        self._target = dag_file.target
        self._facts = facts
        self._path = path

    @property
    def from_old_provider(self) -> bool:
        """Whether the class is imported by a name that today's provider no longer has, and no version is known."""
        unknown = self._target.provider_version(self._facts.provider) is None
        return unknown and self._dag_file.catalog.era(self._path) == "provider"

    @cached_property
    def from_core_2(self) -> bool:
        """Whether the class is imported from a module of Airflow 2's core by a project that may run on Airflow 2.

        Such an import is the best evidence there is where nothing tells the version.
        """
        core = self._path.startswith("airflow.") and not self._path.startswith(
            ("airflow.providers.", "airflow.sdk.")
        )
        return core and "core" in self._facts.versions and self._dag_file.may_run_on_airflow_2

    def has(self, *names: str) -> bool:
        """Whether the project's version has facts ("flag", "default_from_config") that the newest one has."""
        target, versions = self._target, self._facts.versions
        for name in names:
            if self.from_core_2:
                since = versions.get("core", {}).get(name)
                if since is None or not target.at_least(*parse_version(since)):
                    return False
            else:
                since = self._facts.since if name == "since" else versions.get(name)
                if since and target.provider_at_least(self._facts.provider, parse_version(since)) is False:
                    return False
        return self.from_core_2 or not self._airflow_too_old()

    def _airflow_too_old(self) -> bool:
        """Whether no provider's release in which the class takes the flag can stand beside the project's Airflow."""
        target, floor = self._target, self._facts.versions.get("airflow")
        if floor is None or target.airflow is None or target.source == "--target-airflow":
            return False  # there a provider's version is the newest, by definition
        return not target.at_least(*parse_version(floor)[:2])

    @cached_property
    def takes_flag(self) -> bool:
        """Whether the class takes `deferrable` in the project's version, and the flag decides there."""
        target, facts = self._target, self._facts
        return (
            facts.deferral == "flag"
            and facts.effective
            and target.at_least(2, 2)
            and self.has("flag", "since")
        )

    @property
    def may_take_flag(self) -> bool:
        """Whether the class takes `deferrable` in a release that the project may have."""
        target, facts = self._target, self._facts
        in_core = facts.versions.get("core", {}).get("flag")
        if self._airflow_too_old() and not (in_core and target.at_least(*parse_version(in_core))):
            return False
        since = facts.versions.get("flag") or facts.since
        return since is None or target.provider_at_least(facts.provider, parse_version(since)) is not False

    @property
    def provider_in_doubt(self) -> bool:
        """Whether the project runs so old an Airflow that its providers may lack the flag, and no version is known.

        A provider's release supports the Airflows of a year or more before it. So the providers of Airflow's image or
        constraints take the flag only if that Airflow is some releases newer than the oldest one that the flag needs.
        """
        target = self._target
        if target.airflow is None or target.source == "--target-airflow" or self.from_core_2:
            return False
        floor = parse_version(self._facts.versions.get("airflow") or "2.4")
        old = _series(target.airflow) < max(_series(floor), _series((2, 4))) + _YOUNG
        return old and target.provider_version(self._facts.provider) is None

    @property
    def flag_version(self) -> str:
        """The first release of the class's provider that takes the flag, as text."""
        return self._facts.versions.get("flag") or self._facts.since or "that has it"

    @property
    def flag_since_later(self) -> str:
        """The release that brings the flag, where the project is known to have an older one; else ""."""
        facts, target = self._facts, self._target
        if facts.deferral != "flag" or self.has("flag") or facts.versions.get("flag_of"):
            return ""  # with `flag_of` the flag came from the base class of another provider
        if self.from_core_2:
            since = facts.versions.get("core", {}).get("flag")
            if target.airflow is None:
                return ""
            return f"Airflow {since}" if since else f"{facts.provider} {self.flag_version}"
        return f"{facts.provider} {self.flag_version}"

    @property
    def defers_from(self) -> str:
        """The release that lets a class defer that can't as it is imported here, as text; "" where none does."""
        facts = self._facts
        if self.from_core_2 and facts.deferral == "flag" and not facts.versions["core"].get("flag"):
            return "Airflow 3"  # which takes it from its provider
        return self.flag_since_later

    @cached_property
    def default_defers(self) -> bool:
        """Whether `[operators] default_deferrable` turns the flag on for this class."""
        target = self._target
        honoured = self._facts.flag_default == "config" and target.at_least(2, 7)
        return target.default_deferrable and honoured and self.has("default_from_config")

    @property
    def doubt(self) -> str:
        """Why the installed provider, or Airflow 2 itself, may be too old to take the flag; "" where it is not."""
        if self.from_core_2 and self._target.airflow is None:
            since = self._facts.versions["core"]["flag"]
            return f"`deferrable` needs Airflow {since}, and nothing here tells its version"
        needed = f"`deferrable` needs {self._facts.provider} {self.flag_version}"
        if self.from_old_provider:
            return f"the import is an old one, and {needed}"
        return f"{needed}, and nothing here tells its version" if self.provider_in_doubt else ""


def _series(version: tuple[int, ...]) -> int:
    """Which feature release a version of Airflow belongs to, counted on from 2 to 3 (2.11 came before 3.0)."""
    return version[1] + (12 if version[0] >= 3 else 0)
