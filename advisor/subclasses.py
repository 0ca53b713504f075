"""Operator classes that a project defines itself: which class of the catalog one is, and what it hands on to it.

A class is known where a call of it does what a call of its base class would: its bases lead to one class of the
catalog, nothing in it touches how that runs or waits, and its `__init__`, if it has one, hands `deferrable` on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from advisor.catalog.record import ClassFacts
from advisor.contexts import class_bases, decorator_expressions
from advisor.flow import Readable
from advisor.ownpokes import can_be_rescheduled
from advisor.project import Module
from advisor.records import dataclass, replace
from advisor.syntax import Node, arguments_of, dotted, keyword_parts
from advisor.values import Values

if TYPE_CHECKING:
    from advisor.catalog.lookup import Catalog
    from advisor.firstparty import FirstParty
    from advisor.project import Project

FLAG: Final = "deferrable"
_MAX_DEPTH = 6
# What makes a class run, wait or come about in its own way.
_OWN_WAYS = frozenset(
    {
        "execute",
        "aexecute",
        "defer",
        "partial",
        "expand",
        "expand_kwargs",
        "__new__",
        "__init_subclass__",
        "__getattr__",
        "__getattribute__",
        "__setattr__",
        "__delattr__",
        "reschedule",
        FLAG,
    }
)
_OWN_STATE = ("setattr(", "__dict__", ".__class__ =", f'"{FLAG}"', f"'{FLAG}'", "TaskDeferred", ".defer(")
_HARMLESS_METHODS = frozenset({"__init__", "__repr__", "__str__"})
# What runs beside `execute`, and more than once where a task defers.
_BESIDE = frozenset({"pre_execute", "post_execute", "on_kill", "poke"})
_HARMLESS_BASES = frozenset(
    {
        "abc.ABC",
        "typing.Generic",
        "airflow.utils.log.logging_mixin.LoggingMixin",
        "airflow.sdk.definitions._internal.logging_mixin.LoggingMixin",
    }
)
_HARMLESS_DECORATORS = frozenset({"apply_defaults"})
_QUIET = frozenset({"pass_statement", "comment", "class_definition"})
_PARAMETERS = frozenset({"default_parameter", "typed_default_parameter", "typed_parameter"})
_READING = frozenset({"pop", "get", "setdefault"})


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The `__init__` of a first-party class, as far as it hands arguments on.

    `call` is its `super().__init__(…)`, `own` its parameters with their defaults, `rest` whether it hands its
    `**kwargs` on. `changed` are names of parameters and keys of `**kwargs` whose values it may change, `taken` the
    keys that it takes out of `**kwargs`, `set_after` the attributes that it sets on the object.
    """

    values: Values
    call: Node
    own: Mapping[str, Node | None]
    rest: bool
    changed: frozenset[str]
    taken: frozenset[str]
    set_after: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """A first-party class that behaves as a class of the catalog.

    `facts` are those of the base class, with the default of the class's own `deferrable` parameter where it has one.
    `path` is the base class's dotted name as the project imports it. `layers`: what an argument of a call goes
    through on its way to the base class. `certain`: nothing that the class adds could matter to a deferral.
    `own_poke`: a sensor that decides itself what it waits for.
    """

    node: Node
    facts: ClassFacts
    path: str
    layers: tuple[Layer, ...] = ()
    certain: bool = True
    own_poke: bool = False


@dataclass(frozen=True, slots=True)
class _Body:
    """What stands in a class.

    `own_poke`: one of its methods may decide what a sensor waits for, and a trigger would not ask it. `certain`: none
    of them can matter to a deferral.
    """

    methods: Mapping[str, Node]
    own_poke: bool
    certain: bool


