"""The arguments of one call: keywords, resolved spreads, and what `default_args` add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.folded import MISSING, UNKNOWN, Dict
from advisor.syntax import Node, arguments_of, keyword_parts
from advisor.values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from advisor.catalog.record import ClassFacts
    from advisor.subclasses import Layer


class _Later:
    """An expression in a first-party class that is folded when somebody asks for its value."""

    __slots__ = ("node", "values")

    def __init__(self, node: Node, values: Values) -> None:
        self.node = node
        self.values = values


class Arguments:
    """The keyword arguments of a call, by name, folded when asked for.

    `doubtful` is true when there may be arguments that cannot be seen: an unknown `**spread` or a `*spread`.
    `positional` is true when there are plain positional arguments, which are not looked at (Airflow's operators refuse
    them, so what they mean is anybody's guess). `unknown` are the spreads that can't be seen into.
    """

    __slots__ = ("_class_defaults", "_folded", "_nodes", "_values", "doubtful", "positional", "unknown")

    def __init__(self, call: Node, values: Values) -> None:
        self._values = values
        self._nodes: dict[str, Node] = {}
        self._folded: dict[str, object] = {}
        self._class_defaults: dict[str, object] = {}
        self.unknown: list[Node] = []
        self.doubtful = False
        self.positional = False
        self._read(call)

    def _read(self, call: Node) -> None:
        for argument in arguments_of(call):
            keyword = keyword_parts(argument)
            if keyword is not None:
                self._nodes[keyword[0]] = keyword[1]
                self._folded.pop(keyword[0], None)
                continue
            if not argument.kind().endswith("splat"):
                self.positional = True
                continue
            spread: object = UNKNOWN
            if argument.kind() == "dictionary_splat" and argument.named_children():
                spread = self._values.fold(argument.named_children()[0])
            if not isinstance(spread, Dict):
                self.doubtful = True
                self.unknown.append(argument)
                continue
            if not spread.complete:
                self.unknown.append(argument)
            self.doubtful = self.doubtful or not spread.complete
            for name, value in spread.entries.items():
                if name not in self._nodes:
                    self._folded[name] = value

    def add_expanded(self, call: Node) -> None:
        """Count the arguments of `.expand(…)` as given, with values that differ from task to task."""
        for argument in arguments_of(call):
            keyword = keyword_parts(argument)
            if keyword is not None:
                self._folded[keyword[0]] = UNKNOWN
            else:
                self.doubtful = True

    def add_expanded_kwargs(self, call: Node) -> None:
        """Count what the dicts of `.expand_kwargs([…])` hold as given, where these can be seen."""
        given = [argument for argument in arguments_of(call) if keyword_parts(argument) is None]
        items = self._values.fold(given[0]) if len(given) == 1 else UNKNOWN
        for item in items if isinstance(items, tuple) else ():
            if isinstance(item, Dict):
                self._folded.update((name, UNKNOWN) for name in item.entries if name not in self._nodes)

    def names(self) -> set[str]:
        """The names of the arguments that the call gives, as far as they can be seen."""
        return {*self._nodes, *self._folded}

    def complete(self, spread: Mapping[str, object]) -> None:
        """Take `spread` for all that the unknown spreads hold."""
        self._folded.update((name, value) for name, value in spread.items() if name not in self._nodes)
        self.doubtful = False

    def through(self, layer: Layer, facts: ClassFacts) -> None:
        """Turn the arguments of a first-party class into those that its `__init__` gives to the class above it."""
        nodes: dict[str, Node] = {}
        folded: dict[str, object] = {}
        defaults: dict[str, object] = {}
        for argument in arguments_of(layer.call):
            keyword = keyword_parts(argument)
            if keyword is None:
                continue
            name, expression = keyword
            source = expression.text()
            if source not in layer.own:
                folded[name] = _Later(expression, layer.values)
            elif source in layer.changed:
                folded[name] = UNKNOWN
            elif self.given(source):
                folded[name] = self._unfolded(source)
                if name == source and source in self._nodes:
                    nodes[name] = self._nodes[source]
            elif name != "deferrable":
                default = layer.own[source]
                if source in self._class_defaults:
                    defaults[name] = self._class_defaults[source]
                elif default is not None:
                    defaults[name] = _Later(default, layer.values)
        if layer.rest:
            for name in self.names() - layer.own.keys() - layer.taken - folded.keys():
                folded[name] = UNKNOWN if name in layer.changed else self._unfolded(name)
                if name in self._nodes and name not in layer.changed:
                    nodes[name] = self._nodes[name]
            for name in self._class_defaults.keys() - layer.own.keys() - layer.taken - folded.keys():
                defaults.setdefault(name, self._class_defaults[name])
            folded.update(dict.fromkeys(layer.changed - layer.own.keys(), UNKNOWN))
        for name in layer.set_after:
            if facts.parameter(name) is not None or name == "execution_timeout":
                folded[name] = UNKNOWN
        self._nodes, self._folded, self._class_defaults = nodes, folded, defaults
        # How long it waits is then the class's secret, unless the caller said it.
        lengths = {"timeout", "execution_timeout", *facts.duration_parameters}
        self.doubtful = self.doubtful or any(
            name not in nodes and self._worth(folded if name in folded else defaults, name) is UNKNOWN
            for name in lengths & {*folded, *defaults}
        )

    def _unfolded(self, name: str) -> object:
        """What the call gives for an argument, as it may stay in `_folded`."""
        if name in self._folded:
            return self._folded[name]
        node = self._nodes.get(name)
        return self.value(name) if node is None else _Later(node, self._values)

    @staticmethod
    def _worth(table: dict[str, object], name: str) -> object:
        found = table[name]
        if isinstance(found, _Later):
            found = table[name] = found.values.fold(found.node)
        return found

    def class_default(self, name: str) -> object:
        """What a first-party class gives its base class where neither the call nor `default_args` say; or MISSING."""
        return self._worth(self._class_defaults, name) if name in self._class_defaults else MISSING

    def given(self, name: str) -> bool:
        """Whether the call itself gives this argument."""
        return name in self._nodes or name in self._folded

    def node(self, name: str) -> Node | None:
        """The expression of an argument that stands in the call; None for one from a spread."""
        return self._nodes.get(name)

    def value(self, name: str) -> object:
        """The value given for `name`; MISSING where the call gives none, UNKNOWN where it can't be computed."""
        if name not in self._folded:
            node = self._nodes.get(name)
            self._folded[name] = MISSING if node is None else self._values.fold(node)
            if node is None:
                del self._folded[name]
                return UNKNOWN if self.doubtful else MISSING
        return self._worth(self._folded, name)
