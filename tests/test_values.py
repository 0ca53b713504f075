"""Values: what an expression is worth, and when to say that one does not know."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from advisor.arguments import Arguments
from advisor.folded import MISSING, UNKNOWN, Dict, Moment, seconds
from advisor.names import Names
from advisor.syntax import parse
from advisor.values import Values

HEAD = "import datetime\nfrom datetime import timedelta as td\nimport pendulum\nimport copy\n"


def fold(expression: str, before: str = "", after: str = "") -> object:
    tree = parse(f"{HEAD}{before}\nRESULT(value={expression})\n{after}\n")
    values = Values(
        Names(tree), lambda dotted: {"lib.LIMIT": 7, "lib.ARGS": Dict({"a": 1})}.get(dotted, UNKNOWN)
    )
    call = next(c for c in tree.kinds("call") if c.text().startswith("RESULT("))
    return Arguments(call, values).value("value")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("60 * 60", 3600),
        ("2 ** 4 - 1", 15),
        ("7 // 2 + 7 % 2 + 1 / 2", 4.5),
        ("-5", -5),
        ("+1_000", 1000),
        ("0x10 + 0o7 + 0b1", 24),
        ("1e3", 1000.0),
        ("(((5)))", 5),
        ("( # why\n 5)", 5),
        ("True", True),
        ("not True", False),
        ("None", None),
        ("None or 5", 5),
        ("0 and x", 0),
        ("3 if True else x", 3),
        ("3 if x else 3", 3),
        ("'a' 'b'", "ab"),
        ("'a' + 'b'", "ab"),
        ("r'a\\b'", "a\\b"),
        ("'''a\nb'''", "a\nb"),
        ("[1, 2]", (1, 2)),
        ("(1, 2)[1]", 2),
        ("[1, 2][-1]", 2),
        ("int(90.5)", 90),
        ("max(1, 2) + min(3, 4) + abs(-1) + round(1.2)", 7),
        ("float('1.5')", 1.5),
        ("td(5)", timedelta(days=5)),
        ("td(0, 90)", timedelta(seconds=90)),
        ("td(minutes=1, seconds=30)", timedelta(seconds=90)),
        ("td(hours=1) * 2 + td(weeks=1)", timedelta(days=7, hours=2)),
        ("2 * td(hours=1) / 4", timedelta(minutes=30)),
        ("td(hours=1) / td(minutes=1)", 60.0),
        ("-td(hours=1)", timedelta(hours=-1)),
        ("td(hours=1).total_seconds()", 3600.0),
        ("int(td(hours=1).total_seconds())", 3600),
        ("td(hours=1).seconds", 3600),
        ("td(days=2).seconds + td(days=2).days * 86400", 172800),
        ("datetime.timedelta(minutes=5)", timedelta(minutes=5)),
        ("pendulum.duration(minutes=5)", timedelta(minutes=5)),
        ("pendulum.now() + td(seconds=5)", Moment(5.0)),
        ("td(seconds=5) + datetime.datetime.now()", Moment(5.0)),
        ("datetime.datetime.utcnow() - td(seconds=5)", Moment(-5.0)),
        ("(datetime.datetime.now() + td(seconds=5)).time()", Moment(5.0)),
        ("{'a': 1, 'b': {'c': 2}}['b']['c']", 2),
        ("{'a': 1}.get('a')", 1),
        ("{'a': 1}.get('b', 5)", 5),
        ("{'a': 1}.get('b')", None),
    ],
)
def test_constants_are_folded(expression: str, value: object) -> None:
    found = fold(expression)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "expression",
    [
        "x",
        "x()",
        "f'{x}'",
        "b'a'",
        "t'a'",
        "'a\\n'",
        "'a' + 1",
        "1 + None",
        "True + 1",
        "1 / 0",
        "0 ** -1",
        "(-8) ** 0.5",
        "10 ** 400",
        "2 ** 10 ** 10",
        "'a' * 10 ** 9",
        "[1] * 10 ** 9",
        "1 << 10 ** 9",
        "9" * 5000,
        "1e999",
        "int(1e300)",
        "int('9' * 100)",
        "float('inf')",
        "float('nan')",
        "int('x')",
        "min()",
        "max(*[1, 2])",
        "round(number=1.5)",
        "5j",
        "td(days=10 ** 12)",
        "-td(days=999999999, hours=23)",
        "td(days=999999999) * 5",
        "td(*x)",
        "td(**x)",
        "td(months=1)",
        "td(seconds=True)",
        "[1, 2][5]",
        "[1, *x]",
        "{'a': 1}['b']",
        "{'a': 1}.get('a', 1, 2)",
        "{'a': 1, **x}.get('b', 5)",
        "lib",
        "a < b",
        "await x",
        "(yield)",
        "(x := 5)",
        "...",
    ],
)
def test_what_is_no_constant_is_unknown(expression: str) -> None:
    assert fold(expression) is UNKNOWN


@pytest.mark.parametrize(
    "before",
    [
        "X = 5",
        "X: int = 5",
        "X = Y = 5",
        "Y = 5\nX = Y",
        "X = Z\nZ = 5",
        "class A:\n    X = 5\nX = A.X",
        "import lib\nX = lib.LIMIT - 2",
        "from lib import LIMIT as L\nX = L - 2",
        "D = {'x': 5}\nX = D['x']",
        "def f():\n    X = 6\nX = 5",
        "X = 5\ndef f(X): X = 6",
        "X = 5\nx = [X for X in y]",
        "X = 5\ndef f():\n    global X\n    print(X)",
    ],
)
def test_names_are_followed_to_their_only_value(before: str) -> None:
    assert fold("X", before) == 5


@pytest.mark.parametrize(
    "before",
    [
        "X = 5\nX = 6",
        "X = 5\nX += 1",
        "X = 5\nif a: X = 6",
        "X = 5\ndef f():\n    global X\n    X = 6",
        "X, Y = 5, 6",
        "for X in y: pass",
        "X = X",
        "X = Y\nY = X",
        "def f(): pass\nX = f()",
        "from other import X",
        "from lib import *",
        "with a as X: pass",
        "X: int",
        "X = 5\ndel X",
        "try: X = 5\nexcept A: X = 6",
    ],
)
def test_names_of_several_or_unknown_values_are_unknown(before: str) -> None:
    assert fold("X", before) is UNKNOWN


def test_constants_of_functions_and_classes_are_seen_from_inside() -> None:
    tree = parse(
        "class A:\n"
        "    LIMIT = 5\n"
        "    SET = 5\n"
        "    SHARED = 5\n"
        "    def f(self):\n"
        "        wait = 60\n"
        "        def g():\n"
        "            return R(a=wait, b=self.LIMIT, c=self.SET, d=A.LIMIT, e=LIMIT, f=cls.SHARED)\n"
        "    def h(self):\n"
        "        self.SET = 6\n"
        "class B(A):\n"
        "    SHARED = 6\n"
    )
    call = next(c for c in tree.kinds("call") if c.text().startswith("R("))
    arguments = Arguments(call, Values(Names(tree), lambda dotted: UNKNOWN))
    assert [arguments.value(name) for name in "abcdef"] == [60, 5, UNKNOWN, 5, UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("expression", "before", "entries", "complete"),
    [
        ("{'a': 1, 'b': x}", "", {"a": 1, "b": UNKNOWN}, True),
        ("{'a': 1, **{'b': 2}, 'a': 3}", "", {"a": 3, "b": 2}, True),
        ("{**A, 'b': 2}", "A = {'a': 1}", {"a": 1, "b": 2}, True),
        ("A | {'b': 2}", "A = {'a': 1}", {"a": 1, "b": 2}, True),
        ("dict(A, b=2)", "A = {'a': 1}", {"a": 1, "b": 2}, True),
        ("dict(**A, b=2)", "A = {'a': 1}", {"a": 1, "b": 2}, True),
        ("dict(a=1)", "", {"a": 1}, True),
        ("A.copy()", "A = {'a': 1}", {"a": 1}, True),
        ("copy.deepcopy(A)", "A = {'a': 1}", {"a": 1}, True),
        ("copy.copy(A)", "A = {'a': 1}", {"a": 1}, True),
        ("{'a': 1, **x}", "", {"a": UNKNOWN}, False),
        ("{**x, 'a': 1}", "", {"a": 1}, False),
        ("{x: 1, 'a': 1}", "", {"a": 1}, False),
        ("{'a': 1, x: 1}", "", {"a": UNKNOWN}, False),
        ("{1: 2, 'a': 1}", "", {"a": 1}, True),
        ("A", "from lib import ARGS as A", {"a": 1}, True),
        ("lib.ARGS", "import lib", {"a": 1}, True),
        # changed afterwards
        ("A", "A = {'a': 1, 'b': 2}\nA['a'] = 3", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\nA['a'] += 3", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\ndel A['a']", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': {}, 'b': 2}\nA['a']['c'] = 3", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': {}, 'b': 2}\nA['a'].update(c=3)", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1}\nA[x] = 3", {"a": UNKNOWN}, False),
        ("A", "A = {'a': 1, 'b': 2}\nA.update({'a': 3})", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\nA.update(a=3)", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\nA.pop('a')", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\nA.setdefault('a', 3)", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1}\nA.update(x)", {"a": UNKNOWN}, False),
        ("A", "A = {'a': 1}\nA.clear()", {"a": UNKNOWN}, False),
        ("A", "A = {'a': 1}\nf = A.update", {"a": UNKNOWN}, False),
        ("A", "A = {'a': 1, 'b': 2}\ndef f():\n    A['a'] = 3", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\nB = A\nB['a'] = 3", {"a": UNKNOWN, "b": 2}, True),
        ("B", "A = {'a': 1, 'b': 2}\nB = A\nA['a'] = 3", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\nB = A\nC = B\nC['a'] = 3", {"a": UNKNOWN, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\nB = A.copy()\nB['a'] = 3", {"a": 1, "b": 2}, True),
        ("A", "A = {'a': 1, 'b': 2}\nB = dict(A)\nB['a'] = 3", {"a": 1, "b": 2}, True),
        ("A", "A = {'a': 1}\nfor d in (A, B):\n    d['a'] = 3", {"a": UNKNOWN}, False),
        ("A", "A = {'a': 1, 'b': 2}\ndef f(d):\n    d['a'] = 3\nf(A)", {"a": UNKNOWN, "b": 2}, True),
        (
            "A",
            "A = {'a': 1, 'b': 2}\ndef f(x, d=None):\n    d['a'] = 3\nf(1, d=A)",
            {"a": UNKNOWN, "b": 2},
            True,
        ),
        ("A", "A = {'a': 1, 'b': 2}\ndef f(d):\n    return d['a']\nf(A)", {"a": 1, "b": 2}, True),
        ("A", "from lib import ARGS as A\nA['a'] = 2", {"a": UNKNOWN}, True),
        ("lib.ARGS", "import lib\nlib.ARGS['a'] = 2", {}, False),
        ("A", "A = {'a': 1}\nx = A['a']\ny = A.get('a')\nprint(A, len(A), A.items())", {"a": 1}, True),
    ],
)
def test_dicts(expression: str, before: str, entries: dict[str, object], complete: bool) -> None:
    assert fold(expression, before) == Dict(entries, complete)


def test_changes_below_the_use_count_too() -> None:
    assert fold("A", "A = {'a': 1}", "A['a'] = 2") == Dict({"a": UNKNOWN})


def test_a_dict_made_anew_is_unknown() -> None:
    assert fold("A", "A = {'a': 1}\nA = {**A, 'b': 1}") is UNKNOWN
    assert fold("A", "A = {'a': 1}\nA |= {'b': 1}") is UNKNOWN


def test_arguments_of_a_call() -> None:
    tree = parse("C = {'a': 1, 'b': 2}\nf(0, b=3, **C)\ng(a=1, **x)\nh(*x, a=1)\nk(a=1)\n")
    calls = {c.text()[0]: c for c in tree.kinds("call")}
    values = Values(Names(tree), lambda dotted: UNKNOWN)
    f, g, h, k = (Arguments(calls[name], values) for name in "fghk")
    assert (f.value("a"), f.value("b"), f.value("c"), f.doubtful, f.positional) == (
        1,
        3,
        MISSING,
        False,
        True,
    )
    assert (g.value("a"), g.value("c"), g.doubtful) == (1, UNKNOWN, True)
    assert (h.value("a"), h.value("c"), h.doubtful) == (1, UNKNOWN, True)
    assert (k.value("a"), k.value("c"), k.doubtful, k.given("c")) == (1, MISSING, False, False)


def test_seconds() -> None:
    assert seconds(timedelta(minutes=1)) == 60.0
    assert seconds(5) == 5.0
    assert [seconds(value) for value in (True, "5", None, UNKNOWN, MISSING, Moment(1))] == [None] * 6


N = 5_000
HARD = {
    "sum": ("X", "X = " + " + ".join(["1"] * 1500)),
    "doubling": ("X40", "X0 = 1\n" + "".join(f"X{i} = X{i - 1} + X{i - 1}\n" for i in range(1, 41))),
    "doubling lists": ("X90", "X0 = 1\n" + "".join(f"X{i} = [X{i - 1}, X{i - 1}]\n" for i in range(1, 91))),
    "chain of names": ("X2000", "X0 = 1\n" + "".join(f"X{i} = X{i - 1}\n" for i in range(1, 2001))),
    "ternaries": ("X", "X = " + "1 if a else " * 1500 + "1"),
    "nested ternaries": ("X", "X = " + "(1 if " * 500 + "a" + " else 1)" * 500),
    "deep list": ("X", "X = " + "[" * N + "]" * N),
    "long list": ("X", "X = [" + "1, " * 200_000 + "]"),
    "long dict": ("X", "X = {" + "".join(f"'k{i}': {i}, " for i in range(100_000)) + "}"),
    "spreads": ("X", "A = {'a': 1}\nX = {" + "**A, " * 20_000 + "}"),
    "changes": ("X", "X = {'a': 1}\n" + "X['a'] = 1\n" * 20_000),
    "reads": ("X", "X = {'a': 1}\n" + "f(X)\n" * 20_000),
    "aliases": ("X", "X = {'a': 1}\n" + "".join(f"Y{i} = X\nY{i}['a'] = 1\n" for i in range(N))),
    "attributes": ("x" + ".a" * N, "import x"),
    "calls": ("x" + ".copy()" * N, "x = {}"),
    "power": ("X", "X = " + "**".join(["9"] * 500)),
    "strings": ("X", "X = " + " + ".join(["'aaaaaaaa'"] * 1500)),
    "long string": ("X", "X = '" + "a" * 3_000_000 + "'"),
}


@pytest.mark.parametrize(("expression", "before"), HARD.values(), ids=HARD)
def test_no_expression_hangs_or_explodes(expression: str, before: str) -> None:
    calls = "".join(f"R{i}(value={expression})\n" for i in range(3 if len(expression) > 100 else 2_000))
    tree = parse(f"{before}\n{calls}")
    values = Values(Names(tree), lambda dotted: UNKNOWN)
    started = time.perf_counter()
    found = []
    for call in tree.kinds("call"):
        if call.text().startswith("R"):
            found.append(Arguments(call, values).value("value"))
    assert time.perf_counter() - started < 8
    assert all(value == found[0] for value in found)


def test_a_class_of_many_constants_is_read_once() -> None:
    lines = "".join(f"    C{i} = {i}\n" for i in range(3_000))
    uses = "".join(f"R(value=A.C{i})\n" for i in range(3_000))
    tree = parse(f"class A:\n{lines}{uses}")
    values = Values(Names(tree), lambda dotted: UNKNOWN)
    started = time.perf_counter()
    assert [Arguments(call, values).value("value") for call in tree.kinds("call")] == list(range(3_000))
    assert time.perf_counter() - started < 3
