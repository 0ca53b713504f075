"""Native async tasks: what they await, for how long, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.catalog.waits import waits
from advisor.finding import Span
from advisor.syntax import Node, arguments_of, enclosing, function_of, keyword_parts, strip_parentheses
from advisor.values import seconds

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

# Flavours of @task that never await the function they are given: nothing to say about how they wait.
_NOT_AWAITED = re.compile(r"sensor|virtualenv|external_python|bash|kubernetes|docker|pyspark")
_PYTHON_OPERATOR = re.compile(r"airflow\.(?:\w+\.)*(?:Branch|ShortCircuit)?PythonOperator$")
_LOOPS = ("while_statement", "for_statement")
_COMPREHENSIONS = frozenset(
    {"list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"}
)
_SHORT_PAUSE = 1.0  # seconds; loops that pause for less are not polling
_CLOCK = re.compile(
    r"time\.|monotonic|deadline|elapsed|timeout|perf_counter|now\(|end_time|until", re.IGNORECASE
)
_DRAIN = re.compile(
    r"\.(?:empty|get_nowait|get|pop|popleft|qsize)\(|queue|pending|remaining|backlog", re.IGNORECASE
)
_BODY_READERS = frozenset({"json", "text", "read", "aread", "aclose", "close", "raise_for_status", "release"})


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait on the event loop of a task, which keeps its worker slot meanwhile.

    `total` is the longest it can last, in seconds; None = without bound. `how` names the construct, `step` is the
    pause of one turn of a polling loop.
    """

    span: Span
    total: float | None
    how: str
    step: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One awaited request; `operator` is the dotted name of the operator that can defer the same request."""

    span: Span
    operator: str


class AsyncTask:
    """One `async def` that Airflow awaits as a task. `name` is the function's."""

    def __init__(self, dag_file: DagFile, function: Node) -> None:
        self._dag_file = dag_file
        self.function = function
        name = function.field("name")
        self.name = name.text() if name is not None else ""

    # -- waits

    @cached_property
    def waits(self) -> list[Wait]:
        """The waits of known or unbounded length, in the order of the text; one for a loop, not one for its turns."""
        found = [wait for sleep in self._calls(waits().sleeps) if (wait := self._sleep(*sleep)) is not None]
        for call, path in self._calls(waits().timeouts):
            argument, position = waits().timeouts[path]
            total = seconds(self._argument(call, argument, position))
            if total is not None:
                found.append(Wait(self._span(call), total, path.rpartition(".")[2]))
        unique = {(wait.span.start, wait.how): wait for wait in found}
        return sorted(unique.values(), key=lambda wait: wait.span.start)

    def _sleep(self, call: Node, path: str) -> Wait | None:
        pause = seconds(self._argument(call, "delay", 0))
        if pause is None:
            pause = seconds(self._argument(call, "seconds", 0))
        loop = self._loop_around(call)
        if loop is not None and (pause is None or pause >= _SHORT_PAUSE) and self._polls(loop, call):
            turns = self._turns(loop)
            if loop.kind() == "while_statement" or (turns is not None and pause is not None):
                total = None if turns is None or pause is None else turns * pause
                header = self._dag_file.tree.span(loop)
                return Wait(header, total, "polling", pause)
        return None if pause is None else Wait(self._span(call), pause, "sleep")

    def _loop_around(self, node: Node) -> Node | None:
        for ancestor in node.ancestors():
            if ancestor.kind() in _LOOPS:
                return ancestor
            if ancestor.kind() in ("function_definition", "lambda"):
                return None
        return None

    def _polls(self, loop: Node, sleep: Node) -> bool:
        """Whether a loop asks the same question again until the answer changes."""
        for ancestor in sleep.ancestors():
            if ancestor == loop:
                break
            if ancestor.kind() in ("except_clause", "finally_clause"):
                return False  # a pause before another try
        body = loop.field("body")
        if body is None or self._bounded_from_outside(loop):
            return False
        if loop.kind() == "while_statement":
            condition = loop.field("condition")
            test = condition.text() if condition is not None else ""
            if _CLOCK.search(test) or _DRAIN.search(test):
                return False
        text = body.text()
        asks = [node for node in self._dag_file.tree.kinds("await", under=body) if not self._is_sleep(node)]
        for block in self._dag_file.tree.kinds("with_statement", under=body):
            if block.text().startswith("async"):
                asks += self._dag_file.tree.kinds("with_item", under=block)
        ends = re.search(r"\b(?:return|break)\b", text) is not None
        endless = loop.kind() == "while_statement" and _constant_true(loop)
        if endless and not ends:
            return True  # never ends by itself
        if loop.kind() == "for_statement" and not ends:
            return False
        if endless and (_CLOCK.search(text) or _DRAIN.search(text)):
            return False
        return bool(asks) and not self._carries(loop, asks)

    def _carries(self, loop: Node, asks: list[Node]) -> bool:
        """Whether a value of one turn goes into the question of the next: pagination, not polling."""
        body = loop.field("body")
        assigned: set[str] = set()
        for node in self._dag_file.tree.kinds("assignment", "augmented_assignment", under=body):
            left = node.field("left")
            assigned |= set(re.findall(r"\w+", left.text())) if left is not None else set()
        left = loop.field("left")
        if left is not None:
            assigned |= set(re.findall(r"\w+", left.text()))
        assigned.discard("_")
        for ask in asks:
            for call in self._dag_file.tree.kinds("call", under=ask):
                arguments = call.field("arguments")
                if arguments is None:
                    continue
                used = set(re.findall(r"[A-Za-z_]\w*", arguments.text()))
                holder = call.field("function")
                if used & assigned - self._own_names(ask):
                    return True
                if (
                    holder is not None
                    and set(re.findall(r"^\w+", holder.text())) & assigned
                    and left is not None
                ):
                    return True
        return False

    def _own_names(self, ask: Node) -> set[str]:
        """Names bound by the statement that asks: `session` of `async with ClientSession() as session`."""
        names: set[str] = set()
        for target in self._dag_file.tree.kinds("as_pattern_target", under=ask):
            names |= set(re.findall(r"\w+", target.text()))
        return names

    def _turns(self, loop: Node) -> int | None:
        """How often a `for … in range(…)` runs, where that is known."""
        iterable = loop.field("right")
        if iterable is None or iterable.kind() != "call":
            return None
        function = iterable.field("function")
        arguments = arguments_of(iterable)
        if function is None or function.text() != "range" or not 1 <= len(arguments) <= 3:
            return None
        folded = [self._dag_file.values.fold(argument) for argument in arguments]
        numbers = [number for number in folded if isinstance(number, int)]
        if len(numbers) != len(arguments) or (len(numbers) == 3 and not numbers[2]):
            return None
        return len(range(*numbers))

    def _bounded_from_outside(self, loop: Node) -> bool:
        """Whether a timeout around the loop bounds it: that one is reported then, where it is long."""
        for ancestor in loop.ancestors():
            if ancestor == self.function:
                return False
            if ancestor.kind() == "with_statement":
                header = ancestor.text().partition("\n")[0]
                if re.search(r"timeout|fail_after|move_on_after", header):
                    return True
            if ancestor.kind() == "function_definition":
                name = ancestor.field("name")
                pattern = rf"wait_for\(\s*{name.text()}\b" if name is not None else "wait_for"
                return re.search(pattern, self.function.text()) is not None
        return False

    def _is_sleep(self, awaited: Node) -> bool:
        call = awaited.child(1)
        function = call.field("function") if call is not None and call.kind() == "call" else None
        return function is not None and any(
            p in waits().sleeps for p in self._dag_file.names.candidates(function)
        )

    # -- requests

    @cached_property
    def single_request(self) -> Request | None:
        """The task's only request, where it awaits one, once, and nothing else; None otherwise."""
        requests: list[Request] = []
        for node, awaited in self._asked():
            request = self._request(node, awaited)
            if request is None:
                if not self._reads_body(awaited) and not self._opens_client(awaited):
                    return None
            elif self._repeated(node):
                return None
            else:
                requests.append(request)
        if len(requests) != 1 or next(iter(self._calls(waits().concurrent)), None) is not None:
            return None
        return requests[0]

    def _asked(self) -> Iterator[tuple[Node, Node]]:
        """What the task awaits: the operand of each `await`, and the contexts that each `async with` enters."""
        tree = self._dag_file.tree
        for node in tree.kinds("await", "with_statement", "for_statement", under=self.function):
            if node.kind() == "await":
                inner = node.child(1)
                if inner is not None:
                    yield node, strip_parentheses(inner)
            elif node.text().startswith("async"):
                if node.kind() == "for_statement":
                    yield node, node
                    continue
                for item in tree.kinds("with_item", under=node):
                    value = item.field("value")
                    if value is not None and next(enclosing(item, "with_statement"), None) == node:
                        yield item, (value.child(0) or value) if value.kind() == "as_pattern" else value

    def _request(self, node: Node, awaited: Node) -> Request | None:
        function = awaited.field("function") if awaited.kind() == "call" else None
        if function is None:
            return None
        table, names = waits(), self._dag_file.names
        paths = names.candidates(function)
        if any(path in table.request_functions for path in paths):
            return Request(self._span(awaited), table.http_operator)
        method, holder = function.field("attribute"), function.field("object")
        if method is None or holder is None or method.text() not in table.requests:
            return None
        client = self._client(holder)
        if client is None:
            return None
        return Request(self._span(awaited), table.clients[client] or table.http_operator)

    def _client(self, node: Node) -> str | None:
        """The dotted name of the client class that an expression is an object of."""
        if node.kind() == "identifier":
            bindings = self._dag_file.names.lookup(node)
            if len(bindings) != 1 or bindings[0].value is None or bindings[0].kind not in ("assign", "with"):
                return None
            node = bindings[0].value
        function = node.field("function") if node.kind() == "call" else None
        paths = self._dag_file.names.candidates(function) if function is not None else ()
        return next((path for path in paths if path in waits().clients), None)

    def _opens_client(self, awaited: Node) -> bool:
        return self._client(awaited) is not None

    def _reads_body(self, awaited: Node) -> bool:
        function = awaited.field("function") if awaited.kind() == "call" else None
        method = function.field("attribute") if function is not None else None
        return method is not None and method.text() in _BODY_READERS

    def _repeated(self, node: Node) -> bool:
        if self._loop_around(node) is not None or function_of(node) != self.function:
            return True
        return any(ancestor.kind() in _COMPREHENSIONS for ancestor in node.ancestors())

    # -- helpers

    def _calls(self, paths: object) -> Iterator[tuple[Node, str]]:
        """The calls in the task of one of these dotted names."""
        for call, path in self._dag_file.async_calls:
            if path in paths and self.function in call.ancestors():  # type: ignore[operator]
                yield call, path

    def _argument(self, call: Node, name: str, position: int) -> object:
        given = Arguments(call, self._dag_file.values)
        if given.given(name):
            return given.value(name)
        positional = [argument for argument in arguments_of(call) if keyword_parts(argument) is None]
        if position < len(positional) and not positional[position].kind().endswith("splat"):
            return self._dag_file.values.fold(positional[position])
        return None

    def _span(self, node: Node) -> Span:
        parent = node.parent()
        return self._dag_file.tree.span(parent if parent is not None and parent.kind() == "await" else node)


