"""One parse of a file's text and where things stand in it: the only door to ast-grep."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from ast_grep_py import SgNode as Node
from ast_grep_py import SgRoot

from advisor.finding import Span

__all__ = [
    "Node",
    "SyntaxFailure",
    "Tree",
    "arguments_of",
    "dotted",
    "enclosing",
    "function_of",
    "keyword_parts",
    "parse",
    "strip_parentheses",
    "verify",
]

_IMPORTS = frozenset({"import_statement", "import_from_statement"})
# One walk of the tree finds the imports and what tree-sitter lets through but Python 3 does not: statements of
# Python 2, and holes that it filled by itself. A walk costs a sixth of a parse and Python's own parser nearly a whole
# one, so Python is only asked on suspicion, and before anything is said about a file (`confirm`).
_FIRST_WALK: Any = {
    "rule": {
        "any": [
            *({"kind": kind} for kind in (*sorted(_IMPORTS), "ERROR", "print_statement", "exec_statement")),
            {"kind": "block", "regex": "^$"},
            {"kind": "parameters", "regex": "[^)]$"},
        ]
    }
}
_LEGACY = re.compile(r"except [^:\n#(]*,\s*[a-z_]\w*\s*:|raise [\w.]+,|<>")
_FUNCTIONS = frozenset({"function_definition", "lambda"})


class SyntaxFailure(Exception):  # noqa: N818
    """Python cannot parse the text. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Tree:
    """A parsed file: its text, the root node, and spans by Python's idea of a line."""

    __slots__ = ("_line_starts", "imports", "root", "suspects", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # tree-sitter ends lines at LF only; the stand-in has the same length, so every offset holds.
        readable = re.sub(r"\r(?!\n)", "\n", text) if "\r" in text else text
        self.root: Node = SgRoot(readable, "python").root()
        self._line_starts: list[int] | None = None
        #: the import statements (`from __future__` left out), in the order of the text
        self.imports: list[Node] = []
        #: nodes that only stand where Python 3 may not be able to parse
        self.suspects: list[Node] = []
        for node in self.root.find_all(_FIRST_WALK):
            (self.imports if node.kind() in _IMPORTS else self.suspects).append(node)

    def kinds(self, *kinds: str, under: Node | None = None) -> list[Node]:
        """All nodes of these kinds, in the order of the text."""
        rule: Any = {"kind": kinds[0]} if len(kinds) == 1 else {"any": [{"kind": kind} for kind in kinds]}
        return list((under or self.root).find_all({"rule": rule}))

    def matching(self, rule: Any, under: Node | None = None) -> list[Node]:
        """All nodes that an ast-grep rule matches, in the order of the text."""
        return list((under or self.root).find_all({"rule": rule}))

    def identifiers(self, names: Iterable[str], under: Node | None = None) -> list[Node]:
        """All identifiers that are one of `names`, in the order of the text."""
        pattern = "^(?:" + "|".join(sorted(names)) + ")$"
        return list((under or self.root).find_all({"rule": {"kind": "identifier", "regex": pattern}}))

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
            inner = next((c for c in node.children() if _holds(c, offset)), None)
            if inner is None:
                break
            if node.kind() in ("module", "block") and inner.kind() != "comment":
                statement = inner
            node = inner
        if statement == self.root:
            line = self.line_of(offset)
            return line, line
        span = self.span(statement)
        definition = statement.field("definition") or statement
        body = definition.field("body") or definition.field("consequence")
        last = self.line_of(body.range().start.index) if body is not None else span.end_line
        if body is not None and last > span.line:
            head = self.text[span.start : body.range().start.index].rstrip()
            last = self.line_of(span.start + len(head))
        return span.line, last

    def span(self, node: Node, last: Node | None = None) -> Span:
        """The span from the start of `node` to its end (or to the end of `last`)."""
        return self.span_at(node.range().start.index, (last or node).range().end.index)

    def span_at(self, start: int, end: int) -> Span:
        """The span between two character offsets."""
        starts = self._starts()
        line, end_line = bisect_right(starts, start), bisect_right(starts, end)
        return Span(start, end, line, start - starts[line - 1] + 1, end_line, end - starts[end_line - 1] + 1)

    def _starts(self) -> list[int]:
        if self._line_starts is None:
            self._line_starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", self.text))]
        return self._line_starts


def parse(text: str) -> Tree:
    """Parse a file's decoded text.

    Raises SyntaxFailure for what Python 3 cannot parse. Syntax newer than the running Python's is no failure as long
    as tree-sitter knows it.
    """
    tree = Tree(text)
    if tree.suspects:
        confirm(text, believe=False)
    elif _LEGACY.search(text):
        confirm(text)
    return tree


def confirm(text: str, *, believe: bool = True) -> None:
    """Ask Python's own parser, which is stricter than tree-sitter; raises SyntaxFailure like `parse`.

    With `believe`, an error that may only mean that the running Python is older than the code is passed over.
    """
    import symtable
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            symtable.symtable(text, "<dag>", "exec")
    except SyntaxError as error:
        if not (believe and _may_be_newer(error, text)):
            message = error.msg or "invalid syntax"
            raise SyntaxFailure(message, error.lineno or 1, max(error.offset or 1, 1)) from None
    except ValueError as error:
        raise SyntaxFailure(str(error), 1, 1) from None
    except (RecursionError, MemoryError):
        pass  # too deep for Python's parser on this machine, which tells nothing about the file


# What no later Python allows either. Anything else that tree-sitter accepts may be syntax of a newer Python.
_MISTAKES = (
    "Missing parentheses",
    "assign",
    "backquote",
    "inconsistent use of tabs",
    "invalid decimal literal",
    "leading zeros",
    "never closed",
    "positional argument follows",
    "unmatched",
    "unterminated",
)


def _may_be_newer(error: SyntaxError, text: str) -> bool:
    if isinstance(error, IndentationError) or any(mistake in error.msg for mistake in _MISTAKES):
        return False
    # `except ValueError, TypeError:` came with Python 3.14, `except ValueError, e:` is Python 2's.
    line = text.splitlines()[(error.lineno or 1) - 1 : error.lineno or 1]
    return not (
        line
        and re.search(
            r"<>|`|except [^:]*,\s*[a-z_]\w*\s*:|^\s*raise [\w.]+,|\bur['\"]|^\s*async\s*=|\bdef \w+\(.*\(",
            line[0],
        )
    )


def verify(text: str) -> None:
    """Find out whether Python can parse a text that is not looked into further; raises SyntaxFailure.

    Costs two thirds of `parse`, which is asked only where the running Python may be too old for the code.
    """
    try:
        confirm(text, believe=False)
    except SyntaxFailure:
        parse(text)
        confirm(text)


def _holds(node: Node, offset: int) -> bool:
    place = node.range()
    return place.start.index <= offset < place.end.index


def dotted(node: Node) -> str | None:
    """`a.b.c` of an identifier or a chain of attributes, None for anything else."""
    parts: list[str] = []
    current: Node | None = node
    while current is not None and current.kind() == "attribute":
        name = current.field("attribute")
        if name is None or len(parts) > 20:
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
    return [child for child in arguments.named_children() if child.kind() != "comment"]


def keyword_parts(argument: Node) -> tuple[str, Node] | None:
    """Name and value of a keyword argument, None for other arguments."""
    if argument.kind() != "keyword_argument":
        return None
    name, value = argument.field("name"), argument.field("value")
    return (name.text(), value) if name is not None and value is not None else None


def strip_parentheses(node: Node) -> Node:
    """The expression inside any number of parentheses."""
    while node.kind() == "parenthesized_expression":
        inner = [child for child in node.named_children() if child.kind() != "comment"]
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
