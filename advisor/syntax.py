"""One parse of a file's text and where things stand in it: the only door to ast-grep."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from ast_grep_py import SgNode as Node
from ast_grep_py import SgRoot

from advisor.finding import Span
from advisor.python_parser import LINE_END, SyntaxFailure, accepts, confirm, looks_legacy

__all__ = [
    "COMPREHENSIONS",
    "EXTRAS",
    "Enclosure",
    "Node",
    "SyntaxFailure",
    "Tree",
    "arguments_of",
    "attribute_around",
    "dotted",
    "enclosing",
    "function_of",
    "is_async",
    "keyword_parts",
    "name_called",
    "name_of",
    "parse",
    "strip_parentheses",
    "verify",
]

_IMPORTS = frozenset({"import_statement", "import_from_statement"})
_FUNCTIONS = frozenset({"function_definition", "lambda"})
COMPREHENSIONS = frozenset(
    {"list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"}
)
# Named nodes that may stand between any two others and mean nothing.
EXTRAS = frozenset({"comment", "line_continuation"})
_ENCLOSING = frozenset({*_FUNCTIONS, *COMPREHENSIONS, "class_definition", "with_statement"})
MAX_ATTRIBUTES = 20  # of one dotted name; a node's parent costs as much as it is deep
_LEGACY_STATEMENTS = frozenset({"print_statement", "exec_statement"})
_CORNERS = ("ERROR", "block", "integer", "tuple_pattern")
# One walk of the tree finds everything that is asked for by kind. A walk costs a sixth of a parse whatever it finds, a
# rule with a regular expression as much again to compile, so there is one, with kinds only: a list of kinds compiles in
# a third of the time that a rule takes which says the same.
_WALK = ", ".join(("identifier", *sorted(_IMPORTS | _ENCLOSING | _LEGACY_STATEMENTS), *_CORNERS))
_WALK_WITH_STRINGS = f"{_WALK}, string_start"
_COMPOUND = frozenset(
    {
        "block",
        "case_clause",
        "class_definition",
        "decorated_definition",
        "elif_clause",
        "else_clause",
        "except_clause",
        "except_group_clause",
        "finally_clause",
        "for_statement",
        "function_definition",
        "if_statement",
        "match_statement",
        "try_statement",
        "while_statement",
        "with_statement",
    }
)
# The parts of a compound statement that have a header of their own, for suppressions.
_CLAUSES = frozenset(kind for kind in _COMPOUND if kind.endswith("_clause"))
# tree-sitter looks through all that is left of a run of comment lines, or of bare backslashes, at each line of it.
_LONG_RUN = 50  # lines
_MAX_BACKSLASHES = 1000  # lines
_COMMENTS = re.compile(rf"^[ \t\f]*#[^\n]*\n(?:[ \t\f]*(?:#[^\n]*|\r)?\n){{{_LONG_RUN},}}", re.MULTILINE)
_BACKSLASHES = re.compile(rf"^(?:[ \t]*\\\r?\n){{{_MAX_BACKSLASHES}}}", re.MULTILINE)
_NO_NEWLINE = re.compile(r"[^\n]+")
_LEGACY_STRING = re.compile(r"`|[uU][rR]['\"]")
_LEGACY_QUOTES = ("`", "ur'", 'ur"')


class Enclosure:
    """A definition, lambda, comprehension or `with` statement: where it starts, where its body does, where it ends.

    `outer` is the next one around it. The offsets count characters.
    """

    __slots__ = ("_body", "end", "kind", "node", "outer", "start")

    def __init__(self, node: Node, kind: str, outer: Enclosure | None) -> None:
        place = node.range()
        self.node, self.kind, self.outer = node, kind, outer
        self.start, self.end = place.start.index, place.end.index
        self._body = -1

    @property
    def body(self) -> int:
        """Where the body starts: of a comprehension, where it starts itself."""
        if self._body < 0:
            body = None if self.kind in COMPREHENSIONS else self.node.field("body")
            self._body = self.start if body is None else body.range().start.index
        return self._body


class Tree:
    """A parsed file: its text, the root node, what one walk finds, and spans by Python's idea of a line."""

    __slots__ = (
        "_enclosure_nodes",
        "_enclosures",
        "_line_starts",
        "_rows",
        "_starts_of_enclosures",
        "crooked",
        "imports",
        "memo",
        "occurrences",
        "root",
        "suspects",
        "text",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Node = SgRoot(_readable(text), "python").root()
        self._line_starts: list[int] | None = None
        self._rows: dict[Node, tuple[list[int], list[Node]]] = {}
        #: the import statements (`from __future__` left out), in the order of the text
        self.imports: list[Node] = []
        #: nodes that only stand where Python 3 may not be able to parse
        self.suspects: list[Node] = []
        #: whether some statement does not stand where the others of its block do
        self.crooked = _crooked(self.root.children(), 0)
        #: every identifier by its text: names, attributes and keywords, in the order of the text
        self.occurrences: dict[str, list[Node]] = {}
        #: what other rooms have found out about the whole file, by a name of theirs
        self.memo: dict[str, Any] = {}
        self._enclosure_nodes: list[tuple[Node, str]] = []
        self._enclosures: list[Enclosure] | None = None
        self._starts_of_enclosures: list[int] = []
        self._walk()

    def _walk(self) -> None:
        occurrences = self.occurrences
        legacy_strings = any(quotes in self.text for quotes in _LEGACY_QUOTES)
        found = self.root.find_all(kind=_WALK_WITH_STRINGS if legacy_strings else _WALK)
        for node, kind in zip(found, map(Node.kind, found), strict=True):
            if kind == "identifier":
                name = node.text()
                if name in occurrences:
                    occurrences[name].append(node)
                else:
                    occurrences[name] = [node]
            elif kind == "block":
                children = node.children()
                if not children:
                    self.suspects.append(node)
                elif not self.crooked:
                    self.crooked = _crooked(children, None)
            elif kind in _IMPORTS:
                self.imports.append(node)
            elif kind in _ENCLOSING:
                self._enclosure_nodes.append((node, kind))
            elif _suspect(node, kind):
                self.suspects.append(node)
        self.suspects += occurrences.pop("", ())  # names that tree-sitter filled in by itself

    def fresh(self) -> Tree:
        """The same tree with a memory of its own."""
        twin = object.__new__(Tree)
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.memo = {}
        return twin

    def around(self, node: Node) -> Iterator[Enclosure]:
        """The definitions, lambdas, comprehensions and `with` statements around `node`, from the inside out.

        Costs a binary search, however deep the expression is that `node` stands in.
        """
        if self._enclosures is None:
            self._enclosures = self._nest()
            self._starts_of_enclosures = [enclosure.start for enclosure in self._enclosures]
        place = node.range()
        start, end = place.start.index, place.end.index
        index = bisect_right(self._starts_of_enclosures, start) - 1
        found = self._enclosures[index] if index >= 0 else None
        while found is not None:
            if found.end >= end and (found.start != start or found.end != end):
                yield found
            found = found.outer

    def _nest(self) -> list[Enclosure]:
        enclosures: list[Enclosure] = []
        current: Enclosure | None = None
        for node, kind in self._enclosure_nodes:
            start = node.range().start.index
            while current is not None and current.end <= start:
                current = current.outer
            current = Enclosure(node, kind, current)
            enclosures.append(current)
        return enclosures

    def classes(self) -> list[Node]:
        """The class definitions of the file, in the order of the text."""
        return [node for node, kind in self._enclosure_nodes if kind == "class_definition"]

    def functions(self) -> list[Node]:
        """The function definitions of the file, in the order of the text."""
        return [node for node, kind in self._enclosure_nodes if kind == "function_definition"]

    def kinds(self, *kinds: str, under: Node | None = None) -> list[Node]:
        """All nodes of these kinds, in the order of the text."""
        return list((under or self.root).find_all(kind=", ".join(kinds)))

    def matching(self, rule: Any, under: Node | None = None) -> list[Node]:
        """All nodes that an ast-grep rule matches, in the order of the text."""
        return list((under or self.root).find_all({"rule": rule}))

    def line_of(self, offset: int) -> int:
        """The line, counted from 1, that holds this character."""
        return bisect_right(self._starts(), offset)

    def line_span(self, line: int) -> tuple[int, int]:
        """The offsets where this line starts and where the next one does."""
        starts = self._starts()
        return starts[line - 1], starts[line] if line < len(starts) else len(self.text)

    def statement_lines(self, offset: int) -> tuple[int, int]:
        """First and last line of the innermost statement that holds this character; for a compound, of its header."""
        node, statement = self.root, self.root
        while True:
            inner = self._child_at(node, offset)
            if inner is None:
                break
            kind = inner.kind()
            if kind in _CLAUSES or (node.kind() in ("module", "block") and kind != "comment"):
                statement = inner
            if kind not in _COMPOUND:
                break
            node = inner
        if statement == self.root:
            line = self.line_of(offset)
            return line, line
        span = self.span(statement)
        definition = statement.field("definition") or statement
        body = definition.field("body") or definition.field("consequence")
        if body is None and statement.kind() in _CLAUSES:
            body = next((child for child in statement.children() if child.kind() == "block"), None)
        last = self.line_of(body.range().start.index) if body is not None else span.end_line
        if body is not None and last > span.line:
            head = self.text[span.start : body.range().start.index].rstrip()
            last = self.line_of(span.start + len(head))
        return span.line, last

    def span(self, node: Node, last: Node | None = None) -> Span:
        """The span from the start of `node` to its end (or to the end of `last`)."""
        start, end = node.range().start, (last or node).range().end
        return Span(start.index, end.index, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def span_at(self, start: int, end: int) -> Span:
        """The span between two character offsets."""
        starts = self._starts()
        line, end_line = bisect_right(starts, start), bisect_right(starts, end)
        return Span(start, end, line, start - starts[line - 1] + 1, end_line, end - starts[end_line - 1] + 1)

    def _child_at(self, node: Node, offset: int) -> Node | None:
        known = self._rows.get(node)
        if known is None:
            children = node.children()
            known = self._rows[node] = ([child.range().start.index for child in children], children)
        starts, children = known
        index = bisect_right(starts, offset) - 1
        return children[index] if index >= 0 and children[index].range().end.index > offset else None

    def _starts(self) -> list[int]:
        if self._line_starts is None:
            if "\r" in self.text:
                self._line_starts = [0, *(m.end() for m in LINE_END.finditer(self.text))]
            else:
                lengths = accumulate(map(len, self.text.split("\n")[:-1]), initial=0)
                self._line_starts = [length + line for line, length in enumerate(lengths)]
        return self._line_starts


def _readable(text: str) -> str:
    """A stand-in that tree-sitter reads well; it has the same length, so every offset holds."""
    if "\r" in text:
        text = re.sub(r"\r(?!\n)", "\n", text)  # tree-sitter ends lines at LF only
    if text.count("#") > _LONG_RUN:
        text = _COMMENTS.sub(lambda run: _NO_NEWLINE.sub(lambda line: " " * len(line[0]), run[0]), text)
    return text


def _crooked(statements: list[Node], column: int | None) -> bool:
    """Whether one of these statements of a block starts in another column than the first (or than `column`)."""
    row = -1
    for statement in statements:
        place = statement.range()
        start = place.start
        if start.line != row:
            if column is None:
                column = start.column
            elif start.column != column and statement.kind() not in ("comment", "block"):
                return True
        row = place.end.line
    return False


def _suspect(node: Node, kind: str) -> bool:
    """Whether Python 3 may not be able to parse this node, which tree-sitter did."""
    if kind == "integer":
        text = node.text()
        octal = text[0] == "0" and text[1:2].isdigit() and text.strip("0_") != ""
        return octal or text[-1] in "lL"
    if kind == "string_start":
        return _LEGACY_STRING.match(node.text()) is not None
    if kind == "tuple_pattern":
        parent = node.parent()
        return parent is not None and parent.kind() in ("parameters", "lambda_parameters")
    return True


def parse(text: str) -> Tree:
    """Parse a file's decoded text.

    Raises SyntaxFailure for what Python 3 cannot parse. Syntax newer than the running Python's is no failure as long
    as tree-sitter knows it. Python's own parser costs nearly as much as tree-sitter's and is only asked on suspicion;
    what neither the tree nor the text hints at is let through (`f(a=1, b)`).
    """
    if text.count("\\") >= _MAX_BACKSLASHES and (run := _BACKSLASHES.search(text)):
        message = f"{_MAX_BACKSLASHES} lines in a row hold nothing but a backslash"
        raise SyntaxFailure(message, text.count("\n", 0, run.start()) + 1, 1)
    try:
        tree = Tree(text)
    except UnicodeEncodeError as error:  # a lone surrogate
        raise SyntaxFailure(str(error), 1, 1) from None
    if tree.suspects or tree.crooked or "async" in tree.occurrences or looks_legacy(text):
        confirm(text, _lines(tree.suspects))
    return tree


def _lines(nodes: list[Node]) -> list[int]:
    return [node.range().start.line + 1 for node in nodes]


def verify(text: str) -> None:
    """Find out whether Python can parse a text that is not looked into further; raises SyntaxFailure.

    Costs half of `parse`, which is asked only where the running Python may be too old for the code.
    """
    if not accepts(text):
        confirm(text, _lines(parse(text).suspects))


def dotted(node: Node) -> str | None:
    """`a.b.c` of an identifier or a chain of attributes, None for anything else."""
    parts: list[str] = []
    current: Node | None = node
    while current is not None and current.kind() == "attribute":
        name = current.field("attribute")
        if name is None or len(parts) > MAX_ATTRIBUTES:
            return None
        parts.append(name.text())
        current = current.field("object")
    if current is None or current.kind() != "identifier":
        return None
    parts.append(current.text())
    return ".".join(reversed(parts))


def arguments_of(call: Node) -> list[Node]:
    """The argument nodes of a call, comments left out. A lone generator counts as one argument."""
    arguments = call.field("arguments")
    if arguments is None:
        return []
    if arguments.kind() != "argument_list":
        return [arguments]
    return [child for child in arguments.named_children() if child.kind() not in EXTRAS]


def attribute_around(node: Node) -> tuple[Node, Node | None]:
    """The longest `node.a.b` that starts with a node, and what stands around it; chains that nobody writes are cut."""
    parent = node.parent()
    for _ in range(MAX_ATTRIBUTES):
        if parent is None or parent.kind() != "attribute" or parent.field("object") != node:
            break
        node, parent = parent, parent.parent()
    return node, parent


def keyword_parts(argument: Node) -> tuple[str, Node] | None:
    """Name and value of a keyword argument, None for other arguments."""
    if argument.kind() != "keyword_argument":
        return None
    name, value = argument.field("name"), argument.field("value")
    return (name.text(), value) if name is not None and value is not None else None


def name_of(definition: Node) -> str:
    """The name of a function or class; "" where there is none."""
    name = definition.field("name")
    return name.text() if name is not None else ""


def is_async(definition: Node) -> bool:
    """Whether a function is an `async def`."""
    first = definition.child(0)
    return first is not None and first.kind() == "async"


def name_called(call: Node) -> str:
    """`get` of `session.get(…)` and of `get(…)`; "" where anything else than a name is called."""
    function = call.field("function")
    if function is None:
        return ""
    name = function.field("attribute") if function.kind() == "attribute" else function
    return name.text() if name is not None and name.kind() == "identifier" else ""


def strip_parentheses(node: Node) -> Node:
    """The expression inside any number of parentheses."""
    while node.kind() == "parenthesized_expression":
        inner = [child for child in node.named_children() if child.kind() not in EXTRAS]
        if len(inner) != 1:
            return node
        node = inner[0]
    return node


def enclosing(node: Node, *kinds: str) -> Iterator[Node]:
    """The nodes of these kinds around `node`, from the inside out."""
    for ancestor in node.ancestors():
        if ancestor.kind() in kinds:
            yield ancestor


def function_of(node: Node) -> Node | None:
    """The innermost function or lambda around `node`."""
    for ancestor in node.ancestors():
        if ancestor.kind() in _FUNCTIONS:
            return ancestor
    return None
