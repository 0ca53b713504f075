"""A real Airflow on this machine: four processes, a service to wait for, and which states the tasks went through."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
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

    def ask(self, path: str, content: Any = None) -> Any:
        request = urllib.request.Request(self.url + path, method="GET" if content is None else "POST")
        request.add_header("Authorization", f"Bearer {self.token}")
        data = None
        if content is not None:
            data = json.dumps(content).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, data, timeout=20) as answer:
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
def airflow(place: Place, work: Path, variables: dict[str, str]) -> Iterator[Running]:
    """Starts the parts, each in a process group of its own, and ends them whatever happens."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = place.environment(
        AIRFLOW_HOME=str(work / "home"),
        AIRFLOW__CORE__DAGS_FOLDER=str(work / "dags"),
        AIRFLOW__CORE__PARALLELISM="14",
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
        **variables,
    )
    command = str(place.folder / "bin" / "airflow")
    with (work / "migrate.log").open("w") as log:
        subprocess.run(
            [command, "db", "migrate"], env=environment, stdout=log, stderr=log, check=True, timeout=120
        )
    started: list[subprocess.Popen[bytes]] = []
    try:
        for part in PARTS:
            with (work / f"{part}.log").open("w") as log:
                started.append(
                    subprocess.Popen(
                        [command, part], env=environment, stdout=log, stderr=log, start_new_session=True
                    )
                )
        running = Running(url)
        running.wait(
            "/api/v2/monitor/health",
            lambda h: h["scheduler"]["status"] == "healthy" and h["triggerer"]["status"] == "healthy",
            120,
        )
        running.token = running.ask("/auth/token")["access_token"]
        yield running
    finally:
        for number, wait in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
            for process in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            for process in started:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(wait)


def prove(place: Place, work: Path) -> tuple[dict[str, dict[str, list[str]]], list[str]]:
    """({"before" and "after": {task: its states, as seen}}, what was wrong)."""
    shutil.rmtree(work, ignore_errors=True)
    dags = work / "dags"
    dags.mkdir(parents=True)
    shutil.copy(HERE / "live" / "other.py", dags)
    text = (HERE / "live" / "waits.py").read_text(encoding="utf-8")
    for when in ("before", "after"):
        (dags / f"{when}.py").write_text(text.replace('DAG("waits"', f'DAG("{when}"'), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "advisor",
        "fix",
        "--unsafe-fixes",
        "--isolated",
        "--target-airflow",
        "3.3",
    ]
    subprocess.run([*command, "--exit-zero", str(dags / "after.py")], check=True, capture_output=True)
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
    with airflow(place, work, variables) as running:
        for dag in ("before", "after", "other"):
            running.wait(f"/api/v2/dags/{dag}", lambda found: not found["is_paused"], 90)
        now = datetime.now(timezone.utc)
        Service.ready_at = time.time() + READY_AFTER
        logical = (now + timedelta(seconds=READY_AFTER) - timedelta(minutes=10)).isoformat()
        run = {"logical_date": logical, "dag_run_id": "proof"}
        for dag in seen:
            running.ask(f"/api/v2/dags/{dag}/dagRuns", run)
        end, told = time.time() + LONGEST, False
        while time.time() < end:
            if not told and time.time() > Service.ready_at:
                (work / "ready").touch()
                running.ask("/api/v2/dags/other/dagRuns", run)
                told = True
            open_ = 0
            for dag, tasks in seen.items():
                for one in running.ask(f"/api/v2/dags/{dag}/dagRuns/proof/taskInstances")["task_instances"]:
                    states, state = tasks[one["task_id"]], str(one["state"])
                    if not states or states[-1] != state:
                        states.append(state)
                    open_ += state not in ("success", "failed", "upstream_failed", "skipped")
            if not open_:
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
