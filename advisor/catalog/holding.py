"""Decides from a class's code whether a bare call, flag off, holds its worker slot for a wait.

How whole families are decided, by what `execute` and the hook methods it calls do with the default arguments:
True where something is started (or asked for) elsewhere and the slot stays until it is there: a poll with pauses, a
waiter, the `.result()` of a long-running operation, a job on a cluster, a container, a command on another host; also
where the client library polls (said in the overlay, with the line of the wheel that calls it).
False where something that goes on for a while is started, stopped or asked for and the call returns at once: a run, a
job, a cluster, a stack; and wherever a wait parameter is off by default.
None where the call is the work: one request or a few (create, get, list, update, delete, cancel, publish, notify), a
query and its rows or checks, a copy of files or rows, Python, a shell or a client program on the worker itself; and
for bases without an `execute` of their own. A retry is no wait, nor is the answer to a query.
"""

from __future__ import annotations

import ast
import re

from advisor.catalog.classes import ClassInfo, ClassTable
from advisor.catalog.logic import holds
from advisor.catalog.modules import FunctionNode, Module
from advisor.catalog.reach import Outcome
from advisor.catalog.record import Condition, Parameter
from advisor.catalog.values import New

_WAITS = re.compile(
    r"^_*(wait|wait_(for|until|on|to)_\w+|wait_\w*(finish|complet|done|job|operation)\w*|poll_\w*status\w*"
    r"|poll_for_\w+|\w+_and_wait|await_\w+|monitor_\w+|\w+_wait_for_\w+|check_for_wait|handle_\w*waiting\w*)$"
)
# Waiting for one's own subprocess is doing the work, not waiting for somebody else's.
_OWN_WORK = re.compile(
    r"(proc(ess)?|\bsp|_sp|popen|future\w*|executor|thread\w*|event|submit_sp)$", re.IGNORECASE
)
_SWITCHED = re.compile(r"\b(nowait|wait\w*|asynchronous|sync)\b")
_DEPTH = 4


def waits_by_default(
    table: ClassTable,
    info: ClassInfo,
    sensor: bool,
    parameters: tuple[Parameter, ...],
    switches: tuple[str, ...],
    off: Outcome,
) -> bool | None:
    """True = waits, False = starts something and returns, None = does its own (short) work."""
    if sensor:
        return True
    for parameter in parameters:
        if parameter.name in switches and not parameter.required and parameter.default is not None:
            on = bool(parameter.default)
            return not on if parameter.name == "asynchronous" else on
    defaults = {p.name: p.default for p in parameters if not p.required and not p.code}
    return True if _holds(table, info, off, defaults) else None


def _holds(table: ClassTable, info: ClassInfo, off: Outcome, defaults: dict[str, object]) -> bool:
    """Whether `execute` calls something that waits, on a path that the defaults allow."""
    for text, held, _, when in off.calls:
        if not any(all(_may(c, defaults) for c in clause) for clause in when):
            continue
        holder, _, name = text.rpartition(".")
        if _OWN_WORK.search(holder):
            continue
        if _WAITS.match(name) or text == "time.sleep" or name == "result":
            return True
        if isinstance(held, New):
            found = table.get(held.callee) or _named_class(table, info, held.callee)
            if found is not None and _waits(table, found, name, _DEPTH, set()):
                return True
    return False


def _named_class(table: ClassTable, info: ClassInfo, attribute: str) -> ClassInfo | None:
    """The class that a class attribute names: `aws_hook_class = DmsHook`, made by `self.aws_hook_class(...)`."""
    for ancestor in info.mro:
        if attribute in ancestor.values:
            found = table.sources.resolve(ancestor.module, ancestor.values[attribute])
            return table.get(found.dotted) if found is not None else None
    return None


def _may(condition: Condition, defaults: dict[str, object]) -> bool:
    if condition.argument not in defaults:
        return condition.operator != "present"
    return holds(condition.operator, condition.value, defaults[condition.argument]) is not False


def _waits(table: ClassTable, info: ClassInfo, name: str, depth: int, seen: set[str]) -> bool:
    """Whether a hook's method waits: sleeps in a loop, asks for a result, or calls a method that does."""
    if depth == 0 or f"{info.name}.{name}" in seen:
        return False
    seen.add(f"{info.name}.{name}")
    for ancestor in info.mro:
        if name in ancestor.methods:
            return _body_waits(table, info, ancestor.methods[name], ancestor.module, depth, seen)
    return False


def _body_waits(
    table: ClassTable, info: ClassInfo, node: FunctionNode, module: Module, depth: int, seen: set[str]
) -> bool:
    for loop in ast.walk(node):
        if isinstance(loop, ast.While) and _sleeps(loop):
            return True
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            name = call.func.attr
            if _WAITS.match(name) or name == "result":
                if not _guarded(node, call) and not _OWN_WORK.search(ast.unparse(call.func.value)):
                    return True
            elif (
                isinstance(call.func.value, ast.Name)
                and call.func.value.id == "self"
                and not _guarded(node, call)
                and _waits(table, info, name, depth - 1, seen)
            ):
                return True
    return False


def _guarded(node: FunctionNode, call: ast.Call) -> bool:
    """Whether a call stands under an `if` that a switch of the method decides."""
    for test in ast.walk(node):
        decided = isinstance(test, ast.If) and _SWITCHED.search(ast.unparse(test.test))
        if decided and any(inner is call for inner in ast.walk(test)):
            return True
    return False


def _sleeps(loop: ast.While) -> bool:
    """Whether a loop pauses outside of its error handling (a retry is no wait)."""
    handlers = {id(n) for h in ast.walk(loop) if isinstance(h, ast.ExceptHandler) for n in ast.walk(h)}
    return any(
        isinstance(n, ast.Call)
        and id(n) not in handlers
        and ast.unparse(n.func).rpartition(".")[2] in ("sleep", "wait")
        for n in ast.walk(loop)
    )
