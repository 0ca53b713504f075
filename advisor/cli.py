"""The command line: options in, a report and an exit code out, and no traceback ever."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

# Nothing else is imported here: the commands import what they need, so that start-up stays short.

DEBUG = "DAG_ADVISOR_DEBUG"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 nothing to report, 1 findings, 2 could not do its work."""
    try:
        for stream in (sys.stdout, sys.stderr):
            # What the terminal's encoding lacks, and undecodable file names, are shown as escapes.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        return _silently(130)
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        return _silently(0)
    except Exception as error:
        return _failed(error)


def script() -> NoReturn:
    """The command itself: leaves at once, because taking the interpreter down costs a third of a small run."""
    code = main()
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def _run(arguments: list[str]) -> int:
    from advisor import options

    chosen = options.parse(arguments)
    if chosen.command == "check":
        from advisor import session

        return session.check(chosen)
    if chosen.command == "fix":
        from advisor import mending

        return mending.fix(chosen)
    if chosen.command == "server":
        from advisor.server import command

        return command.serve(chosen)
    if chosen.command == "generate-shell-completion":
        from advisor import completion

        sys.stdout.write(completion.script(chosen.shell))
        return 0
    if chosen.command == "clean":
        from advisor import cleaning

        return cleaning.clean(chosen)
    from advisor import reference

    if chosen.command == "explain":
        return reference.explain(chosen)
    return reference.rules(chosen) if chosen.command == "rules" else reference.catalog(chosen)


def _silently(code: int) -> int:
    # Python flushes stdout once more when it ends; there must be nothing left to complain about.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _failed(error: Exception) -> int:
    from advisor.options import COMMANDS, UsageError
    from advisor.text import Refusal, printable

    hint = ""
    if isinstance(error, UsageError):
        command = next((word for word in sys.argv[1:2] if word in COMMANDS), "")
        hint = f"see `dag-advisor {command + ' ' if command else ''}--help`\n"
    if isinstance(error, Refusal):
        text = str(error)
    elif isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        text = f"{where}{(error.strerror or str(error)).lower()}"
    else:
        text = f"internal error, {type(error).__name__}: {error}\n"
        text += f"please report this; {DEBUG}=1 shows the traceback"
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    with suppress(OSError):
        sys.stderr.write(f"error: {printable(text, keep=chr(10))}\n{hint}")
    return 2


if __name__ == "__main__":
    sys.exit(main())
