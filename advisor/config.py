"""The configuration: found, read, and refused with a clear sentence where it is wrong.

`dag-advisor.toml`, or the table `[tool.dag-advisor]` of a `pyproject.toml`. The nearest one counts, as in
ruff: looked for from the folder that holds all given paths upward to the root of the file system, then from
the working directory; in one folder `dag-advisor.toml` wins; a `pyproject.toml` without the table is passed
over. Patterns of `exclude` and `per-file-ignores` are written as in `.gitignore`, relative to its folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from advisor.records import dataclass, field, replace
from advisor.text import Refusal, did_you_mean

FILE = "dag-advisor.toml"
BASELINE = "dag-advisor-baseline.json"
KEYS = (
    "baseline",
    "blocking-calls",
    "default-deferrable",
    "environment",
    "exclude",
    "ignore",
    "per-file-ignores",
    "rules",
    "select",
    "target-airflow",
    "triggerer",
)
VERSION = r"\d{1,4}\.\d{1,4}(?:\.\d{1,4})?"
DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)+"
# What marks the top of a project where no configuration does; the second row only where the first is absent.
_MARKS = (
    ("pyproject.toml", ".git"),
    (
        "uv.lock",
        "poetry.lock",
        "requirements.txt",
        "constraints.txt",
        "Dockerfile",
        "setup.py",
        "setup.cfg",
    ),
)


class ConfigError(Refusal):
    """A configuration that can't be followed; `str()` of it names file, key and the nearest right name."""


@dataclass(frozen=True)
class Settings:
    """What the configuration says; the defaults are what holds without one.

    `target_airflow` is `auto` or `X.Y[.Z]`. `rule_options` maps a rule's name to its options by their Python
    names (`poll_interval`, not `poll-interval`). `environment` is the path, as written, of the virtual environment
    that the DAGs run in: relative to `root`, and known to be one. `blocking_calls` are dotted names of functions and
    methods that block an event loop, beyond those of the catalog. `root` is the project: the folder of the
    configuration file, else of the nearest mark of a project. `source` is the file that was read, if any.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    target_airflow: str = "auto"
    environment: str | None = None
    triggerer: bool = True
    default_deferrable: bool = False
    rule_options: dict[str, dict[str, object]] = field(default_factory=dict)
    baseline: str | None = None
    blocking_calls: tuple[str, ...] = ()
    root: Path = Path()
    source: str | None = None


class HasOptions(Protocol):
    """As much of a rule as `with_rule_options` looks at."""

    @property
    def options(self) -> Mapping[str, object]:
        """The options by their Python names, with their defaults."""


def load(start: Path, explicit: Path | None, isolated: bool, here: Path | None = None) -> Settings:
    """The settings for a run over files below `start`, as from the folder `here` (default: the working directory).

    Raises:
        ConfigError: for a file that can't be read or says something wrong. Rule names and their options are
            checked later, by `with_rule_options` and the selection, because this module knows no rules.
    """
    start, here = Path(os.path.abspath(start)), here or Path.cwd()
    if explicit is not None:
        table = _table_of(explicit)
        if table is None:
            raise ConfigError(f"{_shown(explicit)}: there is no table `[tool.dag-advisor]` in this file")
        return _settings(table, explicit)
    if not isolated:
        for folder in dict.fromkeys((start, here)):
            for candidate in (folder, *folder.parents):
                for name in (FILE, "pyproject.toml"):
                    path = candidate / name
                    if os.path.isfile(path) and (table := _table_of(path)) is not None:
                        return _settings(table, path)
    return Settings(root=_root(start, here))


def _root(start: Path, here: Path) -> Path:
    for marks in _MARKS:
        for candidate in (start, *start.parents):
            if any(os.path.exists(candidate / mark) for mark in marks):
                return candidate
    return here if start.is_relative_to(here) else start


def _table_of(path: Path) -> dict[str, Any] | None:
    """The tool's table in a file; None where a `pyproject.toml` has none."""
    from advisor import toml

    try:
        # Most pyproject.toml files are not about us: don't parse (or refuse) what doesn't name the tool.
        if path.name == "pyproject.toml":
            text = path.read_bytes()
            if b"[tool.dag_advisor" in text:
                raise ConfigError(
                    f"{_shown(path)}: unknown table `tool.dag_advisor`; did you mean `tool.dag-advisor`?"
                )
            if b"dag-advisor" not in text:
                return None
        document = toml.load(path)
    except OSError as error:
        raise ConfigError(
            f"{_shown(path)}: can't be read: {(error.strerror or str(error)).lower()}"
        ) from None
    except (ValueError, RecursionError) as error:  # TomlError, UnicodeDecodeError
        raise ConfigError(f"{_shown(path)}: not valid TOML: {error or 'nested too deeply'}") from None
    if path.name != "pyproject.toml":
        return document
    tool = document.get("tool")
    table = tool.get("dag-advisor") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{_shown(path)}: `tool.dag-advisor` must be a table, not {_kind(table)}")
    return table


