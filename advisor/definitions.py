"""What a name in a task's code stands for in the project: the function that a call runs, the class of an object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from advisor.catalog.hooks import BASE_HOOK, HookFacts, Hooks
from advisor.catalog.waits import Client
from advisor.catalog.waits import client as client_named
from advisor.contexts import class_bases
from advisor.coroutines import argument, has_splat, name_of, parameters
from advisor.flow import Readable
from advisor.records import dataclass
from advisor.syntax import Node, enclosing, function_of, strip_parentheses

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

_MAX_DEPTH = 5
_MAX_BASES = 6
# Words around a class in an annotation that don't change what its objects can do.
_WRAPPERS = frozenset({"Optional", "Annotated", "Final", "ClassVar"})


@dataclass(frozen=True, slots=True)
class Found:
    """A function or class of the project, and the file that it stands in."""

    file: Readable
    node: Node


class Definitions:
    """Answers for one DAG file and the first-party modules that it reaches. Doubt is None, or nothing."""

    def __init__(self, dag_file: DagFile) -> None:
        self._dag_file = dag_file
        self._functions: dict[Node, Found | None] = {}
        self._classes: dict[Node, tuple[str, ...]] = {}

    # -- functions

    def function(self, file: Readable, called: Node) -> Found | None:
        """The function of the project that is behind what is called (or handed over): in this file or another."""
        if called not in self._functions:
            self._functions[called] = None  # what leads to itself ends here
            self._functions[called] = self._function(file, strip_parentheses(called))
        return self._functions[called]

    def _function(self, file: Readable, called: Node) -> Found | None:
        found: Found | None = None
        if called.kind() == "identifier":
            bindings = file.names.lookup(called)
            if len(bindings) == 1 and bindings[0].kind == "def" and bindings[0].value is not None:
                return Found(file, bindings[0].value)
            found = self._imported(file, called)
        elif called.kind() == "attribute":
            holder, method = called.field("object"), called.field("attribute")
            if holder is None or method is None:
                return None
            owner = self.owner(file, holder)
            found = self.method(owner, method.text()) if owner is not None else self._imported(file, called)
        return found if found is not None and found.node.kind() == "function_definition" else None

    def _imported(self, file: Readable, name: Node) -> Found | None:
        paths = file.names.candidates(name)
        if len(paths) != 1 or paths[0].startswith(("airflow.", "asyncio.")):
            return None
        defined = self._dag_file.project.definition(paths[0], self._path(file))
        return Found(*defined) if defined is not None else None

    def _path(self, file: Readable) -> str:
        path = getattr(file, "path", self._dag_file.path)
        return path if isinstance(path, str) else self._dag_file.path

    def method(self, owner: Found, name: str) -> Found | None:
        """The method of that name that a class of the project has, its own or from a class of the project above it."""
        return self._method(owner, name, 0)

    def _method(self, owner: Found, name: str, depth: int) -> Found | None:
        body = owner.node.field("body")
        for statement in body.named_children() if body is not None else ():
            definition = (
                statement.field("definition") if statement.kind() == "decorated_definition" else statement
            )
            if (
                definition is not None
                and definition.kind() == "function_definition"
                and name_of(definition) == name
            ):
                return Found(owner.file, definition)
        if depth < _MAX_BASES:
            for base in class_bases(owner.node):
                above = self._class(owner.file, base)
                found = self._method(above, name, depth + 1) if above is not None else None
                if found is not None:
                    return found
        return None

    # -- objects

    def owner(self, file: Readable, node: Node, depth: int = 0) -> Found | None:
        """The project's own class that an expression is an object of (or is itself, as in `Loader.load`)."""
        node = strip_parentheses(node)
        if depth > _MAX_DEPTH:
            return None
        if node.kind() == "identifier":
            if node.text() in ("self", "cls"):
                around = next(enclosing(node, "class_definition"), None)
                return Found(file, around) if around is not None else None
            bindings = file.names.lookup(node)
            if len(bindings) != 1:
                return None
            binding = bindings[0]
            if binding.kind in ("assign", "with") and binding.value is not None:
                return self.owner(file, _plain(binding.value), depth + 1)
            if binding.kind == "parameter":
                named = annotation_of(binding.node)
                return self._class(file, named) if named is not None else None
        if node.kind() == "attribute":
            value = self._attribute(file, node)
            return self.owner(file, _plain(value), depth + 1) if value is not None else None
        if node.kind() == "call":
            function = node.field("function")
            return self._class(file, function) if function is not None else None
        return self._class(file, node)

    def _attribute(self, file: Readable, node: Node) -> Node | None:
        """What a class gives to `self.name`, where it does that once."""
        holder, name = node.field("object"), node.field("attribute")
        around = next(enclosing(node, "class_definition"), None)
        if holder is None or name is None or around is None or holder.text() != "self":
            return None
        values = []
        for used in file.tree.occurrences.get(name.text(), ()):
            target = used.parent()
            statement = target.parent() if target is not None else None
            if (
                target is not None
                and statement is not None
                and target.kind() == "attribute"
                and statement.kind() == "assignment"
                and statement.field("left") == target
                and next(enclosing(used, "class_definition"), None) == around
            ):
                values.append(statement.field("right"))
        return values[0] if len(values) == 1 else None

    def _class(self, file: Readable, name: Node) -> Found | None:
        if name.kind() == "identifier":
            bindings = file.names.lookup(name)
            if len(bindings) == 1 and bindings[0].kind == "class" and bindings[0].value is not None:
                return Found(file, bindings[0].value)
        found = self._imported(file, name) if name.kind() in ("identifier", "attribute") else None
        return found if found is not None and found.node.kind() == "class_definition" else None

    def classes(self, file: Readable, node: Node, depth: int = 0) -> tuple[str, ...]:
        """The dotted names of the class from outside of the project that an expression is an object of.

        For an object of the project's own class, of the classes that it derives from.
        """
        node = _plain(node)
        if depth > _MAX_DEPTH:
            return ()
        if node not in self._classes:
            self._classes[node] = ()
            self._classes[node] = self._classes_of(file, node, depth)
        return self._classes[node]

    def _classes_of(self, file: Readable, node: Node, depth: int) -> tuple[str, ...]:
        kind = node.kind()
        if kind == "identifier" and node.text() != "self":
            bindings = file.names.lookup(node)
            if len(bindings) != 1:
                return ()
            binding = bindings[0]
            if binding.kind in ("assign", "with") and binding.value is not None:
                return self.classes(file, binding.value, depth + 1)
            if binding.kind == "parameter":
                named = annotation_of(binding.node)
                return self._above(file, named, depth) if named is not None else ()
            return ()
        if kind == "attribute":
            value = self._attribute(file, node)
            return self.classes(file, value, depth + 1) if value is not None else ()
        function = node.field("function") if kind == "call" else None
        if function is None:
            return ()
        made = self.function(file, function)
        if made is not None:  # def make_hook() -> SFTPHookAsync
            returned = made.node.field("return_type")
            named = _annotated(returned) if returned is not None else None
            return self._above(made.file, named, depth) if named is not None else ()
        return self._above(file, function, depth)

    def _above(self, file: Readable, name: Node, depth: int) -> tuple[str, ...]:
        """A class from outside by its dotted names; for one of the project, the classes from outside above it."""
        own = self._class(file, name)
        if own is None:
            return file.names.candidates(name)
        found: list[str] = []
        if depth < _MAX_BASES:
            for base in class_bases(own.node):
                found += self._above(own.file, base, depth + 1)
        return tuple(found)

    def client(self, file: Readable, node: Node, depth: int = 0) -> Client | None:
        """What the catalog knows of the client that an expression is an object of."""
        node = _plain(node)
        for path in self.classes(file, node):
            client = client_named(path)
            if client is not None:
                return client
        if node.kind() == "identifier" and depth < _MAX_DEPTH:
            bindings = file.names.lookup(node)
            if (
                len(bindings) == 1
                and bindings[0].kind in ("assign", "with")
                and bindings[0].value is not None
            ):
                return self.client(file, bindings[0].value, depth + 1)
        function = node.field("function") if node.kind() == "call" else None
        method = function.field("attribute") if function is not None else None
        holder = function.field("object") if function is not None else None
        if method is None or holder is None or depth >= _MAX_DEPTH:
            return None  # `async with hook.session() as session`
        client = self.client(file, holder, depth + 1)
        return client if client is not None and method.text() in client.sessions else None

    def hook(self, file: Readable, node: Node) -> HookFacts | None:
        """The hook that an expression is an object of, where that has methods to be awaited."""
        for path in self.classes(file, node):
            name = path.rpartition(".")[2]
            if path.startswith(("airflow.", "astronomer.")) and ("Hook" in name or "hook" in path):
                facts = Hooks.load().get(path)
                if facts is not None and facts.name != BASE_HOOK:
                    return facts
        return None

    # -- calls

    def called_by(self, file: Readable, function: Node) -> Iterator[tuple[Node, Found]]:
        """The calls in a function's own body (nested functions left out) that run a function of the project."""
        for call in file.tree.kinds("call", under=function):
            name = call.field("function")
            if name is None or function_of(call) != function:
                continue
            found = self.function(file, name)
            if found is not None and found.node != function:
                yield call, found

    def given(self, file: Readable, call: Node, definition: Node, name: str, skip: int = 0) -> Node | None:
        """The expression that a call gives to a parameter of the function that it runs.

        `skip` arguments come before those of the function, as in `start_soon(function, …)`.
        """
        if has_splat(call):
            return None
        for position, (parameter, _) in enumerate(parameters(definition)):
            if parameter == name:
                return argument(file, call, name, position + skip)
        return None


