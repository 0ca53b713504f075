"""The constructor that `@dataclass` and attrs make from the fields of a class."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.contexts import decorator_expressions
from advisor.flow import Readable
from advisor.folded import UNKNOWN, Sentinel
from advisor.lineage import Layer, Lineage
from advisor.records import dataclass
from advisor.signatures import Parameter, Signature
from advisor.syntax import EXTRAS, Node, arguments_of, keyword_parts, strip_parentheses

_DATACLASS = frozenset({"dataclasses.dataclass"})
_DEFINE = frozenset(
    {f"{package}.{name}" for package in ("attr", "attrs") for name in ("define", "frozen", "mutable")}
)
_ATTRS = frozenset({"attr.s", "attr.attrs", "attr.attributes"})
_ATTRS_DATACLASS = frozenset({"attr.dataclass"})
_FIELD = frozenset({"dataclasses.field"})
_ATTRS_FIELD = frozenset({"attr.ib", "attr.attrib", "attr.attr", "attr.field", "attrs.field"})
_HARMLESS = frozenset({"typing.final", "typing_extensions.final"})
# Other arguments than these may change which parameters there are.
_OPTIONS = frozenset(
    {"init", "repr", "eq", "order", "unsafe_hash", "frozen", "match_args", "kw_only", "slots", "weakref_slot"}
    | {"hash", "cmp", "str", "on_setattr", "auto_attribs", "auto_detect", "auto_exc", "cache_hash"}
    | {"collect_by_mro", "getstate_setstate"}
)
_COMPOUND = frozenset(
    {"if_statement", "try_statement", "for_statement", "while_statement", "with_statement", "match_statement"}
)
# Annotations of what is no field.
_NO_FIELDS = ("ClassVar", "KW_ONLY")
_MARKS = ("typing.ClassVar", "typing_extensions.ClassVar", "dataclasses.KW_ONLY")


@dataclass(frozen=True, slots=True)
class Maker:
    """What decorates a class: `family` is "dataclass" or "attrs"; `annotated` that every annotated name is a field.

    `annotated` is None for attrs' `define`, which looks whether all of its fields are annotated. `makes_init` says that
    it makes a constructor.
    """

    family: str
    annotated: bool | None
    makes_init: bool


@dataclass(frozen=True, slots=True)
class Generated:
    """The generated constructor: its signature, and the class that it was made for."""

    signature: Signature
    layer: Layer


def generated_init(line: Lineage) -> Generated | None:
    """The constructor of a class that gets it from its fields, or from those of a base; None where it can't be told."""
    if not line.is_known:
        return None
    for position, layer in enumerate(line.layers):
        maker = _maker(layer)
        if maker is None or layer.bindings("__init__"):
            return None
        if maker.makes_init:
            found = _fields_of(line.layers[position:], maker.family)
            return (
                Generated(Signature(tuple(found.values()), False, False), layer)
                if found is not None
                else None
            )
    return None


def _maker(layer: Layer) -> Maker | None:
    """What decorates a class, a Maker of family "" for nothing that makes fields; None where that isn't known."""
    found = Maker("", False, False)
    superclasses = layer.node.field("superclasses")
    for child in superclasses.named_children() if superclasses is not None else ():
        if child.kind() == "keyword_argument":
            return None  # a metaclass, or what `__init_subclass__` takes
    for expression in decorator_expressions(layer.node):
        called = expression.field("function") if expression.kind() == "call" else expression
        paths = frozenset(layer.file.names.candidates(called)) if called is not None else frozenset[str]()
        if paths and paths <= _HARMLESS:
            continue
        options = _options(layer.file, expression)
        if found.family or not paths or options is None or not _OPTIONS.issuperset(options):
            return None
        init, auto = options.get("init", True), options.get("auto_attribs")
        if not isinstance(init, bool) or ("auto_attribs" in options and not isinstance(auto, bool)):
            return None
        if paths <= _DATACLASS:
            found = Maker("dataclass", True, init)
        elif paths <= _DEFINE:
            found = Maker("attrs", auto if isinstance(auto, bool) else None, init)
        elif paths <= _ATTRS_DATACLASS:
            found = Maker("attrs", True, init)
        elif paths <= _ATTRS:
            found = Maker("attrs", auto is True, init)
        else:
            return None
    return found


def _options(file: Readable, expression: Node) -> dict[str, object] | None:
    """The keywords of a call with their constants; none for a name; None where there may be others."""
    found: dict[str, object] = {}
    for argument in arguments_of(expression) if expression.kind() == "call" else ():
        keyword = keyword_parts(argument)
        if keyword is None:
            return None
        found[keyword[0]] = file.values.fold(keyword[1])
    return found


