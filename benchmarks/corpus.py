"""Assembles the DAG files that the numbers in README.md were read from: `corpus.py FOLDER [--repositories FOLDER]`.

Downloads the newest wheels and source archives of the packages below (wheels ship example DAGs, source archives
the example DAGs of the system tests) and unpacks their Python files. Public DAG repositories are copied from
`--repositories`, a folder that holds a clone of each, or cloned from GitHub. `--whole` adds all code of every provider
that the catalog knows: what speed is measured on, more than 10,000 files. Nothing of it is ever committed or run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from advisor.catalog.lookup import Catalog

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
    "GoogleCloudPlatform/professional-services": "25d36a10537461f172ea6c9dbee94a2fe5b85858",
    "blockchain-etl/ethereum-etl-airflow": "27d0fb037cbe8b9ba62880f99c155823ab2e4a35",
    "gip-inclusion/pilotage-airflow": "4f69095f997e8019362230753b33f4ee8108cf62",
    "cal-itp/data-infra": "f20856f3f4cfe37f9e36f42bfe3ea22f6d4a2cfa",
    "lappis-unb/airflow-dags": "7597c51ef0749df37f686c536c60b815b02c17b4",
    "LCBRU/airflow_dags": "fc3427ae36878b4dbf879531b173db1408d8a4d1",
    "NASA-IMPACT/veda-data-airflow": "61a797d5e8035369447cfbb65618d4c8be4ce617",
    "Amsterdam/dataservices-airflow": "54606a638626a26bec24e5fafb4242488638e4d9",
    "vinayvaddiparthi/airflow-on-kubernetes": "ea523b558421d88ed2000ddb4d985589852492e7",
    "wangxia514/dea-airflow": "9aaa84386a3560f1ba6f3e9d6a666fddbe367045",
    "badal-io/gcp-airflow-foundations": "6c46b0c62cc93cff136bc224c04d9db72bd2b034",
    "sul-dlss/libsys-airflow": "1432b3e08906df0593a81e7a22d4714c7b86f382",
    "TogetherCrew/airflow-dags": "441bea13c04152e72972427294cf2a3dbe20f7fd",
    "RockFlow-AI/airflow-dags": "3242e74ed295be23e4855cdfa947edc8d1ad779a",
    "atamagrawal/managed-airflow-platform": "3c40c0cd2bb91f1ac92443d8cc2f408eec09e8de",
    "akanowhere/git_plataforma_dados_alloha_airflow": "9d0828ce634d5bfad0e36109357706ae4b24513b",
    "vineethshyam23/airflow-patterns": "ec8385d6dcc1359767421582abbb29725fdf51fe",
    "gtoonstra/etl-with-airflow": "1e069daf9db13de6850c9b25d673742cbcc5c207",
    "datarobot/airflow-provider-datarobot": "2fe1d5ffb333bf780ae017e1b6e286c36df2e6d8",
    "aws/aws-mwaa-local-runner": "197b7f46328043e96e09385218d57f88566d7ae7",
    "astronomer/astronomer-providers": "5b869ef3cbd47d0424f6ca4ca89a2268939550ed",
    "astronomer/astronomer-cosmos": "d2c90b4b076519f5d19c8e16948180479a984523",
    "astronomer/astro-sdk": "9984a9cbd4c24d1e319e7d252314c7bfb2b1c9d1",
    "astronomer/astro-example-dags": "721939f7f1f007301ce70062a271c9cc76a4dc9b",
    "astronomer/docs": "0fd057ffad1b58cad42a9bb7f05315506d825847",
    "astral-sh/ruff": "fca5c7cf2cd2f8338f18b9485f936b8e9f07bd0b",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repositories", type=Path, help="a folder of clones, named owner+name")
    parser.add_argument("--whole", action="store_true", help="all code of the providers, too")
    options = parser.parse_args()
    packages = options.folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for name in WHEELS:
        _download(name, packages, "--only-binary")
    for name in SOURCES:
        _download(name, packages, "--no-binary")
    for archive in sorted(packages.iterdir()):
        _unpack(archive, options.folder / archive.name.split("-")[0])
    if options.whole:
        wheels = options.folder / "wheels"
        for name in sorted({facts.provider for facts in Catalog.load().all()}):
            _download(name, wheels, "--only-binary")
        for archive in sorted(wheels.glob("*.whl")):
            _unpack(archive, wheels / archive.name.split("-")[0], "")
            archive.unlink()
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


def _unpack(archive: Path, folder: Path, part: str = "example_dags") -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder, [n for n in wheel.namelist() if n.endswith(".py") and part in n])
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
