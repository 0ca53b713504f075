"""Stands for the task that watches the others in system tests."""

from __future__ import annotations

try:
    from airflow.sdk import task  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from airflow.decorators import task  # type: ignore[import-not-found, no-redef, unused-ignore]


@task(trigger_rule="one_failed", retries=0)  # type: ignore[untyped-decorator, unused-ignore]
def watcher() -> None:
    raise RuntimeError("a task before this one failed")
