"""The catalog's history: the shipped facts against hand-checked points, and the readers on small trees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.catalog import history_aliases, history_astronomer, history_reader, history_versions
from advisor.catalog.history_tree import Tree
from advisor.catalog.history_wheels import Index, key

DATA = Path(history_aliases.__file__).parent / "data"
PROVIDERS = "airflow.providers."


def load(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


ALIASES: dict[str, dict[str, str]] = load("aliases.json")
ASTRONOMER: dict[str, dict[str, Any]] = {
    entry["name"].rpartition(".")[2]: entry for entry in load("astronomer.json")
}
HISTORY: dict[str, dict[str, Any]] = load("history.json") if (DATA / "history.json").exists() else {}


def tree(tmp_path: Path, **modules: str) -> Tree:
    """A folder of modules; `__` in a name is a dot, `init` a package's own module."""
    for name, text in modules.items():
        *folders, stem = name.split("__")
        path = tmp_path.joinpath(*folders, "__init__.py" if stem == "init" else f"{stem}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Tree.of(tmp_path)


# The shipped data.


@pytest.mark.parametrize(
    ("old", "new", "era"),
    [
        ("airflow.sensors.time_sensor.TimeSensor", "standard.sensors.time.TimeSensor", "core"),
        ("airflow.sensors.filesystem.FileSensor", "standard.sensors.filesystem.FileSensor", "core"),
        (
            "airflow.sensors.external_task_sensor.ExternalTaskSensor",
            "standard.sensors.external_task.ExternalTaskSensor",
            "1.10",
        ),
        ("airflow.operators.bash_operator.BashOperator", "standard.operators.bash.BashOperator", "1.10"),
        (
            "airflow.operators.trigger_dagrun.TriggerDagRunOperator",
            "standard.operators.trigger_dagrun.TriggerDagRunOperator",
            "core",
        ),
        ("airflow.operators.http_operator.SimpleHttpOperator", "http.operators.http.HttpOperator", "1.10"),
        (
            "airflow.providers.http.operators.http.SimpleHttpOperator",
            "http.operators.http.HttpOperator",
            "provider",
        ),
        (
            "airflow.providers.cncf.kubernetes.operators.kubernetes_pod.KubernetesPodOperator",
            "cncf.kubernetes.operators.pod.KubernetesPodOperator",
            "provider",
        ),
        (
            "airflow.providers.amazon.aws.sensors.s3_key.S3KeySensor",
            "amazon.aws.sensors.s3.S3KeySensor",
            "provider",
        ),
        (
            "airflow.providers.amazon.aws.operators.eks.EKSPodOperator",
            "amazon.aws.operators.eks.EksPodOperator",
            "provider",
        ),
        (
            "airflow.contrib.sensors.file_sensor.FileSensor",
            "standard.sensors.filesystem.FileSensor",
            "contrib",
        ),
    ],
)
def test_old_names_lead_to_todays(old: str, new: str, era: str) -> None:
    assert ALIASES[old] == {"name": PROVIDERS + new, "era": era}


def test_a_contrib_name_is_always_marked() -> None:
    assert all((entry["era"] == "contrib") == (".contrib." in old) for old, entry in ALIASES.items())


@pytest.mark.parametrize(
    "old",
    [
        # Other arguments than the class named beside it in the warning.
        "airflow.providers.mysql.operators.mysql.MySqlOperator",
        "airflow.providers.amazon.aws.sensors.s3_prefix.S3PrefixSensor",
        # Gone, and to be called with deferrable=True under its new name: history.json has it.
        "airflow.providers.google.cloud.sensors.gcs.GCSObjectExistenceAsyncSensor",
    ],
)
def test_what_is_not_the_same_class_is_no_alias(old: str) -> None:
    assert old not in ALIASES


def test_every_target_is_in_the_catalog() -> None:
    path = DATA / "classes.jsonl"
    if not path.exists():
        pytest.skip("the catalog's classes are not built yet")
    names = {json.loads(line)["name"] for line in path.read_text(encoding="utf-8").splitlines()}
    wanted = {entry["name"] for entry in ALIASES.values()}
    wanted |= {entry["replacement"] for entry in ASTRONOMER.values() if entry["replacement"]}
    wanted |= {entry["replacement"] for entry in HISTORY.values() if "replacement" in entry}
    wanted |= {name for name, entry in HISTORY.items() if "removed" not in entry}
    # What tasks are made of, not tasks.
    assert sorted(name for name in wanted - names if not name.startswith("airflow.sdk.")) == []


def test_astronomer_providers_in_numbers() -> None:
    assert len(ASTRONOMER) == 55
    assert sum(entry["replacement"] is None for entry in ASTRONOMER.values()) == 7
    assert sum(bool(entry["renamed_parameters"]) for entry in ASTRONOMER.values()) == 15


def test_astronomers_own_wrong_names_are_put_right() -> None:
    wrong = [
        entry
        for entry in ASTRONOMER.values()
        if entry["replacement"]
        and entry["replacement"] != entry["said_replacement"]
        and ALIASES.get(entry["said_replacement"], {}).get("name") != entry["replacement"]
    ]
    assert len(wrong) == 6
    sensor = ASTRONOMER["DbtCloudJobRunSensorAsync"]
    assert sensor["replacement"] == "airflow.providers.dbt.cloud.sensors.dbt.DbtCloudJobRunSensor"
    assert sensor["renamed_parameters"] == {"poll_interval": "poke_interval"}


def test_what_differs_says_so_and_when() -> None:
    for entry in ASTRONOMER.values():
        assert entry["equal"] is (None if entry["replacement"] is None else not entry["differs_when"])
        assert bool(entry["differs"]) == (entry["equal"] is not True)
    assert ASTRONOMER["DbtCloudRunJobOperatorAsync"]["equal"] is False
    assert ASTRONOMER["DataprocCreateClusterOperatorAsync"]["implied_arguments"] == {
        "polling_interval_seconds": 5.0
    }


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("http.operators.http.HttpOperator", "4.7.0"),
        ("http.sensors.http.HttpSensor", "4.9.0"),
        ("cncf.kubernetes.operators.pod.KubernetesPodOperator", "5.2.0"),
        ("amazon.aws.sensors.s3.S3KeySensor", "8.2.0"),
        ("google.cloud.operators.bigquery.BigQueryInsertJobOperator", "8.4.0"),
        ("standard.sensors.time.TimeSensor", "1.3.0"),
        ("standard.sensors.time_delta.TimeDeltaSensor", "1.3.0"),
    ],
)
def test_since(name: str, since: str) -> None:
    assert HISTORY[PROVIDERS + name]["since"] == since
    assert HISTORY[PROVIDERS + name]["flag"] == since


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("operators.trigger_dagrun.TriggerDagRunOperator", "2.6.0"),
        ("sensors.external_task.ExternalTaskSensor", "2.7.0"),
        ("sensors.filesystem.FileSensor", "2.9.0"),
        ("sensors.time.TimeSensor", None),
        ("sensors.time_delta.TimeDeltaSensor", None),
    ],
)
def test_flags_of_core_2(name: str, flag: str | None) -> None:
    core = HISTORY[PROVIDERS + "standard." + name]["core"]
    assert core["flag"] == flag
    assert core["default_from_config"] == (None if flag is None else max(flag, "2.7.0"))


