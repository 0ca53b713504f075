"""Suppressions: which comments count, what they silence, and what is said of those that do nothing."""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.comments import comments
from advisor.finding import Finding, ReplaceText, Span
from advisor.suppressions import scan

RULES = ("missing-deferrable", "sync-sensor", "unused-suppression", "unreadable-file")
Lines = Callable[[int], tuple[int, int]]


def at(line: int, rule: str = "missing-deferrable") -> Finding:
    return Finding(Span(0, 1, line, 1, line, 2), "said", rule=rule)


def one_line(line: int) -> tuple[int, int]:
    return line, line


def apply(
    text: str, *findings: Finding, lines: Lines = one_line, enabled: tuple[str, ...] = RULES
) -> tuple[list[Finding], list[Finding]]:
    return scan(text).apply(findings, lines, enabled, RULES)


def mended(text: str, finding: Finding) -> str:
    assert finding.fix is not None
    assert finding.fix.applicability == "safe"
    (rewrite,) = finding.fix.rewrites
    assert isinstance(rewrite, ReplaceText)
    assert text[rewrite.span.start : rewrite.span.end] == rewrite.old
    return text[: rewrite.span.start] + rewrite.new + text[rewrite.span.end :]


def test_a_comment_silences_its_rule_on_its_line_alone() -> None:
    text = "a = S()  # dag-advisor: ignore[missing-deferrable] the upstream is fast\nb = S()\n"
    kept, said = apply(text, at(1), at(2), at(1, "sync-sensor"))
    assert [(finding.span.line, finding.rule) for finding in kept] == [
        (2, "missing-deferrable"),
        (1, "sync-sensor"),
    ]
    assert said == []


@pytest.mark.parametrize("line", [2, 3, 4])
def test_any_line_of_the_statement_will_do(line: int) -> None:
    rows = ["x = 1", "a = S(", "    b=1,", ")", "y = 2"]
    rows[line - 1] += "  # dag-advisor: ignore[missing-deferrable]"
    kept, said = apply("\n".join(rows), at(2), lines=lambda line: (2, 4) if 2 <= line <= 4 else (line, line))
    assert (kept, said) == ([], [])


def test_several_rules_and_loose_spelling() -> None:
    text = "a = S()  #dag-advisor:ignore[ missing-deferrable,sync-sensor ]why not\n"
    assert apply(text, at(1), at(1, "sync-sensor")) == ([], [])


def test_ignore_file_counts_above_the_first_statement() -> None:
    text = (
        '#!/usr/bin/env python\n"""Docs."""\n# dag-advisor: ignore-file[missing-deferrable] old\nimport a\n'
    )
    assert apply(text, at(4), at(9)) == ([], [])
    kept, said = apply("import a\n# dag-advisor: ignore-file[missing-deferrable]\n", at(1))
    assert [finding.rule for finding in kept] == ["missing-deferrable"]
    assert [(finding.severity, finding.span.line) for finding in said] == [("error", 2)]
    assert "above the first statement" in said[0].message


@pytest.mark.parametrize(
    "text",
    [
        's = "# dag-advisor: ignore[missing-deferrable]"\n',
        's = """\n# dag-advisor: ignore[missing-deferrable]\n"""\n',
        "s = f'{x!r:>{w}} # dag-advisor: ignore[missing-deferrable]'\n",
        's = f"{d["#"]} # dag-advisor: ignore[missing-deferrable]"\n',
        's = rb"\\" # dag-advisor: ignore[missing-deferrable]"\n',
    ],
)
def test_in_a_string_it_is_no_comment(text: str) -> None:
    assert apply(text, at(1), at(2)) == ([at(1), at(2)], [])


