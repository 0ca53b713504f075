"""`fix --interactive`: each fix is shown with its reason and its diff, and made only where somebody says yes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from advisor import files, fixer
from advisor.finding import Finding
from advisor.fixer import Check, Fixed, Proven
from advisor.options import UsageError
from advisor.report import Report
from advisor.report.asked import draw

Answer: TypeAlias = Literal["yes", "no", "all", "quit"]

_ANSWERS: tuple[Answer, ...] = ("yes", "no", "all", "quit")
HELP = """\
  y  make this fix
  n  leave this one as it is
  a  make this fix and all that follow, in the other files too
  q  leave this one and all that follow; what was made stays
  ?  print this help
"""
DECLINED, NOT_ASKED = "declined", "not asked about"
_ENDLESS = "its fix calls for another one without end"


class Asker:
    """Asks on the terminal, fix by fix; raises UsageError where there is no terminal to ask on."""

    def __init__(self, report: Report, *, unsafe: bool) -> None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError(
                "`--interactive` asks on a terminal; without one, `--diff` shows what `fix` would do"
            )
        self._report = report
        self._unsafe = unsafe
        self._always = False
        self.stopped = False

    def mend(
        self, data: bytes, path: str, check: Check, write: Callable[[bytes, bytes], None]
    ) -> tuple[Fixed, files.CannotWrite | None]:
        """Go through the fixes of one file, the first first, until each is made or left.

        Every fix is proven as `fix` proves it, and written at once: `write` is given the file's new and old bytes.
        What could not be written any more comes back beside what was done before.
        """
        findings = fixer.remembered(check)
        applied: list[Finding] = []
        left: dict[tuple[str, int], str] = {}  # reasons, by rule and offset
        seen = {data}
        error: files.CannotWrite | None = None
        while error is None:
            wanted, held_back = fixer.bundles(findings(data), self._unsafe)
            if self.stopped:
                rest = [_key(finding) for one in wanted for finding in one]
                left = {**dict.fromkeys(rest, NOT_ASKED), **left}
            bundle = next((one for one in wanted if not all(_key(finding) in left for finding in one)), None)
            if bundle is None:
                break
            outcome = fixer.attempt(data, path, findings, bundle)
            if isinstance(outcome, Proven) and outcome.data in seen:
                outcome = _ENDLESS
            if isinstance(outcome, str):
                left.update((_key(finding), outcome) for finding in bundle)
                continue
            answer = self._answer(path, bundle, data, outcome.data)
            if answer != "yes":
                left.update((_key(finding), DECLINED) for finding in bundle if answer == "no")
                continue
            try:
                write(outcome.data, data)
            except files.CannotWrite as failure:
                error = failure
                continue
            applied += bundle
            left = {(rule, outcome.moved(offset)): reason for (rule, offset), reason in left.items()}
            data = outcome.data
            seen.add(data)
        remaining = findings(data)
        skipped = [(finding, left[_key(finding)]) for finding in remaining if _key(finding) in left]
        told = {id(finding) for finding, _ in skipped}
        skipped += [pair for pair in held_back if id(pair[0]) not in told]
        return Fixed(data, applied, skipped, remaining), error

    def _answer(self, path: str, bundle: Sequence[Finding], old: bytes, new: bytes) -> Answer:
        """Whether to make a fix, "yes" or "no"; or "quit", which is kept in mind."""
        if self._always:
            return "yes"
        draw(path, bundle, old, new, self._report, sys.stdout)
        answer = ask()
        self._always = answer == "all"
        self.stopped = answer == "quit"
        return "yes" if answer == "all" else answer


def ask() -> Answer:
    """The answer of whoever sits at the terminal; the end of the input is "quit"."""
    while True:
        sys.stdout.write("Make this fix [y,n,a,q,?]? ")
        sys.stdout.flush()
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            line = "?\n"
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            raise
        if not line:
            sys.stdout.write("\n")
            return "quit"
        given = line.strip().lower()
        for answer in _ANSWERS:
            if given in (answer, answer[0]):
                return answer
        sys.stdout.write(HELP)


def _key(finding: Finding) -> tuple[str, int]:
    return finding.rule, finding.span.start
