"""A real Airflow on this machine: four processes, a service to wait for, and which states the tasks went through."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from places import HERE, Place

PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
#: seconds until what the tasks wait for comes, and the longest the whole may take
READY_AFTER, LONGEST = 25, 240


class Service(BaseHTTPRequestHandler):
    """Not ready at first, then ready; slow where asked."""

    ready_at = 0.0

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(8)
        good = self.path == "/slow" or time.time() >= Service.ready_at
        self.send_response(200 if good else 404, "OK" if good else "Not Found")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Running:
    """An Airflow that answers on 127.0.0.1."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = ""

    def ask(self, path: str, content: Any = None, method: str = "POST") -> Any:
        request = urllib.request.Request(self.url + path, method="GET" if content is None else method)
        request.add_header("Authorization", f"Bearer {self.token}")
        data = None
        if content is not None:
            data = json.dumps(content).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, data, timeout=150) as answer:
            return json.loads(answer.read())

    def wait(self, path: str, until: Any, seconds: int) -> Any:
        """Asks until the answer is the one wanted."""
        end = time.time() + seconds
        while time.time() < end:
            with contextlib.suppress(urllib.error.URLError, OSError, ValueError):
                found = self.ask(path)
                if until(found):
                    return found
            time.sleep(1)
        raise TimeoutError(f"{path} did not come to what was wanted within {seconds} s")


