"""The configured environment: versions from what is installed, and the facts of classes as they are installed."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from advisor import engine
from advisor.cachefolder import NAME
from advisor.catalog.local import LocalCatalog
from advisor.catalog.lookup import Catalog
from advisor.config import ConfigError, Settings, load
from advisor.environment import environment, packages_of
from advisor.target import detect

# Airflow 2 as far as a provider's class needs it.
AIRFLOW_2 = {
    "airflow/__init__.py": "",
    "airflow/models/__init__.py": "",
    "airflow/models/baseoperator.py": """
class BaseOperator:
    def __init__(self, task_id, retries=0, execution_timeout=None, **kwargs):
        self.task_id = task_id

    def execute(self, context):
        raise NotImplementedError()

    def defer(self, *, trigger, method_name, kwargs=None, timeout=None):
        raise TaskDeferred()
""",
    "airflow/sensors/__init__.py": "",
    "airflow/sensors/base.py": """
from airflow.models.baseoperator import BaseOperator


class BaseSensorOperator(BaseOperator):
    def __init__(self, *, poke_interval=60, timeout=604800, mode="poke", **kwargs):
        super().__init__(**kwargs)
        self.poke_interval = poke_interval
        self.timeout = timeout

    def execute(self, context):
        while not self.poke(context):
            time.sleep(self.poke_interval)
""",
}
HTTP_SENSOR = """
from airflow.sensors.base import BaseSensorOperator


class HttpSensor(BaseSensorOperator):
    def __init__(self, *, endpoint, method="GET", deferrable=False, **kwargs):
        super().__init__(**kwargs)
        self.endpoint = endpoint
        self.method = method
        self.deferrable = deferrable

    def poke(self, context):
        return HttpHook(self.method).run(self.endpoint)

    def execute(self, context):
        if not self.deferrable:
            super().execute(context=context)
        else:
            self.defer(
                trigger=HttpSensorTrigger(endpoint=self.endpoint, poke_interval=self.poke_interval),
                method_name="execute_complete",
            )
"""
ACME = """
from airflow.models.baseoperator import BaseOperator
from airflow.providers.http.sensors.http import HttpSensor


class AcmeJobOperator(BaseOperator):
    def __init__(self, *, job, wait_for_completion=True, deferrable=False, **kwargs):
        super().__init__(**kwargs)
        self.job = job
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable

    def execute(self, context):
        hook = AcmeHook()
        run = hook.start(self.job)
        if not self.wait_for_completion:
            return run
        if self.deferrable:
            self.defer(trigger=AcmeTrigger(run=run), method_name="execute_complete")
        return hook.wait_for_job(run)


class AcmeReadySensor(HttpSensor):
    def poke(self, context):
        return super().poke(context) and self.own_look()


class AcmePage:
    pass
