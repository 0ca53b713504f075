"""What a function reaches: every call it makes, itself and through helpers of the same project."""

from __future__ import annotations

import re
from pathlib import Path

from advisor import engine
from advisor.config import Settings
from advisor.dagfile import DagFile
from advisor.reached import Reached, reached
from advisor.syntax import parse
from advisor.target import detect


def reach(root: Path, files: dict[str, str], name: str = "root") -> list[Reached]:
    """What the function `name` of the first of these files reaches."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    first = root / next(iter(files))
    settings = Settings(root=root)
    context = engine.prepare(settings, detect(root, settings, "3.3", True))
    tree = parse(first.read_text())
    dag_file = DagFile(tree, str(first), context.catalog, context.target, context.project)
    function = next(
        node
        for node in tree.kinds("function_definition")
        if re.match(rf"(?:async\s+)?def {name}\b", node.text())
    )
    return reached(dag_file, function)


def ways(found: list[Reached]) -> list[str]:
    """`site line: helper → helper → dotted name` for each, with an asterisk for what is awaited."""
    return [
        f"{one.site.range().start.line + 1}: "
        + " → ".join([*one.through, "|".join(one.paths) or f"?{one.method}"])
        + ("*" if one.awaited else "")
        for one in found
    ]


def test_functions_methods_and_modules_are_followed(tmp_path: Path) -> None:
    files = {
        "dags/dag.py": (
            "import requests\n"
            "from helpers import api\n"
            "from helpers.api import Client, fetch as get_it\n"
            "from helpers import reexported\n"
            "def local(url):\n    return requests.get(url)\n"
            "def root():\n"
            "    local('a')\n"
            "    api.fetch('b')\n"
            "    get_it('c')\n"
            "    reexported('d')\n"
            "    client = Client()\n"
            "    client.read()\n"
            "    Client().conn.cursor().execute('x')\n"
        ),
        "dags/helpers/__init__.py": "from .api import fetch as reexported\n",
        "dags/helpers/api.py": (
            "import requests, psycopg2\n"
            "def fetch(url):\n    with requests.Session() as s:\n        return s.get(url)\n"
            "class Base:\n"
            "    def read(self):\n        return self.conn.cursor()\n"
            "class Client(Base):\n"
            "    def __init__(self):\n        self.conn = psycopg2.connect('')\n"
            "    def read(self):\n        return super().read()\n"
        ),
    }
    assert ways(reach(tmp_path, files)) == [
        "8: dags.dag.local",
        "8: local → requests.get",
        "9: helpers.api.fetch",
        "9: fetch → requests.Session",
        "9: fetch → requests.Session.get",
        "10: helpers.api.fetch",
        "10: fetch → requests.Session",
        "10: fetch → requests.Session.get",
        "11: dags.helpers.api.fetch",
        "11: fetch → requests.Session",
        "11: fetch → requests.Session.get",
        "12: helpers.api.Client",
        "12: __init__ → psycopg2.connect",
        "13: helpers.api.Client.read",
        "13: read → dags.helpers.api.Base.read",
        "13: read → builtins.super",
        "13: read → read → psycopg2.connect().cursor",
        "14: psycopg2.connect().cursor().execute",
        "14: psycopg2.connect().cursor",
        "14: helpers.api.Client",
        "14: __init__ → psycopg2.connect",
    ]


def test_coroutines_are_followed_and_walls_are_not_crossed(tmp_path: Path) -> None:
    text = (
        "import asyncio, functools, time, requests\n"
        "from asgiref.sync import sync_to_async\n"
        "def work(x):\n    time.sleep(x)\n"
        "async def fetch(x):\n    work(x)\n"
        "@sync_to_async\n"
        "def wrapped():\n    time.sleep(9)\n"
        "async def root(hook):\n"
        "    async def inner(x):\n        await asyncio.sleep(x)\n"
        "    def never():\n        time.sleep(8)\n"
        "    await asyncio.to_thread(work, 1)\n"
        "    await asyncio.get_running_loop().run_in_executor(None, functools.partial(work, 1))\n"
        "    await asyncio.to_thread(lambda: work(1))\n"
        "    await sync_to_async(work)(1)\n"
        "    await asyncio.to_thread(asyncio.run, fetch(1))\n"
        "    await wrapped()\n"
        "    await asyncio.gather(*[inner(i) for i in range(3)])\n"
        "    for i in range(3):\n"
        "        asyncio.create_task(fetch(i))\n"
        "    list(map(work, [1]))\n"
    )
    found = [way for way in ways(reach(tmp_path, {"dag.py": text})) if "→" in way]
    assert found == [
        "12: inner → asyncio.sleep*",
        "23: fetch → dag.work",
        "23: fetch → work → time.sleep",
        "24: work → time.sleep",
    ]


def test_what_calls_itself_ends(tmp_path: Path) -> None:
    text = (
        "def a():\n    b()\n"
        "def b():\n    a()\n"
        "class C(C):\n    x = x\n    def m(self):\n        self.y = self.y\n        self.y.z()\n        self.m()\n"
        "def root():\n    a()\n    C().m()\n    v = v.w\n    v()\n    root()\n"
    )
    assert [way for way in ways(reach(tmp_path, {"dag.py": text})) if "?" not in way] == [
        "12: dag.a",
        "12: a → dag.b",
        "12: a → b → dag.a",
        "13: dag.C.m",
        "13: m → dag.C.m",
        "13: dag.C",
        "16: dag.root",
    ]
