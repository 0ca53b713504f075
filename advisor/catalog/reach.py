"""Follows a class's `__init__` and `execute` without running them: on which arguments do they defer, or raise?"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from advisor.catalog.calls import Calls
from advisor.catalog.classes import BASE_OPERATOR, ClassInfo, ClassTable
from advisor.catalog.logic import FALSE, TRUE, Effort, both
from advisor.catalog.modules import FunctionNode, Module
from advisor.catalog.paths import Accepted, Deferral, Frame, Outcome, Raise, State, join
from advisor.catalog.values import (
    NOTHING,
    Const,
    Keywords,
    New,
    SelfRef,
    Truth,
    Unknown,
    Value,
    choice,
    deps,
    truth,
)

__all__ = ["Accepted", "Deferral", "Outcome", "Raise", "follow"]

_DEPTH = 24
_STEPS = 60_000
_EFFORT = (
    300_000  # alternatives put together: 15,500 at most in the newest providers, 136,000 in Airflow 2.11
)


class Reader(Calls):
    """The whole: entries, functions, statements."""

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
        if self.depth > _DEPTH or self.stack.count(id(node)) > 1 or self.tired():
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
        after = join([s for s, _ in frame.returned])
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

    def tired(self) -> bool:
        """Whether this class has taken more work than any that is meant to be read; noted in the outcome."""
        if self.steps > _STEPS or Effort.spent - self.effort > _EFFORT:
            self.out.gave_up = True
        return self.out.gave_up

    # ---- statements

    def block(self, body: list[ast.stmt], state: State, frame: Frame) -> State | None:
        """Follow statements; None where no path falls off the end."""
        current: State | None = state
        for statement in body:
            self.steps += 1
            if current is None or self.tired():
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
                return join([state, *(e for e in ends if e is not None)])
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
        joined = join(left)
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
        after = join(ends)
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
            start = join([before.fork(TRUE, False), after.fork(TRUE, False)])
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
        joined = join(ends)
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


def _catches(handler: ast.ExceptHandler) -> bool:
    """Whether a handler stops ordinary exceptions (and does not simply raise again)."""
    last = handler.body[-1]
    return not isinstance(last, ast.Raise)


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
