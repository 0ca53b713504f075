# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Operators that defer again and again, or for a moment, in the spellings of different authors."""

from datetime import datetime, timedelta

from airflow.exceptions import TaskDeferred
from airflow.models import BaseOperator
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.standard.triggers import temporal
from airflow.providers.standard.triggers.temporal import DateTimeTrigger, TimeDeltaTrigger
from airflow.sdk import BaseSensorOperator, timezone

from mycorp.triggers import JobTrigger

PAUSE = timedelta(seconds=5)


class DirectCycle(BaseSensorOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(self.job), method_name="check")

    def check(self, context, event=None):
        if event["status"] == "running":
            self.defer(trigger=JobTrigger(self.job), method_name="check")  # finding: repeated-deferral
        return event


class BackToExecute(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(self.job), method_name=self.check.__name__)  # finding: repeated-deferral

    def check(self, context, event=None):
        if not event["done"]:
            return self.execute(context)
        return event


class ExecuteAgain(AwsBaseOperator[object]):
    def execute(self, context, event=None):
        if event and event["done"]:
            return event
        raise TaskDeferred(trigger=JobTrigger(self.job), method_name="execute")  # finding: repeated-deferral


class TwoMethods(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(self.job), method_name="first")

    def first(self, context, event=None):
        self.defer(trigger=JobTrigger(self.job), method_name="second")  # finding: repeated-deferral

    def second(self, context, event=None):
        self.defer(trigger=JobTrigger(self.job), method_name="first")  # finding: repeated-deferral


class Polling(BaseOperator):
    """The base knows how to wait, the class below when to."""

    def execute(self, context):
        self.start()
        self._wait()

    def _wait(self):
        self.defer(  # finding: repeated-deferral, short-deferral
            trigger=TimeDeltaTrigger(PAUSE), method_name="check"
        )


class Export(Polling):
    def check(self, context, event=None):
        if self.hook.is_done():
            return
        self._wait()


class InALoop(BaseOperator):
    def execute(self, context):
        for part in self.parts:
            if not self.hook.is_done(part):
                self.defer(trigger=JobTrigger(part), method_name="done")  # finding: repeated-deferral

    def done(self, context, event=None):
        return event


class Settle(BaseOperator):
    pause = timedelta(seconds=3)

    def execute(self, context):
        trigger = temporal.TimeDeltaTrigger(delta=self.pause)
        self.defer(trigger=trigger, method_name="done", timeout=timedelta(hours=1))  # finding: short-deferral

    def done(self, context, event=None):
        target = timezone.utcnow() + timedelta(seconds=8)
        raise TaskDeferred(trigger=DateTimeTrigger(moment=target), method_name="end")  # finding: short-deferral

    def end(self, context, event=None):
        return event
