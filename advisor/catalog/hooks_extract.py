"""Extracts the hooks with async methods of wheels and folders, and which hook does the same synchronously."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from advisor.catalog.classes import ClassInfo, ClassTable
from advisor.catalog.hooks import BASE_HOOK, HookFacts
from advisor.catalog.modules import FunctionNode, ImportedName

# Where the bases live in older Airflows.
OLD_BASES = {
    "airflow.hooks.base.BaseHook": BASE_HOOK,
    "airflow.hooks.base_hook.BaseHook": BASE_HOOK,
    "airflow.sdk.BaseHook": BASE_HOOK,
    "airflow.hooks.dbapi.DbApiHook": "airflow.providers.common.sql.hooks.sql.DbApiHook",
    "airflow.hooks.dbapi_hook.DbApiHook": "airflow.providers.common.sql.hooks.sql.DbApiHook",
}
# What every hook has to have, or has to open and close itself: says nothing about its work.
_PLUMBING = re.compile(
    r"_|get_conn(ection)?$|get_connection_form_widgets$|get_ui_field_behaviou?r$|get_uri$|get_credentials?$"
    r"|get_\w*client$|test_connection$|close$|shutdown$"
)
# A method that touches none of these of its object computes, or tells what was configured.
_TOUCHES = re.compile(r"conn|client|session|hook|service|request(?!_adapter)|call|run|submit")
# Bases that only connect: what they add is not the work of the hooks below them.
_CONNECTS = re.compile(r"(Base\w*|AwsGeneric)Hook$|^BaseHook\w*$|^(Aws|Google)BaseHook\w*$")
_ASYNC_NAME = re.compile(r"^async_|^a_?(?=[a-z])(?!sync_)|_async$")
_OWN_NAME = re.compile(r"^Async(?=[A-Z])|Async(?=Hook$)|Async$")
_CONTEXT = "asynccontextmanager"
_ASTRONOMER = "astronomer.providers."


def is_hook(info: ClassInfo) -> bool:
    """Whether a class is below BaseHook, or below a hook that the sources do not hold."""
    return info.is_a(BASE_HOOK) or any(
        base.startswith("airflow.") and base.endswith("Hook")
        for ancestor in info.mro
        for base in ancestor.bases
        if ancestor.table.get(base) is None
    )


def hook_classes(table: ClassTable) -> Iterator[ClassInfo]:
    """Every hook class that the sources define at a module's top level, by dotted name."""
    sources = table.sources
    for name in sources.module_names():
        if ".example_dags" in name or b"Hook" not in sources.text(name):
            continue
        module = sources.module(name)
        for key, binding in sorted(module.names.items()) if module else ():
            if isinstance(binding, ast.ClassDef):
                info = table.get(f"{name}.{key}")
                if info is not None and info.name == f"{name}.{key}" and is_hook(info):
                    yield info


