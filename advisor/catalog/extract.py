"""Extracts the facts about every operator, sensor and transfer class of wheels and folders, unimported."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any, Literal

from advisor.catalog.caveats import extracted_caveats, resume_methods
from advisor.catalog.classes import BASE_OPERATOR, BASE_SENSOR, ClassInfo, ClassTable
from advisor.catalog.deprecation import deprecation
from advisor.catalog.holding import waits_by_default
from advisor.catalog.logic import (
    FALSE,
    TRUE,
    Dnf,
    arguments_of,
    atom,
    both,
    either,
    forget,
    negation,
    ordered,
)
from advisor.catalog.modules import Sources
from advisor.catalog.reach import Accepted, Outcome, Raise, follow
from advisor.catalog.record import ClassFacts, Deferral, Kind, Parameter
from advisor.catalog.values import Choice, Const, New, Value, deps

FLAG = "deferrable"
# Switches, as providers name them; `asynchronous` is one the other way round.
_SWITCH = re.compile(r"^(wait|wait_(for|until)(_\w+)?|asynchronous|is_blocking)$")
_NO_SWITCH = re.compile(r"(seconds|interval|timeout|delay|time|policy|_sec|duration|attempts)$")
_REVERSED = frozenset(["asynchronous"])
_INTERVAL = re.compile(
    r"^(?!startup_|max_)(.*_)?(poll|poke|polling|pooling|pull)(_?(interval|sleep|delay|period|frequency)(_(seconds|sec))?)?$"
    r"|^(?!startup_)(.*_)?(check|sleep|refresh)_(interval|time|delay|seconds|frequency)(_(seconds|sec))?$"
    r"|^(waiter_delay|sleep|delay|interval)$"
)


def operator_classes(table: ClassTable) -> Iterator[ClassInfo]:
    """Every class below BaseOperator that the sources define at a module's top level, by dotted name."""
    sources = table.sources
    for name in sources.module_names():
        if ".example_dags" in name or b"class " not in sources.text(name):
            continue
        module = sources.module(name)
        if module is None:
            continue
        for key, binding in sorted(module.names.items()):
            if isinstance(binding, ast.ClassDef):
                info = table.get(f"{name}.{key}")
                if info is not None and info.name == f"{name}.{key}" and is_operator(info):
                    yield info


def is_operator(info: ClassInfo) -> bool:
    """Whether a class is an operator: below BaseOperator, or below an Airflow class the sources do not hold."""
    return info.is_a(BASE_OPERATOR) or any(
        base.startswith("airflow.") and base.endswith(("Operator", "Sensor"))
        for ancestor in info.mro
        for base in ancestor.bases
        if ancestor.table.get(base) is None
    )


def is_sensor(info: ClassInfo) -> bool:
    """Whether a class is below BaseSensorOperator (or, unseen, below an Airflow class named as a sensor)."""
    return info.is_a(BASE_SENSOR) or any(
        base.startswith("airflow.") and base.endswith("Sensor")
        for ancestor in info.mro
        for base in ancestor.bases
        if not any(known.name == base for known in ancestor.mro)
    )


def kind_of(info: ClassInfo) -> Kind:
    """transfer = in a `transfers` module; sensor = below BaseSensorOperator; else operator."""
    if ".transfers." in f".{info.module.name}.":
        return "transfer"
    return "sensor" if is_sensor(info) else "operator"


