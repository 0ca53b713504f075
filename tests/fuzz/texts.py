"""Texts to try: pieces of real DAG files, bent by lines, tokens and bytes, and calls made from a grammar."""

# ruff: noqa: E501

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from advisor.catalog.lookup import Catalog

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
_TOKEN = re.compile(r"\w+|\s+|'[^'\n]*'|\"[^\"\n]*\"|#[^\n]*|.", re.S)
_HEADS = (ast.Import, ast.ImportFrom)

ODD = [
    *"()[]{}:,=.#@;*\\'\"\0\t\f\v\r\n $`?!|&~%",
    "\r\n", "\ufeff", "\u2028", "\x1c", "\x85", "é", "ﬁ", "😀", "ª", "０", "\u200d", "\u202e", "\x1b[31m", "\ud800",
    "'''", '"""', "f'{", "f'{x!r:{y}}'", "rb'", "\\\n", "\\\r\n", "**", "->", ":=", "...", "==", "<>", "//=",
    "# dag-advisor: ignore[missing-deferrable] why", "# dag-advisor: ignore[", "# dag-advisor: ignore-file[ALL]",
    "# dag-advisor:", "# type: ignore", "# coding: latin-1\n", "# fmt: off",
    "deferrable=True", "deferrable=False", ", deferrable=x", "**kwargs", "*args", "mode='reschedule'",
    "timeout=60 * 60", "poke_interval=10 ** 10 ** 10", "default_args={'deferrable': True}", "1e999", "0x", "1_0_",
    "async ", "await ", "lambda: ", "yield ", "return ", "global x\n", "del x\n", "print 'x'\n", "match x:\n", "type X = int\n",
    "if TYPE_CHECKING:\n    ", "try:\n    ", "except:\n    ", "else:\n    ", "with x as y, z:\n    ", "class A(A): ",
    "def f(): ", "@task\n", "from x import *\n", "import airflow\n", "for x in y: ", "while True: ", "(" * 60, "[" * 120,
    "x if y else ", "not ", " or ", " and ", " in ", "f(", ".partial(", ".expand(", ".override(", ".defer(",
    "asyncio.sleep(60)", "time.sleep(60)", "self.", "super().", "timedelta(hours=1)", "S3KeySensor", "airflow",
]  # fmt: skip


@cache
def sources() -> list[str]:
    """The DAG files of this repository, as text."""
    folders = (ROOT / "fixtures", ROOT / "tests/data")
    found = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return [path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n") for path in found]


@cache
def pieces() -> list[tuple[str, list[str]]]:
    """Each file as its imports, and its other statements one by one."""
    found = []
    for text in sources():
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError):
            continue
        lines = text.splitlines(keepends=True)
        ends = [*(_first(node) - 1 for node in body[1:]), len(lines)]
        parts = ["".join(lines[_first(n) - 1 : end]) for n, end in zip(body, ends, strict=True)]
        head = "".join(part for part, node in zip(parts, body, strict=True) if isinstance(node, _HEADS))
        found.append((head, [p for p, node in zip(parts, body, strict=True) if not isinstance(node, _HEADS)]))
    return [(head, rest) for head, rest in found if rest]


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


@cache
def classes() -> list[str]:
    """Dotted names of operator classes, sorted: those that can defer, and some that can't."""
    found = sorted((facts.name, facts.deferral) for facts in Catalog.load().all())
    return [name for number, (name, deferral) in enumerate(found) if deferral != "never" or number % 20 == 0]


@st.composite
def parts(draw: st.DrawFn) -> str:
    """The imports of a real file and a few of its statements, perhaps with some of another one."""
    files = pieces()
    head, statements = files[draw(st.integers(0, len(files) - 1))]
    at, number = draw(st.integers(0, len(statements) - 1)), draw(st.integers(1, 4))
    text = head + "".join(statements[at : at + number])
    if draw(st.integers(0, 5)) == 0:
        head, statements = files[draw(st.integers(0, len(files) - 1))]
        text += head + statements[draw(st.integers(0, len(statements) - 1))]
    return text


