"""Where code runs: in a DAG, in a group, in a loop, or only with a task; and which `default_args` reach it."""

from __future__ import annotations

import time

import pytest

from advisor.contexts import Contexts, executed_inline, in_loop
from advisor.names import Names
from advisor.syntax import Node, Tree, parse

HEAD = (
    "from airflow.sdk import DAG, TaskGroup, dag, task, task_group, setup, teardown, asset\nimport pytest\n"
)


def read(text: str) -> tuple[Tree, Contexts, Node]:
    """The tree, its contexts, and the call of `OP()` in it."""
    tree = parse(HEAD + text)
    contexts = Contexts(Names(tree))
    return (
        tree,
        contexts,
        next(
            call for call in tree.kinds("call") if call.text().startswith("OP(") and ")." not in call.text()
        ),
    )


@pytest.mark.parametrize(
    "text",
    [
        "@task\ndef f():\n    OP()\n",
        "@task()\ndef f():\n    OP()\n",
        "@task(retries=1)\nasync def f():\n    OP()\n",
        "@task.branch\ndef f():\n    OP()\n",
        "@task.virtualenv(requirements=[])\ndef f():\n    OP()\n",
        "import airflow.decorators as d\n@d.task\ndef f():\n    OP()\n",
        "import airflow.decorators\n@airflow.decorators.task.branch\ndef f():\n    OP()\n",
        "from airflow.sdk import task as t\n@t\ndef f():\n    OP()\n",
        "from airflow import sdk\n@sdk.task\ndef f():\n    OP()\n",
        "from airflow.decorators import task as t\n@t()\ndef f():\n    OP()\n",
        "from airflow.sdk.definitions.decorators import task as t\n@t\ndef f():\n    OP()\n",
        "try:\n    from airflow.sdk import task as t\n"
        "except ImportError:\n    from airflow.decorators import task as t\n@t\ndef f():\n    OP()\n",
        "from common import task\n@task\ndef f():\n    OP()\n",
        "from common import ours\n@ours.task.branch(1)\ndef f():\n    OP()\n",
        "@setup\ndef f():\n    OP()\n",
        "@teardown(on_failure_fail_dagrun=True)\ndef f():\n    OP()\n",
        "@setup\n@task\ndef f():\n    OP()\n",
        "@asset(schedule=None)\ndef f():\n    OP()\n",
        "@dag\ndef d():\n    @task\n    def f():\n        def g():\n            return [OP() for i in x]\n",
        "def f():\n    OP()\ntask(f)\n",
        "def f():\n    OP()\ntask.branch(retries=1)(f)\n",
        "def f():\n    OP()\nP(python_callable=f)\n",
        "def f():\n    OP()\nP.partial(python_callable=f).expand(a=[])\n",
        "P(python_callable=lambda: OP())\n",
        "P(python_callable=(lambda **k: OP()))\n",
        "from functools import partial\ndef f(a):\n    OP()\nP(python_callable=partial(f, 1))\n",
        "P(python_callable=functools.partial(lambda a: OP(), 1))\n",
        "def f():\n    OP()\nP(python_callable=f if a else None)\n",
        "def f():\n    OP()\ndef g():\n    f()\nP(python_callable=g)\n",
        "def f():\n    OP()\ndef g():\n    return f()\ndef h():\n    return g()\nP(python_callable=h)\n",
        "def f():\n    OP()\n@task\ndef g():\n    f()\n",
        "def f():\n    OP()\nP(on_failure_callback=f)\n",
        "def f():\n    OP()\nP(on_failure_callback=[f, g])\n",
        "def f():\n    OP()\nargs = {'on_failure_callback': f}\n",
        "class D:\n    def f(self):\n        OP()\n    def make(self):\n        P(python_callable=self.f)\n",
        "class D:\n    @staticmethod\n    def f():\n        OP()\nP(python_callable=D.f)\n",
        "from airflow.models import BaseOperator as B\nclass O(B):\n    def execute(self, context):\n        OP()\n",
        "from airflow.models import BaseOperator\nclass O(BaseOperator):\n    def help(self):\n        OP()\n",
        "from airflow.sensors.base import BaseSensorOperator as B\nclass O(B):\n    def poke(self, context):\n"
        "        return OP()\n",
        "from ours import LoadOperator\nclass O(LoadOperator):\n    def help(self):\n        OP()\n",
        "from ours import Base\nclass O(Base):\n    def execute(self, context):\n        OP()\n",
        "def test_op():\n    OP()\n",
        "async def test_op():\n    OP()\n",
        "@pytest.fixture\ndef op():\n    return OP()\n",
        "@pytest.fixture(scope='module')\ndef op():\n    return OP()\n",
        "class TestOp:\n    def make(self):\n        OP()\n",
        "import unittest\nclass Ops(unittest.TestCase):\n    def setUp(self):\n        OP()\n",
    ],
)
def test_code_that_only_runs_with_a_task_or_a_test(text: str) -> None:
    _, contexts, call = read(text)
    assert contexts.runs_with_a_task(call)


