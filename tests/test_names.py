"""Names: what they stand for, in every place where Python lets one be bound."""

from __future__ import annotations

import time

import pytest

from advisor.names import Names
from advisor.syntax import parse

TARGET = "airflow.sensors.x.S"


def candidates(text: str, call: int = -1, package: str = "") -> tuple[str, ...]:
    """What the function of the last call (or of another) may stand for."""
    tree = parse(text)
    function = tree.kinds("call")[call].field("function")
    assert function is not None
    return Names(tree, package).candidates(function)


@pytest.mark.parametrize(
    "text",
    [
        "from airflow.sensors.x import S\nS()\n",
        "from airflow.sensors.x import S as T\nT()\n",
        "from airflow.sensors.x import (\n    R,  # why\n    S as T,\n)\nT()\n",
        "import airflow.sensors.x\nairflow.sensors.x.S()\n",
        "import airflow.sensors.x as x\nx.S()\n",
        "import airflow.sensors.y, airflow.sensors.x\nairflow.sensors.x.S()\n",
        "from airflow.sensors import x\nx.S()\n",
        "from airflow import sensors as s\ns.x.S()\n",
        "def f():\n    from airflow.sensors.x import S\n    S()\n",
        "from airflow.sensors.x import S\ndef f():\n    def g():\n        S()\n",
        "from airflow.sensors.x import S\nclass A:\n    def f(self):\n        S()\n",
        "class A:\n    from airflow.sensors.x import S\n    s = S()\n",
        "if TYPE_CHECKING:\n    from airflow.sensors.x import S\nS()\n",
        "from airflow.sensors.x import S\nT = S\nT()\n",
        "from airflow.sensors.x import S\nU = T = S\nU()\n",
        "from airflow.sensors import x\ny = x\nT = y.S\nT()\n",
        "import airflow\nx = airflow.sensors.x\nx.S()\n",
        "from airflow.sensors.x import *\nS()\n",
        "import airflow . sensors . x\nairflow.sensors.x.S()\n",
        "try:\n    from airflow.sensors.x import S\nexcept ImportError:\n    S = None\nS()\n",
        # bound elsewhere, where it does not count
        "from airflow.sensors.x import S\ndef f(S): pass\nS()\n",
        "from airflow.sensors.x import S\nx = [S for S in y]\nS()\n",
        "from airflow.sensors.x import S\nx = lambda S: S\nS()\n",
        "from airflow.sensors.x import S\nclass A:\n    S = 1\n    def f(self): S()\n",
        "from airflow.sensors.x import S\ndef f():\n    S = 1\nS()\n",
        "from airflow.sensors.x import S\na.S = 1\nf(S=1)\nS()\n",
        "from airflow.sensors.x import S\ndef f(x=S()): S = 1\n",
        "from airflow.sensors.x import S\n@S()\ndef f(S): pass\n",
        "from airflow.sensors.x import S\ndef f(S) -> S(): pass\n",
        "from airflow.sensors.x import S\nclass A(S()):\n    S = 1\n",
        "from airflow.sensors.x import S\nf = lambda S=S(): 1\n",
        "from airflow.sensors.x import S\nmatch a:\n    case S(): 1\n    case S.x: 1\n    case b(S=1): 1\nS()\n",
        "from airflow.sensors.x import S\ndef f(a: S = 1, *b: S): pass\nS()\n",
        "from airflow.sensors.x import S\nwith a(S) as b: pass\nfor i in S: pass\ndel a[S]\nS()\n",
    ],
)
def test_a_name_stands_for_what_is_imported(text: str) -> None:
    assert candidates(text) == (TARGET,)