"""


def install(folder: Path, name: str, version: str, files: dict[str, str], requires: str = "") -> None:
    """Put a distribution into site-packages, as pip leaves it there."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata + (f"Requires-Dist: {requires}\n" if requires else ""))
    rows = [f"{path},sha256={abs(hash(text))},{len(text)}" for path, text in files.items()]
    (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/METADATA,,", f"{info.name}/RECORD,,"]))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a virtual environment: Airflow 2.9.1, an older http provider, a package of the house."""
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    install(packages, "apache-airflow", "2.9.1", AIRFLOW_2)
    http = {"airflow/providers/http/sensors/http.py": HTTP_SENSOR}
    install(packages, "apache-airflow-providers-http", "4.10.0", http, "apache-airflow>=2.6")
    acme = {"acme/__init__.py": "", "acme/operators.py": ACME}
    install(packages, "acme-airflow", "1.0", acme, "apache-airflow>=2.7")
    install(packages, "requests", "2.32.3", {"requests/__init__.py": "class Sensor(BaseOperator): pass"})
    (tmp_path / "dag-advisor.toml").write_text('environment = ".venv"\n')
    (tmp_path / "dags").mkdir()
    return tmp_path


DAG = """
from airflow import DAG
from airflow.providers.http.sensors.http import HttpSensor
from acme.operators import AcmeJobOperator, AcmePage, AcmeReadySensor

with DAG("one"):
    HttpSensor(task_id="http", endpoint="/", response_check=len)
    AcmeJobOperator(task_id="acme", job="a")
    AcmeJobOperator(task_id="started", job="a", wait_for_completion=False)
    AcmeReadySensor(task_id="ready", endpoint="/")
    AcmePage()
"""


def run(project: Path, *options: str, command: str = "check") -> subprocess.CompletedProcess[str]:
    (project / "dags" / "one.py").write_text(DAG)
    return subprocess.run(
        [sys.executable, "-m", "advisor", command, "dags", *options],
        cwd=project, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def findings(project: Path, *options: str) -> list[tuple[int, str]]:
    done = run(project, "--output-format", "json", *options)
    assert done.stderr == ""
    return [(found["line"], found["rule"]) for found in json.loads(done.stdout)["findings"]]


EXPECTED = [(7, "missing-deferrable"), (8, "missing-deferrable")]


def test_versions_come_from_the_environment(project: Path) -> None:
    (project / "requirements.txt").write_text(
        "apache-airflow==2.10.2\napache-airflow-providers-http==5.0.0\n"
    )
    settings = load(project, None, False)
    assert settings.environment == ".venv"
    target = detect(project, settings, None, False)
    assert (target.airflow, target.source) == ((2, 9, 1), ".venv")
    assert target.provider_version("apache-airflow-providers-http") == (4, 10, 0)
    assert target.depends_on("acme_airflow")
    assert ("apache-airflow 2.9.1", ".venv") in target.found
    document = json.loads(run(project, "--output-format", "json").stdout)
    assert document["target"] == {"airflow": "2.9.1", "source": ".venv"}


def test_what_is_named_on_the_command_line_or_beside_it_wins(project: Path) -> None:
    settings = load(project, None, False)
    assert detect(project, settings, "3.1", False).environment == ""
    assert detect(project, settings, "3.1", False).airflow == (3, 1)
    (project / "dag-advisor.toml").write_text('environment = ".venv"\ntarget-airflow = "2.10"\n')
    both = detect(project, load(project, None, False), None, False)
    assert (both.airflow, both.source) == ((2, 10), "config")
    assert both.provider_version("apache-airflow-providers-http") == (4, 10, 0)


def test_an_environment_without_airflow_leaves_its_version_to_the_project(project: Path) -> None:
    packages = project / "vendor"
    install(packages, "acme-airflow", "2.0", {"acme/__init__.py": ""})
    (project / "dag-advisor.toml").write_text('environment = "vendor"\n')
    (project / "requirements.txt").write_text("apache-airflow==2.10.2\n")
    target = detect(project, load(project, None, False), None, False)
    assert (target.airflow, target.source) == ((2, 10, 2), "requirements.txt")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("gone", "`environment`: gone: the folder does not exist"),
        ("dags", "`environment`: dags: neither a virtual environment nor a site-packages folder"),
        ("empty", "`environment`: empty: a virtual environment without a site-packages folder"),
        ("dag-advisor.toml", "`environment`: dag-advisor.toml: not a folder"),
    ],
)
def test_what_is_no_environment_is_refused(project: Path, written: str, told: str) -> None:
    (project / "empty").mkdir()
    (project / "empty" / "pyvenv.cfg").write_text("")
    (project / "dag-advisor.toml").write_text(f'environment = "{written}"\n')
    with pytest.raises(ConfigError, match="environment") as refused:
        load(project, None, False)
    assert str(refused.value).endswith(told)
    done = run(project)
    assert done.returncode == 2
    assert told in done.stderr
    assert run(project, "--isolated").returncode == 0


