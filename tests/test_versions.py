"""Advice holds for the versions that a project runs: real projects, checked with the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

S3 = 'from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor\nS3KeySensor(task_id="a", bucket_key="b"{more})\n'
UPSTREAM = (
    "from airflow.sensors.external_task import ExternalTaskSensor\n"
    'ExternalTaskSensor(task_id="a", external_dag_id="b"{more})\n'
)
TIME = 'from {module} import TimeSensor\nTimeSensor(task_id="a", target_time=x{more})\n'
TIME_ASYNC = 'from {module} import TimeSensorAsync\nTimeSensorAsync(task_id="a", target_time=x)\n'
EXTERNAL_ASYNC = (
    "from astronomer.providers.core.sensors.external_task import ExternalTaskSensorAsync\n"
    'ExternalTaskSensorAsync(task_id="a", external_dag_id="b")\n'
)
TRIGGER_OF_CORE = (
    "from airflow.operators.trigger_dagrun import TriggerDagRunOperator\n"
    'TriggerDagRunOperator(task_id="a", trigger_dag_id="b", wait_for_completion=True)\n'
)
CORE, STANDARD = "airflow.sensors.time_sensor", "airflow.providers.standard.sensors.time"


def findings(project: Path, code: str, *options: str) -> list[dict[str, Any]]:
    """The findings, as JSON has them, on a DAG file with this code in the project."""
    dag = project / "dags" / "dag.py"
    dag.parent.mkdir(exist_ok=True)
    dag.write_text(code)
    command = [sys.executable, "-m", "advisor", "check", "--output-format", "json", *options, str(dag)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project)
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return found


def said(project: Path, code: str, *options: str) -> list[tuple[str, str]]:
    """(rule, message) of each finding on a DAG file with this code in the project."""
    return [(finding["rule"], finding["message"]) for finding in findings(project, code, *options)]


GONE = (
    "from airflow.providers.google.cloud.sensors.bigquery import BigQueryTableExistenceAsyncSensor\n"
    'BigQueryTableExistenceAsyncSensor(task_id="a", project_id="p", dataset_id="d", table_id="t"{more})\n'
)


@pytest.mark.parametrize(
    ("requirements", "code", "rules"),
    [
        ("apache-airflow==2.6.3", UPSTREAM.format(more=""), ["poke-sensor"]),
        ("apache-airflow==2.7.0", UPSTREAM.format(more=""), ["missing-deferrable"]),
        ("apache-airflow==2.6.3", UPSTREAM.format(more=", deferrable=True"), ["unsupported-deferrable"]),
        ("", UPSTREAM.format(more=""), ["missing-deferrable"]),
        ("apache-airflow-providers-google==8.10.0", GONE.format(more=""), []),
        ("apache-airflow-providers-google==10.26.0", GONE.format(more=""), ["legacy-async-class"]),
        ("apache-airflow-providers-google==12.0.0", GONE.format(more=""), ["legacy-async-class"]),
        ("", GONE.format(more=", deferrable=True"), ["conflicting-deferrable", "legacy-async-class"]),
        ("apache-airflow-providers-amazon==8.1.0", S3.format(more=""), ["poke-sensor"]),
        ("apache-airflow-providers-amazon==8.2.0", S3.format(more=""), ["missing-deferrable"]),
        (
            "apache-airflow-providers-amazon==8.1.0",
            S3.format(more=", deferrable=True"),
            ["unsupported-deferrable"],
        ),
        (
            "apache-airflow-providers-amazon==8.1.0\nastronomer-providers==1.14",
            S3.format(more=""),
            ["sync-sensor"],
        ),
        (
            "apache-airflow-providers-amazon==9.0.0\nastronomer-providers==1.14",
            S3.format(more=""),
            ["missing-deferrable"],
        ),
        ("", TIME.format(module=CORE, more=""), ["sync-sensor"]),
        ("apache-airflow==2.10.5", TIME.format(module=CORE, more=""), ["sync-sensor"]),
        ("apache-airflow==3.3.2", TIME.format(module=CORE, more=""), ["missing-deferrable"]),
        ("", TIME.format(module=STANDARD, more=""), ["missing-deferrable"]),
        ("apache-airflow-providers-standard==1.2.0", TIME.format(module=STANDARD, more=""), ["sync-sensor"]),
        (
            "apache-airflow-providers-standard==1.3.0",
            TIME.format(module=STANDARD, more=""),
            ["missing-deferrable"],
        ),
        ("apache-airflow-providers-standard==1.2.0", TIME_ASYNC.format(module=STANDARD), []),
        (
            "apache-airflow-providers-standard==1.3.0",
            TIME_ASYNC.format(module=STANDARD),
            ["legacy-async-class"],
        ),
        ("apache-airflow==2.10.5", TIME_ASYNC.format(module=CORE), []),
        ("apache-airflow==2.8.4", EXTERNAL_ASYNC, ["legacy-async-class"]),
        ("apache-airflow==2.6.3", EXTERNAL_ASYNC, []),
        # The releases that take the flag need a newer Airflow.
        ("apache-airflow==2.9.0", TIME_ASYNC.format(module=STANDARD), []),
        ("apache-airflow==2.9.0", TIME.format(module=STANDARD, more=""), ["sync-sensor"]),
    ],
)
def test_pinned_versions_decide(tmp_path: Path, requirements: str, code: str, rules: list[str]) -> None:
    (tmp_path / "requirements.txt").write_text(requirements + "\n")
    assert [rule for rule, _ in said(tmp_path, code)] == rules


@pytest.mark.parametrize(
    ("requirements", "applicability"),
    [
        (
            "apache-airflow==3.0.2",
            "unsafe",
        ),  # its constraints have standard 1.2.0, where the flag is a TypeError
        ("apache-airflow==3.0.2\napache-airflow-providers-standard==1.3.0", "safe"),
        ("apache-airflow==3.1.0", "safe"),
        ("", "safe"),
    ],
)
def test_a_flag_is_not_safe_that_the_providers_of_an_airflow_may_lack(
    tmp_path: Path, requirements: str, applicability: str
) -> None:
    (tmp_path / "requirements.txt").write_text(requirements + "\n")
    (finding,) = findings(tmp_path, TIME.format(module=STANDARD, more=""))
    assert (finding["rule"], finding["fix"]["applicability"]) == ("missing-deferrable", applicability)


@pytest.mark.parametrize(
    ("requirements", "code", "caveat"),
    [
        ("", TRIGGER_OF_CORE, "`deferrable` needs Airflow 2.6.0, and nothing here tells its version"),
        ("apache-airflow==2.6.1", TRIGGER_OF_CORE, ""),
        ("apache-airflow==3.3.2", TRIGGER_OF_CORE, ""),
        ("", TRIGGER_OF_CORE.replace("airflow.operators", "airflow.providers.standard.operators"), ""),
    ],
)
def test_a_flag_of_airflow_2s_core_is_not_safe_where_nothing_tells_its_version(
    tmp_path: Path, requirements: str, code: str, caveat: str
) -> None:
    (tmp_path / "requirements.txt").write_text(requirements + "\n")
    (finding,) = findings(tmp_path, code)
    assert finding["fix"]["applicability"] == ("unsafe" if caveat else "safe")
    assert finding["fix"]["description"] == "add `deferrable=True`" + (f"; {caveat}" if caveat else "")


def test_what_imports_the_sdk_runs_on_airflow_3_where_nothing_tells_the_version(tmp_path: Path) -> None:
    sdk, plain = "from airflow.sdk import DAG\n", "from airflow import DAG\n"
    guarded = "try:\n    from airflow.sdk import DAG\nexcept ImportError:\n    from airflow import DAG\n"
    time, old = TIME.format(module=CORE, more=""), TIME_ASYNC.format(module=CORE)
    for head in (sdk, "import airflow.sdk\n", "from airflow import sdk\n", "import airflow.sdk as af\n"):
        assert [rule for rule, _ in said(tmp_path, head + time)] == ["missing-deferrable"]
        assert [rule for rule, _ in said(tmp_path, head + old)] == ["legacy-async-class"]
    inside = time + "def f():\n    from airflow.sdk import Variable\n"
    for unsure in (plain + time, guarded + time, inside):
        assert [rule for rule, _ in said(tmp_path, unsure)] == ["sync-sensor"]
    assert said(tmp_path, guarded + old) == []
    (tmp_path / "requirements.txt").write_text("apache-airflow==2.10.5\n")
    assert [rule for rule, _ in said(tmp_path, sdk + time)] == ["sync-sensor"]


def test_a_sensor_that_cannot_defer_says_from_when_on_it_can(tmp_path: Path) -> None:
    date = (
        'from airflow.sensors.date_time import DateTimeSensor\nDateTimeSensor(task_id="a", target_time=x)\n'
    )

    def cannot(code: str) -> str:
        [(rule, message)] = said(tmp_path, code)
        assert rule == "sync-sensor"
        return message.partition(" and ")[2].partition(";")[0]

    assert cannot(TIME.format(module=CORE, more="")) == "cannot defer before Airflow 3"
    assert cannot(TIME.format(module=CORE, more=", mode='reschedule'")) == "cannot defer before Airflow 3"
    assert cannot(date) == "cannot defer"
    (tmp_path / "requirements.txt").write_text("apache-airflow-providers-standard==1.2.0\n")
    standard = "apache-airflow-providers-standard 1.3.0"
    assert cannot(TIME.format(module=STANDARD, more="")) == f"cannot defer before {standard}"


def test_what_a_class_of_airflow_2_drops_when_it_defers(tmp_path: Path) -> None:
    code = UPSTREAM.format(more=", failed_states=['failed'], deferrable=True")
    told = [
        (
            "ignored-when-deferred",
            "ExternalTaskSensor defers: on Airflow 2 `failed_states` is not obeyed then",
        )
    ]
    (tmp_path / "requirements.txt").write_text("apache-airflow==2.10.5\n")
    assert said(tmp_path, code) == told
    newer = code.replace("airflow.sensors.external_task", "airflow.providers.standard.sensors.external_task")
    assert said(tmp_path, newer) == []
    assert said(tmp_path, UPSTREAM.format(more=", deferrable=True")) == []


def test_the_upgrade_that_brings_the_flag_is_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("apache-airflow-providers-amazon==8.1.0\n")
    [(_, message)] = said(tmp_path, S3.format(more=", deferrable=True"))
    assert "apache-airflow-providers-amazon 8.2.0" in message


def test_the_command_line_names_the_target_too(tmp_path: Path) -> None:
    code = UPSTREAM.format(more="")
    assert said(tmp_path, code, "--target-airflow", "2.6")[0][0] == "poke-sensor"
    assert [rule for rule, _ in said(tmp_path, code, "--target-airflow", "2.7")] == ["missing-deferrable"]


def test_an_airflow_too_old_for_the_provider_that_has_the_flag(tmp_path: Path) -> None:
    pod = (
        "from airflow.providers.cncf.kubernetes.operators.kubernetes_pod import KubernetesPodOperator\n"
        'KubernetesPodOperator(task_id="a", image="b")\n'
    )
    (tmp_path / "Dockerfile").write_text("FROM apache/airflow:2.2.2\n")
    assert said(tmp_path, pod) == []
    (tmp_path / "Dockerfile").write_text("FROM apache/airflow:2.3.0\n")
    assert [rule for rule, _ in said(tmp_path, pod)] == ["missing-deferrable"]


def test_a_configured_default_silences_what_honours_it(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM apache/airflow:2.10.5\nENV AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE=true\n"
    )
    assert said(tmp_path, UPSTREAM.format(more="")) == []
    (tmp_path / "Dockerfile").write_text("FROM apache/airflow:2.10.5\n")
    assert [rule for rule, _ in said(tmp_path, UPSTREAM.format(more=""))] == ["missing-deferrable"]


def test_without_a_triggerer_every_sensor_only_pokes(tmp_path: Path) -> None:
    (tmp_path / "dag-advisor.toml").write_text("triggerer = false\n")
    assert [rule for rule, _ in said(tmp_path, S3.format(more=""))] == ["poke-sensor"]
    assert said(tmp_path, S3.format(more=', mode="reschedule"')) == []
    assert [rule for rule, _ in said(tmp_path, TIME.format(module=CORE, more=""))] == ["poke-sensor"]
