# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers that send their event in ways that are not the usual one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from airflow.providers.common.compat.triggers import BaseEventTrigger
from airflow.providers.http.triggers.http import HttpTrigger
from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

try:
    from airflow.triggers.base import BaseEventTrigger as Watcher
except ImportError:
    from airflow.triggers.base import BaseTrigger as Watcher


class _Named(BaseTrigger):
    def serialize(self):
        return f"{self.__class__.__module__}.{self.__class__.__qualname__}", {}


class EndsTheTask(_Named):
    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            await asyncio.sleep(10)
        except RuntimeError:
            yield TaskFailedEvent()
        else:
            yield TaskSuccessEvent()


class Flag(_Named):
    async def run(self):
        done = False
        while not done:
            done = await self.look()
            if not done:
                await asyncio.sleep(5)
                continue
            yield TriggerEvent({"done": done})

    async def look(self) -> bool:
        return True


class Raises(_Named):
    """A failed trigger fails the task, with its own words in the log."""

    async def run(self):
        for _ in range(10):
            if await asyncio.sleep(1, result=True):
                yield TriggerEvent(True)
                return
        raise TimeoutError("ten times nothing")


class Dispatches(_Named):
    action = "start"

    async def run(self):
        if self.action == "start":
            yield TriggerEvent("started")
        elif self.action == "stop":
            yield TriggerEvent("stopped")


class Prepared(_Named):
    async def run(self):
        event = TriggerEvent({"status": "timeout"})
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if await asyncio.sleep(1, result=True):
                    event = TriggerEvent({"status": "done"})
                    break
        yield event


class Together(_Named):
    async def run(self):
        async with asyncio.timeout(60):
            async for event in self.stream():
                yield event
                return

    async def stream(self):
        yield TriggerEvent(1)


class Page(HttpTrigger):
    async def run(self):
        async for event in super().run():
            yield event

    def serialize(self):
        _, arguments = super().serialize()
        return f"{__name__}.{type(self).__name__}", arguments


class NewFiles(BaseEventTrigger):
    def serialize(self):
        return (f"{__name__}.NewFiles", {})

    async def run(self):
        for _ in range(3):
            await asyncio.sleep(1)
            if time.time() % 2:
                yield TriggerEvent({"file": "a"})


class OldFiles(Watcher):
    def serialize(self):
        return (f"{__name__}.OldFiles", {})

    async def run(self):
        while True:
            await asyncio.sleep(60)
            yield TriggerEvent({"file": "b"})


def make_trigger():
    class Inner(BaseTrigger):
        """Made for a test; nobody defers with it."""

        def serialize(self):
            return "inner", {}

        async def run(self):
            yield TriggerEvent(1)

    return Inner()


class Matches(_Named):
    async def run(self):
        state = await asyncio.sleep(1, result="done")
        match state:
            case "done":
                yield TriggerEvent("done")
            case _:
                yield TriggerEvent("failed")


class TwoTests(_Named):
    async def run(self):
        state = await asyncio.sleep(1, result="done")
        if state == "done":
            yield TriggerEvent("done")
            return
        if state != "done":
            yield TriggerEvent("failed")
