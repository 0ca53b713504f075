"""What a resumed operator no longer has: attributes set before it deferred, on an object that is gone since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from advisor.catalog.bases import bases
from advisor.finding import Span
from advisor.folded import Sentinel
from advisor.lineage import Lineage, Method
from advisor.records import dataclass
from advisor.resuming import always_leaves, is_skipped, told_apart_by
from advisor.syntax import Node

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.deferrals import Deferral

_MEMO = "uses of self"
_MAX_METHODS = 80
_MAX_POINTS = 12  # ways from one method to a deferral
# What runs in each process, before `execute` as before the resume method.
_EACH_TIME = ("__init__", "pre_execute", "prepare_template", "render_template_fields")
_TARGETS = frozenset(
    {
        "pattern_list",
        "tuple_pattern",
        "list_pattern",
        "list_splat_pattern",
        "as_pattern_target",
        "parenthesized_expression",
    }
)
_TESTS = frozenset(
    {"if_statement", "elif_clause", "while_statement", "conditional_expression", "assert_statement"}
)


@dataclass(frozen=True, slots=True)
class Lost:
    """An attribute that is set before a deferral and read after it.

    `is_none` says that `__init__` sets it to None, so that it is there, but empty. `set_in` and `read_in` are methods,
    those of classes in other files with the class (`Starting.start`).
    """

    attribute: str
    set_in: str
    read_in: str
    is_none: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Use:
    """One `self.name` in a method."""

    name: str
    node: Node
    reads: bool
    writes: bool


class State:
    """The attributes of one operator class, in the order of its run."""

    def __init__(self, dag_file: DagFile, line: Lineage, deferrals: list[Deferral]) -> None:
        self._dag_file = dag_file
        self._line = line
        self._deferrals = deferrals
        self._found: dict[tuple[str, ...], list[Method]] = {}
        self._named: dict[str, Method | None] = {}
        self._run: dict[Node, list[tuple[Node, Method]]] = {}
        self._written: dict[Node, dict[str, tuple[Method, Use]]] = {}

    def lost(self) -> Iterator[Lost]:
        """The attributes that are lost in a deferral, each once."""
        told: set[str] = set()
        made = self._reached(list(_EACH_TIME))
        kept = {use.name for method in made for use in self._of(method) if use.writes}
        empty = self._set_to_none(made)
        for deferral in self._deferrals:
            if not deferral.resumes_in:
                continue
            before = self._written_before(deferral)
            resumed = self._reached([deferral.resumes_in])
            if not before or not resumed or self._hands_itself_on(resumed):
                continue
            again = {
                use.name
                for method in resumed
                for use in self._of(method)
                if use.writes and self._runs(use, method)
            }
            for name, (writer, written) in before.items():
                if name in told or name in again or name in bases().attributes:
                    continue
                is_none = name in empty
                if not is_none and (name in kept or self._line.binds(name) is not False):
                    continue
                read = self._first_read(name, resumed, is_none)
                if read is None:
                    continue
                told.add(name)
                method, use = read
                span = self._span(method, use, writer, written, deferral)
                if span is None:
                    continue
                yield Lost(name, self._shown(writer), self._shown(method), is_none, span)

    def _span(
        self, method: Method, use: Use, writer: Method, written: Use, deferral: Deferral
    ) -> Span | None:
        """Where it is shown; None where nothing of it stands in the file."""
        for owner, one in ((method, use), (writer, written)):
            if owner.layer.file is self._dag_file:
                return self._dag_file.tree.span(one.node)
        return deferral.span if deferral.is_in(self._dag_file) else None

    def _shown(self, method: Method) -> str:
        """A method's name, with its class where that stands in another file."""
        is_here = method.layer.file is self._dag_file
        return method.name if is_here else f"{method.layer.name}.{method.name}"

    # -- what is reached

    def _of(self, method: Method) -> list[Use]:
        return _read(method)[0]

    def _called(self, method: Method, use: Use) -> Method | None:
        """The method or property behind `self.name`."""
        if use.writes:
            return None
        if use.name not in self._named:
            found = self._line.find(use.name)
            self._named[use.name] = found if isinstance(found, Method) else None
        called = self._named[use.name]
        return called if called is not None and called.node != method.node else None

    def _runs_of(self, method: Method) -> list[tuple[Node, Method]]:
        """The methods and properties of the object that a method runs, and where: `self.start()`, `super().start()`."""
        if method.node not in self._run:
            found: list[tuple[Node, Method]] = []
            for use in self._of(method):
                called = self._called(method, use)
                if called is not None:
                    found.append((use.node, called))
            for node, name in _read(method)[1]:
                above = self._line.find(name, after=method.layer)
                if isinstance(above, Method):
                    found.append((node, above))
            self._run[method.node] = found
        return self._run[method.node]

    def _reached(self, names: list[str]) -> list[Method]:
        """The methods that are run from these on, as far as they are of the project."""
        key = tuple(names)
        if key not in self._found:
            self._found[key] = self._reach([self._line.find(name) for name in names])
        return self._found[key]

    def _reach(self, starts: Sequence[Method | Sentinel | None]) -> list[Method]:
        ahead = list(starts)
        found: list[Method] = []
        seen: set[Node] = set()
        while ahead and len(found) < _MAX_METHODS:
            method = ahead.pop()
            if not isinstance(method, Method) or method.node in seen:
                continue
            seen.add(method.node)
            found.append(method)
            ahead += [called for _, called in self._runs_of(method)]
        return found

    def _written_before(self, deferral: Deferral) -> dict[str, tuple[Method, Use]]:
        """The attributes that are set on the way to a deferral, from wherever a run of the task starts."""
        found: dict[str, tuple[Method, Use]] = {}
        starts = {"execute", *(one.resumes_in for one in self._deferrals if one.resumes_in)}
        methods = self._reached(sorted(starts))
        leading = self._leading(methods, deferral)
        for method in methods:
            if method.node not in leading:
                continue
            points: list[tuple[Node, Node | None]] = []
            if method.node == deferral.method:
                points.append((deferral.call, None))
            runs = self._runs_of(method)
            points += [(node, called.node) for node, called in runs if called.node in leading]
            steps: list[tuple[Node, Use | Method]] = [
                *((use.node, use) for use in self._of(method) if use.writes),
                *runs,
            ]
            steps.sort(key=lambda step: step[0].range().start.index)
            for point, called_node in points[:_MAX_POINTS]:
                for node, step in steps:
                    if _comes_before(node, point, method.node):
                        self._add(found, method, step, called_node)
        return found

    def _leading(self, methods: list[Method], deferral: Deferral) -> set[Node]:
        """Those of the methods that come to a deferral, themselves or through others."""
        callers: dict[Node, list[Node]] = {}
        for method in methods:
            for _, called in self._runs_of(method):
                callers.setdefault(called.node, []).append(method.node)
        leading: set[Node] = set()
        ahead = [deferral.method]
        while ahead:
            node = ahead.pop()
            if node not in leading:
                leading.add(node)
                ahead += callers.get(node, [])
        return leading

    def _add(
        self,
        found: dict[str, tuple[Method, Use]],
        method: Method,
        step: Use | Method,
        leading: Node | None,
    ) -> None:
        if isinstance(step, Use):
            found.setdefault(step.name, (method, step))
            return
        if step.node == leading or set(step.decorators) & {"property", "cached_property"}:
            return  # what a property keeps, it makes again
        if step.node not in self._written:
            written: dict[str, tuple[Method, Use]] = {}
            self._written[step.node] = written
            for one in self._reach([step]):
                for inner in self._of(one):
                    if inner.writes:
                        written.setdefault(inner.name, (one, inner))
        for name, where in self._written[step.node].items():
            found.setdefault(name, where)

    # -- what is read

    def _runs(self, use: Use, method: Method) -> bool:
        return not is_skipped(use.node, method.node, told_apart_by(method.node))

    def _first_read(self, name: str, resumed: list[Method], is_none: bool) -> tuple[Method, Use] | None:
        found: tuple[Method, Use] | None = None
        for method in resumed:
            for use in self._of(method):
                if use.name != name or not use.reads or not self._runs(use, method):
                    continue
                if is_none and _is_tested(use.node, method.node):
                    return None
                if _is_guarded(use.node, method.node, name):
                    continue
                found = found or (method, use)
        return found

    def _hands_itself_on(self, methods: list[Method]) -> bool:
        """Whether the object is given away or filled in a way that can't be seen."""
        for method in methods:
            if any(use.name == "__dict__" for use in self._of(method)):
                return True  # self.__dict__.update(state)
            for node in method.layer.file.tree.occurrences.get("self", ()):
                parent = node.parent()
                if parent is None or parent.kind() in ("attribute", "parameters", "typed_parameter"):
                    continue
                if any(ancestor == method.node for ancestor in node.ancestors()) and not _in_super(node):
                    return True
        return False

    def _set_to_none(self, made: list[Method]) -> set[str]:
        """The attributes that `__init__` sets to None, and to nothing else."""
        empty: set[str] = set()
        other: set[str] = set()
        for method in made:
            for use in self._of(method):
                if use.writes:
                    statement = use.node.parent()
                    value = statement.field("right") if statement is not None else None
                    is_none = value is not None and value.kind() == "none"
                    (empty if is_none and method.name == "__init__" else other).add(use.name)
        return empty - other