def _fields_of(layers: list[Layer], family: str) -> dict[str, Parameter] | None:
    """The parameters by the names of their fields, those of the farthest base first; None where one can't be told."""
    found: dict[str, Parameter] = {}
    for layer in reversed(layers):
        maker = _maker(layer)
        if maker is None or maker.family not in ("", family):
            return None
        if not maker.family:
            continue  # what it annotates is no field
        own = _own_fields(layer, maker)
        if own is None:
            return None
        for name, parameter in own.items():
            if family == "attrs":
                found.pop(name, None)  # comes last, where `dataclass` keeps its place
            if parameter is None:
                found.pop(name, None)
            else:
                found[name] = parameter
    return found


def _own_fields(layer: Layer, maker: Maker) -> dict[str, Parameter | None] | None:
    """The fields of one class body: None for one that the constructor does not take."""
    statements = list(_statements(layer))
    if any(statement.kind() in _COMPOUND for statement in statements):
        return None
    assignments = [one for one in statements if one.kind() == "assignment"]
    marked = [one for one in assignments if _is_field(layer.file, one, _ATTRS_FIELD)]
    annotated = maker.annotated
    if annotated is None:
        annotated = all(one.field("type") is not None for one in marked)
    found: dict[str, Parameter | None] = {}
    for one in assignments:
        left, annotation = one.field("left"), one.field("type")
        if left is None or left.kind() != "identifier":
            continue
        head = _written(annotation).partition("[")[0]
        if annotation is None or not annotated:
            if maker.family != "attrs" or one not in marked:
                if left.text() in found:
                    return None  # given another value further down
                continue
        elif head.endswith(_NO_FIELDS) or _names(layer.file, annotation, *_MARKS):
            continue
        parameter = _parameter(layer, one, left.text(), maker.family)
        if isinstance(parameter, Sentinel):
            return None
        found[left.text()] = parameter
    return found


def _statements(layer: Layer) -> Iterator[Node]:
    """The statements of a class body, assignments without what is around them."""
    body = layer.node.field("body")
    for statement in body.named_children() if body is not None else ():
        inner = statement.named_children() if statement.kind() == "expression_statement" else [statement]
        yield from (one for one in inner if one.kind() not in EXTRAS)


def _is_field(file: Readable, assignment: Node, makers: frozenset[str]) -> bool:
    value = assignment.field("right")
    called = value.field("function") if value is not None and value.kind() == "call" else None
    return called is not None and any(path in makers for path in file.names.candidates(called))


def _parameter(layer: Layer, assignment: Node, name: str, family: str) -> Parameter | Sentinel | None:
    """The parameter of a field, None where the constructor takes none for it, UNKNOWN where that can't be told."""
    value, annotation = assignment.field("right"), assignment.field("type")
    makers = _FIELD if family == "dataclass" else _ATTRS_FIELD
    default = strip_parentheses(value) if value is not None else None
    taken = name.lstrip("_") if family == "attrs" else name
    if value is not None and _is_field(layer.file, assignment, makers):
        options = _options(layer.file, value)
        if options is None and family == "attrs":
            return UNKNOWN  # `attr.ib(default)`
        if options is None or not isinstance(options.get("init", True), bool):
            return UNKNOWN
        if options.get("init", True) is False:
            return None
        alias = options.get("alias", taken)
        if not isinstance(alias, str):
            return UNKNOWN
        taken = alias
        given = {"default", "default_factory", "factory"} & options.keys()
        default = value if given or _has_default_method(layer, name) else None
    elif value is not None and value.kind() == "call" and _may_be_field(layer.file, value):
        return UNKNOWN
    return Parameter(taken, default, annotation, True, True)


def _may_be_field(file: Readable, value: Node) -> bool:
    """Whether a call may be one of the field makers under a name that isn't known."""
    called = value.field("function")
    last = called.text().rpartition(".")[2] if called is not None else ""
    return last in ("field", "Field", "ib", "attrib") or (called is not None and called.kind() == "call")


def _has_default_method(layer: Layer, name: str) -> bool:
    """`@name.default` of attrs."""
    return any(
        expression.text() == f"{name}.default"
        for method in layer.methods()
        for expression in decorator_expressions(method.node)
    )


def _written(annotation: Node | None) -> str:
    return annotation.text().strip("\"'") if annotation is not None else ""


def _names(file: Readable, annotation: Node, *paths: str) -> bool:
    """Whether an annotation is one of these, also with something in brackets behind it."""
    node = annotation
    for _ in range(3):
        if node.kind() in ("identifier", "attribute"):
            return any(path in paths for path in file.names.candidates(node))
        inner = node.named_children()
        if not inner:
            return False
        node = inner[0]
    return node.kind() in ("identifier", "attribute") and any(p in paths for p in file.names.candidates(node))


def is_init_var(parameter: Parameter) -> bool:
    """Whether a field is only handed to `__post_init__`, and not kept."""
    return "InitVar" in _written(parameter.annotation)
