# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Everything in one DAG file, as a first try looks."""

import asyncio
from datetime import datetime

from airflow.decorators import dag
from airflow.models import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent


class NightTrigger(BaseTrigger):  # finding: trigger-in-dag-file
    def __init__(self, hour: int):
        super().__init__()
        self.hour = hour

    def serialize(self):
        return "worst_dag_file.NightTrigger", {"hour": self.hour}

    async def run(self):
        while datetime.now().hour < self.hour:
            await asyncio.sleep(60)
        yield TriggerEvent(self.hour)


class WaitForNight(BaseOperator):
    def execute(self, context):
        self.defer(trigger=NightTrigger(22), method_name="done")

    def done(self, context, event=None):
        return event


@dag(schedule=None, start_date=datetime(2026, 1, 1))
def night():
    WaitForNight(task_id="wait")


night()
