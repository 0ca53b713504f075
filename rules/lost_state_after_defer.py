"""An attribute set on the operator before it defers and read after it is resumed.

## What it does
Finds attributes of your own operators that `execute`, or a method on the way to the deferral, sets on `self`, and that
the resume method, or a method that it calls, reads without setting them again. Methods of base classes count, and a
deferral that a base class makes, in this file or another of the project. `__init__` runs again, so what it sets is
there; but what it sets to None, `execute` fills in and the resume method uses is None again, and found, too. Silent are
properties, attributes that a base class may set, and those that the resume method tests or makes anew.

## Why is this bad?
A deferral ends the process. The task is resumed hours later in another one, often on another machine, with an operator
that was made anew from the DAG file: only the event and the `kwargs` of `self.defer` come along. The read raises an
AttributeError, or finds None, and the job that was waited for is lost. A test that calls `execute` and then the resume
method of the same object doesn't show it.

## Example
```python
class RunJob(BaseOperator):
    def execute(self, context):
        self.job_id = self.hook.start()
        self.defer(trigger=JobTrigger(self.job_id), method_name="done")

    def done(self, context, event=None):
        return self.hook.result(self.job_id)
```

## Use instead
```python
class RunJob(BaseOperator):
    def execute(self, context):
        job_id = self.hook.start()
        self.defer(trigger=JobTrigger(job_id), method_name="done", kwargs={"job_id": job_id})

    def done(self, context, job_id, event=None):
        return self.hook.result(job_id)
```

## Fix safety
There is no fix: what travels must be serializable, which a hook or a client isn't; make such things anew.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html#writing-deferrable-operators
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "error"
GROUP = "triggers"
FIX = "none"
TOPICS = (b".defer(", b"TaskDeferred", b", event")


def check(dag_file: DagFile) -> Iterator[Finding]:
    """Every operator of the file that defers."""
    for lost in dag_file.lost_state:
        state = "is None again" if lost.is_none else "does not exist"
        message = (
            f"`self.{lost.attribute}`, set in `{lost.set_in}` before deferring, {state} in `{lost.read_in}`: a resumed "
            "task is a new object; hand it over in `kwargs` or in the event"
        )
        yield found(lost.span, message)