def find_lost(dag_file: DagFile) -> list[Lost]:
    """What is lost in the deferrals of the file's operators, in the order of the text.

    Deferrals that a base class in another file makes count for what this file sets or reads.
    """
    by_owner: dict[Node, list[Deferral]] = {}
    for deferral in dag_file.deferrals:
        by_owner.setdefault(deferral.owner, []).append(deferral)
    classes = dag_file.operator_classes
    for owner, deferrals in classes.deferring_above():
        by_owner.setdefault(owner, []).extend(deferrals)
    found = {
        (lost.span.start, lost.attribute): lost
        for owner, deferrals in by_owner.items()
        for lost in State(dag_file, classes.lineage(owner), deferrals).lost()
    }
    return sorted(found.values(), key=lambda lost: lost.span.start)


def _read(method: Method) -> tuple[list[Use], list[tuple[Node, str]]]:
    """The uses of `self` in a method, and its calls by `super()`; classes that share a base share them."""
    tree = method.layer.file.tree
    known: dict[Node, tuple[list[Use], list[tuple[Node, str]]]] = tree.memo.setdefault(_MEMO, {})
    if method.node not in known:
        known[method.node] = uses, above = [], []
        for node in tree.kinds("attribute", under=method.node):
            holder, name = node.field("object"), node.field("attribute")
            if holder is None or name is None:
                continue
            written = holder.text()
            if written == "self":
                use = _use(node, name.text())
                if use is not None:
                    uses.append(use)
            elif written.startswith("super("):
                above.append((node, name.text()))
    return known[method.node]


