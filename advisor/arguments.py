"""The arguments of one call: keywords, resolved spreads, and what `default_args` add."""

from __future__ import annotations

from advisor.syntax import Node, arguments_of, keyword_parts
from advisor.values import MISSING, UNKNOWN, Dict, Values


class Arguments:
    """The keyword arguments of a call, by name, folded when asked for.

    `doubtful` is true when there may be arguments that cannot be seen: an unknown `**spread` or a `*spread`.
    `positional` is true when there are plain positional arguments, which are not looked at (Airflow's operators refuse
    them, so what they mean is anybody's guess).
    """

    __slots__ = ("_folded", "_nodes", "_values", "doubtful", "positional")

    def __init__(self, call: Node, values: Values) -> None:
        self._values = values
        self._nodes: dict[str, Node] = {}
        self._folded: dict[str, object] = {}
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
                continue
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
        return self._folded[name]
