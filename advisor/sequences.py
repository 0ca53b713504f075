"""Loops that await one request after the other though none needs the answer of another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from advisor.asking import request_of
from advisor.awaitables import Awaited, awaited, awaits_of, reads_body, with_items
from advisor.catalog.concurrency import concurrency
from advisor.definitions import Found, is_generator
from advisor.finding import Span
from advisor.flow import Flow, loop_around
from advisor.limiters import Limiters
from advisor.records import dataclass
from advisor.syntax import (
    COMPREHENSIONS,
    Node,
    arguments_of,
    enclosing,
    function_of,
    is_async,
    keyword_parts,
    name_called,
    name_of,
)
from advisor.walks import Visit

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

_MAX_DEPTH = 4
_MAX_SOURCES = 300
# What turns after turn adds to one place, where the order may matter; and streams, which are not to be held at once.
_WRITES = re.compile(
    r"(?:write|writelines|writerow|writerows|put|put_nowait|send|sendall|execute|executemany|insert\w*|commit|dump|upload\w*|"
    r"publish|xcom_push|stream|iter_\w+|aiter_\w+)$"
)
# Requests that change something: their order may be meant, unless each goes to an address of its own.
_CHANGES = frozenset({"post", "put", "patch", "delete"})
# Names of what counts through the pages of one answer.
_PAGES = re.compile(
    r"(?<![a-z])(?:page|offset|cursor|skip|start(?!_?(?:date|day|time|ed))|next|marker|continuation|attempt|retry|try)",
    re.IGNORECASE,
)
_BODIES = frozenset({"json", "data", "content", "body", "payload", "files"})
_NAMED_URL = ("url", "endpoint", "path", "key", "remote_full_path")


@dataclass(frozen=True, slots=True)
class Sequence:
    """One loop (or comprehension) that awaits independent requests one by one.

    `span` is the first request in the DAG file, `asks` how it is written. `over` is the collection as it is written,
    `items` how many it has, None where nobody knows. `through` are the functions that lead to the loop.
    """

    span: Span
    asks: str
    over: str
    items: float | None
    task: str
    through: tuple[str, ...]
    is_local: bool
    is_comprehension: bool


def find_sequences(dag_file: DagFile) -> list[Sequence]:
    """The loops of the file's async tasks that could overlap their requests, in the order of the text, each once."""
    if not dag_file.target.at_least(3, 2):
        return []
    found: dict[int, Sequence] = {}
    for walk in dag_file.walks:
        if walk.task.is_async and walk.task.is_awaited:
            limiters = Limiters(walk)
            for visit in walk.visits.values():
                if visit.is_async and visit.alone:
                    for sequence in _Reader(visit, limiters).read():
                        found.setdefault(sequence.span.start, sequence)
    return sorted(found.values(), key=lambda sequence: sequence.span.start)


