# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Operators that lose what they knew."""

from airflow.exceptions import TaskDeferred
from airflow.models import BaseOperator
from airflow.sdk import BaseSensorOperator

from mycorp.hooks import JobHook
from mycorp.triggers import JobTrigger


class Straight(BaseOperator):
    def execute(self, context):
        self.job_id = JobHook().start()
        self.defer(trigger=JobTrigger(self.job_id), method_name="done")

    def done(self, context, event=None):
        return JobHook().result(self.job_id)  # finding: lost-state-after-defer


class Unpacked(BaseOperator):
    def execute(self, context):
        self.bucket, self.key = context["params"]["target"].split("/", 1)
        with JobHook().client() as self.client:
            self.client.start()
        raise TaskDeferred(trigger=JobTrigger(self.key), method_name="done")

    def done(self, context, event=None):
        self.log.info("loaded %s", self.bucket)  # finding: lost-state-after-defer
        return self.client.result(self.key)  # finding: lost-state-after-defer, lost-state-after-defer


class NoneInInit(BaseSensorOperator):
    def __init__(self, *, table, **kwargs):
        super().__init__(**kwargs)
        self.table = table
        self.hook = None
        self.rows: int | None = None

    def execute(self, context):
        if self.poke(context):
            return
        self.defer(trigger=JobTrigger(self.table), method_name="resume")

    def poke(self, context):
        self.hook = JobHook()
        self.rows = self.hook.count(self.table)
        return self.rows > 0

    def resume(self, context, event=None):
        self.log.info("had %s rows", self.rows)  # finding: lost-state-after-defer
        return self.hook.rows(self.table)  # finding: lost-state-after-defer


class SecondStep(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="first")

    def first(self, context, event=None):
        self.first_event = event
        self.defer(trigger=JobTrigger(), method_name="second")

    def second(self, context, event=None):
        return [self.first_event, event]  # finding: lost-state-after-defer


class ThroughProperties(BaseOperator):
    def execute(self, context):
        self._connect(context)
        self._wait()

    def _connect(self, context):
        self.session = JobHook().session(context["run_id"])

    def _wait(self):
        self.defer(trigger=JobTrigger(self.session.id), method_name="done")

    @property
    def state(self):
        return self.session.state()  # finding: lost-state-after-defer

    def done(self, context, event=None):
        if self.state != "done":
            raise RuntimeError(event)


class OneBranch(BaseOperator):
    def __init__(self, deferrable=True, **kwargs):
        super().__init__(**kwargs)
        self.deferrable = deferrable

    def execute(self, context):
        self.hook = JobHook()
        if not self.deferrable:
            self.result = self.hook.wait()
            return self.result
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event):
        if event["status"] == "error":
            self.hook.cancel(event["job_id"])  # finding: lost-state-after-defer
        return event
