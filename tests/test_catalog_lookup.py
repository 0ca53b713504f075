"""The look-up API and the texts of `catalog show`, `search`, `export` and `build`."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from advisor.catalog import Catalog, commands
from advisor.catalog.build import check_overlay, files
from advisor.catalog.record import EXPORTED, ClassFacts, Condition, Parameter, from_record, to_record

S3 = "airflow.providers.amazon.aws.sensors.s3.S3KeySensor"


def test_every_class_is_found_by_halving() -> None:
    catalog = Catalog.load()
    for facts in catalog.all():
        assert catalog.resolve(facts.name) == facts.name
    for old, new in catalog.former():
        assert catalog.resolve(old) == new


def test_every_module_with_a_class_below_it_is_known_and_no_other() -> None:
    catalog = Catalog.load()
    names = {facts.name for facts in catalog.all(gone=True)} | {old for old, _ in catalog.former()}
    modules = {name[:end] for name in names for end, sign in enumerate(name) if sign == "."}
    assert all(catalog.has_below(module) for module in modules)
    others = (names | {module[:-1] for module in modules} | {"", "zzz", "airflow.decorators.task"}) - modules
    assert not any(catalog.has_below(other) for other in others)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "airflow.operators.python.PythonOperator",
            "airflow.providers.standard.operators.python.PythonOperator",
        ),
        (
            "airflow.operators.http_operator.SimpleHttpOperator",
            "airflow.providers.http.operators.http.HttpOperator",
        ),
        (S3, S3),
        ("airflow.providers.amazon.aws.sensors.s3.S3KeySenso", None),
        ("airflow.providers.amazon.aws.sensors.s3", None),
        ("mine.S3KeySensor", None),
        ("", None),
    ],
)
def test_resolve(old: str, new: str | None) -> None:
    assert Catalog.load().resolve(old) == new


def test_names_for_the_prefilter() -> None:
    names = Catalog.load().names()
    assert {"S3KeySensor", "SimpleHttpOperator", "DateTimeSensor", "HttpSensorAsync", "HITLOperator"} <= names
    assert "EmptyOperator" not in names
    assert "BaseSensorOperator" not in names


def test_a_few_look_ups_import_little() -> None:
    code = (
        "import sys\n"
        "from advisor.catalog import Catalog\n"
        "c = Catalog.load()\n"
        "c.names(); c.resolve('airflow.sensors.s3_key_sensor.S3KeySensor')\n"
        f"assert c.get({S3!r}).poll_parameters == ('poke_interval',)\n"
        "heavy = {'zipfile', 'libcst', 'advisor.catalog.extract', 'advisor.catalog.commands'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_record_round_trip() -> None:
    facts = ClassFacts(
        "a.B",
        parameters=(Parameter("x", "keyword", True), Parameter("y", "positional", code="conf.get(1)")),
        defers_when=((Condition("x", "==", 3),), (Condition("y", "is none"),)),
        wait_parameters=("x",),
    )
    again = from_record(json.loads(json.dumps(to_record(facts))))
    assert to_record(again) == to_record(facts)
    assert again.parameters == facts.parameters
    assert again.defers_when == facts.defers_when
    assert "kind" not in to_record(facts)  # defaults are not written


def test_show() -> None:
    text = commands.show("S3KeySensor")
    assert text == commands.show(S3)
    assert "poll parameter: poke_interval = 60" in text
    assert "aiobotocore" in text
    assert "needs it" in commands.show("TriggerDagRunOperator")
    assert "HttpOperator" in commands.show("SimpleHttpOperator")
    with pytest.raises(LookupError, match="did you mean S3KeySensor"):
        commands.show("S3KeySensr")


def test_search() -> None:
    lines = commands.search("s3 keysensor").splitlines()
    assert any(line.startswith(S3) for line in lines)
    assert all("s3" in line.lower() for line in lines)
    with pytest.raises(LookupError):
        commands.search("no such words anywhere")


def test_export() -> None:
    rows = json.loads(commands.export())
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert all(set(EXPORTED) <= set(row) for row in rows)
    row = next(row for row in rows if row["name"] == S3)
    assert (row["kind"], row["deferral"], row["waits_by_default"]) == ("sensor", "flag", True)
    assert isinstance(row["aliases"], list)


def test_changes_between_two_catalogs() -> None:
    old = [ClassFacts("a.Gone"), ClassFacts("a.Same", source="a.py:1"), ClassFacts("a.B", deferral="never")]
    new = [
        ClassFacts("a.New", deferral="flag"),
        ClassFacts("a.Same", source="a.py:2"),
        ClassFacts("a.B", deferral="flag"),
    ]
    assert commands.changes(old, new).splitlines() == [
        "- a.Gone",
        "+ a.New (flag)",
        '~ a.B.deferral: null -> "flag"',
    ]
    assert commands.changes(new, new) == "nothing changed\n"


def test_overlay_must_fit_the_wheels() -> None:
    facts = [ClassFacts("a.B", parameters=(Parameter("x", "keyword"),))]
    overlay = {
        "corrections": {"a.C": {"effective": True}, "a.B": {"efective": True, "why": "w", "read": "r"}},
        "caveats": [{"id": "i", "classes": ["a.B"], "when": [["y", "present", None]]}],
    }
    told = "\n".join(check_overlay(overlay, facts))
    assert "no class a.C" in told
    assert "no field efective" in told
    assert "takes no y" in told


def test_files_are_repeatable() -> None:
    facts = [ClassFacts("b.B"), ClassFacts("a.A", deferral="flag")]
    first = files(facts, {"x.B": "b.B", "x.A": "a.A", "x.Unknown": "c.C"})
    assert first == files(facts[::-1], {"x.A": "a.A", "x.B": "b.B"})
    assert first["former.tsv"] == b"x.A\ta.A\t\nx.B\tb.B\t\n"
    assert first["names.txt"] == b"A\n"


def test_build_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        commands.build(tmp_path)
    with zipfile.ZipFile(tmp_path / "mine-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("mine/__init__.py", "")
    with pytest.raises(ValueError, match="overlay does not fit"):
        commands.build(tmp_path, tmp_path / "out")


def test_scan_reads_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from airflow.models import BaseOperator\n"
        "class RunOperator(BaseOperator):\n"
        "    def __init__(self, *, deferrable=False, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "        self.deferrable = deferrable\n"
        "    def execute(self, context):\n"
        "        if self.deferrable:\n"
        "            self.defer(trigger=None, method_name='resume')\n",
        encoding="utf-8",
    )
    assert "  mine.RunOperator  operator; deferrable flag\n" in commands.scan([tmp_path])
    with pytest.raises(LookupError):
        commands.scan([tmp_path / "absent"])


def test_second_names_given_by_an_assignment() -> None:
    """`ManagedSparkSubmitJobOperator: TypeAlias = DataprocSubmitJobOperator`, in a module made for such names."""
    place = "airflow.providers.google.cloud.operators"
    facts = Catalog.load().get(f"{place}.managed_spark.ManagedSparkSubmitJobOperator")
    assert facts is not None
    assert facts.name == f"{place}.dataproc.DataprocSubmitJobOperator"
    assert facts.aliases == (f"{place}.managed_spark.ManagedSparkSubmitJobOperator",)
    assert "ManagedSparkSubmitJobOperator" in Catalog.load().names()
    # What such a module imports resolves too, but is no name that anybody is told.
    assert Catalog.load().resolve(f"{place}.managed_spark.DataprocSubmitJobOperator") == facts.name
