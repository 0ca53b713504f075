"""How long an ordinary task sleeps and polls, itself and through the helpers of its project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.catalog.waits import waits
from advisor.contexts import class_bases
from advisor.coroutines import argument, has_splat, parameters
from advisor.flow import Flow, Readable, loop_around
from advisor.folded import UNKNOWN, Dict, seconds
from advisor.leading import leading
from advisor.mentions import mentions
from advisor.owners import Owner
from advisor.polling import Polling, after_failure, polling
from advisor.pythontasks import PythonTask, find_lambdas
from advisor.reached import steps
from advisor.records import replace
from advisor.syntax import Node, enclosing, name_of, strip_parentheses
from advisor.unset import unless_set
from advisor.waiters import waiter_of
from advisor.waiting import Wait, defaults_of, in_order, within

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.reached import Step

_MAX_DEPTH = 5  # helpers on the way to a sleep
_MAX_READ = 200  # functions read for one task
SLEEP = b"sleep("  # what a module must hold to be read for the sake of its sleeps
_NONE: frozenset[str] = frozenset()
_DEFERRING = (".defer(", "TaskDeferred")


def find_sleeping_tasks(dag_file: DagFile) -> list[tuple[PythonTask, list[Wait]]]:
    """The ordinary tasks that sleep, themselves or through helpers, and their waits, in the order of the text."""
    tasks = [*dag_file.python_tasks, *find_lambdas(dag_file)]
    if not tasks or not _names(dag_file, dag_file):
        return []
    return [(task, waits) for task in tasks if (waits := sleeps_of(dag_file, task))]


def _names(dag_file: DagFile, file: Readable) -> frozenset[str]:
    """The names by which a call in a file may lead to a sleep."""
    key = "names that lead to a sleep"
    if key not in file.tree.memo:
        behind = mentions(dag_file.project, SLEEP).behind(file)
        file.tree.memo[key] = leading(file, frozenset(map(bytes.decode, behind))) if behind else _NONE
    known: frozenset[str] = file.tree.memo[key]
    return known


def sleeps_of(dag_file: DagFile, task: PythonTask) -> list[Wait]:
    """The waits of an ordinary task that keep its worker slot, in the order of the text.

    Their spans are in the DAG file: what stands in a helper is shown at the call that leads to it, with the helpers'
    names in `through`; what stands in a function of another file, at the call that gets it. None for an async task, for
    what a sensor calls, for tests, and for `execute` of an operator that can defer: there the caller has chosen to
    wait; what such an operator does once it is resumed, nobody has chosen.
    """
    if task.is_async or not task.in_worker or task.flavour == "poke":
        return []
    resumed = task.flavour == "resume"
    if not resumed and task.owner is not None and any(word in task.owner.text() for word in _DEFERRING):
        return []
    names = _names(dag_file, task.file)
    if not names or not steps(dag_file.receivers, task.file, task.function, None, names):
        return []
    if _in_test(task.function):
        return []
    reader = _Reader(dag_file)
    found = reader.read(task.file, task.function, None, given_to(dag_file, task), 0)
    if resumed:  # what it starts anew waits as `execute` does: the caller's choice
        found = [wait for wait in found if "execute" not in wait.through]
    if not task.is_local:
        found = [replace(wait, span=task.span, through=(task.name, *wait.through)) for wait in found]
    return in_order(one_a_site(found))


def one_a_site(found: list[Wait]) -> list[Wait]:
    """Of the waits that one call leads to the longest: endless polling before all, what is certain before retries."""
    kept: dict[int, Wait] = {}
    for wait in found:
        known = kept.get(wait.span.start)
        if known is None or _weight(wait) > _weight(known):
            kept[wait.span.start] = wait
    return list(kept.values())


def _weight(wait: Wait) -> tuple[bool, bool, float]:
    return wait.total is None, not wait.failing and not wait.repeated, wait.total or 0.0


class _Reader:
    """Goes through one task and what it calls; each function is read once on every way."""

    def __init__(self, dag_file: DagFile) -> None:
        self._dag_file = dag_file
        self._open: list[Node] = []
        self._read = 0

    def read(
        self,
        file: Readable,
        function: Node,
        receiver: Owner | None,
        given: Mapping[str, float],
        depth: int,
    ) -> list[Wait]:
        """The waits in a function and in what it calls. `given`: what its parameters are worth, in seconds."""
        self._read += 1
        if function in self._open or depth > _MAX_DEPTH or self._read > _MAX_READ:
            return []
        self._open.append(function)
        worth = _Worth(self._dag_file, file, function, receiver, given)
        found: list[Wait] = []
        pauses: dict[Node, list[tuple[Node, float | None]]] = {}
        flows: dict[Node, Flow] = {}
        names = _names(self._dag_file, file)
        for step in steps(self._dag_file.receivers, file, function, receiver, names):
            slept, inner = self._step(file, step, worth, depth)
            loop = loop_around(step.node)
            if loop is not None and loop not in flows and (slept or inner):
                flows[loop] = Flow(file, loop, worth)
            flow = flows[loop] if loop is not None and (slept or inner) else None
            for pause in slept:
                if loop is not None:
                    pauses.setdefault(loop, []).append((step.node, pause))
                if pause is not None:
                    failing = flow is not None and after_failure(flow, step.node)
                    span = file.tree.span(step.node)
                    found.append(Wait(span, pause, "sleep", failing=failing, repeated=loop is not None))
            for wait in inner:
                if flow is not None and wait.how == "sleep" and not wait.repeated:
                    # `while not done(): pause()`
                    pauses.setdefault(flow.loop, []).append((step.node, wait.total))
                    wait = replace(wait, repeated=True, failing=after_failure(flow, step.node))
                found.append(wait)
        for loop, sleeps in pauses.items():
            judged = polling(flows[loop], sleeps, depth == 0)
            if judged is None:
                continue
            waiter = waiter_of(self._dag_file, file, loop, judged.questions, receiver)
            if not _is_short(judged) or (waiter and waiter not in waits().status_only):
                span = file.tree.span(loop)
                found.append(Wait(span, judged.total, "polling", judged.pause, waiter=waiter))
                found = [w for w in found if w.how == "polling" or not within(w.span, span)]
        self._open.pop()
        return found

    def _step(
        self, file: Readable, step: Step, worth: _Worth, depth: int
    ) -> tuple[list[float | None], list[Wait]]:
        """The pauses of a call that sleeps, and the waits of the helpers that a call runs."""
        is_call = step.node.kind() == "call"
        name = (
            next((path for path in step.paths if path in waits().blocking_sleeps), None) if is_call else None
        )
        if name is not None:
            return [worth(argument(file, step.node, waits().blocking_sleeps[name], 0))], []
        found: list[Wait] = []
        for target in step.targets:
            if target.file is None or target.node is None or target.node in self._open:
                continue
            if not _names(self._dag_file, target.file):
                continue
            given = self._given(target.file, target.node, step.node if is_call else None, file, worth)
            span = file.tree.span(step.node)
            for wait in self.read(target.file, target.node, target.receiver, given, depth + 1):
                through = (target.name, *wait.through)
                found.append(replace(wait, span=span, through=through))
        return [], found

    def _given(
        self, home: Readable, definition: Node, call: Node | None, caller: Readable, outer: _Worth
    ) -> dict[str, float]:
        """What the parameters of a helper are worth in a call, in seconds, where that is known."""
        given: dict[str, float] = {}
        if call is None or has_splat(call):
            return given
        for position, (name, default) in enumerate(parameters(definition)):
            value = argument(caller, call, name, position)
            number = outer(value) if value is not None else None
            if value is None and default is not None:
                number = seconds(home.values.fold(default))
            if number is not None:
                given[name] = number
        return given


def _is_short(judged: Polling) -> bool:
    """Whether whoever wrote the loop expects the answer at once: it looks every few seconds, and nothing says for how
    long. A job of a service takes its time however often it is looked at."""
    return judged.pause is not None and judged.total is None and judged.pause < waits().short_blocking_pause


class _Worth:
    """Tells what expressions in one function are worth, in seconds or as a count; None where that isn't known."""

    def __init__(
        self,
        dag_file: DagFile,
        file: Readable,
        function: Node,
        receiver: Owner | None,
        given: Mapping[str, float],
    ) -> None:
        self._dag_file = dag_file
        self._file = file
        self._function = function
        self._receiver = receiver
        self._given = given

    def __call__(self, node: Node | None) -> float | None:
        if node is None:
            return None
        node = strip_parentheses(node)
        value = seconds(self._file.values.fold(node))
        if value is not None:
            return value
        if node.kind() == "identifier":
            bindings = self._file.names.lookup(node)
            is_parameter = len(bindings) == 1 and bindings[0].kind == "parameter"
            return self._given.get(node.text()) if is_parameter else unless_set(self._file, node)
        if node.kind() == "binary_operator":
            return self._sum(node)
        holder, name = node.field("object"), node.field("attribute")
        if node.kind() == "attribute" and holder is not None and name is not None and holder.text() == "self":
            return self._attribute(name.text())
        return unless_set(self._file, node) if node.kind() == "call" else None

    def _sum(self, node: Node) -> float | None:
        """What `retries + 1` and `minutes * 60` are worth; of longer sums nothing is known."""
        worth: list[float] = []
        for side in (node.field("left"), node.field("right")):
            operand = strip_parentheses(side) if side is not None else None
            known = self(operand) if operand is not None and operand.kind() != "binary_operator" else None
            if known is None:
                return None
            worth.append(known)
        sign = node.field("operator")
        match sign.text() if sign is not None else "":
            case "+":
                return worth[0] + worth[1]
            case "-":
                return worth[0] - worth[1]
            case "*":
                return worth[0] * worth[1]
        return None

    def _attribute(self, name: str) -> float | None:
        """What `self.name` is worth where the class, or the default of its `__init__`, tells."""
        known = self._dag_file.receivers
        owners: list[tuple[Readable, Node]] = []
        if self._receiver is not None:
            owners.append((self._receiver.file, self._receiver.node))
        here = next(enclosing(self._function, "class_definition"), None)
        if here is not None and (not owners or owners[0][1] != here):
            owners.append((self._file, here))
        for file, node in owners:
            given = known.attributes(Owner(file, node, "")).get(name, [])
            if given:
                values = [assignment.field("right") for assignment in given]
                return _default(file, values[0]) if len(values) == 1 and values[0] is not None else None
        return None