class _Reader:
    """Reads the loops of one function that runs alone."""

    def __init__(self, visit: Visit, limiters: Limiters) -> None:
        self._visit, self._limiters = visit, limiters
        self._tree = visit.file.tree

    def read(self) -> Iterator[Sequence]:
        function = self._visit.function
        if is_generator(self._visit.file, function):
            return  # whoever goes through it sets the pace
        for node in self._tree.kinds("for_statement", *sorted(COMPREHENSIONS), under=function):
            if function_of(node) != function:
                continue
            if node.kind() == "for_statement":
                request = self._of_loop(node)
                clauses = [node]
            else:
                request = self._of_comprehension(node)
                clauses = [child for child in node.named_children() if child.kind() == "for_in_clause"]
            if request is None:
                continue
            rights = [
                " ".join(right.text().split()) for one in clauses if (right := one.field("right")) is not None
            ]
            over = " × ".join(rights)
            size = self._size(node)
            if size is not None and 0 < size <= 2:
                continue
            called = request.call.field("function")
            text = called.text() if called is not None else ""
            yield Sequence(
                self._visit.span(request.call),
                text if "\n" not in text and len(text) <= 40 else name_called(request.call),
                over if len(over) <= 60 else over[:57] + "…",
                size or None,
                self._visit.walk.task.name,
                self._visit.through,
                self._visit.is_local,
                node.kind() != "for_statement",
            )

    def _size(self, node: Node) -> float | None:
        if node.kind() != "for_statement":
            return self._visit.sizes.turns(node)
        right = node.field("right")
        return self._visit.sizes.at_most(right) if right is not None else None

    # -- comprehensions

    def _of_comprehension(self, node: Node) -> Awaited | None:
        clauses = [child for child in node.named_children() if child.kind() == "for_in_clause"]
        body = node.field("body")
        if body is None or node.kind() == "generator_expression":
            return None  # lazy: whoever goes through it decides
        if any(_first(clause) == "async" for clause in clauses) or len(clauses) > 1:
            return None
        if any(child.kind() == "if_clause" and "await" in child.text() for child in node.named_children()):
            return None
        if self._in_guard(node) or loop_around(node) is not None:
            return None
        left = clauses[0].field("left")
        targets = (
            {name.text() for name in self._tree.kinds("identifier", under=left)}
            if left is not None
            else set()
        )
        requests = self._requests(body)
        if not requests or not all(self._is_independent(request, targets, None) for request in requests):
            return None
        return requests[0]

    # -- loops

    def _of_loop(self, loop: Node) -> Awaited | None:
        body, left, right = loop.field("body"), loop.field("left"), loop.field("right")
        if body is None or left is None or right is None or _first(loop) == "async" or self._in_guard(loop):
            return None
        requests = self._requests(body)
        if not requests or any(loop_around(request.call) != loop for request in requests):
            return None  # the loop inside is looked at for itself
        if any(
            self._leaves(node, loop)
            for node in self._own(body, "break_statement", "return_statement", "yield")
        ):
            return None
        if any(child.kind() == "else_clause" for child in loop.named_children()):
            return None
        if any(
            _WRITES.match(name_called(call))
            for call in self._own(body, "call")
            if not _is_one(call, requests)
        ):
            return None
        if any(_first(node) == "async" for node in self._own(body, "for_statement", "for_in_clause")):
            return None
        if self._own(body, "while_statement"):
            return None
        flow = Flow(self._visit.file, loop)
        if sum(map(len, flow.sources.values())) > _MAX_SOURCES or self._gives_up(flow):
            return None
        names = {name.text() for name in self._tree.kinds("identifier", under=left)}
        fed = self._fed(flow, names)
        collection = {name.text() for name in flow.names_in(right)}
        if collection & set(flow.sources):
            return None  # it grows while it is gone through
        carried = flow.varying | self._sometimes_set(flow)
        for request in requests:
            if flow.in_handler(request.call) or not self._is_independent(request, fed, flow):
                return None
            read = [request.call, *flow.tests(request.call), *flow.tests_before(request.call)]
            if any(name.text() in carried for node in flow.closure(read) for name in flow.names_in(node)):
                return None
        return requests[0]

    def _leaves(self, node: Node, loop: Node) -> bool:
        return node.kind() != "break_statement" or loop_around(node) == loop

    def _own(self, under: Node, *kinds: str) -> list[Node]:
        return [
            node
            for node in self._tree.kinds(*kinds, under=under)
            if function_of(node) == self._visit.function
        ]

    def _fed(self, flow: Flow, names: set[str]) -> set[str]:
        """The names of the loop whose value comes from what the loop goes through."""
        fed, size = set(names), -1
        while size != len(fed):
            size = len(fed)
            for name, sources in flow.sources.items():
                for source in sources:
                    if source.value is not None and any(
                        one.text() in fed for one in flow.names_in(source.value)
                    ):
                        fed.add(name)
        return fed

    def _gives_up(self, flow: Flow) -> bool:
        """Whether what the turns have counted ends the loop: `errors += 1; if errors > 3: raise`."""
        counted = {name for name, sources in flow.sources.items() if any(source.builds for source in sources)}
        tests = (test for node in flow.own("raise_statement") for test in flow.tests(node))
        return any(name.text() in counted for test in tests for name in flow.names_in(test))

    def _sometimes_set(self, flow: Flow) -> set[str]:
        """Names that some turns set and the next ones read: a token that is renewed."""
        return {
            name
            for name, sources in flow.sources.items()
            if sources
            and all(source.tests for source in sources)
            and not all(source.builds for source in sources)
        }

    # -- requests

    def _requests(self, body: Node) -> list[Awaited]:
        """The requests that a body awaits; none where it awaits anything else, too."""
        found: list[Awaited] = []
        for node, operand in awaits_of(self._visit, body):
            if operand.kind() != "call":
                return []
            if reads_body(self._visit, operand) and awaited(self._visit, operand).doing != "request":
                continue
            function = operand.field("function")
            paths = self._visit.file.names.candidates(function) if function is not None else ()
            timed = any(path in concurrency().timeouts for path in paths)
            if node.kind() == "with_item" and (timed or self._visit.client(operand) is not None):
                continue
            doing = awaited(self._visit, operand)
            if doing.doing == "request":
                if name_called(doing.call) in ("stream", "close", "aclose"):
                    return []
                found.append(doing)
            elif doing.doing == "own" and doing.found is not None and self._sends(doing.found, 0):
                found.append(doing)
            else:
                return []
        return found

    def _sends(self, found: Found, depth: int) -> bool:
        """Whether a coroutine of the project sends a request and does nothing that may not overlap."""
        visit = self._visit.walk.visits.get(found.node)
        if visit is None or depth > _MAX_DEPTH or self._limiters.limits(found):
            return False
        if is_generator(found.file, found.node) or not is_async(found.node):
            return False
        sends = False
        for node, operand in awaits_of(visit, found.node):
            if operand.kind() != "call":
                return False
            if reads_body(visit, operand) and awaited(visit, operand).doing != "request":
                continue
            doing = awaited(visit, operand)
            function = operand.field("function")
            paths = visit.file.names.candidates(function) if function is not None else ()
            if doing.doing == "request" and name_called(doing.call) not in ("stream", "close", "aclose"):
                sends = True
            elif doing.doing == "pause":
                if not _after_failure(node):
                    return False  # a deliberate pause
            elif doing.doing == "own" and doing.found is not None and doing.found.node != found.node:
                if not self._sends(doing.found, depth + 1):
                    return False
                sends = True
            elif not (
                node.kind() == "with_item"
                and (
                    visit.client(operand) is not None or any(path in concurrency().timeouts for path in paths)
                )
            ):
                return False
        if any(_WRITES.match(name_called(call)) for call in found.file.tree.kinds("call", under=found.node)):
            return False
        return sends

    def _is_independent(self, request: Awaited, fed: set[str], flow: Flow | None) -> bool:
        """Whether a request is about the item of its turn, and could be sent beside the others."""
        names = {name.text() for name in self._tree.kinds("identifier", under=request.call)}
        if not names & fed:
            return False  # the same again: another try
        if any(_PAGES.search(name) for name in (names & fed) | self._keywords(request.call, fed)):
            return False
        if request.doing == "request":
            known = request_of(self._visit.file, request.call)
            changes = name_called(request.call) in _CHANGES or (known is not None and not known.repeatable)
            if (changes or self._keywords(request.call, fed) & _BODIES) and not self._has_own_address(
                request.call, fed
            ):
                return False
        return True

    def _keywords(self, call: Node, fed: set[str]) -> set[str]:
        """The keywords, and the keys of dicts, that are given something of the turn's item."""
        parts = [parts for argument in arguments_of(call) if (parts := keyword_parts(argument)) is not None]
        for pair in self._tree.kinds("pair", under=call):
            key, value = pair.field("key"), pair.field("value")
            if key is not None and value is not None:
                parts.append((key.text().strip("'\""), value))
        return {
            name
            for name, value in parts
            if any(one.text() in fed for one in self._tree.kinds("identifier", under=value))
        }

    def _has_own_address(self, call: Node, fed: set[str]) -> bool:
        for position, argument in enumerate(arguments_of(call)):
            parts = keyword_parts(argument)
            if (parts is None and position == 0) or (parts is not None and parts[0] in _NAMED_URL):
                value = parts[1] if parts is not None else argument
                return any(name.text() in fed for name in self._tree.kinds("identifier", under=value))
        return False

    # -- what stands around

    def _in_guard(self, node: Node) -> bool:
        """Whether a lock, a semaphore, a transaction or an answer that is still open is held around a loop."""
        for statement in enclosing(node, "with_statement", "function_definition"):
            if statement.kind() == "function_definition":
                return False
            if _first(statement) != "async":
                continue
            for _, value in with_items(statement):
                function = value.field("function") if value.kind() == "call" else None
                paths = self._visit.file.names.candidates(function) if function is not None else ()
                if any(path in concurrency().timeouts for path in paths):
                    continue
                if self._visit.client(value) is None and not self._is_client(value):
                    return True
                if value.kind() == "call" and awaited(self._visit, value).doing == "request":
                    return True
        return False

    def _is_client(self, value: Node) -> bool:
        """Whether an `async with` enters a client that a function of the project makes."""
        function = value.field("function") if value.kind() == "call" else None
        found = (
            self._visit.walk.definitions.function(self._visit.file, function)
            if function is not None
            else None
        )
        if found is None:
            return self._visit.hook(value) is not None
        return bool(
            re.search(r"client|session|hook", name_of(found.node), re.IGNORECASE)
        ) and not self._limiters.limits(found)


def _after_failure(node: Node) -> bool:
    """Whether a pause comes after something has failed: in a handler, or in a loop that tries again."""
    for ancestor in node.ancestors():
        if ancestor.kind() in ("except_clause", "except_group_clause"):
            return True
        if ancestor.kind() == "function_definition":
            return False
        if ancestor.kind() == "if_statement":
            test = ancestor.field("condition")
            if test is not None and re.search(r"429|50[0234]|retry|status", test.text(), re.IGNORECASE):
                return True
    return False


def _is_one(call: Node, requests: list[Awaited]) -> bool:
    return any(request.call == call for request in requests)


def _first(node: Node) -> str:
    child = node.child(0)
    return child.kind() if child is not None else ""
