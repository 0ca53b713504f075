"""The catalog's table of calls that block: what each waits for, and what to use on an event loop instead."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from os.path import dirname, join
from typing import Final

from advisor.catalog.hooks import HookFacts, Hooks
from advisor.records import dataclass

_HOOK = re.compile(r"(.+?\.(_?[A-Z]\w*Hook))\.(([a-z]\w*).*)$")
_ASYNC = "Async"
#: what gives an async client of AWS, and the distribution and version that brought it (read in the wheels)
GET_ASYNC_CONN: Final = "get_async_conn"
SINCE_ASYNC_CONN: Final = ("apache-airflow-providers-amazon", (9, 5))


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


class _Object:
    """What the table tells of one class or of what a function gives.

    names: the methods that ask, where those are all. ends: the methods that send what was put together before them,
    whatever stands in between (`files().list().execute()`, a pipeline's `execute`), where nothing else asks.
    cheap: further methods that only prepare something.
    """

    def __init__(self, found: Blocking, entry: Mapping[str, object]) -> None:
        self.found = found
        self.names = frozenset(_texts(entry, "names")) if "names" in entry else None
        self.ends = frozenset(_texts(entry, "ends")) if "ends" in entry else None
        self.cheap = frozenset(_texts(entry, "cheap")) if "cheap" in entry else frozenset()


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
            for name in _texts(entry, "names")
        }
        self._functions.update((name, _entry(groups, {"group": group})) for name, group in more.items())
        self._objects = {name: _Object(_entry(groups, entry), entry) for name, entry in objects.items()}
        self._cheap = frozenset(_texts(data, "cheap"))
        collectors: Mapping[str, list[str]] = data["collectors"]  # type: ignore[assignment]
        self._collectors = {word: frozenset(ends) for word, ends in collectors.items()}
        self._hook_modules = tuple(_texts(data, "hook_modules"))
        self._hook_connections = frozenset(_texts(data, "hook_connections"))
        self._hook_connects = frozenset(_texts(data, "hook_connects"))
        self._hook_not = frozenset(_texts(data, "hook_not"))
        verbs = rf"(?:{'|'.join(_texts(data, 'hook_verbs'))})(?:_\w+)?"
        self._hook_methods = re.compile(rf"(?:{'|'.join([verbs, *_texts(data, 'hook_patterns')])})$")
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
        holder = path.rpartition(".")[0]
        while holder:
            entry = self._objects.get(holder)
            if entry is not None:
                return entry.found if self._asks_of(entry, path[len(holder) + 1 :]) else None
            holder = holder.rpartition(".")[0]
        return self._of_hook(path)

    def _asks_of(self, entry: _Object, rest: str) -> bool:
        """Whether what follows an object of the table asks it for something."""
        if entry.names is not None:
            return rest in entry.names
        if entry.ends is not None:
            return rest.rpartition(".")[2] in entry.ends
        return self._asks(rest, entry.cheap)

    def _asks(self, rest: str, cheap: frozenset[str] = frozenset()) -> bool:
        """Whether what follows a client asks it for something: the last word does, and no answer stands before it."""
        *before, last = rest.split(".")
        ends = next((ends for word, ends in self._collectors.items() if word in before), None)
        if ends is not None:
            return last in ends  # until then it only collects: `redis.pipeline().set(…)`
        answers = any(word.endswith("()") and not self._is_cheap(word[:-2], cheap) for word in before)
        return not (answers or self._is_cheap(last, cheap))

    def _is_cheap(self, word: str, cheap: frozenset[str]) -> bool:
        """Whether a method only prepares something: `cursor`, `Bucket` of a boto3 resource."""
        return word in self._cheap or word in cheap or word[:1] == "_" or word[:1].isupper()

    def _of_hook(self, path: str) -> Blocking | None:
        """A method of a provider's hook that is not async, or of the connection that such a method gives."""
        match = _HOOK.match(path) if path.startswith(self._hook_modules) else None
        if match is None or _ASYNC in match[2]:
            return None
        name, simple, rest, first = match.groups()
        facts = Hooks.load().get(name)
        if facts is not None and (first in facts.async_methods or facts.async_only):
            return None
        counterpart = facts.sync_methods.get(first) if facts is not None and first == rest else None
        if first != rest:
            if first not in self._hook_connections or not self._asks(rest.partition(".")[2]):
                return None
        elif first == "get_conn":
            if simple not in self._hook_connects:
                return None
        elif first in self._hook_not or not (counterpart or self._hook_methods.match(first)):
            return None
        instead = _instead(facts, counterpart) if facts is not None else ""
        return Blocking("hook", self._hook_group.what, instead)


def _instead(facts: HookFacts, counterpart: str | None) -> str:
    twin = facts.async_twin.rpartition(".")[2] if facts.async_twin is not None else ""
    if counterpart is not None:
        return f"`{twin or facts.simple_name}.{counterpart}`"
    if twin:
        return twin
    return f"the client that its `{GET_ASYNC_CONN}` gives" if GET_ASYNC_CONN in facts.async_methods else ""


def _texts(data: Mapping[str, object], key: str) -> list[str]:
    return list(data[key])  # type: ignore[call-overload, no-any-return]


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
