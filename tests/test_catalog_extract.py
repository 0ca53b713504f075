"""The static extractor, on small providers written for the purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.catalog.extract import Extractor
from advisor.catalog.modules import Sources
from advisor.catalog.record import ClassFacts, Condition

OPERATOR = """
class BaseOperator:
    def __init__(self, task_id, retries=0, default_args=None, **kwargs):
        self.task_id = task_id

    def execute(self, context): ...

    def defer(self, *, trigger, method_name, kwargs=None, timeout=None):
        raise TaskDeferred(trigger=trigger, method_name=method_name)
"""
SENSOR = """
import time
from airflow.sdk.bases.operator import BaseOperator

class BaseSensorOperator(BaseOperator):
    def __init__(self, *, poke_interval=60, timeout=None, mode="poke", **kwargs):
        super().__init__(**kwargs)
        self.poke_interval = poke_interval
        self.timeout = timeout

    def poke(self, context): ...

    def execute(self, context):
        while not self.poke(context):
            time.sleep(self.poke_interval)

def poke_mode_only(cls):
    return cls
"""
HEAD = """
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.bases.sensor import BaseSensorOperator, poke_mode_only
from airflow.configuration import conf
from mine.triggers import WaitTrigger
"""


def extract(tmp_path: Path, body: str, module: str = "mine/operators/work.py") -> dict[str, ClassFacts]:
    """The facts about the classes of one module, by simple name."""
    files = {
        "airflow/sdk/bases/operator.py": OPERATOR,
        "airflow/sdk/bases/sensor.py": SENSOR,
        "mine/triggers.py": "class WaitTrigger:\n    def __init__(self, job, poll_interval=5): ...\n",
        module: HEAD + body,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return {f.simple_name: f for f in Extractor(Sources([tmp_path])).all() if f.name.startswith("mine.")}


FLAG = 'deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False)'


def test_wait_parameter_that_is_needed(tmp_path: Path) -> None:
    facts = extract(
        tmp_path,
        f"""
class RunOperator(BaseOperator):
    def __init__(self, job, *, wait_for_completion: bool = False, poll: int = 7, {FLAG}, **kwargs):
        super().__init__(**kwargs)
        self.job = job
        self.wait = wait_for_completion
        self.poll = poll
        self.deferrable = deferrable

    def execute(self, context):
        self.submit()
        if not self.wait:
            return None
        if self.deferrable:
            self.defer(trigger=WaitTrigger(self.job, poll_interval=self.poll), method_name="execute_complete")
        self.hook.wait_for(self.job)
""",
    )["RunOperator"]
    assert (facts.deferral, facts.effective, facts.flag_default) == ("flag", True, "config")
    assert facts.defers_when == ((Condition("wait_for_completion", "truthy"),),)
    assert facts.wait_parameters == ("wait_for_completion",)
    assert facts.needs_wait_parameter
    assert not facts.starts_waiting
    assert facts.waits_by_default is False
    assert facts.poll_parameters == ("poll",)
    assert facts.poll_defaults == {"poll": 7}
    assert [p.name for p in facts.parameters] == ["job", "wait_for_completion", "poll", "deferrable"]
    assert facts.parameters[0].required


def test_wait_parameter_that_is_ignored(tmp_path: Path) -> None:
    facts = extract(
        tmp_path,
        f"""
class RunOperator(BaseOperator):
    def __init__(self, *, wait_for_completion: bool = True, {FLAG}, **kwargs):
        super().__init__(**kwargs)
        self.wait_for_completion = False if deferrable else wait_for_completion
        self.deferrable = deferrable

    def execute(self, context):
        if self.deferrable:
            self.defer(trigger=WaitTrigger(1), method_name="execute_complete")
        if self.wait_for_completion:
            self.hook.wait()
""",
    )["RunOperator"]
    assert facts.defers_when == ((),)
    assert facts.starts_waiting
    assert not facts.needs_wait_parameter
    assert facts.waits_by_default is True


def test_flag_that_reaches_the_base_through_kwargs_and_is_ignored_there(tmp_path: Path) -> None:
    facts = extract(
        tmp_path,
        f"""
class SendOperator(BaseOperator):
    def __init__(self, {FLAG}, **kwargs):
        super().__init__(**kwargs)
        self.deferrable = deferrable

    def execute(self, context):
        if self.deferrable:
            self.defer(trigger=WaitTrigger(1), method_name="execute_complete")

class HookedOperator(SendOperator):
    def __init__(self, *, url="", **kwargs):
        super().__init__(**kwargs)

    def execute(self, context):
        return self.hook.send()

class FixedOperator(SendOperator):
    def __init__(self, **kwargs):
        super().__init__(deferrable=True, **kwargs)
