"""How long a coroutine waits, itself and through the coroutines that it awaits."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from advisor.asking import client_of
from advisor.catalog.waits import waits
from advisor.coroutines import argument, has_splat, is_driven, is_waited_for, parameters, references
from advisor.finding import Span
from advisor.flow import Flow, Readable, loop_around
from advisor.folded import seconds
from advisor.limits import stopped
from advisor.polling import Polling, after_failure, polling
from advisor.questions import is_awaited
from advisor.records import dataclass, replace
from advisor.syntax import Node, attribute_around, enclosing, function_of, name_of, strip_parentheses
from advisor.waiters import suits

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

_MAX_DEPTH = 4
_CALLS = "waiting.calls"
_MAX_READ = 200  # functions read for one task


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait on the event loop of a task, which keeps its worker slot meanwhile.

    `total` is the longest it can last, in seconds; None = without bound. `how` names the construct ("sleep",
    "polling", "wait_for", ...), `step` is the pause of one turn of a polling loop. `through` are the functions that
    lead to it from the task. `failing` says that it is only taken after a failure, before another try. `waiter` is the
    dotted name of the deferrable class that can wait for the same, "" where none is known. `repeated` says that a
    sleep stands in a loop that does not poll: between items, or before another try.
    """

    span: Span
    total: float | None
    how: str
    step: float | None = None
    through: tuple[str, ...] = ()
    failing: bool = False
    waiter: str = ""
    repeated: bool = False


def waits_of(dag_file: DagFile, file: Readable, function: Node, given: Mapping[str, float]) -> list[Wait]:
    """The waits of a task, in the order of the text: one for a polling loop, not one for its turns.

    `file` is where its function stands, `given` what the parameters are worth, in seconds; the spans are in `file`.
    """
    return in_order(_Reader(dag_file).read(file, function, given, 0))


def in_order(found: list[Wait]) -> list[Wait]:
    """Waits in the order of the text, without the pauses of loops that poll, and none twice."""
    loops = [wait.span for wait in found if wait.how == "polling"]
    kept = {
        (wait.span.start, wait.how): wait
        for wait in found
        if not any(loop.start <= wait.span.start < loop.end and wait.span != loop for loop in loops)
    }
    return sorted(kept.values(), key=lambda wait: (wait.span.start, wait.how))


def within(inner: Span, outer: Span) -> bool:
    """Whether one span lies in another."""
    return outer.start <= inner.start and inner.end <= outer.end


