"""One document's text checked, and what its fixes and suppressions would change in it, as plain edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from advisor import runner
from advisor.decoding import Unreadable, decode, saved
from advisor.finding import Finding
from advisor.records import dataclass, field
from advisor.report.diff import changes

if TYPE_CHECKING:
    from advisor.dagfile import DagFile
    from advisor.engine import Context
    from advisor.server.recorded import Recorded

#: start and end offset in the document's text, and what to put there
Replacement: TypeAlias = tuple[int, int, str]

_BOM: Final = "\ufeff"


@dataclass(frozen=True)
class Offer:
    """A fix that stood its proof: the findings that it mends, and the edits of the document."""

    findings: tuple[Finding, ...]
    edits: tuple[Replacement, ...]


@dataclass(frozen=True)
class Checked:
    """The findings of one state of a document, without those that the baseline holds.

    Spans count from behind a byte order mark: `shift` characters.
    """

    state: int
    path: str
    text: str
    data: bytes
    context: Context
    findings: tuple[Finding, ...]
    known: dict[bytes, list[Finding]] = field(default_factory=dict)
    #: what was offered so far, by finding
    offers: dict[Finding, Offer | None] = field(default_factory=dict)
    ignores: dict[Finding, Offer | None] = field(default_factory=dict)
    #: the model, once somebody asked for it (none or one)
    model: list[DagFile] = field(default_factory=list)

    @property
    def shift(self) -> int:
        """How many characters of the document stand before offset 0 of the spans."""
        return int(self.text.startswith(_BOM))

    @property
    def broken(self) -> bool:
        """Whether the text can't be parsed, as it often can't while somebody types."""
        return any(finding.rule == runner.UNREADABLE for finding in self.findings)

    @property
    def mendable(self) -> bool:
        """Whether `fix` would try to mend anything in the file."""
        everything = self.check(self.data)
        return any(finding.fix is not None and finding.fix.applicability == "safe" for finding in everything)

    def check(self, data: bytes) -> list[Finding]:
        """The findings in the document if it read so."""
        if data not in self.known:
            self.known[data] = runner.check_data(data, self.path, self.context)
        return self.known[data]


def checked(text: str, state: int, path: str, context: Context, recorded: Recorded | None = None) -> Checked:
    """Check a document's text as the file would be checked that the editor saves it to."""
    data = saved(text)
    findings = runner.check_data(data, path, context)
    new = recorded.new(findings, path, text.removeprefix(_BOM)) if recorded is not None else findings
    return Checked(state, path, text, data, context, tuple(new), {data: findings})


def offer(document: Checked, finding: Finding) -> Offer | None:
    """What `fix` does about one finding (and those that can only be mended with it); None where it does nothing."""
    if finding not in document.offers:
        found = document.offers[finding] = _offer(document, finding)
        document.offers.update((one, found) for one in (found.findings if found is not None else ()))
    return document.offers[finding]


def _offer(document: Checked, finding: Finding) -> Offer | None:
    fix = finding.fix
    if fix is None or not fix.rewrites or fix.applicability == "display-only":
        return None
    from advisor import fixer  # libcst takes 0.3 s to import

    wanted, _ = fixer.bundles(document.check(document.data), fix.applicability == "unsafe")
    bundle = next((bundle for bundle in wanted if finding in bundle), None)
    if bundle is None:
        return None
    outcome = fixer.attempt(document.data, document.path, document.check, bundle)
    if isinstance(outcome, str):
        return None
    return Offer(tuple(bundle), _edits(document, outcome.data))


def offer_all(document: Checked) -> Offer | None:
    """What `fix` does with the file; None where it does nothing."""
    if not document.mendable:
        return None
    from advisor import fixer

    fixed = fixer.fix(document.data, document.path, document.check, unsafe=False)
    if fixed.data == document.data:
        return None
    return Offer(tuple(fixed.applied), _edits(document, fixed.data))


def offer_ignore(document: Checked, finding: Finding) -> Offer | None:
    """What `check --add-ignore` does about one finding; None where a comment can't silence it."""
    if finding not in document.ignores:
        document.ignores[finding] = _offer_ignore(document, finding)
    return document.ignores[finding]


def _offer_ignore(document: Checked, finding: Finding) -> Offer | None:
    from advisor import ignoring

    try:
        ignored = ignoring.ignore(document.data, [finding], "", document.check)
    except Unreadable:
        return None
    return Offer(tuple(ignored.done), _edits(document, ignored.data)) if ignored.done else None


def _edits(document: Checked, data: bytes) -> tuple[Replacement, ...]:
    """The edits from a document to the file that it shall become."""
    try:
        old, new = decode(document.data).text, decode(data).text
    except Unreadable:
        return ()
    shift = document.shift
    if old != document.text[shift:]:  # characters that the file's own encoding lacks
        return ()
    return tuple((start + shift, end + shift, text) for start, end, text in between(old, new))


def between(old: str, new: str) -> list[Replacement]:
    """The smallest runs of characters to replace, a run a changed block of lines, in order."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts, new_starts = _starts(before), _starts(after)
    found: list[Replacement] = []
    for first, last, new_first, new_last in changes(before, after):
        start, end = starts[first], starts[last]
        text = new[new_starts[new_first] : new_starts[new_last]]
        same = _common(old[start:end], text)
        start, text = start + same, text[same:]
        same = _common(old[start:end][::-1], text[::-1])
        found.append((start, end - same, text[: len(text) - same]))
    return found


def _starts(lines: Sequence[str]) -> list[int]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    return starts


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their start, a CRLF never cut."""
    limit = min(len(one), len(other))
    same = next((at for at in range(limit) if one[at] != other[at]), limit)
    return same - 1 if same and {one[same - 1], one[same : same + 1]} == {"\r", "\n"} else same