def _settings(table: dict[str, Any], path: Path) -> Settings:
    def wrong(key: str, expected: str, value: object) -> ConfigError:
        return ConfigError(f"{_shown(path)}: `{key}` must be {expected}, not {_kind(value)}")

    def texts(key: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            odd = (
                next((item for item in value if not isinstance(item, str)), None)
                if isinstance(value, list)
                else value
            )
            where = "a list of texts" + (" only" if isinstance(value, list) else "")
            raise wrong(key, where, odd)
        return tuple(value)

    def dotted_names(key: str, value: object) -> tuple[str, ...]:
        names = texts(key, value)
        odd = next((name for name in names if not re.fullmatch(DOTTED, name)), None)
        if odd is not None:
            raise wrong(key, "a list of dotted names like `mycorp.client.fetch` only", odd)
        return names

    def boolean(key: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise wrong(key, "true or false", value)
        return value

    def table_of(key: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong(key, "a table", value)
        return value

    found: dict[str, Any] = {"root": Path(os.path.abspath(path)).parent, "source": _shown(path)}
    readers: dict[str, Callable[[str, object], object]] = {
        "select": texts,
        "ignore": texts,
        "exclude": texts,
        "blocking-calls": dotted_names,
        "triggerer": boolean,
        "default-deferrable": boolean,
    }
    for key, value in table.items():
        if key not in KEYS:
            hint = (
                "; keys stand here without `[tool.dag-advisor]`" if key == "tool" else did_you_mean(key, KEYS)
            )
            raise ConfigError(f"{_shown(path)}: unknown key `{key}`{hint}")
        if key in readers:
            found[key.replace("-", "_")] = readers[key](key, value)
        elif key == "per-file-ignores":
            found["per_file_ignores"] = {
                pattern: texts(f"{key}.{pattern}", names) for pattern, names in table_of(key, value).items()
            }
        elif key == "rules":
            found["rule_options"] = {
                rule: dict(table_of(f"rules.{rule}", options))
                for rule, options in table_of(key, value).items()
            }
        elif not isinstance(value, str):
            example = (
                '`"auto"` or a version in quotes like `"3.2"`'
                if key == "target-airflow"
                else "a text (a path)"
            )
            raise wrong(key, example, value)
        elif key == "environment":
            from advisor.environment import environment, path_of

            try:
                environment(path_of(found["root"], value))
            except LookupError as error:
                raise ConfigError(f"{_shown(path)}: `{key}`: {value}: {error.args[0]}") from None
            found[key] = value
        elif key == "target-airflow":
            try:
                found["target_airflow"] = airflow_version(value)
            except ValueError as error:
                raise ConfigError(f"{_shown(path)}: `{key}`: {error}") from None
        else:
            found[key] = value
    return Settings(**found)


def airflow_version(text: str) -> str:
    """`auto` or `X.Y[.Z]`, as written; raises ValueError with a sentence for anything else."""
    if text == "auto" or re.fullmatch(VERSION, text):
        return text
    raise ValueError(f"`{text}` is no Airflow version; write it like `3.2` or `2.10.4`, or `auto`")


def with_rule_options(settings: Settings, rules: Mapping[str, HasOptions]) -> Settings:
    """The settings, every `[rules.<rule>]` table checked against the rule's options, keys as Python names.

    Raises:
        ConfigError: for an unknown rule or option, or a value of another type than the option's default.
    """
    if not settings.rule_options:
        return settings
    where = settings.source or "configuration"
    checked: dict[str, dict[str, object]] = {}
    for name, table in settings.rule_options.items():
        if name not in rules:
            raise ConfigError(f"{where}: `rules.{name}`: there is no such rule{did_you_mean(name, rules)}")
        options = {option.replace("_", "-"): default for option, default in rules[name].options.items()}
        checked[name] = {}
        for key, value in table.items():
            if key not in options:
                hint = did_you_mean(key, options) or (
                    f"; it has {_listed(options)}" if options else "; this rule has no options"
                )
                raise ConfigError(f"{where}: `rules.{name}`: unknown option `{key}`{hint}")
            expected = _expected(options[key])
            if expected and not _fits(value, options[key]):
                raise ConfigError(f"{where}: `rules.{name}.{key}` must be {expected}, not {_kind(value)}")
            checked[name][key.replace("-", "_")] = tuple(value) if isinstance(value, list) else value
    return replace(settings, rule_options=checked)


def _fits(value: object, default: object) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, (int, float)):
        # No option of ours makes sense below zero, and TOML knows nan and inf.
        return isinstance(value, (int, float)) and 0 <= value < float("inf")
    if isinstance(default, (tuple, list, frozenset, set)):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)


def _expected(default: object) -> str:
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, (int, float)):
        return "a number, 0 or more"
    if isinstance(default, (tuple, list, frozenset, set)):
        return "a list of texts"
    return "a text" if isinstance(default, str) else ""


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        short = value if len(value) <= 40 else value[:39] + "…"
        return f'the text "{short}"'
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else "a date or time"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def baseline_file(settings: Settings, isolated: bool) -> str:
    """The baseline's path: the key `baseline`, from the configuration's folder, or else BASELINE in the project's.

    "" for an isolated run, which has none.

    Raises:
        ConfigError: the path leads out of the project.
    """
    if isolated:
        return ""
    path = os.path.join(settings.root, settings.baseline or BASELINE)
    # Whoever writes a configuration is not to choose what we read or write elsewhere, by a link either.
    if settings.baseline is not None and not os.path.realpath(path).startswith(
        os.path.join(os.path.realpath(settings.root), "")
    ):
        raise ConfigError(f"{settings.source}: `baseline` must name a file below {_shown(settings.root)}")
    return path


