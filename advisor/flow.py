"""What goes on inside of one loop: which names get which values there, and on which tests the way out depends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Protocol

from advisor.folded import seconds
from advisor.names import Names
from advisor.records import dataclass
from advisor.syntax import Node, Tree, function_of, strip_parentheses
from advisor.values import Values

_LOOPS = frozenset({"while_statement", "for_statement"})
_COMPREHENSIONS = frozenset({"list_comprehension", "set_comprehension", "generator_expression"})
_NARROWING = frozenset({"remove", "discard"})
_CHANGING = frozenset(
    {"append", "add", "update", "extend", "insert", "clear", "pop", "popleft", "popitem", "set", *_NARROWING}
)
_PATTERNS = frozenset(
    {"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "parenthesized_expression"}
)
_LEAVING = ("continue_statement", "break_statement", "return_statement")
_HANDLERS = frozenset({"except_clause", "except_group_clause", "finally_clause"})


class Readable(Protocol):
    """A parsed file: a DAG file or a first-party module that it imports."""

    path: str
    tree: Tree
    names: Names
    values: Values


@dataclass(frozen=True, slots=True)
class Source:
    """One way in which a name gets its value in the loop.

    `node` is the statement (or call) that gives it, `value` what goes in, `tests` the conditions that it stands under.
    `builds` says that the old value stays part of the new one; `narrows` that only members are taken away.
    """

    node: Node
    value: Node | None
    tests: tuple[Node, ...]
    builds: bool = False
    narrows: bool = False


class Flow:
    """The values, tests and exits of one `while` or `for`, in the function that holds it.

    `known` tells what parameters are worth, in seconds or as a count, where somebody knows how the function is called.
    """

    def __init__(
        self, file: Readable, loop: Node, known: Callable[[Node], float | None] | None = None
    ) -> None:
        self.file = file
        self.loop = loop
        self._known = known
        self.function = function_of(loop)
        self.sources: dict[str, list[Source]] = {}
        #: whether the loop only tries again until nothing fails; filled in by who judges that
        self.tries_again: bool | None = None
        #: the calls that pause between two turns; filled in by who judges that
        self.pauses: list[Node] = []
        self._read_sources()

    @cached_property
    def is_async(self) -> bool:
        """Whether the loop stands in a coroutine, where only what is awaited runs."""
        first = self.function.child(0) if self.function is not None else None
        return first is not None and first.kind() == "async"

    def worth(self, node: Node) -> float | None:
        """The number or the seconds that an expression stands for; None where that isn't known."""
        value = seconds(self.file.values.fold(node))
        return value if value is not None or self._known is None else self._known(node)

    def own(self, *kinds: str, under: Node | None = None) -> list[Node]:
        """The nodes of these kinds in the loop (or a part of it) that its own function evaluates."""
        return [
            node
            for node in self.file.tree.kinds(*kinds, under=under or self.loop)
            if node != self.loop and function_of(node) == self.function
        ]

    # -- values

    def _read_sources(self) -> None:
        for node in self.own(
            "assignment", "augmented_assignment", "named_expression", "as_pattern", "for_statement", "call"
        ):
            kind = node.kind()
            if kind in ("assignment", "augmented_assignment"):
                value, builds = node.field("right"), kind == "augmented_assignment"
                for name in _targets(node.field("left")):
                    narrows = _narrows(name, node, value)
                    self._add(name, Source(node, value, self.tests(node), builds, narrows))
            elif kind == "named_expression":
                for name in _targets(node.field("name")):
                    self._add(name, Source(node, node.field("value"), self.tests(node)))
            elif kind == "as_pattern":
                for child in node.children():
                    if child.kind() == "as_pattern_target":
                        for name in _targets(child.child(0)):
                            self._add(name, Source(node, node.child(0), self.tests(node)))
            elif kind == "for_statement":
                left = node.field("left")
                for name in _targets(left) if left is not None else ():
                    self._add(name, Source(left or node, node.field("right"), self.tests(node)))
            else:
                self._add_change(node)

    def _add_change(self, call: Node) -> None:
        """`pending.remove(job)` changes `pending`."""
        function = call.field("function")
        method = function.field("attribute") if function is not None else None
        holder = function.field("object") if function is not None else None
        if method is None or holder is None or method.text() not in _CHANGING:
            return
        for name in _targets(holder):
            narrows = method.text() in _NARROWING
            self._add(name, Source(call, call.field("arguments"), self.tests(call), True, narrows))

    def _add(self, name: str, source: Source) -> None:
        self.sources.setdefault(name, []).append(source)

    def closure(self, expressions: Iterable[Node]) -> list[Node]:
        """These expressions and all that goes into the names in them, in this loop."""
        ahead, seen, names = list(expressions), [], set[str]()
        while ahead:
            expression = ahead.pop()
            seen.append(expression)
            for name in self.names_in(expression):
                if name.text() in self.sources and name.text() not in names:
                    names.add(name.text())
                    for source in self.sources[name.text()]:
                        ahead += source.tests
                        if source.value is not None:
                            ahead.append(source.value)
        return seen

    def names_in(self, expression: Node) -> list[Node]:
        """The names that an expression reads."""
        found = []
        for node in self.file.tree.kinds("identifier", under=expression):
            parent = node.parent()
            kind = parent.kind() if parent is not None else ""
            if parent is not None and kind == "attribute" and parent.field("object") != node:
                continue
            if parent is not None and kind == "keyword_argument" and parent.field("name") == node:
                continue
            found.append(node)
        return found

    @cached_property
    def varying(self) -> frozenset[str]:
        """Names whose value in one turn comes from the turn before: a cursor, a page number, the next address."""
        feeds: dict[str, set[str]] = {}
        for name, sources in self.sources.items():
            for source in sources:
                for read in self.names_in(source.value) if source.value is not None else ():
                    if not _identifies(read):
                        feeds.setdefault(read.text(), set()).add(name)
        uses: dict[str, list[Node]] = {}
        for node in self.names_in(self.loop):
            if node.text() in self.sources and not _is_target(node):
                uses.setdefault(node.text(), []).append(node)
        ahead = [
            name for name, sources in self.sources.items() if self._is_carried(sources, uses.get(name, []))
        ]
        carried = set(ahead)
        while ahead:
            more = feeds.get(ahead.pop(), set()) - carried
            carried |= more
            ahead += more
        return frozenset(carried)

    def varies(self, expression: Node, varying: frozenset[str]) -> bool:
        """Whether an expression reads one of these names for more than to tell which thing it is (`job.id`)."""
        return any(node.text() in varying and not _identifies(node) for node in self.names_in(expression))

    def _is_carried(self, sources: list[Source], uses: list[Node]) -> bool:
        if all(source.narrows for source in sources):
            return False
        if any(source.builds and not source.narrows for source in sources):
            return True
        given = min(source.node.range().end.index for source in sources)
        targets = {source.node.range().start.index for source in sources}
        return any(
            node.range().start.index < given
            and node.range().start.index not in targets
            and function_of(node) == self.function
            for node in uses
        )

    # -- ways out

    def tests(self, node: Node) -> tuple[Node, ...]:
        """The conditions inside of the loop that decide whether `node` is reached."""
        found: list[Node] = []
        child = node
        for ancestor in node.ancestors():
            if ancestor == self.loop:
                break
            kind = ancestor.kind()
            if kind in ("if_statement", "elif_clause", "while_statement"):
                test = ancestor.field("condition")
                if test is not None and test != child:
                    found.append(test)
            elif kind == "match_statement":
                found += [subject for subject in ancestor.field_children("subject") if subject != child]
                if not ancestor.field_children("subject"):
                    named = ancestor.named_children()
                    found += named[:1]
            elif kind == "for_statement":
                right = ancestor.field("right")
                if right is not None and right != child:
                    found.append(right)
            if kind == "else_clause":
                outer = ancestor.parent()
                if outer is not None and outer.kind() in _LOOPS:
                    found += _conditions(self.own("if_statement", "elif_clause", under=outer.field("body")))
            child = ancestor
        return tuple(found)

    @cached_property
    def exits(self) -> list[tuple[Node, tuple[Node, ...]]]:
        """The statements that end the loop, `raise` left out, and the tests that each stands under."""
        found = []
        for node in self.own("break_statement", "return_statement"):
            if node.kind() == "return_statement" or self.loop_around(node) == self.loop:
                found.append((node, (*self.tests(node), *self.tests_before(node))))
        return found

    def tests_before(self, node: Node) -> list[Node]:
        """The conditions of statements before `node` that may end its turn: `if state == "running": …; continue`."""
        found: list[Node] = []
        child = node
        for ancestor in node.ancestors():
            if ancestor == self.loop:
                break
            for statement in ancestor.named_children() if ancestor.kind() == "block" else ():
                if statement == child:
                    break
                if statement.kind() == "if_statement" and self.own(*_LEAVING, under=statement):
                    found += _conditions([statement, *self.own("elif_clause", under=statement)])
            child = ancestor
        return found

    @cached_property
    def raises(self) -> list[tuple[Node, tuple[Node, ...]]]:
        """The `raise` statements outside of handlers, and the tests that each stands under."""
        return [(node, self.tests(node)) for node in self.own("raise_statement") if not self.in_handler(node)]

    def loop_around(self, node: Node) -> Node | None:
        """The innermost loop whose body a statement belongs to."""
        return loop_around(node)

    def in_handler(self, node: Node) -> bool:
        """Whether a node of the loop only runs after something has failed (or at the very end)."""
        for ancestor in node.ancestors():
            if ancestor == self.loop:
                return False
            if ancestor.kind() in _HANDLERS:
                return True
        return False

    @property
    def condition(self) -> Node | None:
        """The test of a `while`; None for a `for` and for `while True`."""
        test = self.loop.field("condition") if self.loop.kind() == "while_statement" else None
        if test is None:
            return None
        return None if strip_parentheses(test).text() in ("True", "1") else strip_parentheses(test)