def _use(node: Node, name: str) -> Use | None:
    """What is done with `self.name`; None where it is deleted, or only declared."""
    child, parent = node, node.parent()
    while parent is not None and parent.kind() in _TARGETS:
        child, parent = parent, parent.parent()
    kind = parent.kind() if parent is not None else ""
    is_left = parent is not None and parent.field("left") == child
    if kind == "assignment" and is_left and parent is not None:
        return Use(name, node, False, True) if parent.field("right") is not None else None
    if kind == "augmented_assignment" and is_left:
        return Use(name, node, True, True)
    if (kind in ("for_statement", "for_in_clause") and is_left) or child.kind() == "as_pattern_target":
        return Use(name, node, False, True)
    return Use(name, node, True, False) if kind != "delete_statement" else None


def _in_super(node: Node) -> bool:
    parent = node.parent()
    call = parent.parent() if parent is not None and parent.kind() == "argument_list" else None
    function = call.field("function") if call is not None else None
    return function is not None and function.text() == "super"


def _comes_before(node: Node, point: Node, method: Node) -> bool:
    """Whether a run that comes to `point` may have come through `node` before, both of one method."""
    if node.range().start.index >= point.range().start.index:
        return False
    around = list(point.ancestors())
    child = node
    for ancestor in node.ancestors():
        if ancestor in around:
            kind = ancestor.kind()
            if kind == "if_statement":
                inside = next((one for one in ancestor.children() if one == point or one in around), None)
                return child == ancestor.field("condition") or inside is None or inside == child
            return True
        if ancestor.kind() == "block":
            later = False
            for statement in ancestor.named_children():
                if later and always_leaves(statement, frozenset()):
                    return False
                later = later or statement == child
        if ancestor == method:
            return True
        child = ancestor
    return True


def _is_guarded(node: Node, method: Node, name: str) -> bool:
    """Whether a read is only made where the author thought of the attribute's absence, or of a run that defers not."""
    child = node
    for ancestor in node.ancestors():
        if ancestor == method:
            return False
        kind = ancestor.kind()
        if kind in _TESTS:
            test = ancestor.field("condition")
            if (
                test is not None
                and test != child
                and ("deferrable" in test.text() or "hasattr" in test.text())
            ):
                return True
        if kind == "try_statement" and child == ancestor.field("body"):
            handlers = [one.text() for one in ancestor.named_children() if one.kind() == "except_clause"]
            if any("AttributeError" in handler.partition(":")[0] for handler in handlers):
                return True
        child = ancestor
    return False


def _is_tested(node: Node, method: Node) -> bool:
    """Whether a read asks whether there is a value: in the test of a statement, or in `a or b`."""
    child = node
    for ancestor in node.ancestors():
        kind = ancestor.kind()
        if ancestor == method or kind in ("block", "argument_list"):
            return False
        if kind in ("boolean_operator", "not_operator", "comparison_operator"):
            return True
        if kind in _TESTS and (kind == "conditional_expression" or child == ancestor.field("condition")):
            return True
        child = ancestor
    return False