@pytest.mark.parametrize(
    "binding",
    [
        "S = 1",
        "S = f(S)",
        "S += 1",
        "S: type = 1",
        "S = a if b else c",
        "S, a = b",
        "(S, a) = b",
        "[S, a] = b",
        "*S, a = b",
        "for S in a: pass",
        "for (b, S) in a: pass",
        "for b, (S, c) in a: pass",
        "for *S, b in a: pass",
        "async def g():\n    global S\n    S = 1",
        "with a as S: pass",
        "with a as (b, S): pass",
        "with a as [b, *S]: pass",
        "with (a as S, b): pass",
        "try: pass\nexcept A as S: pass",
        "try: pass\nexcept* A as S: pass",
        "del S",
        "del a, S",
        "del (a, S)",
        "(S := 1)",
        "[(S := a) for a in b]",
        "def S(): pass",
        "async def S(): pass",
        "class S: pass",
        "@a\nclass S: pass",
        "match a:\n    case S: pass",
        "match a:\n    case [b, *S]: pass",
        "match a:\n    case {'b': S}: pass",
        "match a:\n    case {**S}: pass",
        "match a:\n    case B(c=S): pass",
        "match a:\n    case B(S): pass",
        "match a:\n    case B() as S: pass",
        "match a:\n    case (1 | 2) as S: pass",
    ],
)
def test_a_name_bound_again_by_anything_but_an_import_is_unknown(binding: str) -> None:
    assert candidates(f"from airflow.sensors.x import S\n{binding}\nS()\n") == ()


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("S = S(a)\n", 0),
        ("S = f(a=[S(b)])\n", 1),
        ("with a as b:\n    S = S(c)\n", 0),
        ("def f():\n    from airflow.sensors.x import S\n    S = S(a)\n", 0),
        ("S: type = S(a)\nS = None\n", 0),
        ("T = S = S(a)\n", 0),
    ],
)
def test_a_name_that_is_bound_again_is_what_it_was_in_its_own_new_value(text: str, call: int) -> None:
    head = "from airflow.sensors.x import S\n"
    assert candidates(head + text, call) == (TARGET,)
    assert candidates(head + text + "S()\n") == () or text.startswith(
        "def"
    )  # afterwards it is something else


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("for a in b:\n    S = S(a)\n", 0),  # the second time round it is what the first made of it
        ("while a:\n    if b:\n        S = S(a)\n", 0),
        ("S = lambda: S()\n", 0),  # called when the name is bound already
        ("S = (S() for a in b)\n", 0),
        ("S = a\nS = S(b)\n", 0),
        ("def f():\n    global S\n    S = 1\nS = S(a)\n", 0),
        ("def f():\n    S = S(a)\n", 0),
    ],
)
def test_what_a_rebound_name_was_before_is_unknown_where_it_is_not_certain(text: str, call: int) -> None:
    assert candidates("from airflow.sensors.x import S\n" + text, call) == ()


@pytest.mark.parametrize(
    "text",
    [
        "def f(S):\n    S()\n",
        "def f(*S):\n    S()\n",
        "def f(**S):\n    S()\n",
        "def f(*, S: int = 1):\n    S()\n",
        "def f(a, /, S=1):\n    S()\n",
        "f = lambda S: S()\n",
        "f = lambda *S: S()\n",
        "x = [S() for S in a]\n",
        "x = {S(): 1 for a, S in b}\n",
        "x = [1 for a in b for S in a if S()]\n",
        "def f():\n    S = 1\n    def g():\n        S()\n",
        "def f():\n    S()\n    S = 1\n",
        "def f():\n    S = 1\n    def g():\n        nonlocal S\n        S()\n",
        "class A:\n    S = 1\n    x = S()\n",
    ],
)
def test_an_inner_binding_hides_the_import(text: str) -> None:
    assert candidates(f"from airflow.sensors.x import S\n{text}") == ()


def test_nonlocal_and_global_bindings_count_where_the_name_lives() -> None:
    head = "from airflow.sensors.x import S\ndef f():\n    from b import S\n    def g():\n"
    assert candidates(head + "        nonlocal S\n        S = 1\n    S()\n") == ()
    assert candidates(head + "        global S\n        S()\n") == (TARGET,)


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    from a import S\nexcept ImportError:\n    from b import S\nS()\n",
        "if sys.version_info > (3,):\n    from a import S\nelse:\n    from b import S\nS()\n",
        "try:\n    from a import S\nexcept ImportError:\n    import b\n    S = b.S\nS()\n",
        "import a, b\nT = a.S\nT = b.S\nS = T\nS()\n",
        "from a import S\ndef g():\n    global S\n    from b import S\nS()\n",
    ],
)
def test_guarded_names_have_several_candidates(text: str) -> None:
    assert candidates(text) == ("a.S", "b.S")


