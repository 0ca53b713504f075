"""Stands for Airflow's runner of system tests: nothing is run here."""

from __future__ import annotations

from typing import Any


def get_test_run(dag: Any) -> Any:
    def test_run() -> None:
        raise NotImplementedError(dag)

    return test_run


def get_test_env_id(name: str = "SYSTEM_TESTS_ENV_ID") -> str:
    return "proof"
