# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers whose constructor is made from their fields, and which return something else."""

import asyncio
import dataclasses
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import Any, ClassVar

import attr
import attrs
from airflow.triggers.base import BaseTrigger, TriggerEvent
from attrs import define

from house_fields import Connected, ConnectedAttrs


@dataclass
class WrongKey(BaseTrigger):
    job_id: str
    poll_interval: float = 30.0

    def serialize(self):
        return "worst_fields.WrongKey", {"job": self.job_id, "poll_interval": self.poll_interval}  # finding: trigger-serialization

    async def run(self):
        await asyncio.sleep(self.poll_interval)
        yield TriggerEvent(self.job_id)


@dataclass
class LeavesOut(BaseTrigger):
    job_id: str
    region: str

    def serialize(self):
        return "worst_fields.LeavesOut", {"job_id": self.job_id}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent([self.job_id, self.region])


@dataclasses.dataclass(kw_only=True)
class Drops(BaseTrigger):
    """The triggerer looks every 30 s, whatever is given."""

    job_id: str
    poll_interval: float = 30.0

    def serialize(self):
        return "worst_fields.Drops", {"job_id": self.job_id}  # finding: trigger-serialization

    async def run(self):
        await asyncio.sleep(self.poll_interval)
        yield TriggerEvent(self.job_id)


@dataclass
class NoParameters(BaseTrigger):
    """What no constructor takes: a class's constant, a field that is made, a marker."""

    name: str
    _: KW_ONLY
    kind: ClassVar[str] = "job"
    seen: list = field(default_factory=list, init=False)
    pause: float = field(default=5.0)

    def serialize(self):
        return (
            "worst_fields.NoParameters",
            {"name": self.name, "kind": self.kind, "seen": self.seen, "pause": self.pause},  # finding: trigger-serialization
        )

    async def run(self):
        yield TriggerEvent(self.name)


@dataclass
class HandedOnly(BaseTrigger):
    token: InitVar[str]
    url: str = ""

    def __post_init__(self, token: str) -> None:
        self.headers = {"Authorization": token}

    def serialize(self):
        return "worst_fields.HandedOnly", {"url": self.url}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent([self.url, self.headers])


@dataclass
class OfABase(Connected):
    job_id: str = ""

    def serialize(self):
        return "worst_fields.OfABase", {"connection": self.conn_id, "job_id": self.job_id}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent(self.job_id)


class NotDecorated(Connected):
    """Its fields are the base's: what it annotates is none."""

    job_id: str = ""

    def serialize(self):
        return "worst_fields.NotDecorated", {"conn_id": self.conn_id, "job_id": self.job_id}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent(self.job_id)


@define
class Defined(BaseTrigger):
    job_id: str
    _token: str = attrs.field(default="", repr=False)

    def serialize(self):
        return "worst_fields.Defined", {"job_id": self.job_id, "_token": self._token}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent(self.job_id)


@attr.s
class OldStyle(BaseTrigger):
    job_id = attr.ib()
    note: str = "annotated, which is no field here"
    poll = attr.ib(default=5)

    def serialize(self):
        return "worst_fields.OldStyle", {"job_id": self.job_id, "poll": self.poll, "note": self.note}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent(self.job_id)


@attr.s(auto_attribs=True)
class OfAnAttrsBase(ConnectedAttrs):
    job_id: str

    def serialize(self):
        return "worst_fields.OfAnAttrsBase", {"job_id": self.job_id}  # finding: trigger-serialization

    async def run(self):
        yield TriggerEvent(self.job_id)
