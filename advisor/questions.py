"""The calls in a loop: which of them ask somebody a question, and which take the next piece of something."""

from __future__ import annotations

from advisor.catalog.waits import waits
from advisor.flow import Flow
from advisor.syntax import Node, enclosing, function_of, strip_parentheses

# Calls that ask nobody: they look at what the task already has.
_LOOKING = frozenset(
    {
        *(
            "len",
            "any",
            "all",
            "str",
            "int",
            "float",
            "bool",
            "isinstance",
            "min",
            "max",
            "sum",
            "set",
            "list",
        ),
        *(
            "dict",
            "tuple",
            "sorted",
            "enumerate",
            "zip",
            "getattr",
            "hasattr",
            "print",
            "range",
            "abs",
            "repr",
        ),
    }
)
# Methods that look at their own object again; in place: those whose answer is in the object, not returned.
_IN_PLACE = frozenset({"refresh", "refresh_from_db", "reload"})
_AGAIN = _IN_PLACE | {"poll", "status", "get_status", "describe"}
_LOOKING_METHODS = frozenset(
    {
        *("lower", "upper", "strip", "items", "keys", "values", "startswith", "endswith", "format", "split"),
        *("json", "text", "raise_for_status", "total_seconds", "copy", "model_dump", "time", "monotonic"),
        *("append", "add", "remove", "discard", "update", "extend", "set", "isdisjoint", "issubset", "union"),
        *("info", "debug", "warning", "error", "exception", "critical", "log"),
        *("perf_counter", "now", "utcnow"),
    }
)
# Methods that hand out something else with every call: a queue, a stream, a cursor.
_STREAMING = frozenset(
    {
        *(
            "get_nowait",
            "empty",
            "qsize",
            "popleft",
            "pop",
            "popitem",
            "lpop",
            "rpop",
            "blpop",
            "brpop",
            "full",
        ),
        *(
            "read",
            "readline",
            "readuntil",
            "readexactly",
            "recv",
            "receive",
            "receive_messages",
            "receive_message",
        ),
        *(
            "fetchone",
            "fetchmany",
            "fetchrow",
            "getone",
            "getmany",
            "next",
            "anext",
            "has_next",
            "has_more",
            "pull",
        ),
    }
)
# What lives in the task itself: threads, processes, and what they are waited for by.
_WORKERS = frozenset(
    {
        *("subprocess.Popen", "threading.Thread", "threading.Event", "threading.Lock", "threading.Timer"),
        *("multiprocessing.Process", "multiprocessing.Event", "multiprocessing.Pool", "queue.Queue"),
        *("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor"),
    }
)
_STARTING = frozenset({"submit", "apply_async", "map_async", "starmap_async", "Popen", "Process", "Thread"})
_ALIVE = frozenset(
    {"is_alive", "is_set", "done", "cancelled", "ready", "poll", "running", "locked", "acquire"}
)
# Calls of ordinary functions that ask nobody.
_SYNC_LOOKING = frozenset(
    {
        *(
            "random",
            "uniform",
            "randint",
            "choice",
            "sleep",
            "warn",
            "debug",
            "write",
            "flush",
            "join",
            "replace",
        ),
        *("total_seconds", "timestamp", "strftime", "isoformat", "loads", "dumps", "round", "index", "count"),
        *(
            "search",
            "match",
            "findall",
            "encode",
            "decode",
            "xcom_push",
            "sort",
            "group",
            "heartbeat",
            "partition",
        ),
    }
)
# Modules of functions and classes that only look at what they are given.
_PURE = (
    "datetime.",
    "math.",
    "json.",
    "re.",
    "random.",
    "copy.",
    "itertools.",
    "collections.",
    "uuid.",
    "pendulum.",
)
# What a variable that holds a client is called, as far as `get` is concerned.
_CLIENTS = ("client", "session", "hook", "api", "http", "conn", "service", "requests", "resource", "manager")
QUEUES = ("queue", "backlog", "inbox", "stream", "cursor", "paginator", "reader", "consumer")
LIMITERS = ("limit", "throttl", "quota", "capacity", "token_bucket", "semaphore", "in_flight", "inflight")
_COORDINATION = frozenset(
    {"asyncio.Event", "asyncio.create_task", "asyncio.ensure_future", "asyncio.Future", "anyio.Event"}
)


def calls_in(flow: Flow, expressions: list[Node]) -> list[Node]:
    unique: dict[int, Node] = {}
    for expression in expressions:
        for call in flow.file.tree.kinds("call", under=expression):
            if function_of(call) == flow.function:
                unique[
                    call.range().start.index * 2**20 + call.range().end.index - call.range().start.index
                ] = call
    return list(unique.values())


