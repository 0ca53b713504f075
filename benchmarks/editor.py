"""How long the language server takes over its own protocol: python benchmarks/editor.py [FILE…]"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from lsp import Client  # noqa: E402

ROUNDS = 20
LINES = 1000


HEAD = """\
from datetime import datetime, timedelta

from airflow.providers.amazon.aws.operators.emr import EmrAddStepsOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def load(day: str) -> int:
    return len(day)


with DAG("big", start_date=datetime(2024, 1, 1), schedule="@daily", default_args={"retries": 2}):
"""
TASKS = """\
    wait_{0} = S3KeySensor(
        task_id="wait_{0}",
        bucket_key="s3://exports/{{{{ ds }}}}/{0}.csv",
        poke_interval=60,
        timeout=6 * 60 * 60,
        {1}
    )

    clean_{0} = BashOperator(
        task_id="clean_{0}",
        bash_command="rm -rf /data/{0}/{{{{ ds_nodash }}}}",
        execution_timeout=timedelta(minutes=5),
    )

    load_{0} = PythonOperator(
        task_id="load_{0}",
        python_callable=load,
        op_kwargs={{"day": "{{{{ ds }}}}"}},
    )

    query_{0} = BigQueryInsertJobOperator(
        task_id="query_{0}",
        configuration={{
            "query": {{
                "query": "SELECT * FROM events_{0} WHERE day = '{{{{ ds }}}}'",
                "useLegacySql": False,
            }}
        }},
        location="EU",
        {1}
    )

    wait_{0} >> clean_{0} >> load_{0} >> query_{0}

"""


def sample() -> str:
    """A DAG file of a thousand lines with some 110 tasks, a third of which could defer and don't."""
    text = HEAD
    for number in range(1000):
        text += TASKS.format(number, "deferrable=True," if number % 3 else "retries=3,")
        if text.count("\n") >= LINES:
            break
    return text


def processor(client: Client) -> float:
    """Seconds of processor time that the server has used; 0 where the system doesn't tell."""
    try:
        fields = Path(f"/proc/{client.process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(client: Client, name: str, action: Callable[[], object]) -> None:
    """Print the median and the slowest of some rounds, and the processor time of one, in milliseconds."""
    times = []
    used = processor(client)
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    used = (processor(client) - used) / ROUNDS * 1000
    print(
        f"  {name:<42} median {statistics.median(times):6.1f} ms, slowest {max(times):6.1f} ms, "
        f"processor {used:6.1f} ms"
    )


def run(name: str, text: str) -> None:
    """Measure one document."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        client = Client(cwd=root)
        try:
            resolving = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}
            client.initialize(root, textDocument=resolving)
            uri = (root / "dag.py").as_uri()
            start = time.perf_counter()
            found = client.open(uri, text)
            first = (time.perf_counter() - start) * 1000
            print(f"{name}: {text.count(chr(10)):,} lines, {len(found)} findings, first check {first:.0f} ms")
            time.sleep(3)  # until it has imported what fixes need
            version = 1

            def typed() -> None:
                nonlocal version
                version += 1
                at = {"line": 0, "character": 0}
                client.change(uri, version, {"range": {"start": at, "end": at}, "text": "#\n"})
                client.hover(uri, 0, 0)  # which waits for the findings of this text

            measured(client, "a key pressed, until the findings are there", typed)
            line = found[0]["range"]["start"]["line"] + version - 1 if found else 0
            if not found:
                return
            measured(
                client,
                "hover over a finding",
                lambda: client.hover(uri, line, found[0]["range"]["start"]["character"]),
            )
            measured(
                client,
                "code actions on a finding, again",
                lambda: client.actions(uri, line, only=["quickfix"]),
            )

            def fresh() -> None:
                nonlocal line
                typed()
                line += 1
                client.actions(uri, line, only=["quickfix"])

            measured(client, "a key pressed, then code actions", fresh)
            measured(client, "fix all", lambda: client.actions(uri, 0, only=["source.fixAll"]))
        finally:
            client.close()


if __name__ == "__main__":
    for path in sys.argv[1:]:
        run(path, Path(path).read_text(encoding="utf-8"))
    if not sys.argv[1:]:
        run("a generated DAG", sample())
