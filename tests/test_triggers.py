"""The model of a project's own triggers and what the rules say of them."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from advisor import engine, syntax
from advisor.config import Settings
from advisor.dagfile import DagFile
from advisor.target import detect
from advisor.triggers import Trigger

HEAD = "from airflow.triggers.base import BaseTrigger, TriggerEvent\n\n\n"


def triggers(text: str, root: Path, name: str = "triggers.py") -> list[Trigger]:
    """The model's triggers in a file with this text."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    settings = replace(Settings(root=root))
    context = engine.prepare(settings, detect(root, settings, "3.3", True))
    tree = syntax.parse(text)
    return DagFile(tree, str(path), context.catalog, context.target, context.project).triggers


def test_a_trigger_has_the_run_of_a_base_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text(
        HEAD + "class Polling(BaseTrigger):\n    async def run(self):\n        yield TriggerEvent(1)\n"
    )
    (found,) = triggers("from base import Polling\n\n\nclass JobTrigger(Polling):\n    pass\n", tmp_path)
    assert found.name == "JobTrigger"
    assert found.run is not None
    assert "yield TriggerEvent(1)" in found.run.text()
    assert found.own_run is None
    assert found.run_file is not None
    assert found.run_file.tree.text.startswith("from airflow.triggers.base")


def test_which_classes_are_triggers(tmp_path: Path) -> None:
    text = HEAD + (
        "from airflow.providers.http.triggers.http import HttpTrigger\n"
        "from somewhere import MyTrigger\n"
        "class A(BaseTrigger): pass\n"
        "class B(HttpTrigger): pass\n"
        "class C(MyTrigger): pass\n"
        "class D(B): pass\n"
        "class E: pass\n"
        "class Trigger(E): pass\n"
        "class F(TriggerEvent): pass\n"
    )
    assert [trigger.name for trigger in triggers(text, tmp_path)] == ["A", "B", "D"]


def test_a_class_that_is_its_own_base_ends(tmp_path: Path) -> None:
    text = HEAD + "class ATrigger(BTrigger): pass\nclass BTrigger(ATrigger, BaseTrigger): pass\n"
    assert {trigger.name for trigger in triggers(text, tmp_path)} <= {"ATrigger", "BTrigger"}


DATA = Path(__file__).parent / "data" / "triggers"
SOURCES = sorted(DATA.glob("*.py"))
MARK = re.compile(r"# finding: ([\w-]+(?:, [\w-]+)*)")
OURS = (
    "trigger-without-event",
    "trigger-serialization",
    "trigger-in-dag-file",
    "lost-state-after-defer",
    "broken-resume-method",
    "repeated-deferral",
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_realistic_files_get_the_findings_that_they_are_marked_with(path: Path) -> None:
    text = path.read_text()
    marked = Counter(
        (number, rule)
        for number, line in enumerate(text.splitlines(), 1)
        for mark in MARK.findall(line)
        for rule in mark.split(", ")
    )
    clean = not path.stem.startswith("worst_")
    settings = replace(Settings(root=DATA), select=() if clean else OURS)  # clean for every rule
    context = engine.prepare(settings, detect(DATA, settings, "3.3", True))
    findings = engine.check(text.encode(), str(path), context)
    said = Counter((found.span.line, found.rule) for found in findings)
    assert not (clean and marked)
    assert said - marked == Counter(), "findings without a mark"
    assert marked - said == Counter(), "marks without a finding"


def test_on_airflow_2_a_written_path_leads_into_the_dags_folder(tmp_path: Path) -> None:
    text = (DATA / "worst_dag_file.py").read_text()
    path = tmp_path / "worst_dag_file.py"
    made = text.replace('"worst_dag_file.NightTrigger"', 'f"{__name__}.NightTrigger"')
    assert made != text
    said = {}
    for airflow in ("2.11", "3.3"):
        settings = replace(Settings(root=tmp_path), select=("trigger-in-dag-file",))
        context = engine.prepare(settings, detect(tmp_path, settings, airflow, True))
        said[airflow] = [len(engine.check(one.encode(), str(path), context)) for one in (text, made)]
    assert said == {"2.11": [0, 1], "3.3": [1, 1]}


def test_tangled_classes_take_no_time(tmp_path: Path) -> None:
    """Bases shared thirty levels deep, and methods that all call one another, would be exponential if walked."""
    bases = "".join(
        f"class C{n}Trigger(C{max(n - 1, 0)}Trigger, C{max(n - 2, 0)}Trigger, C{max(n - 3, 0)}Trigger):\n    pass\n"
        for n in range(1, 30)
    )
    methods = "".join(
        f"    def m{n}(self):\n        self.a{n} = self.m{(n + 1) % 100}() or self.m{n * 3 % 100}()\n"
        for n in range(100)
    )
    text = (
        f"{HEAD}from airflow.models import BaseOperator\n\n\nclass C0Trigger(BaseTrigger):\n    pass\n{bases}"
        "class Op(BaseOperator):\n    def execute(self, context):\n        self.m0()\n"
        f"        self.defer(trigger=C0Trigger(), method_name='m0')\n{methods}"
    )
    path = tmp_path / "tangled.py"
    path.write_text(text)
    settings = replace(Settings(root=tmp_path), select=OURS)
    context = engine.prepare(settings, detect(tmp_path, settings, "3.3", True))
    start = time.monotonic()
    engine.check(text.encode(), str(path), context)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("parameters", "returned", "said"),
    [
        ("self, job", "{}", "error"),
        ("self, job", '{"job": self.job, "pause": 1}', "error"),
        ("self, job, pause=5", '{"job": self.job}', "warning"),  # nobody may give it yet
        ("self, job, pause=5", '{"job": self.job, "pause": self.pause}', None),
    ],
)
def test_what_no_caller_may_give_is_only_a_warning(
    tmp_path: Path, parameters: str, returned: str, said: str | None
) -> None:
    body = "".join(f"        self.{name} = {name}\n" for name in ("job", "pause") if name in parameters)
    path = tmp_path / "triggers.py"
    path.write_text(
        f"{HEAD}class JobTrigger(BaseTrigger):\n    def __init__({parameters}):\n{body}\n"
        f"    def serialize(self):\n        return 'triggers.JobTrigger', {returned}\n\n"
        "    async def run(self):\n        yield TriggerEvent((self.job, getattr(self, 'pause', 0), self.pause))\n"
    )
    settings = replace(Settings(root=tmp_path), select=("trigger-serialization",))
    context = engine.prepare(settings, detect(tmp_path, settings, "3.3", True))
    severities = [one.severity for one in engine.check(path.read_bytes(), str(path), context)]
    assert severities == ([] if said is None else [said])