class Subclasses:
    """Finds out what a first-party class is, for one file; every class of the modules is read once a run."""

    def __init__(self, known: FirstParty, project: Project, catalog: Catalog) -> None:
        self._known = known
        self._project = project
        self._catalog = catalog
        self._here: dict[tuple[str, int], Derived | None] = {}

    def named(self, path: str, origin: str) -> Derived | None:
        """The class that a dotted name stands for in the file at `origin`; None where it is not a known one."""
        found = self._project.definition(path, origin)
        if found is None or found[1].kind() != "class_definition":
            return None
        return self.of(found[0], found[1], found[0].path)

    def of(self, file: Readable, owner: Node, path: str, depth: int = 0) -> Derived | None:
        """What the class defined at `owner`, in the file at `path`, is."""
        key = (path, owner.range().start.index)
        # Modules are read once a run; the file that is being checked may be changed and checked again.
        known = self._known.derived if isinstance(file, Module) else self._here
        if key not in known:
            known[key] = None  # a class that is its own ancestor ends here
            if depth < _MAX_DEPTH:
                known[key] = self._derive(file, owner, path, depth)
        return known[key]

    def _derive(self, file: Readable, owner: Node, path: str, depth: int) -> Derived | None:
        body = _body(file, owner)
        if body is None:
            return None
        base: Derived | None = None
        certain, mixed = body.certain, False
        for expression in class_bases(owner):
            found = self._base(file, expression, path, depth)
            if found is None or (isinstance(found, Derived) and base is not None):
                return None
            if isinstance(found, Derived):
                base = found
            elif found == "uncertain":
                certain, mixed = False, True
        if base is None:
            return None
        own_poke = body.own_poke and base.facts.kind == "sensor"
        if mixed and base.facts.kind == "sensor":
            return None
        # A trigger would not ask it. Where the base class can't defer either, only the pokes are left to judge.
        if own_poke and (base.facts.deferral != "never" or not can_be_rescheduled(file, body.methods)):
            return None
        facts, layers = base.facts, base.layers
        init = body.methods.get("__init__")
        if init is not None:
            layer = _layer(file, owner, init)
            if layer is None:
                return None
            layers = (layer, *layers)
            if FLAG in layer.own:
                default = _flag_default(layer.own[FLAG])
                if facts.parameter(FLAG) is None or default is None:
                    return None
                facts = replace(facts, flag_default=default)
        elif file.tree.occurrences.get(FLAG) and _inside(owner, file.tree.occurrences[FLAG]):
            return None
        return Derived(owner, facts, base.path, layers, certain and base.certain, own_poke or base.own_poke)

    def _base(
        self, file: Readable, expression: Node, path: str, depth: int
    ) -> Derived | Literal["harmless", "uncertain"] | None:
        written = dotted(expression)
        if written is None:
            return None
        found: dict[str, str] = {}
        for target in file.names.candidates(expression):
            if target in _HARMLESS_BASES:
                return "harmless"
            name, spelled = self._catalog.resolve(target), target
            if name is None and not target.startswith("airflow."):
                originals = self._project.origins_of(target, path)
                names = set(map(self._catalog.resolve, originals))
                name = names.pop() if len(names) == 1 else None
                spelled = originals[0] if originals else target
            if name is not None:
                found.setdefault(name, spelled)
                continue
            defined = self._project.definition(target, path)
            if defined is None or len(file.names.candidates(expression)) != 1:
                return None
            return self._own(defined[0], defined[1], defined[0].path, depth)
        if len(found) == 1:
            name, spelled = next(iter(found.items()))
            facts = self._catalog.get(spelled)
            if facts is None or not (facts.is_base or facts.simple_name in self._catalog.names()):
                return None
            return Derived(expression, facts, spelled)
        if found or expression.kind() != "identifier":
            return None
        bindings = file.names.lookup(expression)
        if not bindings:
            return "harmless" if written == "object" else None
        if len(bindings) != 1 or bindings[0].kind != "class" or bindings[0].value is None:
            return None
        return self._own(file, bindings[0].value, path, depth)

    def _own(
        self, file: Readable, owner: Node, path: str, depth: int
    ) -> Derived | Literal["harmless", "uncertain"] | None:
        """A first-party base class: an operator class, or a mixin that keeps out of how operators run."""
        if owner.kind() != "class_definition":
            return None
        derived = self.of(file, owner, path, depth + 1)
        if derived is not None:
            return derived
        body = _body(file, owner)
        if body is None or {"__init__", "poke"} & body.methods.keys() or depth >= _MAX_DEPTH:
            return None
        if _inside(owner, file.tree.occurrences.get(FLAG, [])):
            return None
        certain = body.certain
        for expression in class_bases(owner):
            found = self._base(file, expression, path, depth + 1)
            if found is None or isinstance(found, Derived):
                return None
            certain = certain and found == "harmless"
        return "harmless" if certain else "uncertain"