@pytest.mark.parametrize(
    "name", ["date_time.DateTimeSensorAsync", "time.TimeSensorAsync", "time_delta.TimeDeltaSensorAsync"]
)
def test_async_sensors_of_core(name: str) -> None:
    entry = HISTORY[PROVIDERS + "standard.sensors." + name]
    assert entry["core"]["since"] == "2.2.0"
    assert entry["flag"] is None
    assert entry.get("deprecated") == (None if name.startswith("date_time.") else "1.3.0")


def test_a_class_that_is_gone_says_when_and_what_for() -> None:
    entry = HISTORY["airflow.providers.google.cloud.sensors.gcs.GCSObjectExistenceAsyncSensor"]
    assert entry["removed"] == "11.0.0"
    assert entry["replacement"] == "airflow.providers.google.cloud.sensors.gcs.GCSObjectExistenceSensor"


def test_what_never_defers_has_no_since() -> None:
    entry = HISTORY["airflow.providers.discord.operators.discord_webhook.DiscordWebhookOperator"]
    assert entry["since"] is None
    assert entry["flag"] is not None


# The readers.

SENSOR = """
from airflow.sdk import BaseSensorOperator
class Waits(BaseSensorOperator):
    def __init__(self, *, key, deferrable=conf.getboolean("operators", "default_deferrable"), **kwargs):
        super().__init__(**kwargs)
        self.deferrable = deferrable
    def execute(self, context):
        if self.deferrable:
            self._wait()
    def _wait(self):
        self.defer(trigger=T(), method_name="done")
"""


