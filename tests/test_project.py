"""First-party files: constants and names that a DAG file imports from its own project."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import pytest

from advisor.folded import UNKNOWN, Dict
from advisor.project import Project


def write(root: Path, files: dict[str, str]) -> Project:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Project(str(root))


def value(root: Path, files: dict[str, str], dotted: str, origin: str = "dags/dag.py") -> object:
    return write(root, files).value(dotted, str(root / origin))


@pytest.mark.parametrize(
    ("files", "dotted"),
    [
        ({"lib.py": "X = 60 * 60"}, "lib.X"),
        ({"dags/lib.py": "X = 3600"}, "lib.X"),
        ({"dags/lib.py": "X = 3600"}, "dags.lib.X"),
        ({"lib/__init__.py": "X = 3600"}, "lib.X"),
        ({"lib/a/b.py": "X = 3600"}, "lib.a.b.X"),
        ({"lib.py": "from datetime import timedelta\nX = timedelta(hours=1).total_seconds()"}, "lib.X"),
        ({"lib.py": "class A:\n    X = 3600"}, "lib.A.X"),
        ({"lib.py": "D = {'x': 3600}\nX = D['x']"}, "lib.X"),
        ({"lib.py": "from base import X", "base.py": "X = 3600"}, "lib.X"),
        ({"lib.py": "from base import Y as X", "base.py": "Y = 3600"}, "lib.X"),
        ({"lib.py": "import base\nX = base.Y * 60", "base.py": "Y = 60"}, "lib.X"),
        ({"lib.py": "from base import *", "base.py": "X = 3600"}, "lib.X"),
        ({"lib/__init__.py": "from .base import X", "lib/base.py": "X = 3600"}, "lib.X"),
        ({"lib/__init__.py": "from . import base\nX = base.X", "lib/base.py": "X = 3600"}, "lib.X"),
        ({"lib/a/b.py": "from ..c import X", "lib/c.py": "X = 3600"}, "lib.a.b.X"),
        ({"dags/lib.py": "from .base import X", "dags/base.py": "X = 3600"}, "lib.X"),
        ({"lib.py": "X = 3600\ndef f():\n    X = 1"}, "lib.X"),
        ({"lib.py": "\ufeff# coding: utf-8\nX = 3600"}, "lib.X"),
    ],
)
def test_constants_are_found(tmp_path: Path, files: dict[str, str], dotted: str) -> None:
    assert value(tmp_path, files, dotted) == 3600


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"lib.py": "Y = 1"},
        {"lib.py": "X = 1\nX = 2"},
        {"lib.py": "def f():\n    X = 1"},
        {"lib.py": "X = 1\nprint 'x'"},
        {"lib.py": "X = (1"},
        {"lib.py": "X = 1\ndef f():\n    global X\n    X = 2"},
        {"lib.py": "from lib import X"},
        {"lib.py": "from base import X", "base.py": "from lib import X"},
        {"lib.py": "import base\nX = base.X", "base.py": "import lib\nX = lib.X + 1"},
        {
            "lib.py": "try:\n    from a import X\nexcept ImportError:\n    from b import X",
            "a.py": "X = 1",
            "b.py": "X = 2",
        },
        {"lib.py": "from gone import X"},
        {"lib.py": "X = 1\n#" + "x" * 1_000_001},
        {"lib.txt": "X = 1"},
        {"lib/other.py": "X = 1"},
        {"elsewhere/lib.py": "X = 1"},
    ],
)
def test_what_is_missing_broken_huge_or_circular_is_unknown(tmp_path: Path, files: dict[str, str]) -> None:
    assert value(tmp_path, files, "lib.X") is UNKNOWN


def test_wrong_encodings_and_null_bytes_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"X = 1\n# \xff\n")
    (tmp_path / "b.py").write_bytes(b"X = 1\n\x00")
    (tmp_path / "c.py").write_bytes("# coding: latin-1\nX = 1  # é\n".encode("latin-1"))
    project = Project(str(tmp_path))
    origin = str(tmp_path / "dag.py")
    assert [project.value(f"{name}.X", origin) for name in "abc"] == [UNKNOWN, UNKNOWN, 1]


def test_changes_in_the_module_itself_count(tmp_path: Path) -> None:
    found = value(tmp_path, {"lib.py": "A = {'x': 1, 'y': 2}\nA['x'] = 3"}, "lib.A")
    assert found == Dict({"x": UNKNOWN, "y": 2})


def test_nothing_outside_of_the_root_is_read(tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text("X = 1")
    root = tmp_path / "project"
    root.mkdir()
    os.symlink(tmp_path / "lib.py", root / "link.py")
    project = Project(str(root))
    assert project.value("lib.X", str(root / "dag.py")) is UNKNOWN
    assert project.value("link.X", str(root / "dag.py")) is UNKNOWN
    assert project.value("lib.X", str(tmp_path / "dag.py")) is UNKNOWN


def test_the_root_comes_before_the_files_own_folder(tmp_path: Path) -> None:
    files = {"lib.py": "X = 1", "dags/lib.py": "X = 2", "dags/a/lib.py": "X = 3"}
    assert value(tmp_path, files, "lib.X", "dags/a/dag.py") == 1


def test_first_party_folders_named_airflow_are_not_airflow(tmp_path: Path) -> None:
    assert value(tmp_path, {"airflow/models.py": "X = 1"}, "airflow.models.X") is UNKNOWN


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"lib.py": "from airflow.a import S"}, "airflow.a.S"),
        ({"lib.py": "from airflow.a import T as S"}, "airflow.a.T"),
        ({"lib.py": "from base import S", "base.py": "from airflow.a import S"}, "airflow.a.S"),
        ({"lib/__init__.py": "from .ops import S", "lib/ops.py": "from airflow.a import S"}, "airflow.a.S"),
        ({"lib.py": "from airflow.a import *"}, "airflow.a.S"),
        ({"lib.py": "from base import *", "base.py": "from airflow.a import S"}, "airflow.a.S"),
        ({"lib.py": "import airflow.a\nS = airflow.a.S"}, "airflow.a.S"),
        ({"lib.py": "from airflow.a import T\nS = T"}, "airflow.a.T"),
        ({"lib.py": "class S: pass"}, ""),
        ({"lib.py": "from airflow.a import S\nclass S(S): pass"}, ""),
        ({"lib.py": "try:\n    from a import S\nexcept ImportError:\n    from b import S"}, "a.S b.S"),
        ({"lib.py": "try:\n    from a import S\nexcept ImportError:\n    class S: pass"}, ""),
        (
            {
                "lib.py": "try:\n    from a import S\nexcept ImportError:\n    from old import S",
                "old.py": "from b import T as S",
            },
            "a.S b.T",
        ),
        ({"lib.py": "from lib import S"}, ""),
        ({}, ""),
    ],
)
def test_re_exported_names_are_followed_out_of_the_project(
    tmp_path: Path, files: dict[str, str], found: str
) -> None:
    assert " ".join(write(tmp_path, files).origins_of("lib.S", str(tmp_path / "dag.py"))) == found


def test_packages(tmp_path: Path) -> None:
    project = Project(str(tmp_path))
    assert project.package_of(str(tmp_path / "dag.py")) == ""
    assert project.package_of(str(tmp_path / "a" / "b" / "dag.py")) == "a.b"
    assert project.package_of(str(tmp_path.parent / "dag.py")) == ""


def test_a_project_travels_to_other_processes_without_its_trees(tmp_path: Path) -> None:
    project = write(tmp_path, {"lib.py": "X = 1"})
    assert project.value("lib.X", str(tmp_path / "dag.py")) == 1
    copy = pickle.loads(pickle.dumps(project))
    assert copy.value("lib.X", str(tmp_path / "dag.py")) == 1


def test_long_rows_and_wide_webs_of_files_end_soon(tmp_path: Path) -> None:
    files = {f"m{i}.py": f"import m{i + 1}\nX = [" + f"m{i + 1}.X, " * 200 + "]" for i in range(30)}
    files |= {f"n{i}.py": f"from n{i + 1} import X" for i in range(30)}
    project = write(tmp_path, files | {"n15.py": "X = 1"})
    started = time.perf_counter()
    origin = str(tmp_path / "dag.py")
    project.value("m0.X", origin)
    assert project.value("n0.X", origin) == 1
    assert time.perf_counter() - started < 5
