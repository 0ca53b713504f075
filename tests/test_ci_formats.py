"""The formats for CI servers on real findings: valid by their schemas, fixes that can be applied, stable prints."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from advisor.cli import main
from advisor.rule import discover

ROOT = Path(__file__).parent.parent
HEAD = """\
from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor

with DAG("sales"):
"""
WAITS = """\
    ExternalTaskSensor(task_id="other", external_dag_id="ä")
    DateTimeSensor(task_id="noon", target_time="2030-01-01")
    DateTimeSensor(
        task_id="later",
        target_time="2030-01-01",
    )
"""


def written(name: str, *paths: str) -> Any:
    main(["check", "--isolated", "--output-format", name, "--output-file", "out", *paths])
    return Path("out").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_sarif_of_all_fixtures_is_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The model is generated from the 2.1.0 schema: required and unknown properties, patterns, enumerations.
    model = pytest.importorskip("pydantic_sarif.model")
    monkeypatch.chdir(ROOT)
    out = tmp_path / "out.sarif"
    main(["check", "--isolated", "--output-format", "sarif", "--output-file", str(out), "fixtures"])
    log = json.loads(out.read_text(encoding="utf-8"))
    model.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(log)
    broken = json.loads(json.dumps(log).replace('"level": "warning"', '"level": "bad"'))
    with pytest.raises(ValueError, match="level"):
        model.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(broken)
    (run,) = log["runs"]
    assert {result["ruleId"] for result in run["results"]} >= set(discover()) - {"unreadable-file"}
    prints = [(result["ruleId"], result["partialFingerprints"]["dagAdvisor/v1"]) for result in run["results"]]
    assert len(set(prints)) == len(prints)
    assert any(result.get("fixes") for result in run["results"])
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["help"]["text"]
        assert rule["fullDescription"]["text"]


def applied(text: str, changes: list[dict[str, Any]]) -> str:
    """`text` with a SARIF fix, by its lines and columns alone."""
    starts = [0, *(match.end() for match in re.finditer("\r\n|\r|\n", text))]
    spots = []
    for change in changes:
        region = change["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        spots.append((start, end, change["insertedContent"]["text"]))
    for start, end, new in sorted(spots, reverse=True):
        text = text[:start] + new + text[end:]
    return text


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_sarif_fix_is_what_fix_does(folder: Path, ends: str) -> None:
    text = (HEAD + WAITS).replace("\n", ends)
    Path("a.py").write_bytes(text.encode())
    results = json.loads(written("sarif", "a.py"))["runs"][0]["results"]
    fixes = {
        json.dumps(fix["artifactChanges"][0]["replacements"]): fix
        for result in results
        for fix in result.get("fixes", ())
    }
    assert len(fixes) == 2  # both DateTimeSensors share theirs
    for fix in fixes.values():
        change = fix["artifactChanges"][0]
        assert change["artifactLocation"]["uri"] == "a.py"
    result = text
    every = [one for fix in fixes.values() for one in fix["artifactChanges"][0]["replacements"]]
    result = applied(text, every)
    main(["fix", "--isolated", "--quiet", "a.py"])
    assert Path("a.py").read_bytes().decode() == result


@pytest.mark.parametrize("name", ["gitlab", "sarif"])
def test_fingerprints_stay_when_lines_move_and_code_is_reformatted(folder: Path, name: str) -> None:
    def prints(text: str) -> list[str]:
        Path("a.py").write_text(text, encoding="utf-8")
        data = json.loads(written(name, "a.py"))
        if name == "gitlab":
            return [entry["fingerprint"] for entry in data]
        return [one["partialFingerprints"]["dagAdvisor/v1"] for one in data["runs"][0]["results"]]

    first = prints(HEAD + WAITS)
    assert len(set(first)) == 3
    assert prints("# one\n\n" + HEAD + "    x = 1\n" + WAITS) == first
    assert prints(HEAD + WAITS.replace('"noon", ', "'noon',\n  # why\n    ")) == first
    assert prints(HEAD + WAITS + WAITS)[:1] == first[:1]
    assert len(set(prints(HEAD + WAITS + WAITS))) == 6


def test_gitlab_has_what_gitlab_requires(folder: Path) -> None:
    Path("a.py").write_text(HEAD + WAITS, encoding="utf-8")
    for entry in json.loads(written("gitlab", "a.py")):
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{64}", entry["fingerprint"])
        assert isinstance(entry["location"]["lines"]["begin"], int)
    Path("a.py").write_text("import airflow\n")
    assert json.loads(written("gitlab", "a.py")) == []


# What Jenkins' junit-10.xsd allows, as far as we write it.
_ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testcase"}),
    "testcase": ({"name", "classname", "time"}, {"failure", "system-out"}),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


def test_junit_holds_only_what_the_schema_allows(folder: Path) -> None:
    Path("a.py").write_text(HEAD + WAITS, encoding="utf-8")
    Path("b.py").write_text("import airflow\nasync def f(:\n")
    for paths in (["a.py", "b.py"], ["a.py", "--strict"], ["a.py", "--select", "poke-sensor"]):
        root = ElementTree.fromstring(written("junit", *paths))
        assert root.tag == "testsuites"
        for element in root.iter():
            attributes, children = _ALLOWED[element.tag]
            assert set(element.attrib) <= attributes
            assert {child.tag for child in element} <= children
        for suite in root:
            assert int(suite.attrib["tests"]) == len(suite)
            failures = [case for case in suite if case.find("failure") is not None]
            assert int(suite.attrib["failures"]) == len(failures)
        assert int(root.attrib["tests"]) == sum(len(suite) for suite in root)
