# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers that say rightly how they are made, each in its own way."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Callable

from airflow.providers.amazon.aws.triggers.base import AwsBaseWaiterTrigger
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.triggers.base import BaseTrigger, TriggerEvent
from airflow.utils.module_loading import import_string, qualname

HERE = "clean_serialize"


class _Waits(BaseTrigger):
    async def run(self):
        await asyncio.sleep(5)
        yield TriggerEvent(True)


class ByConstant(_Waits):
    def serialize(self):
        return f"{HERE}.ByConstant", {}


class ByParts(_Waits):
    def serialize(self):
        return ".".join([self.__class__.__module__, type(self).__name__]), {}


class ByHelper(_Waits):
    def serialize(self):
        return qualname(type(self)), dict()


class FromPackage(_Waits):
    def serialize(self):
        return "data.triggers.clean_serialize.FromPackage", {}


class ByPath(_Waits):
    """A callable travels as its path."""

    def __init__(self, check: str | Callable[..., bool], moment: datetime, pause: timedelta = timedelta(seconds=5)):
        super().__init__()
        self.check = check if isinstance(check, str) else qualname(check)
        self.moment = moment
        self.pause = pause

    def serialize(self):
        return self.__module__ + "." + self.__class__.__qualname__, {
            "check": self.check,
            "moment": self.moment,
            "pause": self.pause,
        }

    async def run(self):
        check = import_string(self.check)
        while not check():
            await asyncio.sleep(self.pause.total_seconds())
        yield TriggerEvent(True)


class Options(_Waits):
    def __init__(self, name, options: dict | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.name = name
        self.options = options or {}

    def serialize(self):
        arguments: dict[str, Any] = {"name": self.name}
        if self.options:
            arguments["options"] = self.options
        for key in ("a", "b"):
            arguments[key] = key
        return "clean_serialize.Options", arguments


class Either(_Waits):
    def __init__(self, moment=None, seconds=None):
        super().__init__()
        if moment is None:
            self.seconds = seconds
        self.moment = moment

    def serialize(self):
        if self.moment is None:
            return "clean_serialize.Either", {"seconds": self.seconds, "moment": None}
        return "clean_serialize.Either", {"moment": self.moment}

    async def run(self):
        await asyncio.sleep(self.seconds or 1)
        yield TriggerEvent(True)


@dataclass
class Made(BaseTrigger):
    name: str = ""

    def serialize(self):
        return "clean_serialize.Made", asdict(self)

    async def run(self):
        yield TriggerEvent(self.name)


class Waiter(AwsBaseWaiterTrigger):
    def __init__(self, *, job_id: str, waiter_delay: int = 30, waiter_max_attempts: int = 60, aws_conn_id: str | None):
        super().__init__(
            serialized_fields={"job_id": job_id},
            waiter_name="done",
            waiter_args={"id": job_id},
            failure_message="failed",
            status_message="status",
            status_queries=["state"],
            return_value=job_id,
            waiter_delay=waiter_delay,
            waiter_max_attempts=waiter_max_attempts,
            aws_conn_id=aws_conn_id,
        )

    def hook(self):
        return None


class Tomorrow(DateTimeTrigger):
    def __init__(self) -> None:
        super().__init__(moment=datetime.now() + timedelta(days=1))


class NotATrigger:
    def serialize(self):
        return {"not": "one"}

    def run(self):
        return None


class ForTests(_Waits):
    """A test hands in a client; nobody else does."""

    def __init__(self, name, client=None, clock=None):
        super().__init__()
        self.name = name
        self._client = client
        self._clock = clock

    def serialize(self):
        return "clean_serialize.ForTests", {"name": self.name}

    async def run(self):
        clock = self._clock or asyncio.get_running_loop()
        if self._client is None:
            self._client = object()
        yield TriggerEvent([self.name, clock.time(), str(self._client)])
