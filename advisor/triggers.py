"""The triggers that a project defines itself: how each runs, what it says of itself, and what it is made from."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.catalog.bases import bases, names_itself
from advisor.contexts import class_bases
from advisor.events import Judged, Ways, judge
from advisor.fields import Generated, generated_init
from advisor.finding import Span
from advisor.flow import Readable
from advisor.folded import UNKNOWN, Sentinel
from advisor.lineage import Layer, Lineage, Method, is_derived_from, lineage
from advisor.serializing import Claim, claims, no_pair
from advisor.syntax import Node, function_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

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
        return self.layer.name

    @property
    def layer(self) -> Layer:
        """The class itself, without its bases."""
        return self.lineage.layers[0]

    @property
    def span(self) -> Span:
        """The class's name in `class Name(…)`."""
        return self._dag_file.tree.span(self.node.field("name") or self.node)

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

    @property
    def wrong_run(self) -> Judged | None:
        """What is certainly wrong with the class's own `run`; None where it may send its event."""
        method = self.run_method
        return judge(method) if isinstance(method, Method) and method.layer.node == self.node else None

    @property
    def ends_without_event(self) -> list[Span]:
        """Where the class's own `run` may come to its end with no event sent."""
        method = self.run_method
        if not isinstance(method, Method) or method.layer.node != self.node or method.decorators:
            return []
        return [self._dag_file.tree.span(node) for node in Ways(method).ends] if not self.is_watcher else []

    @property
    def has_no_run(self) -> bool:
        """Whether neither the class nor any base has a `run`, and it is not a base itself."""
        whole = isinstance(self.serialize, Method) and not self.is_local
        return self.run_method is None and whole and not self.is_base

    @property
    def is_watcher(self) -> bool:
        """Whether it watches an asset, and no task waits for it: it may send many events, or none."""
        paths = (path for outside in self.lineage.outside for path in outside.paths)
        return any(path in bases().watchers for path in paths)

    @cached_property
    def serialize(self) -> Method | Sentinel | None:
        """`serialize`, as for `run_method`."""
        return self.lineage.find("serialize")

    @cached_property
    def init(self) -> Method | Sentinel | None:
        """`__init__`, as for `run_method`; None means the one of Airflow's base class, which takes any keyword."""
        return self.lineage.find("__init__")

    @cached_property
    def generated_init(self) -> Generated | None:
        """The `__init__` that `@dataclass` or attrs makes; None where there is none, or it can't be told."""
        return generated_init(self.lineage) if self.init is UNKNOWN else None

    @cached_property
    def claims(self) -> list[Claim]:
        """What `serialize` says of the trigger, once for each `return` that can be seen."""
        return claims(self._dag_file, self)

    @property
    def no_pair(self) -> tuple[Span, str] | None:
        """Where the class's own `serialize` returns no pair of path and arguments, and what it returns instead."""
        return no_pair(self._dag_file, self)

    @property
    def runs_as(self) -> str:
        """The provider's trigger that the triggerer makes in place of this one, by its class's name; "" for none.

        That is the base whose `serialize` this class inherits, where that writes out its own path.
        """
        if not self.adds_behaviour or self.is_local:
            return ""
        for one in self.lineage.line:
            if isinstance(one, Layer):
                if one.bindings("serialize") or self.lineage.is_odd(one):
                    return ""
            elif one in self.lineage.outside:
                name = one.paths[0].rpartition(".")[2] if one.paths else ""
                return name if name and all(map(names_itself, one.paths)) and not self.is_base else ""
        return ""

    @property
    def adds_behaviour(self) -> bool:
        """Whether the class has methods of its own; an `__init__` alone only makes the arguments for its base."""
        return any(method.name != "__init__" for method in self.layer.methods())

    @cached_property
    def is_local(self) -> bool:
        """Whether the class is made while a function or another class is: nothing can import it then."""
        return function_of(self.node) is not None or any(
            ancestor.kind() == "class_definition" for ancestor in self.node.ancestors()
        )

    @cached_property
    def is_base(self) -> bool:
        """Whether the class is meant to be derived from, or may be."""
        return is_derived_from(self._dag_file, self.node, self._dag_file.path, self._dag_file.project)


def find_triggers(dag_file: DagFile) -> list[Trigger]:
    """The triggers that the file defines, in the order of the text."""
    if "Trigger" not in dag_file.tree.text:
        return []
    known = bases().triggers
    found: list[Trigger] = []
    names: set[str] = set()
    for owner in dag_file.tree.classes():
        if not _may_be_trigger(dag_file, owner, names):
            continue
        line = lineage(dag_file, owner, dag_file.path, dag_file.project, known.__contains__)
        paths = (path for outside in line.outside for path in outside.paths)
        if any(path in known or _OF_A_PROVIDER.match(path) for path in paths):
            found.append(Trigger(dag_file, owner, line))
            names.add(found[-1].name)
    return found


def _may_be_trigger(dag_file: DagFile, owner: Node, others: set[str]) -> bool:
    """Whether it is worth the while to follow a class's bases."""
    above, name = class_bases(owner), owner.field("name")
    if not above or name is None:
        return False
    if "Trigger" in name.text() or any(
        "Trigger" in (text := base.text()) or text in others for base in above
    ):
        return True
    return any(owner in dag_file.names.bindings(method) for method in ("run", "serialize"))
