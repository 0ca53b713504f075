# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Operators with bases that set something, defer, or both, and that have what they need when they are resumed."""

from airflow.sdk import Context
from mycorp import JobHook, JobTrigger
from mycorp.operators import Keeping

from house_state import Starting, Template, Waiting


class MadeInEachProcess(Starting):
    """Set by `__init__`, by the class, or by properties of the base."""

    def execute(self, context):
        self.log.info("asks %s", self.url)
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event=None):
        return self.hook.rows(self.conn_id, self.region, self.asked)


class StartsAgain(Starting):
    def execute(self, context):
        self.start()
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event=None):
        self.start()
        return self.job_id


class SuperAgain(Starting):
    def execute(self, context):
        super().execute(context)
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event=None):
        super().execute(context)
        return self.run_id


class StartsWhenResumed(Starting):
    """Set where it does not defer; what is wrong with the rest is another matter."""

    def execute(self, context):
        if self.conn_id:
            self.defer(trigger=JobTrigger(), method_name="done")
        self.start()

    def done(self, context, event=None):
        return self.job_id


class HandsOn(Waiting):
    def execute(self, context):
        self.job_id = JobHook().start()
        self.wait(job_id=self.job_id)

    def done(self, context, job_id, event=None):
        return JobHook().rows(job_id)


class ResumesElsewhere(Waiting):
    def execute(self, context):
        self.job_id = JobHook().start()
        self.wait_elsewhere()

    def other(self, context, event=None):
        return event

    def done(self, context, event=None):
        return self.job_id


class NeverWaits(Waiting):
    """The base may defer, and this class does not let it."""

    def execute(self, context):
        self.job_id = JobHook().start()
        return self.done(context)

    def done(self, context, event=None):
        return self.job_id


class FillsTheTemplate(Template):
    def submit(self, context):
        self.job_id = JobHook().start()
        self.xcom_push(context, "job_id", self.job_id)

    def finish(self, context, event):
        self.job_id = event["job_id"]
        return JobHook().rows(self.job_id)


class BehindAnUnknown(Keeping, Waiting):
    """The unknown base may keep it."""

    def execute(self, context):
        self.job_id = JobHook().start()
        self.wait()

    def done(self, context, event=None):
        return self.job_id
