"""The commands check and fix: from options to settings, files, findings, a report and an exit code."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TextIO

from advisor import __version__, config, engine, files, runner
from advisor.config import Settings
from advisor.decoding import Unreadable, decode
from advisor.files import Found
from advisor.finding import Finding
from advisor.progress import Progress
from advisor.records import replace
from advisor.report import Report, render, severity_of
from advisor.rule import UnknownRule, discover, select
from advisor.target import Target, TargetError, detect
from advisor.text import Refusal, counted, did_you_mean, printable

if TYPE_CHECKING:
    from advisor.adoption import Adoption
    from advisor.engine import Context
    from advisor.rule import Rule

STDIN = "-"


class Session:
    """What one run of check or fix works with."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.stdin: bytes | None = None
        self.rules: dict[str, Rule] = discover()
        self.settings = self._settings()
        try:
            select(
                self.rules, (), [name for names in self.settings.per_file_ignores.values() for name in names]
            )
            self.target: Target = detect(
                self.settings.root, self.settings, options.target_airflow, options.isolated
            )
            self.context: Context = engine.prepare(
                self.settings, self.target, cache=not options.no_cache, tell=self._tell
            )
        except TargetError as error:
            raise Refusal(str(error)) from None
        except UnknownRule as error:
            where = f" (named in {self.settings.source})" if self.settings.source else ""
            raise Refusal(f"{error}{where}") from None
        self.failed = False
        self.notes: list[str] = []  # sentences for the end of the report
        self.real: dict[str, str] = {}  # paths as opened, by paths as shown
        self.changed: dict[
            str, bytes
        ] = {}  # by path: what a file reads after the fix, where it was not written

    def _tell(self, text: str) -> None:
        if not self.options.quiet and not os.environ.get("CI") and sys.stderr.isatty():
            say(text)

    def _settings(self) -> Settings:
        options = self.options
        explicit = Path(options.config) if options.config else None
        settings = config.load(start(options), explicit, options.isolated)
        settings = config.with_rule_options(settings, self.rules)
        named = options.select or []
        # What the command line asks for by name is not left out by the configuration.
        ignored = [name for name in settings.ignore if name not in named] + (options.ignore or [])
        return replace(settings, select=tuple(named) or settings.select, ignore=tuple(ignored))

    def adoption(self) -> Adoption | None:
        """What leaves old findings out; None in a run with neither baseline nor branch."""
        options = self.options
        path = config.baseline_file(self.settings, options.isolated)
        exists = os.path.lexists(path)
        if self.settings.baseline is not None and not exists and not options.write_baseline:
            say(f"warning: there is no {shown(path)} yet; `dag-advisor check --write-baseline` writes it")
        if not exists and not options.write_baseline and options.diff_base is None:
            return None
        from advisor.adoption import Adoption

        return Adoption(self, path, options.diff_base)

    def find(self) -> list[Found]:
        """The files to look at; paths that don't exist are refused, before anything is done."""
        options = self.options
        if options.paths == [STDIN]:
            self.stdin = sys.stdin.buffer.read()
            return [Found(options.stdin_filename or STDIN)]
        found = list(
            files.find(
                options.paths or ["."],
                exclude=self.settings.exclude,
                root=self.settings.root,
                force_exclude=options.force_exclude,
            )
        )
        missing = [one for one in found if one.missing]
        if missing:
            first, more = missing[0], len(missing) - 1
            beside = f" (nor {'does' if more == 1 else 'do'} {counted(more, 'other path')})" if more else ""
            raise Refusal(f"{first.path}: {first.error}{_sibling(first.path)}{beside}")
        if not found:
            where = ", ".join(options.paths or ["the current folder"])
            besides = " that the configuration does not exclude" if options.force_exclude else ""
            say(f"warning: no Python files{besides} found in {where}")
        return found

    def check(self, found: Sequence[Found]) -> list[runner.Outcome]:
        """The outcome of every file, in the order of their paths."""
        if self.stdin is not None:
            outcomes = [runner.guarded(self.stdin, found[0].path, self.context)]
        else:
            options = self.options
            with closing(
                Progress(len(found), quiet=options.quiet, color=_color(options, sys.stderr))
            ) as progress:
                outcomes = runner.check_all(
                    found,
                    self.context,
                    jobs=options.jobs,
                    advance=progress.advance,
                    remember=not options.no_cache,
                )
        for outcome in outcomes:
            if outcome.failure:
                self.report_failure(outcome.path, outcome.failure)
        return outcomes

    def report_failure(self, path: str, trace: str) -> None:
        """Say that we failed on one file; the run goes on, and ends with exit code 2."""
        self.failed = True
        if os.environ.get("DAG_ADVISOR_DEBUG"):
            sys.stderr.write(printable(trace, keep="\n"))
        last = trace.strip().splitlines()[-1]
        say(
            f"error: {path}: internal error, this file was not checked: {last}\n"
            "please report this with the file; DAG_ADVISOR_DEBUG=1 shows the traceback"
        )

    def tell_notes(self, drawn: Manner) -> None:
        """Say the notes on stderr, where the format has no place for them."""
        if not self.options.quiet and (drawn.format != "full" or self.options.statistics):
            for note in self.notes:
                say(note)

    def named(self, finding: Finding) -> Finding:
        """The finding with its path as shown."""
        name = shown(finding.path)
        self.real[name] = finding.path
        return finding if name == finding.path else replace(finding, path=name)

    def report(self, findings: Sequence[Finding], number: int, drawn: Manner) -> Report:
        """The report over sorted findings with shown paths, in `number` files."""
        return Report(
            findings=findings,
            files=number,
            airflow=".".join(map(str, self.target.airflow or engine.newest_airflow())),
            source=self.target.source,
            tool=f"dag-advisor {__version__}",
            rules=self.rules,
            text_of=lambda name: self.text(self.real.get(name, name)),
            strict=self.options.strict,
            quiet=self.options.quiet,
            color=drawn.color,
            width=drawn.width,
            notes=self.notes,
        )

    def text(self, path: str) -> str | None:
        """The decoded text of a file, as it is after the fixes; None where it can't be read any more."""
        data = self.changed.get(path, self.stdin)
        try:
            if data is None:
                data = files.read(path)
            return decode(data).text
        except Unreadable:  # an excerpt may still show where it is broken
            return None if data is None else data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")

    def exit_code(self, findings: Sequence[Finding], counts: Callable[[Finding], bool]) -> int:
        """2 after a failure, else whether any finding counts."""
        if self.failed:
            return 2
        return int(not self.options.exit_zero and any(counts(finding) for finding in findings))


