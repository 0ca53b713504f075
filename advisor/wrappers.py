"""Functions that hand their `**kwargs` on to an operator: what their callers, one level up, give it.

A wrapper is followed where all of its callers are known: it is private to its file (a leading underscore, or nested in
another function), or the whole project is small enough to be searched for its name. Every use of its name must be a
plain call whose arguments can be seen, and no caller may give `deferrable` or bring it in by its DAG's
`default_args`. What callers give differently is only passed over where no judgement of the waiting depends on it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from advisor.arguments import Arguments
from advisor.catalog.record import ClassFacts
from advisor.contexts import Contexts, decorator_expressions
from advisor.flow import Readable
from advisor.folded import MISSING, UNKNOWN, Dict
from advisor.syntax import Node, arguments_of, function_of, keyword_parts, name_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.operators import Operator
    from advisor.project import Module
    from advisor.subclasses import Derived

FLAG = "deferrable"
_MAX_CALLS = 200
# Arguments of every operator on which it depends how long it waits, and where.
_DECIDING = frozenset({"mode", "timeout", "poke_interval", "execution_timeout", "default_args", FLAG})
_NOT_OURS = frozenset({"airflow", "astronomer"})
_REST = "dictionary_splat_pattern"


def follow(dag_file: DagFile, operator: Operator) -> bool:
    """Complete the arguments of an operator with what the callers of the function around it give; False if unknown."""
    function = function_of(operator.call)
    if function is None or function.kind() != "function_definition" or operator.arguments.positional:
        return False
    owner = function.parent()
    if owner is None or any(True for _ in decorator_expressions(function)) or _is_method(function):
        return False
    own = _own_parameters(function)
    rest = _rest(dag_file, operator, function)
    if rest is None or own is None or function.text().startswith("async"):
        return False
    deciding = _deciding(operator.facts, operator.derived)
    given: list[dict[str, object]] = []
    for file, call in _callers(dag_file, function):
        passed = _passed(file, call, own, deciding) if call is not None else None
        if passed is None or len(given) >= _MAX_CALLS:
            return False
        given.append(passed)
    spread = _common(given, operator.arguments.names(), deciding)
    if spread is None:
        return False
    operator.arguments.complete(spread)
    return True


def _deciding(facts: ClassFacts, derived: Derived | None) -> frozenset[str]:
    """The arguments on which a judgement of a class's waiting may depend."""
    conditions = [*facts.defers_when, *facts.ctor_raises, *facts.execute_raises]
    conditions += [caveat.when for caveat in facts.caveats]
    named = {condition.argument for alternative in conditions for condition in alternative}
    found = {*_DECIDING, *named, *facts.wait_parameters, *facts.poll_parameters, *facts.duration_parameters}
    for layer in reversed(derived.layers) if derived is not None else ():
        # What the project's own class hands on under another name.
        keywords = filter(None, map(keyword_parts, arguments_of(layer.call)))
        found |= {value.text() for name, value in keywords if name in found and value.text() in layer.own}
    return frozenset(found)


def _passed(file: Readable, call: Node, own: list[str], deciding: frozenset[str]) -> dict[str, object] | None:
    """What a call gives beyond the wrapper's own parameters; None where that can't be seen, or settles the flag."""
    arguments = Arguments(call, file.values)
    contexts = Contexts(file.names)
    if arguments.doubtful or contexts.runs_with_a_task(call):
        return None
    passed = {name: arguments.value(name) for name in arguments.names() if name not in own}
    if FLAG in passed:
        return None
    nodes = [arguments.node(name) for name in ("dag", "task_group")]
    makers = [contexts.dag_of_argument(node) for node in nodes if node is not None]
    for maker in (*makers, *contexts.holders(call)):
        defaults = Arguments(maker, file.values).value("default_args") if maker is not None else MISSING
        if isinstance(defaults, Dict) and not deciding.isdisjoint(defaults.entries):
            return None
    return passed


def _common(
    given: list[dict[str, object]], named: set[str], deciding: frozenset[str]
) -> dict[str, object] | None:
    """What the calls give as one; None where they differ in what a judgement may depend on."""
    spread: dict[str, object] = {}
    for name in {name for passed in given for name in passed}:
        values = [passed.get(name, MISSING) for passed in given]
        same = all(type(value) is type(values[0]) and value == values[0] for value in values)
        spread[name] = values[0] if same else UNKNOWN
        if name in named or (spread[name] is UNKNOWN and name in deciding):
            return None
    return spread


