"""The command line's options: one parser a command, help in ruff's manner, errors with a way out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from advisor import __version__
from advisor.config import BASELINE, airflow_version
from advisor.report import FORMATS
from advisor.text import Refusal, did_you_mean, nearest

COMMANDS = {
    "check": "Report where tasks wait badly; write nothing",
    "fix": "Rewrite what can be mended; print what changed and what is left",
    "explain": "Print a rule's page",
    "rules": "List the rules",
    "catalog": "Look into the facts about Airflow's classes",
    "clean": "Remove what earlier runs keep of a project",
    "server": "Serve an editor: findings, fixes and pages while people type",
    "generate-shell-completion": "Print the completion for bash, zsh or fish",
}
USAGE = """\
dag-advisor: advice and fixes for how Airflow tasks wait.

Usage: dag-advisor <COMMAND> [OPTIONS] [PATHS...]

Commands:
{commands}

Options:
  -h, --help     Print help; `dag-advisor <COMMAND> --help` tells a command's options
  -V, --version  Print the version

Exit codes: 0 nothing to report, 1 findings, 2 the work could not be done.
"""


class UsageError(Refusal):
    """A command line that can't be followed; `str()` of it is one clear line."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError with the nearest right option, and prints no screenful."""

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            option = unknown.split()[0].partition("=")[0]
            message = f"unknown option `{option}`{self._hint(option)}"
        raise UsageError(message)

    def _hint(self, option: str) -> str:
        if self.prog.endswith(" check") and option in ("--fix", "--diff", "--unsafe-fixes"):
            return f"; did you mean `dag-advisor fix{'' if option == '--fix' else ' ' + option}`?"
        mine = self.prog.split()[-1]
        for command, make in _PARSERS.items():
            if command != mine and option.startswith("--") and option in make()._option_string_actions:
                return f"; it is an option of `dag-advisor {command}`"
        return did_you_mean(option, [name for name in self._option_string_actions if name.startswith("--")])


