"""What `dag-advisor catalog show, search and build` say of hooks, as text."""

from __future__ import annotations

import json
from collections.abc import Iterable

from advisor.catalog.hooks import HookFacts, Hooks, to_record


def find(name: str) -> list[HookFacts]:
    """The hooks of a dotted or simple name, present or former; nothing where there are none."""
    hooks = Hooks.load()
    facts = hooks.get(name)
    if facts is not None:
        return [facts]
    end = f".{name}"
    every = list(hooks.all())
    return [f for f in every if f.name.endswith(end)] or [
        f for f in every if any(alias.endswith(end) for alias in f.aliases)
    ]


def search(words: list[str]) -> list[str]:
    """One line for each hook whose dotted name, alias or provider holds all words (lower case)."""
    return [
        f"{facts.name}  {summary(facts)}\n"
        for facts in Hooks.load().all()
        if words
        and all(word in " ".join([facts.name, facts.provider, *facts.aliases]).lower() for word in words)
    ]


def summary(facts: HookFacts) -> str:
    """A hook in half a line."""
    count = len(_public(facts.async_methods))
    kind = "hook, async only" if facts.async_only else "hook"
    methods = f"; {count} async method{'s' if count != 1 else ''}" if count else ""
    covered = f"; covered by {facts.covered_by[0].rpartition('.')[2]}" if facts.covered_by else ""
    return f"{kind}{methods}{covered}"


def page(facts: HookFacts) -> str:
    """Everything worth knowing about a hook."""
    lines = [facts.name, f"  {'async ' if facts.async_only else ''}hook of {facts.provider or 'the project'}"]
    add = lines.append
    if facts.async_only:
        add("  async only: a task that is no coroutine gets coroutines from it that nobody awaits")
    for name in _public(facts.async_methods):
        how = "async for" if name in facts.async_generators else "await"
        add(f"  {'async with' if name in facts.async_contexts else how}: {name}")
    for plain, other in facts.sync_methods.items():
        place = f" of {facts.async_twin.rpartition('.')[2]}" if facts.async_twin else ""
        if plain != other or facts.async_twin:
            add(f"  {plain} is {other}{place} for async tasks")
    if facts.sync_twin:
        add(f"  sync twin: {facts.sync_twin}")
    if facts.async_twin:
        add(f"  async twin: {facts.async_twin}")
    for name in facts.covered_by:
        add(f"  deferrable for the same service: {name}")
    for old in facts.aliases:
        add(f"  also known as: {old}")
    add(f"  source: {facts.source}")
    return "\n".join(lines) + "\n"


def changes_to(data: bytes) -> list[str]:
    """What differs between the hooks that ship and those of a data file, one line each.

    A line is a hook added or removed, or a changed field; on which line a hook stands in its file is left out.
    """
    try:
        before = {f.name: to_record(f) for f in Hooks.load().all()}
    except FileNotFoundError:
        before = {}
    after = {row["name"]: row for row in map(json.loads, data.splitlines())}
    lines = [f"- {name}" for name in sorted(before.keys() - after.keys())]
    lines += [f"+ {name} (hook)" for name in sorted(after.keys() - before.keys())]
    for name in sorted(before.keys() & after.keys()):
        for key in sorted(before[name].keys() | after[name].keys()):
            was, now = before[name].get(key), after[name].get(key)
            if was != now and key != "source":
                lines.append(f"~ {name}.{key}: {json.dumps(was)} -> {json.dumps(now)}")
    return lines


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]
