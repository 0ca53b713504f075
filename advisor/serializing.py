"""What `serialize` of a trigger returns: which class it names, and which arguments of `__init__` it hands over."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.fields import is_init_var
from advisor.finding import Span
from advisor.flow import Readable
from advisor.folded import FUNCTION
from advisor.keys import Keys, keys_of
from advisor.lineage import Layer, Method
from advisor.records import dataclass
from advisor.signatures import Signature, signature
from advisor.syntax import Node, function_of, strip_parentheses

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.triggers import Trigger

# Objects that are at work, by the last part of the class's name: no serializer of Airflow's knows them.
_AT_WORK = re.compile(
    r"(?:Hook|HookAsync|Client|ClientSession|Session|Lock|Semaphore|Logger|ThreadPoolExecutor)$"
)
_TELLING = frozenset({"__init__", "__post_init__", "__attrs_post_init__", "serialize", "__repr__"})
_PAIR = frozenset({"tuple", "expression_list"})
_NO_PAIR = frozenset({"dictionary", "string", "integer", "none", "list", "set", "true", "false"})


@dataclass(frozen=True, slots=True)
class Unfit:
    """A value that can't be serialized: its key, what it is, and where it stands."""

    key: str
    what: str
    span: Span


class Claim:
    """One `return` of a trigger's `serialize`.

    `named` is the class that it names: a dotted name, or its last part where the module is worked out when it runs;
    "" where that can't be told. `span` is the path's, or the class's name where `serialize` is inherited.
    """

    def __init__(
        self, dag_file: DagFile, trigger: Trigger, method: Method, path: Node, given: Node | None
    ) -> None:
        self._dag_file = dag_file
        self._trigger = trigger
        self._method = method
        self._file: Readable = method.layer.file
        self._given = given
        self.inherited = method.layer.node != trigger.node
        self.span = trigger.span if self.inherited else dag_file.tree.span(path)
        value = self._file.values.fold(path)
        self.is_whole = isinstance(value, str)
        self.named = value if isinstance(value, str) else _tail(self._file, path)
        self.keys_span = trigger.span if self.inherited else dag_file.tree.span(given or path)
        self.base = method.layer.name

    # -- the path

    @property
    def last(self) -> str:
        """The class's name in the path."""
        return self.named.rpartition(".")[2]

    def names_this(self) -> bool | None:
        """Whether the path leads to this very class; None where that can't be told."""
        if not self.named:
            return None
        name, here = self._trigger.name, self._trigger.layer
        if self.is_whole and ("." not in self.named or "" in self.named.split(".")):
            return False
        if not self.is_whole:
            return self._bound_here(self._method.layer)
        module = self.named.rpartition(".")[0]
        if is_module(module, here.path):
            return self._bound_here(here)
        if self.inherited and is_module(module, self._method.layer.path):
            return False if self.last == self.base else None
        found = self._dag_file.project.definition(self.named, self._dag_file.path)
        if found is not None:
            return _same(found[0].path, found[1], here)
        other = self._dag_file.project.module(module, self._dag_file.path)
        if other is not None:
            return False if not other.names.bindings(self.last) and _is_quiet(other) else None
        if self.last != name:
            return None if self._is_alias(here) else False
        return False if self.module_is_elsewhere() else None

    def module_is_elsewhere(self) -> bool:
        """Whether the path's module can't be the file that the class stands in."""
        module = self.named.rpartition(".")[0].split(".")
        parts = _parts(self._trigger.layer.path)
        if module[0] == "airflow":
            return "airflow" not in parts and "providers" not in parts
        return module[-1] not in parts

    def _bound_here(self, layer: Layer) -> bool | None:
        """Whether the last part is the class in the module that the layer stands in."""
        bound = layer.file.names.bindings(self.last).get(layer.file.tree.root, [])
        if any(one.kind == "class" and one.value == self._trigger.node for one in bound):
            return True
        if not bound:
            return False if _is_quiet(layer.file) else None
        return False if all(one.kind in ("class", "def") for one in bound) else None

    def _is_alias(self, layer: Layer) -> bool:
        bound = layer.file.names.bindings(self.last).get(layer.file.tree.root, [])
        return any(one.kind not in ("import", "class", "def") for one in bound)

    # -- the arguments

    @cached_property
    def keys(self) -> Keys:
        """The arguments that it returns."""
        return keys_of(self._file, self._given) if self._given is not None else Keys({}, False)

    def unknown_keys(self) -> list[str]:
        """Arguments that `__init__` does not take."""
        init = self._init()
        return [key for key in self.keys.values if not init.takes(key)] if init is not None else []

    def missing_keys(self) -> list[str]:
        """Arguments that `__init__` needs and that are not returned."""
        init, keys = self._init(), self.keys
        if init is None or not keys.complete:
            return []
        return [one.name for one in init.parameters if one.required and one.name not in keys.values]

    def dropped_keys(self) -> list[str]:
        """Arguments with a default that the trigger keeps and uses, and that are not returned."""
        init, keys = self._init(), self.keys
        if init is None or not keys.complete:
            return []
        optional = [one.name for one in init.parameters if not one.required and one.name not in keys.values]
        return [name for name in optional if self._is_used(name)]

    def _init(self) -> Signature | None:
        """The signature of `__init__`, `self` left out; None where it can't be told."""
        method = self._trigger.init
        if not isinstance(method, Method):
            made = self._trigger.generated_init
            return made.signature if made is not None else None
        if method.decorators:
            return None
        found = signature(method.node)
        return found.without_self() if found is not None else None

    def _is_used(self, parameter: str) -> bool:
        """Whether `__init__` keeps a parameter as it is and another method reads it."""
        layer = self._trigger.layer
        for attribute in self._kept(parameter):
            if _made_when_missing(layer, self._trigger.init, attribute):
                continue
            for used in _inside(layer.node, layer.file.tree.occurrences.get(attribute, [])):
                holder = used.parent()
                method = _method_around(used, self._trigger.node)
                if holder is None or holder.text() != f"self.{attribute}" or method is None:
                    continue
                name = method.field("name")
                if name is not None and name.text() not in _TELLING:
                    return True
        return False

    def _kept(self, parameter: str) -> list[str]:
        """The attributes that a parameter is kept in as it is, by the class itself."""
        init, layer = self._trigger.init, self._trigger.layer
        made = self._trigger.generated_init if not isinstance(init, Method) else None
        if made is not None and made.layer == layer:
            own = layer.bindings(parameter)
            known = made.signature.get(parameter)
            return [parameter] if own and known is not None and not is_init_var(known) else []
        if not isinstance(init, Method) or init.layer.node != layer.node:
            return []
        kept: list[str] = []
        body = init.node.field("body")
        for assignment in layer.file.tree.kinds("assignment", under=init.node):
            statement = assignment.parent()
            left, right = assignment.field("left"), assignment.field("right")
            name = left.field("attribute") if left is not None and left.kind() == "attribute" else None
            if statement is None or statement.parent() != body:
                continue  # kept under a condition: the default may be meant
            if name is not None and right is not None and right.text() == parameter:
                kept.append(name.text())
        return kept

    def unfit(self) -> list[Unfit]:
        """The values that can't be serialized."""
        if self.inherited or self._given is None:
            return []
        return [
            Unfit(key, what, self._dag_file.tree.span(value))
            for key, value in self.keys.values.items()
            if value is not None and (what := self._what(value))
        ]

    def _what(self, value: Node) -> str:
        value = strip_parentheses(value)
        if value.kind() == "lambda":
            return "a lambda"
        if value.kind() == "identifier":
            return "a function or class" if self._file.values.fold(value) is FUNCTION else ""
        name, holder = value.field("attribute"), value.field("object")
        if value.kind() != "attribute" or name is None or holder is None or holder.text() != "self":
            return self._made_at_work(value)
        init = self._trigger.init
        if not isinstance(init, Method) or init.layer.file is not self._dag_file:
            return ""
        made = _kept_in(init, name.text())
        if made is None:
            return ""
        if made.kind() == "lambda":
            return "a lambda"
        if made.kind() == "identifier":
            found = signature(init.node)
            parameter = found.get(made.text()) if found is not None else None
            annotation = parameter.annotation if parameter is not None else None
            written = annotation.text() if annotation is not None else ""
            only = re.fullmatch(r"(?:typing\.|collections\.abc\.)?Callable(?:\[.*\])?", written, re.DOTALL)
            return "a function" if only is not None else ""
        return self._made_at_work(made)

    def _made_at_work(self, value: Node) -> str:
        function = value.field("function") if value.kind() == "call" else None
        if function is None:
            return ""
        if function.text() == "open" and not self._file.names.lookup(function):
            return "an open file"
        for path in self._file.names.candidates(function):
            last = path.rpartition(".")[2]
            if _AT_WORK.search(last):
                return f"a `{last}`"
        return ""


