# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""Ordinary tasks with pauses that nobody has to take out."""

import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import requests
from airflow import DAG
from airflow.decorators import task
from airflow.operators.python import PythonOperator

PAGE = 500


def fetch(url, tries=3):
    for attempt in range(tries):
        try:
            response = requests.get(url, timeout=30)
            if response.status_code == 429:
                time.sleep(90)
                continue
            response.raise_for_status()
            return response.json()
        except requests.ConnectionError:
            time.sleep(min(2 ** attempt, 60))
    raise RuntimeError(url)


def sync_delete(client, index, body, retries=20, interval=0.5):
    client.delete_by_query(index, body)
    for _ in range(retries):
        time.sleep(interval)
        if client.search(index=index, body=body)["hits"]["total"]["value"] == 0:
            break


def backfill(start, end, step=timedelta(hours=1)):
    current = start
    while current < end:
        chunk_end = min(current + timedelta(hours=6), end)
        fetch(f"https://api.example.com/run?from={current}&to={chunk_end}")
        time.sleep(10)
        current = chunk_end


def copy_blobs(client, blobs):
    for blob in blobs:
        copy = client.start_copy(blob)
        while copy.status == "pending":
            time.sleep(1)
            copy = client.get_copy(copy.id)
        blob.delete()


def run_script():
    process = subprocess.Popen(["bash", "load.sh"])
    while process.poll() is None:
        time.sleep(30)


def in_parallel(urls):
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(fetch, url) for url in urls]
        while not all(future.done() for future in futures):
            time.sleep(10)


def unknown_lengths(seconds, **context):
    time.sleep(seconds)
    time.sleep(random.randint(1, 600))
    time.sleep(context["params"]["pause"])
    time.sleep(int(context["dag_run"].conf.get("wait", 600)))


def drain(queue):
    while not queue.empty():
        fetch(queue.get())
        time.sleep(30)


def mail(addresses):
    for number, address in enumerate(addresses):
        requests.post("https://mail.example.com", json={"to": address}, timeout=30)
        if number % 100 == 99:
            time.sleep(65)


def nobody_calls_this():
    time.sleep(3600)


class Report:
    def wait(self):
        time.sleep(3600)


with DAG("work"):
    for function in (backfill, copy_blobs):
        PythonOperator(task_id=function.__name__, python_callable=function)
    PythonOperator(task_id="backfill", python_callable=backfill)
    PythonOperator(task_id="copy", python_callable=copy_blobs)
    PythonOperator(task_id="delete", python_callable=sync_delete)
    PythonOperator(task_id="script", python_callable=run_script)
    PythonOperator(task_id="parallel", python_callable=in_parallel)
    PythonOperator(task_id="unknown", python_callable=unknown_lengths)
    PythonOperator(task_id="drain", python_callable=drain)
    PythonOperator(task_id="mail", python_callable=mail)
    PythonOperator(task_id="warm_up", python_callable=lambda: time.sleep(30))

    @task
    def pages():
        page, rows = 0, []
        while True:
            batch = fetch(f"https://api.example.com/rows?offset={page * PAGE}")
            rows.extend(batch)
            if len(batch) < PAGE:
                return len(rows)
            page += 1
            time.sleep(5)

    pages()
