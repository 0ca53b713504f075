"""Follows a class's `__init__` and `execute` without running them: on which arguments do they defer, or raise?"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from advisor.catalog.classes import BASE_OPERATOR, ClassInfo, ClassTable
from advisor.catalog.logic import FALSE, TRUE, Dnf, atom, both, either, holds
from advisor.catalog.modules import Definition, FunctionNode, Module
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

_DEPTH = 24
_STEPS = 60_000
_LONGEST = 260  # lines of a module-level function worth following


@dataclass(frozen=True)
class Accepted:
    """A constructor argument, with the default's expression and the module it stands in."""

    name: str
    keyword_only: bool
    default: ast.expr | None
    module: Module
    guessed: bool = False  # from a `kwargs.get(...)`, until a signature names it


@dataclass(frozen=True)
class Deferral:
    """A place where a deferral is reached, when, and with which trigger (as far as it could be followed)."""

    when: Dnf
    trigger: Value
    keywords: dict[str, Value]
    source: str
    certain: bool


@dataclass(frozen=True)
class Raise:
    """A place where an exception is raised; `certain`: whenever the conditions hold, not only sometimes."""

    when: Dnf
    certain: bool
    source: str
    text: str


@dataclass
class State:
    """The names and attributes at one point of a path, and the conditions under which it is reached."""

    names: dict[str, Value]
    attributes: dict[str, Value]
    when: Dnf = TRUE
    certain: bool = True

    def fork(self, when: Dnf, certain: bool) -> State:
        names = {key: v.copy() if isinstance(v, Keywords) else v for key, v in self.names.items()}
        return State(names, dict(self.attributes), both(self.when, when), self.certain and certain)

    def become(self, other: State) -> None:
        self.names, self.attributes = other.names, other.attributes
        self.when, self.certain = other.when, other.certain


@dataclass
class Frame:
    """One function that is being followed."""

    module: Module
    owner: ClassInfo | None
    node: FunctionNode
    returned: list[tuple[State, Value]] = field(default_factory=list)
    breaks: list[State] = field(default_factory=list)
    caught: int = 0


@dataclass
class Outcome:
    """What following one class found."""

    accepted: dict[str, Accepted] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    deferrals: list[Deferral] = field(default_factory=list)
    ctor_raises: list[Raise] = field(default_factory=list)
    execute_raises: list[Raise] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    calls: list[tuple[str, Value, dict[str, Value], Dnf]] = field(default_factory=list)
    deprecated_warning: ast.Call | None = None
    gave_up: bool = False


def _join(states: list[State]) -> State:
    """One state that stands for several paths."""
    if len(states) == 1:
        return states[0]
    result = State({}, {}, either(*(s.when for s in states)), any(s.certain for s in states))
    for target, tables in (
        (result.names, [s.names for s in states]),
        (result.attributes, [s.attributes for s in states]),
    ):
        keys = dict.fromkeys(key for table in tables for key in table)
        for key in keys:
            values = [table.get(key) for table in tables]
            head = values[0]
            if head is not None and all(v is head for v in values):
                target[key] = head
            elif isinstance(head, Keywords):
                target[key] = _join_keywords(
                    [(s.when, v) for s, v in zip(states, values, strict=True) if isinstance(v, Keywords)]
                )
            else:
                target[key] = choice(
                    [(s.when, v) for s, v in zip(states, values, strict=True) if v is not None]
                )
    return result


def _join_keywords(options: list[tuple[Dnf, Keywords]]) -> Keywords:
    """`**kwargs` after several paths: a key that only some of them set is still the caller's on the others."""
    merged = options[0][1].copy()
    merged.open = any(v.open for _, v in options)
    merged.taken = set.intersection(*(v.taken for _, v in options))
    for name in dict.fromkeys(name for _, v in options for name in v.given):
        values: list[tuple[Dnf, Value]] = []
        for when, v in options:
            if name in v.given:
                values.append((when, v.given[name]))
            elif v.open and name not in v.taken:
                values.append((when, Param(name)))
        merged.given[name] = choice(values)
    return merged


