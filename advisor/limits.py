"""How long a loop can go on by its own clock or count, where its text tells."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

from advisor.flow import Flow, Readable, Source
from advisor.folded import seconds
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, enclosing, keyword_parts, strip_parentheses

_CLOCKS = frozenset({"time", "monotonic", "perf_counter", "now", "utcnow", "today", "current_time"})
_UNITS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}
_MAX_DEPTH = 6
_MANY = 2**62  # turns; `range` has a length up to here


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound of a loop: `total` in seconds, None where there is a bound and it can't be computed."""

    total: float | None


def limits(flow: Flow, pause: float) -> list[Limit]:
    """The bounds that the loop's condition and the tests of its exits put on it, one turn lasting `pause` seconds."""
    tests = [flow.condition] if flow.condition is not None else []
    for _, guards in [*flow.exits, *flow.raises]:
        tests += guards
    found: list[Limit] = []
    for test in tests:
        for comparison in flow.own("comparison_operator", under=test):
            operands = [child for child in comparison.named_children() if child.kind() != "comment"]
            limit = _limit(flow, operands, pause)
            if limit is not None:
                found.append(limit)
    turns = turns_of(flow)
    if turns is not None:
        found.append(Limit(turns * pause if turns >= 0 else None))
    return found


def turns_of(flow: Flow) -> float | None:
    """How often a `for … in range(…)` runs; -1 where that can't be computed, None where nothing bounds it."""
    if flow.loop.kind() != "for_statement":
        return None
    iterable = flow.loop.field("right")
    function = iterable.field("function") if iterable is not None and iterable.kind() == "call" else None
    if iterable is None or function is None:
        return -1
    if "itertools.count" in flow.file.names.candidates(function):
        return None
    if function.text() != "range":
        return -1
    folded = [flow.worth(argument) for argument in arguments_of(iterable)]
    numbers = [int(number) for number in folded if number is not None and abs(number) < _MANY]
    if len(numbers) != len(folded) or not 1 <= len(numbers) <= 3 or (len(numbers) == 3 and not numbers[2]):
        return -1
    return len(range(*numbers))


def _limit(flow: Flow, operands: list[Node], pause: float) -> Limit | None:
    clocks = [_reads_clock(flow, operand, 0) for operand in operands]
    if any(clocks):
        if len(operands) != 2:
            return Limit(None)
        left, right = (_stopped(flow.file, operand, 0, flow.worth) for operand in operands)
        return Limit(None if left is None or right is None else abs(left - right))
    for operand, other in zip(operands, reversed(operands), strict=True):
        step = _step(flow, operand)
        if step is not None and len(operands) == 2:
            start = _initial(flow, operand)
            end = flow.worth(other)
            if not step or start is None or end is None:
                return Limit(None)
            return Limit(max(math.ceil((end - start) / step), 0) * pause)
    return None


def _step(flow: Flow, operand: Node) -> float | None:
    """What a counter is changed by in every turn; 0 where that can't be computed, None where it is no counter."""
    operand = strip_parentheses(operand)
    sources = flow.sources.get(operand.text(), []) if operand.kind() == "identifier" else []
    steps = [source for source in sources if _is_step(source)]
    if not steps or any(
        (source.tests and not _beside_pause(flow, source.node)) or flow.in_handler(source.node)
        for source in steps
    ):
        return None
    if len(steps) != len(sources) or len(steps) > 1:
        return 0
    sign = steps[0].node.field("operator")
    value = steps[0].value
    number = flow.worth(value) if value is not None else None
    return 0 if number is None or sign is None else (number if sign.text() == "+=" else -number)


def _beside_pause(flow: Flow, statement: Node) -> bool:
    """Whether a statement runs as often as a pause of the loop: both stand in one block."""
    blocks = [next(enclosing(pause, "block"), None) for pause in flow.pauses]
    return next(enclosing(statement, "block"), None) in [block for block in blocks if block is not None]


def _is_step(source: Source) -> bool:
    operator = source.node.field("operator")
    return (
        source.node.kind() == "augmented_assignment"
        and operator is not None
        and operator.text() in ("+=", "-=")
        and not source.narrows
    )


