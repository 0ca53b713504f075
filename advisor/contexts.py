"""Where a piece of a DAG file runs: in which task, DAG or group, in which loop, or only when a task runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from advisor.names import Names
from advisor.syntax import COMPREHENSIONS, Node, dotted, function_of, keyword_parts

_TASK = re.compile(r"airflow\.(?:decorators|sdk)(?:\.\w+)*?\.(?:task((?:\.\w+)*)|(?:setup|teardown)())$")
_ASSET = re.compile(r"airflow\.sdk(?:\.\w+)*\.asset(?:\.multi)?$")
# A decorator of this spelling whose name can't be resolved is one of the project's own around Airflow's.
_LIKE_TASK = re.compile(r"(?:\w+\.)*task(?:\.\w+)*$")
_FIXTURE = re.compile(r"(?:pytest\.|pytest_asyncio\.)?fixture$")
_RUNS_LATER = re.compile(r"\w*(?:Operator|Sensor|Mixin|Hook|Trigger|Notifier|Listener)(?:Async)?$")
_DAG = re.compile(r"airflow\.(?:decorators|sdk|models)(?:\.\w+)*?\.dag$")
_GROUP = re.compile(r"airflow\.(?:decorators|sdk)(?:\.\w+)*?\.task_group$")
_DAG_CLASS = re.compile(r"airflow\.(?:\w+\.)*DAG$")
_GROUP_CLASS = re.compile(r"airflow\.(?:\w+\.)*TaskGroup$")
_OPERATOR_BASE = re.compile(r"airflow\.(?:\w+\.)*\w*(?:Operator|Sensor|Mixin|Hook|Trigger|Notifier)\w*$")
_RUN_METHODS = frozenset({"execute", "poke", "pre_execute", "post_execute", "on_kill", "run"})
_CALLABLES = re.compile(r"(?:python_callable|\w*_callable|\w*_callback|callback|callable)$")
# What a function may be wrapped in on its way to an argument.
_PASSES_ON = frozenset(
    {"argument_list", "list", "tuple", "parenthesized_expression", "conditional_expression"}
)
_FEW = 12
_MAX_DEPTH = 30
_LOOPS = frozenset({"for_statement", "while_statement", *COMPREHENSIONS})


class Contexts:
    """Answers where the nodes of one file run."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._run_time: dict[Node, bool] = {}
        self._makers: dict[Node, list[Node]] = {}
        self._depth = 0

    def decorators(self, function: Node) -> Iterator[tuple[str, Node]]:
        """The resolved dotted name of each decorator of a function, and the decorator's expression."""
        for expression in decorator_expressions(function):
            called = expression.field("function") if expression.kind() == "call" else expression
            for path in self._names.candidates(called) if called is not None else ():
                yield path, expression

    def makes_dag(self) -> bool:
        """Whether the file makes a DAG anywhere: `DAG(…)` or a function under `@dag`."""
        tree = self._names.tree
        for name in [local.local for local in self._names.imports if local.name in ("DAG", "dag")] + [
            "DAG",
            "dag",
        ]:
            for node in tree.occurrences.get(name, ()):
                called, parent = node, node.parent()
                while parent is not None and parent.kind() == "attribute":
                    called, parent = parent, parent.parent()
                is_used = parent is not None and parent.kind() in ("call", "decorator")
                if is_used and any(
                    _DAG.match(path) or _DAG_CLASS.match(path) for path in self._names.candidates(called)
                ):
                    return True
        return False

    def task_flavour(self, function: Node) -> str | None:
        """ "" for a function under `@task`, "branch" under `@task.branch`, ...; None for a function that is no task."""
        for path, _ in self.decorators(function):
            match = _TASK.match(path)
            if match:
                return (match[1] or "").lstrip(".")
        return None

    def runs_with_a_task(self, node: Node) -> bool:
        """Whether `node` stands in code that only runs when a task (or a test) does, not when the DAG is parsed."""
        start = node.range().start.index
        return any(
            around.kind in ("function_definition", "lambda")
            and start >= around.body
            and self._is_run_time(around.node)
            for around in self._names.tree.around(node)
        )

    def _is_run_time(self, function: Node) -> bool:
        known = self._run_time.get(function)
        if known is None:
            if self._depth >= _MAX_DEPTH:
                return True  # called through so many functions that silence is the better guess
            self._run_time[function] = False  # a function that calls itself ends here
            self._depth += 1
            known = self._run_time[function] = self._decide_run_time(function)
            self._depth -= 1
        return known

    def _decide_run_time(self, function: Node) -> bool:
        if function.kind() == "lambda":
            return self._handed_over(function)
        name_node = function.field("name")
        name = name_node.text() if name_node is not None else ""
        decorated = self._by_decorator(function)
        if decorated is not None:
            return decorated
        if name.startswith("test_"):
            return True
        owner = _class_of(function)
        if owner is not None:
            return self._in_operator(owner, name) or _is_test(owner) or self._method_handed_over(name)
        calls = 0
        for reference in self._names.references(name) if name else ():
            if not self._is_of(reference, function):
                continue
            if self._handed_over(reference):
                return True
            around = reference.parent()
            if around is not None and around.kind() == "call" and around.field("function") == reference:
                if not self.runs_with_a_task(around):
                    return False  # called while the DAG is parsed
                calls += 1
        return calls > 0

    def _by_decorator(self, function: Node) -> bool | None:
        """Whether a function's decorators say that a task (or a test) runs it; None where they say nothing."""
        for expression in decorator_expressions(function):
            called = expression.field("function") if expression.kind() == "call" else expression
            if called is None:
                continue
            paths = self._names.candidates(called)
            if any(_DAG.match(path) or _GROUP.match(path) for path in paths):
                return False
            if any(_TASK.match(path) or _ASSET.match(path) or _FIXTURE.match(path) for path in paths):
                return True
            written = dotted(called)
            if written is None or any(path.startswith("airflow.") for path in paths):
                continue
            if _LIKE_TASK.match(written) or _FIXTURE.match(written):
                return True
        return None

    def _is_of(self, reference: Node, function: Node) -> bool:
        """Whether a name read here is that of this function, and not of another one of the same name."""
        return any(binding.value == function for binding in self._names.lookup(reference)[:_FEW])

    def _handed_over(self, node: Node) -> bool:
        """Whether a function is given away here for a task to call: `python_callable=f`, `partial(f)`, `task(f)`."""
        for _ in range(_FEW):
            parent = node.parent()
            if parent is None:
                return False
            kind = parent.kind()
            if kind == "keyword_argument":
                keyword = keyword_parts(parent)
                if keyword is None or keyword[1] != node:
                    return False
                if _CALLABLES.match(keyword[0]):
                    return True
            elif kind == "pair":
                key = parent.field("key")
                return key is not None and _CALLABLES.match(key.text().strip("\"'")) is not None
            elif kind == "call":
                function = parent.field("function")
                if function is None or function == node:
                    return False
                called = function.field("function") if function.kind() == "call" else function
                if called is not None and any(_TASK.match(path) for path in self._names.candidates(called)):
                    return True
            elif kind not in _PASSES_ON:
                return False
            node = parent
        return False

    def _method_handed_over(self, name: str) -> bool:
        """Whether some method of this name is given away to be called by a task: `python_callable=self.load`."""
        for used in self._names.tree.occurrences.get(name, ()):
            attribute = used.parent()
            if attribute is not None and attribute.kind() == "attribute" and self._handed_over(attribute):
                return True
        return False

    def _in_operator(self, owner: Node, method: str) -> bool:
        bases = class_bases(owner)
        for base in bases:
            for path in self._names.candidates(base):
                if _OPERATOR_BASE.match(path) or path.startswith("astronomer."):
                    return True
            written = dotted(base)
            if written is not None and _RUNS_LATER.match(written.rpartition(".")[2]):
                return True
        return bool(bases) and method in _RUN_METHODS

    def holders(self, node: Node) -> Iterator[Node]:
        """The calls that make the DAG and the groups that hold `node`, from the inside out: `DAG(…)`, `@dag(…)`, …"""
        start = node.range().start.index
        for around in self._names.tree.around(node):
            if start < around.body:
                continue
            if around.kind in ("with_statement", "function_definition"):
                if around.node not in self._makers:
                    self._makers[around.node] = list(self._makers_at(around.node, around.kind))
                yield from self._makers[around.node]

    def _makers_at(self, node: Node, kind: str) -> Iterator[Node]:
        if kind == "with_statement":
            for item in reversed(_with_items(node)):
                made = self._made_by(item)
                if made is not None:
                    yield made
            return
        for path, expression in self.decorators(node):
            if expression.kind() == "call" and (_DAG.match(path) or _GROUP.match(path)):
                yield expression

    def dag_of_argument(self, value: Node) -> Node | None:
        """The `DAG(…)` call behind the value of a `dag=` or `task_group=` argument."""
        return self._made_by(value)

    def _made_by(self, node: Node) -> Node | None:
        if node.kind() == "as_pattern":
            inner = node.child(0)
            if inner is None:
                return None
            node = inner
        if node.kind() == "identifier":
            bindings = self._names.lookup(node)
            if len(bindings) != 1 or bindings[0].kind not in ("assign", "with") or bindings[0].value is None:
                return None
            node = bindings[0].value
        if node.kind() != "call":
            return None
        function = node.field("function")
        for path in self._names.candidates(function) if function is not None else ():
            if _DAG_CLASS.match(path) or _GROUP_CLASS.match(path):
                return node
        return None


