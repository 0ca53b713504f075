"""Coroutines that a task starts side by side, one for each item of a collection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.awaitables import awaited, awaits_of, inner_call
from advisor.catalog.concurrency import concurrency
from advisor.finding import Span
from advisor.flow import loop_around
from advisor.limiters import Limiters
from advisor.records import dataclass
from advisor.sizes import BATCH
from advisor.syntax import (
    COMPREHENSIONS,
    Node,
    arguments_of,
    function_of,
    is_async,
    keyword_parts,
    name_called,
    strip_parentheses,
)
from advisor.walks import Visit

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

__all__ = ["FanOut", "find_fan_outs"]

_GROUPS = frozenset({"tg", "group", "task_group", "nursery", "taskgroup", "tasks_group", "loop"})
_LISTS = frozenset({"list", "tuple", "set"})


@dataclass(frozen=True, slots=True)
class _Start:
    """What starts coroutines: `element` is the coroutine call (or function) of one item, `turns` what repeats it.

    `turns` is a comprehension, a `for` statement, or the collection itself (of `map`). `call` is what is reported.
    """

    call: Node
    element: Node
    turns: Node


class FanOut:
    """One place where a task starts a coroutine for each item of a collection.

    `how` is the name of what starts them ("gather", "create_task", …), `over` the collection as it is written, `starts`
    the name of the coroutine function. `span` is in the DAG file; `through` are the functions that lead to it.
    """

    def __init__(self, visit: Visit, start: _Start, limiters: Limiters) -> None:
        self._visit, self._start, self._limiters = visit, start, limiters
        self.how = name_called(start.call)
        self.through = visit.through
        self.task = visit.walk.task.name
        self.is_local = visit.is_local

    @property
    def span(self) -> Span:
        return self._visit.span(self._start.call)

    @property
    def is_own(self) -> bool:
        """Whether what is started is a coroutine function of the project."""
        call = self._start.element
        function = inner_call(call).field("function") if call.kind() == "call" else call
        return (
            function is not None
            and self._visit.walk.definitions.function(self._visit.file, function) is not None
        )

    @cached_property
    def over(self) -> str:
        nodes = _collections(self._visit, self._start.turns)
        text = " × ".join(" ".join(node.text().split()) for node in nodes)
        return text if len(text) <= 60 else text[:57] + "…"

    @cached_property
    def starts(self) -> str:
        call = self._start.element
        call = inner_call(call) if call.kind() == "call" else call
        function = call.field("function") if call.kind() == "call" else call
        text = function.text() if function is not None else ""
        return text if len(text) <= 40 and "\n" not in text else ""

    @cached_property
    def size(self) -> float | None:
        """How many coroutines at most; BATCH for a piece of something, of bounded size; None where nobody knows."""
        turns, visit = self._start.turns, self._visit
        if turns.kind() in COMPREHENSIONS:
            size = visit.sizes.turns(turns)
        elif turns.kind() == "for_statement":
            size = 1.0
            loop: Node | None = turns
            while loop is not None:
                right = loop.field("right") if loop.kind() == "for_statement" else None
                inner = visit.sizes.at_most(right) if right is not None else None
                if inner is None:
                    size = None
                    break
                size = inner * size
                loop = loop_around(loop)
        else:
            size = visit.sizes.at_most(turns)
        if size is None and (self._is_piece() or self._is_crew()):
            return BATCH
        return size

    def _is_piece(self) -> bool:
        """Whether the collection is made anew in each turn of a loop around: the next page, the next batch."""
        turns, visit = self._start.turns, self._visit
        outer = loop_around(turns) or (
            loop_around(self._start.call) if turns.kind() != "for_statement" else None
        )
        if outer is None or outer == turns:
            return False
        place = outer.range()
        for collection in _collections(visit, turns):
            for name in visit.file.tree.kinds("identifier", under=collection):
                for binding in visit.file.names.lookup(name):
                    where = binding.node.range().start.index
                    if binding.scope == visit.function and place.start.index <= where < place.end.index:
                        return True
        return False

    def _is_crew(self) -> bool:
        """Whether it starts the same again and again (`for _ in range(workers)`), or hands out a queue."""
        element = self._start.element
        names = {name.text() for name in self._visit.file.tree.kinds("identifier", under=element)}
        if any("queue" in name.lower() for name in names):
            return True
        turns = self._start.turns
        clauses = (
            [turns]
            if turns.kind() == "for_statement"
            else [child for child in turns.named_children() if child.kind() == "for_in_clause"]
        )
        rights = [right for clause in clauses if (right := clause.field("right")) is not None]
        lefts = [left for clause in clauses if (left := clause.field("left")) is not None]
        if not rights or any(name_called(right) != "range" for right in rights):
            return False
        targets = {
            name.text() for left in lefts for name in self._visit.file.tree.kinds("identifier", under=left)
        }
        return not targets & names

    @cached_property
    def is_held_back(self) -> bool:
        """Whether something lets only so many of the coroutines on at once; true in doubt."""
        visit, start, limiters = self._visit, self._start, self._limiters
        if start.element.kind() == "call":
            if limiters.holds_back(visit, start.element):
                return True
        elif limiters.holds_back_function(visit, start.element):
            return True
        return self._in_limiter() or self._has_connector()

    def _in_limiter(self) -> bool:
        """Whether a limiter is taken around each start: `async with limit: group.create_task(…)` in the loop."""
        turns = self._start.turns
        if turns.kind() != "for_statement":
            return False
        return any(True for _ in awaits_of(self._visit, turns.field("body") or turns))

    def _has_connector(self) -> bool:
        """Whether a client on the way is given an explicit limit of connections."""
        seen: set[Node] = set()
        ahead = [self._visit]
        for visit in ahead:  # grows
            if visit.function in seen:
                continue
            seen.add(visit.function)
            outer: Node | None = visit.function
            while outer is not None:
                if self._limiters.has_connector(visit.file, outer):
                    return True
                # not the function that makes the DAG: it holds the other tasks, too
                outer = function_of(outer) if outer != visit.walk.task.function else None
                outer = outer if outer in visit.walk.visits else None
            if self._limiters.module_has_connector(visit.file):
                return True
            ahead += [site.visit for site in visit.sites]
        return False

    @cached_property
    def client(self) -> str:
        """The dotted name of the client or hook that each coroutine asks; "" where that isn't known."""
        element = self._start.element
        call = inner_call(element) if element.kind() == "call" else None
        if call is None:
            found = self._visit.walk.definitions.function(self._visit.file, element)
            holder = element.field("object") if found is None and element.kind() == "attribute" else None
            facts = self._visit.hook(holder) if holder is not None else None
            if facts is not None:
                return facts.name
        else:
            doing = awaited(self._visit, call)
            if doing.path:
                return doing.path
            found = doing.found
        return self._sender(self._visit.walk.visits.get(found.node) if found is not None else None, 0)

    def _sender(self, visit: Visit | None, depth: int) -> str:
        if visit is None or depth > 3:
            return ""
        inner: list[Visit] = []
        for _, operand in awaits_of(visit, visit.function):
            if operand.kind() != "call":
                continue
            doing = awaited(visit, operand)
            if doing.path in concurrency().clients:
                return doing.path
            if doing.found is not None and doing.found.node in visit.walk.visits:
                inner.append(visit.walk.visits[doing.found.node])
        return next((path for one in inner[:5] if (path := self._sender(one, depth + 1))), "")


