"""Operators that defer to the triggers of the plugin, and what becomes of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import proof_triggers
from airflow.sdk import DAG, BaseOperator
from proof_helpers import confirm, seen


class DeferTo(BaseOperator):
    """Defers to the trigger of a name."""

    def __init__(self, *, trigger: str, given: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trigger_name, self.given = trigger, given or {}

    def execute(self, context):
        trigger = getattr(proof_triggers, self.trigger_name)(**self.given)
        self.defer(trigger=trigger, method_name="done")

    def done(self, context, event=None):
        seen(f"event {event}")
        return event


class Pauses(DeferTo):
    """Tells how long the triggerer stood still."""

    def __init__(self, *, at_least: float = 0, at_most: float = 1e9, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.at_least, self.at_most = at_least, at_most

    def done(self, context, event=None):
        longest = event["longest"]
        confirm(event["came"], "both triggers ran at once")
        confirm(self.at_least <= longest <= self.at_most, f"the triggerer stood still for {longest:.2f} s")


with DAG("triggers", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
    DeferTo(task_id="right", trigger="Later")
    for name in (
        "Returns",
        "NeverYields",
        "NotAsync",
        "EndsEarly",
        "OnlyLogs",
        "NoRun",
        "NoSerialize",
        "NameOfAnother",
        "NoPair",
        "PathOfBase",
        "WithLambda",
        "WithFile",
        "WithHook",
    ):
        DeferTo(task_id=name, trigger=name)
    DeferTo(task_id="LeavesOut", trigger="LeavesOut", given={"interval": 7.0})

with DAG("unmade", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
    for name in ("UnknownKey", "WrongModule", "WrongName"):
        DeferTo(task_id=name, trigger=name)
    DeferTo(task_id="MissingKey", trigger="MissingKey", given={"job_id": "7"})

with DAG("pauses", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
    still = proof_triggers.BLOCKED
    before = [
        Pauses(task_id="before", trigger="Ticks", given={"until": "before"}, at_least=0.9 * still),
        DeferTo(task_id="blocks", trigger="Blocks", given={"between": False}),
    ]
    between = [
        Pauses(task_id="between", trigger="Ticks", given={"until": "between"}, at_least=0.9 * still),
        DeferTo(task_id="blocks_between", trigger="Blocks", given={"between": True}),
    ]
    # The variable takes 4 s to come.
    asking = [
        Pauses(task_id="asking", trigger="Ticks", given={"until": "asking"}, at_most=2.5),
        DeferTo(task_id="asks", trigger="AsksAirflow"),
    ]
    before[0] >> between
    before[1] >> between
    between[0] >> asking
    between[1] >> asking

for name in ("YieldsDict", "YieldsText", "YieldsNone"):
    # Run one after the other, each with a triggerer of its own.
    with DAG(f"last_{name}", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):
        DeferTo(task_id="defers", trigger=name)
