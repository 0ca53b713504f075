"""The functions that Airflow runs as tasks: under `@task`, handed to an operator, or methods of the project's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from advisor.catalog.callables import callables
from advisor.contexts import class_bases, decorator_expressions
from advisor.finding import Span
from advisor.flow import Readable
from advisor.names import Import
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, enclosing, is_async, keyword_parts, name_of, strip_parentheses

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

Kind: TypeAlias = Literal["decorated", "callable", "lambda", "method"]

_TASK = re.compile(
    r"airflow\.(?:decorators|sdk|operators\.python|providers\.(?:\w+\.)+decorators)(?:\.\w+)*?"
    r"\.(?:task((?:\.\w+)*)|(setup|teardown|asset)(?:\.multi)?|(\w+)_task)$"
)
# What may be imported on the way to one of these: of operators and providers no class.
_TOWARDS_TASK = re.compile(r"airflow(?:\.(?:decorators|sdk)\b.*|\.(?:operators|providers)(?:\.[a-z_]\w*)*)?$")
_OPERATOR = re.compile(r"(?:Operator|Sensor)(?:Async)?$")
_ASYNC_BASE = re.compile(r"airflow\.(?:\w+\.)*BaseAsyncOperator$")
_RESUMES = "execute_complete"  # what most operators call the method that they are resumed in
_RUN = frozenset({"execute", "aexecute", "poke", _RESUMES})
_MAX_BASES = 6  # of classes above a class
_MAX_HOPS = 5  # functions in functions: `partial(f)`
_CALLABLE = "python_callable"


@dataclass(frozen=True, slots=True, eq=False)
class PythonTask:
    """One function that Airflow runs as (a part of) a task.

    `file` is where `function` stands: the DAG file, or the first-party module that it gets the function from.
    `name` is the function's, for a method the class's. `flavour` is what follows `@task.` ("" for `@task`), or what
    the operator's decorator would be ("branch" for BranchPythonOperator); for the methods of an operator of the
    project's own it is the method: "execute", "aexecute", "poke", or "resume" for what a deferral resumes in.
    `how` is as people write it: "@task.branch", "PythonOperator", the class's name.
    `span` is in the DAG file: the header of the function, or for a function that is handed over the call that gets it.
    `owner` is the class whose method `function` is as the task, `call` the call that a function is handed to.
    `is_local` says that the function stands in the DAG file itself, so that a span in it can be shown.
    `is_airflows` says that the operator is Airflow's own class, and none of the project's that may do more.
    """

    file: Readable
    function: Node
    name: str
    is_async: bool
    flavour: str
    how: str
    kind: Kind
    span: Span
    call: Node | None = None
    owner: Node | None = None
    is_local: bool = True
    is_airflows: bool = True

    @property
    def in_worker(self) -> bool:
        """Whether the function runs once and in a worker slot: in no container, and not as a sensor looks."""
        return self.kind == "method" or self.flavour in callables().in_worker

    @property
    def is_awaited(self) -> bool:
        """Whether Airflow, from 3.2 on, awaits the function that it is given, or would if it were async."""
        return self.flavour == "aexecute" if self.kind == "method" else self.flavour in callables().awaited


def find_python_tasks(dag_file: DagFile) -> list[PythonTask]:
    """Every function of the project that the file makes a task of, in the order of the text.

    A function that is handed to several operators of one flavour counts once. Lambdas, and functions that come through
    variables or from packages outside of the project, are not known.
    """
    finder = _Finder(dag_file)
    found = [*finder.decorated(), *finder.handed_over(), *finder.methods()]
    unique: dict[tuple[Node, str], PythonTask] = {}
    for task in sorted(found, key=lambda task: (not task.is_airflows, task.span.start)):
        unique.setdefault((task.function, task.flavour), task)
    return sorted(unique.values(), key=lambda task: task.span.start)


def find_lambdas(dag_file: DagFile) -> list[PythonTask]:
    """The lambdas that are given to operators as `python_callable`; `name` is the id of the task, or "a lambda"."""
    if "lambda" not in dag_file.tree.text:
        return []
    finder = _Finder(dag_file)
    return [
        PythonTask(
            dag_file,
            value,
            _task_id(call) or "a lambda",
            False,
            flavour,
            how,
            "lambda",
            dag_file.tree.span(call),
            call,
        )
        for value, call, how, flavour in finder.callables()
        if value.kind() == "lambda"
    ]


class _Finder:
    def __init__(self, dag_file: DagFile) -> None:
        self._dag_file = dag_file

    @cached_property
    def _towards_task(self) -> list[Import]:
        """The imports that `task` or one of its kind may be reached by."""
        return [one for one in self._dag_file.names.imports if _TOWARDS_TASK.match(one.target)]

    # -- `@task`

    def decorated(self) -> Iterator[PythonTask]:
        stars = [module for module in self._dag_file.names.stars if _TOWARDS_TASK.match(module)]
        if "@" not in self._dag_file.tree.text or not (self._towards_task or stars):
            return
        for function in self._dag_file.tree.functions():
            flavours = [
                flavour for path in self._decorators(function) if (flavour := _flavour(path)) is not None
            ]
            makes = [flavour for flavour in flavours if flavour not in callables().modifiers]
            if flavours:
                flavour = makes[0] if makes else ""
                yield self._task(
                    function, flavour, _spelled(flavour), "decorated", _header(self._dag_file, function)
                )

    def _decorators(self, function: Node) -> Iterator[str]:
        if any(True for _ in decorator_expressions(function)):
            yield from (path for path, _ in self._dag_file.contexts.decorators(function))

    # -- `python_callable=f`, `task(f)`

    def callables(self) -> Iterator[tuple[Node, Node, str, str]]:
        """What is given as `python_callable`, with the call, the operator's simple name and its flavour."""
        for name in self._dag_file.tree.occurrences.get(_CALLABLE, ()):
            holder = name.parent()
            parts = (
                keyword_parts(holder) if holder is not None and holder.kind() == "keyword_argument" else None
            )
            call = next(enclosing(name, "call"), None)
            if parts is None or call is None or parts[0] != _CALLABLE or holder not in arguments_of(call):
                continue
            operator = self._operator_of(call.field("function"))
            if operator is not None:
                yield parts[1], call, *operator

    def handed_over(self) -> Iterator[PythonTask]:
        for value, call, how, flavour in self.callables():
            yield from self._given(value, call, flavour, how)
        for call in self._task_calls():
            given = arguments_of(call)[:1]
            function = call.field("function")
            makes = self._flavour_of(function) if function is not None else None
            if makes is not None and given and keyword_parts(given[0]) is None:
                yield from self._given(given[0], call, makes, _spelled(makes))

    def _task_calls(self) -> Iterator[Node]:
        """The calls of `task…(f)`, where they are no decorators."""
        for imported in self._towards_task:
            if imported.target == "airflow" or (
                _flavour(imported.target) is None and imported.name[:1].isupper()
            ):
                continue
            for reference in self._dag_file.names.references(imported.local):
                node, parent = reference, reference.parent()
                while parent is not None and parent.kind() == "attribute" and parent.field("object") == node:
                    node, parent = parent, parent.parent()
                while parent is not None and parent.kind() == "call" and parent.field("function") == node:
                    yield parent
                    node, parent = parent, parent.parent()

    def _flavour_of(self, called: Node) -> str | None:
        """The flavour of task that `called(function)` makes: `task(f)`, `task.branch(f)`, `task(retries=2)(f)`."""
        if called.kind() == "call":
            inner = called.field("function")
            return self._flavour_of(inner) if inner is not None and inner.kind() != "call" else None
        for path in self._dag_file.names.candidates(called):
            flavour = _flavour(path)
            if flavour is not None:
                return flavour
        return None

    def _operator_of(self, called: Node | None) -> tuple[str, str] | None:
        """The operator, by its simple name, and its flavour, for what is called with `python_callable`."""
        if called is not None and called.kind() == "attribute":
            method = called.field("attribute")
            if method is not None and method.text() == "partial":
                called = called.field("object")
            elif method is not None and method.text() == "__init__":
                return self._operator_above(called)
        return _python_operator(self._dag_file, self._dag_file, called, 0) if called is not None else None

    def _operator_above(self, called: Node) -> tuple[str, str] | None:
        """The same for `super().__init__(python_callable=…)` in a class of the project's own."""
        holder = called.field("object")
        maker = holder.field("function") if holder is not None and holder.kind() == "call" else None
        owner = next(enclosing(called, "class_definition"), None)
        if maker is None or maker.text() != "super" or owner is None or "execute" in _methods(owner):
            return None
        for base in class_bases(owner):
            known = _python_operator(self._dag_file, self._dag_file, base, 0)
            if known is not None:
                return known
        return None

    def _given(self, value: Node, call: Node, flavour: str, how: str) -> Iterator[PythonTask]:
        found = self._function(value, 0)
        if found is not None:
            file, function = found
            span = self._dag_file.tree.span(call)
            yield self._task(function, flavour, how, "callable", span, file, call)

    def _function(self, value: Node, depth: int) -> tuple[Readable, Node] | None:
        """The function that an expression stands for: in this file, or in a first-party module."""
        value, dag_file = strip_parentheses(value), self._dag_file
        if value.kind() == "call":
            made = value.field("function")
            inner = arguments_of(value)[:1]
            wraps = made is not None and "functools.partial" in dag_file.names.candidates(made)
            return self._function(inner[0], depth + 1) if wraps and inner and depth < _MAX_HOPS else None
        if value.kind() == "identifier":
            bindings = dag_file.names.lookup(value)
            if len(bindings) == 1 and bindings[0].value is not None:
                if bindings[0].kind == "def":
                    return dag_file, bindings[0].value
                if (
                    bindings[0].kind == "assign"
                    and depth < _MAX_HOPS
                    and not dag_file.names.candidates(value)
                ):
                    return self._function(bindings[0].value, depth + 1)
        elif value.kind() == "attribute":
            method = self._method(value)
            if method is not None:
                return method
        else:
            return None
        paths = dag_file.names.candidates(value)
        if len(paths) != 1 or paths[0].startswith("airflow."):
            return None
        defined = dag_file.project.definition(paths[0], dag_file.path)
        return defined if defined is not None and defined[1].kind() == "function_definition" else None

    def _method(self, value: Node) -> tuple[Readable, Node] | None:
        """The method behind `self.load`, `Loader.load`, `Loader().load`, or `loader.load` of a local `loader`."""
        holder, name = value.field("object"), value.field("attribute")
        if holder is None or name is None:
            return None
        if holder.kind() == "identifier" and holder.text() in ("self", "cls"):
            owner = next(enclosing(value, "class_definition"), None)
            method = _methods(owner).get(name.text()) if owner is not None else None
            return (self._dag_file, method) if method is not None else None
        if holder.kind() == "identifier":
            bindings = self._dag_file.names.lookup(holder)
            if len(bindings) == 1 and bindings[0].kind == "assign" and bindings[0].value is not None:
                holder = bindings[0].value
        made = holder.field("function") if holder.kind() == "call" else holder
        found = _class_at(self._dag_file, self._dag_file, made) if made is not None else None
        method = _methods(found[1]).get(name.text()) if found is not None else None
        return (found[0], method) if found is not None and method is not None else None

    # -- operators of the project's own

    def methods(self) -> Iterator[PythonTask]:
        tree = self._dag_file.tree
        if "defer" not in tree.text and tree.occurrences.keys().isdisjoint(_RUN):
            return
        for owner in tree.classes():
            methods = _methods(owner)
            if not class_bases(owner) or not self._may_run(owner, methods):
                continue
            if not _is_operator(self._dag_file, self._dag_file, owner, 0):
                continue
            resumes = _resumed_in(owner) if "defer" in self._dag_file.tree.text else {_RESUMES}
            for name, method in methods.items():
                is_aexecute = name == "aexecute" and _is_async_operator(self._dag_file, owner)
                if name in ("execute", "poke") or is_aexecute:
                    yield self._of_class(owner, method, name)
                elif name in resumes:
                    yield self._of_class(owner, method, "resume")

    def _may_run(self, owner: Node, methods: dict[str, Node]) -> bool:
        return bool(methods.keys() & _RUN) or "defer" in owner.text()

    def _of_class(self, owner: Node, method: Node, flavour: str) -> PythonTask:
        span, name = _header(self._dag_file, method), name_of(owner)
        return PythonTask(
            self._dag_file, method, name, is_async(method), flavour, name, "method", span, None, owner
        )

    def _task(
        self,
        function: Node,
        flavour: str,
        how: str,
        kind: Kind,
        span: Span,
        file: Readable | None = None,
        call: Node | None = None,
    ) -> PythonTask:
        home = file or self._dag_file
        local = home is self._dag_file
        plain = call is None or how.startswith("@") or self._is_plain(call.field("function"))
        name, asynchronous = name_of(function), is_async(function)
        return PythonTask(
            home, function, name, asynchronous, flavour, how, kind, span, call, None, local, plain
        )

    def _is_plain(self, called: Node | None) -> bool:
        """Whether a class that is called is Airflow's own."""
        if called is not None and called.text().endswith(".partial"):
            called = called.field("object")
        paths = self._dag_file.names.candidates(called) if called is not None else ()
        return any(path.rpartition(".")[2] in callables().operators for path in paths)