class HookReader:
    """Reads hooks; `table` should know the old names of the bases (`OLD_BASES`).

    old_names: former dotted names that the sources themselves do not tell, and today's.
    """

    def __init__(self, table: ClassTable, old_names: Mapping[str, str] | None = None) -> None:
        self.table = table
        self.old_names = old_names or {}

    @cached_property
    def infos(self) -> dict[str, ClassInfo]:
        """Every hook class by dotted name, with or without async methods."""
        return {info.name: info for info in hook_classes(self.table)}

    @cached_property
    def sync_twins(self) -> dict[str, str]:
        """Async hook to the hook that does the same synchronously, both dotted."""
        found = {}
        for name, info in self.infos.items():
            if any(isinstance(method, ast.AsyncFunctionDef) for method in methods(info).values()):
                twin = self._sync_twin(info)
                if twin is not None and not self.async_only_methods(twin, None):
                    found[name] = twin.name
        return found

    def _sync_twin(self, info: ClassInfo) -> ClassInfo | None:
        """The class of the same name without "Async", in the same module or named as a base or as `sync_hook_class`.

        A hook of astronomer-providers stands beside the hook of the Apache provider.
        """
        simple = info.name.rpartition(".")[2]
        plain = _OWN_NAME.sub("", simple, count=1)
        if plain == simple:
            return None
        module = info.module.name
        apache = module.replace(_ASTRONOMER, "airflow.providers.", 1)
        candidates = [f"{module}.{plain}", *(b for b in info.bases if b.rpartition(".")[2] == plain)]
        if apache != module:
            candidates.append(f"{apache}.{plain}")
        named = info.values.get("sync_hook_class")
        dotted = self.table.sources.dotted(info.module, named) if named is not None else None
        candidates += [dotted] if dotted else []
        for candidate in candidates:
            twin = self.table.get(candidate)
            if (
                twin is not None
                and twin.name in self.infos
                and (candidate is dotted or twin.name.rpartition(".")[2] == plain)
            ):
                return twin
        for base in info.bases:  # a deprecated name of an async hook has that one's twin
            if base.rpartition(".")[2] == simple and (above := self.table.get(base)) is not None:
                return self._sync_twin(above)
        return None

    def async_only_methods(self, info: ClassInfo, twin: str | None) -> bool:
        """Whether all that a hook (and what it is based on, its sync twin left out) adds is async, and something is."""
        left_out = {c.name for c in self.infos[twin].mro} if twin in self.infos else set()
        found: dict[str, FunctionNode] = {}
        for ancestor in info.mro:
            simple = ancestor.name.rpartition(".")[2]
            if ancestor.name in left_out or not (ancestor is info or is_hook(ancestor)):
                continue
            if simple != info.name.rpartition(".")[2] and _CONNECTS.search(simple):
                continue
            for name, method in ancestor.methods.items():
                found.setdefault(name, method)
        asynchronous = [n for n, m in found.items() if is_async(m) and not n.startswith("_")]
        return bool(asynchronous) and not any(works(name, method) for name, method in found.items())

    def facts(self, info: ClassInfo, async_twins: Mapping[str, str], aliases: tuple[str, ...]) -> HookFacts:
        """What is known of one hook; which operators cover it is known elsewhere."""
        own = methods(info)
        twin = self.sync_twins.get(info.name)
        other = async_twins.get(info.name)
        asynchronous = sorted(name for name, method in own.items() if is_async(method))
        sync_side = methods(self.table.get(twin) if twin else info)
        async_side = methods(self.table.get(other) if other else info)
        return HookFacts(
            name=info.name,
            provider=info.module.distribution,
            async_methods=tuple(asynchronous),
            async_generators=tuple(
                n for n in asynchronous if is_generator(own[n]) and not is_context(own[n])
            ),
            async_contexts=tuple(n for n in asynchronous if is_context(own[n])),
            sync_methods=pairs(sync_side, async_side),
            async_only=info.name != BASE_HOOK and self.async_only_methods(info, twin),
            sync_twin=twin,
            async_twin=other,
            aliases=aliases,
            source=info.definition.source,
        )

    def all(self) -> list[HookFacts]:
        """Every hook with async methods, every sync twin of one, and the base of all; sorted by name."""
        async_twins: dict[str, str] = {}
        for name, twin in sorted(self.sync_twins.items(), key=lambda item: _preference(*item)):
            if name.startswith(_ASTRONOMER) == twin.startswith(
                _ASTRONOMER
            ):  # nobody should begin with those today
                async_twins.setdefault(twin, name)
        speaking = [
            info
            for name, info in self.infos.items()
            if name in async_twins or any(map(is_async, methods(info).values()))
        ]
        base = self.table.get(BASE_HOOK)
        names = self.former_names({info.name for info in speaking})
        facts = [self.facts(info, async_twins, names.get(info.name, ())) for info in speaking]
        if base is not None and base.name not in self.infos:
            facts.append(self.facts(base, {}, names.get(base.name, ())))
        return sorted(facts, key=lambda f: f.name.encode())

    def former_names(self, known: set[str]) -> dict[str, tuple[str, ...]]:
        """Other dotted names of these hooks: former ones, and those of modules that only hand them out."""
        found: dict[str, set[str]] = {}
        for old, new in self.old_names.items():
            if new in known and old not in self.infos:
                found.setdefault(new, set()).add(old)
        for name in self.table.sources.module_names():
            text = self.table.sources.text(name)
            if b"Hook" not in text or ".example_dags" in name:
                continue
            module = self.table.sources.module(name)
            if module is None or not ("hook" in name or module.is_package):
                continue
            for old, new in module.moved.items():
                if new in known:
                    found.setdefault(new, set()).add(old)
            if any(isinstance(node, (ast.ClassDef, ast.FunctionDef)) for node in module.tree.body):
                continue
            for key, binding in [*module.lazy.items(), *module.names.items()]:
                definition = (
                    self.table.sources.lookup(module, key) if isinstance(binding, ImportedName) else None
                )
                if definition is not None and definition.dotted in known:
                    found.setdefault(definition.dotted, set()).add(f"{name}.{key}")
        return {new: tuple(sorted(olds)) for new, olds in found.items()}


