"""The operators and sensors that a DAG file makes: which class, with which arguments, where, and how they wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from advisor.arguments import Arguments
from advisor.catalog.record import Alternatives, Caveat, ClassFacts, Condition
from advisor.catalog.waits import waits
from advisor.conditions import bound, compare
from advisor.contexts import executed_inline, in_loop
from advisor.finding import Span
from advisor.folded import MISSING, UNKNOWN, Dict
from advisor.installed import Installed
from advisor.names import Import
from advisor.syntax import Node
from advisor.wrappers import follow

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.subclasses import Derived

# Parameters that say "do not wait" when they are true.
_REVERSED: Final = frozenset({"asynchronous", "no_wait", "fire_and_forget"})
# Effects of caveats that make a deferral worse than none.
_FLOODS: Final = "floods"
_IDLE: Final = "ends-without-looking"
_ASTRONOMER: Final = "astronomer-providers"
_STANDARD: Final = "apache-airflow-providers-standard"


class Operator:
    """One call that makes an operator (or maps one).

    `call` is the call that takes the operator's keywords: `S3KeySensor(…)`, or the `.partial(…)` of a mapped one.
    `path` is the dotted name as this file's imports spell it, `facts` what the catalog knows of the class today.
    """

    def __init__(
        self,
        dag_file: DagFile,
        facts: ClassFacts,
        path: str,
        name_node: Node,
        function: Node,
        call: Node,
        derived: Derived | None = None,
    ) -> None:
        self._dag_file = dag_file
        self.facts = facts
        #: the project's own class that is called, where `facts` are those of its base class
        self.derived = derived
        self.path = path
        #: the identifier the call starts with, and the whole expression of the class (`module.Class`)
        self.name_node = name_node
        self.function = function
        self.call = call
        self.span: Span = dag_file.tree.span(call)
        self.arguments = Arguments(call, dag_file.values)
        #: "" for an ordinary task, else the method that maps it: "expand" or "expand_kwargs"
        self.mapping = self._read_mapping()
        #: whether the call stands in a function that hands `**kwargs` on and whose callers' arguments are counted
        self.wrapped = bool(self.arguments.unknown) and follow(dag_file, self)
        for layer in derived.layers if derived is not None else ():
            self.arguments.through(layer, facts)
        self._given: dict[str, object] = {}

    def _read_mapping(self) -> str:
        around = self.call.parent()
        if around is None or around.kind() != "attribute" or self.function == self.call.field("function"):
            return ""
        method, mapped = around.field("attribute"), around.parent()
        if method is None or mapped is None or mapped.kind() != "call":
            return ""
        if method.text() == "expand":
            self.arguments.add_expanded(mapped)
        elif method.text() == "expand_kwargs":
            self.arguments.add_expanded_kwargs(mapped)
        return method.text() if method.text() in ("expand", "expand_kwargs") else ""

    # -- arguments

    @property
    def symbol(self) -> str:
        """The class's dotted name in the newest provider."""
        return self.facts.name

    @property
    def class_name(self) -> str:
        """The class as it is called here: `S3KeySensor`, or its alias; with its base where it is the project's own."""
        name = self.function.text().rpartition(".")[2]
        plain = self.derived is None or self.derived.own_poke
        return name if plain else f"{name} (based on {self.facts.simple_name})"

    @property
    def fixes(self) -> Literal["any", "flag", "none"]:
        """What a fix may change on the call: on a class of the project's own, what is sure to reach its base.

        Nothing in a function that hands its `**kwargs` on: its callers may give the same argument.
        """
        if self.wrapped:
            return "none"
        if self.derived is None:
            return "any"
        if not self.derived.certain:
            return "none"
        return "flag" if self.derived.layers else "any"

    @property
    def imports(self) -> tuple[Import, ...]:
        """The imports that the class itself comes by; none for a class of the project's own."""
        bindings = self._dag_file.names.lookup(self.name_node) if self.derived is None else ()
        return tuple(binding.imported for binding in bindings if binding.imported is not None)

    @cached_property
    def defaults(self) -> Dict:
        """The `default_args` that reach this task: the call's own over the groups' over the DAG's."""
        layers = list(self._default_layers())
        merged = layers.pop() if layers else Dict()
        for layer in reversed(layers):
            merged = merged.merged(layer)
        return merged

    def _default_layers(self) -> Iterator[Dict]:
        if self.mapping:
            # `.partial(default_args=…)` merges for most arguments, but not for the flag.
            own = self.arguments.value("default_args")
            if isinstance(own, Dict):
                yield Dict({k: v for k, v in own.entries.items() if k != "deferrable"}, own.complete)
        elif self.arguments.given("default_args"):
            own = self.arguments.value("default_args")
            yield own if isinstance(own, Dict) else Dict(complete=own is None)
        for made in self._makers:
            found = self._dag_file.default_args(made)
            if found is not None:
                yield found

    @cached_property
    def _makers(self) -> list[Node]:
        """The calls that make the groups and the DAG of this task, the nearest first."""
        contexts = self._dag_file.contexts
        named = filter(None, map(self.arguments.node, ("task_group", "dag")))
        made = filter(None, map(contexts.dag_of_argument, named))
        return [*made, *contexts.holders(self.call)]

    def given_to_dag(self, name: str) -> object:
        """What an argument of the task's DAG is given as; MISSING where no such DAG can be seen."""
        given = (self._dag_file.given_to(made).value(name) for made in self._makers)
        return next((value for value in given if value is not MISSING), MISSING)

    def value(self, name: str) -> object:
        """What this argument is worth on this task: the call's, else `default_args`', else the class's default.

        MISSING where nothing gives it and the class has no default that can be read, UNKNOWN where it is given and
        can't be computed.
        """
        found = self.given_value(name)
        if found is not MISSING:
            return found
        parameter = self.facts.parameter(name)
        if parameter is None or parameter.required:
            return MISSING
        return UNKNOWN if parameter.code else parameter.default

    def given_value(self, name: str) -> object:
        """What the call or `default_args` give for `name`; MISSING where neither does, as far as can be seen."""
        if name not in self._given:
            if self.arguments.given(name) or self.arguments.doubtful:
                self._given[name] = self.arguments.value(name)
            else:
                defaults = self.defaults.entries
                self._given[name] = defaults[name] if name in defaults else self.arguments.class_default(name)
        return self._given[name]

    @property
    def doubtful(self) -> bool:
        """Whether the call may hold arguments that can't be seen."""
        return self.arguments.doubtful or self.arguments.positional

    @property
    def defaults_unknown(self) -> bool:
        """Whether there are `default_args` that can't be resolved."""
        return not self.defaults.complete

    # -- conditions of the catalog

    def holds(self, condition: Condition) -> bool | None:
        """Whether a condition of the catalog is true of this call; None where that can't be known."""
        operator = condition.operator
        if operator in ("present", "absent"):
            given = self.given_value(condition.argument) is not MISSING
            return given == (operator == "present")
        value = self.value(condition.argument)
        if value is UNKNOWN or value is MISSING:
            return None
        try:
            return compare(operator, value, condition.value)
        except TypeError:
            return None

    def any_of(self, alternatives: Alternatives) -> bool | None:
        """Whether one of the alternatives holds as a whole: True, False, or None where that can't be known."""
        unknown = False
        for alternative in alternatives:
            results = [self.holds(condition) for condition in alternative]
            if all(results):
                return True
            unknown = unknown or False not in results
        return None if unknown else False

    # -- waiting

    @cached_property
    def waits(self) -> bool | None:
        """Whether the task, run without deferring, holds its slot for a wait; None where that can't be known.

        Classes that do short work themselves (`waits_by_default` null) count as waiting for that work.
        """
        facts = self.facts
        asked: bool | None = None
        for name in facts.wait_parameters:
            value = self.given_value(name)
            if value is MISSING:
                continue
            if value is UNKNOWN or isinstance(value, str):
                return None
            on = bool(value) != (name in _REVERSED)
            asked = on if asked is None else asked and on
        if asked:
            return True
        if facts.waits_when:
            return self.any_of(facts.waits_when)
        if asked is not None:
            return asked
        if facts.waits_by_default is not False:
            return True
        # A class that only looks at what it started where it is given an interval waits with one.
        idle = [caveat for caveat in facts.caveats if caveat.effect == _IDLE]
        return bool(idle) and not any(caveat.effect == _IDLE for caveat in self.caveats)

    @cached_property
    def flag(self) -> object:
        """What the call or `default_args` give for `deferrable`; MISSING where they don't.

        UNKNOWN where the file sets the attribute on the operator afterwards.
        """
        return UNKNOWN if self._flag_set_later() else self.given_value("deferrable")

    def _flag_set_later(self) -> bool:
        """Whether the file says `task.deferrable = …` of the name that this operator is assigned to."""
        if "deferrable" not in self._dag_file.tree.occurrences:
            return False
        statement = self.call.parent()
        name = statement.field("left") if statement is not None and statement.kind() == "assignment" else None
        for reference in self._dag_file.names.references(name.text()) if name is not None else ():
            attribute = reference.parent()
            around = attribute.parent() if attribute is not None and attribute.kind() == "attribute" else None
            if attribute is None or around is None or around.kind() != "assignment":
                continue
            member = attribute.field("attribute")
            if around.field("left") == attribute and member is not None and member.text() == "deferrable":
                return True
        return False

    @cached_property
    def flag_on_call(self) -> object:
        """What the call itself gives for `deferrable`; MISSING where it gives nothing."""
        return self.arguments.value("deferrable") if self.arguments.given("deferrable") else MISSING

    @property
    def dropped_in_core_2(self) -> list[str]:
        """What the call gives that a deferral of Airflow 2's own class of this name does not obey."""
        drops = self.facts.versions.get("core", {}).get("drops", ()) if self.installed.from_core_2 else ()
        return [name for name in drops if self.given_value(name) not in (MISSING, None, False, (), [])]

    @cached_property
    def takes_flag_argument(self) -> bool:
        """Whether the newest constructor accepts `deferrable` at all."""
        return self.facts.parameter("deferrable") is not None

    @property
    def flag_lost_in_partial(self) -> bool:
        """Whether a mapped task is given the flag only in the `default_args` of `.partial(…)`, where it is lost."""
        inner = self.arguments.value("default_args") if self.mapping else MISSING
        if not isinstance(inner, Dict) or self.arguments.given("deferrable"):
            return False
        return inner.entries.get("deferrable") is True and self.installed.takes_flag

    @cached_property
    def defers_given_flag(self) -> bool | None:
        """Whether the task defers once the flag is on, with the arguments at hand."""
        return self.any_of(self.facts.defers_when)

    @property
    def blocking_conditions(self) -> list[Condition]:
        """Of the ways in which the class can defer, what is not true of this call in the first of them."""
        for alternative in self.facts.defers_when:
            return [condition for condition in alternative if self.holds(condition) is False]
        return []

    @property
    def wait_turned_off(self) -> str:
        """The argument that tells this call not to wait, as `name=value`; "" where there is none.

        Nor where it waits for something else still.
        """
        off = ""
        for name in self.facts.wait_parameters:
            value, given = self.value(name), self.given_value(name)
            if isinstance(given, bool) and given == (name in _REVERSED):
                off = f"{name}={given}"
            elif given is UNKNOWN or (value not in (MISSING, None) and bool(value) != (name in _REVERSED)):
                return ""
        return off

    @property
    def wait_turned_on(self) -> str:
        """What to do with the argument that tells this call not to wait, for it to say that it does."""
        name = self.wait_turned_off.partition("=")[0]
        parameter = self.facts.parameter(name)
        if parameter is not None and parameter.default is False and name not in _REVERSED:
            return f"write `{name}=True`"
        return f"drop `{self.wait_turned_off}`"

    @property
    def flag_turned_off(self) -> str:
        """What to do for this call to keep its worker: the flag goes, unless defaults would bring it back."""
        if self.flag_on_call is True and not self.defers_without_flag and self.facts.flag_default is not True:
            return "drop `deferrable=True`"
        return "write `deferrable=False`"

    @property
    def only_pokes(self) -> bool:
        """Whether the task is a sensor in poke mode that has no way to defer in this project."""
        facts, triggerer = self.facts, self._dag_file.target.triggerer
        if facts.kind != "sensor" or facts.pokes_only or self.value("mode") not in ("poke", MISSING):
            return False
        if not triggerer:
            return facts.deferral != "always" and self.flag in (MISSING, False)
        if facts.deferral == "never":
            return self.async_twin is None
        return facts.deferral == "flag" and not self.installed.takes_flag and self.async_twin is None

    @cached_property
    def defers(self) -> bool | None:
        """Whether the task defers, as written: because of its flag, or because its class always does."""
        facts = self.facts
        if facts.deferral == "always":
            return self.any_of(facts.defers_when)
        if facts.deferral != "flag" or not facts.effective:
            return False
        flag = self.flag
        if flag is MISSING:
            flag = facts.flag_default is True or self.installed.default_defers
        if flag is UNKNOWN or isinstance(flag, str):
            return None
        return self.any_of(facts.defers_when) if flag else False

    @cached_property
    def installed(self) -> Installed:
        """The class as the project has it: what its release takes."""
        return Installed(self._dag_file, self.facts, self.path)

    @property
    def never_fixed(self) -> bool:
        """Whether the class is imported from where Airflow 1.10 had it: known, but not to be touched."""
        return self._dag_file.catalog.era(self.path) in ("1.10", "contrib")

    @cached_property
    def could_defer(self) -> bool:
        """Whether the task holds its slot for a wait as it is called, and would defer if it were given the flag."""
        facts = self.facts
        if not (self.installed.takes_flag and self._dag_file.target.triggerer and self.flag is MISSING):
            return False
        if self.installed.default_defers or facts.flag_default is True or not self.waits:
            return False
        worse = any(caveat.effect in (_FLOODS, _IDLE) for caveat in self.caveats)
        return self.any_of(facts.defers_when) is True and not worse

    @cached_property
    def async_twin(self) -> str | None:
        """The dotted name of the async class that defers in this one's place, where this one can't itself.

        In the module that the file imports from, where the twin is known to be there too.
        """
        twin, target = self.facts.async_twin, self._dag_file.target
        if twin is None or self.installed.takes_flag or not target.at_least(2, 2):
            return None
        if twin.startswith("astronomer.") and not target.depends_on("astronomer-providers"):
            return None
        beside = f"{self.path.rpartition('.')[0]}.{twin.rpartition('.')[2]}"
        return beside if self._dag_file.catalog.resolve(beside) == twin else twin

    @property
    def sync_twin(self) -> str | None:
        """The dotted name of the class that this async one stands for, in the module the file imports from if there."""
        twin = self.facts.twin_of
        if twin is None:
            return None
        beside = f"{self.path.rpartition('.')[0]}.{twin.rpartition('.')[2]}"
        return beside if self._dag_file.catalog.resolve(beside) == twin else twin

    @property
    def can_only_defer(self) -> bool:
        """Whether no flag of this class and no other class does the same without a deferral: waiting for a person."""
        return (
            self.facts.deferral == "always" and self.facts.twin_of is None and self.facts.replacement is None
        )

    @property
    def defers_without_flag(self) -> bool:
        """Whether the task would defer still if the call did not give the flag."""
        flag = self.defaults.entries.get("deferrable", MISSING)
        return self.installed.default_defers if flag is MISSING else bool(flag)

    @cached_property
    def is_legacy(self) -> bool:
        """Whether the class is a deprecated one that always defers, and the project's version needs it no more."""
        facts = self.facts
        if not facts.deprecated or facts.deferral != "always" or self.installed.from_core_2:
            return False
        if facts.replacement is None:
            return facts.provider == _ASTRONOMER
        replacement = self._dag_file.catalog.get(facts.replacement)
        if replacement is None or replacement.deferral != "flag":
            return False
        return Installed(self._dag_file, replacement, replacement.name).may_take_flag

    @property
    def differs_from_replacement(self) -> str:
        """What may change when the replacement of a deprecated class takes over, in a sentence; "" if nothing."""
        facts, target = self.facts, self._dag_file.target
        if facts.equal is not True and self.any_of(facts.differs_when) is not False:
            return facts.differs or "it has not been verified that both do the same"
        replacement = self._dag_file.catalog.get(facts.replacement or "")
        moved = replacement is not None and replacement.provider == _STANDARD and facts.provider != _STANDARD
        if moved and self._dag_file.may_run_on_airflow_2 and not target.depends_on(_STANDARD):
            return f"it needs the {_STANDARD} package, which Airflow 2 does not bring"
        return ""

    @property
    def repeats_are_recognised(self) -> bool:
        """Whether the call sends a header by which the service can tell a request that it has had already."""
        headers = self.given_value("headers")
        return isinstance(headers, Dict) and any("idempoten" in name.lower() for name in headers.entries)

    @property
    def single_request(self) -> bool:
        """Whether the task is one request to a service and nothing more."""
        return self.facts.name in waits().single_requests

    @cached_property
    def caveats(self) -> list[Caveat]:
        """What else may change, or go wrong, when this call defers; what does not apply to it is left out."""
        return [c for c in self.facts.caveats if all(self._holds_deferred(w) is not False for w in c.when)]

    @cached_property
    def certain_caveats(self) -> list[Caveat]:
        """The caveats whose conditions are all known to hold for this call."""
        return [c for c in self.facts.caveats if all(self._holds_deferred(w) for w in c.when)]

    def _dropped(self, argument: str) -> bool:
        """Whether a deferral of this class does not obey an argument."""
        drops = (caveat for caveat in self.facts.caveats if caveat.effect == "drops-argument")
        return any(condition.argument == argument for caveat in drops for condition in caveat.when)

    def _holds_deferred(self, condition: Condition) -> bool | None:
        """Whether a condition is true of this call once the flag is on."""
        if condition.argument == "deferrable" and self.flag is MISSING:
            return compare(condition.operator, True, condition.value)
        return self.holds(condition)

    @cached_property
    def known_wait(self) -> float | None:
        """The longest that this task can wait, in seconds, where its arguments bound that; else None."""
        units = {"execution_timeout": "timedelta", **self.facts.duration_parameters}
        if self.facts.kind == "sensor" and not (self.defers and self._dropped("timeout")):
            units["timeout"] = "seconds"
        limits = (bound(self.given_value(name), unit) for name, unit in units.items())
        return min((limit for limit in limits if limit is not None), default=None)

    @cached_property
    def is_task(self) -> bool:
        """Whether the call makes a task of a DAG, not an object that a running task or a test uses."""
        dag_file = self._dag_file
        return not executed_inline(dag_file.names, self.call) and not dag_file.contexts.runs_with_a_task(
            self.call
        )

    @property
    def in_loop(self) -> bool:
        """Whether the call stands in a loop or comprehension, so that it makes many tasks."""
        return in_loop(self.call)

    def uses(self) -> list[Node]:
        """Where the file reads the name that the class is imported under, as far as it comes from the same import."""
        names, statements = self._dag_file.names, {imported.statement for imported in self.imports}
        return [
            reference
            for reference in names.references(self.name_node.text())
            if any(
                b.imported is not None and b.imported.statement in statements for b in names.lookup(reference)
            )
        ]

    def other_uses(self) -> Sequence[Node]:
        """Where the file uses the imported name other than to make an operator of it."""
        made = {operator.name_node for operator in self._dag_file.operators}
        return [n for n in self.uses() if n not in made]
