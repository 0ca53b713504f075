"""Setting, removing and renaming the keyword arguments of one call, in the style in which it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.finding import RemoveKeyword, RenameKeyword, SetKeyword
from advisor.rewrite_items import NEWLINE, indentation, line_start, removal
from advisor.rewrite_patch import CannotRewrite, Edit, Patch
from advisor.rewrite_tree import Call, Item, parse_call

KeywordRewrite = SetKeyword | RemoveKeyword | RenameKeyword


def change_call(patch: Patch, rewrites: Sequence[KeywordRewrite]) -> None:
    """Make all rewrites of one call; `patch` holds the call's text and nothing else.

    Raises:
        CannotRewrite: they contradict each other, or the call is none that can be rewritten.
    """
    _refuse_contradictions(rewrites)
    for kind in (RenameKeyword, RemoveKeyword, SetKeyword):  # added last: after the arguments that stay
        for rewrite in rewrites:
            if isinstance(rewrite, kind):
                text = patch.text()
                call = parse_call(text)
                if call.lone_generator:
                    raise CannotRewrite("the call's only argument is a generator without parentheses")
                patch.change(_edits(text, call, rewrite))
    _prove(patch, rewrites)


def _refuse_contradictions(rewrites: Sequence[KeywordRewrite]) -> None:
    touched: dict[str, KeywordRewrite] = {}
    for rewrite in rewrites:
        names = [rewrite.name, rewrite.new_name] if isinstance(rewrite, RenameKeyword) else [rewrite.name]
        for name in names:
            if touched.setdefault(name, rewrite) != rewrite:
                raise CannotRewrite(f"two fixes want different things of the argument `{name}`")


def _edits(text: str, call: Call, rewrite: KeywordRewrite) -> list[Edit]:
    matching = [index for index, item in enumerate(call.items) if item.name == rewrite.name]
    if len(matching) > 1:
        raise CannotRewrite(f"the call has the argument `{rewrite.name}` twice")
    if isinstance(rewrite, SetKeyword):
        if not matching:
            return _insertion(text, call, rewrite.name, rewrite.value)
        item = call.items[matching[0]]
        if item.has_comment:
            raise CannotRewrite(f"a comment stands inside the value of `{rewrite.name}`")
        same = text[item.value : item.end] == rewrite.value
        return [] if same else [Edit(item.value, item.end, rewrite.value)]
    if not matching:
        raise CannotRewrite(f"the call has no argument `{rewrite.name}`")
    if isinstance(rewrite, RemoveKeyword):
        return removal(text, call.items, matching[0], call.open + 1, call.close)
    if any(item.name == rewrite.new_name for item in call.items):
        raise CannotRewrite(f"the call has an argument `{rewrite.new_name}` already")
    item = call.items[matching[0]]
    return [Edit(item.start, item.name_end, rewrite.new_name)]


def _insertion(text: str, call: Call, name: str, value: str) -> list[Edit]:
    """The edits that add an argument behind all others."""
    argument = name + _equal_sign(text, call) + value
    if not call.items:
        return _first_argument(text, call, argument)
    last = call.items[-1]
    tail = text[last.tail : call.close]
    joint = _Joint(text, call)
    if "#" not in tail:
        if last.comma is None:
            return [Edit(last.end, last.end, joint.comma + argument)]
        breaks = NEWLINE.search(tail)
        if joint.vertical and breaks and joint.leading is None:
            line = line_start(text, call.close)
            return [Edit(line, line, f"{joint.indent}{argument},{joint.newline}")]
        return [Edit(last.tail, last.tail, joint.comma.replace(",", "", 1) + argument + ",")]
    # A comment stands behind the last argument, so `)` starts a line: the new argument goes above it, and
    # only the comma that the last argument now needs goes before the comment.
    line = line_start(text, call.close)
    if joint.leading is not None and last.comma is None:
        return [Edit(line, line, joint.leading + argument + joint.newline)]
    if last.comma is not None:
        return [Edit(line, line, f"{joint.indent}{argument},{joint.newline}")]
    return [Edit(last.end, last.end, ","), Edit(line, line, joint.indent + argument + joint.newline)]


class _Joint:
    """How the call's arguments are held together.

    `comma` is what to write between the last argument and the new one, `indent` the indentation of a line
    of its own, `leading` the start of a line where commas stand in front of the arguments (else None).
    """

    def __init__(self, text: str, call: Call) -> None:
        items = call.items
        edges = [call.open + 1, *(item.end for item in items[:-1])]
        gaps = [text[start : item.start] for start, item in zip(edges, items, strict=True)]
        self.newline = _newline(text[call.open : call.close])
        self.vertical = any(NEWLINE.search(gap) for gap in gaps)
        self.leading: str | None = None
        between = gaps[-1] if len(items) > 1 else ""
        if not self.vertical:
            space = re.search(r",([ \t]*)$", between)
            self.indent = _closing_indent(text, call) + _unit(text, call)
            self.comma = "," + (space[1] if space else " ")
            return
        starts = [indent for item in items if (indent := indentation(text, item.start)) is not None]
        if not starts and (leading := re.fullmatch(r"[^#]*(?:\r|\n)([ \t]*,[ \t]*)", between)):
            self.leading = leading[1]
            self.indent, self.comma = " " * len(leading[1]), self.newline + leading[1]
            return
        self.indent = starts[-1] if starts else _closing_indent(text, call) + _unit(text, call)
        continued = " \\" if re.search(r"\\(?:\r|\n)", between) else ""
        self.comma = f",{continued}{self.newline}{self.indent}"


def _first_argument(text: str, call: Call, argument: str) -> list[Edit]:
    inside = text[call.open + 1 : call.close]
    if "\\" in inside or not NEWLINE.search(inside):
        return [Edit(call.open + 1, call.open + 1, argument)]
    comments = re.findall(r"(?:\r|\n)([ \t]*)#", inside)
    indent = comments[-1] if comments else _closing_indent(text, call) + _unit(text, call)
    line = line_start(text, call.close)
    return [Edit(line, line, indent + argument + _newline(inside))]


def _newline(text: str) -> str:
    found = NEWLINE.search(text)
    return found[0] if found else "\n"


def _closing_indent(text: str, call: Call) -> str:
    return indentation(text, call.close) or ""


def _unit(text: str, call: Call) -> str:
    return "\t" if "\t" in _closing_indent(text, call) else "    "


def _equal_sign(text: str, call: Call) -> str:
    """`=` as most keyword arguments write it, or the nearest; columns of aligned ` = ` count as one space."""
    written: list[str] = []
    for item in reversed(call.items):
        if item.name:
            before, _, after = text[item.name_end : item.value].partition("=")
            if not (before + after).strip(" \t"):
                written.append((" " if before else "") + "=" + (" " if after else ""))
    return max(written, key=written.count, default="=")


def _prove(patch: Patch, rewrites: Sequence[KeywordRewrite]) -> None:
    """The call still parses, and its other arguments are what they were."""
    text = patch.text()
    call = parse_call(text)
    names = [item.name for item in call.items if item.name]
    for rewrite in rewrites:
        if isinstance(rewrite, SetKeyword):
            item = _named(call, rewrite.name)
            right = item is not None and text[item.value : item.end] == rewrite.value
        elif isinstance(rewrite, RemoveKeyword):
            right = rewrite.name not in names
        else:
            right = rewrite.new_name in names and rewrite.name not in names
        if not right:
            raise CannotRewrite(f"the argument `{rewrite.name}` could not be changed as it should")


def _named(call: Call, name: str) -> Item | None:
    return next((item for item in call.items if item.name == name), None)
