"""The shipped facts, pinned to what was read in the wheels and measured on a real Airflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.catalog import Catalog, ClassFacts, Condition

DATA = Path(__file__).parents[1] / "advisor" / "catalog" / "data"
CATALOG = Catalog.load()
ALL = list(CATALOG.all())
APACHE = [f for f in ALL if f.provider.startswith("apache-airflow-providers-")]
BY_SIMPLE_NAME = {f.simple_name: f for f in APACHE}


def one(simple_name: str) -> ClassFacts:
    return BY_SIMPLE_NAME[simple_name]


def test_how_many_classes_can_defer() -> None:
    assert len(APACHE) >= 1270
    assert sum(f.deferral == "flag" for f in APACHE) == 237
    assert sum(f.deferral == "always" for f in APACHE) == 31
    assert sum(f.provider == "astronomer-providers" for f in ALL) == 55


def test_what_is_gone_is_known_and_not_exported() -> None:
    gone = [facts for facts in CATALOG.all(gone=True) if facts.gone]
    assert len(gone) == 8
    assert not {facts.name for facts in gone} & {facts.name for facts in ALL}
    for facts in gone:
        assert facts.deprecated
        assert facts.deferral == "always"
        replacement = CATALOG.get(facts.replacement or "")
        assert replacement is not None
        assert replacement.deferral == "flag"
        assert not replacement.gone


@pytest.mark.parametrize(
    "name",
    [
        "TriggerDagRunOperator",
        "KubernetesJobOperator",
        "KubernetesStartKueueJobOperator",
        "GKEStartJobOperator",
        "GKEStartKueueJobOperator",
        "RedshiftPauseClusterOperator",
        "RedshiftResumeClusterOperator",
        "EmrCreateJobFlowOperator",
    ],
)
def test_a_bare_flag_does_nothing_for_these_eight(name: str) -> None:
    facts = one(name)
    assert facts.needs_wait_parameter
    assert facts.waits_by_default is False
    assert facts.effective


def test_only_these_eight() -> None:
    found = [
        f for f in APACHE if f.deferral == "flag" and f.needs_wait_parameter and f.waits_by_default is False
    ]
    assert len(found) == 8


@pytest.mark.parametrize(
    "name",
    [
        "EmrAddStepsOperator",
        "EmrTerminateJobFlowOperator",
        "StepFunctionStartExecutionOperator",
        "EksCreateNodegroupOperator",
        "EksDeleteClusterOperator",
        "MwaaTriggerDagRunOperator",
        "LambdaCreateFunctionOperator",
        "RedshiftCreateClusterOperator",
        "RedshiftCreateClusterSnapshotOperator",
        "SageMakerStartPipelineOperator",
        "SageMakerStopPipelineOperator",
        "PubSubPullOperator",
        "GenAIGeminiCreateBatchJobOperator",
    ],
)
def test_the_flag_makes_these_wait(name: str) -> None:
    facts = one(name)
    assert facts.waits_by_default is False
    assert facts.starts_waiting


def test_number_of_flag_classes_that_do_not_wait() -> None:
    assert sum(f.deferral == "flag" and f.waits_by_default is False for f in APACHE) == 28
    assert one("EksCreateClusterOperator").waits_by_default is True


def test_ends_without_looking() -> None:
    facts = one("LivyOperator")
    assert facts.waits_by_default is False
    assert not facts.starts_waiting
    assert "ends-without-looking" in {c.effect for c in facts.caveats}


@pytest.mark.parametrize("name", ["DiscordWebhookOperator", "BedrockBaseSensor", "DataprocJobBaseOperator"])
def test_flag_without_effect(name: str) -> None:
    assert (one(name).deferral, one(name).effective, one(name).defers_when) == ("flag", False, ())


@pytest.mark.parametrize(
    "name",
    [
        "PowerBIDatasetRefreshOperator",
        "HITLOperator",
        "LLMOperator",
        "TeradataComputeClusterResumeOperator",
        "DateTimeSensorAsync",
        "TimeSensorAsync",
        "MSGraphSensor",
    ],
)
def test_always(name: str) -> None:
    assert (one(name).deferral, one(name).effective) == ("always", True)


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("S3KeySensor", ((),)),
        ("HttpSensor", ((Condition("response_check", "falsy"),),)),
        ("GenericTransfer", ((Condition("page_size", "truthy"), Condition("sql", "isinstance", "str")),)),
        ("AirbyteTriggerSyncOperator", ((Condition("asynchronous", "falsy"),),)),
        ("DatabricksRunNowOperator", ((Condition("wait_for_termination", "truthy"),),)),
        ("TriggerDagRunOperator", ((Condition("wait_for_completion", "truthy"),),)),
        ("DateTimeSensor", ()),
    ],
)
def test_defers_when(name: str, when: object) -> None:
    assert one(name).defers_when == when


def test_what_raises() -> None:
    for name in ("DataflowTemplatedJobStartOperator", "DataflowStartFlexTemplateOperator"):
        assert one(name).ctor_raises == ((Condition("wait_until_finished", "truthy"),),)
    dataproc = [
        f
        for f in APACHE
        if any(Condition("polling_interval_seconds", "<=", 0) in row for row in f.ctor_raises)
    ]
    assert len(dataproc) == 9
    assert one("DataprocCreateBatchOperator").execute_raises == ((Condition("asynchronous", "truthy"),),)


@pytest.mark.parametrize(
    ("name", "argument", "effect"),
    [
        ("HttpSensor", "response_error_codes_allowlist", "floods"),
        ("HttpSensor", "request_kwargs", "drops-argument"),
        ("SFTPSensor", "python_callable", "drops-argument"),
        ("EmrJobFlowSensor", "target_states", "drops-argument"),
        ("EmrStepSensor", "failed_states", "drops-argument"),
        ("WasbBlobSensor", "check_options", "drops-argument"),
        ("HttpOperator", "method", "not-idempotent"),
        ("SFTPOperator", "ssh_conn_id", "raises-when-run"),
        ("WinRMOperator", "ssh_conn_id", "raises-when-run"),
        ("FileSensor", "start_from_trigger", "raises-when-parsed"),
        ("S3KeySensor", "check_fn", "round-trips"),
        ("BigQueryTableExistenceSensor", "poke_interval", "interval-changes"),
        ("DbtCloudJobRunSensor", "poke_interval", "interval-changes"),
        ("EmrContainerSensor", "timeout", "drops-argument"),
        ("EcsRunTaskOperator", "deferrable", "templated-flag"),
        ("EcsRunTaskOperator", "stop_task_on_failure", "changes-work"),
        ("BigQueryCheckOperator", "parameters", "drops-argument"),
        ("GlueJobOperator", "job_poll_interval", "interval-changes"),
        ("KubernetesPodOperator", "container_logs", "drops-argument"),
        ("DataflowJobMetricsSensor", "callback", "changes-work"),
        ("DatabricksSubmitRunOperator", "databricks_retry_args", "raises-when-run"),
        ("DatabricksStartWarehouseOperator", "databricks_retry_args", "raises-when-parsed"),
        ("BeamRunPythonPipelineOperator", "runner", "changes-work"),
        ("BigQueryToGCSOperator", "location", "changes-outcome"),
        ("BigQueryIntervalCheckOperator", "location", "changes-outcome"),
        ("SparkKubernetesOperator", "do_xcom_push", "changes-result"),
        ("GKEStartPodOperator", "on_kill_action", "drops-argument"),
        ("SageMakerTransformOperator", "max_attempts", "changes-outcome"),
        ("GlueCrawlerOperator", "poll_interval", "changes-outcome"),
        ("GlueJobSensor", "max_retries", "changes-outcome"),
        ("EmrContainerSensor", "poke_interval", "interval-changes"),
        ("PubSubPullSensor", "messages_callback", "changes-work"),
        ("AzureContainerInstancesOperator", "xcom_all", "changes-work"),
        ("S3KeySensor", "exponential_backoff", "drops-argument"),
        ("S3KeySensor", "soft_fail", "changes-outcome"),
        ("GKECreateClusterOperator", "project_id", "changes-outcome"),
    ],
)
def test_caveats_of_arguments(name: str, argument: str, effect: str) -> None:
    found = [c for c in one(name).caveats if c.effect == effect and argument in {w.argument for w in c.when}]
    assert found
    assert all(c.text and ":" in c.source for c in found)


def test_caveats_of_every_call() -> None:
    for name, effect in (
        ("S3KeySensor", "needs-extra"),
        ("S3ToGCSOperator", "changes-work"),
        ("BigQueryGetDataOperator", "changes-work"),
        ("FileSensor", "changes-work"),
        ("SFTPOperator", "changes-work"),
        ("S3KeysUnchangedSensor", "interval-changes"),
        ("DataflowTemplatedJobStartOperator", "changes-work"),
        ("BigQueryTablePartitionExistenceSensor", "changes-outcome"),
        ("CloudDataTransferServiceJobStatusSensor", "changes-result"),
        ("CloudSQLExportInstanceOperator", "changes-work"),
    ):
        assert effect in {c.effect for c in one(name).caveats if not c.when}, name
    assert "needs-extra" not in {c.effect for c in one("EksPodOperator").caveats}


def test_an_argument_that_is_called_for_the_trigger_is_not_dropped() -> None:
    assert "ts-func-dropped" not in {c.id for c in one("GCSObjectUpdateSensor").caveats}


def test_an_abstract_method_says_nothing_about_its_class() -> None:
    facts = one("DatabricksTaskBaseOperator")
    assert (facts.effective, facts.needs_wait_parameter, facts.since) == (True, True, "6.6.0")
    assert sum(f.needs_wait_parameter for f in APACHE if f.deferral == "flag") == 44


def test_ten_classes_template_the_flag() -> None:
    assert sum(any(c.effect == "templated-flag" for c in f.caveats) for f in APACHE) == 10


@pytest.mark.parametrize(
    ("name", "polls"),
    [
        ("S3KeySensor", ("poke_interval",)),
        ("BatchOperator", ("poll_interval",)),
        ("KubernetesPodOperator", ("poll_interval",)),
        ("BeamRunPythonPipelineOperator", ("dataflow_config",)),
        ("HttpOperator", ()),
        ("WaitSensor", ()),
        ("AirbyteJobSensor", ()),
    ],
)
def test_poll_parameters(name: str, polls: tuple[str, ...]) -> None:
    assert one(name).poll_parameters == polls


def test_twins_and_durations() -> None:
    twin = one("DateTimeSensor").async_twin
    assert twin == "airflow.providers.standard.sensors.date_time.DateTimeSensorAsync"
    assert one("DateTimeSensorAsync").twin_of == one("DateTimeSensor").name
    assert one("TimeDeltaSensor").duration_parameters == {"delta": "timedelta"}
    assert one("WaitSensor").duration_parameters == {"time_to_wait": "minutes-or-timedelta"}
    assert one("TimeSensorAsync").deprecated
    assert one("TimeSensorAsync").replacement == one("TimeSensor").name


def test_defaults_and_parameters() -> None:
    sensor = one("S3KeySensor")
    assert sensor.flag_default == "config"
    poke = sensor.parameter("poke_interval")
    assert poke is not None
    assert (poke.default, poke.required) == (60, False)
    assert sensor.parameter("task_id") is None
    assert one("DateTimeSensor").parameter("deferrable") is None


@pytest.mark.parametrize("name", ["classes.jsonl", "former.tsv", "names.txt"])
def test_data_files_are_sorted_and_small(name: str) -> None:
    lines = (DATA / name).read_bytes().splitlines()
    if name == "classes.jsonl":
        assert sum(map(len, lines)) < 2_500_000
        lines = [json.loads(line)["name"].encode() for line in lines]
    if name == "former.tsv":
        lines = [line.split(b"\t")[0] for line in lines]
    assert lines == sorted(lines)
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize(
    ("name", "waits"),
    [
        # Something elsewhere is started and waited for, by the operator, its hook or the client library.
        ("DmsCreateTaskOperator", True),
        ("EC2StartInstanceOperator", True),
        ("CloudRunCreateJobOperator", True),
        ("CreateRayClusterOperator", True),
        ("DockerSwarmOperator", True),
        ("SSHOperator", True),
        ("HiveToDruidOperator", True),
        # Started, and left to itself.
        ("DmsStartTaskOperator", False),
        ("WorkflowsCreateExecutionOperator", False),
        ("SyncFeatureViewOperator", False),
        ("FlinkKubernetesOperator", False),
        ("RaySubmitJobOperator", False),
        # The work itself.
        ("S3ListOperator", None),
        ("SQLExecuteQueryOperator", None),
        ("GremlinOperator", None),
        ("BigQueryTableCheckOperator", None),
        ("GCSToGCSOperator", None),
        ("SlackAPIPostOperator", None),
        ("BashOperator", None),
        ("PythonOperator", None),
    ],
)
def test_what_operators_that_never_defer_do_with_their_slot(name: str, waits: bool | None) -> None:
    facts = one(name)
    assert facts.deferral == "never"
    assert facts.waits_by_default is waits
    assert not facts.effective
    assert not facts.needs_wait_parameter
    assert not facts.starts_waiting
    assert facts.poll_parameters == ()
