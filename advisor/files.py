"""Find Python files, read them as Python reads them, and write them so that nothing is ever half written."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from advisor import gitignore
from advisor.decoding import Source, Unreadable, decode, encode
from advisor.gitignore import Ignores
from advisor.records import dataclass

__all__ = [
    "CannotWrite",
    "ChangedMeanwhile",
    "Found",
    "Source",
    "Unreadable",
    "Walk",
    "create",
    "decode",
    "encode",
    "find",
    "read",
    "write_atomically",
]

LARGEST = 64 * 1024 * 1024
"""Bytes. A larger file is no source code, and reading it could exhaust the memory."""

# fmt: off
SKIPPED_FOLDERS = frozenset(
    {
        ".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".hypothesis", ".idea",
        ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pants.d", ".pyenv", ".pytest_cache", ".pytype",
        ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__", "__pypackages__",
        "buck-out", "node_modules", "site-packages", "venv",
    }
)
# fmt: on
_ENVIRONMENT_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})


class CannotWrite(OSError):  # noqa: N818
    """A file that was left as it was. `str()` of it is a sentence without the path."""

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errno = number

    def __str__(self) -> str:
        return self.message


class ChangedMeanwhile(CannotWrite):
    """Someone else wrote the file after it was read."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read (`error` is None), or a path of which `error` says in a sentence why it can't be read.

    `missing`: the path was named outright and nothing is there.
    """

    path: str
    error: str | None = None
    missing: bool = False


# Reading


def read(path: str) -> bytes:
    """The bytes of a regular file; never waits, whatever `path` turns out to be.

    Raises:
        Unreadable: with a sentence, for what is missing, forbidden, no regular file or too large.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable(f"the path is {_kind(status.st_mode)}, not a file")
            if status.st_size > LARGEST:
                raise Unreadable(f"the file is larger than {LARGEST // 1024 // 1024} MB, so it was not read")
            return file.read()
    except (OSError, ValueError) as error:
        raise Unreadable(_why(error, "read")) from None


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "something special"


def _why(error: OSError | ValueError, verb: str) -> str:
    if isinstance(error, ValueError):  # a null character in a path
        return f"the path can't be {verb}: {error}"
    if error.errno == errno.ELOOP:
        return "the path is a link that leads back to itself"
    return f"the file can't be {verb}: {(error.strerror or str(error)).lower()}"


# Finding


def find(
    paths: Sequence[str], *, exclude: Sequence[str] = (), root: Path, force_exclude: bool = False
) -> Iterator[Found]:
    """The Python files that `paths` stand for, each once, sorted by path.

    A file named outright is yielded even where it is excluded (unless `force_exclude`) or ignored, and a folder named
    outright is walked even where it is ignored.
    Below a folder: `*.py`, without what `.gitignore` files say, without environments and tools' own
    folders, without `exclude` (patterns as in `.gitignore`, relative to `root`). Links to folders are not
    followed, links to files only where they lead to something inside `paths`: a link can't make the tool
    read or rewrite anything else.
    """
    walk = Walk(exclude, root)
    for path in paths:
        if not (force_exclude and walk.excluded(path)):
            walk.add(path)
    return iter(walk.finish())


