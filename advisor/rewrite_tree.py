"""Where the arguments of a call and the names of an import stand in their text: the only door to libcst."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst

from advisor.rewrite_patch import CannotRewrite

# Strings and comments, roughly: enough to tell code from text, also where an f-string holds its own quotes.
_OPAQUE = re.compile(
    r"""#[^\r\n]*|'{3}(?:[^\\]|\\.)*?'{3}|"{3}(?:[^\\]|\\.)*?"{3}"""
    r"""|'(?:[^'\\\r\n]|\\(?:\r\n|.))*'|"(?:[^"\\\r\n]|\\(?:\r\n|.))*\"""",
    re.DOTALL,
)
_DEEPER = re.compile(r"[\[({]|[\])}]|,|[.+\-*/%@|&^<>!~:]|\b(?:and|or|not|in|is|if|else|lambda|for|await)\b")
_DEEPEST = 200
"""libcst needs quadratic time and finally crashes on nesting that nobody writes by hand."""


@dataclass(frozen=True, slots=True)
class Item:
    """An argument of a call or a name of an import: offsets into the text it was parsed from.

    `name` is the keyword or the imported name ("" for a positional or starred argument), `bound` the name
    that an import binds, `name_end` where the keyword or name ends, `value` where an argument's value
    starts, `comma` where its comma stands (None without one).
    """

    start: int
    end: int
    name: str
    bound: str
    name_end: int
    value: int
    comma: int | None
    has_comment: bool

    @property
    def tail(self) -> int:
        """Where the item and its comma end."""
        return self.end if self.comma is None else self.comma + 1


@dataclass(frozen=True, slots=True)
class Call:
    """A call: `open` and `close` are the offsets of its parentheses."""

    items: list[Item]
    open: int
    close: int
    lone_generator: bool


@dataclass(frozen=True, slots=True)
class Import:
    """A `from … import …`: `module` with its leading dots, where it stands, and where its names do."""

    items: list[Item]
    module: str
    module_start: int
    module_end: int
    open: int
    close: int


def opaque(text: str) -> list[tuple[int, int]]:
    """Where the strings (f-strings whole) and comments of a file stand."""
    return [match.span() for match in _OPAQUE.finditer(text)]


def parse_call(text: str) -> Call:
    """The parts of `text`, which must be one call and nothing else.

    Raises:
        CannotRewrite: it is not, or libcst does not understand it.
    """
    _refuse_depth(text)
    module = _parse(f"({text})\n")  # in parentheses, lines may break anywhere in it
    call = _lone_expression(module)
    if not isinstance(call, libcst.Call) or len(call.lpar) != 1:
        raise CannotRewrite("what stands there is not a call")
    code = _Code(module, text)
    at = len(code.of(call.lpar[0])) - 1
    code.expect(at == 0)
    at += len(code.of(call.func)) + len(code.of(call.whitespace_after_func))
    opening = at
    at += 1 + len(code.of(call.whitespace_before_args))
    items = []
    for argument in call.args:
        bare = argument.with_changes(
            comma=libcst.MaybeSentinel.DEFAULT, whitespace_after_arg=libcst.SimpleWhitespace("")
        )
        start, end = at, at + len(code.of(bare))
        name_end, value = start, start
        if argument.keyword is not None and isinstance(argument.equal, libcst.AssignEqual):
            name_end = start + len(code.of(argument.keyword))
            value = name_end + len(code.of(argument.equal))
        at, comma = code.after(end, argument.comma)
        at += len(code.of(argument.whitespace_after_arg))
        items.append(
            Item(
                start,
                end,
                argument.keyword.value if argument.keyword else "",
                "",
                name_end,
                value,
                comma,
                "#" in text[value:end] and _has_comment(argument.value),
            )
        )
    code.expect(at == len(text) - 1 and text[opening] == "(" and text[at] == ")")
    first = call.args[0].value if call.args else None
    return Call(items, opening, at, isinstance(first, libcst.GeneratorExp) and not first.lpar)


