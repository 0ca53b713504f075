"""Rewrites keep the style around them and every byte outside."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.finding import (
    AddImport,
    ChangeImport,
    RemoveKeyword,
    RenameKeyword,
    ReplaceText,
    Rewrite,
    SetKeyword,
    Span,
)
from advisor.rewrite import CannotRewrite, apply, edits


def span_of(text: str, piece: str, occurrence: int = 0) -> Span:
    start = [match.start() for match in re.finditer(re.escape(piece), text)][occurrence]
    return Span(start, start + len(piece), 1, 1, 1, 1)


def call_span(text: str, name: str = "S(") -> Span:
    """The span of the first call that starts with `name`, to the parenthesis that balances its first one."""
    start = text.index(name)
    depth = 0
    at = start
    plain = re.sub(
        r"'[^'\n]*'|\"[^\"\n]*\"|#[^\r\n]*", lambda m: m[0][0] + "." * (len(m[0]) - 2) + m[0][0], text
    )
    while True:
        depth += {"(": 1, ")": -1}.get(plain[at], 0)
        at += 1
        if plain[at - 1] == ")" and depth == 0:
            return Span(start, at, 1, 1, 1, 1)


def deferrable(text: str, name: str = "S(") -> str:
    return apply(text, [SetKeyword(call_span(text, name), "deferrable", "True")])


INSERTED = [
    ("S()", "S(deferrable=True)"),
    ("S( )", "S(deferrable=True )"),
    ("S(a=1)", "S(a=1, deferrable=True)"),
    ("S(a=1,)", "S(a=1, deferrable=True,)"),
    ("S(a=1, )", "S(a=1, deferrable=True, )"),
    ("S( a=1 )", "S( a=1, deferrable=True )"),
    ("S(a=1,b=2)", "S(a=1,b=2,deferrable=True)"),
    ("S(a = 1)", "S(a = 1, deferrable = True)"),
    ("S(a=1, b=2, c= 3)", "S(a=1, b=2, c= 3, deferrable=True)"),
    ("S(a=1, b = 2)", "S(a=1, b = 2, deferrable = True)"),
    ("S('x', *y, **z)", "S('x', *y, **z, deferrable=True)"),
    ("S(**z)", "S(**z, deferrable=True)"),
    ("S((x for x in y))", "S((x for x in y), deferrable=True)"),
    ("S(lambda x: x)", "S(lambda x: x, deferrable=True)"),
    ("S(a=(b, c))", "S(a=(b, c), deferrable=True)"),
    ("S(a='#)', b=\"(,\")", "S(a='#)', b=\"(,\", deferrable=True)"),
    ("a >> S(a=1) >> b", "a >> S(a=1, deferrable=True) >> b"),
    ("x = [S(a=i) for i in y]", "x = [S(a=i, deferrable=True) for i in y]"),
    # over several lines: a line of its own
    ("S(\n    a=1,\n    b=2,\n)", "S(\n    a=1,\n    b=2,\n    deferrable=True,\n)"),
    ("S(\n    a=1,\n    b=2\n)", "S(\n    a=1,\n    b=2,\n    deferrable=True\n)"),
    ("S(\n    a=1,\n    b=2)", "S(\n    a=1,\n    b=2,\n    deferrable=True)"),
    ("S(\n    a=1,\n    b=2,)", "S(\n    a=1,\n    b=2,\n    deferrable=True,)"),
    ("S(\n\ta=1,\n\tb=2\n\t)", "S(\n\ta=1,\n\tb=2,\n\tdeferrable=True\n\t)"),
    ("S(a=1,\n  b=2)", "S(a=1,\n  b=2,\n  deferrable=True)"),
    ("S(a=1,\n  b=2, c=3)", "S(a=1,\n  b=2, c=3,\n  deferrable=True)"),
    ("S(\n    a=1, b=2\n)", "S(\n    a=1, b=2,\n    deferrable=True\n)"),
    ("S(\n    a = 1,\n    bb = 2,\n)", "S(\n    a = 1,\n    bb = 2,\n    deferrable = True,\n)"),
    ("S(\n    a  = 1,\n    bb = 2,\n)", "S(\n    a  = 1,\n    bb = 2,\n    deferrable = True,\n)"),
    ("S(\n    a=1,\n    **z,\n)", "S(\n    a=1,\n    **z,\n    deferrable=True,\n)"),
    ("S(\r\n    a=1,\r\n)", "S(\r\n    a=1,\r\n    deferrable=True,\r\n)"),
    ("S(\r\n    a=1\r\n)", "S(\r\n    a=1,\r\n    deferrable=True\r\n)"),
    ("S(a=1, \\\n  b=2)", "S(a=1, \\\n  b=2, \\\n  deferrable=True)"),
    ("S(a=1\n  , b=2\n  , c=3\n)", "S(a=1\n  , b=2\n  , c=3\n  , deferrable=True\n)"),
    ("S(a=1\n  , b=2  # why\n)", "S(a=1\n  , b=2  # why\n  , deferrable=True\n)"),
    ("S(\n)", "S(\n    deferrable=True\n)"),
    ("S(\n    # nothing\n)", "S(\n    # nothing\n    deferrable=True\n)"),
    ("S(  # nothing\n)", "S(  # nothing\n    deferrable=True\n)"),
    # only the value of an argument goes over several lines
    ("S(a={\n    'b': 1,\n})", "S(a={\n    'b': 1,\n}, deferrable=True)"),
    ('S(a=1, b="""\n  x\n""")', 'S(a=1, b="""\n  x\n""", deferrable=True)'),
    ("S(a=1\n)", "S(a=1, deferrable=True\n)"),
    # comments stay with their own argument
    ("S(\n    a=1,  # why\n)", "S(\n    a=1,  # why\n    deferrable=True,\n)"),
    ("S(\n    a=1  # why\n)", "S(\n    a=1,  # why\n    deferrable=True\n)"),
    (
        "S(\n    a=1,  # why\n    # b=2,\n)",
        "S(\n    a=1,  # why\n    # b=2,\n    deferrable=True,\n)",
    ),
    ("S(\n    a=1\n    # b=2\n)", "S(\n    a=1,\n    # b=2\n    deferrable=True\n)"),
    ("S(\n    # first\n    a=1,\n)", "S(\n    # first\n    a=1,\n    deferrable=True,\n)"),
    ("S(a=1  # why, (really)\n)", "S(a=1,  # why, (really)\n    deferrable=True\n)"),
    ("S(a=1,  # why\n  b=2)  # end", "S(a=1,  # why\n  b=2,\n  deferrable=True)  # end"),
    # the keyword is there
    ("S(deferrable=False, a=1)", "S(deferrable=True, a=1)"),
    ("S(deferrable = (False), a=1)", "S(deferrable = True, a=1)"),
    ("S(deferrable=True)", "S(deferrable=True)"),
]


@pytest.mark.parametrize(("before", "after"), INSERTED)
@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("", ""),
        ("\n", "\n"),
        ("# ü 𝔘\n'''S '''\nx = ", "  # S()\ny = f'{z}'\n"),
        ("\fz = 1\n\nif y:\n  \f\n    q = ", "\r\ndef f(): return 1\r"),
        ("z = 1\r", "\r# broken below\r print 'x' (((\r"),
    ],
)
def test_keyword_is_set_in_the_style_of_the_call(before: str, after: str, head: str, tail: str) -> None:
    assert deferrable(head + before + tail) == head + after + tail


def test_partial_takes_the_keyword_and_expand_does_not() -> None:
    text = "S.partial(\n    a=1,\n).expand(b=[2])\n"
    assert deferrable(text, "S.partial(") == "S.partial(\n    a=1,\n    deferrable=True,\n).expand(b=[2])\n"


def test_call_behind_a_chain_over_several_lines() -> None:
    text = "x = (\n    S\n    .partial(a=1)\n    .expand(b=c)\n)\n"
    done = apply(text, [SetKeyword(span_of(text, "S\n    .partial(a=1)"), "deferrable", "True")])
    assert done == text.replace("a=1", "a=1, deferrable=True")


def test_nested_calls_are_both_changed() -> None:
    text = "S(\n    a=S(b=1),  # in\n    c=2\n)\n"
    outer, inner = call_span(text), span_of(text, "S(b=1)")
    done = apply(
        text,
        [
            SetKeyword(outer, "d", "3"),
            SetKeyword(inner, "d", "4"),
            RenameKeyword(inner, "b", "bb"),
        ],
    )
    assert done == "S(\n    a=S(bb=1, d=4),  # in\n    c=2,\n    d=3\n)\n"


def test_edits_are_small_and_in_order() -> None:
    text = "S(\n    a=S(b=1),\n    mode='x',\n)\nS(b=1)\n"
    rewrites: list[Rewrite] = [
        SetKeyword(span_of(text, "S(b=1)", 1), "d", "5"),
        SetKeyword(span_of(text, "S(b=1)", 0), "d", "4"),
        SetKeyword(call_span(text), "d", "3"),
        RemoveKeyword(call_span(text), "mode"),
    ]
    changes = edits(text, rewrites)
    assert changes == sorted(changes)
    assert [text[edit.start : edit.end] for edit in changes] == ["", "    mode='x',\n", ""]
    assert apply(text, rewrites) == "S(\n    a=S(b=1, d=4),\n    d=3,\n)\nS(b=1, d=5)\n"


def test_equal_rewrites_are_made_once_and_the_callee_may_change_too() -> None:
    text = "m.SAsync(a=1)\n"
    call = span_of(text, "m.SAsync(a=1)")
    rename = ReplaceText(span_of(text, "SAsync"), "SAsync", "S")
    setting = SetKeyword(call, "deferrable", "True")
    assert apply(text, [rename, setting, rename, setting]) == "m.S(a=1, deferrable=True)\n"


def test_import_callee_and_arguments_change_together() -> None:
    text = """\
