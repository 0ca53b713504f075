"""First-party files seen from a DAG file: constants and re-exported names that it imports from its own project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from advisor.decoding import Unreadable, decode
from advisor.folded import UNKNOWN
from advisor.names import Names
from advisor.syntax import Node, SyntaxFailure, Tree, parse
from advisor.values import Values

if TYPE_CHECKING:
    from advisor.firstparty import FirstParty
    from advisor.mentions import Reading
    from advisor.owners import Memory

_MAX_SIZE = 1_000_000  # bytes; constants live in small files
_MAX_FILES = 2000  # files searched for the callers of a function
_MAX_TEXT = 32_000_000  # bytes of them
_MAX_DEPTH = 5  # files whose expressions are being folded at the same time
_MAX_HOPS = 20  # files that only pass a name on
_PUT_ON_PATH = ("plugins", "src")


class Module:
    """One first-party file, parsed: its path, tree, names and values."""

    __slots__ = ("names", "path", "tree", "values")

    def __init__(self, path: str, tree: Tree, package: str, project: Project) -> None:
        self.path = path
        self.tree = tree
        self.names = Names(tree, package)
        self.values = Values(self.names, lambda dotted: project.value(dotted, path))


class Project:
    """Finds and reads the first-party modules below `root`; every file is read at most once.

    A module is looked for in the project's root, in the importing file's own folder and in the folders between them
    (a DAGs folder is on Airflow's path), then in what Airflow (`plugins`) or the project's installation (`src`) puts
    on the path beside one of these. Nothing outside `root` is read.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._paths: dict[tuple[str, str], str | None] = {}
        self._modules: dict[str, Module | None] = {}
        self._folders: dict[str, str] = {}
        self._asked: tuple[str | None, str] = (None, "")
        self._texts: dict[str, bytes] | None = None
        self._search_paths: dict[str, list[str]] = {}
        self._entries: dict[str, frozenset[str]] = {}
        self._listings: dict[str, dict[str, bool]] = {}
        self._tops: dict[str, frozenset[str]] = {}
        self._below: dict[tuple[str, str], str | None] = {}
        self._depth = 0
        #: whether to note who looks into which first-party file (see `take_located`)
        self.tracking = False
        self._located: set[tuple[str, str]] = set()
        self._told: set[tuple[str, str]] = set()
        self._searched = False
        #: what `firstparty` has learnt of the project's own operator classes
        self.first_party: FirstParty | None = None
        #: what `receivers` and `reached` have learnt of the project's modules
        self.reached: Memory | None = None
        #: what `mentions` has learnt
        self.mentions: Reading | None = None

    def __reduce__(self) -> tuple[Callable[[str, bool], Project], tuple[str, bool]]:
        return _fresh, (self.root, self.tracking)  # parsed trees don't travel between processes

    def folder_of(self, path: str) -> str:
        """The real folder that a file stands in."""
        if path is not self._asked[0]:  # most questions in a row are about one file
            self._asked = path, self._real_folder(os.path.dirname(path))
        return self._asked[1]

    def _real_folder(self, folder: str) -> str:
        found = self._folders.get(folder)
        if found is None:
            above, name = os.path.split(folder)
            known = self._folders.get(above) if name not in ("", os.curdir, os.pardir) else None
            # Where the folder above is known, one question replaces one for each part of the path.
            is_plain = known is not None and not os.path.islink(folder)
            found = os.path.join(known or "", name) if is_plain else os.path.realpath(folder)
            self._folders[folder] = found
        return found

    def package_of(self, path: str) -> str:
        """The dotted package of the folder that a file stands in, seen from the root ("" outside of it)."""
        folder = self.folder_of(path)
        if folder == self.root or not folder.startswith(self.root + os.sep):
            return ""
        return folder[len(self.root) + 1 :].replace(os.sep, ".")

    def module(self, dotted: str, origin: str) -> Module | None:
        """The first-party module of this absolute name as a file at `origin` would import it."""
        path = self.locate(dotted, origin)
        return None if path is None else self.module_at(path)

    def module_at(self, path: str) -> Module | None:
        """The module that stands in a file below the root; None where it can't be read."""
        if path not in self._modules:
            self._modules[path] = self._read(path)
        return self._modules[path]

    def parsed(self, path: str, text: str) -> Tree | None:
        """The tree of a file that was read as a module before; None where it was not, or had another text."""
        module = self._modules.get(self.real(path)) if self._modules else None
        return module.tree.fresh() if module is not None and module.tree.text == text else None

    def locate(self, dotted: str, origin: str) -> str | None:
        """The file of the first-party module of this absolute name, as a file at `origin` would import it."""
        folder = self.folder_of(origin)
        found = self.locate_from(folder, dotted)
        if found is not None and self.tracking:
            self._located.add((os.path.join(folder, os.path.basename(origin)), found))
        return found

    def locate_from(self, folder: str, dotted: str) -> str | None:
        """What `locate` finds, for the files of a real folder, without noting who asked."""
        key = (dotted, folder)
        if key not in self._paths:
            self._paths[key] = self._find(dotted, folder)
        return self._paths[key]

    def tops(self, folder: str) -> frozenset[str]:
        """The names of what stands in the folders in which the files of a real folder find their modules."""
        known = self._tops.get(folder)
        if known is None:
            above = self._tops.get(os.path.dirname(folder))
            if above is not None and folder.startswith(self.root + os.sep):
                own = self.entries(folder).union(*map(self.entries, self._put_on_path(folder)))
                known = above if own <= above else above | own
            else:
                known = frozenset[str]().union(*map(self.entries, self._search_path(folder)))
            self._tops[folder] = known
        return known

    def submodules(self, module: str, names: Iterable[str], origin: str) -> Iterator[str]:
        """What `from module import names`, in a file at `origin`, may name besides what the module's own file holds."""
        located = self.locate(module, origin)
        if located is None or located.endswith("__init__.py"):
            beside = None if located is None else self.entries(os.path.dirname(located))
            for name in names:
                if beside is None or name in beside:
                    yield f"{module}.{name}" if module else name

    def beside(self, folder: str, dotted: str) -> Iterator[str]:
        """What may be imported from the folders that a dotted name may stand for, seen from a real folder's files."""
        inner = dotted.replace(".", os.sep)
        for number, base in enumerate(self._search_path(folder)):
            if dotted.partition(".")[0] in self.entries(base):
                for name in self.entries(os.path.join(base, inner)):
                    yield f"{number}/{name}"

    def real(self, path: str) -> str:
        """The absolute path of a file in its real folder, by which first-party modules are known here, too."""
        return os.path.join(self.folder_of(path), os.path.basename(path))

    def take_located(self) -> tuple[tuple[tuple[str, str], ...], bool]:
        """Who looked into which first-party file since this was asked last, and whether the whole tree was searched.

        Pairs that were told before are left out.
        """
        new = sorted(self._located - self._told)
        self._told.update(new)
        searched = self._searched
        self._located.clear()
        self._searched = False
        return tuple(new), searched

    def definition(self, dotted: str, origin: str) -> tuple[Module, Node] | None:
        """The first-party class or function that a dotted name stands for, through re-exports, and its module.

        None where it is not the only thing of that name in its module, or no first-party module has it.
        """
        for _ in range(_MAX_HOPS):
            module_name, _, name = dotted.rpartition(".")
            module = self.module(module_name, origin) if module_name else None
            if module is None:
                return None
            targets = module.names.passed_on(name)
            if len(targets) > 1:
                return None
            if not targets:
                bindings = module.names.bindings(name).get(module.tree.root, [])
                if len(bindings) != 1 or bindings[0].kind not in ("class", "def"):
                    return None
                return (module, bindings[0].value) if bindings[0].value is not None else None
            dotted, origin = targets[0], module.path
        return None

    def files_with(self, word: str, path: str) -> list[str] | None:
        """The project's other Python files whose text holds a word; None where they are too many to be searched."""
        self._searched = True
        if self._texts is None:
            self._texts = self._read_all()
        own, wanted = os.path.realpath(path), word.encode()
        if not self._texts or own not in self._texts:
            return None
        return [other for other, data in self._texts.items() if wanted in data and other != own]

    def text_of(self, file: str) -> str:
        """The text of a file that `files_with` told of."""
        return (self._texts or {}).get(file, b"").decode(errors="replace")

    def _read_all(self) -> dict[str, bytes]:
        files: list[str] = []
        size = 0
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".")
                and name not in ("node_modules", "__pycache__")
                and not os.path.isfile(os.path.join(folder, name, "pyvenv.cfg"))
            )
            # Counted before any is read: a large tree is given up on for nothing.
            files += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".py")]
            if len(files) > _MAX_FILES:
                return {}
        texts: dict[str, bytes] = {}
        for path in files:
            file = os.path.realpath(path)
            try:
                with open(file, "rb") as opened:
                    texts[file] = opened.read()
            except OSError:
                return {}
            size += len(texts[file])
            if size > _MAX_TEXT:
                return {}
        return texts

    def value(self, dotted: str, origin: str) -> object:
        """The value of a first-party constant (`package.module.NAME`), or UNKNOWN."""
        for _ in range(_MAX_HOPS):
            module_name, _, name = dotted.rpartition(".")
            if not module_name:
                return UNKNOWN
            module = self.module(module_name, origin)
            if module is None:
                return self._class_constant(module_name, name, origin)
            targets = module.names.passed_on(name)
            if not targets:
                return self._constant(module, name)
            if len(targets) > 1:
                return UNKNOWN
            dotted, origin = targets[0], module.path
        return UNKNOWN

    def _constant(self, module: Module, name: str) -> object:
        if self._depth >= _MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            return module.values.module_constant(name)
        finally:
            self._depth -= 1

    def _class_constant(self, owner: str, name: str, origin: str) -> object:
        module_name, _, class_name = owner.rpartition(".")
        module = self.module(module_name, origin) if module_name else None
        if module is None:
            return UNKNOWN
        bindings = module.names.bindings(class_name).get(module.tree.root, [])
        if len(bindings) != 1 or bindings[0].kind != "class" or bindings[0].value is None:
            return UNKNOWN
        return module.values.class_constant(bindings[0].value, name)

    def origins_of(self, dotted: str, origin: str) -> tuple[str, ...]:
        """The dotted names outside of the project that a first-party name may stand for, through re-exports.

        Several where a module imports it under `try` or `if`. None where it is defined here, or where that is not
        certain.
        """
        found: dict[str, None] = {}
        ahead = [(dotted, origin)]
        for path, asker in ahead:  # grows
            module_name, _, name = path.rpartition(".")
            module = self.module(module_name, asker) if module_name else None
            targets = module.names.exported(name) if module is not None else ()
            if module is None or not targets or len(ahead) > _MAX_HOPS:
                return ()
            for target in targets:
                if self.module(target.rpartition(".")[0], module.path) is None:
                    found[target] = None
                else:
                    ahead.append((target, module.path))
        return tuple(found)

    def _find(self, dotted: str, folder: str) -> str | None:
        if dotted.startswith(("airflow.", ".")) or dotted in ("airflow", ""):
            return None
        top = dotted.partition(".")[0]
        for base in self._search_path(folder):
            if top in self.entries(base):
                path = self._find_below(base, dotted)
                if path is not None:
                    return path if path.startswith(self.root + os.sep) else None
        return None

    def _find_below(self, base: str, dotted: str) -> str | None:
        if (base, dotted) not in self._below:
            package, _, name = dotted.rpartition(".")
            folder = os.path.join(base, package.replace(".", os.sep)) if package else base
            beside, file = self._listed(folder), name + ".py"
            if file not in beside and name in beside:
                folder, file = os.path.join(folder, name), "__init__.py"
                beside = self._listed(folder)
            found = os.path.join(folder, file) if file in beside else None
            if found is not None:
                real = os.path.join(self._real_folder(folder), file)
                found = os.path.realpath(found) if beside[file] else real
            self._below[base, dotted] = found
        return self._below[base, dotted]

    def _listed(self, folder: str) -> dict[str, bool]:
        """What stands in a folder, and whether it is a link; nothing for a folder that can't be read."""
        if folder not in self._listings:
            try:
                with os.scandir(folder) as entries:
                    self._listings[folder] = {entry.name: entry.is_symlink() for entry in entries}
            except OSError:
                self._listings[folder] = {}
        return self._listings[folder]

    def entries(self, folder: str) -> frozenset[str]:
        """The names by which what stands in a folder may be imported, as far as files and folders tell."""
        if folder not in self._entries:
            self._entries[folder] = frozenset(name.removesuffix(".py") for name in self._listed(folder))
        return self._entries[folder]

    def _search_path(self, folder: str) -> list[str]:
        if folder not in self._search_paths:
            self._search_paths[folder] = self._folders_above(folder)
        return self._search_paths[folder]

    def _folders_above(self, folder: str) -> list[str]:
        if folder != self.root and not folder.startswith(self.root + os.sep):
            return [self.root]
        path = [self.root]
        while folder != self.root:
            path.append(folder)
            folder = os.path.dirname(folder)
        return [*path, *(put for above in path for put in self._put_on_path(above) if put not in path)]

    def _put_on_path(self, folder: str) -> list[str]:
        """What of a folder Airflow, or the project's own installation, puts on the path besides."""
        beside = self.entries(folder)
        return [os.path.join(folder, name) for name in _PUT_ON_PATH if name in beside]

    def _read(self, path: str) -> Module | None:
        try:
            if os.path.getsize(path) > _MAX_SIZE:
                return None
            with open(path, "rb") as file:
                return Module(path, parse(decode(file.read()).text), self.package_of(path), self)
        except (OSError, Unreadable, SyntaxFailure):
            return None


def _fresh(root: str, tracking: bool) -> Project:
    project = Project(root)
    project.tracking = tracking
    return project