PLACE = st.integers(0, 9_999)
CHANGE = st.tuples(st.integers(0, 15), PLACE, PLACE, st.sampled_from(ODD))


def bend(text: str, change: tuple[int, int, int, str]) -> str:
    """The text with one change; places are ten-thousandths of it."""
    kind, first, second, piece = change
    if kind <= 3:  # lines
        lines = text.splitlines(keepends=True) or [""]
        one, other = first * len(lines) // 10_000, second * len(lines) // 10_000
        if kind == 0:
            del lines[one : min(other, one + 4) + 1]
        elif kind == 1:
            lines.insert(other, lines[one])
        elif kind == 2:
            lines[one], lines[other] = lines[other], lines[one]
        else:
            indent = [" ", "    ", "\t", "\f", "if x:\n ", "# ", "\\\n"][second % 7]
            lines[one] = indent + lines[one]
        return "".join(lines)
    if kind <= 9:  # tokens
        tokens = _TOKEN.findall(text) or [""]
        one, other = first * len(tokens) // 10_000, second * len(tokens) // 10_000
        if kind == 4:
            del tokens[one : one + 1 + second % 3]
        elif kind == 5:
            tokens[one], tokens[other] = tokens[other], tokens[one]
        elif kind == 6:
            tokens[one] = piece
        elif kind == 7:
            tokens.insert(one, tokens[other])
        elif kind == 8:
            tokens[one] += piece
        else:
            tokens[one] = tokens[one].replace("True", "False").replace("\n", "\n" + piece)
        return "".join(tokens)
    at = first * (len(text) + 1) // 10_000
    if kind == 10:
        return text[:at] + piece + text[at:]
    if kind == 11:
        return text[:at] + text[at + 1 + second % 5 :]
    if kind == 12:
        return text[:at]
    if kind == 13:  # deeper
        depth = second % 120
        return text[:at] + "(" * depth + text[at:] + ")" * (depth if first % 2 else 0)
    if kind == 14:
        body = "".join(" " * (1 + second % 4) + line for line in text.splitlines(keepends=True))
        return ["if x:\n", "def f():\n", "async def f(a):\n", "class A:\n", "try:\n", "with x:\n"][
            second % 6
        ] + body
    name = ["é", "ﬁ", "Ａ", "_", "self", "task", "x" * 300, "деф", "match", "type"][second % 10]
    word = next(iter(re.findall(r"\w+", text[at:])), "x")
    return text.replace(word, name)


def encoded(text: str, kind: int) -> bytes:
    """The text as a file's bytes, in one of several ways to write line ends and encodings."""
    if kind == 1:
        text = text.replace("\n", "\r\n")
    elif kind == 2:
        text = text.replace("\n", "\r")
    elif kind == 3:
        text = text.replace("    ", "\t")
    elif kind == 4:
        text = text.rstrip("\n")
    elif kind == 5:
        text = text.replace("\n", "\r\n", 3)
    data = text.encode("utf-8", "surrogatepass")
    if kind == 6:
        return b"\xef\xbb\xbf" + data
    if kind == 7:
        return b"# coding: latin-1\n" + text.encode("latin-1", "replace")
    if kind == 8:
        return b"\f\n" + data
    return data


@st.composite
def files(draw: st.DrawFn, most: int = 4) -> bytes:
    """A Python file, or what is left of one."""
    text = draw(st.one_of(parts(), parts(), grown()))
    for change in draw(st.lists(CHANGE, max_size=most)):
        text = bend(text, change)
    data = encoded(text, draw(st.integers(0, 30)))
    if draw(st.integers(0, 20)) == 0 and data:
        at = draw(PLACE) * len(data) // 10_000
        data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
    return data


