"""Which deferrable class waits for what a loop polls, in the versions that the project runs on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from advisor.catalog.waits import client, waits
from advisor.conditions import parse_version
from advisor.flow import Readable
from advisor.reached import steps
from advisor.syntax import Node

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.owners import Owner

_MAX_DEPTH = 2  # helpers that ask in the loop's place
# Of an HTTP answer: what a look at its status reads, and what a look into it.
_STATUS = re.compile(r"\.(?:status|status_code|ok|is_success|raise_for_status)\b")
_BODY = re.compile(r"\.(?:json|text|content|read)\b|\[\s*[\"']")


def waiter_of(
    dag_file: DagFile, file: Readable, loop: Node, questions: tuple[Node, ...], receiver: Owner | None
) -> str:
    """The dotted name of the one class that can wait for what a loop asks; "" where none is obvious."""
    found: set[str] = set()
    for question in questions:
        function = question.field("function")
        if function is not None:
            found |= _asked(dag_file, file, function, receiver, 0)
    return found.pop() if len(found) == 1 and all(suits(name, loop) for name in found) else ""


def suits(waiter: str, loop: Node) -> bool:
    """Whether a class, deferred, sees as much of the answer as the loop that it would stand for."""
    if waiter not in waits().status_only:
        return True
    text = loop.text()
    return _STATUS.search(text) is not None and _BODY.search(text) is None


def _asked(dag_file: DagFile, file: Readable, function: Node, receiver: Owner | None, depth: int) -> set[str]:
    found: set[str] = set()
    for ref in dag_file.receivers.of(file, function, receiver):
        if ref.node is not None and ref.file is not None:
            if depth < _MAX_DEPTH and ref.node.kind() == "function_definition":
                for step in steps(dag_file.receivers, ref.file, ref.node, ref.receiver):
                    called = step.node.field("function") if step.node.kind() == "call" else None
                    if called is not None:
                        found |= _asked(dag_file, ref.file, called, ref.receiver, depth + 1)
            continue
        name = _named(ref.path, file)
        if name and can_defer(dag_file, name):
            found.add(name)
    return found


def _named(path: str, file: Readable) -> str:
    holder, _, method = path.rpartition(".")
    for modules, methods in waits().polled:
        if not any(path.startswith(f"{module}.") for module in modules):
            continue
        if method in methods:
            return methods[method]
        for known, name in methods.items():
            service, _, called = known.partition(":")
            if called == method and (f'"{service}"' in file.tree.text or f"'{service}'" in file.tree.text):
                return name
    known_client = client(holder) if holder and "(" not in holder else None
    return known_client.waiter or "" if known_client is not None else ""


def can_defer(dag_file: DagFile, name: str) -> bool:
    """Whether a class can defer in the versions that the project runs on; unknown ones count as the newest."""
    facts, target = dag_file.catalog.get(name), dag_file.target
    if facts is None or facts.deferral == "never" or not facts.effective or not target.triggerer:
        return False
    if not target.at_least(2, 2):
        return False
    core = facts.versions.get("core", {})
    if core and target.airflow is not None and target.airflow < (3,):
        since = core.get("flag") if facts.deferral == "flag" else core.get("since")
        return since is not None and target.at_least(*parse_version(since))
    since = facts.versions.get("flag") or facts.since
    if since and target.provider_at_least(facts.provider, parse_version(since)) is False:
        return False
    floor = facts.versions.get("airflow")
    if target.source == "--target-airflow":
        return True  # there a provider's version is the newest, by definition
    return floor is None or target.at_least(*parse_version(floor)[:2])
