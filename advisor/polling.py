"""Whether a loop polls: asks the same question again until the answer changes, with pauses between."""

from __future__ import annotations

from advisor.catalog.waits import waits
from advisor.flow import Flow
from advisor.limits import before, limits, turns_of
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, enclosing, function_of, strip_parentheses
from advisor.values import seconds

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
_QUEUES = ("queue", "backlog", "inbox", "stream", "cursor", "paginator", "reader", "consumer")
_LIMITERS = ("limit", "throttl", "quota", "capacity", "token_bucket", "semaphore", "in_flight", "inflight")
_RETRYING = ("retry", "retries", "rate", "throttl", "ratelimit", "too_many", "backoff", "back_off")
_STATUS_NAMES = frozenset({"status", "status_code", "ok", "is_success", "is_error", "reason"})
_COORDINATION = frozenset(
    {"asyncio.Event", "asyncio.create_task", "asyncio.ensure_future", "asyncio.Future", "anyio.Event"}
)


@dataclass(frozen=True, slots=True)
class Polling:
    """What a polling loop does: the longest it lasts (None = without bound), its pause where that stays the same.

    `questions` are the calls whose answer it waits for.
    """

    total: float | None
    pause: float | None
    questions: tuple[Node, ...]


def polling(flow: Flow, pauses: list[tuple[Node, float | None]], whole_task: bool) -> Polling | None:
    """What the loop polls, None where it does anything else, or where that isn't certain.

    `pauses` are the sleeps that belong to the loop, and their seconds. `whole_task` says that the loop stands in the
    task's own function, not in a coroutine that may run beside it.
    """
    regular = [(call, pause) for call, pause in pauses if not after_failure(flow, call)]
    if not regular:
        return None
    known = [pause for _, pause in regular if pause is not None]
    grows = None if known else _least(flow, regular[0][0])
    least = sum(known) if known else grows
    if least is None or least < waits().short_pause:
        return None
    questions = _questions(flow, [call for call, _ in regular], whole_task)
    if questions is None:
        return None
    bounds = limits(flow, least)
    if any(bound.total is None for bound in bounds) or (bounds and not known):
        return None
    total = min((bound.total for bound in bounds if bound.total is not None), default=None)
    return Polling(total, least if known else None, tuple(questions))


def after_failure(flow: Flow, node: Node) -> bool:
    """Whether a pause comes before another try, after something has failed or a server has asked to slow down."""
    if flow.in_handler(node):
        return True
    tests = [*flow.tests(node), *flow.tests_before(node)]
    return any(_tells_failure(flow, test) for test in tests) or _tries_again(flow)


def _tries_again(flow: Flow) -> bool:
    """Whether the way out of the loop is that nothing fails, not what the answer is."""
    exits = flow.exits()
    if any(not _conditional(flow, node, tests) for node, tests in exits):
        return True  # the way out needs no answer, only that nothing is raised
    tests = [test for _, guards in exits for test in guards]
    if any(
        _tells_failure(flow, test)
        for test in [*tests, *([flow.condition] if flow.condition is not None else [])]
    ):
        return True
    # a few tries until a server says 200
    return turns_of(flow) is not None and bool(tests) and all(_tells_status(flow, test) for test in tests)


def _tells_failure(flow: Flow, test: Node) -> bool:
    for number in flow.file.tree.kinds("integer", under=test):
        if number.text() in ("429", "500", "502", "503", "504"):
            return True
    words = [node.text().lower() for node in flow.file.tree.kinds("identifier", "string_content", under=test)]
    return any(part in word for word in words for part in (*_RETRYING, *_LIMITERS))


def _questions(flow: Flow, sleeps: list[Node], whole_task: bool) -> list[Node] | None:
    """The calls that the loop repeats until their answer changes; None where it does not poll."""
    exits = flow.exits()
    tests = [test for _, guards in exits for test in guards]
    if flow.condition is not None:
        tests.append(flow.condition)
    elif not exits:
        raised = flow.raises()
        tests = [test for _, guards in raised for test in guards]
        if not raised and flow.loop.kind() == "while_statement":
            return _endless(flow, whole_task)
    deciding = flow.closure(tests)
    asked = [call for call in _calls(flow, deciding) if call not in sleeps and _asks(flow, call)]
    if not asked:
        return [] if _waits_for_flag(flow, whole_task) else None
    if any(_streams(call) for call in asked):
        return None
    varying = flow.varying()
    same = [call for call in asked if not flow.varies(call, varying) or _refreshes(call)]
    if not same or all(_is_local(flow, call) for call in same):
        return None
    return None if _drains(flow, same) else _outermost(same)


def _conditional(flow: Flow, node: Node, tests: tuple[Node, ...]) -> bool:
    """Whether a way out is taken for some answers only."""
    return bool(tests) or flow.in_handler(node)


def _endless(flow: Flow, whole_task: bool) -> list[Node] | None:
    calls = flow.own("call")
    busy = any(_streams(call) or (_awaited(call) and not _is_sleep(flow, call)) for call in calls)
    return None if busy or not whole_task else []


