"""The command fix: mend what the findings allow, or show how; say what changed and what is left."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from advisor import files, runner
from advisor.finding import Finding
from advisor.report import applicability, render
from advisor.report.fixed import Changes, Left, render_text
from advisor.session import Session, manner, order, output, output_bytes, say, shown

if TYPE_CHECKING:
    from advisor.adoption import Adoption
    from advisor.fixer import Fixed
    from advisor.interactive import Asker


def fix(options: Namespace) -> int:
    """`dag-advisor fix`."""
    session = Session(options)
    run = _Run(session)
    found = session.find()
    adoption = session.adoption()
    outcomes = session.check(found)
    if adoption is not None:
        adoption.new(outcomes)
    for outcome in outcomes:
        run.mend(outcome)
    if adoption is not None:
        run.leave_out(adoption)
    if options.diff and not options.output_file and sys.stdout.isatty():
        run.show()
    elif session.stdin is not None or options.diff:
        with output_bytes(options) as out:
            for piece in run.result():
                out.write(piece)
    run.tell(len(found))
    if options.diff:
        return 2 if session.failed else int(bool(run.changes) and not options.exit_zero)
    return session.exit_code([left.finding for left in run.left], lambda finding: bool(options.strict))


class _Run:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.changes: list[Changes] = []
        self.left: list[Left] = []
        self.diffs: list[tuple[str, bytes, bytes]] = []
        self.applied: dict[str, list[Finding]] = {}  # by path
        self.asker: Asker | None = None
        if session.options.interactive:
            from advisor.interactive import Asker

            report = session.report([], 0, manner(session.options, sys.stdout))
            self.asker = Asker(report, unsafe=session.options.unsafe_fixes)

    def mend(self, outcome: runner.Outcome) -> None:
        """Fix one file as far as its findings allow; the file is written unless it is only to be shown."""
        session, path = self.session, outcome.path
        wanted = ("safe", "unsafe") if session.options.unsafe_fixes else ("safe",)
        if outcome.failure or not any(applicability(finding) in wanted for finding in outcome.findings):
            self.left += [Left(finding, self._reason(finding)) for finding in outcome.findings]
            return
        try:
            self._mend(path, outcome)
        except files.CannotWrite as error:
            session.failed = True
            say(f"error: {shown(path)}: not written: {error}")
            self.left += [Left(finding, f"not written: {error}") for finding in outcome.findings]
        except Exception:
            from traceback import format_exc

            session.report_failure(path, format_exc())
            self.left += [Left(finding, "internal error") for finding in outcome.findings]

    def _mend(self, path: str, outcome: runner.Outcome) -> None:
        from advisor import fixer  # imports libcst: only where there is something to mend

        session = self.session
        try:
            data = session.stdin if session.stdin is not None else files.read(path)
        except files.Unreadable as error:  # gone since it was checked
            raise files.CannotWrite(error.message) from None
        context = session.context

        def check(changed: bytes) -> list[Finding]:
            return runner.check_data(changed, path, context)

        unwritten: files.CannotWrite | None = None
        if self.asker is not None:
            fixed, unwritten = self.asker.mend(
                data, shown(path), check, lambda new, old: files.write_atomically(path, new, old)
            )
        else:
            fixed = fixer.fix(data, path, check, unsafe=session.options.unsafe_fixes)
        if fixed.data != data:
            if self.asker is not None:
                pass  # written already, fix by fix
            elif session.stdin is not None or session.options.diff:
                session.changed[path] = fixed.data
                self.diffs.append((shown(path), data, fixed.data))
            else:
                files.write_atomically(path, fixed.data, data)
            self.applied[path] = fixed.applied
            self.changes.append(Changes(shown(path), Counter(finding.rule for finding in fixed.applied)))
        self.left += self._remaining(fixed)
        if unwritten is not None:
            session.failed = True
            say(f"error: {shown(path)}: not written: {unwritten}")

    def _remaining(self, fixed: Fixed) -> Iterator[Left]:
        reasons = dict(fixed.skipped)
        for finding in fixed.remaining:
            yield Left(finding, reasons.get(finding) or self._reason(finding))

    def _reason(self, finding: Finding) -> str:
        """Why a finding stays that the fixer did not even try."""
        kind = applicability(finding)
        if finding.fix is None or kind == "none":
            return "no automatic fix"
        if kind == "display-only":
            return f"to be written by hand: {finding.fix.description}"
        if kind == "unsafe" and not self.session.options.unsafe_fixes:
            caveat = f": {finding.fix.caveat}" if finding.fix.caveat else ""
            return f"unsafe, needs --unsafe-fixes{caveat}"
        return "not applied"

    def leave_out(self, adoption: Adoption) -> None:
        """Leave out what the baseline holds, and take out of the baseline what is mended."""
        session = self.session
        new = {id(finding) for finding in adoption.mended([one.finding for one in self.left], self.applied)}
        self.left = [one for one in self.left if id(one.finding) in new]
        if session.stdin is None and not session.options.diff and not session.failed:
            told = adoption.shrink()
            if told and not session.options.quiet:
                say(told)

    def show(self) -> None:
        """Draw the diffs on the terminal; in a pipe or a file they are bytes, for `patch`."""
        from advisor.report.diff import drawn
        from advisor.report.full import emit

        report = self.session.report([], 0, manner(self.session.options, sys.stdout))
        for path, old, new in self.diffs:
            emit(drawn(path, old, new), report, sys.stdout)
        sys.stdout.flush()

    def result(self) -> Iterator[bytes]:
        """What goes to standard output as bytes: the diff, or the mended stdin."""
        session = self.session
        if session.options.diff:
            from advisor.report.diff import unified

            for path, old, new in self.diffs:
                yield from unified(path, old, new)
        elif session.stdin is not None:
            yield self.diffs[0][2] if self.diffs else session.stdin

    def tell(self, number: int) -> None:
        """Report what changed and what is left: on stdout, or on stderr where stdout holds code or a diff."""
        session, options = self.session, self.session.options
        left = sorted(
            (Left(session.named(one.finding), one.reason) for one in self.left),
            key=lambda one: order(one.finding),
        )
        findings = [one.finding for one in left]
        if options.diff or session.stdin is not None:
            report = session.report(findings, number, manner(options, sys.stderr))
            render_text(report, self.changes, None, sys.stderr, would=options.diff)
            return
        with output(options) as out:
            drawn = manner(options, out)
            report = session.report(findings, number, drawn)
            if options.statistics:
                from advisor.report import statistics

                statistics.render(drawn.format, report, out)
            elif drawn.format in ("full", "concise"):
                render_text(report, self.changes, left, out, would=False)
            else:
                render(drawn.format, report, out)
                render_text(report, self.changes, None, sys.stderr, would=False)
