# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Many mailboxes through MS Graph and many files through SFTP, a few at a time."""

import asyncio

from airflow.providers.microsoft.azure.hooks.msgraph import KiotaRequestAdapterHook
from airflow.providers.sftp.hooks.sftp import SFTPHookAsync
from airflow.sdk import dag, task


@dag
def inventory():
    @task
    async def mailboxes(users: list[str]) -> list[dict]:
        hook = KiotaRequestAdapterHook(conn_id="msgraph_api")
        limit = asyncio.Semaphore(5)

        async def one(user: str) -> dict:
            async with limit:
                return await hook.run(url=f"users/{user}/mailboxSettings")

        return await asyncio.gather(*(one(user) for user in users))

    @task
    async def all_users() -> list[dict]:
        hook = KiotaRequestAdapterHook(conn_id="msgraph_api")
        users: list[dict] = []
        page = await hook.run(url="users")
        while page:
            users.extend(page["value"])
            next_link = page.get("@odata.nextLink")
            page = await hook.run(url=next_link) if next_link else None
            await asyncio.sleep(1)
        return users

    @task
    async def files(names: list[str]) -> None:
        hook = SFTPHookAsync(sftp_conn_id="partner")
        limit = asyncio.Semaphore(3)

        async def one(name: str) -> None:
            async with limit:
                await hook.retrieve_file(f"/out/{name}", f"/tmp/{name}")

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(one(name))

    mailboxes(["a"]) >> all_users() >> files(["b"])


inventory()
