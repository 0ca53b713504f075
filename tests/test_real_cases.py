"""Calls as public DAG repositories hold them, each of which was once judged wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor import cli
from advisor.text import duration


def check(
    text: str, root: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> list[dict[str, object]]:
    """The findings of the command line on a file with this text, as its JSON has them."""
    path = root / "dag.py"
    path.write_text(text)
    cli.main(["check", "--isolated", "--no-cache", "--output-format", "json", *options, str(path)])
    findings: list[dict[str, object]] = json.loads(capsys.readouterr().out)["findings"]
    return findings


DATAFLOW = """\
from airflow.providers.google.cloud.operators.dataflow import DataflowTemplatedJobStartOperator

DataflowTemplatedJobStartOperator(task_id="a", template="gs://t/Word_Count", location="eu"{more})
"""


@pytest.mark.parametrize(
    ("more", "applicability"),
    [
        ("", "unsafe"),
        (", wait_until_finished=True", "display-only"),
        (", wait_until_finished=chosen()", None),
    ],
)
def test_no_fix_that_makes_the_dag_fail_when_parsed(
    more: str, applicability: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = check(DATAFLOW.format(more=more), tmp_path, capsys)
    fixes = [finding["fix"] for finding in findings if finding["rule"] == "missing-deferrable"]
    if applicability is None:  # whether it waits is unknown
        assert not fixes
    else:
        assert [fix["applicability"] for fix in fixes if isinstance(fix, dict)] == [applicability]


@pytest.mark.parametrize(
    ("more", "method"),
    [("", "the default method"), (', method="POST"', "POST"), (', method="PATCH"', "PATCH")],
)
def test_one_finding_for_a_request_that_may_be_sent_twice(
    more: str, method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "from airflow.providers.http.operators.http import HttpOperator\n\n"
    text += f'HttpOperator(task_id="post", endpoint="jobs", deferrable=True{more})\n'
    findings = check(text, tmp_path, capsys)
    assert [finding["rule"] for finding in findings] == ["non-idempotent-deferral"]
    assert method in str(findings[0]["message"])


@pytest.mark.parametrize(
    ("more", "severity", "word"),
    [("", "warning", "holds a worker slot"), (', mode="reschedule"', "advice", "for every poke")],
)
def test_a_rescheduled_sensor_holds_no_slot(
    more: str, severity: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "from airflow.sensors.date_time import DateTimeSensor\n\n"
    text += f'DateTimeSensor(task_id="wake", target_time="{{{{ data_interval_end }}}}"{more})\n'
    findings = check(text, tmp_path, capsys)
    assert [(f["rule"], f["severity"]) for f in findings] == [("sync-sensor", severity)]
    assert word in str(findings[0]["message"])


CONTINUED = """\
from datetime import timedelta
from airflow import DAG
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor, \\
    S3KeysUnchangedSensor

S3KeySensor(task_id="found", \\
    bucket_key="x")
S3KeySensor.partial(task_id="found", \\
    timeout=600).expand(bucket_key=["a", \\
    "b"])
S3KeySensor(task_id="short", bucket_key="x", timeout=timedelta(\\
    seconds=30))
S3KeySensor(task_id="short", bucket_key="x", timeout=(10 * \\
    3))
with DAG("deferred", default_args={"owner": "data", \\
        "deferrable": True}):
    S3KeySensor(task_id="deferred", bucket_key="x")
