"""`time.sleep` to `await asyncio.sleep` takes the import of `time` away where nothing uses it any more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SDK = "from airflow.sdk import dag, task\n"
BODY = """

@dag(schedule=None)
def d():
    @task
    async def a():
{inside}        {sleep}
        {sleep}

    a()


d()
"""


def dag(head: str, sleep: str = "time.sleep(1)", inside: str = "", tail: str = "") -> str:
    return head + SDK + BODY.format(sleep=sleep, inside=inside) + tail


GONE = {
    "plain": (dag("import time\n\n"), "import asyncio\n\n"),
    "crlf": (dag("import time\n\n").replace("\n", "\r\n"), "import asyncio\r\n\r\n"),
    "there_already": (dag("import asyncio\nimport time\n"), "import asyncio\n"),
    "alias": (dag("import time as t\n", "t.sleep(1)"), "import asyncio\n"),
    "name": (dag("from time import sleep\n", "sleep(1)"), "import asyncio\n"),
    "both": (dag("import time\nfrom time import sleep\n", "time.sleep(1); sleep(2)"), "import asyncio\n"),
    "prose": (dag('"""Waits for a time."""\nimport time\n'), '"""Waits for a time."""\nimport asyncio\n'),
    "attribute": (dag("import time\nx = y.time()\n"), "import asyncio\nx = y.time()\n"),
}
KEPT = {
    "comment": dag("import time  # noqa: F401\n"),
    "shared": dag("import time, os\n"),
    "other_half": dag("import os; import time\n"),
    "exported": dag("import time\n__all__ = ['d', 'time']\n"),
    "exported_in_one": dag("import time\n__all__ = 'd time'.split()\n"),
    "explicit": dag("import time as time\n"),
    "used": dag("import time\n", tail="print(time.time())\n"),
    "annotation": dag("import time\nx: 'time.struct_time'\n"),
    "type_comment": dag("import time\nx = None  # type: time.struct_time\n"),
    "reflection": dag("import time\nx = globals()\n"),
    "rebound": dag("import time\ndef f():\n    global time\n"),
    "other_task": dag("import time\n", tail="@task\ndef b():\n    time.sleep(1)\n"),
    "guarded": dag("try:\n    import time\nexcept ImportError:\n    raise\n"),
    "pkg/__init__": dag("import time\n"),
}


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of all these files after one run of the command, as people start it."""
    project = tmp_path_factory.mktemp("project")
    (project / "pkg").mkdir()
    for name, code in {**{name: code for name, (code, _) in GONE.items()}, **KEPT}.items():
        (project / f"{name}.py").write_bytes(code.encode())
    options = ("--unsafe-fixes", "--select", "blocking-call-in-async-task", "--exit-zero", "--no-cache")
    command = [sys.executable, "-m", "advisor", "fix", *options]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return project


@pytest.mark.parametrize("name", GONE)
def test_an_import_that_nothing_uses_any_more_goes(mended: Path, name: str) -> None:
    code, head = GONE[name]
    text = (mended / f"{name}.py").read_bytes().decode()
    newline = "\r\n" if "\r\n" in code else "\n"
    assert text.startswith(head + SDK.replace("\n", newline))
    assert "import time" not in text
    assert "await asyncio.sleep(1)" in text


@pytest.mark.parametrize("name", KEPT)
def test_an_import_that_may_be_needed_stays(mended: Path, name: str) -> None:
    before, after = KEPT[name].splitlines(), (mended / f"{name}.py").read_text().splitlines()
    imports = [line for line in before if "import time" in line]
    assert imports
    assert [line for line in after if "import time" in line] == imports


def test_an_import_in_a_function_goes_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(dag("import asyncio\n", inside="        import time\n"))
    command = [sys.executable, "-m", "advisor", "fix", "--unsafe-fixes", "--no-cache", "--exit-zero"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    once = (tmp_path / "a.py").read_text()
    assert "async def a():\n        await asyncio.sleep(1)\n        await asyncio.sleep(1)\n" in once


def test_asked_one_by_one_only_the_last_takes_the_import(tmp_path: Path) -> None:
    code = dag("import asyncio\nimport time\n")
    quiet = code.replace(
        "time.sleep(1)\n\n", "time.sleep(1)  # dag-advisor: ignore[blocking-call-in-async-task]\n\n"
    )
    (tmp_path / "a.py").write_text(quiet)
    command = [sys.executable, "-m", "advisor", "fix", "--unsafe-fixes", "--no-cache", "--exit-zero"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    once = (tmp_path / "a.py").read_text()
    assert once.startswith("import asyncio\nimport time\n")
    (tmp_path / "a.py").write_text(once.partition("  # dag-advisor")[0] + "\n")
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert "import time" not in (tmp_path / "a.py").read_text()