def asks(flow: Flow, call: Node) -> bool:
    """Whether a call asks somebody else, as far as can be seen."""
    function = call.field("function")
    if function is None or is_sleep(flow, call):
        return False
    if not flow.is_async and any(path.startswith(_PURE) for path in flow.file.names.candidates(function)):
        return False
    if function.kind() == "identifier":
        return function.text() not in _LOOKING and (flow.is_async or function.text() not in _SYNC_LOOKING)
    method, holder = function.field("attribute"), function.field("object")
    if method is None or holder is None:
        return False
    if method.text() == "get" and not is_awaited(call) and not _entered(call):
        return not flow.is_async and _is_client(flow, function, holder)  # or of a dict
    if not flow.is_async and method.text() in _SYNC_LOOKING:
        return False
    return method.text() not in _LOOKING_METHODS or (is_awaited(call) and method.text() in ("update", "set"))


def _is_client(flow: Flow, function: Node, holder: Node) -> bool:
    """Whether `get` sends a request, as far as can be seen: `requests.get`, `session.get`, `self.client.get`."""
    if flow.file.names.candidates(function):
        return True
    last = holder.field("attribute") if holder.kind() == "attribute" else holder
    name = last.text().lower() if last is not None and last.kind() == "identifier" else ""
    if name.endswith(_CLIENTS):
        return True
    values = [b.value for b in flow.file.names.lookup(holder)] if holder.kind() == "identifier" else []
    made = [value.field("function") for value in values if value is not None and value.kind() == "call"]
    return bool(made) and all(
        node is not None and node.text().rpartition(".")[2].endswith(("Session", "Client", "Hook", "session"))
        for node in made
    )


def is_sleep(flow: Flow, call: Node) -> bool:
    function = call.field("function")
    return function is not None and any(
        path in waits().sleeps or path in waits().blocking_sleeps
        for path in flow.file.names.candidates(function)
    )


def is_awaited(call: Node) -> bool:
    parent = call.parent()
    while parent is not None and parent.kind() == "parenthesized_expression":
        parent = parent.parent()
    return parent is not None and parent.kind() == "await"


def _entered(call: Node) -> bool:
    return any(ancestor.kind() == "with_item" for ancestor in call.ancestors()[:2])


def streams(flow: Flow, call: Node) -> bool:
    """Whether a call takes the next piece out of a queue or stream."""
    function = call.field("function")
    if function is None:
        return False
    if function.kind() == "identifier":
        return function.text() in ("next", "anext") or function.text().startswith(
            ("fetch_next", "next_", "read_")
        )
    method, holder = function.field("attribute"), function.field("object")
    if method is None or holder is None:
        return False
    name = method.text()
    if not flow.is_async and _of_a_question(flow, name, holder):
        return False
    if name in _STREAMING or name.startswith(("next_", "fetch_next", "read_next", "get_next", "receive_")):
        return True
    words = holder.text().lower()
    return any(part in words for part in (*QUEUES, *LIMITERS))


def _of_a_question(flow: Flow, method: str, holder: Node) -> bool:
    """Whether what is read is the answer to a question that the same turn asks: `cursor.execute(…)` before."""
    if not method.startswith(("fetch", "read")):
        return False
    if holder.kind() == "call":
        return True  # urlopen(…).read()
    sources = flow.sources.get(holder.text(), []) if holder.kind() == "identifier" else []
    if sources and all(source.value is not None and source.value.kind() == "call" for source in sources):
        return True
    asked = (call.field("function") for call in flow.own("call"))
    return any(node is not None and node.text() == f"{holder.text()}.execute" for node in asked)


def refreshes(call: Node) -> bool:
    """`job = await job.refresh()`: the same thing looked at again."""
    function = call.field("function")
    method = function.field("attribute") if function is not None else None
    return method is not None and method.text() in _AGAIN


def renewed(flow: Flow, deciding: list[Node]) -> list[Node]:
    """Calls that look at a thing again in its place, of which the loop then reads on: `job.reload()`, `job.state`."""
    read = {
        holder.text()
        for expression in deciding
        for attribute in (expression, *flow.file.tree.kinds("attribute", under=expression))
        if attribute.kind() == "attribute" and (holder := attribute.field("object")) is not None
    }
    found = []
    for call in flow.own("call") if read else ():
        function, statement = call.field("function"), call.parent()
        if statement is not None and statement.kind() == "await":
            statement = statement.parent()
        method = function.field("attribute") if function is not None else None
        holder = function.field("object") if function is not None else None
        if method is None or holder is None or statement is None:
            continue
        is_statement = statement.kind() == "expression_statement"
        if is_statement and method.text() in _IN_PLACE and holder.text() in read:
            found.append(call)
    return found


