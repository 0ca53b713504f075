"""The target: which Airflow and providers a project runs on, read from real small projects."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from advisor.target import Target, TargetError, candidates, detect
from advisor.target_pins import promise, requirement

AMAZON = "apache-airflow-providers-amazon"
HTTP = "apache-airflow-providers-http"


@dataclass(frozen=True)
class Settings:
    target_airflow: str = "auto"
    triggerer: bool = True
    default_deferrable: bool = False
    environment: str | None = None


def project(root: Path, **files: str) -> Target:
    """The target of a project with these files ("__" stands for "/", "_dot_" for ".")."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return detect(root, Settings(), None, False)


def write(root: Path, name: str, text: str) -> Target:
    """The target after adding one file."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return detect(root, Settings(), None, False)


# --- what a specifier promises ---


@pytest.mark.parametrize(
    ("specifier", "version", "exact"),
    [
        ("==2.9.3", (2, 9, 3), True),
        ("===2.9.3", (2, 9, 3), True),
        ("==2.9.*", (2, 9), True),
        ("== 3.0.0rc1", (3, 0, 0), True),
        ("==2.9.3+astro.4", (2, 9, 3), True),
        ("==2.9.3.post1", (2, 9, 3), True),
        (">=2.7,<3", (2, 7), False),
        ("<3,>=2.7", (2, 7), False),
        (">2.6,>=2.8", (2, 8), False),
        ("~=2.9.1", (2, 9, 1), False),
        ("^2.9", (2, 9), False),
        ("<3", (2, 11), False),
        ("<3.0.0", (2, 11), False),
        ("<2.8", (2, 7), False),
        ("<=2.8.1", (2, 8, 1), False),
        ("!=2.8.1", None, False),
        ("", None, False),
        ("*", None, False),
        ("=={{ airflow_version }}", None, False),
        ("==${AIRFLOW_VERSION}", None, False),
        ("2.9.3", None, False),
    ],
)
def test_promise(specifier: str, version: tuple[int, ...] | None, exact: bool) -> None:
    assert promise(specifier) == (version, exact)


def test_promise_of_an_upper_bound_is_low_for_other_distributions() -> None:
    # 2.11 is the end of Airflow 2; how far a provider's major 8 went isn't known here.
    assert promise("<9", AMAZON) == ((8,), False)
    assert promise("2.9.3", bare_is_pin=True) == ((2, 9, 3), True)


def test_requirement_forms() -> None:
    found = requirement(
        "Apache_Airflow[Amazon, cncf.kubernetes]==2.9.3 ; python_version < '3.12' --hash=sha256:ab"
    )
    assert found is not None
    assert (found.name, found.version, found.exact) == ("apache-airflow", (2, 9, 3), True)
    assert found.extras == {"amazon", "cncf-kubernetes"}
    url = requirement(
        "apache-airflow-providers-http @ https://example.org/x/apache_airflow_providers_http-4.7.0-py3-none-any.whl#sha256=ab"
    )
    assert url is not None
    assert (url.name, url.version) == (HTTP, (4, 7, 0))
    wheel = requirement("./wheels/apache_airflow_providers_http-4.7.0-py3-none-any.whl")
    assert wheel == url
    sdist = requirement("vendor/apache-airflow-2.9.3.tar.gz")
    assert sdist is not None
    assert (sdist.name, sdist.version) == ("apache-airflow", (2, 9, 3))
    git = requirement("apache-airflow @ git+https://example.org/airflow@main")
    assert git is not None
    assert git.version is None
    assert requirement("this is prose") is None


def test_requirement_is_quick_on_hostile_lines() -> None:
    start = time.perf_counter()
    for line in (
        "1." * 500_000,
        "a==" + "1." * 500_000,
        "a-" * 500_000,
        "a[" + "b," * 500_000,
        "/a-1-" * 200_000,
    ):
        requirement(line)
    assert time.perf_counter() - start < 2


# --- config, --target-airflow, isolated ---


def test_nothing_found_is_the_newest_catalog(tmp_path: Path) -> None:
    target = detect(tmp_path, Settings(), None, False)
    assert target == Target()
    assert target.source == "newest catalog"
    assert target.at_least(99, 1)
    assert target.provider_at_least(AMAZON, (9, 0)) is None
    assert not target.depends_on(AMAZON)


def test_root_that_does_not_exist(tmp_path: Path) -> None:
    assert detect(tmp_path / "nowhere", Settings(), None, False).source == "newest catalog"


def test_option_beats_config_beats_files(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", f"apache-airflow==2.7.3\n{AMAZON}[aiobotocore]==8.2.0\n")
    config = detect(tmp_path, Settings(target_airflow="2.9"), None, False)
    assert (config.airflow, config.source) == ((2, 9), "config")
    assert config.provider_version(AMAZON) == (8, 2, 0)
    option = detect(tmp_path, Settings(target_airflow="2.9"), "2.10.1", False)
    assert (option.airflow, option.source) == ((2, 10, 1), "--target-airflow")
    assert option.provider_version(AMAZON) is None  # the newest of the catalog
    assert option.has_extra(AMAZON, "aiobotocore")
    auto = detect(tmp_path, Settings(target_airflow="2.9"), "auto", False)
    assert auto.source == "config"


def test_isolated_reads_no_file(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", "apache-airflow==2.7.3\n")
    write(tmp_path, ".env", "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE=true\n")
    assert detect(tmp_path, Settings(), None, True) == Target()
    assert detect(tmp_path, Settings(), "2.8", True).airflow == (2, 8)


def test_settings_are_carried_over(tmp_path: Path) -> None:
    target = detect(tmp_path, Settings(triggerer=False, default_deferrable=True), None, False)
    assert not target.triggerer
    assert target.default_deferrable


@pytest.mark.parametrize("text", ["3", "latest", "2.x", "2.9.3.1", "", " ", "2..9", "²٫١", "-1.2"])
def test_bad_target_version(tmp_path: Path, text: str) -> None:
    if text:
        with pytest.raises(TargetError, match="--target-airflow"):
            detect(tmp_path, Settings(), text, False)
    with pytest.raises(TargetError, match=r"^target-airflow: .*X\.Y"):
        detect(tmp_path, Settings(target_airflow=text), None, False)


def test_at_least_promises_no_more_than_was_read(tmp_path: Path) -> None:
    target = detect(tmp_path, Settings(), "2.9", False)
    assert target.at_least(2, 9)
    assert target.at_least(2, 9, 0)
    assert not target.at_least(2, 9, 1)
    assert not target.at_least(2, 10)
    assert target.at_least(2, 2)
    assert target.provider_at_least("apache-airflow", (2, 9)) is True


# --- requirements and constraints ---


def test_requirements(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "requirements.txt",
        "# apache-airflow==1.10.15\n"
        "--index-url https://example.org/simple\n"
        "\n"
        "apache-airflow==2.9.3 \\\n"
        "    --hash=sha256:aaaa \\\n"
        "    --hash=sha256:bbbb\n"
        f"{AMAZON}[aiobotocore,s3fs]>=8.2,<9  # deferrable sensors\n"
        f"{HTTP}\n"
        "apache_airflow_providers.google==10.1.0; python_version >= '3.8'\n"
        "-e git+https://example.org/x.git#egg=apache-airflow-providers-acme\n"
        "pandas\n",
    )
    assert (target.airflow, target.source) == ((2, 9, 3), "requirements.txt")
    assert target.providers == {
        "apache-airflow-providers-acme": None,
        AMAZON: (8, 2),
        "apache-airflow-providers-google": (10, 1, 0),
        HTTP: None,
    }
    assert target.has_extra(AMAZON, "aiobotocore")
    assert not target.has_extra(AMAZON, "pandas-extra")
    assert target.depends_on("Pandas")
    assert target.provider_at_least(AMAZON, (8, 2)) is True
    assert target.provider_at_least(AMAZON, (8, 3)) is False
    assert target.provider_at_least(HTTP, (4, 7)) is None
    assert ("apache-airflow 2.9.3", "requirements.txt:4") in target.found
    assert (f"{AMAZON} 8.2", "requirements.txt:7") in target.found


def test_lowest_of_several_pins_in_one_file(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "requirements.txt",
        'apache-airflow==2.10.5; python_version >= "3.9"\napache-airflow==2.7.3; python_version < "3.9"\n',
    )
    assert target.airflow == (2, 7, 3)


def test_unpinned_airflow_is_unknown(tmp_path: Path) -> None:
    target = write(tmp_path, "requirements.txt", "apache-airflow\n")
    assert (target.airflow, target.source) == (None, "newest catalog")
    assert target.depends_on("apache-airflow")


def test_includes_inside_the_root_only(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (tmp_path / "outside.txt").parent.mkdir(exist_ok=True)
    (tmp_path / "outside.txt").write_text("apache-airflow==1.10.15\n")
    target = project(
        root,
        requirements_dot_txt="-r deps/base.txt\n--requirement=../outside.txt\n-cdeps/pins.txt\n",
        deps__base_dot_txt=f"-r ../requirements.txt\napache-airflow>=2.5\n{HTTP}\n",
        deps__pins_dot_txt=f"apache-airflow==2.8.1\n{HTTP}==4.8.0\n{AMAZON}==8.16.0\naiobotocore==2.9\n",
    )
    assert (target.airflow, target.source) == ((2, 8, 1), "deps/pins.txt")
    assert target.provider_version(HTTP) == (4, 8, 0)
    # A constraint gives a version, but asks for nothing.
    assert target.provider_version(AMAZON) == (8, 16, 0)
    assert target.depends_on(HTTP)
    assert not target.depends_on(AMAZON)
    assert not target.has_extra(AMAZON, "aiobotocore")


def test_symlink_out_of_the_root_is_not_followed_by_an_include(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside.txt").write_text("apache-airflow==1.10.15\n")
    (root / "base.txt").symlink_to(tmp_path / "outside.txt")
    assert write(root, "requirements.txt", "-r base.txt\n").airflow is None


@pytest.mark.parametrize(
    "line",
    [
        '--constraint "https://raw.githubusercontent.com/apache/airflow/constraints-2.9.3/constraints-3.11.txt"',
        "-c https://raw.githubusercontent.com/apache/airflow/constraints-2.9.3/constraints-no-providers-3.11.txt",
    ],
)
def test_official_constraints_url(tmp_path: Path, line: str) -> None:
    target = write(tmp_path, "requirements.txt", f"{line}\n{AMAZON}\n")
    assert (target.airflow, target.source) == ((2, 9, 3), "requirements.txt")
    assert target.providers == {AMAZON: None}


def test_pin_beats_the_range_that_allows_it(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", "apache-airflow>=2.7\n")
    assert detect(tmp_path, Settings(), None, False).airflow == (2, 7)
    target = write(tmp_path, "Dockerfile", "FROM apache/airflow:2.9.3\n")
    assert (target.airflow, target.source) == ((2, 9, 3), "Dockerfile")
    # A stale Dockerfile that the nearer range excludes is not what runs.
    write(tmp_path, "requirements.txt", "apache-airflow>=3.0\n")
    assert detect(tmp_path, Settings(), None, False).airflow == (3, 0)


@pytest.mark.parametrize("folder", ["src", "composer", "mwaa", "dags"])
def test_requirements_in_a_folder_of_the_project(tmp_path: Path, folder: str) -> None:
    target = write(tmp_path, f"{folder}/requirements.txt", "apache-airflow==2.6.0\n")
    assert (target.airflow, target.source) == ((2, 6, 0), f"{folder}/requirements.txt")
    target = write(tmp_path, "requirements.txt", "apache-airflow==2.5.2\n")
    assert target.source == "requirements.txt"


def test_order_of_requirements_files(tmp_path: Path) -> None:
    write(tmp_path, "requirements-dev.txt", "apache-airflow==2.4.0\n")
    write(tmp_path, "requirements.in", "apache-airflow==2.4.1\n")
    write(tmp_path, "requirements/base.txt", "apache-airflow==2.6.0\n")
    assert detect(tmp_path, Settings(), None, False).source == "requirements.in"
    target = write(tmp_path, "requirements-airflow.txt", "apache-airflow==2.5.0\n")
    assert (target.airflow, target.source) == ((2, 5, 0), "requirements-airflow.txt")
    target = write(tmp_path, "requirements.txt", "apache-airflow==2.5.2\n")
    assert (target.airflow, target.source) == ((2, 5, 2), "requirements.txt")


def test_providers_of_another_airflow_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "requirements-2.9.txt", f"apache-airflow==2.9.0\n{AMAZON}==8.19.0\n")
    write(tmp_path, "requirements-extra.txt", "apache-airflow-providers-google==10.1.0\n")
    target = write(
        tmp_path, "requirements-3.10.txt", f"apache-airflow==3.1.0\n{AMAZON}==9.9.0\n{HTTP}==5.0.0\n"
    )
    assert target.airflow == (2, 9, 0)
    assert target.provider_version(AMAZON) == (8, 19, 0)
    assert target.provider_version("apache-airflow-providers-google") == (10, 1, 0)
    assert target.provider_version(HTTP) is None


@pytest.mark.parametrize("folder", ["requirements", "docker", "dags", "airflow", ".devcontainer"])
def test_known_folders(tmp_path: Path, folder: str) -> None:
    target = write(tmp_path, f"{folder}/requirements.txt", "apache-airflow==2.5.1\n")
    assert (target.airflow, target.source) == ((2, 5, 1), f"{folder}/requirements.txt")


def test_deeper_and_unknown_folders_are_not_searched(tmp_path: Path) -> None:
    write(tmp_path, "docker/old/requirements.txt", "apache-airflow==1.10.15\n")
    assert write(tmp_path, "examples/requirements.txt", "apache-airflow==1.10.15\n").airflow is None


@pytest.mark.parametrize(
    "path",
    [
        "docker/images/airflow/Dockerfile",  # known folders in known folders
        "services/airflow/Dockerfile",
        "images/Dockerfile",
        "catalog/Dockerfile",  # the one folder that holds `dags`
        "catalog/docker/Dockerfile",
    ],
)
def test_places_further_off_tell_where_nothing_nearer_names_airflow(tmp_path: Path, path: str) -> None:
    (tmp_path / "catalog" / "dags").mkdir(parents=True)
    write(tmp_path, "requirements.txt", "pandas==2.2.0\n")
    target = write(tmp_path, path, "FROM apache/airflow:2.4.1\n")
    assert (target.airflow, target.source) == ((2, 4, 1), path)
    target = write(tmp_path, "airflow/Dockerfile", "FROM apache/airflow:2.9.3\n")
    assert (target.airflow, target.source) == ((2, 9, 3), "airflow/Dockerfile")
    assert {name for _, name in candidates(tmp_path)} == {"requirements.txt", "airflow/Dockerfile"}
    assert path in {name for _, name in candidates(tmp_path, far=True)}


def test_several_projects_below_one_root_tell_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "dags").mkdir(parents=True)
        write(tmp_path, f"{name}/requirements.txt", "apache-airflow==2.4.1\n")
    assert detect(tmp_path, Settings(), None, False).airflow is None


def test_an_example_is_not_what_runs(tmp_path: Path) -> None:
    (tmp_path / "examples" / "dags").mkdir(parents=True)
    assert write(tmp_path, "examples/requirements.txt", "apache-airflow==2.4.1\n").airflow is None


def test_constraints_file(tmp_path: Path) -> None:
    write(tmp_path, "requirements.in", "apache-airflow\n")
    target = write(tmp_path, "constraints-3.11.txt", f"apache-airflow==2.8.4\n{AMAZON}==8.19.0\n")
    assert (target.airflow, target.source) == ((2, 8, 4), "constraints-3.11.txt")
    assert target.provider_version(AMAZON) == (8, 19, 0)


def test_utf16_requirements(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("apache-airflow==2.9.3\r\n".encode("utf-16"))
    assert detect(tmp_path, Settings(), None, False).airflow == (2, 9, 3)


def test_airflow_extras_are_providers(tmp_path: Path) -> None:
    target = write(
        tmp_path, "requirements.txt", "apache-airflow[amazon,cncf.kubernetes,aiobotocore]==2.9.3\n"
    )
    assert target.depends_on(AMAZON)
    assert target.depends_on("apache-airflow-providers-cncf-kubernetes")
    assert target.has_extra(AMAZON, "aiobotocore")
    assert not target.depends_on(HTTP)


# --- lock files, pyproject.toml, Pipfile, setup.cfg ---

UV_LOCK = f"""version = 1
revision = 2
requires-python = ">=3.10"

