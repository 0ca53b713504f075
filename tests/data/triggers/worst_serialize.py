# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers that their triggerer can't make again."""

import asyncio
import re
from datetime import timedelta
from typing import Any, Callable

import aiohttp
from airflow.hooks.base import BaseHook
from airflow.providers.http.triggers.http import HttpTrigger
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.triggers.base import BaseTrigger, TriggerEvent
from airflow.triggers.temporal import DateTimeTrigger
from airflow.utils import timezone


def default_check(value):
    return bool(value)


class _Waits(BaseTrigger):
    async def run(self):
        await asyncio.sleep(5)
        yield TriggerEvent(True)


class Copied(_Waits):
    def serialize(self) -> tuple[str, dict[str, Any]]:
        return ("airflow.providers.http.triggers.http.HttpTrigger", {})  # finding: trigger-serialization


class Moved(_Waits):
    def serialize(self):
        return "mycorp.old_place.Moved", {}  # finding: trigger-serialization


class Misspelt(_Waits):
    def serialize(self):
        return f"{self.__module__}.Mispelt", {}  # finding: trigger-serialization


class Joined(_Waits):
    def serialize(self):
        return __name__ + ".Joint", {}  # finding: trigger-serialization


class Bare(_Waits):
    def serialize(self):
        return ("Bare", {})  # finding: trigger-serialization


class TooLong(_Waits):
    def serialize(self):
        return "worst_serialize.TooLong", {}, None  # finding: trigger-serialization


class Later(_Waits):
    async def serialize(self):  # finding: trigger-serialization
        return "worst_serialize.Later", {}


class Keys(_Waits):
    def __init__(self, job_id, region="eu", *, poll_interval=30.0, note=None):
        super().__init__()
        self.job_id = job_id
        self.region = region
        self.poll_interval = poll_interval
        self.note = note

    def serialize(self):
        kwargs = {"job": self.job_id, "region": self.region}
        kwargs["interval"] = self.poll_interval
        return "worst_serialize.Keys", kwargs  # finding: trigger-serialization, trigger-serialization

    async def run(self):
        await asyncio.sleep(self.poll_interval)
        yield TriggerEvent(self.job_id)


class Positional(_Waits):
    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def serialize(self):
        return "worst_serialize.Positional", {"first": self.first} | {"third": self.second}  # finding: trigger-serialization


class NoArguments(_Waits):
    def __init__(self):
        super().__init__()

    def serialize(self):
        return "worst_serialize.NoArguments", {"pause": 5}  # finding: trigger-serialization


class Objects(_Waits):
    def __init__(self, check: Callable[[Any], bool], hook=None, session=None, pattern=None, path=None):
        super().__init__()
        self.check = check
        self.hook = SSHHook(ssh_conn_id="ssh")
        self.session = aiohttp.ClientSession()
        self.pattern = pattern

    def serialize(self):
        return "worst_serialize.Objects", {
            "check": self.check,  # finding: trigger-serialization
            "hook": self.hook,  # finding: trigger-serialization
            "session": self.session,  # finding: trigger-serialization
            "pattern": lambda text: re.match("a", text),  # finding: trigger-serialization
            "path": default_check,  # finding: trigger-serialization
        }


class Nameless(_Waits):  # finding: trigger-serialization
    pass


class NextPage(HttpTrigger):  # finding: trigger-serialization
    async def run(self):
        async for event in super().run():
            yield TriggerEvent({"page": event.payload})


class OldImport(DateTimeTrigger):  # finding: trigger-serialization
    def __init__(self, hours):
        super().__init__(moment=timezone.utcnow() + timedelta(hours=hours))

    async def run(self):
        await asyncio.sleep(5)
        yield TriggerEvent(self.moment)
