"""A trigger whose `run` does not send its event.

## What it does
Looks at `run` of your own triggers, which must be an async generator that yields a `TriggerEvent`. Found are: a `run`
that returns its event; an `async def run` that yields nothing; a `run` without `async`; one that yields something else
than a `TriggerEvent`. With less certainty, as a warning: a `run` that may come to an end before it has sent anything,
by a `return`, after an exception that is only logged, or after the last turn of a `for`. Handing on the events of
another generator (`async for event in self.poll(): yield event`) and a `run` that only raises are fine.

## Why is this bad?
The triggerer runs `async for event in trigger.run()`. What is no async generator fails there with a TypeError, and
a trigger that ends without an event is logged as "Trigger exited without sending an event. Dependent tasks will be
failed": the task shows "Trigger failure" and nothing of what happened. Something else than a `TriggerEvent` is worse:
a yielded dict, text or `None` ends the whole triggerer of Airflow 3.3.2 ("Trigger runner process has died! Exiting."),
and the task stays deferred, to end the next triggerer that takes it over; on 2.11.2 the dict ends it, too (each
observed).

## Example
```python
class JobTrigger(BaseTrigger):
    async def run(self):
        while not await self.is_done():
            await asyncio.sleep(30)
        return TriggerEvent({"job_id": self.job_id})
```
```python
class FileTrigger(BaseTrigger):
    async def run(self):
        try:
            yield TriggerEvent(await self.look())
        except Exception:
            self.log.exception("can't look")
```

## Use instead
```python
class JobTrigger(BaseTrigger):
    async def run(self):
        while not await self.is_done():
            await asyncio.sleep(30)
        yield TriggerEvent({"job_id": self.job_id})
```
```python
class FileTrigger(BaseTrigger):
    async def run(self):
        try:
            yield TriggerEvent(await self.look())
        except Exception as error:
            self.log.exception("can't look")
            yield TriggerEvent({"status": "error", "message": str(error)})
```

## Fix safety
There is no fix: what the resumed task expects in its event is known to the author only.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html#writing-triggers
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.events import Judged
from advisor.finding import Finding

SEVERITY = "error"
GROUP = "triggers"
FIX = "none"
TOPICS = (b"BaseTrigger", b"BaseEventTrigger", b"Trigger):")


def check(dag_file: DagFile) -> Iterator[Finding]:
    """Every trigger of the file, by its own `run`."""
    for trigger in dag_file.triggers:
        if trigger.has_no_run:
            message = f"{trigger.name} has no `run`: it is abstract, and making one raises TypeError"
            yield found(trigger.span, message)
            continue
        wrong = trigger.wrong_run
        if wrong is not None:
            yield found(dag_file.tree.span(wrong.node), _message(trigger.name, wrong))
            continue
        for end in trigger.ends_without_event:
            message = (
                f"{trigger.name}.run may end here without an event: the task then fails, and nobody knows why"
            )
            yield found(end, message, severity="warning")


def _message(name: str, judged: Judged) -> str:
    if judged.wrong == "returns":
        return (
            f"{name}.run returns its event: it must `yield` it, or the triggerer gets none and the task fails"
        )
    if judged.wrong == "sync":
        return f"{name}.run is no `async def`: the triggerer can't iterate over it, and the task fails"
    if judged.wrong == "coroutine":
        return f"{name}.run never yields: it is no async generator, sends no event, and the task fails"
    return f"{name}.run yields {judged.what}, no TriggerEvent: the triggerer ends on it, and the task is not resumed"