def check(options: Namespace) -> int:
    """`dag-advisor check`."""
    if options.watch:
        from advisor import watching

        return watching.watch(options, _check)
    return _check(Session(options))


def _check(session: Session) -> int:
    options = session.options
    found = session.find()
    adoption = session.adoption()
    if adoption is None:
        findings = [finding for outcome in session.check(found) for finding in outcome.findings]
    else:
        found = adoption.narrowed(found)
        findings = adoption.new(session.check(found))
        session.notes = adoption.notes
        if options.write_baseline and not session.failed:
            session.notes = [adoption.write()]
            findings = []
    if options.add_ignore is not None:
        from advisor import ignoring

        findings = ignoring.add(session, findings, options.add_ignore)
    with output(options) as out:
        draw(session, findings, len(found), out)
    strict = options.strict
    return session.exit_code(findings, lambda finding: strict or severity_of(finding) != "advice")


def draw(session: Session, findings: Sequence[Finding], number: int, out: TextIO) -> None:
    """Write the report of a check in the format asked for."""
    drawn = manner(session.options, out)
    session.tell_notes(drawn)
    ordered = sorted((session.named(finding) for finding in findings), key=order)
    report = session.report(ordered, number, drawn)
    if session.options.statistics:
        from advisor.report import statistics

        statistics.render(drawn.format, report, out)
    else:
        render(drawn.format, report, out)


class Manner(NamedTuple):
    """How a report is drawn: the format's name, whether to paint, and the width in cells."""

    format: str
    color: bool
    width: int


def manner(options: Namespace, out: TextIO) -> Manner:
    """How to draw on `out`."""
    terminal = out.isatty()
    name = options.output_format or ("full" if terminal else "concise")
    return Manner(name, _color(options, out), _width(out) if terminal else 100)


def _color(options: Namespace, out: TextIO) -> bool:
    if options.color != "auto":
        return bool(options.color == "always")
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or out.isatty()


def _width(out: TextIO) -> int:
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(out.fileno()).columns)
    except (ValueError, OSError):
        columns = 100
    return min(max(columns, 50), 120) if columns > 0 else 100  # some pseudo-terminals say 0


@contextmanager
def output(options: Namespace) -> Iterator[TextIO]:
    """Where the report goes: standard output, or the file of `--output-file`."""
    if not options.output_file:
        yield sys.stdout
        return
    with _opened(options.output_file) as file:
        yield file


@contextmanager
def output_bytes(options: Namespace) -> Iterator[BinaryIO]:
    """Where a diff or mended source goes, byte by byte."""
    if options.output_file:
        with output(options) as file:
            yield file.buffer
    else:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()


def _opened(path: str) -> TextIO:
    try:
        return open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise Refusal(f"{path}: can't be written: {(error.strerror or str(error)).lower()}") from None


def shown(path: str) -> str:
    """A path relative to the working directory, with forward slashes."""
    if path == STDIN:
        return path
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive on Windows
        relative = os.path.abspath(path)
    return relative.replace(os.sep, "/")


def start(options: Namespace) -> Path:
    """The folder from which the configuration is looked for: what holds all the paths."""
    paths = [options.stdin_filename or "."] if options.paths == [STDIN] else options.paths or ["."]
    absolute = [os.path.abspath(path) for path in paths]
    try:
        common = os.path.commonpath(absolute)
    except ValueError:  # several drives on Windows
        return Path.cwd()
    return Path(common if os.path.isdir(common) else os.path.dirname(common))


def order(finding: Finding) -> tuple[object, ...]:
    """The sort key of findings: path, line, column, rule."""
    span = finding.span
    return (
        finding.path,
        span.line,
        span.column,
        finding.rule,
        span.end_line,
        span.end_column,
        finding.message,
    )


def _sibling(path: str) -> str:
    folder, name = os.path.split(path.rstrip("/"))
    try:
        near = did_you_mean(name, os.listdir(folder or "."))
    except OSError:
        return ""
    return near.replace("`", f"`{folder}/", 1) if near and folder else near


def say(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(printable(text, keep="\n") + "\n")
