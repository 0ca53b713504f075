"""What blocks the event loop that a coroutine runs on, straight or through helpers, and how to mend a sleep."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from advisor.catalog.blocking import GET_ASYNC_CONN, SINCE_ASYNC_CONN, Blocking, blocking_calls
from advisor.finding import AddAwait, AddImport, DropImport, Fix, ReplaceText, Rewrite, Span
from advisor.flow import Readable
from advisor.names import Import
from advisor.reached import Reached, reached
from advisor.records import dataclass, replace
from advisor.syntax import Node, arguments_of, enclosing, function_of, keyword_parts

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.pythontasks import PythonTask

_CONFIGURED = Blocking("configured", "is configured as blocking", "")
_SLEEP = "time.sleep"
_GATE = "AIRFLOW_V_"  # what providers call their constants for "this Airflow or newer"


@dataclass(frozen=True, slots=True, eq=False)
class Blocker:
    """One place where a function holds up its event loop.

    `span` is the call in the function itself. `name` is what blocks, as people know it (`requests.get`,
    `S3Hook.read_key`), `through` the helpers that lead to it, `in_helper` whether it stands outside of the function's
    own text. `instead` says what to use in its place, "" where only a
    thread helps. `fix` is there for a sleep that can simply be awaited.
    """

    span: Span
    name: str
    through: tuple[str, ...]
    facts: Blocking
    instead: str
    in_helper: bool = False
    fix: Fix | None = None

    def way(self, start: str) -> str:
        """How the function, called `start`, comes to it: `poll → _fetch → requests.get`."""
        return " → ".join([start, *self.through, self.name]) if self.through or self.in_helper else self.name


def blockers(dag_file: DagFile, function: Node, file: Readable | None = None) -> list[Blocker]:
    """What a coroutine calls that blocks, in the order of the text: one for each place. `file` is where it stands.

    Where a place leads to several blocking calls, it is the nearest of those that take long. Methods of an open file
    count where the file was opened elsewhere, so that each file is spoken of once. Not counted is what only runs when
    the coroutine is cancelled, or on an Airflow that is not the target.
    """
    found: dict[int, tuple[tuple[bool, int], Reached, Blocking]] = {}
    opens = False
    for one in reached(dag_file, function, file):
        facts = _facts(dag_file, one)
        if facts is None or _is_last_will(one.site, function) or _is_for_another_airflow(dag_file, one):
            continue
        opens = opens or (facts.minor and not facts.handle)
        rank = (facts.minor, len(one.through))
        start = one.site.range().start.index
        if start not in found or rank < found[start][0]:
            found[start] = rank, one, facts
    return [
        _blocker(dag_file, file or dag_file, one, facts)
        for _, (_, one, facts) in sorted(found.items())
        if not (facts.handle and opens)
    ]


def _is_last_will(node: Node, function: Node) -> bool:
    """Whether a call only runs when the coroutine is cancelled, where what it awaits may be cancelled, too."""
    for ancestor in node.ancestors():
        if ancestor == function:
            return False
        if ancestor.kind() == "except_clause":
            caught = ancestor.text().partition(":")[0]
            return "CancelledError" in caught
    return False


def _is_for_another_airflow(dag_file: DagFile, one: Reached) -> bool:
    """Whether a call only runs on other Airflow versions than the target, by a constant such as AIRFLOW_V_3_2_PLUS."""
    if not any(name.startswith(_GATE) for name in one.file.tree.occurrences):
        return False
    child = one.call
    for ancestor in one.call.ancestors():
        if ancestor == one.function:
            return False
        kind = ancestor.kind()
        if kind == "if_statement" and child != ancestor.field("condition"):
            holds = _holds(dag_file, ancestor)
            if holds is not None and holds != (child == ancestor.field("consequence")):
                return True
        elif kind == "block":
            for statement in ancestor.named_children():
                if statement == child:
                    break
                if statement.kind() == "if_statement" and _holds(dag_file, statement) and _leaves(statement):
                    return True
        child = ancestor
    return False


def _holds(dag_file: DagFile, statement: Node) -> bool | None:
    """Whether the condition of an `if` is true of the target, where it is about the version alone."""
    test = statement.field("condition")
    turned = test is not None and test.kind() == "not_operator"
    name = test.field("argument") if turned and test is not None else test
    match = re.fullmatch(_GATE + r"(\d+)_(\d+)_PLUS", name.text()) if name is not None else None
    return None if match is None else dag_file.target.at_least(int(match[1]), int(match[2])) != turned


def _leaves(statement: Node) -> bool:
    """Whether the body of an `if` ends the function."""
    body = statement.field("consequence")
    last = (
        [child for child in body.named_children() if child.kind() != "comment"][-1:]
        if body is not None
        else []
    )
    return bool(last) and last[0].kind() in ("return_statement", "raise_statement")


def _facts(dag_file: DagFile, one: Reached) -> Blocking | None:
    if any(_is_configured(dag_file, path) for path in one.paths):
        return None if one.awaited else _CONFIGURED
    table = blocking_calls()
    known = [table.get(path) for path in one.paths]
    if not known or None in known:
        return None
    facts = known[0]
    return None if facts is None or (facts.group == "hook" and one.awaited) else facts


def _is_configured(dag_file: DagFile, path: str) -> bool:
    return any(path == name or path.endswith(f".{name}") for name in dag_file.blocking_calls)


def _blocker(dag_file: DagFile, file: Readable, one: Reached, facts: Blocking) -> Blocker:
    instead = facts.instead
    if GET_ASYNC_CONN in instead and dag_file.target.provider_at_least(*SINCE_ASYNC_CONN) is False:
        instead = ""
    fix = _awaited_sleep(dag_file, one) if one.paths == (_SLEEP,) and file is dag_file else None
    return Blocker(
        file.tree.span(one.site),
        _shown(one.paths[0]),
        one.through,
        facts,
        instead,
        one.site != one.call,
        fix,
    )


def _shown(path: str) -> str:
    """`S3Hook.read_key` of the hook's dotted name, `open` of `builtins.open`."""
    path = path.removeprefix("builtins.")
    if not path.startswith(("airflow.", "astronomer.")):
        return path
    head, dot, rest = path.partition("(")
    parts = head.split(".")
    first = next((i for i, part in enumerate(parts) if part.lstrip("_")[:1].isupper()), -2)
    return ".".join(parts[first:]) + dot + rest


