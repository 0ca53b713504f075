"""Stands for helpers that talk to a running Airflow."""

from __future__ import annotations


def _refuse(*args: object, **kwargs: object) -> None:
    raise NotImplementedError


create_airflow_connection = delete_airflow_connection = make_authenticated_rest_api_request = _refuse
