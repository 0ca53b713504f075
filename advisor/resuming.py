"""What a deferred operator runs through once it is resumed, and whether it defers again there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from advisor.catalog.bases import bases
from advisor.contexts import class_bases
from advisor.lineage import Layer, Lineage, lineage
from advisor.records import dataclass
from advisor.syntax import Node, arguments_of, keyword_parts, name_of, strip_parentheses

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.deferrals import Deferral

_MAX_DEPTH = 8
_MAX_TERMS = 100
_OPERATOR = re.compile(r"(?:Operator|Sensor)(?:Async)?$")
_EXITS = frozenset({"return_statement", "raise_statement", "break_statement", "continue_statement"})


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How a resumed task comes back to a deferral.

    `methods` are run one after the other, from the one that it is resumed in to the one that defers; methods of classes
    in other files are written with their class (`Polling.check`). `site` is the last call on the way that stands in the
    file itself; None where there is none.
    """

    methods: tuple[str, ...]
    site: Node | None


class Classes:
    """The operator classes of one file, and the ways through their methods, also those of bases in other files.

    `deferrals` are all that the file makes; `of_base` tells what a class of another file makes.
    """

    def __init__(self, dag_file: DagFile, of_base: Callable[[Layer], list[Deferral]]) -> None:
        self._dag_file = dag_file
        self._of_base = of_base
        self._lines: dict[Node, list[Node]] = {}
        self._wholes: dict[Node, list[Node]] = {}
        self._lineages: dict[Node, Lineage] = {}
        self._methods: dict[Node, dict[str, Node]] = {}
        self._calls: dict[Node, list[tuple[Node, str, bool]]] = {}
        self._elsewhere: dict[Node, list[Deferral]] = {}  # by the class of another file
        self._above: list[tuple[Node, list[Deferral]]] | None = None
        self.deferrals: list[Deferral] = []

    def comes_back(self, deferral: Deferral, longest: float) -> Way | None:
        """How the resumed task reaches the same deferral again, in its class or in one derived from it.

        Deferrals on the way that are known to wait for more than `longest` seconds make it a slow cycle, which is none.
        """
        concrete = {other.owner for other in self.deferrals} | set(self._derived(deferral.owner))
        lines = [self._whole(owner) for owner in concrete if deferral.owner in self._line(owner)]
        return self._first_way(lines, deferral, longest)

    def deferring_above(self) -> list[tuple[Node, list[Deferral]]]:
        """The operators of the file with bases in other files that defer, and those deferrals."""
        if self._above is None:
            # What is resumed takes an event: without one, the file has nothing to do with it.
            file = self._dag_file
            owners = file.tree.classes() if "event" in file.tree.occurrences else []
            found = ((owner, self._made_above(owner)) for owner in owners if class_bases(owner))
            self._above = [(owner, made) for owner, made in found if made and self.is_operator(owner)]
        return self._above

    def _made_above(self, owner: Node) -> list[Deferral]:
        return [deferral for base in self._whole(owner) for deferral in self._elsewhere.get(base, ())]

    def comes_back_above(self, owner: Node, longest: float) -> Iterator[tuple[Deferral, Way]]:
        """The deferrals of base classes in other files that a class of this file brings the resumed task back to.

        Those that the base classes come back to without this file are not its own doing.
        """
        whole = self._whole(owner)
        above = [one for one in whole if one in self._elsewhere]
        for deferral in [one for base in above for one in self._elsewhere[base]]:
            wait = deferral.known_wait
            if not deferral.resumes_in or (wait is not None and wait > longest):
                continue
            way = self._first_way([whole], deferral, longest)
            if way is None or way.site is None:
                continue
            if self._first_way([above], deferral, longest) is None:
                yield deferral, way

    def _first_way(self, lines: list[list[Node]], deferral: Deferral, longest: float) -> Way | None:
        if not deferral.is_timer and _looks_again(deferral.call, deferral.method):
            # It waits for what the first run found missing, and goes on then: another turn would be a race.
            lines = [line for line in lines if not self._waits_for_start(line, deferral)]
        ways = (self._reaches(line, deferral, longest) for line in lines)
        return next((way for way in ways if way is not None), None)

    def lineage(self, owner: Node) -> Lineage:
        """A class with all of its bases, those in other files, too; the plain operator and sensor hold no surprise."""
        if owner not in self._lineages:
            file = self._dag_file
            self._lineages[owner] = lineage(file, owner, file.path, file.project, self._is_plain)
        return self._lineages[owner]

    def _is_plain(self, path: str) -> bool:
        known = bases()
        name = self._dag_file.catalog.resolve(path) or path
        return name in known.operators or path in known.mixins

    def is_operator(self, owner: Node) -> bool:
        """Whether a class derives from an operator or sensor, straight or through other classes of the project."""
        for definition in self._line(owner):
            for base in map(_without_type, class_bases(definition)):
                for path in self._dag_file.names.candidates(base):
                    if self._names_operator(path):
                        return True
        paths = (path for outside in self.lineage(owner).outside for path in outside.paths)
        return len(self.lineage(owner).layers) > 1 and any(map(self._names_operator, paths))

    def _names_operator(self, path: str) -> bool:
        return _OPERATOR.search(path) is not None or self._dag_file.class_path(path) is not None

    def given_for(self, owner: Node, method: Node, parameter: str) -> Node | None:
        """What the class's own methods give for a parameter of `method`, by keyword; None where it is not one thing."""
        name = method.field("name")
        found: dict[str, Node] = {}
        for definition in _methods(owner).values():
            for call, called, _ in own_calls(definition):
                if name is not None and called == name.text():
                    for argument in arguments_of(call):
                        keyword = keyword_parts(argument)
                        if keyword is not None and keyword[0] == parameter:
                            found[keyword[1].text()] = keyword[1]
        return next(iter(found.values())) if len(found) == 1 else None

    def _derived(self, owner: Node) -> Iterator[Node]:
        for definition in self._dag_file.tree.kinds("class_definition"):
            if owner in self._line(definition):
                yield definition

    def _line(self, owner: Node) -> list[Node]:
        """A class and those of its bases that stand in this file, nearest first."""
        if owner not in self._lines:
            self._lines[owner] = line = [owner]
            for base in map(_without_type, class_bases(owner)):
                for binding in self._dag_file.names.lookup(base) if base.kind() == "identifier" else ():
                    value = binding.value
                    if binding.kind == "class" and value is not None and len(line) < _MAX_DEPTH:
                        line += [above for above in self._line(value) if above not in line]
        return self._lines[owner]

    def _whole(self, owner: Node) -> list[Node]:
        """A class and its bases, those in other files, too, as far as no base that can't be seen stands before them."""
        if owner not in self._wholes:
            line = self._line(owner)
            if any(
                base.kind() != "identifier" or not self._is_local(base)
                for one in line
                for base in class_bases(one)
            ):
                line = self._with_others(owner)
            self._wholes[owner] = line
        return self._wholes[owner]

    def _is_local(self, base: Node) -> bool:
        return any(binding.kind == "class" for binding in self._dag_file.names.lookup(base))

    def _with_others(self, owner: Node) -> list[Node]:
        above = self.lineage(owner)
        found: list[Node] = []
        for layer in above.layers:
            if layer.file is self._dag_file:
                found.append(layer.node)
            elif above.is_in_sight(layer):
                found.append(layer.node)
                if layer.node not in self._elsewhere:
                    self._elsewhere[layer.node] = self._of_base(layer)
        return found

    def _waits_for_start(self, line: list[Node], deferral: Deferral) -> bool:
        """Whether the first run may defer there, and the resumed one does not do so because of its event."""
        resumed = next(
            (_methods(o)[deferral.resumes_in] for o in line if deferral.resumes_in in _methods(o)), None
        )
        for call, called, _ in own_calls(resumed) if resumed is not None else ():
            if _tests_event(call, resumed) and self._runs_through(line, called, deferral.method):
                return False
        return self._runs_through(line, "execute", deferral.method)

    def _runs_through(self, line: list[Node], start: str, wanted: Node) -> bool:
        """Whether one method runs through another before anything has been deferred."""
        ahead, seen = [start], set[str]()
        while ahead:
            name = ahead.pop()
            method = next((_methods(owner)[name] for owner in line if name in _methods(owner)), None)
            if method is None or name in seen:
                continue
            if method == wanted:
                return True
            seen.add(name)
            ahead += [called for _, called, _ in own_calls(method)]
        return False

    def _reaches(self, line: list[Node], wanted: Deferral, longest: float) -> Way | None:
        made: dict[Node, list[Deferral]] = {}
        for deferral in [*self.deferrals, *(one for base in line for one in self._elsewhere.get(base, ()))]:
            made.setdefault(deferral.method, []).append(deferral)
        ahead: list[tuple[str, int, bool, Way]] = [(wanted.resumes_in, 0, True, Way((), None))]
        seen: set[tuple[str, int, bool]] = set()
        while ahead:
            name, level, resumed, way = ahead.pop()
            if (name, level, resumed) in seen:
                continue
            seen.add((name, level, resumed))
            place = next((i for i in range(level, len(line)) if name in self._methods_of(line[i])), None)
            if place is None:
                continue
            method, is_here = self._methods_of(line[place])[name], line[place] not in self._elsewhere
            here = Way((*way.methods, name if is_here else f"{name_of(line[place])}.{name}"), way.site)
            given = told_apart_by(method) if resumed else frozenset[str]()
            for deferral in made.get(method, ()):
                if not is_skipped(deferral.call, method, given):
                    if deferral.call == wanted.call:
                        return Way(here.methods, deferral.call) if is_here else here
                    wait = deferral.known_wait
                    if deferral.resumes_in and (wait is None or wait <= longest):
                        ahead.append((deferral.resumes_in, 0, True, here))
            for call, called, above in self._calls_of(method):
                if not is_skipped(call, method, given):
                    passed = any(argument.text() in given for argument in map(_value, arguments_of(call)))
                    after = Way(here.methods, call) if is_here else here
                    ahead.append((called, place + 1 if above else 0, passed, after))
        return None

    def _methods_of(self, owner: Node) -> dict[str, Node]:
        if owner not in self._methods:
            self._methods[owner] = _methods(owner)
        return self._methods[owner]

    def _calls_of(self, method: Node) -> list[tuple[Node, str, bool]]:
        if method not in self._calls:
            self._calls[method] = list(own_calls(method))
        return self._calls[method]


