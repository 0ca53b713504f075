"""What keeps coroutines from running all at once: a semaphore, a pool, a rate limit, a limit of connections."""

from __future__ import annotations

import re

from advisor.awaitables import awaited, inner_call, with_items
from advisor.catalog.concurrency import concurrency
from advisor.contexts import decorator_expressions
from advisor.coroutines import argument
from advisor.definitions import Found
from advisor.flow import Readable
from advisor.questions import is_awaited
from advisor.syntax import Node, arguments_of, function_of, name_called
from advisor.walks import Visit, Walk

_WAITING = re.compile(r"\b(?:await|async)\b")
_MAX_DEPTH = 5
_MAX_READ = 60
# How people call what lets only so many on. Doubt counts as a limiter.
_WORDS = re.compile(
    r"semaphore|(?<![a-z])sem(?![a-z])|limit|throttl|slot|capacity|permit|(?<![a-z])lock|quota|bucket|bounded|mutex|"
    r"backpressure|(?<![a-z])pool|acquire|concurren|(?<![a-z])rate(?![a-z])",
    re.IGNORECASE,
)
_CLIENTS = re.compile(
    r"session|client|conn|http|resp|hook|request|api|stream|file|cursor|group|tg$|timeout", re.IGNORECASE
)
_QUEUES = re.compile(r"queue|\bq\b|channel|stream|inbox|jobs?$|work", re.IGNORECASE)


