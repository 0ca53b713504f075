"""The deferrals that a project's own operators make: which trigger, for how long, resumed where, how often."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.catalog.waits import waits
from advisor.conditions import bound
from advisor.contexts import in_loop
from advisor.finding import Span
from advisor.lineage import Lineage
from advisor.resuming import Classes
from advisor.syntax import Node, arguments_of, enclosing, keyword_parts, name_of, strip_parentheses

if TYPE_CHECKING:
    from advisor.dagfile import DagFile


class Deferral:
    """One `self.defer(…)` or `raise TaskDeferred(…)` in a method of an operator class.

    `resumes_in` is the method named by `method_name`; "" where that is not a plain text.
    """

    def __init__(self, dag_file: DagFile, call: Node, method: Node, owner: Node, classes: Classes) -> None:
        self._dag_file = dag_file
        self._classes = classes
        self.call = call
        self.method = method
        self.owner = owner
        self.span: Span = dag_file.tree.span(call)
        self.arguments = Arguments(call, dag_file.values)
        self.resumes_in = self._resumes_in()
        self.in_loop = in_loop(call)

    @property
    def method_name(self) -> str:
        """The method that defers."""
        return name_of(self.method)

    @property
    def class_name(self) -> str:
        """The operator's class."""
        return name_of(self.owner)

    @property
    def lineage(self) -> Lineage:
        """The operator's class with its bases."""
        return self._classes.lineage(self.owner)

    @property
    def call_arguments(self) -> list[Node]:
        """The arguments of `defer`, as written."""
        return arguments_of(self.call)

    @property
    def ends_from_trigger(self) -> bool:
        """Whether the trigger may end the task itself, so that nothing is resumed."""
        node = self.arguments.node("trigger") or self._positional(0)
        made = self.trigger
        written = (node.text() if node is not None else "") + (made.text() if made is not None else "")
        return "end_from_trigger" in written

    @property
    def trigger(self) -> Node | None:
        """The call that makes the trigger, in place or in a local variable; None for anything else."""
        node = self.arguments.node("trigger") or self._positional(0)
        node = strip_parentheses(node) if node is not None else None
        if node is not None and node.kind() == "identifier":
            bindings = self._dag_file.names.lookup(node)
            node = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
        return node if node is not None and node.kind() == "call" else None

    @cached_property
    def known_wait(self) -> float | None:
        """How long the trigger waits, in seconds, where its arguments tell; else None."""
        trigger = self.trigger
        function = trigger.field("function") if trigger is not None else None
        if trigger is None or function is None:
            return None
        for path in self._dag_file.names.candidates(function):
            if path in waits().triggers:
                argument, unit = waits().triggers[path]
                given = Arguments(trigger, self._dag_file.values)
                positional = [a for a in arguments_of(trigger) if keyword_parts(a) is None]
                if given.given(argument):
                    return bound(given.value(argument), unit)
                return bound(self._dag_file.values.fold(positional[0]), unit) if positional else None
        return None

    @property
    def is_timer(self) -> bool:
        """Whether the trigger only lets time pass, and asks nobody."""
        trigger = self.trigger
        function = trigger.field("function") if trigger is not None else None
        paths = self._dag_file.names.candidates(function) if function is not None else ()
        return any(path in waits().triggers for path in paths)

    def repeats(self, longest: float) -> bool:
        """Whether the resumed task comes back to this very deferral, with no wait known to exceed `longest` seconds."""
        wait = self.known_wait
        slow = wait is not None and wait > longest
        return bool(self.resumes_in) and not slow and self._classes.comes_back(self, longest)

    def _resumes_in(self) -> str:
        node = self.arguments.node("method_name") or self._positional(1)
        if node is not None and node.kind() == "identifier":
            node = self._classes.given_for(self.owner, self.method, node.text()) or node
        method = _method_named(node) if node is not None else ""
        if method:
            return method
        value = self._dag_file.values.fold(node) if node is not None else self.arguments.value("method_name")
        return value if isinstance(value, str) else ""

    def _positional(self, position: int) -> Node | None:
        given = [argument for argument in arguments_of(self.call) if keyword_parts(argument) is None]
        return given[position] if position < len(given) else None


def find_deferrals(dag_file: DagFile) -> list[Deferral]:
    """Every deferral in the file's own operator classes, in the order of the text."""
    text = dag_file.tree.text
    if ".defer(" not in text and "TaskDeferred" not in text:
        return []
    classes = Classes(dag_file)
    found: list[Deferral] = []
    for call in dag_file.tree.matching(
        {"kind": "call", "has": {"field": "function", "regex": r"(?:defer|TaskDeferred)$"}}
    ):
        owner = next(enclosing(call, "class_definition"), None)
        method = _method_of(call, owner) if owner is not None else None
        if owner is None or method is None or not _defers(dag_file, call, method):
            continue
        if classes.is_operator(owner):
            found.append(Deferral(dag_file, call, method, owner, classes))
    classes.deferrals = found
    return found


def _method_of(node: Node, owner: Node) -> Node | None:
    """The method of a class that `node` stands in, nested functions looked through."""
    method = None
    for ancestor in node.ancestors():
        if ancestor == owner:
            return method
        if ancestor.kind() == "function_definition":
            method = ancestor
    return None


def _defers(dag_file: DagFile, call: Node, method: Node) -> bool:
    function = call.field("function")
    if function is None:
        return False
    name, holder = function.field("attribute"), function.field("object")
    if name is not None and holder is not None and name.text() == "defer":
        parameters = method.field("parameters")
        first = (
            next((p for p in parameters.named_children() if p.kind() != "comment"), None)
            if parameters
            else None
        )
        return first is not None and holder.text() == first.text()
    paths = dag_file.names.candidates(function)
    raised = call.parent()
    is_raised = raised is not None and raised.kind() == "raise_statement"
    return is_raised and any(path.rpartition(".")[2] == "TaskDeferred" for path in paths)


def _method_named(node: Node) -> str:
    """`check` of `self.check.__name__`; "" for any other expression."""
    name, holder = node.field("attribute"), node.field("object")
    method = holder.field("attribute") if holder is not None and holder.kind() == "attribute" else None
    return method.text() if name is not None and name.text() == "__name__" and method is not None else ""
