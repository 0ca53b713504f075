"""The laws of the house: one door for each third-party package, arrows one way, a light check path."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = sorted([*(ROOT / "advisor").rglob("*.py"), *(ROOT / "rules").glob("*.py")])
DOORS = {
    "ast_grep_py": ("advisor/syntax.py",),
    "libcst": ("advisor/rewrite",),
    "rich": ("advisor/report/", "advisor/progress.py"),
    "tomli": ("advisor/toml.py",),
    "tomllib": ("advisor/toml.py",),
    "pygls": ("advisor/server/app.py",),
    "lsprotocol": ("advisor/server/app.py", "advisor/server/actions.py", "advisor/server/answers.py"),
    "pathspec": ("advisor/gitignore.py",),
}
# What a room may not import: the arrows run the other way.
ARROWS = {
    "advisor/finding.py": ("advisor",),
    "advisor/syntax.py": (
        "advisor.names",
        "advisor.values",
        "advisor.dagfile",
        "advisor.engine",
        "advisor.catalog",
    ),
    "advisor/names.py": ("advisor.values", "advisor.dagfile", "advisor.engine", "advisor.operators"),
    "advisor/folded.py": ("advisor.syntax", "advisor.names", "advisor.values"),
    "advisor/dictchanges.py": ("advisor.values", "advisor.dagfile"),
    "advisor/values.py": ("advisor.dagfile", "advisor.engine", "advisor.operators", "advisor.catalog"),
    "advisor/dagfile.py": ("advisor.engine", "advisor.runner", "advisor.cli"),
    "advisor/operators.py": ("advisor.engine", "advisor.rule", "advisor.cli"),
    "advisor/engine.py": (
        "advisor.runner",
        "advisor.cli",
        "advisor.session",
        "advisor.report",
        "advisor.fixer",
    ),
    "advisor/catalog/lookup.py": (
        "advisor.catalog.extract",
        "advisor.catalog.build",
        "advisor.dagfile",
        "ast",
    ),
    "advisor/fixer.py": ("advisor.cli", "advisor.session", "advisor.runner", "advisor.report"),
}


def imports(path: Path) -> list[str]:
    """The modules that a file imports, wherever in it, but for what only the type checker sees."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("package", sorted(DOORS))
def test_every_third_party_package_has_one_door(package: str) -> None:
    outside = [
        str(room.relative_to(ROOT))
        for room in ROOMS
        if any(name == package or name.startswith(package + ".") for name in imports(room))
        and not str(room.relative_to(ROOT)).startswith(DOORS[package])
    ]
    assert outside == []


@pytest.mark.parametrize("room", sorted(ARROWS))
def test_arrows_run_one_way(room: str) -> None:
    # advisor.records stands for the standard library's dataclasses
    names = [name for name in imports(ROOT / room) if not name.startswith("advisor.records")]
    back = [n for n in names for closed in ARROWS[room] if n == closed or n.startswith(closed + ".")]
    assert back == []


def test_rules_import_only_the_model_and_never_each_other() -> None:
    for rule in (ROOT / "rules").glob("*.py"):
        for name in imports(rule):
            assert name.split(".")[0] in {"advisor", "__future__", *sys.stdlib_module_names}, rule
            assert not name.startswith(("advisor.rules", "advisor.syntax", "advisor.engine")), rule


def test_no_rule_names_a_class_of_a_provider_in_its_code() -> None:
    from advisor.catalog.lookup import Catalog

    names = {facts.simple_name for facts in Catalog.load().all()}
    for rule in (ROOT / "rules").glob("*.py"):
        tree = ast.parse(rule.read_text(encoding="utf-8"))
        docs = {id(node.body[0].value) for node in ast.walk(tree) if _documented(node)}  # type: ignore[attr-defined]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                assert names.isdisjoint(node.value.replace(".", " ").split()), f"{rule.name}: {node.value}"


def _documented(node: ast.AST) -> bool:
    return (
        isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None
    )


def test_check_imports_neither_libcst_nor_rich(tmp_path: Path) -> None:
    dag = tmp_path / "dag.py"
    dag.write_bytes((ROOT / "fixtures" / "missing_deferrable.py").read_bytes())
    code = (
        "import sys\n"
        "from advisor.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'libcst', 'rich', 'advisor.catalog.extract', 'pathspec', 'pygls', 'advisor.watching'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "--isolated", str(dag)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "missing-deferrable" in done.stdout