def read(found: Tree, name: str = "Waits") -> history_reader.State:
    state = history_reader.read(found, "p.sensors.a", name)
    assert state is not None
    return state


def test_reads_flag_default_and_deferral_through_a_helper_method(tmp_path: Path) -> None:
    state = read(tree(tmp_path, p__sensors__a=SENSOR))
    assert (state.flag, state.from_config, state.defers, state.deprecated) == (True, True, True, False)


def test_inherits_through_kwargs_from_another_module(tmp_path: Path) -> None:
    child = (
        "from p.sensors.b import Waits as Base\nclass Waits(Base):\n    def __init__(self, **kwargs): pass\n"
    )
    state = read(tree(tmp_path, p__sensors__a=child, p__sensors__b=SENSOR))
    assert (state.flag, state.defers) == (True, True)


@pytest.mark.parametrize(
    "init",
    ["def __init__(self, *, key): pass", "def __init__(self, **k): super().__init__(deferrable=True, **k)"],
)
def test_a_constructor_that_keeps_the_flag_away(tmp_path: Path, init: str) -> None:
    state = read(tree(tmp_path, p__sensors__a=f"{SENSOR}class Child(Waits):\n    {init}\n"), "Child")
    assert (state.flag, state.defers) == (False, True)


def test_an_execute_of_its_own_that_does_not_defer(tmp_path: Path) -> None:
    child = SENSOR + "class Child(Waits):\n    def execute(self, context): return 1\n"
    state = read(tree(tmp_path, p__sensors__a=child), "Child")
    assert (state.flag, state.defers) == (True, False)


@pytest.mark.parametrize("call", ["super().execute(context)", "Waits.execute(self, context)"])
def test_an_execute_that_hands_over_to_the_base(tmp_path: Path, call: str) -> None:
    child = (
        SENSOR
        + f"class Mixin:\n    pass\nclass Child(Mixin, Waits):\n    def execute(self, context): {call}\n"
    )
    state = read(tree(tmp_path, p__sensors__a=child), "Child")
    assert (state.flag, state.defers) == (True, True)


def test_the_order_of_bases_is_pythons(tmp_path: Path) -> None:
    text = "class A: pass\nclass B(A): pass\nclass C(A): pass\nclass D(B, C): pass\n"
    lineage = tree(tmp_path, p__sensors__a=text).lineage("p.sensors.a.D")
    assert [node.name for _, node in lineage] == ["D", "B", "C", "A"]


def test_an_async_helper_that_defers(tmp_path: Path) -> None:
    text = SENSOR.replace("self._wait()", "asyncio.run(self._wait())").replace("def _wait", "async def _wait")
    assert read(tree(tmp_path, p__sensors__a=text)).defers


def test_a_literal_default_is_not_the_configured_one(tmp_path: Path) -> None:
    text = SENSOR.replace('conf.getboolean("operators", "default_deferrable")', "False")
    state = read(tree(tmp_path, p__sensors__a=text))
    assert (state.flag, state.from_config) == (True, False)


def test_a_function_that_defers_for_the_operator(tmp_path: Path) -> None:
    text = SENSOR.replace("self._wait()", "wait_for(self)") + "def wait_for(op):\n    op.defer(trigger=T())\n"
    assert read(tree(tmp_path, p__sensors__a=text)).defers


