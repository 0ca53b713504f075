"""The JSON schema of the configuration, from the keys that `config` knows and the options that the rules have.

`python -m advisor.schema` prints it; `docs/dag-advisor.schema.json` is that output, and editors read it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.config import BASELINE, KEYS, VERSION
from advisor.report import HOME
from advisor.report.pages import amount
from advisor.rule import Rule, discover

DRAFT = "http://json-schema.org/draft-07/schema#"
ADDRESS = HOME.replace("github.com", "raw.githubusercontent.com") + "/main/docs/dag-advisor.schema.json"
_SELECTORS: dict[str, Any] = {"type": "array", "items": {"$ref": "#/definitions/selector"}}
_PATTERNS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
#: each key's schema but for `rules`; "description" is Markdown and stands in the reference, too
PROPERTIES: dict[str, dict[str, Any]] = {
    "baseline": {
        "type": "string",
        "default": BASELINE,
        "description": "The file of recorded findings, which stay silent: below the configuration's folder and "
        "relative to it.",
    },
    "blocking-calls": {
        "type": "array",
        "items": {"type": "string", "pattern": r"^[^\d\s.]\S*\.\S+$"},
        "default": [],
        "description": "Dotted names of functions and methods that block an event loop, beyond those the catalog "
        "knows, such as `mycorp.client.fetch`.",
    },
    "default-deferrable": {
        "type": "boolean",
        "default": False,
        "description": "What your deployment sets as `[operators] default_deferrable`: with `true`, calls without "
        "the flag defer where their class obeys that setting.",
    },
    "environment": {
        "type": "string",
        "description": "The virtual environment or `site-packages` folder that the DAGs run in, relative to the "
        "configuration's folder: versions and classes are taken from what is installed there. Default: none.",
    },
    "exclude": {
        **_PATTERNS,
        "default": [],
        "description": "Patterns as in `.gitignore`, relative to the configuration's folder: files and folders that "
        "are not read. Files named on the command line always are, unless with `--force-exclude`, which the pre-commit "
        "hooks give.",
    },
    "ignore": {
        **_SELECTORS,
        "default": [],
        "description": "Rules and groups that are left out.",
    },
    "per-file-ignores": {
        "type": "object",
        "additionalProperties": _SELECTORS,
        "default": {},
        "description": "Rules and groups that are left out in some files: patterns as in `.gitignore`, each with a "
        "list. A pattern that starts with `!` counts for every file that the rest of it does not match.",
    },
    "select": {
        **_SELECTORS,
        "default": [],
        "description": "Rules and groups to run; all where the list is empty.",
    },
    "target-airflow": {
        "type": "string",
        "pattern": f"^(auto|{VERSION})$",
        "default": "auto",
        "description": "The Airflow version that the DAGs run on, such as `2.10` or `3.2.1`; `auto` finds it in the "
        "project's files.",
    },
    "triggerer": {
        "type": "boolean",
        "default": True,
        "description": "Whether the deployment runs a triggerer. With `false`, nothing that needs one is proposed.",
    },
}


def schema(rules: Mapping[str, Rule] | None = None) -> dict[str, Any]:
    """The schema (draft 7) of `dag-advisor.toml` and of the table `[tool.dag-advisor]`."""
    found = discover() if rules is None else rules
    described = {key: PROPERTIES.get(key, {}) for key in KEYS if key != "rules"}
    described["rules"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _options(rule) for name, rule in found.items()},
        "description": "A table a rule, with the rule's options.",
    }
    names = {rule.name: rule.doc.title for rule in found.values()}
    names |= {
        group: f"All rules of the group {group}." for group in sorted({r.group for r in found.values()})
    }
    names["ALL"] = "Every rule."
    return {
        "$schema": DRAFT,
        "$id": ADDRESS,
        "title": "dag-advisor",
        "description": "How dag-advisor judges the way in which Airflow tasks wait.",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: described[key] for key in sorted(described)},
        "definitions": {
            "selector": {
                "type": "string",
                "enum": list(names),
                "x-taplo": {"docs": {"enumValues": list(names.values())}},
            }
        },
    }


def _options(rule: Rule) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "description": rule.doc.title,
        "properties": {
            name.replace("_", "-"): _option(default, rule.option_texts[name])
            for name, default in sorted(rule.options.items())
        },
    }


def _option(default: object, text: str) -> dict[str, Any]:
    """One option's schema: the values that `config.with_rule_options` accepts, by the default's type."""
    shape: dict[str, Any] = {"type": "string"}
    if isinstance(default, bool):
        shape = {"type": "boolean"}
    elif isinstance(default, (int, float)):
        shape = {"type": "number", "minimum": 0}
    elif isinstance(default, (tuple, list, frozenset, set)):
        shape, default = dict(_PATTERNS), list(default)
    text = f"{text[:1].upper()}{text[1:]} " if text else ""
    return {**shape, "default": default, "description": f"{text}Default: {amount(default)}."}


def dumps() -> str:
    """The schema as text, ending with a newline."""
    import json

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(dumps().encode())
