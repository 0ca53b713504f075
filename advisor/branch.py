"""What a branch adds: the findings of the files that it changed, less those that their old versions have."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from advisor import baseline, git, runner
from advisor.adoption import items
from advisor.baseline import Entry, Item
from advisor.content import code_of, print_of
from advisor.decoding import Unreadable, decode
from advisor.finding import Finding
from advisor.git import GitError
from advisor.records import dataclass
from advisor.report.diff import changes
from advisor.session import start
from advisor.text import Refusal, printable

if TYPE_CHECKING:
    from advisor.files import Found
    from advisor.session import Session


_PARTIAL = "`--diff-base`: this is a partial clone without the old texts; fetch them (`git fetch --refetch`)"


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that the branch changed: its path now and at the base (absolute, "" for none), and its old blob."""

    now: str
    then: str
    blob: str


class Branch:
    """The work tree against the merge base of HEAD and a revision, untracked files included.

    Old versions are checked with the project as it is now, and matched as a baseline is: by content, so that code
    that moved is not new, and code in a changed line is, unless only its formatting changed.

    Raises:
        Refusal: no git repository, an unknown revision, or no common commit.
    """

    def __init__(self, revision: str, session: Session) -> None:
        self.session = session
        self.folder = _top(start(session.options))
        self.base = self._base(revision)
        self._changed = {one.now or one.then: one for one in self._changes()}
        self._tracked: set[str] | None = None

    def narrowed(self, found: Sequence[Found]) -> list[Found]:
        """The files that the branch changed or made."""
        kept = []
        for one in found:
            path = os.path.realpath(one.path)
            if path in self._changed or path not in self._known():
                kept.append(one)
        return kept

    def added(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings that the base does not have."""
        own = {os.path.realpath(finding.path) for finding in findings}
        olds = {one.then: one.blob for path, one in self._changed.items() if one.then and path in own}
        found = items(findings, self.session, os.path.realpath)
        settled = baseline.settle(found, self._entries(olds), lambda path: True, self._is_fresh(olds))
        if settled.new:
            # What is new here may have come from another file.
            rest = [
                one for one in self._changed.values() if one.then.endswith(".py") and one.then not in olds
            ]
            others = {one.then: one.blob for one in rest}
            if others:
                settled = baseline.settle(settled.new, self._entries(others), lambda path: True)
        return [item.finding for item in settled.new]

    def _entries(self, olds: dict[str, str]) -> list[Entry]:
        """The findings of old versions, by their paths at the base, as entries."""
        data = self._blobs(sorted(set(olds.values())))
        found: list[Item] = []
        for path, blob in sorted(olds.items()):
            old = data.get(blob)
            if old is None:
                raise Refusal(_PARTIAL)
            outcome = runner.guarded(old, os.path.relpath(path), self.session.context)
            text = _text(old) if outcome.findings else ""
            for finding in outcome.findings:
                code = code_of(finding, text)
                found.append(Item(finding, path, print_of(finding, code), code))
        return baseline.counted(found)

    def _is_fresh(self, olds: dict[str, str]) -> Callable[[Item], bool]:
        """Whether an item stands in changed lines: of equal findings, those are the new ones."""
        lines: dict[str, set[int]] = {}

        def fresh(item: Item) -> bool:
            one = self._changed.get(item.path)
            if one is None or not one.then:
                return True
            if item.path not in lines:
                old = self._blobs([one.blob]).get(one.blob, b"")
                now = self.session.text(item.finding.path) or ""
                before, after = ([line.encode() for line in _lines(text)] for text in (_text(old), now))
                lines[item.path] = {
                    number + 1 for _, _, start, end in changes(before, after) for number in range(start, end)
                }
            span = item.finding.span
            return any(number in lines[item.path] for number in range(span.line, span.end_line + 1))

        return fresh

    def _base(self, revision: str) -> str:
        try:
            if revision.startswith("-") or not revision.strip() or "\0" in revision:
                raise GitError("")
            wanted = _line(git.run(self.folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"))
        except GitError as error:
            if error.args[0].startswith("git "):
                raise
            shown = printable(revision)
            raise Refusal(
                f"`--diff-base`: there is no commit `{shown}` in this repository{self._hint()}"
            ) from None
        try:
            git.run(self.folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        except GitError:
            raise Refusal("`--diff-base`: this repository's HEAD has no commit yet") from None
        try:
            return _line(git.run(self.folder, "merge-base", wanted, "HEAD"))
        except GitError as error:
            told = error.args[0] or f"HEAD and `{printable(revision)}` have no common commit{self._hint()}"
            raise Refusal(f"`--diff-base`: {told}") from None

    def _git(self, *arguments: str) -> bytes:
        try:
            return git.run(self.folder, *arguments)
        except GitError as error:
            raise _explained(error) from None

    def _blobs(self, names: list[str]) -> dict[str, bytes]:
        try:
            return git.blobs(self.folder, names)
        except GitError as error:
            raise _explained(error) from None

    def _hint(self) -> str:
        """What helps where history is missing, as in most CI checkouts."""
        if _line(git.run(self.folder, "rev-parse", "--is-shallow-repository")) != "true":
            return ""
        return (
            "; it is a shallow clone: fetch all history (`git fetch --unshallow`, or `fetch-depth: 0` in CI)"
        )

    def _changes(self) -> Iterable[Changed]:
        form = (
            "--raw",
            "-z",
            "--no-abbrev",
            "-M",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=all",
        )
        words = self._git("diff", *form, self.base, "--").decode("utf-8", "surrogateescape").split("\0")
        at = 0
        while at < len(words) and words[at].startswith(":"):
            mode, _, blob, _, status = words[at][1:].split(" ")
            paths = words[at + 1 : at + (3 if status[0] in "RC" else 2)]
            at += 1 + len(paths)
            old = os.path.join(self.folder, paths[0])
            now = "" if status == "D" else os.path.join(self.folder, paths[-1])
            if status == "U":  # in conflict: listed a second time with its blob
                continue
            known = mode.startswith("100") and blob != "0" * len(blob)
            yield Changed(now, old if known else "", blob if known else "")

    def _known(self) -> set[str]:
        """What git tracks, as absolute paths."""
        if self._tracked is None:
            listed = self._git("ls-files", "-z").decode("utf-8", "surrogateescape").split("\0")
            self._tracked = {os.path.join(self.folder, name) for name in listed if name}
        return self._tracked


def _top(folder: Path) -> str:
    try:
        return os.path.realpath(_line(git.run(str(folder), "rev-parse", "--show-toplevel")))
    except GitError as error:
        told = error.args[0]
        if "not a git repository" in told:
            told = "this needs a git repository, and there is none here"
        raise Refusal(f"`--diff-base`: {told}") from None
    except OSError:
        raise Refusal(f"`--diff-base`: {folder}: there is no such folder") from None


def _explained(error: GitError) -> Refusal:
    return Refusal(_PARTIAL if "promisor" in error.args[0] else f"`--diff-base`: {error.args[0]}")


def _line(out: bytes) -> str:
    return out.decode("utf-8", "surrogateescape").rstrip("\n")


def _text(data: bytes) -> str:
    try:
        return decode(data).text
    except Unreadable:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", text)
