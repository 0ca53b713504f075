"""Ordinary tasks that sleep, poll or defer where they should not: over whole DAG files and over small ones."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from advisor import engine
from advisor.config import Settings
from advisor.finding import Finding
from advisor.target import detect

DATA = Path(__file__).parent / "data" / "python"
SOURCES = sorted(DATA.glob("*.py"))
MARK = re.compile(r"# finding: ([\w-]+(?:, [\w-]+)*)")
SLEEP, UNSUPPORTED, INLINE = "sleep-polling-task", "unsupported-async-task", "deferral-in-python-task"
OURS = (SLEEP, UNSUPPORTED, INLINE)
FORGOTTEN = "async-hook-in-sync-task"
HEAD = "import time\nfrom airflow.sdk import task\n\n\n"


def check(
    text: str,
    root: Path,
    *,
    select: tuple[str, ...] = OURS,
    airflow: str | None = "3.3",
    options: dict[str, dict[str, object]] | None = None,
) -> list[Finding]:
    """The findings on a DAG file with this text."""
    path = root / "dag.py"
    path.write_text(text)
    settings = replace(Settings(root=root), select=select, rule_options=options or {})
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
    settings = replace(Settings(root=DATA), select=() if path.stem.startswith("clean_") else OURS)
    context = engine.prepare(settings, detect(DATA, settings, "2.10", True))
    said = {(found.span.line, found.rule) for found in engine.check(text.encode(), str(path), context)}
    assert said - marked == set(), "findings without a mark"
    assert marked - said == set(), "marks without a finding"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [("59.9", []), ("60", ["advice"]), ("299", ["advice"]), ("300", ["warning"]), ("60 * 60", ["warning"])],
)
def test_a_sleep_of_a_minute_is_advice_and_five_are_a_warning(
    tmp_path: Path, seconds: str, said: list[str]
) -> None:
    text = HEAD + f"@task\ndef waits():\n    time.sleep({seconds})\n"
    assert [found.severity for found in check(text, tmp_path)] == said


def test_thresholds_are_options(tmp_path: Path) -> None:
    text = HEAD + "@task\ndef waits():\n    time.sleep(20)\n"
    assert len(check(text, tmp_path, options={SLEEP: {"long_wait": 10.0}})) == 1


BODIES = {
    # name: (body of a task with the parameters c and job, and whether it is worth a word)
    "asks for ever": ("while not c.finished(job):\n    time.sleep(30)", True),
    "asks for ever, every second": ("while not c.finished(job):\n    time.sleep(1)", False),
    "asks every second for an hour": (
        "for _ in range(3600):\n    if c.finished(job):\n        break\n    time.sleep(1)",
        True,
    ),
    "asks for four minutes": (
        "for _ in range(24):\n    if c.finished(job):\n        break\n    time.sleep(10)",
        False,
    ),
    "asks until a deadline": (
        "end = time.time() + 3600\nwhile time.time() < end:\n    if c.finished(job):\n        return\n"
        "    time.sleep(20)",
        True,
    ),
    "asks until a deadline that is not known": (
        "while time.time() < c.deadline:\n    if c.finished(job):\n        return\n    time.sleep(20)",
        False,
    ),
    "pauses that grow": (
        "pause = 5\nwhile not c.finished(job):\n    time.sleep(pause)\n    pause = min(pause * 2, 300)",
        True,
    ),
    "tries again for long": (
        "for _ in range(3):\n    try:\n        return c.load(job)\n    except OSError:\n        time.sleep(600)",
        True,
    ),
    "tries again": (
        "for _ in range(3):\n    try:\n        return c.load(job)\n    except OSError:\n        time.sleep(120)",
        False,
    ),
    "pause between items": ("for one in job:\n    c.send(one)\n    time.sleep(120)", False),
    "ten minutes between items": ("for one in job:\n    c.send(one)\n    time.sleep(600)", True),
    "an unknown pause": ("while not c.finished(job):\n    time.sleep(c.interval)", False),
    "serves for ever": ("while True:\n    c.serve(job)\n    time.sleep(60)", False),
    "a queue of its own": (
        "while True:\n    one = c.queue.get()\n    if one is None:\n        time.sleep(60)\n        continue\n"
        "    print(one)",
        False,
    ),
    "nothing but sleep": ("while True:\n    time.sleep(60)", True),
    "dict that is looked into": (
        "job = dict(job)\nwhile not job.get('done'):\n    time.sleep(30)\n    job = c.load(job['id'])",
        True,
    ),
    "a thread of its own": ("while c.thread.is_alive():\n    time.sleep(30)", False),
    "next pages": (
        "token = c.first()\nwhile token:\n    token = c.page(token).next_token\n    time.sleep(30)",
        False,
    ),
    "only defined": ("def settle():\n    time.sleep(600)\nreturn settle", False),
    "defined and called": ("def settle():\n    time.sleep(600)\nsettle()", True),
    "pauses in a helper": (
        "def pause():\n    time.sleep(45)\nwhile not c.finished(job):\n    pause()",
        True,
    ),
    "a last pause on the way out": (
        "for _ in range(60):\n    if c.finished(job):\n        time.sleep(59)\n        break\n    time.sleep(1)",
        False,
    ),
    "the shorter of two pauses": (
        "for _ in range(20):\n    if c.finished(job):\n        break\n    elif c.slow(job):\n"
        "        time.sleep(60)\n    else:\n        time.sleep(5)",
        False,
    ),
    "handed to a thread": ("c.submit(time.sleep, 600)", False),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_worth_a_word(tmp_path: Path, name: str) -> None:
    body, is_long = BODIES[name]
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    findings = check(HEAD + "@task\ndef waits(c, job):\n" + indented, tmp_path)
    assert bool(findings) == is_long, [found.message for found in findings]
    assert len(findings) <= 1


def test_a_test_and_an_async_task_are_left_alone(tmp_path: Path) -> None:
    text = HEAD + "def test_it():\n    @task\n    def waits():\n        time.sleep(600)\n"
    assert check(text, tmp_path) == []
    text = HEAD + "@task\nasync def waits():\n    time.sleep(600)\n"
    assert check(text, tmp_path, select=(SLEEP,)) == []


SPELLINGS = {
    "task": "from airflow.sdk import task\n@task\ndef work():",
    "task as": "from airflow.sdk import task as job\n@job\ndef work():",
    "task()": "from airflow.sdk import task\n@task(retries=2)\ndef work():",
    "module": "import airflow.sdk\n@airflow.sdk.task\ndef work():",
    "setup": "from airflow.sdk import setup\n@setup\ndef work():",
    "teardown": "from airflow.sdk import teardown\n@teardown\ndef work():",
    "setup as": "from airflow.sdk import setup as before\n@before\ndef work():",
    "asset": 'from airflow.sdk import asset\n@asset(schedule="@daily")\ndef work():',
    "python_task": "from airflow.decorators import python_task\n@python_task\ndef work():",
    "short_circuit_task": "import airflow.decorators as d\n@d.short_circuit_task  # 2.x\ndef work():",
    "execute": "from airflow.sdk import BaseOperator\nclass Work(BaseOperator):\n  def execute(self, context):",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_task_is_found_however_it_is_spelled(tmp_path: Path, spelling: str) -> None:
    for module, seconds, rule in (("time", 900, SLEEP), ("asyncio", 9, FORGOTTEN)):
        text = f"import {module}\n{SPELLINGS[spelling]}\n    {module}.sleep({seconds})\n"
        found = check(text, tmp_path, select=(SLEEP, FORGOTTEN))
        assert [finding.rule for finding in found] == [rule]


@pytest.mark.parametrize("spelling", [name for name in SPELLINGS if " as" not in name])
def test_a_task_whose_helper_sleeps_is_found_however_it_is_spelled(tmp_path: Path, spelling: str) -> None:
    (tmp_path / "lib.py").write_text("import time\n\n\ndef pause():\n    time.sleep(900)\n")
    found = check(f"from lib import pause\n{SPELLINGS[spelling]}\n    pause()\n", tmp_path)
    assert [finding.rule for finding in found] == [SLEEP]


def test_helpers_of_other_files_are_followed_though_the_file_names_no_sleep(tmp_path: Path) -> None:
    package = tmp_path / "jobs"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from jobs.client import Client\nfrom jobs.steps import wait_for_job\n"
    )
    (package / "client.py").write_text("class Client:\n    def state(self, job):\n        return ask(job)\n")
    (package / "steps.py").write_text(
        "from time import sleep\nfrom jobs.client import Client\n\n\n"
        "def wait_for_job(job, interval=30):\n    _poll(Client(), job, interval)\n\n\n"
        "def _poll(client, job, interval):\n    while client.state(job) != 'done':\n        sleep(interval)\n"
    )
    text = (
        "from airflow.sdk import task\nfrom airflow.operators.python import PythonOperator\n"
        "from jobs import wait_for_job\n\n\n"
        "@task\ndef waits(job):\n    wait_for_job(job)\n\n\n@task\ndef looks(job):\n    wait_for_job(job, 2)\n\n\n"
        "PythonOperator(task_id='a', python_callable=wait_for_job, op_kwargs={'job': 1, 'interval': 60})\n"
    )
    findings = check(text, tmp_path)
    assert [(found.span.line, found.severity) for found in findings] == [(8, "warning"), (16, "warning")]
    assert findings[0].message == (
        "waits polls every 30 s with no end in sight (`wait_for_job → _poll → time.sleep`), which keeps its worker "
        'slot all the while; `@task.sensor(mode="reschedule", poke_interval=60)` gives the slot back between two looks'
    )
    assert "polls every 60 s" in findings[1].message


@pytest.mark.parametrize(
    ("airflow", "way_out"),
    [
        ("3.3", "`WaitSensor(…, deferrable=True)`"),
        ("2.9", "`DateTimeSensorAsync(…)`"),
        ("2.1", 'a sensor with `mode="reschedule"`'),
    ],
)
def test_the_way_out_of_a_pause_exists_in_this_airflow(tmp_path: Path, airflow: str, way_out: str) -> None:
    text = "import time\nfrom airflow.decorators import task\n\n\n@task\ndef waits():\n    time.sleep(600)\n"
    assert way_out in check(text, tmp_path, airflow=airflow)[0].message


def test_the_class_that_waits_is_named_where_it_is_obvious(tmp_path: Path) -> None:
    text = (
        "import time\nimport boto3\nfrom airflow.decorators import task\n\n\n@task\ndef waits(query):\n"
        "    athena = boto3.client('athena')\n"
        "    while athena.get_query_execution(QueryExecutionId=query)['State'] == 'RUNNING':\n        time.sleep(10)\n"
    )
    assert "AthenaOperator with `deferrable=True`" in check(text, tmp_path)[0].message
    assert "@task.sensor" in check(text, tmp_path, airflow="2.1")[0].message or "reschedule" in (
        check(text, tmp_path, airflow="2.1")[0].message
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("boto3.client('athena').get_query_execution(QueryExecutionId=it)['State'] == 'RUNNING'", 1),
        (
            "boto3.client('athena').get_work_group(WorkGroup=it)['State'] == 'ENABLED'",
            0,
        ),  # no class waits for that
        ("HttpHook(http_conn_id='jobs').run(it).status_code != 200", 0),  # an answer may come at once
    ],
)
def test_a_job_of_a_service_takes_its_time_however_often_it_is_looked_at(
    tmp_path: Path, asked: str, said: int
) -> None:
    text = (
        "import time\nimport boto3\nfrom airflow.decorators import task\n"
        "from airflow.providers.http.hooks.http import HttpHook\n\n\n"
        f"@task\ndef waits(it):\n    while {asked}:\n        time.sleep(SECONDS)\n"
    )
    assert len(check(text.replace("SECONDS", "1"), tmp_path)) == said
    assert len(check(text.replace("SECONDS", "10"), tmp_path)) == 1


HTTP = """\
import time
from airflow.models import BaseOperator
from airflow.providers.http.hooks.http import HttpHook