def is_local(flow: Flow, call: Node) -> bool:
    """Whether a call only looks at another coroutine of this task: `worker.done()`, `stop.is_set()`."""
    function = call.field("function")
    holder = function.field("object") if function is not None and function.kind() == "attribute" else None
    if function is None:
        return False
    if not flow.is_async:
        return _is_local_worker(flow, function, holder)
    if holder is None or holder.kind() != "identifier":
        name = function.field("attribute")
        return name is not None and name.text() in ("is_set", "done", "cancelled")
    values = [binding.value for binding in flow.file.names.lookup(holder) if binding.value is not None]
    for value in values:
        made = value.field("function") if value.kind() == "call" else None
        if made is None:
            continue
        method = made.field("attribute") if made.kind() == "attribute" else None
        if method is not None and method.text() in ("create_task", "start_soon"):
            return True
        if any(path in _COORDINATION for path in flow.file.names.candidates(made)):
            return True
    name = function.field("attribute")
    return name is not None and name.text() in ("is_set", "done", "cancelled") and not is_awaited(call)


def _is_local_worker(flow: Flow, function: Node, holder: Node | None) -> bool:
    """The same in an ordinary function: a thread, a process or a future of this task."""
    name = function.field("attribute")
    if name is None or holder is None or name.text() not in _ALIVE:
        return False
    root = holder
    while root.kind() in ("attribute", "subscript"):
        root = root.field("object") or root.field("value") or root
    values = [b.value for b in flow.file.names.lookup(root)] if root.kind() == "identifier" else []
    made = [value.field("function") for value in values if value is not None and value.kind() == "call"]
    if root != holder or not made or len(made) != len(values):
        return True  # of something that isn't seen, a future most likely
    for node in made:
        last = node.text().rpartition(".")[2] if node is not None else ""
        if node is None or last in _STARTING or not _WORKERS.isdisjoint(flow.file.names.candidates(node)):
            return True
    return False


def outermost(calls: list[Node]) -> list[Node]:
    spans = [(call.range().start.index, call.range().end.index) for call in calls]
    return [
        call
        for call, (start, end) in zip(calls, spans, strict=True)
        if not any(a <= start and end <= b and (a, b) != (start, end) for a, b in spans)
    ]


def drains(flow: Flow, asked: list[Node]) -> bool:
    """Whether the loop goes on while there is an answer and works on each: `while batch := await take(): …`."""
    answers = {
        name
        for name, sources in flow.sources.items()
        for source in sources
        if source.value is not None and any(_within(call, source.value) for call in asked)
    }
    going = [(flow.condition, True)] if flow.condition is not None else []
    going += [(test, False) for _, tests in flow.exits for test in tests]
    emptied = {
        name
        for test, wanted in going
        if test is not None
        for name in _tested(test, wanted)
        if name in answers
    }
    if not emptied:
        return False
    for name in flow.names_in(flow.loop):
        if name.text() not in emptied or function_of(name) != flow.function:
            continue
        parent = name.parent()
        if parent is not None and parent.kind() == "for_statement" and parent.field("right") == name:
            return True
        if parent is not None and parent.kind() == "augmented_assignment" and parent.field("right") == name:
            return True
        call = next(enclosing(name, "call"), None)
        function = call.field("function") if call is not None else None
        if (
            call is None
            or function is None
            or call in asked
            or not _within(name, call.field("arguments") or name)
        ):
            continue
        method = function.field("attribute")
        works = is_awaited(call) if flow.is_async else asks(flow, call)
        if works or (method is not None and method.text() in ("extend", "append", "update")):
            return True
    return False


def _tested(test: Node, wanted: bool) -> list[str]:
    """The names that a test asks to be anything at all (`wanted`), or nothing."""
    test = strip_parentheses(test)
    if test.kind() == "not_operator":
        inner = test.field("argument")
        return _tested(inner, not wanted) if inner is not None else []
    if test.kind() == "named_expression":
        name = test.field("name")
        return [name.text()] if name is not None and wanted else []
    if test.kind() == "identifier":
        return [test.text()] if wanted else []
    if test.kind() == "comparison_operator":
        operands = test.named_children()
        words = [child.text() for child in test.children()]
        if len(operands) == 2 and operands[1].kind() == "none":
            keeps = ("is not" in words or "!=" in words) == wanted
            return _tested(operands[0], True) if keeps else []
    return []


def _within(node: Node, outer: Node) -> bool:
    return (
        outer.range().start.index <= node.range().start.index
        and node.range().end.index <= outer.range().end.index
    )
