"""What blocks an event loop: the table, the configuration, versions, triggers, fixes of sleeps and of SDK calls."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from advisor import engine
from advisor.catalog.blocking import blocking_calls
from advisor.catalog.sdk_calls import sdk_call
from advisor.config import Settings
from advisor.finding import Finding
from advisor.fixer import fix
from advisor.rule import discover
from advisor.target import detect

OURS = ("blocking-call-in-async-task", "blocking-call-in-trigger", "sync-sdk-call-in-async-task")
GOOGLE = "the client's `…AsyncClient`, or an async hook"
HEAD = "import time\nfrom airflow.sdk import BaseHook, task\n\n\n"


def context(root: Path, airflow: str | None = "3.3", **settings: object) -> engine.Context:
    made = replace(Settings(root=root), select=OURS, **settings)  # type: ignore[arg-type]
    return engine.prepare(made, detect(root, made, airflow, airflow is not None))


def check(text: str, root: Path, airflow: str | None = "3.3", **settings: object) -> list[Finding]:
    path = root / "dag.py"
    path.write_text(text)
    return engine.check(path.read_bytes(), str(path), context(root, airflow, **settings))


def fixed(text: str, root: Path, airflow: str = "3.3") -> str:
    path = root / "dag.py"
    made = context(root, airflow)
    done = fix(text.encode(), str(path), lambda data: engine.check(data, str(path), made), unsafe=True)
    return done.data.decode()


# -- the table

# What flake8-async's rules ASYNC210 to ASYNC251 and ruff's of these names look for.
HTTP = ("get", "options", "head", "post", "put", "patch", "delete", "request")
POOLS = (
    "HTTPConnectionPool",
    "HTTPSConnectionPool",
    "PoolManager",
    "ProxyManager",
    "connectionpool.ConnectionPool",
    "connectionpool.HTTPConnectionPool",
    "connectionpool.HTTPSConnectionPool",
    "poolmanager.PoolManager",
    "poolmanager.ProxyManager",
    "request.RequestMethods",
)
PATH = (
    "_path_normpath normpath _joinrealpath islink lexists ismount realpath exists isdir isfile getatime getctime "
    "getmtime getsize samefile sameopenfile relpath"
)
KNOWN = [
    *(f"{library}.{verb}" for library in ("requests", "httpx", "httpx2") for verb in HTTP),
    "urllib3.request",
    "urllib.request.urlopen",
    *(f"urllib3.{pool}.request" for pool in POOLS),
    *(f"httpx.Client.{verb}" for verb in ("close", *HTTP, "send", "stream")),
    "subprocess.Popen",
    "os.popen",
    *(
        f"subprocess.{name}"
        for name in ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput")
    ),
    *(
        f"os.{name}"
        for name in ("system", "posix_spawn", "posix_spawnp", "wait", "wait3", "wait4", "waitid", "waitpid")
    ),
    *(f"os.spawn{kind}" for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
    "builtins.open",
    "io.open",
    "io.open_code",
    "os.fdopen",
    "pathlib.Path.open",
    "builtins.open().read",
    "io.TextIOWrapper.read",
    "io.BufferedReader.read",
    "io.BufferedWriter.write",
    "io.BufferedRandom.read",
    *(f"os.path.{name}" for name in PATH.split()),
    *(
        f"pathlib.Path.{name}"
        for name in ("exists", "is_file", "stat", "read_text", "iterdir", "unlink", "mkdir")
    ),
    "builtins.input",
    "time.sleep",
]


@pytest.mark.parametrize("path", KNOWN)
def test_the_table_holds_what_flake8_async_and_ruff_know(path: str) -> None:
    assert blocking_calls().get(path) is not None


@pytest.mark.parametrize(
    ("path", "instead"),
    [
        ("boto3.client().get_object", "aiobotocore"),
        ("boto3.client().get_paginator().paginate", "aiobotocore"),
        ("boto3.client().get_object().get", None),
        ("boto3.client().get_waiter", None),
        ("boto3.resource().Bucket", None),
        ("boto3.resource().Bucket().upload_file", "aiobotocore"),
        ("psycopg2.connect().cursor", None),
        ("psycopg2.connect().cursor().execute", "asyncpg or `psycopg.AsyncConnection`"),
        ("pymongo.MongoClient.db.collection.find_one", "`pymongo.AsyncMongoClient`"),
        ("redis.asyncio.Redis.get", None),
        ("ray.job_submission.JobSubmissionClient.get_job_status", "an async client"),
        ("ray.job_submission.JobSubmissionClient.tail_job_logs", None),
        ("httpx.AsyncClient.get", None),
        ("os.path.join", None),
        ("airflow.providers.amazon.aws.hooks.s3.S3Hook.check_for_prefix", "`S3Hook.check_for_prefix_async`"),
        (
            "airflow.providers.amazon.aws.hooks.s3.S3Hook.get_conn().head_object",
            "the client that its `get_async_conn` gives",
        ),
        ("airflow.providers.amazon.aws.hooks.s3.S3Hook.parse_s3_url", None),
        ("airflow.providers.amazon.aws.hooks.s3.S3Hook.get_async_conn", None),
        ("airflow.providers.http.hooks.http.HttpHook.run", "`HttpAsyncHook.run`"),
        ("airflow.providers.http.hooks.http.HttpHook.run().json().get", None),
        ("airflow.providers.http.hooks.http.HttpAsyncHook.run", None),
        ("airflow.providers.postgres.hooks.postgres.PostgresHook.get_records", ""),
        ("airflow.providers.postgres.hooks.postgres.PostgresHook.get_conn", ""),
        ("airflow.providers.redis.hooks.redis.RedisHook.get_conn", None),
        ("airflow.providers.google.cloud.hooks.gcs.GCSHook.upload", "GCSAsyncHook"),
        ("mycorp.hooks.OwnHook.run", None),
        ("airflow.providers.amazon.aws.hooks.sagemaker.SageMakerHook.count_billable_seconds", None),
        # what only puts a request together, and what sends it
        ("google.cloud.bigquery.Client.dataset().table", None),
        ("google.cloud.bigquery.Client.query", "BigQueryAsyncHook or gcloud-aio-bigquery"),
        ("google.cloud.firestore.Client.collection().where().limit", None),
        ("google.cloud.firestore.Client.collection().where().limit().stream", GOOGLE),
        ("google.cloud.firestore.Client.batch().set", None),
        ("google.cloud.firestore.Client.batch().commit", GOOGLE),
        ("google.cloud.spanner.Client.instance().database", None),
        ("google.cloud.spanner.Client.instance().database().snapshot().execute_sql", GOOGLE),
        ("googleapiclient.discovery.build().files().list", None),
        ("googleapiclient.discovery.build().files().list().execute", GOOGLE),
        ("googleapiclient.discovery.build().files().list().execute().get", None),
        ("azure.cosmos.CosmosClient.get_database_client().get_container_client", None),
        ("influxdb_client.InfluxDBClient.query_api", None),
        ("redis.Redis.set", "`redis.asyncio.Redis`"),
        ("redis.Redis.pipeline().set", None),
        ("redis.Redis.pipeline().set().incr().execute", "`redis.asyncio.Redis`"),
        ("airflow.providers.redis.hooks.redis.RedisHook.get_conn().pipeline().set", None),
        ("airflow.providers.redis.hooks.redis.RedisHook.get_conn().pipeline().execute", ""),
    ],
)
def test_what_to_use_instead(path: str, instead: str | None) -> None:
    found = blocking_calls().get(path)
    assert (found.instead if found is not None else None) == instead


def test_every_shipped_name_is_its_own_answer() -> None:
    table = blocking_calls()
    assert len(table.names()) > 250
    assert [name for name in table.names() if not name.endswith(".*") and table.get(name) is None] == []


def test_sdk_calls_know_since_when_they_can_be_awaited() -> None:
    def known(path: str) -> tuple[str, tuple[int, int]] | None:
        found = sdk_call(path)
        return (found.coroutine, found.since) if found is not None else None

    assert known("airflow.hooks.base.BaseHook.get_connection") == ("aget_connection", (3, 1))
    assert known("airflow.providers.ftp.hooks.ftp.FTPHook.get_hook") == ("aget_hook", (3, 3))
    assert known("airflow.models.taskinstance.TaskInstance.xcom_pull") == ("axcom_pull", (3, 3))
    assert known("airflow.models.Variable.get") == ("", (0, 0))
    assert known("airflow.sdk.Variable.serialize") is None
    assert known("airflow.providers.ftp.hooks.ftp.FTPHook.list_directory") is None


# -- configuration


def test_own_blocking_calls_come_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dag-advisor]\nblocking-calls = ["mycorp.client.fetch", "warehouse.Client.load", "house.api.ask"]\n'
    )
    (tmp_path / "dags/house").mkdir(parents=True)
    (tmp_path / "dags/house/__init__.py").write_text("")
    (tmp_path / "dags/house/api.py").write_text("def ask():\n    pass\n\n\ndef other():\n    ask()\n")
    (tmp_path / "dags/dag.py").write_text(
        "from airflow.sdk import task\n"
        "from house import api\n"
        "from mycorp import client\n"
        "from warehouse import Client\n\n\n"
        "@task\n"
        "async def load():\n"
        "    client.fetch()\n"
        "    client.prefetch()\n"
        "    Client().load()\n"
        "    await client.fetch()\n"
        "    api.ask()\n"
        "    api.other()\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "advisor",
            "check",
            "--target-airflow",
            "3.3",
            "--output-format",
            "json",
            "dags",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = [
        (found["line"], found["message"].partition(" is ")[0])
        for found in json.loads(done.stdout)["findings"]
    ]
    assert said == [
        (9, "mycorp.client.fetch"),
        (11, "warehouse.Client.load"),
        (13, "house.api.ask"),
        (14, "load → other → dags.house.api.ask"),
    ]


# -- versions


def test_nothing_is_proposed_that_the_target_lacks(tmp_path: Path) -> None:
    text = HEAD + (
        "@task\nasync def load(ti=None):\n    ti.xcom_pull(task_ids='x')\n    return BaseHook.get_connection('x')\n"
    )
    newest, older = check(text, tmp_path), check(text, tmp_path, "3.2")
    assert ["ti.axcom_pull" in found.message for found in newest] == [True, False]
    assert [found.fix is not None for found in newest] == [True, True]
    assert ["asyncio.to_thread(ti.xcom_pull, …)" in found.message for found in older] == [True, False]
    assert [found.fix is not None for found in older] == [False, True]
    assert "BaseHook.aget_connection" in older[1].message
    assert check(text, tmp_path, "3.1") == []  # no Airflow before 3.2 awaits it


def test_the_version_of_a_provider_decides_what_its_hook_offers(tmp_path: Path) -> None:
    text = (
        "from airflow.providers.amazon.aws.hooks.s3 import S3Hook\nfrom airflow.sdk import task\n\n\n"
        "@task\nasync def load():\n    S3Hook().get_conn().head_object(Bucket='b', Key='k')\n"
    )
    (tmp_path / "requirements.txt").write_text(
        "apache-airflow==3.3.0\napache-airflow-providers-amazon==9.4.0\n"
    )
    assert "get_async_conn" not in "".join(found.message for found in check(text, tmp_path, None))
    (tmp_path / "requirements.txt").write_text(
        "apache-airflow==3.3.0\napache-airflow-providers-amazon==9.6.0\n"
    )
    assert "get_async_conn" in "".join(found.message for found in check(text, tmp_path, None))


def test_what_only_an_older_airflow_runs_is_left_alone(tmp_path: Path) -> None:
    text = HEAD + (
        "from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS\n"
        "async def wait():\n"
        "    if AIRFLOW_V_3_3_PLUS:\n        return await asyncio.sleep(1)\n"
        "    time.sleep(1)\n"
        "@task\nasync def t():\n"
        "    await wait()\n"
        "    if not AIRFLOW_V_3_3_PLUS:\n        time.sleep(2)\n"
        "    else:\n        time.sleep(3)\n"
    )
    assert [found.span.line for found in check(text, tmp_path)] == [16]
    assert [found.span.line for found in check(text, tmp_path, "3.2")] == [12, 14]


def test_paths_are_followed(tmp_path: Path) -> None:
    text = HEAD + (
        "from pathlib import Path\n\n\n"
        "@task\nasync def t(folder: Path):\n"
        "    (folder / 'a' / 'b').with_suffix('.txt').read_text()\n"
        "    name = folder.joinpath('c').name\n"
        "    Path.cwd().joinpath(name).exists()\n"
        "    2 / len(name)\n"
    )
    found = check(text, tmp_path)
    assert [(one.span.line, one.severity, one.message.partition(" ")[0]) for one in found] == [
        (10, "advice", "pathlib.Path.read_text"),
        (12, "advice", "pathlib.Path.exists"),
    ]


def test_a_task_function_of_another_module_is_told_where_the_task_is_made(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "import time\nimport requests\nfrom airflow.sdk import BaseHook\n\n\n"
        "def _ask(url):\n    return requests.get(url)\n\n\n"
        "async def load():\n    open('a').read()\n    BaseHook.get_connection('x')\n    _ask('x')\n    time.sleep(1)\n"
    )
    text = (
        "from airflow.providers.standard.operators.python import PythonOperator\n"
        "from airflow.sdk import DAG\n"
        "from work import load\n"
        "with DAG('d'):\n"
        "    PythonOperator(\n        task_id='a',\n        python_callable=load,\n    )\n"
        "async def nothing(): pass\n"
    )
    found = check(text, tmp_path)
    assert [
        (one.span.line, one.message.partition(" on ")[0].partition(" and ")[0], one.fix) for one in found
    ] == [
        (5, "load → time.sleep sleeps", None),
        (5, "load → BaseHook.get_connection asks Airflow", None),
    ]


def test_what_a_function_is_given_is_known_where_all_its_calls_are(tmp_path: Path) -> None:
    text = (
        "import requests\n"
        "from airflow.providers.postgres.hooks.postgres import PostgresHook\n"
        "from airflow.sdk import task\n"
        "def count(hook, table):\n    return hook.get_first(table)\n"
        "def both(client):\n    return client.get('x')\n"
        "def mixed(client):\n    return client.get('x')\n"
        "@task\n"
        "async def t(other, **context):\n"
        "    hook = PostgresHook()\n"
        "    count(hook, 'a')\n"
        "    count(PostgresHook('b'), table='b')\n"
        "    both(requests.Session())\n"
        "    mixed(requests.Session())\n"
        "    mixed(other)\n"
        "    context.get('ti').xcom_push(key='k', value=context.get('params'))\n"
    )
    assert [(one.span.line, one.rule.partition("-")[0]) for one in check(text, tmp_path)] == [
        (13, "blocking"),
        (14, "blocking"),
        (15, "blocking"),
        (18, "sync"),
    ]


# -- triggers


def test_only_run_of_a_trigger_counts_and_not_what_cancelling_it_needs(tmp_path: Path) -> None:
    text = (
        "import asyncio, requests\n"
        "from airflow.triggers.base import BaseTrigger, TriggerEvent\n\n\n"
        "class Base(BaseTrigger):\n"
        "    def ask(self):\n        return requests.get(self.url)\n"
        "    async def run(self):\n"
        "        while not self.ask():\n            await asyncio.sleep(5)\n"
        "        yield TriggerEvent(1)\n\n\n"
        "class Job(Base):\n"
        "    def __init__(self, url):\n        super().__init__()\n        requests.get(url)\n"
        "    async def run(self):\n"
        "        try:\n"
        "            await asyncio.to_thread(self.ask)\n"
        "            yield TriggerEvent(0)\n"
        "            print(super().ask())\n"
        "        except asyncio.CancelledError:\n            self.ask()\n            raise\n"
        "        except Exception as error:\n            self.ask()\n"
        "    async def cleanup(self):\n        self.ask()\n"
        "class Inherits(Base):\n    pass\n"
    )
    assert [(found.span.line, found.message.partition(" waits")[0]) for found in check(text, tmp_path)] == [
        (9, "Base: run → ask → requests.get"),
        (22, "Job: run → ask → requests.get"),
        (27, "Job: run → ask → requests.get"),
    ]


# -- fixes

SLEEPS = [
    (
        "import time\nfrom airflow.sdk import task\n\n\n@task\nasync def t():\n    time.sleep(5)  # why\n",
        "import asyncio\nfrom airflow.sdk import task\n\n\n@task\nasync def t():\n"
        "    await asyncio.sleep(5)  # why\n",
    ),
    (
        "import asyncio\nfrom time import sleep\nfrom airflow.sdk import task\n\n\n@task\nasync def t():\n"
        "    sleep (5)\n",
        "import asyncio\nfrom airflow.sdk import task\n\n\n@task\nasync def t():\n"
        "    await asyncio.sleep (5)\n",
    ),
    (
        "import time as t\nfrom time import sleep\nfrom airflow.sdk import task\n@task\nasync def a():\n"
        "    sleep(1); t.sleep(2)\n",
        "import asyncio\nfrom airflow.sdk import task\n@task\n"
        "async def a():\n    await asyncio.sleep(1); await asyncio.sleep(2)\n",
    ),
    (
        "import asyncio as aio\nimport time\nfrom airflow.sdk import task\n@task\nasync def t():\n"
        "    time.sleep(1); time.sleep(2)\n",
        "import asyncio as aio\nfrom airflow.sdk import task\n@task\nasync def t():\n"
        "    await aio.sleep(1); await aio.sleep(2)\n",
    ),
    (
        '"""Doc."""\r\n# time\r\nimport time\r\nfrom airflow.sdk import task\r\n@task\r\n'
        "async def t():\r\n\ttime.sleep(5)\r\n",
        '"""Doc."""\r\n# time\r\nimport asyncio\r\nfrom airflow.sdk import task\r\n'
        "@task\r\nasync def t():\r\n\tawait asyncio.sleep(5)\r\n",
    ),
    (
        "from airflow.sdk import task\n@task\nasync def t():\n    import time\n    async def u():\n"
        "        time.sleep(5)\n    await u()\n",
        "from airflow.sdk import task\n@task\nasync def t():\n    import asyncio\n"
        "    async def u():\n        await asyncio.sleep(5)\n    await u()\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), SLEEPS)
def test_a_sleep_is_awaited_and_every_other_byte_kept(before: str, after: str, tmp_path: Path) -> None:
    assert fixed(before, tmp_path) == after
    assert fixed(after, tmp_path) == after


@pytest.mark.parametrize(
    "text",
    [
        # asyncio is something else here
        "import time\nasyncio = 1\n@task\nasync def t():\n    time.sleep(5)\n",
        "import time\n@task\nasync def t(asyncio):\n    time.sleep(5)\n",
        # not a statement of a coroutine
        "import time\n@task\nasync def t():\n    x = [time.sleep(5)]\n",
        "import time\n@task\nasync def t():\n    class U:\n        time.sleep(5)\n    U()\n",
        "import time\n@task\nasync def t():\n    def u():\n        time.sleep(5)\n    u()\n",
        "import time\ndef u():\n    time.sleep(5)\n@task\nasync def t():\n    u()\n",
        # where the import belongs is not certain, or has no line of its own
        "try:\n    import time\nexcept ImportError:\n    time = None\n@task\nasync def t():\n    time.sleep(5)\n",
        "x = 1; import time\n@task\nasync def t():\n    time.sleep(5)\n",
        "import time\n@task\nasync def t(a):\n    time.sleep(*a)\n",
    ],
)
def test_a_sleep_without_a_sure_fix_is_only_told(text: str, tmp_path: Path) -> None:
    text = "from airflow.sdk import task\n" + text
    assert [found.rule for found in check(text, tmp_path)] == ["blocking-call-in-async-task"]
    assert fixed(text, tmp_path) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = BaseHook.get_connection('a')", "x = await BaseHook.aget_connection('a')"),
        ("x = BaseHook.get_connection('a').host", "x = (await BaseHook.aget_connection('a')).host"),
        (
            "print(BaseHook.get_connection(\n        'a'))",
            "print(await BaseHook.aget_connection(\n        'a'))",
        ),
        ("x = ti.xcom_pull(key='k')['a']", "x = (await ti.axcom_pull(key='k'))['a']"),
        (
            "x = [BaseHook.get_connection(i) for i in 'ab']",
            "x = [await BaseHook.aget_connection(i) for i in 'ab']",
        ),
        # an await would make another thing of a generator
        ("x = list(BaseHook.get_connection(i) for i in 'ab')", None),
        ("x = BaseHook.get_connection('a') or 1", None),
    ],
)
def test_an_sdk_call_is_awaited(before: str, after: str | None, tmp_path: Path) -> None:
    text = HEAD + "@task\nasync def t(ti=None):\n    {}\n"
    assert len(check(text.format(before), tmp_path)) == 1
    assert fixed(text.format(before), tmp_path) == text.format(after or before)


# -- pages and bad input


@pytest.mark.parametrize("name", OURS)
def test_the_pages_say_what_the_rule_finds(name: str, tmp_path: Path) -> None:
    doc = discover()[name].doc

    def first_code(text: str) -> str:
        found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
        assert found is not None
        return found[1]

    said = check(first_code(doc.example), tmp_path)
    assert said
    assert {found.rule for found in said} == {name}
    assert check(first_code(doc.use_instead), tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [
        "    x = " + " or ".join(f"f{n}()" for n in range(1500)) + "\n    x.get()\n",
        "    x" + ".a" * 1500 + "()\n",
        "    x" + "().a" * 400 + "()\n",
        "".join(" " * (4 + n) + "if x:\n" for n in range(95)) + " " * 100 + "time.sleep(1)\n",
        "".join(f"    v{n} = v{n - 1}.get(v{n - 1})\n" for n in range(1, 400)) + "    v399()\n",
        "    hook = hook.get()\n    hook.get_conn().execute(hook)\n",
    ],
)
def test_nothing_takes_long(body: str, tmp_path: Path) -> None:
    start = time.process_time()
    check(HEAD + "@task\nasync def t(x, v0):\n" + body, tmp_path)
    assert time.process_time() - start < 10


def test_many_helpers_are_read_to_a_bound(tmp_path: Path) -> None:
    helpers = "".join(
        f"def f{n}():\n    f{n + 1}()\n    f{n + 2}()\n    f{(n * 7) % 300}()\n" for n in range(300)
    )
    calls = "".join(f"    f{n}()\n" for n in range(300))
    start = time.process_time()
    check(
        HEAD + helpers + "def f300():\n    time.sleep(1)\ndef f301(): pass\n@task\nasync def t():\n" + calls,
        tmp_path,
    )
    assert time.process_time() - start < 10


HOOK = """\
import requests


