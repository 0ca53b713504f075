"""Runs inside an Airflow 2: starts the run `proof` of each DAG that standard input names, with its logical date.

A process that is there already answers at once: Airflow's command line takes as long as a whole wait of the proof.
"""

from __future__ import annotations

import sys
from datetime import datetime

from airflow.api.common.trigger_dag import trigger_dag  # type: ignore[import-not-found, unused-ignore]


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        dag, logical = line.split()
        date = datetime.fromisoformat(logical)
        trigger_dag(dag_id=dag, run_id="proof", execution_date=date, replace_microseconds=False)
        print(f"started {dag}", flush=True)


if __name__ == "__main__":
    main()