# -- `time.sleep(n)` to `await asyncio.sleep(n)`


def _awaited_sleep(dag_file: DagFile, one: Reached) -> Fix | None:
    """The exchange of a sleep that is a statement of a coroutine in this file."""
    call, function = one.call, one.call.field("function")
    statement, around = call.parent(), function_of(call)
    if one.site != call or function is None or statement is None or around is None:
        return None
    given = arguments_of(call)
    if statement.kind() != "expression_statement" or not around.text().startswith("async"):
        return None
    if next(enclosing(call, "class_definition", "function_definition"), None) != around:
        return None  # no `await` in the body of a class
    if len(given) != 1 or keyword_parts(given[0]) is not None or given[0].kind() == "list_splat":
        return None
    name = _asyncio(dag_file, call)
    if name is None:
        return None
    old = function.text()
    rewrites: list[Rewrite] = [
        AddAwait(dag_file.tree.span(call)),
        ReplaceText(dag_file.tree.span(function), old, f"{name}.sleep"),
    ]
    if not any(imported.local == name for imported in dag_file.names.imports):
        statement = _import_behind(dag_file, function)
        if statement is None:
            return None
        rewrites.append(AddImport(dag_file.tree.span(statement), name))
    imported = _imported(dag_file, function)
    if imported is not None and _may_go(dag_file, imported):
        rewrites.append(DropImport(dag_file.tree.span(imported.statement), imported.local))
    return Fix(
        "unsafe",
        f"replace `{old}` with `await {name}.sleep`",
        tuple(rewrites),
        "other coroutines run during the sleep, which may find what they share changed",
    )


def _asyncio(file: Readable, node: Node) -> str | None:
    """The name that stands for the module asyncio at a node, "asyncio" where nothing has it; None where it is taken."""
    around = {file.tree.root, *enclosing(node, "function_definition")}
    for imported in file.names.imports:
        by_scope = file.names.bindings(imported.local)
        bindings = [binding for group in by_scope.values() for binding in group]
        if (
            imported.target == "asyncio"
            and not imported.guarded
            and imported.scope in around
            and all(b.imported is not None and b.imported.target == "asyncio" for b in bindings)
        ):
            return imported.local
    return None if any(file.names.bindings("asyncio").values()) else "asyncio"


def _import_behind(file: Readable, function: Node) -> Node | None:
    """The import statement that a dotted name begins with, where it always runs and stands on lines of its own."""
    imported = _imported(file, function)
    if imported is None:
        return None
    # Sleeps under several names (`import time`, `from time import sleep`) ask for one import of asyncio.
    root = imported.target.partition(".")[0]
    same = [
        other.statement
        for other in file.names.imports
        if other.target.partition(".")[0] == root and other.scope == imported.scope and not other.guarded
    ]
    return min(same, key=lambda statement: statement.range().start.index)


def _imported(file: Readable, function: Node) -> Import | None:
    """The import that a dotted name begins with, where it always runs."""
    head = function
    while head.kind() == "attribute":
        inner = head.field("object")
        if inner is None:
            return None
        head = inner
    bindings = file.names.lookup(head) if head.kind() == "identifier" else []
    imported = bindings[0].imported if len(bindings) == 1 else None
    return None if imported is None or imported.guarded else imported


def _may_go(dag_file: DagFile, imported: Import) -> bool:
    """Whether an import is there for its file alone, and its line is not all that some block holds."""
    block = imported.statement.parent()
    holder = block.parent() if block is not None and block.kind() == "block" else block
    return (
        dag_file.path.replace("\\", "/").rpartition("/")[2] != "__init__.py"
        and holder == imported.scope
        and imported.scope.kind() in ("module", "function_definition")
        and [one.statement for one in dag_file.names.imports].count(imported.statement) == 1
    )


def blocking_in_tasks(dag_file: DagFile) -> list[tuple[str, Blocker]]:
    """What blocks in the file's async tasks: the task's name, and each place.

    Of a task whose function comes from another module it is the worst place alone, told where the task is made.
    """
    found: list[tuple[str, Blocker]] = []
    for task in awaited_tasks(dag_file):
        places = blockers(dag_file, task.function, task.file)
        if not task.is_local and places:
            worst = min(places, key=lambda blocker: (blocker.facts.minor, len(blocker.through)))
            places = [replace(worst, span=task.span, in_helper=True, fix=None)]
        found += [(task.name, blocker) for blocker in places]
    return found


def awaited_tasks(dag_file: DagFile) -> list[PythonTask]:
    """The async functions that Airflow awaits as tasks; none below 3.2, which awaits none."""
    if not dag_file.target.at_least(3, 2):
        return []
    return [task for task in dag_file.python_tasks if task.is_async and task.is_awaited]


def blocking_in_triggers(dag_file: DagFile) -> list[tuple[str, Blocker]]:
    """What blocks in `run` of the triggers that define it: the trigger's name, and each place."""
    return [
        (trigger.name, blocker)
        for trigger in dag_file.triggers
        if trigger.own_run is not None
        for blocker in blockers(dag_file, trigger.own_run)
    ]
