"""Old dotted names of operators, sensors and transfers, and what they are called in the newest provider.

`collect` returns {old name: {"name": today's name, "era": where the old name comes from}}, sorted. The eras:

    "1.10"      a path of Airflow 1.10 (2.x kept it as a deprecated one): to be known, never to be fixed
    "contrib"   below airflow.contrib: to be known, never to be fixed
    "core"      a path of Airflow 2 core; the class moved to a provider or to the task SDK
    "provider"  an old module or class name of a provider
    "re-export" another name for the same class today (`airflow.sdk.BaseSensorOperator`)

An old class counts as today's only where some release says so: by a table of deprecated names, by a
deprecated module that imports the class, or by a deprecated subclass that adds nothing. Everything else
stays unknown, except the few names in the hand-checked notes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

from advisor.catalog.history_tree import Function, Tree, function

Era: TypeAlias = Literal["1.10", "contrib", "core", "provider", "re-export"]
Edges: TypeAlias = dict[str, str]

ROOMS = frozenset({"operators", "sensors", "transfers"})
_ROOTS = frozenset({"BaseOperator", "BaseSensorOperator", "BaseAsyncOperator", "MappedOperator"})


def of_release(tree: Tree) -> Edges:
    """What one release says about its own old names: {old: newer}, one step each."""
    found: Edges = {}
    for module in tree.modules():
        parts = module.split(".")
        if not ROOMS & set(parts) and module != "airflow.sdk":
            continue
        for old, new in [*_moved(tree, module), *_shim(tree, module), *_thin(tree, module)]:
            found.setdefault(old, new)
    return found


def defined(tree: Tree) -> set[str]:
    """Classes that core itself defines in `airflow.operators|sensors`, deprecated modules left out."""
    return {
        f"{module}.{name}"
        for module in tree.modules()
        if module.startswith(("airflow.operators.", "airflow.sensors."))
        and not _deprecated_module(tree.parse(module) or ast.Module(body=[], type_ignores=[]))
        for name in tree.classes(module)
        if not name.startswith("_")
    }


def of_first_release(tree: Tree) -> Edges:
    """Names of Airflow 1.10: classes of modules (themselves), and names that packages list."""
    found: Edges = {}
    for module in tree.modules():
        if ROOMS & set(module.split(".")):
            for name in tree.classes(module):
                found.setdefault(f"{module}.{name}", f"{module}.{name}")
            for name, listed in _tables(tree, module):
                for item in listed if isinstance(listed, list) else []:
                    found.setdefault(f"{module}.{item}", f"{module}.{name}.{item}")
    return found


def collect(
    newest: Tree,
    steps: Iterable[Edges],
    first: Edges,
    native: set[str],
    notes: Edges,
) -> dict[str, dict[str, str]]:
    """Follow every old name to a class of the newest wheels; names that lead nowhere are left out.

    `steps`: `of_release` of each release, newest first, the first to name an old name wins. `first`:
    `of_first_release`. `native`: `defined` of the releases of core 2. `notes`: hand-checked steps.
    """
    edges: Edges = dict(notes)
    for step in steps:
        for old, new in step.items():
            edges.setdefault(old, new)
    ancient = dict(first)
    found: dict[str, dict[str, str]] = {}
    modules_of_1_10 = {old.rpartition(".")[0] for old in first} - {old.rpartition(".")[0] for old in native}
    for old in sorted({*edges, *first, *native}):
        if newest.resolve(old) == old and newest.find(old) is not None:
            continue  # It is the name of a class today, whatever it was before.
        target = follow(newest, edges, ancient.get(old, old))
        if target is not None and is_task(newest, target):
            found[old] = {"name": target, "era": _era(old, old in native, modules_of_1_10, newest)}
    return found


def follow(newest: Tree, edges: Edges, name: str) -> str | None:
    """Today's name, by any number of steps; None where they end at a class that is gone."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        resolved = newest.resolve(name)
        if newest.find(resolved) is not None:
            return resolved
        name = edges.get(name, name)
    return None


def is_task(newest: Tree, dotted: str) -> bool:
    """Whether the class can be a task: some base, here or out of sight, is a base operator of Airflow."""
    if dotted.rpartition(".")[2] in _ROOTS:
        return True
    return any(
        base.rpartition(".")[2] in _ROOTS
        for module, node in newest.lineage(dotted)
        for base in newest.bases(module, node)
    )


def _era(old: str, native: bool, modules_of_1_10: set[str], newest: Tree) -> Era:
    module = old.rpartition(".")[0]
    if old.startswith("airflow.contrib."):
        return "contrib"
    if native:
        return "core"
    if newest.resolve(old) != old and not old.startswith(("airflow.operators", "airflow.sensors")):
        return "re-export"
    if old.startswith("airflow.providers."):
        return "provider"
    if module in modules_of_1_10 or module in {"airflow.operators", "airflow.sensors"}:
        return "1.10"
    return "core"


