"""A coroutine that nobody awaits does nothing.

## What it does
Finds calls in tasks and sensors, and in the helpers of the same project that they use, that only make a coroutine:
async methods of hooks (`HttpAsyncHook.run`, `KiotaRequestAdapterHook.run`, `SFTPHookAsync.list_directory`,
`S3Hook.check_key_async`, …), requests of `httpx.AsyncClient` and `aiohttp.ClientSession`, `asyncio.sleep`, and the
project's own `async def` functions. In a synchronous task there is nothing to await them, nor in a lambda that is
given as `python_callable`; in an async task the `await` was forgotten.

A coroutine that is handed to anything (`asyncio.run`, `async_to_sync`, `run_until_complete`, `gather`, a function),
put in a list, stored or yielded is never reported, nor one that is given a name and awaited later.

## Why is this bad?
Calling a coroutine function runs none of it. What happens then was seen on Airflow 3.3.2: the task succeeds and
nothing is sent, in ordinary and in async tasks; as the test of an `if` the coroutine is always true; a sensor that
returns one succeeds at its first look. Python only leaves a "was never awaited" in the log. Where the answer is used,
the task fails (a coroutine has no `.json()`), and where it is returned, too, because no coroutine can be pushed as
XCom; with `do_xcom_push=False` it succeeds. A `ClientSession` of aiohttp can't be made outside of a running event loop:
there the task fails with "no running event loop".

## Example
```python
@task
def notify(channel: str) -> None:
    hook = HttpAsyncHook(method="POST", http_conn_id="chat")
    hook.run(endpoint=f"/channels/{channel}", json={"text": "done"})
```

## Use instead
The hook for synchronous code:
```python
@task
def notify(channel: str) -> None:
    hook = HttpHook(method="POST", http_conn_id="chat")
    hook.run(endpoint=f"/channels/{channel}", json={"text": "done"})
```
Or, from Airflow 3.2 on, an async task, which pays where it sends many requests:
```python
@task
async def notify(channels: list[str]) -> None:
    hook = HttpAsyncHook(method="POST", http_conn_id="chat")
    limit = asyncio.Semaphore(5)

    async def one(channel: str) -> None:
        async with limit:
            await hook.run(endpoint=f"/channels/{channel}", json={"text": "done"})

    await asyncio.gather(*(one(channel) for channel in channels))
```
To wait for a single answer, an operator with `deferrable=True` holds no worker slot. On an older Airflow,
`asyncio.run(hook.run(…))` runs one coroutine in an ordinary task.

## Fix safety
In an async task `await` is put before the call. The fix is unsafe: what never ran will run from then on, and the task
waits for it. In a synchronous task there is no fix.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
- https://docs.python.org/3/library/asyncio-dev.html#detect-never-awaited-coroutines



"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.catalog.concurrency import concurrency
from advisor.dagfile import DagFile, found
from advisor.finding import AddAwait, Finding, Fix
from advisor.unawaited import Unawaited

SEVERITY = "error"
GROUP = "async-tasks"
FIX = "unsafe"
TOPICS = tuple(word.encode() for word in concurrency().coroutine_words)
BEHIND = (b"await",)

_CAVEAT = "what the call only prepared until now is done from then on, and the task waits for it"
_WHAT = {"coroutine": "a coroutine", "generator": "an async generator", "context": "an async context"}


def check(dag_file: DagFile) -> Iterator[Finding]:
    for unawaited in dag_file.unawaited:
        fix = None
        if unawaited.can_await:
            rewrite = AddAwait(unawaited.call, unawaited.in_parentheses)
            fix = Fix("unsafe", f"await `{unawaited.name}(…)`", (rewrite,), caveat=_CAVEAT)
        symbol = unawaited.hook.name if unawaited.hook is not None else ""
        yield found(unawaited.span, _message(dag_file, unawaited), symbol=symbol, fix=fix)


def _message(dag_file: DagFile, unawaited: Unawaited) -> str:
    what = f"`{unawaited.name}(…)` makes {_WHAT[unawaited.kind]} that nobody awaits"
    if unawaited.through:
        what += f", in `{'` → `'.join(unawaited.through)}`"
    if unawaited.loop_bound:
        client = unawaited.loop_bound
        effect = (
            f"{unawaited.task} never sends it, and a {client} can't even be made where no event loop runs"
        )
    elif unawaited.fate == "dropped":
        effect = f"{unawaited.task} succeeds without it having run"
    elif unawaited.fate == "returned":
        effect = (
            f"{unawaited.task} returns it, and the call never runs: the task fails, as no coroutine can be pushed "
            "as XCom, or succeeds where nothing is pushed"
        )
    elif unawaited.fate == "verdict":
        effect = f"{unawaited.task} returns it, which is always true: the sensor succeeds at its first look"
    elif unawaited.fate == "tested":
        effect = "a coroutine is always true, and the call never runs"
    else:
        effect = f"{unawaited.task} takes the coroutine for the answer, and the call never runs"
    return f"{what}: {effect}; {_way_out(dag_file, unawaited)}"


def _way_out(dag_file: DagFile, unawaited: Unawaited) -> str:
    awaiting = {
        "coroutine": f"`await {unawaited.name}(…)`",
        "generator": f"go through it with `async for … in {unawaited.name}(…)`",
        "context": f"enter it with `async with {unawaited.name}(…)`",
    }[unawaited.kind]
    if unawaited.can_await or (unawaited.is_async and not unawaited.through):
        return awaiting
    if unawaited.is_async:
        return f"make `{unawaited.through[-1]}` an `async def` that awaits it, and await that"
    ways: list[str] = []
    hook = unawaited.hook
    if hook is not None:
        sync = [one for one, other in hook.sync_methods.items() if other == unawaited.method]
        if hook.sync_twin is not None:
            twin = hook.sync_twin.rpartition(".")[2]
            ways.append(f"use `{twin}.{sync[0]}`" if sync else f"use {twin}")
        elif sync:
            ways.append(f"call `{sync[0]}`")
    if unawaited.may_be_async:
        ways.append("make the task an `async def` that awaits it")
    elif not ways:
        ways.append(f"`asyncio.run({unawaited.name}(…))`")
    if hook is not None and hook.covered_by and dag_file.target.triggerer:
        covering = hook.covered_by[0]
        facts = dag_file.catalog.get(covering)
        flag = "" if facts is not None and facts.deferral == "always" else " with `deferrable=True`"
        ways.append(f"use {covering.rpartition('.')[2]}{flag}")
    return ", or ".join(ways)
