# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Everything in one async task that blocks it, as people bring it along from their synchronous DAGs."""

import asyncio
import os
import smtplib
import subprocess
import time as clock
import urllib.request
from pathlib import Path
from time import sleep

import boto3
import httpx
import pandas as pd
import redis
import snowflake.connector
import sqlalchemy
from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, BaseAsyncOperator, task
from google.cloud import storage
from pendulum import datetime
from pymongo import MongoClient

ENGINE = sqlalchemy.create_engine("postgresql://warehouse")
CACHE = redis.Redis(host="cache")


async def sync_everything(**context):
    clock.sleep(1)  # finding: blocking-call-in-async-task
    if context.get("retry"):
        sleep(2)  # finding: blocking-call-in-async-task
    with urllib.request.urlopen("https://example.com") as response:  # finding: blocking-call-in-async-task
        body = response.read()
    answer = httpx.post("https://example.com", content=body)  # finding: blocking-call-in-async-task
    with httpx.Client() as client:
        client.get("https://example.com")  # finding: blocking-call-in-async-task
    os.system("sync")  # finding: blocking-call-in-async-task
    lines = subprocess.check_output(["ls"]).splitlines()  # finding: blocking-call-in-async-task
    frame = pd.read_sql("SELECT 1", ENGINE)  # finding: blocking-call-in-async-task
    CACHE.set("rows", len(frame))  # finding: blocking-call-in-async-task
    connection = snowflake.connector.connect(user="me")  # finding: blocking-call-in-async-task
    cursor = connection.cursor()
    cursor.execute("SELECT 1")  # finding: blocking-call-in-async-task
    MongoClient("mongodb://db").reports.days.insert_one({"lines": len(lines)})  # finding: blocking-call-in-async-task
    bucket = boto3.resource("s3").Bucket("reports")
    mail = smtplib.SMTP("mail.example.com")
    mail.sendmail("a@example.com", "b@example.com", answer.text)  # finding: blocking-call-in-async-task
    storage.Client().list_blobs("reports")  # finding: blocking-call-in-async-task
    if Path("/tmp/rows").exists():  # finding: blocking-call-in-async-task
        os.path.getsize("/tmp/rows")  # finding: blocking-call-in-async-task
    return bucket


class Unload(BaseAsyncOperator):
    def __init__(self, sql: str, **kwargs):
        super().__init__(**kwargs)
        self.sql = sql
        self.hook = SnowflakeHook()

    def _rows(self):
        return self.hook.get_records(self.sql)

    async def aexecute(self, context):
        rows = self._rows()  # finding: blocking-call-in-async-task
        day = context["ti"].xcom_pull(task_ids="day")  # finding: sync-sdk-call-in-async-task
        GCSHook().upload("reports", f"{day}.csv", data=str(rows))  # finding: blocking-call-in-async-task
        return await asyncio.to_thread(self._rows)


with DAG("sync_everything", start_date=datetime(2026, 1, 1), schedule=None):
    everything = PythonOperator(task_id="everything", python_callable=sync_everything)

    @task.branch
    async def choose() -> str:
        waits = [asyncio.to_thread(sleep, 1) for _ in range(5)]
        await asyncio.gather(*waits)
        sleep(1)  # finding: blocking-call-in-async-task
        return "unload"

    everything >> choose() >> Unload(task_id="unload", sql="SELECT * FROM reports")
