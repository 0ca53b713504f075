# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers whose constructor is made from their fields, and what can't be seen of it."""

import asyncio
import dataclasses
import typing as t
from dataclasses import KW_ONLY, InitVar, asdict, dataclass, field
from typing import Any, ClassVar, final

import attr
from airflow.triggers.base import BaseTrigger, TriggerEvent
from attrs import Factory, define, frozen
from mycorp.decorators import trigger_class
from mycorp.fields import FIELDS, secret
from pydantic.dataclasses import dataclass as pydantic_dataclass

from house_fields import Connected, ConnectedAttrs


class _Runs(BaseTrigger):
    async def run(self):
        await asyncio.sleep(5)
        yield TriggerEvent(True)


@dataclass
class Plain(_Runs):
    job_id: str
    poll_interval: float = 30.0

    def serialize(self):
        return "clean_fields.Plain", {"job_id": self.job_id, "poll_interval": self.poll_interval}


@dataclass
class Everything(_Runs):
    job_id: str

    def serialize(self):
        return "clean_fields.Everything", asdict(self)


@final
@dataclasses.dataclass(frozen=True, slots=True)
class Markers(_Runs):
    token: InitVar[str]
    kind: ClassVar[str] = "job"
    other: "t.ClassVar[int]" = 5
    _: KW_ONLY
    url: str
    pause: float = field(default=5.0)
    seen: list = field(default_factory=list, init=False)

    def serialize(self):
        return "clean_fields.Markers", {"token": "", "url": self.url, "pause": self.pause}


@dataclass
class MadeWhenMissing(_Runs):
    """What it makes itself need not travel."""

    name: str
    client: Any = None
    started: float = 0.0

    def __post_init__(self):
        self.client = self.client or object()

    def serialize(self):
        return "clean_fields.MadeWhenMissing", {"name": self.name}

    async def run(self):
        yield TriggerEvent(repr(self.client))


@dataclass
class OfABase(Connected):
    job_id: str = ""

    def serialize(self):
        return "clean_fields.OfABase", {"conn_id": self.conn_id, "retries": self.retries, "job_id": self.job_id}

    async def run(self):
        yield TriggerEvent(self.job_id)


@dataclass
class OwnInit(_Runs):
    job_id: str

    def __init__(self, job):
        self.job_id = job

    def serialize(self):
        return "clean_fields.OwnInit", {"job": self.job_id}


@dataclass(init=False)
class NoInit(_Runs):
    """Airflow's own constructor takes any keyword."""

    job_id: str

    def serialize(self):
        return "clean_fields.NoInit", {"job": self.job_id}


@trigger_class
class Decorated(_Runs):
    job_id: str

    def serialize(self):
        return "clean_fields.Decorated", {"job": self.job_id}


@pydantic_dataclass
class OfPydantic(_Runs):
    job_id: str

    def serialize(self):
        return "clean_fields.OfPydantic", {"jobId": self.job_id}


@dataclass
class FieldsOfOthers(_Runs):
    job_id: str = field(**FIELDS)
    token: str = secret()

    def serialize(self):
        return "clean_fields.FieldsOfOthers", {"token": self.token}


@dataclass
class OnlyIf(_Runs):
    name: str
    if t.TYPE_CHECKING:
        job_id: str

    def serialize(self):
        return "clean_fields.OnlyIf", {"name": self.name, "job_id": "a"}


@define
class Defined(_Runs):
    job_id: str
    _token: str = attr.field(default="", repr=False)
    renamed: str = attr.field(alias="given", default="")
    parts: list = Factory(list)
    made: int = attr.field(init=False, default=3)

    def serialize(self):
        return "clean_fields.Defined", {
            "job_id": self.job_id, "token": self._token, "given": self.renamed, "parts": self.parts,
        }


@define
class NotAllAnnotated(_Runs):
    """One field without an annotation, and only those that say so are fields."""

    job_id = attr.ib()
    note: str = "no field"
    pause: float = attr.ib()

    @pause.default
    def _pause(self):
        return 5.0

    def serialize(self):
        return "clean_fields.NotAllAnnotated", {"job_id": self.job_id}


@attr.s(these={"job": attr.ib()})
class These(_Runs):
    def serialize(self):
        return "clean_fields.These", {"job": self.job}


@frozen(kw_only=True)
class OfAnAttrsBase(ConnectedAttrs):
    job_id: str

    def serialize(self):
        return "clean_fields.OfAnAttrsBase", {"conn_id": self.conn_id, "job_id": self.job_id}

    async def run(self):
        yield TriggerEvent(self.job_id)
