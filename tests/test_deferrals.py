"""Deferrals of a project's own operators: how long, resumed where, and whether they come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advisor import engine
from advisor.config import Settings
from advisor.finding import Finding
from advisor.target import detect

HEAD = """\
from datetime import timedelta
from airflow.exceptions import TaskDeferred
from airflow.models import BaseOperator
from airflow.providers.standard.triggers.temporal import DateTimeTrigger, TimeDeltaTrigger
from airflow.sdk import BaseSensorOperator, timezone
from mycorp import JobTrigger


"""
REPEATED, SHORT = "repeated-deferral", "short-deferral"


def check(text: str, root: Path) -> list[Finding]:
    """The findings of the two rules on a file with this text."""
    path = root / "operators.py"
    path.write_text(HEAD + text)
    settings = replace(Settings(root=root), select=(REPEATED, SHORT))
    context = engine.prepare(settings, detect(root, settings, "3.3", True))
    return engine.check(path.read_bytes(), str(path), context)


def operator(execute: str, check_: str = "return event", base: str = "BaseOperator", extra: str = "") -> str:
    """An operator whose `execute` and resume method `check` hold these statements."""
    body = [f"class Job({base}):", *(f"    {line}" for line in extra.splitlines())]
    for head, statements in (
        ("execute(self, context, event=None)", execute),
        ("check(self, context, event)", check_),
    ):
        body += [f"    def {head}:", *(f"        {line}" for line in statements.splitlines())]
    return "\n".join(body) + "\n"


DEFER = 'self.defer(trigger=JobTrigger(), method_name="check")'
TO_EXECUTE = 'self.defer(trigger=JobTrigger(), method_name="execute")'

CYCLES = {
    "once": (operator(DEFER), False),
    "again": (operator(DEFER, f"if event['running']:\n    {DEFER}"), True),
    "through execute": (operator(DEFER, "self.execute(context)"), True),
    "through execute with the event": (
        operator(f"if event is None:\n    {DEFER}\nreturn event", "return self.execute(context, event)"),
        False,
    ),
    "through a helper": (
        operator("self._wait()", "self._wait()", extra=f"def _wait(self):\n    {DEFER}"),
        True,
    ),
    "first run told by the event": (operator(f"if not event:\n    {TO_EXECUTE}\nreturn event"), False),
    "first run told by an early return": (operator(f"if event:\n    return event\n{TO_EXECUTE}"), False),
    "first run told by an early raise": (
        operator(f"if event is not None:\n    raise ValueError(event)\nelse:\n    {TO_EXECUTE}"),
        False,
    ),
    "early return for some events": (
        operator(f"if event and event['done']:\n    return event\n{TO_EXECUTE}"),
        True,
    ),
    "inside of the event": (operator(f"if event:\n    {TO_EXECUTE}\nself.start()\n{DEFER}"), True),
    "both on the event and on more": (
        operator(f"if event is None and self.wait:\n    {TO_EXECUTE}\nreturn event"),
        False,
    ),
    "TaskDeferred": (
        operator('raise TaskDeferred(trigger=JobTrigger(), method_name="execute")', "return event"),
        True,
    ),
    "TaskDeferred that nobody raises": (
        operator('return TaskDeferred(trigger=JobTrigger(), method_name="execute")', "return event"),
        False,
    ),
    "name of the method from the method": (
        operator(
            "self.defer(trigger=JobTrigger(), method_name=self.check.__name__)", "self.execute(context)"
        ),
        True,
    ),
    "name of the method from a parameter": (
        operator(
            "self._to(method_name=self.check.__name__)",
            "self._to(method_name=self.check.__name__)",
            extra="def _to(self, method_name):\n    self.defer(trigger=JobTrigger(), method_name=method_name)",
        ),
        True,
    ),
    "unknown method": (operator("self.defer(trigger=JobTrigger(), method_name=self.next)", DEFER), True),
    "generic base": (
        "from mycorp import AwsBaseSensor\n\n\n" + operator(DEFER, DEFER, base="AwsBaseSensor[object]"),
        True,
    ),
    "waits for more than a minute": (
        operator(
            'self.defer(trigger=TimeDeltaTrigger(timedelta(minutes=2)), method_name="check")',
            "self.execute({})",
        ),
        False,
    ),
    "slow half of a cycle": (
        operator(
            'self.defer(trigger=TimeDeltaTrigger(timedelta(minutes=9)), method_name="check")',
            'self.defer(trigger=JobTrigger(), method_name="execute")',
        ),
        False,
    ),
    "waits for what it found missing": (
        operator(
            f"state = self.hook.state()\nif state != 'ready':\n    {DEFER}", "return self.execute(context)"
        ),
        False,
    ),
    "waits after it was refused": (
        operator(f"try:\n    self.hook.delete()\nexcept Busy:\n    {DEFER}", "return self.execute(context)"),
        False,
    ),
    "lets time pass until it finds it": (
        operator(
            "if not self.hook.ready():\n"
            '    self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="check")',
            "return self.execute(context)",
        ),
        True,
    ),
    "looks again when it is resumed": (operator(DEFER, f"if not self.hook.done():\n    {DEFER}"), True),
    "no operator": (operator(DEFER, DEFER, base="Base"), False),
}


@pytest.mark.parametrize("name", CYCLES)
def test_what_comes_back_to_the_same_deferral(tmp_path: Path, name: str) -> None:
    text, repeats = CYCLES[name]
    findings = [found for found in check(text, tmp_path) if found.rule == REPEATED]
    assert bool(findings) == repeats, [found.message for found in findings]


BASE = """\
from airflow.models import BaseOperator
from house.triggers import JobTrigger


