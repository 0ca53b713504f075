"""Follows calls: the class's own methods, `super()`, helper functions that are given the operator, `**kwargs`."""

from __future__ import annotations

import ast

from advisor.catalog.classes import BASE_OPERATOR
from advisor.catalog.expressions import Expressions
from advisor.catalog.logic import FALSE, atom, holds
from advisor.catalog.modules import Definition
from advisor.catalog.paths import Frame, State
from advisor.catalog.values import (
    NOTHING,
    Const,
    Keywords,
    New,
    Param,
    SelfRef,
    Truth,
    Unknown,
    Value,
    choice,
    conjunction,
    deps,
    disjunction,
    truth,
)

_LONGEST = 260  # lines of a module-level function worth following
# Among the keywords of an object: the argument that told which class or function made it (`self.trigger_class(...)`).
_CALLED = "()"


class Calls(Expressions):
    """The layer that follows calls."""

    def call(self, node: ast.Call, state: State, frame: Frame) -> Value:
        function = node.func
        if isinstance(function, ast.Name) and function.id not in state.names:
            known = self.builtin(function.id, node, state, frame)
            if known is not None:
                return known
        positional = [self.value(a, state, frame) for a in node.args if not isinstance(a, ast.Starred)]
        keywords = Keywords(False)
        for item in node.keywords:
            worth = self.value(item.value, state, frame)
            if item.arg is not None:
                keywords.given[item.arg] = worth
                keywords.taken.add(item.arg)
            elif isinstance(worth, Keywords):
                keywords.open = keywords.open or worth.open
                keywords.taken |= worth.taken
                for key, given in worth.given.items():
                    keywords.given.setdefault(key, given)
            elif deps(worth):
                keywords.given.setdefault("**", worth)
        if isinstance(function, ast.Attribute):
            return self.method_call(function, node, positional, keywords, state, frame)
        if isinstance(function, ast.Name):
            found = (
                self.table.sources.lookup(frame.module, function.id)
                if function.id not in state.names
                else None
            )
            return self.function_call(found, function.id, node, positional, keywords, state, frame)
        worth = self.value(function, state, frame)
        return Unknown(frozenset().union(deps(worth), *map(deps, positional), deps(keywords)))

    def builtin(self, name: str, node: ast.Call, state: State, frame: Frame) -> Value | None:
        arguments = node.args
        if name == "super" or (node.keywords and name in ("any", "all", "bool")):
            return None
        if name in ("bool", "str", "int", "float") and len(arguments) == 1:
            worth = self.value(arguments[0], state, frame)
            return truth(worth) if name == "bool" else Unknown(deps(worth))
        if name in ("any", "all") and len(arguments) == 1 and isinstance(arguments[0], (ast.List, ast.Tuple)):
            tests = [truth(self.value(item, state, frame)) for item in arguments[0].elts]
            return disjunction(tests) if name == "any" else conjunction(tests)
        if name == "isinstance" and len(arguments) == 2:
            worth = self.value(arguments[0], state, frame)
            kind = ast.unparse(arguments[1])
            if isinstance(worth, Param):
                return Truth(
                    atom(worth.name, "isinstance", kind), atom(worth.name, "not isinstance", kind), True
                )
            if isinstance(worth, Const):
                answer = holds("isinstance", kind, worth.value)
                if answer is not None:
                    return truth(Const(answer))
            return Unknown(deps(worth))
        if name == "getattr" and len(arguments) >= 2 and isinstance(arguments[1], ast.Constant):
            held = self.value(arguments[0], state, frame)
            if isinstance(held, SelfRef):
                key = str(arguments[1].value)
                default = arguments[2] if len(arguments) > 2 else None
                if default is not None and not self.has_attribute(key, state):
                    return self.value(default, state, frame)
                return self.attribute(key, state, frame)
            return Unknown(deps(held))
        if name == "hasattr" and len(arguments) == 2 and isinstance(arguments[1], ast.Constant):
            held = self.value(arguments[0], state, frame)
            if isinstance(held, SelfRef) and self.has_attribute(str(arguments[1].value), state):
                return Const(True)
            return NOTHING
        return None

    def has_attribute(self, name: str, state: State) -> bool:
        if name in state.attributes or self.method(name, None) is not None:
            return True
        return any(name in info.values for info in self.cls.mro)

    def method_call(
        self,
        function: ast.Attribute,
        node: ast.Call,
        positional: list[Value],
        keywords: Keywords,
        state: State,
        frame: Frame,
    ) -> Value:
        name = function.attr
        holder = function.value
        if isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name) and holder.func.id == "super":
            if frame.owner is None:
                return NOTHING
            if name == "defer":
                self._defer(node, positional, keywords, state, frame)
                return NOTHING
            found = self.method(name, frame.owner)
            if found is None or (found[0].name == BASE_OPERATOR):
                return NOTHING
            return self.invoke(found[1], found[0].module, found[0], SelfRef(), positional, keywords, state)
        held = self.value(holder, state, frame)
        if isinstance(held, SelfRef):
            return self.own_call(name, node, positional, keywords, state, frame)
        if isinstance(held, Keywords):
            return self.on_keywords(held, name, node, positional, state, frame)
        base = self.table.sources.resolve(frame.module, holder) if _is_path(holder, state) else None
        if base is not None and isinstance(base.node, ast.ClassDef):
            info = self.table.get(base.dotted)
            if info is not None and positional and isinstance(positional[0], SelfRef):
                for ancestor in info.mro:  # Base.__init__(self, ...)
                    if name in ancestor.methods and ancestor.name != BASE_OPERATOR:
                        method = ancestor.methods[name]
                        return self.invoke(
                            method, ancestor.module, ancestor, SelfRef(), positional[1:], keywords, state
                        )
        self.out.calls.append((f"{ast.unparse(holder)}.{name}", held, dict(keywords.given), state.when))
        if any(isinstance(p, SelfRef) for p in [*positional, *keywords.given.values()]):
            dotted = self.table.sources.dotted(frame.module, function) if _is_path(holder, state) else None
            found_function = self.table.sources.find(dotted) if dotted else None
            if found_function is not None:
                return self.function_call(found_function, name, node, positional, keywords, state, frame)
        if name[:1].isupper():
            return New(name, dict(keywords.given), tuple(positional), node, frame.module)
        return Unknown(frozenset().union(deps(held), *map(deps, positional), deps(keywords)))

    def _defer(
        self, node: ast.Call, positional: list[Value], keywords: Keywords, state: State, frame: Frame
    ) -> None:
        self.deferral(dict(keywords.given), tuple(positional), state, f"{frame.module.path}:{node.lineno}")

    def own_call(
        self,
        name: str,
        node: ast.Call,
        positional: list[Value],
        keywords: Keywords,
        state: State,
        frame: Frame,
    ) -> Value:
        """`self.name(...)`"""
        found = self.method(name, None)
        if name == "defer" and (found is None or found[0].name == BASE_OPERATOR):
            self._defer(node, positional, keywords, state, frame)
            return NOTHING
        if found is None:  # a class or function kept in an attribute
            kept = self.attribute(name, state, frame)
            given = {**keywords.given, _CALLED: kept} if deps(kept) else dict(keywords.given)
            return New(name, given, tuple(positional), node, frame.module)
        if found[0].name == BASE_OPERATOR:
            return Unknown(frozenset().union(*map(deps, positional), deps(keywords)))
        owner, method = found
        decorators = {ast.unparse(d).rpartition(".")[2] for d in method.decorator_list}
        if "abstractmethod" in decorators:  # its body is a placeholder: a subclass says what it does
            return Unknown(frozenset().union(*map(deps, positional), deps(keywords)))
        receiver: Value | None = None if "staticmethod" in decorators else SelfRef()
        return self.invoke(method, owner.module, owner, receiver, positional, keywords, state)

    def on_keywords(
        self, held: Keywords, name: str, node: ast.Call, positional: list[Value], state: State, frame: Frame
    ) -> Value:
        key = positional[0] if positional else None
        if isinstance(key, Const) and isinstance(key.value, str):
            default = node.args[1] if len(node.args) > 1 else None
            if name in ("get", "pop"):
                result = self.keyword(held, key.value, default, frame)
                if name == "pop":
                    held.given.pop(key.value, None)
                    held.taken.add(key.value)
                return result
            if name == "setdefault":
                decided = self._among(key.value, held)
                given = positional[1] if len(positional) > 1 else Const(None)
                if decided.true == FALSE:
                    held.given[key.value] = given
                elif key.value not in held.given:
                    old = self.keyword(held, key.value, None, frame)
                    held.given[key.value] = choice([(decided.true, old), (decided.false, given)])
                return held.given[key.value]
        if name == "update" and isinstance(key, Keywords):
            held.given.update(key.given)
            held.taken |= set(key.given)
        if name == "copy":
            return held.copy()
        return Unknown(deps(held))

    def function_call(
        self,
        found: Definition | None,
        name: str,
        node: ast.Call,
        positional: list[Value],
        keywords: Keywords,
        state: State,
        frame: Frame,
    ) -> Value:
        if found is not None and isinstance(found.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside = found.module.distribution == self.cls.module.distribution
            length = (found.node.end_lineno or 0) - found.node.lineno
            touches = any(isinstance(p, SelfRef) for p in [*positional, *keywords.given.values()])
            if length <= _LONGEST and (touches or (inside and length <= 60)):
                return self.invoke(found.node, found.module, None, None, positional, keywords, state)
        callee = found.dotted if found is not None else name
        if name[:1].isupper() or (found is not None and isinstance(found.node, ast.ClassDef)):
            return New(callee, dict(keywords.given), tuple(positional), node, frame.module)
        self.out.calls.append((name, NOTHING, dict(keywords.given), state.when))
        if name == "cast" and len(positional) == 2:
            return positional[1]
        return Unknown(frozenset().union(*map(deps, positional), deps(keywords)))


def _is_path(node: ast.expr, state: State) -> bool:
    """Whether an expression is a dotted name that starts at module level."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id not in state.names