""",
    )
    assert (facts["HookedOperator"].deferral, facts["HookedOperator"].effective) == ("flag", False)
    # The caller cannot pass the flag (two values for one argument), and it always defers.
    assert (facts["FixedOperator"].deferral, facts["FixedOperator"].effective) == ("always", True)
    assert facts["FixedOperator"].parameter("deferrable") is None


def test_helpers_early_returns_and_runtime_conditions(tmp_path: Path) -> None:
    facts = extract(
        tmp_path,
        f"""
def follow(operator):
    if operator.kind == "long":
        operator.defer(trigger=WaitTrigger(1), method_name="execute_complete")

class RunOperator(BaseOperator):
    def __init__(self, kind="long", asynchronous=False, {FLAG}, **kwargs):
        super().__init__(**kwargs)
        self.kind, self.asynchronous = kind, asynchronous
        self.kind = kind
        self.asynchronous = asynchronous
        self.deferrable = deferrable

    def execute(self, context):
        state = self.hook.state()
        if self.asynchronous:
            return state
        if self.deferrable and state != "done":
            self.later()

    def later(self):
        follow(self)
""",
    )["RunOperator"]
    assert facts.defers_when == ((Condition("asynchronous", "falsy"), Condition("kind", "==", "long")),)
    assert facts.needs_wait_parameter
    assert facts.waits_by_default is True  # asynchronous, reversed


def test_what_raises_with_the_flag_only(tmp_path: Path) -> None:
    facts = extract(
        tmp_path,
        f"""
class RunOperator(BaseOperator):
    def __init__(self, name, polling=10, asynchronous=False, {FLAG}, **kwargs):
        super().__init__(**kwargs)
        if not name:
            raise ValueError("a name, please")
        if deferrable and polling <= 0:
            raise ValueError("must be positive")
        self.asynchronous = asynchronous
        self.deferrable = deferrable

    def execute(self, context):
        if self.asynchronous and self.deferrable:
            raise ValueError("not both")
        if self.deferrable:
            self.defer(trigger=WaitTrigger(1), method_name="execute_complete")
""",
    )["RunOperator"]
    assert facts.ctor_raises == ((Condition("polling", "<=", 0),),)
    assert facts.execute_raises == ((Condition("asynchronous", "truthy"),),)


def test_sensor_that_loses_timeout_argument_and_interval(tmp_path: Path) -> None:
    facts = extract(
        tmp_path,
        f"""
class FileSensor(BaseSensorOperator):
    def __init__(self, path, check=None, {FLAG}, **kwargs):
        if deferrable and "poke_interval" not in kwargs:
            kwargs["poke_interval"] = 5
        super().__init__(**kwargs)
        self.path = path
        self.check = check
        self.deferrable = deferrable

    def poke(self, context):
        return self.check(self.path)

    def execute(self, context):
        if not self.deferrable:
            super().execute(context)
        elif not self.poke(context):
            self.defer(
                trigger=WaitTrigger(self.path, poll_interval=self.poke_interval),
                method_name="execute_complete",
            )

@poke_mode_only
class OnceSensor(BaseSensorOperator):
    pass
""",
        "mine/sensors/work.py",
    )
    sensor = facts["FileSensor"]
    assert sensor.kind == "sensor"
    assert sensor.waits_by_default is True
    assert sensor.poll_parameters == ("poke_interval",)
    assert {c.id for c in sensor.caveats} == {"timeout-dropped", "check-dropped"}
    assert facts["OnceSensor"].pokes_only
    assert facts["OnceSensor"].deferral == "never"


def test_kind_of_transfers_and_deprecation(tmp_path: Path) -> None:
    facts = extract(
        tmp_path,
        """
@deprecated(reason="Please use NewOperator", category=DeprecationWarning)
class OldOperator(BaseOperator):
    pass

class NewOperator(BaseOperator):
    def __init__(self, old=None, **kwargs):
        if old:
            warnings.warn("`old` is deprecated in this operator", DeprecationWarning)
        super().__init__(**kwargs)
""",
        "mine/transfers/work.py",
    )
    assert facts["OldOperator"].kind == "transfer"
    assert (facts["OldOperator"].deprecated, facts["OldOperator"].replacement) == (
        True,
        "mine.transfers.work.NewOperator",
    )
    assert not facts["NewOperator"].deprecated


@pytest.mark.parametrize("broken", ["print 'x'", "def (:\n", "\x00"])
def test_modules_that_do_not_parse_are_left_out(tmp_path: Path, broken: str) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "old.py").write_text(f"class A: pass\n{broken}", encoding="utf-8")
    facts = extract(tmp_path, "class FineOperator(BaseOperator):\n    pass\n")
    assert set(facts) == {"FineOperator"}


def test_nothing_is_imported_or_run(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    facts = extract(
        tmp_path,
        f"open({str(touched)!r}, 'w').close()\nclass FineOperator(BaseOperator):\n    pass\n",
    )
    assert "FineOperator" in facts
    assert not touched.exists()