@contextlib.contextmanager
def airflow(place: Place, work: Path, variables: dict[str, str]) -> Iterator[Newer]:
    """Starts the parts, each in a process group of its own, and ends them whatever happens."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = place.environment(
        AIRFLOW_HOME=str(work / "home"),
        AIRFLOW__CORE__DAGS_FOLDER=str(work / "dags"),
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
        AIRFLOW__CORE__EXECUTION_API_SERVER_URL=f"{url}/execution/",
        AIRFLOW__API__HOST="127.0.0.1",
        AIRFLOW__API__PORT=str(port),
        AIRFLOW__API__WORKERS="1",
        AIRFLOW__API_AUTH__JWT_SECRET=secrets.token_hex(32),
        AIRFLOW__API__SECRET_KEY=secrets.token_hex(32),
        AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT=str(free_port()),
        AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT=str(free_port()),
        AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL="5",
        AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL="1",
        **{"AIRFLOW__CORE__PARALLELISM": "14", **variables},
    )
    with running_parts(place, work, environment, PARTS) as parts:
        running, begin = Running(url), time.time()
        running.wait(
            "/api/v2/monitor/health",
            lambda h: h["scheduler"]["status"] == "healthy" and h["triggerer"]["status"] == "healthy",
            120,
        )
        running.token = running.ask("/auth/token")["access_token"]
        yield Newer(running, time.time() - begin, parts)


class Parts:
    """The processes of an Airflow, each in a process group of its own."""

    def __init__(self, command: str, work: Path, environment: dict[str, str]) -> None:
        self._command, self._work, self._environment = command, work, environment
        self._started: dict[str, list[subprocess.Popen[bytes]]] = defaultdict(list)

    def start(self, part: str, name: str = "") -> None:
        """Starts a part, with its log under a name of its own."""
        with (self._work / f"{name or part}.log").open("w") as log:
            started = subprocess.Popen(
                [self._command, part], env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        self._started[part].append(started)

    def end(self, *parts: str) -> None:
        """Ends parts, all where none is named."""
        ending = [one for part in parts or tuple(self._started) for one in self._started.pop(part, [])]
        for number, wait in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
            for process in ending:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            for process in ending:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(wait)


@contextlib.contextmanager
def running_parts(
    place: Place, work: Path, environment: dict[str, str], parts: tuple[str, ...]
) -> Iterator[Parts]:
    """Parts of Airflow on a new database, ended whatever happens."""
    command = str(place.folder / "bin" / "airflow")
    with (work / "migrate.log").open("w") as log:
        subprocess.run(
            [command, "db", "migrate"], env=environment, stdout=log, stderr=log, check=True, timeout=300
        )
    _number_once(environment.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", ""))
    started = Parts(command, work, environment)
    try:
        for part in parts:
            started.start(part)
        yield started
    finally:
        started.end()


def _number_once(address: str) -> None:
    """Lets a new SQLite database give no trigger the number of one that is gone, as Postgres doesn't either.

    A triggerer takes a trigger with the number of one that it could not make for that one, and never runs it.
    """
    if not address.startswith("sqlite:///"):
        return
    path = address.removeprefix("sqlite:///").partition("?")[0]
    with contextlib.closing(sqlite3.connect(path)) as open_:
        rows = open_.execute(
            "select sql from sqlite_master where tbl_name = 'trigger' and sql is not null"
        ).fetchall()
        table, others = rows[0][0], [row[0] for row in rows[1:]]
        lines = [line for line in table.splitlines() if "PRIMARY KEY (id)" not in line]
        made = "\n".join(lines).replace(
            "id INTEGER NOT NULL", "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", 1
        )
        open_.execute('drop table "trigger"')
        for statement in (re.sub(r",(\s*)\)\s*$", r"\1)", made), *others):
            open_.execute(statement)
        open_.commit()


class Older:
    """An Airflow 2, asked through its database: its web server is not needed for that."""

    def __init__(self, database: Path, starter: subprocess.Popen[str]) -> None:
        self.database, self.starter = database, starter
        #: seconds that it may take until the tasks of a run are waiting
        self.slow = 0.0

    def rows(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(
            sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        ) as open_:
            return open_.execute(question, values).fetchall()

    def known(self, dag: str, seconds: int) -> None:
        """Waits until the scheduler knows a DAG."""
        end = time.time() + seconds
        while time.time() < end:
            if self.rows(
                "select 1 from serialized_dag join dag using (dag_id) where dag_id = ? and not is_paused", dag
            ):
                return
            time.sleep(1)
        raise TimeoutError(f"the scheduler did not see {dag} within {seconds} s")

    def hear(self, wanted: str) -> None:
        """Waits for a line of the process that starts runs."""
        assert self.starter.stdout is not None
        for line in self.starter.stdout:
            if line.strip() == wanted:
                return
        raise SystemExit(f"starting.py ended before it said {wanted!r}, see starting.log")

    def start(self, dags: Sequence[str], logical: str) -> None:
        assert self.starter.stdin is not None
        for dag in dags:
            self.starter.stdin.write(f"{dag} {logical}\n")
            self.starter.stdin.flush()
            self.hear(f"started {dag}")

    def states(self, dag: str) -> list[tuple[str, str]]:
        found = self.rows(
            "select task_id, state from task_instance where dag_id = ? and run_id = 'proof'", dag
        )
        return [(str(task), str(state)) for task, state in found]


class Newer:
    """An Airflow 3, asked through its REST interface."""

    def __init__(self, running: Running, slow: float, parts: Parts) -> None:
        #: seconds that it may take until the tasks of a run are waiting
        self.running, self.slow = running, slow
        self.parts = parts

    def known(self, dag: str, seconds: int) -> None:
        """Waits until the scheduler knows a DAG."""
        self.running.wait(f"/api/v2/dags/{dag}", lambda found: not found["is_paused"], seconds)

    def start(self, dags: Sequence[str], logical: str) -> None:
        for dag in dags:
            self.running.ask(f"/api/v2/dags/{dag}/dagRuns", {"logical_date": logical, "dag_run_id": "proof"})

    def states(self, dag: str) -> list[tuple[str, str]]:
        return [(one["task_id"], str(one["state"])) for one in self.instances(dag)]

    def instances(self, dag: str) -> list[dict[str, Any]]:
        """The tasks of the run, as the REST interface tells them."""
        path = f"/api/v2/dags/{dag}/dagRuns/proof/taskInstances?limit=100"
        found: list[dict[str, Any]] = self.running.wait(path, lambda answer: True, 120)["task_instances"]
        return found

    def again(self, dag: str, tasks: list[str]) -> None:
        """Runs tasks of the run once more."""
        content = {"dry_run": False, "dag_run_id": "proof", "task_ids": tasks, "only_failed": False}
        self.running.ask(f"/api/v2/dags/{dag}/clearTaskInstances", content)

    def give_up(self, dag: str) -> None:
        """Ends the run, as failed."""
        self.running.ask(f"/api/v2/dags/{dag}/dagRuns/proof", {"state": "failed"}, "PATCH")

    def pool(self, name: str) -> None:
        """Makes a pool with one slot, where it isn't there."""
        with contextlib.suppress(urllib.error.HTTPError):
            self.running.ask("/api/v2/pools", {"name": name, "slots": 1, "include_deferred": False})


