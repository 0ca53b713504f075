# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Operators that defer as they should: once, in steps, for long, or only on their first run."""

from datetime import timedelta

from airflow.exceptions import TaskDeferred
from airflow.models import BaseOperator
from airflow.providers.standard.triggers.temporal import DateTimeTrigger, TimeDeltaTrigger
from airflow.sdk import BaseSensorOperator

from mycorp.triggers import JobTrigger, ReportTrigger


class Once(BaseSensorOperator):
    def execute(self, context):
        if not self.poke(context):
            self.defer(
                trigger=JobTrigger(self.job, poll_interval=5),
                method_name="execute_complete",
                timeout=timedelta(seconds=5),
            )

    def execute_complete(self, context, event=None):
        return event


class FirstRunOnly(BaseOperator):
    def execute(self, context, event=None):
        if event is None:
            self.job = self.hook.start()
            self.defer(trigger=JobTrigger(self.job), method_name="execute")
        return event


class FirstRunOnlyTheOtherWay(BaseOperator):
    def execute(self, context, event=None):
        if event is not None:
            if event["status"] == "error":
                raise RuntimeError(event["message"])
            return event
        raise TaskDeferred(trigger=JobTrigger(self.job), method_name="execute")


class FirstRunOnlyInAHelper(BaseOperator):
    def execute(self, context, event=None):
        if not event:
            self._start()
        else:
            return self._finish(event)

    def _start(self):
        self.defer(trigger=JobTrigger(self.job), method_name="execute")

    def _finish(self, event):
        return event


class InSteps(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(self.job), method_name="report")

    def report(self, context, event=None):
        self.defer(trigger=ReportTrigger(self.job), method_name="finish")

    def finish(self, context, event=None):
        return event


class Rarely(BaseOperator):
    every = timedelta(minutes=15)

    def execute(self, context):
        self._wait()

    def _wait(self):
        self.defer(trigger=TimeDeltaTrigger(self.every), method_name="look")

    def look(self, context, event=None):
        if not self.hook.done():
            self._wait()


class UntilADate(BaseOperator):
    def execute(self, context):
        self.defer(trigger=DateTimeTrigger(context["data_interval_end"]), method_name="done")

    def done(self, context, event=None):
        return event


class NoOperator:
    def execute(self, context):
        for job in self.jobs:
            self.queue.defer(job)
            self.defer(job)
