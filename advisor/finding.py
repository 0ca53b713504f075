"""What the tool says and what it would change, as plain data: spans, findings, fixes and rewrites."""

from __future__ import annotations

from typing import Literal, TypeAlias

from advisor.records import dataclass

Severity: TypeAlias = Literal["error", "warning", "advice"]
Applicability: TypeAlias = Literal["safe", "unsafe", "display-only"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of a file's decoded text (its byte order mark taken off).

    `start` and `end` are character offsets, `end` exclusive. Lines and columns count from 1, columns count
    characters, `end_column` is exclusive. Lines end where Python ends them: at LF, CRLF and bare CR.
    """

    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class SetKeyword:
    """Give the call at `call` the keyword argument `name` with the source text `value`: added last, or replaced."""

    call: Span
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RemoveKeyword:
    """Take the keyword argument `name` from the call at `call`."""

    call: Span
    name: str


@dataclass(frozen=True, slots=True)
class RenameKeyword:
    """Rename a keyword argument of the call at `call`; its value stays as it is."""

    call: Span
    name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class ChangeImport:
    """Change one name of the `from … import …` statement at `statement`, in place.

    `from module import name [as bound]` becomes `from new_module import new_name [as new_bound]`; an alias equal to
    the name is not written. When other names stay on the line and the module changes, they stay where they are and
    the changed name gets a line of its own, with the same indentation.
    """

    statement: Span
    name: str
    bound: str
    new_module: str
    new_name: str
    new_bound: str


@dataclass(frozen=True, slots=True)
class ReplaceText:
    """Replace the source text at `span` (a name, a literal, a comment), which must still read `old`."""

    span: Span
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AddAwait:
    """Put `await` before the call at `call`; `parentheses` around both, where more of the expression follows."""

    call: Span
    parentheses: bool = False


@dataclass(frozen=True, slots=True)
class AddImport:
    """Write `import module` on a line of its own before the import statement at `statement`."""

    statement: Span
    module: str


@dataclass(frozen=True, slots=True)
class DropImport:
    """Take the import statement at `statement` away if nothing uses `bound`, its only name, after all other rewrites.

    It stays wherever that is in doubt: this rewrite never fails.
    """

    statement: Span
    bound: str


Rewrite: TypeAlias = (
    SetKeyword
    | RemoveKeyword
    | RenameKeyword
    | ChangeImport
    | ReplaceText
    | AddAwait
    | AddImport
    | DropImport
)


@dataclass(frozen=True, slots=True)
class Fix:
    """How a finding can be mended.

    `description` is one line in the imperative. `caveat` says what may change, for an unsafe fix.
    A display-only fix has no rewrites: it tells what to write. Fixes that only make sense together (all calls of one
    imported name) share a `group`; the group is applied when all `group_size` members may be, else none of it is.
    """

    applicability: Applicability
    description: str
    rewrites: tuple[Rewrite, ...] = ()
    caveat: str = ""
    group: str = ""
    group_size: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the tool says about one place of one file.

    A rule fills in `span`, `message` and what it knows of the rest; the engine adds `rule`, `path`, `url` and, where
    the rule left it empty, the rule's `severity`. `path` is as the user gave it or found below what they gave.
    `symbol` is the class's dotted name in the newest provider ("" where no class is concerned).
    """

    span: Span
    message: str
    fix: Fix | None = None
    symbol: str = ""
    severity: Severity | None = None
    rule: str = ""
    path: str = ""
    url: str = ""
