"""What a name in a task's code stands for: the function that a call runs, the client or hook that an object is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.catalog.hooks import BASE_HOOK, HookFacts, Hooks
from advisor.catalog.waits import Client
from advisor.catalog.waits import client as client_named
from advisor.coroutines import argument, has_splat, parameters
from advisor.flow import Readable
from advisor.owners import Owner
from advisor.records import dataclass
from advisor.syntax import Node, function_of

if TYPE_CHECKING:
    from advisor.dagfile import DagFile


@dataclass(frozen=True, slots=True)
class Found:
    """A function or class of the project, and the file that it stands in."""

    file: Readable
    node: Node


class Definitions:
    """Answers for one DAG file and the first-party modules that it reaches. Doubt is None, or nothing."""

    def __init__(self, dag_file: DagFile) -> None:
        self._receivers = dag_file.receivers

    def function(self, file: Readable, called: Node) -> Found | None:
        """The function of the project that is behind what is called (or handed over): in this file or another."""
        refs = self._receivers.of(file, called)
        if len(refs) != 1 or refs[0].node is None or refs[0].file is None:
            return None
        is_function = refs[0].node.kind() == "function_definition"
        return Found(refs[0].file, refs[0].node) if is_function else None

    def owner(self, file: Readable, node: Node) -> Owner | None:
        """The project's own class that an expression is an object of (or is itself, as in `Loader.load`)."""
        refs = self._receivers.of(file, node)
        return refs[0].owner if len(refs) == 1 else None

    def has_method(self, owner: Owner, name: str) -> bool:
        """Whether a class of the project, or one of the project above it, has a method of that name."""
        return self._receivers.definer(owner, name) is not None

    def classes(self, file: Readable, node: Node) -> tuple[str, ...]:
        """The dotted names of the class from outside of the project that an expression is an object of.

        For an object of the project's own class, of the classes that it derives from; of what a function from outside
        gives, the function's (`anyio.create_task_group`).
        """
        found: list[str] = []
        for ref in self._receivers.of(file, node):
            if ref.owner is not None:
                found += self._receivers.outside(ref.owner)
            elif ref.node is None and (ref.is_object or ref.path.endswith("()")):
                found.append(ref.path.removeprefix("await ").removesuffix("()"))
        return tuple(found)

    def client(self, file: Readable, node: Node) -> Client | None:
        """What the catalog knows of the client that an expression is an object of."""
        return client_at(self.classes(file, node))

    def hook(self, file: Readable, node: Node) -> HookFacts | None:
        """The hook that an expression is an object of, where that has methods to be awaited."""
        return hook_at(self.classes(file, node))

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


def client_at(classes: tuple[str, ...]) -> Client | None:
    """What the catalog knows of a client by the names of its class, or of what gives it: `HttpAsyncHook.session`."""
    for path in classes:
        client = client_named(path)
        if client is not None:
            return client
        holder, _, method = path.rpartition(".")
        client = client_named(holder) if holder else None
        if client is not None and method in client.sessions:
            return client
    return None


def hook_at(classes: tuple[str, ...]) -> HookFacts | None:
    """The hook of one of these names."""
    for path in classes:
        if path.startswith(("airflow.", "astronomer.")) and "ook" in path.rpartition(".")[2]:
            facts = Hooks.load().get(path)
            if facts is not None and facts.name != BASE_HOOK:
                return facts
    return None


def is_generator(file: Readable, definition: Node) -> bool:
    """Whether a function yields."""
    return any(function_of(node) == definition for node in file.tree.kinds("yield", under=definition))
