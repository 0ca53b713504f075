"""The deferrals that a project's own operators make: which trigger, for how long, resumed where, how often."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.catalog.waits import waits
from advisor.conditions import bound
from advisor.contexts import in_loop
from advisor.finding import Span
from advisor.flow import Readable
from advisor.lineage import Layer, Lineage
from advisor.records import dataclass
from advisor.resuming import Classes, Way
from advisor.syntax import Node, arguments_of, enclosing, keyword_parts, name_of, strip_parentheses

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

_DEFER = "defer"
_DEFERRED = "TaskDeferred"


class Deferral:
    """One `self.defer(…)` or `raise TaskDeferred(…)` in a method of an operator class.

    `resumes_in` is the method named by `method_name`; "" where that is not a plain text.
    """

    def __init__(self, file: Readable, call: Node, method: Node, owner: Node, classes: Classes) -> None:
        self._file = file
        self.classes = classes
        self.call = call
        self.method = method
        self.owner = owner
        self.span: Span = file.tree.span(call)
        self.arguments = Arguments(call, file.values)
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
        return self.classes.lineage(self.owner)

    def is_in(self, file: Readable) -> bool:
        """Whether it stands in this file."""
        return self._file is file

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
            bindings = self._file.names.lookup(node)
            node = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
        return node if node is not None and node.kind() == "call" else None

    @cached_property
    def known_wait(self) -> float | None:
        """How long the trigger waits, in seconds, where its arguments tell; else None."""
        trigger = self.trigger
        function = trigger.field("function") if trigger is not None else None
        if trigger is None or function is None:
            return None
        for path in self._file.names.candidates(function):
            if path in waits().triggers:
                argument, unit = waits().triggers[path]
                given = Arguments(trigger, self._file.values)
                positional = [a for a in arguments_of(trigger) if keyword_parts(a) is None]
                if given.given(argument):
                    return bound(given.value(argument), unit)
                return bound(self._file.values.fold(positional[0]), unit) if positional else None
        return None

    @property
    def is_timer(self) -> bool:
        """Whether the trigger only lets time pass, and asks nobody."""
        trigger = self.trigger
        function = trigger.field("function") if trigger is not None else None
        paths = self._file.names.candidates(function) if function is not None else ()
        return any(path in waits().triggers for path in paths)

    def repeats(self, longest: float) -> Way | None:
        """How the resumed task comes back to this very deferral, with no wait known to exceed `longest` seconds."""
        wait = self.known_wait
        slow = wait is not None and wait > longest
        return self.classes.comes_back(self, longest) if self.resumes_in and not slow else None

    def _resumes_in(self) -> str:
        node = self.arguments.node("method_name") or self._positional(1)
        if node is not None and node.kind() == "identifier":
            node = self.classes.given_for(self.owner, self.method, node.text()) or node
        method = _method_named(node) if node is not None else ""
        if method:
            return method
        value = self._file.values.fold(node) if node is not None else self.arguments.value("method_name")
        return value if isinstance(value, str) else ""

    def _positional(self, position: int) -> Node | None:
        given = [argument for argument in arguments_of(self.call) if keyword_parts(argument) is None]
        return given[position] if position < len(given) else None


@dataclass(frozen=True, slots=True, eq=False)
class Again:
    """A class of the file whose resume method comes back to a deferral of a base class in another file."""

    class_name: str
    deferral: Deferral
    way: Way
    span: Span


def find_deferrals(dag_file: DagFile) -> list[Deferral]:
    """Every deferral in the file's own operator classes, in the order of the text."""
    tree = dag_file.tree
    if _DEFER not in tree.occurrences and _DEFERRED not in tree.text:
        return []
    classes = dag_file.operator_classes
    classes.deferrals = [
        deferral
        for deferral in _deferrals_in(dag_file, tree.root, classes)
        if classes.is_operator(deferral.owner)
    ]
    return classes.deferrals


def find_again(dag_file: DagFile, longest: float) -> list[Again]:
    """Where the file's classes come back to deferrals of their bases in other files, in the order of the text.

    `longest`: seconds, over which a wait is worth it.
    """
    classes = dag_file.operator_classes
    classes.deferrals = dag_file.deferrals
    found: dict[int, Again] = {}
    for owner, _ in classes.deferring_above():
        for deferral, way in classes.comes_back_above(owner, longest):
            if way.site is not None:
                span = dag_file.tree.span(way.site)
                found.setdefault(span.start, Again(name_of(owner), deferral, way, span))
    return [found[start] for start in sorted(found)]


def find_classes(dag_file: DagFile) -> Classes:
    """The operator classes of a file, its deferrals not yet known."""

    def of_base(layer: Layer) -> list[Deferral]:
        return list(_deferrals_in(layer.file, layer.node, classes))

    classes = Classes(dag_file, of_base)
    return classes


def _deferrals_in(file: Readable, under: Node, classes: Classes) -> Iterator[Deferral]:
    for call in _calls_that_defer(file, under):
        owner = next(enclosing(call, "class_definition"), None)
        method = _method_of(call, owner) if owner is not None else None
        if owner is not None and method is not None and _defers(file, call, method):
            yield Deferral(file, call, method, owner, classes)


def _calls_that_defer(file: Readable, under: Node) -> list[Node]:
    """The calls of `….defer` and of what is called `TaskDeferred`, also by other names that end so."""
    names = file.tree.occurrences
    place = under.range()
    found: list[tuple[int, int, Node]] = []
    for name in names if _DEFERRED in file.tree.text else names.keys() & {_DEFER}:
        if name == _DEFER or name.endswith(_DEFERRED):
            for node in names[name]:
                called, parent = node, node.parent()
                if parent is not None and parent.kind() == "attribute" and parent.field("attribute") == node:
                    called, parent = parent, parent.parent()
                if parent is not None and parent.kind() == "call" and parent.field("function") == called:
                    start, end = parent.range().start.index, parent.range().end.index
                    if place.start.index <= start < place.end.index:
                        found.append((start, -end, parent))
    return [call for _, _, call in sorted(found, key=lambda one: one[:2])]


def _method_of(node: Node, owner: Node) -> Node | None:
    """The method of a class that `node` stands in, nested functions looked through."""
    method = None
    for ancestor in node.ancestors():
        if ancestor == owner:
            return method
        if ancestor.kind() == "function_definition":
            method = ancestor
    return None


def _defers(file: Readable, call: Node, method: Node) -> bool:
    function = call.field("function")
    if function is None:
        return False
    name, holder = function.field("attribute"), function.field("object")
    if name is not None and holder is not None and name.text() == _DEFER:
        parameters = method.field("parameters")
        first = (
            next((p for p in parameters.named_children() if p.kind() != "comment"), None)
            if parameters
            else None
        )
        return first is not None and holder.text() == first.text()
    paths = file.names.candidates(function)
    raised = call.parent()
    is_raised = raised is not None and raised.kind() == "raise_statement"
    return is_raised and any(path.rpartition(".")[2] == _DEFERRED for path in paths)


def _method_named(node: Node) -> str:
    """`check` of `self.check.__name__`; "" for any other expression."""
    name, holder = node.field("attribute"), node.field("object")
    method = holder.field("attribute") if holder is not None and holder.kind() == "attribute" else None
    return method.text() if name is not None and name.text() == "__name__" and method is not None else ""