@pytest.mark.parametrize(
    "text",
    [
        's = f"{x["a"]}"  # dag-advisor: ignore[missing-deferrable]\n',
        's = f"{{"  # dag-advisor: ignore[missing-deferrable]\n',
        's = f"\\N{NUMBER SIGN}"  # dag-advisor: ignore[missing-deferrable]\n',
        's = f"{x:{"}"}^{w}}"  # dag-advisor: ignore[missing-deferrable]\n',
        's = "\\\\"  # dag-advisor: ignore[missing-deferrable]\n',
        "s = ''''a'b''c'''  # dag-advisor: ignore[missing-deferrable]\n",
        "s = r'\\'  '# dag-advisor: ignore[missing-deferrable]'\n",
        "s = (  # dag-advisor: ignore[missing-deferrable]\n",
        "s = 'never closed  # no comment\n)] = [ # dag-advisor: ignore[missing-deferrable]\n",
        "print 'python 2' # dag-advisor: ignore[missing-deferrable]\n",
    ],
)
def test_behind_any_code_good_or_broken_it_is_one(text: str) -> None:
    assert apply(text, at(text.count("\n")))[0] == []


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# dag-advisor: ignore", "a suppression names its rules: `# dag-advisor: ignore[rule] reason`"),
        ("# dag-advisor: ignore because", "a suppression names its rules"),
        ("# dag-advisor: ignore[]", "a suppression names its rules"),
        ("# dag-advisor: ignore[ , ]", "a suppression names its rules"),
        (
            "# dag-advisor: ignore-file",
            "a suppression names its rules: `# dag-advisor: ignore-file[rule] reason`",
        ),
        ("# dag-advisor: ignore[missing-deferrable", "no closing bracket"),
        ("# dag-advisor: ingore[missing-deferrable]", "`ingore` is no suppression"),
        ("# dag-advisor: disable", "`disable` is no suppression"),
    ],
)
def test_what_suppresses_nothing_by_mistake_is_an_error(comment: str, message: str) -> None:
    kept, (said,) = apply(f"a = 1  {comment}\n", at(1))
    assert len(kept) == 1
    assert (said.rule, said.severity) == ("unused-suppression", "error")
    assert message in said.message
    assert (said.span.line, said.span.column) == (1, 8)


@pytest.mark.parametrize(
    "comment", ["# see dag-advisor: it says", "# dag-advisor: it told us so", "# dag-advisor:"]
)
def test_prose_is_nobodys_mistake(comment: str) -> None:
    assert apply(f"a = 1  {comment}\n", at(1)) == ([at(1)], [])


def test_an_unknown_rule_is_told_with_the_nearest() -> None:
    _, (said,) = apply("a = 1  # dag-advisor: ignore[sync-sensors]\n")
    assert said.message == "there is no rule `sync-sensors` to suppress; did you mean `sync-sensor`?"
    assert (said.span.column, said.span.end_column, said.fix) == (30, 42, None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1  # dag-advisor: ignore[sync-sensor] why\nb\n", "a = 1\nb\n"),
        ("a = 1  # dag-advisor: ignore[sync-sensor]", "a = 1"),
        ("a(\n    # dag-advisor: ignore[sync-sensor]\n    b)\n", "a(\n    b)\n"),
        ("a(\r\n\t# dag-advisor: ignore[sync-sensor] \r\n    b)\r\n", "a(\r\n    b)\r\n"),
        ("a = 1  # dag-advisor: ignore[sync-sensor] why\rb\r", "a = 1\rb\r"),
        ("# dag-advisor: ignore-file[sync-sensor]\nimport a\n", "import a\n"),
        ("a = 1  # dag-advisor: ignore[sync-sensor] why  # noqa: E501\n", "a = 1  # noqa: E501\n"),
        ("a = 1  # noqa: E501  # dag-advisor: ignore[sync-sensor] why\n", "a = 1  # noqa: E501\n"),
        ("a = 1  # why not # dag-advisor: ignore[sync-sensor]\n", "a = 1  # why not\n"),
        (
            "a = 1  # dag-advisor: ignore[sync-sensor, no-such-rule] why\n",
            "a = 1  # dag-advisor: ignore[no-such-rule] why\n",
        ),
        (
            "a = 1  # dag-advisor: ignore[sync-sensor] # dag-advisor: ignore[nothing]\n",
            "a = 1  # dag-advisor: ignore[nothing]\n",
        ),
    ],
)
def test_what_silences_nothing_is_removed_and_nothing_else(before: str, after: str) -> None:
    said = [finding for finding in apply(before)[1] if finding.fix]
    assert [finding.rule for finding in said] == ["unused-suppression"]
    assert mended(before, said[0]) == after


