"""A synchronous call of the Task SDK in an async task blocks its event loop, and may abort it.

## What it does
Finds calls in native async tasks that ask Airflow for something and wait for the answer on the event loop:
`BaseHook.get_connection`, `Connection.get`, `Variable.get` and `.set`, `ti.xcom_pull` and `ti.xcom_push` (also
`context["ti"]`), the other questions that a task instance answers, `XCom.get_one`, `get_connection` and `get_conn` of
hooks; straight or through helpers of the same project. In a thread (`asyncio.to_thread`) they are fine.

## Why is this bad?
A task talks to Airflow through one connection to its supervisor. The synchronous methods send a request and block until
the answer is there, so that every other coroutine stands still. Where another coroutine is asking with an async method
at that moment, the two wait for each other: on Airflow 3.2 for ever, while 3.3 raises `DeadlockImminentError`, which
`except Exception` does not catch because it is a BaseException. The error is logged, but the task may hang all the
same: to say that it has failed it needs the connection that the other coroutine still holds, and it stays running
(observed on 3.3.2).

Which async forms there are: `BaseHook.aget_connection` and `Connection.async_get` since Airflow 3.1, `ti.axcom_pull`,
`ti.axcom_push`, `BaseHook.aget_hook` and `XCom.aget_one` since 3.3; Variable has none. The finding proposes what the
project's Airflow has, and otherwise a thread.

## Example
```python
from airflow.sdk import BaseHook, Variable, dag, task


@dag(schedule=None)
def load():
    @task
    async def fetch(ti=None) -> str:
        connection = BaseHook.get_connection("warehouse")
        since = ti.xcom_pull(task_ids="find_start")
        bucket = Variable.get("bucket")
        return f"{connection.host}/{bucket}/{since}"

    fetch()


load()
```

## Use instead
```python
import asyncio

from airflow.sdk import BaseHook, Variable, dag, task


@dag(schedule=None)
def load():
    @task
    async def fetch(ti=None) -> str:
        connection = await BaseHook.aget_connection("warehouse")
        since = await ti.axcom_pull(task_ids="find_start")
        bucket = await asyncio.to_thread(Variable.get, "bucket")
        return f"{connection.host}/{bucket}/{since}"

    fetch()


load()
```

## Fix safety
The call is replaced by the awaited async form, where the target version has one and the call stands in a coroutine of
the DAG file. That is unsafe, because other coroutines run while it waits, and because `dag.test()` of Airflow 3.3.2
can't run `axcom_pull` and the like (its stand-in for the supervisor has no async side); a worker can.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
- https://airflow.apache.org/docs/task-sdk/stable/api.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "warning"
GROUP = "async-tasks"
FIX = "unsafe"
TOPICS = (b"async def",)
BEHIND = (b"await",)


def check(dag_file: DagFile) -> Iterator[Finding]:
    for call in dag_file.sync_sdk_calls:
        asks = "reads its connection from Airflow" if call.facts.indirect else "asks Airflow"
        deadlock = (
            "aborts it with DeadlockImminentError" if dag_file.target.at_least(3, 3) else "hangs it for ever"
        )
        way_out = (
            f"`await {call.instead}(…)`" if call.instead else f"`await asyncio.to_thread({call.name}, …)`"
        )
        message = (
            f"{call.way} {asks} on the event loop: it stalls every other coroutine of the task, or {deadlock} "
            f"while one of them asks, too; use {way_out}"
        )
        yield found(call.span, message, fix=call.fix)
