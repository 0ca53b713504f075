"""The hooks of the catalog: what the wheels say, how it is extracted, looked up and shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.catalog import Catalog, commands, hooks_text
from advisor.catalog.classes import ClassTable
from advisor.catalog.extract import Extractor
from advisor.catalog.hooks import BASE_HOOK, HookFacts, Hooks, from_record, to_record
from advisor.catalog.hooks_cover import akin, hooks_file, words
from advisor.catalog.hooks_extract import OLD_BASES, HookReader
from advisor.catalog.modules import Sources
from advisor.catalog.waits import client, sole_waiter, waits

PROVIDERS = "airflow.providers."
S3 = "amazon.aws.hooks.s3.S3Hook"
HTTP = "http.hooks.http.HttpAsyncHook"
SFTP = "sftp.hooks.sftp.SFTPHookAsync"
GRAPH = "microsoft.azure.hooks.msgraph.KiotaRequestAdapterHook"


def hook(name: str) -> HookFacts:
    """A shipped hook, by its name below `airflow.providers`."""
    facts = Hooks.load().get(PROVIDERS + name)
    assert facts is not None, name
    return facts


def simple(names: tuple[str, ...]) -> list[str]:
    return [name.rpartition(".")[2] for name in names]


# --- what ships -----------------------------------------------------------------------------------------------------


def test_118_hooks_of_the_apache_providers_have_async_methods() -> None:
    every = [f for f in Hooks.load().all() if f.async_methods]
    assert sum(f.name.startswith(PROVIDERS) for f in every) == 118
    assert sum(f.name.startswith("astronomer.") for f in every) == 30
    assert [f.name for f in every if not f.name.startswith((PROVIDERS, "astronomer."))] == [BASE_HOOK]


def test_every_other_hook_is_there_because_it_has_an_async_twin() -> None:
    hooks = Hooks.load()
    for facts in hooks.all():
        assert facts.async_methods or facts.async_twin, facts
        if facts.sync_twin and facts.name.startswith(PROVIDERS):
            there = hooks.get(facts.sync_twin)
            assert there is not None
            assert there.async_twin, facts
        if facts.async_twin:
            back = hooks.get(facts.async_twin)
            assert back is not None
            assert back.sync_twin == facts.name
            assert back.covered_by == facts.covered_by


# Read in the wheels of July 2026's providers (amazon 9.39.0, http, sftp, microsoft.azure, databricks, ...).
@pytest.mark.parametrize(
    ("name", "methods"),
    [
        (HTTP, ["config", "run", "session"]),
        (S3, ["check_key_async", "get_async_conn", "get_files_async", "is_keys_unchanged_async"]),
        (SFTP, ["retrieve_file", "store_file", "list_directory", "transfer", "get_managed_conn"]),
        (GRAPH, ["run", "paginated_run", "send_request", "close"]),
        (
            "microsoft.azure.hooks.powerbi.PowerBIHook",
            ["run", "trigger_dataset_refresh", "get_refresh_history"],
        ),
        ("databricks.hooks.databricks.DatabricksHook", ["a_get_run_state", "a_get_run_output"]),
        ("amazon.aws.hooks.glue.GlueJobHook", ["async_get_job_state", "async_job_completion"]),
        ("amazon.aws.hooks.athena.AthenaHook", ["get_async_conn"]),
        ("dbt.cloud.hooks.dbt.DbtCloudHook", ["get_job_details", "get_job_status"]),
        ("snowflake.hooks.sql_api.SnowflakeSqlApiHook", ["get_sql_api_query_status_async"]),
        ("microsoft.winrm.hooks.winrm.WinRMHook", ["get_async_conn"]),
        ("google.cloud.hooks.gcs.GCSAsyncHook", ["get_storage_client", "get_sync_hook"]),
        ("ssh.hooks.ssh.SSHHookAsync", ["get_conn", "run_command", "get_tunnel"]),
        ("slack.hooks.slack.SlackHook", ["async_call", "get_async_client"]),
        ("atlassian.jira.hooks.jira.JiraAsyncHook", ["create_issue", "run"]),
    ],
)
def test_async_methods(name: str, methods: list[str]) -> None:
    assert set(methods) <= set(hook(name).async_methods)


def test_what_is_no_coroutine() -> None:
    assert "run" not in hook("databricks.hooks.databricks.DatabricksHook").async_methods
    assert "get_conn" not in hook(GRAPH).async_methods
    assert "check_for_key" not in hook(S3).async_methods
    # A name with "async" in it, an ordinary method: no hook of ours at all.
    for name in ("openfaas.hooks.openfaas.OpenFaasHook", "pinecone.hooks.pinecone.PineconeHook"):
        assert Hooks.load().get(PROVIDERS + name) is None


def test_generators_and_contexts() -> None:
    assert hook(HTTP).async_contexts == ("session",)
    assert hook(SFTP).async_contexts == ("get_managed_conn",)
    assert hook(SFTP).async_generators == ()
    assert hook(S3).async_generators == ("get_file_metadata_async",)
    kubernetes = hook("cncf.kubernetes.hooks.kubernetes.AsyncKubernetesHook")
    assert kubernetes.async_contexts == ("get_conn",)
    assert kubernetes.async_generators == ("watch_pod_events", "watch_pod_events_polling_fallback")


@pytest.mark.parametrize(
    "name",
    [
        HTTP,
        SFTP,
        GRAPH,
        "microsoft.azure.hooks.powerbi.PowerBIHook",
        "microsoft.azure.hooks.analysis_services.AzureAnalysisServicesHook",
        "microsoft.azure.hooks.wasb.WasbAsyncHook",
        "apache.livy.hooks.livy.LivyAsyncHook",
        "apache.beam.hooks.beam.BeamAsyncHook",
        "atlassian.jira.hooks.jira.JiraAsyncHook",
        "google.cloud.hooks.bigquery.BigQueryAsyncHook",
        "google.cloud.hooks.cloud_composer.CloudComposerAsyncHook",
        "google.cloud.hooks.cloud_batch.CloudBatchAsyncHook",
        "google.cloud.hooks.dataproc.DataprocAsyncHook",
        "ssh.hooks.ssh.SSHHookAsync",
    ],
)
def test_async_only(name: str) -> None:
    assert hook(name).async_only


@pytest.mark.parametrize(
    "name",
    [
        S3,
        "amazon.aws.hooks.athena.AthenaHook",
        "amazon.aws.hooks.base_aws.AwsGenericHook",
        "databricks.hooks.databricks.DatabricksHook",
        "databricks.hooks.databricks_sql.DatabricksSqlHook",
        "dbt.cloud.hooks.dbt.DbtCloudHook",
        "microsoft.azure.hooks.msgraph.MSGraphMailHook",  # send_email runs asend_email to its end
        "microsoft.azure.hooks.compute.AzureComputeHook",
        "slack.hooks.slack_webhook.SlackWebhookHook",
        "smtp.hooks.smtp.SmtpHook",
        "ibm.mq.hooks.mq.IBMMQHook",
        "http.hooks.http.HttpHook",
    ],
)
def test_not_async_only(name: str) -> None:
    assert not hook(name).async_only


def test_all_that_are_named_async_are_async_only() -> None:
    named = [f for f in Hooks.load().all() if "Async" in f.simple_name and f.name.startswith(PROVIDERS)]
    assert len(named) == 39
    assert [f for f in named if not f.async_only] == []


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        (HTTP, "http.hooks.http.HttpHook"),
        (SFTP, "sftp.hooks.sftp.SFTPHook"),
        (
            "cncf.kubernetes.hooks.kubernetes.AsyncKubernetesHook",
            "cncf.kubernetes.hooks.kubernetes.KubernetesHook",
        ),
        ("google.cloud.hooks.dataflow.AsyncDataflowHook", "google.cloud.hooks.dataflow.DataflowHook"),
        # no BigQueryTableHook: told by sync_hook_class
        ("google.cloud.hooks.bigquery.BigQueryTableAsyncHook", "google.cloud.hooks.bigquery.BigQueryHook"),
        ("google.cloud.hooks.cloud_run.CloudRunAsyncHook", "google.cloud.hooks.cloud_run.CloudRunHook"),
        (
            "discord.hooks.discord_webhook.DiscordWebhookAsyncHook",
            "discord.hooks.discord_webhook.DiscordWebhookHook",
        ),
    ],
)
def test_sync_twins(name: str, twin: str) -> None:
    assert hook(name).sync_twin == PROVIDERS + twin


def test_twins_that_there_are_not() -> None:
    assert hook(GRAPH).sync_twin is None
    assert hook(S3).sync_twin is None
    assert hook(S3).async_twin is None  # not the one of astronomer-providers
    assert hook("google.cloud.hooks.bigquery.BigQueryHook").async_twin == (
        PROVIDERS + "google.cloud.hooks.bigquery.BigQueryAsyncHook"
    )
    retired = Hooks.load().get("astronomer.providers.amazon.aws.hooks.s3.S3HookAsync")
    assert retired is not None
    assert retired.sync_twin == PROVIDERS + S3


@pytest.mark.parametrize(
    ("name", "plain", "other"),
    [
        ("databricks.hooks.databricks.DatabricksHook", "get_run_state", "a_get_run_state"),
        ("amazon.aws.hooks.glue.GlueJobHook", "get_job_state", "async_get_job_state"),
        ("amazon.aws.hooks.ses.SesHook", "send_email", "asend_email"),
        ("ibm.mq.hooks.mq.IBMMQHook", "produce", "aproduce"),
        ("influxdb.hooks.influxdb3.InfluxDB3Hook", "query", "query_async"),
        ("apprise.hooks.apprise.AppriseHook", "notify", "async_notify"),
        ("slack.hooks.slack.SlackHook", "call", "async_call"),
        ("http.hooks.http.HttpHook", "run", "run"),
        (SFTP, "retrieve_file", "retrieve_file"),
        ("microsoft.azure.hooks.wasb.WasbHook", "check_for_blob", "check_for_blob_async"),
        ("google.cloud.hooks.dataproc.DataprocAsyncHook", "submit_job", "submit_job"),
    ],
)
def test_pairs(name: str, plain: str, other: str) -> None:
    assert hook(name).sync_methods[plain] == other


def test_no_pairs_by_guess() -> None:
    assert hook("ibm.mq.hooks.mq.IBMMQHook").sync_methods.keys() == {
        "produce"
    }  # nothing consumes synchronously
    assert not hook("dbt.cloud.hooks.dbt.DbtCloudHook").sync_methods
    assert "head_object" not in hook(S3).sync_methods


@pytest.mark.parametrize(
    ("name", "first"),
    [
        (HTTP, ["HttpOperator", "HttpSensor"]),
        (S3, ["S3KeySensor", "S3KeysUnchangedSensor"]),
        (SFTP, ["SFTPOperator", "SFTPSensor"]),
        (GRAPH, ["MSGraphAsyncOperator", "MSGraphSensor"]),
        ("microsoft.azure.hooks.wasb.WasbHook", ["WasbBlobSensor", "WasbPrefixSensor"]),
        ("microsoft.azure.hooks.powerbi.PowerBIHook", ["PowerBIDatasetRefreshOperator"]),
        (
            "databricks.hooks.databricks.DatabricksHook",
            ["DatabricksRunNowOperator", "DatabricksSubmitRunOperator"],
        ),
        ("dbt.cloud.hooks.dbt.DbtCloudHook", ["DbtCloudRunJobOperator", "DbtCloudJobRunSensor"]),
        ("google.cloud.hooks.bigquery.BigQueryAsyncHook", ["BigQueryInsertJobOperator"]),
        ("google.cloud.hooks.dataproc.DataprocHook", ["DataprocSubmitJobOperator"]),
        ("cncf.kubernetes.hooks.kubernetes.AsyncKubernetesHook", ["KubernetesPodOperator"]),
        ("google.cloud.hooks.kubernetes_engine.GKEAsyncHook", ["GKECreateClusterOperator"]),
        ("amazon.aws.hooks.ec2.EC2Hook", ["EC2InstanceStateSensor"]),
        ("ssh.hooks.ssh.SSHHookAsync", ["SSHRemoteJobOperator"]),
        ("snowflake.hooks.sql_api.SnowflakeSqlApiHook", ["SnowflakeSqlApiOperator"]),
        ("amazon.aws.hooks.ecs.EcsHook", ["EcsRunTaskOperator"]),
    ],
)
def test_covered_by(name: str, first: list[str]) -> None:
    assert simple(hook(name).covered_by)[: len(first)] == first


@pytest.mark.parametrize(
    "name",
    [
        "slack.hooks.slack.SlackHook",
        "smtp.hooks.smtp.SmtpHook",
        "atlassian.jira.hooks.jira.JiraAsyncHook",
        "google.cloud.hooks.cloud_run.CloudRunServiceAsyncHook",
        "amazon.aws.hooks.base_aws.AwsGenericHook",
        "amazon.aws.hooks.logs.AwsLogsHook",  # Glue's and ECS's triggers read logs with it: other services
        "amazon.aws.hooks.sns.SnsHook",
    ],
)
def test_not_covered(name: str) -> None:
    assert hook(name).covered_by == ()


def test_what_covers_can_defer_today() -> None:
    catalog = Catalog.load()
    for facts in Hooks.load().all():
        assert len(facts.covered_by) <= 5
        for name in facts.covered_by:
            found = catalog.get(name)
            assert found is not None, name
            assert found.effective
            assert not found.deprecated
            assert found.name == name


# --- look-up --------------------------------------------------------------------------------------------------------


def test_every_name_and_alias_is_found() -> None:
    hooks = Hooks()
    for facts in Hooks.load().all():
        for name in (facts.name, *facts.aliases):
            found = hooks.get(name)
            assert found is not None, name
            assert found.name == facts.name


def test_names_nobody_has() -> None:
    hooks = Hooks()
    for name in (
        "",
        "HttpAsyncHook",
        PROVIDERS + "http.hooks.http.HttpAsyncHoo",
        "airflow.providers.http.hooks.http",
    ):
        assert hooks.get(name) is None
    # stands in the file, as what covers a hook and as a source, and is no hook
    assert hooks.get(PROVIDERS + "http.operators.http.HttpOperator") is None


def test_former_names() -> None:
    old = Hooks.load().get("airflow.providers.google.cloud.hooks.kubernetes_engine.GKEPodAsyncHook")
    assert old is not None
    assert old.simple_name == "GKEKubernetesAsyncHook"
    for name in ("airflow.hooks.base.BaseHook", "airflow.hooks.base_hook.BaseHook", "airflow.sdk.BaseHook"):
        base = Hooks.load().get(name)
        assert base is not None
        assert base.async_methods == ("aget_connection", "aget_hook")


def test_names_for_a_first_filter() -> None:
    names = Hooks.load().names()
    assert {"HttpAsyncHook", "HttpHook", "S3Hook", "GKEPodAsyncHook"} <= names
    assert "PostgresHook" not in names
    every = [name for facts in Hooks.load().all() for name in (facts.name, *facts.aliases)]
    assert names == {name.rpartition(".")[2] for name in every}


def test_looking_up_imports_little() -> None:
    code = (
        "import sys\n"
        "from advisor.catalog.hooks import Hooks\n"
        f"assert Hooks.load().get({PROVIDERS + HTTP!r}).async_only\n"
        "heavy = {'ast', 'zipfile', 'advisor.catalog.modules', 'advisor.catalog.hooks_extract'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_record_round_trip() -> None:
    facts = HookFacts(
        "a.B", async_methods=("x",), sync_methods={"y": "x"}, async_only=True, covered_by=("c.D",)
    )
    record = json.loads(json.dumps(to_record(facts)))
    assert to_record(from_record(record)) == to_record(facts)
    assert "aliases" not in record  # defaults are not written


# --- commands -------------------------------------------------------------------------------------------------------


def test_show_a_hook() -> None:
    text = commands.show("HttpAsyncHook")
    assert text == commands.show(PROVIDERS + HTTP)
    assert "async only" in text
    assert "async with: session" in text
    assert "await: run\n" in text
    assert "sync twin: airflow.providers.http.hooks.http.HttpHook" in text
    assert "deferrable for the same service: airflow.providers.http.operators.http.HttpOperator" in text
    assert "_resolve" not in text
    assert "check_for_blob is check_for_blob_async of WasbAsyncHook" in commands.show("WasbHook")
    assert "GKEKubernetesAsyncHook" in commands.show("GKEPodAsyncHook")


def test_classes_are_still_shown() -> None:
    assert commands.show("HttpOperator").startswith(
        "airflow.providers.http.operators.http.HttpOperator\n  operator"
    )


def test_a_misspelt_hook() -> None:
    with pytest.raises(LookupError, match="did you mean HttpAsyncHook"):
        commands.show("HttpAsyncHok")


def test_search_finds_hooks() -> None:
    lines = commands.search("sftphookasync").splitlines()
    assert lines[0].startswith(PROVIDERS + SFTP)
    assert "async only" in lines[0]
    assert "covered by SFTPOperator" in lines[0]


def test_export_holds_no_hooks() -> None:
    names = {row["name"] for row in json.loads(commands.export())}
    assert not names & {facts.name for facts in Hooks.load().all()}


def test_changes_between_two_builds() -> None:
    rows = [to_record(facts) for facts in Hooks.load().all()]
    same = "".join(json.dumps(row) + "\n" for row in rows).encode()
    assert hooks_text.changes_to(same) == []
    gone = rows.pop()
    rows[0] = {**rows[0], "async_only": True, "source": "elsewhere.py:1"}
    rows.append({"name": "zzz.NewHook"})
    changed = "".join(json.dumps(row) + "\n" for row in rows).encode()
    assert hooks_text.changes_to(changed) == [
        f"- {gone['name']}",
        "+ zzz.NewHook (hook)",
        f"~ {rows[0]['name']}.async_only: null -> true",
    ]


# --- clients of async tasks -----------------------------------------------------------------------------------------


def test_the_table_of_clients_fits_the_hooks() -> None:
    for name, told in waits().clients.items():
        facts = Hooks.load().get(name)
        if facts is None:
            assert not name.startswith("airflow."), name
            continue
        assert told.requests <= set(facts.async_methods), name
        assert told.sessions <= set(facts.async_contexts), name
        assert {told.operator, told.waiter} - {None} <= set(facts.covered_by), name


def test_who_waits_comes_from_the_hooks() -> None:
    def waiter(name: str) -> str | None:
        found = client(PROVIDERS + name)
        return found.waiter if found else None

    assert (
        waiter("dbt.cloud.hooks.dbt.DbtCloudHook") == PROVIDERS + "dbt.cloud.sensors.dbt.DbtCloudJobRunSensor"
    )
    assert (
        waiter("apache.livy.hooks.livy.LivyAsyncHook")
        == PROVIDERS + "apache.livy.operators.livy.LivyOperator"
    )
    assert waiter(HTTP) == PROVIDERS + "http.sensors.http.HttpSensor"
    assert waiter("slack.hooks.slack.SlackHook") is None  # nothing waits
    assert waiter("amazon.aws.hooks.emr.EmrHook") is None  # too many do
    assert waiter("amazon.aws.hooks.lambda_function.LambdaHook") is None  # waits until a function is there
    told = client(PROVIDERS + HTTP)
    assert told is not None
    assert told.requests == {"run"}
    assert client("mine.hooks.MyHook") is None
    assert sole_waiter(HookFacts("a.B", covered_by=("p.operators.x.A", "p.operators.x.B"))) is None


# --- extraction -----------------------------------------------------------------------------------------------------

CORE = {
    "airflow/sdk/bases/hook.py": "class BaseHook:\n    async def aget_connection(self): ...\n",
    "airflow/sdk/bases/operator.py": "class BaseOperator:\n    def __init__(self, **kwargs): ...\n",
    "airflow/sdk/bases/sensor.py": (
        "from airflow.sdk.bases.operator import BaseOperator\nclass BaseSensorOperator(BaseOperator): ...\n"
    ),
    "airflow/triggers/base.py": "class BaseTrigger: ...\n",
}
ACME = {
    "airflow/providers/acme/hooks/acme.py": """