"""


def test_lines_joined_by_a_backslash_are_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings = check(CONTINUED, tmp_path, capsys)
    assert [(f["rule"], f["line"]) for f in findings] == [
        ("missing-deferrable", 6),
        ("missing-deferrable", 8),
    ]


CORE = "airflow.sensors.external_task"
STANDARD = "airflow.providers.standard.sensors.external_task"


@pytest.mark.parametrize(
    ("module", "target", "more", "applicability"),
    [
        (CORE, "2.10.5", "", "safe"),
        (CORE, "2.10.5", ', failed_states=["failed"]', "unsafe"),
        (CORE, "2.11.2", ", timeout=6 * 60 * 60", "unsafe"),
        (CORE, "2.10.5", ", check_existence=True", "unsafe"),
        (CORE, "2.10.5", ", check_existence=False", "safe"),
        (STANDARD, "3.2", ', failed_states=["failed"], timeout=6 * 60 * 60', "safe"),
    ],
)
def test_the_deferred_sensor_of_airflow_2s_core_drops_arguments(
    module: str,
    target: str,
    more: str,
    applicability: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = f"from {module} import ExternalTaskSensor\n\n"
    text += f'ExternalTaskSensor(task_id="wait", external_dag_id="load"{more})\n'
    (finding,) = check(text, tmp_path, capsys, "--target-airflow", target)
    fix = finding["fix"]
    assert isinstance(fix, dict)
    assert fix["applicability"] == applicability


def test_json_tells_what_an_unsafe_fix_may_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor\n\n"
    text += 'S3KeySensor(task_id="wait", bucket_key="s3://exports/x")\n'
    (finding,) = check(text, tmp_path, capsys)
    fix = finding["fix"]
    assert isinstance(fix, dict)
    assert fix["applicability"] == "unsafe"
    assert fix["description"].startswith("add `deferrable=True`; ")
    assert "aiobotocore" in fix["description"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(119, "119 s"), (200, "3 min 20 s"), (300, "5 min"), (1000, "17 min"), (5400, "1 h 30 min")],
)
def test_a_wait_of_minutes_is_told_to_the_second(seconds: float, words: str) -> None:
    assert duration(seconds) == words


LIVY = "astronomer.providers.apache.livy.operators.livy", "LivyOperatorAsync"
REDSHIFT = "astronomer.providers.amazon.aws.operators.redshift_cluster", "RedshiftPauseClusterOperatorAsync"


@pytest.mark.parametrize(
    ("legacy", "arguments", "applicability"),
    [
        (LIVY, 'file="job.jar"', "display-only"),
        (LIVY, 'file="job.jar", polling_interval=30', "safe"),
        (REDSHIFT, 'cluster_identifier="c"', "display-only"),
        (REDSHIFT, 'cluster_identifier="c", wait_for_completion=True', "safe"),
    ],
)
def test_a_legacy_class_that_waits_for_nothing_is_not_exchanged_for_one_that_is_inert(
    legacy: tuple[str, str],
    arguments: str,
    applicability: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = f'from {legacy[0]} import {legacy[1]}\n\n{legacy[1]}(task_id="x", {arguments})\n'
    (finding,) = check(text, tmp_path, capsys)
    fix = finding["fix"]
    assert isinstance(fix, dict)
    assert fix["applicability"] == applicability
    if applicability == "safe":
        assert cli.main(["fix", "--isolated", "--no-cache", "--quiet", str(tmp_path / "dag.py")]) == 0
        assert "Async" not in (tmp_path / "dag.py").read_text()


BIGQUERY = """\
from airflow import DAG
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor

with DAG("d"{dag}):
    {call}
