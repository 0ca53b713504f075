"""How many items a collection has at most, as far as the code tells: literals, ranges, slices, batches, constants."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from advisor.flow import Readable, loop_around
from advisor.folded import Dict
from advisor.names import Binding
from advisor.syntax import (
    COMPREHENSIONS,
    EXTRAS,
    Node,
    arguments_of,
    enclosing,
    keyword_parts,
    strip_parentheses,
)

if TYPE_CHECKING:
    from advisor.definitions import Definitions

#: what is cut to pieces of a size that only the run knows: bounded all the same
BATCH = 0.0
_MAX_DEPTH = 8
_SAME = frozenset(
    [
        "sorted",
        "list",
        "tuple",
        "set",
        "frozenset",
        "reversed",
        "enumerate",
        "iter",
        "tqdm",
        "dict",
        "filter",
        "map",
    ]
)
_VIEWS = frozenset(["items", "keys", "values", "copy"])
_GROWING = frozenset(["append", "extend", "insert", "add", "update", "appendleft", "setdefault"])
_BATCHES = re.compile(r"batch|chunk|slice|window|partition|grouper|paginate", re.IGNORECASE)
#: what people call the number of coroutines that they want at once
WORKERS = re.compile(
    r"worker|concurren|parallel|limit|max_|_max|pool|batch|chunk|thread|consumer|slot|num_|n_jobs|width|degree",
    re.IGNORECASE,
)


class Sizes:
    """Sizes of expressions in the functions of one walk; `given` are those of the parameters that a call gives."""

    def __init__(
        self, definitions: Definitions, file: Readable, given: Mapping[str, float | None] | None = None
    ) -> None:
        self._definitions = definitions
        self._file = file
        self._given = given or {}

    def at_most(self, node: Node, depth: int = 0) -> float | None:
        """The most items that an iterable can have; BATCH where it is a piece of bounded size; None where unknown."""
        node = strip_parentheses(node)
        if depth > _MAX_DEPTH:
            return None
        kind = node.kind()
        if kind == "identifier":
            return self._name(node, depth)
        handler = _HANDLERS.get(kind)
        found = handler(self, node, depth + 1) if handler is not None else None
        return self._folded(node) if found is None and kind in ("attribute", "subscript", "call") else found

    def _folded(self, node: Node) -> float | None:
        value = self._file.values.fold(node)
        if isinstance(value, Dict):
            return float(len(value.entries)) if value.complete else None
        return float(len(value)) if isinstance(value, (tuple, str)) else None

    def _literal(self, node: Node, depth: int) -> float | None:
        total = 0.0
        for child in node.named_children():
            if child.kind() in EXTRAS:
                continue
            if child.kind() in ("list_splat", "dictionary_splat"):
                inner = self.at_most(child.named_children()[0], depth) if child.named_children() else None
                if inner is None:
                    return None
                total += inner
            else:
                total += 1
        return total

    def _string(self, node: Node, depth: int) -> float | None:
        return self._folded(node)

    def _comprehension(self, node: Node, depth: int) -> float | None:
        return self.turns(node, depth)

    def turns(self, comprehension: Node, depth: int = 0) -> float | None:
        """How often the body of a comprehension is evaluated at most."""
        total = 1.0
        for clause in comprehension.named_children():
            if clause.kind() == "for_in_clause":
                right = clause.field("right")
                inner = self.at_most(right, depth) if right is not None else None
                if inner is None:
                    return None
                total *= inner
        return total

    def _call(self, node: Node, depth: int) -> float | None:
        function, arguments = node.field("function"), arguments_of(node)
        if function is None:
            return None
        method = function.field("attribute") if function.kind() == "attribute" else None
        holder = function.field("object") if method is not None else None
        plain = [argument for argument in arguments if keyword_parts(argument) is None]
        name = method.text() if method is not None else function.text()
        if holder is not None and name in _VIEWS and not arguments:
            return self.at_most(holder, depth)
        if name == "range":
            return self._range(plain)
        if name == "zip":
            known = [size for one in plain if (size := self.at_most(one, depth)) is not None]
            return min(known, default=None)
        if name == "chain":
            return self._all_of(plain, depth)
        if name == "islice":
            end = self._number(plain[2 if len(plain) > 2 else 1]) if len(plain) > 1 else None
            return end if end is not None else BATCH
        if name in ("sample", "choices", "nlargest", "nsmallest"):
            return BATCH
        if name in _SAME and plain:
            return self.at_most(plain[-1 if name in ("map", "filter") else 0], depth)
        if _BATCHES.search(name) or any(WORKERS.search(argument.text()) for argument in arguments):
            return BATCH
        return self._returned(function, depth)

    def _range(self, arguments: list[Node]) -> float | None:
        if len(arguments) not in (1, 2, 3):
            return None
        numbers = [self._number(argument) for argument in arguments]
        end = arguments[min(1, len(arguments) - 1)]
        if None in numbers and len(arguments) < 3 and end.kind() == "call" and end.text().startswith("len("):
            counted = arguments_of(end)
            return self.at_most(counted[0]) if len(counted) == 1 else None
        if None in numbers:
            return BATCH if any(WORKERS.search(argument.text()) for argument in arguments[:2]) else None
        whole = [int(number) for number in numbers if number is not None]
        return float(len(range(*whole))) if len(whole) < 3 or whole[2] else None

    def _number(self, node: Node) -> float | None:
        value = self._file.values.fold(node)
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def _all_of(self, nodes: list[Node], depth: int) -> float | None:
        sizes = [self.at_most(node, depth) for node in nodes]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def _returned(self, function: Node, depth: int) -> float | None:
        """The size of what a function of the project returns, where it has one `return`."""
        found = self._definitions.function(self._file, function)
        if found is None:
            return None
        returns = found.file.tree.kinds("return_statement", under=found.node)
        values = returns[0].named_children() if len(returns) == 1 else []
        return Sizes(self._definitions, found.file).at_most(values[0], depth) if values else None

    def _subscript(self, node: Node, depth: int) -> float | None:
        holder, keys = node.field("value"), node.field_children("subscript")
        if holder is None or len(keys) != 1 or keys[0].kind() != "slice":
            return None
        parts = keys[0].children()
        colon = next((index for index, part in enumerate(parts) if part.kind() == ":"), 0)
        start = self._number(parts[0]) if colon else 0.0
        stop = parts[colon + 1] if colon + 1 < len(parts) and parts[colon + 1].kind() != ":" else None
        if stop is None:
            return self.at_most(holder, depth)
        end = self._number(stop)
        whole = self.at_most(holder, depth)
        if start is None or end is None:
            return whole or BATCH
        size = end - start if end >= 0 else None
        return size if whole is None else whole if size is None else min(size, whole)

    def _either(self, node: Node, depth: int) -> float | None:
        parts = [child for child in node.named_children() if child.kind() not in EXTRAS]
        if node.kind() == "conditional_expression" and len(parts) == 3:
            parts = [parts[0], parts[2]]
        elif node.kind() == "boolean_operator":
            parts = [part for part in parts if part.text() not in ("[]", "()", "{}")]
        sizes = [self.at_most(part, depth) for part in parts]
        return None if None in sizes else max((size for size in sizes if size is not None), default=None)

    def _joined(self, node: Node, depth: int) -> float | None:
        left, right, sign = node.field("left"), node.field("right"), node.field("operator")
        if left is None or right is None or sign is None:
            return None
        if sign.text() in ("+", "|"):
            return self._all_of([left, right], depth)
        if sign.text() == "*":
            times, once = self._number(right), self.at_most(left, depth)
            return None if times is None or once is None else times * once
        return self.at_most(left, depth) if sign.text() in ("-", "&") else None

    # -- names

    def _name(self, node: Node, depth: int) -> float | None:
        bindings = self._file.names.lookup(node)
        if self._is_counted(node):
            return BATCH
        sizes = [self._bound(binding, node, depth + 1) for binding in bindings]
        if not sizes or None in sizes:
            return None
        grown = self._grown(node, depth + 1)
        return None if grown is None else max(size for size in sizes if size is not None) + grown

    def _bound(self, binding: Binding, node: Node, depth: int) -> float | None:
        if binding.kind == "parameter":
            return self._given.get(node.text())
        if binding.imported is not None:
            size = self._folded(node)
            # A constant that can't be read is somebody's configuration, which is doubt.
            return BATCH if size is None and binding.imported.name.isupper() else size
        if binding.kind == "assign" and binding.value is not None:
            own = [b for b in self._file.names.lookup(node) if b.node == binding.node]
            nested = any(n.text() == node.text() for n in _identifiers(binding.value))
            return None if nested or not own else self.at_most(binding.value, depth)
        if binding.kind == "other" and _is_turn(binding.node):
            return BATCH  # one piece of something larger: a page, a group
        return None

    def _is_counted(self, node: Node) -> bool:
        """Whether the code looks at how many there are: `if len(batch) >= 50:`."""
        for used in self._file.names.references(node.text()):
            call = next(enclosing(used, "call"), None)
            function = call.field("function") if call is not None else None
            around = call.parent() if call is not None else None
            if (
                function is not None
                and around is not None
                and function.text() == "len"
                and around.kind() == "comparison_operator"
                and next(enclosing(around, "if_statement", "while_statement"), None) is not None
                and any(sign in around.text() for sign in (">", "<", "=="))
                and _compares_with_bound(around)
            ):
                return True
        return False

    def _grown(self, node: Node, depth: int) -> float | None:
        """How many items are added to a collection by its methods; None where that has no known end."""
        total = 0.0
        for used in self._file.names.references(node.text()):
            attribute = used.parent()
            method = attribute.field("attribute") if attribute is not None else None
            call = attribute.parent() if attribute is not None else None
            if method is None or call is None or attribute is None or attribute.field("object") != used:
                continue
            if method.text() not in _GROWING or call.kind() != "call" or call.field("function") != attribute:
                continue
            many = method.text() in ("extend", "update")
            added = self._all_of(arguments_of(call), depth) if many else 1.0
            loop = loop_around(call)
            while loop is not None and added is not None:
                right = loop.field("right") if loop.kind() == "for_statement" else None
                turns = self.at_most(right, depth) if right is not None else None
                added = None if turns is None else added * turns
                loop = loop_around(loop)
            if added is None:
                return None
            total += added
        return total


def _compares_with_bound(comparison: Node) -> bool:
    """Whether a comparison is with more than nothing: not `len(batch) > 0`."""
    return not any(
        child.kind() == "integer" and child.text() in ("0", "1") for child in comparison.named_children()
    )


def _is_turn(node: Node) -> bool:
    """Whether a name is what a `for` hands out, alone or in a pattern."""
    current, parent = node, node.parent()
    while parent is not None and parent.kind() in ("pattern_list", "tuple_pattern", "list_pattern"):
        current, parent = parent, parent.parent()
    return (
        parent is not None
        and parent.kind() in ("for_statement", "for_in_clause")
        and parent.field("left") == current
    )


def _identifiers(node: Node) -> list[Node]:
    return list(node.find_all({"rule": {"kind": "identifier"}}))


_HANDLERS: Mapping[str, Callable[[Sizes, Node, int], float | None]] = {
    "list": Sizes._literal,
    "tuple": Sizes._literal,
    "set": Sizes._literal,
    "dictionary": Sizes._literal,
    "string": Sizes._string,
    **dict.fromkeys(sorted(COMPREHENSIONS), Sizes._comprehension),
    "call": Sizes._call,
    "subscript": Sizes._subscript,
    "conditional_expression": Sizes._either,
    "boolean_operator": Sizes._either,
    "binary_operator": Sizes._joined,
}
