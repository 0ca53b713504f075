"""A class of the project with all of its bases, also those in other first-party files, and what it has from each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from advisor.contexts import class_bases, decorator_expressions
from advisor.flow import Readable
from advisor.folded import UNKNOWN, Sentinel
from advisor.names import Binding
from advisor.records import dataclass
from advisor.syntax import Node

if TYPE_CHECKING:
    from advisor.project import Project

_MAX_LAYERS = 12  # classes above one another
_MAX_STEPS = 60  # bases looked at, shared ones each time
# Bases from outside that give a class nothing that anyone asks for here.
_PLAIN = frozenset(
    {
        "abc.ABC",
        "typing.Generic",
        "typing.Protocol",
        "typing_extensions.Protocol",
        "airflow.utils.log.logging_mixin.LoggingMixin",
        "airflow.sdk.definitions._internal.logging_mixin.LoggingMixin",
    }
)


@dataclass(frozen=True, slots=True)
class Layer:
    """One class on the way: the definition, the file that it stands in, and that file's path."""

    file: Readable
    node: Node
    path: str

    @property
    def name(self) -> str:
        """The class's name."""
        name = self.node.field("name")
        return name.text() if name is not None else ""

    def bindings(self, name: str) -> list[Binding]:
        """What the class body binds to a name."""
        return self.file.names.bindings(name).get(self.node, [])

    def methods(self) -> Iterator[Method]:
        """The methods that stand in the class body, not those under `if` or `try`."""
        body = self.node.field("body")
        for child in body.named_children() if body is not None else ():
            definition = child.field("definition") if child.kind() == "decorated_definition" else child
            if definition is not None and definition.kind() == "function_definition":
                yield Method(definition, self)


@dataclass(frozen=True, slots=True)
class Outside:
    """A base class from outside of the project: the dotted names that it may have; none where that can't be told."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """A method, and the class of the project that defines it."""

    node: Node
    layer: Layer

    @property
    def name(self) -> str:
        """The method's name."""
        name = self.node.field("name")
        return name.text() if name is not None else ""

    @property
    def decorators(self) -> tuple[str, ...]:
        """The last part of each decorator's name, as written; without `@override`, which changes nothing."""
        found: list[str] = []
        for expression in decorator_expressions(self.node):
            called = expression.field("function") if expression.kind() == "call" else expression
            found.append((called or expression).text().rpartition(".")[2])
        return tuple(name for name in found if name != "override")


class Lineage:
    """A class and its bases in the order in which Python looks a name up.

    `known` tells by its dotted name whether an outside base defines nothing of what is asked for.
    """

    def __init__(self, line: list[Layer | Outside], known: Callable[[str], bool]) -> None:
        self.line = line
        self._known = known
        self._odd: dict[Node, bool] = {}

    @property
    def layers(self) -> list[Layer]:
        """The classes of the project, nearest first."""
        return [one for one in self.line if isinstance(one, Layer)]

    @property
    def outside(self) -> list[Outside]:
        """The bases from outside of the project, nearest first, those left out that give a class nothing."""
        return [one for one in self.line if isinstance(one, Outside) and not _among(one, _PLAIN.__contains__)]

    @property
    def is_known(self) -> bool:
        """Whether every class that it derives from is of the project or one that `known` names."""
        return all(_among(one, self._known) for one in self.outside)

    def is_in_sight(self, layer: Layer) -> bool:
        """Whether all that a name is looked up in before this class is of the project, or what `known` names."""
        before = self.line[: self.line.index(layer)]
        return all(
            isinstance(one, Layer) or _among(one, self._known) or _among(one, _PLAIN.__contains__)
            for one in before
        )

    def find(self, name: str, after: Layer | None = None) -> Method | Sentinel | None:
        """The method of this name; None where no class has one, UNKNOWN where that can't be told.

        With `after`, what `super()` gives in that class.
        """
        passed = after is None
        for one in self.line:
            if not passed:
                passed = one == after
            elif isinstance(one, Layer):
                found = one.bindings(name)
                if len(found) == 1 and found[0].kind == "def" and found[0].value is not None:
                    return Method(found[0].value, one)
                if one.node not in self._odd:
                    self._odd[one.node] = self.is_odd(one)
                if found or self._odd[one.node]:
                    return UNKNOWN
            elif not _among(one, self._known) and not _among(one, _PLAIN.__contains__):
                return UNKNOWN
        return None

    def binds(self, name: str) -> bool | None:
        """Whether a class body of the project binds a name; None where a base that can't be seen may do so."""
        for one in self.line:
            if isinstance(one, Layer) and one.bindings(name):
                return True
        return False if self.is_known else None

    @staticmethod
    def is_odd(layer: Layer) -> bool:
        """Whether a class may get attributes that its body does not show."""
        if layer.bindings("__getattr__") or layer.bindings("__getattribute__"):
            return True
        if any(True for _ in decorator_expressions(layer.node)):
            return True
        bases = layer.node.field("superclasses")
        return bases is not None and any(
            child.kind() == "keyword_argument" for child in bases.named_children()
        )


