"""What async tasks run side by side, in a row and not at all: each limit taken away is missed, each fix awaits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advisor import engine, fixer
from advisor.catalog.concurrency import concurrency
from advisor.catalog.hooks import Hooks
from advisor.config import Settings
from advisor.finding import AddAwait, Finding, SetKeyword, Span
from advisor.rewrite import CannotRewrite, apply
from advisor.target import detect

DATA = Path(__file__).parent / "data" / "async"
OURS = ("unbounded-gather", "sequential-awaits", "async-hook-in-sync-task")
HEAD = "import asyncio\nimport aiohttp\nimport httpx\nfrom airflow.sdk import task\n\n"


def context_for(root: Path, airflow: str = "3.3", **options: object) -> engine.Context:
    settings = replace(Settings(root=root), select=OURS, rule_options={"unbounded-gather": options})
    return engine.prepare(settings, detect(root, settings, airflow, True))


def check(text: str, root: Path, airflow: str = "3.3", **options: object) -> list[Finding]:
    """What our rules say about a DAG file with this text."""
    path = root / "dag.py"
    path.write_text(text)
    return engine.check(path.read_bytes(), str(path), context_for(root, airflow, **options))


def rules(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("        async with self._sem:\n", "        if True:\n"),
        ("@limited\nasync def order", "async def order"),
        ("limits=httpx.Limits(max_connections=10, max_keepalive_connections=10)", ""),
        ("limits=httpx.Limits(max_connections=10", "limits=httpx.Limits(max_connections=None"),
        (
            "                if len(running) >= MAX_IN_FLIGHT:\n                    _, running = await asyncio.wait("
            "running, return_when=asyncio.FIRST_COMPLETED)\n",
            "",
        ),
        ("                await slots.acquire()\n", ""),
        ("async with limiter, httpx", "async with httpx"),
        ("            await per_second.acquire()\n", ""),
        ("for number in chunk))", "for number in ids))"),
        ("number in ids[:10]", "number in ids[10:]"),
        ("asyncio.to_thread(checksum, path)", "KiotaRequestAdapterHook().run(url=path)"),
        ('TABLES = ("users", "orders", "events")', "TABLES = load()"),
    ],
)
def test_a_fan_out_without_its_limit_is_found(tmp_path: Path, before: str, after: str) -> None:
    text = (DATA / "clean_limited.py").read_text()
    assert before in text
    assert check(text, tmp_path) == []
    assert rules(check(text.replace(before, after), tmp_path)) == ["unbounded-gather"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    await asyncio.sleep(1)", "    pass"),
        ("if spent < 100:", "if True:"),
        ('queue.extend((await get(client, path))["children"])', "print(await get(client, path))"),
        ("                balance = answer.json", "                other = answer.json"),
        ("                        break", "                        print(host)"),
        ("async with lock, httpx", "async with httpx"),
        ('("/new", "/old")', '("/new", "/old", "/older")'),
        ('endpoint="/events", json=event', 'endpoint=f"/events/{event}", json=event'),
    ],
)
def test_a_row_without_its_reason_is_found(tmp_path: Path, before: str, after: str) -> None:
    text = (DATA / "clean_in_a_row.py").read_text()
    assert before in text
    assert check(text, tmp_path) == []
    assert rules(check(text.replace(before, after), tmp_path)) == ["sequential-awaits"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('asyncio.run(hook.run(url="users"))', 'hook.run(url="users")'),
        ("return asyncio.run(request)", "print(request)"),
        ("        results.append(await in_a_thread(url))\n", "        ping(url)\n"),
        ("        one = hook.run", "        one = unused = hook.run"),
    ],
)
def test_a_coroutine_without_its_loop_is_found(tmp_path: Path, before: str, after: str) -> None:
    text = (DATA / "clean_bridges.py").read_text()
    assert before in text
    changed = text.replace(before, after)
    if "print(request)" in after or "unused" in after:
        assert check(changed, tmp_path) == []  # handed on or kept: doubt
    else:
        assert rules(check(changed, tmp_path)) == ["async-hook-in-sync-task"]


FETCH = HEAD + (
    "async def fetch(session, url):\n"
    "    async with session.get(url) as response:\n"
    "        return await response.json()\n\n"
)


@pytest.mark.parametrize(
    ("collection", "said"),
    [
        ("range(99)", False),
        ("range(100)", True),
        ("range(0, 1000, 20)", False),
        ("['a', 'b']", False),
        ("['a', 'b'] * 60", True),
        ("urls", True),
        ("urls[:50]", False),
        ("urls[50:]", True),
        ("sorted(set(urls))", True),
        ("enumerate(SMALL)", False),
        ("zip(SMALL, urls)", False),
        ("SMALL + urls", True),
        ("[url for url in SMALL if url]", False),
        ("(urls or [])", True),
        ("islice(urls, 10)", False),
        ("mycorp.BATCHES", True),
        ("range(max_workers)", False),
        ("range(len(urls))", True),
        ("{'a': 1, 'b': 2}.items()", False),
    ],
)
def test_what_is_known_to_be_small_needs_no_limit(tmp_path: Path, collection: str, said: bool) -> None:
    text = FETCH + (
        "SMALL = ['a', 'b', 'c']\n\n@task\nasync def load(urls, max_workers):\n"
        "    async with aiohttp.ClientSession() as session:\n"
        f"        await asyncio.gather(*(fetch(session, str(one)) for one in {collection}))\n"
    )
    assert bool(check(text, tmp_path)) == said


def test_how_many_are_many_is_an_option(tmp_path: Path) -> None:
    text = FETCH + (
        "@task\nasync def load():\n    async with aiohttp.ClientSession() as session:\n"
        "        await asyncio.gather(*(fetch(session, str(n)) for n in range(20)))\n"
    )
    assert check(text, tmp_path) == []
    found = check(text, tmp_path, large=10)
    assert rules(found) == ["unbounded-gather"]
    assert "20 at once" in found[0].message


@pytest.mark.parametrize("asked", ["client.chat.completions.create(messages=[p])", "ask(p)"])
def test_what_the_client_does_by_itself_is_told(tmp_path: Path, asked: str) -> None:
    text = HEAD + (
        "from openai import AsyncOpenAI\n\nclient = AsyncOpenAI()\n\nasync def ask(p):\n"
        "    return await client.chat.completions.create(messages=[p])\n\n"
        f"@task\nasync def t(ps):\n    return await asyncio.gather(*({asked} for p in ps))\n"
    )
    found = check(text, tmp_path)
    assert rules(found) == ["unbounded-gather"]
    assert "1,000 of them" in found[0].message


def test_a_client_of_unknown_manners_is_doubt(tmp_path: Path) -> None:
    text = HEAD + (
        "from mycorp import Client, handle\n\nclient = Client()\n\nasync def one(x):\n    await handle(x)\n\n"
        "@task\nasync def t(xs):\n    await asyncio.gather(*(client.load(x) for x in xs))\n"
        "    await asyncio.gather(*(handle(x) for x in xs))\n    await asyncio.gather(*(one(x) for x in xs))\n"
        "    return [await handle(x) for x in xs]\n"
    )
    assert check(text, tmp_path) == []


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        ("async with limit:\n            return await one(session, url)", False),
        ("async with self_made_throttle:\n            return await one(session, url)", False),
        (
            "answer = await one(session, url)\n        async with lock:\n            found.append(answer)",
            True,
        ),
        ("return await one(session, url)", True),
    ],
)
def test_a_limit_is_one_that_the_request_waits_for(tmp_path: Path, guard: str, said: bool) -> None:
    text = FETCH.replace("fetch", "one") + (
        "@task\nasync def load(urls, limit, lock, self_made_throttle):\n    found = []\n\n"
        f"    async def fetch(session, url):\n        {guard}\n\n"
        "    async with aiohttp.ClientSession() as session:\n"
        "        await asyncio.gather(*(fetch(session, url) for url in urls))\n"
    )
    assert bool(check(text, tmp_path)) == said


def test_a_helper_of_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "fetching.py").write_text(
        "import asyncio\nimport aiohttp\n\n\nclass Fetcher:\n    def __init__(self, session: aiohttp.ClientSession):\n"
        "        self.session = session\n\n    async def one(self, url):\n"
        "        async with self.session.get(url) as response:\n            return await response.text()\n\n"
        "    async def all(self, urls):\n        return await asyncio.gather(*(self.one(url) for url in urls))\n\n\n"
        "async def notify(text):\n    await asyncio.sleep(0)\n\n\ndef tell(text):\n    notify(text)\n"
    )
    text = HEAD + (
        "from fetching import Fetcher, notify, tell\n\n@task\nasync def load(urls):\n"
        "    async with aiohttp.ClientSession() as session:\n"
        "        print(await Fetcher(session).all(urls))\n"
        "        await Fetcher(session).all(['a', 'b'])\n\n"
        "@task\ndef told():\n    notify('a')\n    tell('b')\n"
    )
    found = check(text, tmp_path)
    assert rules(found) == ["unbounded-gather", "async-hook-in-sync-task", "async-hook-in-sync-task"]
    assert [finding.span.line for finding in found] == [11, 16, 17]
    assert "`all`" in found[0].message
    assert "in `tell`" in found[2].message


def test_calls_count_for_the_function_that_makes_them(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
async def work():
    await asyncio.sleep(1)


@task
def load():
    def never(first=work(), *, then=lambda: work()):
        work()

    @print(work())
    def neither():
        pass

    (lambda: work())
    work()
"""
    )
    assert [finding.span.line for finding in check(text, tmp_path)] == [
        text[: text.rindex("work()")].count("\n") + 1
    ]


