"""What `dag-advisor catalog show` and an editor say of a class, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from advisor.catalog.record import Alternatives, ClassFacts, Condition, Parameter

_DEFAULT = "follows [operators] default_deferrable"


def condition_text(condition: Condition) -> str:
    """A condition as people write it."""
    argument, operator, value = condition
    match operator:
        case "truthy":
            return f"{argument} is on"
        case "falsy":
            return f"{argument} is off"
        case "is none":
            return f"{argument} is None"
        case "is not none":
            return f"{argument} is given"
        case "present":
            return f"{argument} is passed"
        case "absent":
            return f"{argument} is not passed"
        case "isinstance" | "not isinstance":
            return f"{argument} is {'not ' if operator[0] == 'n' else ''}a {value}"
        case _:
            return f"{argument} {operator} {value!r}"


def alternatives_text(alternatives: Alternatives) -> str:
    """Alternatives of conditions as one phrase."""
    return ", or ".join(" and ".join(map(condition_text, row)) for row in alternatives)


def _default_text(parameter: Parameter | None) -> str:
    if parameter is None or parameter.required:
        return ""
    return f" = {parameter.code or repr(parameter.default)}"


def page(facts: ClassFacts) -> str:
    """Everything worth knowing about a class, as text."""
    lines = [facts.name, f"  {facts.kind} of {facts.provider}"]
    add = lines.append
    when = alternatives_text(facts.defers_when)
    if facts.deferral == "flag":
        default = {"config": "the configured default_deferrable", "None": "unknown"}.get(
            str(facts.flag_default), str(facts.flag_default)
        )
        add(f"  deferrable: a flag, default {default}" + (f", since {facts.since}" if facts.since else ""))
    if facts.deferral == "never":
        add("  deferrable: no, it never defers")
    elif not facts.effective:
        add("  defers: never, the flag does nothing")
    else:
        start = "with the flag on" if facts.deferral == "flag" else "always"
        add(f"  defers: {start}" + (f", when {when}" if when else ""))
    waits = {True: "yes", False: "no, it starts its work and returns", None: "no, short work of its own"}
    if facts.kind == "sensor" or facts.deferral != "never":
        add(f"  waits as called without arguments: {waits[facts.waits_by_default]}")
    for name in facts.wait_parameters:
        need = ", deferring needs it" if facts.needs_wait_parameter else ""
        add(f"  wait parameter: {name}{_default_text(facts.parameter(name))}{need}")
    if facts.starts_waiting:
        add("  the flag makes it wait even where it would not")
    for name in facts.poll_parameters:
        add(f"  poll parameter: {name}{_default_text(facts.parameter(name))}")
    for name, unit in facts.duration_parameters.items():
        add(f"  length of the wait: {name} ({unit})")
    for title, alternatives in (
        ("raises when parsed, flag on", facts.ctor_raises),
        ("raises when run, flag on", facts.execute_raises),
    ):
        if alternatives:
            add(f"  {title}: {alternatives_text(alternatives)}")
    if facts.async_twin:
        add(f"  async twin: {facts.async_twin}")
    if facts.twin_of:
        add(f"  async twin of: {facts.twin_of}")
    if facts.pokes_only:
        add("  poke mode only")
    if facts.deprecated:
        add(
            "  deprecated"
            + (f": use {facts.replacement}" if facts.replacement else ", without a replacement")
        )
    if facts.renamed_parameters:
        pairs = ", ".join(f"{old} is now {new}" for old, new in facts.renamed_parameters.items())
        add(f"  renamed arguments: {pairs}")
    if facts.differs:
        add(f"  the replacement differs: {facts.differs}")
    for caveat in facts.caveats:
        conditions = " and ".join(map(condition_text, caveat.when))
        add(f"  caveat ({caveat.effect}{', when ' + conditions if conditions else ''}): {caveat.text}")
        add(f"    {caveat.source}")
    for old in facts.aliases:
        add(f"  also known as: {old}")
    lines += [f"  {line}" for line in _history(facts)]
    add(f"  source: {facts.source}" + (f", defers at {facts.defer_source}" if facts.defer_source else ""))
    return "\n".join(lines) + "\n"


def _history(facts: ClassFacts) -> Iterator[str]:
    """Since which releases what is so, one line each."""
    versions, provider = facts.versions, facts.provider
    flag, default = versions.get("flag"), versions.get("default_from_config")
    if flag:
        floor = f", which needs Airflow {versions['airflow']}" if "airflow" in versions else ""
        too = f" and {_DEFAULT}" if default == flag else ""
        yield f"since {provider} {flag}{floor}: takes deferrable{too}"
        if "flag_of" in versions:
            yield f"  with a release of {versions['flag_of']} that takes it"
    if default and default != flag:
        yield f"since {provider} {default}: {_DEFAULT}"
    for name in ("deprecated", "removed"):
        if versions.get(name):
            yield f"since {provider} {versions[name]}: {name}"
    if versions.get("core"):
        yield f"in Airflow 2 itself: {_core(versions['core'])}"


def _core(core: dict[str, Any]) -> str:
    """What the class of Airflow 2's core can do, since when."""
    since, flag, default = core.get("since"), core.get("flag"), core.get("default_from_config")
    parts = [f"since {'2.2 or before' if core['added'] == '2.2.0' else core['added']}"]
    if flag:
        parts.append(f"takes deferrable since {flag}")
    elif since:
        parts.append("always defers")
    else:
        parts.append("does not defer")
    if default:
        parts.append(f"{_DEFAULT} since {default}")
    if core.get("drops"):
        parts.append(f"deferred, it does not obey {', '.join(core['drops'])}")
    return "; ".join(parts)