def test_only_the_unused_name_goes() -> None:
    text = "a = S()  # dag-advisor: ignore[sync-sensor,  missing-deferrable] why\n"
    _, (said,) = apply(text, at(1))
    assert said.message == "this suppression is not needed: `sync-sensor` never speaks on this statement"
    assert mended(text, said) == "a = S()  # dag-advisor: ignore[missing-deferrable] why\n"
    doubled = "a = S()  # dag-advisor: ignore[missing-deferrable, missing-deferrable]\n"
    _, (said,) = apply(doubled, at(1))
    assert mended(doubled, said) == "a = S()  # dag-advisor: ignore[missing-deferrable]\n"


def test_a_comment_above_its_statement_is_told_to_move_and_not_removed() -> None:
    text = "a = 1\n# dag-advisor: ignore[sync-sensor] as agreed\nb = S()\n"
    kept, (said,) = apply(text, at(3, "sync-sensor"))
    assert [finding.span.line for finding in kept] == [3]
    assert said.message.endswith("write it on a line of the statement, not above it")
    assert said.fix is None
    _, (other,) = apply(text, at(3, "missing-deferrable"))
    assert other.fix is not None


def test_a_rule_that_did_not_run_is_not_judged() -> None:
    text = "a = 1  # dag-advisor: ignore[sync-sensor]\n"
    assert apply(text, enabled=("missing-deferrable", "unused-suppression")) == ([], [])
    assert apply(text, enabled=("sync-sensor",)) == ([], [])


def test_the_judgement_can_be_suppressed_too() -> None:
    text = "a = 1  # dag-advisor: ignore[sync-sensor, unused-suppression] needed on Airflow 2.10\n"
    assert apply(text) == ([], [])


def test_positions_count_characters_and_all_kinds_of_line_ends() -> None:
    text = "a\r\nb\rc\n'äöü日本'\f  # dag-advisor: ignore[sync-sensor]"
    _, (said,) = apply(text)
    assert (said.span.line, said.span.column, said.span.end_line) == (4, 11, 4)
    assert text[said.span.start : said.span.end] == "# dag-advisor: ignore[sync-sensor]"


def test_deep_nesting_ends() -> None:
    scan("f'{" * 5000 + "# dag-advisor: ignore[sync-sensor]")
    scan('f"""{' * 5000 + "# dag-advisor: ignore[sync-sensor]")
    scan("f'{x:{" * 5000 + "# dag-advisor: ignore[sync-sensor]")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"'\"#{}[]():!\\\n\r\f fbrtN=x", "f'", 'f"""', "'''", "dag-advisor: ignore[x]"])
    )
)
def test_the_lexer_never_raises(pieces: list[str]) -> None:
    text = "".join(pieces) + "# dag-advisor: ignore[sync-sensor]"
    for start, end in comments(text):
        assert text[start] == "#"
        assert start < end
    apply(text)


def test_the_lexer_agrees_with_pythons_own() -> None:
    folder = Path(tokenize.__file__).parent
    some = [*sorted(folder.glob("*.py"))[:60], *sorted((folder / "test").glob("test_f*.py"))]
    compared = 0
    for path in some:
        with tokenize.open(path) as file:
            text = file.read()
        if "\f" in text or (sys.version_info < (3, 12) and re.search(r"""\bf['"]""", text)):
            continue
        starts = [0, *(match.end() for match in re.finditer("\n", text))]
        try:
            wanted = [
                (starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1])
                for token in tokenize.generate_tokens(io.StringIO(text).readline)
                if token.type == tokenize.COMMENT
            ]
        except (tokenize.TokenError, SyntaxError):
            continue
        assert comments(text) == wanted, path
        compared += 1
    assert compared > 20
