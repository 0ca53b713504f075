# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Deferrals from which there is no way back."""

from airflow.exceptions import TaskDeferred
from airflow.models import BaseOperator
from airflow.sdk import BaseSensorOperator

from mycorp.triggers import JobTrigger


class NotThere(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="execute_complete")  # finding: broken-resume-method


class FirstTutorial(BaseSensorOperator):
    def execute(self, context):
        self.defer(JobTrigger(), method_name="execute")  # finding: repeated-deferral, broken-resume-method


class OnlyEvent(BaseOperator):
    def execute(self, context):
        raise TaskDeferred(trigger=JobTrigger(), method_name="done")  # finding: broken-resume-method

    def done(self, event=None):
        return event


class OtherName(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done")  # finding: broken-resume-method

    def done(self, context, result=None):
        return result


class NoSelf(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done")  # finding: broken-resume-method

    def done():
        return None


class Swapped(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done")  # finding: broken-resume-method

    def done(self, event, context):
        return event


class Forgets(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done", kwargs={"job": 1})  # finding: broken-resume-method

    def done(self, context, event, job_id):
        return job_id


class Extra(BaseOperator):
    def execute(self, context):
        arguments = {"job_id": 1, "attempt": 2}
        self.defer(trigger=JobTrigger(), method_name="done", kwargs=arguments)  # finding: broken-resume-method

    def done(self, context, event, job_id):
        return job_id


class ContextTwice(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done", kwargs={"context": context})  # finding: broken-resume-method

    def done(self, context, event=None):
        return event


class PositionOnly(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="done")  # finding: broken-resume-method

    def done(self, context, event, /):
        return event


class SecondTime(BaseOperator):
    def execute(self, context):
        self.defer(trigger=JobTrigger(), method_name="first")

    def first(self, context, event=None):
        self.defer(trigger=JobTrigger(), method_name="secnd")  # finding: broken-resume-method

    def second(self, context, event=None):
        return event
