"""What a function reaches: every call that it makes, itself or through helpers of the same project."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from advisor.contexts import decorator_expressions
from advisor.flow import Readable, loop_around
from advisor.owners import Owner, Ref
from advisor.receivers import Receivers
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, dotted, is_async, name_called

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

_MAX_DEPTH = 5  # helpers on the way to a call
_MAX_READ = 200  # functions read for one root
_INNER = frozenset({"function_definition", "lambda"})
_CALLS = ("call", "attribute", *sorted(_INNER))
# What runs a function or a coroutine elsewhere than on the event loop that calls it.
_WALLS = frozenset(
    {"to_thread", "run_in_executor", "run_sync", "sync_to_async", "run_in_threadpool", "submit"}
    | {"run_coroutine_threadsafe", "Thread", "Process"}
)
# What awaits the coroutines that it is given, and what calls the functions.
_AWAITS = frozenset(
    {"gather", "wait_for", "wait", "as_completed", "shield", "create_task", "ensure_future", "start_soon"}
    | {"run_until_complete", "run"}
)
_CALLS_BACK = frozenset({"map", "filter", "call_soon", "call_later", "call_at", "call_soon_threadsafe"})
_THROUGH = frozenset(
    {"list", "set", "tuple", "argument_list", "list_comprehension", "generator_expression", "list_splat"}
    | {"parenthesized_expression", "set_comprehension", "keyword_argument"}
)
_TRANSPARENT = frozenset({"staticmethod", "classmethod", "property", "cached_property", "wraps", "override"})
_TASK = re.compile(r"airflow\.(?:decorators|sdk)(?:\.\w+)*\.(?:task|dag|task_group|setup|teardown)\b")
_ENTERING = ("__enter__", "__exit__", "__aenter__", "__aexit__")


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """A call that a function makes, itself or through helpers.

    file, call: the call and the file that it stands in. paths: what it may call, as dotted names; a method has its
    class's (`pkg.Hook.get_conn`), what a call gives back is written with parentheses (`boto3.client().put_object`,
    `pkg.Hook.get_conn().head_object`), a function that Python brings is `builtins.open`. Several where imports are
    guarded or a name has several values; empty where that is not known. method: the last word of what is called.
    site: the call in the function that was asked about, or in one nested in it, where this can be reported.
    through: the names of the helpers
    that lead from there to `call`, empty for a call that stands in the function itself. awaited: `await` (or `async
    with`, `gather`, `create_task`, …) takes what the call gives. function: the one that the call stands in.
    """

    file: Readable
    call: Node
    paths: tuple[str, ...]
    method: str
    site: Node
    through: tuple[str, ...]
    awaited: bool
    function: Node

    @property
    def loop(self) -> Node | None:
        """The innermost `while` or `for` statement that repeats the call in the function that it stands in."""
        return loop_around(self.call)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One call in one function, and the first-party functions that it runs."""

    node: Node
    paths: tuple[str, ...]
    method: str
    awaited: bool
    targets: tuple[Ref, ...]


def reached(dag_file: DagFile, function: Node, file: Readable | None = None) -> list[Reached]:
    """The calls that a function (a task's body, `run` of a trigger, `execute` of an operator) makes when it runs.

    Helpers are followed: functions of the file and of first-party modules (through re-exports), methods of first-party
    classes whose objects are known (`self`, `super()`, parameters with annotations, names and attributes that are given
    a value), `__init__` of such a class, its properties, nested functions that are called, lambdas that are called by
    a name or given to `map`, coroutines that are awaited or scheduled. Not followed: what is handed to another thread
    or process (`asyncio.to_thread`, `run_in_executor`, `sync_to_async`, …), other lambdas, and what is only defined. A
    helper is reported once for each call in `function` that leads to it, on the shortest way. At most 5 helpers deep
    and 200 functions. `file` is where `function` stands, if it is not the DAG file. In the order of the text of the
    sites.
    """
    return list(_Walk(dag_file).run(file or dag_file, function))


