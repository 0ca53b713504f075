"""Taking away the import of a name that nothing uses any more once the other rewrites are made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from advisor.rewrite_items import NEWLINE, line_start
from advisor.rewrite_patch import Edit, splice

# What reads names that don't stand there.
_REFLECTION = frozenset({"globals", "locals", "vars", "dir", "eval", "exec"})
_NAMED = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.ExceptHandler, ast.MatchAs, ast.MatchStar),
)
_PLAIN = re.compile(r"(?:import|from)[ \t][\w \t.]*")


def drop_import(text: str, changes: Sequence[Edit], start: int, end: int, bound: str) -> list[Edit]:
    """`changes` of `text`, with the import statement from `start` to `end` taken away where that is surely right.

    It stays where it shares its line with anything, a comment included, where it is an explicit re-export, and where
    the changed text mentions `bound` in any other way than as an attribute of something else.
    """
    statement, first = text[start:end], line_start(text, start)
    last = NEWLINE.search(text, end)
    alone = not text[first:start].strip() and last is not None and not text[end : last.start()].strip()
    inside = [edit for edit in changes if start < edit.end and edit.start < end]
    if last is None or not alone or inside or _PLAIN.fullmatch(statement) is None:
        return list(changes)
    if re.search(r"\b(\w+)\s+as\s+\1$", statement) or text[:first].endswith(("\\\n", "\\\r\n", "\\\r")):
        return list(changes)
    at = start + sum(len(one.new) - (one.end - one.start) for one in changes if one.end <= start)
    changed = splice(text, changes)
    if _is_used(changed[:at] + " " * len(statement) + changed[at + len(statement) :], bound):
        return list(changes)
    before = [edit for edit in changes if edit.start == edit.end == start]
    if not before:
        return sorted([*changes, Edit(first, last.end(), "")])
    # What is written before the statement takes its place.
    added = "".join(edit.new for edit in before).rstrip()
    return sorted([*(edit for edit in changes if edit not in before), Edit(start, end, added)])


def _is_used(text: str, name: str) -> bool:
    """Whether a file without the import of a name may still use or bind it; True where that can't be seen."""
    try:
        mentions = set(_mentions(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    word = re.escape(name)
    if name in mentions or not mentions.isdisjoint(_REFLECTION):
        return True
    # In strings: `__all__`, quoted annotations, doctests; in comments: types.
    quoted = rf"\b{word}\b" if "__all__" in mentions else rf"\A\s*{word}\s*\Z|\b{word}(?:\.\w|\()"
    typed = re.search(rf"#[ \t]*type:[^\r\n]*\b{word}\b", text) is not None
    return typed or any(mention[0] == '"' and re.search(quoted, mention[1:]) for mention in mentions)


def _mentions(tree: ast.Module) -> Iterator[str]:
    """Every name that a file reads or binds, and every string, with a quotation mark before it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield f'"{node.value}'
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names
        elif isinstance(node, _NAMED):
            yield node.name or "_"
        elif isinstance(node, ast.MatchMapping):
            yield node.rest or "_"
