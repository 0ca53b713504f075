"""What an expression may be worth at one point of a path; calls in it are followed by a layer above."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from advisor.catalog.classes import BASE_OPERATOR, ClassInfo, ClassTable
from advisor.catalog.logic import FALSE, TRUE, Dnf, Effort, atom, both, holds
from advisor.catalog.modules import FunctionNode, Module
from advisor.catalog.paths import Accepted, Frame, Outcome, State
from advisor.catalog.values import (
    NOTHING,
    Choice,
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
    opposite,
    truth,
)


class Expressions(ABC):
    """Follows one class. `bound` fixes constructor arguments to values (the flag, on or off)."""

    def __init__(self, table: ClassTable, cls: ClassInfo, bound: Mapping[str, Value]) -> None:
        self.table = table
        self.cls = cls
        self.bound = bound
        self.out = Outcome()
        self.depth = 0
        self.steps = 0
        self.effort = Effort.spent
        self.stack: list[int] = []
        self.in_constructor = True

    # ---- what the layers above add

    @abstractmethod
    def invoke(
        self,
        node: FunctionNode,
        module: Module,
        owner: ClassInfo | None,
        receiver: Value | None,
        positional: list[Value],
        keywords: Keywords,
        state: State,
        entry: bool = False,
    ) -> Value:
        """Follow a function in `state` (changed in place); its value is what it may return."""

    @abstractmethod
    def call(self, node: ast.Call, state: State, frame: Frame) -> Value:
        """What a call may return."""

    @abstractmethod
    def assign(self, target: ast.expr, value: Value, state: State, frame: Frame) -> None:
        """Bind a target to a value."""

    @abstractmethod
    def deferral(
        self, keywords: dict[str, Value], positional: tuple[Value, ...], state: State, source: str
    ) -> None:
        """Note a deferral, which ends the path."""

    # ---- finding things

    def method(self, name: str, after: ClassInfo | None) -> tuple[ClassInfo, FunctionNode] | None:
        """The method of that name in the resolution order, `after` a class for `super()`."""
        order = self.cls.mro
        if after is not None:
            names = [c.name for c in order]
            order = order[names.index(after.name) + 1 :] if after.name in names else after.mro[1:]
        for info in order:
            if name in info.methods:
                return info, info.methods[name]
        return None

    def parameter(self, accepted: Accepted) -> Value:
        """A constructor argument as the caller may give it."""
        known = self.out.accepted.get(accepted.name)
        if known is None or (known.guessed and not accepted.guessed):
            self.out.accepted[accepted.name] = accepted
        return self.bound.get(accepted.name, Param(accepted.name))

    def literal(self, node: ast.expr, module: Module, depth: int = 0) -> Value:
        """A default's value where it is a literal, or names a module-level one."""
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            if isinstance(node, (ast.Name, ast.Attribute)) and depth < 5:
                found = self.table.sources.resolve(module, node)
                if found is not None and isinstance(found.node, ast.expr):
                    return self.literal(found.node, found.module, depth + 1)
            return NOTHING
        return Const(value) if isinstance(value, (str, int, float, bool, type(None))) else NOTHING

    # ---- expressions

    def value(self, node: ast.expr, state: State, frame: Frame) -> Value:
        """What an expression may be worth; calls in it are followed."""
        self.steps += 1
        match node:
            case ast.Constant(value=literal):
                return Const(literal) if isinstance(literal, (str, int, float, bool, type(None))) else NOTHING
            case ast.Name(id=name):
                return self.name(name, state, frame)
            case ast.Attribute(value=holder, attr=attribute):
                held = self.value(holder, state, frame)
                if isinstance(held, SelfRef):
                    return self.attribute(attribute, state, frame)
                if isinstance(held, New) and attribute in held.keywords:
                    return held.keywords[attribute]
                return Unknown(deps(held)) if deps(held) else self.literal(node, frame.module)
            case ast.BoolOp(op=ast.And(), values=values):
                return self.connect(values, state, frame, both_needed=True)
            case ast.BoolOp(values=values):
                return self.connect(values, state, frame, both_needed=False)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return opposite(truth(self.value(operand, state, frame)))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return Const(-number)
            case ast.Compare(left=left, ops=operators, comparators=comparators):
                worths = [self.value(item, state, frame) for item in [left, *comparators]]
                parts = [
                    self.compare(op, worths[i], worths[i + 1], comparators[i])
                    for i, op in enumerate(operators)
                ]
                return conjunction(parts)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                decided = truth(self.value(test, state, frame))
                yes, no = self.value(body, state, frame), self.value(orelse, state, frame)
                return choice([(decided.true, yes), (decided.false, no)])
            case ast.Call():
                return self.call(node, state, frame)
            case ast.NamedExpr(target=target, value=inner):
                result = self.value(inner, state, frame)
                self.assign(target, result, state, frame)
                return result
            case ast.Await(value=inner):
                return Unknown(deps(self.value(inner, state, frame)))
            case ast.Lambda() | ast.JoinedStr():
                found = frozenset().union(
                    *(
                        deps(self.value(part, state, frame))
                        for part in ast.iter_child_nodes(node)
                        if isinstance(part, ast.FormattedValue)
                    )
                )
                return Unknown(found)
            case ast.FormattedValue(value=inner):
                return self.value(inner, state, frame)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return Unknown(
                    frozenset().union(
                        *(deps(self.value(part.iter, state, frame)) for part in node.generators)
                    )
                )
            case ast.Subscript(value=holder, slice=index):
                held = self.value(holder, state, frame)
                if isinstance(held, Keywords) and isinstance(index, ast.Constant):
                    return self.keyword(held, str(index.value), None, frame)
                return Unknown(deps(held))
            case ast.Dict(keys=keys, values=values):
                if all(isinstance(k, ast.Constant) and isinstance(k.value, str) for k in keys):
                    given = {
                        str(k.value): self.value(v, state, frame)
                        for k, v in zip(keys, values, strict=True)
                        if isinstance(k, ast.Constant)
                    }
                    return Keywords(False, given)
                parts_of = [self.value(v, state, frame) for v in values]
                spread = [v for k, v in zip(keys, parts_of, strict=True) if k is None]
                if spread and isinstance(spread[0], Keywords):
                    merged = spread[0].copy()
                    for k, v in zip(keys, parts_of, strict=True):
                        if isinstance(k, ast.Constant) and isinstance(k.value, str):
                            merged.given[k.value] = v
                            merged.taken.add(k.value)
                    return merged
                return Unknown(frozenset().union(*map(deps, parts_of)))
            case _:
                found = frozenset().union(
                    *(
                        deps(self.value(part, state, frame))
                        for part in ast.iter_child_nodes(node)
                        if isinstance(part, ast.expr)
                    )
                )
                return Unknown(found)

    def connect(self, values: list[ast.expr], state: State, frame: Frame, both_needed: bool) -> Value:
        """`a and b` / `a or b`, as tests and as values."""
        found: list[Value] = []
        guard = TRUE
        options: list[tuple[Dnf, Value]] = []
        for i, item in enumerate(values):
            if guard == FALSE:
                break
            worth = self.value(item, state, frame)
            found.append(worth)
            decided = truth(worth)
            ends, goes_on = (decided.false, decided.true) if both_needed else (decided.true, decided.false)
            last = i == len(values) - 1
            options.append((guard if last else both(guard, ends), worth))
            guard = both(guard, goes_on)
        tests = [truth(v) for v in found]
        if all(isinstance(v, (Truth, Const)) for v in found) or any(isinstance(v, Truth) for v in found):
            return conjunction(tests) if both_needed else disjunction(tests)
        return choice(options)

    def compare(self, op: ast.cmpop, left: Value, right: Value, node: ast.expr) -> Truth:
        unknown = Truth(TRUE, TRUE, False)
        if isinstance(right, Keywords) and isinstance(left, Const) and isinstance(op, (ast.In, ast.NotIn)):
            result = self._among(str(left.value), right)
            return result if isinstance(op, ast.In) else opposite(result)
        if isinstance(left, Choice):
            parts = [(guard, self.compare(op, option, right, node)) for guard, option in left.options]
            return truth(Choice(tuple((guard, part) for guard, part in parts)))
        if isinstance(left, Const) and isinstance(right, Param):
            swapped: dict[type, ast.cmpop] = {
                ast.Lt: ast.Gt(),
                ast.Gt: ast.Lt(),
                ast.LtE: ast.GtE(),
                ast.GtE: ast.LtE(),
            }
            left, right, op = right, left, swapped.get(type(op), op)
        operator, wanted = _operator(op, right)
        if isinstance(op, (ast.In, ast.NotIn)):
            try:
                listed = ast.literal_eval(node)
            except (ValueError, TypeError, SyntaxError):
                return unknown
            if not isinstance(listed, (list, tuple, set)):
                return unknown
            operator, wanted = "in", tuple(sorted(listed, key=repr))
        if operator is None:
            return unknown
        if isinstance(left, Const):
            answer = holds(operator, wanted, left.value)
            if answer is None:
                return unknown
            result = Truth(TRUE, FALSE, True) if answer else Truth(FALSE, TRUE, True)
        elif isinstance(left, Param):
            try:
                hash(wanted)
            except TypeError:
                return unknown
            from advisor.catalog.logic import OPPOSITE

            result = Truth(
                atom(left.name, operator, wanted), atom(left.name, OPPOSITE[operator], wanted), True
            )
        elif isinstance(left, Truth) and operator == "==" and isinstance(wanted, bool):
            result = left if wanted else opposite(left)
        elif isinstance(left, (New, SelfRef)) and operator == "is none":
            result = Truth(FALSE, TRUE, False) if isinstance(left, SelfRef) else unknown
        else:
            return unknown
        if isinstance(op, (ast.NotEq, ast.IsNot, ast.NotIn)):
            return opposite(result)
        return result

    def _among(self, name: str, keywords: Keywords) -> Truth:
        if name in keywords.given:
            return Truth(TRUE, FALSE, True)
        if not keywords.open or name in keywords.taken:
            return Truth(FALSE, TRUE, True)
        if name in self.bound:
            return Truth(TRUE, TRUE, False)
        return Truth(atom(name, "present"), atom(name, "absent"), True)

    def keyword(self, keywords: Keywords, name: str, default: ast.expr | None, frame: Frame) -> Value:
        """`kwargs.get(name, default)`"""
        if name in keywords.given:
            return keywords.given[name]
        if keywords.open and name not in keywords.taken:
            if name in self.out.accepted or name not in self.table.base_arguments:
                return self.parameter(
                    Accepted(name, True, default or ast.Constant(value=None), frame.module, guessed=True)
                )
            return Param(name)
        return self.literal(default, frame.module) if default is not None else Const(None)

    def name(self, name: str, state: State, frame: Frame) -> Value:
        if name in state.names:
            return state.names[name]
        if name == "__class__":
            return NOTHING
        return self.literal(ast.Name(id=name), frame.module)

    def attribute(self, name: str, state: State, frame: Frame) -> Value:
        """`self.name`: set before, a property that is followed, or a class-level literal."""
        if name in state.attributes:
            found = state.attributes[name]
            if not self.in_constructor:
                self.out.reads |= deps(found)
            return found
        method = self.method(name, None)
        if method is not None:
            owner, node = method
            decorators = {ast.unparse(d).rpartition(".")[2] for d in node.decorator_list}
            if decorators & {"property", "cached_property"} and owner.name != BASE_OPERATOR:
                fresh = state.fork(TRUE, True)
                fresh.when = TRUE
                return self.invoke(node, owner.module, owner, SelfRef(), [], Keywords(False), fresh)
            return NOTHING
        for info in self.cls.mro:
            if name in info.values:
                return self.literal(info.values[name], info.module)
        return NOTHING


def _operator(op: ast.cmpop, right: Value) -> tuple[str | None, Any]:
    """The condition's operator (before negation) and value for a comparison with `right`."""
    if not isinstance(right, Const):
        return None, None
    if isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)) and right.value is None:
        return "is none", None
    if isinstance(op, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
        return "==", right.value
    orders: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
    return orders.get(type(op)), right.value
