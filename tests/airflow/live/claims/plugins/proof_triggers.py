"""Triggers as people write them, most of them with one thing that goes wrong."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

from airflow.sdk import BaseHook, Variable
from airflow.triggers.base import BaseTrigger, TriggerEvent

SHORT = 10.0  # seconds; the shorter a deferral, the likelier Airflow 3 fails the task (apache/airflow#71172)
BLOCKED = 5.0
PASSED: set[str] = set()  # what the triggers of this triggerer have come to


class Later(BaseTrigger):
    """As it should be."""

    def __init__(self, seconds: float = SHORT) -> None:
        super().__init__()
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.Later", {"seconds": self.seconds}

    async def run(self):
        await asyncio.sleep(self.seconds)
        yield TriggerEvent({"sent by": "Later"})


class Plain(BaseTrigger):
    """What the next ones share."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {}


class Returns(Plain):
    async def run(self):
        await asyncio.sleep(SHORT)
        return TriggerEvent("done")


class NeverYields(Plain):
    async def run(self):
        await asyncio.sleep(SHORT)


class NotAsync(Plain):
    def run(self):
        yield TriggerEvent("done")


class YieldsDict(Plain):
    async def run(self):
        await asyncio.sleep(SHORT)
        yield {"status": "done"}


class YieldsText(Plain):
    async def run(self):
        await asyncio.sleep(SHORT)
        yield "done"


class YieldsNone(Plain):
    async def run(self):
        await asyncio.sleep(SHORT)
        yield None


class EndsEarly(Plain):
    async def run(self):
        await asyncio.sleep(SHORT)
        if os.environ.get("NO_SUCH_VARIABLE"):
            yield TriggerEvent("done")


class OnlyLogs(Plain):
    async def run(self):
        try:
            await asyncio.sleep(SHORT)
            raise ConnectionError("the service is gone")
            yield TriggerEvent("done")
        except Exception:
            self.log.exception("cannot look")


class NoRun(BaseTrigger):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.NoRun", {}


class NoSerialize(BaseTrigger):
    async def run(self):
        yield TriggerEvent("done")


class UnknownKey(Later):
    def __init__(self, job_id: str = "7") -> None:
        super().__init__()
        self.job_id = job_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.UnknownKey", {"job": self.job_id}


class MissingKey(BaseTrigger):
    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.MissingKey", {}

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent(self.job_id)


class WrongModule(BaseTrigger):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "mycorp.triggers.WrongModule", {}

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent("done")


class WrongName(BaseTrigger):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.AnotherName", {}

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent("done")


class NameOfAnother(BaseTrigger):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.Later", {}

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent({"sent by": "NameOfAnother"})


class NoPair(BaseTrigger):
    def serialize(self):
        return "proof_triggers.NoPair"

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent("done")


class PathOfBase(Later):
    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent({"sent by": "PathOfBase"})


class LeavesOut(BaseTrigger):
    def __init__(self, interval: float = 60.0) -> None:
        super().__init__()
        self.interval = interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.LeavesOut", {}

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent({"interval": self.interval})


class WithLambda(BaseTrigger):
    def __init__(self, is_done: Callable[[str], bool] | None = None) -> None:
        super().__init__()
        self.is_done = is_done

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.WithLambda", {"is_done": lambda state: state == "done"}

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent(str(self.is_done))


class WithFile(BaseTrigger):
    def __init__(self, log_file: Any = None) -> None:
        super().__init__()
        self.log_file = log_file

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.WithFile", {"log_file": open("/dev/null")}

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent("done")


class JobHook(BaseHook):
    """A hook, as an argument."""


class WithHook(BaseTrigger):
    def __init__(self, hook: Any = None) -> None:
        super().__init__()
        self.hook = JobHook()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.WithHook", {"hook": self.hook}

    async def run(self):
        await asyncio.sleep(SHORT)
        yield TriggerEvent("done")


class Blocks(BaseTrigger):
    """Stands still, before its event or between two."""

    def __init__(self, between: bool) -> None:
        super().__init__()
        self.between = between

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.Blocks", {"between": self.between}

    async def run(self):
        name = "between" if self.between else "before"
        await others(f"{name} ticks")
        if self.between:
            yield TriggerEvent("first")
        time.sleep(BLOCKED)
        PASSED.add(name)
        yield TriggerEvent("last")


class AsksAirflow(BaseTrigger):
    """Reads a variable with the ordinary method."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.AsksAirflow", {}

    async def run(self):
        await others("asking ticks")
        began = time.monotonic()
        value = Variable.get("slow")
        PASSED.add("asking")
        yield TriggerEvent({"value": value, "seconds": time.monotonic() - began})


class Ticks(BaseTrigger):
    """Looks how long the event loop does not come round, until another trigger is through."""

    def __init__(self, until: str) -> None:
        super().__init__()
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "proof_triggers.Ticks", {"until": self.until}

    async def run(self):
        PASSED.discard(self.until)
        PASSED.add(f"{self.until} ticks")
        longest, last, end = 0.0, time.monotonic(), time.monotonic() + 90
        while self.until not in PASSED and last < end:
            await asyncio.sleep(0.02)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        yield TriggerEvent({"longest": longest, "came": self.until in PASSED})


async def others(name: str) -> None:
    """Waits until another trigger has come so far."""
    end = time.monotonic() + 60
    while name not in PASSED and time.monotonic() < end:
        await asyncio.sleep(0.05)
