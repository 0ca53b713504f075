# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers and operators that build on those of another file, and break what they get."""

import asyncio

from airflow.triggers.base import TriggerEvent

import house_base
from house_base import HouseOperator, NamedTrigger, PollingTrigger


class MonthTrigger(NamedTrigger):  # finding: trigger-serialization
    async def run(self):
        await asyncio.sleep(3600)
        yield TriggerEvent({"month": self.name})


class YearTrigger(house_base.NamedTrigger):
    def serialize(self):
        return "house_base.YearTrigger", {"name": self.name}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent({"year": self.name})


class DecadeTrigger(NamedTrigger):
    def serialize(self):
        return f"{__name__}.DecadeTrigger", {"decade": self.name}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent({"decade": self.name})


class NoQuestionTrigger(PollingTrigger):
    def question(self) -> dict:
        return {}

    async def run(self):
        while await self.ask() is None:
            await asyncio.sleep(self.poll_interval)
        return TriggerEvent("answered")  # finding: trigger-without-event


class RunMonth(HouseOperator):
    def execute(self, context):
        self.month = context["ds"][:7]
        self.defer(trigger=MonthTrigger(self.month), method_name="execute_complete")

    def finish(self, event):
        return self.month  # finding: lost-state-after-defer


class RunYear(HouseOperator):
    def execute(self, context):
        self.defer(  # finding: broken-resume-method
            trigger=YearTrigger("2026"), method_name="execute_complete", kwargs={"year": 2026}
        )


class RunDecade(HouseOperator):
    def execute(self, context):
        self.defer(trigger=DecadeTrigger("20s"), method_name="finish")  # finding: broken-resume-method