def decorator_expressions(function: Node) -> Iterator[Node]:
    """The expressions behind the `@` of a function's decorators."""
    parent = function.parent()
    if parent is None or parent.kind() != "decorated_definition":
        return
    for child in parent.children():
        if child.kind() == "decorator":
            yield from [part for part in child.named_children() if part.kind() != "comment"][:1]


def in_loop(node: Node) -> bool:
    """Whether `node` is evaluated once a turn of a loop or comprehension of its own function."""
    child = node
    for ancestor in node.ancestors():
        kind = ancestor.kind()
        if kind in ("function_definition", "lambda", "class_definition"):
            return False
        if kind == "for_in_clause":
            return in_loop_after(ancestor)
        if kind in _LOOPS and not _evaluated_once(ancestor, kind, child) and not _one_turn(ancestor):
            return True
        child = ancestor
    return False


def in_loop_after(clause: Node) -> bool:
    """Whether the comprehension around this clause is itself in a loop."""
    comprehension = clause.parent()
    return comprehension is not None and in_loop(comprehension)


def _evaluated_once(loop: Node, kind: str, child: Node) -> bool:
    if kind == "for_statement":
        return child != loop.field("body")
    return kind == "while_statement" and child.kind() == "else_clause"


def _one_turn(loop: Node) -> bool:
    """Whether a loop goes over a written list of one: `for region in ["eu"]`."""
    clauses = [loop] if loop.kind() == "for_statement" else loop.named_children()
    over = [c.field("right") for c in clauses if c.kind() in ("for_statement", "for_in_clause")]
    return bool(over) and all(node is not None and _holds_one(node) for node in over)


