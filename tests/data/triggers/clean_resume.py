# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Deferrals that are entered again, in all the spellings that Airflow allows."""

from functools import wraps

from airflow.exceptions import TaskDeferred
from airflow.models import BaseOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import BaseSensorOperator, StartTriggerArgs

from mycorp.operators import JobOperator
from mycorp.triggers import JobTrigger

RESUME = "done"


def logged(function):
    @wraps(function)
    def inner(self, *args, **kwargs):
        return function(self, **kwargs)

    return inner


class Spellings(BaseOperator):
    def execute(self, context):
        if self.retries:
            self.defer(trigger=JobTrigger(), method_name=RESUME)
        elif self.pool:
            self.defer(trigger=JobTrigger(), method_name=self.done.__name__)
        raise TaskDeferred(trigger=JobTrigger(), method_name="keyword", kwargs=dict(job_id=1))

    def done(self, ctx, event):
        return event

    def keyword(self, context, /, *, job_id, event):
        return job_id, event


class Loose(BaseSensorOperator):
    def execute(self, context):
        kwargs = {"job_id": 1}
        kwargs["region"] = "eu"
        self.defer(trigger=JobTrigger(), method_name="done", kwargs=kwargs)

    def done(self, context, job_id=None, region=None, event=None, **kwargs):
        return event


class Unknown(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done", kwargs=self.arguments())

    def arguments(self):
        return {"job_id": 1}

    def done(self, context, job_id, event=None):
        return job_id


class Wrapped(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done")

    @logged
    def done(self, event):
        return event


class Assigned(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done")

    def finish(self, context, event=None):
        return event

    done = finish


class OfOthers(JobOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="execute_complete")


class OfAProvider(HttpOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="execute_complete")


class FromTheTrigger(BaseSensorOperator):
    start_trigger_args = StartTriggerArgs(
        trigger_cls="mycorp.triggers.JobTrigger", trigger_kwargs={}, next_method="done", next_kwargs=None, timeout=None
    )
    start_from_trigger = True

    def done(self, context, event=None):
        return event


class Ends(BaseSensorOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(end_from_trigger=True), method_name="nothing")


class Mixin:
    def wait(self):
        self.defer(trigger=JobTrigger(), method_name="whatever_the_operator_has")


class WithMixin(Mixin, BaseOperator):
    def execute(self, context):
        self.wait()

    def whatever_the_operator_has(self, context, event=None):
        return event
