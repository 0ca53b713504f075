"""The Airflow installations that the proof runs in: made once, kept outside the repository, each with its pins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent
VERSIONS = ("3.3.2", "2.11.2")
#: providers whose source distributions bring example DAGs (in `tests/system`)
WITH_EXAMPLES = ("amazon", "apache-livy", "cncf-kubernetes", "databricks", "google", "http", "standard")


class Place:
    """One Airflow: its virtual environment, its home, its examples."""

    def __init__(self, version: str, cache: Path) -> None:
        self.version = version
        self.folder = cache / f"airflow-{version}"
        self.home = cache / f"home-{version}"
        self.python = self.folder / "bin" / "python"
        self.pins = HERE / f"requirements-{version}.txt"
        self.examples = cache / f"examples-{version}"

    def install(self) -> None:
        """Makes the virtual environment where it isn't there; a change of the pins makes it new."""
        stamp = self.folder / "installed.txt"
        if stamp.exists() and stamp.read_bytes() == self.pins.read_bytes():
            return
        print(f"installing Airflow {self.version} into {self.folder} (once) …", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        uv, wanted = shutil.which("uv"), os.environ.get("AIRFLOW_PYTHON", "python3.12")
        # The pins are complete, so nothing is left to resolve.
        if uv:
            run([uv, "venv", "--quiet", "--python", wanted.removeprefix("python"), str(self.folder)])
            run(
                [
                    uv,
                    "pip",
                    "install",
                    "--quiet",
                    "--python",
                    str(self.python),
                    "--no-deps",
                    "-r",
                    str(self.pins),
                ]
            )
        else:
            run([shutil.which(wanted) or sys.executable, "-m", "venv", str(self.folder)])
            run([str(self.python), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(self.pins)])
        stamp.write_bytes(self.pins.read_bytes())

    def install_beside(self) -> Path:
        """A folder with providers that only the claims need, so that the other parts don't see them."""
        pins = HERE / "requirements-claims.txt"
        folder = self.folder.parent / f"beside-{self.version}"
        stamp = folder / "installed.txt"
        if not (stamp.exists() and stamp.read_bytes() == pins.read_bytes()):
            shutil.rmtree(folder, ignore_errors=True)
            uv = shutil.which("uv")
            start = [uv, "pip"] if uv else [str(self.python), "-m", "pip"]
            python = ["--python", str(self.python)] if uv else []
            run(
                [*start, "install", "--quiet", *python, "--no-deps", "--target", str(folder), "-r", str(pins)]
            )
            stamp.write_bytes(pins.read_bytes())
        return folder

    def pinned(self, package: str) -> str:
        """The version of a package that is installed here."""
        for line in self.pins.read_text(encoding="utf-8").splitlines():
            name, _, version = line.partition("==")
            if name == package:
                return version
        raise LookupError(package)

    def fetch_examples(self) -> Path:
        """The folder of example DAGs: of the installed packages, and of the providers' source distributions."""
        ready = self.examples / "ready"
        if ready.exists():
            return self.examples
        shutil.rmtree(self.examples, ignore_errors=True)
        self.examples.mkdir(parents=True)
        site = next((self.folder / "lib").glob("python*/site-packages"))
        for name, source in (
            ("core_examples", site / "airflow" / "example_dags"),
            ("standard_examples", site / "airflow" / "providers" / "standard" / "example_dags"),
            ("astronomer_examples", site / "astronomer" / "providers"),
        ):
            if source.exists():
                ignore = None if "example_dags" in str(source) else _only_examples
                shutil.copytree(source, self.examples / name, ignore=ignore)
        pip = next((one for one in _pips() if _works(one)), None)
        if pip is None:
            print("no pip was found to download source distributions: only the wheels' example DAGs are used")
        for provider in WITH_EXAMPLES if pip else ():
            package = f"apache-airflow-providers-{provider}"
            to = self.examples.parent / "sdists"
            found = list(to.glob(f"{package.replace('-', '_')}-{self.pinned(package)}.tar.gz"))
            if not found and pip:
                wanted = f"{package}=={self.pinned(package)}"
                run([*pip, "download", "--quiet", "--no-deps", "--no-binary", ":all:", "-d", str(to), wanted])
                found = list(to.glob(f"{package.replace('-', '_')}-{self.pinned(package)}.tar.gz"))
            with tarfile.open(found[0]) as archive:
                for member in archive.getmembers():
                    inner = member.name.partition("/tests/")[2]
                    if inner.startswith("system/") and member.isfile():
                        content = archive.extractfile(member)
                        path = self.examples / inner
                        path.parent.mkdir(parents=True, exist_ok=True)
                        if content is not None:
                            path.write_bytes(content.read())
        ready.touch()
        return self.examples

    def environment(self, **more: str) -> dict[str, str]:
        """The environment variables to run this Airflow with."""
        self.home.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "PYTHON", "VIRTUAL_ENV"))}
        return {
            **kept,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "120",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": "google-cloud-platform://?project=p",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "SYSTEM_TESTS_ENV_ID": "proof",
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            **more,
        }

    def inside(self, script: str, *arguments: str | Path, log: Path, seconds: int = 1500, **more: str) -> str:
        """Runs a script of `inside/` there; its last line. What it and Airflow print goes to `log`."""
        command = [str(self.python), str(HERE / "inside" / script), *map(str, arguments)]
        with log.open("w", encoding="utf-8") as file:
            done = subprocess.run(
                command, env=self.environment(**more), stdout=file, stderr=subprocess.STDOUT, timeout=seconds
            )
        text = log.read_text(encoding="utf-8", errors="replace")
        if done.returncode:
            raise SystemExit(f"{script} failed on Airflow {self.version}, see {log}:\n{text[-2000:]}")
        return text.strip().splitlines()[-1] if text.strip() else ""


def run(command: list[str]) -> None:
    subprocess.run(command, check=True)


def _only_examples(folder: str, names: list[str]) -> list[str]:
    """Of a package, only what lies in folders of example DAGs."""
    if "example_dags" in folder:
        return []
    return [
        name for name in names if not (Path(folder) / name).is_dir() or name in ("triggers", "hooks", "utils")
    ]


def _pips() -> list[list[str]]:
    return [[python, "-m", "pip"] for python in (sys.executable, "python3.12", "python3")]


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run([*command, "--version"], capture_output=True).returncode == 0
    except OSError:
        return False