def _default(file: Readable, value: Node) -> float | None:
    number = seconds(file.values.fold(value))
    if number is not None or value.kind() != "identifier":
        return number
    for binding in file.names.lookup(value):
        if binding.kind == "parameter" and binding.value is not None:
            return seconds(file.values.fold(binding.value))
    return None


def given_to(dag_file: DagFile, task: PythonTask) -> dict[str, float]:
    """What a task's parameters are worth: by `op_kwargs`, by their defaults where no call replaces them."""
    if task.kind == "method":
        return {}
    if task.kind == "decorated":
        return defaults_of(dag_file, task.function)
    given: dict[str, float] = {}
    passed: object = Dict()
    if task.call is not None:
        arguments = Arguments(task.call, dag_file.values)
        if arguments.given("op_kwargs"):
            passed = arguments.value("op_kwargs")
        called = task.call.field("function")
        own = called is not None and called.text().startswith(
            "super("
        )  # its **kwargs are what BaseOperator takes
        if arguments.given("op_args") or (arguments.doubtful and not own):
            return {}
    if not isinstance(passed, Dict) or not passed.complete:
        return {}
    for name, default in parameters(task.function):
        value = passed.entries.get(name, UNKNOWN)
        if name not in passed.entries and default is not None:
            value = task.file.values.fold(default)
        number = seconds(value)
        if number is not None:
            given[name] = number
    return given


def _in_test(function: Node) -> bool:
    """Whether a task is made for a test: in a function or class of one."""
    for around in enclosing(function, "function_definition", "class_definition"):
        name = name_of(around)
        if name.startswith(("test_", "Test")):
            return True
        if around.kind() == "class_definition" and any(
            b.text().endswith("TestCase") for b in class_bases(around)
        ):
            return True
    return False
