"""What `dag-advisor catalog show, search, export and build` print, as text."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from advisor.catalog import class_text, hooks_text
from advisor.catalog.hooks import FILE as HOOKS
from advisor.catalog.hooks import Hooks
from advisor.catalog.lookup import DATA, Catalog
from advisor.catalog.record import EXPORTED, ClassFacts, to_record

_NAMED = 5  # files that could not be parsed, by name


def export() -> str:
    """The whole catalog as JSON: a list of objects ordered by name, one a line."""
    rows = [
        json.dumps({key: _listed(getattr(facts, key)) for key in EXPORTED}, ensure_ascii=False)
        for facts in Catalog.load().all()
    ]
    return "[\n" + ",\n".join(rows) + "\n]\n"


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def find(name: str) -> list[ClassFacts]:
    """The classes that a dotted or simple name, present or former, stands for.

    Raises LookupError, with the nearest names, where there are none.
    """
    catalog = Catalog.load()
    if "." in name:
        facts = catalog.get(name)
        if facts is not None:
            return [facts]
    found = {
        f.name: f for f in catalog.all(gone=True) if f.simple_name == name or f.name.endswith(f".{name}")
    }
    if not found:
        for old, new in catalog.former():
            if old == name or old.endswith(f".{name}"):
                facts = catalog.get(new)
                if facts is not None:
                    found[new] = facts
    if found:
        return [found[key] for key in sorted(found)]
    simple = name.rpartition(".")[2]
    names = {f.simple_name for f in catalog.all(gone=True)} | {
        old.rpartition(".")[2] for old, _ in catalog.former()
    }
    names |= Hooks.load().names()
    near = difflib.get_close_matches(simple, sorted(names), n=3, cutoff=0.6)
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    raise LookupError(f"the catalog knows no class {name}{hint}")


def show(name: str) -> str:
    """Everything worth knowing about a class or hook (or the several of that simple name), as text.

    Raises LookupError, with the nearest names, for a name that nobody has or had.
    """
    hooks = hooks_text.find(name)
    return "\n".join(map(hooks_text.page, hooks)) if hooks else "\n".join(map(class_text.page, find(name)))


def search(text: str) -> str:
    """One line for each class, then each hook, whose dotted name, alias or provider holds all words of `text`."""
    words = text.lower().split()
    lines = []
    for facts in Catalog.load().all():
        hay = " ".join([facts.name, facts.provider, *facts.aliases]).lower()
        if words and all(word in hay for word in words):
            lines.append(f"{facts.name}  {_summary(facts)}\n")
    lines += hooks_text.search(words)
    if not lines:
        raise LookupError(f"the catalog has no class for {text!r}")
    return "".join(lines)


def _summary(facts: ClassFacts) -> str:
    how = {
        "flag": "deferrable flag" if facts.effective else "takes the deferrable flag, never defers",
        "always": "always defers",
        "never": "never defers",
    }[facts.deferral]
    parts = [facts.kind, how]
    if facts.needs_wait_parameter:
        parts.append("needs " + ", ".join(facts.wait_parameters))
    if facts.deprecated:
        parts.append("deprecated" + (f", use {facts.replacement}" if facts.replacement else ""))
    return "; ".join(parts)


def changes(old: Iterable[ClassFacts], new: Iterable[ClassFacts], more: Iterable[str] = ()) -> str:
    """What differs between two catalogs, one line for a class added or removed, one for a changed field.

    Where a class merely stands on other lines of its file is left out. `more`: further lines.
    """
    before = {f.name: to_record(f) for f in old}
    after = {f.name: to_record(f) for f in new}
    lines = [f"- {name}" for name in sorted(before.keys() - after.keys())]
    lines += [
        f"+ {name} ({after[name].get('deferral', 'never')})" for name in sorted(after.keys() - before.keys())
    ]
    for name in sorted(before.keys() & after.keys()):
        for key in sorted(before[name].keys() | after[name].keys()):
            was, now = before[name].get(key), after[name].get(key)
            if was == now or key in ("source", "defer_source"):
                continue
            if key == "caveats":
                was, now = (
                    [{k: v for k, v in row.items() if k != "source"} for row in rows or []]
                    for rows in (was, now)
                )
                if was == now:
                    continue
            lines.append(f"~ {name}.{key}: {_short(was)} -> {_short(now)}")
    lines += more
    if not lines:
        return "nothing changed\n"
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."


def build(wheels: Path, output: Path | None = None) -> str:
    """Extract from a folder of wheels, write the data files to `output` (default: the shipped data), tell what changed.

    Raises FileNotFoundError (no wheels there) and ValueError (the overlay does not fit the wheels).
    """
    from advisor.catalog.build import build_data

    contents, facts = build_data(wheels)
    try:
        old = list(Catalog.load().all(gone=True))
    except FileNotFoundError:
        old = []
    told = changes(old, facts, hooks_text.changes_to(contents[HOOKS]))
    folder = output or Path(DATA)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    counts = {kind: sum(f.deferral == kind for f in facts) for kind in ("flag", "always", "never")}
    summary = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return f"{told}{len(facts)} classes ({summary}) written to {folder}\n"


def scan(paths: Iterable[Path]) -> str:
    """The operators, sensors and transfers of projects, environments and wheels: one a line, by what they belong to.

    Read statically: nothing is imported. Raises LookupError, in a sentence, for a path that can't be scanned.
    """
    from advisor.catalog.scan import Scan

    found = Scan(paths)
    groups: dict[str, list[str]] = {}
    counts = {"flag": 0, "always": 0, "never": 0, "unknown": 0}
    for facts, base, alike in found.classes():
        how = f"{_summary(facts)}; as {base}" if base else _summary(facts)
        if not alike:
            how = f"{facts.kind}; not judged, goes its own way from {base}"
        owner = found.sources.owner(found.module_of(facts.name))
        groups.setdefault(owner, []).append(f"  {facts.name}  {how}\n")
        counts[facts.deferral if alike else "unknown"] += 1
    parts = [f"{owner}\n{''.join(lines)}\n" for owner, lines in sorted(groups.items())]
    total = sum(counts.values())
    parts.append(
        f"{total} {'class' if total == 1 else 'classes'}: {counts['flag']} with the deferrable flag, "
        f"{counts['always']} always deferring, {counts['never']} never"
        + (f", {counts['unknown']} not judged\n" if counts["unknown"] else "\n")
        if total
        else "no operator, sensor or transfer classes\n"
    )
    broken = found.sources.unparsed()
    if broken:
        parts.append(f"not parsed: {', '.join(broken[:_NAMED])}")
        parts.append(f" and {len(broken) - _NAMED} more\n" if len(broken) > _NAMED else "\n")
    return "".join(parts)
