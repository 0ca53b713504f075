"""A trigger that can't be made again from what its `serialize` returns.

## What it does
Looks at `serialize` of your own triggers. It must return the dotted path of this very class and the arguments of its
`__init__`. Found are: no `serialize` at all; something else than a pair; a path that leads to another class, to a base
class, to another module or to none; arguments that `__init__` doesn't take; arguments that it needs and that are not
returned; arguments with a default that the trigger uses and that are not returned; and values that can't be serialized,
such as a lambda, a function, a hook, a client or an open file. The `__init__` that `@dataclass` or attrs makes takes
what its fields say: inherited ones, too, but no `ClassVar` and no `field(init=False)`. Paths made from `__name__` or
`self.__class__` are right by themselves. What can't be seen is trusted.

## Why is this bad?
The object that an operator hands to `self.defer` is never run. Airflow stores what `serialize` returns, and the
triggerer imports the path and calls it with the arguments, on another machine. A wrong path or argument shows only
there: the task defers and then fails with "Trigger failure", a `ModuleNotFoundError` or a `TypeError` in its log.
Without `serialize` the class is abstract and can't be made. A value that can't be serialized fails the task on
Airflow 3 with the puzzling message "TaskDeferred"; on Airflow 2.11 the trigger gets a text in its place, such as
`<mycorp.JobHook object at 0x7f…>`. Worst are the quiet ones: an argument that isn't returned falls back to its
default (a warning only, as nobody may give it yet), and with the path of a base class the triggerer runs the base
class.

## Example
```python
class JobTrigger(BaseTrigger):
    def __init__(self, job_id: str, poll_interval: float = 60.0, on_done: Callable | None = None):
        super().__init__()
        self.job_id = job_id
        self.poll_interval = poll_interval
        self.hook = JobHook()

    def serialize(self):
        return "mycorp.triggers.Trigger", {"job": self.job_id, "hook": self.hook}
```

## Use instead
```python
class JobTrigger(BaseTrigger):
    def __init__(self, job_id: str, poll_interval: float = 60.0):
        super().__init__()
        self.job_id = job_id
        self.poll_interval = poll_interval

    def serialize(self):
        return (
            f"{self.__class__.__module__}.{self.__class__.__qualname__}",
            {"job_id": self.job_id, "poll_interval": self.poll_interval},
        )

    async def run(self):
        hook = JobHook()
        while not await hook.is_done(self.job_id):
            await asyncio.sleep(self.poll_interval)
        yield TriggerEvent({"job_id": self.job_id})
```

## Fix safety
There is no fix: what a trigger needs is known to its author only.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html#writing-triggers
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding
from advisor.lineage import Method
from advisor.serializing import Claim
from advisor.text import listed
from advisor.triggers import Trigger

SEVERITY = "error"
GROUP = "triggers"
FIX = "none"
TOPICS = (b"BaseTrigger", b"BaseEventTrigger", b"Trigger):")


def check(dag_file: DagFile) -> Iterator[Finding]:
    """Every trigger of the file, by what its `serialize` returns."""
    for trigger in dag_file.triggers:
        if trigger.is_local:
            continue
        if trigger.serialize is None:
            if isinstance(trigger.run_method, Method) and not trigger.is_base:
                message = (
                    f"{trigger.name} has no `serialize`: it is abstract, and making one raises TypeError"
                )
                yield found(trigger.span, message)
            continue
        runs_as = trigger.runs_as
        if runs_as:
            yield found(trigger.span, _inherits(trigger.name, runs_as))
            continue
        wrong = trigger.no_pair
        if wrong is not None:
            message = f"`serialize` of {trigger.name} returns {wrong[1]}, not the pair of path and arguments"
            yield found(wrong[0], message)
            continue
        for claim in trigger.claims:
            yield from _of(trigger, claim)


def _of(trigger: Trigger, claim: Claim) -> Iterator[Finding]:
    if claim.names_this() is False:
        if not claim.inherited or trigger.adds_behaviour:
            yield found(claim.span, _wrong_path(trigger, claim))
        if claim.last != trigger.name:
            return
    name = trigger.name
    unknown, missing, dropped = claim.unknown_keys(), claim.missing_keys(), claim.dropped_keys()
    where = f"`serialize` that {name} inherits" if claim.inherited else f"`serialize` of {name}"
    wrong = [
        *([f"returns {listed(unknown)}, which `__init__` does not take"] if unknown else []),
        *([f"leaves out {listed(missing)}, which `__init__` needs"] if missing else []),
    ]
    if wrong:
        yield found(claim.keys_span, f"{where} {', and '.join(wrong)}: the triggerer can't make the trigger")
    if dropped:
        message = (
            f"{where} leaves out {listed(dropped)}: the triggerer runs it with the default, whatever is given"
        )
        yield found(claim.keys_span, message, severity="warning")
    for unfit in claim.unfit():
        message = f"`serialize` of {name} returns {unfit.what} as `{unfit.key}`, which can't be serialized"
        yield found(unfit.span, message)


def _wrong_path(trigger: Trigger, claim: Claim) -> str:
    if claim.inherited:
        return _inherits(trigger.name, claim.base)
    if claim.last == trigger.name:
        module = claim.named.rpartition(".")[0]
        if not module:
            return f"`serialize` of {trigger.name} names no module: the triggerer can't find it"
        return (
            f"`serialize` of {trigger.name} names the module `{module}`, and this {trigger.name} is not there: "
            "the triggerer runs another class, or finds none"
        )
    return (
        f"`serialize` of {trigger.name} names `{claim.last}`: the triggerer runs another class, or finds none"
    )


def _inherits(name: str, base: str) -> str:
    return f"{name} inherits a `serialize` that names {base}: the triggerer runs {base}, nothing of {name}"