from contextlib import asynccontextmanager
from airflow.hooks.base import BaseHook

class AcmeHook(BaseHook):
    def get_conn(self): ...
    def get_state(self): return self.get_conn().state()
    def send(self): return self.get_conn().send()
    @staticmethod
    def parse(text): ...

class AcmeAsyncHook(BaseHook):
    def get_conn(self): ...
    async def get_state(self): ...
    async def asend(self): ...
    async def pages(self):
        yield 1
    async def made(self):
        def inner():
            yield 1
        return inner
    @asynccontextmanager
    async def session(self):
        yield 1
    def url(self, path): return "https://" + path
    async def _private(self): ...

class BothHook(BaseHook):
    def query(self): return self.get_conn().query()
    async def query_async(self): ...

class BelowHook(BothHook):
    pass

class PlainHook(BaseHook):
    def async_by_name(self): ...
    def aget(self): return self.get_conn().get()
""",
    "airflow/providers/acme/hooks/old.py": "from airflow.providers.acme.hooks.acme import AcmeAsyncHook\n",
    "airflow/providers/acme/triggers/acme.py": """
from airflow.triggers.base import BaseTrigger
from airflow.providers.acme.hooks.acme import AcmeAsyncHook

class AcmeTrigger(BaseTrigger):
    async def run(self):
        hook = AcmeAsyncHook()
        yield await hook.get_state()
