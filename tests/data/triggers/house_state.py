# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Bases of the house's operators: they start jobs, wait for them, or run the whole of it."""

from functools import cached_property

from airflow.models import BaseOperator
from mycorp import JobHook, JobTrigger


class Starting(BaseOperator):
    region = "eu"

    def __init__(self, conn_id="jobs", **kwargs):
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.started_at = None

    def start(self):
        self.job_id = self.hook.start(self.region)
        self.started_at = self.hook.now()

    def execute(self, context):
        self.run_id = context["run_id"]

    @cached_property
    def hook(self):
        return JobHook(self.conn_id)

    @property
    def url(self):
        self.asked = True
        return f"/jobs/{self.region}"


class Waiting(BaseOperator):
    def wait(self, **kwargs):
        self.defer(trigger=JobTrigger(), method_name="done", kwargs=kwargs)

    def wait_elsewhere(self):
        self.defer(trigger=JobTrigger(), method_name="other")


class Template(BaseOperator):
    """What is special about a job is another class's."""

    def execute(self, context):
        self.submit(context)
        self.defer(trigger=JobTrigger(), method_name="execute_complete")

    def submit(self, context):
        raise NotImplementedError

    def execute_complete(self, context, event=None):
        return self.finish(context, event)

    def finish(self, context, event):
        return event
