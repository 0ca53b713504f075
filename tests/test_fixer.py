"""The fixer keeps only what it can prove, and is done after one run."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from advisor.decoding import Unreadable, decode
from advisor.finding import (
    Applicability,
    ChangeImport,
    Finding,
    Fix,
    RemoveKeyword,
    ReplaceText,
    Rewrite,
    SetKeyword,
    Severity,
    Span,
)
from advisor.fixer import Check, Fixed, fix


def spans(text: str) -> Callable[[ast.expr | ast.stmt], Span]:
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]

    def offset(line: int, byte: int) -> int:
        rest = text[starts[line - 1] :].encode()
        return starts[line - 1] + len(rest[:byte].decode())

    def span(node: ast.expr | ast.stmt) -> Span:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start, end = offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)
        return Span(start, end, node.lineno, node.col_offset + 1, node.end_lineno, node.end_col_offset + 1)

    return span


def calls(data: bytes) -> list[tuple[str, set[str], Span]]:
    """Name, keywords and span of every call in the file, in order."""
    try:
        text = decode(data).text
        tree = ast.parse(text)
    except (Unreadable, SyntaxError):
        return []
    span = spans(text)
    found = [
        (ast.unparse(node.func), {keyword.arg or "**" for keyword in node.keywords}, span(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]
    return sorted(found, key=lambda call: call[2])


def finding(
    rule: str,
    span: Span,
    *rewrites: Rewrite,
    applicability: Applicability = "safe",
    group: str = "",
    size: int = 1,
    severity: Severity = "warning",
) -> Finding:
    proposed = Fix(applicability, "Mend it", rewrites, group=group, group_size=size) if rewrites else None
    return Finding(span, f"{rule} here", proposed, severity=severity, rule=rule, path="dag.py")


def missing(data: bytes) -> list[Finding]:
    """A sensor without the flag; the fix of a `Risky` sensor is unsafe."""
    return [
        finding(
            "missing-deferrable",
            span,
            SetKeyword(span, "deferrable", "True"),
            applicability="unsafe" if "Risky" in name else "safe",
        )
        for name, keywords, span in calls(data)
        if name.endswith("Sensor") and "deferrable" not in keywords
    ]


def run(text: str, check: Check = missing, *, unsafe: bool = False) -> Fixed:
    """The outcome of a run, after which a second one changes nothing and leaves the same."""
    data = text.encode()
    done = fix(data, "dag.py", check, unsafe=unsafe)
    again = fix(done.data, "dag.py", check, unsafe=unsafe)
    assert again.data == done.data
    assert again.applied == []
    assert again.remaining == done.remaining == check(done.data)
    assert again.skipped == done.skipped
    return done


def reasons(done: Fixed) -> list[str]:
    return [reason for _, reason in done.skipped]


def test_every_safe_fix_is_applied_and_the_rest_stays() -> None:
    done = run("a = Sensor(x=1)\r\nb = RiskySensor()\nc = Sensor(\n    y=Sensor(),\n)")
    assert done.data == (
        b"a = Sensor(x=1, deferrable=True)\r\nb = RiskySensor()\n"
        b"c = Sensor(\n    y=Sensor(deferrable=True),\n    deferrable=True,\n)"
    )
    assert [found.span.line for found in done.applied] == [1, 3, 4]
    assert [found.span.line for found in done.remaining] == [2]
    assert done.skipped == []


def test_unsafe_fixes_only_if_asked() -> None:
    assert run("RiskySensor()\n").data == b"RiskySensor()\n"
    assert run("RiskySensor()\n", unsafe=True).data == b"RiskySensor(deferrable=True)\n"


def test_bom_cookie_and_newlines_are_kept() -> None:
    text = "# -*- coding: latin-1 -*-\r\nx = 'ü'\rSensor('ß')  # \xa0"
    done = fix(text.encode("latin-1"), "dag.py", missing, unsafe=False)
    assert done.data == text.replace("'ß'", "'ß', deferrable=True").encode("latin-1")
    with_bom = b"\xef\xbb\xbfSensor()"
    assert fix(with_bom, "dag.py", missing, unsafe=False).data == b"\xef\xbb\xbfSensor(deferrable=True)"


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\xff\xfe", b"Sensor(", b"print 'x'", b"# coding: nope\nSensor()"]
)
def test_bad_input_comes_back_as_it_is(data: bytes) -> None:
    def always(content: bytes) -> list[Finding]:
        where = Span(0, len(content), 1, 1, 1, len(content) + 1)
        return [finding("missing-deferrable", where, SetKeyword(where, "deferrable", "True"))]

    for check in (missing, always):
        done = fix(data, "dag.py", check, unsafe=True)
        assert done.data == data
        assert done.applied == []


def test_ambiguous_encoding_is_not_written() -> None:
    # Two ways to write the same text: the bytes around the fix could not be kept.
    data = b"# coding: utf-7\nx = '+AGE-'\nSensor()\n"
    done = fix(data, "dag.py", missing, unsafe=False)
    assert done.data == data
    assert reasons(done) == ["the file's encoding can't be written back byte for byte"]


def test_character_that_the_encoding_lacks() -> None:
    def check(data: bytes) -> list[Finding]:
        return [finding("r", span, SetKeyword(span, "x", "'€'")) for _, keys, span in calls(data) if not keys]

    data = b"# coding: latin-1\nSensor()\n"
    done = fix(data, "dag.py", check, unsafe=False)
    assert done.data == data
    assert "lacks" in reasons(done)[0]


def test_one_bad_fix_among_many_is_left_out_alone() -> None:
    def check(data: bytes) -> list[Finding]:
        return [
            *missing(data),
            *(
                finding("broken", span, SetKeyword(span, "broken", "1 +"))
                for name, keywords, span in calls(data)
                if name == "Broken" and "broken" not in keywords
            ),
        ]

    text = "".join(f"Sensor({n})\n" for n in range(5)) + "Broken()\n" + "Sensor(9)\n" * 4
    done = run(text, check)
    assert done.data.decode() == text.replace(")", ", deferrable=True)").replace("(, def", "(def").replace(
        "Broken(deferrable=True)", "Broken()"
    )
    assert [found.rule for found, _ in done.skipped] == ["broken"]
    assert reasons(done)[0]


def test_fix_that_does_not_parse_is_refused() -> None:
    def check(data: bytes) -> list[Finding]:
        text = data.decode()
        where = Span(0, 1, 1, 1, 1, 2)
        return [finding("r", where, ReplaceText(where, "x", "x x"))] if text.startswith("x =") else []

    done = run("x = 1\n", check)
    assert done.data == b"x = 1\n"
    assert reasons(done) == ["the fixed file would not parse"]


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("async def f():\n    class A:\n        x = g()\n", "g()", "(await g())"),
        ("def f():\n    g()\n", "g()", "await g()"),
        ("x = g()\n", "g()", "type = = g()"),
    ],
)
def test_fix_that_parses_and_does_not_compile_is_refused(text: str, old: str, new: str) -> None:
    def check(data: bytes) -> list[Finding]:
        start, line = data.decode().index(old), text[: text.index(old)].count("\n") + 1
        where = Span(start, start + len(old), line, 1, line, 1 + len(old))
        return [] if new in data.decode() else [finding("r", where, ReplaceText(where, old, new))]

    done = run(text, check)
    assert done.data.decode() == text
    assert reasons(done) == ["the fixed file would not parse"]


def test_fix_that_leaves_its_finding_is_refused() -> None:
    def check(data: bytes) -> list[Finding]:
        return [
            finding("r", span, SetKeyword(span, f"k{len(keywords)}", "1"))
            for _, keywords, span in calls(data)
        ]

    done = run("# first\nf()\n", check)
    assert done.data == b"# first\nf()\n"
    assert reasons(done) == ["the finding would still be there after its fix"]


def test_new_error_and_opposite_rule_stop_a_fix_and_advice_does_not() -> None:
    def check_with(rule: str, severity: Severity) -> Check:
        def check(data: bytes) -> list[Finding]:
            after = [
                finding(rule, span, severity=severity)
                for _, keywords, span in calls(data)
                if "deferrable" in keywords
            ]
            return missing(data) + after

        return check

    text = "Sensor()\n"
    assert "new error (inert" in reasons(run(text, check_with("inert", "error")))[0]
    assert (
        "opposite (short-deferral in line 1)"
        in reasons(run(text, check_with("short-deferral", "warning")))[0]
    )
    assert run(text, check_with("ignored-when-deferred", "advice")).data == b"Sensor(deferrable=True)\n"
    # The same finding elsewhere was there before: it does not count, although it moved.
    both = "Sensor(); Sensor(deferrable=1)\n"
    done = run(both, check_with("inert", "error"))
    assert done.data == both.encode()
    old = "Other(1); Other(deferrable=1)\n"
    assert run(old, check_with("inert", "error")).applied == []


def test_old_error_that_moves_does_not_count_as_new() -> None:
    def check(data: bytes) -> list[Finding]:
        errors = [finding("bad", span, severity="error") for name, _, span in calls(data) if name == "Bad"]
        return missing(data) + errors

    assert run("Sensor(); Bad()\n", check).data == b"Sensor(deferrable=True); Bad()\n"


def test_a_fix_may_uncover_another_one() -> None:
    def check(data: bytes) -> list[Finding]:
        found = []
        for _, keywords, span in calls(data):
            if "mode" in keywords and "deferrable" in keywords:
                found.append(finding("ignored-when-deferred", span, RemoveKeyword(span, "mode")))
        return missing(data) + found

    done = run("x = 1\nSensor(mode='r')\n", check)
    assert done.data == b"x = 1\nSensor(deferrable=True)\n"
    assert [found.rule for found in done.applied] == ["missing-deferrable", "ignored-when-deferred"]


def test_fixes_that_never_settle_are_undone() -> None:
    def check(data: bytes) -> list[Finding]:
        text = data.decode()
        old, new = ("a", "b") if text == "a" else ("b", "a")
        where = Span(0, 1, 1, 1, 1, 2)
        return [finding(f"no-{old}", where, ReplaceText(where, old, new))]

    done = fix(b"a", "dag.py", check, unsafe=False)
    assert done.data == b"a"
    assert done.applied == []
    assert "without end" in reasons(done)[0]

    def grow(data: bytes) -> list[Finding]:
        where = Span(0, len(data), 1, 1, 1, len(data) + 1)
        return [finding(f"r{len(data)}", where, ReplaceText(where, data.decode(), data.decode() + "a"))]

    assert fix(b"a", "dag.py", grow, unsafe=False).data == b"a"


def aliasing(*, held: Sequence[int] = (), missing_members: int = 0, unsafe: Sequence[int] = ()) -> Check:
    """Calls of an imported `T` are fixed by aliasing its import, all of them or none."""

    def check(data: bytes) -> list[Finding]:
        text = data.decode()
        statement = ast.parse(text).body[0]
        assert isinstance(statement, ast.ImportFrom)
        if statement.names[0].name != "T":
            return []
        change = ChangeImport(spans(text)(statement), "T", "T", "m", "TAsync", "T")
        found = [span for name, _, span in calls(data) if name == "T"]
        return [
            finding(
                "sync-sensor",
                span,
                change,
                applicability="display-only" if n in held else "unsafe" if n in unsafe else "safe",
                group="m.T",
                size=len(found) + missing_members,
            )
            for n, span in enumerate(found)
        ]

    return check


def test_a_group_is_fixed_as_a_whole() -> None:
    text = "from m import T\nT(1)\nT(2)\nT(3)\n"
    done = run(text, aliasing())
    assert done.data.decode() == text.replace("import T", "import TAsync as T")
    assert [found.span.line for found in done.applied] == [2, 3, 4]


def test_a_group_that_can_not_be_fixed_as_a_whole_is_left() -> None:
    text = "from m import T\nT(1)\nT(2)\nT(3)\n"
    for check, says in (
        (aliasing(held=[1]), "line 3 can't be fixed"),
        (aliasing(unsafe=[0, 2]), "lines 2, 4 would need an unsafe fix"),
        (aliasing(missing_members=1), "1 of them is suppressed"),
    ):
        done = run(text, check)
        assert done.data.decode() == text
        assert done.skipped
        assert all(says in reason for reason in reasons(done))
    assert b"TAsync" in run(text, aliasing(unsafe=[0, 2]), unsafe=True).data


def test_syntax_newer_than_this_python_is_fixed_too() -> None:
    text = "type X = int\ndef f[T](x: T) -> T: ...\nSensor()\n"
    start = text.index("Sensor")

    def check(data: bytes) -> list[Finding]:
        if b"deferrable" in data:
            return []
        span = Span(start, start + len("Sensor()"), 3, 1, 3, 9)
        return [finding("missing-deferrable", span, SetKeyword(span, "deferrable", "True"))]

    assert run(text, check).data == text.replace("()\n", "(deferrable=True)\n").encode()


def test_libcst_is_imported_only_when_there_is_something_to_fix() -> None:
    program = (
        "import sys; from advisor import fixer;"
        "fixer.fix(b'x = 1', 'a.py', lambda data: [], unsafe=True);"
        "sys.exit('libcst' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