"""
INSERT = 'BigQueryInsertJobOperator(task_id="q", location="EU", configuration={{"query": {{}}}}{more})'
SENSOR = 'GCSObjectExistenceSensor(task_id="s", bucket="b", object="o"{more})'
TIS = "before Airflow 3.3, `max_active_tis_per_dag` does not count deferred tasks"


@pytest.mark.parametrize(
    ("dag", "call", "more", "airflow", "caveat"),
    [
        ("", INSERT, ', pool="bigquery"', "3.3", "it holds no slot of its `pool`"),
        (', default_args={"pool": POOL}', INSERT, "", "3.3", "it holds no slot of its `pool`"),
        ("", INSERT, ', pool="default_pool"', "3.3", ""),
        ("", SENSOR, ', pool="sensors"', "3.3", ""),
        ("", INSERT, ", max_active_tis_per_dag=1", "2.11", TIS),
        ("", INSERT, ", max_active_tis_per_dag=1", "3.3", ""),
        (
            ", max_active_tasks=4",
            INSERT,
            "",
            "3.3",
            "the DAG's `max_active_tasks` does not count deferred tasks",
        ),
        (", max_active_tasks=4", SENSOR, "", "3.3", ""),
        (", max_active_runs=1", INSERT, "", "3.3", ""),
    ],
)
def test_a_limit_that_deferred_tasks_are_not_counted_in_makes_the_fix_of_an_operator_unsafe(
    dag: str,
    call: str,
    more: str,
    airflow: str,
    caveat: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = BIGQUERY.format(dag=dag, call=call.format(more=more))
    (finding,) = check(text, tmp_path, capsys, "--target-airflow", airflow)
    fix = finding["fix"]
    assert isinstance(fix, dict)
    assert fix["applicability"] == ("unsafe" if caveat else "safe")
    assert caveat in fix["description"]


@pytest.mark.parametrize(
    ("more", "waits"),
    [
        ("", True),
        (", wait_for_completion=False", True),  # for the cluster, which its nodegroup needs
        (", compute=None", False),
        (", compute=None, wait_for_completion=True", True),
        (", compute=chosen()", False),  # unknown
    ],
)
def test_a_cluster_without_compute_is_not_waited_for(
    more: str, waits: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "from airflow.providers.amazon.aws.operators.eks import EksCreateClusterOperator\n\n"
    text += 'EksCreateClusterOperator(task_id="x", cluster_name="c", cluster_role_arn="r", resources_vpc_config={}'
    assert bool(check(f"{text}{more})\n", tmp_path, capsys)) == waits


def test_a_trigger_that_names_the_original_of_its_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "from airflow.triggers.base import BaseTrigger, TriggerEvent\n\n\n"
        "class DateTimeTrigger(BaseTrigger):\n"
        "    def __init__(self, moment):\n        super().__init__()\n        self.moment = moment\n\n"
        "    def serialize(self):\n"
        '        return "airflow.triggers.temporal.DateTimeTrigger", {"moment": self.moment}\n\n'
        "    async def run(self):\n        yield TriggerEvent(self.moment)\n"
    )
    (finding,) = check(text, tmp_path, capsys, "--select", "trigger-serialization")
    assert str(finding["message"]).endswith("the triggerer runs another class, or finds none")


def test_work_that_the_worker_does_itself_is_not_said_to_be_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "from airflow.providers.sftp.operators.sftp import SFTPOperator\n\n"
    text += 'SFTPOperator(task_id="up", ssh_conn_id="a", local_filepath="/nfs/a", remote_filepath="/a")\n'
    message = str(check(text, tmp_path, capsys)[0]["message"])
    assert "until its work is done" in message
    assert "elsewhere" not in message


def test_a_person_is_given_as_little_time_as_the_author_likes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "from datetime import timedelta\n"
    text += "from airflow.providers.standard.operators.hitl import HITLOperator\n\n"
    text += 'HITLOperator(task_id="rate", subject="Rate", options=["a"], defaults=["a"],\n'
    text += "    execution_timeout=timedelta(seconds=5))\n"
    assert not check(text, tmp_path, capsys)


RESCHEDULED = """\
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sensors.external_task import ExternalTaskSensor

