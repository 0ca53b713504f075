"""Finds in a class's code what a deferred run leaves out or needs: dropped arguments, a lost timeout, an extra."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from advisor.catalog.classes import BASE_SENSOR, ClassInfo, ClassTable
from advisor.catalog.reach import Deferral, Outcome, follow
from advisor.catalog.record import Caveat, Condition
from advisor.catalog.values import Choice, Const, New, Value, deps

# Optional packages that a deferred run imports: the provider, what its triggers or their hooks then call, the extra.
_EXTRAS = {"apache-airflow-providers-amazon": (frozenset(["get_async_conn", "async_conn"]), "aiobotocore")}
_SENSOR_OWN = frozenset(
    [
        "soft_fail",
        "mode",
        "exponential_backoff",
        "max_wait",
        "silent_fail",
        "never_fail",
        "poke_interval",
        "timeout",
    ]
)
# What BaseSensorOperator does around its pokes and a trigger does not: id, argument, text, effect.
_ON_ERRORS = (
    (
        "soft-fail-wider",
        "soft_fail",
        "once deferred, soft_fail skips the task on any error of the trigger, not only when time is up",
        "changes-outcome",
    ),
    (
        "silent-fail-dropped",
        "silent_fail",
        "once deferred, an error ends the sensor, whatever silent_fail says",
        "drops-argument",
    ),
    (
        "never-fail-dropped",
        "never_fail",
        "once deferred, an error of the trigger may fail the task in spite of never_fail",
        "changes-outcome",
    ),
    (
        "exponential-backoff-dropped",
        "exponential_backoff",
        "once deferred, exponential_backoff does not stretch the interval",
        "drops-argument",
    ),
)


def extracted_caveats(
    table: ClassTable, info: ClassInfo, sensor: bool, on: Outcome, accepted: set[str]
) -> tuple[Caveat, ...]:
    """The caveats of a class that can defer, `on` being its reading with the flag on."""
    found: list[Caveat] = []
    source = on.deferrals[0].source
    extra = _extra(table, on)
    if extra:
        provider, package = extra
        text = f"the trigger needs {package}, which only {provider}[{package}] installs"
        found.append(Caveat("needs-extra", (), text, "needs-extra", source))
    if _templated(info, "deferrable"):
        found.append(
            Caveat(
                "templated-flag",
                (Condition("deferrable", "isinstance", "str"),),
                'deferrable is a template field here, and the text "False" counts as true',
                "templated-flag",
                info.definition.source,
            )
        )
    if sensor and "timeout" in accepted and not all("timeout" in _carried(d) for d in on.deferrals):
        found.append(
            Caveat(
                "timeout-dropped",
                (Condition("timeout", "present"),),
                "once deferred, the sensor's timeout is not obeyed",
                "drops-argument",
                source,
            )
        )
    if sensor:
        for name, argument, text, effect in _ON_ERRORS:
            if argument in accepted:
                found.append(Caveat(name, (Condition(argument, "truthy"),), text, effect, source))
        accepted = accepted - {c.argument for d in on.deferrals for clause in d.when for c in clause}
        found += _dropped(table, info, on, accepted, source)
    return tuple(found)


def _templated(info: ClassInfo, argument: str) -> bool:
    """Whether the class's own `template_fields` (the first of its ancestors') hold an argument."""
    for ancestor in info.mro:
        value = ancestor.values.get("template_fields")
        if value is not None:
            return any(isinstance(n, ast.Constant) and n.value == argument for n in ast.walk(value))
    return False


def _carried(deferral: Deferral) -> frozenset[str]:
    """Every constructor argument that travels with a deferral."""
    return deps(deferral.trigger).union(*map(deps, deferral.keywords.values()))


def _dropped(
    table: ClassTable, info: ClassInfo, on: Outcome, accepted: set[str], source: str
) -> Iterator[Caveat]:
    """Arguments that `poke` looks at, and neither the trigger nor what resumes afterwards does."""
    bound = {"deferrable": Const(True)}
    if not any("poke" in c.methods for c in info.mro if c.name != BASE_SENSOR):
        return
    poked = follow(table, info, bound, ("poke",)).reads
    resumed = follow(table, info, bound, tuple(sorted(resume_methods(on)))).reads
    carried = frozenset().union(*map(_carried, on.deferrals))
    for name in sorted((poked & accepted) - resumed - carried - _SENSOR_OWN - {"deferrable"}):
        yield Caveat(
            f"{name.replace('_', '-')}-dropped",
            (Condition(name, "present"),),
            f"once deferred, {name} is not looked at any more",
            "drops-argument",
            source,
        )


def resume_methods(on: Outcome) -> set[str]:
    """The methods in which the deferrals of a class resume."""
    names = set()
    for deferral in on.deferrals:
        method = deferral.keywords.get("method_name")
        names.add(method.value if isinstance(method, Const) else "execute_complete")
    return {str(name) for name in names}


def _extra(table: ClassTable, on: Outcome) -> tuple[str, str] | None:
    """(provider, extra) where a trigger of this class, or a hook that it names, needs an optional package."""
    for deferral in on.deferrals:
        for callee in _callees(deferral.trigger):
            info = table.get(callee)
            for ancestor in info.mro if info else []:
                provider = ancestor.module.distribution
                if provider not in _EXTRAS:
                    continue
                marks, extra = _EXTRAS[provider]
                bodies = [ancestor.node, *(hook.node for hook in _hooks(table, ancestor))]
                if any(
                    isinstance(n, ast.Attribute) and n.attr in marks
                    for body in bodies
                    for n in ast.walk(body)
                ):
                    return provider, extra
    return None


def _hooks(table: ClassTable, info: ClassInfo) -> list[ClassInfo]:
    """The hook classes that a trigger names."""
    names = {n.id for n in ast.walk(info.node) if isinstance(n, ast.Name) and n.id.endswith("Hook")}
    found = [table.sources.lookup(info.module, name) for name in sorted(names)]
    classes = [table.get(definition.dotted) for definition in found if definition is not None]
    return [info for info in classes if info is not None]


def _callees(value: Value) -> Iterator[str]:
    match value:
        case New(callee=callee):
            yield callee
        case Choice(options=options):
            for _, option in options:
                yield from _callees(option)
        case _:
            pass
