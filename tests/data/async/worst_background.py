# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Coroutines inside of a task: what the task waits for counts, wherever it stands."""

import asyncio

from airflow.sdk import dag, task

from mycorp.jobs import client


@dag
def jobs():
    @task
    async def polls_side_by_side(job_ids: list[str]):
        async def wait_for_job(job_id: str) -> str:
            while True:  # finding: long-wait-in-async-task
                job = await client.get(job_id)
                if job.finished:
                    return job.state
                await asyncio.sleep(45)

        return await asyncio.gather(*(wait_for_job(job_id) for job_id in job_ids))  # finding: unbounded-gather

    @task
    async def polls_in_a_group(job_ids: list[str]):
        async def wait_for_job(job_id: str) -> None:
            while await client.is_running(job_id):  # finding: long-wait-in-async-task
                await asyncio.sleep(45)

        async with asyncio.TaskGroup() as group:
            for job_id in job_ids:
                group.create_task(wait_for_job(job_id))  # finding: unbounded-gather

    @task
    async def polls_in_tasks(job_ids: list[str]):
        async def wait_for_job(job_id: str) -> None:
            while await client.is_running(job_id):  # finding: long-wait-in-async-task
                await asyncio.sleep(45)

        tasks = [asyncio.create_task(wait_for_job(job_id)) for job_id in job_ids]  # finding: unbounded-gather
        await asyncio.gather(*tasks)

    @task
    async def polls_under_a_long_timeout(job_id: str):
        async def wait_for_job() -> None:
            while await client.is_running(job_id):
                await asyncio.sleep(45)

        await asyncio.wait_for(wait_for_job(), timeout=3600)  # finding: long-wait-in-async-task

    @task
    async def waits_for_a_flag(state):
        while not state.ready:  # finding: long-wait-in-async-task
            await asyncio.sleep(30)

    polls_side_by_side([])


jobs()