def claims(dag_file: DagFile, trigger: Trigger) -> list[Claim]:
    """What the trigger's `serialize` returns, where each is a pair that can be seen."""
    method = trigger.serialize
    if not isinstance(method, Method) or method.decorators:
        return []
    found: list[Claim] = []
    for value in _returned(method):
        items = [item for item in value.named_children() if item.kind() != "comment"]
        if value.kind() in _PAIR and len(items) == 2 and items[0].kind() != "list_splat":
            found.append(Claim(dag_file, trigger, method, items[0], items[1]))
    return found


def no_pair(dag_file: DagFile, trigger: Trigger) -> tuple[Span, str] | None:
    """Where the class's own `serialize` returns something else than a path and arguments, and what; else None."""
    method = trigger.serialize
    if not isinstance(method, Method) or method.layer.node != trigger.node or method.decorators:
        return None
    name = method.node.field("name") or method.node
    if method.node.children()[0].kind() == "async":
        return dag_file.tree.span(name), "a coroutine"
    returned = list(_returned(method))
    for value in returned:
        items = [item for item in value.named_children() if item.kind() != "comment"]
        splat = any(item.kind() == "list_splat" for item in items)
        if value.kind() in _NO_PAIR:
            kind = {"dictionary": "a dict", "string": "a text", "none": "None"}.get(
                value.kind(), f"a {value.kind()}"
            )
            return dag_file.tree.span(value), kind
        if value.kind() in _PAIR and len(items) != 2 and not splat:
            return dag_file.tree.span(value), f"{len(items)} values"
    return None


