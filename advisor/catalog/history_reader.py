"""Reads a class of one release: does it take the flag, with which default, does `execute` defer."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from advisor.catalog.history_tree import Function, Tree, function, parameters


@dataclass(frozen=True)
class State:
    """What a release says about a class.

    flag: the constructor accepts `deferrable`. flag_of: the base of another provider that brings the flag
    ("" where its own does). from_config: its default is the configured one. asks: the class, or a base in
    its own provider, looks at `deferrable`. defers: `execute` reaches `self.defer(...)` or `raise
    TaskDeferred`. own_trigger: some method of the class, or of a base in its own provider, defers by itself.
    deprecated: by decorator, `is_deprecated`, or a warning in its constructor.
    """

    flag: bool
    flag_of: str
    from_config: bool
    asks: bool
    defers: bool
    own_trigger: bool
    deprecated: bool


def read(tree: Tree, module: str, name: str) -> State | None:
    """The class's state; None where the module has no such class."""
    if name not in tree.classes(module):
        return None
    lineage = tree.lineage(f"{module}.{name}")
    own = [node for where, node in lineage if _provider(where) == _provider(module)]
    home, default = _flag(lineage)
    return State(
        flag=default is not None,
        flag_of="" if _provider(home) in {"", _provider(module)} else home,
        from_config=default is not None and "default_deferrable" in ast.unparse(default),
        asks=any(_mentions(node, "deferrable") for node in own),
        defers=_Reach(tree, lineage).reaches("execute"),
        own_trigger=any("self.defer(" in ast.unparse(node) for node in own),
        deprecated=_deprecated(lineage[0][1]),
    )


def _provider(dotted: str) -> str:
    """`airflow.providers.amazon`: enough to tell a class's own provider from others."""
    return ".".join(dotted.split(".")[:3])


def _mentions(tree: ast.AST, name: str) -> bool:
    return any(
        (isinstance(node, ast.Attribute) and node.attr == name)
        or (isinstance(node, ast.Name) and node.id == name)
        for node in ast.walk(tree)
    )


def _flag(lineage: list[tuple[str, ast.ClassDef]]) -> tuple[str, ast.expr | None]:
    """The class whose constructor `deferrable` gets to, and its default there."""
    for module, node in lineage:
        init = function(node, "__init__")
        if init is None:
            continue
        own = parameters(init)
        if "deferrable" in own:
            return f"{module}.{node.name}", own["deferrable"] or ast.Constant(value=None)
        if init.args.kwarg is None or _fixes_flag(init):
            break
    return "", None


def _fixes_flag(init: Function) -> bool:
    """Whether `super().__init__(deferrable=True, ...)` decides: a caller's own value is one too many."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        and any(keyword.arg == "deferrable" for keyword in node.keywords)
        for node in ast.walk(init)
    )


def _deprecated(node: ast.ClassDef) -> bool:
    if any("deprecated" in ast.unparse(decorator).lower() for decorator in node.decorator_list):
        return True
    if any(
        isinstance(item, ast.Assign) and ast.unparse(item) == "is_deprecated = True" for item in node.body
    ):
        return True
    init = function(node, "__init__")
    body = init.body if init is not None else []
    return any(
        isinstance(item, ast.Expr)
        and isinstance(item.value, ast.Call)
        and ast.unparse(item.value.func) in {"warnings.warn", "warn"}
        and "deprecat" in ast.unparse(item.value).lower()
        and "param" not in ast.unparse(item.value).lower().replace("`deferrable` param", "")
        for item in body
    )


class _Reach:
    """Which methods a method calls, through `self`, `super()` and functions that are handed `self`."""

    def __init__(self, tree: Tree, lineage: list[tuple[str, ast.ClassDef]]) -> None:
        self._tree = tree
        self._lineage = lineage
        self._seen: set[tuple[int, str]] = set()

    def reaches(self, method: str, start: int = 0) -> bool:
        """Whether the method, as found from `lineage[start]` on, comes to a deferral."""
        for position in range(start, len(self._lineage)):
            module, node = self._lineage[position]
            found = function(node, method)
            if found is not None:
                if (position, method) in self._seen:
                    return False
                self._seen.add((position, method))
                return self._body(found, position, module)
        return False

    def _body(self, body: Function, position: int, module: str) -> bool:
        for node in ast.walk(body):
            if (
                isinstance(node, ast.Raise)
                and node.exc is not None
                and "TaskDeferred" in ast.unparse(node.exc)
            ):
                return True
            if not isinstance(node, ast.Call):
                continue
            target = node.func
            if isinstance(target, ast.Name) and self._helper(target.id, node, module):
                return True
            if not isinstance(target, ast.Attribute):
                continue
            owner = ast.unparse(target.value)
            if owner == "self" and target.attr == "defer":
                return True
            if owner == "self" and self.reaches(target.attr):
                return True
            if owner.startswith("super(") and self.reaches(target.attr, position + 1):
                return True
            # `Base.execute(self, context)`
            named = [place for place, (_, known) in enumerate(self._lineage) if known.name == owner]
            if named and self.reaches(target.attr, named[0]):
                return True
        return False

    def _helper(self, name: str, call: ast.Call, module: str) -> bool:
        """A function called with `self` that defers on its behalf: `operator.defer(...)`."""
        if not any(isinstance(arg, ast.Name) and arg.id == "self" for arg in _values(call)):
            return False
        where, _, own = self._tree.resolve(self._tree.names(module).get(name, "")).rpartition(".")
        tree = self._tree.parse(where)
        for item in tree.body if tree else []:
            if isinstance(item, ast.FunctionDef) and item.name == own:
                text = ast.unparse(item)
                return ".defer(" in text or "TaskDeferred(" in text
        return False


def _values(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]