SHIM = """\"\"\"This module is deprecated.\"\"\"
from p.sensors.new import Waits as Old
from p.sensors.new import Base
"""
THIN = """
class Gone(Waits):
    \"\"\"Deprecated.\"\"\"
    def __init__(self, *args, **kwargs):
        warnings.warn("deprecated", DeprecationWarning)
        super().__init__(*args, **kwargs)
class Other(Waits):
    \"\"\"Deprecated.\"\"\"
    def __init__(self, prefix, **kwargs):
        super().__init__(key=prefix, **kwargs)
"""


def test_shims_and_thin_subclasses_are_steps(tmp_path: Path) -> None:
    release = tree(tmp_path, p__sensors__old=SHIM, p__sensors__new=SENSOR + THIN)
    assert history_aliases.of_release(release) == {
        "p.sensors.old.Old": "p.sensors.new.Waits",
        "p.sensors.old.Base": "p.sensors.new.Base",
        "p.sensors.new.Gone": "p.sensors.new.Waits",
    }


def test_a_star_import_in_a_shim(tmp_path: Path) -> None:
    shim = '"""This module is deprecated."""\nfrom p.sensors.new import *\n'
    release = tree(tmp_path, p__sensors__old=shim, p__sensors__new=SENSOR)
    assert history_aliases.of_release(release) == {"p.sensors.old.Waits": "p.sensors.new.Waits"}


def test_a_table_of_deprecated_classes(tmp_path: Path) -> None:
    table = '__deprecated_classes = {"old": {"Old": "p.sensors.new.Waits"}}\n'
    release = tree(tmp_path, p__sensors__init=table, p__sensors__new=SENSOR)
    assert history_aliases.of_release(release) == {"p.sensors.old.Old": "p.sensors.new.Waits"}


def test_names_are_followed_to_a_class_that_exists(tmp_path: Path) -> None:
    newest = tree(tmp_path, p__sensors__new=SENSOR)
    steps: list[history_aliases.Edges] = [
        {"airflow.contrib.sensors.x.A": "p.sensors.old.B", "p.sensors.old.B": "p.sensors.new.Waits"},
        {"airflow.sensors.y.C": "p.sensors.gone.C"},
    ]
    assert history_aliases.collect(newest, steps, {}, set(), {}) == {
        "airflow.contrib.sensors.x.A": {"name": "p.sensors.new.Waits", "era": "contrib"},
        "p.sensors.old.B": {"name": "p.sensors.new.Waits", "era": "core"},
    }


ASYNC = """
from p.sensors.a import WaitsSensor
class WaitsSensorAsync(WaitsSensor):
    is_deprecated = True
    post_deprecation_replacement = "from p.sensors import WaitsSensor"
    def __init__(self, *args, poll_interval=5.0, **kwargs):
        if poll_interval:
            kwargs["poke_interval"] = poll_interval
        super().__init__(*args, deferrable=True, **kwargs)
"""


def test_reads_a_replacement_and_its_renamed_argument(tmp_path: Path) -> None:
    text = SENSOR.replace("Waits", "WaitsSensor").replace("key,", "key, poke_interval=60,")
    newest = tree(tmp_path / "new", p__sensors__a=text)
    old = tree(tmp_path / "old", astronomer__sensors__s=ASYNC)
    [record] = history_astronomer.read(old, newest, {}, {"WaitsSensorAsync": {"note": "Slow."}})
    assert record["replacement"] == "p.sensors.a.WaitsSensor"  # not what the package says
    assert record["renamed_parameters"] == {"poll_interval": "poke_interval"}
    assert record["implied_arguments"] == {"poke_interval": 5.0}
    assert (record["equal"], record["note"]) == (True, "Slow.")
    assert record["source"] == "astronomer/sensors/s.py:3"