ExternalTaskSensor(task_id="a", external_dag_id="b", failed_states=["failed"], timeout=28800{more})
S3KeySensor(task_id="key", bucket_key="s3://a/b"{more})
"""


@pytest.mark.parametrize(("more", "kind"), [("", "unsafe"), (', mode="reschedule"', "display-only")])
def test_what_may_change_is_said_of_a_rescheduled_sensor_too(
    more: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = check(RESCHEDULED.format(more=more), tmp_path, capsys, "--target-airflow", "2.11")
    fixes = [fix for finding in findings if isinstance(fix := finding["fix"], dict)]
    assert [fix["applicability"] for fix in fixes] == [kind, kind]
    assert fixes[0]["description"].endswith("does not obey `failed_states`, `timeout`")
    assert "aiobotocore" in fixes[1]["description"]


def test_a_provider_that_may_be_too_old_is_told_beside_what_a_deferral_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "from airflow.providers.http.operators.http import SimpleHttpOperator\n\n"
        'SimpleHttpOperator(task_id="ask", endpoint="jobs", method="GET")\n'
    )
    (finding,) = check(text, tmp_path, capsys)
    fix = finding["fix"]
    assert isinstance(fix, dict)
    assert fix["applicability"] == "unsafe"
    assert "the request itself is sent by the triggerer" in fix["description"]
    assert fix["description"].endswith("`deferrable` needs apache-airflow-providers-http 4.7.0")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('poke_interval=3, timeout=3600, mode="reschedule"', ["short-reschedule"]),
        ('poke_interval=60, timeout=3600, mode="poke"', ["poke-sensor"]),
        ("poke_interval=60, timeout=3600", []),  # the DAG that calls it may give the mode
        ('poke_interval=60, mode="reschedule"', []),
        ('poke_interval=3, mode="reschedule", **more', []),
    ],
)
def test_a_sensor_made_of_a_function_is_one_like_any_other(
    given: str, said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"from airflow.decorators import task\n\n\n@task.sensor({given})\ndef job_is_done(job):\n    return True\n"
    assert [finding["rule"] for finding in check(text, tmp_path, capsys)] == said
    coroutine = text.replace(
        "def job", "async def job"
    )  # succeeds at once, so that its interval is no matter
    assert not {"short-reschedule", "poke-sensor"} & {f["rule"] for f in check(coroutine, tmp_path, capsys)}


DEFERRED = {
    "BigQueryInsertJobOperator": "google.cloud.operators.bigquery",
    "BigQueryCheckOperator": "google.cloud.operators.bigquery",
    "GCSToBigQueryOperator": "google.cloud.transfers.gcs_to_bigquery",
    "GCSObjectExistenceSensor": "google.cloud.sensors.gcs",
    "DataflowJobStatusSensor": "google.cloud.sensors.dataflow",
    "DataprocSubmitJobOperator": "google.cloud.operators.dataproc",
    "KubernetesPodOperator": "cncf.kubernetes.operators.pod",
    "KubernetesJobOperator": "cncf.kubernetes.operators.job",
    "DatabricksRunNowOperator": "databricks.operators.databricks",
    "SnowflakeSqlApiOperator": "snowflake.operators.snowflake",
    "ExternalTaskSensor": "standard.sensors.external_task",
    "TriggerDagRunOperator": "standard.operators.trigger_dagrun",
}
TASKS = 'external_dag_id="d", external_task_ids=["a", "b"], '
RESET = 'trigger_dag_id="d", wait_for_completion=True, reset_dag_run=True'


@pytest.mark.parametrize(
    ("name", "arguments", "caveat"),
    [
        ("BigQueryInsertJobOperator", "configuration={}", "looked up by its location"),
        ("BigQueryInsertJobOperator", 'configuration={}, location="europe-west1"', ""),
        ("BigQueryInsertJobOperator", "configuration={}, location=REGION", ""),
        ("BigQueryInsertJobOperator", 'configuration={}, location="EU", result_timeout=60', "result_timeout"),
        ("GCSToBigQueryOperator", 'bucket="b", source_objects=["o"]', "looked up by its location"),
        ("BigQueryCheckOperator", 'sql="SELECT 1", location="US"', ""),
        ("BigQueryCheckOperator", 'sql="SELECT 1", location="europe-west1"', "without its location"),
        ("GCSObjectExistenceSensor", 'bucket="b", object="o"', ""),
        ("GCSObjectExistenceSensor", 'bucket="b", object="o", soft_fail=True', "on any error of the trigger"),
        ("GCSObjectExistenceSensor", 'bucket="b", object="o", soft_fail=False', ""),
        ("GCSObjectExistenceSensor", 'bucket="b", object="o", silent_fail=True', "silent_fail"),
        (
            "DataflowJobStatusSensor",
            'job_id="j", expected_statuses={"d"}, poke_interval=300',
            "poll_interval",
        ),
        ("DataprocSubmitJobOperator", 'job={}, region="r"', "unless project_id is given here"),
        ("DataprocSubmitJobOperator", 'job={}, region="r", project_id=PROJECT', ""),
        ("KubernetesPodOperator", 'image="i"', ""),
        ("KubernetesPodOperator", 'image="i", do_xcom_push=True', "succeeds without its XCom"),
        (
            "KubernetesJobOperator",
            'wait_until_job_complete=True, config_file="/k"',
            "triggerer's file system",
        ),
        ("DatabricksRunNowOperator", "job_id=1", ""),
        ("DatabricksRunNowOperator", "job_id=1, repair_run=True", "even where the run has succeeded"),
        ("SnowflakeSqlApiOperator", 'sql="SELECT 1", authenticator="oauth"', "without authenticator"),
        ("ExternalTaskSensor", TASKS, ""),
        ("ExternalTaskSensor", TASKS + 'failed_states=["failed"]', "only once all of external_task_ids"),
        ("ExternalTaskSensor", 'external_dag_id="d", failed_states=["failed"]', ""),
        ("TriggerDagRunOperator", RESET, ""),
        ("TriggerDagRunOperator", RESET + ', trigger_run_id="r"', "never ends"),
    ],
)
def test_what_a_deferred_call_does_otherwise_is_told(
    name: str, arguments: str, caveat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"from airflow.providers.{DEFERRED[name]} import {name}\n\n"
    text += f'{name}(task_id="a", {arguments})\n'
    (fix,) = (f["fix"] for f in check(text, tmp_path, capsys) if f["rule"] == "missing-deferrable")
    assert isinstance(fix, dict)
    assert fix["applicability"] == ("unsafe" if caveat else "safe")
    assert caveat in fix["description"]


AWS = """\
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator
from airflow.providers.amazon.aws.sensors.emr import EmrJobFlowSensor

