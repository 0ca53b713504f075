"""The one door to TOML: the standard library's reader, or tomli on Python 3.10."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# Callers catch TomlError; as a ValueError it shares a base class with UnicodeDecodeError (not UTF-8).
if sys.version_info >= (3, 11):
    from tomllib import TOMLDecodeError as TomlError
    from tomllib import loads as _loads
else:
    from tomli import TOMLDecodeError as TomlError
    from tomli import loads as _loads

__all__ = ["TomlError", "load", "loads"]


def loads(text: str) -> dict[str, Any]:
    """The document as plain data; raises TomlError (a ValueError) that names line and column."""
    return _loads(text)


def load(path: str | Path) -> dict[str, Any]:
    """The document at `path`; raises OSError, UnicodeDecodeError (TOML is UTF-8) or TomlError."""
    return _loads(Path(path).read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
