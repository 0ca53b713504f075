"""A trigger defined in a file that also defines a DAG.

## What it does
Finds classes that derive from `BaseTrigger`, or from a provider's trigger, in a file that makes a DAG. Triggers in
modules of their own say nothing, also where a DAG file imports them.

## Why is this bad?
The triggerer imports a trigger by the path that its `serialize` returns. From Airflow 3.0 on it loads no DAG bundle:
the DAGs folder is not on its path, and the name under which Airflow has loaded the file
(`unusual_prefix_…_my_dag`) exists in no other process. The task defers and then fails with "Trigger failure" and a
`ModuleNotFoundError` in the triggerer's log, observed on 3.3.2. The same befalls modules beside the DAG file, unless
they are in a plugin or in an installed package. On Airflow 2 the triggerer has the DAGs folder on its path, so that a
path written out (`"my_dag.JobTrigger"`) can be imported, and says nothing here; one made from `__name__` can't.

## Example
```python
# dags/report.py
class JobTrigger(BaseTrigger):
    ...

with DAG("report"):
    RunJob(task_id="run")
```

## Use instead
```python
# plugins/mycorp_triggers.py, or a module of an installed package
class JobTrigger(BaseTrigger):
    ...
```
```python
# dags/report.py
from mycorp_triggers import JobTrigger

with DAG("report"):
    RunJob(task_id="run")
```

## Fix safety
There is no fix: where code is installed in your deployment is known to you only.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html#writing-triggers
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding

SEVERITY = "warning"
GROUP = "triggers"
FIX = "none"
TOPICS = (b"BaseTrigger", b"BaseEventTrigger", b"Trigger):")


def check(dag_file: DagFile) -> Iterator[Finding]:
    """Every trigger of a file that makes a DAG."""
    triggers = dag_file.triggers
    if not triggers or not dag_file.contexts.makes_dag():
        return
    on_airflow_2 = not dag_file.target.at_least(3)
    for trigger in triggers:
        if on_airflow_2 and trigger.claims and all(claim.is_whole for claim in trigger.claims):
            continue  # its triggerer has the DAGs folder on its path
        yield found(trigger.span, f"{trigger.name} stands in a DAG file: {_CONSEQUENCE}")


_CONSEQUENCE = "the triggerer can't import it from there; move it to a plugin or an installed package"
