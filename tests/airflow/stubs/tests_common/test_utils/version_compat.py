"""Which Airflow the example DAGs are loaded by."""

from __future__ import annotations

from importlib.metadata import version

_PARTS = tuple(int(part) for part in version("apache-airflow").split(".")[:2])
AIRFLOW_V_3_0_PLUS = _PARTS >= (3, 0)
AIRFLOW_V_3_1_PLUS = _PARTS >= (3, 1)
AIRFLOW_V_3_2_PLUS = _PARTS >= (3, 2)
AIRFLOW_V_3_3_PLUS = _PARTS >= (3, 3)
