# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers and operators that build on those of another file, as they should."""

import asyncio
from typing import Any

from airflow.triggers.base import TriggerEvent

from house_base import HouseOperator, NamedTrigger, PollingTrigger


class JobTrigger(PollingTrigger):
    def __init__(self, job_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id

    def question(self) -> dict:
        return {"job_id": self.job_id}

    async def ask(self):
        await asyncio.sleep(0)
        return self.job_id


class JobOfTodayTrigger(JobTrigger):
    """Nothing but another way to make one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"job_id": "today", **kwargs})


class DayTrigger(NamedTrigger):
    """The triggerer runs a NamedTrigger, which is all that is wanted."""

    def __init__(self, day: int) -> None:
        super().__init__(name=f"day-{day}")


class WeekTrigger(NamedTrigger):
    def __init__(self, week: int) -> None:
        super().__init__(name=f"week-{week}")
        self.week = week

    def serialize(self):
        path, arguments = super().serialize()
        arguments.pop("name")
        arguments["week"] = self.week
        return f"{__name__}.{type(self).__name__}", arguments

    async def run(self):
        await asyncio.sleep(3600)
        yield TriggerEvent({"week": self.week})


class RunJob(HouseOperator):
    def execute(self, context):
        self.audit.append("started")
        self.defer(trigger=JobTrigger(job_id="1", conn_id=self.conn_id), method_name="execute_complete")


class RunWeek(HouseOperator):
    def execute(self, context):
        self.defer(
            trigger=WeekTrigger(3), method_name=self.execute_complete.__name__, timeout=None, kwargs=None
        )

    def finish(self, event):
        self.log.info("conn %s", self.conn_id)
        return super().finish(event)
