"""Names that moved between the Airflow versions."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import (  # type: ignore[import-not-found, unused-ignore]
    EmptyOperator as EmptyOperator,
)