def lineage(
    file: Readable, owner: Node, path: str, project: Project, known: Callable[[str], bool]
) -> Lineage:
    """The lineage of the class defined at `owner` in the file at `path`.

    `known`: whether an outside class of this dotted name is one that defines nothing of what the asker asks for.
    """
    found: list[Layer | Outside] = []
    for count, one in enumerate(_walk(file, owner, path, project, [], _MAX_LAYERS)):
        if count >= _MAX_STEPS:
            found.append(Outside(()))
            break
        if one in found:
            found.remove(one)  # a base shared by two classes comes after both
        found.append(one)
    return Lineage(found, known)


def _walk(
    file: Readable, owner: Node, path: str, project: Project, above: list[Node], depth: int
) -> Iterator[Layer | Outside]:
    yield Layer(file, owner, path)
    if depth <= 0 or len(above) > _MAX_LAYERS:
        yield Outside(())
        return
    for base in class_bases(owner):
        value = base.field("value") if base.kind() == "subscript" else None
        expression = value or base
        paths = file.names.candidates(expression)
        if paths:
            inner = project.definition(paths[0], path) if len(paths) == 1 else None
            if inner is None and len(paths) == 1:
                paths = project.origins_of(paths[0], path) or paths
            if inner is None or inner[1].kind() != "class_definition" or inner[1] in above:
                yield Outside(paths)
            else:
                yield from _walk(inner[0], inner[1], inner[0].path, project, [*above, owner], depth - 1)
            continue
        bindings = file.names.lookup(expression) if expression.kind() == "identifier" else []
        if not bindings and expression.text() == "object":
            continue
        single = bindings[0] if len(bindings) == 1 else None
        inside = single.value if single is not None and single.kind == "class" else None
        if inside is not None and inside not in (*above, owner):
            yield from _walk(file, inside, path, project, [*above, owner], depth - 1)
        else:
            yield Outside(())


def _among(one: Outside, known: Callable[[str], bool]) -> bool:
    return bool(one.paths) and all(map(known, one.paths))


def is_derived_from(file: Readable, owner: Node, path: str, project: Project) -> bool:
    """Whether a class is meant to be derived from, or may be: it says so, or another class of the project is."""
    layer = Layer(file, owner, path)
    if any("ABC" in base.text() for base in class_bases(owner)) or Lineage.is_odd(layer):
        return True
    if any(method.decorators and "abstractmethod" in method.decorators for method in layer.methods()):
        return True
    pattern = re.compile(rf"class\s+\w+\s*\([^)]*\b{re.escape(layer.name)}\b")
    if pattern.search(file.tree.text):
        return True
    others = project.files_with(layer.name, path)
    return others is None or any(pattern.search(project.text_of(other)) for other in others)
