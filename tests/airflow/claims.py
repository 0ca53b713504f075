"""What messages and rule pages claim about behaviour: each claim of `claims.json`, seen on a real Airflow."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import roundtrip
import running
from places import HERE, Place

#: seconds: the longest that the tasks of a few DAGs may take, and how long a task that hangs is given to end after all
LONGEST, STAYS = 400, 20
HANG = ("sdk_calls.deadlock", "sdk_calls.deadlock_in_gather", "sdk_calls.deadlock_in_group")
#: the DAGs with deferrals that last, the others, and those that end the triggerer
FIRST = ("triggers", "operators", "slots", "pauses")
SECOND = (
    "async_tasks",
    "elsewhere",
    "flavours",
    "prompts",
    "sdk_calls",
    "unawaited",
    "unmade",
    "in_dag_file",
)
PAIRED = "pauses"  # its tasks are nothing alone
LAST = ("last_YieldsDict", "last_YieldsText", "last_YieldsNone")
DIED = "Trigger runner process has died! Exiting."
ENDED = ("success", "failed", "upstream_failed", "skipped")
SOURCE = HERE / "live" / "claims"


class Service(BaseHTTPRequestHandler):
    """Answers `/TAG/SECONDS` after so long, and counts by tag how many came and how many were there at once."""

    lock = threading.Lock()
    now: ClassVar[dict[str, int]] = defaultdict(int)
    all: ClassVar[dict[str, int]] = defaultdict(int)
    most: ClassVar[dict[str, int]] = defaultdict(int)

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "count":
            return self.answer(200, str(getattr(Service, parts[1])[parts[2]]))
        tag = parts[0]
        with Service.lock:
            Service.all[tag] += 1
            Service.now[tag] += 1
            Service.most[tag] = max(Service.most[tag], Service.now[tag])
        time.sleep(float(parts[1]))
        with Service.lock:
            Service.now[tag] -= 1
        return self.answer(500 if tag == "fails" else 200, "{}")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that went away


class Observed:
    """What one task came to."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.log = ""
        self.began = self.ended = ""


