"""What an expression stands for: the function that a call runs, the class that an object is of."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Final

from advisor.coroutines import argument, has_splat, parameters, references
from advisor.flow import Readable
from advisor.names import Binding
from advisor.owners import Owner, Owners, Ref, class_of, decorator_words
from advisor.syntax import Node, arguments_of, function_of, is_async, keyword_parts, strip_parentheses

#: the class of what a task gets as `ti`; a task's context holds it under these keys
TASK_INSTANCE: Final = "airflow.models.taskinstance.TaskInstance"
_CONTEXT: Final = "airflow.sdk.Context"
_TASK_INSTANCE_KEYS = frozenset({"ti", "task_instance"})
_PATH: Final = "pathlib.Path"
_GIVES_A_PATH = frozenset(
    {"absolute", "cwd", "expanduser", "home", "joinpath", "resolve", "with_name", "with_suffix"}
)
_CONTEXT_NAMES = frozenset({"context", "kwargs"})

_MAX_DEPTH = 10
_MAX_BINDINGS = 6  # places that give one name or attribute its value
_MAX_LENGTH = 300  # characters of a dotted name
_BUILTINS = frozenset(dir(builtins))
_FIRST = frozenset({"identifier", "typed_parameter", "default_parameter", "typed_default_parameter"})
_PROPERTIES = frozenset({"property", "cached_property"})
_GIVES_ITS_ARGUMENT = frozenset({"closing", "enter_context", "enter_async_context", "aclosing"})
_TUPLES = frozenset({"expression_list", "tuple"})
_ONE_OF = frozenset({"Optional", "Annotated", "Final", "ClassVar", "Union"})


class Receivers(Owners):
    """Resolves expressions of one DAG file and of the first-party modules that it leads to.

    An answer holds every possibility and is empty where there may be one that isn't known. What is learnt of a module
    is kept with the project, for the other files that import it.
    """

    def of(
        self, file: Readable, node: Node, receiver: Owner | None = None, depth: int = 0
    ) -> tuple[Ref, ...]:
        """What an expression may stand for; `receiver` is the class of `self` around it, where it is a derived one."""
        if depth > _MAX_DEPTH:
            return ()
        key = (node, receiver.key if receiver is not None else None)
        known = self.memory(file, receiver).refs
        if key not in known:
            known[key] = ()  # a name that stands for itself ends here
            refs = self._of(file, node, receiver, depth)
            known[key] = refs if len(refs) < 2 else tuple(dict.fromkeys(refs))
        return known[key]

    def _of(self, file: Readable, node: Node, receiver: Owner | None, depth: int) -> tuple[Ref, ...]:
        node = strip_parentheses(node)
        kind = node.kind()
        if kind == "identifier":
            return self._name(file, node, receiver, depth)
        if kind == "attribute":
            return self._attribute(file, node, receiver, depth)
        if kind == "call":
            return self._result(file, node, receiver, depth)
        if kind == "await":
            inner = strip_parentheses(node.children()[-1])
            refs = self.of(file, inner, receiver, depth + 1)
            return refs if _is_in_thread(inner) else _awaited(refs)
        if kind == "named_expression":
            value = node.field("value")
            return self.of(file, value, receiver, depth + 1) if value is not None else ()
        if kind == "boolean_operator":  # `given or Hook()`
            arms = [arm for arm in (node.field("left"), node.field("right")) if arm is not None]
            return tuple(ref for arm in arms for ref in self.of(file, arm, receiver, depth + 1))
        if kind == "conditional_expression":
            parts = node.named_children()
            return self._all(file, [parts[0], parts[-1]], receiver, depth) if len(parts) == 3 else ()
        if kind == "binary_operator":  # `Path("/tmp") / name`
            left, operator = node.field("left"), node.field("operator")
            if left is None or operator is None or operator.text() != "/":
                return ()
            return tuple(ref for ref in self.of(file, left, receiver, depth + 1) if ref.path == _PATH)
        if kind == "subscript":
            return self._item(file, node, receiver, depth)
        return ()

    def _all(
        self, file: Readable, nodes: Iterable[Node], receiver: Owner | None, depth: int
    ) -> tuple[Ref, ...]:
        """What any of these expressions stands for; nothing where one of them is unknown, but for None."""
        found: list[Ref] = []
        for node in nodes:
            if strip_parentheses(node).kind() == "none":
                continue
            refs = self.of(file, node, receiver, depth + 1)
            if not refs:
                return ()
            found += refs
        return tuple(found)

    # -- names

    def _name(self, file: Readable, node: Node, receiver: Owner | None, depth: int) -> tuple[Ref, ...]:
        bindings = file.names.lookup(node)
        name = node.text()
        if not bindings:
            if name in _BUILTINS:
                return (Ref(f"builtins.{name}"),)
            return self._either(file, file.names.candidates(node), depth)
        return self._bound(file, bindings, receiver, depth)

    def _bound(
        self, file: Readable, bindings: list[Binding], receiver: Owner | None, depth: int
    ) -> tuple[Ref, ...]:
        if len(bindings) > _MAX_BINDINGS:
            return ()
        found: list[Ref] = []
        for binding in bindings:
            value = binding.value
            if binding.kind == "assign" and value is not None and value.kind() == "none":
                continue
            refs = self._binding(file, binding, receiver, depth)
            if not refs:
                return ()
            found += refs
        return tuple(found)

    def _binding(
        self, file: Readable, binding: Binding, receiver: Owner | None, depth: int
    ) -> tuple[Ref, ...]:
        value = binding.value
        if binding.imported is not None:
            return self.named(file, binding.imported.target, depth + 1)
        if binding.kind in ("def", "class") and value is not None:
            return (Ref(self.path(file, value), False, file, value, receiver),)
        if binding.kind == "parameter":
            return self._parameter(file, binding, receiver, depth)
        if binding.kind == "with" and value is not None:
            refs = self._entered(self.of(file, value, receiver, depth + 1))
            return _awaited(refs) if _is_async_with(value) else refs
        if binding.kind == "other":
            paired = _paired(binding.node)
            if paired is not None:
                return self.of(file, paired, receiver, depth + 1)
            return self._unpacked(file, binding.node, receiver, depth)
        if binding.kind == "assign":
            statement = binding.node.parent()
            annotation = statement.field("type") if statement is not None else None
            if value is None:
                return self._annotated(file, annotation, depth) if annotation is not None else ()
            if value.kind() == "lambda":
                return (Ref(binding.node.text(), False, file, value, receiver),)
            return self.of(file, value, receiver, depth + 1) or (
                self._annotated(file, annotation, depth) if annotation is not None else ()
            )
        return ()

    def named(self, file: Readable, target: str, depth: int = 0) -> tuple[Ref, ...]:
        """What an absolute dotted name stands for in a file, through re-exports and first-party constants."""
        if target.startswith((".", "airflow.")) or depth > _MAX_DEPTH:
            return () if target.startswith(".") else (Ref(target),)
        module_name, _, name = target.rpartition(".")
        module = self._project.module(module_name, file.path) if module_name else None
        if module is None:
            return (Ref(target),)
        bindings = module.names.bindings(name).get(module.tree.root, [])
        if bindings:
            refs = self._bound(module, bindings, None, depth)
            imported = any(binding.imported is not None for binding in bindings)
            return refs if imported else tuple(_imported_as(ref, target) for ref in refs)
        if self._project.locate(target, file.path) is not None:
            return (Ref(target),)
        return self._either(module, module.names.passed_on(name), depth)

    def _either(self, file: Readable, targets: Iterable[str], depth: int) -> tuple[Ref, ...]:
        return tuple(ref for target in targets for ref in self.named(file, target, depth + 1))

    def _parameter(
        self, file: Readable, binding: Binding, receiver: Owner | None, depth: int
    ) -> tuple[Ref, ...]:
        itself = self._itself(file, binding, receiver)
        if itself is not None:
            return (itself,)
        function, name = binding.scope, binding.node.text()
        around = binding.node.parent()
        if around is not None and around.kind() in ("list_splat_pattern", "dictionary_splat_pattern"):
            name = name if around.kind() == "dictionary_splat_pattern" else ""
            around = around.parent()
            return (Ref(_CONTEXT, True),) if name in _CONTEXT_NAMES else ()
        annotation = around.field("type") if around is not None else None
        if annotation is not None:
            refs = self._annotated(file, annotation, depth)
            if refs:
                return refs
        if name in _TASK_INSTANCE_KEYS:
            return (Ref(TASK_INSTANCE, True),)
        if name == "context":
            return (Ref(_CONTEXT, True),)
        return self._given_by_callers(file, function, name, depth) if annotation is None else ()

    def _itself(self, file: Readable, binding: Binding, receiver: Owner | None) -> Ref | None:
        """The object (or the class) whose method is run, where a parameter is the first of one; asked all the time."""
        known = self.memory(file, receiver).itself
        key = (binding.node, receiver.key if receiver is not None else None)
        if key not in known:
            known[key] = self._first_of_method(file, binding, receiver)
        return known[key]

    def _first_of_method(self, file: Readable, binding: Binding, receiver: Owner | None) -> Ref | None:
        function = binding.scope
        owner = class_of(function)
        holder = function.field("parameters") if owner is not None else None
        parameters = [p for p in holder.named_children() if p.kind() in _FIRST] if holder is not None else []
        if owner is None or not parameters or not _holds_name(parameters[0], binding.node):
            return None
        decorators = decorator_words(function)
        if "staticmethod" in decorators:
            return None
        here = Owner(file, owner, self.path(file, owner))
        if receiver is not None and here.key in {
            above.key for above in self.line(receiver) if isinstance(above, Owner)
        }:
            here = receiver
        return Ref(here.path, "classmethod" not in decorators, here.file, here.node, here)

    def _given_by_callers(self, file: Readable, function: Node, name: str, depth: int) -> tuple[Ref, ...]:
        """What the calls of a plain function in its own file give to a parameter, where all of them can be seen."""
        if (
            function.kind() != "function_definition"
            or class_of(function) is not None
            or decorator_words(function)
        ):
            return ()
        names = [parameter for parameter, _ in parameters(function)]
        uses = references(file, function)
        if name not in names or not 0 < len(uses) <= _MAX_BINDINGS:
            return ()
        values: list[Node] = []
        for use in uses:
            call = use.parent()
            if call is None or call.kind() != "call" or call.field("function") != use or has_splat(call):
                return ()
            value = argument(file, call, name, names.index(name))
            if value is None:
                return ()
            values.append(value)
        return self._all(file, values, None, depth)

    def _annotated(self, file: Readable, annotation: Node, depth: int) -> tuple[Ref, ...]:
        """The objects that an annotation allows."""
        if depth > _MAX_DEPTH:
            return ()
        kind = annotation.kind()
        if kind in ("type", "parenthesized_expression"):
            inner = annotation.named_children()
            return self._annotated(file, inner[0], depth + 1) if len(inner) == 1 else ()
        if kind in ("binary_operator", "union_type"):
            found: list[Ref] = []
            for part in annotation.named_children():
                if part.text() == "None":
                    continue
                refs = self._annotated(file, part, depth + 1)
                if not refs:
                    return ()
                found += refs
            return tuple(found)
        if kind in ("generic_type", "subscript"):
            parts = annotation.named_children()
            if len(parts) < 2 or parts[0].text().rpartition(".")[2] not in _ONE_OF:
                return self._annotated(file, parts[0], depth + 1) if parts else ()
            arguments = parts[1].named_children() if parts[1].kind() == "type_parameter" else parts[1:]
            if parts[0].text().rpartition(".")[2] == "Annotated":
                arguments = arguments[:1]
            every = [self._annotated(file, a, depth + 1) for a in arguments if a.text() != "None"]
            return tuple(ref for refs in every for ref in refs) if all(every) else ()
        if kind == "string":
            return self._annotated_text(file, annotation.text().strip("\"'"), depth)
        if kind not in ("identifier", "attribute", "member_type"):
            return ()
        refs = self.of(file, annotation, None, depth + 1)
        return tuple(_object(ref) for ref in refs if ref.path != "builtins.None")

    def _annotated_text(self, file: Readable, text: str, depth: int) -> tuple[Ref, ...]:
        parts = [part.strip() for part in text.split("|")]
        if len([part for part in parts if part != "None"]) != 1:
            return ()
        head, *rest = next(part for part in parts if part != "None").split(".")
        if not all(part.isidentifier() for part in (head, *rest)):
            return ()
        refs = self._bound(file, file.names.bindings(head).get(file.tree.root, []), None, depth + 1)
        for name in rest:
            refs = tuple(found for ref in refs for found in self.member(file, ref, name, depth + 1))
        return tuple(_object(ref) for ref in refs)

    # -- attributes

    def _attribute(self, file: Readable, node: Node, receiver: Owner | None, depth: int) -> tuple[Ref, ...]:
        holder, name = node.field("object"), node.field("attribute")
        if holder is None or name is None:
            return ()
        if holder.kind() == "call" and holder.text() == "super()":
            return self._of_super(file, holder, name.text(), receiver, depth)
        found: list[Ref] = []
        for ref in self.of(file, holder, receiver, depth + 1):
            refs = self.member(file, ref, name.text(), depth + 1)
            if not refs:
                return ()
            found += refs
        return tuple(found)

    def member(self, file: Readable, ref: Ref, name: str, depth: int = 0) -> tuple[Ref, ...]:
        """What an attribute of a thing stands for."""
        if ref.node is None:
            if len(ref.path) > _MAX_LENGTH:
                return ()
            return (
                (Ref(f"{ref.path}.{name}", True),)
                if ref.is_object
                else self.named(file, f"{ref.path}.{name}", depth)
            )
        owner = ref.owner
        return self._inherited(owner, self.line(owner), name, depth) if owner is not None else ()

    def _of_super(
        self, file: Readable, node: Node, name: str, receiver: Owner | None, depth: int
    ) -> tuple[Ref, ...]:
        function = function_of(node)
        here = class_of(function) if function is not None else None
        if here is None:
            return ()
        own = Owner(file, here, self.path(file, here))
        receiver = receiver or own
        line = self.line(receiver)
        keys = [above.key if isinstance(above, Owner) else None for above in line]
        if own.key not in keys:
            receiver, line, keys = own, self.line(own), [own.key]
        return self._inherited(receiver, line[keys.index(own.key) + 1 :], name, depth)

    def _inherited(
        self, receiver: Owner, line: list[Owner | str | None], name: str, depth: int
    ) -> tuple[Ref, ...]:
        """What an attribute is that is looked for in these classes, one after the other."""
        for above in line:
            if not isinstance(above, Owner):
                break
            method = self.methods(above).get(name)
            if method is not None:
                ref = Ref(f"{above.path}.{name}", True, above.file, method, receiver)
                is_property = not _PROPERTIES.isdisjoint(decorator_words(method))
                return self._returned(ref, depth) if is_property else (ref,)
            given = self.attributes(above).get(name)
            if given:
                return self._given(above.file, given, receiver, depth)
        elsewhere = [above for above in line if not isinstance(above, Owner)]
        if None in elsewhere:
            return ()
        return tuple(Ref(f"{path}.{name}", True) for path in elsewhere)

    def _given(self, file: Readable, assignments: list[Node], receiver: Owner, depth: int) -> tuple[Ref, ...]:
        """What an attribute is, by the statements that set it."""
        if len(assignments) > _MAX_BINDINGS:
            return ()
        for assignment in assignments:
            annotation = assignment.field("type")
            refs = self._annotated(file, annotation, depth + 1) if annotation is not None else ()
            if refs:
                return refs
        values = [value for assignment in assignments if (value := assignment.field("right")) is not None]
        return self._all(file, values, receiver, depth)

    # -- results

    def _result(self, file: Readable, call: Node, receiver: Owner | None, depth: int) -> tuple[Ref, ...]:
        function = call.field("function")
        if function is None:
            return ()
        given = [argument for argument in arguments_of(call) if keyword_parts(argument) is None]
        last = function.field("attribute") if function.kind() == "attribute" else function
        name = last.text() if last is not None else ""
        if name == "get" and given and given[0].kind() == "string":  # `context.get("ti")`
            holder = function.field("object")
            refs = self.of(file, holder, receiver, depth + 1) if holder is not None else ()
            if refs and all(ref.path == _CONTEXT for ref in refs):
                return (
                    (Ref(TASK_INSTANCE, True),) if given[0].text().strip("\"'") in _TASK_INSTANCE_KEYS else ()
                )
        if given and _is_in_thread(call):
            return self._result_of(file, given[0], receiver, depth)
        if name in _GIVES_ITS_ARGUMENT and given:
            return self._entered(self.of(file, given[0], receiver, depth + 1))
        if name == "cast" and len(given) == 2:
            return self._annotated(file, given[0], depth + 1)
        return self._result_of(file, function, receiver, depth)

    def _result_of(
        self, file: Readable, function: Node, receiver: Owner | None, depth: int
    ) -> tuple[Ref, ...]:
        found: list[Ref] = []
        for ref in self.of(file, function, receiver, depth + 1):
            refs = self._called(ref, depth)
            if not refs:
                return ()
            found += refs
        return tuple(found)

    def _called(self, ref: Ref, depth: int) -> tuple[Ref, ...]:
        if ref.node is None:
            last = ref.path.rpartition(".")[2]
            if not ref.is_object and last.lstrip("_")[:1].isupper():
                return (Ref(ref.path, True),)
            if ref.path.startswith(_PATH) and last in _GIVES_A_PATH:
                return (Ref(_PATH, True),)
            if last == "get_current_context":
                return (Ref(_CONTEXT, True),)
            return (Ref(f"{ref.path}()", True),)
        if ref.node.kind() == "class_definition":
            return (_object(ref),) if not ref.is_object else ()
        if ref.node.kind() == "lambda":
            body = ref.node.field("body")
            if body is None or ref.file is None:
                return ()
            return self.of(ref.file, body, ref.receiver, depth + 1)
        return self._returned(ref, depth)

    def _returned(self, ref: Ref, depth: int) -> tuple[Ref, ...]:
        """What a first-party function gives back."""
        if ref.node is None or ref.file is None or depth > _MAX_DEPTH:
            return ()
        annotation = ref.node.field("return_type")
        if annotation is not None:
            refs = self._annotated(ref.file, annotation, depth + 1)
            if refs:
                return refs
        values = _returns(ref.file, ref.node)
        return self._all(ref.file, values, ref.receiver, depth) if len(values) <= _MAX_BINDINGS else ()

    def _unpacked(self, file: Readable, name: Node, receiver: Owner | None, depth: int) -> tuple[Ref, ...]:
        """What a name gets in `session, url = self.get_conn()`, where first-party functions return tuples."""
        place = _place_in(name)
        function = place[0].field("function") if place is not None else None
        if place is None or function is None or depth > _MAX_DEPTH:
            return ()
        found: list[Ref] = []
        for ref in self.of(file, function, receiver, depth + 1):
            if ref.node is None or ref.file is None or ref.node.kind() != "function_definition":
                return ()
            items: list[Node] = []
            for value in _returns(ref.file, ref.node):
                given = value.named_children() if value.kind() in _TUPLES else []
                if len(given) != place[2] or is_async(ref.node):
                    return ()
                items.append(given[place[1]])
            refs = self._all(ref.file, items, ref.receiver, depth) if len(items) <= _MAX_BINDINGS else ()
            if not refs:
                return ()
            found += refs
        return tuple(found)

    def _entered(self, refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
        """What `with` gives for these contexts: themselves, unless they say otherwise."""
        for ref in refs:
            owner = ref.owner
            for name in ("__enter__", "__aenter__") if owner is not None else ():
                method = self.methods(owner).get(name) if owner is not None else None
                if method is not None and "return self" not in method.text():
                    return ()
        return refs

    def _item(self, file: Readable, node: Node, receiver: Owner | None, depth: int) -> tuple[Ref, ...]:
        """`context["ti"]`."""
        value, keys = node.field("value"), node.field_children("subscript")
        if value is None or len(keys) != 1 or keys[0].kind() != "string":
            return ()
        if keys[0].text().strip("\"'") not in _TASK_INSTANCE_KEYS:
            return ()
        refs = self.of(file, value, receiver, depth + 1)
        return (Ref(TASK_INSTANCE, True),) if refs and all(ref.path == _CONTEXT for ref in refs) else ()


def _object(ref: Ref) -> Ref:
    return Ref(ref.path, True, ref.file, ref.node, ref.receiver)


def _awaited(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
    """What `await` makes of what a function of others gives back; nobody knows that by the name of the function."""
    return tuple(Ref(f"await {ref.path}", True) if ref.path.endswith("()") else ref for ref in refs)


def _taken_apart(name: Node) -> tuple[list[Node], Node] | None:
    """The names among which `a, b = value` gives one, and the value; None for anything else."""
    pattern = name.parent()
    statement = pattern.parent() if pattern is not None else None
    if pattern is None or statement is None or statement.kind() != "assignment":
        return None
    names, value = pattern.named_children(), statement.field("right")
    if value is None or statement.field("left") != pattern or name not in names:
        return None
    return names, value


def _paired(name: Node) -> Node | None:
    """The expression that a name gets in `a, b = first, second`."""
    apart = _taken_apart(name)
    if apart is None or apart[1].kind() not in _TUPLES:
        return None
    names, given = apart[0], apart[1].named_children()
    return given[names.index(name)] if len(given) == len(names) else None


def _place_in(name: Node) -> tuple[Node, int, int] | None:
    """The call whose result `a, b = call()` takes apart, the place of a name in it, and how many names there are."""
    apart = _taken_apart(name)
    if apart is None or apart[1].kind() != "call":
        return None
    names, call = apart
    plain = all(one.kind() in ("identifier", "attribute", "subscript") for one in names)
    return (call, names.index(name), len(names)) if plain else None


def _returns(file: Readable, function: Node) -> list[Node]:
    """What a function itself returns, where it says so."""
    return [
        inner[0]
        for statement in file.tree.kinds("return_statement", under=function)
        if (inner := statement.named_children()) and function_of(statement) == function
    ]


def _is_in_thread(node: Node) -> bool:
    """`asyncio.to_thread(hook.get_conn)`, which gives what the function gives."""
    function = node.field("function") if node.kind() == "call" else None
    return function is not None and function.text().rpartition(".")[2] == "to_thread"


def _is_async_with(context: Node) -> bool:
    for ancestor in context.ancestors():
        if ancestor.kind() == "with_statement":
            first = ancestor.child(0)
            return first is not None and first.kind() == "async"
    return False


def _imported_as(ref: Ref, path: str) -> Ref:
    """The same thing by the name that it is imported by."""
    if ref.node is None or ref.is_object:
        return ref
    return Ref(path, False, ref.file, ref.node, ref.receiver)


def _holds_name(parameter: Node, name: Node) -> bool:
    return parameter == name or name in parameter.named_children()
