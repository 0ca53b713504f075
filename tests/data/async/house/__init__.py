# fmt: off
# mypy: ignore-errors
# ruff: noqa
"""The project's own package of helpers, as the DAGs beside it import it."""

from .clients import Ledger, ask_partner
from .clients import ask_partner as ask
