# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Triggers of the house that get their constructor from their fields."""

from abc import ABC
from dataclasses import dataclass

import attr
from airflow.triggers.base import BaseTrigger


@dataclass
class Connected(BaseTrigger, ABC):
    conn_id: str
    retries: int = 3


@attr.s(auto_attribs=True)
class ConnectedAttrs(BaseTrigger, ABC):
    conn_id: str = attr.ib()