def _task_id(call: Node) -> str:
    for argument in arguments_of(call):
        parts = keyword_parts(argument)
        if parts is not None and parts[0] == "task_id" and parts[1].kind() == "string":
            return parts[1].text().lstrip("rf").strip("\"'")
    return ""


def _flavour(path: str) -> str | None:
    """What a decorator of this dotted name makes: "" for `@task`, "branch" for `@task.branch`; None for no task."""
    if not path.startswith("airflow."):
        return None
    match = _TASK.match(path)
    if match is None:
        return None
    flavour = (match[1] or match[2] or match[3] or "").lstrip(".")
    return callables().same.get(flavour, flavour)


def _spelled(flavour: str) -> str:
    if flavour in ("setup", "teardown", "asset"):
        return f"@{flavour}"
    return f"@task.{flavour}" if flavour else "@task"


def _python_operator(dag_file: DagFile, file: Readable, called: Node, depth: int) -> tuple[str, str] | None:
    """The operator that takes `python_callable` behind a class's name, through classes of the project's own."""
    for path in file.names.candidates(called):
        name = path.rpartition(".")[2]
        if path.startswith("airflow.") and name in callables().operators:
            return name, callables().operators[name]
    found = _class_at(dag_file, file, called)
    if found is None or depth >= _MAX_BASES:
        return None
    for base in class_bases(found[1]):
        known = _python_operator(dag_file, found[0], base, depth + 1)
        if known is not None:
            return known if "execute" not in _methods(found[1]) else None
    return None


