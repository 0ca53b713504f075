"""The classes of a set of modules with their bases resolved across packages, methods found as Python finds them."""

from __future__ import annotations

import ast
from functools import cached_property

from advisor.catalog.modules import Definition, FunctionNode, Module, Sources

BASE_OPERATOR = "airflow.sdk.bases.operator.BaseOperator"
BASE_SENSOR = "airflow.sdk.bases.sensor.BaseSensorOperator"
# Where the bases live in older Airflows: read from there when the newest are not among the sources.
OLD_BASES = {
    "airflow.models.baseoperator.BaseOperator": BASE_OPERATOR,
    "airflow.models.BaseOperator": BASE_OPERATOR,
    "airflow.sensors.base.BaseSensorOperator": BASE_SENSOR,
    "airflow.sensors.base_sensor_operator.BaseSensorOperator": BASE_SENSOR,
    "airflow.sdk.BaseOperator": BASE_OPERATOR,
    "airflow.sdk.BaseSensorOperator": BASE_SENSOR,
    "airflow.sdk.definitions.baseoperator.BaseOperator": BASE_OPERATOR,
}
#: where Airflow 2 has the modules of the first bases, by the newest names
OLD_MODULES = {
    BASE_OPERATOR.rpartition(".")[0]: "airflow.models.baseoperator",
    BASE_SENSOR.rpartition(".")[0]: "airflow.sensors.base",
}
_COMPAT = "airflow.providers.common.compat.sdk."
#: names by which providers import the first bases, whichever Airflow is beside them
OTHER_NAMES = {_COMPAT + base.rpartition(".")[2]: base for base in (BASE_OPERATOR, BASE_SENSOR)}


class ClassInfo:
    """One class: its definition, its bases, and its method resolution order as far as the sources reach."""

    def __init__(self, definition: Definition, node: ast.ClassDef, table: ClassTable) -> None:
        self.definition = definition
        self.node = node
        self.module: Module = definition.module
        self.name = definition.dotted
        self.table = table
        self.methods: dict[str, FunctionNode] = {}
        self.values: dict[str, ast.expr] = {}
        self._read(node.body)

    def _read(self, body: list[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    decorators = {
                        d.attr if isinstance(d, ast.Attribute) else "" for d in statement.decorator_list
                    }
                    if not decorators & {"setter", "deleter"}:
                        self.methods[name] = statement
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        if isinstance(target, ast.Name):
                            self.values[target.id] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.values[name] = value
                case ast.If(test=test):
                    if not (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"):
                        self._read(statement.body)
                case _:
                    pass

    @cached_property
    def bases(self) -> list[str]:
        """Dotted names of the direct bases, resolved where the sources know them."""
        result = []
        for base in self.node.bases:
            found = self.table.sources.resolve(self.module, base)
            if found is not None and isinstance(found.node, ast.ClassDef):
                result.append(found.dotted)
                continue
            dotted = self.table.sources.dotted(self.module, base)
            if dotted:
                dotted = OLD_BASES.get(dotted) or self.table.aliases.get(dotted) or dotted
                known = self.table.sources.find(dotted)
                result.append(known.dotted if known else dotted)
        return result

    @cached_property
    def mro(self) -> list[ClassInfo]:
        """The known classes of the method resolution order (C3), this one first."""
        return self.table.linearize(self.name, ())

    def is_a(self, base: str) -> bool:
        """Whether `base` (dotted) is this class or among its ancestors."""
        return any(c.name == base or base in c.bases for c in self.mro)


class ClassTable:
    """Every class of the sources, by dotted name, looked up when needed."""

    def __init__(self, sources: Sources, aliases: dict[str, str] | None = None) -> None:
        self.sources = sources
        self.aliases = aliases or {}
        self._classes: dict[str, ClassInfo | None] = {}

    def get(self, dotted: str) -> ClassInfo | None:
        """The class of that dotted name, also through a re-export; None where the sources have none."""
        if dotted not in self._classes:
            found = self.sources.find(dotted)
            info = None
            if found is not None and isinstance(found.node, ast.ClassDef):
                known = self._classes.get(found.dotted)
                info = known or ClassInfo(found, found.node, self)
                self._classes[found.dotted] = info
            self._classes[dotted] = info
        return self._classes[dotted]

    @cached_property
    def base_arguments(self) -> frozenset[str]:
        """BaseOperator's own constructor arguments, as far as the sources hold it."""
        info = self.get(BASE_OPERATOR)
        init = info.methods.get("__init__") if info else None
        return frozenset(a.arg for a in [*init.args.args, *init.args.kwonlyargs]) if init else frozenset()

    def linearize(self, dotted: str, path: tuple[str, ...]) -> list[ClassInfo]:
        """C3; a class whose bases contradict each other falls back to depth first, a loop is cut."""
        info = self.get(dotted)
        if info is None or info.name in path:
            return []
        inner = (*path, info.name)
        bases = list({found.name: found for base in info.bases if (found := self.get(base))}.values())
        rows = [self.linearize(base.name, inner) for base in bases] + [bases]
        result = [info]
        rows = [row[:] for row in rows if row]
        while rows:
            head = next((r[0] for r in rows if not any(r[0] in other[1:] for other in rows)), rows[0][0])
            result.append(head)
            rows = [[c for c in row if c is not head] for row in rows]
            rows = [row for row in rows if row]
        return result
