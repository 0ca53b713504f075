# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""The reports' API, as the project's DAGs use it."""

from __future__ import annotations

import asyncio

import aiohttp
import httpx
from tenacity import retry, stop_after_attempt

API = "https://reports.example.com"


async def fetch(session: aiohttp.ClientSession, path: str) -> dict:
    async with session.get(f"{API}/{path}") as response:
        response.raise_for_status()
        return await response.json()


async def newest(kind):
    """Its own client, and one helper further."""
    async with httpx.AsyncClient(base_url=API) as client:
        return await _ask(client, f"/newest/{kind}")


async def _ask(client, path):
    response = await client.get(path)
    return response.json()


async def submit(client, payload):
    return await client.request("POST", "/orders", json=payload)


@retry(stop=stop_after_attempt(3))
async def fetch_again(session, path):
    async with session.get(f"{API}/{path}") as response:
        return await response.json()


async def fetch_pages(session, path):
    rows, page = [], 1
    while True:
        async with session.get(f"{API}/{path}", params={"page": page}) as response:
            found = await response.json()
        if not found:
            return rows
        rows += found
        page += 1


async def follow(session, url):
    async with session.get(url) as response:
        answer = await response.json()
    if answer.get("next"):
        return answer["rows"] + await follow(session, answer["next"])
    return answer["rows"]


async def download(session, path, target):
    async with session.get(f"{API}/{path}") as response:
        async for chunk in response.content.iter_chunked(65536):
            target.write(chunk)


async def fetch_slowly(session, path):
    await asyncio.sleep(5)
    return await fetch(session, path)


class ReportsClient:
    def __init__(self, token: str) -> None:
        self._token = token
        self._session = None

    async def __aenter__(self):
        self._session = aiohttp.ClientSession(API, headers={"Authorization": self._token})
        return self

    async def __aexit__(self, *error):
        await self._session.close()

    async def report(self, name: str) -> dict:
        return await self._get(f"/reports/{name}")

    async def reports(self, names):
        found = {}
        while names and "end" not in found:
            found |= await self._get(f"/reports/{names.pop()}")
        return found

    async def _get(self, path):
        async with self._session.get(path) as response:
            return await response.json()


class LoggedInClient:
    """Asks for a token first."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(base_url=API)

    async def __aenter__(self):
        await self._client.post("/login")
        return self

    async def __aexit__(self, *error):
        await self._client.aclose()

    async def report(self, name):
        return (await self._client.get(f"/reports/{name}")).json()


class Feed:
    """Each feed of its own asks as it needs to."""

    async def rows(self, session):
        return await self.load(session)

    async def load(self, session):
        async with session.get(f"{API}/feed") as response:
            return await response.json()


class PagedFeed(Feed):
    async def load(self, session):
        return await fetch_pages(session, "feed")