@pytest.mark.parametrize(
    "text",
    [
        "OP()\n",
        "with DAG('a'):\n    OP()\n",
        "@dag\ndef f():\n    OP()\n",
        "@dag()\ndef test_dag():\n    OP()\n",
        "@task_group\ndef f():\n    OP()\n",
        "@dag\ndef d():\n    @task_group(group_id='g')\n    def f():\n        OP()\n    f()\n",
        "def make():\n    return OP()\n",
        "def make():\n    return OP()\nwith DAG('a'):\n    make()\n",
        "def make():\n    return OP()\nfor i in x:\n    globals()[i] = make()\n",
        "def make():\n    OP()\nP(python_callable=make())\n",
        "def make():\n    OP()\nmake()\n@task\ndef g():\n    make()\n",
        "def make():\n    make()\n    OP()\n",
        "class Factory:\n    def build(self):\n        OP()\n",
        "class Factory(Base):\n    def build(self):\n        OP()\n",
        "class DagConfig(BaseModel):\n    def build(self):\n        OP()\n",
        "x = [(lambda i: OP())(i) for i in y]\n",
        "@functools.cache\ndef f():\n    OP()\n",
        "@task(OP())\ndef f():\n    pass\n",
        "@task\ndef f(a=OP()):\n    pass\n",
        "def f():\n    OP()\ndef g(f):\n    P(python_callable=f)\n",
    ],
)
def test_code_that_runs_while_the_dag_is_parsed(text: str) -> None:
    _, contexts, call = read(text)
    assert not contexts.runs_with_a_task(call)


@pytest.mark.parametrize(
    ("text", "holders"),
    [
        ("with DAG('a') as d:\n    OP()\n", ["DAG('a')"]),
        ("with DAG('a') as d, TaskGroup('b') as g:\n    OP()\n", ["TaskGroup('b')", "DAG('a')"]),
        ("with (DAG('a'), TaskGroup('b')):\n    OP()\n", ["TaskGroup('b')", "DAG('a')"]),
        ("d = DAG('a')\nwith d:\n    with TaskGroup('b'):\n        OP()\n", ["TaskGroup('b')", "DAG('a')"]),
        ("with open('x') as f, DAG('a'):\n    for i in x:\n        if y:\n            OP()\n", ["DAG('a')"]),
        ("@dag(a=1)\ndef f():\n    OP()\n", ["dag(a=1)"]),
        ("@dag\ndef f():\n    @task_group(b=1)\n    def g():\n        OP()\n", ["task_group(b=1)"]),
        ("@dag(a=1)\ndef f():\n    with TaskGroup('b'):\n        OP()\n", ["TaskGroup('b')", "dag(a=1)"]),
        ("with DAG('a', x=OP()):\n    pass\n", []),
        ("with DAG('a'):\n    pass\nOP()\n", []),
        ("from ours import DAG as D\nwith D('a'):\n    OP()\n", []),
        ("import airflow\nwith airflow.DAG('a'):\n    OP()\n", ["airflow.DAG('a')"]),
        ("from airflow.models.dag import DAG as D\nwith D('a'):\n    OP()\n", ["D('a')"]),
    ],
)
def test_holders_are_named_from_the_inside_out(text: str, holders: list[str]) -> None:
    _, contexts, call = read(text)
    assert [holder.text() for holder in contexts.holders(call)] == holders


