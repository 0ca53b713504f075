"""Finds the calls of a DAG file that make operators of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from advisor.contexts import class_bases
from advisor.operators import Operator
from advisor.syntax import Node, attribute_around, dotted

if TYPE_CHECKING:
    from advisor.catalog.record import ClassFacts
    from advisor.dagfile import DagFile
    from advisor.names import Import
    from advisor.subclasses import Derived

_PREFIXES: Final = ("airflow", "astronomer")


def find_operators(dag_file: DagFile, *, silent: bool = False) -> list[Operator]:
    """Every call in the file that makes an operator of the catalog, in the order of the text.

    A name that may stand for two different classes, or for something that is not known, makes none. Those about which
    nobody has anything to say, which is two of five, are made on demand (`silent`).
    """
    names, catalog = dag_file.names, dag_file.catalog
    locals_of_interest: set[str] = set()
    for imported in names.imports:
        if imported.target.partition(".")[0] in _PREFIXES:
            known = catalog.resolve(imported.target) is not None or catalog.has_below(imported.target)
        else:
            known = imported.name in catalog.names() or imported.local in catalog.names()
        if known or _may_be_own(dag_file, imported):
            locals_of_interest.add(imported.local)
    for star in names.stars:
        own = dag_file.first_party.is_first_party(star, dag_file.path)
        if own or star.partition(".")[0] in _PREFIXES:
            locals_of_interest |= catalog.names() & dag_file.tree.occurrences.keys()
        if own:
            offered = map(bytes.decode, dag_file.first_party.offers(star, dag_file.path))
            locals_of_interest.update(name for name in offered if name in dag_file.tree.occurrences)
    if not locals_of_interest:
        return []
    locals_of_interest |= _own_classes(dag_file, locals_of_interest)
    found: list[Operator] = []
    aliases: set[str] = set()
    for local in locals_of_interest:
        aliases.update(_read(dag_file, local, found, silent))
    for alias in aliases - locals_of_interest:
        _read(dag_file, alias, found, silent)
    found.sort(key=lambda operator: (operator.span.start, operator.span.end))
    return found


def _read(dag_file: DagFile, local: str, found: list[Operator], silent: bool) -> list[str]:
    """Add the operators that are made by this name; gives the names that it is assigned to (`Sensor = S3KeySensor`)."""
    aliases: list[str] = []
    for reference in dag_file.names.references(local):
        node, parent = attribute_around(reference)
        if parent is None:
            continue
        kind = parent.kind()
        if kind == "call":
            operator = _operator_at(dag_file, reference, node, parent, silent)
            if operator is not None:
                found.append(operator)
        elif kind == "assignment" and parent.field("right") == node:
            target = parent.field("left")
            if target is not None and target.kind() == "identifier":
                aliases.append(target.text())
    return aliases


def _may_be_own(dag_file: DagFile, imported: Import) -> bool:
    """Whether an imported name may be, or hold, an operator class that the project defines."""
    known, path = dag_file.first_party, dag_file.path
    target = imported.target if imported.name else imported.module
    if target.partition(".")[0] in _PREFIXES or not (target and known.is_first_party(target, path)):
        return False
    module, _, name = target.rpartition(".")
    if name.encode() in known.offers(module, path) or known.offers(target, path):
        return True
    # A module of the project may hand on Airflow's classes as they are: `sensors.S3KeySensor(…)`.
    names = dag_file.catalog.names()
    return dag_file.project.locate(target, path) is not None and any(
        not names.isdisjoint(attribute_around(reference)[0].text().split("."))
        for reference in dag_file.names.references(imported.local)
    )


def _own_classes(dag_file: DagFile, bases: set[str]) -> set[str]:
    """The classes of this file that are derived from one of these names, straight or through one another."""
    found: set[str] = set()
    for owner in dag_file.tree.classes():
        name = owner.field("name")
        written = [dotted(base) for base in class_bases(owner)]
        heads = {path.partition(".")[0] for path in written if path is not None}
        if name is not None and not heads.isdisjoint(bases | found):
            found.add(name.text())
    return found


def _operator_at(
    dag_file: DagFile, reference: Node, node: Node, parent: Node, silent: bool
) -> Operator | None:
    """The operator that a call (`parent`) of a name, or of what hangs on it (`node`), makes."""
    if parent.field("function") != node:
        return None
    function = node
    if node.kind() == "attribute":
        last, holder = node.field("attribute"), node.field("object")
        if last is not None and holder is not None and last.text() == "partial":
            function = holder
    if dotted(function) is None:
        return None
    classes: dict[str, str] = {}
    paths = dag_file.names.candidates(function)
    for path in paths:
        known = dag_file.class_path(path)
        if known is None:
            return _own_operator_at(dag_file, reference, function, parent, paths)
        classes[known[0]] = known[1]
    if not classes:
        return _own_operator_at(dag_file, reference, function, parent, paths)
    if len(classes) != 1:
        return None
    path = next(iter(classes.values()))
    facts = dag_file.catalog.get(path)
    if facts is None or facts.is_base or not (silent or _speaks(facts, parent)):
        return None
    return Operator(dag_file, facts, path, reference, function, parent)


def _speaks(facts: ClassFacts, call: Node) -> bool:
    """Whether a call may be worth a word: its class waits or can defer, or the call may give it the flag."""
    if facts.deferral != "never" or facts.kind == "sensor" or facts.async_twin is not None or facts.gone:
        return True
    around = call.parent()
    if around is not None and around.kind() == "attribute":  # `.partial(…).expand(…)`
        return True
    written = call.text()
    return "deferrable" in written or "**" in written


def _own_operator_at(
    dag_file: DagFile, reference: Node, function: Node, call: Node, paths: tuple[str, ...]
) -> Operator | None:
    """The operator that a call of a class of the project's own makes, where that class is its base class in effect."""
    derived: Derived | None = None
    if len(paths) == 1:
        derived = dag_file.subclasses.named(paths[0], dag_file.path)
    elif not paths and function.kind() == "identifier":
        bindings = dag_file.names.lookup(function)
        if len(bindings) == 1 and bindings[0].kind == "class" and bindings[0].value is not None:
            derived = dag_file.subclasses.of(dag_file, bindings[0].value, dag_file.path)
    if derived is None:
        return None
    return Operator(dag_file, derived.facts, derived.path, reference, function, call, derived)
