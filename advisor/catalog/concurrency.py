"""The catalog's small table of what runs coroutines side by side and what holds them back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from os.path import dirname, join

from advisor.records import dataclass


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Dotted names, except where it says otherwise.

    gatherers: run everything that they are given at once. starters: start one coroutine beside the one that calls;
    starting_methods: the same as methods (simple names) of `groups` and event `loops`.
    limiters: classes whose objects let only so many coroutines on. limits: what bounds a client's connections, by the
    arguments that do and their positions (-1: by keyword only). timeouts: contexts that bound a wait.
    coroutine_functions: functions of libraries that do nothing until what they return is awaited.
    loop_bound: clients that can only be made where an event loop runs.
    clients: what happens to many requests at once, where nothing else limits them, in words, by the client's class.
    coroutine_words: a file that makes a coroutine holds one of these, or one of the `quiet_hooks`: simple names of
        hooks that have async methods and none of these words. The common ones are among the words, too.
    """

    gatherers: frozenset[str]
    starters: frozenset[str]
    starting_methods: frozenset[str]
    groups: frozenset[str]
    loops: frozenset[str]
    limiters: frozenset[str]
    limits: Mapping[str, Mapping[str, int]]
    timeouts: frozenset[str]
    coroutine_functions: frozenset[str]
    loop_bound: frozenset[str]
    clients: Mapping[str, str]
    coroutine_words: tuple[str, ...]
    quiet_hooks: tuple[str, ...]


@cache
def concurrency() -> Concurrency:
    """The table that ships, read once a process."""
    with open(join(dirname(__file__), "concurrency.json"), encoding="utf-8") as file:
        data = json.load(file)
    return Concurrency(
        frozenset(data["gatherers"]),
        frozenset(data["starters"]),
        frozenset(data["starting_methods"]),
        frozenset(data["groups"]),
        frozenset(data["loops"]),
        frozenset(data["limiters"]),
        data["limits"],
        frozenset(data["timeouts"]),
        frozenset(data["coroutine_functions"]),
        frozenset(data["loop_bound"]),
        data["clients"],
        tuple(data["coroutine_words"]),
        tuple(data["quiet_hooks"]),
    )