def _tables(tree: Tree, module: str) -> Iterator[tuple[str, Any]]:
    """(key, value) of every dict of plain literals that a package's `__init__` assigns."""
    parsed = tree.parse(module) if tree.package(module) else None
    for node in parsed.body if parsed else []:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            try:
                table = ast.literal_eval(node.value)
            except ValueError:
                continue
            yield from ((str(key), value) for key, value in table.items())


def _moved(tree: Tree, module: str) -> Iterator[tuple[str, str]]:
    """`__deprecated_classes = {"bash_operator": {"BashOperator": "airflow.operators.bash.BashOperator"}}`,
    and the task SDK's `{"BaseSensorOperator": ".bases.sensor"}`."""
    for key, value in _tables(tree, module):
        if isinstance(value, dict):
            yield from ((f"{module}.{key}.{name}", str(target)) for name, target in value.items())
        elif isinstance(value, str) and value.startswith("."):
            yield f"{module}.{key}", f"{module}{value}.{key}"


def _shim(tree: Tree, module: str) -> Iterator[tuple[str, str]]:
    """A deprecated module that imports its classes from where they live now."""
    parsed = tree.parse(module)
    if parsed is None or not _deprecated_module(parsed):
        return
    own = tree.classes(module)
    for name, target in tree.names(module).items():
        if name == "*":
            for other in tree.classes(target.removesuffix(".*")):
                yield f"{module}.{other}", target.removesuffix("*") + other
        elif name not in own and name not in _ROOTS and name[:1].isupper() and ROOMS & set(target.split(".")):
            yield f"{module}.{name}", target


def _deprecated_module(tree: ast.Module) -> bool:
    if "deprecated" in (ast.get_docstring(tree) or "").lower():
        return True
    return any(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_warning(node.value)
        for node in tree.body
    )


def _thin(tree: Tree, module: str) -> Iterator[tuple[str, str]]:
    """A deprecated subclass that adds nothing, and `OldName = NewName`."""
    own = tree.classes(module)
    for name, node in own.items():
        if len(node.bases) == 1 and _adds_nothing(node):
            base = tree.bases(module, node)[0]
            if _says_deprecated(node) or base.rpartition(".")[2] == name:
                yield f"{module}.{name}", base
    parsed = tree.parse(module)
    for item in parsed.body if parsed else []:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Name) and item.value.id in own:
            for target in item.targets:
                if isinstance(target, ast.Name):
                    yield f"{module}.{target.id}", f"{module}.{item.value.id}"


def _says_deprecated(node: ast.ClassDef) -> bool:
    if any("deprecated" in ast.unparse(decorator).lower() for decorator in node.decorator_list):
        return True
    init = function(node, "__init__")
    warned = init is not None and any(isinstance(n, ast.Call) and _is_warning(n) for n in ast.walk(init))
    return warned or "deprecated" in (ast.get_docstring(node) or "").lower()


def _adds_nothing(node: ast.ClassDef) -> bool:
    """Only docstrings, colours, warnings and a constructor that hands `*args, **kwargs` on as they are."""
    for item in node.body:
        if isinstance(item, ast.Pass) or (
            isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)
        ):
            continue
        if isinstance(item, ast.Assign | ast.AnnAssign):
            target = item.targets[0] if isinstance(item, ast.Assign) else item.target
            if isinstance(target, ast.Name) and target.id in {"ui_color", "ui_fgcolor", "__doc__"}:
                continue
            return False
        if not isinstance(item, ast.FunctionDef) or item.name != "__init__" or not _hands_on(item):
            return False
    return True


def _hands_on(init: Function) -> bool:
    arguments = init.args
    if len(arguments.args) > 1 or arguments.kwonlyargs or arguments.posonlyargs or arguments.kwarg is None:
        return False
    for item in init.body:
        call = item.value if isinstance(item, ast.Expr | ast.Return) else None
        if isinstance(call, ast.Constant):
            continue
        if not isinstance(call, ast.Call):
            return False
        if _is_warning(call):
            continue
        plain = all(isinstance(arg, ast.Starred) for arg in call.args) and all(
            keyword.arg is None for keyword in call.keywords
        )
        if not ast.unparse(call.func).startswith("super(") or not plain:
            return False
    return True


def _is_warning(call: ast.Call) -> bool:
    return ast.unparse(call.func) in {"warnings.warn", "warn", "deprecated_class_warning"}
