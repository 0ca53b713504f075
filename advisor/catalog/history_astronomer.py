"""What replaces each class of astronomer-providers: read from its wheel and the newest ones, notes on top.

`read` returns one record per class that Airflow can run (55 in 1.19.4), sorted by name:

    {"name": dotted name, "base": the Airflow class it derives from, in its newest place,
     "deprecated": bool, "said_replacement": what the package itself names (wrong for six), or null,
     "replacement": dotted name in the newest provider, or null where no Airflow class does this,
     "renamed_parameters": {old: new},
     "implied_arguments": {argument of the replacement: the value the old class gave it by itself},
     "dropped_parameters": arguments of the old class that the replacement does not take: a call that
                           passes one can't be rewritten by renaming,
     "equal": whether every call has the same outcome (null without a replacement),
     "differs": one sentence where not (else ""),
     "differs_when": the calls it concerns, as alternatives of conditions on their arguments,
     "note": one sentence worth knowing that is no reason to hold a fix back,
     "source", "replacement_source": "path/in/wheel.py:LINE"}

The replacement is always called with `deferrable=True`. `equal` supposes that the implied arguments are
written out where the call passes neither the old nor the new name; left out, a poll interval only changes how
often it looks.
"""

from __future__ import annotations

import ast
from typing import Any

from advisor.catalog.history_tree import Tree, function, parameters

Record = dict[str, Any]


def read(astronomer: Tree, newest: Tree, moved: dict[str, str], notes: dict[str, Record]) -> list[Record]:
    """Every record. `moved` maps old dotted names of Airflow classes to today's; `notes` come by simple name.

    Raises LookupError for a replacement, a renamed parameter or a noted class that does not exist.
    """
    found = []
    for module in astronomer.modules():
        if not {"operators", "sensors"} & set(module.split(".")):
            continue
        for name, node in astronomer.classes(module).items():
            base = _base(astronomer, module, node)
            if base.rpartition(".")[2].endswith(("Operator", "Sensor")):
                found.append(_record(astronomer, newest, module, node, moved.get(base, base)))
                _overlay(found[-1], notes.get(name, {}))
                _verify(found[-1], newest)
    unknown = set(notes) - {record["name"].rpartition(".")[2] for record in found}
    if unknown:
        raise LookupError(f"notes about classes that are not there: {', '.join(sorted(unknown))}")
    return sorted(found, key=lambda record: str(record["name"]))


def _base(tree: Tree, module: str, node: ast.ClassDef) -> str:
    """The first Airflow class up the line of first bases."""
    while True:
        # With two imports of one name (`try`/`except ImportError`), the first is the one that is meant.
        bases = tree.bases(module, node)
        hit = tree.find(bases[0]) if bases else None
        if hit is None:
            return bases[0] if bases else ""
        module, node = hit


def _record(astronomer: Tree, newest: Tree, module: str, node: ast.ClassDef, base: str) -> Record:
    said = _said(node)
    replacement: str | None = None
    if said is not None:
        wanted = said.rpartition(".")[2]
        replacement = newest.resolve(base) if base.rpartition(".")[2] == wanted else newest.resolve(said)
    accepted = _accepted(newest, replacement) if replacement else {}
    renamed, implied = _changes(node, accepted)
    return {
        "name": f"{module}.{node.name}",
        "base": newest.resolve(base),
        "deprecated": said is not None,
        "said_replacement": said,
        "replacement": replacement,
        "renamed_parameters": renamed,
        "implied_arguments": implied,
        "dropped_parameters": [],
        "equal": None if replacement is None else True,
        "differs": "",
        "differs_when": [],
        "note": "",
        "source": f"{astronomer.path(module)}:{node.lineno}",
        "replacement_source": _source(newest, replacement),
    }


def _said(node: ast.ClassDef) -> str | None:
    """`post_deprecation_replacement = "from M import C"` as M.C."""
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            if item.targets[0].id != "post_deprecation_replacement":
                continue
            words = str(ast.literal_eval(item.value)).split()
            return f"{words[1]}.{words[3]}"
    return None


def _accepted(newest: Tree, dotted: str) -> dict[str, ast.expr | None]:
    """Constructor parameters of the class and, through `**kwargs`, of its bases."""
    found: dict[str, ast.expr | None] = {}
    for _, node in newest.lineage(dotted):
        init = function(node, "__init__")
        if init is not None:
            found = {**parameters(init), **found}
            if init.args.kwarg is None:
                break
    return found


def _changes(
    node: ast.ClassDef, accepted: dict[str, ast.expr | None]
) -> tuple[dict[str, str], dict[str, Any]]:
    """(renamed parameters, implied arguments) of the class's own `__init__`.

    A rename is `kwargs["new"] = <old>` or `self.new = <old>`, where <old> is a parameter, `kwargs["old"]`,
    `kwargs.pop("old")` or a local name for that.
    """
    init = function(node, "__init__")
    if init is None:
        return {}, {}
    own = parameters(init)
    renamed: dict[str, str] = {}
    implied: dict[str, Any] = {}
    local: dict[str, str] = {}
    for item in ast.walk(init):
        if not isinstance(item, ast.Assign):
            continue
        target, old = item.targets[0], _argument(item.value, own, local)
        if old is None:
            continue
        if isinstance(target, ast.Name):
            local[target.id] = old
        new = _key(target) or (target.attr if isinstance(target, ast.Attribute) else None)
        if new is None or new not in accepted:
            continue
        if new != old:
            renamed[old] = new
        default = own.get(old)
        if isinstance(default, ast.Constant) and default.value is not None:
            theirs = accepted[new]
            if not (isinstance(theirs, ast.Constant) and theirs.value == default.value):
                implied[new] = default.value
    return dict(sorted(renamed.items())), dict(sorted(implied.items()))


def _argument(value: ast.expr, own: dict[str, ast.expr | None], local: dict[str, str]) -> str | None:
    """Which argument of the call an expression is."""
    if isinstance(value, ast.Name):
        return local.get(value.id) or (value.id if value.id in own else None)
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in {"pop", "get"}
    ):
        first = value.args[0] if value.args else None
        return str(first.value) if isinstance(first, ast.Constant) else None
    return _key(value)


def _key(node: ast.expr) -> str | None:
    """x in `kwargs["x"]`."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "kwargs":
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else None
    return None


def _overlay(record: Record, note: Record) -> None:
    record.update(note)
    if record["differs_when"]:
        record["equal"] = False


def _verify(record: Record, newest: Tree) -> None:
    replacement = record["replacement"]
    if replacement is None:
        if not record["differs"]:
            raise LookupError(f"{record['name']}: no replacement, and no note that says why")
        return
    if newest.find(replacement) is None:
        raise LookupError(f"{record['name']}: no {replacement} in the newest providers")
    accepted = _accepted(newest, replacement)
    wanted = {"deferrable", *record["renamed_parameters"].values(), *record["implied_arguments"]}
    if wanted - set(accepted):
        raise LookupError(f"{replacement} takes no {', '.join(sorted(wanted - set(accepted)))}")


def _source(tree: Tree, dotted: str | None) -> str:
    hit = tree.find(dotted) if dotted else None
    return "" if hit is None else f"{tree.path(hit[0])}:{hit[1].lineno}"