def test_a_path_is_relative_to_the_configuration_and_may_be_site_packages(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = next((project / ".venv").glob("lib/*/site-packages"))
    assert packages_of(project / ".venv") == [packages] == packages_of(packages)
    monkeypatch.chdir(project / "dags")
    (project / "dag-advisor.toml").write_text(f'environment = "{packages.relative_to(project)}"\n')
    assert detect(project, load(project / "dags", None, False), None, False).airflow == (2, 9, 1)


def test_classes_are_judged_as_they_are_installed(project: Path) -> None:
    # The installed HttpSensor knows no response_check that would keep it from deferring.
    assert findings(project) == EXPECTED
    assert findings(project, "--no-cache") == EXPECTED
    assert findings(project, "--isolated") == []


def test_a_flag_that_came_before_its_trigger_is_not_believed(project: Path) -> None:
    packages = next((project / ".venv").glob("lib/*/site-packages"))
    info = packages / "apache_airflow_providers_http-4.10.0.dist-info"
    os.rename(info, packages / "apache_airflow_providers_http-4.8.0.dist-info")
    assert (7, "missing-deferrable") not in findings(project)
    assert (8, "missing-deferrable") in findings(project)


def test_a_fix_on_a_class_that_nobody_has_read_is_unsafe(project: Path) -> None:
    run(project, command="fix")
    text = (project / "dags" / "one.py").read_text()
    assert 'AcmeJobOperator(task_id="acme", job="a")' in text
    run(project, "--unsafe-fixes", command="fix")
    text = (project / "dags" / "one.py").read_text()
    assert 'AcmeJobOperator(task_id="acme", job="a", deferrable=True)' in text
    assert 'AcmeReadySensor(task_id="ready", endpoint="/")' in text


def test_only_what_belongs_to_airflow_is_looked_at(project: Path) -> None:
    catalog = LocalCatalog(str(project / ".venv"), None)
    assert {"AcmeJobOperator", "AcmeReadySensor"} <= catalog.names()
    assert not {"AcmePage", "Sensor"} & catalog.names()
    assert catalog.resolve("acme.operators.AcmeJobOperator") == "acme.operators.AcmeJobOperator"
    assert catalog.resolve("acme.operators.AcmePage") is None
    assert catalog.resolve("requests.Sensor") is None
    facts = catalog.get("acme.operators.AcmeJobOperator")
    assert facts is not None
    assert (facts.provider, facts.deferral, facts.wait_parameters) == (
        "acme-airflow",
        "flag",
        ("wait_for_completion",),
    )
    sensor = catalog.get("airflow.providers.http.sensors.http.HttpSensor")
    assert sensor is not None
    assert sensor.parameter("response_check") is None
    # what the environment does not hold is known from the shipped catalog
    name = "airflow.providers.amazon.aws.sensors.s3.S3KeySensor"
    assert (
        catalog.get(name)
        == catalog.get("airflow.providers.amazon.aws.sensors.s3_key.S3KeySensor")
        is not None
    )


def cached(project: Path) -> list[Path]:
    return sorted((project / NAME / "environment").rglob("*.json"))


def test_the_second_run_reads_what_the_first_one_kept(project: Path) -> None:
    assert findings(project) == EXPECTED
    kept = cached(project)
    assert len(kept) >= 4
    times = [path.stat().st_mtime_ns for path in kept]
    script = (
        "import sys; from advisor.cli import main; main(['check', 'dags', '-q']);"
        "assert 'advisor.catalog.extract' not in sys.modules and 'ast' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=project, check=True, timeout=60)
    assert [path.stat().st_mtime_ns for path in kept] == times


def test_a_changed_package_is_read_again(project: Path) -> None:
    assert findings(project) == EXPECTED
    packages = Path(environment(str(project / ".venv")).folders[0])
    info = packages / "acme_airflow-1.0.dist-info"
    os.rename(info, packages / "acme_airflow-1.1.dist-info")
    source = packages / "acme" / "operators.py"
    source.write_text(source.read_text().replace("wait_for_completion=True", "wait_for_completion=False"))
    environment.cache_clear()
    assert findings(project) == [(7, "missing-deferrable")]


@pytest.mark.parametrize("damage", [b"", b"{}", b"00000000\n{}", b"\xff\xfe\x00", None])
def test_a_broken_cache_is_no_error(project: Path, damage: bytes | None) -> None:
    findings(project)
    for path in cached(project):
        path.write_bytes(path.read_bytes()[:-40] if damage is None else damage)
    assert findings(project) == EXPECTED
    assert findings(project) == EXPECTED


def test_where_nothing_can_be_kept_it_works_too(project: Path) -> None:
    (project / NAME).write_text("not a folder")
    assert findings(project) == EXPECTED
    (project / NAME).unlink()
    (project / NAME).mkdir()
    (project / NAME / "environment").write_text("not a folder")
    assert findings(project) == EXPECTED


def test_no_cache_writes_none(project: Path) -> None:
    findings(project, "--no-cache")
    assert not (project / NAME).exists()


def test_several_at_once_do_not_disturb_each_other(project: Path) -> None:
    (project / "dags" / "one.py").write_text(DAG)
    command = [sys.executable, "-m", "advisor", "check", "dags", "--output-format", "json"]
    runs = [subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE) for _ in range(3)]
    outputs = {run.communicate(timeout=60)[0] for run in runs}
    assert len(outputs) == 1
    assert findings(project) == EXPECTED
    assert not list((project / NAME).rglob("*.tmp"))


def test_the_catalog_travels_to_another_process(project: Path) -> None:
    settings = load(project, None, False)
    context = engine.prepare(settings, detect(project, settings, None, False))
    assert isinstance(context.catalog, LocalCatalog)
    there = pickle.loads(pickle.dumps(context.catalog))
    assert there.fingerprint == context.catalog.fingerprint
    assert there.names() == context.catalog.names()


def test_without_the_key_nothing_is_looked_at(project: Path) -> None:
    (project / "dag-advisor.toml").write_text("")
    settings = load(project, None, False)
    assert settings == Settings(root=project, source=settings.source)
    target = detect(project, settings, None, False)
    assert target.environment == ""
    assert type(engine.prepare(settings, target).catalog) is Catalog
