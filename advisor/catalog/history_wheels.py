"""Wheels of old releases, fetched with pip into a cache folder: the history's only door to the index."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

_FINAL = re.compile(r"^\d+(\.\d+)*$")


def key(version: str) -> tuple[int, ...]:
    """A release as numbers, to sort by; trailing zeros don't count."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


class Index:
    """Release lists and wheels, each asked for once: what is in the folder is never fetched again."""

    def __init__(self, folder: Path, pip: str = "pip") -> None:
        """`folder` is made where it is missing; `pip` is the command to call."""
        self.folder = folder
        self._command = pip
        folder.mkdir(parents=True, exist_ok=True)

    def releases(self, package: str) -> list[str]:
        """Final releases that are not yanked, oldest first. Raises LookupError where the index has none."""
        cached = self.folder / f"{package}.releases.json"
        if cached.exists():
            return [str(version) for version in json.loads(cached.read_text())]
        run = self._pip("index", "versions", package)
        line = next((text for text in run.splitlines() if text.startswith("Available versions:")), "")
        found = [text.strip() for text in line.partition(":")[2].split(",")]
        final = sorted((version for version in found if _FINAL.match(version)), key=key)
        if not final:
            raise LookupError(f"the index knows no release of {package}")
        cached.write_text(json.dumps(final))
        return final

    def wheel(self, package: str, version: str) -> Path | None:
        """The cached wheel; None where it was not fetched, or the release has none."""
        stem = package.replace("-", "_")
        return next(iter(sorted(self.folder.glob(f"{stem}-{version}-*.whl"))), None)

    def fetch(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Fetch (package, version) pairs that are not there yet, several packages in one run of pip.

        A release without a wheel is left out without a word: `wheel` then says None.
        """
        layers: list[dict[str, str]] = []
        for package, version in wanted:
            if self.wheel(package, version) is not None:
                continue
            layer = next((layer for layer in layers if package not in layer and len(layer) < 12), None)
            if layer is None:
                layer = {}
                layers.append(layer)
            layer[package] = version
        for layer in layers:
            self._download([f"{package}=={version}" for package, version in layer.items()])

    def _download(self, pins: list[str]) -> None:
        options = [
            "--no-deps",
            "--only-binary",
            ":all:",
            "--ignore-requires-python",
            "-q",
            "-d",
            str(self.folder),
        ]
        try:
            self._pip("download", *options, *pins)
        except subprocess.CalledProcessError:
            if len(pins) > 1:
                for pin in pins:
                    self._download([pin])

    def _pip(self, *arguments: str) -> str:
        command = [self._command, *arguments, "--disable-pip-version-check"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