def usage() -> str:
    """The text of `dag-advisor --help`."""
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    return USAGE.format(commands=commands)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of a command line (without the program's name); `command` says which command.

    Raises:
        UsageError: with one line for stderr.
        SystemExit: after `--help` and `--version` were answered.
    """
    if arguments[:1] == ["help"] and arguments[1:2] and arguments[1] in COMMANDS:
        arguments = [arguments[1], "--help"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        (sys.stdout if arguments else sys.stderr).write(usage())
        raise SystemExit(0 if arguments else 2)
    name, rest = arguments[0], arguments[1:]
    if name in ("-V", "--version", "version"):
        sys.stdout.write(f"dag-advisor {__version__}\n")
        raise SystemExit(0)
    if name in ("completion", "completions"):  # what other tools call it
        name = "generate-shell-completion"
    if name not in COMMANDS:
        raise UsageError(_unknown_command(name))
    parser = _PARSERS[name]()
    if name == "catalog" and not rest:
        sys.stderr.write(parser.format_help())
        raise SystemExit(2)
    options = parser.parse_intermixed_args(rest)
    options.command = name
    if name in ("check", "fix"):
        _consistent(options)
    elif name == "server":
        _one_configuration(options)
    return options


def _unknown_command(name: str) -> str:
    if name.startswith("-"):
        return f"unknown option `{name}`; options come behind the command: `dag-advisor check {name}`"
    if nearest(name, COMMANDS) is None and (os.path.exists(name) or name.endswith(".py")):
        return f"`{name}` is no command; did you mean `dag-advisor check {name}`?"
    return f"unknown command `{name}`{did_you_mean(name, COMMANDS)}"


def _consistent(options: argparse.Namespace) -> None:
    _one_configuration(options)
    if "-" in options.paths and len(options.paths) > 1:
        raise UsageError("`-` (stdin) can't be checked together with other paths")
    if options.stdin_filename is not None and options.paths not in ([], ["-"]):
        raise UsageError("`--stdin-filename` names what `-` reads; it can't be given together with paths")
    if options.stdin_filename is not None:
        options.paths = ["-"]
    if options.command == "check":
        _consistent_adoption(options)
        if options.watch:
            _consistent_watching(options)
    elif options.interactive:
        _consistent_asking(options)
    if options.statistics and options.output_format not in (None, "full", "concise", "json"):
        raise UsageError(
            f"`--statistics` can be had as full, concise and json, not as {options.output_format}"
        )


def _consistent_adoption(options: argparse.Namespace) -> None:
    writes = [
        name
        for name, given in (
            ("--write-baseline", options.write_baseline),
            ("--add-ignore", options.add_ignore is not None),
        )
        if given
    ]
    if len(writes) > 1:
        raise UsageError("`--write-baseline` and `--add-ignore` can't be given together")
    if writes and options.paths == ["-"]:
        raise UsageError(f"`{writes[0]}` can't be given together with stdin")
    if options.write_baseline and options.isolated:
        raise UsageError("`--isolated` knows no baseline; `--write-baseline` can't be given together with it")
    if options.write_baseline and options.diff_base is not None:
        raise UsageError("`--write-baseline` and `--diff-base` can't be given together")


def _consistent_watching(options: argparse.Namespace) -> None:
    if options.paths == ["-"]:
        raise UsageError("`--watch` looks at files; standard input can't be watched")
    if options.write_baseline or options.add_ignore is not None:
        name = "--write-baseline" if options.write_baseline else "--add-ignore"
        raise UsageError(f"`--watch` and `{name}` can't be given together")
    if options.output_file:
        raise UsageError("`--watch` and `--output-file` can't be given together")
    if options.output_format not in (None, "full", "concise"):
        raise UsageError(f"`--watch` speaks to people: full and concise, not {options.output_format}")


def _consistent_asking(options: argparse.Namespace) -> None:
    if options.diff:
        raise UsageError("`--interactive` and `--diff` can't be given together")
    if options.paths == ["-"]:
        raise UsageError("`--interactive` reads the answers from standard input; it can't be fixed as well")
    if options.output_format not in (None, "full", "concise"):
        raise UsageError(f"`--interactive` speaks to people: full and concise, not {options.output_format}")


def _one_configuration(options: argparse.Namespace) -> None:
    if options.config and options.isolated:
        raise UsageError("`--config` and `--isolated` can't be given together")


def _new(name: str, description: str, epilog: str = "") -> Parser:
    kind = argparse.RawDescriptionHelpFormatter if epilog else argparse.HelpFormatter

    def formatter(prog: str) -> argparse.HelpFormatter:
        return kind(prog, max_help_position=32, width=min(_columns(), 100))

    return Parser(
        prog=f"dag-advisor {name}",
        usage=f"dag-advisor {name} [OPTIONS] {_OPERANDS[name]}".rstrip(),
        description=description,
        epilog=epilog or None,
        allow_abbrev=False,
        formatter_class=formatter,
    )


_OPERANDS = {
    "check": "[PATHS...]",
    "fix": "[PATHS...]",
    "explain": "RULE | --all",
    "rules": "",
    "generate-shell-completion": "bash|zsh|fish",
    "clean": "[PATHS...]",
    "catalog": "show CLASS | search TEXT | export | scan PATHS... | build WHEELS",
    "server": "",
}


def _columns() -> int:
    try:
        return max(int(os.environ.get("COLUMNS") or os.get_terminal_size(sys.stdout.fileno()).columns), 60)
    except (ValueError, OSError):
        return 100


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


class Choice:
    """One of some words, as the type of an argument; what is none of them raises with the nearest."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def __call__(self, text: str) -> str:
        if text in self.choices:
            return text
        hint = did_you_mean(text, self.choices) or f"; choose from {', '.join(self.choices)}"
        raise argparse.ArgumentTypeError(f"there is no `{text}`{hint}")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= 1024:
        raise argparse.ArgumentTypeError(f"`{text}` is no number from 1 to 1024")
    return int(text)


def _version(text: str) -> str:
    try:
        return airflow_version(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _common(parser: Parser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATHS",
        nargs="*",
        help="files or folders, or - for stdin (default: the current folder)",
    )
    rules = parser.add_argument_group("rule selection")
    rules.add_argument(
        "--select",
        type=_names,
        action="extend",
        metavar="NAMES",
        help="rules or groups to run, comma-separated; `dag-advisor rules` lists them (default: all, or the"
        " configuration's)",
    )
    rules.add_argument(
        "--ignore",
        type=_names,
        action="extend",
        metavar="NAMES",
        help="rules or groups to leave out, besides the configuration's (default: none)",
    )
    rules.add_argument(
        "--target-airflow",
        type=_version,
        metavar="X.Y",
        help="the Airflow version the DAGs run on (default: auto, from the configuration or the project)",
    )
    files = parser.add_argument_group("configuration and files")
    files.add_argument("--config", metavar="FILE", help="configuration file (default: the nearest one)")
    files.add_argument(
        "--isolated",
        action="store_true",
        help="read neither configuration nor project files for the target (default: off)",
    )
    files.add_argument(
        "--force-exclude",
        action="store_true",
        help="leave out what the configuration excludes even where it is named; the pre-commit hooks do that"
        " (default: off)",
    )
    files.add_argument(
        "--stdin-filename",
        metavar="FILE",
        help="read stdin as if it were this file; a plain - reads it without a name (default: read PATHS)",
    )
    files.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="processes at most; a run that is too short for them uses one (default: the number of cores)",
    )
    files.add_argument(
        "--no-cache", action="store_true", help="neither read nor write a cache (default: off)"
    )


def _output(parser: Parser) -> None:
    output = parser.add_argument_group("output")
    output.add_argument(
        "--output-format",
        type=Choice(*FORMATS),
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)} (default: full on a terminal, else concise)",
    )
    output.add_argument(
        "--output-file", "-o", metavar="FILE", help="write the report there (default: standard output)"
    )
    output.add_argument(
        "--statistics", action="store_true", help="counts by rule instead of findings (default: off)"
    )
    output.add_argument(
        "--color",
        type=Choice("auto", "always", "never"),
        default="auto",
        metavar="WHEN",
        help="auto, always or never; NO_COLOR is honoured (default: auto)",
    )
    output.add_argument("--quiet", "-q", action="store_true", help="findings only, no summary (default: off)")
    exits = parser.add_argument_group("exit code")
    exits.add_argument("--strict", action="store_true", help=_STRICT[parser.prog.split()[-1]])
    exits.add_argument(
        "--exit-zero", action="store_true", help="exit 0 even with findings (default: off, exit 1)"
    )
    _version_option(parser)