class Waiting(BaseOperator):
    def wait(self):
        self.defer(trigger=JobTrigger(), method_name="check")
"""
JOB = """\
\"\"\"What the airflow of this house runs.\"\"\"
from house.base import Waiting


class Job(Waiting):
    def execute(self, context):
        self.wait()

    def check(self, context, event=None):
        {}
"""


@pytest.mark.parametrize(
    ("check_", "said"),
    [
        (
            "self.wait()",
            "Job resumes in `check` and may defer again in `Waiting.wait`: every turn stops the task and starts it "
            "again on a worker (2.3 s); let the trigger go on waiting",
        ),
        ("return event", None),
    ],
)
def test_a_file_that_says_nothing_of_deferring_comes_back_to_the_deferral_of_its_base(
    tmp_path: Path, check_: str, said: str | None
) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "base.py").write_text(BASE)
    path = tmp_path / "job.py"
    path.write_text(JOB.format(check_))
    settings = replace(Settings(root=tmp_path), select=(REPEATED,))
    context = engine.prepare(settings, detect(tmp_path, settings, "3.3", True))
    findings = engine.check(path.read_bytes(), str(path), context)
    assert [(found.span.line, found.message) for found in findings] == ([(10, said)] if said else [])


def test_bases_that_derive_from_one_another_end(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        "from two import Two\n\n\nclass One(Two):\n" + OWN.format("wait", "check")
    )
    (tmp_path / "two.py").write_text(
        "from one import One\n\n\nclass Two(One):\n" + OWN.format("check", "wait")
    )
    path = tmp_path / "job.py"
    path.write_text(
        f"import airflow\nfrom one import One\n\n\nclass Job(One):\n{OWN.format('execute', 'wait')}"
    )
    settings = replace(Settings(root=tmp_path), select=(REPEATED,))
    context = engine.prepare(settings, detect(tmp_path, settings, "3.3", True))
    assert engine.check(path.read_bytes(), str(path), context) == []


OWN = """\
    def {0}(self, context, event=None):
        self.defer(trigger=None, method_name="{1}")
"""

TRIGGERS = [
    ("TimeDeltaTrigger(timedelta(seconds=10))", True),
    ("TimeDeltaTrigger(delta=timedelta(seconds=3), end_from_trigger=True)", True),
    ("TimeDeltaTrigger(timedelta(seconds=11))", False),
    ("TimeDeltaTrigger(self.pause)", True),
    ("TimeDeltaTrigger(self.given)", False),
    ("TimeDeltaTrigger(timedelta(seconds=self.seconds))", False),
    ("DateTimeTrigger(moment=timezone.utcnow() + timedelta(seconds=5))", True),
    ("DateTimeTrigger(timezone.utcnow() + timedelta(hours=5))", False),
    ("DateTimeTrigger(context['data_interval_end'])", False),
    ("JobTrigger(poll_interval=5)", False),
]


@pytest.mark.parametrize(("trigger", "short"), TRIGGERS)
@pytest.mark.parametrize("spelling", ["in place", "local", "raised"])
def test_how_long_a_trigger_waits(tmp_path: Path, trigger: str, short: bool, spelling: str) -> None:
    execute = {
        "in place": f'self.defer(trigger={trigger}, method_name="check", timeout=timedelta(seconds=5))',
        "local": f'trigger = {trigger}\nself.defer(trigger=trigger, method_name="check")',
        "raised": f'raise TaskDeferred(trigger={trigger}, method_name="check")',
    }[spelling]
    extra = "pause = timedelta(seconds=5)\ndef __init__(self, given):\n    self.given = given"
    findings = check(operator(execute, base="BaseSensorOperator", extra=extra), tmp_path)
    assert [found.rule for found in findings] == ([SHORT] if short else [])


SPELLINGS = [
    ("self.defer (trigger={0}, method_name='check')", True),
    (
        "self.defer(trigger={0}, method_name='check').defer(trigger=None)",
        True,
    ),  # two calls that start at one place
    ("print([self.defer(trigger={0}, method_name='check')])", True),
    (
        "from airflow.exceptions import TaskDeferred as MyTaskDeferred\nraise MyTaskDeferred(trigger={0})",
        True,
    ),
    ("import airflow.exceptions as errors\nraise errors.TaskDeferred(trigger={0})", True),
    ("self.defer", False),
    ("print(self.defer, {0})", False),
    ("print(defer={0})", False),
    ("other.defer(trigger={0}, method_name='check')", False),
]


@pytest.mark.parametrize(("call", "said"), SPELLINGS)
def test_a_deferral_is_a_call_by_its_name(tmp_path: Path, call: str, said: bool) -> None:
    written = call.format("TimeDeltaTrigger(timedelta(seconds=5))")
    assert [found.rule for found in check(operator(written), tmp_path)] == ([SHORT] if said else [])


def test_messages_name_class_methods_and_seconds(tmp_path: Path) -> None:
    wait = 'self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=30)), method_name="check")'
    (again,) = check(
        operator("self._wait()", "self._wait()", extra=f"def _wait(self):\n    {wait}"), tmp_path
    )
    assert again.message == (
        "Job resumes in `check` and may defer again in `_wait` for 30 s: every turn stops the task and starts it "
        "again on a worker (2.3 s); let the trigger go on waiting"
    )
    (loop,) = check(operator(f"for part in self.parts:\n    {DEFER}"), tmp_path)
    assert loop.message == (
        "Job.execute defers in a loop, which ends with its first turn: a deferral stops the task, and it goes on in "
        "`check`; let one trigger wait for all of it"
    )
