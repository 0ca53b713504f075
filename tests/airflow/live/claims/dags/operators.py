"""Operators that defer by themselves: how they are entered again, and what they have lost by then."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import datetime, timedelta

from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, TaskInstance, task, timezone
from airflow.sdk.exceptions import TaskDeferred
from proof_helpers import ask, asked, confirm
from proof_triggers import Later

IMPORTED = time.time()


class NoMethod(BaseOperator):
    def execute(self, context):
        ask(f"entered_{context['ti'].try_number}")
        self.defer(trigger=Later(), method_name="doen")

    def done(self, context, event=None):
        return event


class NoArguments(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Later(), method_name="done")

    def done():
        return None


class NoContext(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Later(), method_name="done")

    def done(self, *, event=None):
        return event


class EventFirst(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Later(), method_name="done")

    def done(self, event):
        return event


class NoEvent(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Later(), method_name="done")

    def done(self, context):
        return None


class NeedsMore(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Later(), method_name="done")

    def done(self, context, job_id, event=None):
        return job_id


class TakesLess(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Later(), method_name="done", kwargs={"job_id": "7"})

    def done(self, context, event=None):
        return event


class ContextTwice(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Later(), method_name="done", kwargs={"context": "7"})

    def done(self, context, event=None):
        return event


class Lost(BaseOperator):
    def execute(self, context):
        self.job_id = "7"
        self.defer(trigger=Later(), method_name="done")

    def done(self, context, event=None):
        return self.job_id


class NoneAgain(BaseOperator):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.job_id = None

    def execute(self, context):
        self.job_id = "7"
        self.defer(trigger=Later(), method_name="done")

    def done(self, context, event=None):
        confirm(self.job_id is None, f"job_id is {self.job_id}")


class Anew(BaseOperator):
    def __init__(self, *, region, **kwargs):
        super().__init__(**kwargs)
        self.region = region

    def execute(self, context):
        self.defer(
            trigger=Later(),
            method_name="done",
            kwargs={"pid": os.getpid(), "imported": IMPORTED, "job_id": "7"},
        )

    def done(self, context, pid, imported, job_id, event=None):
        confirm(event == {"sent by": "Later"} and job_id == "7", f"came along: {event}, {job_id}")
        confirm(self.region == "eu", f"made anew by __init__, with region {self.region}")
        confirm(pid != os.getpid(), f"process {pid} is now {os.getpid()}")
        confirm(imported != IMPORTED, "the DAG file is imported once more")


class Series(BaseOperator):
    """Three deferrals."""

    def execute(self, context):
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=10)),
            method_name="check",
            kwargs={"pids": [os.getpid()], "began": time.time()},
        )

    def check(self, context, pids, began, event=None):
        pids = [*pids, os.getpid()]
        if len(pids) < 4:
            self.defer(
                trigger=TimeDeltaTrigger(timedelta(seconds=10)),
                method_name="check",
                kwargs={"pids": pids, "began": began},
            )
        confirm(len(set(pids)) == 4, f"three deferrals: {len(set(pids))} worker starts")
        context["ti"].xcom_push(key="seconds", value=time.time() - began)


class InALoop(BaseOperator):
    def execute(self, context):
        for _ in range(3):
            ask("turns")
            self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=10)), method_name="done")

    def done(self, context, event=None):
        confirm(asked("turns") == 1, "the loop had one turn")


class Short(BaseOperator):
    def execute(self, context):
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=10)),
            method_name="done",
            kwargs={"pid": os.getpid(), "began": time.time()},
        )

    def done(self, context, pid, began, event=None):
        took = time.time() - began
        confirm(pid != os.getpid() and took > 10.5, f"a wait of 10 s: {took:.1f} s and a second worker start")


def raises_deferred():
    raise TaskDeferred(trigger=Later(), method_name="execute_complete")


with DAG("operators", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
    NoMethod(task_id="no_method", retries=1, retry_delay=timedelta(seconds=10))
    NoArguments(task_id="no_arguments")
    NoContext(task_id="no_context")
    EventFirst(task_id="event_first")
    NoEvent(task_id="no_event")
    NeedsMore(task_id="needs_more")
    TakesLess(task_id="takes_less")
    ContextTwice(task_id="context_twice")
    Lost(task_id="lost")
    NoneAgain(task_id="none_again")
    Anew(task_id="anew", region="eu")
    series = Series(task_id="series")
    InALoop(task_id="in_a_loop")
    Short(task_id="short")
    PythonOperator(task_id="raises", python_callable=raises_deferred)

    @task
    def through_execute(**context):
        DateTimeSensorAsync(
            task_id="inner", target_time=(timezone.utcnow() + timedelta(seconds=10)).isoformat()
        ).execute(context)
        ask("after_the_deferral")

    @task
    def by_itself(ti: TaskInstance):
        ti.task.defer(trigger=Later(), method_name="execute_complete")

    @task
    async def in_an_async_task():
        await asyncio.sleep(0)
        raise TaskDeferred(trigger=Later(), method_name="execute_complete")

    @task(trigger_rule="all_done")
    def nothing_after():
        confirm(asked("after_the_deferral") == 0, "what stands after the deferral did not run")

    @task
    async def one_async_task(ti: TaskInstance):
        began = time.time()
        for _ in range(3):
            await asyncio.sleep(1)
        alone = time.time() - began - 3
        others = await asyncio.to_thread(ti.xcom_pull, task_ids="series", key="seconds") - 30
        confirm(
            others > alone + 1,
            f"three waits cost {others:.1f} s more deferred, {alone:.1f} s in an async task",
        )

    through_execute() >> nothing_after()
    by_itself()
    in_an_async_task()
    series >> one_async_task()