[[package]]
name = "aiobotocore"
version = "2.13.1"
source = {{ registry = "https://example.org/simple" }}

[[package]]
name = "apache-airflow"
version = "2.10.4"
source = {{ registry = "https://example.org/simple" }}
dependencies = [
    {{ name = "alembic" }},
]

[[package]]
name = "{AMAZON}"
version = "9.1.0"

[[package]]
name = "pipelines"
source = {{ virtual = "." }}
dependencies = [
    {{ name = "apache-airflow" }},
]
"""


def test_uv_lock(tmp_path: Path) -> None:
    write(
        tmp_path, "pyproject.toml", '[project]\nname = "pipelines"\ndependencies = ["apache-airflow>=2.7"]\n'
    )
    target = write(tmp_path, "uv.lock", UV_LOCK)
    assert (target.airflow, target.source) == ((2, 10, 4), "uv.lock")
    assert target.providers == {AMAZON: (9, 1, 0)}
    assert target.has_extra(AMAZON, "aiobotocore")
    assert target.depends_on("pipelines")
    assert ("apache-airflow 2.10.4", "uv.lock:11") in target.found


@pytest.mark.parametrize("name", ["poetry.lock", "pdm.lock"])
def test_other_toml_locks(tmp_path: Path, name: str) -> None:
    packages = {"apache-airflow": "2.8.1", "pandas": "2.0", HTTP: "4.8.0"}
    lock = "# generated\n\n" + "".join(
        f'[[package]]\nname = "{package}"\nversion = "{version}"\ndescription = ""\n\n'
        for package, version in packages.items()
    )
    (tmp_path / name).write_bytes(lock.replace("\n", "\r\n").encode())
    target = detect(tmp_path, Settings(), None, False)
    assert (target.airflow, target.source, target.provider_version(HTTP)) == ((2, 8, 1), name, (4, 8, 0))


def test_pylock(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "pylock.toml",
        'lock-version = "1.0"\n[[packages]]\nname = "apache-airflow-core"\nversion = "3.1.5"\n',
    )
    assert (target.airflow, target.source) == ((3, 1, 5), "pylock.toml")


def test_forked_lock_takes_the_lowest(tmp_path: Path) -> None:
    fork = '[[package]]\nname = "apache-airflow"\nversion = "2.8.0"\n\n'
    assert write(tmp_path, "uv.lock", UV_LOCK + fork).airflow == (2, 8, 0)


def test_pipfile_lock_and_pipfile(tmp_path: Path) -> None:
    write(tmp_path, "Pipfile", f'[packages]\napache-airflow = ">=2.7"\n{HTTP} = "*"\n')
    assert detect(tmp_path, Settings(), None, False).airflow == (2, 7)
    lock = {
        "default": {
            "apache-airflow": {"version": "==2.9.1", "extras": ["amazon"]},
            AMAZON: {"version": "==8.20.0", "extras": ["aiobotocore"], "markers": "python_version >= '3.8'"},
        }
    }
    target = write(tmp_path, "Pipfile.lock", json.dumps(lock, indent=4))
    assert (target.airflow, target.source) == ((2, 9, 1), "Pipfile.lock")
    assert target.providers == {AMAZON: (8, 20, 0), HTTP: None}
    assert target.has_extra(AMAZON, "aiobotocore")


def test_pep_621(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "pyproject.toml",
        f"""[project]