class _Walk:
    def __init__(self, dag_file: DagFile) -> None:
        self._receivers = dag_file.receivers
        self._read = 0

    def run(self, file: Readable, function: Node) -> Iterator[Reached]:
        for step in steps(self._receivers, file, function, None):
            if step.targets:
                yield from self._from(file, function, step)
            elif step.node.kind() == "call":  # as most are
                yield Reached(file, step.node, step.paths, step.method, step.node, (), step.awaited, function)

    def _from(self, file: Readable, function: Node, first: Step) -> Iterator[Reached]:
        place = function.range()
        seen = {(file.path, place.start.index)}
        ahead: deque[tuple[Readable, Node, Step, Node, tuple[str, ...]]] = deque(
            [(file, function, first, first.node, ())]
        )
        while ahead:
            home, around, step, site, through = ahead.popleft()
            if step.node.kind() == "call":
                yield Reached(home, step.node, step.paths, step.method, site, through, step.awaited, around)
            for target in step.targets:
                if target.file is None or target.node is None or len(through) >= _MAX_DEPTH:
                    continue
                key = (target.file.path, target.node.range().start.index)
                if key in seen or self._read >= _MAX_READ:
                    continue
                seen.add(key)
                self._read += 1
                names = (*through, target.name)
                start = target.node.range().start.index
                nested = target.file is file and place.start.index < start < place.end.index
                ahead += (
                    (target.file, target.node, inner, inner.node if nested else site, names)
                    for inner in steps(self._receivers, target.file, target.node, target.receiver)
                )


def steps(
    known: Receivers,
    file: Readable,
    function: Node,
    receiver: Owner | None,
    names: frozenset[str] | None = None,
) -> list[Step]:
    """The calls in a function's own body, in the order of the text; `receiver` is the class of its `self`.

    Where `names` are given (always the same for a file), only those which may lead to one of them.
    """
    memory = known.memory(file, receiver).steps
    key = (function, receiver.key if receiver is not None else None, names is not None)
    if key not in memory:
        memory[key] = [
            step
            for node, kind in _own(file, function)
            if (names is None or _may_lead(file, node, kind, names))
            and (step := _step(known, file, node, kind, receiver)) is not None
        ]
    return memory[key]


def _may_lead(file: Readable, node: Node, kind: str, names: frozenset[str]) -> bool:
    """Whether a call or an attribute may run something of one of these names: told by words, nothing is resolved."""
    if kind == "attribute":
        name = node.field("attribute")
        return name is not None and _is_among(name.text(), names)
    function, word = node.field("function"), name_called(node)
    if function is None:
        return False
    if not word or word in _CALLS_BACK or _is_among(word, names) or "__call__" in names:
        return True
    if function.kind() == "identifier" and any(
        binding.kind not in ("import", "def", "class")
        for bindings in file.names.bindings(word).values()
        for binding in bindings
    ):
        return True  # a parameter or another name for something
    return any(_is_among(given.text(), names) for given in _handed_over(node))


def _handed_over(call: Node) -> Iterator[Node]:
    """The names that a call is given as they stand: `run(poll)`, `run(action=self.poll)`."""
    for argument in arguments_of(call):
        value = argument.field("value") if argument.kind() == "keyword_argument" else argument
        if value is not None and value.kind() == "attribute":
            value = value.field("attribute")
        if value is not None and value.kind() == "identifier":
            yield value


def _is_among(word: str, names: frozenset[str]) -> bool:
    return word in names or not word.isascii()  # names are found in bytes


def _own(file: Readable, function: Node) -> Iterator[tuple[Node, str]]:
    """The calls and attributes that a function evaluates: not in its signature, nor in a function within it."""
    body = function.field("body")
    start = body.range().start.index if body is not None else 0
    beyond = start  # what stands before is evaluated when the function is defined, or when another one runs
    for node in file.tree.kinds(*_CALLS, under=function):
        kind = node.kind()
        place = node.range().start.index
        if place < beyond:
            continue
        if kind not in _INNER:
            yield node, kind
        elif (inner := node.field("body")) is not None:
            yield from _signature(file, node, inner)
            beyond = max(beyond, inner.range().end.index)


def _signature(file: Readable, function: Node, body: Node) -> Iterator[tuple[Node, str]]:
    """The calls in the signature of a function within another, which runs them when it defines it."""
    start = body.range().start.index
    for node in file.tree.kinds("call", under=function):
        if node.range().start.index >= start:
            return
        yield node, "call"