""",
    "airflow/providers/acme/operators/acme.py": """
from airflow.sdk.bases.operator import BaseOperator
from airflow.providers.acme.hooks.acme import AcmeHook, BothHook
from airflow.providers.acme.triggers.acme import AcmeTrigger

class AcmeOperator(BaseOperator):
    def __init__(self, *, deferrable: bool = False, **kwargs):
        self.deferrable = deferrable
    def execute(self, context):
        other: BothHook | None = None
        if self.deferrable:
            self.defer(trigger=AcmeTrigger(), method_name="done")
    def done(self, context, event): ...

class AcmeStopOperator(AcmeOperator):
    pass

class AcmeInertOperator(BaseOperator):
    def __init__(self, *, deferrable: bool = False, **kwargs):
        self.deferrable = deferrable
    def execute(self, context):
        return AcmeHook().send()

class UnrelatedOperator(BaseOperator):
    def execute(self, context):
        self.defer(trigger=AcmeTrigger(), method_name="done")
""",
    "airflow/providers/acme/sensors/bell.py": """
from airflow.sdk.bases.sensor import BaseSensorOperator

class AcmeSensor(BaseSensorOperator):
    def __init__(self, *, deferrable: bool = False, **kwargs):
        self.deferrable = deferrable
    def execute(self, context):
        from airflow.providers.acme.triggers.acme import AcmeTrigger
        if self.deferrable:
            self.defer(trigger=AcmeTrigger(), method_name="done")
    def done(self, context, event): ...
