"""What findings tell people to do, read from the command line: each remedy fits the call and the catalog's facts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def said(project: Path, code: str, *options: str) -> list[tuple[str, str]]:
    """(rule, message) of each finding on a DAG file with this code, in the order of the text."""
    (project / "dag.py").write_text(code)
    command = [sys.executable, "-m", "advisor", "check", "--no-cache", "--output-format", "json", *options]
    done = subprocess.run([*command, "dag.py"], capture_output=True, text=True, cwd=project)
    assert done.returncode in (0, 1), done.stderr
    return [(finding["rule"], finding["message"]) for finding in json.loads(done.stdout)["findings"]]


def test_a_wait_that_was_not_meant_says_how_to_have_either(tmp_path: Path) -> None:
    code = """\
from airflow.sdk import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.providers.amazon.aws.operators.eks import EksCreateNodegroupOperator
from airflow.providers.google.cloud.operators.dataproc import DataprocSubmitJobOperator

with DAG("a", default_args={"retries": 2}):
    BatchOperator(task_id="a", wait_for_completion=False, deferrable=True)
    EksCreateNodegroupOperator(task_id="b", wait_for_completion=False, deferrable=True)
    DataprocSubmitJobOperator(task_id="c", asynchronous=True, deferrable=True)
with DAG("b", default_args={"deferrable": True}):
    BatchOperator(task_id="d", wait_for_completion=False)
    BatchOperator(task_id="e", wait_for_completion=False, deferrable=True)
"""
    drop, keep = "drop `deferrable=True` not to wait", "write `deferrable=False` not to wait"
    remedies = [
        f"{drop}, or drop `wait_for_completion=False` to wait in the triggerer",
        f"{drop}, or write `wait_for_completion=True` to wait in the triggerer",
        f"{drop}, or drop `asynchronous=True` to wait in the triggerer",
        f"{keep}, or drop `wait_for_completion=False` to wait in the triggerer",
        f"{keep}, or drop `wait_for_completion=False` to wait in the triggerer",
    ]
    told = [message for rule, message in said(tmp_path, code) if rule == "unintended-wait"]
    assert [message.partition(": ")[2] for message in told] == remedies
    # Each remedy is true: what it leads to is silent.
    first = "BatchOperator(task_id='a'"
    for mended in (f"{first}, wait_for_completion=False)", f"{first}, deferrable=True)"):
        one = f"from airflow.providers.amazon.aws.operators.batch import BatchOperator\n{mended}\n"
        assert said(tmp_path, one) == []


def test_a_request_that_may_be_sent_twice_says_what_else_to_do(tmp_path: Path) -> None:
    code = """\
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.google.cloud.operators.cloud_storage_transfer_service import (
    CloudDataTransferServiceRunJobOperator,
)

HttpOperator(task_id="a", endpoint="/orders", deferrable=True)
HttpOperator(task_id="b", endpoint=made(), headers={"Accept": "*"}, deferrable=True)
HttpOperator(task_id="c", endpoint="/orders", headers={"idempotency-key": key()}, deferrable=True)
CloudDataTransferServiceRunJobOperator(task_id="d", job_name="j", deferrable=True)
"""
    drop = "drop `deferrable=True` to do it from the worker"
    key = "send an `Idempotency-Key` in `headers` if"
    told = [message.rpartition("; ")[2] for _, message in said(tmp_path, code)]
    assert told == [
        f"{drop}, or {key} `/orders` honours it",
        f"{drop}, or {key} the service honours it",
        drop,
    ]


def test_what_goes_with_an_old_package_is_told_unless_the_project_asks_for_it(tmp_path: Path) -> None:
    code = """\
from astronomer.providers.amazon.aws.sensors.s3 import S3KeySensorAsync
from astronomer.providers.http.sensors.http import HttpSensorAsync

S3KeySensorAsync(task_id="a", bucket_key="s3://b/c")
HttpSensorAsync(task_id="b", endpoint="c")
"""
    new = "with `deferrable=True` takes its place"
    needed = "the trigger needs aiobotocore, which only apache-airflow-providers-amazon[aiobotocore] installs"
    without = f"S3KeySensorAsync is deprecated; S3KeySensor {new}"
    http = f"HttpSensorAsync is deprecated; HttpSensor {new}"
    requirements = tmp_path / "requirements.txt"
    told = f"{without}; without astronomer-providers, {needed}"
    for line in ("", "astronomer-providers[amazon]==1.19.4\n", "apache-airflow-providers-amazon\n"):
        requirements.write_text(line)
        assert [message for _, message in said(tmp_path, code)] == [told, http]
    for line in ("apache-airflow-providers-amazon[aiobotocore]\n", "aiobotocore>=3\n"):
        requirements.write_text(line)
        assert [message for _, message in said(tmp_path, code)] == [without, http]
