# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Operators that change themselves before they defer, and can do without it afterwards."""

from __future__ import annotations

from airflow.exceptions import TaskDeferred
from airflow.models import BaseOperator
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.sdk import BaseSensorOperator

from mycorp.hooks import JobHook, finish_job
from mycorp.triggers import JobTrigger


class OnlyBefore(BaseOperator):
    def execute(self, context):
        self.hook = JobHook()
        self.started = self.hook.start()
        self.poke_interval = 5
        self.defer(trigger=JobTrigger(self.started, self.poke_interval), method_name="done")

    def done(self, context, event=None):
        self.log.info("retries left: %s, %s", self.retries, self.task_id)
        return event


class MadeAgain(BaseOperator):
    def execute(self, context):
        self._prepare(context)
        self.defer(trigger=JobTrigger(self.bucket, self.key), method_name="done")

    def _prepare(self, context):
        self.bucket, self.key = context["params"]["target"].split("/", 1)

    def done(self, context, event=None):
        self._prepare(context)
        return f"{self.bucket}/{self.key}"


class BackThroughExecute(BaseOperator):
    """Runs everything again, and knows by the event that it does."""

    def execute(self, context, event=None):
        self.job = JobHook().job(context["run_id"])
        if event is None:
            self.defer(trigger=JobTrigger(self.job), method_name="execute")
        return self.job.result()


class InTheClass(BaseOperator):
    job_id: str = ""
    seen = frozenset()

    def execute(self, context):
        self.job_id = JobHook().start()
        self.defer(trigger=JobTrigger(self.job_id), method_name="done")

    def done(self, context, event=None):
        return self.job_id or event["job_id"]


class AskedFor(BaseSensorOperator):
    """Each read is of something that may not be there, and says so."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.client = None
        self.cursor = None

    def execute(self, context):
        self.client = JobHook().client()
        self.cursor = self.client.cursor()
        raise TaskDeferred(trigger=JobTrigger(self.cursor), method_name="done")

    def done(self, context, event=None):
        client = self.client if self.client is not None else JobHook().client()
        if self.cursor:
            self.cursor.close()
        try:
            self.partial_result.close()
        except AttributeError:
            pass
        return client.result(getattr(self, "cursor", None))


class GivesItselfAway(BaseOperator):
    def execute(self, context):
        self.job = JobHook().start()
        self.defer(trigger=JobTrigger(self.job), method_name="done")

    def done(self, context, event=None):
        finish_job(self, event)
        return self.job.result()


class AfterTheDeferral(BaseOperator):
    def __init__(self, wait=True, **kwargs):
        super().__init__(**kwargs)
        self.wait = wait

    def execute(self, context):
        job = JobHook().start()
        if self.wait:
            self.defer(trigger=JobTrigger(job), method_name="done")
        else:
            self.result = job
            return self.report()

    def done(self, context, event=None):
        self.result = event
        return self.report()

    def report(self):
        return self.result


class OfAProvider(BigQueryInsertJobOperator):
    def execute(self, context):
        self.table = context["params"]["table"]
        return super().execute(context)

    def execute_complete(self, context, event=None):
        return super().execute_complete(context, event)


class Outer(BaseOperator):
    """The inner class is another one, and its attributes are its own."""

    class Report:
        def __init__(self):
            self.rows = []

        def write(self):
            return self.rows

    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event=None):
        return self.Report().write()


class BeforeEachRun(BaseOperator):
    """Airflow calls `pre_execute` before the resume method, too."""

    def pre_execute(self, context):
        self.hook = JobHook()

    def execute(self, context):
        self.hook = self.hook or JobHook()
        self.defer(trigger=JobTrigger(self.hook.start()), method_name="done")

    def done(self, context, event=None):
        return self.hook.result(event["job_id"])


class TakesItsStateAlong(BaseOperator):
    def execute(self, context):
        self.job_id = JobHook().start()
        self.defer(trigger=JobTrigger(self.job_id), method_name="done", kwargs={"state": {"job_id": self.job_id}})

    def done(self, context, state, event=None):
        self.__dict__.update(state)
        return JobHook().result(self.job_id)
