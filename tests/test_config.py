"""The configuration: where it is found, what it may say, and how a mistake in it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from advisor.config import ConfigError, Settings, ignored_in, load, matches, with_rule_options


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


EVERYTHING = """
select = ["deferral-missed"]
ignore = ["sync-sensor"]
exclude = ["legacy/"]
target-airflow = "2.10"
triggerer = false
default-deferrable = true
baseline = "baseline.json"
blocking-calls = ["mycorp.client.fetch"]

[per-file-ignores]
"tests/**" = ["missing-deferrable"]

[rules.long-wait-in-async-task]
long-wait = 120
"""


def test_every_key_is_read(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    write("dag-advisor.toml", EVERYTHING)
    assert load(tmp_path, None, False) == Settings(
        select=("deferral-missed",),
        ignore=("sync-sensor",),
        exclude=("legacy/",),
        target_airflow="2.10",
        triggerer=False,
        default_deferrable=True,
        baseline="baseline.json",
        blocking_calls=("mycorp.client.fetch",),
        per_file_ignores={"tests/**": ("missing-deferrable",)},
        rule_options={"long-wait-in-async-task": {"long-wait": 120}},
        root=tmp_path,
        source="dag-advisor.toml",
    )


def test_the_nearest_file_counts_and_a_pyproject_without_the_table_is_passed_over(
    write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    write("pyproject.toml", "[tool.dag-advisor]\ntarget-airflow = '2.9'\n")
    write("team/pyproject.toml", "[tool.other]\nx = 1\n")
    write("team/dags/a.py", "")
    assert load(tmp_path / "team/dags", None, False).target_airflow == "2.9"
    assert load(tmp_path / "team/dags", None, False).root == tmp_path
    write("team/dag-advisor.toml", "target-airflow = '2.10'")
    write("team/pyproject.toml", "[tool.dag-advisor]\ntarget-airflow = '2.11'\n")
    assert load(tmp_path / "team/dags", None, False).target_airflow == "2.10"
    assert load(tmp_path, None, False).target_airflow == "2.9"


def test_isolated_reads_nothing_and_an_explicit_file_wins(
    write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    write("dag-advisor.toml", "not even TOML")
    other = write("elsewhere/advice.toml", "target-airflow = '3.0'")
    assert load(tmp_path, None, True) == Settings(root=load(tmp_path, None, True).root)
    assert load(tmp_path, other, False).target_airflow == "3.0"


def test_the_working_directory_is_asked_when_the_paths_lie_elsewhere(
    write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("here/dag-advisor.toml", "target-airflow = '2.9'")
    write("there/a.py", "")
    monkeypatch.chdir(tmp_path / "here")
    assert load(tmp_path / "there", None, False).target_airflow == "2.9"


def test_the_root_without_a_configuration_is_the_nearest_mark_of_a_project(
    write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    write("repo/requirements.txt", "apache-airflow==2.9.0\n")
    write("repo/dags/sub/a.py", "")
    assert load(tmp_path / "repo/dags/sub", None, False).root == tmp_path / "repo"
    (tmp_path / ".git").mkdir()
    assert load(tmp_path / "repo/dags/sub", None, False).root == tmp_path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = []", "dag-advisor.toml: unknown key `selct`; did you mean `select`?"),
        (
            "[tool.dag-advisor]\nselect = []",
            "dag-advisor.toml: unknown key `tool`; keys stand here without `[tool.dag-advisor]`",
        ),
        (
            "target_airflow = '3.0'",
            "dag-advisor.toml: unknown key `target_airflow`; did you mean `target-airflow`?",
        ),
        ("zzz = 1", "dag-advisor.toml: unknown key `zzz`"),
        ("select = 'a'", 'dag-advisor.toml: `select` must be a list of texts, not the text "a"'),
        ("select = [1]", "dag-advisor.toml: `select` must be a list of texts only, not the number 1"),
        ("triggerer = 'no'", 'dag-advisor.toml: `triggerer` must be true or false, not the text "no"'),
        ("triggerer = 1", "dag-advisor.toml: `triggerer` must be true or false, not the number 1"),
        (
            "target-airflow = 3.2",
            'dag-advisor.toml: `target-airflow` must be `"auto"` or a version in quotes like `"3.2"`, '
            "not the number 3.2",
        ),
        (
            "target-airflow = 'latest'",
            "dag-advisor.toml: `target-airflow`: `latest` is no Airflow version; "
            "write it like `3.2` or `2.10.4`, or `auto`",
        ),
        ("baseline = true", "dag-advisor.toml: `baseline` must be a text (a path), not true"),
        (
            "blocking_calls = []",
            "dag-advisor.toml: unknown key `blocking_calls`; did you mean `blocking-calls`?",
        ),
        (
            "blocking-calls = 'mycorp.client.fetch'",
            'dag-advisor.toml: `blocking-calls` must be a list of texts, not the text "mycorp.client.fetch"',
        ),
        (
            "blocking-calls = ['fetch()']",
            "dag-advisor.toml: `blocking-calls` must be a list of dotted names like `mycorp.client.fetch` only, "
            'not the text "fetch()"',
        ),
        ("per-file-ignores = []", "dag-advisor.toml: `per-file-ignores` must be a table, not a list"),
        (
            "[per-file-ignores]\n'a.py' = 'x'",
            'dag-advisor.toml: `per-file-ignores.a.py` must be a list of texts, not the text "x"',
        ),
        ("rules = 2024-01-01", "dag-advisor.toml: `rules` must be a table, not a date or time"),
        ("[rules]\nx = 1", "dag-advisor.toml: `rules.x` must be a table, not the number 1"),
    ],
)
def test_a_mistake_is_told_with_file_key_and_what_is_right(
    write: Callable[[str, str], Path], tmp_path: Path, text: str, message: str
) -> None:
    write("dag-advisor.toml", text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, None, False)
    assert str(caught.value) == message


def test_a_table_spelt_with_an_underscore_is_told(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    write("pyproject.toml", "[tool.dag_advisor]\ntriggerer = false\n")
    with pytest.raises(ConfigError, match=r"did you mean `tool\.dag-advisor`\?"):
        load(tmp_path, None, False)


def test_a_syntax_error_names_the_line(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    write("pyproject.toml", "[tool.dag-advisor]\nselect = [\n\nignore = 3\n")
    with pytest.raises(ConfigError, match=r"^pyproject\.toml: not valid TOML: .*line 4"):
        load(tmp_path, None, False)
    write("pyproject.toml", "this is broken, but not about us")
    assert load(tmp_path, None, False).source is None


def test_bytes_that_are_not_utf8_and_deep_nesting_are_told(tmp_path: Path) -> None:
    (tmp_path / "dag-advisor.toml").write_bytes(b"select = ['\xff']")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(tmp_path, None, False)
    (tmp_path / "dag-advisor.toml").write_text("x = " + "[" * 100_000)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(tmp_path, None, False)


def test_an_explicit_file_must_exist_and_have_the_table(
    write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: can't be read: no such file"):
        load(tmp_path, tmp_path / "none.toml", False)
    with pytest.raises(ConfigError, match="there is no table"):
        load(tmp_path, write("pyproject.toml", "[project]\nname = 'x'\n"), False)
    with pytest.raises(ConfigError, match=r"`tool.dag-advisor` must be a table"):
        load(tmp_path, write("pyproject.toml", "[tool]\ndag-advisor = 1\n"), False)


@dataclass(frozen=True)
class Options:
    """As much of a rule as the configuration looks at."""

    options: Mapping[str, object] = field(default_factory=dict)


RULES = {
    "sync-sensor": Options(),
    "long-wait-in-async-task": Options({"long_wait": 300.0, "calls": (), "strict": False, "word": "x"}),
}


@pytest.mark.parametrize(
    ("rule", "option", "value", "message"),
    [
        ("sync-sensors", "x", 1, "`rules.sync-sensors`: there is no such rule; did you mean `sync-sensor`?"),
        ("sync-sensor", "x", 1, "`rules.sync-sensor`: unknown option `x`; this rule has no options"),
        (
            "long-wait-in-async-task",
            "long-wiat",
            1,
            "`rules.long-wait-in-async-task`: unknown option `long-wiat`; did you mean `long-wait`?",
        ),
        (
            "long-wait-in-async-task",
            "zzz",
            1,
            "`rules.long-wait-in-async-task`: unknown option `zzz`; "
            "it has `calls`, `long-wait`, `strict`, `word`",
        ),
        (
            "long-wait-in-async-task",
            "long-wait",
            "5 min",
            '`rules.long-wait-in-async-task.long-wait` must be a number, 0 or more, not the text "5 min"',
        ),
        (
            "long-wait-in-async-task",
            "long-wait",
            True,
            "`rules.long-wait-in-async-task.long-wait` must be a number, 0 or more, not true",
        ),
        (
            "long-wait-in-async-task",
            "long-wait",
            -1,
            "`rules.long-wait-in-async-task.long-wait` must be a number, 0 or more, not the number -1",
        ),
        (
            "long-wait-in-async-task",
            "calls",
            [1],
            "`rules.long-wait-in-async-task.calls` must be a list of texts, not a list",
        ),
        (
            "long-wait-in-async-task",
            "strict",
            1,
            "`rules.long-wait-in-async-task.strict` must be true or false, not the number 1",
        ),
    ],
)
def test_a_rules_options_are_checked_against_its_own(
    rule: str, option: str, value: object, message: str
) -> None:
    settings = Settings(rule_options={rule: {option: value}}, source="dag-advisor.toml")
    with pytest.raises(ConfigError) as caught:
        with_rule_options(settings, RULES)
    assert str(caught.value) == f"dag-advisor.toml: {message}"


def test_a_rules_options_get_their_python_names() -> None:
    table = {"long-wait": 60, "calls": ["a"], "strict": True, "word": "y"}
    settings = with_rule_options(Settings(rule_options={"long-wait-in-async-task": dict(table)}), RULES)
    assert settings.rule_options == {
        "long-wait-in-async-task": {"long_wait": 60, "calls": ("a",), "strict": True, "word": "y"}
    }


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("tests", "tests/a.py", True),
        ("tests", "dags/tests/a.py", True),
        ("tests/", "dags/tests/a.py", True),
        ("a.py/", "dags/a.py", False),
        ("*_test.py", "dags/x_test.py", True),
        ("*_test.py", "dags/x.py", False),
        ("dags/*.py", "dags/a.py", True),
        ("dags/*.py", "dags/sub/a.py", False),
        ("dags/*.py", "other/dags/a.py", False),
        ("dags/**", "dags/sub/deep/a.py", True),
        ("dags/**/*.py", "dags/a.py", True),
        ("**/sub/*.py", "dags/sub/a.py", True),
        ("/a.py", "a.py", True),
        ("/a.py", "dags/a.py", False),
        ("dags", "dagster/a.py", False),
        ("./dags/a.py", "dags/a.py", True),
    ],
)
def test_patterns_are_read_as_in_gitignore(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path.split("/")) is expected


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not matches("/".join(["**"] * 60 + ["x.py"]), ["a"] * 60)
    assert not matches("a*" * 30 + "b/c", ["a" * 60, "c"])


def test_per_file_ignores_are_relative_to_the_root_and_can_be_turned_round(tmp_path: Path) -> None:
    settings = Settings(
        root=tmp_path / "repo",
        per_file_ignores={"legacy/*": ("sync-sensor",), "!dags/**": ("missing-deferrable",)},
    )
    assert ignored_in(settings, "repo/legacy/a.py") == {"sync-sensor", "missing-deferrable"}
    assert ignored_in(settings, str(tmp_path / "repo/dags/a.py")) == frozenset()
    assert ignored_in(settings, "legacy/a.py") == {"missing-deferrable"}  # outside of the root
