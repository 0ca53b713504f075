"""Async tasks: what waits, what polls and what asks once, over whole DAG files and over small ones."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from advisor import engine
from advisor.config import Settings
from advisor.finding import Finding
from advisor.target import detect

DATA = Path(__file__).parent / "data" / "async"
SOURCES = sorted(DATA.glob("*.py"))
MARK = re.compile(r"# finding: ([\w-]+(?:, [\w-]+)*)")
OURS = (
    "long-wait-in-async-task",
    "single-request-async-task",
    "repeated-deferral",
    "short-deferral",
    "blocking-call-in-async-task",
    "sync-sdk-call-in-async-task",
    "unbounded-gather",
    "sequential-awaits",
    "async-hook-in-sync-task",
)
HEAD = "import asyncio\nimport httpx\nfrom airflow.sdk import task\n\n\n"


def check(
    text: str, root: Path, *, select: tuple[str, ...] = OURS, airflow: str | None = "3.3"
) -> list[Finding]:
    """The findings on a DAG file with this text."""
    path = root / "dag.py"
    path.write_text(text)
    settings = replace(Settings(root=root), select=select)
    context = engine.prepare(settings, detect(root, settings, airflow, True))
    return engine.check(path.read_bytes(), str(path), context)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_realistic_dags_get_the_findings_that_they_are_marked_with(path: Path) -> None:
    text = path.read_text()
    marked = {
        (number, rule)
        for number, line in enumerate(text.splitlines(), 1)
        for mark in MARK.findall(line)
        for rule in mark.split(", ")
    }
    clean = path.stem.startswith("clean_")
    settings = replace(
        Settings(root=DATA), select=() if clean else OURS
    )  # a clean file is clean for every rule
    context = engine.prepare(settings, detect(DATA, settings, "3.3", True))
    said = {(found.span.line, found.rule) for found in engine.check(text.encode(), str(path), context)}
    assert not (clean and marked)
    assert said - marked == set(), "findings without a mark"
    assert marked - said == set(), "marks without a finding"


def lines(findings: list[Finding]) -> list[tuple[int, str, str]]:
    return [(found.span.line, found.rule, found.severity or "") for found in findings]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [("59.9", []), ("60", ["advice"]), ("299", ["advice"]), ("300", ["warning"]), ("60 * 60", ["warning"])],
)
def test_a_minute_is_advice_and_five_are_a_warning(tmp_path: Path, seconds: str, said: list[str]) -> None:
    text = HEAD + f"@task\nasync def waits():\n    await asyncio.sleep({seconds})\n"
    assert [found.severity for found in check(text, tmp_path)] == said


def test_thresholds_are_options(tmp_path: Path) -> None:
    text = HEAD + "@task\nasync def waits():\n    await asyncio.sleep(20)\n"
    options: dict[str, dict[str, object]] = {"long-wait-in-async-task": {"long_wait": 10.0}}
    path = tmp_path / "dag.py"
    path.write_text(text)
    settings = replace(Settings(root=tmp_path), rule_options=options)
    context = engine.prepare(settings, detect(tmp_path, settings, "3.3", True))
    assert len(engine.check(text.encode(), str(path), context)) == 1


def test_an_airflow_that_awaits_no_task_has_no_async_tasks(tmp_path: Path) -> None:
    text = HEAD + "@task\nasync def waits():\n    await asyncio.sleep(600)\n"
    assert check(text, tmp_path, airflow="3.1") == []
    assert len(check(text, tmp_path, airflow="3.2")) == 1


@pytest.mark.parametrize(
    ("imports", "decorator", "is_task"),
    [
        ("from airflow.decorators import task", "@task", True),
        ("from airflow.decorators import task", "@task()", True),
        ("from airflow.decorators import task", "@task.branch(retries=1)", True),
        ("from airflow.decorators import task as t", "@t.short_circuit", True),
        ("import airflow.decorators", "@airflow.decorators.task", True),
        ("from airflow import sdk", "@sdk.task(retries=2)", True),
        ("from airflow.sdk import task", "@task.skip_if(no)\n@task", True),
        ("from airflow.sdk import task", "@task.sensor(poke_interval=5)", False),
        ("from airflow.sdk import task", "@task.skip_if(no)\n@task.sensor", False),
        ("from airflow.sdk import task", "@task.virtualenv(requirements=[])", False),
        ("from mycorp import task  # airflow", "@task", False),
    ],
)
def test_spellings_of_task(tmp_path: Path, imports: str, decorator: str, is_task: bool) -> None:
    text = f"import asyncio\n{imports}\n\n{decorator}\nasync def waits():\n    await asyncio.sleep(600)\n"
    assert bool(check(text, tmp_path)) == is_task


def test_constants_and_helpers_of_other_files_of_the_project_are_followed(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(
        "from datetime import timedelta\n\nCOOL_DOWN = timedelta(minutes=10)\n"
    )
    (tmp_path / "helpers.py").write_text(
        "import asyncio\n\n\nasync def settle(seconds):\n    await pause(seconds)\n\n\n"
        "async def pause(length):\n    await asyncio.sleep(length)\n    await settle(length)\n"
    )
    text = (
        "import asyncio\nfrom airflow.sdk import task\nfrom helpers import settle\nfrom settings import COOL_DOWN\n\n"
        "@task\nasync def here():\n    await asyncio.sleep(COOL_DOWN.total_seconds())\n\n"
        "@task\nasync def there():\n    await settle(2)\n    await settle(400)\n"
    )
    findings = check(text, tmp_path)
    assert lines(findings) == [(8, OURS[0], "warning"), (13, OURS[0], "warning")]
    assert "sleeps for 7 min in `settle` → `pause`" in findings[-1].message


MESSAGES = [
    (
        "@task\nasync def waits():\n    await asyncio.sleep(600)\n",
        "waits sleeps for 10 min, which keeps its worker slot all the while; "
        "`WaitSensor(…, deferrable=True)` between two tasks waits in the triggerer instead",
    ),
    (
        "@task\nasync def waits():\n    async with httpx.AsyncClient() as client:\n        while True:\n"
        '            if (await client.get("/x")).status_code == 200:\n                return\n'
        "            await asyncio.sleep(30)\n",
        "waits polls every 30 s with no end in sight, which keeps its worker slot all the while; "
        "HttpSensor with `deferrable=True` waits in the triggerer instead",
    ),
    (  # HttpSensor does not defer once it has to look into the answer
        "@task\nasync def waits():\n    async with httpx.AsyncClient() as client:\n        while True:\n"
        '            if (await client.get("/x")).json()["done"]:\n                return\n'
        "            await asyncio.sleep(30)\n",
        "waits polls every 30 s with no end in sight, which keeps its worker slot all the while; "
        "a deferrable class or a trigger of your own waits in the triggerer instead",
    ),
    (
        "@task\nasync def waits(c):\n    for _ in range(240):\n        if await c.done():\n            return\n"
        "        await asyncio.sleep(30)\n",
        "waits polls every 30 s for up to 2 h, which keeps its worker slot all the while; "
        "a deferrable class or a trigger of your own waits in the triggerer instead",
    ),
    (
        "@task\nasync def waits(c):\n    await asyncio.wait_for(c.done(), timeout=90)\n",
        "waits may wait for 90 s (`wait_for`), which keeps its worker slot all the while; "
        "a deferrable class or a trigger of your own waits in the triggerer instead",
    ),
    (
        "async def pause():\n    await asyncio.sleep(600)\n\n\n@task\nasync def waits():\n    await pause()\n",
        "waits sleeps for 10 min in `pause`, which keeps its worker slot all the while; "
        "`WaitSensor(…, deferrable=True)` between two tasks waits in the triggerer instead",
    ),
    (
        "async def until(c):\n    while not await c.done():\n        await asyncio.sleep(60)\n\n\n"
        "@task\nasync def waits(c):\n    await until(c)\n",
        "waits polls every 60 s with no end in sight in `until`, which keeps its worker slot all the while; "
        "a deferrable class or a trigger of your own waits in the triggerer instead",
    ),
    (
        '@task\nasync def asks():\n    async with httpx.AsyncClient() as c:\n        await c.get("/x")\n',
        "asks is async for a single request, which overlaps with nothing; "
        "HttpOperator with `deferrable=True` gives its worker slot back meanwhile",
    ),
    (
        '@task\nasync def asks():\n    async with httpx.AsyncClient() as c:\n        await c.post("/x")\n',
        "asks is async for a single request, which overlaps with nothing; an ordinary task does the same "
        "(HttpOperator with `deferrable=True` gives its worker slot back meanwhile, but may send it twice)",
    ),
    (
        "async def fetch(c, path):\n    return await c.get(path)\n\n\n"
        '@task\nasync def asks():\n    async with httpx.AsyncClient() as c:\n        await fetch(c, "/x")\n',
        "asks is async for a single request (asks → fetch → c.get), which overlaps with nothing; "
        "HttpOperator with `deferrable=True` gives its worker slot back meanwhile",
    ),
]


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_messages_name_what_is_there_and_the_way_out(tmp_path: Path, text: str, message: str) -> None:
    assert [found.message for found in check(HEAD + text, tmp_path)] == [message]


BODIES = {
    # name: (body of a task with the parameters c, job, and whether it is a long wait)
    "continue before the way out": (
        "while True:\n    state = await c.state(job)\n    if not state.done:\n        await asyncio.sleep(30)\n"
        "        continue\n    return await c.result(job)",
        True,
    ),
    "pause of a minute after too many requests": (
        "while True:\n    r = await c.get(job)\n    if r.status != 429:\n        return r\n    await asyncio.sleep(60)",
        False,
    ),
    "pause of five minutes after an error": (
        "for _ in range(3):\n    try:\n        return await c.get(job)\n    except OSError:\n"
        "        await asyncio.sleep(300)",
        True,
    ),
    "tries of a minute": (
        "for _ in range(5):\n    r = await c.get(job)\n    if r.status_code == 200:\n        return r\n"
        "    await asyncio.sleep(60)",
        False,
    ),
    "answer in parentheses": (
        "while not (await c.get_job(job)).done:\n    await asyncio.sleep(10)",
        True,
    ),
    "both a flag and a deadline that is not known": (
        "while not await c.done(job) and time.time() < c.deadline:\n    await asyncio.sleep(10)",
        False,
    ),
    "counts down": (
        "tries = 40\nwhile tries > 0:\n    if await c.done(job):\n        break\n    tries -= 1\n"
        "    await asyncio.sleep(30)",
        True,
    ),
    "counts down from little": (
        "tries = 4\nwhile tries > 0:\n    if await c.done(job):\n        break\n    tries -= 1\n"
        "    await asyncio.sleep(10)",
        False,
    ),
    "all jobs in one answer": (
        "while True:\n    states = await asyncio.gather(*(c.state(j) for j in job))\n"
        "    if all(s == 'done' for s in states):\n        break\n    await asyncio.sleep(30)",
        True,
    ),
    "inner for with an else": (
        "while True:\n    for j in job:\n        if not await c.done(j):\n            break\n"
        "    else:\n        return\n    await asyncio.sleep(30)",
        True,
    ),
    "tokens of a rate limit": (
        "while not await c.rate_limiter.free():\n    await asyncio.sleep(5)\nreturn await c.get(job)",
        False,
    ),
    "next page by method": (
        "page = await c.first()\nwhile page.more:\n    page = await page.next_page()\n    await asyncio.sleep(2)",
        False,
    ),
    "never ends": ("while True:\n    await asyncio.sleep(60)", True),
    "serves for ever": ("while True:\n    await c.serve(job)\n    await asyncio.sleep(1)", False),
    "not awaited": ("waiting = asyncio.create_task(asyncio.sleep(600))\nwaiting.cancel()", False),
    "in a lambda": ("return lambda: asyncio.sleep(600)", False),
    "waits in a timeout": ("async with asyncio.timeout(30):\n    await asyncio.sleep(600)", False),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_polls_and_what_does_not(tmp_path: Path, name: str) -> None:
    body, is_long = BODIES[name]
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    findings = check("import time\n" + HEAD + "@task\nasync def waits(c, job):\n" + indented, tmp_path)
    assert bool(findings) == is_long, [found.message for found in findings]
    assert len(findings) <= 1


_TERMS = " or ".join(f"a{number}" for number in range(1500))
HOSTILE = {
    "many terms": f"    while not ({_TERMS}):\n        await asyncio.sleep(30)\n"
    f"        if {_TERMS}:\n            return\n",
    "many branches": "    while True:\n        if x == -1:\n            return\n"
    + "".join(f"        elif x == {n}:\n            await asyncio.sleep({n})\n" for n in range(400)),
    "long attribute": f"    while x{'.a' * 1500}:\n        x{'.a' * 1500} = await q()\n"
    "        await asyncio.sleep(30)\n",
    "long chain of names": "    while True:\n"
    + "".join(f"        v{n} = await q(v{n - 1})\n" for n in range(1, 1500))
    + "        await asyncio.sleep(30)\n        if v9:\n            return\n",
    "calls itself": "    await f(x)\n    await asyncio.sleep(600)\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_code_that_nobody_writes_by_hand_ends(tmp_path: Path, name: str) -> None:
    findings = check(HEAD + "@task\nasync def f(x):\n" + HOSTILE[name], tmp_path)
    assert all(found.rule in OURS for found in findings)


def test_without_a_triggerer_nothing_that_needs_one_is_proposed(tmp_path: Path) -> None:
    text = (
        "import asyncio\nimport httpx\nfrom airflow.providers.http.hooks.http import HttpAsyncHook\n"
        "from airflow.sdk import task\n\n\n"
        "@task\nasync def waits():\n    await asyncio.sleep(600)\n\n\n"
        '@task\nasync def asks():\n    async with httpx.AsyncClient() as c:\n        await c.get("/x")\n\n\n'
        '@task\ndef forgets():\n    return HttpAsyncHook(method="GET").run("/x")\n'
    )
    path = tmp_path / "dag.py"
    path.write_text(text)
    for triggerer in (True, False):
        select = (*OURS, "async-hook-in-sync-task")
        settings = replace(Settings(root=tmp_path), select=select, triggerer=triggerer)
        context = engine.prepare(settings, detect(tmp_path, settings, "3.3", True))
        findings = engine.check(path.read_bytes(), str(path), context)
        assert [found.span.line for found in findings] == ([9, 15, 20] if triggerer else [9, 20])
        assert any("deferrable=True" in found.message for found in findings) is triggerer


def test_a_task_function_of_another_module_is_told_where_the_task_is_made(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(
        "import asyncio\nimport httpx\n\n\n"
        "async def ready():\n    async with httpx.AsyncClient() as client:\n"
        '        return (await client.get("https://x")).is_success\n\n\n'
        "async def wait_until_ready(interval=30):\n"
        "    while not await ready():\n        await asyncio.sleep(interval)\n\n\n"
        "async def rest():\n    await asyncio.sleep(5)\n"
    )
    text = (
        "from airflow.providers.standard.operators.python import PythonOperator\n"
        "from jobs import rest, wait_until_ready\n\n"
        'PythonOperator(task_id="a", python_callable=rest)\n'
        'PythonOperator(task_id="b", python_callable=wait_until_ready)\n'
    )
    (found,) = check(text, tmp_path)
    assert (found.span.line, found.rule) == (5, "long-wait-in-async-task")
    assert found.message.startswith("wait_until_ready polls every 30 s with no end in sight, which")


@pytest.mark.parametrize(
    ("head", "made", "said"),
    [
        ("pause: int = 30, tries: int = 100", "looks()", "every 30 s for up to 50 min"),
        ("pause: int = 30, tries: int = 100", "looks(tries=1)", ""),  # nobody knows how often, then
        ("pause: int = 30, tries: int = 1", "looks()", ""),
    ],
)
def test_the_default_of_a_task_bounds_its_loop(tmp_path: Path, head: str, made: str, said: str) -> None:
    text = HEAD + (
        "async def ready():\n    async with httpx.AsyncClient() as client:\n"
        '        return (await client.get("https://x")).is_success\n\n\n'
        f"@task\nasync def looks({head}):\n    for _ in range(tries):\n"
        f"        if await ready():\n            return\n        await asyncio.sleep(pause)\n\n\n{made}\n"
    )
    found = check(text, tmp_path, select=("long-wait-in-async-task",))
    assert len(found) == bool(said)
    assert all(said in one.message for one in found)


def test_a_dag_file_without_a_word_of_coroutines_may_lead_to_some(tmp_path: Path) -> None:
    (tmp_path / "crawling.py").write_text(
        "import asyncio\nimport httpx\nimport requests\n\n\n"
        "async def crawl(urls):\n    async with httpx.AsyncClient() as client:\n"
        "        responses = await asyncio.gather(*[client.get(url) for url in urls])\n"
        '    requests.post("https://x", json=[r.json() for r in responses])\n'
    )
    text = (
        "from airflow.providers.standard.operators.python import PythonOperator\n"
        "from airflow.sdk import task\nfrom crawling import crawl\n\n"
        'PythonOperator(task_id="a", python_callable=crawl)\n\n\n'
        '@task\ndef forgets():\n    return crawl(["a"])\n'
    )
    assert [(line, rule) for line, rule, _ in lines(check(text, tmp_path))] == [
        (5, "blocking-call-in-async-task"),
        (5, "unbounded-gather"),
        (10, "async-hook-in-sync-task"),
    ]


def test_a_marked_override_is_judged_as_without_the_mark(tmp_path: Path) -> None:
    text = (
        "from typing import override\nimport httpx\nfrom airflow.sdk import BaseAsyncOperator\n\n\n"
        "class Asks(BaseAsyncOperator):\n    @override\n    async def aexecute(self, context):\n"
        "        async with httpx.AsyncClient() as client:\n"
        '            return (await client.get("https://x")).json()\n'
    )
    assert lines(check(text, tmp_path)) == [(10, "single-request-async-task", "advice")]
