"""Programs that compute constants, and the law that what is folded is what Python computes."""

# ruff: noqa: E501

from __future__ import annotations

import copy
import warnings
from datetime import timedelta

from hypothesis import strategies as st

from advisor import syntax
from advisor.arguments import Arguments
from advisor.folded import UNKNOWN, Dict, Function, Moment
from advisor.names import Names
from advisor.values import Values


def _joined(parts: tuple[str, str, str]) -> str:
    return f"({parts[0]} {parts[1]} {parts[2]})"


_NUMBERS = st.recursive(
    st.sampled_from(["0", "1", "7", "60", "-3", "2.5", "1_000", "True", "A", "A", "len(B)"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "or", "and", "==", "<", "is not"]), inner).map(
            _joined
        ),
        st.tuples(inner, st.sampled_from(["/", "//", "%"]), st.sampled_from(["2", "7", "-3", "A"])).map(
            _joined
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        inner.map(lambda t: f"td(seconds={t}).total_seconds()"),
        inner.map(lambda t: f"args.get('a', {t})"),
        inner.map(lambda t: f"int({t})"),
        inner.map(lambda t: f"float({t})"),
        inner.map(lambda t: f"abs({t})"),
        inner.map(lambda t: f"max({t}, 3)"),
        inner.map(lambda t: f"-{t}"),
        inner.map(lambda t: f"({t}, 1)[0]"),
        inner.map(lambda t: f"(not {t})"),
    ),
    max_leaves=5,
)
_TEXTS_OF = st.recursive(
    st.sampled_from(["'a'", "''", "'poke'", "B", "'x' 'y'", "r'\\n'", "'\\n'"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "or", "and"]), inner).map(_joined),
        st.tuples(_NUMBERS, inner, inner).map(lambda t: f"({t[1]} if {t[0]} else {t[2]})"),
        inner.map(lambda t: f"f'{{{t}}}'" if "'" not in t else f"str({t})"),
        inner.map(lambda t: f"{t}.strip()"),
        inner.map(lambda t: f"'%s' % {t}"),
        inner.map(lambda t: f"({t} * 2)"),
    ),
    max_leaves=4,
)


_SCALARS = st.one_of(_NUMBERS, _TEXTS_OF, st.just("None"), _NUMBERS.map(lambda t: f"td(minutes={t})"))
_KEYS = st.sampled_from(["'a'", "'mode'", "'b'", "B"])
_DICTS = st.recursive(
    st.one_of(
        st.lists(st.tuples(_KEYS, _SCALARS).map(": ".join), max_size=3).map(lambda p: f"{{{', '.join(p)}}}"),
        st.sampled_from(["args", "common", "{}", "dict()"]),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, _KEYS, _SCALARS).map(lambda t: f"{{**{t[0]}, {t[1]}: {t[2]}}}"),
        st.tuples(inner, inner).map(lambda t: f"{{**{t[0]}, **{t[1]}}}"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]} | {t[1]})"),
        st.tuples(inner, _SCALARS).map(lambda t: f"dict({t[0]}, b={t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]} or {t[1]})"),
        st.tuples(_NUMBERS, inner, inner).map(lambda t: f"({t[1]} if {t[0]} else {t[2]})"),
        inner.map(lambda t: f"dict(**{t})"),
        inner.map(lambda t: f"copy.deepcopy({t})"),
        inner.map(lambda t: f"{t}.copy()"),
        inner.map(lambda t: f"{{'n': {t}}}"),
        inner.map(lambda t: f"{{'n': {t}}}['n']"),
    ),
    max_leaves=4,
)
VALUES = st.one_of(
    _NUMBERS,
    _TEXTS_OF,
    _DICTS,
    st.tuples(_DICTS, _KEYS).map(lambda t: f"{t[0]}.get({t[1]})"),
    st.tuples(_DICTS, _KEYS).map(lambda t: f"{t[0]}[{t[1]}]"),
    st.lists(_SCALARS, max_size=3).map(lambda p: f"[{', '.join(p)}]"),
)
_CHANGES = ["", "", "args['a'] = 5", "args.update(common)", "args = {**args, 'c': 1}", "A += 1", "args |= common",
            "B = args\nB['a'] = 9", "common.pop('b', None)", "del args['a']", "if A:\n    A = 8", "for A in (1, 2): pass",
            "def f():\n    global A\n    A = 77\nf()", "args.setdefault('z', 2)", "other = common\nother.clear()",
            "A, B = B, A", "try:\n    A = 1\nexcept E:\n    A = 2", "with open('/dev/null') as A: pass", "args.copy()['a'] = 1",
            "[args.update({'a': i}) for i in (1, 2)]", "(lambda d: d.update(a=6))(args)", "while A and not isinstance(A, str):\n    A = 0",
            "import copy as B", "(A := 12)", "exec('A = 4')", "globals()['A'] = 4", "vars().update(A=1)"]  # fmt: skip
PROGRAMS = st.tuples(
    _NUMBERS,
    _DICTS,
    _DICTS,
    st.lists(st.sampled_from(_CHANGES), max_size=2),
    VALUES,
    st.sampled_from(_CHANGES),
)
_BUILTINS = {
    "int": int, "float": float, "str": str, "bool": bool, "len": len, "max": max, "dict": dict, "isinstance": isinstance,
    "open": open, "exec": exec, "globals": globals, "vars": vars, "__build_class__": __build_class__, "__import__": __import__,
    "E": ValueError, "abs": abs,
}  # fmt: skip


def folding_is_computing(program: tuple[str, str, str, list[str], str, str]) -> None:
    """A value that is known is the one that Python computes."""
    first, second, third, changes, expression, after = program
    before = "A, B, args, common = 3, 'b', {'a': 1}, {'b': 2}\n"
    before += f"A = {first}\nargs = {second}\ncommon = {third}\n" + "".join(f"{one}\n" for one in changes)
    text = f"from datetime import timedelta as td\nimport copy\n{before}RESULT(value={expression})\n{after}\n"
    got: list[object] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Texts of the grammar above only: they compute, and reach nothing.
            exec(compile(text, "<fuzz>", "exec"), {"__builtins__": _BUILTINS, "RESULT": lambda value: got.append(copied(value)), "__name__": "x"})  # fmt: skip
    except Exception:
        if not got:
            return
    tree = syntax.parse(text)
    values = Values(Names(tree), lambda dotted: UNKNOWN)
    call = next(node for node in tree.kinds("call") if node.text().startswith("RESULT("))
    _same(Arguments(call, values).value("value"), got[0], text)


def copied(value: object) -> object:
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def _same(folded: object, real: object, text: str) -> None:
    if folded is UNKNOWN or isinstance(folded, (Moment, Function)):
        return
    if isinstance(folded, Dict):
        assert isinstance(real, dict), (folded, real, text)
        for key, value in folded.entries.items():
            assert key in real, (folded, real, text)
            _same(value, real[key], text)
        if folded.complete:
            keys = {key for key in real if isinstance(key, str)}
            assert keys == set(folded.entries), (folded, real, text)
    elif isinstance(folded, tuple):
        assert isinstance(real, (tuple, list)), (folded, real, text)
        assert len(folded) == len(real), (folded, real, text)
        for one, other in zip(folded, real, strict=True):
            _same(one, other, text)
    else:
        assert isinstance(real, type(folded)) or isinstance(folded, timedelta), (folded, real, text)
        assert folded == real, (folded, real, text)
