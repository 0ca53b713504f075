# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers whose authors meant well."""

import asyncio
import json

from airflow.triggers.base import BaseTrigger, TriggerEvent
from airflow.triggers import base as triggers


class _Named(BaseTrigger):
    def serialize(self):
        return f"{self.__class__.__module__}.{self.__class__.__qualname__}", {}


class LikeACoroutine(_Named):
    async def run(self) -> TriggerEvent:
        await asyncio.sleep(5)
        event = {"status": "done"}
        return TriggerEvent(event)  # finding: trigger-without-event


class ThroughTheModule(triggers.BaseTrigger):
    def serialize(self):
        return f"{__name__}.ThroughTheModule", {}

    async def run(self):
        if await asyncio.sleep(1, result=True):
            return triggers.TriggerEvent("done")  # finding: trigger-without-event
        return triggers.TriggerEvent("failed")


class Forgotten(_Named):
    async def run(self):  # finding: trigger-without-event
        while True:
            await asyncio.sleep(5)
            if self.done():
                TriggerEvent({"status": "done"})
                break

    def done(self):
        return True


class Handed(_Named):
    async def run(self):  # finding: trigger-without-event
        return self.stream()

    async def stream(self):
        yield TriggerEvent(1)


class Plain(_Named):
    def run(self):  # finding: trigger-without-event
        yield TriggerEvent({"status": "done"})


class Payload(_Named):
    async def run(self):
        result = {"status": "done"}
        yield result  # finding: trigger-without-event


class Text(_Named):
    async def run(self):
        yield "done"  # finding: trigger-without-event


class Nothing(_Named):
    async def run(self):
        await asyncio.sleep(5)
        yield  # finding: trigger-without-event


class Swallows(_Named):
    async def run(self):
        try:
            yield TriggerEvent(json.loads(await self.fetch()))
        except ValueError as error:  # finding: trigger-without-event
            self.log.error("not for me: %s", error)
        except OSError as error:
            yield TriggerEvent({"status": "error", "message": str(error)})

    async def fetch(self):
        return "{}"


class TenTimes(_Named):
    async def run(self):
        attempt = 0
        for attempt in range(10):  # finding: trigger-without-event
            if await asyncio.sleep(1, result=attempt > 5):
                yield TriggerEvent(attempt)
                return


class Once(_Named):
    async def run(self):
        if await asyncio.sleep(1, result=True):  # finding: trigger-without-event
            yield TriggerEvent("there")


class GoesAway(_Named):
    async def run(self):
        try:
            while True:
                found = await asyncio.sleep(1, result=None)
                if found is None:
                    self.log.warning("it is gone")
                    return  # finding: trigger-without-event
                yield TriggerEvent(found)
        finally:
            self.log.info("bye")


class NoRun(BaseTrigger):  # finding: trigger-without-event
    def serialize(self):
        return f"{__name__}.NoRun", {}

    async def execute(self):
        yield TriggerEvent(1)
