"""The catalog's small table of how Airflow runs the functions that it is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from os.path import dirname, join

from advisor.records import dataclass


@dataclass(frozen=True, slots=True)
class Callables:
    """Flavours are what follows `@task.`, "" for `@task`; an operator that takes `python_callable` has one, too.

    operators: flavours by the operator's simple name. same: flavours that are other words for one.
    decorated_sensor: the operator behind `@task.sensor`.
    with_flag: flavours whose operator takes `deferrable` among its own arguments; every other decorator hands what it
        is given to an operator without the flag.
    modifiers: what follows `@task.` and only changes a task that another decorator makes.
    awaited: flavours that await an `async def` as it should be, from Airflow 3.2 on.
    in_worker: flavours whose function runs in the worker slot and is called once, unlike a sensor's.
    other_python: flavours whose function is to run in another Python on the same machine.
    outcomes: what becomes of an `async def` where nothing awaits it as it should be, by flavour, and by some conditions
        ("awaited_before" 3.2, "generator", and the same with "_unpushed" where no result is asked for).
    runs_a_loop: what runs a coroutine in an event loop, and fails where one runs.
    before_3: modules that Airflow 3 lacks.
    """

    operators: Mapping[str, str]
    same: Mapping[str, str]
    decorated_sensor: str
    with_flag: frozenset[str]
    modifiers: frozenset[str]
    awaited: frozenset[str]
    in_worker: frozenset[str]
    other_python: frozenset[str]
    outcomes: Mapping[str, str]
    runs_a_loop: frozenset[str]
    before_3: tuple[str, ...]


@cache
def callables() -> Callables:
    """The table that ships, read once a process."""
    with open(join(dirname(__file__), "callables.json"), encoding="utf-8") as file:
        data = json.load(file)
    return Callables(
        data["operators"],
        data["same"],
        data["decorated_sensor"],
        frozenset(data["with_flag"]),
        frozenset(data["modifiers"]),
        frozenset(data["awaited"]),
        frozenset(data["in_worker"]),
        frozenset(data["other_python"]),
        data["outcomes"],
        frozenset(data["runs_a_loop"]),
        tuple(data["before_3"]),
    )
