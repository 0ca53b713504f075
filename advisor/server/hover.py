"""What stands under the mouse: the page of a finding's rule, and what the catalog knows of a called class."""

from __future__ import annotations

from advisor import engine, syntax
from advisor.catalog import class_text
from advisor.dagfile import DagFile
from advisor.decoding import Unreadable, decode
from advisor.operators import Operator
from advisor.server.analysis import Checked


def operators(document: Checked) -> list[Operator]:
    """Every operator and sensor that a document makes; none where it can't be parsed."""
    if document.broken or not engine.has_trace(document.data):
        return []
    if not document.model:
        context = document.context
        try:
            tree = syntax.parse(decode(document.data).text)
        except (Unreadable, syntax.SyntaxFailure):
            return []
        document.model.append(DagFile(tree, document.path, context.catalog, context.target, context.project))
    return document.model[0].all_operators


def operator_at(document: Checked, offset: int) -> Operator | None:
    """The operator whose class is named at an offset of the document; None where there is none."""
    at = document.text[max(offset - 1, 0) : offset + 1]
    if not any(character.isidentifier() for character in at):
        return None
    for operator in operators(document):
        span = operator.function.range()
        if span.start.index + document.shift <= offset <= span.end.index + document.shift:
            return operator
    return None


def class_at(document: Checked, offset: int) -> tuple[int, int, str, list[str]] | None:
    """Start and end of the class's name at an offset, the catalog's page about it, and what counts for this call."""
    operator = operator_at(document, offset)
    if operator is None:
        return None
    span, shift = operator.function.range(), document.shift
    notes = _notes(operator, document)
    return span.start.index + shift, span.end.index + shift, class_text.page(operator.facts), notes


def _notes(operator: Operator, document: Checked) -> list[str]:
    target, facts = document.context.target, operator.facts
    airflow = ".".join(map(str, target.airflow or engine.newest_airflow()))
    provider = target.provider_version(facts.provider)
    core = facts.provider == "apache-airflow"
    release = f", {facts.provider} {'.'.join(map(str, provider))}" if provider and not core else ""
    notes = [f"this project: Airflow {airflow}{release} ({target.source})"]
    if operator.installed.flag_since_later:
        notes.append(
            f"the flag comes with {operator.installed.flag_since_later}: this project has an older release"
        )
    if not target.triggerer and facts.deferral != "never":
        notes.append("the configuration says that there is no triggerer")
    defers = operator.defers
    if facts.deferral != "never" and defers is not None:
        notes.append("this call defers" if defers else "this call does not defer")
    return notes
