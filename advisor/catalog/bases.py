"""The catalog's small table of what Airflow's own base classes give to a trigger or an operator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from os.path import dirname, join

from advisor.catalog.lookup import DATA
from advisor.records import dataclass

TRIGGERS = "triggers.txt"  # the data file: see triggers_extract


@dataclass(frozen=True, slots=True)
class Bases:
    """Dotted names, and the names of attributes.

    triggers: the abstract triggers; they define no `run` and no `serialize`, and their `__init__` takes any keyword.
    watchers: those among them that watch an asset.
    operators: the plain operator and sensor, by the catalog's names, and such names as it has none for. mixins: what
        may stand beside them.
    moved: where the modules of Airflow 2's own triggers have gone, by the beginning of their names.
    attributes: what every operator or sensor has, by one of the versions read (2.11.2 and 3.3.2).
    """

    triggers: frozenset[str]
    watchers: frozenset[str]
    operators: frozenset[str]
    mixins: frozenset[str]
    attributes: frozenset[str]
    moved: Mapping[str, str]


@cache
def bases() -> Bases:
    """The table that ships, read once a process."""
    with open(join(dirname(__file__), "bases.json"), encoding="utf-8") as file:
        data = json.load(file)
    return Bases(
        frozenset(data["triggers"]),
        frozenset(data["watchers"]),
        frozenset(data["operators"]),
        frozenset(data["mixins"]),
        frozenset(data["attributes"]),
        data["moved"],
    )


@cache
def _self_naming() -> frozenset[str]:
    with open(join(DATA, TRIGGERS), encoding="utf-8") as file:
        return frozenset(file.read().split())


def names_itself(path: str) -> bool:
    """Whether a provider's trigger writes out its own path in `serialize`, so that what derives from it is not run."""
    for old, new in bases().moved.items():
        if path.startswith(old):
            path = new + path[len(old) :]
    return path in _self_naming()
