"""The ways by which a task in one file may come to a sleep in another: none is lost by looking for names first."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor import engine
from advisor.config import Settings
from advisor.mentions import mentions
from advisor.project import Project
from advisor.target import detect

TASK = "from airflow.sdk import task\n{imports}\n\n\n@task\ndef work():\n    {body}\n"
LONG = "    time.sleep(600)\n"
PAUSE = {"lib": f"import time\n\n\ndef pause():\n{LONG}"}
POLLER = "import time\n\n\nclass Poller:\n    def {method}(self, *args):\n        time.sleep(600)\n"
OPERATOR = (
    "from airflow.providers.standard.operators.python import PythonOperator\n{imports}\n\n"
    "PythonOperator(task_id='a', {given})\n"
)

# name: (the DAG file, the modules beside it)
LEADS = {
    "a function": (
        TASK.format(imports="from lib import pause", body="pause()"),
        PAUSE,
    ),
    "under another name": (
        TASK.format(imports="from lib import pause as nap", body="nap()"),
        PAUSE,
    ),
    "of a module": (
        TASK.format(imports="import lib", body="lib.pause()"),
        PAUSE,
    ),
    "passed on by a second module": (
        TASK.format(imports="from facade import pause", body="pause()"),
        {"facade": "from lib import pause\n", **PAUSE},
    ),
    "through a function of a second module": (
        TASK.format(imports="from facade import work_hard", body="work_hard()"),
        {
            "facade": "from lib import pause\n\n\ndef work_hard():\n    pause()\n",
            **PAUSE,
        },
    ),
    "behind an inner function": (
        TASK.format(imports="from lib import pause", body="pause()"),
        {"lib": f"import time\n\n\ndef pause():\n    def inner():\n        return 1\n\n{LONG}"},
    ),
    "behind a text at the margin": (
        TASK.format(imports="from lib import pause", body="pause()"),
        {"lib": f'import time\n\n\ndef pause():\n    """\nselect 1\n"""\n{LONG}'},
    ),
    "a method": (
        TASK.format(imports="from lib import Poller", body="Poller().wait()"),
        {"lib": POLLER.format(method="wait")},
    ),
    "a method of an object": (
        TASK.format(imports="from lib import Poller", body="poller = Poller()\n    poller.wait()"),
        {"lib": POLLER.format(method="wait")},
    ),
    "a constructor": (
        TASK.format(imports="from lib import Poller", body="Poller()"),
        {"lib": POLLER.format(method="__init__")},
    ),
    "an object that is called": (
        TASK.format(imports="from lib import Poller", body="poller = Poller()\n    poller()"),
        {"lib": POLLER.format(method="__call__")},
    ),
    "a context": (
        TASK.format(imports="from lib import Poller", body="with Poller():\n        pass"),
        {"lib": POLLER.format(method="__enter__")},
    ),
    "a property": (
        TASK.format(imports="from lib import Poller", body="poller = Poller()\n    print(poller.done)"),
        {"lib": POLLER.format(method="done").replace("    def", "    @property\n    def")},
    ),
    "a method that is inherited": (
        TASK.format(imports="from lib import Mine", body="Mine().wait()"),
        {
            "lib": "from base import Poller\n\n\nclass Mine(Poller):\n    pass\n",
            "base": POLLER.format(method="wait"),
        },
    ),
    "a classmethod that is told how long": (
        TASK.format(imports="from lib import Poller", body="Poller.wait(600)"),
        {
            "lib": "import time\n\n\nclass Poller:\n    @classmethod\n    def wait(cls, seconds):\n"
            "        time.sleep(seconds)\n"
        },
    ),
    "another name in the module": (
        TASK.format(imports="from lib import nap", body="nap()"),
        {"lib": f"import time\n\n\ndef pause():\n{LONG}\n\nnap = pause\n"},
    ),
    "a function that is handed over": (
        "import time\nfrom airflow.sdk import task\n\n\ndef pause():\n    time.sleep(600)\n\n\ndef run(action):\n"
        "    action()\n\n\n@task\ndef work():\n    run(pause)\n",
        {},
    ),
    "an operator's callable": (
        OPERATOR.format(imports="from lib import pause", given="python_callable=pause"),
        PAUSE,
    ),
    "an operator's lambda": (
        OPERATOR.format(imports="import lib", given="python_callable=lambda: lib.pause()"),
        PAUSE,
    ),
    "an import over two lines": (
        TASK.format(imports="from lib import \\\n    pause", body="pause()"),
        PAUSE,
    ),
    "a star": (
        TASK.format(imports="from lib import *", body="pause()"),
        PAUSE,
    ),
    "handed back by a function of the file": (
        TASK.format(
            imports="import lib\n\n\ndef which():\n    return lib.pause", body="act = which()\n    act()"
        ),
        PAUSE,
    ),
    "a property of a class of the file": (
        TASK.format(
            imports="import time\n\n\nclass Poller:\n    @property\n    def done(self):\n        time.sleep(600)",
            body="poller = Poller()\n    return poller.done",
        ),
        {},
    ),
    "a constructor of a class of the file": (
        TASK.format(
            imports="from lib import pause\n\n\nclass Poller:\n    def __init__(self):\n        pause()",
            body="Poller()",
        ),
        PAUSE,
    ),
    "what a class of the file has of one behind it": (
        TASK.format(
            imports="import lib\n\n\nclass Mine(lib.Poller):\n    pass",
            body="Mine().wait()",
        ),
        {"lib": POLLER.format(method="wait")},
    ),
    "a lambda of the file": (
        TASK.format(imports="import lib\n\nnap = lambda: lib.pause()", body="nap()"),
        PAUSE,
    ),
    "a name for it in a class of the file": (
        TASK.format(
            imports="import lib\n\n\nclass Poller:\n    def __init__(self):\n        self.wait = lib.pause\n\n"
            "    def go(self):\n        self.wait()",
            body="Poller().go()",
        ),
        PAUSE,
    ),
    "a name that is not ASCII": (
        TASK.format(imports="from lib import pausé", body="pausé()"),
        {"lib": f"import time\n\n\ndef pausé():\n{LONG}"},
    ),
}


@pytest.mark.parametrize("name", LEADS)
def test_every_way_to_a_sleep_is_found(tmp_path: Path, name: str) -> None:
    text, modules = LEADS[name]
    for module, content in modules.items():
        (tmp_path / f"{module}.py").write_text(content)
    path = tmp_path / "dag.py"
    path.write_text(text)
    settings = Settings(root=tmp_path, select=("sleep-polling-task",))
    context = engine.prepare(settings, detect(tmp_path, settings, "3.3", True))
    found = engine.check(path.read_bytes(), str(path), context)
    assert [one.rule for one in found] == ["sleep-polling-task"]


def test_a_file_that_uses_nothing_of_it_is_not_led_there(tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text(
        f"import time\n\n\ndef pause():\n{LONG}\n\ndef add(a, b):\n    return a + b\n"
    )
    sleeps, path = mentions(Project(str(tmp_path)), b"sleep("), str(tmp_path / "dag.py")
    assert sleeps.led(path, b"from lib import pause\n\n\ndef f():\n    pause()\n")
    assert not sleeps.led(path, b"from lib import add\n\n\ndef f():\n    add(1, 2)\n")
    assert sleeps.leads(str(tmp_path / "lib.py")) == {b"sleep", b"pause"}


def test_modules_that_import_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import time\nimport b\n\n\ndef f():\n    b.g()\n    time.sleep(9)\n")
    (tmp_path / "b.py").write_text("import a\n\n\ndef g():\n    a.f()\n")
    sleeps = mentions(Project(str(tmp_path)), b"sleep(")
    assert (
        sleeps.leads(str(tmp_path / "a.py")) == sleeps.leads(str(tmp_path / "b.py")) == {b"sleep", b"f", b"g"}
    )
