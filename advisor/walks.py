"""The functions of the project that run when a task does: the task's own and, through calls, its helpers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.catalog.hooks import HookFacts
from advisor.catalog.waits import Client
from advisor.definitions import Found, client_at, hook_at
from advisor.finding import Span
from advisor.flow import Readable
from advisor.pythontasks import PythonTask, find_lambdas
from advisor.questions import is_awaited
from advisor.sizes import Sizes
from advisor.syntax import (
    Node,
    arguments_of,
    function_of,
    is_async,
    keyword_parts,
    name_called,
    name_of,
    strip_parentheses,
)

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

__all__ = ["Visit", "Walk", "lambda_walks", "walks"]

_MAX_DEPTH = 6
_MAX_VISITS = 150  # functions of one task
_HANDED_OVER = frozenset(["start_soon", "map"])


class Site:
    """One place that runs a function: the call, in the function of `visit`; `handed` where it is an argument there."""

    __slots__ = ("call", "handed", "visit")

    def __init__(self, visit: Visit, call: Node, handed: bool) -> None:
        self.visit, self.call, self.handed = visit, call, handed

    def given(self, definition: Node, name: str) -> Node | None:
        """The expression that the call gives to a parameter of the function."""
        definitions = self.visit.walk.definitions
        return definitions.given(self.visit.file, self.call, definition, name, int(self.handed))


class Visit:
    """One function that a task runs. `sites` are where it does; none for the task's own function.

    `through` are the names of the functions that lead to it. `alone` says that nothing of the task runs beside it: it
    is awaited where it is called.
    """

    def __init__(
        self, walk: Walk, file: Readable, function: Node, through: tuple[str, ...], alone: bool
    ) -> None:
        self.walk, self.file, self.function = walk, file, function
        self.through, self.alone = through, alone
        self.sites: list[Site] = []

    @property
    def is_async(self) -> bool:
        return is_async(self.function)

    @cached_property
    def calls(self) -> list[Node]:
        """The calls of the function's own, those of functions within it left out, in the order of the text."""
        found: list[Node] = []
        beyond = -1  # the end of a function within
        for node in self.file.tree.kinds("call", "function_definition", "lambda", under=self.function):
            place = node.range()
            if place.start.index >= beyond and node != self.function:
                if node.kind() == "call":
                    found.append(node)
                else:
                    beyond = place.end.index
        return found

    @property
    def is_local(self) -> bool:
        """Whether the function stands in the DAG file itself."""
        return self.file.tree is self.walk.dag_file.tree

    def span(self, node: Node) -> Span:
        """Where a node of this function is shown: itself, or the call in the DAG file that leads to it."""
        visit = self
        for _ in range(_MAX_DEPTH):
            if visit.is_local:
                break
            if not visit.sites:
                return self.walk.task.span
            node, visit = visit.sites[0].call, visit.sites[0].visit
        tree = self.walk.dag_file.tree
        parent = node.parent()
        return tree.span(parent if parent is not None and parent.kind() == "await" else node)

    @cached_property
    def given(self) -> dict[str, float | None]:
        """How many items the arguments have that are given to the function's parameters, where that is known."""
        found: dict[str, float | None] = {}
        for name in self._parameters():
            sizes: list[float | None] = []
            for site in self.sites:
                value = site.given(self.function, name)
                sizes.append(site.visit.sizes.at_most(value) if value is not None else None)
            if sizes and None not in sizes:
                found[name] = max(size for size in sizes if size is not None)
        return found

    @cached_property
    def sizes(self) -> Sizes:
        """Tells how many items a collection has that this function (or one around it) uses."""
        return Sizes(self.walk.definitions, self.file, self._given_around())

    def _given_around(self) -> dict[str, float | None]:
        around = function_of(self.function)
        outer = self.walk.visits.get(around) if around is not None else None
        return {**(outer.given if outer is not None else {}), **self.given}

    def _parameters(self) -> list[str]:
        holder = self.function.field("parameters")
        names = []
        for node in holder.named_children() if holder is not None else ():
            name = node if node.kind() == "identifier" else node.field("name") or node.child(0)
            if name is not None and name.kind() == "identifier" and name.text() not in ("self", "cls"):
                names.append(name.text())
        return names

    # -- objects

    def classes(self, node: Node, depth: int = 0) -> tuple[str, ...]:
        """The dotted names of the class from outside of the project that an expression is an object of.

        A parameter without an annotation is what the calls give to it.
        """
        node = strip_parentheses(node)
        found = self.walk.definitions.classes(self.file, node)
        if found or node.kind() != "identifier" or depth >= _MAX_DEPTH:
            return found
        bindings = self.file.names.lookup(node)
        if len(bindings) != 1 or bindings[0].kind != "parameter":
            return ()
        owner = self.walk.visits.get(bindings[0].scope)
        for site in owner.sites if owner is not None else ():
            value = site.given(bindings[0].scope, node.text())
            found = site.visit.classes(value, depth + 1) if value is not None else ()
            if found:
                return found
        return ()

    def client(self, node: Node) -> Client | None:
        """What the catalog knows of the client that an expression is an object of."""
        return client_at(self.classes(node))

    def hook(self, node: Node) -> HookFacts | None:
        """The hook that an expression is an object of."""
        return hook_at(self.classes(node))


class Walk:
    """The visits of one task, the task's own function first."""

    def __init__(self, dag_file: DagFile, task: PythonTask) -> None:
        self.dag_file, self.task = dag_file, task
        self.definitions = dag_file.definitions

    @cached_property
    def visits(self) -> dict[Node, Visit]:
        """The visits by their functions."""
        first = Visit(self, self.task.file, self.task.function, (), True)
        visits = {first.function: first}
        ahead = [(first, 0)]
        for visit, depth in ahead:  # grows
            for call, found, handed in self._runs(visit):
                alone = visit.alone and is_awaited(call) and not handed
                known = visits.get(found.node)
                if known is None:
                    if depth >= _MAX_DEPTH or len(visits) >= _MAX_VISITS:
                        continue
                    through = (*visit.through, name_of(found.node))
                    known = visits[found.node] = Visit(self, found.file, found.node, through, alone)
                    ahead.append((known, depth + 1))
                known.sites.append(Site(visit, call, handed))
                known.alone = known.alone and alone
        return visits

    def _runs(self, visit: Visit) -> Iterator[tuple[Node, Found, bool]]:
        for call in visit.calls:
            called = call.field("function")
            found = self.definitions.function(visit.file, called) if called is not None else None
            if found is None or found.node == visit.function or _is_task(self.dag_file, found):
                continue
            yield call, found, False
        for call in visit.calls:
            if name_called(call) not in _HANDED_OVER:
                continue
            given = [argument for argument in arguments_of(call)[:1] if keyword_parts(argument) is None]
            handed = self.definitions.function(visit.file, given[0]) if given else None
            if handed is not None and handed.node != visit.function:
                yield call, handed, True


def _is_task(dag_file: DagFile, found: Found) -> bool:
    return found.file is dag_file and dag_file.contexts.task_flavour(found.node) is not None


def walks(dag_file: DagFile) -> list[Walk]:
    """The walks of all tasks and sensors of a file whose functions run in a worker, in the order of the text."""
    return [Walk(dag_file, task) for task in dag_file.python_tasks if _is_walked(task)]


def lambda_walks(dag_file: DagFile) -> list[Walk]:
    """The same for lambdas that are handed to operators."""
    return [Walk(dag_file, task) for task in find_lambdas(dag_file) if _is_walked(task)]


def _is_walked(task: PythonTask) -> bool:
    return task.in_worker or task.flavour == "sensor"
