"""`check --watch`: the check again whenever a file changes that it depends on, until Ctrl-C."""

from __future__ import annotations

import gc
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from advisor import cachefolder
from advisor.deciding import Written, deciding, written
from advisor.environment import environment
from advisor.files import SKIPPED_FOLDERS
from advisor.session import Session, say, shown, start
from advisor.text import Refusal, counted, printable

PAUSE = 0.3  # seconds between two looks, at least
_SHARE = 10  # a look takes at most one part in so many of the time
_SETTLED = 0.1  # seconds without a further change: who writes one file often writes another one
_YOUNG = 2_000_000_000  # nanoseconds; what changed so lately may change again without its time showing it
_MOST = 200_000  # files and folders looked at
_NAMED = 3  # changed files that are named
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def watch(options: Namespace, check: Callable[[Session], int]) -> int:
    """Run `check` now and after every change; 0 after Ctrl-C. Raises Refusal where not even the first run can be."""
    eyes = Eyes(options)
    again = False
    try:
        while True:
            try:
                session = Session(options)
                eyes.open(session)
                check(session)
                del session
            except Refusal as error:
                if not again:
                    raise
                say(f"error: {error}")
            again = True
            if not options.quiet:
                say(f"Watching {counted(eyes.python_files, 'Python file')}; Ctrl-C ends.")
            sys.stdout.flush()
            _announce(eyes.wait())
            environment.cache_clear()
            gc.unfreeze()  # what the last run has left is garbage now
    except KeyboardInterrupt:
        sys.stdout.write("\n" if sys.stdout.isatty() else "")
        return 0


def _announce(changed: list[str]) -> None:
    """A new page on a terminal, a line elsewhere."""
    names = ", ".join(printable(shown(path)) for path in changed[:_NAMED])
    more = f" and {counted(len(changed) - _NAMED, 'more file')}" if len(changed) > _NAMED else ""
    plain = os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} changed: {names}{more}\n" if plain else _CLEAR)
    if not plain:
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} changed: {names}{more}\n\n")
    sys.stdout.flush()


class Eyes:
    """Looks at the Python files below the paths and the project's root, and at what decides how they are judged.

    By asking for the times of files and folders, which works everywhere, on network drives and in containers too; a
    folder is only listed where its own time says that something came or went.
    """

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._folders: dict[str, Written | None] = {}
        self._inside: dict[str, dict[str, bool]] = {}  # by folder: what is in it, and which are folders
        self._files: dict[str, Written | None] = {}
        self._deciding: dict[str, Written | None] = {}
        self._session: Session | None = None
        self._cost = 0.0

    @property
    def python_files(self) -> int:
        """How many Python files are looked at."""
        return sum(path.endswith(".py") for path in self._files)

    def open(self, session: Session) -> None:
        """Begin to look, before the run reads anything: what changes from now on shows."""
        self._session = session
        paths = [os.path.abspath(path) for path in self._options.paths or ["."]]
        for known in (self._folders, self._inside, self._files):
            known.clear()
        for path in (*paths, str(session.settings.root)):
            if os.path.isdir(path):
                self._enter(os.path.realpath(path))
            else:
                self._files[path] = written(path)
        self._deciding = self._decide()

    def _decide(self) -> dict[str, Written | None]:
        options = self._options
        folders = dict.fromkeys((start(options), Path.cwd()))
        context = self._session.context if self._session is not None else None
        return deciding(folders, options.config, options.isolated, context)

    def wait(self) -> list[str]:
        """The files that changed, once some did and none does any more."""
        changed: dict[str, None] = {}
        while not changed:
            time.sleep(max(PAUSE, self._cost * _SHARE))
            changed |= dict.fromkeys(self._look())
        while True:
            time.sleep(_SETTLED)
            more = self._look()
            if not more:
                return sorted(changed)
            changed |= dict.fromkeys(more)

    def _look(self) -> list[str]:
        began = time.monotonic()
        changed: list[str] = []
        for folder, before in list(self._folders.items()):
            now = written(folder)
            if now != before or (now is not None and time.time_ns() - now[0] < _YOUNG):
                changed += self._listed(folder)
        for path, before in list(self._files.items()):
            now = written(path)
            if now != before:
                self._files[path] = now
                changed.append(path)
        decided = self._decide()
        paths = decided.keys() | self._deciding.keys()
        changed += [path for path in paths if decided.get(path) != self._deciding.get(path)]
        self._deciding = decided
        self._cost = time.monotonic() - began
        return changed

    def _listed(self, folder: str) -> list[str]:
        """The files that came to or went from a folder."""
        before = self._inside.get(folder, {})
        self._folders[folder] = written(folder)
        now = self._inside[folder] = _entries(folder)
        changed: list[str] = []
        for path in before.keys() - now.keys():
            changed += self._forget(path, before[path])
        for path in now.keys() - before.keys():
            changed += self._enter(path) if now[path] else [path]
            if not now[path]:
                self._files[path] = written(path)
        return changed

    def _forget(self, path: str, is_folder: bool) -> list[str]:
        """Look no more at a path and what is below it; the files among them."""
        if not is_folder:
            return [path] if self._files.pop(path, None) is not None else []
        gone: list[str] = []
        pending = [path]
        while pending:
            folder = pending.pop()
            self._folders.pop(folder, None)
            for inner, inner_is_folder in self._inside.pop(folder, {}).items():
                if inner_is_folder:
                    pending.append(inner)
                else:
                    gone += self._forget(inner, False)
        return gone

    def _enter(self, top: str) -> list[str]:
        """Look at a folder and all below it from now on; the files in them."""
        come: list[str] = []
        pending = [top]
        while pending:
            folder = pending.pop()
            if folder in self._folders or len(self._folders) + len(self._files) > _MOST:
                continue
            self._folders[folder] = written(folder)
            self._inside[folder] = _entries(folder)
            for path, is_folder in self._inside[folder].items():
                if is_folder:
                    pending.append(path)
                else:
                    self._files[path] = written(path)
                    come.append(path)
        return come


def _entries(folder: str) -> dict[str, bool]:
    """The Python files, `.gitignore` files and folders in a folder, and which are folders; of no environment."""
    found: dict[str, bool] = {}
    with suppress(OSError), os.scandir(folder) as listing:
        for entry in listing:
            name = entry.name
            if name == "pyvenv.cfg":
                return {}
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    if name not in SKIPPED_FOLDERS and name != cachefolder.NAME:
                        found[entry.path] = True
                elif name.endswith(".py") or name == ".gitignore":
                    found[entry.path] = False
    return found