def _adoption(parser: Parser) -> None:
    old = parser.add_argument_group("old findings")
    old.add_argument(
        "--diff-base",
        metavar="REV",
        help="report only what the branch adds: findings that the merge base with this commit or branch does not"
        " have; needs git (default: off)",
    )
    old.add_argument(
        "--write-baseline",
        action="store_true",
        help=f"record all findings in the configuration's baseline (default: {BASELINE}); later runs leave them"
        " out, until their code changes (default: off)",
    )
    old.add_argument(
        "--add-ignore",
        metavar="REASON",
        type=_reason,
        help="write a suppression with this reason on every statement with a finding, and nothing else"
        " (default: off)",
    )


def _reason(text: str) -> str:
    from advisor.text import printable

    reason = text.strip()
    if not reason:
        raise argparse.ArgumentTypeError(
            "say why, in a few words: --add-ignore='until the move to Airflow 3'"
        )
    if printable(reason) != reason or "#" in reason:
        raise argparse.ArgumentTypeError("a reason is one line of text without `#`")
    return reason


_STRICT = {
    "check": "advice counts like warnings: exit 1 (default: off)",
    "fix": "exit 1 when findings remain (default: off)",
}


def _version_option(parser: Parser) -> None:
    parser.add_argument("--version", "-V", action="version", version=f"dag-advisor {__version__}")


def _check() -> Parser:
    parser = _new("check", "Report where tasks wait badly, and write nothing.")
    _common(parser)
    parser.add_argument(
        "--watch",
        "-w",
        action="store_true",
        help="check again whenever a file changes, until Ctrl-C (default: off)",
    )
    _adoption(parser)
    _output(parser)
    return parser


