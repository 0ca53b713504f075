"""`check --add-ignore`: write a suppression on each statement with a finding, every other byte kept, and prove it."""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from advisor import engine, files, runner, suppressions, syntax
from advisor.comments import comments
from advisor.decoding import Source, Unreadable, decode, encode
from advisor.finding import Finding
from advisor.records import dataclass, field
from advisor.runner import UNREADABLE
from advisor.suppressions import Suppression

if TYPE_CHECKING:
    from advisor.session import Session
    from advisor.syntax import Tree

_LINE_END = re.compile(r"\r\n|\r|\n")
_MOST_LINES = 50  # of a statement that are tried
# Rules about files and comments: a comment can't silence the one, and shall not silence the other.
NOT_FOR = {
    UNREADABLE: "a file that can't be read takes no suppression",
    suppressions.RULE: "a suppression that does nothing is to be removed: `dag-advisor fix` does it",
}


@dataclass(slots=True)
class Place:
    """A statement to get a suppression: the findings, and the offsets where it could stand, the best first."""

    findings: list[Finding]
    offsets: list[int]
    existing: Suppression | None = None


@dataclass(slots=True)
class Ignored:
    """What became of a file: its new bytes, what is silent now, and what is not, each with a reason."""

    data: bytes
    done: list[Finding] = field(default_factory=list)
    skipped: list[tuple[Finding, str]] = field(default_factory=list)


def add(session: Session, findings: Iterable[Finding], reason: str) -> list[Finding]:
    """Write suppressions for these findings into their files; the findings that stay, each said on stderr."""
    from advisor.session import say, shown
    from advisor.text import counted

    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.path, []).append(finding)
    left: list[Finding] = []
    done = written = 0
    for path, its in sorted(by_path.items()):
        try:
            data = files.read(path)
            ignored = ignore(data, its, reason, _checker(path, session))
            if ignored.data != data:
                files.write_atomically(path, ignored.data, data)
                written += 1
        except (Unreadable, files.CannotWrite) as error:
            if not (isinstance(error, Unreadable) and all(finding.rule == UNREADABLE for finding in its)):
                session.failed = True
                say(f"error: {shown(path)}: not written: {error}")
            left += its
            continue
        done += len(ignored.done)
        for finding, why in ignored.skipped:
            say(f"{shown(path)}:{finding.span.line}: {finding.rule} is not suppressed: {why}")
            left.append(finding)
    session.notes = [f"Suppressed {counted(done, 'finding')} in {counted(written, 'file')}."]
    return left


def _checker(path: str, session: Session) -> Callable[[bytes], list[Finding]]:
    return lambda data: runner.check_data(data, path, session.context)


