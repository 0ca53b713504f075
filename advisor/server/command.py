"""The command server: a language server on standard input and output."""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace
from importlib.util import find_spec

from advisor import config
from advisor.text import Refusal

NEEDED = 'the language server needs pygls: install it with `pip install "dag-advisor[server]"`'


def serve(options: Namespace) -> int:
    """`dag-advisor server`."""
    if find_spec("pygls") is None or find_spec("lsprotocol") is None:
        raise Refusal(NEEDED)
    if options.config:
        from pathlib import Path

        config.load(Path.cwd(), Path(options.config), False)  # refused now, and not in a corner of the editor
    if sys.stdin.isatty():
        sys.stderr.write("this is a language server: editors start it, and speak to it on standard input\n")
    _log()
    from advisor.server.app import App

    return App(options).run()


class _Calm(logging.Formatter):
    """One line a record; tracebacks only where they are asked for."""

    def format(self, record: logging.LogRecord) -> str:
        if os.environ.get("DAG_ADVISOR_DEBUG"):
            return super().format(record)
        error = record.exc_info[1] if record.exc_info else None
        reason = f": {type(error).__name__}: {error}" if error is not None else ""
        first = record.getMessage().partition("\n")[0]  # pygls puts tracebacks into its messages
        return f"{record.levelname.lower()}: {first}{reason}".replace("\n", " ")[:1000]


def _log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Calm())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