def _class_at(dag_file: DagFile, file: Readable, name: Node) -> tuple[Readable, Node] | None:
    """The first-party class that a name stands for, and its file."""
    if name.kind() == "identifier":
        bindings = file.names.lookup(name)
        if len(bindings) == 1 and bindings[0].kind == "class" and bindings[0].value is not None:
            return file, bindings[0].value
    paths = file.names.candidates(name)
    if len(paths) != 1 or paths[0].startswith("airflow."):
        return None
    defined = dag_file.project.definition(paths[0], _path_of(dag_file, file))
    return defined if defined is not None and defined[1].kind() == "class_definition" else None


def _path_of(dag_file: DagFile, file: Readable) -> str:
    path = getattr(file, "path", dag_file.path)
    return path if isinstance(path, str) else dag_file.path


def _is_operator(dag_file: DagFile, file: Readable, owner: Node, depth: int) -> bool:
    """Whether a class derives from an operator or sensor, through classes of the project where those are in between."""
    for base in class_bases(owner):
        if base.kind() == "subscript":
            base = base.field("value") or base
        if any(_OPERATOR.search(path) for path in file.names.candidates(base)):
            return True
        found = _class_at(dag_file, file, base) if depth < _MAX_BASES else None
        if found is not None and found[1] != owner and _is_operator(dag_file, *found, depth + 1):
            return True
    return False


