"""Whether a trigger's `run` sends an event: what kind of function it is, what it yields, which ways end without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from advisor.flow import Readable
from advisor.records import dataclass
from advisor.syntax import EXTRAS, Node, function_of, strip_parentheses

if TYPE_CHECKING:
    from advisor.lineage import Method

#: what is wrong with a `run`: see `judge`
Wrong: TypeAlias = Literal["returns", "sync", "coroutine", "value"]

_LITERALS = {
    "dictionary": "a dict",
    "string": "a text",
    "concatenated_string": "a text",
    "list": "a list",
    "set": "a set",
    "tuple": "a tuple",
    "expression_list": "a tuple",
    "integer": "a number",
    "float": "a number",
    "true": "True",
    "false": "False",
    "none": "None",
    "dictionary_comprehension": "a dict",
    "list_comprehension": "a list",
}
_CANCELLED = re.compile(r"Cancel|GeneratorExit|KeyboardInterrupt|SystemExit")
_MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Judged:
    """One thing that is wrong: where, which, and what is yielded instead of an event ("value" only)."""

    node: Node
    wrong: Wrong
    what: str = ""


def judge(method: Method) -> Judged | None:
    """What is certainly wrong with a `run`; None where it may send its event.

    "returns": it returns an event in place of yielding it. "sync": it is a plain generator or function. "coroutine":
    it is `async def` and yields nothing. "value": what it yields is no event.
    """
    node = method.node
    if method.decorators or is_stub(method):
        return None
    file = method.layer.file
    name = node.field("name") or node
    yields = [one for one in file.tree.kinds("yield", under=node) if function_of(one) == node]
    is_async = node.children()[0].kind() == "async"
    if not yields:
        for value in _returned(file, node):
            if _makes_event(value):
                return Judged(value, "returns")
        if is_async:
            return Judged(name, "coroutine")
        # A plain function may hand on the generator of another: `return self._poll()`.
        return None if any(True for _ in _returned(file, node)) else Judged(name, "sync")
    if not is_async:
        return Judged(name, "sync")
    for one in yields:
        if not _is_after_the_end(one):
            what = _no_event(file, one)
            if what:
                return Judged(one, "value", what)
    return None


def is_stub(method: Method) -> bool:
    """Whether a body only says that another class has the real one: `pass`, `...`, `raise NotImplementedError`."""
    body = method.node.field("body")
    statements = (
        [child for child in body.named_children() if child.kind() not in EXTRAS] if body is not None else []
    )
    for statement in statements:
        kind = statement.kind()
        if kind == "raise_statement":
            return True
        inner = statement.named_children()
        if (
            kind == "expression_statement"
            and inner
            and inner[0].kind() in ("string", "ellipsis", "concatenated_string")
        ):
            continue
        if kind != "pass_statement":
            return False
    return True


def _returned(file: Readable, function: Node) -> Iterator[Node]:
    for statement in file.tree.kinds("return_statement", under=function):
        values = [child for child in statement.named_children() if child.kind() not in EXTRAS]
        if values and function_of(statement) == function:
            yield strip_parentheses(values[0])


def _makes_event(value: Node) -> bool:
    function = value.field("function") if value.kind() == "call" else None
    return function is not None and function.text().rpartition(".")[2] == "TriggerEvent"


def _no_event(file: Readable, one: Node) -> str:
    """What is yielded, where that is certainly no event; else ""."""
    values = [child for child in one.named_children() if child.kind() not in EXTRAS]
    if not values:
        return "None"
    value = strip_parentheses(values[0])
    if value.kind() == "identifier":
        if value.text() == "TriggerEvent":
            return "the class itself"
        bindings = file.names.lookup(value)
        only = bindings[0] if len(bindings) == 1 and bindings[0].kind == "assign" else None
        value = strip_parentheses(only.value) if only is not None and only.value is not None else value
    return _LITERALS.get(value.kind(), "")


def _is_after_the_end(node: Node) -> bool:
    """Whether a `yield` stands where nothing comes to: it only makes the function a generator."""
    child = node
    for ancestor in node.ancestors():
        if ancestor.kind() == "block":
            for statement in ancestor.named_children():
                if statement == child:
                    break
                if statement.kind() in (
                    "raise_statement",
                    "return_statement",
                    "continue_statement",
                    "break_statement",
                ):
                    return True
        if ancestor.kind() == "if_statement":
            test = ancestor.field("condition")
            if test is not None and test.text() in ("False", "0", "TYPE_CHECKING"):
                return True
        if ancestor.kind() in ("function_definition", "lambda"):
            return False
        child = ancestor
    return False


class Ways:
    """The ways through a `run` that end without an event: falling off the end, or a `return` before any `yield`.

    Only what the text says: a loop goes on until its test fails for a reason that sent the event, one of the branches
    of `if … elif …` is taken, and what is left after a cancellation is left on purpose.
    """

    def __init__(self, method: Method) -> None:
        self._function = method.node
        tree = method.layer.file.tree
        self._yields = [
            one for one in tree.kinds("yield", under=method.node) if function_of(one) == method.node
        ]
        self._breaks = False
        self._origin = method.node.field("name") or method.node
        #: the `return` statements, and the last statement that lets a run fall off its end, with no event sent
        self.ends: list[Node] = []
        body = method.node.field("body")
        if body is not None and self._yields and self._block(body, 0):
            self.ends.append(self._origin)

    def _sends(self, node: Node) -> bool:
        return any(_is_inside(one, node) for one in self._yields)

    def _block(self, block: Node, depth: int) -> bool:
        """Whether the end of a block can be reached with nothing sent."""
        for statement in block.named_children():
            if statement.kind() not in EXTRAS and not self._statement(statement, depth + 1):
                return False
        return True

    def _statement(self, node: Node, depth: int) -> bool:
        kind = node.kind()
        if depth > _MAX_DEPTH:
            return False
        if kind == "return_statement":
            if not self._sends(node):
                self.ends.append(node)
            return False
        if kind == "break_statement":
            self._breaks = True
            return False
        if kind in ("raise_statement", "continue_statement"):
            return False
        if kind == "if_statement":
            return self._if(node, depth)
        if kind in ("while_statement", "for_statement"):
            return self._loop(node, depth)
        if kind == "try_statement":
            return self._try(node, depth)
        if kind == "with_statement":
            body = node.field("body")
            return body is None or self._block(body, depth)
        return not self._sends(node)

    def _if(self, node: Node, depth: int) -> bool:
        through = False
        body = node.field("consequence")
        if body is not None and self._block(body, depth):
            through = True
        others = node.field_children("alternative")
        for other in others:
            inner = other.field("consequence") or other.field("body")
            if inner is not None and self._block(inner, depth):
                through = True
        if others or through:
            return through
        if self._sends(node) and not all(_is_inside(one, node) for one in self._yields):
            return False  # one of several tests, which may leave nothing out
        self._origin = node
        return True

    def _loop(self, node: Node, depth: int) -> bool:
        outer, self._breaks = self._breaks, False
        body, test, other = node.field("body"), node.field("condition"), node.field("alternative")
        if body is not None:
            self._block(body, depth)
        broken, self._breaks = self._breaks, outer
        forever = node.kind() == "while_statement" and test is not None and test.text() in ("True", "1")
        if node.kind() == "for_statement" and any(child.kind() == "async" for child in node.children()):
            over = not self._sends(node)  # the events of another generator, handed on
        elif node.kind() == "while_statement" and not forever and self._sends(node):
            over = False
        elif body is not None and self._always_sends(body):
            over = False  # whether there is anything to go over is not to be seen
        else:
            over = not forever
            if over:
                self._origin = node
        # What stands in the `else` of a loop runs whenever the loop has come to its end.
        otherwise = other.field("body") if other is not None else None
        if over and otherwise is not None:
            over = self._block(otherwise, depth)
        return broken or over

    def _always_sends(self, body: Node) -> bool:
        """Whether a block sends an event by a statement of its own: `for event in events: yield event`."""
        statements = [one for one in body.named_children() if one.kind() == "expression_statement"]
        return any(self._sends(one) for one in statements)

    def _try(self, node: Node, depth: int) -> bool:
        body = node.field("body")
        through = body is not None and self._block(body, depth)
        last: Node | None = None
        for child in node.named_children():
            kind = child.kind()
            blocks = [one for one in child.named_children() if one.kind() == "block"]
            if kind in ("except_clause", "except_group_clause") and blocks:
                caught = "".join(one.text() for one in child.named_children() if one.kind() != "block")
                ends = list(self.ends)
                if _CANCELLED.search(caught):
                    self._block(blocks[0], depth)
                    self.ends = ends
                elif self._block(blocks[0], depth):
                    through, self._origin = True, child
            elif kind == "else_clause" and through and blocks:
                through = self._block(blocks[0], depth)
            elif kind == "finally_clause" and blocks:
                last = blocks[0]
        if last is not None:
            return self._block(last, depth) and through
        return through


def _is_inside(node: Node, around: Node) -> bool:
    place = around.range()
    return place.start.index <= node.range().start.index < place.end.index