@pytest.mark.parametrize(
    ("text", "inline"),
    [
        ("OP().execute({})\n", True),
        ("OP(a=1).poke(context)\n", True),
        ("x = OP()\nx.execute({})\n", True),
        ("x = OP()\ny = x.execute(context={})\n", True),
        ("self.x = OP()\nself.x.execute({})\n", True),
        ("(x := OP()).execute({})\nx.execute({})\n", True),
        ("x = OP()\nother.execute({})\n", False),
        ("x = OP()\nx.execute\n", False),
        ("x = OP()\ndef f(x):\n    x.execute({})\n", False),
        ("OP() >> a\n", False),
        ("x = OP()\ncursor.execute('x')\n", False),
    ],
)
def test_operators_run_by_hand(text: str, inline: bool) -> None:
    tree, _, call = read(text)
    assert executed_inline(Names(tree), call) is inline


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("for i in x:\n    OP()\n", True),
        ("while x:\n    OP()\n", True),
        ("for i in OP():\n    pass\n", False),
        ("for i in x:\n    pass\nelse:\n    OP()\n", False),
        ("x = [OP() for i in y]\n", True),
        ("x = {i: OP() for i in y}\n", True),
        ("for i in x:\n    def f():\n        OP()\n", False),
        ("def f():\n    for i in x:\n        with y:\n            OP()\n", True),
    ],
)
def test_loops(text: str, loops: bool) -> None:
    _, _, call = read(text)
    assert in_loop(call) is loops


@pytest.mark.parametrize(
    ("decorator", "flavour"),
    [
        ("task", ""),
        ("task()", ""),
        ("task.branch", "branch"),
        ("task.a.b(1)", "a.b"),
        ("setup", ""),
        ("dag", None),
    ],
)
def test_flavours(decorator: str, flavour: str | None) -> None:
    tree = parse(f"{HEAD}@{decorator}\ndef f(): pass\n")
    assert Contexts(Names(tree)).task_flavour(tree.kinds("function_definition")[0]) == flavour


def test_thousands_of_tasks_and_functions_stay_cheap() -> None:
    functions = "".join(
        f"def f{i}():\n    OP()\n    f{i + 1}()\nP(python_callable=f{i})\n" for i in range(1_000)
    )
    tasks = "with DAG('a', default_args={}):\n" + "    x = OP()\n" * 5_000
    same = "def g():\n    OP()\n" * 500 + "g()\n" * 500
    tree = parse(f"{HEAD}{functions}{tasks}{same}")
    names = Names(tree)
    contexts = Contexts(names)
    started = time.perf_counter()
    calls = [call for call in tree.kinds("call") if call.text() == "OP()"]
    assert len(calls) == 6_500
    for call in calls:
        contexts.runs_with_a_task(call)
        list(contexts.holders(call))
        executed_inline(names, call)
    assert time.perf_counter() - started < 6


def test_functions_that_call_each_other_in_a_long_row_are_no_recursion_error() -> None:
    text = (
        "".join(f"def f{i}():\n    f{i + 1}()\n" for i in range(3_000))
        + "def f3000():\n    OP()\nP(python_callable=f0)\n"
    )
    _, contexts, call = read(text)
    contexts.runs_with_a_task(call)
