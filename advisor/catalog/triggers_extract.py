"""Reads from the wheels which of the providers' triggers name themselves in `serialize`, whatever derives from them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from advisor.catalog.modules import Sources


def triggers_file(sources: Sources) -> bytes:
    """The dotted names of the triggers whose `serialize` writes out its own path, one a line, sorted."""
    names = sorted(set(_self_naming(sources)))
    return "".join(f"{name}\n" for name in names).encode()


def _self_naming(sources: Sources) -> Iterator[str]:
    for name in sources.module_names():
        if "triggers" not in name.split("."):
            continue
        module = sources.module(name)
        for node in module.tree.body if module is not None else ():
            if isinstance(node, ast.ClassDef) and node.name.endswith("Trigger"):
                paths = [path for method in node.body for path in _paths(method)]
                if paths and all(path.rpartition(".")[2] == node.name for path in paths):
                    yield f"{name}.{node.name}"


def _paths(method: ast.stmt) -> Iterator[str]:
    """The paths that a `serialize` returns; "" for one that is worked out."""
    if not isinstance(method, ast.FunctionDef) or method.name != "serialize":
        return
    for node in ast.walk(method):
        if isinstance(node, ast.Return):
            first = node.value.elts[0] if isinstance(node.value, ast.Tuple) and node.value.elts else None
            yield first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