def _looks_again(node: Node, method: Node) -> bool:
    """Whether a node stands under a test of something that the method itself has just asked for, or under `except`."""
    child = node
    for ancestor in node.ancestors():
        if ancestor == method:
            return False
        if ancestor.kind() == "except_clause":
            return True
        test = ancestor.field("condition") if ancestor.kind() in ("if_statement", "elif_clause") else None
        if test is not None and test != child and _asks(test, method):
            return True
        child = ancestor
    return False


def _tests_event(node: Node, method: Node | None) -> bool:
    """Whether a node stands under a test of the event."""
    for ancestor in node.ancestors():
        if ancestor == method:
            return False
        test = ancestor.field("condition") if ancestor.kind() in ("if_statement", "elif_clause") else None
        if test is not None and any(name.text() == "event" for name in _nodes(test, "identifier")):
            return True
    return False


def _asks(test: Node, method: Node) -> bool:
    """Whether a call goes into a test, also through one local name, that is not about the event."""
    read = {name.text() for name in _nodes(test, "identifier")}
    values = [test]
    for assignment in _nodes(method, "assignment"):
        left, right = assignment.field("left"), assignment.field("right")
        if left is not None and right is not None and left.text() in read:
            values.append(right)
    calls = [
        call
        for value in values
        for call in (*_nodes(value, "call"), *([value] if value.kind() == "call" else []))
    ]
    about_event = any(name.text() == "event" for value in values for name in _nodes(value, "identifier"))
    return bool(calls) and not about_event


