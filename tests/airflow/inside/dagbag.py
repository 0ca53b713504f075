"""Runs inside an Airflow environment: what `DagBag` finds in every DAG file below a folder.

Usage: dagbag.py FOLDER OUTPUT [LIST], where LIST names the files to load, one a line; else all.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any


def bag() -> Any:
    """An empty DagBag, from where this Airflow keeps it."""
    try:
        from airflow.dag_processing.dagbag import DagBag  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from airflow.models.dagbag import DagBag  # type: ignore[import-not-found, no-redef, unused-ignore]
    return DagBag(dag_folder="/nonexistent", collect_dags=False)


def described(task: Any) -> dict[str, Any]:
    """A task (mapped or not) as plain data: its class, flag, mode and what comes after it."""
    mapped = hasattr(task, "partial_kwargs")
    if mapped:
        cls = task.operator_class
        given = dict(task.partial_kwargs)
        flag = given.get("deferrable")
        mode = given.get("mode")
    else:
        cls = type(task)
        # TriggerDagRunOperator of Airflow 2's core keeps its flag as `_defer`.
        flag, mode = getattr(task, "deferrable", getattr(task, "_defer", None)), getattr(task, "mode", None)
    return {
        "class": f"{cls.__module__}.{cls.__qualname__}",
        "deferrable": flag if isinstance(flag, (bool, str, type(None))) else repr(flag),
        "mode": str(mode),
        "mapped": mapped,
        "downstream": sorted(task.downstream_task_ids),
        "upstream": sorted(task.upstream_task_ids),
    }


def main() -> None:
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    result: dict[str, Any] = {}
    paths = sorted(folder.rglob("*.py"))
    if len(sys.argv) > 3:
        paths = [folder / line for line in Path(sys.argv[3]).read_text(encoding="utf-8").splitlines()]
    for path in paths:
        found = bag()
        found.process_file(str(path), only_if_updated=False)
        result[str(path.relative_to(folder))] = {
            "errors": [str(error)[-400:] for error in found.import_errors.values()],
            "dags": {
                dag_id: {task.task_id: described(task) for task in dag.tasks}
                for dag_id, dag in found.dags.items()
            },
        }
    output.write_text(json.dumps(result, indent=1), encoding="utf-8")
    loaded = sum(len(one["dags"]) for one in result.values())
    print(
        f"{len(result)} files, {loaded} DAGs, {sum(bool(one['errors']) for one in result.values())} with errors"
    )


if __name__ == "__main__":
    main()
