"""`catalog scan` over projects, environments and wheels made for the test, by the command line."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

DEFERS = (
    "class {name}({base}):\n"
    "    def __init__(self, *, deferrable=False, **kwargs):\n"
    "        super().__init__(**kwargs)\n"
    "        self.deferrable = deferrable\n"
    "    def execute(self, context):\n"
    "        if self.deferrable:\n"
    "            self.defer(trigger=None, method_name='resume')\n"
)
OPERATOR = "from airflow.models import BaseOperator\n" + DEFERS.format(
    name="RunOperator", base="BaseOperator"
)
S3 = "airflow.providers.amazon.aws.sensors.s3"


def scan(*paths: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "advisor", "catalog", "scan", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def environment(root: Path) -> Path:
    """A virtual environment with one provider installed, as pip leaves it."""
    packages = root / "lib" / "python3.11" / "site-packages"
    write(
        packages,
        {
            "airflow/providers/acme/operators/run.py": OPERATOR,
            "airflow/providers/acme/__init__.py": "",
            "unrelated/broken.py": "class (:\n",
            "apache_airflow_providers_acme-2.3.1.dist-info/RECORD": (
                "airflow/providers/acme/__init__.py,,\nairflow/providers/acme/operators/run.py,sha256=x,10\n"
            ),
        },
    )
    (root / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return root


def test_a_project_with_bases_of_the_shipped_catalog(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "plugins/own.py": (
                f"from {S3} import S3KeySensor\nclass Own(S3KeySensor):\n    pass\n"
                "class Self(S3KeySensor):\n    def poke(self, context):\n        return True\n"
            ),
            "plugins/deeper.py": "from plugins.own import Own\nclass Deeper(Own):\n    ui_color = 'red'\n",
            "plugins/run.py": OPERATOR,
            "plugins/no_operator.py": "class Config(dict):\n    pass\n",
        },
    )
    code, out, err = scan(tmp_path)
    assert (code, err) == (0, "")
    assert out == (
        f"{tmp_path}\n"
        f"  plugins.deeper.Deeper  sensor; deferrable flag; as {S3}.S3KeySensor\n"
        f"  plugins.own.Own  sensor; deferrable flag; as {S3}.S3KeySensor\n"
        f"  plugins.own.Self  sensor; not judged, goes its own way from {S3}.S3KeySensor\n"
        "  plugins.run.RunOperator  operator; deferrable flag\n"
        "\n4 classes: 3 with the deferrable flag, 0 always deferring, 0 never, 1 not judged\n"
    )


@pytest.mark.parametrize("inside", ["", "lib/python3.11/site-packages"])
def test_an_environment_tells_the_versions(tmp_path: Path, inside: str) -> None:
    code, out, err = scan(environment(tmp_path) / inside)
    assert (code, err) == (0, "")
    assert out.startswith(
        "apache-airflow-providers-acme 2.3.1\n"
        "  airflow.providers.acme.operators.run.RunOperator  operator; deferrable flag\n"
    )


def test_the_project_beside_its_environment(tmp_path: Path) -> None:
    """The installed version of a base counts; an environment in the project is no code of the project."""
    venv = environment(tmp_path / "project" / "venv")
    write(
        tmp_path / "project",
        {
            "own.py": "from airflow.providers.acme.operators.run import RunOperator as Base\n"
            "class Own(Base):\n    pass\n"
        },
    )
    code, out, err = scan(tmp_path / "project", venv)
    assert (code, err) == (0, "")
    assert f"{tmp_path / 'project'}\n  own.Own  operator; deferrable flag\n" in out
    assert out.count("RunOperator") == 1


def test_an_installed_version_of_a_known_class_is_read_and_not_looked_up(tmp_path: Path) -> None:
    old = "from airflow.sensors.base import BaseSensorOperator\nclass S3KeySensor(BaseSensorOperator):\n    pass\n"
    write(tmp_path, {f"{S3.replace('.', '/')}.py": old})
    code, out, _ = scan(tmp_path)
    assert code == 0
    assert f"  {S3}.S3KeySensor  sensor; never defers\n" in out


def test_airflow_2_has_its_bases_elsewhere(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "airflow/models/baseoperator.py": "class BaseOperator:\n    def __init__(self, task_id):\n        pass\n",
            "airflow/sensors/base.py": (
                "from airflow.models.baseoperator import BaseOperator\nclass BaseSensorOperator(BaseOperator):\n"
                "    def execute(self, context):\n        self.poke(context)\n"
            ),
            "airflow/sensors/own.py": "from airflow.sensors.base import BaseSensorOperator\n"
            + DEFERS.format(name="WaitSensor", base="BaseSensorOperator"),
        },
    )
    code, out, _ = scan(tmp_path)
    assert code == 0
    assert "  airflow.sensors.own.WaitSensor  sensor; deferrable flag\n" in out


def test_a_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "acme_provider-1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("acme/run.py", OPERATOR)
    code, out, _ = scan(wheel)
    assert code == 0
    assert out.startswith("acme-provider 1.2\n  acme.run.RunOperator  operator; deferrable flag\n")


def test_files_that_do_not_parse_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"good.py": OPERATOR, "bad.py": "class (:\n"})
    code, out, _ = scan(tmp_path)
    assert code == 0
    assert out.endswith(f"not parsed: {tmp_path / 'bad.py'}\n")


def test_nothing_there(tmp_path: Path) -> None:
    assert scan(tmp_path) == (0, "no operator, sensor or transfer classes\n", "")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "the path does not exist"),
        ("dag.py", "give a folder"),
        ("broken.whl", "can't be unzipped"),
        ("empty", "without a site-packages folder"),
    ],
)
def test_paths_that_cannot_be_scanned(tmp_path: Path, name: str, message: str) -> None:
    write(tmp_path, {"dag.py": "", "broken.whl": "x", "empty/pyvenv.cfg": ""})
    code, out, err = scan(tmp_path / name)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_without_a_path(tmp_path: Path) -> None:
    code, _, err = scan()
    assert code == 2
    assert "catalog scan PATH..." in err
