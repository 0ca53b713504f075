"""The catalog's small table of what waits and what asks outside of operators."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from os.path import dirname, join

from advisor.catalog.hooks import HookFacts, Hooks
from advisor.records import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """A class whose objects send requests.

    requests: its methods that send one and return the answer. sessions: its methods that give a client of the same
    kind. operator: the dotted name of the operator that can defer the same request, None where there is none.
    waiter: the deferrable class that waits for what such a client would be polled for; of hooks, the table names it
    only where the data of the hooks does not tell it (see `client`).
    """

    requests: frozenset[str]
    sessions: frozenset[str]
    operator: str | None
    waiter: str | None


@dataclass(frozen=True, slots=True)
class Waits:
    """Dotted names, and where their arguments say how long.

    triggers: the argument that tells how long the trigger waits, and its unit.
    blocking_sleeps: the same for functions that keep their thread meanwhile.
    pause: the deferrable class that only lets time pass; pause_before_3: the one that Airflow 2 has.
    short_blocking_pause: seconds; an ordinary function that looks more often, with no end, expects its answer at once.
    polled: methods of what these modules have, which loops ask, and the deferrable class that waits for the same;
        `glue:get_job_run` only counts in a file with the text "glue".
    sleeps: functions whose first argument is a pause in seconds, and that argument's name.
    timeouts: the name and position of the argument that bounds a wait, in seconds; deadlines: those where it is a
        point in time of the event loop's clock.
    concurrent: what runs several awaits side by side. clients: classes that send requests.
    decorators_with_flag: what may follow `@task.` and takes `deferrable`.
    status_only: of the classes that wait, those which deferred see the status of an answer and nothing in it.
    single_requests: operators that are one request. request_functions: functions that send one plain HTTP request.
    http_operator: the operator for a plain HTTP request. short_pause: seconds; what pauses for less does not poll.
    """

    triggers: Mapping[str, tuple[str, str]]
    sleeps: Mapping[str, str]
    timeouts: Mapping[str, tuple[str, int]]
    deadlines: frozenset[str]
    concurrent: frozenset[str]
    clients: Mapping[str, Client]
    decorators_with_flag: frozenset[str]
    status_only: frozenset[str]
    single_requests: frozenset[str]
    request_functions: frozenset[str]
    http_operator: str
    short_pause: float
    blocking_sleeps: Mapping[str, str]
    short_blocking_pause: float
    pause: str
    pause_before_3: str
    polled: tuple[tuple[tuple[str, ...], Mapping[str, str]], ...]


@cache
def waits() -> Waits:
    """The table that ships, read once a process."""
    with open(join(dirname(__file__), "waits.json"), encoding="utf-8") as file:
        data = json.load(file)
    clients = {
        name: Client(
            frozenset(client["requests"]),
            frozenset(client.get("sessions", ())),
            client.get("operator"),
            client.get("waiter"),
        )
        for name, client in data["clients"].items()
    }
    return Waits(
        {name: (argument, unit) for name, (argument, unit) in data["triggers"].items()},
        data["sleeps"],
        {name: (argument, position) for name, (argument, position) in data["timeouts"].items()},
        frozenset(data["deadlines"]),
        frozenset(data["concurrent"]),
        clients,
        frozenset(data["decorators_with_flag"]),
        frozenset(data["status_only"]),
        frozenset(data["single_requests"]),
        frozenset(data["request_functions"]),
        data["http_operator"],
        float(data["short_pause"]),
        data["blocking_sleeps"],
        float(data["short_blocking_pause"]),
        data["pause"],
        data["pause_before_3"],
        tuple((tuple(one["modules"]), one["methods"]) for one in data["polled"]),
    )


@cache
def client(name: str) -> Client | None:
    """What is known of a class whose objects send requests, by any dotted name; None where it is not known as one.

    The table says which methods send a request that an operator can defer: which method does the same as which
    operator is a matter of judgement. Which class waits for a service is read from the hooks' data.
    """
    told = waits().clients.get(name)
    if told is not None and told.waiter is not None:
        return told
    facts = Hooks.load().get(name) if "Hook" in name else None
    if facts is None:
        return told
    told = told or waits().clients.get(facts.name) or Client(frozenset(), frozenset(), None, None)
    waiter = told.waiter or sole_waiter(facts)
    if waiter is None and not told.requests:
        return None
    return Client(told.requests, told.sessions, told.operator, waiter)


def sole_waiter(facts: HookFacts) -> str | None:
    """The one class that waits where a hook would be polled: the only one that covers it, or its only sensor of two.

    A class that creates something waits for that only, which need not be what the loop asks for.
    """
    if len(facts.covered_by) == 1 and "Create" not in facts.covered_by[0]:
        return facts.covered_by[0]
    sensors = [name for name in facts.covered_by if ".sensors." in name]
    return sensors[0] if len(facts.covered_by) == 2 and len(sensors) == 1 else None