def _inside(owner: Node, nodes: list[Node]) -> list[Node]:
    place = owner.range()
    start, end = place.start.index, place.end.index
    return [node for node in nodes if start <= node.range().start.index < end]


def _body(file: Readable, owner: Node) -> _Body | None:
    """The methods of a class that keeps to definitions; None where it has its own way to run or to come about."""
    bases, block = owner.field("superclasses"), owner.field("body")
    if block is None or any(True for _ in decorator_expressions(owner)):
        return None
    if bases is not None and any(child.kind() == "keyword_argument" for child in bases.named_children()):
        return None  # a metaclass
    text = owner.text()
    if any(state in text for state in _OWN_STATE):
        return None
    methods: dict[str, Node] = {}
    for statement in block.named_children():
        kind = statement.kind()
        if kind == "decorated_definition":
            inner = statement.field("definition")
            if inner is None:
                return None
            statement, kind = inner, inner.kind()
        if kind == "function_definition":
            name = statement.field("name")
            if name is None or name.text() in _OWN_WAYS or name.text() in methods:
                return None
            decorators = {decorator.text() for decorator in decorator_expressions(statement)}
            if name.text() == "__init__" and not decorators <= _HARMLESS_DECORATORS:
                return None
            methods[name.text()] = statement
        elif kind == "expression_statement":
            for assignment in statement.named_children():
                target = assignment.field("left") if assignment.kind() == "assignment" else None
                if target is None:
                    if assignment.kind() not in ("string", "concatenated_string", "ellipsis"):
                        return None
                elif target.kind() != "identifier" or target.text() in {*_OWN_WAYS, "poke", "__init__"}:
                    return None
        elif kind not in _QUIET:
            return None
    helpers = methods.keys() - _HARMLESS_METHODS - _BESIDE
    own_poke = "poke" in methods or any(_overrides(file, owner, helper) for helper in helpers)
    return _Body(methods, own_poke, methods.keys() <= _HARMLESS_METHODS)


def _overrides(file: Readable, owner: Node, method: str) -> bool:
    """Whether a method is there for the base class to call, because nothing in the class itself does."""
    uses = [used.parent() for used in _inside(owner, file.tree.occurrences.get(method, []))]
    attributes = [use.text() for use in uses if use is not None and use.kind() == "attribute"]
    return not any(text == f"self.{method}" for text in attributes) or f"super().{method}" in attributes


def _layer(file: Readable, owner: Node, init: Node) -> Layer | None:
    """How an `__init__` hands its arguments on; None where it is not certain that `deferrable` arrives unchanged."""
    block = init.field("body")
    parameters = _parameters(init)
    if block is None or parameters is None:
        return None
    if file.tree.kinds("return_statement", under=init):
        return None
    calls = [call for statement in block.named_children() if (call := _super_init(statement)) is not None]
    if len(calls) != 1 or len(_inside(init, file.tree.occurrences.get("__init__", []))) != 2:
        return None
    call, (self_name, own, star, rest) = calls[0], parameters
    handed = False
    keywords: dict[str, Node] = {}
    for argument in arguments_of(call):
        keyword = keyword_parts(argument)
        inner = argument.named_children()
        if keyword is not None:
            keywords[keyword[0]] = keyword[1]
        elif argument.kind() == "dictionary_splat" and rest and inner and inner[0].text() == rest:
            handed = True
        elif not (argument.kind() == "list_splat" and star and inner and inner[0].text() == star):
            return None
    used = _rest_used(file, init, rest) if rest else ({}, frozenset())
    if used is None:
        return None
    changed, taken = set(used[0]), used[1]
    changed |= {name for name in own if len(file.names.bindings(name).get(init, [])) != 1}
    given = keywords.get(FLAG)
    if FLAG in own:
        if given is None or given.text() != FLAG or FLAG in changed:
            return None
    elif given is not None or not handed:
        return None
    for node in _inside(owner, file.tree.occurrences.get(FLAG, [])):
        parent = node.parent()
        kind = parent.kind() if parent is not None else ""
        if kind in (*_PARAMETERS, "parameters") and _inside(init, [node]):
            continue
        if kind == "keyword_argument" and _inside(call, [node]):
            continue
        return None
    set_after = _attributes_set(file, init, self_name)
    return Layer(file.values, call, own, handed, frozenset(changed), taken, set_after)


