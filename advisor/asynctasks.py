"""Native async tasks: the coroutines that Airflow awaits, how long they wait and what they ask."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from advisor.finding import Span
from advisor.records import replace
from advisor.single import Single, single_request
from advisor.sleeping import given_to, one_a_site
from advisor.syntax import Node
from advisor.waiting import Wait, find_calls, waits_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.pythontasks import PythonTask

__all__ = ["AsyncTask", "Wait", "find_async_calls", "find_async_tasks"]


class AsyncTask:
    """One `async def` that Airflow awaits as a task. `name` is the function's, or the operator class's.

    The spans are in the DAG file: for a function of another file, those of the call that makes a task of it.
    """

    def __init__(self, dag_file: DagFile, task: PythonTask) -> None:
        self._dag_file = dag_file
        self._task = task
        self.function = task.function
        self.name = task.name

    @cached_property
    def waits(self) -> list[Wait]:
        """The waits of known or unbounded length, in the order of the text; one for a loop, not one for its turns."""
        task = self._task
        found = waits_of(self._dag_file, task.file, task.function, given_to(self._dag_file, task))
        return found if task.is_local else one_a_site([replace(wait, span=task.span) for wait in found])

    @cached_property
    def single_request(self) -> Single | None:
        """The task's only request, where it awaits one, once, and nothing else; None otherwise."""
        if self._has_other_decorators or not self._task.is_local:
            return None
        return single_request(self._dag_file, self.function)

    def span(self, node: Node) -> Span:
        """The span of a call, with the `await` before it."""
        parent = node.parent()
        return self._dag_file.tree.span(parent if parent is not None and parent.kind() == "await" else node)

    @property
    def start(self) -> int:
        """Where the task stands in the DAG file."""
        return self.function.range().start.index if self._task.is_local else self._task.span.start

    @property
    def _has_other_decorators(self) -> bool:
        """Whether something else than Airflow wraps the function: it may call it again (`@retry`)."""
        parent = self.function.parent()
        if parent is None or parent.kind() != "decorated_definition":
            return False
        count = sum(
            child.kind() == "decorator" and not child.text().endswith("override")
            for child in parent.children()
        )
        known = {
            expression
            for path, expression in self._dag_file.contexts.decorators(self.function)
            if path.startswith("airflow.")
        }
        return count > len(known)


def find_async_tasks(dag_file: DagFile) -> list[AsyncTask]:
    """The file's async tasks, in the order of the text; none for an Airflow that does not await them (below 3.2)."""
    if not dag_file.target.at_least(3, 2):
        return []
    tasks: dict[Node, AsyncTask] = {}
    for task in dag_file.python_tasks:
        if task.is_async and task.is_awaited:
            tasks.setdefault(task.function, AsyncTask(dag_file, task))
    return sorted(tasks.values(), key=lambda task: task.start)


def find_async_calls(dag_file: DagFile) -> list[tuple[Node, str]]:
    """The calls that wait or run awaits side by side, with their dotted names, in the order of the text."""
    return find_calls(dag_file)
