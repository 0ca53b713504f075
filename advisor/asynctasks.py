"""Native async tasks: the coroutines that Airflow awaits, how long they wait and what they ask."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.asking import Request, single_request
from advisor.catalog.waits import waits
from advisor.contexts import class_bases
from advisor.finding import Span
from advisor.syntax import Node, arguments_of, enclosing, keyword_parts
from advisor.waiting import Wait, find_calls, waits_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

__all__ = ["AsyncTask", "Wait", "find_async_calls", "find_async_tasks"]

# Flavours of @task that never await the function they are given: nothing to say about how they wait.
_NOT_AWAITED = re.compile(
    r"sensor|virtualenv|external_python|bash|kubernetes|docker|pyspark|agent|llm|sql|stub"
)
_TASK = re.compile(r"airflow\.(?:decorators|sdk)(?:\.\w+)*?\.task((?:\.\w+)*)$")
_PYTHON_OPERATOR = re.compile(r"airflow\.(?:\w+\.)*(?:(?:Branch)?Python|ShortCircuit)Operator$")
_ASYNC_BASE = re.compile(r"airflow\.(?:\w+\.)*BaseAsyncOperator$")


class AsyncTask:
    """One `async def` that Airflow awaits as a task. `name` is the function's, or the operator class's."""

    def __init__(self, dag_file: DagFile, function: Node, name: str = "") -> None:
        self._dag_file = dag_file
        self.function = function
        self.name = name or _name(function)

    @cached_property
    def waits(self) -> list[Wait]:
        """The waits of known or unbounded length, in the order of the text; one for a loop, not one for its turns."""
        return waits_of(self._dag_file, self.function)

    @cached_property
    def single_request(self) -> Request | None:
        """The task's only request, where it awaits one, once, and nothing else; None otherwise."""
        if self._has_other_decorators or any(path in waits().concurrent for path in self._calls):
            return None
        return single_request(self._dag_file, self.function)

    def span(self, node: Node) -> Span:
        """The span of a call, with the `await` before it."""
        parent = node.parent()
        return self._dag_file.tree.span(parent if parent is not None and parent.kind() == "await" else node)

    @property
    def _calls(self) -> list[str]:
        return [path for call, path in self._dag_file.async_calls if self.function in call.ancestors()]

    @property
    def _has_other_decorators(self) -> bool:
        """Whether something else than Airflow wraps the function: it may call it again (`@retry`)."""
        parent = self.function.parent()
        if parent is None or parent.kind() != "decorated_definition":
            return False
        count = sum(child.kind() == "decorator" for child in parent.children())
        known = {
            expression
            for path, expression in self._dag_file.contexts.decorators(self.function)
            if path.startswith("airflow.")
        }
        return count > len(known)


def find_async_tasks(dag_file: DagFile) -> list[AsyncTask]:
    """The file's async tasks, in the order of the text; none for an Airflow that does not await them (below 3.2)."""
    if "async def" not in dag_file.tree.text or not dag_file.target.at_least(3, 2):
        return []
    found: list[AsyncTask] = []
    for function in dag_file.tree.matching({"kind": "function_definition", "regex": r"^async\b"}):
        flavours = _flavours(dag_file, function)
        if flavours:
            if not any(_NOT_AWAITED.search(flavour) for flavour in flavours):
                found.append(AsyncTask(dag_file, function))
        elif _is_handed_over(dag_file, function):
            found.append(AsyncTask(dag_file, function))
        else:
            owner = _async_operator(dag_file, function)
            if owner is not None:
                found.append(AsyncTask(dag_file, function, _name(owner)))
    return found


def _flavours(dag_file: DagFile, function: Node) -> list[str]:
    """What follows `task.` in each of a function's decorators ("" for `@task`); none for a function that is no task."""
    matches = (_TASK.match(path) for path, _ in dag_file.contexts.decorators(function))
    return [match[1].lstrip(".") for match in matches if match]


def _is_handed_over(dag_file: DagFile, function: Node) -> bool:
    """Whether a function becomes a task by being handed over: `PythonOperator(python_callable=…)`, `task(…)`."""
    for reference in dag_file.names.references(_name(function)):
        if not any(binding.value == function for binding in dag_file.names.lookup(reference)):
            continue
        holder = reference.parent()
        parts = keyword_parts(holder) if holder is not None else None
        call = next(enclosing(reference, "call"), None)
        if call is None or (parts is not None and parts[0] != "python_callable"):
            continue
        called = call.field("function")
        if parts is not None:
            if called is not None and _makes_python_task(dag_file, called):
                return True
        elif called is not None and arguments_of(call)[:1] == [reference] and _decorates(dag_file, called):
            return True
    return False


def _makes_python_task(dag_file: DagFile, called: Node) -> bool:
    node: Node | None = called
    while node is not None:
        if any(_PYTHON_OPERATOR.match(path) for path in dag_file.names.candidates(node)):
            return True
        node = node.field("object") if node.kind() == "attribute" else None
    return False


def _decorates(dag_file: DagFile, called: Node) -> bool:
    """Whether `called(function)` does what `@task` would: `task(f)`, `task.branch(f)`, `task(retries=2)(f)`."""
    if called.kind() == "call":
        inner = called.field("function")
        return inner is not None and _decorates(dag_file, inner)
    matches = (_TASK.match(path) for path in dag_file.names.candidates(called))
    return any(match and not _NOT_AWAITED.search(match[1]) for match in matches)


def _async_operator(dag_file: DagFile, function: Node) -> Node | None:
    """The class whose `aexecute` a function is, where it derives from Airflow's BaseAsyncOperator."""
    if _name(function) != "aexecute":
        return None
    owner = next(enclosing(function, "class_definition", "function_definition"), None)
    if owner is None or owner.kind() != "class_definition":
        return None
    paths = [path for base in class_bases(owner) for path in dag_file.names.candidates(base)]
    return owner if any(_ASYNC_BASE.match(path) for path in paths) else None


def _name(definition: Node) -> str:
    name = definition.field("name")
    return name.text() if name is not None else ""


def find_async_calls(dag_file: DagFile) -> list[tuple[Node, str]]:
    """The calls that wait or run awaits side by side, with their dotted names, in the order of the text."""
    return find_calls(dag_file)
