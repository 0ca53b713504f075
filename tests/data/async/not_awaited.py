# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Waits that are wrong elsewhere, but in no async task: other rules speak about these."""

import asyncio

from airflow.sdk import dag, task


@dag
def others():
    @task.bash
    async def shell():
        await asyncio.sleep(600)

    shell()


others()
