# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Trying again after an error, with growing pauses, with the pause that the server asks for, and with a budget."""

import asyncio
import random

import httpx
from airflow.sdk import dag, task

URL = "https://flaky.example.com/rates"


@dag
def rates():
    @task
    async def backs_off() -> dict:
        async with httpx.AsyncClient() as client:
            for attempt in range(6):
                try:
                    response = await client.get(URL)
                    response.raise_for_status()
                    return response.json()
                except httpx.HTTPError:
                    await asyncio.sleep(2**attempt + random.random())
        raise RuntimeError("no rates")

    @task
    async def waits_after_errors() -> dict:
        failures = 0
        async with httpx.AsyncClient() as client:
            while True:
                try:
                    response = await client.get(URL)
                except httpx.TransportError:
                    failures += 1
                    if failures > 5:
                        raise
                    await asyncio.sleep(60)
                else:
                    return response.json()

    @task
    async def obeys_the_server() -> dict:
        async with httpx.AsyncClient() as client:
            while True:
                response = await client.get(URL)
                if response.status_code == 429:
                    await asyncio.sleep(60)
                    continue
                return response.json()

    @task
    async def five_times() -> dict:
        last_error = None
        async with httpx.AsyncClient() as client:
            for _ in range(5):
                try:
                    return (await client.get(URL)).json()
                except httpx.HTTPError as error:
                    last_error = error
                await asyncio.sleep(30)
        raise RuntimeError("no rates") from last_error

    @task
    async def until_it_says_200() -> dict:
        async with httpx.AsyncClient() as client:
            for attempt in range(5):
                response = await client.get(URL)
                if response.status_code == 200:
                    return response.json()
                await asyncio.sleep(20)
        raise RuntimeError("no rates")

    backs_off() >> waits_after_errors() >> obeys_the_server() >> five_times() >> until_it_says_200()


rates()