def _nodes(node: Node, kind: str) -> list[Node]:
    rule: Any = {"kind": kind}
    return node.find_all({"rule": rule})


def _without_type(base: Node) -> Node:
    """`AwsBaseSensor` of `AwsBaseSensor[S3Hook]`."""
    value = base.field("value") if base.kind() == "subscript" else None
    return value or base


def own_calls(method: Node) -> Iterator[tuple[Node, str, bool]]:
    """The calls of the object's own methods: the call, the method's name, whether it is one of `super()`."""
    rule: Any = {"kind": "call", "has": {"field": "function", "kind": "attribute"}}
    for call in method.find_all({"rule": rule}):
        function = call.field("function")
        holder, name = (
            (function.field("object"), function.field("attribute")) if function is not None else (None, None)
        )
        if holder is None or name is None:
            continue
        if holder.text() == "self":
            yield call, name.text(), False
        elif holder.text() == "super()":
            yield call, name.text(), True


def _value(argument: Node) -> Node:
    keyword = keyword_parts(argument)
    return keyword[1] if keyword is not None else argument


def told_apart_by(method: Node) -> frozenset[str]:
    """The parameters that only a resumed task is given: `event`, and what has the default None."""
    parameters = method.field("parameters")
    names: set[str] = set()
    for parameter in parameters.named_children() if parameters is not None else ():
        name, value = parameter.field("name"), parameter.field("value")
        if parameter.kind() == "typed_parameter":
            name = parameter.child(0)
        elif parameter.kind() == "identifier":
            name = parameter
        if name is not None and (name.text() == "event" or (value is not None and value.kind() == "none")):
            names.add(name.text())
    return frozenset(names - {"context"})


