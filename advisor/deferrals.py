"""The deferrals that a project's own operators make: which trigger, for how long, resumed where, how often."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.catalog.waits import waits
from advisor.contexts import in_loop
from advisor.finding import Span
from advisor.operators import bound
from advisor.syntax import Node, arguments_of, enclosing

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

_EXECUTE = "execute"


class Deferral:
    """One `self.defer(…)` or `raise TaskDeferred(…)` in a method of a class.

    `resumes_in` is the method named by `method_name`; "" where that is not a plain text.
    """

    def __init__(self, dag_file: DagFile, call: Node, method: Node, owner: Node) -> None:
        self._dag_file = dag_file
        self.call = call
        self.method = method
        self.owner = owner
        self.span: Span = dag_file.tree.span(call)
        self.arguments = Arguments(call, dag_file.values)
        name = self.arguments.value("method_name")
        self.resumes_in = name if isinstance(name, str) else ""
        self.in_loop = in_loop(call)

    @property
    def method_name(self) -> str:
        """The method that defers."""
        return _name(self.method)

    @property
    def class_name(self) -> str:
        """The operator's class."""
        return _name(self.owner)

    @cached_property
    def known_wait(self) -> float | None:
        """How long the trigger waits, in seconds, where its arguments tell; else None."""
        trigger = self.arguments.node("trigger")
        function = trigger.field("function") if trigger is not None and trigger.kind() == "call" else None
        if trigger is None or function is None:
            return None
        for path in self._dag_file.names.candidates(function):
            if path in waits().triggers:
                argument, unit = waits().triggers[path]
                given = Arguments(trigger, self._dag_file.values)
                positional = [a for a in arguments_of(trigger) if a.kind() != "keyword_argument"]
                value = given.value(argument) if given.given(argument) else None
                if value is None and positional:
                    value = self._dag_file.values.fold(positional[0])
                return bound(value, unit)
        return None

    @cached_property
    def repeats(self) -> bool:
        """Whether the method that the task resumes in comes back to this very deferral."""
        if not self.resumes_in:
            return False
        if self.resumes_in == _EXECUTE and _looks_at_event(self.owner):
            return False  # `execute` tells its first run from the resumed one
        return self.method_name in reached_methods(self.owner, self.resumes_in)


def find_deferrals(dag_file: DagFile) -> list[Deferral]:
    """Every deferral in the file's own operator classes, in the order of the text."""
    text = dag_file.tree.text
    if ".defer(" not in text and "TaskDeferred" not in text:
        return []
    found: list[Deferral] = []
    rule = {
        "kind": "call",
        "has": {"field": "function", "regex": r"^(?:self\.defer|(?:\w+\.)*TaskDeferred)$"},
    }
    for call in dag_file.tree.matching(rule):
        method = next(enclosing(call, "function_definition"), None)
        owner = next(enclosing(call, "class_definition"), None)
        if method is not None and owner is not None and dag_file.contexts.is_operator_class(owner):
            found.append(Deferral(dag_file, call, method, owner))
    return found


def reached_methods(owner: Node, start: str) -> set[str]:
    """The methods of a class that a run of its method `start` may go through, `start` included."""
    methods = {_name(method): method for method in _methods(owner)}
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name in reached or name not in methods:
            continue
        reached.add(name)
        ahead += re.findall(r"\bself\.(\w+)\(", methods[name].text())
    return reached


def _looks_at_event(owner: Node) -> bool:
    """Whether a condition in `execute` mentions the event that only a resumed task has."""
    for method in _methods(owner):
        if _name(method) == _EXECUTE:
            return bool(re.search(r"\b(?:if|while|elif)\b[^\n]*\bevent\b", method.text()))
    return False


def _methods(owner: Node) -> list[Node]:
    body = owner.field("body")
    methods: list[Node] = []
    for child in body.named_children() if body is not None else ():
        definition = child.field("definition") if child.kind() == "decorated_definition" else child
        if definition is not None and definition.kind() == "function_definition":
            methods.append(definition)
    return methods


def _name(definition: Node) -> str:
    name = definition.field("name")
    return name.text() if name is not None else ""
