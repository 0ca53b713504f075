"""The catalog's table of calls that block: what each waits for, and what to use on an event loop instead."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from os.path import dirname, join

from advisor.catalog.hooks import Hooks
from advisor.records import dataclass

_HOOK = re.compile(r"(.+?\.(_?[A-Z]\w*Hook(?:Async)?))\.([a-z]\w*)(\(\).*)?$")
_ASYNC = re.compile(r"Async|aio\b")


@dataclass(frozen=True, slots=True)
class Blocking:
    """What blocks in one call.

    group: a word for the kind ("sleep", "http", "process", "input", "file", "aws", "google", "azure", "database",
    "broker", "network", "thread", "hook", "configured"). what: what the call does meanwhile ("waits for a database").
    instead: what to use instead, in Markdown, "" where nothing is known but a thread. minor: most often it takes no
    time worth the word. handle: a method of an open file.
    """

    group: str
    what: str
    instead: str
    minor: bool = False
    handle: bool = False


class BlockingCalls:
    """The table as it ships."""

    def __init__(self, data: Mapping[str, object]) -> None:
        groups: Mapping[str, Mapping[str, str]] = data["groups"]  # type: ignore[assignment]
        functions: Mapping[str, Mapping[str, object]] = data["functions"]  # type: ignore[assignment]
        objects: Mapping[str, Mapping[str, object]] = data["objects"]  # type: ignore[assignment]
        more: Mapping[str, str] = data["more"]  # type: ignore[assignment]
        self._functions = {
            f"{module}.{name}": _entry(groups, entry)
            for module, entry in functions.items()
            for name in entry["names"]  # type: ignore[attr-defined]
        }
        self._functions.update((name, _entry(groups, {"group": group})) for name, group in more.items())
        self._objects = {name: (_entry(groups, entry), entry.get("names")) for name, entry in objects.items()}
        self._cheap = frozenset(data["cheap"])  # type: ignore[call-overload]
        self._hook_cheap = frozenset(data["hook_cheap"])  # type: ignore[call-overload]
        self._hook_modules: tuple[str, ...] = tuple(data["hook_modules"])  # type: ignore[arg-type]
        self._hook_group = _entry(groups, {"group": "hook"})
        self._known: dict[str, Blocking | None] = {}

    def get(self, path: str) -> Blocking | None:
        """What blocks in a call of this dotted name, written as `reached` does (`boto3.client().get_object`)."""
        if path not in self._known:
            self._known[path] = self._find(path)
        return self._known[path]

    def names(self) -> list[str]:
        """The functions and, with a star, the classes of the table, sorted; hooks left out."""
        return sorted([*self._functions, *(f"{name}.*" for name in self._objects)])

    def _find(self, path: str) -> Blocking | None:
        known = self._functions.get(path)
        if known is not None:
            return known
        holder, _, method = path.rpartition(".")
        while holder:
            entry = self._objects.get(holder)
            if entry is not None:
                found, names = entry
                rest = path[len(holder) + 1 :]
                if names is not None:
                    return found if rest in names else None  # type: ignore[operator]
                return found if method not in self._cheap and not method.startswith("_") else None
            holder = holder.rpartition(".")[0]
        return self._of_hook(path)

    def _of_hook(self, path: str) -> Blocking | None:
        """A method of a provider's hook that is not async, or of what such a method gives back (its connection)."""
        match = _HOOK.match(path) if path.startswith(self._hook_modules) else None
        if match is None or "." in match[3] or _ASYNC.search(match[2]):
            return None
        name, method, rest = match[1], match[3], match[4] or ""
        last = rest.rpartition(".")[2]
        facts = Hooks.load().get(name)
        if facts is not None and (method in facts.async_methods or facts.async_only):
            return None
        if method in self._hook_cheap or method.startswith("_") or (rest and last in self._cheap):
            return None
        if facts is None:
            return self._hook_group
        twin = facts.async_twin.rpartition(".")[2] if facts.async_twin is not None else ""
        counterpart = facts.sync_methods.get(method)
        if counterpart is not None and not rest:
            instead = f"`{twin or facts.simple_name}.{counterpart}`"
        elif twin:
            instead = twin
        elif "get_async_conn" in facts.async_methods:
            instead = "the client that the hook's `get_async_conn` gives"
        else:
            instead = ""
        return Blocking("hook", self._hook_group.what, instead or self._hook_group.instead)


def _entry(groups: Mapping[str, Mapping[str, str]], entry: Mapping[str, object]) -> Blocking:
    group = groups[str(entry["group"])]
    return Blocking(
        str(entry["group"]),
        group["what"],
        str(entry.get("instead", group["instead"])),
        bool(group.get("minor")),
        bool(entry.get("handle")),
    )


@cache
def blocking_calls() -> BlockingCalls:
    """The table that ships, read once a process."""
    with open(join(dirname(__file__), "blocking.json"), encoding="utf-8") as file:
        return BlockingCalls(json.load(file))