def _constant_true(loop: Node) -> bool:
    condition = loop.field("condition")
    return condition is not None and condition.text().strip("() ") in ("True", "1")


def find_async_tasks(dag_file: DagFile) -> list[AsyncTask]:
    """The file's async tasks, in the order of the text."""
    if "async def" not in dag_file.tree.text:
        return []
    found: list[AsyncTask] = []
    for function in dag_file.tree.matching({"kind": "function_definition", "regex": r"^async\b"}):
        flavour = dag_file.contexts.task_flavour(function)
        if flavour is not None:
            if not _NOT_AWAITED.search(flavour):
                found.append(AsyncTask(dag_file, function))
        elif _is_python_callable(dag_file, function):
            found.append(AsyncTask(dag_file, function))
    return found


def _is_python_callable(dag_file: DagFile, function: Node) -> bool:
    name = function.field("name")
    for reference in dag_file.names.references(name.text()) if name is not None else ():
        keyword = reference.parent()
        parts = keyword_parts(keyword) if keyword is not None else None
        if keyword is None or parts is None or parts[0] != "python_callable":
            continue
        if not any(binding.value == function for binding in dag_file.names.lookup(reference)):
            continue
        call = next(enclosing(reference, "call"), None)
        called = call.field("function") if call is not None else None
        while called is not None and called.kind() == "attribute":
            paths = dag_file.names.candidates(called)
            if any(_PYTHON_OPERATOR.match(path) for path in paths):
                return True
            called = called.field("object")
        if called is not None and any(_PYTHON_OPERATOR.match(p) for p in dag_file.names.candidates(called)):
            return True
    return False


def find_async_calls(dag_file: DagFile) -> list[tuple[Node, str]]:
    """The calls of functions that wait or run awaits side by side, with their dotted names, in one walk."""
    table = waits()
    known = {*table.sleeps, *table.timeouts, *table.concurrent}
    heads = {name.partition(".")[0] for name in known}
    locals_ = [i.local for i in dag_file.names.imports if i.target.partition(".")[0] in heads]
    dag_file.names.prepare(locals_)
    found: list[tuple[Node, str]] = []
    for local in dict.fromkeys(locals_):
        for reference in dag_file.names.references(local):
            node, parent = reference, reference.parent()
            while parent is not None and parent.kind() == "attribute":
                node, parent = parent, parent.parent()
            if parent is None or parent.kind() != "call" or parent.field("function") != node:
                continue
            path = next((path for path in dag_file.names.candidates(node) if path in known), None)
            if path is not None:
                found.append((parent, path))
    return sorted(found, key=lambda pair: pair[0].range().start.index)
