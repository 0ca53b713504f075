"""The operators and sensors that a DAG file makes: which class, with which arguments, where, and how they wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from advisor.arguments import Arguments
from advisor.catalog.record import Alternatives, ClassFacts, Condition
from advisor.contexts import executed_inline, in_loop
from advisor.finding import Span
from advisor.names import Import
from advisor.syntax import Node, dotted
from advisor.values import MISSING, UNKNOWN, Dict, Moment, seconds

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

# Parameters that say "do not wait" when they are true.
_REVERSED: Final = frozenset({"asynchronous", "no_wait", "fire_and_forget"})
_PREFIXES: Final = ("airflow", "astronomer")


class Operator:
    """One call that makes an operator (or maps one).

    `call` is the call that takes the operator's keywords: `S3KeySensor(…)`, or the `.partial(…)` of a mapped one.
    `path` is the dotted name as this file's imports spell it, `facts` what the catalog knows of the class today.
    """

    __slots__ = (
        "_dag_file",
        "_defaults",
        "arguments",
        "call",
        "facts",
        "function",
        "imports",
        "mapping",
        "name_node",
        "path",
        "span",
    )

    def __init__(
        self, dag_file: DagFile, facts: ClassFacts, path: str, name_node: Node, function: Node, call: Node
    ) -> None:
        self._dag_file = dag_file
        self.facts = facts
        self.path = path
        #: the identifier the call starts with, and the whole expression of the class (`module.Class`)
        self.name_node = name_node
        self.function = function
        self.call = call
        self.span: Span = dag_file.tree.span(call)
        self.arguments = Arguments(call, dag_file.values)
        #: "" for an ordinary task, else the method that maps it: "expand" or "expand_kwargs"
        self.mapping = self._read_mapping()
        self.imports: tuple[Import, ...] = tuple(
            binding.imported for binding in dag_file.names.lookup(name_node) if binding.imported is not None
        )
        self._defaults: Dict | None = None

    def _read_mapping(self) -> str:
        around = self.call.parent()
        if around is None or around.kind() != "attribute" or self.function == self.call.field("function"):
            return ""
        method, mapped = around.field("attribute"), around.parent()
        if method is None or mapped is None or mapped.kind() != "call":
            return ""
        if method.text() == "expand":
            self.arguments.add_expanded(mapped)
        return method.text() if method.text() in ("expand", "expand_kwargs") else ""

    # -- arguments

    @property
    def symbol(self) -> str:
        """The class's dotted name in the newest provider."""
        return self.facts.name

    @property
    def class_name(self) -> str:
        """The class as it is called here: `S3KeySensor`, or its alias."""
        return self.function.text().rpartition(".")[2]

    @property
    def defaults(self) -> Dict:
        """The `default_args` that reach this task: the call's own over the groups' over the DAG's."""
        if self._defaults is None:
            merged = Dict()
            for layer in reversed(list(self._default_layers())):
                merged = merged.merged(layer)
            self._defaults = merged
        return self._defaults

    def _default_layers(self) -> Iterator[Dict]:
        contexts, values = self._dag_file.contexts, self._dag_file.values
        if self.mapping:
            # `.partial(default_args=…)` merges for most arguments, but not for the flag.
            own = self.arguments.value("default_args")
            if isinstance(own, Dict):
                yield Dict({k: v for k, v in own.entries.items() if k != "deferrable"}, own.complete)
        elif self.arguments.given("default_args"):
            own = self.arguments.value("default_args")
            yield own if isinstance(own, Dict) else Dict(complete=own is None)
        makers = []
        for name in ("task_group", "dag"):
            node = self.arguments.node(name)
            made = contexts.dag_of_argument(node) if node is not None else None
            if made is not None:
                makers.append(made)
        for made in (*makers, *contexts.holders(self.call)):
            found = Arguments(made, values).value("default_args")
            if found is not MISSING and found is not None:
                yield found if isinstance(found, Dict) else Dict(complete=False)

    def value(self, name: str) -> object:
        """What this argument is worth on this task: the call's, else `default_args`', else the class's default.

        MISSING where nothing gives it and the class has no default that can be read, UNKNOWN where it is given and
        can't be computed.
        """
        found = self.given_value(name)
        if found is not MISSING:
            return found
        parameter = self.facts.parameter(name)
        if parameter is None or parameter.required:
            return MISSING
        return UNKNOWN if parameter.code else parameter.default

    def given_value(self, name: str) -> object:
        """What the call or `default_args` give for `name`; MISSING where neither does, as far as can be seen."""
        if self.arguments.given(name) or self.arguments.doubtful:
            return self.arguments.value(name)
        return self.defaults.entries.get(name, MISSING)

    @property
    def doubtful(self) -> bool:
        """Whether the call may hold arguments that can't be seen."""
        return self.arguments.doubtful

    @property
    def defaults_unknown(self) -> bool:
        """Whether there are `default_args` that can't be resolved."""
        return not self.defaults.complete

    # -- conditions of the catalog

    def holds(self, condition: Condition) -> bool | None:
        """Whether a condition of the catalog is true of this call; None where that can't be known."""
        operator = condition.operator
        if operator in ("present", "absent"):
            given = self.given_value(condition.argument) is not MISSING
            return given == (operator == "present")
        value = self.value(condition.argument)
        if value is UNKNOWN or value is MISSING:
            return None
        try:
            return _compare(operator, value, condition.value)
        except TypeError:
            return None

    def any_of(self, alternatives: Alternatives) -> bool | None:
        """Whether one of the alternatives holds as a whole: True, False, or None where that can't be known."""
        unknown = False
        for alternative in alternatives:
            results = [self.holds(condition) for condition in alternative]
            if all(results):
                return True
            unknown = unknown or False not in results
        return None if unknown else False

    # -- waiting

    @property
    def waits(self) -> bool | None:
        """Whether the task, run without deferring, holds its slot for a wait; None where that can't be known.

        Classes that do short work themselves (`waits_by_default` null) count as waiting for that work.
        """
        facts = self.facts
        asked: bool | None = None
        for name in facts.wait_parameters:
            value = self.given_value(name)
            if value is MISSING:
                continue
            if value is UNKNOWN or isinstance(value, str):
                return None
            on = bool(value) != (name in _REVERSED)
            asked = on if asked is None else asked and on
        if asked is not None:
            return asked
        return facts.waits_by_default is not False

    @property
    def flag(self) -> object:
        """What the call or `default_args` give for `deferrable`; MISSING where they don't."""
        return self.given_value("deferrable")

    @property
    def defers(self) -> bool | None:
        """Whether the task defers, as written: because of its flag, or because its class always does."""
        facts = self.facts
        if facts.deferral == "always":
            return self.any_of(facts.defers_when)
        if facts.deferral != "flag" or not facts.effective:
            return False
        flag = self.flag
        if flag is MISSING:
            flag = facts.flag_default is True or (facts.flag_default == "config" and self._dag_file.target.default_deferrable)
        if flag is UNKNOWN:
            return None
        return self.any_of(facts.defers_when) if flag else False

    @property
    def known_wait(self) -> float | None:
        """The longest that this task can wait, in seconds, where its arguments bound that; else None."""
        bounds = [
            bound
            for name, unit in {**self.facts.duration_parameters, "execution_timeout": "timedelta"}.items()
            if (bound := _bound(self.given_value(name), unit)) is not None
        ]
        return min(bounds, default=None)

    @property
    def is_task(self) -> bool:
        """Whether the call makes a task of a DAG, not an object that a running task or a test uses."""
        dag_file = self._dag_file
        return not executed_inline(dag_file.names, self.call) and not dag_file.contexts.runs_with_a_task(self.call)

    @property
    def in_loop(self) -> bool:
        """Whether the call stands in a loop or comprehension, so that it makes many tasks."""
        return in_loop(self.call)

    @property
    def arguments_spans(self) -> Span:
        """The span of the call that takes the keywords."""
        return self.span

    def other_uses(self) -> Sequence[Node]:
        """Where the file uses the imported name other than to make an operator of it."""
        made = {operator.name_node for operator in self._dag_file.operators}
        return [n for n in self._dag_file.names.references(self.name_node.text()) if n not in made]