def parse_import(text: str) -> Import:
    """The parts of `text`, which must be one `from … import …` statement and nothing else.

    Raises:
        CannotRewrite: it is not, it imports `*`, or libcst does not understand it.
    """
    module = _parse(text + "\n")
    line = module.body[0] if len(module.body) == 1 else None
    statement = line.body[0] if isinstance(line, libcst.SimpleStatementLine) and len(line.body) == 1 else None
    if not isinstance(statement, libcst.ImportFrom):
        raise CannotRewrite("what stands there is not a `from … import …` statement")
    if isinstance(statement.names, libcst.ImportStar):
        raise CannotRewrite("the import brings in every name of its module")
    code = _Code(module, text)
    module_start = len("from") + len(code.of(statement.whitespace_after_from))
    dots = "".join(code.of(dot) for dot in statement.relative)
    dotted = code.of(statement.module) if statement.module else ""
    module_end = module_start + len(dots + dotted)
    at = module_end + len(code.of(statement.whitespace_before_import)) + len("import")
    at += len(code.of(statement.whitespace_after_import))
    opening = at
    if statement.lpar is not None:
        opening = at + 1
        at += len(code.of(statement.lpar))
    items = []
    for alias in statement.names:
        bare = alias.with_changes(comma=libcst.MaybeSentinel.DEFAULT)
        start, end = at, at + len(code.of(bare))
        name_end = start + len(code.of(alias.name))
        name = "".join(code.of(alias.name).split())
        bound = (
            alias.asname.name.value if alias.asname and isinstance(alias.asname.name, libcst.Name) else name
        )
        at, comma = code.after(end, alias.comma)
        items.append(
            Item(
                start, end, name, bound, name_end, start, comma, "#" in text[start:end] and _has_comment(bare)
            )
        )
    closing = at
    if statement.rpar is not None:
        at += len(code.of(statement.rpar))
        closing = at - 1
    code.expect(at == len(text) and text.startswith("from"))
    name = re.sub(r"[\s\\]", "", dots + dotted)
    return Import(items, name, module_start, module_end, opening, closing)


class _Code:
    """The source of libcst's nodes, measured against the text that they were parsed from."""

    def __init__(self, module: libcst.Module, text: str) -> None:
        self._module = module
        self._text = text

    def of(self, node: libcst.CSTNode) -> str:
        return self._module.code_for_node(node)

    def after(self, end: int, comma: object) -> tuple[int, int | None]:
        """Where the text goes on after an item that ends at `end`, and where its comma stands."""
        if not isinstance(comma, libcst.Comma):
            return end, None
        where = end + len(self.of(comma.whitespace_before))
        self.expect(self._text[where : where + 1] == ",")
        return end + len(self.of(comma)), where

    def expect(self, right: bool) -> None:
        if not right:
            raise CannotRewrite("libcst reads the code in another way than it is written")


def _parse(text: str) -> libcst.Module:
    try:
        module = libcst.parse_module(text)
        code = module.code
    except libcst.ParserSyntaxError:
        raise CannotRewrite("libcst, which rewrites the code, can't parse it") from None
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of its native parser is a BaseException
        raise CannotRewrite(
            f"libcst, which rewrites the code, gave up on it ({type(error).__name__})"
        ) from None
    if code != text:
        raise CannotRewrite("libcst, which rewrites the code, would change its line ends or spaces")
    return module


def _lone_expression(module: libcst.Module) -> libcst.BaseExpression | None:
    line = module.body[0] if len(module.body) == 1 else None
    if isinstance(line, libcst.SimpleStatementLine) and len(line.body) == 1:
        expression = line.body[0]
        return expression.value if isinstance(expression, libcst.Expr) else None
    return None


def _has_comment(node: libcst.CSTNode) -> bool:
    pending: list[libcst.CSTNode] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, libcst.Comment):
            return True
        pending.extend(current.children)
    return False


def _refuse_depth(text: str) -> None:
    counts = [0]
    total = 0
    for token in _code_tokens(text):
        if token in "[({":
            counts.append(0)
        elif token in "])}":
            total -= counts.pop() if len(counts) > 1 else 0
        elif token == ",":
            total -= counts[-1]
            counts[-1] = 0
        else:
            counts[-1] += 1
            total += 1
        if total + len(counts) > _DEEPEST:
            raise CannotRewrite("the call is nested too deeply to be rewritten")


def _code_tokens(text: str) -> Iterator[str]:
    at = 0
    spans: Sequence[tuple[int, int]] = [*opaque(text), (len(text), len(text))]
    for start, end in spans:
        for match in _DEEPER.finditer(text, at, start):
            yield match[0]
        at = end