""",
}


@pytest.fixture
def acme(tmp_path: Path) -> Sources:
    for path, text in {**CORE, **ACME}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return Sources([tmp_path])


def rows(sources: Sources) -> dict[str, dict[str, object]]:
    data = hooks_file(sources, Extractor(sources).all())
    return {row["name"].rpartition(".")[2]: row for row in map(json.loads, data.splitlines())}


def test_extraction(acme: Sources) -> None:
    found = rows(acme)
    assert sorted(found) == ["AcmeAsyncHook", "AcmeHook", "BaseHook", "BelowHook", "BothHook"]
    hook = found["AcmeAsyncHook"]
    assert hook["async_methods"] == ["_private", "asend", "get_state", "made", "pages", "session"]
    assert hook["async_generators"] == ["pages"]  # `made` returns one; `session` is entered
    assert hook["async_contexts"] == ["session"]
    assert hook["sync_methods"] == {"get_state": "get_state", "send": "asend"}
    assert hook["async_only"] is True
    assert hook["sync_twin"] == "airflow.providers.acme.hooks.acme.AcmeHook"
    assert hook["aliases"] == ["airflow.providers.acme.hooks.old.AcmeAsyncHook"]
    assert hook["source"] == "airflow/providers/acme/hooks/acme.py:12"


def test_sync_and_both(acme: Sources) -> None:
    found = rows(acme)
    assert found["AcmeHook"]["async_twin"] == "airflow.providers.acme.hooks.acme.AcmeAsyncHook"
    assert "async_methods" not in found["AcmeHook"]
    for name in ("BothHook", "BelowHook"):  # inherited is as good as own
        assert found[name]["async_methods"] == ["query_async"]
        assert found[name]["sync_methods"] == {"query": "query_async"}
        assert "async_only" not in found[name]
        assert "covered_by" not in found[name]  # an annotation is no use


def test_cover(acme: Sources) -> None:
    found = rows(acme)
    # through the trigger and through an import in a method; what starts before what stops, operators before sensors;
    # not the flag without effect, not the operator of another name and module
    assert simple(tuple(map(str, _list(found["AcmeAsyncHook"]["covered_by"])))) == [
        "AcmeOperator",
        "UnrelatedOperator",  # the module's name is the service's
        "AcmeStopOperator",
        "AcmeSensor",
    ]
    assert found["AcmeHook"]["covered_by"] == found["AcmeAsyncHook"]["covered_by"]


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def test_repeatable(acme: Sources, tmp_path: Path) -> None:
    operators = Extractor(acme).all()
    assert hooks_file(acme, operators) == hooks_file(Sources([tmp_path]), reversed(operators))


def test_a_method_that_only_looks_like_work(tmp_path: Path) -> None:
    (tmp_path / "airflow/sdk/bases").mkdir(parents=True)
    (tmp_path / "airflow/sdk/bases/hook.py").write_text(CORE["airflow/sdk/bases/hook.py"])
    (tmp_path / "mine.py").write_text(
        "from airflow.sdk.bases.hook import BaseHook\n"
        "class CountHook(BaseHook):\n"
        "    async def send(self): ...\n"
        "    def get_conn_count(self): return self._conn_count\n"
        "class RunHook(BaseHook):\n"
        "    async def asend(self): ...\n"
        "    def send(self): return asyncio.run(self.asend())\n"
    )
    found = {f.simple_name: f for f in HookReader(ClassTable(Sources([tmp_path]), OLD_BASES)).all()}
    assert found["CountHook"].async_only
    assert not found["RunHook"].async_only
    assert found["RunHook"].sync_methods == {"send": "asend"}


def test_words_and_services() -> None:
    assert words("a.b.DbtCloudJobRunSensor") == ["dbt", "cloud", "job", "run", "sensor"]
    assert words("S3KeySensor") == ["s3", "key", "sensor"]
    assert akin("p.hooks.wasb.WasbHook", "p.sensors.other.WasbBlobSensor")
    assert akin("p.hooks.msgraph.KiotaRequestAdapterHook", "p.operators.msgraph.MSGraphAsyncOperator")
    assert not akin("p.hooks.logs.AwsLogsHook", "p.operators.glue.GlueJobOperator")
    assert not akin("p.hooks.x.CloudAsyncHook", "p.operators.y.CloudOperator")  # "cloud" tells no service