class JobHook(HttpHook):
    def wait(self, job):
        while True:
            answer = self.run(endpoint=f"jobs/{job}")
            if LOOK:
                return
            time.sleep(10)


class JobOperator(BaseOperator):
    def execute(self, context):
        JobHook(http_conn_id="jobs").wait(self.job)
"""


@pytest.mark.parametrize(
    ("look", "way_out"),
    [
        ("answer.status_code == 200", "HttpSensor with `deferrable=True` waits in the triggerer"),
        ('answer.json()["job"]["status"] == "done"', "`self.defer` to a trigger that polls"),
    ],
)
def test_a_sensor_that_sees_the_status_alone_is_not_named_for_a_look_into_the_answer(
    tmp_path: Path, look: str, way_out: str
) -> None:
    (finding,) = check(HTTP.replace("LOOK", look), tmp_path, select=(SLEEP,))
    assert way_out in finding.message


DEADLINE = """\
import datetime
import time
from airflow.models import BaseOperator


class JobHook:
    def run_and_poll(self, job, poll_interval=3, poll_timeout=60):
        start = datetime.datetime.now()
        while True:
            state = self.fetch(job)["state"]
            if state == "done":
                return state
            if poll_timeout and datetime.datetime.now() > start + datetime.timedelta(UNIT=poll_timeout):
                raise TimeoutError
            time.sleep(poll_interval)


