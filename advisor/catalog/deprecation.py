"""Reads from a class's decorators and `__init__` whether the class itself is deprecated, and what replaces it."""

from __future__ import annotations

import ast
import re

from advisor.catalog.classes import ClassInfo, ClassTable

_DOTTED = re.compile(
    r"[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)+|[A-Z]\w+(?:Operator|Sensor|Async)\b|[A-Z]\w+(?:Operator|Sensor)\w*"
)


def deprecation(table: ClassTable, info: ClassInfo) -> tuple[bool, str | None]:
    """(is the class deprecated, the dotted name of the class that its own message names, if it exists)."""
    for text in _messages(info):
        return True, _replacement(table, info, text)
    return False, None


def _messages(info: ClassInfo) -> list[str]:
    found = []
    for decorator in info.node.decorator_list:
        if isinstance(decorator, ast.Call):
            name = ast.unparse(decorator.func).rpartition(".")[2].lstrip("_")
            if name.endswith("deprecated"):
                found.append(_text(decorator))
    init = info.methods.get("__init__")
    for statement in init.body if init is not None else []:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            if ast.unparse(call.func) in ("warnings.warn", "warn") and "Deprecation" in ast.unparse(call):
                text = _text(call)
                # Elsewhere the message is about an argument or a method, not the class.
                if re.search(r"[Cc]lass|[Oo]perator|[Ss]ensor|__class__", text):
                    found.append(text)
    return found


def _text(call: ast.Call) -> str:
    """Every piece of text in a call, joined."""
    return " ".join(
        n.value for n in ast.walk(call) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    )


def _replacement(table: ClassTable, info: ClassInfo, text: str) -> str | None:
    """The one class that a message names beside this one; None where it names several, or none that exists."""
    names: set[str] = set()
    for candidate in _DOTTED.findall(text):
        simple = candidate.rpartition(".")[2]
        for dotted in (candidate, f"{info.module.name}.{simple}"):
            found = table.get(dotted)
            if found is not None and found.name != info.name:
                names.add(found.name)
                break
    return names.pop() if len(names) == 1 else None
