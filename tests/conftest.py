"""Options and helpers that all tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-fixtures",
        action="store_true",
        help="write fixtures/<rule>.fixed.py anew; read the diff before you commit it",
    )
