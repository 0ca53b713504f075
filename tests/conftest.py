"""Options and helpers that all tests share."""

from __future__ import annotations

import signal

import pytest

# A shell lets what it starts in the background ignore Ctrl-C, and so would every process that a test interrupts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-fixtures",
        action="store_true",
        help="write fixtures/<rule>.fixed.py anew; read the diff before you commit it",
    )
