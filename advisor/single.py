"""The one request of an async task, sent by the task itself or by a coroutine of the project that it awaits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from advisor.asking import Request, asked, client_of, is_timeout, request_of, unwrapped
from advisor.catalog.waits import Client, waits
from advisor.contexts import decorator_expressions
from advisor.definitions import client_at
from advisor.flow import Readable, loop_around
from advisor.folded import UNKNOWN
from advisor.lineage import is_derived_from
from advisor.owners import Owner, class_of
from advisor.records import dataclass
from advisor.syntax import (
    COMPREHENSIONS,
    Node,
    dotted,
    enclosing,
    function_of,
    is_async,
    name_called,
    name_of,
    strip_parentheses,
)
from advisor.waiting import find_calls

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

_MAX_DEPTH = 5  # coroutines on the way to the request, expressions on the way to an object
_MAX_RUNS = 50  # coroutines that one task runs
_BODY_READERS = frozenset({"json", "text", "read", "aread", "aclose", "close", "raise_for_status", "release"})
_CLOSERS = frozenset({"close", "aclose"})
_PLAIN = frozenset({"staticmethod", "classmethod"})


@dataclass(frozen=True, slots=True, eq=False)
class Single:
    """The only request of a task.

    `site` is the call in the task's own function: the request itself, or what leads to it. `through` are the names of
    the coroutines in between, `asks` is how the request is written (`session.get`).
    """

    request: Request
    site: Node
    through: tuple[str, ...]
    asks: str


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One coroutine that runs: `receiver` is the class of its `self`, `call` what awaits it in `caller`."""

    file: Readable
    function: Node
    receiver: Owner | None = None
    caller: _Run | None = None
    call: Node | None = None

    @property
    def line(self) -> Iterator[_Run]:
        """This one and those that lead to it."""
        run: _Run | None = self
        while run is not None:
            yield run
            run = run.caller


def single_request(dag_file: DagFile, function: Node) -> Single | None:
    """The only request of a coroutine, where it awaits one, once, and nothing else; None otherwise.

    Coroutines of the project count as what they await. Anything that isn't known may be another request.
    """
    return _Reader(dag_file).read(function)