def test_code_that_no_task_runs_is_left_alone(tmp_path: Path) -> None:
    text = FETCH + (
        "from airflow.triggers.base import BaseTrigger, TriggerEvent\n\n\nclass Many(BaseTrigger):\n"
        "    async def run(self):\n        async with aiohttp.ClientSession() as session:\n"
        "            yield TriggerEvent(await asyncio.gather(*(fetch(session, url) for url in self.urls)))\n"
        "            fetch(session, 'forgotten')\n\n"
        "async def nobodys(urls):\n    async with aiohttp.ClientSession() as session:\n"
        "        return [await fetch(session, url) for url in urls]\n"
    )
    assert check(text, tmp_path) == []


def test_versions_decide_what_an_async_task_is_and_what_to_do_instead(tmp_path: Path) -> None:
    text = (
        "from airflow.decorators import task\nfrom airflow.providers.http.hooks.http import HttpAsyncHook\n\n"
        "async def send():\n    await HttpAsyncHook().run(endpoint='/')\n\n"
        "@task\ndef sync():\n    send()\n\n@task\nasync def native(urls):\n    send()\n"
        "    return [await HttpAsyncHook().run(endpoint=url) for url in urls]\n"
    )
    assert rules(check(text, tmp_path, "3.2")) == [*["async-hook-in-sync-task"] * 2, "sequential-awaits"]
    old = check(text, tmp_path, "2.10")
    assert rules(old) == ["async-hook-in-sync-task"]
    assert "asyncio.run(send(…))" in old[0].message
    assert "async def" not in old[0].message
    assert "`async def`" in check(text, tmp_path, "3.2")[0].message