def loop_around(node: Node) -> Node | None:
    """The innermost loop of the same function that repeats `node`."""
    child = node
    for ancestor in node.ancestors():
        kind = ancestor.kind()
        if kind in ("function_definition", "lambda", "class_definition"):
            return None
        if kind == "while_statement" and child.kind() != "else_clause":
            return ancestor
        if kind == "for_statement" and child == ancestor.field("body"):
            return ancestor
        child = ancestor
    return None


def _targets(node: Node | None) -> Iterator[str]:
    """The names that an assignment's left side binds or changes (of `a.b` and `a[0]` that is `a`)."""
    ahead = [node]
    while ahead:
        target = ahead.pop()
        if target is None:
            continue
        kind = target.kind()
        if kind == "identifier":
            yield target.text()
        elif kind == "attribute":
            ahead.append(target.field("object"))
        elif kind == "subscript":
            ahead.append(target.field("value"))
        elif kind in _PATTERNS:
            ahead += target.named_children()


def _is_target(node: Node) -> bool:
    parent = node.parent()
    while parent is not None and parent.kind() in ("pattern_list", "tuple_pattern", "list_pattern"):
        node, parent = parent, parent.parent()
    if parent is None:
        return False
    if parent.kind() in ("assignment", "for_statement", "for_in_clause"):
        return parent.field("left") == node
    return parent.kind() == "as_pattern_target" or (
        parent.kind() == "named_expression" and parent.field("name") == node
    )


