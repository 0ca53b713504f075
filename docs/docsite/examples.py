"""What our own tool says about a code example, with the imports that the example leaves out."""

from __future__ import annotations

import ast
import builtins
import os
import re
from functools import cache
from pathlib import Path

from advisor import engine, toml
from advisor.catalog.hooks import Hooks
from advisor.catalog.lookup import Catalog
from advisor.config import Settings
from advisor.finding import Finding
from advisor.records import replace
from advisor.target import detect

# Names that examples use without importing them, and that no catalog of operators knows.
_KNOWN = {
    "Asset": "airflow.sdk",
    "AssetWatcher": "airflow.sdk",
    "BaseOperator": "airflow.sdk",
    "BaseHook": "airflow.sdk",
    "BaseSensorOperator": "airflow.sdk",
    "BaseEventTrigger": "airflow.triggers.base",
    "BaseTrigger": "airflow.triggers.base",
    "Connection": "airflow.sdk",
    "DAG": "airflow.sdk",
    "DateTimeTrigger": "airflow.providers.standard.triggers.temporal",
    "PokeReturnValue": "airflow.sdk",
    "TaskDeferred": "airflow.exceptions",
    "TaskGroup": "airflow.sdk",
    "TimeDeltaTrigger": "airflow.providers.standard.triggers.temporal",
    "TriggerEvent": "airflow.triggers.base",
    "Variable": "airflow.sdk",
    "conf": "airflow.configuration",
    "dag": "airflow.sdk",
    "date": "datetime",
    "datetime": "datetime",
    "get_current_context": "airflow.sdk",
    "partial": "functools",
    "sync_to_async": "asgiref.sync",
    "task": "airflow.sdk",
    "task_group": "airflow.sdk",
    "timedelta": "datetime",
    "timezone": "datetime",
}
# fmt: off
_MODULES = frozenset((
    "aiohttp", "airflow", "asyncio", "boto3", "concurrent", "functools", "httpx", "json", "os", "pathlib", "pendulum",
    "random", "requests", "sqlalchemy", "subprocess", "threading", "time", "urllib",
))
# fmt: on


def imports_for(code: str) -> str:
    """Import statements for the names that a piece of code uses and does not bind; unknown names stay unbound."""
    try:
        tree = ast.parse(code)
    except SyntaxError:  # there are examples of that, too
        return "import airflow\n"
    bound = set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - bound
    lines = ["import airflow"]
    for name in sorted(used):
        module = _KNOWN.get(name) or _modules().get(name)
        if module:
            lines.append(f"from {module} import {name}")
        elif name in _MODULES:
            lines.append(f"import {name}")
    return "\n".join(lines) + "\n"


@cache
def _modules() -> dict[str, str]:
    """The module of each class of the catalog and of each hook, by the class's own name."""
    found: dict[str, str] = {}
    for facts in Catalog.load().all():
        module, _, name = facts.name.rpartition(".")
        # Two classes of one name: the one of the standard provider, else the first.
        if name not in found or ".standard." in module:
            found[name] = module
    for hook in Hooks.load().all():
        module, _, name = hook.name.rpartition(".")
        found.setdefault(name, module)
    return found


def findings(code: str, settings: str = "", rule: str = "") -> list[Finding]:
    """What the tool says about an example as a DAG file; of one rule only, where one is named.

    `settings` is TOML (`target-airflow = "2.10"`). Positions count the lines of the example itself.
    """
    prelude = "" if _complete(code) else imports_for(code)
    table = {key.replace("-", "_"): value for key, value in toml.loads(settings).items()}
    if rule:
        table["select"] = (rule,)
    root = Path(os.sep) / "no-project"  # nothing is there: an example has no neighbours
    chosen = replace(Settings(root=root), **table)
    context = engine.prepare(chosen, detect(root, chosen, None, True))
    named = re.search(r'"(\w+(?:\.\w+)+)\.[A-Z]\w*"', code) if "def serialize" in code else None
    path = root / (named[1].replace(".", "/") + ".py" if named else "example.py")
    said = engine.check((prelude + code).encode(), str(path), context)
    shift = prelude.count("\n")
    return [replace(finding, span=replace(finding.span, line=finding.span.line - shift)) for finding in said]


def _complete(code: str) -> bool:
    return bool(re.search(r"^(?:import|from) ", code, re.MULTILINE))