@pytest.mark.parametrize(
    ("hook", "call", "said"),
    [
        ("airflow.providers.http.hooks.http.HttpAsyncHook", "run(endpoint='/')", "`HttpHook.run`"),
        (
            "airflow.providers.amazon.aws.hooks.ec2.EC2Hook",
            "get_instance_state_async('i')",
            "`get_instance_state`",
        ),
        (
            "airflow.providers.sftp.hooks.sftp.SFTPHookAsync",
            "list_directory('/')",
            "`SFTPHook.list_directory`",
        ),
        (
            "airflow.providers.microsoft.azure.hooks.msgraph.KiotaRequestAdapterHook",
            "run(url='u')",
            "MSGraphAsyncOperator",
        ),
        ("airflow.providers.http.hooks.http.HttpAsyncHook", "aget_connection('x')", "`await`"),
    ],
)
def test_the_way_out_is_named(tmp_path: Path, hook: str, call: str, said: str) -> None:
    module, _, name = hook.rpartition(".")
    text = f"from airflow.sdk import task\nfrom {module} import {name}\n\n@task\ndef ask():\n    {name}().{call}\n"
    found = check(text, tmp_path)
    assert rules(found) == ["async-hook-in-sync-task"]
    assert found[0].symbol == hook
    if said != "`await`":
        assert said in found[0].message
    assert found[0].fix is None


@pytest.mark.parametrize(
    ("decorator", "body", "said", "way_out"),
    [
        ("@task", "return send(1)", "as XCom", "`async def`"),
        ("@task", "if send(1):\n        print(1)", "always true", "`async def`"),
        ("@task", "print(send(1)['x'])", "for the answer", "`async def`"),
        ("@task.sensor", "return send(1)", "succeeds at its first look", "asyncio.run(send(…))"),
        ("@task.virtualenv", "send(1)", "succeeds without", "asyncio.run(send(…))"),
    ],
)
def test_what_happens_is_told(tmp_path: Path, decorator: str, body: str, said: str, way_out: str) -> None:
    text = HEAD + f"async def send(x):\n    return x\n\n{decorator}\ndef t():\n    {body}\n"
    found = check(text, tmp_path)
    assert rules(found) == ["async-hook-in-sync-task"]
    assert said in found[0].message
    assert way_out in found[0].message


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("def t():", "t never sends it, and a ClientSession can't even be made where no event loop runs"),
        ("async def t():", "t succeeds without it having run"),
    ],
)
def test_a_client_that_needs_a_loop_is_not_made_without_one(tmp_path: Path, task: str, said: str) -> None:
    text = f'{HEAD}@task\n{task}\n    session = aiohttp.ClientSession()\n    session.post("https://shop")\n'
    (found,) = check("import aiohttp\n" + text, tmp_path)
    assert said in found.message


