"""Whether a loop polls: asks the same question again until the answer changes, with pauses between."""

from __future__ import annotations

from advisor.catalog.waits import waits
from advisor.flow import Flow, Source
from advisor.folded import seconds
from advisor.limits import before, limits, turns_of
from advisor.questions import (
    LIMITERS,
    QUEUES,
    asks,
    calls_in,
    drains,
    is_awaited,
    is_local,
    is_sleep,
    outermost,
    refreshes,
    renewed,
    streams,
)
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, enclosing, strip_parentheses

_MAX_SOURCES = 500  # assignments in one loop; what is larger was not written by hand
_RETRYING = ("retry", "retries", "rate", "throttl", "ratelimit", "too_many", "backoff", "back_off")
_STATUS_NAMES = frozenset({"status", "status_code", "ok", "is_success", "is_error", "reason"})


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
    if sum(map(len, flow.sources.values())) > _MAX_SOURCES:
        return None
    regular = [
        (call, pause) for call, pause in pauses if not after_failure(flow, call) and not _leaves(flow, call)
    ]
    if not regular:
        return None
    flow.pauses = [call for call, _ in regular]
    known = [pause for _, pause in regular if pause is not None]
    grows = None if known else _least(flow, regular[0][0])
    least = _each_turn(flow, regular) if known else grows
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


def _leaves(flow: Flow, pause: Node) -> bool:
    """Whether a pause is the last one: the loop ends after it, and does not go round again."""
    place = pause.range().start.index
    block = next(enclosing(pause, "block"), None)
    again = [
        node.range().start.index
        for node in flow.own("continue_statement")
        if flow.loop_around(node) == flow.loop and node.range().start.index > place
    ]
    return block is not None and any(
        place < (end := node.range().start.index)
        and next(enclosing(node, "block"), None) == block
        and not any(turn < end for turn in again)
        for node, _ in flow.exits
    )


def _each_turn(flow: Flow, pauses: list[tuple[Node, float | None]]) -> float:
    """The seconds that a turn pauses for at least: what it always does, or the shortest of its branches."""
    body, branches = flow.loop.field("body"), dict[Node, float]()
    for call, pause in pauses:
        block = next(enclosing(call, "block"), None)
        if pause is not None and block is not None:
            branches[block] = branches.get(block, 0.0) + pause
    always = branches.get(body, 0.0) if body is not None else 0.0
    return always or min(branches.values(), default=0.0)


def after_failure(flow: Flow, node: Node) -> bool:
    """Whether a pause comes before another try, after something has failed or a server has asked to slow down."""
    if flow.in_handler(node):
        return True
    tests = [*flow.tests(node), *flow.tests_before(node)]
    if any(_tells_failure(flow, test) for test in tests):
        return True
    if flow.tries_again is None:
        flow.tries_again = _tries_again(flow)
    return flow.tries_again


def _tries_again(flow: Flow) -> bool:
    """Whether the way out of the loop is that nothing fails, not what the answer is."""
    exits = flow.exits
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
    return any(part in word for word in words for part in (*_RETRYING, *LIMITERS))


def _questions(flow: Flow, sleeps: list[Node], whole_task: bool) -> list[Node] | None:
    """The calls that the loop repeats until their answer changes; None where it does not poll."""
    exits = flow.exits
    tests = [test for _, guards in exits for test in guards]
    if flow.condition is not None:
        tests.append(flow.condition)
    elif not exits:
        raised = flow.raises
        tests = [test for _, guards in raised for test in guards]
        if not raised and flow.loop.kind() == "while_statement":
            return _endless(flow, whole_task)
    deciding = flow.closure(tests)
    asked = [call for call in calls_in(flow, deciding) if call not in sleeps and asks(flow, call)]
    asked += [call for call in renewed(flow, deciding) if call not in asked]
    if not asked:
        return [] if _waits_for_flag(flow, whole_task) else None
    if any(streams(flow, call) for call in asked):
        return None
    varying = flow.varying
    same = [call for call in asked if not flow.varies(call, varying) or refreshes(call)]
    if not same or all(is_local(flow, call) for call in same):
        return None
    return None if drains(flow, same) else outermost(same)


def _conditional(flow: Flow, node: Node, tests: tuple[Node, ...]) -> bool:
    """Whether a way out is taken for some answers only."""
    return bool(tests) or flow.in_handler(node)


def _endless(flow: Flow, whole_task: bool) -> list[Node] | None:
    calls = flow.own("call")
    if flow.is_async:
        busy = any(streams(flow, call) or (is_awaited(call) and not is_sleep(flow, call)) for call in calls)
    else:
        busy = any(asks(flow, call) or streams(flow, call) for call in calls)
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
        part in test.text().lower() for part in (*QUEUES, *LIMITERS)
    )


def _tells_status(flow: Flow, test: Node) -> bool:
    names = [node.text() for node in flow.file.tree.kinds("identifier", under=test)]
    numbers = [node.text() for node in flow.file.tree.kinds("integer", under=test)]
    http = any(200 <= int(number) < 600 for number in numbers if number.isdigit())
    return bool(_STATUS_NAMES.intersection(names)) and (
        http or bool({"ok", "is_success"}.intersection(names))
    )


def _least(flow: Flow, sleep: Node) -> float | None:
    """The least seconds of a pause that starts at a known length and only grows; None for any other."""
    arguments = arguments_of(sleep)
    name = strip_parentheses(arguments[0]) if len(arguments) == 1 else None
    if name is None or name.kind() != "identifier":
        return None
    changes = flow.sources.get(name.text(), [])
    if not changes or not all(_grows(flow, source, name.text()) for source in changes):
        return None
    start = before(flow, name)
    return seconds(flow.file.values.fold(start)) if start is not None else None


def _grows(flow: Flow, source: Source, name: str) -> bool:
    """Whether a name is given something that is built on its old value: `pause *= 2`, `min(pause * 2, 60)`."""
    if source.node.kind() == "augmented_assignment":
        operator = source.node.field("operator")
        return operator is not None and operator.text() in ("*=", "+=")
    value = source.value
    if value is None or name not in {node.text() for node in flow.names_in(value)}:
        return False
    if value.kind() == "call":
        function = value.field("function")
        return function is not None and function.text() == "min"
    operator = value.field("operator") if value.kind() == "binary_operator" else None
    return operator is not None and operator.text() in ("*", "+")
