"""Whatever stands in a file: findings or `unreadable-file`, never a traceback, never a hang."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor import engine
from advisor.config import Settings
from advisor.target import detect

DAG = (
    "from airflow import DAG\n"
    "from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor\n"
    "with DAG('a') as dag:\n"
    "    S3KeySensor(task_id='a', bucket_key='s3://a/b')\n"
)
WAITS = "missing-deferrable"
UNREADABLE = "unreadable-file"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> engine.Context:
    root = tmp_path_factory.mktemp("project")
    settings = Settings(root=root)
    return engine.prepare(settings, detect(root, settings, None, False))


def said(data: bytes, context: engine.Context) -> list[tuple[int, str]]:
    found = engine.check(data, str(Path(context.settings.root) / "dag.py"), context)
    return [(finding.span.line, finding.rule) for finding in found]


READABLE = {
    "plain": (DAG.encode(), 4),
    "BOM": (b"\xef\xbb\xbf" + DAG.encode(), 4),
    "CR": (DAG.replace("\n", "\r").encode(), 4),
    "CRLF": (DAG.replace("\n", "\r\n").encode(), 4),
    "mixed newlines": (DAG.replace("\n", "\r\n", 1).replace("DAG\r\n", "DAG\r").encode(), 4),
    "form feed": (b"\x0c\n" + DAG.encode(), 5),
    "Latin-1": ("# coding: latin-1\n# é\n".encode("latin-1") + DAG.encode(), 6),
    "emoji": (DAG.replace("'a'", "'😀é\u2028'").encode(), 4),
    "no newline at the end": (DAG.rstrip().encode(), 4),
    "tabs": (DAG.replace("    S3", "\tS3").encode(), 4),
    "newer syntax": (b"type A = int\nx = f'{a['b']}'\n" + DAG.encode(), 6),
    "template string": (b"x = t'{a}'\n" + DAG.encode(), 5),
    "except without parentheses": (b"try: pass\nexcept A, B: pass\n" + DAG.encode(), 6),
    "1,500 terms": ((DAG + "x = " + " + ".join(["1"] * 1500) + "\n").encode(), 4),
    "900 elifs": ((DAG + "if x: pass\n" + "elif y: pass\n" * 900).encode(), 4),
    "900 comments": ((DAG.replace("with", "# é\n" * 900 + "with")).encode(), 904),
    "3 MB of comments": ((DAG + "    # x\r\n\n" * 300_000).encode(), 4),
    "3 MB": ((DAG + "x = f(1, 'abc', [2])\n" * 150_000).encode(), 4),
}


@pytest.mark.parametrize(("data", "line"), READABLE.values(), ids=READABLE)
def test_findings_stand_where_python_counts_lines(data: bytes, line: int, context: engine.Context) -> None:
    started = time.process_time()
    assert (line, WAITS) in said(data, context)
    assert time.process_time() - started < 20


def test_comments_in_a_long_run_count_still(context: engine.Context) -> None:
    silenced = "# dag-advisor: ignore-file[missing-deferrable] why\n" + "#\n" * 900 + DAG
    assert said(silenced.encode(), context) == []


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (DAG.encode() + b"print 'x'\n", 5),
        (DAG.encode() + b"f(a\n", 5),
        (DAG.encode() + b"x = {% if a %}\n", 5),
        (DAG.encode() + b"if x:\n        a\n    b\n", 7),
        (DAG.encode() + b"try: pass\nexcept A, e: pass\n", 6),
        (DAG.encode() + b"x = '\xff'\n", 5),
        (DAG.encode() + b"\x00", 5),
        (b"# coding: nonsense\n" + DAG.encode(), 1),
        (DAG.encode() + b"x = 1\n" + b"\\\n" * 100_000, 6),
        (DAG.encode("utf-16"), 1),
    ],
)
def test_unreadable_files_are_said_to_be_and_nothing_else_of_them(
    data: bytes, line: int, context: engine.Context
) -> None:
    assert said(data, context) == [(line, UNREADABLE)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\xef\xbb\xbf",
        b"import airflow",
        b"# airflow\n",
        b"airflow" * 100_000,
        b"'airflow S3KeySensor'",
    ],
)
def test_next_to_nothing_is_nothing_to_speak_of(data: bytes, context: engine.Context) -> None:
    assert said(data, context) == []


DEEP = 10_000
HEAD = DAG.replace("S3KeySensor(task_id='a', bucket_key='s3://a/b')", "pass")
HARD = {
    "parentheses": "S3KeySensor(timeout=" + "(" * DEEP + "1" + ")" * DEEP + ")\n",
    "lists": "S3KeySensor(timeout=" + "[" * DEEP + "]" * DEEP + ")\n",
    "dicts": "S3KeySensor(timeout=" + "{1: " * DEEP + "1" + "}" * DEEP + ")\n",
    "sensors in sensors": "S3KeySensor(" * 2_000 + ")" * 2_000 + "\n",
    "calls": "x = S3KeySensor" + "()" * DEEP + "\n",
    "attributes": "x = S3KeySensor" + ".a" * DEEP + "()\n",
    "chain": " >> ".join(["S3KeySensor(task_id='a')"] * 1_500) + "\n",
    "references": "S3KeySensor\n" * 20_000,
    "operators": "S3KeySensor(task_id='a', default_args={'retries': 1}, timeout=60 * 60)\n" * 5_000,
    "operators by name": "".join(f"x{i} = S3KeySensor(task_id='a')\n" for i in range(5_000)),
    "operators in a DAG": "with DAG('b', default_args={'a': 1}):\n"
    + "    S3KeySensor(task_id='a')\n" * 5_000,
    "DAGs in DAGs": "".join(" " * i + "with DAG('b', default_args={'a': 1}):\n" for i in range(95))
    + " " * 95
    + "S3KeySensor(task_id='a')\n",
    "functions": "".join(f"def f{i}():\n    S3KeySensor(task_id='a')\nf{i}()\n" for i in range(3_000)),
    "spreads": "A = {'timeout': 5}\n" + "S3KeySensor(task_id='a', **A)\n" * 3_000,
    "changes": "A = {'timeout': 5}\n" + "A['timeout'] = 6\nS3KeySensor(task_id='a', **A)\n" * 3_000,
    "huge dict": "A = {" + "".join(f"'k{i}': {i}, " for i in range(50_000)) + "}\nS3KeySensor(**A)\n",
    "async tasks": "import asyncio\nfrom airflow.sdk import task\n"
    + "@task\nasync def f():\n    await asyncio.sleep(600)\n" * 1_000,
    "async calls": "import asyncio\nfrom airflow.sdk import task\n@task\nasync def f():\n"
    + "    await asyncio.sleep(600)\n" * 2_000,
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_no_file_hangs(text: str, context: engine.Context) -> None:
    started = time.process_time()  # not the clock: a busy machine is no hang
    said((HEAD + text).encode(), context)
    assert time.process_time() - started < 20


def test_the_command_line_says_so_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"import airflow\nprint 'x'\n")
    (tmp_path / "b.py").write_bytes(DAG.encode())
    (tmp_path / "c.py").write_bytes(b"\xff\xfeairflow")
    run = subprocess.run(
        [sys.executable, "-m", "advisor", "check", "--output-format", "concise", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in run.stderr
    assert run.returncode == 1
    assert "a.py:2" in run.stdout
    assert UNREADABLE in run.stdout
    assert WAITS in run.stdout
