"""What version a requirement promises, and the collecting of such promises from many files."""

from __future__ import annotations

import re

from advisor.records import dataclass, field
from advisor.target import AIRFLOW, Version, normalise

# The last minor of each finished major: "<3" alone promises the newest 2.x.
_LAST_MINOR = {1: 10, 2: 11}

_REQUIREMENT = r"""(?x) ^\s* (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*) \s* (?:\[(?P<extras>[^\]]*)\])? \s*
                   (?P<rest>(?:@|===|==|~=|!=|<=|>=|<|>|;|,|\(|$).*) $"""
_CLAUSE = r"(===|==|~=|!=|<=|>=|<|>|\^|~|=)?\s*v?(\d+!)?(\d+(?:\.\d+)*)(\.\*)?([A-Za-z+.-][\w.+-]*)?$"
_WHEEL = r"""(?x) (?:^|[/\\]) (?P<name>[A-Za-z0-9_.-]+?) - (?P<version>\d+(?:\.\d+)*) [\w.+]*
             (?:-[^/\\]*\.whl | \.tar\.gz) (?:$|[\#?])"""


@dataclass(frozen=True)
class Requirement:
    """A named distribution and what is known of its version: `exact` (a pin) or a range's lower bound."""

    name: str
    extras: frozenset[str] = frozenset()
    version: Version | None = None
    exact: bool = False


def requirement(text: str) -> Requirement | None:
    """A requirement as PEP 508 or pip writes it, its marker and hashes allowed; None for anything else."""
    text = text.strip().split(" --")[0].split(" ;")[0][:2000]
    if match := re.match(_REQUIREMENT, text):
        name, rest = normalise(match["name"]), match["rest"].split(";")[0].strip()
        extras = frozenset(normalise(extra) for extra in (match["extras"] or "").split(",") if extra.strip())
        version, exact = _wheel_version(rest) if rest.startswith("@") else promise(rest, name)
        return Requirement(name, extras, version, exact)
    wheel = re.search(_WHEEL, text)
    return (
        Requirement(normalise(wheel["name"]), frozenset(), _parts(wheel["version"]), True) if wheel else None
    )


def _wheel_version(url: str) -> tuple[Version | None, bool]:
    wheel = re.search(_WHEEL, url.removeprefix("@").strip())
    return (_parts(wheel["version"]), True) if wheel else (None, False)


def promise(specifier: str, name: str = AIRFLOW, *, bare_is_pin: bool = False) -> tuple[Version | None, bool]:
    """What version a specifier promises, and whether it pins it.

    "==2.9.3" and "==2.9.*" pin; ">=2.7,<3" promises 2.7 (advice must hold for X where "at least X" is asked
    for); "<3" alone promises Airflow's newest 2.x, and any other distribution's 2.0; nothing, "!=2.8" and
    templates promise nothing. Poetry's "^2.9" and "~2.9" are ranges, its bare "2.9.3" is a pin
    (`bare_is_pin`).
    """
    if len(specifier) > 1000:
        return None, False  # not written by or for people; the patterns below would be slow on it
    lower: list[Version] = []
    upper: list[Version] = []
    for clause in specifier.strip().strip("()").split(","):
        if clause.strip() in ("", "*"):
            continue
        match = re.match(_CLAUSE, clause.strip())
        if match is None or match[2]:
            return None, False  # a template, an "||", an epoch: nothing is known
        operator, version = match[1], _parts(match[3])
        if operator is None and not bare_is_pin:
            return None, False
        if operator in ("==", "===", "=", None):
            return version, True
        if operator in (">=", ">", "~=", "^", "~"):
            lower.append(version)
        elif operator == "<=":
            upper.append(version)
        elif operator == "<" and (below := _below(version, name)):
            upper.append(below)
    return (max(lower) if lower else min(upper) if upper else None), False


def _below(version: Version, name: str) -> Version | None:
    """A release line below `version`: 2.8 gives 2.7, 2.8.3 gives 2.8, 3 gives 2.11 for Airflow, else 2."""
    major, minor, *rest = (*version, 0) if len(version) == 1 else version
    if any(rest):
        return major, minor
    if minor:
        return major, minor - 1
    if name not in (AIRFLOW, "apache-airflow-core"):
        return (major - 1,) if major else None
    return (major - 1, _LAST_MINOR[major - 1]) if major - 1 in _LAST_MINOR else None


def _parts(text: str) -> Version:
    return tuple(int(part[:9]) for part in text.split("."))


@dataclass(frozen=True)
class _Claim:
    version: Version
    exact: bool
    where: str
    file: int


@dataclass
class Clues:
    """What the files say, file after file in the order in which they are believed."""

    default_deferrable: bool = False
    distributions: set[str] = field(default_factory=set)
    extras: set[tuple[str, str]] = field(default_factory=set)
    notes: list[tuple[str, str]] = field(default_factory=list)
    _claims: dict[str, list[_Claim]] = field(default_factory=dict)
    _named: set[str] = field(default_factory=set)
    _file: int = 0

    def next_file(self) -> None:
        """What follows comes from another file."""
        self._file += 1

    def add(self, found: Requirement, where: str, *, constraint: bool = False) -> None:
        """One requirement; a constraint gives a version without asking for the distribution."""
        name = AIRFLOW if found.name == "apache-airflow-core" else found.name
        if found.version:
            claim = _Claim(found.version, found.exact, where, self._file)
            self._claims.setdefault(name, []).append(claim)
        if constraint:
            return
        self._named.add(name)
        self.distributions.add(found.name)
        self.extras.update((name, extra) for extra in found.extras)
        if name == AIRFLOW:  # apache-airflow[amazon] brings the provider
            self.distributions.update(f"apache-airflow-providers-{extra}" for extra in found.extras)

    def note(self, what: str, where: str) -> None:
        """Something that the reader should know: a file that could not be read, an unknown image."""
        self.notes.append((what, where))

    def names(self) -> list[str]:
        """Every distribution that was named or given a version, sorted."""
        return sorted(self._named | self._claims.keys())

    def choose(self, name: str) -> tuple[Version | None, str]:
        """The version to believe and where it stands: the first pin, unless a nearer range excludes it.

        Where one file pins several (by Python version, by platform), the lowest counts.
        """
        best = self._best(name)
        return (best.version, best.where) if best else (None, "")

    def is_range(self, name: str) -> bool:
        """Whether the version to believe is where a range starts: what runs may be newer."""
        best = self._best(name)
        return best is not None and not best.exact

    def _best(self, name: str) -> _Claim | None:
        claims = self._claims.get(name, [])
        if name != AIRFLOW:
            others = self._other_airflows()
            claims = [claim for claim in claims if claim.file not in others]
        pin = next((claim for claim in claims if claim.exact), None)
        floor = next((claim for claim in claims if not claim.exact), None)
        if pin:
            same = [claim for claim in claims if claim.exact and claim.file == pin.file]
            pin = min(same, key=lambda claim: claim.version)
        best = pin or floor
        if pin and floor and floor.file < pin.file and pin.version < floor.version[: len(pin.version)]:
            best = floor  # the nearer file asks for more than the farther one pins: it is not what runs
        return best

    def _other_airflows(self) -> set[int]:
        """The files that pin another Airflow than the one chosen: their providers belong to that one."""
        chosen, _ = self.choose(AIRFLOW)
        pins = [claim for claim in self._claims.get(AIRFLOW, []) if claim.exact]
        agreeing = {claim.file for claim in pins if chosen and _agree(claim.version, chosen)}
        return {claim.file for claim in pins} - agreeing


def _agree(one: Version, other: Version) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]
