# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""What the house's operators defer with; other files of this folder derive from it."""

from datetime import timedelta

from airflow.models import BaseOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

PAUSE = 30


class Deferring(BaseOperator):
    """Has the deferral; what is done afterwards is another class's."""

    pause = timedelta(seconds=PAUSE)

    def wait(self, method_name="check"):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=PAUSE)), method_name="check")

    def wait_once(self):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=PAUSE)), method_name="execute_complete")

    def wait_long(self):
        self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="execute_complete")


class Checking(BaseOperator):
    """Has the resume method; what it waits with is another class's."""

    def execute(self, context):
        self.start(context)
        self.wait()

    def start(self, context):
        raise NotImplementedError

    def wait(self):
        raise NotImplementedError

    def check(self, context, event=None):
        if not self.is_done(event):
            self.wait()

    def is_done(self, event):
        return event["status"] == "done"


class Finishing(BaseOperator):
    def execute_complete(self, context, event=None):
        return event
