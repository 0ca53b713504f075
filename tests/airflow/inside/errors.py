"""Runs inside an Airflow environment: does what an `error` finding says really happen?

Usage: errors.py FIXTURES FINDINGS OUTPUT; FINDINGS = `dag-advisor check --output-format json` over the folder FIXTURES.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

from introspection import SPECIAL, attempt, chain, dag, dummy

from advisor.catalog.local import LocalCatalog
from advisor.catalog.lookup import Catalog

REQUESTS: list[str] = []


class Service(BaseHTTPRequestHandler):
    """A service on this machine that is never ready; Livy's batch runs for ever; webhooks are taken."""

    def do_GET(self) -> None:
        REQUESTS.append(self.path)
        if self.path.startswith("/batches"):
            self.answer(200, {"id": 1, "state": "running"})
        elif self.path.startswith("/ready"):
            self.answer(200, {"ready": True})
        elif self.path.startswith("/conflict"):
            self.answer(409, {"ready": False})
        else:
            self.answer(503, {"ready": False})

    def do_POST(self) -> None:
        REQUESTS.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(200, {"id": 1, "state": "running"})

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def executed(task: Any) -> str:
    """What one run of `execute` comes to: "deferred", "returned", or what it raised."""
    try:
        task.execute(mock.MagicMock())
    except BaseException as raised:
        return (
            "deferred"
            if type(raised).__name__ == "TaskDeferred"
            else f"{type(raised).__name__}: {raised}"[:200]
        )
    return "returned"


@contextlib.contextmanager
def without_services(task: Any) -> Iterator[None]:
    """Replaces the hooks of the modules of a class: the services behind them are not on this machine."""
    with contextlib.ExitStack() as stack:
        for base in type(task).__mro__:
            module = sys.modules[base.__module__]
            if base.__module__.startswith("airflow.providers"):
                for name in [
                    n for n in vars(module) if n.endswith("Hook") and isinstance(vars(module)[n], type)
                ]:
                    stack.enter_context(mock.patch.object(module, name, mock.MagicMock()))
        yield


def flagged(path: Path, first: int, last: int) -> Any:
    """The value of the statement with the call on these lines, everything around it run but for other tasks."""
    tree = ast.parse(path.read_bytes())
    kept: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, ast.With):
            statement.body = [
                one
                for one in statement.body
                if one.lineno <= first <= (one.end_lineno or 0)
                or (
                    isinstance(one, ast.FunctionDef)
                    and first
                    in range(
                        min([one.lineno, *(d.lineno for d in one.decorator_list)]), (one.end_lineno or 0)
                    )
                )
            ]
        kept.append(statement)
    space: dict[str, Any] = {"__name__": "flagged"}
    exec(compile(ast.Module(kept, []), str(path), "exec"), space)
    made = space["dag"]
    return list(made.task_dict.values())[-1]


def judge(rule: str, message: str, path: Path, first: int, last: int) -> str:
    """ "" where the finding is right, else what happened instead."""
    refused = "parse" in message or "refuses this DAG" in message
    try:
        task = flagged(path, first, last)
    except BaseException as raised:
        return "" if refused else f"raised when parsed: {type(raised).__name__}: {raised}"
    if refused:
        return "did not raise when parsed"
    if rule == "templated-deferrable":
        return "" if isinstance(task.deferrable, str) and bool(task.deferrable) else f"is {task.deferrable!r}"
    if rule == "inert-deferrable" and "mapped" in message:
        return "" if "deferrable" not in task.partial_kwargs else "the mapped task has the flag"
    name = type(task).__name__
    if rule == "conflicting-deferrable" and "pause" in message:
        before = len(REQUESTS)
        flood(task)
        # The interval is 60 s, so one request is right. The hook itself pauses a second where it tries a 5xx again.
        asked = len(REQUESTS) - before
        return (
            ""
            if asked > (50 if task.endpoint == "/conflict" else 3)
            else f"{asked} requests in 3 s are no flood"
        )
    if name == "LivyOperator":
        return ended_without_looking(task)
    if name == "TriggerDagRunOperator":
        told = executed(task)
        # The task runner defers only where the operator's own exception says that it waits.
        return "" if told != "deferred" and not task.wait_for_completion else told
    if name == "HttpSensor":
        task.endpoint = "/ready"
        return "" if executed(task) == "returned" else executed(task)
    if name == "DiscordWebhookOperator":
        return "" if executed(task) == "returned" else executed(task)
    with without_services(task):
        told = executed(task)
    return "" if told != "deferred" else told


