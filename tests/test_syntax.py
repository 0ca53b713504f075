"""The door to ast-grep: what is readable, where things stand, and that no text can hang or crash it."""

from __future__ import annotations

import sys
import time

import pytest

from advisor.syntax import SyntaxFailure, Tree, dotted, parse, verify

NEWER = {
    "match": "match x:\n    case {'a': 1, **rest} if y:\n        pass\n    case [1, *_] | P(x=0) as p:\n        pass\n",
    "type alias": "type A = int\ntype B[T] = list[T]\n",
    "type parameters": "def f[T: int, *Ts, **P](x: T) -> T: ...\nclass C[T]: ...\n",
    "type parameter defaults": "def f[T = str](x: T) -> T: ...\n",
    "quotes in f-string": 'x = f"{a["b"]}"\n',
    "nested f-strings": 'x = f"{f"{f"{1}"}"}"\n',
    "lines in f-string": "x = f'{a\n + b}'\n",
    "comment in f-string": "x = f'{a # why\n}'\n",
    "backslash in f-string": "x = f'{\"\\n\".join(a)}'\n",
    "except without parentheses": "try:\n    pass\nexcept KeyError, ValueError:\n    pass\n",
    "except group": "try:\n    pass\nexcept* OSError as e:\n    pass\n",
    "template string": "x = t'hello {name}'\n",
    "with in parentheses": "with (open('a') as a, open('b') as b,):\n    pass\n",
    "starred index": "x[*a, *b]\ndef f(*args: *Ts): ...\n",
    "lazy import": "lazy import json\nlazy from x import y\n",
}
# text, the line that is named
UNREADABLE = {
    "print statement": ("x = 1\nprint 'x'\n", 2),
    "exec statement": ("exec 'x' in d\n", 1),
    "backticks": ("x = `y`\n", 1),
    "unequal": ("if a <> b:\n    pass\n", 1),
    "except comma": ("try:\n    pass\nexcept KeyError, e:\n    pass\n", 3),
    "except tuple comma": ("try:\n    pass\nexcept (A, B), e:\n    pass\n", 3),
    "raise comma": ("raise ValueError, 'x'\n", 1),
    "octal": ("import os\nos.chmod('a', 0755)\n", 2),
    "long": ("x = 10L\n", 1),
    "ur prefix": ("x = ur'a'\n", 1),
    "tuple parameter": ("def f(a, (b, c)):\n    pass\n", 1),
    "tuple parameter of a lambda": ("x = lambda (a, b): a\n", 1),
    "async as a name": ("f(async=True)\n", 1),
    "tab after spaces": ("if x:\n        a = 1\n\tb = 2\n", 3),
    "unexpected indent": ("a = 1\n   b = 2\n", 2),
    "indented from the start": ("  a = 1\n", 1),
    "dedent between levels": ("if x:\n        a\n    b\n", 3),
    "no body": ("def f():\n\nx = 1\n", 3),
    "no colon": ("if x\n    a\n", 1),
    "open bracket": ("a = 1\nf(a\n", 2),
    "open string": ("x = 'abc\n", 1),
    "name left out": ("x = 1\ny = x.(3)\n", 2),
    "empty replacement field": ("x = f'{}'\n", 1),
    "merge conflict": ("a = 1\n<<<<<<< HEAD\nb = 1\n=======\nb = 2\n>>>>>>> x\n", 2),
    "Jinja": ("{% for i in x %}\ny = 1\n{% endfor %}\n", 1),
    "notebook magic": ("%matplotlib inline\n", 1),
    "lone surrogate": ("x = '\ud800'\n", 1),
}


@pytest.mark.parametrize("text", NEWER.values(), ids=NEWER)
def test_syntax_newer_than_the_running_python_is_readable(text: str) -> None:
    parse(text)
    verify(text)


@pytest.mark.parametrize(("text", "line"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_python_3_cannot_parse_is_unreadable_and_its_line_named(text: str, line: int) -> None:
    for ask in (parse, verify):
        with pytest.raises(SyntaxFailure) as caught:
            ask(text)
        assert caught.value.line == line
        assert caught.value.column >= 1
        assert caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# only a comment",
        "x = 1",
        "print >>sys.stderr, 'x'\n",
        "print\nexec\nprint('x')\nmatch = type = case = 1\n",
        "x = '<>'  # a <> b, `c`\n'''\nexcept A, e:\nraise E, 1\nprint 'x'\n'''\n",
        "if x:\n\ta = 1\n\tif y:\n\t\tb = 2\n",
        "if x:\n    a = 1; b = 2\n        # a comment anywhere\n    c = 3\n",
        "\x0cimport a\n\x0c\nx = 1\n",
        "if x: a = 1; b = 2\nfor i in y: pass\n",
        "x = (1,\n  2)\ny = [\n3]\n",
        "class A:\n  '''doc'''\n  x = 0\n\n  def f(self): return 00\n",
        "x = \\\n    1\n",
        "if x:\n    pass\n  # a comment between\nelse:\n    pass\n",
        "match x:\n    # first\n    case 1: pass\n    case 2:\n        pass\n",
        "jinja = {{ a.b }}\n",
        "try:\n    pass\nexcept (A, b):\n    pass\nexcept c as d: print(d, e)\n",
    ],
)
def test_readable_texts_are_read(text: str) -> None:
    parse(text)
    verify(text)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_pythons_whatever_ends_them(newline: str) -> None:
    text = newline.join(["import a", "", "x = a(", "    '😀', b)", "y = 1", ""])
    tree = parse(text)
    call = tree.kinds("call")[0]
    span = tree.span(call)
    assert (span.line, span.column, span.end_line, span.end_column) == (3, 5, 4, 12)
    assert text[span.start : span.end].startswith("a(")
    assert text[span.start : span.end].endswith("b)")


