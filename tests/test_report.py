"""The reports: what each format writes for the same findings, and that nothing in a file can spoil it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.finding import Finding, Fix, ReplaceText, Span
from advisor.records import replace
from advisor.report import FORMATS, Report, render, statistics
from advisor.report.diff import changes, unified
from advisor.report.excerpt import window
from advisor.rule import Doc, Rule, discover
from advisor.text import did_you_mean, printable

DAG = """\
from airflow.sensors import S3KeySensor

with DAG("sales"):
    short = S3KeySensor(task_id="a")
    wait = S3KeySensor(
        task_id="wait",
        key="x",
        timeout=60,
    )
"""
URL = "https://example.org/deferring"


def finding(
    line: int, column: int, end_line: int, end_column: int, fix: Fix | None = None, **rest: object
) -> Finding:
    starts = [0, *(match.end() for match in re.finditer("\n", DAG))]
    start, end = starts[line - 1] + column - 1, starts[end_line - 1] + end_column - 1
    base = Finding(
        Span(start, end, line, column, end_line, end_column),
        "a worker slot is held while this sensor waits",
        fix,
        "airflow.sensors.S3KeySensor",
        "warning",
        "missing-deferrable",
        "dags/a.py",
        URL,
    )
    return replace(base, **rest)  # type: ignore[arg-type]


SAFE = Fix("safe", "add `deferrable=True`")
UNSAFE = Fix("unsafe", "add `deferrable=True`", caveat="`timeout` no longer counts")
BY_HAND = Fix("display-only", "take `mode` away first")
FINDINGS = (
    finding(4, 13, 4, 37, SAFE),
    finding(5, 12, 9, 6, UNSAFE),
    finding(5, 12, 9, 6, BY_HAND, rule="sync-sensor", severity="advice"),
    finding(3, 6, 3, 18, None, rule="inert-deferrable", severity="error", path="dags/b.py", symbol=""),
)


def report(*findings: Finding, **rest: object) -> Report:
    base = Report(
        findings=findings,
        files=3,
        airflow="2.10.4",
        source="requirements.txt",
        tool="dag-advisor 0.1.0",
        text_of=lambda path: DAG,
    )
    return replace(base, **rest)  # type: ignore[arg-type]


def drawn(name: str, given: Report) -> str:
    out = io.StringIO()
    render(name, given, out)
    return out.getvalue()


def test_full_shows_source_caret_reason_fix_link_and_summary() -> None:
    assert drawn("full", report(*FINDINGS)) == (
        """\
dags/a.py:4:13  warning  missing-deferrable
  a worker slot is held while this sensor waits
  3 │ with DAG("sales"):
  4 │     short = S3KeySensor(task_id="a")
    │             ^^^^^^^^^^^^^^^^^^^^^^^^
  safe fix: add `deferrable=True`
  why: https://example.org/deferring

