"""Text given for `deferrable`, where even `"False"` counts as true.

## What it does
Finds `deferrable="True"`, `deferrable="False"` and Jinja templates given for the flag.

## Why is this bad?
The flag is a switch, and any text that is not empty turns it on. Where it is a template field the text is rendered, and
the result is text again: `"False"` defers.

## Example
```python
S3KeySensor(task_id="wait", bucket_key=KEY, deferrable="False")
```

## Use instead
```python
S3KeySensor(task_id="wait", bucket_key=KEY, deferrable=False)
```

## Fix safety
Unsafe: `"True"` and `"False"` become the literal, and the task does what the text says. None for templates.

## References
- https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/deferring.html
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.dagfile import DagFile, found
from advisor.finding import Finding, Fix, SetKeyword
from advisor.operators import Operator

SEVERITY = "error"
GROUP = "deferral-misused"
FIX = "unsafe"


def check(dag_file: DagFile) -> Iterator[Finding]:
    for task in dag_file.tasks:
        flag = task.flag
        if isinstance(flag, str) and flag and task.installed.takes_flag:
            message = f'{task.class_name} defers whatever the text says: `deferrable="{flag}"` is true like any text'
            yield found(task.span, message, symbol=task.symbol, fix=_fix(task, flag))


def _fix(task: Operator, flag: str) -> Fix | None:
    literal = flag.strip().capitalize()
    if literal not in ("True", "False") or task.arguments.node("deferrable") is None:
        return None
    rewrites = (SetKeyword(task.span, "deferrable", literal),)
    return Fix("unsafe", f"write `deferrable={literal}`", rewrites, "the task then does what the text says")
