# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Every way to poll that people think of."""

import asyncio
import itertools
import time
from asyncio import sleep as nap
from datetime import datetime, timedelta

import aiohttp
import anyio
from airflow.decorators import task as airflow_task
from airflow.providers.databricks.hooks.databricks import DatabricksHook
from airflow.sdk import dag

STATUS = "https://jobs.example.com/jobs"
INTERVAL = timedelta(seconds=30)
DONE = {"SUCCEEDED", "FAILED"}


@dag
def polls():
    @airflow_task
    async def with_a_flag(job_id: str):
        done = False
        while not done:  # finding: long-wait-in-async-task
            await asyncio.sleep(30)
            done = await is_done(job_id)

    @airflow_task()
    async def with_a_flag_set_later(job_id: str):
        finished = False
        while not finished:  # finding: long-wait-in-async-task
            if (await status_of(job_id)) == "SUCCEEDED":
                finished = True
            else:
                await asyncio.sleep(INTERVAL.total_seconds())

    @airflow_task(retries=1)
    async def with_walrus(job_id: str):
        while (status := await status_of(job_id)) not in DONE:  # finding: long-wait-in-async-task
            await nap(15)
        return status

    @airflow_task.branch
    async def with_break(job_id: str):
        async with aiohttp.ClientSession() as session:
            while True:  # finding: long-wait-in-async-task
                async with session.get(f"{STATUS}/{job_id}") as response:
                    body = await response.json()
                if body["status"] in DONE:
                    break
                await asyncio.sleep(60)
        return "next"

    @airflow_task
    async def with_match(job_id: str):
        while True:  # finding: long-wait-in-async-task
            match await status_of(job_id):
                case "SUCCEEDED":
                    return
                case "FAILED":
                    raise RuntimeError
            await anyio.sleep(20)

    @airflow_task
    async def for_an_hour(job_id: str):
        for attempt in range(120):  # finding: long-wait-in-async-task
            print(attempt)
            if await is_done(job_id):
                return
            await asyncio.sleep(30)
        raise TimeoutError

    @airflow_task
    async def counting(job_id: str):
        for n in itertools.count():  # finding: long-wait-in-async-task
            print(n)
            if await is_done(job_id):
                break
            await asyncio.sleep(30)

    @airflow_task
    async def until_a_deadline(job_id: str):
        deadline = time.monotonic() + 60 * 60
        while time.monotonic() < deadline:  # finding: long-wait-in-async-task
            if await is_done(job_id):
                return
            await asyncio.sleep(10)

    @airflow_task
    async def until_a_date(job_id: str):
        started = datetime.now()
        while not await is_done(job_id):  # finding: long-wait-in-async-task
            if datetime.now() - started > timedelta(hours=2):
                raise TimeoutError
            await asyncio.sleep(10)

    @airflow_task
    async def counting_seconds(job_id: str):
        waited = 0
        while waited < 900:  # finding: long-wait-in-async-task
            if await is_done(job_id):
                return
            await asyncio.sleep(10)
            waited += 10

    @airflow_task
    async def with_growing_pauses(job_id: str):
        pause = 5
        while not await is_done(job_id):  # finding: long-wait-in-async-task
            await asyncio.sleep(pause)
            pause = min(pause * 2, 300)

    @airflow_task
    async def through_errors(job_id: str):
        while True:  # finding: long-wait-in-async-task
            try:
                state = await status_of(job_id)
            except ConnectionError:
                await asyncio.sleep(5)
                continue
            if state in DONE:
                return state
            await asyncio.sleep(30)

    @airflow_task
    async def two_pauses(job_id: str):
        while True:  # finding: long-wait-in-async-task
            state = await status_of(job_id)
            if state in DONE:
                return state
            if state == "QUEUED":
                await asyncio.sleep(60)
            else:
                await asyncio.sleep(10)

    @airflow_task
    async def an_object_that_it_renews(client, job_id: str):
        job = await client.get_job(job_id)
        while job.state not in DONE:  # finding: long-wait-in-async-task
            await asyncio.sleep(30)
            job = await client.get_job(job.id)

    @airflow_task
    async def many_jobs(job_ids: list[str]):
        pending = set(job_ids)
        while pending:  # finding: long-wait-in-async-task
            for job_id in list(pending):
                if await is_done(job_id):
                    pending.remove(job_id)
            await asyncio.sleep(30)

    @airflow_task
    async def many_jobs_narrowed(job_ids: list[str]):
        pending = job_ids
        while pending:  # finding: long-wait-in-async-task
            pending = [job_id for job_id in pending if not await is_done(job_id)]
            await asyncio.sleep(30)

    @airflow_task
    async def with_a_hook(run_id: int):
        hook = DatabricksHook()
        while True:  # finding: long-wait-in-async-task
            state = await hook.a_get_run_state(run_id)
            if state.is_terminal:
                break
            await asyncio.sleep(30)

    @airflow_task
    async def logs_on_the_way(job_id: str):
        offset = 0
        while True:  # finding: long-wait-in-async-task
            lines = await logs_of(job_id, offset)
            offset += len(lines)
            if await is_done(job_id):
                return
            await asyncio.sleep(15)

    @airflow_task
    async def asks_synchronously(path):
        while not path.exists():  # finding: long-wait-in-async-task
            await asyncio.sleep(60)

    @airflow_task
    async def default_pause(job_id: str, every: int = 30):
        while not await is_done(job_id):  # finding: long-wait-in-async-task
            await asyncio.sleep(every)

    default_pause("a")


async def is_done(job_id):
    return await status_of(job_id) in DONE


async def status_of(job_id):
    async with aiohttp.ClientSession() as session, session.get(f"{STATUS}/{job_id}") as response:
        return (await response.json())["status"]


async def logs_of(job_id, offset):
    return []


polls()