@pytest.mark.parametrize(
    ("text", "notes", "message"),
    [
        (SENSOR.replace("Waits", "WaitsSensor"), {"Nobody": {}}, "not there"),
        (SENSOR.replace("Waits", "WaitsSensor").replace("deferrable", "x"), {}, "takes no deferrable"),
        (SENSOR, {}, "no p.sensors.a.WaitsSensor"),
    ],
)
def test_a_replacement_that_does_not_hold_is_refused(
    tmp_path: Path, text: str, notes: dict[str, Any], message: str
) -> None:
    newest = tree(tmp_path / "new", p__sensors__a=text)
    plain = ASYNC.replace('kwargs["poke_interval"] = poll_interval', "pass")
    old = tree(tmp_path / "old", astronomer__sensors__s=plain)
    with pytest.raises(LookupError, match=message):
        history_astronomer.read(old, newest, {}, notes)


def test_halving_reads_few_releases_and_finds_the_first(tmp_path: Path) -> None:
    versions = [f"1.{minor}" for minor in range(33)]
    opened: list[str] = []

    def release(package: str, version: str) -> Tree | None:
        opened.append(version)
        minor = int(version.partition(".")[2])
        if minor == 20:
            return None  # a release without a wheel
        text = SENSOR if minor >= 21 else SENSOR.replace("deferrable=conf", "other=conf")
        return tree(tmp_path / version, p__sensors__a=text)

    line = history_versions.Line("p", versions, {"p.sensors.a.Waits": ["p.sensors.a.Waits"]})
    fetched: list[tuple[str, str]] = []
    history_versions.Halving([line], fetched.extend, release).run(history_versions.FACTS_TO_HALVE)
    entry = history_versions.entry(line, "p.sensors.a.Waits", own_trigger=True, always=False)
    assert (entry["since"], entry["flag"], entry["default_from_config"]) == ("1.21", "1.21", "1.21")
    assert len(opened) <= 8
    assert [("p", version) for version in opened] == fetched


@pytest.mark.parametrize(
    ("before", "since"),
    [
        (SENSOR.replace("deferrable", "other"), "1.0"),  # deferred before there was a flag to ask
        (SENSOR.replace("deferrable=conf", "other=conf"), "1.1"),  # looks at a flag that no caller can set
    ],
)
def test_a_deferral_before_the_flag(tmp_path: Path, before: str, since: str) -> None:
    trees = [tree(tmp_path / "0", p__sensors__a=before), tree(tmp_path / "1", p__sensors__a=SENSOR)]
    line = history_versions.Line("p", ["1.0", "1.1"], {"p.sensors.a.Waits": ["p.sensors.a.Waits"]})
    open_release = {"1.0": trees[0], "1.1": trees[1]}
    halving = history_versions.Halving([line], lambda pins: None, lambda _, version: open_release[version])
    halving.run(history_versions.FACTS_TO_HALVE)
    entry = history_versions.entry(line, "p.sensors.a.Waits", own_trigger=True, always=False)
    assert (entry["since"], entry["flag"]) == (since, "1.1")


def test_a_flag_that_another_provider_brings(tmp_path: Path) -> None:
    child = "from airflow.providers.b.sensors.old import Waits\nclass Child(Waits):\n    pass\n"
    own = tree(tmp_path / "own", airflow__providers__a__sensors__a=child)
    other = tree(tmp_path / "other", airflow__providers__b__sensors__new=SENSOR)
    moved = {"airflow.providers.b.sensors.old.Waits": "airflow.providers.b.sensors.new.Waits"}
    joined = own.over(other, "airflow.providers.a.", moved)
    state = history_reader.read(joined, "airflow.providers.a.sensors.a", "Child")
    assert state is not None
    assert (state.flag, state.flag_of) == (True, "airflow.providers.b.sensors.new.Waits")
    assert (state.defers, state.own_trigger) == (True, False)


def test_releases_are_ordered_as_numbers() -> None:
    assert sorted(["10.0.0", "9.1", "9.0.1"], key=key) == ["9.0.1", "9.1", "10.0.0"]


def test_the_cache_is_asked_before_the_index(tmp_path: Path) -> None:
    (tmp_path / "some-package.releases.json").write_text('["1.0"]')
    (tmp_path / "some_package-1.0-py3-none-any.whl").write_bytes(b"")
    index = Index(tmp_path, pip="no-such-command")
    assert index.releases("some-package") == ["1.0"]
    index.fetch([("some-package", "1.0")])
    with pytest.raises(FileNotFoundError):
        index.releases("another-package")
