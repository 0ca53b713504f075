"""The catalog's table of synchronous calls that ask Airflow itself, and of the coroutines that ask the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from os.path import dirname, join

from advisor.catalog.blocking import GET_ASYNC_CONN
from advisor.catalog.hooks import Hooks
from advisor.records import dataclass

_HOOK = re.compile(r"(?:airflow\.(?:providers|hooks|contrib)|astronomer)\..*?\.(\w*Hook)\.(\w+)$")
_CONNECTS = "get_conn"  # every hook reads its connection in it


@dataclass(frozen=True, slots=True)
class SdkCall:
    """A method that asks Airflow: the class's simple name, the method, and its async form and since when it exists.

    `coroutine` is "" where no version has one, `since` the first Airflow version as (major, minor).
    `indirect` says that the method does more than to ask (a hook's `get_conn`).
    """

    owner: str
    method: str
    coroutine: str = ""
    since: tuple[int, int] = (0, 0)
    indirect: bool = False


@cache
def _table() -> tuple[Mapping[str, str], Mapping[str, Mapping[str, list[str] | None]]]:
    with open(join(dirname(__file__), "sdk_calls.json"), encoding="utf-8") as file:
        data = json.load(file)
    return data["classes"], data["methods"]


def sdk_call(path: str) -> SdkCall | None:
    """What a dotted name like `airflow.sdk.BaseHook.get_connection` asks Airflow for; None where it does not ask."""
    classes, methods = _table()
    owner, _, method = path.rpartition(".")
    kind, name = classes.get(owner, ""), owner.rpartition(".")[2]
    if not kind:
        match = _HOOK.match(path)
        if match is None:
            return None
        name, method = match[1], match[2]
        if method == _CONNECTS:
            return _connects(owner, name)
        kind = "hook"
    if method not in methods[kind]:
        return None
    entry = methods[kind][method]
    if entry is None:
        return SdkCall(name, method)
    major, minor = entry[1].split(".")
    return SdkCall(name, method, entry[0], (int(major), int(minor)))


def _connects(path: str, name: str) -> SdkCall | None:
    facts = Hooks.load().get(path)
    if "Async" in name or (facts is not None and (_CONNECTS in facts.async_methods or facts.async_only)):
        return None
    coroutine = (
        facts.sync_methods.get(_CONNECTS, "") if facts is not None and facts.async_twin is None else ""
    )
    if not coroutine and facts is not None and GET_ASYNC_CONN in facts.async_methods:
        coroutine = GET_ASYNC_CONN
    return SdkCall(name, _CONNECTS, coroutine, indirect=True)