class Walk:
    """Looks for files below paths, as `find` says."""

    def __init__(self, exclude: Sequence[str], root: Path) -> None:
        real = os.path.realpath(root)
        self.inside = os.path.join(real, "")
        self.patterns = exclude
        self.exclude = gitignore.excluding(exclude, real)
        self.found: dict[str, Found] = {}  # by real path, so that each file comes once
        self.links: list[tuple[str, str]] = []  # shown path, real path
        self.walked: set[str] = set()
        self.tops: list[str] = []

    def add(self, path: str) -> None:
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            missing = isinstance(error, ValueError) or error.errno in (errno.ENOENT, errno.ENOTDIR)
            text = "the path does not exist" if missing else _why(error, "read")
            if missing and isinstance(error, OSError) and os.path.islink(path):
                text = "the path is a link that leads nowhere"
            self.found.setdefault(path, Found(path, text, missing))
            return
        if stat.S_ISDIR(status.st_mode):
            self.walk(path, os.path.realpath(path))
        elif stat.S_ISREG(status.st_mode):
            self.found.setdefault(os.path.realpath(path), Found(path))
        else:
            self.found.setdefault(path, Found(path, f"the path is {_kind(status.st_mode)}, not a file"))

    def excluded(self, path: str) -> bool:
        """Whether the configuration excludes what is named, by itself or with a folder around it."""
        real = os.path.realpath(path)
        if self.exclude is None or not real.startswith(self.inside):
            return False
        return self.exclude.hides(os.path.join(real, "") if os.path.isdir(real) else real)

    @cached_property
    def exclude_elsewhere(self) -> Ignores | None:
        """What is excluded outside of the configuration's folder, where only names count."""
        return gitignore.excluding(self.patterns, os.sep)

    def walk(self, top: str, real_top: str) -> None:
        self.tops.append(real_top)
        prefix = "" if top == os.curdir else os.path.join(os.path.normpath(top), "")
        pending = [(prefix, real_top, _specs_above(real_top))]
        while pending:
            shown, real, specs = pending.pop()
            if real in self.walked:
                continue
            self.walked.add(real)
            try:
                with os.scandir(real) as listing:
                    entries = list(listing)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                name = shown.rstrip("/" + os.sep) or os.curdir
                self.found.setdefault(real, Found(name, f"the folder can't be listed: {reason}"))
                continue
            names = {entry.name for entry in entries}
            if real != real_top and (names & _ENVIRONMENT_MARKS or _is_build_output(real, names)):
                continue
            if ".gitignore" in names:
                specs = [*specs, *_spec_of(real)]
            for entry in entries:
                self.enter(entry, shown, specs, pending)

    def enter(
        self,
        entry: os.DirEntry[str],
        shown: str,
        specs: list[Ignores],
        pending: list[tuple[str, str, list[Ignores]]],
    ) -> None:
        name = entry.name
        with suppress(OSError):  # vanished while we looked
            inner = entry.path
            if entry.is_dir(follow_symlinks=False):
                if name not in SKIPPED_FOLDERS and not self.ignored(inner + "/", specs):
                    pending.append((os.path.join(shown, name, ""), inner, specs))
            elif self.wanted(name):
                if self.ignored(inner, specs):
                    return
                if entry.is_symlink():
                    self.links.append((shown + name, inner))
                elif entry.is_file(follow_symlinks=False):
                    self.found.setdefault(inner, Found(shown + name))

    def wanted(self, name: str) -> bool:
        """Whether a file of this name is looked for."""
        return name.endswith(".py") and not name.startswith(".#")  # Emacs' lock, a dangling link

    def ignored(self, path: str, specs: list[Ignores]) -> bool:
        """Whether a `.gitignore` or the configuration leaves out `path` (a folder's ends in a slash)."""
        exclude = self.exclude if path.startswith(self.inside) else self.exclude_elsewhere
        if exclude is not None and exclude.verdict(path):
            return True
        for spec in reversed(specs):  # as in git, the nearest file with an opinion decides
            verdict = spec.verdict(path)
            if verdict is not None:
                return verdict
        return False

    def finish(self) -> list[Found]:
        inside = tuple(os.path.join(top, "") for top in self.tops)
        for shown, link in sorted(self.links):
            target = os.path.realpath(link)
            if not target.startswith(inside):
                continue
            try:
                if stat.S_ISREG(os.stat(target).st_mode):
                    self.found.setdefault(target, Found(shown))
            except OSError as error:
                text = "the path is a link that leads nowhere"
                self.found.setdefault(
                    link, Found(shown, _why(error, "read") if error.errno == errno.ELOOP else text)
                )
        return sorted(self.found.values(), key=lambda found: found.path)


