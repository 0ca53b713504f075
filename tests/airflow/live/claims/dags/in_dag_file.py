"""Triggers in the DAGs folder: in the DAG file itself, by two paths, and in a module beside it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from airflow.sdk import DAG, BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent
from beside_the_dag import BesideTrigger


class HereTrigger(BaseTrigger):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.HereTrigger", {}

    async def run(self):
        await asyncio.sleep(10)
        yield TriggerEvent("done")


class NamedTrigger(BaseTrigger):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "in_dag_file.NamedTrigger", {}

    async def run(self):
        await asyncio.sleep(10)
        yield TriggerEvent("done")


class DeferHere(BaseOperator):
    def execute(self, context):
        self.defer(trigger=HereTrigger(), method_name="done")

    def done(self, context, event=None):
        return event


class DeferNamed(DeferHere):
    def execute(self, context):
        self.defer(trigger=NamedTrigger(), method_name="done")


class DeferBeside(DeferHere):
    def execute(self, context):
        self.defer(trigger=BesideTrigger(), method_name="done")


with DAG("in_dag_file", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
    DeferHere(task_id="by_name_of_module")
    DeferNamed(task_id="by_path")
    DeferBeside(task_id="beside")
