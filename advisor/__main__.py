"""`python -m advisor`, the same as the command `dag-advisor`."""

from advisor.cli import script

script()