@contextlib.contextmanager
def older(place: Place, work: Path, variables: dict[str, str]) -> Iterator[Older]:
    """Starts the scheduler and the triggerer of an Airflow 2, on SQLite, and ends them whatever happens."""
    database = work / "airflow.db"
    environment = place.environment(
        AIRFLOW_HOME=str(work / "home"),
        AIRFLOW__CORE__DAGS_FOLDER=str(work / "dags"),
        AIRFLOW__CORE__EXECUTOR="LocalExecutor",
        AIRFLOW__CORE__PARALLELISM="14",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{database}?timeout=60",
        # A handful of tasks is no load for SQLite, whatever Airflow thinks of it.
        _AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK="1",
        AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL="5",
        AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT=str(free_port()),
        AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT=str(free_port()),
        **variables,
    )
    command = [str(place.python), str(HERE / "inside" / "starting.py")]
    pipe = subprocess.PIPE
    with (
        running_parts(place, work, environment, ("scheduler", "triggerer")),
        (work / "starting.log").open("w") as log,
        subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=log, text=True) as starter,
    ):
        running = Older(database, starter)
        begin = time.time()
        running.hear("ready")
        # Each of the twelve tasks is a process that takes as long to start, on two cores or more.
        running.slow = 6 * (time.time() - begin)
        try:
            yield running
        finally:
            starter.kill()


def prove(place: Place, work: Path) -> tuple[dict[str, dict[str, list[str]]], list[str]]:
    """({"before" and "after": {task: its states, as seen}}, what was wrong)."""
    shutil.rmtree(work, ignore_errors=True)
    dags = work / "dags"
    dags.mkdir(parents=True)
    two = place.version.startswith("2.")
    shutil.copy(HERE / "live" / ("other_2.py" if two else "other.py"), dags / "other.py")
    text = (HERE / "live" / ("waits_2.py" if two else "waits.py")).read_text(encoding="utf-8")
    for when in ("before", "after"):
        (dags / f"{when}.py").write_text(text.replace('DAG("waits"', f'DAG("{when}"'), encoding="utf-8")
    command = [sys.executable, "-m", "advisor", "fix", "--unsafe-fixes", "--exit-zero"]
    if two:
        (work / "dag-advisor.toml").write_text(f'environment = "{place.folder}"\n', encoding="utf-8")
        command += ["--config", str(work / "dag-advisor.toml")]
    else:
        command += ["--isolated", "--target-airflow", "3.3"]
    subprocess.run([*command, str(dags / "after.py")], check=True, capture_output=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    variables = {
        "PROOF_FILE": str(work / "ready"),
        "AIRFLOW_CONN_FS_DEFAULT": json.dumps({"conn_type": "fs", "extra": {"path": "/"}}),
        "AIRFLOW_CONN_HTTP_DEFAULT": json.dumps(
            {"conn_type": "http", "host": "http://127.0.0.1", "port": server.server_port}
        ),
    }
    seen: dict[str, dict[str, list[str]]] = {"before": defaultdict(list), "after": defaultdict(list)}
    wrong: list[str] = []
    with (older if two else airflow)(place, work, variables) as running:
        for dag in ("before", "after", "other"):
            running.known(dag, 120)
        delay = READY_AFTER + running.slow
        logical = (datetime.now(timezone.utc) + timedelta(seconds=delay) - timedelta(minutes=10)).isoformat()
        Service.ready_at = time.time() + delay
        running.start(list(seen), logical)
        end, told = time.time() + LONGEST + running.slow, False
        while time.time() < end:
            if not told and time.time() > Service.ready_at:
                (work / "ready").touch()
                running.start(["other"], logical)
                told = True
            open_ = 0
            for dag, tasks in seen.items():
                for task, state in running.states(dag):
                    states = tasks[task]
                    if not states or states[-1] != state:
                        states.append(state)
                    open_ += state not in ("success", "failed", "upstream_failed", "skipped")
            if told and not open_:
                break
            time.sleep(0.5)
    server.shutdown()
    for task, states in seen["before"].items():
        if "deferred" in states or states[-1] != "success":
            wrong.append(f"before the fix, {task}: {states}")
    for task, states in seen["after"].items():
        if "deferred" not in states or states[-1] != "success":
            wrong.append(f"after the fix, {task}: {states}")
    if sorted(seen["before"]) != sorted(seen["after"]) or len(seen["before"]) != 6:
        wrong.append(f"tasks seen: {sorted(seen['before'])}, {sorted(seen['after'])}")
    return {when: dict(tasks) for when, tasks in seen.items()}, wrong
