"""Suppressions: the comments that silence a rule on a statement or in a file, and those that do nothing.

`# dag-advisor: ignore[rule, rule] reason` on any line of a statement; above the first statement of a file
(its docstring may stand before it) `# dag-advisor: ignore-file[rule] reason`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from advisor.finding import Finding, Fix, ReplaceText, Span
from advisor.records import dataclass, replace
from advisor.text import did_you_mean, printable

MARKER = "dag-advisor:"
RULE = "unused-suppression"
_MOST_NAMES = 15  # of a group, in a message
_MISPLACED = "this suppression silences nothing: write it on a line of the statement, not above it"

# Patterns are compiled when they are first needed: most files have no suppressions (`re` keeps them then).
_LINE_END = r"\r\n|\r|\n"
_DIRECTIVE = (
    r"#\s*dag-advisor:\s*(?P<word>[A-Za-z][\w-]*)?\s*(?P<bracket>\[)?(?P<names>[^\]#]*)(?P<close>\])?"
)
# Where a comment for someone else begins behind ours: `# dag-advisor: ignore[x] why  # type: ignore`.
_NEXT = r"\s+#(?=\s|\s*(?:dag-advisor|noqa|nosec|pragma|pylint|pyright|ruff|type)\b)"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One of our comments: offsets in the text, the line it stands on, and what it asks for.

    `names` are the rules as (name, offset, end offset). `error` says in a sentence why it suppresses nothing.
    """

    start: int
    end: int
    line: int
    whole_file: bool
    names: tuple[tuple[str, int, int], ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Suppressions:
    """All suppressions of one file's text."""

    text: str
    found: tuple[Suppression, ...]
    starts: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.found)

    def apply(
        self,
        findings: Iterable[Finding],
        statement_lines: Callable[[int], tuple[int, int]],
        enabled_rules: Collection[str],
        known_rules: Collection[str] = (),
        groups: Mapping[str, Collection[str]] | None = None,
    ) -> tuple[list[Finding], list[Finding]]:
        """The findings that stay, and what is to be said about the suppressions themselves.

        `statement_lines` gives the first and last line of the statement around a line. A suppression of a
        rule that is not enabled is not judged; names outside `known_rules` are unknown (where it is given).
        `groups` are names that stand for several rules, which a suppression does not take.
        """
        if not self.found:
            return list(findings), []
        used: set[tuple[int, str]] = set()
        misplaced: set[int] = set()
        kept = []
        for finding in findings:
            silenced = False
            first, last = statement_lines(finding.span.line)
            for number, suppression in enumerate(self.found):
                near = suppression.whole_file or first <= suppression.line <= last
                if near and not suppression.error and any(n == finding.rule for n, _, _ in suppression.names):
                    used.add((number, finding.rule))
                    silenced = True
                if suppression.line == first - 1 and self._stands_alone(suppression):
                    misplaced.update(number for name, _, _ in suppression.names if name == finding.rule)
            if not silenced:
                kept.append(finding)
        if RULE not in enabled_rules:
            return kept, []
        said: list[Finding] = []
        for number, suppression in enumerate(self.found):
            about = list(self._judged(number, suppression, used, enabled_rules, known_rules, groups or {}))
            if number in misplaced and len(about) == 1 and about[0].fix is not None:
                # Meant for the statement below: removing it would lose what its author wrote.
                about = [replace(about[0], message=_MISPLACED, fix=None)]
            if any(name == RULE for name, _, _ in suppression.names) and not suppression.error:
                about = [finding for finding in about if finding.severity == "error"]
            said += about
        return kept, said

    def _stands_alone(self, suppression: Suppression) -> bool:
        """Whether nothing but blanks stands before a suppression on its line."""
        return not self.text[self.starts[suppression.line - 1] : suppression.start].strip()

    def _judged(
        self,
        number: int,
        suppression: Suppression,
        used: Collection[tuple[int, str]],
        enabled: Collection[str],
        known: Collection[str],
        groups: Mapping[str, Collection[str]],
    ) -> Iterator[Finding]:
        where = self._span(suppression.start, suppression.end)
        if suppression.error:
            yield Finding(where, suppression.error, severity="error", rule=RULE)
            return
        unused: list[tuple[str, int, int]] = []
        seen: set[str] = set()
        for name, start, end in suppression.names:
            if known and name not in known:
                message = (
                    f"`{name}` is a group: a suppression names its rules, {_listed(groups[name])}"
                    if name in groups
                    else f"there is no rule `{printable(name)}` to suppress{did_you_mean(name, known)}"
                )
                yield Finding(self._span(start, end), message, rule=RULE)
            elif name in seen or (name != RULE and name in enabled and (number, name) not in used):
                unused.append((name, start, end))
            seen.add(name)
        if unused:
            names = " and ".join(f"`{name}`" for name in dict.fromkeys(name for name, _, _ in unused))
            place = "in this file" if suppression.whole_file else "on this statement"
            verb = "speaks" if len({name for name, _, _ in unused}) == 1 else "speak"
            never = "no other suppression is needed" if verb == "" else f"{names} never {verb} {place}"
            message = f"this suppression is not needed: {never}"
            yield Finding(where, message, self._removal(suppression, unused), rule=RULE)

    def _removal(self, suppression: Suppression, unused: list[tuple[str, int, int]]) -> Fix:
        left = [entry for entry in suppression.names if entry not in unused]
        if left:
            start, end = suppression.names[0][1], suppression.names[-1][2]
            new = ", ".join(self.text[a:b] for _, a, b in left)
            names = ", ".join(f"`{name}`" for name, _, _ in unused)
            return self._replacement(start, end, new, f"take {names} out of the suppression")
        line_start = self.starts[suppression.line - 1]
        line_end = re.compile(_LINE_END).search(self.text, suppression.end)
        stop = line_end.start() if line_end else len(self.text)
        start, end = suppression.start, suppression.end
        before = self.text[line_start:start]
        if self.text[end:stop].strip():  # someone else's comment follows: it moves up to our place
            end = stop - len(self.text[end:stop].lstrip())
        elif before.strip() or line_end is None:
            start, end = start - len(before) + len(before.rstrip()), stop
        else:
            start, end = line_start, line_end.end()
        return self._replacement(start, end, "", "remove the suppression")

    def _replacement(self, start: int, end: int, new: str, description: str) -> Fix:
        return Fix("safe", description, (ReplaceText(self._span(start, end), self.text[start:end], new),))

    def _span(self, start: int, end: int) -> Span:
        line, end_line = bisect_right(self.starts, start), bisect_right(self.starts, end)
        return Span(
            start, end, line, start - self.starts[line - 1] + 1, end_line, end - self.starts[end_line - 1] + 1
        )