def flood(task: Any) -> None:
    """Lets the trigger of a deferred sensor run for three seconds."""

    async def turn() -> None:
        trigger = None
        try:
            task.execute({})
        except BaseException as raised:
            trigger = getattr(raised, "trigger", None)
        if trigger is not None:
            with contextlib.suppress(asyncio.TimeoutError, StopAsyncIteration):
                await asyncio.wait_for(trigger.run().__anext__(), 3)

    asyncio.run(turn())


def ended_without_looking(task: Any) -> str:
    """Livy: the trigger says that all went well while the batch is running."""
    try:
        task.execute(mock.MagicMock())
    except BaseException as raised:
        trigger = getattr(raised, "trigger", None)
        if trigger is None:
            return f"{type(raised).__name__}: {raised}"

        async def turn() -> Any:
            return await asyncio.wait_for(trigger.run().__anext__(), 10)

        event = asyncio.run(turn())
        return "" if event.payload["status"] == "success" else str(event.payload)
    return "returned"


def satisfying(operator: str, value: Any) -> Any:
    return {
        "truthy": True,
        "falsy": False,
        "<=": value,
        "<": (value or 0) - 1,
        "==": value,
        "is none": None,
    }.get(operator, True)


def required_of(cls: Any, base: type) -> dict[str, Any]:
    needed: dict[str, Any] = {}
    for _, signature in chain(cls, base):
        for position, parameter in enumerate(signature.parameters.values()):
            fixed = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
            if (
                position
                and not fixed
                and parameter.default is parameter.empty
                and parameter.name != "task_id"
            ):
                needed.setdefault(parameter.name, dummy(parameter.name, str(parameter.annotation)))
    return {**needed, **SPECIAL.get(cls.__name__, {})}


def by_catalog(base: type) -> Iterator[tuple[str, str]]:
    """(class and arguments, "" or what was wrong) for all combinations that the catalog says raise."""
    import importlib

    catalog = LocalCatalog(sys.prefix, None)  # what the catalog says of the releases that are installed here
    for shipped in Catalog.load().all():
        facts = catalog.get(shipped.name) if shipped.deferral == "flag" else None
        if facts is None:
            continue
        for when, alternatives in (("parsed", facts.ctor_raises), ("run", facts.execute_raises)):
            for alternative in alternatives:
                module, _, name = facts.name.rpartition(".")
                try:
                    cls = getattr(importlib.import_module(module), name)
                except Exception:
                    continue
                given = {c.argument: satisfying(c.operator, c.value) for c in alternative}
                needed = required_of(cls, base)
                subject = (
                    f"{facts.simple_name}({', '.join(f'{k}={v!r}' for k, v in given.items())}) when {when}"
                )
                bare = attempt(cls, {**needed, "deferrable": True})[0]
                both = attempt(cls, {**needed, **given, "deferrable": True})[0]
                if when == "parsed":
                    wrong = (
                        "" if both and not bare else f"alone: {bare or 'made'}; together: {both or 'made'}"
                    )
                elif both:
                    wrong = f"raises when parsed already: {both}"
                else:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        task = cls(task_id="probe", dag=dag(), **{**needed, **given, "deferrable": True})
                    with without_services(task):
                        told = executed(task)
                    wrong = "" if told.startswith("AirflowException") else told
                yield subject, wrong


def main() -> None:
    fixtures, output = Path(sys.argv[1]), Path(sys.argv[3])
    findings = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))["findings"]
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = {"conn_type": "http", "host": "http://127.0.0.1", "port": server.server_port}
    os.environ["AIRFLOW_CONN_HTTP_DEFAULT"] = json.dumps(url)
    os.environ["AIRFLOW_CONN_LIVY_DEFAULT"] = json.dumps({**url, "conn_type": "livy"})
    os.environ["AIRFLOW_CONN_DISCORD"] = json.dumps({**url, "extra": {"webhook_endpoint": "webhooks/1/a"}})
    try:
        from airflow.sdk import BaseOperator  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from airflow.models.baseoperator import BaseOperator  # type: ignore[import-not-found, no-redef, unused-ignore]
    rows: list[list[str]] = []
    for one in findings:
        if one["severity"] != "error":
            continue
        where = f"{one['path']}:{one['line']} {one['rule']} {one['symbol'].rpartition('.')[2]}"
        wrong = judge(one["rule"], one["message"], fixtures / one["path"], one["line"], one["end_line"])
        rows.append([where, wrong])
    rows += [[f"catalog {subject}", wrong] for subject, wrong in by_catalog(BaseOperator)]
    server.shutdown()
    output.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(f"{len(rows)} claims, {sum(bool(wrong) for _, wrong in rows)} wrong")


if __name__ == "__main__":
    main()
