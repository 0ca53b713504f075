"""A task that sleeps or polls keeps its worker slot all the while.

## What it does
Finds ordinary tasks (functions under `@task…` or given as `python_callable`, lambdas too, `execute` of your own
operators, and the method that a deferral of theirs resumes in) that wait with `time.sleep`: a loop that asks the same
question again until the answer changes, with no end or for five minutes and more, and a single sleep of a minute or
more. Helpers of the same project are followed, methods of its hooks and clients as well; the message shows the way to
the sleep. A length that the environment or a Variable may set counts with the default that the code gives it.

It says nothing about pauses between items and before another try (under five minutes), a loop that looks every few
seconds with no end (whoever wrote it expects the answer at once, unless it asks for a job that a deferrable class
waits for, such as a crawler of Glue), a sensor's own `poke`, threads, endless consumers, `execute` of operators that
can defer, tests, and every length that cannot be computed.

## Why is this bad?
A task that sleeps is a worker process that does nothing: its slot stays taken until the wait is over, and other tasks
queue behind it. A task that waits an hour for a job costs an hour of a slot; deferred, the same wait costs two short
worker starts (about three seconds of a slot) and 0.4 MB in the triggerer. Besides, a worker that is restarted takes the
wait with it, and the task starts the job a second time.

A sleep of a minute is advice, five minutes or polling a warning (`long-wait`, `very-long-wait`, in seconds).

## Example
```python
@task
def run_report() -> None:
    job = client.start_report()
    while client.state(job) != "done":
        time.sleep(30)
```

## Use instead
A deferrable class of the service where there is one, as for Athena:
```python
AthenaOperator(task_id="report", query=QUERY, database="sales", output_location=OUTPUT, deferrable=True)
```
Where there is none, two tasks: one starts the job, the other gives its slot back between two looks.
```python
@task
def start_report() -> str:
    return client.start_report()

@task.sensor(mode="reschedule", poke_interval=60, timeout=6 * 60 * 60)
def report_is_done(job: str) -> bool:
    return client.state(job) == "done"
```
In an operator of your own a trigger does the looking, and `execute` ends with `self.defer(…)`. For a plain pause:
`WaitSensor(task_id="settle", time_to_wait=timedelta(minutes=10), deferrable=True)` between two tasks. Before another
try: let the task fail, and set `retries` and `retry_delay`.

## Fix safety
There is no fix: what takes the place of the wait depends on what is waited for.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
- https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/sensors.html
- https://www.astronomer.io/docs/learn/deferrable-operators
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Severity
from advisor.pythontasks import PythonTask
from advisor.text import duration
from advisor.waiting import Wait

SEVERITY = "warning"
GROUP = "deferral-missed"
FIX = "none"
BEHIND = (b"sleep(",)


def check(dag_file: DagFile, *, long_wait: float = 60.0, very_long_wait: float = 300.0) -> Iterator[Finding]:
    """`long_wait`: seconds, from which a single sleep is worth advice. `very_long_wait`: seconds, from which a sleep is
    worth a warning, and polling or a pause in a loop a word at all."""
    for task, waits in dag_file.sleeping_tasks:
        for wait in waits:
            once = wait.how == "sleep" and not wait.repeated
            if wait.total is None or wait.total >= (long_wait if once else very_long_wait):
                warn = wait.total is None or wait.total >= very_long_wait
                severity: Severity = "warning" if warn else "advice"
                message = (
                    f"{task.name} {_what(wait)}, which keeps its worker slot all the while; "
                    f"{_way_out(dag_file, task, wait)}"
                )
                yield found(wait.span, message, symbol=wait.waiter, severity=severity)


def _what(wait: Wait) -> str:
    long = duration(wait.total) if wait.total is not None else ""
    if wait.how == "polling":
        every = f" every {duration(wait.step)}" if wait.step is not None else " with growing pauses"
        what = f"polls{every} " + (f"for up to {long}" if long else "with no end in sight")
    else:
        often = (" before another try" if wait.failing else " in a loop") if wait.repeated else ""
        what = f"sleeps for {long}{often}"
    return what + (f" (`{' → '.join((*wait.through, 'time.sleep'))}`)" if wait.through else "")


def _way_out(dag_file: DagFile, task: PythonTask, wait: Wait) -> str:
    """What gives the slot back in the versions that the project runs on."""
    target = dag_file.target
    defers = target.triggerer and target.at_least(2, 2)
    if wait.failing and wait.repeated:
        return "`retries` and `retry_delay` give the slot back between two tries"
    if wait.waiter:
        facts = dag_file.catalog.get(wait.waiter)
        flag = "" if facts is not None and facts.deferral == "always" else " with `deferrable=True`"
        return f"{wait.waiter.rpartition('.')[2]}{flag} waits in the triggerer instead"
    if task.flavour == "resume" and wait.how == "sleep" and not wait.repeated and defers:
        return "another `self.defer`, with a TimeDeltaTrigger, waits in the triggerer instead"
    if wait.how == "sleep" and not wait.repeated:
        return f"{dag_file.pause} between two tasks waits in the triggerer instead" if defers else _RESCHEDULE
    if wait.how == "sleep":
        return "a deferral, or a task of its own for each turn, gives the slot back meanwhile"
    if task.kind == "method" and defers:
        return "`self.defer` to a trigger that polls gives the slot back"
    return _TASK_SENSOR if target.at_least(2, 5) else _RESCHEDULE


_TASK_SENSOR = '`@task.sensor(mode="reschedule", poke_interval=60)` gives the slot back between two looks'
_RESCHEDULE = 'a sensor with `mode="reschedule"` gives the slot back meanwhile'