from old.sensors import (
    AAsync,  # deferrable
    BSensor,
)

with DAG() as dag:
    one = AAsync(
        task_id="one",
        poll_interval=5,  # seconds
    )
    two = AAsync(task_id="two")
"""
    statement = span_of(text, text[: text.index(")") + 1])
    rewrites: list[Rewrite] = []
    for call in (call_span(text, "AAsync(\n"), call_span(text, "AAsync(task_id")):
        name = Span(call.start, call.start + len("AAsync"), 1, 1, 1, 1)
        rewrites += [
            ChangeImport(statement, "AAsync", "AAsync", "new.sensors", "A", "A"),
            ReplaceText(name, "AAsync", "A"),
            SetKeyword(call, "deferrable", "True"),
        ]
    rewrites.append(RenameKeyword(call_span(text, "AAsync(\n"), "poll_interval", "poke_interval"))
    assert (
        apply(text, rewrites)
        == """\
from new.sensors import A  # deferrable
from old.sensors import (
    BSensor,
)

with DAG() as dag:
    one = A(
        task_id="one",
        poke_interval=5,  # seconds
        deferrable=True,
    )
    two = A(task_id="two", deferrable=True)
"""
    )


REMOVED = [
    ("S(m=1)", "S()"),
    ("S( m=1, )", "S()"),
    ("S(m=1, a=2)", "S(a=2)"),
    ("S(a=2, m=1)", "S(a=2)"),
    ("S(a=2, m=1,)", "S(a=2,)"),
    ("S(a=2, m=1, b=3)", "S(a=2, b=3)"),
    ("S(\n    m=1,\n)", "S()"),
    ("S(\n    a=2,\n    m=1,\n)", "S(\n    a=2,\n)"),
    ("S(\n    m=1,\n    a=2,\n)", "S(\n    a=2,\n)"),
    ("S(\n    a=2,\n    m=1\n)", "S(\n    a=2\n)"),
    ("S(\n    a=2,  # a\n    m=1  # m\n)", "S(\n    a=2  # a\n)"),
    ("S(\n    a=2,  # a\n    m=1,  # m\n    b=3,  # b\n)", "S(\n    a=2,  # a\n    b=3,  # b\n)"),
    ("S(\n    a=2,\n    # above\n    m=1,\n)", "S(\n    a=2,\n    # above\n)"),
    ("S(\n    a=2,\n    m=1)", "S(\n    a=2)"),
    ("S(\n    a=2,  # a\n    m=1)", "S(\n    a=2  # a\n    )"),
    ("S(\n    a=2,\n    m=1,)", "S(\n    a=2,)"),
    ("S(a=2, m=1,\n  b=3)", "S(a=2,\n  b=3)"),
    ("S(a=2,\n  m=1, b=3)", "S(a=2,\n  b=3)"),
    ("S(m=1,\n  b=3)", "S(b=3)"),
    ("S(m=1,  # kept\n  b=3)", "S(  # kept\n  b=3)"),
    ("S(a=2\n  , m=1\n  , b=3\n)", "S(a=2\n  , b=3\n)"),
    ("S(\n    m={\n        1: 2,  # gone\n    },\n    a=2,\n)", "S(\n    a=2,\n)"),
    ("S(\n    # only a comment stays\n    m=1,\n)", "S(\n    # only a comment stays\n)"),
    ("S(\r\n\ta=2,\r\n\tm=1,\r\n)", "S(\r\n\ta=2,\r\n)"),
]


@pytest.mark.parametrize(("before", "after"), REMOVED)
def test_keyword_is_removed_with_its_comma(before: str, after: str) -> None:
    text = f"x = 1  # x\n{before}\n"
    done = apply(text, [RemoveKeyword(call_span(text), "m")])
    assert done == f"x = 1  # x\n{after}\n"
    ast.parse(done)


def test_one_removed_one_renamed_one_set() -> None:
    text = "S(\n    a=1,  # a\n    m=2  # m\n)\n"
    call = call_span(text)
    done = apply(text, [SetKeyword(call, "d", "3"), RemoveKeyword(call, "m"), RenameKeyword(call, "a", "b")])
    assert done == "S(\n    b=1,  # a\n    d=3\n)\n"


def test_rename_touches_the_name_only() -> None:
    text = "S(a, poll_interval = 5, c=poll_interval)\n"
    assert (
        apply(text, [RenameKeyword(call_span(text), "poll_interval", "poke_interval")])
        == "S(a, poke_interval = 5, c=poll_interval)\n"
    )


IMPORTS = [
    # same module
    ("from m import T", "m", "TA", "T", "from m import TA as T"),
    ("from m import T as Q", "m", "TA", "Q", "from m import TA as Q"),
    ("from m import (T as  Q)", "m", "TA", "Q", "from m import (TA as  Q)"),
    ("from m import A, T, B", "m", "TA", "T", "from m import A, TA as T, B"),
    ("from m import T, TA", "m", "TA", "T", "from m import TA as T, TA"),
    (
        "from m import (\n    A,  # a\n    T,  # t\n)",
        "m",
        "TA",
        "T",
        "from m import (\n    A,  # a\n    TA as T,  # t\n)",
    ),
    ("from m import A, \\\n    T", "m", "TA", "T", "from m import A, \\\n    TA as T"),
    # another module, nothing stays
    ("from m import T", "n.o", "U", "T", "from n.o import U as T"),
    ("from m import T as Q", "n", "U", "Q", "from n import U as Q"),
    ("from m import T", "n", "U", "U", "from n import U"),
    ("from  m  import (T)", "n", "U", "U", "from  n  import (U)"),
    ("from.m import(T)", "n", "U", "U", "from n import(U)"),
    ("from . import T", "n", "U", "U", "from n import U"),
    ("from .import T", "n", "U", "U", "from n import U"),
    ("from m \\\n  import T", "n", "U", "U", "from n \\\n  import U"),
    # another module, others stay
    ("from m import A, T", "n", "U", "T", "from n import U as T\nfrom m import A"),
    ("from m import T, A", "n", "T", "T", "from n import T\nfrom m import A"),
    ("from m import (A, T, B)", "n", "T", "T", "from n import T\nfrom m import (A, B)"),
    (
        "from m import (\n    A,  # a\n    T,  # noqa: F401\n    B,  # b\n)",
        "n",
        "T",
        "T",
        "from n import T  # noqa: F401\nfrom m import (\n    A,  # a\n    B,  # b\n)",
    ),
    ("from m import (\n    A,\n    T\n)", "n", "T", "T", "from n import T\nfrom m import (\n    A\n)"),
    (
        "from m import A, \\\n    T, \\\n    B",
        "n",
        "T",
        "T",
        "from n import T\nfrom m import A, \\\n    B",
    ),
]


@pytest.mark.parametrize(("before", "module", "name", "bound", "after"), IMPORTS)
def test_import_is_changed_in_place(before: str, module: str, name: str, bound: str, after: str) -> None:
    old_bound = "Q" if re.search(r"T as\s+Q", before) else "T"
    for head, tail in (("", ""), ("'''doc'''\n", "  # behind\nT()\n")):
        text = head + before + tail
        change = ChangeImport(span_of(text, before), "T", old_bound, module, name, bound)
        done = apply(text, [change, change])
        assert done == head + after + tail
        ast.parse(done)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "try:\n    from m import A, T\nexcept ImportError:\n    T = None\n",
            "try:\n    from n import T\n    from m import A\nexcept ImportError:\n    T = None\n",
        ),
        ("def f():\n\tfrom m import A, T\n", "def f():\n\tfrom n import T\n\tfrom m import A\n"),
        ("if x: from m import A, T\n", "if x: from n import T; from m import A\n"),
        ("import x; from m import A, T; y()\n", "import x; from n import T; from m import A; y()\n"),
        ("if x:\r\n  from m import A, T\r\n", "if x:\r\n  from n import T\r\n  from m import A\r\n"),
        ("if x: \\\n  from m import A, T\n", "if x: \\\n  from n import T; from m import A\n"),
        ("x=1\rfrom m import A, T", "x=1\rfrom n import T\rfrom m import A"),
    ],
)
def test_import_keeps_its_place(before: str, after: str) -> None:
    statement = span_of(before, "from m import A, T")
    assert apply(before, [ChangeImport(statement, "T", "T", "n", "T", "T")]) == after


def test_several_names_of_one_import() -> None:
    text = "from m import A, B, C, D\n"
    where = span_of(text, text.strip())
    moved = [
        ChangeImport(where, "A", "A", "n", "AA", "A"),
        ChangeImport(where, "B", "B", "m", "BB", "B"),
        ChangeImport(where, "C", "C", "n", "C", "C"),
    ]
    assert apply(text, moved) == "from n import AA as A, C\nfrom m import BB as B, D\n"
    everything = [
        *moved[:1],
        ChangeImport(where, "B", "B", "o", "B", "B"),
        moved[2],
        ChangeImport(where, "D", "D", "n", "D", "D"),
    ]
    assert apply(text, everything) == "from o import B\nfrom n import AA as A, C, D\n"


def test_text_is_replaced_only_if_it_is_still_there() -> None:
    text = "x = 1  # dag-advisor: ignore[a]\n"
    comment = span_of(text, "  # dag-advisor: ignore[a]")
    assert apply(text, [ReplaceText(comment, "  # dag-advisor: ignore[a]", "")]) == "x = 1\n"
    with pytest.raises(CannotRewrite, match="does not read"):
        apply(text, [ReplaceText(comment, "something", "")])


def refused(text: str, *rewrites: Rewrite) -> str:
    with pytest.raises(CannotRewrite) as caught:
        apply(text, rewrites)
    assert caught.value.reason
    return caught.value.reason


def test_what_is_refused() -> None:
    assert "generator" in refused("S(x for x in y)", SetKeyword(Span(0, 15, 1, 1, 1, 16), "d", "1"))
    for text in ("f'{S(a)}'", "f'{S('a')}'", "f'''\n{S(a)}\n'''", "'S(a)'", "# S(a)"):
        piece = re.search(r"S\(.*?\)", text)
        assert piece
        assert "inside a string" in refused(text, SetKeyword(span_of(text, piece[0]), "d", "1"))
    assert "not a call" in refused("S[a]", SetKeyword(Span(0, 4, 1, 1, 1, 5), "d", "1"))
    assert "not a call" in refused("(S(a))", SetKeyword(Span(0, 6, 1, 1, 1, 7), "d", "1"))
    assert "not a call" in refused("S(a) + S(b)", SetKeyword(Span(0, 11, 1, 1, 1, 12), "d", "1"))
    assert "parse" in refused("S(a", SetKeyword(Span(0, 3, 1, 1, 1, 4), "d", "1"))
    assert "another text" in refused("S()", SetKeyword(Span(0, 30, 1, 1, 1, 31), "d", "1"))
    assert "another text" in refused("S()", ReplaceText(Span(1, 1, 1, 1, 1, 1), "", "x"))
    deep = "S(" + "(" * 3000 + "1" + ")" * 3000 + ")"
    assert "deeply" in refused(deep, SetKeyword(Span(0, len(deep), 1, 1, 1, 1), "d", "1"))
    long = "S(" + " + ".join("a" * 3000) + ")"
    assert "deeply" in refused(long, SetKeyword(Span(0, len(long), 1, 1, 1, 1), "d", "1"))


def test_contradictions_are_refused() -> None:
    text = "S(a=1, b=S(c=2))\n"
    call, inner = call_span(text), span_of(text, "S(c=2)")
    refused(text, SetKeyword(call, "d", "1"), SetKeyword(call, "d", "2"))
    refused(text, SetKeyword(call, "a", "2"), RemoveKeyword(call, "a"))
    refused(text, RenameKeyword(call, "a", "d"), SetKeyword(call, "d", "2"))
    refused(text, RenameKeyword(call, "a", "b"))
    refused(text, RemoveKeyword(call, "nothing"))
    refused(text, RenameKeyword(call, "nothing", "x"))
    refused(text, SetKeyword(inner, "d", "1"), ReplaceText(inner, "S(c=2)", "None"))
    refused(text, SetKeyword(inner, "d", "1"), ReplaceText(span_of(text, "b=S(c=2)"), "b=S(c=2)", "b=3"))
    refused(text, SetKeyword(inner, "d", "1"), ReplaceText(span_of(text, "1, b=S("), "1, b=S(", "2, b=S("))
    refused("S(a=(  # why\n1))", SetKeyword(call_span("S(a=(  # why\n1))"), "a", "2"))


def test_imports_that_are_refused() -> None:
    text = "from m import T, U, V as W\n"
    where = span_of(text, text.strip())
    assert "twice" in refused(text, ChangeImport(where, "T", "T", "m", "U", "U"))
    assert "twice" in refused(text, ChangeImport(where, "T", "T", "n", "X", "W"))
    assert "not bring in" in refused(text, ChangeImport(where, "V", "V", "n", "X", "V"))
    assert "different things" in refused(
        text, ChangeImport(where, "T", "T", "n", "X", "T"), ChangeImport(where, "T", "T", "n", "Y", "T")
    )
    star = "from m import *\n"
    assert "every name" in refused(star, ChangeImport(span_of(star, star.strip()), "T", "T", "n", "X", "T"))
    plain = "import m\n"
    refused(plain, ChangeImport(span_of(plain, "import m"), "T", "T", "n", "X", "T"))
    inside = "x = 'from m import T'\n"
    refused(inside, ChangeImport(span_of(inside, "from m import T"), "T", "T", "n", "X", "T"))


# Layouts of calls as people write them, and as nobody does.

_VALUES = st.sampled_from(
    [
        "1",
        "'x'",
        '"#,)"',
        "f(a, b=2)",
        "{'k': [1, 2]}",
        "{\n  'k': 1,  # v\n}",
        "(x for x in y)",
        "lambda: 0",
        "ü",
    ]
)
_BREAKS = st.sampled_from(["", " ", "  ", "\n    ", "\n\t", "  # why, (\n    ", "\n\n  # own\n  ", " \\\n  "])
_EQUALS = st.sampled_from(["=", " = ", " =", "=  ", " = \\\n "])


@st.composite
def _calls(draw: st.DrawFn) -> str:
    count = draw(st.integers(0, 4))
    text = draw(st.sampled_from(["S(", "a.S (", "S.partial(", "S()("])) + draw(_BREAKS)
    kinds = sorted(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    for index, kind in enumerate(kinds):
        value = draw(_VALUES)
        if kind == 0 and value.startswith("(x for"):
            value = "z"
        name = f"k{index}"
        text += (value, "*" + name, name + draw(_EQUALS) + value, "**" + name)[kind]
        last = index == count - 1
        if not last or draw(st.booleans()):
            text += draw(_BREAKS) + ","
        text += draw(_BREAKS)
    return text + ")"


@settings(max_examples=400, deadline=None)
@given(
    call=_calls(),
    newline=st.sampled_from(["\n", "\r\n"]),
    head=st.sampled_from(["", "x = ", "if y:\n\tz = ", "'ü'; "]),
    tail=st.sampled_from(["", "\n", "  # end\n", " >> b\n"]),
)
def test_any_layout_gets_the_keyword_and_keeps_the_rest(
    call: str, newline: str, head: str, tail: str
) -> None:
    head, call, tail = (part.replace("\n", newline) for part in (head, call, tail))
    text = head + call + tail
    ast.parse(text)
    span = Span(len(head), len(head) + len(call), 1, 1, 1, 1)
    rewrites = [SetKeyword(span, "deferrable", "True")]
    done = apply(text, rewrites)

    def outermost(source: str) -> ast.Call:
        node = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
        node.keywords.sort(key=lambda keyword: keyword.arg == "deferrable")
        return node

    expected = outermost(text)
    expected.keywords.append(ast.keyword(arg="deferrable", value=ast.Constant(value=True)))
    assert ast.dump(outermost(done)) == ast.dump(expected)
    # Only insertions: without them the text is what it was, to the byte.
    changes = edits(text, rewrites)
    assert all(edit.start == edit.end for edit in changes)
    rest = done
    for edit in changes:
        rest = rest[: edit.start] + rest[edit.start + len(edit.new) :]
    assert rest == text
    # Every comment still ends the line that it ended.
    comments = re.findall(r"[^\s,(][^\r\n(,]*(?=,?  # why)", text)
    assert comments == re.findall(r"[^\s,(][^\r\n(,]*(?=,?  # why)", done)
    longer = Span(span.start, span.end + len(done) - len(text), 1, 1, 1, 1)
    assert edits(done, [SetKeyword(longer, "deferrable", "True")]) == []


@settings(max_examples=300, deadline=None)
@given(call=_calls(), data=st.data())
def test_any_keyword_can_be_removed(call: str, data: st.DataObject) -> None:
    names = re.findall(r"(k\d)(?=[ \\\n]*=)", call)
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    try:
        done = apply(call, [RemoveKeyword(Span(0, len(call), 1, 1, 1, 1), name)])
    except CannotRewrite:
        # The one layout that is refused: a comment between the argument and its comma.
        assert re.search(r"#[^\n]*\n(?:\s|\\|#[^\n]*\n)*,", call)
        return
    expected = ast.parse(call).body[0]
    assert isinstance(expected, ast.Expr)
    assert isinstance(expected.value, ast.Call)
    expected.value.keywords = [keyword for keyword in expected.value.keywords if keyword.arg != name]
    assert ast.dump(ast.parse(done)) == ast.dump(ast.Module(body=[expected], type_ignores=[]))
    assert done.count("# own") == call.count("# own")


@st.composite
def _imports(draw: st.DrawFn) -> tuple[str, str, list[tuple[str, str]]]:
    """What stands before a statement, the statement, and the names in it with what they bind."""
    names = [(f"N{n}", draw(st.sampled_from([f"N{n}", f"B{n}"]))) for n in range(draw(st.integers(1, 4)))]
    parenthesised = draw(st.booleans())
    gaps = st.sampled_from(
        ["", " ", "\n    ", "  # c\n    ", "\n\n# own\n\t"] if parenthesised else [" ", " \\\n  "]
    )
    text = draw(st.sampled_from(["from m.n import ", "from  m.n \\\n  import  "])) + "(" * parenthesised
    for index, (name, bound) in enumerate(names):
        text += draw(gaps) if parenthesised else ""
        text += name if name == bound else f"{name} as {bound}"
        if index < len(names) - 1:
            text += "," + draw(gaps)
        elif parenthesised:
            text += draw(st.sampled_from(["", ","])) + draw(gaps) + ")"
    head = draw(st.sampled_from(["", "x = 1; ", "if x: ", "if x:\n\t", "try:\n    pass\nfinally:\n    "]))
    return head, text, names


@settings(max_examples=400, deadline=None)
@given(layout=_imports(), newline=st.sampled_from(["\n", "\r\n"]), data=st.data())
def test_any_import_binds_the_same_names_afterwards(
    layout: tuple[str, str, list[tuple[str, str]]], newline: str, data: st.DataObject
) -> None:
    head, statement, names = layout
    head, statement = head.replace("\n", newline), statement.replace("\n", newline)
    text = f"{head}{statement}  # end{newline}"
    span = Span(len(head), len(head) + len(statement), 1, 1, 1, 1)
    moves = data.draw(
        st.lists(st.sampled_from(["", "m.n", "p", "q.r"]), min_size=len(names), max_size=len(names))
    )
    changes = [
        ChangeImport(span, name, bound, module, f"New{name}", bound)
        for (name, bound), module in zip(names, moves, strict=True)
        if module
    ]
    try:
        done = apply(text, changes)
    except CannotRewrite as refusal:
        assert "comment" in refusal.reason  # noqa: PT017 (nothing else may be refused)
        return

    def bindings(source: str) -> dict[str, tuple[str | None, str]]:
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    assert bindings(done) == {
        bound: (module, f"New{name}") if module else ("m.n", name)
        for (name, bound), module in zip(names, moves, strict=True)
    }
    assert done.count("#") == text.count("#")
    assert done.startswith(head)
    assert done.endswith(f"  # end{newline}")


@pytest.mark.parametrize(
    ("text", "statement", "after"),
    [
        ("import time\nx = 1\n", "import time", "import asyncio\nimport time\nx = 1\n"),
        ("'doc'\r\nimport time\r\n", "import time", "'doc'\r\nimport asyncio\r\nimport time\r\n"),
        (
            "def f():\n\tfrom time import (\n\t\tsleep,\n\t)\n",
            None,
            "def f():\n\timport asyncio\n\tfrom time import (",
        ),
        (
            "# why\nimport os, time  # both\n",
            "import os, time",
            "# why\nimport asyncio\nimport os, time  # both\n",
        ),
    ],
)
def test_an_import_is_added_on_a_line_of_its_own(text: str, statement: str | None, after: str) -> None:
    span = span_of(text, statement or "from time import (\n\t\tsleep,\n\t)")
    once = AddImport(span, "asyncio")
    changed = apply(text, [once, once])
    assert changed.startswith(after)
    assert changed.replace(after.partition("import asyncio")[0] + "import asyncio", "", 1).strip()
    ast.parse(changed)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("x = 1; import time\n", "import time"),
        ("if x: import time\n", "import time"),
        ("importer()\n", "importer()"),
    ],
)
def test_an_import_is_not_added_beside_other_statements(text: str, statement: str) -> None:
    with pytest.raises(CannotRewrite):
        apply(text, [AddImport(span_of(text, statement), "asyncio")])


def test_an_added_import_stays_away_from_a_changed_one() -> None:
    text = "from a import b\n"
    change = ChangeImport(span_of(text, "from a import b"), "b", "b", "c", "b", "b")
    with pytest.raises(CannotRewrite, match="two fixes want different things"):
        apply(text, [change, AddImport(span_of(text, "from a import b"), "asyncio")])