def is_module(module: str, path: str) -> bool:
    """Whether a dotted module may be the file at `path`, imported from some folder above it."""
    wanted, parts = module.split("."), _parts(path)
    return parts[-len(wanted) :] == wanted


def _parts(path: str) -> list[str]:
    parts = os.path.abspath(path).removesuffix(".py").split(os.sep)
    return parts[:-1] if parts[-1] == "__init__" else parts


def _is_quiet(file: Readable) -> bool:
    """Whether a module has no names but those that can be seen in it."""
    text = file.tree.text
    return not file.names.stars and "globals()" not in text and "__getattr__" not in text


def _same(path: str, node: Node, layer: Layer) -> bool:
    same_place = node.range().start.index == layer.node.range().start.index
    return same_place and os.path.realpath(path) == os.path.realpath(layer.path)


def _returned(method: Method) -> Iterator[Node]:
    for statement in method.layer.file.tree.kinds("return_statement", under=method.node):
        if function_of(statement) != method.node:
            continue
        values = [child for child in statement.named_children() if child.kind() != "comment"]
        if values:
            yield strip_parentheses(values[0])


def _tail(file: Readable, path: Node) -> str:
    """`JobTrigger` of `f"{__name__}.JobTrigger"` and of `__name__ + ".JobTrigger"`; "" where it can't be told."""
    path = strip_parentheses(path)
    text = ""
    if path.kind() == "string":
        parts = path.children()
        if len(parts) > 2 and parts[-2].kind() == "string_content":
            text = parts[-2].text()
    elif path.kind() == "binary_operator":
        sign, right = path.field("operator"), path.field("right")
        value = (
            file.values.fold(right) if right is not None and sign is not None and sign.text() == "+" else ""
        )
        text = value if isinstance(value, str) else ""
    head, dot, last = text.rpartition(".")
    return last if dot and last.isidentifier() and not head else ""


def _inside(owner: Node, nodes: list[Node]) -> list[Node]:
    """Those of the nodes, which stand in the order of the text, that stand in `owner`."""
    place = owner.range()
    first = bisect_left(nodes, place.start.index, key=_start)
    return nodes[first : bisect_left(nodes, place.end.index, lo=first, key=_start)]


def _start(node: Node) -> int:
    return node.range().start.index


def _made_when_missing(layer: Layer, init: object, attribute: str) -> bool:
    """Whether a trigger makes a thing itself where it was given none: `self._hook or Hook()`, `self._hook = …`."""
    made_in = init.node if isinstance(init, Method) else None
    for used in _inside(layer.node, layer.file.tree.occurrences.get(attribute, [])):
        node = used.parent()
        parent = node.parent() if node is not None else None
        if node is None or parent is None or node.text() != f"self.{attribute}":
            continue
        method = _method_around(node, layer.node)
        if method is None:
            continue
        if parent.kind() == "assignment" and parent.field("left") == node and method != made_in:
            return True
        right, sign = parent.field("right"), parent.field("operator")
        is_or = parent.kind() == "boolean_operator" and sign is not None and sign.text() == "or"
        if is_or and right is not None and right.kind() in ("call", "await"):
            return True
    return False


def _kept_in(init: Method, attribute: str) -> Node | None:
    """What `__init__` assigns to an attribute, once."""
    found: list[Node] = []
    for assignment in init.layer.file.tree.kinds("assignment", under=init.node):
        left, right = assignment.field("left"), assignment.field("right")
        if left is not None and right is not None and left.text() == f"self.{attribute}":
            found.append(right)
    return strip_parentheses(found[0]) if len(found) == 1 else None


def _method_around(node: Node, owner: Node) -> Node | None:
    method = None
    for ancestor in node.ancestors():
        if ancestor == owner:
            return method
        if ancestor.kind() == "function_definition":
            method = ancestor
    return None
