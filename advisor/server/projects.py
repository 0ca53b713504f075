"""Which configuration and target a file has, worked out once a folder, and anew when something about them changed."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from advisor import config, engine, target
from advisor.config import Settings
from advisor.deciding import Written, deciding
from advisor.environment import environment
from advisor.files import SKIPPED_FOLDERS, Walk
from advisor.project import Project
from advisor.records import dataclass, field, replace
from advisor.rule import UnknownRule, discover
from advisor.server.documents import inside
from advisor.server.recorded import Recorded
from advisor.target import TargetError
from advisor.text import Refusal

if TYPE_CHECKING:
    from advisor.engine import Context

# A place in which nothing is found: for documents that stand nowhere.
_NOWHERE = Path(os.path.join(os.path.abspath(os.sep), "dag-advisor-untitled"))


@dataclass(frozen=True)
class Place:
    """What holds for the files of one folder: their context, or why there is none; `stamp`: what that was read from."""

    context: Context | None = None
    recorded: Recorded | None = None
    error: str = ""
    stamp: dict[str, Written | None] = field(default_factory=dict)


class Projects:
    """The contexts of all files that the editor shows; as `dag-advisor check FILE` in the workspace would find them."""

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._places: dict[str, Place] = {}
        self._contexts: dict[tuple[str, str | None], Context] = {}
        #: the workspace's folders, as absolute paths
        self.folders: list[str] = []

    def path_of(self, path: str | None) -> str:
        """The path under which a document is judged: one that stands in no file is in the first workspace folder."""
        if path is not None:
            return path
        return os.path.join(self.folders[0] if self.folders else str(_NOWHERE), "untitled.py")

    def place(self, path: str) -> Place:
        """What holds for a file (a document's `path_of`)."""
        folder = os.path.dirname(path)
        if folder not in self._places:
            self._places[folder] = self._find(folder)
        return self._places[folder]

    def skips(self, path: str) -> bool:
        """Whether a file is none of the project's: in an environment, a tool's folder, or excluded."""
        folder = next((folder for folder in self.folders if inside(path, folder)), "")
        parts = Path(path[len(folder) :]).parts
        if not SKIPPED_FOLDERS.isdisjoint(parts[:-1]):
            return True
        context = self.place(path).context
        if context is None or not context.settings.exclude:
            return False
        return Walk(context.settings.exclude, context.settings.root).excluded(path)

    def refresh(self) -> bool:
        """Forget what was read from files that are not what they were; whether there were any."""
        old = [folder for folder, place in self._places.items() if place.stamp != self._stamp(folder, place)]
        if old:
            self.forget()
        return bool(old)

    def forget(self) -> None:
        """Read every configuration anew when it is next asked for."""
        self._places.clear()
        self._contexts.clear()
        environment.cache_clear()

    def changed(self, path: str) -> list[str]:
        """A Python file was written, made or removed: forget what projects know of others' files; their roots."""
        roots: list[str] = []
        for key, context in list(self._contexts.items()):
            root = str(context.settings.root)
            if inside(path, root) or inside(os.path.realpath(path), os.path.realpath(root)):
                self._contexts[key] = replace(context, project=Project(root))
                roots.append(root)
        for folder, place in self._places.items():
            if place.context is not None:
                self._places[folder] = replace(place, context=self._contexts[_key(place.context.settings)])
        return roots

    def _find(self, folder: str) -> Place:
        options = self._options
        nowhere = folder == str(_NOWHERE)
        explicit = Path(options.config) if options.config else None
        here = max((one for one in self.folders if inside(folder, one)), key=len, default=folder)
        isolated = options.isolated or nowhere
        try:
            settings = config.load(Path(folder), explicit, isolated, Path(here))
            settings = config.with_rule_options(settings, discover())
            key = _key(settings)
            if key not in self._contexts:
                found = target.detect(settings.root, settings, options.target_airflow, isolated)
                self._contexts[key] = engine.prepare(settings, found)
            context = self._contexts[key]
            place = Place(context, Recorded(config.baseline_file(settings, isolated)))
        except (Refusal, TargetError, UnknownRule) as error:
            place = Place(error=str(error))
        return replace(place, stamp=self._stamp(folder, place))

    def _stamp(self, folder: str, place: Place) -> dict[str, Written | None]:
        options = self._options
        return deciding([Path(folder)], options.config, options.isolated, place.context)


def _key(settings: Settings) -> tuple[str, str | None]:
    return str(settings.root), settings.source