@pytest.mark.parametrize(
    ("statement", "package", "expected"),
    [
        ("from .c import S", "a.b", "a.b.c.S"),
        ("from . import S", "a.b", "a.b.S"),
        ("from .. import S", "a.b", "a.S"),
        ("from ..c.d import S", "a.b", "a.c.d.S"),
        ("from . import S", "", "S"),
        ("from .c import S", "", "c.S"),
        ("from .. import S", "a", "S"),
        ("from ...c import S", "a", "..S"),
        ("from .... import S", "a.b", "..S"),
    ],
)
def test_relative_imports_are_seen_from_the_package(statement: str, package: str, expected: str) -> None:
    assert candidates(f"{statement}\nS()\n", package=package) == (expected,)


def test_imports_keep_how_they_were_written() -> None:
    tree = parse(
        "try:\n    from ..a.b import C as D\nexcept ImportError:\n    pass\nimport x.y\nimport x.z as w\n"
    )
    names = Names(tree, "p.q")
    assert [(i.local, i.target, i.module, i.name, i.guarded) for i in names.imports] == [
        ("D", "p.a.b.C", "..a.b", "C", True),
        ("x", "x", "x.y", "", False),
        ("w", "x.z", "x.z", "", False),
    ]


def test_a_star_import_counts_only_for_names_that_nothing_else_binds() -> None:
    assert candidates("from a import *\nfrom b import *\nS()\n") == ("a.S", "b.S")
    assert candidates("from a import *\ndef f(S): S()\n") == ()
    assert candidates("from a import *\ndef f(S): pass\nS()\n") == ()


def test_references_are_reads_and_nothing_else() -> None:
    text = "import S\nS.a\nx.S\nf(S=S)\ndef g(a=S) -> S: S\nS = 1\n@S\nclass A(S): pass\nprint(f'{S}')\n"
    tree = parse(text)
    assert [tree.span(node).line for node in Names(tree).references("S")] == [2, 4, 5, 5, 5, 7, 8, 9]


def test_aliases_in_circles_end() -> None:
    assert candidates("A = B\nB = A\nA()\n") == ()
    assert candidates("A = A\nA()\n") == ()
    assert candidates("from a import A\nif x:\n    A = A\nA()\n") == ("a.A",)


def test_many_aliases_of_many_aliases_do_not_explode() -> None:
    lines = ["from a import A0"]
    for level in range(1, 12):
        lines += [f"if x{i}: A{level} = A{level - 1}" for i in range(12)]
    started = time.process_time()
    assert candidates("\n".join([*lines, "A11()\n"])) == ()
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        "from a import S\n" + "S()\n" * 20_000,
        "from a import S\n" + "".join(f"def f{i}():\n    S = 1\n    S()\n" for i in range(5_000)) + "S()\n",
        "from a import S\nx = " + "S(" * 4_000 + ")" * 4_000 + "\nS()\n",
        "from a import S\nx = " + " >> ".join(["S()"] * 1_500) + "\nS()\n",
        "S = None\nfrom a import S\nS = "
        + "S(" * 4_000
        + ")" * 4_000
        + "\ndef f():\n    from a import S\n    S()\n",
        "".join(f"from a import S as S{i}\nS{i}()\n" for i in range(5_000)) + "from a import S\nS()\n",
    ],
    ids=["references", "scopes", "nested calls", "chain", "rebound", "names"],
)
def test_looking_up_every_name_costs_no_more_than_the_text_is_long(text: str) -> None:
    tree = parse(text)
    names = Names(tree)
    started = time.process_time()
    for call in tree.kinds("call"):
        function = call.field("function")
        assert function is not None
        names.candidates(function)
        names.references(function.text())
    assert function is not None
    assert names.candidates(function) == ("a.S",)
    assert time.process_time() - started < 5