name = "pipelines"
dependencies = [
    "apache-airflow[celery]~=2.9.2",
    "{HTTP}==4.12.0",
]
[project.optional-dependencies]
aws = ["{AMAZON}[aiobotocore]>=8.20"]
[dependency-groups]
dev = [{{include-group = "lint"}}, "astronomer-providers==1.19.4"]
lint = ["ruff"]
[tool.uv]
constraint-dependencies = ["apache-airflow-providers-google==10.20.0"]
""",
    )
    assert (target.airflow, target.source) == ((2, 9, 2), "pyproject.toml")
    assert target.providers == {
        AMAZON: (8, 20),
        "apache-airflow-providers-google": (10, 20, 0),
        HTTP: (4, 12, 0),
        "astronomer-providers": (1, 19, 4),
    }
    assert target.has_extra(AMAZON, "aiobotocore")
    assert target.depends_on("astronomer-providers")
    assert not target.depends_on("apache-airflow-providers-google")
    assert (f"{HTTP} 4.12.0", "pyproject.toml:5") in target.found


def test_poetry(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "pyproject.toml",
        f"""[tool.poetry.dependencies]
python = "^3.11"
apache-airflow = "2.9.3"
{AMAZON} = {{version = "^8.20", extras = ["aiobotocore"]}}
apache-airflow-providers-google = [
    {{version = "10.1.0", python = "<3.9"}},
    {{version = "10.9.0", python = ">=3.9"}},
]
[tool.poetry.group.extra.dependencies]
{HTTP} = "*"
acme = {{path = "../acme"}}
""",
    )
    assert (target.airflow, target.source) == ((2, 9, 3), "pyproject.toml")
    assert target.providers == {AMAZON: (8, 20), "apache-airflow-providers-google": (10, 1, 0), HTTP: None}
    assert target.has_extra(AMAZON, "aiobotocore")


def test_setup_cfg(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "setup.cfg",
        "[options]\ninstall_requires =\n    apache-airflow>=2.6,<3\n    # a comment\n"
        f"[options.extras_require]\naws =\n    {AMAZON}==8.1.0\n",
    )
    assert (target.airflow, target.source) == ((2, 6), "setup.cfg")
    assert target.provider_version(AMAZON) == (8, 1, 0)


def test_upper_bound_alone(tmp_path: Path) -> None:
    assert write(tmp_path, "requirements.txt", "apache-airflow<3\n").airflow == (2, 11)


# --- images ---


@pytest.mark.parametrize(
    ("image", "airflow"),
    [
        ("apache/airflow:2.9.3", (2, 9, 3)),
        ("apache/airflow:2.9.3-python3.11", (2, 9, 3)),
        ("apache/airflow:slim-2.10.5-python3.12", (2, 10, 5)),
        ("docker.io/apache/airflow:3.0.1@sha256:0123abc", (3, 0, 1)),
        ("registry.corp:5000/dockerhub/apache/airflow:2.7.0", (2, 7, 0)),
        ("bitnami/airflow:2.8.1-debian-11-r0", (2, 8, 1)),
        ("quay.io/astronomer/ap-airflow:2.3.0-onbuild", (2, 3, 0)),
        ("apache/airflow:latest", None),
        ("apache/airflow", None),
        ("apache/airflow@sha256:0123abc", None),
        ("registry.corp:5000/apache/airflow", None),
        ("ghcr.io/acme/airflow:1.4.2", None),
        ("apache/airflow:${UNSET}", None),
        ("python:3.11", None),
        ("quay.io/astronomer/astro-runtime:9.1.0", (2, 7, 1)),
        ("quay.io/astronomer/astro-runtime:9.1.0-python-3.11-base", (2, 7, 1)),
        ("quay.io/astronomer/astro-runtime:11.8.0", (2, 9, 3)),
        ("quay.io/astronomer/astro-runtime:3.0.1", (2, 1, 1)),
        ("quay.io/astronomer/astro-runtime:12.7.1", (2, 10)),
        ("quay.io/astronomer/astro-runtime:13.5.0-base", (2, 11, 1)),
        ("astrocrpublic.azurecr.io/runtime:3.0-1", (3, 0)),
        ("astrocrpublic.azurecr.io/runtime:3.1-8-base", (3, 1, 4)),
        ("astrocrpublic.azurecr.io/runtime:3.1-12-python-3.12-base", (3, 1)),
        ("astrocrpublic.azurecr.io/runtime:3.1", (3, 1)),
        ("astrocrpublic.azurecr.io/runtime:13.4.0", (2, 11)),
        ("images.astronomer.cloud/baseimages/astro-runtime:13.4.0", (2, 11)),
        ("mcr.microsoft.com/dotnet/runtime:3.1", None),
        # Not in the map: unknown, never guessed.
        ("quay.io/astronomer/astro-runtime:99.0.0", None),
        ("astrocrpublic.azurecr.io/runtime:3.99-1", None),
        ("quay.io/astronomer/astro-runtime:latest", None),
    ],
)
def test_images(tmp_path: Path, image: str, airflow: tuple[int, ...] | None) -> None:
    target = write(tmp_path, "Dockerfile", f"# syntax\n\nFROM --platform=linux/amd64 {image}\nCOPY . .\n")
    assert target.airflow == airflow
    assert target.source == ("Dockerfile" if airflow else "newest catalog")
    assert all(where == "Dockerfile:3" for _, where in target.found)


def test_unknown_image_is_said(tmp_path: Path) -> None:
    target = write(tmp_path, "Dockerfile", "FROM quay.io/astronomer/astro-runtime:99.0.0\n")
    assert target.found == (("Astro Runtime 99.0.0: its Airflow version is unknown", "Dockerfile:1"),)


def test_dockerfile_arguments_and_stages(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "Dockerfile",
        "ARG AIRFLOW_VERSION=2.8.1\n"
        'ARG PYTHON="3.11"\n'
        "FROM apache/airflow:1.10.15 AS old\n"
        "FROM apache/airflow:${AIRFLOW_VERSION}-python$PYTHON AS base\n"
        "FROM node:20 AS assets\n"
        "from base\n"
        "RUN pip install --no-cache-dir \\\n"
        "    # the AWS ones\n"
        f'    "{AMAZON}[aiobotocore]==8.16.0" \\\n'
        f"    && pip uninstall {HTTP} && apt-get install x\n"
        f"RUN uv pip install '{HTTP}>=4.8'; pip uninstall -y {HTTP}==1.0\n",
    )
    assert (target.airflow, target.source) == ((2, 8, 1), "Dockerfile")
    assert target.providers == {AMAZON: (8, 16, 0), HTTP: (4, 8)}
    assert target.has_extra(AMAZON, "aiobotocore")
    assert ("apache-airflow 2.8.1", "Dockerfile:6") in target.found


def test_dockerfile_that_installs_airflow_itself(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "docker/Dockerfile.worker",
        "FROM python:3.11-slim\n"
        "ENV AIRFLOW_VERSION 2.7.3\n"
        'RUN pip install "apache-airflow[celery,amazon]==${AIRFLOW_VERSION}" \\\n'
        f'  "{AMAZON}[aiobotocore]==8.7.1" \\\n'
        '  --constraint "https://raw.githubusercontent.com/apache/airflow/constraints-${AIRFLOW_VERSION}/constraints-3.11.txt"\n',
    )
    assert (target.airflow, target.source) == ((2, 7, 3), "docker/Dockerfile.worker")
    assert target.provider_version(AMAZON) == (8, 7, 1)
    assert target.has_extra(AMAZON, "aiobotocore")


def test_image_extras_where_they_are_known(tmp_path: Path) -> None:
    assert write(tmp_path, "Dockerfile", "FROM apache/airflow:2.10.2\n").has_extra(AMAZON, "aiobotocore")
    assert not write(tmp_path, "Dockerfile", "FROM apache/airflow:slim-2.10.2\n").has_extra(
        AMAZON, "aiobotocore"
    )
    assert not write(tmp_path, "Dockerfile", "FROM apache/airflow:2.5.0\n").has_extra(AMAZON, "aiobotocore")


def test_providers_of_an_image_are_unknown(tmp_path: Path) -> None:
    target = write(tmp_path, "Dockerfile", "FROM apache/airflow:2.5.0\n")
    assert target.provider_version(AMAZON) is None
    assert target.provider_at_least(AMAZON, (7, 0)) is None


def test_compose(tmp_path: Path) -> None:
    target = write(
        tmp_path,
        "docker-compose.yaml",
        "x-airflow-common:\n"
        "  &airflow-common\n"
        "  # image: apache/airflow:1.10.15\n"
        "  image: ${AIRFLOW_IMAGE_NAME:-apache/airflow:2.9.3}\n"
        "  environment:\n"
        "    AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE: 'true'\n"
        "services:\n"
        "  postgres:\n"
        "    image: postgres:13\n",
    )
    assert (target.airflow, target.source) == ((2, 9, 3), "docker-compose.yaml")
    assert target.default_deferrable
    assert ("default_deferrable is true", "docker-compose.yaml:6") in target.found
    target = write(tmp_path, ".env", 'AIRFLOW_IMAGE_NAME="apache/airflow:2.10.1"\nAIRFLOW_UID=50000\n')
    assert target.airflow == (2, 10, 1)


@pytest.mark.parametrize(
    "line",
    [
        "x-airflow-image: &airflow_image apache/airflow:2.9.3-python3.11",
        "x-image: &airflow-image 'apache/airflow:2.9.3'",
        "image: &airflow-image apache/airflow:2.9.3",
    ],
)
def test_compose_with_an_image_that_the_services_share(tmp_path: Path, line: str) -> None:
    services = "services:\n  init:\n    image: *airflow_image\n  db:\n    image: postgres:13\n"
    target = write(tmp_path, "docker-compose.yml", f"{line}\n{services}")
    assert (target.airflow, target.source) == ((2, 9, 3), "docker-compose.yml")
    assert {where for _, where in target.found} == {"docker-compose.yml:1"}


def test_helm_values(tmp_path: Path) -> None:
    target = write(
        tmp_path, "helm/values.yaml", 'defaultAirflowTag: "2.8.2-python3.11"\nairflowVersion: "2.8.2"\n'
    )
    assert (target.airflow, target.source) == ((2, 8, 2), "helm/values.yaml")


# --- managed platforms ---


@pytest.mark.parametrize(
    ("version", "airflow"),
    [
        ("composer-2.9.7-airflow-2.9.3", (2, 9, 3)),
        ("composer-1.20.12-airflow-1.10.15", (1, 10, 15)),
        ("composer-3-airflow-2.10.5-build.4", (2, 10, 5)),
        ("composer-3-airflow-2", None),
    ],
)
def test_composer(tmp_path: Path, version: str, airflow: tuple[int, ...] | None) -> None:
    target = write(
        tmp_path,
        "terraform/main.tf",
        f'resource "google_composer_environment" "x" {{\n  image_version = "{version}"\n}}\n',
    )
    assert target.airflow == airflow
    assert target.source == ("terraform/main.tf" if airflow else "newest catalog")


def test_composer_elsewhere(tmp_path: Path) -> None:
    target = write(tmp_path, "cloudbuild.yaml", "args: [--image-version=composer-2.0.31-airflow-2.3.3]\n")
    assert (target.airflow, target.source) == ((2, 3, 3), "cloudbuild.yaml")


def test_mwaa_terraform(tmp_path: Path) -> None:
    target = write(
        tmp_path, "mwaa.tf", 'resource "aws_mwaa_environment" "this" {\n  airflow_version   = "2.10.3"\n}\n'
    )
    assert (target.airflow, target.source) == ((2, 10, 3), "mwaa.tf")
    assert ("apache-airflow 2.10.3", "mwaa.tf:2") in target.found


@pytest.mark.parametrize("value", ["2.8.1", "'2.8.1'", '"2.8.1"'])
def test_mwaa_cloudformation(tmp_path: Path, value: str) -> None:
    target = write(
        tmp_path,
        "template.yaml",
        "Resources:\n  Env:\n    Type: AWS::MWAA::Environment\n"
        f"    Properties:\n      AirflowVersion: {value}\n",
    )
    assert (target.airflow, target.source) == ((2, 8, 1), "template.yaml")


def test_mwaa_json_and_reference(tmp_path: Path) -> None:
    template = {"Type": "AWS::MWAA::Environment", "Properties": {"AirflowVersion": "2.6.3"}}
    assert write(tmp_path, "infra/stack.json", json.dumps(template, indent=2)).airflow == (2, 6, 3)
    template = {"Type": "AWS::MWAA::Environment", "Properties": {"AirflowVersion": {"Ref": "Version"}}}
    assert write(tmp_path, "infra/stack.json", json.dumps(template, indent=2)).airflow is None


def test_other_terraform_says_nothing(tmp_path: Path) -> None:
    target = write(tmp_path, "main.tf", 'resource "helm_release" "x" {\n  airflow_version = "2.10.3"\n}\n')
    assert target.airflow is None


# --- default_deferrable ---

FLAG = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Dockerfile", f"FROM python\nENV {FLAG}=True\n", True),
        ("Dockerfile", f"FROM python\nENV A=1 {FLAG}='t' B=2\n", True),
        ("Dockerfile", f"FROM python\nENV {FLAG} true\n", True),
        ("Dockerfile", f"FROM python\n# ENV {FLAG}=True\n", False),
        (".env", f"{FLAG}=true\n", True),
        (".env", f'export {FLAG}="1"\n', True),
        (".env", f"{FLAG}=False\n", False),
        (".env", f"#{FLAG}=true\n", False),
        ("airflow.env", f"{FLAG}=TRUE\n", True),
        ("docker/prod.env", f"{FLAG}=true\n", True),
        (".env.example", f"{FLAG}=true\n", False),
        ("compose.yml", f"    environment:\n      - {FLAG}=true\n", True),
        ("compose.yml", f'    environment:\n      - "{FLAG}=true"\n', True),
        ("compose.yml", f"      {FLAG}: 'false'\n", False),
        ("compose.yml", f"      {FLAG}: ${{DEFER:-true}}\n", True),
        ("airflow.cfg", "[core]\nx = 1\n[operators]\ndefault_deferrable = True\n", True),
        ("airflow.cfg", "[other]\ndefault_deferrable = True\n", False),
        ("airflow.cfg", "[operators]\n# default_deferrable = True\ndefault_deferrable = false\n", False),
    ],
)
def test_default_deferrable(tmp_path: Path, name: str, text: str, expected: bool) -> None:
    target = write(tmp_path, name, text)
    assert target.default_deferrable is expected
    assert bool(target.found) is expected


# --- broken files ---


@pytest.mark.parametrize(
    ("name", "data", "note"),
    [
        ("pyproject.toml", b"[project\ndependencies = [", "skipped: not valid TOML"),
        ("pyproject.toml", b"dependencies = '\xff'", "skipped: not valid TOML"),
        ("pyproject.toml", b"dependencies=" + b"[" * 100_000, "skipped: not valid TOML"),
        ("Pipfile", b"[packages", "skipped: not valid TOML"),
        ("Pipfile.lock", b"{", "skipped: not valid JSON"),
        ("Pipfile.lock", b"[" * 100_000, "skipped: not valid JSON"),
        ("Pipfile.lock", b"[]", "skipped: not valid JSON"),
        ("uv.lock", b"<<<<<<< HEAD\n", "skipped: no packages found in it"),
        ("requirements.txt", b"apache-airflow==2.9.3\0", "skipped: a binary file"),
        ("requirements.txt", b"x" * 2_000_001, "skipped: larger than 2 MB"),
        ("setup.cfg", b"[options]\ninstall_requires\n = x\nnonsense", "skipped: not a valid setup.cfg"),
        ("Dockerfile", b"\0\1", "skipped: a binary file"),
    ],
)
def test_broken_files_are_noted(tmp_path: Path, name: str, data: bytes, note: str) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "compose.yaml").write_text("image: apache/airflow:2.6.1\n")
    target = detect(tmp_path, Settings(), None, False)
    assert (note, name) in target.found
    assert target.airflow == (2, 6, 1)  # the others are still read


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\ndependencies = "apache-airflow"\noptional-dependencies = 3\n'),
        ("pyproject.toml", 'dependency-groups = [1]\n[tool]\npoetry = 1\nuv = "x"\n'),
        ("pyproject.toml", "[tool.poetry.dependencies]\napache-airflow = 3\nx = [[1]]\ny = {extras = 3}\n"),
        ("pyproject.toml", "[tool.poetry.group]\ndev = 1\n[tool.poetry.group.x]\ndependencies = 1\n"),
        ("Pipfile.lock", '{"default": [], "develop": {"a": null, "b": {"version": 3}}}'),
        ("Dockerfile", "FROM\nFROM \nENV\nARG\nRUN\nENV A\nFROM a as\nRUN pip install apache-airflow==\\\n"),
        ("compose.yaml", "image:\nimage: ''\nimage: :\nimage: /\n- \n"),
        ("requirements.txt", "-r\n-c\n-e\n-r .\n-r missing.txt\n-c ''\n@\n==\n[x]\n\\\n"),
        (".env", "=\nexport \n=x\n"),
        ("terraform/x.tf", "mwaa airflow_version ="),
        ("uv.lock", '[[package]]\nname = "apache-airflow"\nversion = "' + "1." * 50_000 + '"\n'),
    ],
)
def test_odd_files_never_raise(tmp_path: Path, name: str, text: str) -> None:
    assert write(tmp_path, name, text).airflow is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", "[[package]]" + "\n" * 3_000_000),
        ("uv.lock", "[[package]]\n" * 300_000),
        ("Dockerfile", "RUN install " + "apache-airflow[x " * 100_000),
        ("Dockerfile", "RUN pip install " + "apache-airflow-" * 100_000),
        ("Dockerfile", "ARG A=x\n" + "ARG A=$A$A$A$A$A$A$A$A\n" * 50 + "FROM $A\n"),
        ("Dockerfile", "FROM " + "${a:-" * 300_000),
        ("Dockerfile", "ENV " + 'a="' * 500_000),
        ("Dockerfile", "RUN a \\\n" * 250_000),
        ("compose.yaml", "image: " + "a:${" * 400_000),
        ("values.yaml", " \n" * 900_000),
        ("template.yaml", "mwaa\n" + "\n" * 250_000),
        ("template.yaml", "mwaa composer-1" * 15_000),
        ("requirements.txt", " #" * 900_000),
        ("requirements.txt", "-r " + "a/" * 500_000),
        ("requirements.txt", "-c https://constraints-1" + "constraints-1" * 100_000),
        ("requirements.txt", "\\\n" * 300_000),
        ("setup.cfg", "[options]\ninstall_requires=\n" + "  a\n" * 50_000),
    ],
    ids=range(17),
)
def test_hostile_files_are_quick(tmp_path: Path, name: str, text: str) -> None:
    start = time.perf_counter()
    assert write(tmp_path, name, text).airflow is None
    assert time.perf_counter() - start < 5


def test_folder_in_a_files_place(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").mkdir()
    (tmp_path / "docker").write_text("")
    assert detect(tmp_path, Settings(), None, False) == Target()


def test_link_loop(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").symlink_to("requirements.txt")
    (tmp_path / "docker").symlink_to(".")
    assert detect(tmp_path, Settings(), None, False).airflow is None


# --- the map, and the cost ---


def test_platform_map_agrees_with_itself() -> None:
    path = Path(__file__).parents[1] / "advisor" / "catalog" / "data" / "platforms.json"
    data = json.loads(path.read_text())
    runtime = data["astro-runtime"]
    assert all(source["url"].startswith("https://") and source["read"] for source in runtime["sources"])
    for release, airflow in runtime["releases"].items():
        series = release.split("-")[0] + "-" if "-" in release else release.split(".")[0]
        assert airflow.startswith(runtime["series"][series] + "."), release


def test_a_folder_without_such_files_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    for number in range(50):
        (tmp_path / "dags" / f"dag_{number}.py").write_text("")
    took = []
    for _ in range(20):
        start = time.perf_counter()
        detect(tmp_path, Settings(), None, False)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.001


def test_readers_are_imported_only_when_needed(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from advisor.target import detect\n"
        "class S: target_airflow = 'auto'; triggerer = True; default_deferrable = False; environment = None\n"
        "detect(pathlib.Path(sys.argv[1]), S, None, False)\n"
        "late = ('advisor.target_', 'advisor.toml', 'json', 'tomllib', 'configparser')\n"
        "print([name for name in sys.modules if name.startswith(late)])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_range_does_not_tell_what_is_too_old(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("apache-airflow>=2.9\n")
    target = detect(tmp_path, Settings(), None, False)
    assert (target.airflow, target.at_least(3, 2), target.below(3, 2)) == ((2, 9), False, False)
    (tmp_path / "requirements.txt").write_text("apache-airflow==2.9.3\n")
    target = detect(tmp_path, Settings(), None, False)
    assert (target.at_least(3, 2), target.below(3, 2)) == (False, True)
    assert detect(tmp_path, Settings(), "2.9", False).below(3, 2)