def _step(known: Receivers, file: Readable, node: Node, kind: str, receiver: Owner | None) -> Step | None:
    if kind == "attribute":
        return _property(known, file, node, receiver)
    function = node.field("function")
    if function is None:
        return None
    refs = known.of(file, function, receiver)
    method = name_called(node)
    awaited = _is_awaited(node)
    targets = [target for ref in refs for target in _targets(known, node, ref)]
    if method in _CALLS_BACK:
        for argument in arguments_of(node):
            if argument.kind() in ("identifier", "attribute"):
                targets += known.of(file, argument, receiver)
            elif argument.kind() == "lambda":
                targets.append(Ref("lambda", False, file, argument, receiver))
    kept = tuple(target for target in targets if _is_followed(target, node, awaited))
    return Step(node, tuple(dict.fromkeys(ref.path for ref in refs)), method, awaited, kept)


def _property(known: Receivers, file: Readable, node: Node, receiver: Owner | None) -> Step | None:
    """Reading a property of an object of a first-party class runs a method."""
    holder, name = node.field("object"), node.field("attribute")
    if holder is None or name is None or holder.kind() != "identifier" or _is_called(node):
        return None
    targets = tuple(
        Ref(f"{ref.path}.{name.text()}", True, above.file, method, ref.receiver)
        for ref in known.of(file, holder, receiver)
        if ref.is_object
        and (owner := ref.owner) is not None
        and (above := known.definer(owner, name.text())) is not None
        and (method := known.methods(above)[name.text()]) is not None
        and any(part.text().endswith("property") for part in decorator_expressions(method))
    )
    return Step(node, (), name.text(), False, targets) if targets else None


def _is_called(attribute: Node) -> bool:
    parent = attribute.parent()
    return parent is not None and parent.kind() == "call" and parent.field("function") == attribute


def _targets(known: Receivers, call: Node, ref: Ref) -> Iterator[Ref]:
    """The first-party functions that a call of this thing runs."""
    owner = ref.owner
    if owner is None:
        if ref.node is not None:
            yield ref
        return
    if ref.is_object:
        names: tuple[str, ...] = ("__call__",)
    else:
        entered = any(around.kind() == "with_item" for around in islice(_upward(call), 2))
        names = ("__init__", *_ENTERING) if entered else ("__init__",)
    for name in names:
        above = known.definer(owner, name)
        if above is not None:
            yield Ref(f"{owner.path}.{name}", True, above.file, known.methods(above)[name], owner)


def _is_followed(target: Ref, call: Node, awaited: bool) -> bool:
    node = target.node
    if node is None or target.file is None or node.kind() not in _INNER:
        return False
    if node.kind() == "lambda":
        return True
    decorators = list(decorator_expressions(node))
    if is_async(node):
        return not _in_wall(call)
    for expression in decorators:
        called = expression.field("function") if expression.kind() == "call" else expression
        written = (dotted(called) or "" if called is not None else "").rpartition(".")[2]
        if awaited and written not in _TRANSPARENT:
            return False  # something makes a coroutine of it, most likely in another thread
        if called is not None and any(_TASK.match(path) for path in target.file.names.candidates(called)):
            return False
    return True


def _upward(node: Node) -> Iterator[Node]:
    """The ancestors, one by one: most often the first few tell, and a list of all takes long in deep expressions."""
    parent = node.parent()
    while parent is not None:
        yield parent
        parent = parent.parent()


def _is_awaited(call: Node) -> bool:
    """Whether `await` takes what a call gives, straight or through what awaits its arguments."""
    for ancestor in _upward(call):
        kind = ancestor.kind()
        if kind == "await":
            return True
        if kind in ("with_item", "as_pattern"):
            continue
        if kind == "with_clause":
            statement = ancestor.parent()
            first = statement.child(0) if statement is not None else None
            return first is not None and first.kind() == "async"
        if kind in ("for_statement", "for_in_clause"):
            first = ancestor.child(0)
            return first is not None and first.kind() == "async" and ancestor.field("right") == call
        if kind == "call":
            return name_called(ancestor) in _AWAITS
        if kind not in _THROUGH:
            return False
    return False


def _in_wall(call: Node) -> bool:
    """Whether a coroutine is handed to something that runs it elsewhere: `to_thread(asyncio.run, work())`."""
    for ancestor in _upward(call):
        kind = ancestor.kind()
        if kind == "call":
            if name_called(ancestor) in _WALLS:
                return True
        elif kind not in _THROUGH:
            return False
    return False
