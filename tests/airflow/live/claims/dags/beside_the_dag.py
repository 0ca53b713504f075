"""A module of the DAGs folder."""

from __future__ import annotations

import asyncio
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent


class BesideTrigger(BaseTrigger):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "beside_the_dag.BesideTrigger", {}

    async def run(self):
        await asyncio.sleep(10)
        yield TriggerEvent("done")