class Hook:
    def __init__(self):
        self._session = None

    def get_conn(self):
        if self._session is None:
            self._session = requests.Session()
        {returned}

    def rows(self):
        {taken}
        yield session.get(base)
"""
UNPACKED = "session, base = self.get_conn()"


@pytest.mark.parametrize(
    ("returned", "taken", "found"),
    [
        ("return self._session, 'http://x'", UNPACKED, True),
        ("return (self._session, 'http://x')", "(session, base) = self.get_conn()", True),
        ("return 'http://x', self._session", UNPACKED, False),  # text blocks nothing
        ("return self._session, 'http://x', 1", UNPACKED, False),
        ("return pair()", UNPACKED, False),
        ("return self._session, 'http://x'", "session, *base = self.get_conn()", False),
        ("return self._session, 'http://x'", "session, base = pair()", False),
    ],
)
def test_a_client_that_comes_in_a_tuple(returned: str, taken: str, found: bool, tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text(HOOK.format(returned=returned, taken=taken))
    text = (
        "import asyncio\nfrom airflow.triggers.base import BaseTrigger, TriggerEvent\nfrom hooks import Hook\n\n\n"
        "class RowsTrigger(BaseTrigger):\n"
        "    def serialize(self):\n        return 'triggers.RowsTrigger', {}\n\n"
        "    async def run(self):\n        hook = Hook()\n        for row in hook.rows():\n"
        "            await asyncio.sleep(1)\n        yield TriggerEvent(row)\n"
    )
    assert ["requests.Session.get" in one.message for one in check(text, tmp_path)] == [True] * found
