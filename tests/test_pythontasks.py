"""Which functions Airflow runs as tasks, in all spellings, also from other files of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.catalog.lookup import Catalog
from advisor.dagfile import DagFile
from advisor.project import Project
from advisor.pythontasks import PythonTask
from advisor.syntax import parse
from advisor.target import Target


def tasks(text: str, root: Path) -> list[PythonTask]:
    path = root / "dag.py"
    path.write_text(text)
    return DagFile(parse(text), str(path), Catalog.load(), Target(), Project(str(root))).python_tasks


def told(text: str, root: Path) -> list[tuple[str, str, str]]:
    return [(task.name, task.flavour, task.how) for task in tasks(text, root)]


DECORATORS = {
    "from airflow.decorators import task\n@task": ("", "@task"),
    "from airflow.decorators import task\n@task()": ("", "@task"),
    "from airflow.sdk import task\n@task(retries=2)": ("", "@task"),
    "from airflow.sdk import task as t\n@t.branch": ("branch", "@task.branch"),
    "import airflow.decorators\n@airflow.decorators.task.short_circuit()": (
        "short_circuit",
        "@task.short_circuit",
    ),
    "from airflow import sdk\n@sdk.task.python": ("", "@task"),
    "from airflow.sdk import task\n@task.skip_if(no)\n@task.sensor(poke_interval=5)": (
        "sensor",
        "@task.sensor",
    ),
    "from airflow.sdk import task\n@task\n@retry(3)": ("", "@task"),
    "from airflow.decorators import task\n@task.virtualenv(requirements=[])": (
        "virtualenv",
        "@task.virtualenv",
    ),
    "from airflow.decorators import setup\n@setup": ("setup", "@setup"),
    "from airflow.sdk import teardown\n@teardown(on_failure_fail_dagrun=True)": ("teardown", "@teardown"),
    "from airflow.operators.python import task\n@task": ("", "@task"),
    "from airflow.decorators.python import python_task\n@python_task": ("", "@task"),
    "from airflow.providers.standard.decorators.branch_python import branch_task\n@branch_task": (
        "branch",
        "@task.branch",
    ),
    "from airflow.sdk import asset\n@asset(schedule='@daily')": ("asset", "@asset"),
    "from airflow.sdk import task_group\n@task_group": None,
    "from airflow.sdk import dag\n@dag": None,
    "from mycorp import task  # airflow\n@task": None,
}


@pytest.mark.parametrize("head", DECORATORS)
def test_decorated_functions(head: str, tmp_path: Path) -> None:
    wanted = DECORATORS[head]
    expected = [] if wanted is None else [("load", *wanted)]
    assert told(f"{head}\ndef load():\n    pass\n", tmp_path) == expected


OPERATORS = {
    "from airflow.operators.python import PythonOperator": ("PythonOperator", ""),
    "from airflow.operators.python_operator import PythonOperator": ("PythonOperator", ""),
    "from airflow.providers.standard.operators.python import PythonOperator": ("PythonOperator", ""),
    "from airflow.operators.python_operator import ShortCircuitOperator": (
        "ShortCircuitOperator",
        "short_circuit",
    ),
    "from airflow.operators.python import BranchPythonOperator as B": ("B", "branch"),
    "from airflow.operators import python": ("python.PythonVirtualenvOperator", "virtualenv"),
    "from airflow.contrib.sensors.python_sensor import PythonSensor": ("PythonSensor", "sensor"),
    "from airflow.sensors.python import PythonSensor": ("PythonSensor", "sensor"),
    "from airflow.providers.standard.operators.python import ExternalPythonOperator": (
        "ExternalPythonOperator",
        "external_python",
    ),
}


@pytest.mark.parametrize("head", OPERATORS)
@pytest.mark.parametrize(
    "shape", ["{}(task_id='t', python_callable=load)", "{}.partial(python_callable=load)"]
)
def test_functions_that_are_handed_to_an_operator(head: str, shape: str, tmp_path: Path) -> None:
    called, flavour = OPERATORS[head]
    text = f"{head}\n\n\ndef load():\n    pass\n\n\n{shape.format(called)}\n"
    found = tasks(text, tmp_path)
    assert [(task.name, task.flavour) for task in found] == [("load", flavour)]
    assert found[0].how.endswith(("Operator", "Sensor"))
    assert found[0].span.line == 8
    assert found[0].is_local


HEAD = (
    "from functools import partial\nfrom airflow.operators.python import PythonOperator\n"
    "from airflow.sdk import task\n"
)
HANDED = {
    "task(load)": ("load", ""),
    "task.branch(load)": ("load", "branch"),
    "task(retries=2)(load)": ("load", ""),
    "task.sensor(mode='reschedule')(load)": ("load", "sensor"),
    "PythonOperator(task_id='t', python_callable=partial(load, 1))": ("load", ""),
    "run = load\nPythonOperator(task_id='t', python_callable=run)": ("load", ""),
    "PythonOperator(task_id='t', python_callable=Loader().run)": ("run", ""),
    "PythonOperator(task_id='t', python_callable=Loader.run)": ("run", ""),
    "loader = Loader()\nPythonOperator(task_id='t', python_callable=loader.run)": ("run", ""),
    "class Mine(PythonOperator):\n    pass\n\n\nMine(task_id='t', python_callable=load)": ("load", ""),
    "PythonOperator(task_id='t', python_callable=lambda: load())": None,
    "PythonOperator(task_id='t', op_args=[load])": None,
    "PythonOperator(task_id='t', python_callable=FUNCTIONS['load'])": None,
    "Unknown(task_id='t', python_callable=load)": None,
    "print(load)": None,
}


@pytest.mark.parametrize("code", HANDED)
def test_ways_to_hand_a_function_over(code: str, tmp_path: Path) -> None:
    body = (
        f"{HEAD}\n\ndef load():\n    pass\n\n\nclass Loader:\n    def run(self):\n        pass\n\n\n{code}\n"
    )
    found = [(task.name, task.flavour) for task in tasks(body, tmp_path)]
    assert found == ([HANDED[code]] if HANDED[code] else [])


def test_a_method_of_the_same_object(tmp_path: Path) -> None:
    text = (
        f"{HEAD}\nclass Builder:\n    def build(self):\n"
        "        return PythonOperator(task_id='t', python_callable=self.load)\n\n    def load(self):\n        pass\n"
    )
    assert told(text, tmp_path) == [("load", "", "PythonOperator")]


def test_a_function_that_a_class_of_the_project_gives_its_base(tmp_path: Path) -> None:
    text = (
        f"{HEAD}\nclass Mine(PythonOperator):\n    def __init__(self, **kwargs):\n        def load():\n"
        "            pass\n\n        super().__init__(python_callable=load, **kwargs)\n"
    )
    assert told(text, tmp_path) == [("load", "", "PythonOperator")]


def test_a_function_of_another_file_is_reported_at_the_call(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "__init__.py").write_text("from steps.load import load\n")
    (tmp_path / "steps" / "load.py").write_text("async def load():\n    pass\n")
    text = f"{HEAD}from steps import load\nfrom requests import get\n\n" + (
        "PythonOperator(task_id='a', python_callable=load)\nPythonOperator(task_id='b', python_callable=load)\n"
        "PythonOperator(task_id='c', python_callable=get)\n"
    )
    found = tasks(text, tmp_path)
    assert [(task.name, task.span.line, task.is_local, task.is_async) for task in found] == [
        ("load", 7, False, True)
    ]
    assert found[0].file.tree.text.startswith("async def")


def test_one_function_in_two_flavours_is_two_tasks(tmp_path: Path) -> None:
    text = (
        f"{HEAD}from airflow.sensors.python import PythonSensor\n\ndef load():\n    pass\n\n"
        "PythonOperator(task_id='a', python_callable=load)\nPythonOperator(task_id='b', python_callable=load)\n"
        "PythonSensor(task_id='c', python_callable=load)\n"
    )
    assert told(text, tmp_path) == [("load", "", "PythonOperator"), ("load", "sensor", "PythonSensor")]


METHODS = """
from airflow.models import BaseOperator
from airflow.sdk import BaseAsyncOperator
from airflow.sensors.base import BaseSensorOperator
from mine import Base