class _Reader:
    """Goes through one task and what it awaits; each function is read once."""

    def __init__(self, dag_file: DagFile) -> None:
        self._dag_file = dag_file
        self._open: list[Node] = []
        self._read = 0

    def read(
        self,
        file: Readable,
        function: Node,
        given: Mapping[str, float],
        depth: int,
        bound: float | None = -1.0,
    ) -> list[Wait]:
        """The waits of one function; `given` are the seconds that its parameters are worth.

        `bound`: the timeout around it in seconds, None for one that isn't known, negative for none.
        """
        self._read += 1
        if function in self._open or depth > _MAX_DEPTH or self._read > _MAX_READ:
            return []
        self._open.append(function)
        found: list[Wait] = []
        loops: dict[Node, list[tuple[Node, float | None]]] = {}
        flows: dict[Node, Flow] = {}
        for call, path in calls_of(file, function):
            limit = _bound(file, call, function, bound)
            if path in waits().sleeps and is_awaited(call):
                pause = self._seconds(file, argument(file, call, waits().sleeps[path], 0), given)
                loop = loop_around(call)
                if loop is not None:
                    loops.setdefault(loop, []).append((call, pause))
                    if loop not in flows:
                        flows[loop] = Flow(file, loop, lambda node: self._seconds(file, node, given))
                    failing = after_failure(flows[loop], call)
                else:
                    failing = False
                if pause is not None and (limit is None or limit < 0):
                    found.append(Wait(_span(file, call), pause, "sleep", failing=failing))
            elif path in waits().timeouts:
                total = self._timeout(file, call, path, given)
                if total is not None:
                    found.append(Wait(_span(file, call), total, path.rpartition(".")[2]))
        for loop, pauses in loops.items():
            if _bound(file, loop, function, bound) == -1.0:
                judged = polling(flows[loop], pauses, depth == 0)
                if judged is not None:
                    span = file.tree.span(loop)
                    waiter = self._waiter(file, loop, judged)
                    found.append(Wait(span, judged.total, "polling", judged.pause, waiter=waiter))
                    # Behind a helper all waits get the span of one call, so that the pauses of a loop go here.
                    found = [w for w in found if w.how == "polling" or not within(w.span, span)]
        found += self._through_helpers(file, function, given, depth, bound)
        self._open.pop()
        return found

    # -- helpers

    def _through_helpers(
        self, file: Readable, function: Node, given: Mapping[str, float], depth: int, bound: float | None
    ) -> list[Wait]:
        found: list[Wait] = []
        nested = [
            inner
            for inner in file.tree.matching(
                {"kind": "function_definition", "regex": r"^async\b"}, under=function
            )
            if function_of(inner) == function
        ]
        for inner in nested:
            for reference in references(file, inner):
                call = reference.parent()
                called = call is not None and call.kind() == "call" and call.field("function") == reference
                node = call if called and call is not None else reference
                if not is_waited_for(file, node):
                    continue
                inner_given = self._given(file, inner, node if called else None, file, given)
                limit = _bound(file, reference, function_of(reference) or function, bound)
                found += self.read(file, inner, inner_given, depth + 1, limit)
                break
        if depth >= _MAX_DEPTH:
            return found
        for call in file.tree.kinds("call", under=function):
            name = call.field("function")
            if name is None or function_of(call) != function:
                continue
            helper = self._helper(file, name)
            if helper is None or helper[1] in nested or not is_driven(file, call):
                continue
            home, definition = helper
            inner_given = self._given(home, definition, call, file, given)
            limit = _bound(file, call, function, bound)
            for wait in self.read(home, definition, inner_given, depth + 1, limit):
                through = (name_of(definition), *wait.through)
                found.append(replace(wait, span=_span(file, call), through=through))
        return found

    def _helper(self, file: Readable, name: Node) -> tuple[Readable, Node] | None:
        """The `async def` outside of the task that a call runs, of this file or of a first-party module."""
        refs = self._dag_file.receivers.of(file, name)
        definition = refs[0].node if len(refs) == 1 else None
        if definition is None or refs[0].file is None or not definition.text().startswith("async"):
            return None
        return refs[0].file, definition

    def _given(
        self,
        home: Readable,
        definition: Node,
        call: Node | None,
        caller: Readable,
        outer: Mapping[str, float],
    ) -> dict[str, float]:
        """What the parameters of a helper are worth in a call, in seconds, where that is known.

        `outer` are the worths of the parameters of the function that calls.
        """
        given: dict[str, float] = {}
        if call is None or has_splat(call):
            return given
        for position, (name, default) in enumerate(parameters(definition)):
            value = argument(caller, call, name, position)
            number = self._seconds(caller, value, outer) if value is not None else None
            if value is None and default is not None:
                number = seconds(home.values.fold(default))
            if number is not None:
                given[name] = number
        return given

    # -- seconds

    def _seconds(self, file: Readable, node: Node | None, given: Mapping[str, float]) -> float | None:
        if node is None:
            return None
        node = strip_parentheses(node)
        value = seconds(file.values.fold(node))
        if value is not None or node.kind() != "identifier":
            return value
        bindings = file.names.lookup(node)
        is_parameter = len(bindings) == 1 and bindings[0].kind == "parameter"
        return given.get(node.text()) if is_parameter else None

    def _timeout(self, file: Readable, call: Node, path: str, given: Mapping[str, float]) -> float | None:
        name, position = waits().timeouts[path]
        node = argument(file, call, name, position)
        if path in waits().deadlines:
            return stopped(file, node) if node is not None else None
        return self._seconds(file, node, given)

    def _waiter(self, file: Readable, loop: Node, judged: Polling) -> str:
        for question in judged.questions:
            function = question.field("function")
            holder = function.field("object") if function is not None else None
            client = client_of(file, holder) if holder is not None else None
            if client is not None and client.waiter is not None and suits(client.waiter, loop):
                return client.waiter
        return ""


