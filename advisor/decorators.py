"""TaskFlow decorators that are given `deferrable`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.finding import Span
from advisor.records import dataclass

if TYPE_CHECKING:
    from advisor.dagfile import DagFile


# The operators behind these take `deferrable` among their own arguments; every other decorator hands what it is given
# to an operator without the flag. Read in the cncf-kubernetes, sftp and common-ai wheels.
_WITH_FLAG = frozenset({"kubernetes", "kubernetes_cmd", "sftp_sensor", "llm_batch"})


@dataclass(frozen=True, slots=True)
class TaskDecorator:
    """One `@task…(…, deferrable=…)`; `flavour` is "" for `@task`, "sensor" for `@task.sensor`."""

    flavour: str
    span: Span

    @property
    def gives_flag_in_vain(self) -> bool:
        """Whether the decorator does not take the flag."""
        return self.flavour not in _WITH_FLAG


def find_decorators(dag_file: DagFile) -> list[TaskDecorator]:
    """The decorators of tasks that are given the flag, in the order of the text."""
    if "deferrable" not in dag_file.tree.text or "task" not in dag_file.tree.text:
        return []
    found: list[TaskDecorator] = []
    rule = {"kind": "function_definition", "follows": {"kind": "decorator", "regex": r"\bdeferrable\b"}}
    for function in dag_file.tree.matching(rule):
        flavour = dag_file.contexts.task_flavour(function)
        if flavour is None:
            continue
        for _, expression in dag_file.contexts.decorators(function):
            if expression.kind() == "call" and Arguments(expression, dag_file.values).given("deferrable"):
                found.append(TaskDecorator(flavour, dag_file.tree.span(expression)))
    return found