def is_skipped(node: Node, method: Node, given: frozenset[str]) -> bool:
    """Whether a node of a method can't be reached while these parameters are given."""
    if not given:
        return False
    child = node
    for ancestor in node.ancestors():
        kind = ancestor.kind()
        if kind in ("if_statement", "elif_clause"):
            test = ancestor.field("condition")
            truth = _truth(test, given) if test is not None else None
            inside = child == ancestor.field("consequence")
            if (truth is False and inside) or (truth is True and not inside and child != test):
                return True
        elif kind == "block":
            for statement in ancestor.named_children():
                if statement == child:
                    break
                if always_leaves(statement, given):
                    return True
        if ancestor == method:
            return False
        child = ancestor
    return False


def always_leaves(statement: Node, given: frozenset[str]) -> bool:
    """Whether nothing after a statement is run while these parameters are given."""
    if statement.kind() in _EXITS:
        return True
    if statement.kind() != "if_statement":
        return False
    test, body = statement.field("condition"), statement.field("consequence")
    truth = _truth(test, given) if test is not None else None
    others = statement.field_children("alternative")
    last = others[-1].field("body") if others and others[-1].kind() == "else_clause" else None
    leaves = body is not None and _block_leaves(body, given)
    if truth is True:
        return leaves
    if truth is False:
        return last is not None and len(others) == 1 and _block_leaves(last, given)
    return leaves and last is not None and len(others) == 1 and _block_leaves(last, given)


def _block_leaves(block: Node, given: frozenset[str]) -> bool:
    return any(always_leaves(statement, given) for statement in block.named_children())


def _truth(test: Node, given: frozenset[str], depth: int = 0) -> bool | None:
    """Whether a test holds while these parameters are given; None where that depends on more."""
    if depth > _MAX_TERMS:
        return None
    test = strip_parentheses(test)
    kind = test.kind()
    if kind == "identifier":
        return True if test.text() in given else None
    if kind == "not_operator":
        inner = test.field("argument")
        truth = _truth(inner, given, depth + 1) if inner is not None else None
        return None if truth is None else not truth
    if kind == "boolean_operator":
        left, right, sign = test.field("left"), test.field("right"), test.field("operator")
        if left is None or right is None or sign is None:
            return None
        truths = (_truth(left, given, depth + 1), _truth(right, given, depth + 1))
        decided = sign.text() == "or"
        if decided in truths:
            return decided
        return None if None in truths else not decided
    if kind == "comparison_operator":
        operands = [child for child in test.named_children() if child.kind() != "comment"]
        if len(operands) == 2 and operands[1].kind() == "none" and operands[0].text() in given:
            words = [child.text() for child in test.children()]
            return any(word in ("is not", "!=") for word in words)
    return None


def _methods(owner: Node) -> dict[str, Node]:
    """The methods that a class body defines, by name."""
    body = owner.field("body")
    methods: dict[str, Node] = {}
    for child in body.named_children() if body is not None else ():
        definition = child.field("definition") if child.kind() == "decorated_definition" else child
        if definition is not None and definition.kind() == "function_definition":
            name = definition.field("name")
            if name is not None:
                methods[name.text()] = definition
    return methods