def test_mixed_newlines_form_feeds_and_separators_count_as_python_counts_them() -> None:
    text = "a = 1\r\nb = '\u2028\x85'\rc = 2\n\x0cd = 3\n"
    tree = parse(text)
    lines = {node.text(): tree.span(node).line for node in tree.kinds("identifier")}
    assert lines == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert [tree.line_of(start) for start, _ in map(tree.line_span, (1, 2, 3, 4))] == [1, 2, 3, 4]


def test_columns_count_characters() -> None:
    tree = parse("x = '😀é'; y = 1\n")
    spans = {node.text(): tree.span(node).column for node in tree.kinds("identifier")}
    assert spans == {"x": 1, "y": 11}


def test_around_names_what_encloses_a_node_from_the_inside_out() -> None:
    text = (
        "class A:\n    def f(self, x=lambda a: b):\n        with c as d:\n            return [e for g in h]\n"
    )
    tree = parse(text)
    found = {name: [one.kind for one in tree.around(tree.occurrences[name][0])] for name in "beh"}
    assert found == {
        "b": ["lambda", "function_definition", "class_definition"],
        "e": ["list_comprehension", "with_statement", "function_definition", "class_definition"],
        "h": ["list_comprehension", "with_statement", "function_definition", "class_definition"],
    }
    assert (
        next(iter(tree.around(tree.occurrences["A"][0]))).body > tree.occurrences["A"][0].range().start.index
    )


def test_the_lines_of_a_statement_are_those_of_the_innermost_or_of_a_header() -> None:
    text = "def f(\n    a,\n):\n    x = g(\n        a\n    )\n    return x\n"
    tree = parse(text)
    assert tree.statement_lines(text.index("a,")) == (1, 3)
    assert tree.statement_lines(text.index("a\n    )")) == (4, 6)
    assert tree.statement_lines(text.index("return")) == (7, 7)


def test_dotted_reads_chains_of_attributes_only() -> None:
    tree = parse("a.b.c\na().b\na[0].b\n")
    assert [dotted(node) for node in tree.kinds("attribute")] == ["a.b.c", "a.b", None, None]


DEEP = 10_000
HUGE = {
    "parentheses": "x = " + "(" * DEEP + "1" + ")" * DEEP + "\n",
    "lists": "x = " + "[" * DEEP + "]" * DEEP + "\n",
    "dicts": "x = " + "{1: " * DEEP + "1" + "}" * DEEP + "\n",
    "calls inside": "x = " + "f(" * DEEP + ")" * DEEP + "\n",
    "calls behind": "x = f" + "()" * DEEP + "\n",
    "attributes": "x = a" + ".b" * DEEP + "\n",
    "subscripts": "x = a" + "[0]" * DEEP + "\n",
    "minus": "x = " + "-" * DEEP + "1\n",
    "not": "x = " + "not " * DEEP + "a\n",
    "lambdas": "x = " + "lambda: " * DEEP + "1\n",
    "ternaries": "x = " + "a if b else " * DEEP + "c\n",
    "sum": "x = " + " + ".join(["a"] * 1500) + "\n",
    "elif": "if a: pass\n" + "elif a: pass\n" * 900 + "else: pass\n",
    "nested blocks": "".join(" " * level + "if a:\n" for level in range(500)) + " " * 500 + "pass\n",
    "open brackets": "(" * DEEP,
    "closing brackets": ")" * DEEP,
    "long line": "x = [" + "1, " * 500_000 + "]\n",
    "long string": "x = '" + "a" * 3_000_000 + "'\n",
    "many lines": "x = f(a, b=1)\n" * 200_000,
    "backticks": "`" * DEEP,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_no_text_hangs_or_crashes(text: str) -> None:
    started = time.process_time()
    try:
        tree = parse(text)
    except SyntaxFailure:
        pass
    else:
        for nodes in tree.occurrences.values():
            list(tree.around(nodes[-1]))
            tree.statement_lines(tree.span(nodes[-1]).start)
    assert time.process_time() - started < 20


def test_statements_are_found_without_looking_through_the_whole_file_each_time() -> None:
    text = "x = f(a, b=1)\n" * 20_000
    tree = parse(text)
    started = time.process_time()
    for line in range(1, 20_001):
        assert tree.statement_lines(tree.line_span(line)[0]) == (line, line)
    assert time.process_time() - started < 5


def test_a_tree_of_a_text_says_what_stands_where_python_2_may() -> None:
    assert not Tree("x = 0o17 + 0 + 00 + 0.5 + 1e5\n").suspects
    assert [node.text() for node in Tree("x = 017 + 5l\n").suspects] == ["017", "5l"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the running Python knows the syntax")
def test_mistakes_in_new_syntax_are_still_mistakes() -> None:
    with pytest.raises(SyntaxFailure):
        parse("type = = int\n")