def ignore(
    data: bytes, findings: Sequence[Finding], reason: str, check: Callable[[bytes], list[Finding]]
) -> Ignored:
    """The file with a suppression for each of these findings, as far as one stands the proof.

    The proof: the program is the same, the findings are gone, and there is no finding that was not there before.

    Raises:
        Unreadable: the bytes are no Python source.
    """
    result = Ignored(data)
    wanted = []
    for finding in findings:
        if finding.rule in NOT_FOR:
            result.skipped.append((finding, NOT_FOR[finding.rule]))
        else:
            wanted.append(finding)
    source = decode(data)
    try:
        if encode(source, source.text) != data:
            raise UnicodeError
        reason.encode(source.encoding)
    except UnicodeError:
        why = f"the file's encoding, {source.encoding}, can't hold it"
        result.skipped += [(finding, why) for finding in wanted]
        return result
    if not wanted:
        return result
    try:
        tree = syntax.parse(source.text)
    except syntax.SyntaxFailure as failure:
        raise Unreadable(failure.message, failure.line, failure.column) from None
    places, homeless = _places(tree, wanted)
    result.skipped += [(finding, "no line of its statement can take a comment") for finding in homeless]
    before = Counter(_key(finding) for finding in check(data))
    good: list[Place] = []

    def stands(some: Sequence[Place]) -> bool:
        trial = _written(source, some, reason)
        if not _same_program(data, trial):
            return False
        after = Counter(_key(finding) for finding in check(trial))
        gone = Counter(_key(finding) for place in some for finding in place.findings)
        return after <= before - gone

    def settle(part: Sequence[Place]) -> None:
        if stands([*good, *part]):
            good.extend(part)
        elif len(part) > 1:
            settle(part[: len(part) // 2])
            settle(part[len(part) // 2 :])
        elif part:
            why = "a comment there does not silence it, or raises another finding"
            result.skipped.extend((finding, why) for finding in part[0].findings)

    settle(places)
    result.data = _written(source, good, reason)
    result.done = [finding for place in good for finding in place.findings]
    return result


def _key(finding: Finding) -> tuple[str, int, int]:
    # Comments at the ends of lines move nothing that a finding points to.
    return finding.rule, finding.span.line, finding.span.column


def _places(tree: Tree, findings: Sequence[Finding]) -> tuple[list[Place], list[Finding]]:
    """The statements with findings, and the findings in whose statement no line can take a comment."""
    text = tree.text
    ends = [match.start() for match in _LINE_END.finditer(text)] + [len(text)]
    lines_of = engine.statement_lines(tree)
    existing = [one for one in suppressions.scan(text).found if not one.whole_file and not one.error]
    by_lines: dict[tuple[int, int], Place] = {}
    for finding in findings:
        first, last = lines_of(finding.span.line)
        place = by_lines.setdefault((first, last), Place([], []))
        place.findings.append(finding)
        if len(place.findings) == 1:
            place.existing = next((one for one in existing if first <= one.line <= last), None)
            lines = [finding.span.line, last, *range(first, min(last, first + _MOST_LINES))]
            place.offsets = [ends[line - 1] for line in dict.fromkeys(lines)]
    free = _free(text, {offset for place in by_lines.values() for offset in place.offsets})
    for place in by_lines.values():
        place.offsets = [offset for offset in place.offsets if offset in free]
    good = [place for place in by_lines.values() if place.existing or place.offsets]
    homeless = [place for place in by_lines.values() if not (place.existing or place.offsets)]
    return good, [finding for place in homeless for finding in place.findings]


def _free(text: str, offsets: Iterable[int]) -> set[int]:
    """Those ends of lines where a comment would be one: not in a string, not behind a backslash."""
    ordered = sorted(offset for offset in offsets if not text[:offset].endswith("\\"))
    # A lone `#` can't end a string, so one look at the text with all of them tells.
    probe, at = [], 0
    for offset in ordered:
        probe += [text[at:offset], "#"]
        at = offset
    spans = comments("".join([*probe, text[at:]]))
    free: set[int] = set()
    index = 0
    for number, offset in enumerate(ordered):
        mark = offset + number
        while index < len(spans) and spans[index][1] <= mark:
            index += 1
        if index < len(spans) and spans[index][0] <= mark:
            free.add(offset)
    return free


def _written(source: Source, places: Iterable[Place], reason: str) -> bytes:
    """The file with the suppressions of these places."""
    text = source.text
    edits = sorted(edit for place in places for edit in _edits(text, place, reason))
    parts, at = [], 0
    for offset, new in edits:
        parts += [text[at:offset], new]
        at = offset
    return encode(source, "".join([*parts, text[at:]]))


def _edits(text: str, place: Place, reason: str) -> Iterator[tuple[int, str]]:
    rules = sorted({finding.rule for finding in place.findings})
    if place.existing is None:
        offset = place.offsets[0]
        blank = "" if text[:offset].endswith("  ") else "  "
        yield offset, f"{blank}# dag-advisor: ignore[{', '.join(rules)}] {reason}"
        return
    end = place.existing.names[-1][2]
    yield end, "".join(f", {rule}" for rule in rules)
    bracket = text.index("]", end) + 1
    if not text[bracket : place.existing.end].strip():  # a suppression that has no reason yet
        yield bracket, f" {reason}"


def _same_program(old: bytes, new: bytes) -> bool:
    """Whether two files are the same to Python; where ours is too old for them, whether the new one parses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.dump(ast.parse(old)) == ast.dump(ast.parse(new))
    except (SyntaxError, ValueError):
        try:
            syntax.parse(decode(new).text)
        except (syntax.SyntaxFailure, Unreadable):
            return False
        return True
    except (RecursionError, MemoryError):
        return True  # too deep for Python's parser, which proves nothing
