# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Operators that come back to their deferral by way of a base in another file."""

from datetime import timedelta

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

import house_polling
from house_polling import Checking, Deferring


class LoadJob(Checking):
    """The resume method is the base's, the deferral is here."""

    def start(self, context):
        self.log.info("started")

    def wait(self):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="check")  # finding: repeated-deferral


class ExportJob(Deferring):
    """The deferral is the base's, the resume method is here."""

    def execute(self, context):
        self.wait()

    def check(self, context, event=None):
        if self.log.isEnabledFor(10):
            return event
        self.wait()  # finding: repeated-deferral


class ArchiveJob(house_polling.Deferring):
    """By way of a helper of its own."""

    def execute(self, context):
        self._again()

    def execute_complete(self, context, event):
        if event["left"]:
            self._again()

    def _again(self):
        self.wait_once()  # finding: repeated-deferral


class Retried(house_polling.Checking):
    def wait(self):
        self.log.info("waits")
        self.wait_for(30)

    def wait_for(self, seconds):
        self.defer(  # finding: repeated-deferral
            trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="check"
        )


class Polling(Checking):
    """Comes back by itself, and is spoken of where it stands."""

    def wait(self):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=house_polling.PAUSE)), method_name="check")  # finding: repeated-deferral
