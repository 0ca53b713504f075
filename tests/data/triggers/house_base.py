# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""What the house's triggers and operators share; other files of this folder derive from it."""

import asyncio
from abc import ABC, abstractmethod

from airflow.models import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent


class PollingTrigger(BaseTrigger, ABC):
    """Asks until there is an answer; each question is another class."""

    def __init__(self, conn_id: str, poll_interval: float = 30.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.poll_interval = poll_interval

    def serialize(self):
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {"conn_id": self.conn_id, "poll_interval": self.poll_interval, **self.question()},
        )

    @abstractmethod
    def question(self) -> dict: ...

    @abstractmethod
    async def ask(self): ...

    async def run(self):
        while True:
            answer = await self.ask()
            if answer is not None:
                yield TriggerEvent({"status": "success", "answer": answer})
                return
            await asyncio.sleep(self.poll_interval)


class NamedTrigger(BaseTrigger):
    """Names itself, and so every class that derives from it and forgets to."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def serialize(self):
        return ("house_base.NamedTrigger", {"name": self.name})

    async def run(self):
        yield TriggerEvent({"name": self.name})


class HouseOperator(BaseOperator):
    """Knows how to finish."""

    def __init__(self, conn_id: str = "house", **kwargs) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.audit = []

    def execute_complete(self, context, event=None):
        return self.finish(event)

    def finish(self, event):
        return event["answer"]
