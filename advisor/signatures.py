"""What a function or method can be called with."""

from __future__ import annotations

from advisor.records import dataclass
from advisor.syntax import Node

_PLAIN = frozenset({"identifier", "default_parameter", "typed_default_parameter", "typed_parameter"})
_NOTHING = frozenset({"comment", "line_continuation"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its default and its annotation, where it has them, and how it can be given."""

    name: str
    default: Node | None
    annotation: Node | None
    by_position: bool
    by_keyword: bool

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is None


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters in their order, without those for the rest: `star` for `*args`, `rest` for `**kwargs`."""

    parameters: tuple[Parameter, ...]
    star: bool
    rest: bool

    def get(self, name: str) -> Parameter | None:
        """The parameter of this name."""
        return next((one for one in self.parameters if one.name == name), None)

    def takes(self, keyword: str) -> bool:
        """Whether a call may give this keyword."""
        found = self.get(keyword)
        return self.rest if found is None else found.by_keyword or self.rest

    def without_self(self) -> Signature:
        """What remains for a call of a bound method."""
        bound = self.parameters[1:] if self.parameters and self.parameters[0].by_position else self.parameters
        return Signature(bound, self.star, self.rest)


def signature(function: Node) -> Signature | None:
    """The signature of a function definition; None where it is written in a way that Python does not know."""
    holder = function.field("parameters")
    found: list[Parameter] = []
    star = rest = False
    by_position = True
    for node in holder.named_children() if holder is not None else ():
        kind = node.kind()
        if kind in _NOTHING:
            continue
        name: Node | None = node
        if kind == "typed_parameter":
            name = node.child(0)
        elif kind in ("default_parameter", "typed_default_parameter"):
            name = node.field("name")
        inner = name.kind() if name is not None else ""
        if kind == "positional_separator":
            found = [Parameter(p.name, p.default, p.annotation, True, False) for p in found]
        elif kind == "keyword_separator":
            by_position = False
        elif inner == "list_splat_pattern":
            star, by_position = True, False
        elif inner == "dictionary_splat_pattern":
            rest = True
        elif kind in _PLAIN and name is not None and inner == "identifier":
            found.append(Parameter(name.text(), node.field("value"), node.field("type"), by_position, True))
        else:
            return None
    return Signature(tuple(found), star, rest)
