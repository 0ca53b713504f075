"""Assembles the DAG files that the numbers in README.md were read from: `corpus.py FOLDER [--repositories FOLDER]`.

Downloads the newest wheels and source archives of the packages below (wheels ship example DAGs, source archives
the example DAGs of the system tests) and unpacks their Python files. Public DAG repositories are copied from
`--repositories`, a folder that holds a clone of each, or cloned from GitHub. Nothing of it is ever committed or run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

WHEELS = (
    "apache-airflow-core",
    "apache-airflow-providers-standard",
    "apache-airflow-providers-common-ai",
    "astronomer-providers",
)
SOURCES = tuple(
    f"apache-airflow-providers-{name}"
    for name in (
        *("amazon", "google", "cncf-kubernetes", "databricks", "http", "standard", "microsoft-azure"),
        *("snowflake", "dbt-cloud", "apache-livy"),
    )
)
REPOSITORIES = {
    "mozilla/telemetry-airflow": "a5be2ecbbf7f894e52d414573090fe2d1b93898d",
    "stellar/stellar-etl-airflow": "c23b34e1514c3152456e2460fb4a2ecc0bdb413b",
    "Ferlab-Ste-Justine/clin-pipelines-dags": "fee8a79d1abe140150179cc7770491fc3cc4a8ce",
    "Yanan-Gao/airflow-dags": "6038f7a3eeb6fb6d75ab1c480d0f3fd7ba34244c",
    "GoogleCloudPlatform/public-datasets-pipelines": "18a9c9b171e4cc429bfec0623adebe92f5ede822",
    "blockchain-etl/ethereum-etl-airflow": "",
    "gip-inclusion/pilotage-airflow": "",
    "astronomer/astronomer-providers": "",
    "astral-sh/ruff": "fca5c7cf2cd2f8338f18b9485f936b8e9f07bd0b",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repositories", type=Path, help="a folder of clones, named owner+name")
    options = parser.parse_args()
    packages = options.folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for name in WHEELS:
        _download(name, packages, "--only-binary")
    for name in SOURCES:
        _download(name, packages, "--no-binary")
    for archive in sorted(packages.iterdir()):
        _unpack(archive, options.folder / archive.name.split("-")[0])
    for name, commit in REPOSITORIES.items():
        _repository(name, commit, options.folder / name.replace("/", "+"), options.repositories)
    print(sum(1 for _ in options.folder.rglob("*.py")), "Python files")


def _download(name: str, folder: Path, kind: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        kind,
        name,
        "-d",
        str(folder),
        name,
    ]
    subprocess.run(command, check=True)


def _unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(
                folder, [n for n in wheel.namelist() if n.endswith(".py") and "example_dags" in n]
            )
    else:
        with tarfile.open(archive) as source:
            members = [
                m for m in source.getmembers() if m.name.endswith(".py") and "/tests/system/" in m.name
            ]
            source.extractall(folder, members, filter="data")


def _repository(name: str, commit: str, folder: Path, clones: Path | None) -> None:
    folder.mkdir(exist_ok=True)
    clone = clones / name.replace("/", "+") if clones else None
    if clone is None:
        clone = folder.with_name(folder.name + ".git")
        if not clone.exists():
            subprocess.run(
                ["git", "clone", "--bare", "--quiet", f"https://github.com/{name}", str(clone)], check=True
            )
    repository = clone / "repo" if (clone / "repo").exists() else clone
    tree = folder.with_name(folder.name + ".tar")
    with tree.open("wb") as out:
        # a clone may lack its largest files; what can be read is enough
        subprocess.run(["git", "-C", str(repository), "archive", commit or "HEAD"], stdout=out, check=False)
    with tarfile.open(tree, ignore_zeros=True) as archive:
        try:
            archive.extractall(folder, filter="data")
        except tarfile.ReadError:
            print(f"{name}: the archive ends early", file=sys.stderr)
    tree.unlink()


if __name__ == "__main__":
    main()
