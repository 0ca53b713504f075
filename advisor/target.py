"""Which Airflow and provider versions a project runs on, and where that was read.

Nothing is executed and nothing is fetched: only well-known files of the project root and of a few well-known
folders directly below it are read, and where those name no Airflow, of such folders in such folders and of the one
folder below the root that holds `dags`. In this order, the first exact version wins, else the first range's lower
bound (advice for "at least X" must hold for X): the configuration or `--target-airflow`; the packages of the
configured environment; lock files;
requirements, constraints and pyproject.toml; Dockerfiles; compose files and Helm values; Terraform and
CloudFormation. See `target_files` and `target_images` for what is read in each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from advisor.records import dataclass, field

if TYPE_CHECKING:
    from advisor.target_pins import Clues

Version: TypeAlias = tuple[int, ...]

AIRFLOW = "apache-airflow"
NEWEST = "newest catalog"


class TargetError(ValueError):
    """A target version that is no X.Y or X.Y.Z; the message says where it was given."""


class Wanted(Protocol):
    """What of the settings matters here."""

    @property
    def target_airflow(self) -> str: ...
    @property
    def triggerer(self) -> bool: ...
    @property
    def default_deferrable(self) -> bool: ...
    @property
    def environment(self) -> str | None: ...


@dataclass(frozen=True)
class Target:
    """What the project runs on; None stands for unknown, to be treated as the newest of the catalog.

    `providers` maps normalised distribution names to the version read, None where the distribution is named
    without a usable one. A provider that is not in it is unknown too: an image brings providers that no file
    names. `environment` is the folder of the installed packages that tell the versions, "" where files of the project
    do. `found` holds (what, where) pairs for the reader, `where` being `file:line` or `file`, with notes
    on what could not be read or is unknown. `is_range` says that `airflow` is only where a range
    starts. `depends_on` and `has_extra` look into `distributions` and `extras`.
    """

    airflow: Version | None = None
    source: str = NEWEST
    providers: Mapping[str, Version | None] = field(default_factory=dict)
    default_deferrable: bool = False
    triggerer: bool = True
    found: tuple[tuple[str, str], ...] = ()
    distributions: frozenset[str] = frozenset()
    extras: frozenset[tuple[str, str]] = frozenset()
    environment: str = ""
    is_range: bool = False

    def at_least(self, *version: int) -> bool:
        """Whether Airflow is this version or newer; an unknown Airflow counts as the newest."""
        return self.airflow is None or _reaches(self.airflow, version)

    def below(self, *version: int) -> bool:
        """Whether Airflow is known to be older than this version; `>=2.9` does not tell that of 3.2."""
        return self.airflow is not None and not self.at_least(*version) and not self.is_range

    def provider_version(self, dist: str) -> Version | None:
        """The version of a distribution; None = unknown, or the newest."""
        return self.airflow if normalise(dist) == AIRFLOW else self.providers.get(normalise(dist))

    def provider_at_least(self, dist: str, version: tuple[int, ...]) -> bool | None:
        """Whether a distribution has this version or newer; None = its version is unknown."""
        known = self.provider_version(dist)
        return None if known is None else _reaches(known, version)

    def depends_on(self, dist: str) -> bool:
        """Whether the project's files ask for this distribution (a constraint alone does not)."""
        return normalise(dist) in self.distributions

    def has_extra(self, dist: str, extra: str) -> bool:
        """Whether `dist[extra]`, `apache-airflow[extra]` or a distribution named so is asked for."""
        name = normalise(extra)
        return (
            name in self.distributions
            or (normalise(dist), name) in self.extras
            or (AIRFLOW, name) in self.extras
        )


@cache
def normalise(name: str) -> str:
    """A distribution's or extra's name as PEP 503 writes it."""
    return "-".join(
        part for part in name.strip().lower().replace("_", "-").replace(".", "-").split("-") if part
    )