dags/a.py:5:12  warning  missing-deferrable
  a worker slot is held while this sensor waits
  4 │     short = S3KeySensor(task_id="a")
  5 │     wait = S3KeySensor(
    │            ^^^^^^^^^^^^
  6 │         task_id="wait",
  7 │         key="x",
    │ … 2 more lines
  unsafe fix (--unsafe-fixes): add `deferrable=True`; `timeout` no longer counts
  why: https://example.org/deferring

dags/a.py:5:12  advice  sync-sensor
  a worker slot is held while this sensor waits
  4 │     short = S3KeySensor(task_id="a")
  5 │     wait = S3KeySensor(
    │            ^^^^^^^^^^^^
  6 │         task_id="wait",
  7 │         key="x",
    │ … 2 more lines
  write: take `mode` away first
  why: https://example.org/deferring

dags/b.py:3:6  error  inert-deferrable
  a worker slot is held while this sensor waits
  3 │ with DAG("sales"):
    │      ^^^^^^^^^^^^
  why: https://example.org/deferring

4 findings in 2 of 3 files: 1 error, 2 warnings, 1 advice

  2  missing-deferrable  warning  fix: 1 safe, 1 unsafe
  1  inert-deferrable    error    no fix
  1  sync-sensor         advice   fix: 1 by hand (shown)

Target: Airflow 2.10.4 (from requirements.txt)
Next: dag-advisor fix mends 1 of them safely (look first: fix --diff)
      dag-advisor fix --unsafe-fixes mends 1 more after you have read what may change
"""
    )


def test_full_says_so_when_all_is_clear_and_is_silent_when_quiet() -> None:
    assert drawn("full", report()).startswith("All clear: nothing to report in 3 files.\n")
    assert drawn("full", report(quiet=True)) == ""
    assert "Target:" not in drawn("full", report(*FINDINGS, quiet=True))


def test_color_adds_nothing_but_color() -> None:
    plain = drawn("full", report(*FINDINGS))
    painted = drawn("full", report(*FINDINGS, color=True))
    assert "\x1b[" in painted
    assert painted == drawn("full", report(*FINDINGS, color=True))
    unpainted = re.sub(r"\x1b\[[0-9;]*m", "", painted)
    assert [line.rstrip() for line in unpainted.splitlines()] == plain.splitlines()


def test_with_many_findings_the_summary_says_where_to_start() -> None:
    many = [
        finding(4, 13, 4, 37, path=f"repo/dags/{folder}/f{number}.py")
        for folder, times in (("finance", 9), ("hr", 5), ("ops", 3))
        for number in range(times)
    ]
    text = drawn("full", report(*many, finding(4, 13, 4, 37, path="repo/dags/top.py")))
    assert (
        "Where:\n"
        "  9  repo/dags/finance/  missing-deferrable 9\n"
        "  5  repo/dags/hr/       missing-deferrable 5\n"
        "  3  repo/dags/ops/      missing-deferrable 3\n"
        "  1  repo/dags/top.py    missing-deferrable 1\n"
    ) in text
    assert "Where:" not in drawn("full", report(*many[:3]))


def test_fixes_that_belong_together_say_so() -> None:
    group = replace(SAFE, group="g", group_size=3)
    assert "safe fix: add `deferrable=True` (together with 2 other changes in this file)" in drawn(
        "full", report(finding(4, 13, 4, 37, group))
    )


@pytest.mark.parametrize(
    ("line", "column", "end_column", "text", "caret", "carets"),
    [
        ("x = S()", 5, 8, "x = S()", 4, 3),
        ("\tx = S()", 6, 9, "    x = S()", 8, 3),
        ("a\tb", 3, 4, "a   b", 4, 1),
        ('s = "日本", S()', 11, 14, 's = "日本", S()', 12, 3),
        ("e\u0301 = S()", 6, 9, "e\u0301 = S()", 4, 3),
        ("\x1b[31m = S()", 9, 12, "\\x1b[31m = S()", 11, 3),
        ("x = S(   ", 5, None, "x = S(", 4, 2),
        ("x", 9, 12, "x", 1, 1),
    ],
)
def test_the_caret_stands_under_its_text(
    line: str, column: int, end_column: int | None, text: str, caret: int, carets: int
) -> None:
    shown = window(line, column, end_column, 60)
    assert (shown.text, shown.caret, shown.carets) == (text, caret, carets)


@pytest.mark.parametrize("before", [0, 10, 500, 5_000, 3_000_000])
@pytest.mark.parametrize("wide", ["a", "日", "\t"])
def test_a_long_line_is_cut_around_the_caret(before: int, wide: str) -> None:
    line = wide * before + "S3KeySensor()" + "b" * 5_000
    shown = window(line, before + 1, before + 14, 60)
    assert shown.text[-1] == "…"
    assert "S3KeySensor()" in shown.text
    cells = sum(2 if character == "日" else 1 for character in shown.text)
    assert cells <= 60
    left = shown.text[: shown.text.index("S3KeySensor")]
    assert shown.caret == sum(2 if character == "日" else 1 for character in left)
    assert shown.carets == 13
    assert (shown.text[0] == "…") == ((before > 100 and wide != "\t") or before >= 500)


def test_concise_is_one_line_a_finding() -> None:
    assert drawn("concise", report(*FINDINGS[:2], finding(1, 1, 1, 5, message="two\nlines"))) == (
        "dags/a.py:4:13: missing-deferrable warning a worker slot is held while this sensor waits\n"
        "dags/a.py:5:12: missing-deferrable warning a worker slot is held while this sensor waits\n"
        "dags/a.py:1:1: missing-deferrable warning two\\x0alines\n"
    )


def test_json_has_the_fixed_shape() -> None:
    data = json.loads(drawn("json", report(*FINDINGS)))
    assert list(data) == ["version", "tool", "target", "findings", "summary"]
    assert data["version"] == 1
    assert data["tool"] == "dag-advisor 0.1.0"
    assert data["target"] == {"airflow": "2.10.4", "source": "requirements.txt"}
    assert data["findings"][0] == {
        "rule": "missing-deferrable",
        "severity": "warning",
        "message": "a worker slot is held while this sensor waits",
        "path": "dags/a.py",
        "line": 4,
        "column": 13,
        "end_line": 4,
        "end_column": 37,
        "symbol": "airflow.sensors.S3KeySensor",
        "url": URL,
        "fix": {"applicability": "safe", "description": "add `deferrable=True`"},
    }
    assert data["findings"][3]["fix"] is None
    assert data["summary"] == {
        "files": 3,
        "findings": 4,
        "by_rule": {"inert-deferrable": 1, "missing-deferrable": 2, "sync-sensor": 1},
    }


def test_github_gives_columns_only_on_one_line() -> None:
    fourth, first, third = drawn("github", report(FINDINGS[0], *FINDINGS[2:])).splitlines()
    assert first == (
        "::warning file=dags/a.py,line=4,col=13,endLine=4,endColumn=37,title=dag-advisor (missing-deferrable)"
        "::dags/a.py:4:13: missing-deferrable a worker slot is held while this sensor waits " + URL
    )
    assert third.startswith("::notice file=dags/a.py,line=5,col=12,title=")
    assert fourth.startswith("::error ")


def test_github_findings_of_one_rule_in_one_file_share_an_annotation() -> None:
    drawn_lines = drawn("github", report(*FINDINGS)).splitlines()
    assert [line.split()[0] for line in drawn_lines] == [
        "::error",
        "::warning",
        "::notice",
        "::group::dag-advisor:",
        *["-"] * 4,
        "::endgroup::",
    ]
    assert drawn_lines[1].endswith(f"{URL}%0A2 times in this file: lines 4, 5")


def test_github_keeps_to_what_github_shows() -> None:
    many = [finding(4, 13, 4, 37, path=f"dags/f{number:03}.py") for number in range(57)]
    errors = [replace(many[0], rule="inert-deferrable", severity="error", path=f"e{n}.py") for n in range(10)]
    often = [finding(line, 13, line, 20, path="dags/often.py") for line in (3, 4, 5, 5)] * 5
    drawn_lines = drawn("github", report(*many, *errors, *often)).splitlines()
    levels = [line.split()[0] for line in drawn_lines if line.startswith("::")]
    assert levels == ["::error"] * 10 + ["::warning"] * 10 + ["::group::dag-advisor:", "::endgroup::"]
    assert "%0A20 times in this file: lines 3, 4, 5::" not in drawn_lines[10]
    assert drawn_lines[10].endswith("20 times in this file: lines 3, 4, 5")
    assert drawn_lines[19] == "::warning title=dag-advisor::49 more warnings in 49 files: see the log"
    assert len([line for line in drawn_lines if line.startswith("- ")]) == 87


def test_github_and_gitlab_paths_are_the_repositorys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    monkeypatch.chdir(tmp_path / "team")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    assert "file=team/dags/a.py," in drawn("github", report(FINDINGS[0]))
    assert json.loads(drawn("gitlab", report(FINDINGS[0])))[0]["location"]["path"] == "team/dags/a.py"
    monkeypatch.setenv("GITHUB_WORKSPACE", "/elsewhere")
    assert "file=dags/a.py," in drawn("github", report(FINDINGS[0]))


def test_the_github_log_holds_no_command_of_a_file() -> None:
    odd = finding(
        4, 13, 4, 37, path="::error::a ##[error]b.py", message="::warning::x\n::error::y ##[add-path]z"
    )
    for line in drawn("github", report(odd, odd)).splitlines()[1:]:
        assert line in ("::endgroup::",) or line.startswith(("- ", "::group::dag-advisor: 2 findings"))
        assert "##[" not in line


def test_github_escapes_what_would_end_a_command() -> None:
    odd = finding(4, 13, 4, 37, path="a,b:c%.py", message="100%\n::error::fake")
    (line,) = drawn("github", report(odd)).splitlines()
    assert "file=a%2Cb%3Ac%25.py," in line
    assert "100%25%0A::error::fake" in line


def test_gitlab_fingerprints_stay_when_lines_move_and_differ_between_equal_lines() -> None:
    entries = json.loads(drawn("gitlab", report(*FINDINGS)))
    assert entries[0] == {
        "description": "missing-deferrable: a worker slot is held while this sensor waits",
        "check_name": "missing-deferrable",
        "fingerprint": entries[0]["fingerprint"],
        "severity": "minor",
        "location": {"path": "dags/a.py", "lines": {"begin": 4, "end": 4}},
    }
    assert [entry["severity"] for entry in entries] == ["minor", "minor", "info", "major"]
    prints = [entry["fingerprint"] for entry in entries]
    assert len(set(prints)) == 4
    moved = [
        replace(
            one,
            span=Span(
                one.span.start + 4,
                one.span.end + 4,
                one.span.line + 2,
                one.span.column,
                one.span.end_line + 2,
                one.span.end_column,
            ),
        )
        for one in FINDINGS
    ]
    later = json.loads(drawn("gitlab", report(*moved, text_of=lambda path: "#\n#\n" + DAG)))
    assert [entry["fingerprint"] for entry in later] == prints
    same = json.loads(drawn("gitlab", report(FINDINGS[0], FINDINGS[0])))
    assert same[0]["fingerprint"] != same[1]["fingerprint"]


RULE = Rule("missing-deferrable", "warning", "deferral-missed", "safe", __name__, None)


def test_sarif_says_rules_places_fixes_and_fingerprints() -> None:
    removal = Fix("safe", "remove it", (ReplaceText(Span(10, 20, 1, 11, 1, 21), DAG[10:20], ""),))
    given = report(
        *FINDINGS,
        finding(1, 11, 1, 21, removal, rule="unused-suppression", path="dags/ü x.py"),
        rules=discover(),
    )
    log = json.loads(drawn("sarif", given))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("dag-advisor", "0.1.0")
    assert run["columnKind"] == "unicodeCodePoints"
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch(r"[0-9a-f]{64}", result["partialFingerprints"]["dagAdvisor/v1"])
    assert [result["level"] for result in run["results"]] == [
        "warning",
        "warning",
        "note",
        "error",
        "warning",
    ]
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "dags/a.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 5, "startColumn": 12, "endLine": 9, "endColumn": 6},
    }
    last = run["results"][-1]
    assert last["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "dags/%C3%BC%20x.py"
    (fix,) = last["fixes"]
    assert fix["artifactChanges"][0]["replacements"] == [
        {
            "deletedRegion": {"startLine": 1, "startColumn": 11, "endLine": 1, "endColumn": 21},
            "insertedContent": {"text": ""},
        }
    ]
    for rule in driver["rules"]:
        if rule["id"] in discover():
            assert rule["shortDescription"]["text"]
            assert rule["help"]["markdown"].startswith(f"# {rule['id']}\n")


def test_junit_is_a_suite_a_file_and_advice_passes_unless_strict() -> None:
    root = ElementTree.fromstring(drawn("junit", report(*FINDINGS)))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "4", "3")
    assert [suite.get("name") for suite in root] == ["dags/a.py", "dags/b.py"]
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["missing-deferrable 4:13", "missing-deferrable 5:12", "inert-deferrable 3:6"]
    strict = ElementTree.fromstring(drawn("junit", report(*FINDINGS, strict=True)))
    assert strict.get("failures") == "4"
    clear = ElementTree.fromstring(drawn("junit", report()))
    assert (clear.get("tests"), clear.get("failures")) == ("1", "0")


HOSTILE = "a\x1b[2J\x07\u202e<&\"'>]]>\r\n\x00\udcff\u2028\x9b31m日.py"


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_in_a_file_steers_the_terminal_or_breaks_the_format(name: str) -> None:
    odd = finding(
        4,
        5,
        4,
        9,
        replace(UNSAFE, description=HOSTILE, caveat=HOSTILE),
        path=HOSTILE,
        message=HOSTILE,
        symbol=HOSTILE,
        url="https://x/" + HOSTILE,
    )
    text = drawn(name, report(odd, text_of=lambda path: "#\n#\n#\nx = " + HOSTILE, source=HOSTILE))
    for code in (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x202E, 0x2028, 0xDCFF):
        assert chr(code) not in text, hex(code)
    text.encode("utf-8")
    if name == "junit":
        ElementTree.fromstring(text)
    elif name in ("json", "gitlab", "sarif"):
        json.loads(text)
    elif name in ("concise", "github"):
        assert text.count("\n") == 1


def test_painted_output_of_hostile_text_holds_no_foreign_escape() -> None:
    odd = finding(4, 5, 4, 9, path=HOSTILE, message=HOSTILE, url="https://x/" + HOSTILE)
    text = drawn("full", report(odd, color=True))
    ours = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "\x1b" not in ours
    assert "\x07" not in text


def test_statistics_count_by_rule() -> None:
    out = io.StringIO()
    statistics.render("concise", report(*FINDINGS), out)
    assert out.getvalue() == (
        "  2  missing-deferrable  warning  fix: 1 safe, 1 unsafe\n"
        "  1  inert-deferrable    error    no fix\n"
        "  1  sync-sensor         advice   fix: 1 by hand (shown)\n"
    )
    out = io.StringIO()
    statistics.render("json", report(*FINDINGS), out)
    data = json.loads(out.getvalue())
    assert list(data) == ["version", "tool", "target", "statistics", "summary"]
    assert data["statistics"][0] == {
        "rule": "missing-deferrable",
        "severity": "warning",
        "count": 2,
        "fixable": {"safe": 1, "unsafe": 1, "display-only": 0},
    }


OLD = b"".join(b"line %d\n" % number for number in range(40))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, OLD.replace(b"line 3\n", b"new\n")),
        (OLD, OLD.replace(b"line 3\n", b"").replace(b"line 30\n", b"a\nb\n")),
        (OLD, b"first\n" + OLD + b"last"),
        (OLD[:-1], OLD[:-1] + b" changed"),
        (OLD[:-1], OLD),
        (b"a\r\nb\r\n", b"a\r\nB\r\n"),
        (b"caf\xe9\nx\n", b"caf\xe9\ny\n"),
        (b"", b"a\n"),
        (b"a\n", b""),
        (b"a\rb\rc", b"a\rB\rc"),
        (b"\n" * 10, b"\n" * 5 + b"x\n" + b"\n" * 5),
    ],
)
def test_patch_understands_the_diff(tmp_path: Path, old: bytes, new: bytes) -> None:
    (tmp_path / "a.py").write_bytes(old)
    diff = b"".join(unified("a.py", old, new))
    done = subprocess.run(
        ["git", "apply", "-p0", "--unidiff-zero", "-"],
        input=diff,
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (done.stderr, diff)
    left = tmp_path / "a.py"
    assert (left.read_bytes() if left.exists() else b"") == new


def test_equal_bytes_have_no_diff_and_odd_names_are_quoted() -> None:
    assert list(unified("a.py", OLD, OLD)) == []
    assert next(unified('a\n"b.py', b"a\n", b"b\n")) == b'--- "a\\n\\"b.py"\n'


def test_a_large_file_with_two_far_edits_is_compared_quickly() -> None:
    old = b"x = 1\n" * 60_000
    new = b"y\n" + old + b"z\n"
    assert len(list(unified("a.py", old, new))) < 30


@given(
    st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"])), st.lists(st.sampled_from([b"a\n", b"b\n", b"d\n"]))
)
def test_the_changes_lead_from_one_text_to_the_other(old: list[bytes], new: list[bytes]) -> None:
    rebuilt: list[bytes] = []
    at = 0
    for start, end, new_start, new_end in changes(old, new):
        rebuilt += old[at:start] + new[new_start:new_end]
        at = end
    assert rebuilt + old[at:] == new


def test_a_file_that_changed_altogether_is_one_hunk() -> None:
    old, new = b"a\n" + b"x\n" * 3_000, b"a\n" + b"".join(b"%d\n" % number for number in range(3_000))
    assert sum(line.startswith(b"@@") for line in unified("a.py", old, new)) == 1


def test_words() -> None:
    assert printable("a\x1b\u202eé日\udcff") == "a\\x1b\\u202eé日\\udcff"
    assert did_you_mean("slect", ["select", "ignore"]) == "; did you mean `select`?"
    assert did_you_mean("--output_format", ["--output-format"]) == "; did you mean `--output-format`?"
    assert did_you_mean("zzz", ["select"]) == ""


def test_a_rule_page_has_its_sections(tmp_path: Path) -> None:
    from advisor.report.pages import markdown, plain

    for rule in discover().values():
        page = markdown(rule)
        assert page.startswith(f"# {rule.name}\n\n{rule.doc.title}\n")
        assert "```" not in plain(rule)
    assert isinstance(RULE.doc, Doc)
