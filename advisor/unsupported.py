"""Tasks that are `async def` where Airflow does not await them, or that run an event loop inside of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.catalog.callables import callables
from advisor.contexts import decorator_expressions
from advisor.finding import Span
from advisor.reached import reached
from advisor.records import dataclass
from advisor.syntax import Node, enclosing, function_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.pythontasks import PythonTask

_CALLABLE = "python_callable"
_NO_PUSH = "do_xcom_push"
_REENTRANT = "nest_asyncio"  # lets a loop run inside of another


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An `async def` that does not run as it should: `what` is it, `outcome` what happens, `span` where to say it."""

    span: Span
    what: str
    outcome: str


@dataclass(frozen=True, slots=True)
class InnerLoop:
    """A call that starts an event loop in an async task `name`; `through` are the helpers that lead to it."""

    span: Span
    name: str
    call: str
    through: tuple[str, ...]


def find_unsupported(dag_file: DagFile) -> list[Unsupported]:
    """Every `async def` that the project's Airflow does not await, or not where it should, in the order of the text."""
    if "async def" not in dag_file.tree.text and _CALLABLE not in dag_file.tree.text:
        return []
    found: list[Unsupported] = []
    for task in dag_file.python_tasks:
        if task.is_async and not _is_wrapped(dag_file, task):
            outcome = callables().outcomes.get(_key(dag_file, task))
            if outcome is not None:
                found.append(Unsupported(task.span, _what(task), outcome))
    return found


def _what(task: PythonTask) -> str:
    if task.kind == "method":
        return f"{task.name}.{task.flavour} is an `async def`"
    how = f"under {task.how}" if task.kind == "decorated" else f"given to {task.how}"
    return f"{task.name} is an `async def` {how}"


def _key(dag_file: DagFile, task: PythonTask) -> str:
    """Which of the catalog's outcomes is that of an async task; "" where it is awaited, or nothing is known."""
    before = _is_before(dag_file)
    # A branch needs its result, pushed or not.
    unpushed = "_unpushed" if task.flavour != "branch" and _pushes_nothing(dag_file, task) else ""
    if task.kind == "method":
        return task.flavour if task.flavour in ("poke", "execute") and not _overrides(dag_file, task) else ""
    if task.flavour in callables().other_python:
        return "other_python_before" if before else task.flavour
    if task.flavour in callables().awaited:
        if _yields(task):
            return "generator" + unpushed
        return "awaited_before" + unpushed if before else ""
    if before and task.flavour in ("snowpark", "pyspark"):
        return "awaited_before" + unpushed
    return task.flavour


def _is_before(dag_file: DagFile) -> bool:
    """Whether the project runs an Airflow that awaits no task: by its files, or by what this file imports."""
    target = dag_file.target
    if target.airflow is not None and not (target.is_range and not target.at_least(3, 2)):
        return target.below(3, 2)
    gone = callables().before_3
    for imported in dag_file.names.imports:
        if any(imported.target == name or imported.target.startswith(f"{name}.") for name in gone):
            return True
    return False


def _overrides(dag_file: DagFile, task: PythonTask) -> bool:
    """Whether the class has an `execute` of its own beside an async `poke`, which may await it."""
    return task.flavour == "poke" and any(
        other.owner == task.owner and other.flavour == "execute" for other in dag_file.python_tasks
    )


def _is_wrapped(dag_file: DagFile, task: PythonTask) -> bool:
    """Whether something else than Airflow decorates the function, which may turn it into an ordinary one."""
    expressions = list(decorator_expressions(task.function))
    if task.kind != "decorated":
        return bool(expressions)
    known = {
        expression for path, expression in dag_file.contexts.decorators(task.function) if "airflow." in path
    }
    return any(expression not in known for expression in expressions)


def _yields(task: PythonTask) -> bool:
    return any(
        function_of(node) == task.function for node in task.file.tree.kinds("yield", under=task.function)
    )


def _pushes_nothing(dag_file: DagFile, task: PythonTask) -> bool:
    """Whether the task is told not to push its result."""
    calls = [task.call] if task.call is not None else list(decorator_expressions(task.function))
    return any(
        call.kind() == "call" and Arguments(call, dag_file.values).value(_NO_PUSH) is False for call in calls
    )


def find_inner_loops(dag_file: DagFile) -> list[InnerLoop]:
    """The calls of async tasks that run a coroutine in an event loop of its own, in the order of the text."""
    if not dag_file.target.at_least(3, 2) or _REENTRANT in dag_file.tree.text:
        return []
    found: dict[int, InnerLoop] = {}
    for task in dag_file.python_tasks:
        if not (task.is_async and task.is_awaited):
            continue
        for call in reached(dag_file, task.function, task.file):
            path = next((path for path in call.paths if path in callables().runs_a_loop), None)
            if path is None or _REENTRANT in call.file.tree.text or _caught(call.call):
                continue
            span = dag_file.tree.span(call.site) if task.is_local else task.span
            short = "asyncio.run" if path == "asyncio.run" else path.rpartition(".")[2]
            found.setdefault(span.start, InnerLoop(span, task.name, short, call.through))
    return [found[start] for start in sorted(found)]


def _caught(call: Node) -> bool:
    """Whether the code reckons with a loop that runs: `try: … except RuntimeError: …`, `if loop.is_running(): …`."""
    for around in enclosing(call, "try_statement", "if_statement", "function_definition"):
        if around.kind() == "function_definition":
            return False
        text = around.text()
        if around.kind() == "if_statement" and "running" in text:
            return True
        if around.kind() == "try_statement" and "RuntimeError" in text:
            return True
    return False
