# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Tries again."""

import time

import requests


def with_retries(before, path):
    for attempt in range(3):
        before()
        try:
            return requests.get(f"https://partner.example.com/{path}", timeout=10).json()
        except requests.ConnectionError:
            time.sleep(2**attempt)
    return {}


async def with_async_retries(call, path):
    import asyncio

    for attempt in range(3):
        try:
            return await call(path)
        except OSError:
            await asyncio.sleep(2**attempt)
    return {}
