"""What a run leaves out because it is old: what the baseline has recorded, and what was there before a branch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from advisor import baseline, runner
from advisor.baseline import Entry, Item, Settled
from advisor.content import code_of, print_of
from advisor.files import CannotWrite, Found
from advisor.finding import Finding
from advisor.records import replace
from advisor.runner import UNREADABLE, Outcome
from advisor.text import Refusal, counted

if TYPE_CHECKING:
    from advisor.branch import Branch
    from advisor.session import Session


class Adoption:
    """One run's baseline and branch.

    `check` writes the baseline only when asked to, by `--write-baseline`. `fix` takes out what is mended. What is
    taken out in either way stood in a file that was read (or is gone) and belongs to a rule that ran; the rest stays.

    `path` is the baseline's file, whether it exists or not; "" where none is wanted. `notes` are sentences for the
    end of the report.
    """

    def __init__(self, session: Session, path: str, revision: str | None) -> None:
        self.session = session
        self.path = path
        self.folder = os.path.dirname(os.path.realpath(path))
        self.entries: list[Entry] = baseline.read(path) if path and os.path.lexists(path) else []
        self.branch: Branch | None = None
        if revision is not None:
            from advisor.branch import Branch

            self.branch = Branch(revision, session)
        self.notes: list[str] = []
        self._read: set[str] = set()  # keys of the files that were looked at
        self._broken: set[str] = set()  # those among them of which nothing is known
        self._before: dict[str, list[tuple[Finding, bool]]] = {}
        self._gone: dict[str, bool] = {}
        self._rules: dict[str, frozenset[str]] = {}
        self._all: list[Finding] = []
        self._after: list[Item] = []

    def narrowed(self, found: Sequence[Found]) -> list[Found]:
        """The files that need to be looked at."""
        return list(found) if self.branch is None else self.branch.narrowed(found)

    def new(self, outcomes: Iterable[Outcome]) -> list[Finding]:
        """The findings that are neither older than the branch nor recorded."""
        outcomes = list(outcomes)
        findings = [finding for outcome in outcomes for finding in outcome.findings]
        recorded = {entry.path for entry in self.entries}
        for outcome in outcomes:
            key = self.key(outcome.path)
            self._read.add(key)
            failed = outcome.failure or any(finding.rule == UNREADABLE for finding in outcome.findings)
            told = key not in recorded or self._speaks(key, UNREADABLE)
            if failed or not (told or self._parses(outcome.path)):
                self._broken.add(key)
        settled = self._settled(findings)
        self._all = findings
        for item, known in [(item, True) for item in settled.known] + [(item, False) for item in settled.new]:
            self._before.setdefault(item.finding.path, []).append((item.finding, known))
        self._tell(settled)
        new = [item.finding for item in settled.new]
        return new if self.branch is None else self.branch.added(new)

    def write(self) -> str:
        """Record all findings of the run, besides what it saw nothing of; a sentence that says what was done."""
        settled = self._settled(self._all)
        kept = [entry for entry in settled.left if not self._judged(entry)]
        gone = baseline.number_of(settled.left) - baseline.number_of(kept)
        entries = baseline.merged([*baseline.counted([*settled.new, *settled.known]), *kept])
        existed = os.path.lexists(self.path)
        self._write(entries)
        self.notes = []
        number = baseline.number_of(entries)
        where = f"{counted(number, 'finding')} in {counted(len({entry.path for entry in entries}), 'file')}"
        told = f"{self.name} holds {where if number else 'no findings'}"
        if existed:
            return f"{told} ({len(settled.new):,} added, {gone:,} taken out)"
        if not number:
            return f"{told}: there are none"
        return f"{told}; `check` leaves them out from now on, as long as their code stays as it is"

    def mended(self, left: Iterable[Finding], applied: Mapping[str, Sequence[Finding]]) -> list[Finding]:
        """The findings `left` after fixes that are not recorded; a fix beside one does not make it new.

        `applied` are the mended findings by path, for the files that were rewritten.
        """
        findings = list(left)
        kept = self._carried(findings, applied)
        self.notes = []
        settled = self._settled(finding for finding in findings if id(finding) not in kept)
        self._after = [*settled.known, *self.items(finding for finding in findings if id(finding) in kept)]
        return [item.finding for item in settled.new]

    def shrink(self) -> str:
        """Take out of the baseline what `fix` has mended or found gone; a sentence if there was something."""
        if not self.entries:
            return ""
        held = baseline.counted(self._after)
        settled = baseline.settle(self._after, self.entries, self._moved)
        unjudged = [entry for entry in settled.left if not self._judged(entry)]
        # What was carried over to changed code has taken the place of an entry that would be unjudged otherwise.
        entries = baseline.merged([*held, *unjudged])
        fewer = baseline.number_of(self.entries) - baseline.number_of(entries)
        if entries == self.entries:
            return ""
        self._write(entries)
        if fewer <= 0:
            return ""
        return f"{self.name}: {counted(fewer, 'finding')} taken out, {baseline.number_of(entries):,} still recorded"

    @property
    def name(self) -> str:
        """The baseline's path as shown."""
        from advisor.session import shown

        return shown(self.path)

    def items(self, findings: Iterable[Finding]) -> list[Item]:
        """The findings, in the order of their places, with what they are matched by."""
        return items(findings, self.session, self.key)

    def key(self, path: str) -> str:
        """A path as it stands in the baseline: relative to its folder, with forward slashes."""
        return os.path.relpath(os.path.realpath(path), self.folder).replace(os.sep, "/")

    def _settled(self, findings: Iterable[Finding]) -> Settled:
        return baseline.settle(self.items(findings), self.entries, self._moved)

    def _tell(self, settled: Settled) -> None:
        if not self.entries:
            return
        self.notes.append(f"Baseline: {counted(len(settled.known), 'finding')} of {self.name} left out.")
        stale = baseline.number_of(entry for entry in settled.left if self._judged(entry))
        if stale:
            gone = f"{counted(stale, 'recorded finding')} {'is' if stale == 1 else 'are'} gone"
            remedy = "`dag-advisor check --write-baseline` takes them out"
            if settled.new:
                remedy = (
                    "`dag-advisor fix` takes them out (so does --write-baseline, which records the new ones)"
                )
            self.notes.append(f"{gone}: {remedy.replace('them', 'it') if stale == 1 else remedy}.")

    def _carried(self, findings: Sequence[Finding], applied: Mapping[str, Sequence[Finding]]) -> set[int]:
        """The ids of recorded findings (`id()`) whose code was changed by a fix for another finding."""
        kept: set[int] = set()
        for path, mended in applied.items():
            gone = {(finding.rule, finding.span) for finding in mended}
            before = [pair for pair in self._before.get(path, ()) if (pair[0].rule, pair[0].span) not in gone]
            for rule in {finding.rule for finding, known in before if known}:
                was = sorted(
                    (pair for pair in before if pair[0].rule == rule), key=lambda pair: pair[0].span.start
                )
                now = sorted(
                    (finding for finding in findings if finding.path == path and finding.rule == rule),
                    key=lambda finding: finding.span.start,
                )
                if len(was) == len(now):  # nothing came, nothing else went: they correspond
                    kept |= {id(after) for (_, known), after in zip(was, now, strict=True) if known}
        return kept

    def _judged(self, entry: Entry) -> bool:
        """Whether the run could have met an entry's finding, if it still existed."""
        if entry.rule not in self.session.rules:
            return True
        if not self._speaks(entry.path, entry.rule):
            return False
        if entry.path in self._read:
            return entry.path not in self._broken or entry.rule == UNREADABLE
        return self._is_gone(entry.path) and self._covered(os.path.join(self.folder, entry.path))

    def _speaks(self, key: str, rule: str) -> bool:
        """Whether a rule is enabled in a file."""
        if key not in self._rules:
            rules = runner.context_for(os.path.join(self.folder, key), self.session.context).rules
            self._rules[key] = frozenset(rule.name for rule in rules)
        return rule in self._rules[key]

    def _parses(self, path: str) -> bool:
        from advisor import syntax

        text = self.session.text(path)
        try:
            syntax.verify(text or "")
        except syntax.SyntaxFailure:
            return False
        return text is not None

    def _moved(self, path: str) -> bool:
        return (path in self._read and path not in self._broken) or self._is_gone(path)

    def _is_gone(self, path: str) -> bool:
        if path not in self._gone:
            self._gone[path] = not os.path.lexists(os.path.join(self.folder, path))
        return self._gone[path]

    def _covered(self, path: str) -> bool:
        """Whether a file that is gone would have been looked at."""
        if self.branch is not None:
            return False
        given = [os.path.realpath(one) for one in self.session.options.paths or ["."]]
        path = os.path.realpath(path)
        return any(path == one or path.startswith(os.path.join(one, "")) for one in given)

    def _write(self, entries: Sequence[Entry]) -> None:
        # What is for people only stays as it was written first: diffs are to show what came and went.
        codes = {(entry.path, entry.rule, entry.print): entry.code for entry in self.entries}
        entries = [
            replace(entry, code=codes.get((entry.path, entry.rule, entry.print), entry.code))
            for entry in entries
        ]
        try:
            baseline.write(self.path, entries)
        except CannotWrite as error:
            raise Refusal(f"{self.name}: not written: {error}") from None


def items(findings: Iterable[Finding], session: Session, key: Callable[[str], str]) -> list[Item]:
    """The findings, in the order of their places, with what they are matched by; `key` names their paths."""
    from advisor.session import order

    found: list[Item] = []
    path, name, text = None, "", ""
    for finding in sorted(findings, key=order):
        if finding.path != path:
            path, name, text = finding.path, key(finding.path), session.text(finding.path) or ""
        code = code_of(finding, text)
        found.append(Item(finding, name, print_of(finding, code), code))
    return found