def find_fan_outs(dag_file: DagFile) -> list[FanOut]:
    """The places where the file's async tasks start coroutines over a collection, in the order of the text.

    What several tasks run is there several times: one may limit what the other does not.
    """
    if not dag_file.target.at_least(3, 2):
        return []
    found: list[FanOut] = []
    for walk in dag_file.walks:
        if walk.task.is_async and walk.task.is_awaited:
            limiters = Limiters(walk)
            for visit in walk.visits.values():
                if is_async(visit.function):
                    found += [FanOut(visit, start, limiters) for start in _starts(visit)]
    return sorted(found, key=lambda fan_out: fan_out.span.start)


def _starts(visit: Visit) -> Iterator[_Start]:
    table = concurrency()
    for call in visit.calls:
        function = call.field("function")
        if function is None:
            continue
        paths = visit.file.names.candidates(function)
        if any(path in table.gatherers for path in paths):
            for argument in arguments_of(call):
                if keyword_parts(argument) is None:
                    splat = argument.kind() == "list_splat"
                    children = argument.named_children()
                    if splat or name_called(call) != "gather":
                        yield from _given(visit, call, children[0] if splat and children else argument)
        elif any(path in table.starters for path in paths) or _is_method(visit, call):
            start = _started(visit, call)
            if start is not None:
                yield start


