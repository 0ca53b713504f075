"""Which dotted name a local name stands for, here: scopes, aliases, guarded, relative and star imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from advisor.syntax import Node, Tree, dotted

BindingKind: TypeAlias = Literal["import", "assign", "with", "parameter", "def", "class", "other"]

_SCOPES = frozenset({"function_definition", "class_definition", "lambda", "module"})
_COMPREHENSIONS = frozenset(
    {"list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"}
)
_PARAMETERS = frozenset(
    {
        "parameters",
        "lambda_parameters",
        "typed_parameter",
        "default_parameter",
        "typed_default_parameter",
        "list_splat_pattern",
        "dictionary_splat_pattern",
    }
)
_HANDLERS = frozenset(
    {"try_statement", "except_clause", "except_group_clause", "if_statement", "else_clause", "elif_clause"}
)
_ALIAS_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Import:
    """One name that an import statement binds.

    `target` is the absolute dotted name that `local` stands for: for `import a.b` that is `a` under the local name
    `a`. `module` and `name` are as written (`name` is "" for a plain `import`); `guarded` says that the statement
    stands under `try`, `except` or `if`.
    """

    local: str
    target: str
    module: str
    name: str
    statement: Node
    scope: Node
    guarded: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """A place that gives a name its value; `value` is the bound expression where there is one."""

    kind: BindingKind
    node: Node
    scope: Node
    value: Node | None = None
    imported: Import | None = None


class Names:
    """The names of one file.

    `package` is the dotted package that the file stands in, for relative imports ("" when it is not known).
    """

    def __init__(self, tree: Tree, package: str = "") -> None:
        self.tree = tree
        self.package = package
        self.imports: list[Import] = []
        self.stars: list[str] = []
        self._occurrences: dict[str, list[Node]] = {}
        self._bindings: dict[str, dict[Node, list[Binding]]] = {}
        self._references: dict[str, list[Node]] = {}
        for statement in tree.imports:
            self._read_import(statement)

    # -- imports

    def _read_import(self, statement: Node) -> None:
        scope, guarded = _scope_of_statement(statement)
        if statement.kind() == "import_statement":
            for name in statement.field_children("name"):
                path, alias = _import_name(name)
                if alias:
                    self.imports.append(Import(alias, path, path, "", statement, scope, guarded))
                else:
                    top = path.partition(".")[0]
                    self.imports.append(Import(top, top, path, "", statement, scope, guarded))
            return
        module_node = statement.field("module_name")
        if module_node is None:
            return
        written = "".join(module_node.text().split())
        module = self.absolute(written)
        if any(child.kind() == "wildcard_import" for child in statement.children()):
            self.stars.append(module)
            return
        for name in statement.field_children("name"):
            path, alias = _import_name(name)
            self.imports.append(
                Import(alias or path, f"{module}.{path}", written, path, statement, scope, guarded)
            )

    def absolute(self, module: str) -> str:
        """The absolute name of a module as written after `from` (`..x` seen from this file's package)."""
        level = len(module) - len(module.lstrip("."))
        if not level:
            return module
        parts = self.package.split(".") if self.package else []
        kept = parts[: len(parts) - (level - 1)] if level > 1 else parts
        rest = module[level:]
        return ".".join([*kept, rest] if rest else kept) or "."

    # -- occurrences

    def prepare(self, names: Iterable[str]) -> None:
        """Look all of these names up in one walk of the tree, where they are asked for later."""
        missing = {name for name in names if name not in self._occurrences}
        if not missing:
            return
        for name in missing:
            self._occurrences[name] = []
        for node in self.tree.identifiers(missing):
            self._occurrences[node.text()].append(node)

    def references(self, name: str) -> list[Node]:
        """The places where `name` is read (not bound, not an attribute, not a keyword), in the order of the text."""
        self._sort_out(name)
        return self._references[name]

    def bindings(self, name: str) -> dict[Node, list[Binding]]:
        """The places that bind `name`, by scope (a function, class, lambda, comprehension or the module)."""
        self._sort_out(name)
        return self._bindings[name]

    def _sort_out(self, name: str) -> None:
        if name in self._bindings:
            return
        self.prepare((name,))
        by_scope: dict[Node, list[Binding]] = {}
        references: list[Node] = []
        for imported in self.imports:
            if imported.local == name:
                binding = Binding("import", imported.statement, imported.scope, None, imported)
                by_scope.setdefault(imported.scope, []).append(binding)
        for node in self._occurrences[name]:
            found = _classify(node)
            if found == "reference":
                references.append(node)
            elif found is not None:
                kind, value = found
                scope = _binding_scope(node, kind)
                by_scope.setdefault(scope, []).append(Binding(kind, node, scope, value))
        self._bindings[name] = by_scope
        self._references[name] = references

    # -- resolution

    def lookup(self, node: Node) -> list[Binding]:
        """The bindings that an identifier read at `node` may have, from its innermost scope that has any."""
        by_scope = self.bindings(node.text())
        if not by_scope:
            return []
        first = True
        for scope in scopes_around(node):
            # A class body is no scope for the functions in it.
            if (first or scope.kind() != "class_definition") and scope in by_scope:
                return by_scope[scope]
            if scope.kind() in _SCOPES:
                first = False
        return []

    def candidates(self, node: Node, depth: int = 0) -> tuple[str, ...]:
        """The absolute dotted names that an identifier or attribute chain may stand for; empty when that is unknown.

        Several only when imports are guarded or repeated. A name that is anything but imported (or an alias of what is
        imported) is unknown.
        """
        path = dotted(node)
        if path is None or depth > _ALIAS_DEPTH:
            return ()
        head, _, rest = path.partition(".")
        first = node
        while first.kind() == "attribute":
            inner = first.field("object")
            if inner is None:
                return ()
            first = inner
        bindings = self.lookup(first)
        if not bindings:
            if self.stars and not self.bindings(head):
                return tuple(f"{module}.{path}" for module in self.stars)
            return ()
        found: list[str] = []
        for binding in bindings:
            if binding.imported is not None:
                if not rest or binding.imported.name or binding.imported.local != binding.imported.target:
                    names: tuple[str, ...] = (binding.imported.target,)
                else:
                    names = (head,)
            elif binding.kind == "assign" and binding.value is not None:
                if binding.value.text() == "None":
                    continue  # `except ImportError: Sensor = None`
                if binding.value.kind() not in ("identifier", "attribute"):
                    return ()
                names = self.candidates(binding.value, depth + 1)
                if not names:
                    return ()
            else:
                return ()
            found.extend(f"{name}.{rest}" if rest else name for name in names)
        return tuple(dict.fromkeys(found))

    def is_rebound(self, local: str) -> bool:
        """Whether anything but import statements binds this name, in any scope of the file."""
        return any(b.imported is None for group in self.bindings(local).values() for b in group)


def scopes_around(node: Node) -> Iterator[Node]:
    """The scopes whose names a read at `node` can see, from the inside out, the module last."""
    child = node
    for ancestor in node.ancestors():
        kind = ancestor.kind()
        if (kind in _COMPREHENSIONS or kind in _SCOPES) and not _outside(ancestor, kind, child):
            yield ancestor
        child = ancestor


def _outside(scope: Node, kind: str, child: Node) -> bool:
    """Whether this child of a scope's node belongs to the scope around it (defaults, annotations, base classes)."""
    if kind == "function_definition":
        return child.kind() not in ("block", "comment")
    if kind == "class_definition":
        return child.kind() != "block"
    if kind == "lambda":
        return child.kind() == "lambda_parameters"
    return False


def _binding_scope(node: Node, kind: BindingKind) -> Node:
    child = node
    passed_definition = kind not in ("def", "class")
    walrus = _is_walrus(node)
    for ancestor in node.ancestors():
        here = ancestor.kind()
        if here in ("function_definition", "class_definition") and not passed_definition:
            passed_definition = True  # the name of a function belongs to the scope around it
        elif kind == "parameter" and here in ("function_definition", "lambda"):
            return ancestor
        elif here in _COMPREHENSIONS:
            if not walrus:
                return ancestor
        elif here in _SCOPES and not _outside(ancestor, here, child):
            return ancestor
        child = ancestor
    return child


def _is_walrus(node: Node) -> bool:
    parent = node.parent()
    return parent is not None and parent.kind() == "named_expression"


def _classify(node: Node) -> Literal["reference"] | tuple[BindingKind, Node | None] | None:
    """What an identifier does where it stands; None where it is no use of the name at all."""
    parent = node.parent()
    if parent is None:
        return "reference"
    kind = parent.kind()
    if kind == "attribute":
        return "reference" if parent.field("object") == node else None
    if kind == "keyword_argument":
        return None if parent.field("name") == node else "reference"
    if kind in ("dotted_name", "aliased_import"):
        around = parent.parent()
        if around is not None and around.kind() in ("case_pattern", "class_pattern"):
            return ("other", None)
        return None
    if kind == "assignment":
        if parent.field("left") == node:
            return ("assign", parent.field("right"))
        return "reference"
    if kind == "named_expression":
        return ("assign", parent.field("value")) if parent.field("name") == node else "reference"
    if kind == "function_definition":
        return ("def", parent) if parent.field("name") == node else "reference"
    if kind == "class_definition":
        return ("class", parent) if parent.field("name") == node else "reference"
    if kind in _PARAMETERS:
        value = parent.field("value")
        if (value is not None and value == node) or parent.field("type") == node:
            return "reference"
        return ("parameter", value)
    if kind == "as_pattern_target":
        pattern = parent.parent()
        holder = pattern.parent() if pattern is not None else None
        if pattern is not None and holder is not None and holder.kind() == "with_item":
            return ("with", pattern.child(0))
        return ("other", None)
    if kind in ("augmented_assignment", "for_statement", "for_in_clause"):
        return ("other", None) if parent.field("left") == node else "reference"
    if kind in ("pattern_list", "tuple_pattern", "list_pattern", "global_statement", "nonlocal_statement"):
        return ("other", None)
    if kind in ("delete_statement", "except_clause") and parent.child(0) != node:
        # `except A as e` hides e in an as_pattern; what stands here is the class, or what `del` forgets
        return ("other", None) if kind == "delete_statement" else "reference"
    return "reference"


def _import_name(node: Node) -> tuple[str, str]:
    """The dotted path and the alias ("" for none) of one name in an import statement."""
    if node.kind() == "aliased_import":
        path, alias = node.field("name"), node.field("alias")
        return ("".join(path.text().split()) if path else "", alias.text() if alias else "")
    return "".join(node.text().split()), ""


def _scope_of_statement(statement: Node) -> tuple[Node, bool]:
    guarded = False
    last = statement
    for ancestor in statement.ancestors():
        kind = ancestor.kind()
        if kind in _SCOPES:
            return ancestor, guarded
        if kind in _HANDLERS:
            guarded = True
        last = ancestor
    return last, guarded
