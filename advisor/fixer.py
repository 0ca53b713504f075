"""Apply the fixes of one file's findings and keep what is proven: bytes in, bytes out, nothing written."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from advisor.decoding import Source, Unreadable, decode, encode
from advisor.finding import Finding

if TYPE_CHECKING:
    from advisor.rewrite import Edit

Check: TypeAlias = Callable[[bytes], list[Finding]]

ROUNDS = 10
"""A fix may uncover another one; a file that is not quiet after so many rounds is left as it was."""

_ENCODING = "the file's encoding can't be written back byte for byte"

# Rules that ask for deferral, and rules that ask for the contrary: a fix of one must not raise the other.
_MORE = frozenset({"missing-deferrable", "sync-sensor", "legacy-async-class"})
_LESS = frozenset(
    {
        "short-deferral",
        "conflicting-deferrable",
        "inert-deferrable",
        "unsupported-deferrable",
    }
)


@dataclass(frozen=True, slots=True)
class Fixed:
    """What became of a file.

    `applied` stand where they stood before the round that fixed them, `skipped` (each with a sentence that
    says why) and `remaining` where they stand in `data`. Every skipped finding is among the remaining ones,
    too.
    """

    data: bytes
    applied: list[Finding] = field(default_factory=list)
    skipped: list[tuple[Finding, str]] = field(default_factory=list)
    remaining: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Proven:
    """A file after fixes that stood the proof, and the edits that made it, in terms of the text before them."""

    data: bytes
    edits: Sequence[Edit]

    def moved(self, offset: int) -> int:
        """Where the character that stood at `offset` stands now."""
        return _moved(offset, self.edits)


def remembered(check: Check) -> Check:
    """`check`, which looks at each content once."""
    known: dict[bytes, list[Finding]] = {}

    def findings(content: bytes) -> list[Finding]:
        if content not in known:
            known[content] = check(content)
        return known[content]

    return findings


def attempt(data: bytes, path: str, check: Check, bundle: Sequence[Finding]) -> Proven | str:
    """One of the `bundles` of a file's findings put into effect and proven as `fix` does, or why that can't be."""
    try:
        return _Trial(data, path, check).outcome([bundle])
    except (Unreadable, UnicodeError):
        return _ENCODING


def fix(data: bytes, path: str, check: Check, *, unsafe: bool) -> Fixed:
    """Apply every safe fix (unsafe ones too, if asked) that stands the proof, until nothing more can be done.

    The proof of a fix: the result parses, the finding is gone, there is no new error, and no new finding of
    a rule that proposes the opposite. A second call on the result changes nothing: the last round tried all
    fixes that were left, and none of them stood the proof. Never raises for bad input, which is returned as
    it is.

    `path` is the file's name, for messages only.
    """
    findings = remembered(check)
    applied: list[Finding] = []
    now, seen = data, {data}
    for _ in range(ROUNDS):
        step = _round(now, path, findings, unsafe)
        if step.data == now:
            return Fixed(now, applied, step.skipped, findings(now))
        if step.data in seen:
            break
        applied += step.applied
        now = step.data
        seen.add(now)
    unsettled = "its fix calls for another one without end, so the file was left as it is"
    wanted, skipped = bundles(findings(data), unsafe)
    return Fixed(
        data,
        [],
        [*skipped, *((finding, unsettled) for bundle in wanted for finding in bundle)],
        findings(data),
    )


def _round(data: bytes, path: str, findings: Check, unsafe: bool) -> Fixed:
    """One try of everything that could be fixed."""
    wanted, skipped = bundles(findings(data), unsafe)
    if not wanted:
        return Fixed(data, skipped=skipped)
    try:
        trial = _Trial(data, path, findings)
    except (Unreadable, UnicodeError):
        skipped += [(finding, _ENCODING) for bundle in wanted for finding in bundle]
        return Fixed(data, skipped=skipped)

    good: list[list[Finding]] = []
    result = data

    def settle(part: list[list[Finding]]) -> None:
        nonlocal result
        outcome = trial.outcome([*good, *part])
        if isinstance(outcome, Proven):
            good.extend(part)
            result = outcome.data
        elif len(part) == 1:
            skipped.extend((finding, outcome) for finding in part[0])
        else:
            middle = len(part) // 2
            settle(part[:middle])
            settle(part[middle:])

    settle(wanted)
    return Fixed(result, [finding for bundle in good for finding in bundle], sorted(skipped, key=_place))


def _place(skipped: tuple[Finding, str]) -> tuple[int, int, str]:
    return skipped[0].span.start, skipped[0].span.end, skipped[0].rule


def bundles(
    findings: Sequence[Finding], unsafe: bool
) -> tuple[list[list[Finding]], list[tuple[Finding, str]]]:
    """What may be fixed, in the order of the text, each entry to be fixed as a whole; and what its group holds back."""
    found: list[list[Finding]] = []
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.fix is None:
            continue
        if finding.fix.group:
            groups.setdefault(finding.fix.group, []).append(finding)
        elif _may(finding, unsafe):
            found.append([finding])
    skipped: list[tuple[Finding, str]] = []
    for members in groups.values():
        allowed = [finding for finding in members if _may(finding, unsafe)]
        size = max(finding.fix.group_size for finding in members if finding.fix)
        if len(allowed) == len(members) >= size:
            found.append(members)
        elif allowed:
            reason = _held_back(members, size, unsafe)
            skipped += [(finding, reason) for finding in allowed]
    found.sort(key=lambda bundle: min(finding.span.start for finding in bundle))
    return found, skipped


def _may(finding: Finding, unsafe: bool) -> bool:
    fix = finding.fix
    if fix is None or not fix.rewrites:
        return False
    return fix.applicability == "safe" or (unsafe and fix.applicability == "unsafe")


def _held_back(members: Sequence[Finding], size: int, unsafe: bool) -> str:
    others = [finding for finding in members if not _may(finding, unsafe)]
    lines = ", ".join(str(finding.span.line) for finding in others)
    together = (
        f"it can only be fixed together with the other {size - 1} uses of the same name"
        if size > 2
        else ("it can only be fixed together with the other use of the same name")
    )
    if not others:
        missing = size - len(members)
        verb = "is" if missing == 1 else "are"
        return f"{together}, and {missing} of them {verb} suppressed or can't be fixed"
    place = f"line{'s' if len(others) > 1 else ''} {lines}"
    if any(finding.fix is None or finding.fix.applicability != "unsafe" for finding in others):
        return f"{together}, and {place} can't be fixed"
    return f"{together}, and {place} would need an unsafe fix (--unsafe-fixes)"


class _Trial:
    """Tries bundles of fixes on one state of a file."""

    def __init__(self, data: bytes, path: str, findings: Check) -> None:
        self._source: Source = decode(data)
        if encode(self._source, self._source.text) != data:
            raise Unreadable("the encoding is ambiguous")
        self._data = data
        self._path = path
        self._findings = findings
        self._parsed = _parsed_by(data)

    def outcome(self, chosen_bundles: Sequence[Sequence[Finding]]) -> Proven | str:
        """The file with these fixes, or why they can't be made."""
        from advisor import rewrite  # libcst takes 0.3 s to import: not before there is something to fix

        chosen = [finding for bundle in chosen_bundles for finding in bundle]
        rewrites = [wanted for finding in chosen if finding.fix for wanted in finding.fix.rewrites]
        try:
            changes = rewrite.edits(self._source.text, rewrites)
            data = encode(self._source, rewrite.splice(self._source.text, changes))
        except rewrite.CannotRewrite as error:
            return error.reason
        except UnicodeEncodeError:
            return f"the fix needs a character that the file's encoding, {self._source.encoding}, lacks"
        if data == self._data:
            return "the fix would change nothing"
        if _parsed_by(data) < self._parsed:
            return "the fixed file would not parse"
        return self._regression(chosen, changes, data) or Proven(data, changes)

    def _regression(self, chosen: Sequence[Finding], changes: Sequence[Edit], data: bytes) -> str:
        """What speaks against the fixes in the findings after them, "" if nothing does."""
        after = self._findings(data)
        places = {(finding.rule, finding.span.start) for finding in after}
        before = {
            (finding.rule, _moved(finding.span.start, changes)) for finding in self._findings(self._data)
        }
        for finding in chosen:
            if (finding.rule, _moved(finding.span.start, changes)) in places:
                return "the finding would still be there after its fix"
        opposite: set[str] = set()
        for finding in chosen:
            opposite |= _LESS if finding.rule in _MORE else _MORE if finding.rule in _LESS else set()
        for finding in after:
            if (finding.rule, finding.span.start) in before:
                continue
            if finding.rule in opposite:
                return f"the fix would call for its opposite ({finding.rule} in line {finding.span.line})"
            if finding.severity == "error":
                return f"the fix would bring a new error ({finding.rule} in line {finding.span.line})"
        return ""


def _moved(offset: int, changes: Sequence[Edit]) -> int:
    """Where the character at `offset` stands after `changes`."""
    shift = 0
    for edit in changes:
        if edit.end > offset or (edit.start == offset and edit.end > edit.start):
            break
        shift += len(edit.new) - (edit.end - edit.start)
    return offset + shift


def _parsed_by(data: bytes) -> int:
    """Who makes sense of a file: 2 the running Python, 1 ast-grep alone (the code is newer than Python), 0 none.

    Compiled and never run: that `await` stands where none may, in the body of a class, a parser alone does not tell.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, "<fixed>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        pass
    except (RecursionError, MemoryError):
        return 1  # too deep for Python's own parser, which proves nothing
    else:
        return 2
    from advisor import syntax

    try:
        syntax.parse(decode(data).text)
    except (syntax.SyntaxFailure, Unreadable):
        return 0
    return 1