def _holds_one(node: Node) -> bool:
    items = [item.kind() for item in node.named_children() if item.kind() != "comment"]
    return node.kind() in ("list", "tuple", "set") and len(items) == 1 and items != ["list_splat"]


def class_bases(owner: Node) -> list[Node]:
    """The base class expressions of a class definition, keywords left out."""
    bases = owner.field("superclasses")
    if bases is None:
        return []
    return [child for child in bases.named_children() if child.kind() not in ("comment", "keyword_argument")]


def _class_of(function: Node) -> Node | None:
    """The class whose method a function is."""
    for ancestor in function.ancestors():
        if ancestor.kind() == "class_definition":
            return ancestor
        if ancestor.kind() in ("function_definition", "lambda"):
            return None
    return None


def _is_test(owner: Node) -> bool:
    name = owner.field("name")
    return (name is not None and name.text().startswith("Test")) or any(
        base.text().endswith("TestCase") for base in class_bases(owner)
    )


def _with_items(statement: Node) -> list[Node]:
    items: list[Node] = []
    for clause in statement.children():
        if clause.kind() == "with_clause":
            for item in clause.named_children():
                value = item.field("value")
                if value is not None:
                    items.append(value)
    return items


def executed_inline(names: Names, call: Node) -> bool:
    """Whether the operator that `call` makes is run by hand: `Op(…).execute(context)`, also through a name."""
    parent = call.parent()
    if parent is None:
        return False
    if parent.kind() == "attribute":
        method = parent.field("attribute")
        return method is not None and method.text() in ("execute", "poke", "run")
    if parent.kind() not in ("assignment", "named_expression") or call not in (
        parent.field("right"),
        parent.field("value"),
    ):
        return False
    target = parent.field("left") or parent.field("name")
    if target is None:
        return False
    scope, name = function_of(call), target.text()
    for ran_by in ("execute", "poke"):
        for used in names.tree.occurrences.get(ran_by, ()):
            attribute = used.parent()
            holder = attribute.field("object") if attribute is not None else None
            caller = attribute.parent() if attribute is not None else None
            if (
                holder is not None
                and caller is not None
                and caller.kind() == "call"
                and holder.text() == name
                and (target.kind() == "attribute" or function_of(holder) == scope)
            ):
                return True
    return False
