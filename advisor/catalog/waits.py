"""The catalog's small table of what waits and what asks outside of operators."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from os.path import dirname, join


@dataclass(frozen=True, slots=True)
class Waits:
    """Dotted names, and where their arguments say how long.

    triggers: the argument that tells how long the trigger waits, and its unit.
    sleeps: functions whose first argument is a pause in seconds.
    timeouts: the name and position of the argument that bounds a wait, in seconds.
    concurrent: what runs several awaits side by side. walls: what runs a function outside of the event loop.
    clients: classes that send requests, with the operator that can defer the same request where one exists.
    requests: their methods that send one. single_requests: operators that are one request. http_operator: the operator for a plain HTTP request.
    """

    triggers: Mapping[str, tuple[str, str]]
    sleeps: frozenset[str]
    timeouts: Mapping[str, tuple[str, int]]
    concurrent: frozenset[str]
    walls: frozenset[str]
    clients: Mapping[str, str | None]
    requests: frozenset[str]
    single_requests: frozenset[str]
    request_functions: frozenset[str]
    http_operator: str


@cache
def waits() -> Waits:
    """The table that ships, read once a process."""
    with open(join(dirname(__file__), "waits.json"), encoding="utf-8") as file:
        data = json.load(file)
    return Waits(
        {name: (argument, unit) for name, (argument, unit) in data["triggers"].items()},
        frozenset(data["sleeps"]),
        {name: (argument, position) for name, (argument, position) in data["timeouts"].items()},
        frozenset(data["concurrent"]),
        frozenset(data["walls"]),
        data["clients"],
        frozenset(data["requests"]),
        frozenset(data["single_requests"]),
        frozenset(data["request_functions"]),
        data["http_operator"],
    )