def _is_build_output(real: str, names: set[str]) -> bool:
    """`build` is also a fair name for a folder of DAGs: only one that setuptools filled is skipped."""
    return os.path.basename(real) == "build" and any(name.startswith("bdist.") for name in names)


def _spec_of(folder: str) -> list[Ignores]:
    try:
        text = read(os.path.join(folder, ".gitignore")).decode("utf-8", "surrogateescape")
    except Unreadable:
        return []
    return [Ignores(folder, [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")])]


def _specs_above(real: str) -> list[Ignores]:
    """The `.gitignore` files between the repository that holds `real` and `real` itself, outermost first."""
    above: list[str] = []
    folder = real
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return []  # no repository: git would not look up either
        folder = parent
        above.append(folder)
    specs = [
        found
        for outer in reversed(above)
        if os.path.lexists(os.path.join(outer, ".gitignore"))
        for found in _spec_of(outer)
    ]
    # A pattern for the folder that was named would hide all of it; who names it wants to see it.
    return [spec for spec in specs if not spec.verdict(os.path.join(real, ""))]


# Writing


def write_atomically(path: str, data: bytes, expected: bytes) -> None:
    """Put `data` in the place of `expected` in the file at `path`: at every moment it holds one or the other.

    The mode is kept, and owner and extended attributes as far as we may. A link stays a link: the file that
    it leads to is rewritten. A file with several hard links gets an inode of its own, and its other names
    keep the old text: writing through them would not be atomic, and might reach a package cache that
    shares its files by such links.

    Raises:
        ChangedMeanwhile: the file doesn't read `expected` any more; it is left as it is.
        CannotWrite: an OSError with a sentence (read-only, no space left, ...); the file is left as it is.
    """
    target = os.path.realpath(path)
    _require(target, expected)
    temporary = _temporary(os.path.dirname(target))
    try:
        status = os.stat(target)
        # Replacing needs only the folder's permission; that of the file counts too, even for root.
        if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
            raise CannotWrite("the file is read-only", errno.EACCES)
        try:
            _fill(temporary, data, target, status)
            _require(target, expected)  # again, as late as can be
            os.replace(temporary, target)
        except BaseException:  # KeyboardInterrupt as well
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except CannotWrite:
        raise
    except OSError as error:
        raise CannotWrite(_why(error, "written"), error.errno) from None


def create(path: str, data: bytes) -> None:
    """Make a file that does not exist yet: it is there whole or not at all.

    Raises:
        ChangedMeanwhile: someone else has made it.
        CannotWrite: an OSError with a sentence.
    """
    folder = os.path.dirname(os.path.realpath(path))
    temporary = _temporary(folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        try:
            with open(os.open(temporary, flags, 0o666), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)  # unlike renaming, never on top of a file
            except FileExistsError:
                raise ChangedMeanwhile("the file was made by someone else in the meantime") from None
            except OSError:  # a file system without links
                os.replace(temporary, path)
        finally:
            with suppress(OSError):
                os.unlink(temporary)
    except CannotWrite:
        raise
    except OSError as error:
        raise CannotWrite(_why(error, "written"), error.errno) from None


def _temporary(folder: str) -> str:
    """A name in a folder for a file that is being written; `leftovers` knows it again."""
    return os.path.join(folder, f".dag-advisor-{os.getpid()}-{os.urandom(6).hex()}.tmp")


def _require(target: str, expected: bytes) -> None:
    try:
        now = read(target)
    except Unreadable as error:
        raise CannotWrite(error.message) from None
    if now != expected:
        raise ChangedMeanwhile("the file was changed by someone else in the meantime")


def _fill(temporary: str, data: bytes, target: str, status: os.stat_result) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(temporary, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # else a power cut after the rename could leave an empty file
    if hasattr(os, "chown"):
        own = os.stat(temporary)
        if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
            with suppress(OSError):
                os.chown(temporary, status.st_uid, status.st_gid)
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(target):
                with suppress(OSError):
                    os.setxattr(temporary, name, os.getxattr(target, name))
    os.chmod(temporary, stat.S_IMODE(status.st_mode))
