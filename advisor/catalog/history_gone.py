"""What today's providers have no more: classes that deferred, read from the last release that had them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advisor.catalog.extract import Extractor
from advisor.catalog.history_wheels import Index, key
from advisor.catalog.modules import Sources
from advisor.catalog.record import to_record

# What was read by hand beside the extracted facts (history_notes.json).
READ = ("replacement", "renamed_parameters", "equal", "differs", "differs_when")


def read(
    wheels: Path,
    index: Index,
    gone: Mapping[str, Mapping[str, Any]],
    history: Mapping[str, Mapping[str, Any]],
    aliases: Mapping[str, str],
) -> list[dict[str, Any]]:
    """One record for each class that is gone, sorted by name, in the form of the catalog's classes.

    `history` says in which release each was removed. Raises LookupError where no wheel before that holds it.
    """
    newest = sorted(wheels.glob("*.whl"))
    found = []
    for name in sorted(gone):
        package, note = str(gone[name]["package"]), gone[name]
        wheel = _last(index, package, str(history[name]["removed"]))
        if wheel is None:
            raise LookupError(f"no wheel of {package} that holds {name}")
        extractor = Extractor(Sources([wheel, *newest]), dict(aliases))
        info = extractor.table.get(name)
        if info is None:
            raise LookupError(f"{wheel.name} does not hold {name}")
        record = to_record(extractor.facts(info))
        found.append(
            {**record, "deprecated": True, **{field: note[field] for field in READ if field in note}}
        )
    return found


def _last(index: Index, package: str, removed: str) -> Path | None:
    """The wheel of the last release before the one without the class."""
    before = [version for version in index.releases(package) if key(version) < key(removed)]
    for version in reversed(before):
        index.fetch([(package, version)])
        wheel = index.wheel(package, version)
        if wheel is not None:
            return wheel
    return None
