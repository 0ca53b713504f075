"""Which dotted name a local name stands for, here: scopes, aliases, guarded, relative and star imports."""

from __future__ import annotations

from typing import Literal, TypeAlias

from advisor.records import dataclass
from advisor.syntax import COMPREHENSIONS, Node, Tree, dotted

BindingKind: TypeAlias = Literal["import", "assign", "with", "parameter", "def", "class", "other"]

_SCOPES = frozenset({"function_definition", "class_definition", "lambda", "module"})
_PARAMETERS = frozenset(
    {
        "parameters",
        "lambda_parameters",
        "typed_parameter",
        "default_parameter",
        "typed_default_parameter",
    }
)
_SPLAT_PATTERNS = frozenset({"list_splat_pattern", "dictionary_splat_pattern"})
# What may stand between a target and the statement that binds it: `with a as (b, c)`, `del b, c`.
_GROUPINGS = frozenset({"tuple", "list", "list_splat", "parenthesized_expression", "expression_list"})
_HANDLERS = frozenset(
    {"try_statement", "except_clause", "except_group_clause", "if_statement", "else_clause", "elif_clause"}
)
_DEFINITIONS = frozenset({"def", "class", "import"})
_LOOPS = frozenset({"for_statement", "while_statement"})
_MAX_REBOUND = 8  # bindings of one name among which one read in its own value is looked for
_MAX_ALIASES = 50  # bindings looked at on the way to one name


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
        self._bindings: dict[str, dict[Node, list[Binding]]] = {}
        self._references: dict[str, list[Node]] = {}
        self._candidates: dict[Node, tuple[str, ...]] = {}
        self._imported: dict[str, list[Import]] = {}
        self._rebound: dict[Node, list[Binding]] = {}
        for statement in tree.imports:
            self._read_import(statement)
        for imported in self.imports:
            self._imported.setdefault(imported.local, []).append(imported)

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
        names = list(statement.field_children("name"))
        if not names and any(child.kind() == "wildcard_import" for child in statement.children()):
            self.stars.append(module)
            return
        for name in names:
            path, alias = _import_name(name)
            target = f"{module}.{path}" if module else path
            self.imports.append(Import(alias or path, target, written, path, statement, scope, guarded))

    def absolute(self, module: str) -> str:
        """The absolute name of a module as written after `from` (`..x` seen from this file's package).

        "" for the root itself, "." for what lies above it.
        """
        return absolute(module, self.package)

    # -- occurrences

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
        by_scope: dict[Node, list[Binding]] = {}
        references: list[Node] = []
        for imported in self._imported.get(name, ()):
            binding = Binding("import", imported.statement, imported.scope, None, imported)
            by_scope.setdefault(imported.scope, []).append(binding)
        elsewhere: dict[Node, str] = {}
        for node in self.tree.occurrences.get(name, ()):
            found = _classify(node)
            if found == "reference":
                references.append(node)
            elif found is not None:
                kind, value = found
                scope = self._binding_scope(node, kind)
                parent = node.parent()
                if parent is not None and parent.kind() in ("global_statement", "nonlocal_statement"):
                    elsewhere[scope] = parent.kind()
                    continue
                by_scope.setdefault(scope, []).append(Binding(kind, node, scope, value))
        for scope, statement in elsewhere.items():
            self._move_out(by_scope, scope, statement)
        self._bindings[name] = by_scope
        self._references[name] = references

    def _binding_scope(self, node: Node, kind: BindingKind) -> Node:
        start = node.range().start.index
        walrus: bool | None = None
        for around in self.tree.around(node):
            if kind == "parameter":
                if around.kind in ("function_definition", "lambda"):
                    return around.node
            elif around.kind in COMPREHENSIONS:
                walrus = _is_walrus(node) if walrus is None else walrus
                if not walrus:
                    return around.node
            elif around.kind in _SCOPES and start >= around.body:
                return around.node
        return self.tree.root

    def _move_out(self, by_scope: dict[Node, list[Binding]], scope: Node, statement: str) -> None:
        """Let what a scope binds to a `global` or `nonlocal` name count where the name lives."""
        home = self.tree.root
        if statement == "nonlocal_statement":
            for around in self.tree.around(scope):
                if around.kind in ("function_definition", "lambda") and around.node in by_scope:
                    home = around.node
                    break
        bindings = by_scope.get(scope, [])
        shared = by_scope.setdefault(home, [])
        if shared is not bindings:
            shared += bindings
            by_scope[scope] = shared

    # -- resolution

    def lookup(self, node: Node) -> list[Binding]:
        """The bindings that an identifier read at `node` may have, from its innermost scope that has any.

        `load = PythonOperator(python_callable=load)` reads what `load` was before.
        """
        found = self._in_scope(node)
        return self._before(node, found) if 1 < len(found) <= _MAX_REBOUND else found

    def _in_scope(self, node: Node) -> list[Binding]:
        by_scope = self.bindings(node.text())
        if not by_scope:
            return []
        only_root = len(by_scope) == 1 and self.tree.root in by_scope
        if only_root:
            return by_scope[self.tree.root]
        start = node.range().start.index
        first = True
        for around in self.tree.around(node):
            if around.kind in COMPREHENSIONS:
                if around.node in by_scope:
                    return by_scope[around.node]
            elif around.kind in _SCOPES and start >= around.body:
                # A class body is no scope for the functions in it.
                if (first or around.kind != "class_definition") and around.node in by_scope:
                    return by_scope[around.node]
                first = False
        return by_scope.get(self.tree.root, [])

    def _before(self, node: Node, found: list[Binding]) -> list[Binding]:
        at = node.range().start.index
        for binding in found:
            if binding.kind != "assign" or binding.value is None:
                continue
            value = binding.value.range()
            if value.start.index <= at < value.end.index:
                inner = next(self.tree.around(node), None)
                put_off = inner is not None and inner.start >= value.start.index  # a lambda, a comprehension
                return found if put_off else self._earlier(binding, found)
        return found

    def _earlier(self, rebound: Binding, found: list[Binding]) -> list[Binding]:
        """What gave a name its value before it was bound again: definitions and imports; `found` where in doubt."""
        known = self._rebound.get(rebound.node)
        if known is None:
            start = rebound.node.range().start.index
            before = [one for one in found if one.node.range().start.index < start]
            certain = before and all(one.kind in _DEFINITIONS for one in before)
            alone = all(one.scope == rebound.scope for one in found)
            known = before if certain and alone and not _is_repeated(rebound) else found
            self._rebound[rebound.node] = known
        return known

    def candidates(self, node: Node) -> tuple[str, ...]:
        """The absolute dotted names that an identifier or attribute chain may stand for; empty when that is unknown.

        Several only when imports are guarded or repeated. A name that is anything but imported (or an alias of what is
        imported) is unknown.
        """
        known = self._candidates.get(node)
        if known is None:
            path = dotted(node)
            known = () if path is None else self._resolve(_head(node), path)
            self._candidates[node] = known
        return known

    def exported(self, name: str) -> tuple[str, ...]:
        """Like `candidates`, for a name of the module as another file imports it."""
        bindings = self.bindings(name).get(self.tree.root, [])
        if not bindings:
            return tuple(f"{module}.{name}" for module in self.stars)
        return self._follow(bindings, "")

    def passed_on(self, name: str) -> tuple[str, ...]:
        """What the module imports under this name, or may with a star; empty where it gives it a value of its own."""
        bindings = self.bindings(name).get(self.tree.root, [])
        if not bindings:
            return tuple(f"{module}.{name}" for module in self.stars)
        imported = [binding.imported.target for binding in bindings if binding.imported is not None]
        return tuple(dict.fromkeys(imported)) if len(imported) == len(bindings) else ()

    def _resolve(self, head: Node, path: str) -> tuple[str, ...]:
        name, _, rest = path.partition(".")
        bindings = self.lookup(head)
        if bindings:
            return self._follow(bindings, rest)
        if self.stars and not self.bindings(name):
            return tuple(f"{module}.{path}" for module in self.stars)
        return ()

    def _follow(self, bindings: list[Binding], rest: str) -> tuple[str, ...]:
        """The names behind bindings of a name that is followed by `.rest`; every binding is looked at once."""
        found: dict[str, None] = {}
        seen: set[Node] = set()
        ahead = [(binding, rest) for binding in bindings]
        for binding, after in ahead:  # grows
            if binding.imported is not None:
                target = binding.imported.target
                found[f"{target}.{after}" if after else target] = None
                continue
            value = binding.value
            if binding.kind != "assign" or value is None:
                return ()
            if value.kind() == "none":
                continue  # `except ImportError: Sensor = None`
            path = dotted(value)
            if path is None or len(seen) >= _MAX_ALIASES:
                return ()
            if binding.node in seen:
                continue
            seen.add(binding.node)
            name, _, middle = path.partition(".")
            after = f"{middle}.{after}" if middle and after else middle or after
            inner = self.lookup(_head(value))
            if inner:
                ahead += [(one, after) for one in inner]
            elif self.stars and not self.bindings(name):
                for module in self.stars:
                    found[f"{module}.{name}.{after}" if after else f"{module}.{name}"] = None
            else:
                return ()
        return tuple(found)

    def is_rebound(self, local: str) -> bool:
        """Whether anything but import statements binds this name, in any scope of the file."""
        return any(b.imported is None for group in self.bindings(local).values() for b in group)