@pytest.mark.parametrize(
    "line",
    [
        "return send(1)",  # an inner function's or an async task's: whoever calls it may await
        "kept.append(send(1))",
        "hand_on(send(1))",
        "self.pending = send(1)",
        "later = send(1)\n    await later",
        "later = send(1)\n    kept.append(later)",
        "later = send(1)\n    return later",
        "pair = send(1), send(2)",
        "async with asyncio.timeout(5):\n        await send(1)",
        "later = send(1)\n    later.close()",
        "yield send(1)",
        "later = send(1) if kept else None",
        "send = print\n    send(1)",
    ],
)
def test_what_somebody_may_await_is_doubt(tmp_path: Path, line: str) -> None:
    text = (
        HEAD + f"async def send(x):\n    return x\n\n@task\nasync def t(self, kept, hand_on):\n    {line}\n"
    )
    assert check(text, tmp_path) == []


def fixed(text: str, root: Path) -> str:
    context, path = context_for(root), root / "dag.py"
    result = fixer.fix(
        text.encode(), str(path), lambda data: engine.check(data, str(path), context), unsafe=True
    )
    assert result.skipped == []
    return result.data.decode()


def test_await_is_put_where_it_was_forgotten(tmp_path: Path) -> None:
    text = HEAD + (
        "async def send(x):\n    return {'x': x}\n\n@task\nasync def native():\r\n"
        "    send(1)  # first\r\n    x = send(2)['x']\r\n    send(\r\n        3,  # three\r\n    )\r\n"
        "    if send(4): print(1)\r\n    a = send(6); b = 1\r\n    for one in (send(7)): print(one, x, b)\r\n"
    )
    after = fixed(text, tmp_path)
    assert "    await send(1)  # first\r\n    x = (await send(2))['x']\r\n    await send(\r\n" in after
    assert "    if await send(4): print(1)\r\n    a = await send(6); b = 1\r\n" in after
    assert "for one in (await send(7)):" in after
    assert fixed(after, tmp_path) == after
    safe = fixer.fix(
        text.encode(),
        "dag.py",
        lambda data: engine.check(data, "dag.py", context_for(tmp_path)),
        unsafe=False,
    )
    assert safe.data == text.encode()


def test_a_text_is_not_rewritten(tmp_path: Path) -> None:
    text = HEAD + "async def send(x):\n    return x\n\n@task\nasync def t():\n    print(f'{send(5)}')\n"
    found = check(text, tmp_path)
    assert rules(found) == ["async-hook-in-sync-task"]
    assert found[0].fix is None


def test_await_and_a_keyword_compose_and_nothing_else_is_touched() -> None:
    text = "x = call(1).y"
    span = Span(4, 11, 1, 5, 1, 12)
    assert apply(text, [AddAwait(span, True), SetKeyword(span, "a", "2")]) == "x = (await call(1, a=2)).y"
    assert apply(text, [AddAwait(span), AddAwait(span)]) == "x = await call(1).y"
    with pytest.raises(CannotRewrite):
        apply(text, [AddAwait(span), AddAwait(span, True)])
    with pytest.raises(CannotRewrite):
        apply(text, [AddAwait(Span(0, 9, 1, 1, 1, 10))])


def test_a_file_with_any_async_method_of_a_hook_is_looked_at() -> None:
    """The hooks that have async methods and none of the words are the ones that the table names."""
    quiet = {
        hook.simple_name
        for hook in Hooks.load().all()
        for method in hook.async_methods
        if not method.startswith("_")
        and not any(word in f"{hook.simple_name}.{method}(" for word in concurrency().coroutine_words[:-2])
    }
    assert sorted(quiet - {"BaseHook"}) == sorted(concurrency().quiet_hooks)


@pytest.mark.parametrize("depth", [50, 2000])
def test_hostile_code_ends(tmp_path: Path, depth: int) -> None:
    chain = "".join(f"async def f{n}(x):\n    return await f{n + 1}(x)\n\n" for n in range(depth))
    text = (
        HEAD
        + chain
        + (
            f"async def f{depth}(x):\n    f0(x)\n    return await f0(x)\n\n@task\nasync def t(xs):\n"
            "    a = b = c = xs\n    xs = xs + xs\n    a = b + c\n"
            "    await asyncio.gather(*(f0(x) for x in a for y in b for z in xs))\n"
            f"    return [await f0({'(' * 50}x{')' * 50}) for x in {' + '.join(['xs'] * 1500)}]\n"
        )
    )
    check(text, tmp_path)