def _preference(name: str, twin: str) -> tuple[int, str]:
    """Which of several async twins is the first: of the closest name."""
    return len(name), name


def methods(info: ClassInfo | None) -> dict[str, FunctionNode]:
    """A class's methods as Python finds them; those of BaseHook and above are left out, but for BaseHook itself."""
    found: dict[str, FunctionNode] = {}
    for ancestor in info.mro if info else ():
        if ancestor.name == BASE_HOOK and ancestor is not info:
            break
        for name, method in ancestor.methods.items():
            found.setdefault(name, method)
    return found


def pairs(sync_side: Mapping[str, FunctionNode], async_side: Mapping[str, FunctionNode]) -> dict[str, str]:
    """Sync method to its async counterpart: of the same name but for a mark of being async, or of quite the same."""
    found: dict[str, str] = {}
    for name in sorted(async_side):
        if not is_async(async_side[name]) or name.startswith("_"):
            continue
        for plain in dict.fromkeys([_ASYNC_NAME.sub("", name, count=1), name]):
            method = sync_side.get(plain)
            if method is not None and not is_async(method) and not _is_value(method):
                found.setdefault(plain, name)
                break
    return dict(sorted(found.items()))


def works(name: str, method: FunctionNode) -> bool:
    """Whether a method of an object does something outside of it, synchronously, as far as names tell."""
    if is_async(method) or _PLUMBING.match(name) or _is_value(method):
        return False
    last = method.body[-1]
    told = isinstance(last, ast.Return) and isinstance(last.value, (ast.Attribute, ast.Constant))
    if told and len(method.body) <= 2:  # a docstring and a `return`: an attribute
        return False
    return any(
        (isinstance(node, ast.Name) and node.id in ("asyncio", "async_to_sync", "super"))
        or (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
            and _TOUCHES.search(node.attr)
        )
        for node in ast.walk(method)
    )


def is_async(method: FunctionNode) -> bool:
    """Whether a method is a coroutine function or an async generator."""
    return isinstance(method, ast.AsyncFunctionDef)


def is_generator(method: FunctionNode) -> bool:
    """Whether a method's own body (not that of a function in it) yields."""
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own_nodes(method))


def is_context(method: FunctionNode) -> bool:
    """Whether a method is an async context manager."""
    return any(ast.unparse(d).rpartition(".")[2] == _CONTEXT for d in method.decorator_list)


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body, functions and classes in it left out."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield node
            yield from own_nodes(node)


def _is_value(method: FunctionNode) -> bool:
    """Whether a method is a property, or needs no object at all."""
    names = {ast.unparse(d).rpartition(".")[2] for d in method.decorator_list}
    return bool(names & {"property", "cached_property", "staticmethod", "classmethod"})