def calls_of(file: Readable, function: Node) -> Iterator[tuple[Node, str]]:
    """The calls that a function itself makes of what sleeps, bounds a wait or runs awaits side by side."""
    for call, path in find_calls(file, function):
        if function_of(call) == function:
            yield call, path


def find_calls(file: Readable, under: Node | None = None) -> list[tuple[Node, str]]:
    """The calls that wait or run awaits side by side, with their dotted names, in the order of the text."""
    memo = file.tree.memo
    if _CALLS not in memo:
        found = sorted(_all_calls(file), key=lambda pair: pair[0].range().start.index)
        memo[_CALLS] = found, [call.range().start.index for call, _ in found]
    calls: list[tuple[Node, str]] = memo[_CALLS][0]
    if under is None:
        return calls
    starts: list[int] = memo[_CALLS][1]
    place = under.range()
    return calls[bisect_left(starts, place.start.index) : bisect_left(starts, place.end.index)]


def _all_calls(file: Readable) -> Iterator[tuple[Node, str]]:
    table = waits()
    known = {*table.sleeps, *table.timeouts, *table.concurrent}
    heads = {name.partition(".")[0] for name in known}
    for local in {i.local for i in file.names.imports if i.target.partition(".")[0] in heads}:
        for reference in file.names.references(local):
            node, parent = attribute_around(reference)
            if parent is None or parent.kind() != "call" or parent.field("function") != node:
                continue
            path = next((path for path in file.names.candidates(node) if path in known), None)
            if path is not None:
                yield parent, path


def _bound(file: Readable, node: Node, function: Node, outer: float | None) -> float | None:
    """The seconds of the timeout around a node in its function: None for unknown ones, `outer` where there is none."""
    for ancestor in node.ancestors():
        if ancestor == function:
            return outer
        if ancestor.kind() == "with_statement":
            for item in file.tree.kinds("with_item", under=ancestor):
                if next(enclosing(item, "with_statement"), None) == ancestor and _limits(file, item):
                    return _timeout_of(file, item)
        elif ancestor.kind() == "call" and _limits(file, ancestor):
            return _timeout_of(file, ancestor)
    return outer


def _limits(file: Readable, node: Node) -> bool:
    return _timeout_call(file, node) is not None


def _timeout_call(file: Readable, node: Node) -> tuple[Node, str] | None:
    calls = [node] if node.kind() == "call" else file.tree.kinds("call", under=node)
    for call in calls[:1]:
        function = call.field("function")
        for path in file.names.candidates(function) if function is not None else ():
            if path in waits().timeouts:
                return call, path
    return None


def _timeout_of(file: Readable, node: Node) -> float | None:
    found = _timeout_call(file, node)
    if found is None:
        return None
    name, position = waits().timeouts[found[1]]
    value = argument(file, found[0], name, position)
    return seconds(file.values.fold(value)) if value is not None else None


def defaults_of(file: Readable, task: Node) -> dict[str, float]:
    """The defaults of a task's parameters that no call in the file replaces, in seconds."""
    given: dict[str, float] = {}
    uses = [reference.parent() for reference in references(file, task)]
    for position, (name, default) in enumerate(parameters(task)):
        number = seconds(file.values.fold(default)) if default is not None else None
        if number is None or not uses:
            continue
        calls = [use for use in uses if use is not None and use.kind() == "call"]
        if len(calls) == len(uses) and all(
            argument(file, call, name, position) is None and not has_splat(call) for call in calls
        ):
            given[name] = number
    return given


def _span(file: Readable, node: Node) -> Span:
    parent = node.parent()
    return file.tree.span(parent if parent is not None and parent.kind() == "await" else node)