def _given(visit: Visit, call: Node, node: Node, depth: int = 0) -> Iterator[_Start]:
    """What gathers is given: a comprehension of coroutines, `map(f, xs)`, or a list that is filled with coroutines."""
    node = strip_parentheses(node)
    if node.kind() in COMPREHENSIONS:
        body = node.field("body")
        clauses = [child for child in node.named_children() if child.kind() == "for_in_clause"]
        if body is None or any(child.child(0) is not None and _first(child) == "async" for child in clauses):
            return
        body = strip_parentheses(body)
        if body.kind() == "call" and not _starts_by_itself(visit, body):
            yield _Start(call, body, node)
    elif node.kind() == "call":
        name, given = name_called(node), [one for one in arguments_of(node) if keyword_parts(one) is None]
        if name == "map" and len(given) == 2 and given[0].kind() in ("identifier", "attribute"):
            yield _Start(call, given[0], given[1])
        elif name in _LISTS and len(given) == 1 and depth < 3:
            yield from _given(visit, call, given[0], depth + 1)
    elif node.kind() == "identifier" and depth < 3:
        bindings = visit.file.names.lookup(node)
        if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].value is None:
            return
        if bindings[0].scope != visit.function:
            return
        yield from _given(visit, call, bindings[0].value, depth + 1)
        yield from _appended(visit, call, node)


def _appended(visit: Visit, call: Node, name: Node) -> Iterator[_Start]:
    """`coroutines.append(fetch(url))` in a loop."""
    for used in visit.file.names.references(name.text()):
        attribute = used.parent()
        added = attribute.parent() if attribute is not None else None
        if added is None or added.kind() != "call" or name_called(added) not in ("append", "add"):
            continue
        given, loop = arguments_of(added), loop_around(added)
        if (
            len(given) != 1
            or loop is None
            or loop.kind() != "for_statement"
            or function_of(loop) != visit.function
        ):
            continue
        element = strip_parentheses(given[0])
        if element.kind() == "call" and not _starts_by_itself(visit, element) and _first(loop) != "async":
            yield _Start(call, element, loop)


def _started(visit: Visit, call: Node) -> _Start | None:
    """A call of `create_task` or the like that a loop or comprehension repeats."""
    given = [argument for argument in arguments_of(call) if keyword_parts(argument) is None]
    if not given:
        return None
    element = strip_parentheses(given[0])
    if name_called(call) == "start_soon":
        if element.kind() not in ("identifier", "attribute"):
            return None
        if any("limit" in one.text().lower() or "sem" in one.text().lower() for one in given[1:]):
            return None
    elif element.kind() != "call":
        return None
    child = call
    for ancestor in call.ancestors():
        kind = ancestor.kind()
        if kind in ("function_definition", "lambda"):
            break
        if kind in COMPREHENSIONS:
            clauses = [node for node in ancestor.named_children() if node.kind() == "for_in_clause"]
            if child in clauses or any(_first(clause) == "async" for clause in clauses):
                return None
            return _Start(call, element, ancestor)
        child = ancestor
    loop = loop_around(call)
    if loop is None or loop.kind() != "for_statement" or _first(loop) == "async":
        return None
    return _Start(call, element, loop)


def _starts_by_itself(visit: Visit, call: Node) -> bool:
    """Whether a call is `create_task(…)`, which is looked at for itself."""
    function = call.field("function")
    paths = visit.file.names.candidates(function) if function is not None else ()
    return any(path in concurrency().starters for path in paths) or _is_method(visit, call)


def _is_method(visit: Visit, call: Node) -> bool:
    """Whether a call starts a coroutine in a group or on an event loop: `group.create_task(…)`."""
    function = call.field("function")
    holder = function.field("object") if function is not None and function.kind() == "attribute" else None
    if holder is None or name_called(call) not in concurrency().starting_methods:
        return False
    table = concurrency()
    if any(path in table.groups or path in table.loops for path in visit.classes(holder)):
        return True
    if holder.kind() != "identifier" or holder.text().lower() not in _GROUPS:
        return False
    bindings = visit.file.names.lookup(holder)
    if len(bindings) != 1 or bindings[0].kind != "parameter":
        return False
    parameter = bindings[0].node.parent()
    return parameter is None or parameter.field("type") is None


def _collections(visit: Visit, turns: Node) -> list[Node]:
    if turns.kind() in COMPREHENSIONS:
        clauses = [child for child in turns.named_children() if child.kind() == "for_in_clause"]
        return [right for clause in clauses if (right := clause.field("right")) is not None]
    if turns.kind() == "for_statement":
        right = turns.field("right")
        return [right] if right is not None else []
    return [turns]


def _first(node: Node) -> str:
    child = node.child(0)
    return child.kind() if child is not None else ""
