"""Changing where the names of one `from … import …` statement come from, in place, and adding an import before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.finding import ChangeImport
from advisor.rewrite_items import line_start, own_line, removal
from advisor.rewrite_patch import CannotRewrite, Edit, Patch
from advisor.rewrite_tree import Import, Item, parse_import


def change_import(patch: Patch, before: str, newline: str, rewrites: Sequence[ChangeImport]) -> None:
    """Make all rewrites of one import statement.

    `patch` holds its text, `before` is the file's text up to it, `newline` what ends the file's lines.

    A name that moves to another module while others stay gets an import of its own in front of the
    statement, with the comment that stands behind it on a line of its own.

    Raises:
        CannotRewrite: they contradict each other, a name isn't there or would be bound twice.
    """
    text = patch.text()
    statement = parse_import(text)
    indent = _indentation(before)
    targets = _targets(statement, rewrites)
    bound = [targets[i].new_bound if i in targets else item.bound for i, item in enumerate(statement.items)]
    for name in bound:
        if bound.count(name) > 1:
            raise CannotRewrite(f"the import would bind `{name}` twice")

    # When no name stays, the statement itself moves to the first new module.
    home = statement.module
    modules = [target.new_module for target in targets.values()]
    if len(targets) == len(statement.items) and home not in modules:
        home = modules[0]
    edits: list[Edit] = []
    if home != statement.module:
        edits.append(_module(text, statement, home))
    leaving = [index for index, target in targets.items() if target.new_module != home]
    for index in leaving:
        if statement.items[index].has_comment:
            raise CannotRewrite(f"a comment stands inside the import of `{statement.items[index].name}`")
    for index, target in targets.items():
        if index not in leaving:
            edits.extend(_renamed(text, statement.items[index], target))
    patch.change(edits)
    comments: dict[str, list[str]] = {}
    for index in reversed(leaving):
        changed = patch.text()
        now = parse_import(changed)
        lines = own_line(changed, now.items[index], now.open)
        if lines is not None and lines[2]:
            comments.setdefault(targets[index].new_module, []).insert(0, lines[2].rstrip())
        patch.change(removal(changed, now.items, index, now.open, now.close))
    parse_import(patch.text())
    if leaving:
        moved = [targets[index] for index in leaving]
        patch.change([Edit(0, 0, _fresh(moved, comments, indent, newline))])


def add_imports(patch: Patch, before: str, newline: str, modules: Sequence[str]) -> None:
    """Write `import module` for each module before an import statement, which is left as it is.

    `before` is the file's text up to the statement, `newline` what ends the file's lines.

    Raises:
        CannotRewrite: the statement shares its line with others, or is none.
    """
    if re.match(r"(?:import|from)\b", patch.text()) is None:
        raise CannotRewrite("what stands there is no import statement")
    indent = _indentation(before)
    if indent is None:
        raise CannotRewrite("the import shares its line with another statement")
    patch.change([Edit(0, 0, "".join(f"import {module}{newline}{indent}" for module in modules))])


def _indentation(before: str) -> str | None:
    """The statement's indentation, None where it shares its line with others.

    Raises:
        CannotRewrite: no statement can start there.
    """
    start = line_start(before, len(before))
    prefix = before[start:]
    continued = re.search(r"\\(?:\r\n|\r|\n)\Z", before[:start])
    if prefix.strip() or continued:
        if not continued and prefix.rstrip(" \t\f")[-1:] not in (";", ":"):
            raise CannotRewrite("no import statement starts there")
        return None
    return prefix.replace("\f", "")


def _targets(statement: Import, rewrites: Sequence[ChangeImport]) -> dict[int, ChangeImport]:
    """Which rewrite is for which name of the statement, in the statement's order."""
    found: dict[int, ChangeImport] = {}
    for rewrite in rewrites:
        indexes = [
            i
            for i, item in enumerate(statement.items)
            if (item.name, item.bound) == (rewrite.name, rewrite.bound)
        ]
        if len(indexes) != 1:
            times = "more than once" if indexes else "not"
            raise CannotRewrite(f"the import does {times} bring in `{rewrite.name}` as `{rewrite.bound}`")
        if found.setdefault(indexes[0], rewrite) is not rewrite:
            raise CannotRewrite(f"two fixes want different things of the imported name `{rewrite.name}`")
    return dict(sorted(found.items()))


def _written(target: ChangeImport) -> str:
    alias = "" if target.new_bound == target.new_name else f" as {target.new_bound}"
    return target.new_name + alias


def _renamed(text: str, item: Item, target: ChangeImport) -> list[Edit]:
    if (target.new_name, target.new_bound) == (item.name, item.bound):
        return []
    if item.has_comment:
        raise CannotRewrite(f"a comment stands inside the import of `{item.name}`")
    if target.new_bound == item.bound != target.new_name and item.bound != item.name:
        return [Edit(item.start, item.name_end, target.new_name)]  # the alias stays as it is written
    return [Edit(item.start, item.end, _written(target))]


def _module(text: str, statement: Import, home: str) -> Edit:
    """`from.x import(y)` has no spaces that could part the new module from the words around it."""
    start, end = statement.module_start, statement.module_end
    before = "" if text[start - 1].isspace() else " "
    after = "" if text[end].isspace() or text[end] == "\\" else " "
    return Edit(start, end, before + home + after)


def _fresh(
    moved: Sequence[ChangeImport], comments: dict[str, list[str]], indent: str | None, newline: str
) -> str:
    """The imports of the names that leave, one for each module, up to where the old statement starts."""
    if indent is None and comments:
        raise CannotRewrite("the comment behind the imported name has no place on a shared line")
    modules: dict[str, list[str]] = {}
    for target in moved:
        modules.setdefault(target.new_module, []).append(_written(target))
    fresh = ""
    for module, names in modules.items():
        fresh += f"from {module} import {', '.join(names)}"
        fresh += "".join(f"  {comment}" for comment in comments.get(module, []))
        fresh += "; " if indent is None else newline + indent
    return fresh