def _waits_for_flag(flow: Flow, whole_task: bool) -> bool:
    """`while not done: await asyncio.sleep(30)`, where something else sets the flag."""
    test = flow.condition
    if test is None or not whole_task:
        return False
    if test.kind() == "not_operator":
        inner = test.field("argument")
        test = strip_parentheses(inner) if inner is not None else test
    if test.kind() not in ("identifier", "attribute"):
        return False
    names = [name.text() for name in flow.names_in(test)]
    return not any(name in flow.sources for name in names) and not any(
        part in test.text().lower() for part in (*_QUEUES, *_LIMITERS)
    )


# -- calls


def _calls(flow: Flow, expressions: list[Node]) -> list[Node]:
    unique: dict[int, Node] = {}
    for expression in expressions:
        for call in flow.file.tree.kinds("call", under=expression):
            if function_of(call) == flow.function:
                unique[
                    call.range().start.index * 2**20 + call.range().end.index - call.range().start.index
                ] = call
    return list(unique.values())


def _asks(flow: Flow, call: Node) -> bool:
    """Whether a call asks somebody else, as far as can be seen."""
    function = call.field("function")
    if function is None or _is_sleep(flow, call):
        return False
    if function.kind() == "identifier":
        return function.text() not in _LOOKING
    method, holder = function.field("attribute"), function.field("object")
    if method is None or holder is None:
        return False
    if method.text() == "get" and not _awaited(call) and not _entered(call):
        return False  # of a dict
    return method.text() not in _LOOKING_METHODS or (_awaited(call) and method.text() in ("update", "set"))


def _is_sleep(flow: Flow, call: Node) -> bool:
    function = call.field("function")
    return function is not None and any(
        path in waits().sleeps for path in flow.file.names.candidates(function)
    )


def _awaited(call: Node) -> bool:
    parent = call.parent()
    while parent is not None and parent.kind() == "parenthesized_expression":
        parent = parent.parent()
    return parent is not None and parent.kind() == "await"


def _entered(call: Node) -> bool:
    return any(ancestor.kind() == "with_item" for ancestor in call.ancestors()[:2])


def _streams(call: Node) -> bool:
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
    if name in _STREAMING or name.startswith(("next_", "fetch_next", "read_next", "get_next", "receive_")):
        return True
    words = holder.text().lower()
    return any(part in words for part in (*_QUEUES, *_LIMITERS))


def _refreshes(call: Node) -> bool:
    """`job = await job.refresh()`: the same thing looked at again."""
    function = call.field("function")
    method = function.field("attribute") if function is not None else None
    return method is not None and method.text() in (
        "refresh",
        "reload",
        "poll",
        "status",
        "get_status",
        "describe",
    )


def _is_local(flow: Flow, call: Node) -> bool:
    """Whether a call only looks at another coroutine of this task: `worker.done()`, `stop.is_set()`."""
    function = call.field("function")
    holder = function.field("object") if function is not None and function.kind() == "attribute" else None
    if function is None:
        return False
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
    return name is not None and name.text() in ("is_set", "done", "cancelled") and not _awaited(call)


def _outermost(calls: list[Node]) -> list[Node]:
    spans = [(call.range().start.index, call.range().end.index) for call in calls]
    return [
        call
        for call, (start, end) in zip(calls, spans, strict=True)
        if not any(a <= start and end <= b and (a, b) != (start, end) for a, b in spans)
    ]


# -- near misses


def _tells_status(flow: Flow, test: Node) -> bool:
    names = [node.text() for node in flow.file.tree.kinds("identifier", under=test)]
    numbers = [node.text() for node in flow.file.tree.kinds("integer", under=test)]
    http = any(200 <= int(number) < 600 for number in numbers if number.isdigit())
    return bool(_STATUS_NAMES.intersection(names)) and (
        http or bool({"ok", "is_success"}.intersection(names))
    )


def _drains(flow: Flow, asked: list[Node]) -> bool:
    """Whether the loop goes on while there is an answer and works on each: `while batch := await take(): …`."""
    answers = {
        name
        for name, sources in flow.sources.items()
        for source in sources
        if source.value is not None and any(_within(call, source.value) for call in asked)
    }
    going = [(flow.condition, True)] if flow.condition is not None else []
    going += [(test, False) for _, tests in flow.exits() for test in tests]
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
        if _awaited(call) or (method is not None and method.text() in ("extend", "append", "update")):
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


def _least(flow: Flow, sleep: Node) -> float | None:
    """The least seconds of a pause that starts at a known length and only grows; None for any other."""
    arguments = arguments_of(sleep)
    name = strip_parentheses(arguments[0]) if len(arguments) == 1 else None
    if name is None or name.kind() != "identifier":
        return None
    changes = flow.sources.get(name.text(), [])
    if not changes or not all(_grows(source.node, source.value, name.text()) for source in changes):
        return None
    start = before(flow, name)
    return seconds(flow.file.values.fold(start)) if start is not None else None


def _grows(statement: Node, value: Node | None, name: str) -> bool:
    if statement.kind() == "augmented_assignment":
        operator = statement.field("operator")
        return operator is not None and operator.text() in ("*=", "+=")
    if value is None:
        return False
    if value.kind() == "call":
        function = value.field("function")
        return function is not None and function.text() == "min" and name in value.text()
    operator = value.field("operator") if value.kind() == "binary_operator" else None
    return operator is not None and operator.text() in ("*", "+") and name in value.text()