def _narrows(name: str, statement: Node, value: Node | None) -> bool:
    """Whether a name is given a selection of its own members: `jobs = [job for job in jobs if …]`, `jobs -= done`."""
    if statement.kind() == "augmented_assignment":
        operator = statement.field("operator")
        return (
            operator is not None and operator.text() == "-=" and value is not None and not _is_number(value)
        )
    if value is None or value.kind() not in _COMPREHENSIONS:
        return False
    clauses = [child for child in value.named_children() if child.kind() == "for_in_clause"]
    if len(clauses) != 1:
        return False
    right, left, body = clauses[0].field("right"), clauses[0].field("left"), value.field("body")
    if right is None or left is None or body is None:
        return False
    zipped = right.kind() == "call" and any(
        n.text() == name for n in right.find_all({"rule": {"kind": "identifier"}})
    )
    return (right.text() == name or zipped) and body.text() in left.text()


def _is_number(value: Node) -> bool:
    return value.kind() in ("integer", "float", "call", "binary_operator") or value.text().isupper()


_IDENTITY = ("id", "name", "arn", "key", "uuid", "uid", "guid", "pk", "ref")


def _identifies(node: Node) -> bool:
    """Whether a name is read for `.id`, `.name`, `["job_id"]` only, which stay what they are from turn to turn."""
    parent = node.parent()
    if parent is None:
        return False
    text = ""
    if parent.kind() == "attribute":
        attribute = parent.field("attribute")
        text = attribute.text() if attribute is not None else ""
    elif parent.kind() == "subscript":
        keys = parent.field_children("subscript")
        text = keys[0].text().strip("'\"") if len(keys) == 1 and keys[0].kind() == "string" else ""
    word = text.lower()
    if any(part in word for part in ("next", "cursor", "last", "page", "token", "offset")):
        return False
    return word in _IDENTITY or word.rpartition("_")[2] in _IDENTITY or text.endswith(("Id", "Arn", "Name"))


def _conditions(nodes: Iterable[Node]) -> list[Node]:
    return [test for node in nodes if (test := node.field("condition")) is not None]
