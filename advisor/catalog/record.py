"""What the catalog knows of one Airflow class, as typed plain data, and how that is written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from advisor.records import dataclass, field, fields

Kind: TypeAlias = Literal["operator", "sensor", "transfer"]
Deferral: TypeAlias = Literal["flag", "always", "never"]

# What a condition's operator may be. The value is a JSON literal; for "isinstance" it is a type's name ("str"),
# for "in" and "not in" a list; the operators that need no value ("truthy", "is none", "absent", ...) have None.
OPERATORS = (
    "truthy",
    "falsy",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "is none",
    "is not none",
    "isinstance",
    "not isinstance",
    "in",
    "not in",
    "present",
    "absent",
)


class Condition(NamedTuple):
    """A test of the value that a call gives (or leaves) to one constructor argument."""

    argument: str
    operator: str
    value: Any = None


# A disjunction of conjunctions: ((),) is "always", () is "never".
Alternatives: TypeAlias = tuple[tuple[Condition, ...], ...]


class Parameter(NamedTuple):
    """One parameter of the effective constructor, BaseOperator's own left out.

    `default` is the default as a JSON literal, or None with `code` set to the source text where it is no literal
    (`conf.getboolean(...)`, `timedelta(minutes=5)`). `required` means that there is no default at all.
    In JSON: [name, kind, default] with default = a literal, {"code": "..."} or {"required": true}.
    """

    name: str
    kind: Literal["positional", "keyword"]
    required: bool = False
    default: Any = None
    code: str = ""


class Caveat(NamedTuple):
    """What else changes, or goes wrong, when the flag is turned on while all conditions in `when` hold.

    `when` is empty where it holds for every call. `source` is "path/in/wheel.py:LINE".
    """

    id: str
    when: tuple[Condition, ...]
    text: str
    effect: str
    source: str


SENSOR_BASE = "BaseSensorOperator"
"""What every sensor is derived from, by whatever name a module has it."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassFacts:
    """One operator, sensor or transfer class. Fields left at their default are not written to the data file.

    name to since: the columns of `catalog export` (see the command line's reference).
    flag_default: "config" (the `[operators] default_deferrable` setting), True, False, or None (no flag).
    defers_when: which constructor arguments make `execute` reach a deferral, the flag being on where there is one.
        Conditions that only the run decides are left out (they may hold). () = never, ((),) = whatever the arguments.
    ctor_raises, execute_raises: which arguments raise, the flag being on, when parsed and when run.
    waits_when: which arguments make a call wait whose wait parameters do not; where there are any, nothing else does.
    duration_parameters: which arguments tell how long the wait is (at most): "seconds", "timedelta",
        "minutes-or-timedelta" (a bare number is minutes), "datetime", "time".
    poll_defaults: the default (seconds, or source text as {"code": ...}) of each poll parameter, where there is one.
    async_twin / twin_of: the class that defers in this one's place, and back.
    equal: whether `replacement` has the same outcome; `differs` says what does not, and `differs_when` on which
        arguments. None = not looked into. implied_arguments: what the old class had as default and the replacement
        has not. dropped_parameters: arguments that the replacement does not take.
    versions: facts by version of the class's provider.
    """

    name: str
    provider: str = ""
    kind: Kind = "operator"
    aliases: tuple[str, ...] = ()
    deferral: Deferral = "never"
    effective: bool = False
    waits_by_default: bool | None = None
    wait_parameters: tuple[str, ...] = ()
    needs_wait_parameter: bool = False
    starts_waiting: bool = False
    poll_parameters: tuple[str, ...] = ()
    deprecated: bool = False
    replacement: str | None = None
    since: str | None = None
    bases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    flag_default: Literal["config"] | bool | None = None
    defers_when: Alternatives = ()
    ctor_raises: Alternatives = ()
    execute_raises: Alternatives = ()
    waits_when: Alternatives = ()
    source: str = ""
    defer_source: str = ""
    caveats: tuple[Caveat, ...] = ()
    duration_parameters: Mapping[str, str] = field(default_factory=dict)
    async_twin: str | None = None
    twin_of: str | None = None
    pokes_only: bool = False
    poll_defaults: Mapping[str, Any] = field(default_factory=dict)
    hook: str | None = None
    renamed_parameters: Mapping[str, str] = field(default_factory=dict)
    equal: bool | None = None
    differs: str = ""
    differs_when: Alternatives = ()
    implied_arguments: Mapping[str, Any] = field(default_factory=dict)
    dropped_parameters: tuple[str, ...] = ()
    versions: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"ClassFacts({self.name!r})"

    @property
    def simple_name(self) -> str:
        """The class's own name, without its module."""
        return self.name.rpartition(".")[2]

    @property
    def is_base(self) -> bool:
        """Whether the class is there to be derived from, and makes no task itself."""
        return self.simple_name == SENSOR_BASE

    @property
    def gone(self) -> bool:
        """Whether today's provider has the class no more."""
        return "removed" in self.versions

    def parameter(self, name: str) -> Parameter | None:
        """The constructor's parameter of that name, None where it takes none (or BaseOperator takes it)."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        return None


FIELDS = tuple(f.name for f in fields(ClassFacts))
EXPORTED = (
    "name",
    "aliases",
    "provider",
    "kind",
    "deferral",
    "effective",
    "waits_by_default",
    "wait_parameters",
    "needs_wait_parameter",
    "starts_waiting",
    "poll_parameters",
    "deprecated",
    "replacement",
    "since",
)
_TUPLES = ("aliases", "wait_parameters", "poll_parameters", "bases", "dropped_parameters")
_ALTERNATIVES = ("defers_when", "ctor_raises", "execute_raises", "waits_when", "differs_when")
_EMPTY = ClassFacts("")


def _plain(value: Any) -> Any:
    """Tuples to lists, all the way down; parameters to their short form."""
    if isinstance(value, Parameter):
        default: Any = value.default
        if value.required:
            default = {"required": True}
        elif value.code:
            default = {"code": value.code}
        return [value.name, value.kind, default]
    if isinstance(value, Caveat):
        return {
            "id": value.id,
            "when": _plain(value.when),
            "text": value.text,
            "effect": value.effect,
            "source": value.source,
        }
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def to_record(facts: ClassFacts) -> dict[str, Any]:
    """The JSON object of a class, fields at their default left out, in the order of the fields."""
    record: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(facts, name)
        if value != getattr(_EMPTY, name):
            record[name] = _plain(value)
    return record


def _conditions(rows: Any) -> tuple[Condition, ...]:
    return tuple([Condition(row[0], row[1], row[2]) for row in rows])


def _parameter(row: Any) -> Parameter:
    name, kind, default = row
    if type(default) is dict:
        if "required" in default:
            return Parameter(name, kind, True)
        if "code" in default:
            return Parameter(name, kind, False, None, default["code"])
    return Parameter(name, kind, False, default)


def from_record(record: Mapping[str, Any]) -> ClassFacts:
    """The class that a JSON object describes."""
    values: dict[str, Any] = dict(record)
    for name in _TUPLES:
        if name in values:
            values[name] = tuple(values[name])
    for name in _ALTERNATIVES:
        if name in values:
            values[name] = tuple([_conditions(rows) for rows in values[name]])
    if "parameters" in values:
        values["parameters"] = tuple([_parameter(row) for row in values["parameters"]])
    if "caveats" in values:
        values["caveats"] = tuple(
            [
                Caveat(row["id"], _conditions(row["when"]), row["text"], row["effect"], row["source"])
                for row in values["caveats"]
            ]
        )
    return ClassFacts(**values)
