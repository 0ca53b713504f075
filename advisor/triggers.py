"""The triggers that a project defines itself: how each runs, what it says of itself, and what it is made from."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from advisor.contexts import class_bases
from advisor.finding import Span
from advisor.flow import Readable
from advisor.lineage import Lineage, Method, lineage
from advisor.syntax import Node
from advisor.values import Sentinel

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

#: Airflow's own bases: abstract `run` and `serialize`, an `__init__` that takes any keyword
BASES: Final = frozenset(
    {
        "airflow.triggers.base.BaseTrigger",
        "airflow.triggers.base.BaseEventTrigger",
        "airflow.providers.common.compat.triggers.BaseEventTrigger",
    }
)
# Every trigger of a provider stands in a module below `triggers` (all 249 of the newest wheels, and of older ones).
_OF_A_PROVIDER = re.compile(r"(?:airflow|astronomer)\.(?:\w+\.)*triggers\.(?:\w+\.)*\w*Trigger$")


class Trigger:
    """One class of the file that derives from a trigger of Airflow's, straight or through first-party bases."""

    def __init__(self, dag_file: DagFile, node: Node, line: Lineage) -> None:
        self._dag_file = dag_file
        self.node = node
        self.lineage = line

    @property
    def name(self) -> str:
        """The class's name."""
        name = self.node.field("name")
        return name.text() if name is not None else ""

    @property
    def span(self) -> Span:
        """The class's name in `class Name(…)`."""
        return self._dag_file.tree.span(self.node.field("name") or self.node)

    @property
    def derives_from_provider(self) -> bool:
        """Whether a base is a provider's trigger, or one that can't be told: it may have any method."""
        return not self.lineage.is_known

    @cached_property
    def run_method(self) -> Method | Sentinel | None:
        """`run`, own or from a first-party base; None where there is none, UNKNOWN where a base may have it."""
        return self.lineage.find("run")

    @property
    def run(self) -> Node | None:
        """The function `run`, own or from a first-party base; it may stand in another file (`run_file`)."""
        return self.run_method.node if isinstance(self.run_method, Method) else None

    @property
    def run_file(self) -> Readable | None:
        """The file that `run` stands in: this one, or a first-party module."""
        return self.run_method.layer.file if isinstance(self.run_method, Method) else None

    @property
    def own_run(self) -> Node | None:
        """`run`, where this very class defines it."""
        method = self.run_method
        return method.node if isinstance(method, Method) and method.layer.node == self.node else None

    @cached_property
    def serialize(self) -> Method | Sentinel | None:
        """`serialize`, as for `run_method`."""
        return self.lineage.find("serialize")

    @cached_property
    def init(self) -> Method | Sentinel | None:
        """`__init__`, as for `run_method`; None means the one of Airflow's base class, which takes any keyword."""
        return self.lineage.find("__init__")


def find_triggers(dag_file: DagFile) -> list[Trigger]:
    """The triggers that the file defines, in the order of the text."""
    if "Trigger" not in dag_file.tree.text:
        return []
    found: list[Trigger] = []
    for owner in dag_file.tree.classes():
        if not _may_be_trigger(dag_file, owner, {trigger.name for trigger in found}):
            continue
        line = lineage(dag_file, owner, dag_file.path, dag_file.project, BASES)
        if any(_is_trigger(path) for outside in line.outside for path in outside.paths):
            found.append(Trigger(dag_file, owner, line))
    return found


def _is_trigger(path: str) -> bool:
    return path in BASES or _OF_A_PROVIDER.match(path) is not None


def _may_be_trigger(dag_file: DagFile, owner: Node, others: set[str]) -> bool:
    """Whether it is worth the while to follow a class's bases."""
    bases, name = class_bases(owner), owner.field("name")
    if not bases or name is None:
        return False
    if "Trigger" in name.text() or any(
        "Trigger" in (text := base.text()) or text in others for base in bases
    ):
        return True
    return any(owner in dag_file.names.bindings(method) for method in ("run", "serialize"))
