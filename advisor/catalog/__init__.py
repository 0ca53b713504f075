"""The facts about Airflow's classes: who can defer, since when, on which arguments, and what else changes."""

from __future__ import annotations

from advisor.catalog.lookup import Catalog
from advisor.catalog.record import Alternatives, Caveat, ClassFacts, Condition, Parameter

__all__ = ["Alternatives", "Catalog", "Caveat", "ClassFacts", "Condition", "Parameter"]