def _fix() -> Parser:
    parser = _new("fix", "Rewrite what can be mended; print what changed and what is left.")
    _common(parser)
    fixes = parser.add_argument_group("fixes")
    fixes.add_argument(
        "--unsafe-fixes",
        action="store_true",
        help="apply fixes, too, that may change what a task does; each says what (default: off)",
    )
    fixes.add_argument(
        "--diff", action="store_true", help="print what would change and write nothing (default: off)"
    )
    fixes.add_argument(
        "--interactive",
        "-i",
        action="store_true",
        help="show each fix with its diff and ask before it is made (default: off)",
    )
    _output(parser)
    parser.set_defaults(diff_base=None, write_baseline=False, add_ignore=None)
    return parser


def _explain() -> Parser:
    parser = _new("explain", "Print a rule's page: what it finds, why it matters, what to write instead.")
    parser.add_argument("rule", metavar="RULE", nargs="?", help="the rule's name")
    parser.add_argument("--all", action="store_true", help="print every page (default: off)")
    _version_option(parser)
    return parser


def _rules() -> Parser:
    parser = _new("rules", "List the rules: severity, fix, and what each finds.")
    parser.add_argument(
        "--output-format",
        type=Choice("full", "json"),
        default="full",
        metavar="FORMAT",
        help="full or json (default: full)",
    )
    _version_option(parser)
    return parser


_VERBS = {
    "show CLASS": "all that is known of an operator, sensor or hook, by any name it has or had",
    "search TEXT": "the classes whose name or provider holds all words of the text, one a line",
    "export": "the whole catalog as JSON",
    "scan PATHS...": "what the classes of projects, environments and wheels can do; nothing is imported",
    "build WHEELS": "extract the catalog from a folder of provider wheels, and print what changed",
}


def _catalog() -> Parser:
    width = max(map(len, _VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {text}" for verb, text in _VERBS.items())
    parser = _new(
        "catalog", "Look into the facts about Airflow's operators and sensors.", f"commands:\n{verbs}\n"
    )
    names = [verb.partition(" ")[0] for verb in _VERBS]
    parser.add_argument(
        "verb", metavar="|".join(names), type=Choice(*names), help="one of the commands below"
    )
    parser.add_argument(
        "arguments", metavar="ARGUMENTS", nargs="*", help="what it is about: a class, a text, or paths"
    )
    parser.add_argument(
        "--output", metavar="FOLDER", help="build: where to write (default: the catalog of this installation)"
    )
    _version_option(parser)
    return parser


def _server() -> Parser:
    parser = _new("server", "Serve an editor on standard input and output (LSP): see docs/editors.md.")
    parser.add_argument("--stdio", action="store_true", help="speak on standard input and output (always so)")
    parser.add_argument(
        "--target-airflow",
        type=_version,
        metavar="X.Y",
        help="the Airflow version the DAGs run on (default: auto, from the configuration or the project)",
    )
    parser.add_argument("--config", metavar="FILE", help="configuration file (default: the nearest one)")
    parser.add_argument(
        "--isolated",
        action="store_true",
        help="read neither configuration nor project files for the target (default: off)",
    )
    _version_option(parser)
    return parser


def _completion() -> Parser:
    parser = _new(
        "generate-shell-completion",
        "Print a script that completes commands, options, rules and classes; for bash, put this into ~/.bashrc:"
        ' eval "$(dag-advisor generate-shell-completion bash)"',
    )
    parser.add_argument(
        "shell", metavar="SHELL", type=Choice("bash", "zsh", "fish"), help="bash, zsh or fish"
    )
    _version_option(parser)
    return parser


def _clean() -> Parser:
    parser = _new(
        "clean",
        "Remove the cache of a project, which `check` and `fix` keep for the next run, and the unfinished files"
        " that a killed `fix` leaves (.dag-advisor-*.tmp).",
    )
    parser.add_argument("paths", nargs="*", metavar="PATHS", help="folders of the project (default: .)")
    parser.add_argument("--config", metavar="FILE", help="configuration file (default: the nearest one)")
    parser.add_argument("--isolated", action="store_true", help="do not read configuration (default: off)")
    _version_option(parser)
    return parser


def parser_of(command: str) -> Parser:
    """The parser of a command, one of COMMANDS."""
    return _PARSERS[command]()


_PARSERS: dict[str, Callable[[], Parser]] = {
    "check": _check,
    "fix": _fix,
    "explain": _explain,
    "rules": _rules,
    "catalog": _catalog,
    "clean": _clean,
    "server": _server,
    "generate-shell-completion": _completion,
}