def _bound(value: object, unit: str) -> float | None:
    if isinstance(value, Moment):
        return value.offset if unit in ("datetime", "time") else None
    if unit == "minutes-or-timedelta" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return value * 60.0
    if unit == "timedelta":
        return value.total_seconds() if isinstance(value, timedelta) else None
    return seconds(value) if unit in ("seconds", "minutes-or-timedelta") else None


def _compare(operator: str, value: object, wanted: object) -> bool | None:
    if operator == "truthy":
        return _truth(value)
    if operator == "falsy":
        truth = _truth(value)
        return None if truth is None else not truth
    if operator == "is none":
        return value is None
    if operator == "is not none":
        return value is not None
    if operator in ("isinstance", "not isinstance"):
        return (type(value).__name__ == wanted) == (operator == "isinstance")
    if operator in ("==", "!="):
        return (value == wanted) == (operator == "==")
    if isinstance(wanted, (list, tuple)) and operator in ("in", "not in"):
        return (value in wanted) == (operator == "in")
    number, limit = seconds(value), seconds(wanted)
    if number is None or limit is None:
        return None
    return {"<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit}.get(operator)


def _truth(value: object) -> bool | None:
    if isinstance(value, Dict):
        return bool(value.entries) or (False if value.complete else None)
    if isinstance(value, Moment):
        return True
    return bool(value)


def find_operators(dag_file: DagFile) -> list[Operator]:
    """Every call in the file that makes an operator of the catalog, in the order of the text.

    A name that may stand for two different classes, or for something that is not known, makes none.
    """
    names, catalog = dag_file.names, dag_file.catalog
    locals_of_interest: set[str] = set()
    for imported in names.imports:
        if imported.target.partition(".")[0] in _PREFIXES:
            known = not imported.name or not imported.name[:1].isupper() or catalog.resolve(imported.target)
        else:
            known = imported.name in catalog.names() or imported.local in catalog.names()
        if known:
            locals_of_interest.add(imported.local)
    if any(module.partition(".")[0] in _PREFIXES for module in names.stars):
        locals_of_interest |= {name for name in catalog.names() if name in dag_file.tree.text}
    if not locals_of_interest:
        return []
    names.prepare(locals_of_interest)
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
