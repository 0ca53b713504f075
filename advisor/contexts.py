"""Where a piece of a DAG file runs: in which task, DAG or group, in which loop, or only when a task runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from advisor.names import Names
from advisor.syntax import Node, enclosing, function_of, keyword_parts

_TASK = re.compile(r"airflow\.(?:decorators|sdk)(?:\.\w+)*?\.task((?:\.\w+)*)$")
_DAG = re.compile(r"airflow\.(?:decorators|sdk|models)(?:\.\w+)*?\.dag$")
_GROUP = re.compile(r"airflow\.(?:decorators|sdk)(?:\.\w+)*?\.task_group$")
_DAG_CLASS = re.compile(r"airflow\.(?:\w+\.)*DAG$")
_GROUP_CLASS = re.compile(r"airflow\.(?:\w+\.)*TaskGroup$")
_OPERATOR_BASE = re.compile(r"airflow\.(?:\w+\.)*\w*(?:Operator|Sensor|Mixin|Hook|Trigger|Notifier)\w*$")
_RUN_METHODS = frozenset({"execute", "poke", "pre_execute", "post_execute", "on_kill", "run"})
_CALLABLES = re.compile(r"(?:python_callable|\w*_callable|\w*_callback|callback|callable)$")
_COMPREHENSIONS = (
    "list_comprehension",
    "set_comprehension",
    "dictionary_comprehension",
    "generator_expression",
)
_LOOPS = frozenset({"for_statement", "while_statement", *_COMPREHENSIONS})


class Contexts:
    """Answers where the nodes of one file run."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._run_time: dict[Node, bool] = {}

    def decorators(self, function: Node) -> Iterator[tuple[str, Node]]:
        """The resolved dotted name of each decorator of a function, and the decorator's expression."""
        parent = function.parent()
        if parent is None or parent.kind() != "decorated_definition":
            return
        for child in parent.children():
            if child.kind() != "decorator":
                continue
            expressions = [part for part in child.named_children() if part.kind() != "comment"]
            if not expressions:
                continue
            called = expressions[0].field("function") if expressions[0].kind() == "call" else expressions[0]
            paths = self._names.candidates(called) if called is not None else ()
            for path in paths:
                yield path, expressions[0]

    def task_flavour(self, function: Node) -> str | None:
        """ "" for a function under `@task`, "branch" under `@task.branch`, ...; None for a function that is no task."""
        for path, _ in self.decorators(function):
            match = _TASK.match(path)
            if match:
                return match[1].lstrip(".")
        return None

    def runs_with_a_task(self, node: Node) -> bool:
        """Whether `node` stands in code that only runs when a task (or a test) does, not when the DAG is parsed."""
        return any(
            self._is_run_time(function) for function in enclosing(node, "function_definition", "lambda")
        )

    def _is_run_time(self, function: Node) -> bool:
        known = self._run_time.get(function)
        if known is None:
            self._run_time[function] = False  # a function that calls itself ends here
            known = self._run_time[function] = self._decide_run_time(function)
        return known

    def _decide_run_time(self, function: Node) -> bool:
        parent = function.parent()
        if function.kind() == "lambda":
            keyword = keyword_parts(parent) if parent is not None else None
            return keyword is not None and _CALLABLES.match(keyword[0]) is not None
        name_node = function.field("name")
        name = name_node.text() if name_node is not None else ""
        if name.startswith("test_") or self.task_flavour(function) is not None:
            return True
        owner = _class_of(function)
        if owner is not None:
            return self._in_operator(owner, name) or _is_test(owner)
        calls = 0
        for reference in self._names.references(name) if name else ():
            around = reference.parent()
            if around is None:
                continue
            keyword = keyword_parts(around)
            if keyword is not None and _CALLABLES.match(keyword[0]):
                return True
            if around.kind() == "call" and around.field("function") == reference:
                if not self.runs_with_a_task(around):
                    return False  # called while the DAG is parsed
                calls += 1
        return calls > 0

    def _in_operator(self, owner: Node, method: str) -> bool:
        bases = class_bases(owner)
        for base in bases:
            for path in self._names.candidates(base):
                if _OPERATOR_BASE.match(path) or path.startswith("astronomer."):
                    return True
        return bool(bases) and method in _RUN_METHODS

    def is_operator_class(self, owner: Node) -> bool:
        """Whether a class derives from something of Airflow's that runs as a task, straight or in this file."""
        return self._operator_class(owner, 0)

    def _operator_class(self, owner: Node, depth: int) -> bool:
        for base in class_bases(owner):
            paths = self._names.candidates(base)
            if any(re.search(r"(?:Operator|Sensor|OperatorAsync|SensorAsync)$", p) for p in paths):
                return True
            if base.kind() == "identifier" and depth < 5:
                for binding in self._names.lookup(base):
                    if binding.kind == "class" and binding.value is not None and binding.value != owner:
                        return self._operator_class(binding.value, depth + 1)
        return False

    def holders(self, node: Node) -> Iterator[Node]:
        """The calls that make the DAG and the groups that hold `node`, from the inside out: `DAG(…)`, `@dag(…)`, …"""
        for ancestor in node.ancestors():
            kind = ancestor.kind()
            if kind == "with_statement":
                for item in reversed(_with_items(ancestor)):
                    made = self._made_by(item)
                    if made is not None:
                        yield made
            elif kind == "function_definition":
                for path, expression in self.decorators(ancestor):
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


def in_loop(node: Node) -> bool:
    """Whether `node` is evaluated once a turn of a loop or comprehension of its own function."""
    child = node
    for ancestor in node.ancestors():
        kind = ancestor.kind()
        if kind in ("function_definition", "lambda", "class_definition"):
            return False
        if kind == "for_in_clause":
            return in_loop_after(ancestor)
        if kind in _LOOPS and not _evaluated_once(ancestor, kind, child):
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
    for method in ("execute", "poke"):
        for used in names.tree.occurrences.get(method, ()):
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