def _is_method(function: Node) -> bool:
    for ancestor in function.ancestors():
        if ancestor.kind() in ("function_definition", "lambda"):
            return False
        if ancestor.kind() == "class_definition":
            return True
    return False


def _rest(dag_file: DagFile, operator: Operator, function: Node) -> str | None:
    """The name of the function's `**kwargs`, where nothing but that is unknown in the call, and nothing changes it."""
    unknown = operator.arguments.unknown
    inner = unknown[0].named_children() if len(unknown) == 1 else []
    if len(inner) != 1 or inner[0].kind() != "identifier":
        return None
    name = inner[0].text()
    bindings = dag_file.names.bindings(name).get(function, [])
    holder = bindings[0].node.parent() if len(bindings) == 1 else None
    if holder is None or holder.kind() != _REST:
        return None
    for reference in dag_file.names.references(name):
        if any(binding.scope == function for binding in dag_file.names.lookup(reference)):
            around = reference.parent()
            if around is None or around.kind() != "dictionary_splat":
                return None
    return name


def _own_parameters(function: Node) -> list[str] | None:
    """The parameters that a call can give by name, in their order; None where there are unusual ones."""
    parameters = function.field("parameters")
    found: list[str] = []
    for node in parameters.named_children() if parameters is not None else ():
        name: Node | None = node.field("name") if node.kind() != "identifier" else node
        kind = node.kind()
        if kind == "typed_parameter":
            name = node.child(0)
            kind = name.kind() if name is not None else ""
        if kind in (_REST, "keyword_separator", "comment"):
            continue
        if name is None or name.kind() != "identifier":
            return None
        found.append(name.text())
    return found


def _callers(dag_file: DagFile, function: Node) -> list[tuple[Readable, Node | None]]:
    """The calls of a function, wherever they are; None for a use of it that is no plain call, or none that is known."""
    name = name_of(function)
    calls: list[tuple[Readable, Node | None]] = []
    for reference in dag_file.names.references(name):
        bindings = dag_file.names.lookup(reference)
        if any(binding.value == function for binding in bindings):
            calls.append((dag_file, _call_of(reference) if len(bindings) == 1 else None))
    if not name.startswith("_") and function_of(function) is None:
        calls += _callers_elsewhere(dag_file, name)
    return calls or [(dag_file, None)]


def _callers_elsewhere(dag_file: DagFile, name: str) -> Iterator[tuple[Readable, Node | None]]:
    """The calls of a public function of this file in the project's other files."""
    paths = dag_file.project.files_with(name, dag_file.path)
    for path in paths or ():
        module = dag_file.project.module_at(path)
        if module is None:
            yield dag_file, None
            return
        for node in _uses(dag_file, module, name):
            yield module, node
    if paths is None:
        yield dag_file, None


def _uses(dag_file: DagFile, module: Module, name: str) -> Iterator[Node | None]:
    """The calls, in another file, of the function of this name; None for a use that may be one and is no plain call."""
    names = module.names
    for imported in names.imports:
        if imported.name == name and imported.target.partition(".")[0] not in _NOT_OURS:
            ours = _is_here(dag_file, module, imported.target)
            if ours is None or (ours and (imported.local != name or names.is_rebound(name))):
                yield None
            elif ours:
                yield from map(_call_of, names.references(name))
    for node in module.tree.occurrences.get(name, ()):
        parent = node.parent()
        if parent is not None and parent.kind() == "attribute" and parent.field("attribute") == node:
            paths = [p for p in names.candidates(parent) if p.partition(".")[0] not in _NOT_OURS]
            if not names.candidates(parent):
                yield None
            for path in paths:
                ours = _is_here(dag_file, module, path)
                if ours is not False:
                    yield _call_of(parent) if ours else None
    if names.stars and not names.bindings(name) and names.references(name):
        yield None


def _is_here(dag_file: DagFile, module: Module, path: str) -> bool | None:
    """Whether a dotted name, as another module has it, stands for a definition of this file; None if unknown."""
    defined = dag_file.project.definition(path, module.path)
    return None if defined is None else defined[0].path == os.path.realpath(dag_file.path)


def _call_of(reference: Node) -> Node | None:
    call = reference.parent()
    called = call is not None and call.kind() == "call" and call.field("function") == reference
    return call if called else None