def _initial(flow: Flow, name: Node) -> float | None:
    """The value that a name has before the loop, where one assignment gives it."""
    value = before(flow, name)
    return flow.worth(value) if value is not None else None


def before(flow: Flow, name: Node) -> Node | None:
    """The expression that gives a name its value before the loop; None where that isn't just one."""
    given = flow.loop.range()
    outside = [
        binding
        for binding in flow.file.names.lookup(name)
        if not given.start.index <= binding.node.range().start.index < given.end.index
    ]
    return outside[0].value if len(outside) == 1 and outside[0].kind == "assign" else None


def _reads_clock(flow: Flow, node: Node, depth: int) -> bool:
    """Whether a clock goes into an expression, also through names."""
    if depth > _MAX_DEPTH:
        return False
    if any(_is_clock(call) for call in flow.file.tree.kinds("call", under=node)):
        return True
    for name in flow.names_in(node):
        for binding in flow.file.names.lookup(name):
            if binding.kind == "assign" and binding.value is not None and binding.value != node:
                value = binding.value
                if value.kind() in ("call", "binary_operator", "identifier") and _reads_clock(
                    flow, value, depth + 1
                ):
                    return True
    return False


def _is_clock(call: Node) -> bool:
    function = call.field("function")
    if function is None:
        return False
    method = function.field("attribute") if function.kind() == "attribute" else function
    return method is not None and method.text() in _CLOCKS and len(arguments_of(call)) <= 1


def _stopped(
    file: Readable, node: Node, depth: int, worth: Callable[[Node], float | None] | None = None
) -> float | None:
    """The value of an expression, in seconds, if every clock in it stood at zero."""
    node = strip_parentheses(node)
    if depth > _MAX_DEPTH:
        return None
    if node.kind() == "call":
        if _is_clock(node):
            return 0.0
        function = node.field("function")
        if function is not None and function.kind() == "attribute":
            method, holder = function.field("attribute"), function.field("object")
            if method is not None and holder is not None and method.text() in ("total_seconds", "timestamp"):
                return _stopped(file, holder, depth + 1, worth)
        if function is not None and "datetime.timedelta" in file.names.candidates(function):
            return _length(file, node, depth, worth)
    if node.kind() == "attribute":
        name, holder = node.field("attribute"), node.field("object")
        if name is not None and holder is not None and name.text() == "seconds":
            return _stopped(file, holder, depth + 1, worth)
    if node.kind() == "binary_operator":
        left, right, sign = node.field("left"), node.field("right"), node.field("operator")
        if left is not None and right is not None and sign is not None and sign.text() in ("+", "-"):
            first, second = _stopped(file, left, depth + 1, worth), _stopped(file, right, depth + 1, worth)
            if first is not None and second is not None:
                return first + second if sign.text() == "+" else first - second
    value = file.values.fold(node)
    if isinstance(value, (int, float, timedelta)):
        return seconds(value)
    known = worth(node) if worth is not None else None
    if known is not None:
        return known
    if node.kind() == "identifier":
        bindings = file.names.lookup(node)
        if len(bindings) == 1 and bindings[0].kind == "assign" and bindings[0].value is not None:
            return _stopped(file, bindings[0].value, depth + 1, worth)
    return None


def _length(
    file: Readable, call: Node, depth: int, worth: Callable[[Node], float | None] | None
) -> float | None:
    """The seconds of a `timedelta(…)`, whose numbers only a caller may give: `timedelta(seconds=timeout)`."""
    total = 0.0
    for argument in arguments_of(call):
        name, value = keyword_parts(argument) or ("", None)
        number = _stopped(file, value, depth + 1, worth) if value is not None else None
        if number is None or name not in _UNITS:
            given = file.values.fold(call)
            return seconds(given) if isinstance(given, timedelta) else None
        total += number * _UNITS[name]
    return total


def stopped(file: Readable, node: Node) -> float | None:
    """The seconds from now to a point of the loop's clock: 600 for `loop.time() + 600`; None where no clock is read."""
    if not any(_is_clock(call) for call in file.tree.kinds("call", under=node)):
        bindings = file.names.lookup(node) if node.kind() == "identifier" else []
        value = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
        return stopped(file, value) if value is not None and value != node else None
    return _stopped(file, node, 0)