class Reader:
    """Follows one class. `bound` fixes constructor arguments to values (the flag, on or off)."""

    def __init__(self, table: ClassTable, cls: ClassInfo, bound: Mapping[str, Value]) -> None:
        self.table = table
        self.cls = cls
        self.bound = bound
        self.out = Outcome()
        self.depth = 0
        self.steps = 0
        self.stack: list[int] = []
        self.in_constructor = True

    # ---- the two entries

    def constructor(self) -> State:
        """Follow `__init__`; every argument the caller may pass is a Param (or what it is bound to)."""
        state = State({}, {})
        found = self.method("__init__", None)
        if found is None or found[0].name == BASE_OPERATOR:
            return state
        owner, node = found
        keywords = Keywords(open=True)
        self.invoke(node, owner.module, owner, SelfRef(), [], keywords, state, entry=True)
        self.out.attributes = state.attributes
        return state

    def run(self, state: State, entry: str = "execute") -> State:
        """Follow `execute` (or another method) with the attributes that the constructor left."""
        self.in_constructor = False
        state = State({}, dict(state.attributes))
        found = self.method(entry, None)
        if found is not None:
            owner, node = found
            self.invoke(node, owner.module, owner, SelfRef(), [NOTHING, NOTHING], Keywords(False), state)
        return state

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

    # ---- calling

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
        if self.depth > _DEPTH or self.stack.count(id(node)) > 1 or self.steps > _STEPS:
            self.out.gave_up = self.out.gave_up or self.steps > _STEPS
            return NOTHING
        names = self._bind(node, module, receiver, positional, keywords, entry)
        frame = Frame(module, owner, node)
        inner = State(names, state.attributes, state.when, state.certain)
        self.depth += 1
        self.stack.append(id(node))
        end = self.block(node.body, inner, frame)
        self.stack.pop()
        self.depth -= 1
        if end is not None:
            frame.returned.append((end, Const(None)))
        if not frame.returned:
            state.when = FALSE
            return NOTHING
        after = _join([s for s, _ in frame.returned])
        value = choice([(s.when, v) for s, v in frame.returned])
        state.attributes, state.when, state.certain = after.attributes, after.when, after.certain
        if isinstance(node, ast.AsyncFunctionDef):
            return NOTHING
        return value

    def _bind(
        self,
        node: FunctionNode,
        module: Module,
        receiver: Value | None,
        positional: list[Value],
        keywords: Keywords,
        entry: bool,
    ) -> dict[str, Value]:
        """The local names a call starts with. Arguments nobody gave come from open keywords, else defaults."""
        arguments = node.args
        names: dict[str, Value] = {}
        plain = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
        defaults += arguments.defaults
        rest = list(positional)
        if receiver is not None and plain:
            names[plain[0].arg] = receiver
            plain, defaults = plain[1:], defaults[1:]
        rows = [(a.arg, d, False) for a, d in zip(plain, defaults, strict=True)]
        rows += [(a.arg, d, True) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
        for name, default, keyword_only in rows:
            if rest and not keyword_only:
                names[name] = rest.pop(0)
            elif name in keywords.given:
                names[name] = keywords.given[name]
                if keywords.open and name in deps(names[name]):  # put there only where the caller gave none
                    self.parameter(Accepted(name, keyword_only, default, module))
            elif keywords.open and name not in keywords.taken:
                names[name] = self.parameter(Accepted(name, keyword_only, default, module))
            elif default is not None:
                names[name] = self.literal(default, module)
            else:
                names[name] = NOTHING
        if arguments.vararg:
            names[arguments.vararg.arg] = NOTHING
        if arguments.kwarg:
            mine = {name for name, _, _ in rows}
            given = {key: value for key, value in keywords.given.items() if key not in mine}
            names[arguments.kwarg.arg] = Keywords(keywords.open, given, keywords.taken | mine)
        return names

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

    # ---- statements

    def block(self, body: list[ast.stmt], state: State, frame: Frame) -> State | None:
        """Follow statements; None where no path falls off the end."""
        current: State | None = state
        for statement in body:
            self.steps += 1
            if current is None or self.steps > _STEPS:
                break
            current = self.statement(statement, current, frame)
            if current is not None and current.when == FALSE:
                current = None
        return current

    def statement(self, node: ast.stmt, state: State, frame: Frame) -> State | None:
        match node:
            case ast.Expr(value=value):
                self.value(value, state, frame)
            case ast.Assign(targets=targets, value=value):
                result = self.value(value, state, frame)
                for target in targets:
                    self.assign(target, result, state, frame)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.value(value, state, frame), state, frame)
            case ast.AugAssign(target=target, value=value):
                old = self.value(target, state, frame)
                self.assign(target, Unknown(deps(old) | deps(self.value(value, state, frame))), state, frame)
            case ast.Return(value=value):
                result = self.value(value, state, frame) if value is not None else Const(None)
                if state.when != FALSE:
                    frame.returned.append((state, result))
                return None
            case ast.Raise():
                self.raised(node, state, frame)
                return None
            case ast.If(test=test, body=body, orelse=orelse):
                return self.branch(test, body, orelse, state, frame)
            case ast.While(test=test, body=body, orelse=orelse):
                return self.loop(test, None, body, orelse, state, frame)
            case (
                ast.For(target=target, body=body, orelse=orelse)
                | ast.AsyncFor(target=target, body=body, orelse=orelse)
            ):
                found = self.value(node.iter, state, frame)
                self.assign(target, Unknown(deps(found)), state, frame)
                return self.loop(None, found, body, orelse, state, frame)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    entered = self.value(item.context_expr, state, frame)
                    if item.optional_vars is not None:
                        self.assign(item.optional_vars, Unknown(deps(entered)), state, frame)
                return self.block(body, state, frame)
            case ast.Try():
                return self.attempt(node, state, frame)
            case ast.Match(subject=subject, cases=cases):
                self.value(subject, state, frame)
                ends = [self.block(case.body, state.fork(TRUE, False), frame) for case in cases]
                return _join([state, *(e for e in ends if e is not None)])
            case ast.Break() | ast.Continue():
                frame.breaks.append(state)
                return None
            case ast.Assert(test=test):
                self.value(test, state, frame)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                state.names[name] = NOTHING
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for alias in names:
                    state.names.pop((alias.asname or alias.name).partition(".")[0], None)
            case ast.Delete() | ast.Pass() | ast.Global() | ast.Nonlocal() | ast.AnnAssign():
                pass
            case _:
                pass
        return state

    def branch(
        self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], state: State, frame: Frame
    ) -> State | None:
        decided = truth(self.value(test, state, frame))
        yes = state.fork(decided.true, decided.known)
        no = state.fork(decided.false, decided.known)
        ends = [
            self.block(part, fork, frame) if fork.when != FALSE else None
            for part, fork in ((body, yes), (orelse, no))
        ]
        left = [end for end in ends if end is not None]
        if not left:
            return None
        joined = _join(left)
        # Both branches went on: whatever the test, this point is reached.
        if len(left) == 2:
            joined.certain = state.certain and all(e.certain or not decided.known for e in left)
        return joined

    def loop(
        self,
        test: ast.expr | None,
        iterated: Value | None,
        body: list[ast.stmt],
        orelse: list[ast.stmt],
        state: State,
        frame: Frame,
    ) -> State | None:
        outer, frame.breaks = frame.breaks, []
        decided = truth(self.value(test, state, frame)) if test is not None else Truth(TRUE, TRUE, False)
        inside = state.fork(decided.true, False)
        end = self.block(body, inside, frame) if inside.when != FALSE else None
        endless = test is not None and decided.false == FALSE
        ends = [*frame.breaks, *([end] if end is not None else [])]
        frame.breaks = outer
        if not endless:
            ends.insert(0, state.fork(TRUE, True))
        if not ends:
            return None
        after = _join(ends)
        after.certain = state.certain and not endless
        return self.block(orelse, after, frame) if orelse else after

    def attempt(self, node: ast.Try, state: State, frame: Frame) -> State | None:
        before = state.fork(TRUE, True)
        catching = [h for h in node.handlers if _catches(h)]
        frame.caught += bool(catching)
        end = self.block(node.body, state, frame)
        frame.caught -= bool(catching)
        if end is not None:
            end = self.block(node.orelse, end, frame)
        ends = [end] if end is not None else []
        for handler in node.handlers:
            after = end if end is not None and end.when != FALSE else before
            start = _join([before.fork(TRUE, False), after.fork(TRUE, False)])
            start.when, start.certain = before.when, False
            if handler.name:
                start.names[handler.name] = NOTHING
            # Only imports are tried in constructors worth reading: what their handlers do is not the rule.
            handled = self.block(handler.body, start, frame)
            if handled is not None:
                ends.append(handled)
        if not ends:
            self.block(node.finalbody, before.fork(TRUE, False), frame)
            return None
        certain = end.certain if end is not None else False
        joined = _join(ends)
        joined.certain = certain or joined.certain
        return self.block(node.finalbody, joined, frame)

    def raised(self, node: ast.Raise, state: State, frame: Frame) -> None:
        if node.exc is None:
            return
        text = ast.unparse(node.exc)
        name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        simple = (
            name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
        )
        result = self.value(node.exc, state, frame)
        source = f"{frame.module.path}:{node.lineno}"
        if simple == "TaskDeferred" and isinstance(result, New):
            self.deferral(result.keywords, result.positional, state, source)
            return
        # Some exceptions ask the task runner to defer (DagRunTriggerException): it does so where both are on.
        if isinstance(result, New) and "deferrable" in result.keywords:
            when = state.when
            for key in ("deferrable", "wait_for_completion"):
                if key in result.keywords:
                    when = both(when, truth(result.keywords[key]).true)
            if when != FALSE:
                self.out.deferrals.append(Deferral(when, result, result.keywords, source, state.certain))
            return
        if frame.caught:
            return
        found = Raise(state.when, state.certain, source, text)
        (self.out.ctor_raises if self.in_constructor else self.out.execute_raises).append(found)

    def deferral(
        self, keywords: dict[str, Value], positional: tuple[Value, ...], state: State, source: str
    ) -> None:
        trigger = keywords.get("trigger", positional[0] if positional else NOTHING)
        self.out.deferrals.append(Deferral(state.when, trigger, keywords, source, state.certain))
        state.when = FALSE

    def assign(self, target: ast.expr, value: Value, state: State, frame: Frame) -> None:
        match target:
            case ast.Name(id=name):
                state.names[name] = value
            case ast.Attribute(value=holder, attr=attribute):
                if isinstance(self.value(holder, state, frame), SelfRef):
                    state.attributes[attribute] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self.assign(element, Unknown(deps(value)), state, frame)
            case ast.Starred(value=inner):
                self.assign(inner, Unknown(deps(value)), state, frame)
            case ast.Subscript(value=holder, slice=ast.Constant(value=str() as key)):
                held = self.value(holder, state, frame)
                if isinstance(held, Keywords):
                    held.given[key] = value
                    held.taken.add(key)
                elif isinstance(holder, ast.Name) and deps(value):
                    state.names[holder.id] = Unknown(deps(held) | deps(value))
            case _:
                pass

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
            if name in self.out.accepted or name not in _base_operator_arguments(self.table):
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

    # ---- calls

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
            self.attribute(name, state, frame)
            return New(name, dict(keywords.given), tuple(positional), node, frame.module)
        if found[0].name == BASE_OPERATOR:
            return Unknown(frozenset().union(*map(deps, positional), deps(keywords)))
        owner, method = found
        decorators = {ast.unparse(d) for d in method.decorator_list}
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


def _catches(handler: ast.ExceptHandler) -> bool:
    """Whether a handler stops ordinary exceptions (and does not simply raise again)."""
    last = handler.body[-1]
    return not isinstance(last, ast.Raise)


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


_BASE_ARGUMENTS: dict[int, frozenset[str]] = {}


def _base_operator_arguments(table: ClassTable) -> frozenset[str]:
    """BaseOperator's own constructor arguments, as far as the sources hold it."""
    key = id(table)
    if key not in _BASE_ARGUMENTS:
        info = table.get(BASE_OPERATOR)
        init = info.methods.get("__init__") if info else None
        names = [a.arg for a in [*init.args.args, *init.args.kwonlyargs]] if init else []
        _BASE_ARGUMENTS[key] = frozenset(names)
    return _BASE_ARGUMENTS[key]


def follow(
    table: ClassTable, cls: ClassInfo, bound: Mapping[str, Value], entries: tuple[str, ...] = ("execute",)
) -> Outcome:
    """Everything that one class does with its constructor arguments, some of them bound to values."""
    reader = Reader(table, cls, bound)
    state = reader.constructor()
    if state.when != FALSE:
        for entry in entries:
            reader.run(state, entry)
    return reader.out