class _Reader:
    """Reads one task, with the coroutines that it awaits."""

    def __init__(self, dag_file: DagFile) -> None:
        self._dag_file = dag_file
        self._receivers = dag_file.receivers
        self._runs: list[_Run] = []
        self._found: list[tuple[_Run, Request]] = []
        self._inner: list[Node] = []  # functions within that await something
        # Where a coroutine of the project is named to be awaited: its name, and whether it is a method's.
        self._callees: dict[tuple[str, int], tuple[str, bool]] = {}

    def read(self, function: Node) -> Single | None:
        root = _Run(self._dag_file, function)
        if not self._reads(root) or len(self._found) != 1 or not self._is_all():
            return None
        run, request = self._found[0]
        line = [one for one in run.line if one.caller is not None]
        site = line[-1].call if line else request.call
        called = request.call.field("function")
        asks = (dotted(called) if called is not None else None) or name_called(request.call)
        through = tuple(name_of(one.function) for one in reversed(line))
        return Single(request, site or request.call, through, asks)

    def _reads(self, run: _Run) -> bool:
        """Whether all that a coroutine awaits is known; notes its requests.

        One that awaits nothing need not be a coroutine: it stands for something, or a derived class does it.
        """
        self._runs.append(run)
        side_by_side = (path in waits().concurrent for _, path in find_calls(run.file, run.function))
        if len(self._runs) > _MAX_RUNS or any(side_by_side):
            return False
        awaited = list(asked(run.file, run.function))
        if not awaited and not name_of(run.function).startswith("__a"):
            return False
        for node, operand in awaited:
            around = function_of(node)
            if around != run.function:
                if around is not None:
                    self._inner.append(around)
            elif not self._takes(run, node, operand):
                return False
        return True

    def _takes(self, run: _Run, node: Node, operand: Node) -> bool:
        request = self._request(run, operand)
        if request is not None:
            self._found.append((run, request))
            return len(self._found) == 1 and not _is_repeated(node)
        timed = node.kind() == "with_item" and is_timeout(run.file, operand)
        if timed or self._client(run, operand) or self._reads_body(run, operand):
            return True
        runs = self._followed(run, node, operand)
        return bool(runs) and not _is_repeated(node) and all(map(self._reads, runs))

    # -- coroutines of the project

    def _followed(self, run: _Run, node: Node, operand: Node) -> list[_Run]:
        """The coroutines that awaiting or entering something runs; none where that isn't known."""
        called = operand.field("function") if operand.kind() == "call" else None
        if sum(1 for _ in run.line) > _MAX_DEPTH:
            return []
        if node.kind() == "with_item":
            return self._entering(run, operand)
        if called is None or node.kind() != "await":
            return []
        refs = self._receivers.of(run.file, called, run.receiver)
        function = refs[0].node if len(refs) == 1 else None
        if function is None or refs[0].file is None:
            return []
        method = called.field("attribute")
        name = method or called
        self._callees[run.file.path, name.range().start.index] = name.text(), method is not None
        return self._started(_Run(refs[0].file, function, refs[0].receiver, run, operand))

    def _entering(self, run: _Run, operand: Node) -> list[_Run]:
        """`__aenter__` and `__aexit__` of the project's own class."""
        refs = self._receivers.of(run.file, operand, run.receiver)
        owner = refs[0].owner if len(refs) == 1 and refs[0].is_object else None
        found: list[_Run] = []
        for name in ("__aenter__", "__aexit__"):
            above = self._receivers.definer(owner, name) if owner is not None else None
            if above is None:
                return []
            method = self._receivers.methods(above)[name]
            runs = self._started(_Run(above.file, method, owner, run, operand))
            if not runs:
                return []
            found += runs
        return found

    def _started(self, run: _Run) -> list[_Run]:
        """A coroutine that runs as it is written; none for what is wrapped, or comes back to itself."""
        function = run.function
        if function.kind() != "function_definition" or not is_async(function):
            return []
        if any(expression.text() not in _PLAIN for expression in decorator_expressions(function)):
            return []
        comes_back = any(above.function == function for above in run.line if above is not run)
        return [] if comes_back else [run]

    def _is_all(self) -> bool:
        """Whether nothing else starts what has been read, and no other class changes it."""
        if len(self._runs) == 1:
            return not self._inner
        functions = {run.function for run in self._runs}
        if any(function not in functions for function in self._inner):
            return False
        if any(self._names_another(run) for run in self._runs):
            return False
        owners = {
            run.receiver.key: run.receiver
            for run in self._runs
            if run.receiver is not None and class_of(run.function) is not None
        }
        project = self._dag_file.project
        return not any(is_derived_from(one.file, one.node, one.file.path, project) for one in owners.values())

    def _names_another(self, run: _Run) -> bool:
        """Whether a function has a coroutine that was read elsewhere than under an `await`: it may run it again."""
        place = run.function.range()
        for text, is_method in set(self._callees.values()):
            for node in run.file.tree.occurrences.get(text, ()):
                start = node.range().start.index
                if not place.start.index < start < place.end.index or (run.file.path, start) in self._callees:
                    continue
                parent = node.parent()
                kind = parent.kind() if parent is not None else ""
                after_dot = kind == "attribute" and parent is not None and parent.field("object") != node
                if kind != "function_definition" and after_dot == is_method:
                    return True
        return False

    # -- requests

    def _request(self, run: _Run, operand: Node) -> Request | None:
        return request_of(
            run.file, operand, lambda node: self._client(run, node), lambda node: self._worth(run, node)
        )

    def _client(self, run: _Run, node: Node) -> Client | None:
        """The client that an expression is an object of; a parameter is what the call gives for it."""
        known = client_of(run.file, node)
        if known is not None:
            return known
        given = self._given(run, node)
        found = self._client(*given) if given is not None else None
        if found is not None:
            return found
        for ref in self._receivers.of(run.file, node, run.receiver):
            if ref.node is not None or not (ref.is_object or ref.path.endswith("()")):
                return None
            client = client_at((ref.path.removeprefix("await ").removesuffix("()"),))
            if client is None or (found is not None and client != found):
                return None
            found = client
        return found

    def _given(self, run: _Run, node: Node) -> tuple[_Run, Node] | None:
        """What the call that started a coroutine gives for a parameter, and where that stands."""
        bindings = run.file.names.lookup(node) if node.kind() == "identifier" else []
        if len(bindings) != 1 or bindings[0].kind != "parameter":
            return None
        home = next((one for one in run.line if one.function == bindings[0].scope), None)
        if home is None or home.caller is None or home.call is None or home.call.kind() != "call":
            return None
        value = self._dag_file.definitions.given(home.caller.file, home.call, home.function, node.text())
        return (home.caller, strip_parentheses(value)) if value is not None else None

    def _worth(self, run: _Run, node: Node) -> object:
        """The constant that an expression is, also where a call gives it."""
        value = run.file.values.fold(node)
        given = self._given(run, node) if value is UNKNOWN else None
        return self._worth(*given) if given is not None else value

    # -- answers

    def _reads_body(self, run: _Run, operand: Node) -> bool:
        """Whether an awaited call reads the body of an answer that has come, or closes its client."""
        function = operand.field("function") if operand.kind() == "call" else None
        method = function.field("attribute") if function is not None else None
        holder = function.field("object") if function is not None and method is not None else None
        if holder is None or method is None or method.text() not in _BODY_READERS:
            return False
        if method.text() in _CLOSERS and self._client(run, strip_parentheses(holder)) is not None:
            return True
        return self._is_answer(run, holder, 0)

    def _is_answer(self, run: _Run, node: Node, depth: int) -> bool:
        """Whether an expression is the answer to a request."""
        node = strip_parentheses(node)
        if depth > _MAX_DEPTH:
            return False
        if node.kind() == "identifier":
            given = self._given(run, node)
            if given is not None:
                return self._is_answer(*given, depth + 1)
            bindings = run.file.names.lookup(node)
            if len(bindings) != 1 or bindings[0].value is None or bindings[0].kind not in ("assign", "with"):
                return False
            return self._is_answer(run, bindings[0].value, depth + 1)
        if node.kind() != "await":
            return self._request(run, unwrapped(run.file, node)) is not None
        operand = unwrapped(run.file, strip_parentheses(node.children()[-1]))
        if self._request(run, operand) is not None:
            return True
        runs = self._followed(run, node, operand)
        return len(runs) == 1 and self._gives_answer(runs[0], depth)

    def _gives_answer(self, run: _Run, depth: int) -> bool:
        """Whether all that a coroutine returns is the answer."""
        values = [
            statement.named_children()[:1]
            for statement in run.file.tree.kinds("return_statement", under=run.function)
            if function_of(statement) == run.function
        ]
        return bool(values) and all(value and self._is_answer(run, value[0], depth + 1) for value in values)


def _is_repeated(node: Node) -> bool:
    if loop_around(node) is not None:
        return True
    around = next(enclosing(node, *COMPREHENSIONS, "function_definition", "lambda"), None)
    return around is not None and around.kind() in COMPREHENSIONS
