"""How a deferred operator is entered again: whether the method is there, and takes what Airflow gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.catalog.bases import bases
from advisor.keys import Keys, keys_of
from advisor.lineage import Method, is_derived_from
from advisor.signatures import signature
from advisor.text import listed

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.deferrals import Deferral

_HANDED = "event"  # what Airflow always adds to the keywords; the context comes first, by position


def broken(dag_file: DagFile, deferral: Deferral) -> str:
    """Why a resumed task can't be entered, as the end of a sentence; "" where it can, or where that can't be told."""
    name = deferral.resumes_in
    if not name or deferral.ends_from_trigger:
        return ""
    method = deferral.lineage.find(name)
    if method is None:
        known = name in bases().attributes or deferral.lineage.binds(name) is not False
        known = known or f".{name} =" in dag_file.tree.text
        derived = is_derived_from(dag_file, deferral.owner, dag_file.path, dag_file.project)
        return "" if known or derived else f"{deferral.class_name} has no method `{name}`"
    if not isinstance(method, Method) or method.decorators:
        return ""
    found = signature(method.node)
    if found is None:
        return ""
    bound = found.without_self()
    first = bound.parameters[0] if bound.parameters else None
    if not found.parameters and not found.star:
        return f"`{name}` takes no arguments, not even `self`"
    if (first is None or not first.by_position) and not bound.star:
        return f"`{name}` takes no `context`, which comes first and by position"
    if first is not None and first.name == _HANDED and first.by_position:
        return (
            f"`{name}` takes `event` first, where Airflow passes the context, and `event` again as a keyword"
        )
    if not bound.takes(_HANDED):
        return f"`{name}` takes no `event`, which Airflow passes as a keyword"
    given = _given(dag_file, deferral)
    if first is not None and first.by_position and first.name in given.values:
        return f"`kwargs` holds `{first.name}`, where Airflow passes the context to `{name}`"
    left_out = [
        one.name
        for one in bound.parameters
        if one.required and one is not first and one.name != _HANDED and one.name not in given.values
    ]
    if left_out and given.complete:
        return f"`{name}` also needs {listed(left_out)}, which `kwargs` does not hold"
    unknown = [key for key in given.values if not bound.takes(key)]
    if unknown:
        return f"`{name}` takes no {listed(unknown)}, which `kwargs` holds"
    return ""


def _given(dag_file: DagFile, deferral: Deferral) -> Keys:
    node = deferral.arguments.node("kwargs")
    if node is None:
        spread = any(argument.kind().endswith("splat") for argument in deferral.call_arguments)
        return Keys({}, not spread)
    return Keys({}, True) if node.kind() == "none" else keys_of(dag_file, node)