def annotation_of(parameter: Node) -> Node | None:
    """The class in the annotation of a parameter, `X` of `X | None` and `Optional[X]`; None where there is no one."""
    holder = parameter.parent()
    if holder is None or holder.kind() not in ("typed_parameter", "typed_default_parameter"):
        return None
    annotation = holder.field("type")
    return _annotated(annotation) if annotation is not None else None


def _annotated(annotation: Node) -> Node | None:
    node: Node | None = annotation
    for _ in range(_MAX_DEPTH):
        if node is None:
            return None
        kind = node.kind()
        if kind in ("identifier", "attribute"):
            return node
        children = [child for child in node.named_children() if child.kind() != "comment"]
        if kind == "type" and len(children) == 1:
            node = children[0]
        elif kind in ("binary_operator", "union_type"):
            members = [child for child in children if child.text() != "None"]
            node = members[0] if len(members) == 1 else None
        elif kind in ("generic_type", "subscript") and children and children[0].text() in _WRAPPERS:
            rest = children[1]
            node = rest.named_children()[0] if rest.kind() == "type_parameter" else rest
        else:
            return None
    return None


def _plain(node: Node) -> Node:
    """The expression inside of parentheses and `await`."""
    node = strip_parentheses(node)
    while node.kind() == "await":
        node = strip_parentheses(node.children()[-1])
    return node


def is_async(definition: Node) -> bool:
    """Whether a function is an `async def`."""
    first = definition.child(0)
    return first is not None and first.kind() == "async"


def is_generator(file: Readable, definition: Node) -> bool:
    """Whether a function yields."""
    return any(function_of(node) == definition for node in file.tree.kinds("yield", under=definition))