class Limiters:
    """Answers for one walk; every function is read once."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._known: dict[Node, bool] = {}
        self._connectors: dict[Node, bool] = {}

    def holds_back(self, visit: Visit, call: Node) -> bool:
        """Whether a call that starts a coroutine goes through something that lets only so many on.

        True in doubt: what can't be read may have a limit of its own.
        """
        for one in [call, *_calls_in(visit, call)]:
            if _WORDS.search(_called_text(one)):
                return True
        call = inner_call(call)
        doing = awaited(visit, call)
        if doing.doing == "own" and doing.found is not None:
            return self.limits(doing.found) or not self._is_certain(doing.found)
        if doing.doing in ("request", "pause"):
            return doing.path.endswith((".to_thread", ".run_sync"))  # a pool of threads of known size
        return not doing.path

    def holds_back_function(self, visit: Visit, reference: Node) -> bool:
        """The same for a function that is handed over: `map(fetch, urls)`, `start_soon(fetch, url)`."""
        if _WORDS.search(reference.text()):
            return True
        found = self._walk.definitions.function(visit.file, reference)
        if found is not None:
            return self.limits(found) or not self._is_certain(found)
        method = reference.field("attribute") if reference.kind() == "attribute" else None
        holder = reference.field("object") if method is not None else None
        if method is None or holder is None:
            return True
        client, hook = visit.client(holder), visit.hook(holder)
        sends = (client is not None and method.text() in client.requests) or (
            hook is not None and method.text() in hook.async_methods
        )
        return not sends

    # -- semaphores and the like

    def limits(self, found: Found, depth: int = 0) -> bool:
        """Whether a function takes a limiter, itself or in what it calls, or sets a limit of connections."""
        if found.node not in self._known:
            self._known[found.node] = False
            if depth < _MAX_DEPTH and len(self._known) < _MAX_READ:
                self._known[found.node] = self._limits(found, depth)
        return self._known[found.node]

    def _limits(self, found: Found, depth: int) -> bool:
        if any(_WORDS.search(expression.text()) for expression in decorator_expressions(found.node)):
            return True
        tree = found.file.tree
        for statement in tree.kinds("with_statement", under=found.node):
            items = list(with_items(statement))
            for number, (_, value) in enumerate(items, 1):
                # a lock around `results.append(…)` holds nobody back
                body = statement.field("body")
                waits = number < len(items) or (body is not None and _WAITING.search(body.text()) is not None)
                if waits and self.is_limiter(found.file, value):
                    return True
        calls = tree.kinds("call", under=found.node)
        for call in calls:
            name = name_called(call)
            function = call.field("function")
            holder = function.field("object") if function is not None else None
            text = holder.text() if holder is not None else ""
            if is_awaited(call) and (name.startswith("acquire") or (name == "get" and _QUEUES.search(text))):
                return True
            if (
                is_awaited(call)
                and _WORDS.search(text.rpartition(".")[2] or text)
                and not _CLIENTS.search(text)
            ):
                return True
            if self.is_connector(found.file, call):
                return True
        for call in calls:
            function = call.field("function")
            inner = self._walk.definitions.function(found.file, function) if function is not None else None
            if inner is not None and self.limits(inner, depth + 1):
                return True
        return False

    def is_limiter(self, file: Readable, value: Node) -> bool:
        """Whether what an `async with` enters lets only so many on; true in doubt."""
        paths = self._walk.definitions.classes(file, value)
        if any(path in concurrency().limiters for path in paths):
            return True
        if value.kind() == "call":
            function = value.field("function")
            if function is None:
                return True
            own = self._walk.definitions.function(file, function)
            if own is not None:
                return self.limits(own)
            return bool(_WORDS.search(_called_text(value)))
        if any(path.startswith(("aiohttp.", "httpx.", "asyncio.", "anyio.")) for path in paths):
            return False
        return not _CLIENTS.search(value.text()) or bool(_WORDS.search(value.text()))

    # -- connections

    def has_connector(self, file: Readable, function: Node) -> bool:
        """Whether an explicit limit of connections stands in a function, or in what it calls to get its client."""
        if function not in self._connectors:
            self._connectors[function] = False
            calls = file.tree.kinds("call", under=function)
            if any(self.is_connector(file, call) for call in calls):
                self._connectors[function] = True
            else:
                self._connectors[function] = any(self._made_with(file, call) for call in calls[:200])
        return self._connectors[function]

    def _made_with(self, file: Readable, call: Node) -> bool:
        called = call.field("function")
        if called is None:
            return False
        found = self._walk.definitions.function(file, called) or self._walk.definitions.owner(file, call)
        return found is not None and self.has_connector(found.file, found.node)

    def module_has_connector(self, file: Readable) -> bool:
        """Whether a file sets such a limit outside of functions: `LIMITS = httpx.Limits(max_connections=10)`."""
        names = {name.rpartition(".")[2] for name in concurrency().limits}
        for name in names:
            for used in file.tree.occurrences.get(name, ()):
                call = next((node for node in used.ancestors()[:3] if node.kind() == "call"), None)
                if call is not None and function_of(call) is None and self.is_connector(file, call):
                    return True
        return False

    def is_connector(self, file: Readable, call: Node) -> bool:
        """Whether a call sets an explicit limit of connections: `TCPConnector(limit=10)`, not `limit=0` (none)."""
        function = call.field("function")
        if function is None or name_called(call) not in _connector_names():
            return False
        for path in file.names.candidates(function):
            for name, position in concurrency().limits.get(path, {}).items():
                value = argument(file, call, name, position if position >= 0 else len(arguments_of(call)))
                if value is not None and file.values.fold(value) not in (0, None):
                    return True
        return False

    # -- what can be read

    def _is_certain(self, found: Found, depth: int = 0) -> bool:
        """Whether a coroutine of the project awaits something that has no limit of its own, as far as can be seen."""
        visit = self._walk.visits.get(found.node)
        if visit is None or depth > _MAX_DEPTH:
            return False
        tree = found.file.tree
        for node in tree.kinds("await", "with_statement", under=found.node):
            children = node.children()
            operands = (
                [children[-1]]
                if node.kind() == "await"
                else [value for _, value in with_items(node)]
                if children and children[0].kind() == "async"
                else []
            )
            for operand in operands:
                if operand.kind() != "call":
                    continue
                owner = function_of(operand)
                doing = awaited(self._walk.visits.get(owner, visit) if owner is not None else visit, operand)
                if doing.doing in ("request", "pause", "method"):
                    return True
                if (
                    doing.doing == "own"
                    and doing.found is not None
                    and doing.found.node != found.node
                    and self._is_certain(doing.found, depth + 1)
                ):
                    return True
        return False


def _connector_names() -> set[str]:
    return {name.rpartition(".")[2] for name in concurrency().limits}


def _called_text(call: Node) -> str:
    function = call.field("function")
    return function.text() if function is not None else ""


def _calls_in(visit: Visit, call: Node) -> list[Node]:
    """The calls in the arguments of a call: `limited(fetch(url))`."""
    return [
        inner
        for argument_ in arguments_of(call)
        for inner in visit.file.tree.kinds("call", under=argument_)
        if function_of(inner) == function_of(call)
    ]
