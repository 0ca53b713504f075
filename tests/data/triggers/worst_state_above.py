# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""State that a helper of a base class sets, in this file or another, and state that a base's deferral loses."""

from airflow.models import BaseOperator
from mycorp import JobHook, JobTrigger

import house_state
from house_state import Starting, Template, Waiting


class Local(BaseOperator):
    def start(self):
        self.job_id = JobHook().start()


class OfThisFile(Local):
    def execute(self, context):
        self.start()
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event=None):
        return self.job_id  # finding: lost-state-after-defer


class OfAnother(Starting):
    def execute(self, context):
        self.start()
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event=None):
        self.log.info("%s of %s ended", self.job_id, self.conn_id)  # finding: lost-state-after-defer
        return self.hook.rows(self.started_at)  # finding: lost-state-after-defer


class BySuper(house_state.Starting):
    def execute(self, context):
        super().execute(context)
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event=None):
        return self.run_id  # finding: lost-state-after-defer


class BySuperOfAHelper(Starting):
    def start(self):
        super(BySuperOfAHelper, self).start()
        self.log.info("started")

    def execute(self, context):
        self.start()
        self.defer(trigger=JobTrigger(), method_name="done")

    def done(self, context, event=None):
        return self.hook.rows(self.job_id)  # finding: lost-state-after-defer


class TheBaseDefers(Waiting):
    def execute(self, context):
        self.job_id = JobHook().start()
        self.wait()

    def done(self, context, event=None):
        return self.job_id  # finding: lost-state-after-defer


class FillsTheTemplate(Template):
    def submit(self, context):
        self.job_id = JobHook().start()

    def finish(self, context, event):
        return JobHook().rows(self.job_id)  # finding: lost-state-after-defer


class FillsIt(Template):
    """A class of this file in between: told once."""

    def submit(self, context):
        self.hook = JobHook()
        self.hook.start()

    def finish(self, context, event):
        return self.hook.rows()  # finding: lost-state-after-defer


class FillsItToo(FillsIt):
    def submit(self, context):
        super().submit(context)
        self.log.info("submitted")
