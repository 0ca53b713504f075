"""A deferral that names a method which can't be entered when the task is resumed.

## What it does
Looks at `method_name` and `kwargs` of your own deferrals (`self.defer(…)`, `raise TaskDeferred(…)`). Found are: a
method that the class and its bases don't have; one that takes no context, or no `event`; one that takes `event`
first, where the context goes; one that needs more than `kwargs` holds; and `kwargs` that the method doesn't take.
Methods that come from a provider's class, from a class that can't be seen or with a decorator are trusted.

## Why is this bad?
Airflow resumes a task with `getattr(task, method_name)(context, event=…, **kwargs)`: the context by position, the
event and the `kwargs` as keywords. Nothing looks at the method before. So the task defers, the trigger waits for hours,
the event comes, and then the task fails with an AttributeError or a TypeError, again on each retry.

## Example
```python
class RunJob(BaseOperator):
    def execute(self, context):
        job_id = self.hook.start()
        self.defer(trigger=JobTrigger(job_id), method_name="done", kwargs={"job_id": job_id})

    def done(self, event):
        return event["status"]
```

## Use instead
```python
class RunJob(BaseOperator):
    def execute(self, context):
        job_id = self.hook.start()
        self.defer(trigger=JobTrigger(job_id), method_name="done", kwargs={"job_id": job_id})

    def done(self, context, job_id, event=None):
        return event["status"]
```

## Fix safety
There is no fix: what the method should do with what it is given is known to its author only.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html#writing-deferrable-operators
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.entry import broken
from advisor.finding import Finding

SEVERITY = "error"
GROUP = "triggers"
FIX = "none"
TOPICS = (b".defer(", b"TaskDeferred")


def check(dag_file: DagFile) -> Iterator[Finding]:
    """Every deferral of the file's own operators."""
    for deferral in dag_file.deferrals:
        why = broken(dag_file, deferral)
        if why:
            yield found(deferral.span, f"the task can't be resumed: {why}")
