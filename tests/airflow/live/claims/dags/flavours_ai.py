"""`async def` where a function makes a prompt: nothing is asked of a model, as no task comes that far."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG, task

MODEL = "test"

with DAG("prompts", start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False):

    @task.agent(llm_conn_id=MODEL)
    async def agent():
        return "Which shop?"

    @task.llm(llm_conn_id=MODEL)
    async def llm():
        return "Which shop?"

    @task.llm_batch(llm_conn_id=MODEL, result_path="/tmp/results")
    async def llm_batch():
        return ["Which shop?"]

    @task.llm_branch(llm_conn_id=MODEL)
    async def llm_branch():
        return "Which shop?"

    @task.llm_file_analysis(llm_conn_id=MODEL, file_path="/tmp/file")
    async def llm_file_analysis():
        return "Which shop?"

    @task.llm_schema_compare(llm_conn_id=MODEL, db_conn_ids=["database", "other"], table_names=["shops"])
    async def llm_schema_compare():
        return "Which shop?"

    @task.llm_sql(llm_conn_id=MODEL)
    async def llm_sql():
        return "Which shop?"

    for one in (agent, llm, llm_batch, llm_branch, llm_file_analysis, llm_schema_compare, llm_sql):
        one()
