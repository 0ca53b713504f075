"""Reading what a project is deployed as: Dockerfiles, compose, env and Helm files, Terraform, CloudFormation.

Images understood: apache/airflow (also bitnami/airflow and astronomer/ap-airflow, whose tags are Airflow's
version too), Astro Runtime under both schemes, Cloud Composer's image version strings, MWAA's Airflow
version. Which Runtime holds which Airflow stands in `catalog/data/platforms.json` with its sources; what
isn't there stays unknown, with a note. Composer and MWAA are looked for in Terraform files of the root, in
every Terraform, YAML and JSON file of terraform/, infra/, cloudformation/, deploy/ and the like, and in YAML
and JSON files of the root that are named after them (cloudbuild, template, cloudformation, mwaa, composer);
Composer in Dockerfiles too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from advisor.target import AIRFLOW, Version
from advisor.target_files import LIMIT, Reader, constraints_url
from advisor.target_pins import Clues, Requirement, promise, requirement

_INFRASTRUCTURE_LIMIT = 256_000  # bytes
_LONGEST = 20_000  # characters of a line that are looked at; also bounds variables that double each other
_FLAG = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"
_COMPOSER = r"composer-\d[\w.]*-airflow-(\d+\.\d+(?:\.\d+)?)"
_INSTALLED = r"""(?x) (?<![\w./-])
    ((?:apache[-_.]airflow[\w.-]{0,100}|astronomer-providers|aiobotocore) (?:\[[^\]]{0,500}\])?
     (?:\s*(?:===|==|~=|!=|<=|>=|<|>)[^\s"'\\;&|]{1,200})?)"""


_AIRFLOW_IMAGES = (["apache", "airflow"], ["bitnami", "airflow"], ["astronomer", "ap-airflow"])


def read_deployment(reader: Reader, kind: str, path: str) -> None:
    """One file of the kinds that `target.KINDS` lists after the dependency files."""
    text = reader.text(path, _INFRASTRUCTURE_LIMIT if kind == "infrastructure" else LIMIT)
    if text is None:
        return
    if kind == "Dockerfile":
        _dockerfile(reader, path, text)
    elif kind == "env":
        _env(reader, path, text)
    elif kind == "compose":
        _compose(reader, path, text)
    elif kind == "airflow.cfg":
        _airflow_cfg(reader, path, text)
    else:
        _infrastructure(reader, path, text, helm=kind == "values")


def _is_true(value: str) -> bool:
    # As airflow.configuration.getboolean reads it.
    return value.split("#")[0].strip().strip("\"'").lower() in ("t", "true", "1")


def _flag(clues: Clues, value: str, where: str) -> None:
    if _is_true(value):
        clues.default_deferrable = True
        clues.note("default_deferrable is true", where)


def _substitute(text: str, variables: dict[str, str]) -> str:
    """`$NAME`, `${NAME}` and `${NAME:-default}` replaced where the value is known, else left as they are."""

    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        return variables.get(name) or match["default"] or match[0]

    pattern = r"\$(?:\{(?P<braced>\w+)(?::?-(?P<default>[^}]*))?\}|(?P<plain>[A-Za-z_]\w*))"
    return re.sub(pattern, value, text)[:_LONGEST]


def _dockerfile(reader: Reader, path: str, text: str) -> None:
    variables: dict[str, str] = {}
    stages: dict[str, str] = {}  # name of a stage: the image that it starts from
    last: tuple[str, str] | None = None
    for number, line in _instructions(text):
        where = f"{path}:{number}"
        word, _, rest = line.partition(" ")
        word, rest = word.upper(), rest.strip()
        if word in ("ARG", "ENV"):
            for name, value in _assignments(rest):
                variables[name] = _substitute(value, variables)
                if name == _FLAG:
                    _flag(reader.clues, variables[name], where)
        elif word == "FROM":
            parts = [part for part in _substitute(rest, variables).split() if not part.startswith("--")]
            if not parts:
                continue
            image = stages.get(parts[0].lower(), parts[0])
            if len(parts) == 3 and parts[1].lower() == "as":
                stages[parts[2].lower()] = image
            if _is_airflow(image):
                last = image, where  # what is deployed is the last stage
        elif word == "RUN" and "install" in rest:
            for command in re.split(r"&&|\|\||;", _substitute(rest, variables)):
                if "install" in command and "uninstall" not in command:
                    _installed(reader.clues, command, where)
    if last:
        _image(reader.clues, *last)
    _composer(reader.clues, path, text)


def _installed(clues: Clues, command: str, where: str) -> None:
    """What of ours a `pip install` or `uv pip install` names on its command line."""
    constraints_url(clues, command, where)
    for match in re.finditer(_INSTALLED, command):
        if not match[1].endswith(".whl") and (found := requirement(match[1])):
            clues.add(found, where)


def _instructions(text: str) -> list[tuple[int, str]]:
    """A Dockerfile's instructions with their first line's number, lines joined, comments taken off."""
    found: list[tuple[int, str]] = []
    parts: list[str] = []
    start = 1
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#") or (parts and not stripped):
            continue  # comments and empty lines may stand inside an instruction
        start = start if parts else number
        parts.append(stripped.rstrip("\\`").strip())
        if not stripped.endswith(("\\", "`")):
            found.append((start, " ".join(parts)[:_LONGEST]))
            parts = []
    return [*found, (start, " ".join(parts)[:_LONGEST])] if parts else found


def _assignments(rest: str) -> list[tuple[str, str]]:
    """`A=1 B="two"`, and ENV's old form `A two`."""
    pairs = re.findall(r"""([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S*)""", rest)
    if not pairs and len(words := rest.split(None, 1)) == 2:
        pairs = [(words[0], words[1])]
    return [(name, value.strip("\"'")) for name, value in pairs]


def _split(image: str) -> tuple[list[str], str]:
    """An image reference `[registry/]repository[:tag][@digest]` as the parts of its name and its tag."""
    path, slash, last = image.split("@")[0].rpartition("/")
    name, _, tag = last.partition(":")
    return (path + slash + name).lower().split("/"), tag


def _is_astro(parts: list[str]) -> bool:
    return parts[-1] == "astro-runtime" or (
        parts[-1] == "runtime" and any("astro" in part for part in parts[:-1])
    )


def _is_airflow(image: str) -> bool:
    parts, _ = _split(image)
    return _is_astro(parts) or parts[-2:] in _AIRFLOW_IMAGES


def _image(clues: Clues, image: str, where: str) -> None:
    """What an image reference tells; one that isn't known to hold Airflow tells nothing."""
    parts, tag = _split(image)
    if _is_astro(parts):
        version = _astro_version(tag)
        what = f"Astro Runtime {tag}" if tag else "Astro Runtime without a tag"
    elif parts[-2:] in _AIRFLOW_IMAGES:
        match = re.match(r"(?:slim-)?(\d+\.\d+(?:\.\d+)?)(?![\d.])", tag)
        version = promise(f"=={match[1]}")[0] if match else None
        what = f"image {image}"
        if version and parts[-2] == "apache" and not tag.startswith("slim-"):
            minor = ".".join(map(str, version[:2]))
            if minor in _platforms()["apache-airflow-image"]["aiobotocore"]:
                clues.distributions.add("aiobotocore")
    else:
        return
    if version is None:
        clues.note(f"{what}: its Airflow version is unknown", where)
    else:
        clues.note(what, where)
        clues.add(Requirement(AIRFLOW, frozenset(), version, True), where)


def _astro_version(tag: str) -> Version | None:
    """The Airflow of a Runtime tag: of that release, or of its series where only the series is known."""
    if not (match := re.match(r"(\d+\.\d+-\d+|\d+(?:\.\d+){0,2})(?![\d.])", tag)):
        return None
    known = _platforms()["astro-runtime"]
    release = match[1]
    # Two schemes: "3.0-1" is named after Airflow 3.0; in "3.0.1" the first number alone tells the series.
    series = release.partition("-")[0] + "-"
    if "-" not in release and series not in known["series"]:
        series = release.partition(".")[0]
    text = known["releases"].get(release) or known["series"].get(series)
    return promise(f"=={text}")[0] if text else None


def _platforms() -> dict[str, Any]:
    import json

    path = Path(__file__).parent / "catalog" / "data" / "platforms.json"
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _env(reader: Reader, path: str, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            reader.variables.setdefault(name.strip(), value.strip().strip("\"'"))
            if name.strip() == _FLAG:
                _flag(reader.clues, value, f"{path}:{number}")


def _compose(reader: Reader, path: str, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()[:_LONGEST]
        if stripped.startswith("#"):
            continue
        where = f"{path}:{number}"
        if match := re.match(rf"""-?\s*["']?{_FLAG}["']?\s*[:=]\s*(.*)""", stripped):
            _flag(reader.clues, _substitute(match[1], reader.variables), where)
        # `x-airflow-image: &airflow_image apache/airflow:2.9.3` is what `image: *airflow_image` stands for.
        elif match := re.match(r"(?:x-[\w.-]*)?image:\s*(?:&[\w-]+\s+)?[\"']?([^\s\"']+)", stripped):
            _image(reader.clues, _substitute(match[1], reader.variables), where)


def _airflow_cfg(reader: Reader, path: str, text: str) -> None:
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.strip("[] ")
        elif section == "operators" and (match := re.match(r"default_deferrable\s*[=:]\s*(.*)", stripped)):
            _flag(reader.clues, match[1], f"{path}:{number}")


def _composer(clues: Clues, path: str, text: str) -> bool:
    if not (match := re.search(_COMPOSER, text)):
        return False
    where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
    clues.note(f"Cloud Composer image {match[0]}", where)
    clues.add(Requirement(AIRFLOW, frozenset(), *promise(f"=={match[1]}")), where)
    return True


def _infrastructure(reader: Reader, path: str, text: str, *, helm: bool) -> None:
    """Cloud Composer's image version; MWAA's Airflow version; the official Helm chart's values."""
    if _composer(reader.clues, path, text):
        return
    lower = text.lower()
    if helm:
        key = r"(?:airflowVersion|defaultAirflowTag)"
    elif "mwaa" in lower:
        key = r"(?:airflow_version|AirflowVersion)"
    else:
        return
    pattern = rf"""(?m)^[ \t]*["']?{key}["']?[ \t]*[:=][ \t]*["']?(?:slim-)?(\d+\.\d+(?:\.\d+)?)(?![\d.])"""
    if match := re.search(pattern, text):
        where = f"{path}:{text.count(chr(10), 0, match.start(1)) + 1}"
        reader.clues.add(Requirement(AIRFLOW, frozenset(), *promise(f"=={match[1]}")), where)
