"""Decides from a class's code whether a bare call, flag off, holds its worker slot for a wait."""

from __future__ import annotations

from advisor.catalog.record import Parameter


def waits_by_default(
    sensor: bool, parameters: tuple[Parameter, ...], switches: tuple[str, ...]
) -> bool | None:
    """True = waits, False = starts something and returns, None = does its own (short) work."""
    if sensor:
        return True
    for parameter in parameters:
        if parameter.name in switches and not parameter.required:
            on = bool(parameter.default)
            return not on if parameter.name == "asynchronous" else on
    return None
