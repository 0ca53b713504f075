"""A fan-out without a limit sends everything at once.

## What it does
Finds places in native async tasks, and in the helpers of the same project that they await, that start one coroutine
for each item of a collection of unknown or large size, with nothing that limits how many run at once:
`asyncio.gather`, `asyncio.as_completed`, `asyncio.create_task`, `TaskGroup.create_task`, `ensure_future` and anyio's
`start_soon`.

A limit is a semaphore or limiter taken inside the coroutine, in a helper, method, wrapper or decorator of it
(`asyncio.Semaphore`, `anyio.CapacityLimiter`, `aiolimiter`, a connection pool); batches (slices, `itertools.batched`,
a loop that gathers page after page); workers that share a queue; an explicit limit of connections on the client
(`aiohttp.TCPConnector(limit=10)`, `httpx.Limits(max_connections=10)`). A collection that is known to be small (a
literal, `range(5)`, a constant) needs none. What cannot be read is never reported, nor are triggers and code that no
task runs.

`large` (100) is the number of items from which a collection of known size is large. It is where aiohttp and httpx
stop opening connections of their own accord: a fan-out beyond it is no faster, its requests queue up in the client
instead.

## Why is this bad?
The collection decides how hard the other side is hit: ten items in the test, ten thousand on the day of the backfill.
The service answers with 429 or drops connections, and one failure fails the whole task, which sends everything again
when it is retried. The client's default is no protection: at 250 requests at once, aiohttp 3.14 and httpx 0.28 both
keep 100 connections busy, and with httpx every request that has waited 5 s for its turn fails with `PoolTimeout`. A
hook that connects for every call has no limit at all.

Airflow's guide limits its own example with a semaphore, too. With `asyncio.Semaphore(5)` the example below had five
requests on their way at any time on Airflow 3.3.2, without it all thirty.

## Example
```python
@task
async def fetch_users(ids: list[int]) -> list[dict]:
    async with aiohttp.ClientSession() as session:

        async def fetch(user: int) -> dict:
            async with session.get(f"https://api.example.com/users/{user}") as response:
                return await response.json()

        return await asyncio.gather(*(fetch(user) for user in ids))
```

## Use instead
A semaphore inside the coroutine, so that five are on their way at any time:
```python
@task
async def fetch_users(ids: list[int]) -> list[dict]:
    limit = asyncio.Semaphore(5)

    async with aiohttp.ClientSession() as session:

        async def fetch(user: int) -> dict:
            async with limit, session.get(f"https://api.example.com/users/{user}") as response:
                response.raise_for_status()
                return await response.json()

        return await asyncio.gather(*(fetch(user) for user in ids))
```
Where every item needs its own retries, its own log and its own square in the grid, map an ordinary task over the
items and let Airflow limit them. That costs a worker start for each item:
```python
@task(retries=3, max_active_tis_per_dagrun=5)
def fetch_user(user: int) -> dict:
    response = requests.get(f"https://api.example.com/users/{user}", timeout=30)
    response.raise_for_status()
    return response.json()

fetch_user.expand(user=list_ids())
```

## Fix safety
There is no fix: only you know how many requests the other side can bear.

## References
- https://airflow.apache.org/docs/task-sdk/stable/deferred-vs-async-operators.html
- https://docs.python.org/3/library/asyncio-sync.html#semaphores


"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.catalog.concurrency import concurrency
from advisor.dagfile import DagFile, found
from advisor.fanouts import FanOut
from advisor.finding import Finding

SEVERITY = "warning"
GROUP = "async-tasks"
FIX = "none"
TOPICS = (b"async def",)
BEHIND = (b"await",)


def check(dag_file: DagFile, *, large: int = 100) -> Iterator[Finding]:
    """`large`: the number of items (no seconds) from which a collection of known size is large."""
    said: set[int] = set()
    for fan_out in dag_file.fan_outs:
        is_large = fan_out.size is None or fan_out.size >= large
        if is_large and fan_out.span.start not in said and not fan_out.is_held_back:
            said.add(fan_out.span.start)
            yield found(fan_out.span, _message(fan_out))


def _message(fan_out: FanOut) -> str:
    where = f" (in `{'` → `'.join(fan_out.through)}`)" if fan_out.through and not fan_out.is_local else ""
    what = f"`{fan_out.starts}`" if fan_out.starts else "a coroutine"
    number = f", {fan_out.size:,.0f} at once," if fan_out.size is not None else " at once"
    note = concurrency().clients.get(fan_out.client, "")
    so = f" ({note})" if note else ""
    inside = "inside of it" if fan_out.is_own else "in a coroutine around it"
    return (
        f"`{fan_out.how}` starts {what} for every item of `{fan_out.over}`{number} with no limit{where}{so}; take an "
        f"`asyncio.Semaphore` {inside}, or map a task over the items where each needs retries of its own"
    )