class JobOperator(BaseOperator):
    def __init__(self, timeout: int = 600, **kwargs):
        super().__init__(**kwargs)
        self.timeout = timeout

    def execute(self, context):
        JobHook().run_and_poll("job", poll_timeout=self.timeout)
"""


@pytest.mark.parametrize(
    ("unit", "length"),
    [("seconds", "10 min"), ("minutes", "10 h"), ("weeks", "")],
)
def test_a_deadline_made_of_what_the_caller_gives(tmp_path: Path, unit: str, length: str) -> None:
    messages = [one.message for one in check(DEADLINE.replace("UNIT", unit), tmp_path, select=(SLEEP,))]
    assert len(messages) == bool(length)
    assert all(f"polls every 3 s for up to {length} " in message for message in messages)


@pytest.mark.parametrize(
    ("turns", "pause", "length"),
    [
        ("1, retries + 1", "every", "20 min"),
        ("retries * 2", "every - 10", "30 min"),
        ("retries // 2", "every", ""),
    ],
)
def test_what_a_helper_makes_of_what_it_is_given(tmp_path: Path, turns: str, pause: str, length: str) -> None:
    text = (
        f"{HEAD}def wait(client, retries=30, every=40):\n    for attempt in range({turns}):\n"
        f"        if client.fetch():\n            return\n        time.sleep({pause})\n\n\n"
        "@task\ndef waits(client):\n    wait(client)\n"
    )
    messages = [finding.message for finding in check(text, tmp_path, select=(SLEEP,))]
    assert len(messages) == bool(length)
    assert all(f"for up to {length} " in message for message in messages)


AGAIN = "    while True:\n        time.sleep(10)\n        run.refresh_from_db()\n"


@pytest.mark.parametrize(
    ("body", "polls"),
    [
        (AGAIN + '        if run.state in ("success", "failed"):\n            break\n', True),
        (
            AGAIN + '        if run.state not in ("success", "failed"):\n            continue\n'
            '        if run.state != "success":\n            return False\n        return True\n',
            True,
        ),
        (
            AGAIN + '        if run.state != "success":\n            return False\n        return True\n',
            False,
        ),
        ('    while run.state != "done":\n        time.sleep(10)\n        run.reload()\n', True),
        ('    while run.state != "done":\n        time.sleep(10)\n        other.reload()\n', False),
    ],
)
def test_a_thing_that_is_looked_at_again_in_its_place(tmp_path: Path, body: str, polls: bool) -> None:
    text = (
        "from airflow.api.common.trigger_dag import trigger_dag\n"
        f'{HEAD}@task\ndef waits(other):\n    run = trigger_dag("next")\n{body}'
    )
    messages = [finding.message for finding in check(text, tmp_path, select=(SLEEP,))]
    assert bool(messages) == polls
    if "refresh_from_db" in body:
        assert all("TriggerDagRunOperator with `deferrable=True`" in message for message in messages)


# -- async tasks that nobody awaits


ASYNC = {
    # decorator and body: what happens on 2.10, and on 3.3
    ("@task", "return 1"): ("fails on the coroutine", ""),
    ("@task(do_xcom_push=False)", "return 1"): ("succeeds without running", ""),
    ("@task.branch(do_xcom_push=False)", "return 'x'"): ("fails on the coroutine", ""),
    ("@task.sensor", "return True"): ("succeeds at once", "succeeds at once"),
    ("@task.virtualenv(requirements=[])", "return 1"): ("other Python", "worker's own Python"),
    ("@task.external_python('/usr/bin/python3')", "return 1"): ("other Python", "worker's own Python"),
    ("@task.bash", "return 'ls'"): ("no command", "no command"),
    ("@task.kubernetes(image='x')", "return 1"): ("container", "container"),
    ("@task.pyspark", "return 1"): ("fails on the coroutine", "Spark session"),
    ("@task", "yield 1"): ("async generator", "async generator"),
    ("@task(do_xcom_push=False)", "yield 1"): ("succeeds without it", "succeeds without it"),
    ("@task.mystery", "return 1"): ("", ""),
    ("@task\n@make_sync", "return 1"): ("", ""),
}


@pytest.mark.parametrize(("decorator", "body"), ASYNC)
def test_what_becomes_of_an_async_def(tmp_path: Path, decorator: str, body: str) -> None:
    text = f"from airflow.decorators import task\n\n\n{decorator}\nasync def load():\n    {body}\n"
    for airflow, expected in zip(("2.10", "3.3"), ASYNC[decorator, body], strict=True):
        said = [found.message for found in check(text, tmp_path, select=(UNSUPPORTED,), airflow=airflow)]
        assert len(said) == bool(expected), said
        assert not expected or expected in said[0]


def test_an_unknown_airflow_is_an_old_one_only_where_the_file_shows_it(tmp_path: Path) -> None:
    text = "from airflow.decorators import task\n\n\n@task\nasync def load():\n    return 1\n"
    assert check(text, tmp_path, select=(UNSUPPORTED,), airflow=None) == []
    text = "from airflow.operators.bash_operator import BashOperator\n" + text
    assert len(check(text, tmp_path, select=(UNSUPPORTED,), airflow=None)) == 1


LOOPS = {
    "asyncio.run(work())": True,
    "asyncio.get_event_loop().run_until_complete(work())": True,
    "loop = asyncio.new_event_loop()\n    loop.run_until_complete(work())": True,
    "helper()": True,
    "await asyncio.to_thread(asyncio.run, work())": False,
    "await asyncio.to_thread(helper)": False,
    "import nest_asyncio\n    nest_asyncio.apply()\n    asyncio.run(work())": False,
    "await work()": False,
}


@pytest.mark.parametrize("body", LOOPS)
def test_a_loop_in_a_loop(tmp_path: Path, body: str) -> None:
    text = (
        "import asyncio\nfrom airflow.sdk import task\n\n\nasync def work():\n    pass\n\n\n"
        f"def helper():\n    asyncio.run(work())\n\n\n@task\nasync def load():\n    {body}\n"
    )
    assert len(check(text, tmp_path, select=(UNSUPPORTED,))) == LOOPS[body]


RESUMED = (
    "import time\nfrom datetime import timedelta\n"
    "from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger\n"
    "from airflow.sdk import BaseOperator\n\n\n"
    "class Runs(BaseOperator):\n"
    "    def execute(self, context):\n        job = self.hook.start()\n        if self.deferrable:\n"
    '            self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="done")\n'
    "        while not self.hook.is_done(job):\n            time.sleep(60)\n\n"
    "    def done(self, context, event=None):\n"
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "        time.sleep(180)\n",
            "Runs sleeps for 3 min, which keeps its worker slot all the while; another",
        ),
        (
            "        while not self.hook.copied():\n            time.sleep(30)\n",
            "Runs polls every 30 s with no",
        ),
        ("        time.sleep(10)\n", ""),
        ("        return self.execute(context)\n", ""),  # the caller has chosen how that waits
    ],
)
def test_a_resumed_operator_holds_its_slot_again(tmp_path: Path, body: str, said: str) -> None:
    findings = check(RESUMED + body, tmp_path, select=(SLEEP,))
    assert len(findings) == bool(said)
    assert all(found.message.startswith(said) for found in findings)


# -- deferrals in task functions


def test_a_helper_of_another_file_that_defers(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(
        "from airflow.exceptions import TaskDeferred\n\n\ndef pause(trigger):\n"
        "    raise TaskDeferred(trigger=trigger, method_name='execute_complete')\n"
    )
    text = (
        "from airflow.decorators import task\nfrom waits import pause  # raises TaskDeferred\n\n\n"
        "@task\ndef waits(trigger):\n    pause(trigger)\n"
    )
    findings = check(text, tmp_path, airflow="2.10")
    assert [found.message for found in findings] == [
        "waits raises TaskDeferred (`pause → TaskDeferred`), but @task has no method to resume in: the task fails"
    ]


def test_an_operator_of_the_project_with_its_own_method_may_defer(tmp_path: Path) -> None:
    text = (
        "from airflow.exceptions import TaskDeferred\nfrom airflow.operators.python import PythonOperator\n\n\n"
        "class Mine(PythonOperator):\n    def execute_complete(self, context, event):\n        pass\n\n\n"
        "def waits(trigger):\n    raise TaskDeferred(trigger=trigger, method_name='execute_complete')\n\n\n"
        "Mine(task_id='a', python_callable=waits)\n"
    )
    assert check(text, tmp_path, select=(INLINE,)) == []
    assert len(check(text + "PythonOperator(task_id='b', python_callable=waits)\n", tmp_path)) == 1


_TERMS = " or ".join(f"a{number}" for number in range(1500))
HOSTILE = {
    "many terms": f"    while not ({_TERMS}):\n        time.sleep(30)\n        if {_TERMS}:\n            return\n",
    "many branches": "    while True:\n        if x == -1:\n            return\n"
    + "".join(f"        elif x == {n}:\n            time.sleep({n})\n" for n in range(400)),
    "long chain of names": "    while True:\n"
    + "".join(f"        v{n} = q(v{n - 1})\n" for n in range(1, 1500))
    + "        time.sleep(30)\n        if v9:\n            return\n",
    "calls itself": "    f(x)\n    time.sleep(600)\n",
    "long attribute": f"    while x{'.a' * 1500}:\n        x{'.a' * 1500} = q()\n        time.sleep(30)\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_code_that_nobody_writes_by_hand_ends(tmp_path: Path, name: str) -> None:
    findings = check(HEAD + "@task\ndef f(x):\n" + HOSTILE[name], tmp_path)
    assert all(found.rule in OURS for found in findings)


@pytest.mark.parametrize(
    ("body", "way"),
    [
        ("pause = lambda: time.sleep(600)\n    pause()", "pause → time.sleep"),
        ("list(map(lambda item: time.sleep(600), range(9)))", "lambda → time.sleep"),
    ],
)
def test_lambdas_that_sleep_are_followed_and_named(tmp_path: Path, body: str, way: str) -> None:
    (found,) = check(f"{HEAD}@task\ndef work():\n    {body}\n", tmp_path)
    assert found.rule == SLEEP
    assert f"`{way}`" in found.message


def test_a_task_that_takes_the_name_of_its_function(tmp_path: Path) -> None:
    (tmp_path / "loads.py").write_text("from time import sleep\n\n\ndef load():\n    sleep(600)\n")
    head = "import time\nfrom airflow.operators.python import PythonOperator\n"
    task = "PythonOperator(task_id='load', python_callable=load)\n"
    (imported,) = check(f"{head}from loads import load\n\nload = {task}", tmp_path)
    assert "load → time.sleep" in imported.message
    (own,) = check(f"{head}\n\ndef load():\n    time.sleep(600)\n\n\nload = {task}", tmp_path)
    assert own.message.startswith("load sleeps for 10 min, ")
    rebound = f"{head}from loads import load\n\nload = chosen()\nload = {task}"
    assert not check(rebound, tmp_path)


@pytest.mark.parametrize(
    ("pause", "said"),
    [
        ('int(os.getenv("PAUSE", "30"))', "every 30 s with no end in sight"),
        ("float(os.environ.get('PAUSE', default=30))", "every 30 s with no end in sight"),
        ('int(Variable.get("pause", default_var=30))', "every 30 s with no end in sight"),
        ('float(os.getenv("PAUSE", 2 * 15))', "every 30 s with no end in sight"),
        ('int(os.getenv("PAUSE", "2"))', ""),  # whoever wrote it expects the answer at once
        ('int(os.getenv("PAUSE"))', ""),
        ('int(os.getenv("PAUSE", "soon"))', ""),
        ('int(os.getenv("PAUSE", "1e999"))', ""),
        ('int(config("PAUSE", "30"))', ""),
        ("PAUSE", ""),
    ],
)
def test_a_pause_that_the_environment_may_set_counts_with_its_default(
    pause: str, said: str, tmp_path: Path
) -> None:
    text = (
        "import os\nimport time\nfrom airflow.models import Variable\nfrom airflow.sdk import task\n\n"
        f"PAUSE = {pause}\n\n\n"
        "@task\ndef follow(client, job):\n    while True:\n        time.sleep({})\n"
        "        if client.batches.retrieve(job).status == 'completed':\n            break\n"
    )
    findings = check(text.format("PAUSE"), tmp_path)
    assert [said in found.message for found in findings] == ([True] if said else [])
    if pause != "PAUSE":
        assert len(check(text.format(pause), tmp_path)) == len(findings)
    rebound = text.format("PAUSE").replace("\n\n\n@task", "\nPAUSE = chosen()\n\n\n@task")
    assert not check(rebound, tmp_path)


def test_a_limit_that_the_environment_may_set_counts_with_its_default(tmp_path: Path) -> None:
    text = (
        'import os\nimport time\nfrom airflow.sdk import task\n\nLIMIT = int(os.getenv("LIMIT", "3600"))\n\n\n'
        "@task\ndef follow(client, job):\n    deadline = time.monotonic() + LIMIT\n"
        "    while time.monotonic() < deadline:\n        if client.batches.retrieve(job).status == 'completed':\n"
        "            break\n        time.sleep(30)\n"
    )
    (found,) = check(text, tmp_path)
    assert "polls every 30 s for up to 1 h" in found.message