_INNER = re.compile(r"(?<=[(,=])|(?=[),=])")
_STYLES = [
    "\n",
    " ",
    "  # why\n",
    "\\\n",
    "\f",
    "\t",
    "\n\n",
    " \\\n ",
    "# dag-advisor: ignore[x] y\n",
    "# type: ignore\n",
]


@st.composite
def restyled(draw: st.DrawFn) -> bytes:
    """A piece of a real file with blanks, comments and line ends where Python mostly allows them."""
    text = draw(st.one_of(parts(), grown()))
    places = [match.start() for match in _INNER.finditer(text)]
    chosen = draw(st.lists(st.tuples(PLACE, st.sampled_from(_STYLES)), max_size=6))
    for place, style in sorted(chosen, reverse=True) if places else ():
        at = places[place * len(places) // 10_000]
        text = text[:at] + style + text[at:]
    return encoded(text, draw(st.integers(0, 16)))


# -- a grammar

NUMBERS = st.sampled_from(
    ["0", "1", "5", "60", "3600", "-1", "1.5", "1e3", "1_000", "True", "10 ** 9", "0x10"]
)
NAMES = st.sampled_from(["A", "B", "args", "common", "x", "dag", "ﬁ", "self.x", "cfg.A"])


def _binary(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "or", "and", "|", "<<", "=="])
    return st.tuples(inner, signs, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    keys = st.sampled_from(["'deferrable'", "'timeout'", "'mode'", "'a'", "A", "'poke_interval'"])
    pairs = st.lists(st.tuples(keys, inner).map(": ".join), max_size=3).map(", ".join)
    return st.one_of(
        _binary(inner),
        pairs.map(lambda t: f"{{{t}}}"),
        inner.map(lambda t: f"{{**common, {t}: 1}}"),
        pairs.map(lambda t: f"{{**args, {t}}}"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        inner.map(lambda t: f"timedelta(hours={t})"),
        inner.map(lambda t: f"td(seconds={t}).total_seconds()"),
        inner.map(lambda t: f"dict(deferrable={t}, **args)"),
        inner.map(lambda t: f"int({t})"),
        inner.map(lambda t: f"max({t}, 5)"),
        inner.map(lambda t: f"(lambda: {t})()"),
        inner.map(lambda t: f"(y := {t})"),
        inner.map(lambda t: f"f'{{{t}}}'"),
        inner.map(lambda t: f"-{t}"),
        inner.map(lambda t: f"not {t}"),
        inner.map(lambda t: f"[{t}][0]"),
        inner.map(lambda t: f"args[{t}]"),
        inner.map(lambda t: f"[{t} for x in A]"),
        inner.map(lambda t: f"(\n  {t}  # why\n)"),
    )


EXPRESSIONS: st.SearchStrategy[str] = st.recursive(
    st.one_of(NUMBERS, NAMES, st.sampled_from(["'a'", "'s3://a/{{ ds }}'", "None", "'reschedule'", "b'x'"])),
    _deeper,
    max_leaves=6,
)
KEYWORDS = st.sampled_from(
    [
        "deferrable",
        "mode",
        "timeout",
        "poke_interval",
        "wait_for_completion",
        "task_id",
        "default_args",
        "poll_interval",
        "retries",
        "execution_timeout",
        "bucket_key",
        "do_xcom_push",
        "soft_fail",
        "asynchronous",
        "x",
    ]
)
GAPS = st.sampled_from(["", "", " ", "\n    ", "  # why\n    ", "\\\n", "\n\n\t"])


@st.composite
def calls(draw: st.DrawFn, name: str) -> str:
    """A call of a class, in any layout, with any arguments."""
    given: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.integers(0, 9))
        value = draw(EXPRESSIONS)
        if kind == 0:
            given.append(f"**{value}")
        elif kind == 1:
            given.append(f"*{value}")
        elif kind == 2 and not given:
            given.append(value)
        else:
            equals = draw(st.sampled_from(["=", " = ", "=\\\n"]))
            given.append(f"{draw(KEYWORDS)}{equals}{value}")
    gap = draw(GAPS)
    inner = ("," + (gap or " ")).join(given) + draw(st.sampled_from(["", ",", ", ", ",  # last\n"]))
    method = draw(st.sampled_from(["", "", "", ".partial"]))
    more = f".expand(bucket_key={draw(EXPRESSIONS)})" if method else ""
    return f"{name}{method}({gap}{inner if given else ''}{draw(GAPS)}){more}"


@st.composite
def grown(draw: st.DrawFn) -> str:
    """A DAG file of calls in odd places."""
    known = classes()
    lines = ["from airflow import DAG", "from datetime import timedelta, timedelta as td", "import asyncio"]
    names = []
    for number in range(draw(st.integers(1, 2))):
        module, _, cls = draw(st.sampled_from(known)).rpartition(".")
        kind = draw(st.integers(0, 6))
        alias = f"Op{number}"
        if kind == 0:
            lines.append(f"import {module} as m{number}")
            names.append(f"m{number}.{cls}")
        elif kind == 1:
            lines.append(f"import {module}")
            names.append(f"{module}.{cls}")
        elif kind == 2:
            lines.append(f"try:\n    from {module} import {cls}\nexcept ImportError:\n    {cls} = None")
            names.append(cls)
        elif kind == 3:
            lines.append(f"from {module} import (\n    {cls} as {alias},  # why\n)")
            names.append(alias)
        elif kind == 4:
            lines.append(f"from {module} import {cls}\n{alias} = {cls}\nclass {alias}X({alias}): pass")
            names.append(draw(st.sampled_from([alias, f"{alias}X"])))
        else:
            lines.append(f"from {module} import {cls}")
            names.append(cls)
    for name in ("A", "args", "common"):
        if draw(st.booleans()):
            lines.append(f"{name} = {draw(EXPRESSIONS)}")
    if draw(st.integers(0, 3)) == 0:
        lines.append(
            draw(
                st.sampled_from(
                    ["args.update(common)", "args['mode'] = 'poke'", "args |= {'a': 1}", "A += 1"]
                )
            )
        )
    for _ in range(draw(st.integers(1, 3))):
        call = draw(calls(draw(st.sampled_from(names))))
        lines.append(_placed(call, draw(st.integers(0, 12))))
    return "\n".join(lines) + "\n"


def _placed(call: str, kind: int) -> str:
    return [
        "{0}",
        "x = {0}",
        "with DAG('a', default_args=args) as dag:\n    {0} >> dag",
        "with DAG('a', default_args={{'deferrable': True}}): {0}; pass",
        "for x in [1, 2]:\n    y = {0}",
        "@dag(default_args=args)\ndef d():\n    return {0}\nd()",
        "if x: {0}\nelse:\n\t{0}",
        "x = [{0} for x in A]",
        "def f(a=1, *args, **kw):\n    x = {0}; return x",
        "@task\nasync def f():\n    await {0}\n    await asyncio.sleep(A)",
        "class X:\n    a = {0}\n    def execute(self, context): return {0}.execute(context)",
        "x = lambda: {0}",
        "{0}; {0}  # dag-advisor: ignore[missing-deferrable, poke-sensor] why",
    ][kind].format(call)


def any_json() -> st.SearchStrategy[Any]:
    """What JSON can say, small."""
    leaves = st.one_of(st.none(), st.booleans(), st.integers(-3, 2**70), st.floats(), st.text(max_size=4))
    flat = st.one_of(
        leaves, st.lists(leaves, max_size=3), st.dictionaries(st.text(max_size=4), leaves, max_size=2)
    )
    return st.one_of(
        flat, st.lists(flat, max_size=2), st.dictionaries(st.sampled_from("rx"), flat, max_size=2)
    )