class Plain(BaseOperator):
    def execute(self, context):
        pass

    def help(self):
        pass


class Defers(Base):
    def execute(self, context):
        self.defer(trigger=None, method_name="back")

    def back(self, context, event):
        pass


class Looks(BaseSensorOperator):
    def poke(self, context):
        pass


class Async(BaseAsyncOperator):
    async def aexecute(self, context):
        pass


class Step:
    def execute(self, context):
        pass


class Job(Step):
    def execute(self, context):
        pass
"""


def test_methods_of_operator_classes(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from airflow.models import BaseOperator\n\n\nclass Base(BaseOperator):\n    x = 1\n"
    )
    assert told(METHODS, tmp_path) == [
        ("Plain", "execute", "Plain"),
        ("Defers", "execute", "Defers"),
        ("Defers", "resume", "Defers"),
        ("Looks", "poke", "Looks"),
        ("Async", "aexecute", "Async"),
    ]


def test_code_that_nobody_writes_by_hand_ends(tmp_path: Path) -> None:
    text = HEAD + "a = b\nb = a\nPythonOperator(task_id='t', python_callable=a)\n"
    text += "class X(Y):\n    def execute(self): ...\nclass Y(X):\n    def execute(self): ...\n"
    text += "task" + "(task" * 300 + ")" * 300 + "\n" + "task" + "(1)" * 300 + "\n"
    text += f"PythonOperator(python_callable={'partial(' * 300}a{')' * 300})\n"
    assert tasks(text, tmp_path) == []