GlueJobOperator(task_id="glue"{glue})
SageMakerTrainingOperator(task_id="train", config={{}}{train})
EmrJobFlowSensor(task_id="flow", job_flow_id="j"{flow})
"""


@pytest.mark.parametrize("limits", [False, True])
def test_a_limit_of_polls_that_only_a_deferred_task_has_is_told(
    limits: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("apache-airflow-providers-amazon[aiobotocore]==9.39.0\n")
    more = {"glue": ", waiter_max_attempts=500", "train": ", max_attempts=500", "flow": ", max_attempts=500"}
    (tmp_path / "dag.py").write_text(AWS.format(**(more if limits else dict.fromkeys(more, ""))))
    cli.main(["check", "--no-cache", "--output-format", "json", str(tmp_path)])
    findings = json.loads(capsys.readouterr().out)["findings"]
    fixes = [finding["fix"] for finding in findings]
    assert [fix["applicability"] for fix in fixes] == ["safe" if limits else "unsafe"] * 3
    assert limits or ["fails after" in fix["description"] for fix in fixes] == [True] * 3


@pytest.mark.parametrize(
    ("more", "airflow", "caveat"),
    [
        ("", "2.11", ""),
        (", timeout=3600", "2.11", "timeout is not obeyed"),
        (", soft_fail=True", "2.11", "soft_fail skips the task on any error"),
        (", execution_timeout=HOUR", "3.3", "`execution_timeout` does not cap"),
    ],
)
def test_an_argument_that_counts_for_pokes_makes_the_exchange_for_an_async_twin_unsafe(
    more: str, airflow: str, caveat: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "from airflow.sensors.date_time import DateTimeSensor\n\n"
    text += f'DateTimeSensor(task_id="wait", target_time="{{{{ data_interval_end }}}}"{more})\n'
    (fix,) = (f["fix"] for f in check(text, tmp_path, capsys, "--target-airflow", airflow))
    assert isinstance(fix, dict)
    assert fix["applicability"] == ("unsafe" if caveat else "safe")
    assert caveat in fix["description"]


@pytest.mark.parametrize(
    ("more", "airflow", "tried"),
    [
        (", timeout=60 * 60, retries=2", "2.11", True),
        (", timeout=60 * 60, retries=0", "2.11", False),
        (", timeout=60 * 60", "2.11", False),
        (", retries=2", "2.11", False),
        (", timeout=60 * 60, retries=2", "3.3", False),
    ],
)
def test_on_airflow_2_a_deferred_sensor_is_tried_again_after_its_timeout(
    more: str, airflow: str, tried: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("apache-airflow-providers-google==17.2.0\n")
    text = "from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor\n\n"
    text += f'GCSObjectExistenceSensor(task_id="s", bucket="b", object="o"{more})\n'
    (fix,) = (f["fix"] for f in check(text, tmp_path, capsys, "--target-airflow", airflow))
    assert isinstance(fix, dict)
    assert ("is tried again, up to `retries` times" in fix["description"]) is tried
