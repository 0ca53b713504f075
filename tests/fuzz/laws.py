"""What must hold whatever the input: one function a law, failing with an AssertionError or by raising."""

# ruff: noqa: E501

from __future__ import annotations

import ast
import atexit
import io
import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from advisor import (
    cachefolder,
    cli,
    comments,
    decoding,
    engine,
    fixer,
    ignoring,
    runner,
    suppressions,
    syntax,
)
from advisor.config import Settings
from advisor.finding import AddImport, ChangeImport, DropImport, Finding, RemoveKeyword, ReplaceText, Span
from advisor.folded import UNKNOWN
from advisor.names import Names
from advisor.server import analysis
from advisor.target import detect
from advisor.values import Values
from fuzz import computed, texts

UNREADABLE = "unreadable-file"


@cache
def scratch() -> Path:
    """A folder for this process's files."""
    folder = Path(tempfile.mkdtemp(prefix="dag-advisor-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def context() -> engine.Context:
    """All rules, default settings, an empty project."""
    root = scratch() / "empty"
    root.mkdir()
    settings = Settings(root=root)
    return engine.prepare(settings, detect(root, settings, None, False))


def check(data: bytes) -> list[Finding]:
    return runner.check_data(data, str(scratch() / "empty/dag.py"), context())


def parsed(data: bytes) -> ast.Module | None:
    """What Python makes of a file; None where it can't."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _compiles(data: bytes) -> bool:
    """Whether Python could run a file; it refuses some that parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, "<fuzz>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


# -- one file


def findings_are_sound(data: bytes) -> None:
    """No exception; each finding stands inside the text, where Python counts lines; a second look says the same."""
    found = check(data)
    assert check(data) == found
    try:
        text = decoding.decode(data).text
    except decoding.Unreadable:
        assert [finding.rule for finding in found] in ([], [UNREADABLE])
        return
    if _compiles(data):
        assert UNREADABLE not in {finding.rule for finding in found}, found
    for finding in found:
        assert finding.path
        assert finding.severity
        if finding.rule == UNREADABLE:
            continue
        _stands(text, finding.span)
        for rewrite in finding.fix.rewrites if finding.fix else ():
            span = rewrite.span if isinstance(rewrite, ReplaceText) else None
            if span is not None:
                _stands(text, span)


def _stands(text: str, span: Span) -> None:
    assert 0 <= span.start <= span.end <= len(text), span
    for offset, line, column in (
        (span.start, span.line, span.column),
        (span.end, span.end_line, span.end_column),
    ):
        rows = re.split(r"\r\n|\r|\n", text[:offset])
        assert (line, column) == (len(rows), len(rows[-1]) + 1), (span, text)


def fixes_are_sound(data: bytes) -> None:
    """What `fix` makes of a file parses if the file did, is quiet at a second run, and keeps every comment."""
    for unsafe in (False, True):
        fixed = fixer.fix(data, "dag.py", check, unsafe=unsafe)
        if fixed.data == data:
            continue
        if parsed(data) is not None:
            assert parsed(fixed.data) is not None, fixed.data
        again = fixer.fix(fixed.data, "dag.py", check, unsafe=unsafe)
        assert again.data == fixed.data, (fixed.data, again.data)
        assert fixed.applied
        old, new = decoding.decode(data), decoding.decode(fixed.data)
        assert (old.bom, old.encoding) == (new.bom, new.encoding)
        assert _ends(new.text) <= _ends(old.text) | ({"\n"} if not _ends(old.text) else set())
        if not any(map(_takes_away, fixed.applied)):
            left = _comments(new.text)
            for comment in _comments(old.text):
                assert comment in left, (comment, fixed.data)


def _takes_away(finding: Finding) -> bool:
    """Whether a fix may take a comment with it: its own, or that of an argument."""
    rewrites = finding.fix.rewrites if finding.fix else ()
    return finding.rule == suppressions.RULE or any(isinstance(one, RemoveKeyword) for one in rewrites)


def _ends(text: str) -> set[str]:
    return set(re.findall(r"\r\n|\r|\n", text))


def _comments(text: str) -> list[str]:
    return [text[start:end].rstrip() for start, end in comments.comments(text)]


def edits_stay_inside(data: bytes) -> None:
    """Each fix on its own changes nothing but the call, the import or the text that it is about."""
    found = check(data)
    for bundle in fixer.bundles(found, True)[0]:
        outcome = fixer.attempt(data, "dag.py", check, bundle)
        if isinstance(outcome, str):
            assert outcome
            continue
        text = decoding.decode(data).text
        wanted = [rewrite for finding in bundle if finding.fix for rewrite in finding.fix.rewrites]
        spans: list[tuple[int, int]] = []
        for one in wanted:
            if isinstance(one, ReplaceText):
                spans.append((one.span.start, one.span.end))
            elif isinstance(one, (ChangeImport, AddImport, DropImport)):
                # A name that moves gets a line of its own, before or behind its statement's; one that goes takes its line.
                start, end = one.statement.start, one.statement.end
                first = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
                last = re.search(r"\r\n|\r|\n|$", text[end:])
                assert last is not None
                spans.append((first, end + last.end()))
            else:
                spans.append((one.call.start, one.call.end))
        for edit in outcome.edits:
            inside = any(start <= edit.start and edit.end <= end for start, end in spans)
            assert inside, (edit, spans, data)


def suppressions_are_sound(data: bytes) -> None:
    """`--add-ignore` changes nothing but comments, silences what it says, and has nothing left to do afterwards."""
    found = check(data)
    try:
        ignored = ignoring.ignore(data, found, "a reason", check)
    except decoding.Unreadable:
        assert ignoring.NOT_FOR.keys() >= {finding.rule for finding in found}
        return
    assert len(ignored.done) + len(ignored.skipped) == len(found)
    if ignored.data == data:
        assert not ignored.done
        return
    old, new = parsed(data), parsed(ignored.data)
    if old is not None:
        assert new is not None
        assert ast.dump(old) == ast.dump(new)
    assert _holds(ignored.data, data), (data, ignored.data)
    after = check(ignored.data)
    assert len(after) == len(ignored.skipped), (after, ignored.skipped, ignored.data)
    again = ignoring.ignore(ignored.data, after, "a reason", check)
    assert again.data == ignored.data, (ignored.data, again.data)


def _holds(long: bytes, short: bytes) -> bool:
    """Whether all of `short` stands in `long`, in order."""
    rest = iter(long)
    return all(byte in rest for byte in short)


def comments_are_found(data: bytes) -> None:
    """Suppressions are found in any text, parsed or not, each where a comment begins."""
    text = data.decode("utf-8", "surrogateescape")
    for one in suppressions.scan(text).found:
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start] == "#"
        assert not re.search(r"[\r\n]", text[one.start : one.end])
    spans = comments.comments(text)
    assert spans == sorted(spans)
    for start, end in spans:
        assert text[start] == "#"
        assert not re.search(r"[\r\n]", text[start:end])
    assert 0 <= comments.first_statement(text) <= len(text)


def names_are_sound(data: bytes) -> None:
    """Every identifier is looked up, every expression folded, without an exception and twice the same."""
    try:
        tree = syntax.parse(decoding.decode(data).text)
    except (decoding.Unreadable, syntax.SyntaxFailure):
        return
    names = Names(tree)
    values = Values(names, lambda dotted: UNKNOWN)
    for kind in ("identifier", "attribute"):
        for node in tree.kinds(kind):
            names.lookup(node)
            assert names.candidates(node) == names.candidates(node)
    for kind in ("binary_operator", "dictionary", "call", "conditional_expression", "identifier", "list"):
        for node in tree.kinds(kind):
            value = values.fold(node)
            assert type(value) is type(values.fold(node)) or value == values.fold(node)


def server_agrees(data: bytes) -> None:
    """The language server's findings are the command's, and its edits make what the commands write."""
    try:
        text = decoding.decode(data).text
    except decoding.Unreadable:
        text = data.decode("utf-8", "replace")
    path = str(scratch() / "empty/dag.py")
    document = analysis.checked(text, 1, path, context())
    for finding in document.findings:
        for offer in (analysis.offer(document, finding), analysis.offer_ignore(document, finding)):
            at = 0
            for start, end, _ in offer.edits if offer else ():
                assert at <= start <= end <= len(text)
                at = end
            if offer and parsed(document.data) is not None:
                assert parsed(decoding.saved(_edited(text, offer.edits))) is not None
    everything = analysis.offer_all(document)
    if everything is not None:
        fixed = fixer.fix(document.data, path, document.check, unsafe=False)
        assert not everything.edits or decoding.saved(_edited(text, everything.edits)) == fixed.data


def _edited(text: str, edits: tuple[analysis.Replacement, ...]) -> str:
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text


# -- the command line

DAG = """\
from airflow import DAG
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from company.settings import TIMEOUT

with DAG("d"):
    S3KeySensor(task_id="wait", bucket_key="s3://a/b", timeout=TIMEOUT)
"""


def run(*arguments: str) -> tuple[int, str, str]:
    """One command in this process: exit code, standard output, standard error."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(list(arguments))
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    said = err.getvalue()
    assert "internal error" not in said, said
    assert "Traceback" not in said, said
    if code == 130:
        raise KeyboardInterrupt
    assert code in (0, 1, 2)
    return code, out.buffer.getvalue().decode(), said


def project(name: str) -> Path:
    """An empty folder to be a project, the same one each time, and the working directory."""
    root = scratch() / name
    shutil.rmtree(root, ignore_errors=True)
    (root / "dags/company").mkdir(parents=True)
    (root / "dags/company/__init__.py").touch()
    (root / "dags/company/settings.py").write_text("TIMEOUT = 60 * 60\n")
    os.chdir(root)
    return root


def configuration_is_followed_or_refused(data: bytes) -> None:
    """Any configuration: findings, or a sentence; nothing is written."""
    root = project("configured")
    (root / "dag-advisor.toml").write_bytes(data)
    (root / "dags/a.py").write_text(DAG)
    before = snapshot(root)
    code, _, said = run("check", "--no-cache", "--output-format", "json", ".")
    assert code != 2 or said.startswith("error: "), said
    assert snapshot(root) == before


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


_CONFIG = """\
select = ["ALL"]
ignore = ["sync-sensor", "poke-sensor"]
exclude = ["legacy/", "*.pyi"]
target-airflow = "3.2"
triggerer = true
default-deferrable = false
baseline = "b.json"
blocking-calls = ["mycorp.client.fetch"]

[per-file-ignores]
"tests/**" = ["missing-deferrable"]

[rules.long-wait-in-async-task]
long-wait = 120
"""
_TOML = [
    'environment = "venv"\n',"[", "]", "[[", "=", '"', "'''", "\n", ".", "{", "}", "#", "1e999", "nan", "inf", "0x", "1979-05-27", "-1", "true",
         "10" * 40, "\0", "é", "\ud800", "[tool.dag-advisor]\n", "**", "[!", "../", "/", "~", "$X", "\\", "99999.1", "3", "2.10",
         "missing-deferrable", "[rules.missing-deferrable]\n", "a = [[[[", "{a={a={"]  # fmt: skip
CONFIGS = st.lists(
    st.tuples(st.integers(0, 12), texts.PLACE, texts.PLACE, st.sampled_from(_TOML)), min_size=1, max_size=4
).map(lambda changes: _bent(_CONFIG, changes).encode("utf-8", "surrogatepass"))


def _bent(text: str, changes: list[tuple[int, int, int, str]]) -> str:
    for change in changes:
        text = texts.bend(text, change)
    return text


def baseline_is_read_or_refused(case: tuple[bytes, bytes]) -> None:
    """Any baseline: findings, or a sentence; and what is recorded is silent at once."""
    data, bent = case
    root = project("recorded")
    (root / "dags/a.py").write_bytes(data)
    run("check", "--no-cache", "--write-baseline", "--quiet", ".")
    written = (root / "dag-advisor-baseline.json").read_bytes()
    code, out, _ = run("check", "--no-cache", "--strict", "--output-format", "json", ".")
    assert code == 0, (data, out)
    run("check", "--no-cache", "--write-baseline", "--quiet", ".")
    assert (root / "dag-advisor-baseline.json").read_bytes() == written
    assert (root / "dags/a.py").read_bytes() == data
    (root / "dag-advisor-baseline.json").write_bytes(bent)
    code, _, said = run("check", "--no-cache", "--output-format", "json", ".")
    assert code != 2 or said.startswith("error: "), said
    run("fix", "--no-cache", "--quiet", ".")


@st.composite
def baselines(draw: st.DrawFn) -> tuple[bytes, bytes]:
    document: dict[str, Any] = {
        "version": 1,
        "findings": [
            {"path": "dags/a.py", "rule": "missing-deferrable", "print": "0" * 16, "code": "x", "count": 2}
        ]
        * 2,
    }
    target = draw(st.sampled_from([document, document["findings"][0]]))
    target[draw(st.sampled_from([*target, "more"]))] = draw(texts.any_json())
    text = json.dumps(document)
    for change in draw(st.lists(texts.CHANGE, max_size=1)):
        text = texts.bend(text, change)
    return draw(texts.files(2)), text.encode("utf-8", "surrogatepass")


def everything_is_reported(case: tuple[list[bytes], str]) -> None:
    """Any files, any format: the same bytes with one process and with two, with a cache and without, nothing written."""
    files, form = case
    root = project("reported")
    for number, data in enumerate(files):
        (root / f"dags/f{number}.py").write_bytes(data)
    before = snapshot(root)
    alone, worth, pays, chunk = runner._ALONE, runner._WORTH, runner._WORTH_REMEMBERING, runner._CHUNK
    try:
        first = run("check", "--no-cache", "--jobs", "1", "--output-format", form, ".")[:2]
        assert snapshot(root) == before
        runner._WORTH_REMEMBERING = 0
        for _ in range(2):  # first it is written, then read
            assert run("check", "--output-format", form, "--jobs", "1", ".")[:2] == first
        shutil.rmtree(root / cachefolder.NAME, ignore_errors=True)
        assert snapshot(root) == before
        runner._ALONE = runner._WORTH = -1  # a pool at once
        runner._CHUNK = 1
        assert run("check", "--no-cache", "--jobs", "2", "--output-format", form, ".")[:2] == first
    finally:
        runner._ALONE, runner._WORTH, runner._WORTH_REMEMBERING, runner._CHUNK = alone, worth, pays, chunk


REPORTED = st.tuples(
    st.lists(texts.files(), min_size=1, max_size=3),
    st.sampled_from(["full", "concise", "json", "github", "gitlab", "sarif", "junit"]),
)

# -- the cache

_MODULES = [
    "company/settings.py", "company/base.py", "company/__init__.py", "a.py", "b.py", "company.py", "c.py", "../company/settings.py",
]  # fmt: skip
_TEXTS = [
    "TIMEOUT = 5\n", "from company.base import HOUR as TIMEOUT\n", "HOUR = 60 * 60\n", "HOUR = 1\nTIMEOUT = HOUR * 2\n",
    "from .base import HOUR\nTIMEOUT = HOUR\n", "from company.settings import *\nHOUR = TIMEOUT\n", DAG,
    DAG.replace("company.settings", "company"), DAG.replace("company.settings", "a"),
    DAG.replace("from company.settings import TIMEOUT", "import company.settings as s").replace("=TIMEOUT", "=s.TIMEOUT"),
    DAG.replace("from company.settings import TIMEOUT", "import company").replace("=TIMEOUT", "=company.settings.TIMEOUT"),
    DAG.replace("from company.settings import TIMEOUT", "from company.base import Mine").replace("S3KeySensor(task", "Mine(task").replace("=TIMEOUT", "=60"),
    "from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor\nclass Mine(S3KeySensor):\n    pass\n",
    "from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor as Mine\nTIMEOUT = 7\n",
    "from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor\nclass Mine(S3KeySensor):\n    def __init__(self, **kw):\n        super().__init__(deferrable=True, **kw)\n",
    "import a\nTIMEOUT = a.TIMEOUT\n", "from a import *\n", "from b import *\nTIMEOUT = 4000\n", "", "\0", "def wait(name):\n    import time\n    time.sleep(600)\nTIMEOUT = 1\n",
    "from airflow.sdk import task\nfrom a import wait\n@task\nasync def f():\n    wait('x')\n",
    "from airflow.sdk import task\nimport company.base\n@task\nasync def f():\n    company.base.wait('x')\n",
]  # fmt: skip
CACHES = st.lists(
    st.tuples(st.sampled_from(_MODULES), st.one_of(st.none(), st.sampled_from(_TEXTS))),
    min_size=2,
    max_size=10,
)


def remembering_is_checking(moves: list[tuple[str, str | None]]) -> None:
    """Whatever changes between runs, a run with a cache says what one without says."""
    root = project("remembered")
    pays = runner._WORTH_REMEMBERING
    runner._WORTH_REMEMBERING = 0
    try:
        for number, (name, text) in enumerate(moves):
            path = root / "dags" / name
            if text is None:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
                os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
            if number % 2 or number == len(moves) - 1:
                kept = run("check", "--jobs", "1", "--output-format", "json", ".")
                assert kept == run("check", "--jobs", "1", "--no-cache", "--output-format", "json", "."), (
                    moves
                )
    finally:
        runner._WORTH_REMEMBERING = pays


def broken_cache_is_a_miss(case: tuple[list[tuple[int, Any]], list[tuple[int, int, int, str]]]) -> None:
    """Whatever stands in the cache's files, a run does its work."""
    values, changes = case
    root = project("broken")
    for name in ("a", "b"):
        (root / f"dags/{name}.py").write_text(DAG)
        os.utime(root / f"dags/{name}.py", (1_700_000_000, 1_700_000_000))
    pays = runner._WORTH_REMEMBERING
    runner._WORTH_REMEMBERING = 0
    try:
        run("check", "--jobs", "1", "--output-format", "json", ".")
        [file] = (root / cachefolder.NAME / "findings").iterdir()
        document = json.loads(file.read_bytes())
        for place, value in values:
            places = list(_places(document))
            holder, key = places[place * len(places) // 10_000]
            holder[key] = value
        file.write_text(_bent(json.dumps(document), changes), errors="surrogatepass")
        for form in ("json", "full", "sarif"):
            run("check", "--jobs", "1", "--output-format", form, ".")
        run("fix", "--jobs", "1", "--unsafe-fixes", ".")
    finally:
        runner._WORTH_REMEMBERING = pays


def _places(value: Any) -> Any:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in list(inner):
        yield value, key
        yield from _places(one)


BROKEN = st.tuples(
    st.lists(st.tuples(texts.PLACE, texts.any_json()), max_size=2), st.lists(texts.CHANGE, max_size=1)
)

Law = Callable[[Any], None]
LAWS: dict[str, tuple[Law, st.SearchStrategy[Any], int]] = {
    # what must hold, for what, and how many inputs make up a slice of a second
    "check": (findings_are_sound, texts.files(), 20),
    "fix": (fixes_are_sound, st.one_of(texts.restyled(), texts.files(2)), 10),
    "edits": (edits_stay_inside, st.one_of(texts.restyled(), texts.files(2)), 10),
    "add-ignore": (suppressions_are_sound, st.one_of(texts.restyled(), texts.files(2)), 10),
    "comments": (comments_are_found, texts.files(6), 20),
    "names": (names_are_sound, texts.files(), 15),
    "values": (computed.folding_is_computing, computed.PROGRAMS, 40),
    "server": (server_agrees, texts.files(2), 8),
    "config": (configuration_is_followed_or_refused, CONFIGS, 12),
    "baseline": (baseline_is_read_or_refused, baselines(), 3),
    "report": (everything_is_reported, REPORTED, 4),
    "cache": (remembering_is_checking, CACHES, 4),
    "broken-cache": (broken_cache_is_a_miss, BROKEN, 5),
}
# Those about one file's bytes.
OF_FILES = ("check", "fix", "edits", "add-ignore", "comments", "names", "server")