def _reaches(version: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    # Missing parts count as 0: "2.9" promises 2.9.0, not more.
    return version + (0,) * (len(wanted) - len(version)) >= wanted


def detect(root: Path, settings: Wanted, override: str | None, isolated: bool) -> Target:
    """The target of the project at `root`; `override` is the value of `--target-airflow` ("auto" = none).

    With an override every provider counts as the newest of the catalog; dependencies, extras and the default
    of `deferrable` are still read from the project. The configured environment, if there is one, tells the
    versions before any file does. `isolated` reads no file. Raises TargetError.
    """
    given, source = None, ""
    if override and override != "auto":
        given, source = _version(override, "--target-airflow"), "--target-airflow"
    elif settings.target_airflow != "auto":
        given, source = _version(settings.target_airflow, "target-airflow"), "config"
    clues = None if isolated else _read(root)
    written = None if isolated or source == "--target-airflow" else settings.environment
    if written is not None:
        return _installed(root, written, settings, given, clues)
    if clues is None:
        found = ((f"{AIRFLOW} {_text(given)}", source),) if given else ()
        return Target(
            given, source or NEWEST, {}, settings.default_deferrable, settings.triggerer, found=found
        )

    airflow, where = clues.choose(AIRFLOW)
    providers = {name: clues.choose(name) for name in clues.names() if _is_provider(name)}
    if source == "--target-airflow":
        providers = dict.fromkeys(providers, (None, ""))
    chosen = [(f"{AIRFLOW} {_text(airflow)}", where)] if airflow else []
    if given:
        chosen = [(f"{AIRFLOW} {_text(given)}", source)]
    chosen += [(f"{name} {_text(version)}", at) for name, (version, at) in providers.items() if version]
    return Target(
        airflow=given or airflow,
        source=source or (where.rpartition(":")[0] or where if airflow else NEWEST),
        providers={name: version for name, (version, _) in providers.items()},
        default_deferrable=settings.default_deferrable or clues.default_deferrable,
        triggerer=settings.triggerer,
        found=(*chosen, *clues.notes),
        distributions=frozenset(clues.distributions),
        extras=frozenset(clues.extras),
        is_range=given is None and clues.is_range(AIRFLOW),
    )


def _installed(
    root: Path, written: str, settings: Wanted, given: Version | None, clues: Clues | None
) -> Target:
    """The target that the packages of an environment tell; `given` is the configured Airflow version.

    Where no Airflow is installed there, the project's files are asked for it.
    """
    from advisor.environment import environment, path_of

    path = path_of(root, written)
    packages = environment(path).distributions
    providers = {name: (one.release, written) for name, one in packages.items() if _is_provider(name)}
    core = packages.get(f"{AIRFLOW}-core") or packages.get(AIRFLOW)
    airflow, source = (core.release, written) if core is not None else (None, NEWEST)
    if airflow is None and clues is not None:
        airflow, where = clues.choose(AIRFLOW)
        source = where.rpartition(":")[0] or where if airflow else NEWEST
        named = {name: clues.choose(name) for name in clues.names() if _is_provider(name)}
        providers = {**named, **providers}
    if given:
        airflow, source = given, "config"
    found = [(f"{AIRFLOW} {_text(airflow)}", source)] if airflow else []
    found += [(f"{name} {_text(version)}", at) for name, (version, at) in providers.items() if version]
    return Target(
        airflow=airflow,
        source=source,
        providers={name: version for name, (version, _) in providers.items()},
        default_deferrable=settings.default_deferrable or (clues is not None and clues.default_deferrable),
        triggerer=settings.triggerer,
        found=(*found, *(clues.notes if clues is not None else ())),
        distributions=frozenset(packages).union(clues.distributions if clues is not None else ()),
        extras=frozenset(clues.extras if clues is not None else ()),
        environment=path,
    )


def _is_provider(name: str) -> bool:
    return name.startswith("apache-airflow-") or name == "astronomer-providers"


def _text(version: tuple[int, ...] | None) -> str:
    return ".".join(map(str, version or ()))


def _version(text: str, where: str) -> Version:
    parts = text.strip().split(".")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() for part in parts):
        raise TargetError(
            f"{where}: {text!r} is no Airflow version; write X.Y or X.Y.Z, such as 2.10, or auto"
        )
    return tuple(int(part) for part in parts)


# Folders directly below the root that are looked into; "infrastructure" ones for Terraform and the like too.
_INFRASTRUCTURE = frozenset(
    {"terraform", "infra", "infrastructure", "cloudformation", "deploy", "deployment"}
)
_FOLDERS = _INFRASTRUCTURE | {
    *("requirements", "docker", ".devcontainer", "dags", "airflow", "helm", "chart"),
    *("src", "composer", "mwaa"),
}

# Further off, where the files above name no Airflow: `docker/images/airflow`, `services/airflow`.
_FAR = _FOLDERS | {"images", "services"}
_DEEPEST = 3  # folders below the root

