"""Make rewrites in a file's text, each in the style of its surroundings, every other byte kept."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from advisor.finding import AddAwait, AddImport, ChangeImport, DropImport, ReplaceText, Rewrite
from advisor.rewrite_call import change_call
from advisor.rewrite_drop import drop_import
from advisor.rewrite_import import add_imports, change_import
from advisor.rewrite_items import NEWLINE
from advisor.rewrite_patch import CannotRewrite, Edit, Patch, splice
from advisor.rewrite_tree import opaque, parse_call

__all__ = ["CannotRewrite", "Edit", "apply", "edits", "splice"]


_NO_CALL = (ReplaceText, ChangeImport, AddImport)


@dataclass(slots=True)
class _Unit:
    """All rewrites of one call, one import statement or one piece of text."""

    start: int
    end: int
    rewrites: list[Rewrite] = field(default_factory=list)


def apply(text: str, rewrites: Sequence[Rewrite]) -> str:
    """The text after all `rewrites`, whose spans are in terms of `text`; equal ones are made once.

    Raises:
        CannotRewrite: one of them can't be made, or two contradict each other. Its reason is a sentence.
    """
    return splice(text, edits(text, rewrites))


def edits(text: str, rewrites: Sequence[Rewrite]) -> list[Edit]:
    """What `apply` changes: edits in order, without overlaps, in terms of `text`.

    Raises:
        CannotRewrite: as `apply`.
    """
    done: list[Edit] = []
    strings: list[tuple[int, int]] | None = None
    # From the end of the file to its start, inner calls before those around them.
    drops = {rewrite for rewrite in rewrites if isinstance(rewrite, DropImport)}
    for unit in _units(text, [rewrite for rewrite in rewrites if rewrite not in drops]):
        inner = [edit for edit in done if unit.start <= edit.start and edit.end <= unit.end]
        patch = Patch(
            text[unit.start : unit.end],
            [Edit(edit.start - unit.start, edit.end - unit.start, edit.new) for edit in inner],
        )
        first = unit.rewrites[0]
        if isinstance(first, ReplaceText):
            _replace(patch, unit.rewrites)
        elif isinstance(first, AddImport):
            modules = [r.module for r in unit.rewrites if isinstance(r, AddImport)]
            add_imports(patch, text[: unit.start], _newline(text, unit.start), modules)
        elif isinstance(first, ChangeImport):
            changes = [r for r in unit.rewrites if isinstance(r, ChangeImport)]
            change_import(patch, text[: unit.start], _newline(text, unit.start), changes)
        else:
            strings = opaque(text) if strings is None else strings
            if _inside(strings, unit.start) or _inside(strings, unit.end - 1):
                raise CannotRewrite("the call stands inside a string")
            keywords = [r for r in unit.rewrites if not isinstance(r, (*_NO_CALL, AddAwait, DropImport))]
            if keywords:
                change_call(patch, keywords)
            _await(patch, [r for r in unit.rewrites if isinstance(r, AddAwait)])
        changed = [Edit(edit.start + unit.start, edit.end + unit.start, edit.new) for edit in patch.edits()]
        done = [edit for edit in done if edit not in inner] + changed
    done.sort()
    for drop in sorted(drops, key=lambda drop: drop.statement):
        if not 0 <= drop.statement.start < drop.statement.end <= len(text):
            raise CannotRewrite("the fix is for another text than this one")
        done = drop_import(text, done, drop.statement.start, drop.statement.end, drop.bound)
    return done


def _units(text: str, rewrites: Sequence[Rewrite]) -> list[_Unit]:
    found: dict[tuple[int, int], _Unit] = {}
    for rewrite in rewrites:
        span = (
            rewrite.statement
            if isinstance(rewrite, ChangeImport | AddImport | DropImport)
            else rewrite.span
            if isinstance(rewrite, ReplaceText)
            else rewrite.call
        )
        if not 0 <= span.start < span.end <= len(text):
            raise CannotRewrite("the fix is for another text than this one")
        unit = found.setdefault((span.start, span.end), _Unit(span.start, span.end))
        if rewrite not in unit.rewrites:
            unit.rewrites.append(rewrite)
            if _kind(rewrite) is not _kind(unit.rewrites[0]):
                raise CannotRewrite("two fixes want different things of the same code")
    around: list[_Unit] = []
    for unit in sorted(found.values(), key=lambda unit: (unit.start, -unit.end)):
        while around and around[-1].end <= unit.start:
            around.pop()
        if around and unit.end > around[-1].end:
            raise CannotRewrite("two fixes overlap")
        around.append(unit)
    return sorted(found.values(), key=lambda unit: (-unit.start, unit.end))


def _kind(rewrite: Rewrite) -> type[object]:
    return type(rewrite) if isinstance(rewrite, _NO_CALL) else object


def _replace(patch: Patch, rewrites: Sequence[Rewrite]) -> None:
    text = patch.text()
    first = rewrites[0]
    if len(rewrites) > 1 or not isinstance(first, ReplaceText):
        raise CannotRewrite("two fixes want different things of the same code")
    if text != first.old:
        raise CannotRewrite(f"the code does not read `{first.old}` any more")
    patch.change([Edit(0, len(text), first.new)])


def _await(patch: Patch, rewrites: Sequence[AddAwait]) -> None:
    if len(rewrites) > 1:
        raise CannotRewrite("two fixes want different things of the same code")
    for rewrite in rewrites:
        text = patch.text()
        parse_call(text)  # refuses what is no call, or not all of one
        opening, closing = ("(", ")") if rewrite.parentheses else ("", "")
        patch.change([Edit(0, 0, f"{opening}await "), Edit(len(text), len(text), closing)])


def _newline(text: str, offset: int) -> str:
    """What ends the line of `offset`, or else the file's first line."""
    found = NEWLINE.search(text, offset) or NEWLINE.search(text)
    return found[0] if found else "\n"


def _inside(spans: Sequence[tuple[int, int]], offset: int) -> bool:
    """Whether one of these spans, sorted, holds `offset`."""
    index = bisect_right(spans, (offset, sys.maxsize)) - 1
    return index >= 0 and spans[index][0] <= offset < spans[index][1]
