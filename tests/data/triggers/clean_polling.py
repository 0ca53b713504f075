# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Operators with bases in another file that defer once, or for long, or whose base is spoken of itself."""

from datetime import timedelta

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from mycorp.operators import Unknown

from house_polling import Checking, Deferring, Finishing
from worst_polling import Polling


class Once(Finishing):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="execute_complete")


class OnceOfTheBase(Deferring):
    def execute(self, context):
        self.wait_once()

    def execute_complete(self, context, event=None):
        return self.finish(event)

    def finish(self, event):
        return event


class Long(Deferring):
    def execute(self, context):
        self.wait_long()

    def execute_complete(self, context, event=None):
        if not event["done"]:
            self.wait_long()


class Slow(Checking):
    def wait(self):
        self.defer(trigger=TimeDeltaTrigger(timedelta(minutes=10)), method_name="check")


class OtherCheck(Checking):
    """Its own resume method goes on."""

    def wait(self):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="check")

    def check(self, context, event=None):
        return event


class OfThePolling(Polling):
    """Where the base comes back by itself, it is the base's finding."""

    def start(self, context):
        self.log.info("started")

    def is_done(self, event):
        return event["status"] in ("done", "failed")


class BehindAnUnknown(Unknown, Checking):
    """Nobody knows whose `check` it is."""

    def wait(self):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="check")


class FirstRunOnly(Deferring):
    def execute(self, context, event=None):
        if event is None:
            self.wait_once()
        return event

    def execute_complete(self, context, event=None):
        return self.execute(context, event)