def _parameters(init: Node) -> tuple[str, dict[str, Node | None], str, str] | None:
    """The names of `self`, the parameters with their defaults, of `*args` and of `**kwargs`; None for other shapes."""
    holder = init.field("parameters")
    self_name, star, rest = "", "", ""
    own: dict[str, Node | None] = {}
    for node in holder.named_children() if holder is not None else ():
        kind = node.kind()
        name: Node | None = node
        if kind == "typed_parameter":
            name = node.child(0)
            kind = name.kind() if name is not None else ""
        elif kind in _PARAMETERS:
            name, kind = node.field("name"), "identifier"
        if name is None:
            return None
        if kind == "list_splat_pattern":
            star = name.text().lstrip("* ")
        elif kind == "dictionary_splat_pattern":
            rest = name.text().lstrip("* ")
        elif kind == "identifier":
            if not self_name:
                self_name = name.text()
            else:
                own[name.text()] = node.field("value")
        elif kind not in ("keyword_separator", "comment"):
            return None
    return (self_name, own, star, rest) if self_name else None


def _super_init(statement: Node) -> Node | None:
    """The call, where a statement is `super().__init__(…)`."""
    children = statement.named_children() if statement.kind() == "expression_statement" else []
    call = children[0] if len(children) == 1 and children[0].kind() == "call" else None
    function = call.field("function") if call is not None else None
    if function is None or function.kind() != "attribute":
        return None
    holder, method = function.field("object"), function.field("attribute")
    maker = holder.field("function") if holder is not None and holder.kind() == "call" else None
    is_super = maker is not None and maker.text() == "super"
    return call if is_super and method is not None and method.text() == "__init__" else None


def _rest_used(file: Readable, init: Node, rest: str) -> tuple[dict[str, None], frozenset[str]] | None:
    """The keys that an `__init__` may set in its `**kwargs`, and those it takes out; None where it may do anything."""
    if len(file.names.bindings(rest).get(init, [])) != 1:
        return None
    changed: dict[str, None] = {}
    taken: set[str] = set()
    for reference in _inside(init, file.names.references(rest)):
        parent = reference.parent()
        kind = parent.kind() if parent is not None else ""
        if parent is None or kind == "dictionary_splat":
            around = parent.parent() if parent is not None else None
            if around is None or around.kind() != "argument_list":
                return None
            continue
        key: Node | None = None
        method = ""
        if kind == "attribute":
            call, name = parent.parent(), parent.field("attribute")
            method = name.text() if name is not None else ""
            arguments = arguments_of(call) if call is not None and call.kind() == "call" else []
            key = arguments[0] if arguments and method in _READING else None
        elif kind == "subscript" and parent.field("value") == reference:
            key = parent.field("subscript")
        elif kind == "comparison_operator":
            key = parent.child(0)
        literal = file.values.fold(key) if key is not None else None
        if not isinstance(literal, str) or literal == FLAG:
            return None
        if method == "pop":
            taken.add(literal)
        elif method != "get" and kind != "comparison_operator":
            changed[literal] = None
    return changed, frozenset(taken)


def _attributes_set(file: Readable, init: Node, self_name: str) -> frozenset[str]:
    found: set[str] = set()
    for assignment in file.tree.kinds("assignment", "augmented_assignment", under=init):
        target = assignment.field("left")
        if target is not None and target.kind() == "attribute":
            holder, name = target.field("object"), target.field("attribute")
            if holder is not None and name is not None and holder.text() == self_name:
                found.add(name.text())
    return frozenset(found)


def _flag_default(default: Node | None) -> Literal["config"] | bool | None:
    if default is None:
        return None
    text = default.text()
    if "default_deferrable" in text:
        return "config"
    return {"True": True, "False": False}.get(text)