def absolute(module: str, package: str) -> str:
    """The absolute name of a module as written after `from`, in a file of this package; see `Names.absolute`."""
    rest = module.lstrip(".")
    level = len(module) - len(rest)
    if not level:
        return module
    parts = package.split(".") if package else []
    if level - 1 > len(parts):
        return "."
    kept = parts[: len(parts) - (level - 1)]
    return ".".join([*kept, rest] if rest else kept)


def _head(node: Node) -> Node:
    """The identifier that a chain of attributes starts with."""
    while node.kind() == "attribute":
        inner = node.field("object")
        if inner is None:
            break
        node = inner
    return node


def _is_repeated(binding: Binding) -> bool:
    """Whether a loop within its scope may run a binding more than once."""
    for ancestor in binding.node.ancestors():
        if ancestor == binding.scope:
            return False
        if ancestor.kind() in _LOOPS:
            return True
    return False


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
        return _classify_in_pattern(node, parent)
    if kind == "keyword_pattern":
        return None
    if kind == "assignment":
        if parent.field("left") == node:
            return ("assign", _assigned(parent))
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
    if kind in _SPLAT_PATTERNS:
        around = parent.parent()
        if around is not None and around.kind() in _PARAMETERS:
            return ("parameter", None)
        return ("other", None)
    if kind == "as_pattern_target":
        pattern = parent.parent()
        holder = pattern.parent() if pattern is not None else None
        if pattern is not None and holder is not None and holder.kind() == "with_item":
            return ("with", pattern.child(0))
        return ("other", None)
    if kind == "as_pattern":  # `case P() as name`
        return "reference" if parent.child(0) == node else ("other", None)
    if kind in ("augmented_assignment", "for_statement", "for_in_clause"):
        return ("other", None) if parent.field("left") == node else "reference"
    if kind in ("pattern_list", "tuple_pattern", "list_pattern", "global_statement", "nonlocal_statement"):
        return ("other", None)
    if kind in ("splat_pattern", "delete_statement"):
        return ("other", None)
    if kind in _GROUPINGS:
        outer: Node | None = parent
        while outer is not None and outer.kind() in _GROUPINGS:
            outer = outer.parent()
        bound = outer is not None and outer.kind() in ("as_pattern_target", "delete_statement")
        return ("other", None) if bound else "reference"
    return "reference"


def _classify_in_pattern(node: Node, parent: Node) -> Literal["reference"] | tuple[BindingKind, None] | None:
    """What an identifier does in a dotted name: a match pattern captures it, reads it, or it is an import's."""
    around = parent.parent()
    if parent.kind() != "dotted_name" or around is None:
        return None
    kind = around.kind()
    if kind not in ("case_pattern", "class_pattern", "union_pattern", "keyword_pattern"):
        return None
    parts = parent.named_children()
    if len(parts) > 1 or kind == "class_pattern":
        return "reference" if parts[0] == node else None
    return ("other", None)


def _assigned(assignment: Node) -> Node | None:
    """The value of an assignment, through chained ones (`a = b = 5`)."""
    value = assignment.field("right")
    while value is not None and value.kind() == "assignment":
        value = value.field("right")
    return value


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
