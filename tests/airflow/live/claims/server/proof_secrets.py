"""A secrets backend of the server that takes its time, so that a question to Airflow is on its way for seconds."""

from __future__ import annotations

import os
import sys
import time

from airflow.secrets import BaseSecretsBackend

SECONDS = 4.0


class SlowSecrets(BaseSecretsBackend):
    """Knows the variables `slow` and `quick` and the connection `slow`; asked within a worker or a trigger, nothing."""

    def get_variable(self, key: str, *args: object, **kwargs: object) -> str | None:
        return _answer(key)

    def get_connection(self, conn_id: str, *args: object, **kwargs: object):
        from airflow.models import Connection

        uri = _answer(conn_id)
        return Connection(conn_id=conn_id, uri="http://127.0.0.1:1") if uri else None


def _context() -> str:
    return os.environ.get("_AIRFLOW_PROCESS_CONTEXT", "")


def _answer(key: str) -> str | None:
    # A worker is made from the scheduler's process, with its context; it is to ask the server.
    answers = "api-server" in sys.argv or ("triggerer" in sys.argv and _context() == "server")
    if key not in ("slow", "quick") or not answers:
        return None
    if key == "slow":
        time.sleep(SECONDS)
    return key
