# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""A job with its trigger, in both modes, as those write it who have been bitten before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.exceptions import AirflowException
from airflow.models import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent

from mycorp.hooks import JobAsyncHook, JobHook

if TYPE_CHECKING:
    from airflow.utils.context import Context


class JobTrigger(BaseTrigger):
    def __init__(
        self, job_id: str, conn_id: str, end_time: float, poll_interval: float = 60, region: str | None = None
    ) -> None:
        super().__init__()
        self.job_id, self.conn_id = job_id, conn_id
        self.end_time = end_time
        self.poll_interval = poll_interval
        self.region = region
        self._hook: JobAsyncHook | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "clean_job.JobTrigger", dict(
            job_id=self.job_id,
            conn_id=self.conn_id,
            end_time=self.end_time,
            poll_interval=self.poll_interval,
            region=self.region,
        )

    @property
    def hook(self) -> JobAsyncHook:
        if self._hook is None:
            self._hook = JobAsyncHook(self.conn_id, self.region)
        return self._hook

    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            while not (state := await self.hook.state(self.job_id)).done:
                if time.time() > self.end_time:
                    yield TriggerEvent({"status": "timeout", "job_id": self.job_id})
                    return
                await asyncio.sleep(self.poll_interval)
            yield TriggerEvent({"status": state.name, "job_id": self.job_id})
        except asyncio.CancelledError:
            self.log.info("the task was killed")
            raise
        except Exception as error:
            self.log.exception("can't ask for job %s", self.job_id)
            yield TriggerEvent({"status": "error", "message": str(error), "job_id": self.job_id})


class RunJob(BaseOperator):
    template_fields: Sequence[str] = ("sql", "job_id")

    def __init__(
        self,
        *,
        sql: str,
        conn_id: str = "jobs",
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.conn_id = conn_id
        self.deferrable = deferrable
        self.job_id: str | None = None
        self._hook: JobHook | None = None
        self.statement: str | None = None

    def get_hook(self) -> JobHook:
        if not self._hook:
            self._hook = JobHook(self.conn_id)
        return self._hook

    @cached_property
    def link(self) -> str:
        return f"https://jobs.example.com/{self.conn_id}"

    def execute(self, context: Context) -> Any:
        self._hook = JobHook(self.conn_id)
        self.statement = self.sql.strip()
        self.job_id = self.get_hook().start(self.statement)
        context["ti"].xcom_push(key="job_id", value=self.job_id)
        if self.deferrable:
            self.defer(
                trigger=JobTrigger(self.job_id, self.conn_id, time.time() + 3600),
                method_name="execute_complete",
                kwargs={"statement": self.statement},
            )
        self.result = self.get_hook().wait(self.job_id)
        return self._finish()

    def execute_complete(self, context: Context, event: dict[str, Any], statement: str) -> Any:
        self.job_id = event["job_id"]
        self.log.info("%s of %s: %s", self.link, statement, self.sql)
        if event["status"] != "success":
            raise AirflowException(f"job {self.job_id}: {event.get('message')}")
        return self._finish()

    def _finish(self) -> Any:
        if not self.deferrable:
            return self.result
        return self.get_hook().result(self.job_id)

    def on_kill(self) -> None:
        if self.job_id:
            self.get_hook().cancel(self.job_id)