class Extractor:
    """Reads classes one by one; the sources stay parsed between them."""

    def __init__(self, sources: Sources, aliases: dict[str, str] | None = None) -> None:
        self.sources = sources
        self.table = ClassTable(sources, aliases)
        #: the classes whose code asked for more work than any class that is meant to be read
        self.given_up: set[str] = set()

    def all(self) -> list[ClassFacts]:
        """Every class, sorted by name."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 12_000))
        try:
            return sorted(map(self.facts, operator_classes(self.table)), key=lambda f: f.name)
        finally:
            sys.setrecursionlimit(limit)

    def facts(self, info: ClassInfo) -> ClassFacts:
        """The facts about one class."""
        plain = follow(self.table, info, {})
        flagged = FLAG in plain.accepted
        on = follow(self.table, info, {FLAG: Const(True)}) if flagged else plain
        off = follow(self.table, info, {FLAG: Const(False)}) if flagged else plain
        if plain.gave_up or on.gave_up or off.gave_up:
            self.given_up.add(info.name)
        reached = either(*(d.when for d in on.deferrals)) if on.deferrals else FALSE
        anyway = bool(off.deferrals) and either(*(d.when for d in off.deferrals)) != FALSE
        accepted = plain.accepted | {k: v for k, v in on.accepted.items() if k not in plain.accepted}
        parameters = tuple(self.parameter(a) for a in accepted.values())
        switches = tuple(p.name for p in parameters if is_switch(p))
        reached = without_invalid(reached, [*off.ctor_raises, *off.execute_raises], switches)
        deferral: Deferral = "always" if anyway else "flag" if flagged else "never"
        kind = kind_of(info)
        polls = self.polls(on, set(accepted))
        deprecated, replacement = deprecation(self.table, info)
        waits = waits_by_default(self.table, info, is_sensor(info), parameters, switches, off)
        if waits is None and anyway and polls:
            waits = True
        needed = bool(switches) and reached != FALSE and both(reached, switched_off(switches)) == FALSE
        starts = (
            deferral == "flag"
            and reached != FALSE
            and not needed
            and not is_sensor(info)
            and (bool(switches) or waits is False)
            and not self.still_switched(info, on, switches)
        )
        effective = deferral != "never" and reached != FALSE
        flag = accepted.get(FLAG)
        return ClassFacts(
            name=info.name,
            provider=info.module.distribution,
            kind=kind,
            deferral=deferral,
            effective=effective,
            waits_by_default=waits,
            wait_parameters=switches,
            needs_wait_parameter=needed,
            starts_waiting=starts,
            poll_parameters=polls,
            deprecated=deprecated,
            replacement=replacement,
            bases=tuple(info.bases),
            parameters=parameters,
            flag_default=_flag_default(flag) if flag else None,
            defers_when=ordered(reached) if effective else (),
            ctor_raises=raises(on.ctor_raises, off.ctor_raises) if flagged else (),
            execute_raises=raises(on.execute_raises, off.execute_raises) if flagged else (),
            source=info.definition.source,
            defer_source=on.deferrals[0].source if on.deferrals and effective else "",
            caveats=extracted_caveats(self.table, info, is_sensor(info), on, set(accepted))
            if effective
            else (),
            pokes_only=_pokes_only(info),
            poll_defaults={
                p.name: {"code": p.code} if p.code else p.default for p in parameters if p.name in polls
            },
        )

    def still_switched(self, info: ClassInfo, on: Outcome, switches: tuple[str, ...]) -> bool:
        """Whether some deferral, in `execute` or where it resumes, still asks for a wait parameter."""
        if not switches:
            return False
        entries = tuple(sorted(resume_methods(on)))
        deferrals = on.deferrals + follow(self.table, info, {FLAG: Const(True)}, entries).deferrals
        return any(set(switches) & arguments_of(deferral.when) for deferral in deferrals)

    def parameter(self, accepted: Accepted) -> Parameter:
        """A constructor argument with its default: a JSON literal, or source text."""
        kind: Literal["positional", "keyword"] = "keyword" if accepted.keyword_only else "positional"
        if accepted.default is None:
            return Parameter(accepted.name, kind, required=True)
        value = self.literal(accepted.default, accepted)
        if value is not _NO_LITERAL:
            return Parameter(accepted.name, kind, default=value)
        return Parameter(accepted.name, kind, code=ast.unparse(accepted.default))

    def literal(self, node: ast.expr, accepted: Accepted, depth: int = 0) -> Any:
        """A default as a JSON literal, also where it names a module-level one or computes with numbers."""
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            if isinstance(node, (ast.Name, ast.Attribute)) and depth < 5:
                found = self.sources.resolve(accepted.module, node)
                if found is not None and isinstance(found.node, ast.expr):
                    inner = Accepted(accepted.name, accepted.keyword_only, found.node, found.module)
                    return self.literal(found.node, inner, depth + 1)
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Add)):
                left = self.literal(node.left, accepted, depth + 1)
                right = self.literal(node.right, accepted, depth + 1)
                if type(left) in (int, float) and type(right) in (int, float):
                    return left * right if isinstance(node.op, ast.Mult) else left + right
            return _NO_LITERAL
        return value if _is_json(value) else _NO_LITERAL

    def polls(self, outcome: Outcome, accepted: set[str]) -> tuple[str, ...]:
        """Arguments whose value reaches a trigger as its interval."""
        found: dict[str, None] = {}
        for deferral in outcome.deferrals:
            for trigger in _made(deferral.trigger):
                for key, value in self.named_arguments(trigger).items():
                    if _INTERVAL.match(key):
                        found |= dict.fromkeys(sorted(deps(value)))
        return tuple(name for name in found if name in accepted)

    def named_arguments(self, made: New) -> dict[str, Value]:
        """What an object was made with, by parameter name (positional ones named by the class's `__init__`)."""
        result = dict(made.keywords)
        if made.positional:
            info = self.table.get(made.callee)
            for ancestor in info.mro if info else []:
                init = ancestor.methods.get("__init__")
                if init is not None:
                    names = [a.arg for a in init.args.args[1:]]
                    result |= dict(zip(names, made.positional, strict=False))
                    break
        return result


_NO_LITERAL = object()


def _is_json(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return not isinstance(value, tuple) and all(map(_is_json, value))
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_json(v) for k, v in value.items())
    return isinstance(value, (str, int, float, bool, type(None))) and value == value and abs_ok(value)


def abs_ok(value: Any) -> bool:
    """JSON has no infinities."""
    return not isinstance(value, float) or abs(value) != float("inf")


def _made(value: Value) -> Iterator[New]:
    """Every object that a trigger may be."""
    match value:
        case New():
            yield value
        case Choice(options=options):
            for _, option in options:
                yield from _made(option)
        case _:
            pass


def is_switch(parameter: Parameter) -> bool:
    """Whether a constructor argument turns the waiting on or off."""
    if not _SWITCH.match(parameter.name) or _NO_SWITCH.search(parameter.name):
        return False
    return parameter.required or bool(parameter.code) or isinstance(parameter.default, (bool, type(None)))


def switched_off(switches: tuple[str, ...]) -> Dnf:
    """The conditions of a call with every wait parameter off."""
    result = TRUE
    for name in switches:
        result = both(result, atom(name, "truthy" if name in _REVERSED else "falsy"))
    return result


def raises(on: list[Raise], off: list[Raise]) -> tuple[Any, ...]:
    """On which arguments a path surely raises with the flag on, and does not with the flag off."""
    without = either(*(r.when for r in off if r.certain)) if off else FALSE
    formula = either(*(r.when for r in on if r.certain)) if on else FALSE
    clauses = frozenset(c for c in formula if both(frozenset([c]), without) != frozenset([c]))
    return ordered(clauses)


def without_invalid(reached: Dnf, raised: list[Raise], switches: tuple[str, ...]) -> Dnf:
    """Leave out conditions on an argument where whatever they exclude raises anyway, flag on or off.

    A call that is wrong in itself has other worries than the waiting.
    """
    invalid = [clause for r in raised for clause in r.when if clause]
    for argument in sorted(arguments_of(reached) - set(switches)):
        about = [clause for clause in invalid if any(c.argument == argument for c in clause)]
        wider = forget(reached, [argument])
        added = both(wider, negation(reached))
        if about and all(any(wrong <= clause for wrong in about) for clause in added):
            reached = wider
    return reached


def _flag_default(flag: Accepted) -> Any:
    if flag.default is None:
        return None
    text = ast.unparse(flag.default)
    if "default_deferrable" in text:
        return "config"
    try:
        value = ast.literal_eval(flag.default)
    except (ValueError, TypeError, SyntaxError):
        return None
    return value if isinstance(value, bool) else None


def _pokes_only(info: ClassInfo) -> bool:
    """Whether the class, or an ancestor, is decorated with `poke_mode_only`."""
    return any(
        ast.unparse(decorator).rpartition(".")[2] == "poke_mode_only"
        for ancestor in info.mro
        for decorator in ancestor.node.decorator_list
    )
