"""`async def` where the function is to run elsewhere: container, cluster and database are played by this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import types
from datetime import datetime
from pathlib import Path
from unittest import mock

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowException
from proof_helpers import confirm

OPENED: list[str] = []  # sessions of this process


def contained(command: list[str] | str, environment: dict[str, str]) -> str:
    """Runs what a container would run, with a folder of this machine in place of the container's; what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        shell = isinstance(command, str)
        parts = [
            part.replace("/tmp/", f"{folder}/").replace("/airflow/xcom", f"{folder}/xcom")
            for part in ([command] if isinstance(command, str) else command)
        ]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            parts[0] if shell else parts,
            shell=shell,
            env={**environment, "PATH": path, "AIRFLOW_HOME": folder},
            capture_output=True,
            text=True,
        )
        print(done.stderr[-3000:])
        if done.returncode:
            raise AirflowException(f"the container returned {done.returncode}")
        return "".join(str(one) for one in Path(folder).rglob("*.json"))


def run_pod(self, context):
    return contained(self.cmds, {one.name: one.value for one in self.env_vars})


def run_container(self, context):
    return contained(self.command, dict(self.environment))


def snowpark_session(self):
    OPENED.append("snowpark")
    return mock.MagicMock()


class Builder:
    def config(self, conf):
        return self

    def getOrCreate(self):  # noqa: N802
        OPENED.append("spark")
        return mock.MagicMock()


KubernetesPodOperator.execute = run_pod
DockerOperator.execute = run_container
SnowflakeHook.get_snowpark_session = snowpark_session
spark = types.ModuleType("pyspark")
spark.SparkConf = mock.MagicMock
spark.sql = types.ModuleType("pyspark.sql")
spark.sql.SparkSession = types.SimpleNamespace(builder=Builder())
sys.modules.update({"pyspark": spark, "pyspark.sql": spark.sql})

with DAG("elsewhere", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):

    @task.docker(image="python:3.12")
    async def docker():
        return 1

    @task.docker(image="python:3.12")
    def docker_not_async():
        return 1

    @task.kubernetes(image="python:3.12")
    async def kubernetes():
        return 1

    @task.kubernetes(image="python:3.12")
    def kubernetes_not_async():
        return 1

    @task.kubernetes_cmd(image="python:3.12")
    async def kubernetes_cmd() -> list[str]:
        return ["echo", "done"]

    @task.kubernetes_cmd(image="python:3.12")
    def kubernetes_cmd_not_async() -> list[str]:
        return ["echo", "done"]

    @task.snowpark
    async def snowpark(session=None):
        confirm(not OPENED and session is None, f"session {session}, opened {OPENED}")

    @task.snowpark
    def snowpark_not_async(session=None):
        confirm(OPENED == ["snowpark"] and session is not None, f"opened {OPENED}")

    @task.pyspark
    async def pyspark(spark=None):
        confirm(not OPENED and spark is None, f"session {spark}, opened {OPENED}")

    @task.pyspark
    def pyspark_not_async(spark=None):
        confirm(OPENED == ["spark"] and spark is not None, f"opened {OPENED}")

    @task.sql(conn_id="database")
    async def sql() -> str:
        return "select 1"

    @task.analytics(datasource_configs=[])
    async def analytics() -> str:
        return "select 1"

    for one in (docker, kubernetes, kubernetes_cmd, snowpark, pyspark, sql, analytics):
        one()
    for one in (docker_not_async, kubernetes_not_async, kubernetes_cmd_not_async):
        one()
    for one in (snowpark_not_async, pyspark_not_async):
        one()