def _shown(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def ignored_in(settings: Settings, path: str) -> frozenset[str]:
    """The rule and group names that `per-file-ignores` takes out of the file at `path`.

    A pattern that starts with `!` counts for every file that the rest of it does not match.
    """
    if not settings.per_file_ignores:
        return frozenset()
    absolute = os.path.abspath(path)
    relative = os.path.relpath(absolute, settings.root)
    parts = (absolute if relative.startswith("..") else relative).replace(os.sep, "/").strip("/").split("/")
    return frozenset(
        name
        for pattern, names in settings.per_file_ignores.items()
        if matches(pattern.removeprefix("!"), parts) != pattern.startswith("!")
        for name in names
    )


def matches(pattern: str, parts: list[str]) -> bool:
    """Whether a pattern as in `.gitignore` names a file (as its path's parts) or a folder that holds it."""
    import posixpath
    from fnmatch import fnmatchcase

    folder_only = pattern.endswith("/")
    anchored = "/" in pattern.rstrip("/")
    wanted = posixpath.normpath(pattern.strip("/") or ".").split("/")
    if not anchored:
        candidates = parts[:-1] if folder_only else parts
        return any(fnmatchcase(part, wanted[0]) for part in candidates)

    @cache  # or a pattern of many `**` would take for ever
    def match(i: int, j: int) -> bool:
        if i == len(wanted):
            return j < len(parts) if folder_only else True
        if wanted[i] == "**":
            if i == len(wanted) - 1:
                return j < len(parts)
            return any(match(i + 1, rest) for rest in range(j, len(parts)))
        return j < len(parts) and fnmatchcase(parts[j], wanted[i]) and match(i + 1, j + 1)

    return match(0, 0)