_MOST_FILES = 100  # the least believed kind, infrastructure, is the one that comes in hundreds

# Kinds of files in the order in which they are believed.
KINDS = (
    *("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock"),
    *("requirements", "constraints", "pyproject.toml", "Pipfile", "setup.cfg"),
    *("env", "Dockerfile", "compose", "values", "airflow.cfg", "infrastructure"),
)
_EXACT = {kind.lower(): kind for kind in KINDS if "." in kind or kind == "Pipfile"} | {".env": "env"}


def _kind(name: str, folder: str) -> str | None:
    """What sort of file this is, by its name alone."""
    lower = name.lower()
    if lower in _EXACT:
        return _EXACT[lower]
    stem, _, ending = lower.rpartition(".")
    if ending in ("txt", "in"):
        if stem.startswith("constraints"):
            return "constraints"
        return "requirements" if "requirements" in lower or folder == "requirements" else None
    if lower.startswith(("dockerfile", "containerfile")) or ending == "dockerfile":
        return None if ending in ("dockerignore", "md", "py") else "Dockerfile"
    if ending == "env":
        return "env"
    if ending in ("yml", "yaml", "json", "tf", "tfvars"):
        if ending in ("yml", "yaml"):
            if "compose" in lower and "composer" not in lower:
                return "compose"
            if lower.startswith("values"):
                return "values"
        if folder in _INFRASTRUCTURE or ending in ("tf", "tfvars"):
            return "infrastructure"
        # In the root only names that announce it: a root may hold any amount of unrelated YAML and JSON.
        if any(word in lower for word in ("cloudbuild", "cloudformation", "template", "mwaa", "composer")):
            return "infrastructure"
    return None


def candidates(root: Path, *, far: bool = False) -> Iterator[tuple[int, str]]:
    """The files worth reading, as (rank of their kind, path below the root with forward slashes).

    `far`: also those that are only asked where the others name no Airflow.
    """
    folders = [""]
    for folder in folders:  # grows while the folders are listed
        homes: list[str] = []
        last = folder.rpartition("/")[2]
        try:
            entries = os.scandir(os.path.join(root, folder))
        except OSError:
            continue
        with entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                kind = _kind(entry.name, last)
                try:
                    if kind is not None and entry.is_file():
                        yield KINDS.index(kind), path
                    elif (not folder and entry.name in _FOLDERS) or (far and entry.name in _FAR):
                        if path.count("/") < _DEEPEST and entry.is_dir():
                            folders.append(path)
                    elif far and not folder and _is_home(root, entry.name):
                        homes.append(path)
                except OSError:
                    continue
        if len(homes) == 1:  # several are several projects, whose versions may differ
            folders += homes


def _is_home(root: Path, name: str) -> bool:
    """Whether a folder directly below the root holds DAGs that are deployed."""
    plain = "." not in name and _ASIDE.isdisjoint(name.lower().replace("_", "-").split("-"))
    return plain and os.path.isdir(os.path.join(root, name, "dags"))


def _read(root: Path) -> Clues | None:
    """Everything that the project's files say, or None when there is none of these files."""
    near = _in_order(candidates(root))
    clues = _clues(root, near)
    if clues is None or clues.choose(AIRFLOW)[0] is None:
        more = _in_order(candidates(root, far=True))
        if len(more) > len(near):
            clues = _clues(root, more)
    return clues


def _in_order(found: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(found, key=lambda item: (_is_far(item[1]), item[0], *_order(item[1])))


def _is_far(path: str) -> bool:
    folder = path.rpartition("/")[0]
    return bool(folder) and folder not in _FOLDERS


def _clues(root: Path, found: list[tuple[int, str]]) -> Clues | None:
    if not found:
        return None
    from advisor.target_files import read

    return read(root, [(KINDS[rank], path) for rank, path in found[:_MOST_FILES]])


# Words of file names that are not what is deployed; "in" is what a requirements.txt was compiled from.
_ASIDE = frozenset(
    {"in", "dev", "test", "tests", "doc", "docs", "lint", "ci", "local", "example", "examples"}
)


def _order(path: str) -> tuple[bool, bool, int, str]:
    # The file that is deployed first: the root before folders, the plain name before requirements-dev.txt.
    name = path.rpartition("/")[2].lower()
    words = set(name.replace("_", "-").replace(".", "-").split("-"))
    aside = not words.isdisjoint(_ASIDE)
    return "/" in path, aside, len(name), name
