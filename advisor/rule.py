"""What a rule is, which rules there are, and which of them a run uses."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Literal, TypeAlias

from advisor.finding import Finding, Severity
from advisor.records import dataclass

if TYPE_CHECKING:
    from advisor.dagfile import DagFile

Group: TypeAlias = Literal["deferral-missed", "deferral-misused", "async-tasks", "triggers", "tool"]
#: the best that a rule's fixes can be; "none" where it never has one
BestFix: TypeAlias = Literal["safe", "unsafe", "display-only", "none"]

_PACKAGE = "advisor.rules"  # the folder rules/ of the repository
_SECTIONS = {
    "what it does": "what",
    "why is this bad?": "why",
    "example": "example",
    "use instead": "use_instead",
    "fix safety": "fix_safety",
    "references": "references",
}


class UnknownRule(ValueError):  # noqa: N818
    """A selector that names neither a rule nor a group; `nearest` is the nearest right name, or ""."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        from advisor.text import did_you_mean, nearest

        known = sorted(known)
        self.name = name
        self.nearest = nearest(name, known) or ""
        super().__init__(f"there is no rule or group `{name}`{did_you_mean(name, known)}")


@dataclass(frozen=True, slots=True)
class Doc:
    """A rule's documentation page, from its docstring; the sections are Markdown, `references` are links."""

    title: str
    what: str = ""
    why: str = ""
    example: str = ""
    use_instead: str = ""
    fix_safety: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule, read from its module: its constants (SEVERITY, GROUP, FIX, TOPICS, BEHIND), `check`, the docstring.

    `check` takes a DagFile and yields findings; its keyword-only arguments are the rule's options. The tool's own
    rules, which the engine speaks for, have no `check`. `topics` are words of which a file must hold one, if the rule
    is to say something about it; empty where the catalog's class names say that already. `behind` are words that a
    file with tasks must hold, or lead to by something that it imports from the project.
    """

    name: str
    severity: Severity
    group: Group
    fixable: BestFix
    module: str
    check: Callable[..., Iterable[Finding]] | None
    topics: tuple[bytes, ...] = ()
    behind: tuple[bytes, ...] = ()

    @property
    def options(self) -> Mapping[str, object]:
        """The options by their Python names, with their defaults (numbers are seconds)."""
        return dict(self.check.__kwdefaults__ or {}) if self.check is not None else {}

    @cached_property
    def option_texts(self) -> dict[str, str]:
        """What each option means, by its Python name: from the docstring of `check`, "" where that says nothing."""
        text = " ".join((getattr(self.check, "__doc__", None) or "").split())
        said: dict[str, str] = {}
        for names, meaning in re.findall(r"((?:`\w+`(?:, | and )?)+): (.*?)(?= `\w+`(?:, `\w+`)*: |$)", text):
            said.update(dict.fromkeys(re.findall(r"\w+", names.replace(" and ", " ")), meaning))
        return {name: said.get(name, "") for name in self.options}

    @cached_property
    def doc(self) -> Doc:
        """The documentation page."""
        return _doc(import_module(self.module).__doc__ or "")

    @cached_property
    def url(self) -> str:
        """The page outside of this project that says why the rule is right."""
        links = [re.search(r"https?://[^\s)>]+", reference) for reference in self.doc.references]
        return next((link[0] for link in links if link), "")

    def run(self, dag_file: DagFile, options: Mapping[str, object]) -> Iterable[Finding]:
        """The findings of this rule on one file, with these options."""
        return self.check(dag_file, **options) if self.check is not None else ()


@cache
def discover() -> dict[str, Rule]:
    """Every rule, by name, in alphabetical order: one for each module of the package `advisor.rules`."""
    # Listed here and not by pkgutil, which costs a tenth of a run on one file.
    names = {
        entry[:-3] for folder in _package().__path__ for entry in os.listdir(folder) if entry[-3:] == ".py"
    }
    found = (_rule(name) for name in names if name != "__init__")
    return {rule.name: rule for rule in sorted(found, key=lambda rule: rule.name)}


def _package() -> ModuleType:
    """The package of the rules; in a clone that is run without being installed, the folder beside this package.

    Raises ModuleNotFoundError.
    """
    try:
        return import_module(_PACKAGE)
    except ModuleNotFoundError as error:
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        start = os.path.join(root, "rules", "__init__.py")
        # The project file tells a clone from a folder of packages, where `rules` would be somebody else's.
        if error.name != _PACKAGE or not all(
            map(os.path.isfile, (start, os.path.join(root, "pyproject.toml")))
        ):
            raise
        from importlib.util import module_from_spec, spec_from_file_location

        spec = spec_from_file_location(_PACKAGE, start, submodule_search_locations=[os.path.dirname(start)])
        if spec is None or spec.loader is None:
            raise
        module = sys.modules[_PACKAGE] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def _rule(stem: str) -> Rule:
    module: ModuleType = import_module(f"{_PACKAGE}.{stem}")
    check = getattr(module, "check", None)
    name, topics = stem.replace("_", "-"), getattr(module, "TOPICS", ())
    behind = getattr(module, "BEHIND", ())
    return Rule(name, module.SEVERITY, module.GROUP, module.FIX, module.__name__, check, topics, behind)


def select(rules: Mapping[str, Rule], chosen: Sequence[str], ignored: Sequence[str]) -> list[Rule]:
    """The rules that `chosen` names (all where it is empty) and `ignored` does not; names of rules, groups, "ALL".

    Raises UnknownRule.
    """
    known = {*rules, *groups(rules)}
    for name in (*chosen, *ignored):
        if name not in known:
            raise UnknownRule(name, known - {"ALL"})
    return [
        rule for rule in rules.values() if (not chosen or _named(rule, chosen)) and not _named(rule, ignored)
    ]


def groups(rules: Mapping[str, Rule]) -> dict[str, list[str]]:
    """The names of the rules of each group, in the order of `rules`; "ALL" is one, too."""
    found: dict[str, list[str]] = {"ALL": list(rules)}
    for rule in rules.values():
        found.setdefault(rule.group, []).append(rule.name)
    return found


def _named(rule: Rule, names: Sequence[str]) -> bool:
    return rule.name in names or rule.group in names or "ALL" in names


def _doc(text: str) -> Doc:
    title, _, body = text.strip().partition("\n")
    sections: dict[str, str] = {}
    for heading, content in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", body, re.MULTILINE | re.DOTALL):
        sections[_SECTIONS[heading.strip().lower()]] = content.strip("\n").rstrip()
    references = tuple(
        line.strip()[2:]
        for line in sections.pop("references", "").splitlines()
        if line.strip().startswith("- ")
    )
    return Doc(title, references=references, **sections)
