"""Finds the calls of a DAG file that make operators of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from advisor.operators import Operator
from advisor.syntax import Node, dotted

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

_PREFIXES: Final = ("airflow", "astronomer")
_USUAL: Final = ("dag", "default_args")
_USUAL_IMPORTS: Final = ("DAG", "dag", "TaskGroup", "task", "task_group", "timedelta", "datetime")


def find_operators(dag_file: DagFile) -> list[Operator]:
    """Every call in the file that makes an operator of the catalog, in the order of the text.

    A name that may stand for two different classes, or for something that is not known, makes none.
    """
    names, catalog = dag_file.names, dag_file.catalog
    locals_of_interest: set[str] = set()
    for imported in names.imports:
        if imported.target.partition(".")[0] in _PREFIXES:
            module = not imported.name[:1].isupper()
            known = module or catalog.resolve(imported.target) is not None
        else:
            known = imported.name in catalog.names() or imported.local in catalog.names()
        if known:
            locals_of_interest.add(imported.local)
    if any(module.partition(".")[0] in _PREFIXES for module in names.stars):
        locals_of_interest |= {name for name in catalog.names() if name in dag_file.tree.text}
    if not locals_of_interest:
        return []
    # One walk for what every task will ask about besides.
    names.prepare(
        {*locals_of_interest, *_USUAL, *(i.local for i in names.imports if i.name in _USUAL_IMPORTS)}
    )
    locals_of_interest |= _aliases(dag_file, locals_of_interest)
    found: list[Operator] = []
    for local in locals_of_interest:
        for reference in names.references(local):
            operator = _operator_at(dag_file, reference)
            if operator is not None:
                found.append(operator)
    found.sort(key=lambda operator: (operator.span.start, operator.span.end))
    return found


def _aliases(dag_file: DagFile, locals_of_interest: set[str]) -> set[str]:
    """Names that are assigned one of these names, as in `Sensor = S3KeySensor`."""
    aliases: set[str] = set()
    for local in locals_of_interest:
        for reference in dag_file.names.references(local):
            node, parent = reference, reference.parent()
            while parent is not None and parent.kind() == "attribute":
                node, parent = parent, parent.parent()
            if parent is not None and parent.kind() == "assignment" and parent.field("right") == node:
                target = parent.field("left")
                if target is not None and target.kind() == "identifier":
                    aliases.add(target.text())
    return aliases - locals_of_interest


def _operator_at(dag_file: DagFile, reference: Node) -> Operator | None:
    node = reference
    parent = node.parent()
    while parent is not None and parent.kind() == "attribute" and parent.field("object") == node:
        node, parent = parent, parent.parent()
    if parent is None or parent.kind() != "call" or parent.field("function") != node:
        return None
    function = node
    if node.kind() == "attribute":
        last, holder = node.field("attribute"), node.field("object")
        if last is not None and holder is not None and last.text() == "partial":
            function = holder
    if dotted(function) is None:
        return None
    classes: dict[str, str] = {}
    for path in dag_file.names.candidates(function):
        known = dag_file.class_path(path)
        if known is None:
            return None
        classes[known[0]] = known[1]
    if len(classes) != 1:
        return None
    name, path = next(iter(classes.items()))
    facts = dag_file.catalog.get(name)
    return Operator(dag_file, facts, path, reference, function, parent) if facts is not None else None