def _listed(names: Collection[str]) -> str:
    if len(names) > _MOST_NAMES:
        return "one by one"
    *first, last = (f"`{name}`" for name in names)
    return f"{', '.join(first)} or {last}" if first else last


def scan(text: str) -> Suppressions:
    """The suppressions in `text` (a file's decoded text); never raises, whatever the text is."""
    if MARKER not in text:
        return Suppressions(text, (), ())
    from advisor.comments import comments, first_statement

    starts = (0, *(match.end() for match in re.finditer(_LINE_END, text)))
    first = first_statement(text)
    found: list[Suppression] = []
    for start, end in comments(text):
        if text.find(MARKER, start, end) < 0:
            continue
        for match in re.compile(_DIRECTIVE).finditer(text, start, end):
            after = re.compile(_NEXT).search(text, match.end(), end)
            directive = _parsed(match, after.start() if after else end, bisect_right(starts, start), first)
            if directive is not None:
                found.append(directive)
    return Suppressions(text, tuple(found), starts)


def _parsed(match: re.Match[str], end: int, line: int, first_statement: int) -> Suppression | None:
    word = match["word"] or ""
    whole_file = word == "ignore-file"
    error = ""
    if word not in ("ignore", "ignore-file"):
        # Prose after the marker is nobody's mistake; what looks like a suppression is.
        meant = did_you_mean(word, ("ignore", "ignore-file")) if word else ""
        if not meant and not match["bracket"] and word not in ("disable", "noqa", "off", "skip", "skip-file"):
            return None
        error = f"`{word}` is no suppression; write `# dag-advisor: ignore[rule] reason`"
    elif not match["bracket"]:
        error = f"a suppression names its rules: `# dag-advisor: {word}[rule] reason`"
    elif not match["close"]:
        error = "this suppression has no closing bracket: `# dag-advisor: ignore[rule] reason`"
    names: list[tuple[str, int, int]] = []
    if not error:
        offset = match.start("names")
        for piece in match["names"].split(","):
            name = piece.strip()
            if name:
                start = offset + len(piece) - len(piece.lstrip())
                names.append((name, start, start + len(name)))
            offset += len(piece) + 1
        if not names:
            error = f"a suppression names its rules: `# dag-advisor: {word}[rule] reason`"
        elif whole_file and match.start() > first_statement:
            error = "`ignore-file` counts only above the first statement of the file; move it there"
    while end > match.start() and match.string[end - 1] in " \t\f":
        end -= 1
    return Suppression(match.start(), end, line, whole_file, tuple(names), error)
