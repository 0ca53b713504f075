"""An `async def` that Airflow does not await: it fails, or succeeds without running.

## What it does
Finds task functions that are `async def` where Airflow does not await them as they are meant:

- any task for a target below Airflow 3.2 (where nothing tells the version, only in files that Airflow 3 cannot load);
- `@task.sensor` and `PythonSensor`, `poke` of a sensor of yours, `execute` of an operator of yours;
- `@task.virtualenv`, `@task.external_python` and their operators, `@task.snowpark`, `@task.pyspark`;
- `@task.bash`, `@task.docker`, `@task.kubernetes`, `@task.sql`, the `@task.llm` family and others that need a result;
- an async generator (`yield`) as a task;
- and `asyncio.run` or `loop.run_until_complete` inside of an async task, also through helpers.

From Airflow 3.2 on `@task`, `@task.branch`, `@task.short_circuit` and their operators await an `async def`. Functions
that another decorator wraps are left alone.

## Why is this bad?
Often nothing tells. Observed on Airflow 3.3.2: an async `@task.sensor` or `PythonSensor` succeeds at once, because the
coroutine that nobody awaits counts as true. `@task.virtualenv` and `@task.external_python` await the function in the
worker's own Python, without the packages that it asks for. `@task.bash` fails, an async generator fails when its result
is pushed (and with `do_xcom_push=False` succeeds without having run), `asyncio.run` raises "cannot be called from a
running event loop". On 2.11.2 an async task fails on its coroutine, and with `do_xcom_push=False` succeeds unrun.

## Example
```python
@task.sensor(poke_interval=60)
async def file_is_there() -> bool:
    async with SFTPHookAsync() as hook:
        return await hook.get_mod_time("/in/orders.csv") is not None
```

## Use instead
An ordinary function, or a sensor that defers:
```python
SFTPSensor(task_id="file_is_there", path="/in/orders.csv", deferrable=True)
```
For async code in another Python, and below Airflow 3.2, an ordinary function around it:
```python
@task.virtualenv(requirements=["aiohttp"])
def fetch_all() -> list[str]:
    import asyncio

    async def fetch() -> list[str]: ...

    return asyncio.run(fetch())
```

## Fix safety
There is no fix: what the function awaits decides what takes its place.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
- https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/taskflow.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "error"
GROUP = "async-tasks"
FIX = "none"
TOPICS = (b"async def",)


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.unsupported_async_tasks:
        yield found(task.span, f"{task.what}; {task.outcome}")
    for loop in dag_file.inner_loops:
        way = f" (`{' → '.join((*loop.through, loop.call))}`)" if loop.through else ""
        message = (
            f"{loop.name} runs in an event loop already, where `{loop.call}` fails{way}; "
            "await the coroutine instead"
        )
        yield found(loop.span, message)