def _is_async_operator(dag_file: DagFile, owner: Node) -> bool:
    paths = [path for base in class_bases(owner) for path in dag_file.names.candidates(base)]
    return any(_ASYNC_BASE.match(path) for path in paths)


def _methods(owner: Node) -> dict[str, Node]:
    """The methods that stand in a class, by name; the last of each name, as Python has it."""
    block = owner.field("body")
    found: dict[str, Node] = {}
    for statement in block.named_children() if block is not None else ():
        definition = (
            statement.field("definition") if statement.kind() == "decorated_definition" else statement
        )
        if definition is not None and definition.kind() == "function_definition":
            found[name_of(definition)] = definition
    return found


def _resumed_in(owner: Node) -> set[str]:
    """The methods that a class's deferrals resume in, as far as they are named by a text."""
    found = {_RESUMES}
    for keyword in owner.find_all({"rule": {"kind": "keyword_argument", "regex": "^method_name"}}):
        parts = keyword_parts(keyword)
        if parts is not None and parts[0] == "method_name" and parts[1].kind() == "string":
            found.add(parts[1].text().strip("'\""))
    return found


def _header(dag_file: DagFile, function: Node) -> Span:
    """From `def` (or `async def`) to the end of the parameters."""
    return dag_file.tree.span(
        function, function.field("return_type") or function.field("parameters") or function
    )
