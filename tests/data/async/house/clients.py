# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Clients of the services that several DAGs talk to."""

from __future__ import annotations

import functools
import subprocess

import psycopg2
import requests
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import BaseHook

from .retry import with_retries


def ask_partner(path: str) -> dict:
    """One request, tried three times."""
    return with_retries(lambda: None, path)


class Base:
    dsn = "dbname=ledger"

    def __enter__(self):
        self.connection = psycopg2.connect(self.dsn)
        return self

    def __exit__(self, *error):
        self.connection.close()

    def fetch(self, sql: str) -> list:
        cursor = self.connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall()


class Ledger(Base):
    def __init__(self, bucket: str = "ledger") -> None:
        self.bucket = bucket
        self.session = requests.Session()

    @functools.cached_property
    def hook(self) -> S3Hook:
        return S3Hook(aws_conn_id="ledger")

    @property
    def token(self) -> str:
        return BaseHook.get_connection("ledger").password

    def archive(self, name: str) -> None:
        self.hook.load_file(filename=name, key=name, bucket_name=self.bucket)

    def latest(self):
        return self.session.get("https://ledger.example.com/latest", timeout=10).json()

    @staticmethod
    def compress(name: str) -> str:
        subprocess.check_call(["gzip", name])
        return f"{name}.gz"

    def describe(self) -> str:
        return f"ledger in {self.bucket}"