def prove(place: Place, work: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """(a line for each claim, (claim, what was seen instead) where it does not hold)."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(SOURCE / "dags", work / "dags")
    shutil.copytree(SOURCE / "plugins", work / "home" / "plugins")
    shutil.copytree(SOURCE / "server", work / "server")
    rows: list[dict[str, Any]] = json.loads((HERE / "claims.json").read_text(encoding="utf-8"))
    told = _texts(work)
    seen, triggerer, again = _run(place, work)
    lines: list[str] = []
    wrong: list[tuple[str, str]] = []
    for row in rows:
        key = f"{row['rule']}: {row['said']}"
        if _plain(row["said"]) not in told[row["rule"]]:
            wrong.append((key, "neither the rule's page nor a message on these DAGs says so"))
        if "shown" not in row:
            lines.append(f"{key} — {row['read']}")
            continue
        one = seen[row["shown"]]
        amiss = _amiss(row, one, seen, triggerer)
        if amiss:
            wrong.append((key, f"{row['shown']}: {amiss}"))
        proofs = [*row.get("log", []), *row.get("triggerer", []), *re.findall(r"SEEN ([^\"\\]*)", one.log)]
        lines.append(
            f"{key} — {row['shown']}: {' '.join(one.states)}{'; ' if proofs else ''}{'; '.join(proofs)}"
        )
    lines.append(f"{again} tasks were failed by apache/airflow#71172 (see short-deferral) and run again")
    named = {row.get("shown") for row in rows}
    for name, one in sorted(seen.items()):
        if name not in named and one.states[-1:] != ["success"]:
            wrong.append((name, f"a task that is to succeed: {' '.join(one.states)}: {_tail(one.log)}"))
    return lines, wrong


def _amiss(row: dict[str, Any], one: Observed, seen: dict[str, Observed], triggerer: str) -> str:
    """What of a row was not so; "" where all was."""
    wanted = row.get("states", "success").split()
    left = iter(one.states)
    if not all(state in left for state in wanted) or one.states[-1:] != wanted[-1:]:
        return f"{' '.join(one.states)}, not {row.get('states', 'success')}: {_tail(one.log)}"
    # What is told of a trigger at its end stands in the task's log or, where that is closed, in the triggerer's.
    named = f"/{row['shown'].rpartition('.')[2]}/"
    elsewhere = "\n".join(line for line in triggerer.splitlines() if named in line)
    for text in row.get("log", []):
        if text not in one.log and text not in elsewhere:
            return f"not in its log: {text!r}: {_tail(one.log)}"
    for text in row.get("unlogged", []):
        if text in one.log:
            return f"in its log: {text!r}"
    for text in row.get("triggerer", []):
        if text not in triggerer:
            return f"not in the triggerer's log: {text!r}"
    if "queues_behind" in row and not one.began >= seen[row["queues_behind"]].ended > "":
        return f"began at {one.began}, {row['queues_behind']} ended at {seen[row['queues_behind']].ended}"
    if "runs_during" in row and not "" < one.ended < seen[row["runs_during"]].ended:
        return f"ended at {one.ended}, {row['runs_during']} at {seen[row['runs_during']].ended}"
    return ""


def _tail(log: str) -> str:
    return log[-1200:]


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def _texts(work: Path) -> dict[str, str]:
    """What each rule says: its page, and its messages about the DAGs and plugins of this proof."""
    found: dict[str, str] = {}
    for path in sorted((roundtrip.ROOT / "rules").glob("*.py")):
        found[path.stem.replace("_", "-")] = path.read_text(encoding="utf-8").split('"""')[1]
    (work / "dag-advisor.toml").write_text('target-airflow = "3.3"\n', encoding="utf-8")
    for finding in roundtrip.advise(
        "check", work, "--output-format", "json", "--exit-zero", "--config", work / "dag-advisor.toml"
    ):
        found[finding["rule"]] += "\n" + finding["message"]
    return {rule: _plain(text) for rule, text in found.items()}


def _run(place: Place, work: Path) -> tuple[dict[str, Observed], str, int]:
    """({"dag.task": what it came to}, the triggerers' logs, how many tasks were run again)."""
    server = Server(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service = {"conn_type": "http", "host": "http://127.0.0.1", "port": server.server_port}
    variables = {
        "PYTHONPATH": f"{place.install_beside()}:{work / 'server'}",
        "PYTHONWARNINGS": "default",
        "PYTHONDONTWRITEBYTECODE": "",
        "PROOF_URL": f"http://127.0.0.1:{server.server_port}",
        "AIRFLOW_CONN_SERVICE": json.dumps(service),
        "AIRFLOW_CONN_SFTP_DEFAULT": json.dumps({"conn_type": "sftp", "host": "127.0.0.1"}),
        "AIRFLOW_CONN_DATABASE": json.dumps({"conn_type": "sqlite", "host": ":memory:"}),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__SECRETS__BACKEND": "proof_secrets.SlowSecrets",
        "AIRFLOW__CORE__PARALLELISM": "12",
        # On a busy machine five seconds, the default, are not enough, and what does not get the lock dies.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{work / 'home' / 'airflow.db'}?timeout=120",
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "64",
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300",
    }
    seen: dict[str, Observed] = defaultdict(Observed)
    again: set[tuple[str, str, str]] = set()
    with running.airflow(place, work, variables) as airflow:
        for pool in re.findall(r'pool="(\w+)"', (SOURCE / "dags" / "slots.py").read_text(encoding="utf-8")):
            airflow.pool(pool)
        for dag in (*FIRST, *SECOND, *LAST):
            airflow.known(dag, 300)
        logical = datetime.now(timezone.utc).isoformat()
        for dags in (FIRST, SECOND):
            airflow.start(dags, logical)
            _watch(airflow, dags, seen)
            for _ in range(3):
                unlucky = _unlucky(work, dags) - again
                if not unlucky:
                    break
                again |= unlucky
                for dag in sorted({dag for dag, *_ in unlucky}):
                    tasks = sorted({task for of, task, _ in unlucky if of == dag})
                    if dag == PAIRED:
                        tasks = [one["task_id"] for one in airflow.instances(dag)]
                    airflow.again(dag, tasks)
                    for task in tasks:
                        seen[f"{dag}.{task}"] = Observed()
                _watch(airflow, sorted({dag for dag, *_ in unlucky}), seen)
        _as_a_test(place, work, variables, seen)
        for dag in LAST:
            airflow.parts.end("triggerer")
            airflow.parts.start("triggerer", f"triggerer-{dag}")
            airflow.start([dag], logical)
            seen[f"{dag}.defers"].log = _end_of(work / f"triggerer-{dag}.log")
            _watch(airflow, [dag], seen, stays=True)
            if dag == LAST[-1]:
                airflow.parts.end("triggerer")
                airflow.parts.start("triggerer", "triggerer-next")
                seen["the next triggerer"].log = _end_of(work / "triggerer-next.log")
                seen["the next triggerer"].states = [
                    "ended" if DIED in seen["the next triggerer"].log else "running"
                ]
            airflow.give_up(dag)  # or the next triggerer would take it over
    server.shutdown()
    for name, one in seen.items():
        dag, _, task = name.partition(".")
        for path in sorted((work / "home" / "logs").glob(f"dag_id={dag}/run_id=proof/task_id={task}/*")):
            one.log += path.read_text(encoding="utf-8", errors="replace")
    kept = {name: vars(one) for name, one in seen.items()}
    (work / "observed.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")
    logs = (
        path.read_text(encoding="utf-8", errors="replace") for path in sorted(work.glob("triggerer*.log"))
    )
    return seen, "".join(logs), len(again)


def _watch(
    airflow: running.Newer, dags: Sequence[str], seen: dict[str, Observed], stays: bool = False
) -> None:
    """Follows the tasks of some DAGs until all have ended; with `stays`, looks only once."""
    end, quiet = time.time() + LONGEST, 0.0
    while time.time() < end:
        open_ = hanging = 0
        for dag in dags:
            for row in airflow.instances(dag):
                one = seen[f"{dag}.{row['task_id']}"]
                one.began, one.ended = row["start_date"] or "", row["end_date"] or ""
                state = str(row["state"])
                if one.states[-1:] != [state]:
                    one.states.append(state)
                if f"{dag}.{row['task_id']}" in HANG and state == "running":
                    hanging += 1
                else:
                    open_ += state not in ENDED
        quiet = 0.0 if open_ else quiet or time.time()
        if stays or (quiet and (not hanging or time.time() > quiet + STAYS)):
            return
        time.sleep(0.3)


def _unlucky(work: Path, dags: Sequence[str]) -> set[tuple[str, str, str]]:
    """(DAG, task, time) where Airflow 3 failed a task that came back before the scheduler had seen it go.

    That is apache/airflow#71172, which `short-deferral` warns of: it comes by chance, and the oftener the more the
    machine has to do.
    """
    text = (work / "scheduler.log").read_text(encoding="utf-8", errors="replace")
    pattern = r"(?m)^(\S+) .*<TaskInstance: (\w+)\.(\w+) proof .*finished with state success, but"
    return {(dag, task, when) for when, dag, task in re.findall(pattern, text) if dag in dags}


def _end_of(log: Path) -> str:
    """What a triggerer says when it ends; what it has said so far where it does not."""
    end = time.time() + 90
    while time.time() < end:
        text = log.read_text(encoding="utf-8", errors="replace")
        if DIED in text:
            break
        time.sleep(0.5)
    return text


def _as_a_test(place: Place, work: Path, variables: dict[str, str], seen: dict[str, Observed]) -> None:
    """Runs a DAG as `dag.test()` does; it counts as a task."""
    home = work / "home"
    path = f"{variables['PYTHONPATH']}:{home / 'plugins'}"
    environment = {**variables, "AIRFLOW_HOME": str(home), "PYTHONPATH": path}
    environment["AIRFLOW__CORE__DAGS_FOLDER"] = str(work / "dags")
    command = [str(place.python), str(work / "dags" / "sdk_calls.py")]
    done = subprocess.run(
        command, env=place.environment(**environment), capture_output=True, text=True, timeout=300
    )
    one = seen["as_a_test.pulls"]
    one.log = done.stdout + done.stderr
    one.states = [
        "failed" if "SEEN failed" in one.log else "success" if "SEEN success" in one.log else "none"
    ]
