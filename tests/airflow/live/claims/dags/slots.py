"""Who holds a slot while it waits: each pool has one, and a second task wants it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import datetime, timedelta

from airflow.providers.standard.sensors.time_delta import WaitSensor
from airflow.sdk import DAG, TaskInstance, task
from proof_helpers import ask, asked, confirm, seen

WAIT = 16  # seconds

with DAG("slots", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):

    @task(pool="sleeping", priority_weight=9)
    def sleeping():
        time.sleep(WAIT)

    @task(pool="polling", priority_weight=9)
    def polling():
        end = time.time() + WAIT
        while time.time() < end:
            time.sleep(1)

    @task(pool="awaiting", priority_weight=9)
    async def awaiting():
        await asyncio.sleep(WAIT)

    @task.sensor(pool="rescheduled", priority_weight=9, mode="reschedule", poke_interval=WAIT)
    def rescheduled(ti: TaskInstance):
        ask("looks")
        return asked("looks") > 1

    @task(pool="retried", priority_weight=9, retries=1, retry_delay=timedelta(seconds=WAIT))
    def retried(ti: TaskInstance):
        if ti.try_number == 1:
            raise ConnectionError("not yet")

    WaitSensor(
        task_id="deferred",
        pool="deferred",
        priority_weight=9,
        time_to_wait=timedelta(seconds=WAIT),
        deferrable=True,
    )

    def wants(pool: str):
        @task(task_id=f"beside_{pool}", pool=pool)
        def beside():
            seen("a slot")

        beside()

    @task(retries=1, retry_delay=timedelta(seconds=10))
    def killed(ti: TaskInstance):
        ask("jobs_started")
        if ti.try_number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        confirm(asked("jobs_started") > 1, f"{asked('jobs_started')} jobs started")

    sleeping()
    polling()
    awaiting()
    rescheduled()
    retried()
    killed()
    for name in ("sleeping", "polling", "awaiting", "rescheduled", "retried", "deferred"):
        wants(name)
