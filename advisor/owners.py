"""The project's own classes: their methods and attributes, and what is above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.contexts import class_bases, decorator_expressions
from advisor.flow import Readable
from advisor.project import Module
from advisor.records import dataclass
from advisor.syntax import Node, dotted, name_of

if TYPE_CHECKING:
    from advisor.project import Project
    from advisor.reached import Step

_MAX_BASES = 30  # classes above one class


@dataclass(frozen=True, slots=True)
class Ref:
    """One thing that an expression may stand for.

    `path` is its dotted name, for an object that of its class: `pkg.Hook` for `Hook()`, `pkg.Hook.get_conn` for that
    method of it, `pkg.Hook.get_conn()` for what the method gives back. `is_object` tells an object from a module,
    class or function. `file` and `node` are the definition of a first-party class or function, `receiver` the class
    of the object that a method belongs to.
    """

    path: str
    is_object: bool = False
    file: Readable | None = None
    node: Node | None = None
    receiver: Owner | None = None

    @property
    def name(self) -> str:
        """What a message calls the function: its own name; a lambda's, by which it is called."""
        return (name_of(self.node) if self.node is not None else "") or self.path

    @property
    def owner(self) -> Owner | None:
        """The first-party class that this is, or is an object of."""
        if self.file is None or self.node is None or self.node.kind() != "class_definition":
            return None
        return Owner(self.file, self.node, self.path)


@dataclass(frozen=True, slots=True)
class Owner:
    """A first-party class and the file that it stands in."""

    file: Readable
    node: Node
    path: str

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from every other class."""
        return self.file.path, self.node.range().start.index


class Memory:
    """What has been found out so far: of one file that may yet be changed, or of the project's modules."""

    __slots__ = ("attributes", "itself", "lines", "methods", "refs", "steps")

    def __init__(self) -> None:
        self.refs: dict[tuple[Node, tuple[str, int] | None], tuple[Ref, ...]] = {}
        self.itself: dict[tuple[Node, tuple[str, int] | None], Ref | None] = {}
        self.lines: dict[tuple[str, int], list[Owner | str | None]] = {}
        self.attributes: dict[Node, dict[str, list[Node]]] = {}
        self.methods: dict[Node, dict[str, Node]] = {}
        #: what `reached` keeps of each function
        self.steps: dict[tuple[Node, tuple[str, int] | None, bool], list[Step]] = {}


class Owners:
    """Answers for the classes of one DAG file and of the first-party modules that it leads to.

    What is learnt of a module is kept with the project, for the other files that import it. What an expression stands
    for, the bases of a class among them, `Receivers` tells.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._here = Memory()
        if project.reached is None:
            project.reached = Memory()
        self._shared = project.reached

    def of(
        self, file: Readable, node: Node, receiver: Owner | None = None, depth: int = 0
    ) -> tuple[Ref, ...]:
        """What an expression may stand for."""
        raise NotImplementedError

    def memory(self, file: Readable, receiver: Owner | None = None) -> Memory:
        """Where to keep what is found out about a file, seen from a class of `self`."""
        shared = isinstance(file, Module) and (receiver is None or isinstance(receiver.file, Module))
        return self._shared if shared else self._here

    def definer(self, owner: Owner, name: str) -> Owner | None:
        """The class, this one or one above it, whose method of that name an object of it has; None for none of ours."""
        for above in self.line(owner):
            if not isinstance(above, Owner):
                return None
            if name in self.methods(above):
                return above
        return None

    def outside(self, owner: Owner) -> tuple[str, ...]:
        """The dotted names of the classes from outside of the project that a class derives from."""
        return tuple(above for above in self.line(owner) if isinstance(above, str))

    def methods(self, owner: Owner) -> dict[str, Node]:
        """The methods that a class body defines, by name."""
        known = self.memory(owner.file).methods
        if owner.node not in known:
            body = owner.node.field("body")
            found: dict[str, Node] = {}
            for child in body.named_children() if body is not None else ():
                definition = child.field("definition") if child.kind() == "decorated_definition" else child
                if definition is not None and definition.kind() == "function_definition":
                    found.setdefault(name_of(definition), definition)  # a property comes before its setter
            known[owner.node] = found
        return known[owner.node]

    def attributes(self, owner: Owner) -> dict[str, list[Node]]:
        """The statements that give a class's attributes their values, in its body and on `self` in its methods."""
        known = self.memory(owner.file).attributes
        if owner.node not in known:
            found: dict[str, list[Node]] = {}
            beyond = -1  # the end of a method
            for node in owner.file.tree.kinds("assignment", "function_definition", under=owner.node):
                left = node.field("left")
                if left is None:
                    beyond = max(beyond, node.range().end.index)
                elif left.kind() == "attribute":
                    holder, name = left.field("object"), left.field("attribute")
                    if holder is not None and name is not None and holder.text() == "self":
                        found.setdefault(name.text(), []).append(node)
                elif left.kind() == "identifier" and node.range().start.index >= beyond:
                    found.setdefault(left.text(), []).append(node)
            known[owner.node] = found
        return known[owner.node]

    def line(self, owner: Owner) -> list[Owner | str | None]:
        """A class and what is above it, nearest first; dotted names for those of others, None for unknown ones."""
        lines = self.memory(owner.file).lines
        if owner.key not in lines:
            lines[owner.key] = [owner]  # a class that is above itself ends here
            line: list[Owner | str | None] = [owner]
            others: list[Owner | str | None] = []
            for base in class_bases(owner.node):
                value = base.field("value") if base.kind() == "subscript" else base  # `Base[T]`
                refs = self.of(owner.file, value if value is not None else base)
                if len(refs) != 1 or refs[0].is_object:
                    same = {ref.path for ref in refs if ref.node is None}
                    others += sorted(same) if len(same) == len(refs) and refs else [None]
                    continue
                above = refs[0].owner
                if above is None:
                    others.append(refs[0].path)
                    continue
                for one in self.line(above):
                    (line if isinstance(one, Owner) else others).append(one)
            seen: set[object] = set()
            unique: list[Owner | str | None] = []
            for one in [*line, *others]:
                key = one.key if isinstance(one, Owner) else one
                if key not in seen and key != "builtins.object":
                    seen.add(key)
                    unique.append(one)
            lines[owner.key] = unique[:_MAX_BASES]
        return lines[owner.key]

    def path(self, file: Readable, definition: Node) -> str:
        """The dotted name of a definition, seen from the project's root."""
        stem = file.path.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
        package = self._project.package_of(file.path)
        module = ".".join(part for part in (package, "" if stem == "__init__" else stem) if part)
        names = [name_of(definition)]
        owner = class_of(definition)
        if owner is not None:
            names.insert(0, name_of(owner))
        return ".".join([module, *names] if module else names)


def decorator_words(function: Node) -> set[str]:
    """The last words of a function's decorators: "property", "cached_property", "retry", …"""
    found: set[str] = set()
    for expression in decorator_expressions(function):
        called = expression.field("function") if expression.kind() == "call" else expression
        written = dotted(called) if called is not None else None
        found.add((written or "?").rpartition(".")[2])
    return found


def class_of(function: Node) -> Node | None:
    """The class whose method a function is."""
    parent = function.parent()
    if parent is not None and parent.kind() == "decorated_definition":
        parent = parent.parent()
    owner = parent.parent() if parent is not None and parent.kind() == "block" else None
    return owner if owner is not None and owner.kind() == "class_definition" else None
