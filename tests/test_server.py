"""The language server as editors meet it: a real process, spoken to over its standard input and output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

pytest.importorskip("pygls", reason="the extra `server` is not installed")

from lsp import WAIT, Client, applied

HEAD = """\
from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.sdk import DAG

with DAG("load"):
"""
SENSOR = '    GCSObjectExistenceSensor(task_id="wait", bucket="exports", object="x.csv")\n'
DAG = HEAD + SENSOR
MENDED = DAG.replace('x.csv")', 'x.csv", deferrable=True)')
TWIN = HEAD + '    DateTimeSensor(task_id="until", target_time="2030-01-01")\n'
FILES = HEAD.replace("date_time import DateTimeSensor", "filesystem import FileSensor") + (
    '    FileSensor(task_id="wait", filepath="x.csv")\n'
)
LINE = 5  # of the sensor, from 0
VERSIONED = {"workspace": {"workspaceEdit": {"documentChanges": True}}}


class Start(Protocol):
    """Starts a client in a folder."""

    def __call__(self, *options: str, cwd: Path | None = None, **environment: str) -> Client: ...


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    clients: list[Client] = []

    def started(*options: str, cwd: Path | None = None, **environment: str) -> Client:
        clients.append(Client(*options, cwd=cwd or tmp_path, **environment))
        return clients[-1]

    yield started
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("workspace")
    client = Client(cwd=folder)
    client.initialize(folder, **VERSIONED)
    yield client
    client.close()


@pytest.fixture
def client(shared: Client) -> Iterator[Client]:
    """A server that other tests speak to, too: each opens files of its own, outside of the workspace."""
    yield shared
    assert shared.process.poll() is None
    assert "Traceback" not in shared.stderr()


def insertion(line: int, character: int, text: str) -> dict[str, Any]:
    at = {"line": line, "character": character}
    return {"range": {"start": at, "end": at}, "text": text}


def rules(diagnostics: list[dict[str, Any]]) -> list[str]:
    return [one["code"] for one in diagnostics]


def fixes(client: Client, uri: str, line: int, character: int = 0, **context: Any) -> list[dict[str, Any]]:
    """The quick fixes that mend something."""
    found = client.actions(uri, line, character, only=["quickfix"], **context)
    return [action for action in found if not action["title"].startswith("dag-advisor: ignore ")]


def edits_of(action: dict[str, Any], uri: str, version: int) -> list[dict[str, Any]]:
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": uri, "version": version}
    return list(change["edits"])


def test_a_session_from_hello_to_goodbye(start: Start, tmp_path: Path) -> None:
    client = start()
    client.initialize(tmp_path, **VERSIONED)
    uri = (tmp_path / "dag.py").as_uri()
    (finding,) = client.open(uri, DAG)
    assert finding["code"] == "missing-deferrable"
    assert finding["source"] == "dag-advisor"
    assert finding["severity"] == 2
    assert finding["codeDescription"]["href"].startswith("https://")
    assert finding["range"] == {
        "start": {"line": LINE, "character": 4},
        "end": {"line": LINE, "character": len(SENSOR) - 1},
    }
    assert "holds a worker slot" in finding["message"]
    (fix,) = fixes(client, uri, LINE, 8, diagnostics=[finding])
    assert fix["title"] == "dag-advisor: add `deferrable=True`"
    assert fix["kind"] == "quickfix"
    assert fix["isPreferred"] is True
    assert rules(fix["diagnostics"]) == ["missing-deferrable"]
    edits = edits_of(fix, uri, 1)
    assert applied(DAG, edits) == MENDED
    assert [one["newText"] for one in edits] == [", deferrable=True"]
    client.change(uri, 2, {"range": edits[0]["range"], "text": edits[0]["newText"]})
    publication = client.publication(uri)
    assert publication == {"uri": uri, "diagnostics": [], "version": 2}
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert client.diagnostics(uri) == []
    assert client.finish() == 0
    assert client.stderr() == ""


def test_what_is_said_follows_the_text_on_the_screen_and_not_the_file(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "dag.py"
    file.write_text(MENDED)
    uri = file.as_uri()
    assert rules(client.open(uri, MENDED)) == []
    at = MENDED.splitlines()[LINE].index(", deferrable")
    span = {"start": {"line": LINE, "character": at}, "end": {"line": LINE, "character": at + 17}}
    client.change(uri, 2, {"range": span, "text": ""})
    assert rules(client.diagnostics(uri)) == ["missing-deferrable"]
    client.change(uri, 3, {"text": "x = 1\n"})
    assert client.diagnostics(uri) == []


def test_many_changes_in_a_row_are_checked_once(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, DAG)
    for version in range(2, 32):
        client.change(uri, version, insertion(0, 0, "#\n"))
    assert client.publication(uri)["version"] == 31
    client.change(uri, 32, insertion(0, 0, "#\n"), insertion(1, 1, " two\n"))
    publication = client.publication(uri)
    assert publication["version"] == 32
    assert publication["diagnostics"][0]["range"]["start"]["line"] == LINE + 32


def test_half_a_line_is_no_mistake_until_nobody_types(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, DAG)
    client.change(uri, 2, insertion(LINE + 1, 0, "    GCSObjectExistenceSensor(\n"))
    began = time.monotonic()
    assert rules(client.diagnostics(uri)) == ["unreadable-file"]
    assert time.monotonic() - began > 1
    span = {"start": {"line": LINE + 1, "character": 0}, "end": {"line": LINE + 2, "character": 0}}
    client.change(uri, 3, {"range": span, "text": ""})
    assert rules(client.diagnostics(uri)) == ["missing-deferrable"]


def test_a_broken_document_is_said_to_be_broken_when_it_is_opened(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "dag.py").as_uri()
    (finding,) = client.open(uri, "import airflow\nasync def f(:\n")
    assert finding["code"] == "unreadable-file"
    assert finding["severity"] == 1
    assert finding["range"]["start"]["line"] == 1
    assert client.actions(uri, 1) == []
    assert client.hover(uri, 0, 8) == ""


@pytest.mark.parametrize("unit", ["utf-8", "utf-16", "utf-32"])
def test_positions_count_in_the_unit_that_the_client_asks_for(
    start: Start, tmp_path: Path, unit: str
) -> None:
    client = start()
    server = client.initialize(tmp_path, general={"positionEncodings": [unit]}, **VERSIONED)
    assert server["positionEncoding"] == unit
    text = DAG.replace("    GCSObjectExistenceSensor(", '    "😀é"; GCSObjectExistenceSensor(').replace(
        "x.csv", "😀.csv"
    )
    uri = (tmp_path / "dag.py").as_uri()
    (finding,) = client.open(uri, text)
    before = {"utf-8": 6, "utf-16": 3, "utf-32": 2}[unit]
    assert finding["range"]["start"]["character"] == 4 + 2 + before + 2
    (fix,) = fixes(client, uri, LINE, 30)
    assert applied(text, edits_of(fix, uri, 1), unit) == text.replace('.csv")', '.csv", deferrable=True)')
    end = finding["range"]["end"]["character"]
    client.change(uri, 2, insertion(LINE, end - 1, ", deferrable=True"))
    assert client.diagnostics(uri) == []


def test_a_client_that_knows_no_encodings_gets_utf_16(start: Start, tmp_path: Path) -> None:
    assert start().initialize(tmp_path)["positionEncoding"] == "utf-16"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_line_ends_stay_what_they_are(client: Client, tmp_path: Path, end: str) -> None:
    text = DAG.replace('wait", ', 'wait",\n        ').replace("\n", end)
    uri = (tmp_path / "dag.py").as_uri()
    (finding,) = client.open(uri, text)
    assert finding["range"]["start"] == {"line": LINE, "character": 4}
    (fix,) = fixes(client, uri, LINE)
    fixed = applied(text, edits_of(fix, uri, 1))
    assert fixed == text.replace('x.csv")', f'x.csv",{end}        deferrable=True)')


def test_form_feeds_and_line_separators_end_no_line(client: Client, tmp_path: Path) -> None:
    text = DAG.replace("with DAG", 'NOTE = "a\u2028b\x0bc"  # \x0c\nwith DAG')
    uri = (tmp_path / "dag.py").as_uri()
    (finding,) = client.open(uri, text)
    assert finding["range"]["start"]["line"] == LINE + 1
    client.change(uri, 2, insertion(LINE + 1, 4, "x = "))
    (finding,) = client.diagnostics(uri)
    assert finding["range"]["start"] == {"line": LINE + 1, "character": 8}


def test_a_byte_order_mark_and_other_encodings(client: Client, tmp_path: Path) -> None:
    for number, text in enumerate(
        ("\ufeff" + DAG, "# coding: latin-1\n# é\n" + DAG, "# coding: latin-1\n#😀\n" + DAG)
    ):
        uri = (tmp_path / f"dag{number}.py").as_uri()
        (finding,) = client.open(uri, text)
        assert finding["range"]["start"]["character"] == 4
        found = fixes(client, uri, finding["range"]["start"]["line"])
        if "😀" in text:  # which latin-1 lacks: there is no file to be mended
            assert found == []
        else:
            assert applied(text, edits_of(found[0], uri, 1)) == text.replace(
                'x.csv")', 'x.csv", deferrable=True)'
            )
    uri = (tmp_path / "first.py").as_uri()
    text = "\ufefffrom airflow.sdk import DAG; from airflow.sensors.date_time import DateTimeSensorAsync\n"
    client.open(uri, text)
    assert "DateTimeSensorAsync" not in client.hover(uri, 0, 30)


def test_a_lone_surrogate_and_a_null_character_harm_nothing(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "dag.py").as_uri()
    assert rules(client.open(uri, DAG + "# \ud800\n")) == ["missing-deferrable"]
    client.change(uri, 2, {"text": DAG + "\0"})
    assert rules(client.diagnostics(uri)) == ["unreadable-file"]


def test_unsafe_fixes_say_what_may_change_and_are_not_preferred(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, FILES)
    (fix,) = fixes(client, uri, LINE)
    assert "(unsafe: once deferred, the triggerer's file system is looked at" in fix["title"]
    assert not fix.get("isPreferred")


def test_what_is_only_shown_is_text_and_no_action(client: Client, tmp_path: Path) -> None:
    fixture = (Path(__file__).parent.parent / "fixtures" / "inert_deferrable.py").read_text(encoding="utf-8")
    uri = (tmp_path / "dag.py").as_uri()
    shown = [one for one in client.open(uri, fixture) if "\nWrite: " in one["message"]]
    assert shown
    assert fixes(client, uri, shown[0]["range"]["start"]["line"]) == []


@pytest.mark.parametrize(
    "fixture", ["missing_deferrable", "legacy_async_class", "sync_sensor", "unused_suppression"]
)
def test_fix_all_does_what_the_command_does(client: Client, tmp_path: Path, fixture: str) -> None:
    folder = Path(__file__).parent.parent / "fixtures"
    text = (folder / f"{fixture}.py").read_text(encoding="utf-8")
    file = tmp_path / "dag.py"
    file.write_text(text, encoding="utf-8")
    uri = file.as_uri()
    client.open(uri, text)
    (action,) = client.actions(uri, 0, only=["source.fixAll"])
    assert action["kind"] == "source.fixAll.dag-advisor"
    subprocess.run(
        [sys.executable, "-m", "advisor", "fix", "-q", file], cwd=tmp_path, capture_output=True, check=True
    )
    assert applied(text, edits_of(action, uri, 1)) == file.read_text(encoding="utf-8") != text


def test_what_takes_long_is_worked_out_when_it_is_wanted(start: Start, tmp_path: Path) -> None:
    client = start()
    resolving = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}
    client.initialize(tmp_path, textDocument=resolving, **VERSIONED)
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, DAG)
    fix, ignore, everything = client.actions(uri, LINE)
    assert applied(DAG, edits_of(fix, uri, 1)) == MENDED
    assert "edit" not in ignore
    assert "edit" not in everything
    resolved = client.request("codeAction/resolve", everything)
    assert applied(DAG, edits_of(resolved, uri, 1)) == MENDED
    resolved = client.request("codeAction/resolve", ignore)
    silent = DAG.replace('csv")', 'csv")  # dag-advisor: ignore[missing-deferrable] ')
    assert applied(DAG, edits_of(resolved, uri, 1)) == silent
    assert "edit" not in client.request("codeAction/resolve", {**ignore, "data": {**ignore["data"], "at": 0}})
    client.change(uri, 2, insertion(0, 0, "#\n"))
    for action in (ignore, everything):  # of a text that is gone
        assert "edit" not in client.request("codeAction/resolve", action)


def test_a_client_without_versioned_edits_gets_plain_ones(start: Start, tmp_path: Path) -> None:
    client = start()
    client.initialize(tmp_path)
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, DAG)
    (fix,) = fixes(client, uri, LINE)
    assert applied(DAG, fix["edit"]["changes"][uri]) == MENDED


def test_fixes_that_belong_together_are_one_action(client: Client, tmp_path: Path) -> None:
    text = TWIN + TWIN.splitlines(keepends=True)[-1].replace("until", "again")
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, text)
    params = {
        "textDocument": {"uri": uri},
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}},
        "context": {"diagnostics": [], "only": ["quickfix"]},
    }
    fix, *suppressions = client.request("textDocument/codeAction", params)
    assert [one["title"] for one in suppressions] == ["dag-advisor: ignore sync-sensor on this statement"] * 2
    assert "together with 1 other change" in fix["title"]
    assert "import DateTimeSensorAsync as DateTimeSensor" in applied(text, edits_of(fix, uri, 1))


def test_a_suppression_that_does_nothing_is_shown_faded(client: Client, tmp_path: Path) -> None:
    text = MENDED.replace("True)", "True)  # dag-advisor: ignore[missing-deferrable] for now")
    uri = (tmp_path / "dag.py").as_uri()
    (finding,) = client.open(uri, text)
    assert finding["code"] == "unused-suppression"
    assert finding["tags"] == [1]
    (fix,) = fixes(client, uri, LINE, 75)
    assert applied(text, edits_of(fix, uri, 1)) == MENDED


def test_a_suppression_is_written_as_the_command_writes_it(client: Client, tmp_path: Path) -> None:
    text = DAG.replace('wait", ', 'wait",\n        ').replace('csv")', 'csv",  # of the ERP\n    )')
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, text)
    action = client.actions(uri, LINE + 1, only=["quickfix"])[-1]
    assert action["title"] == "dag-advisor: ignore missing-deferrable on this statement"
    assert not action.get("isPreferred")
    silent = applied(text, edits_of(action, uri, 1))
    assert silent == text.replace(
        'task_id="wait",\n', 'task_id="wait",  # dag-advisor: ignore[missing-deferrable] \n'
    )
    client.change(uri, 2, {"text": silent})
    assert client.diagnostics(uri) == []


def test_what_the_baseline_holds_is_not_shown(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "dag.py"
    file.write_text(DAG)
    (tmp_path / "pyproject.toml").write_text("")
    write = [sys.executable, "-m", "advisor", "check", "--write-baseline", str(tmp_path)]
    subprocess.run(write, cwd=tmp_path, capture_output=True, check=True)
    client = start()
    client.initialize(tmp_path, **VERSIONED)
    assert client.open(file.as_uri(), DAG) == []
    client.change(file.as_uri(), 2, {"text": "# more\n" + DAG + SENSOR.replace("x.csv", "y.csv")})
    (finding,) = client.diagnostics(file.as_uri())
    assert finding["range"]["start"]["line"] == LINE + 2
    # a fix of the new one is not kept back by the recorded one
    (fix,) = fixes(client, file.as_uri(), LINE + 2)
    assert [one["newText"] for one in edits_of(fix, file.as_uri(), 2)] == [", deferrable=True"]
    (tmp_path / "dag-advisor-baseline.json").unlink()
    client.notify("textDocument/didSave", {"textDocument": {"uri": file.as_uri()}})
    assert len(last(client, file.as_uri())) == 2


def test_hover_tells_about_the_class_and_the_rule(client: Client, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "apache-airflow==2.10.4\napache-airflow-providers-google==12.0.0\n"
    )
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, DAG)
    text = client.hover(uri, LINE, 6)
    assert "airflow.providers.google.cloud.sensors.gcs.GCSObjectExistenceSensor" in text
    assert "this project: Airflow 2.10.4, apache-airflow-providers-google 12.0.0 (requirements.txt)" in text
    assert "this call does not defer" in text
    assert "# missing-deferrable" in text
    assert "## Why is this bad?" in text
    text = client.hover(uri, LINE, 40)  # behind the class: the rule alone
    assert text.startswith("GCSObjectExistenceSensor holds")
    assert "sensor of" not in text
    client.change(uri, 2, {"text": MENDED})
    text = client.hover(uri, LINE, 6)
    assert "this call defers" in text
    assert "# missing-deferrable" not in text
    assert client.hover(uri, 4, 1) == ""


def test_hover_says_that_a_release_is_too_old_for_the_flag(client: Client, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "apache-airflow==2.5.1\napache-airflow-providers-google==8.0.0\n"
    )
    uri = (tmp_path / "dag.py").as_uri()
    assert "missing-deferrable" not in rules(client.open(uri, DAG))
    assert "this project has an older release" in client.hover(uri, LINE, 6)


def test_plain_text_for_a_client_without_markdown(start: Start, tmp_path: Path) -> None:
    client = start()
    client.initialize(tmp_path, textDocument={"hover": {"contentFormat": ["plaintext"]}})
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, DAG)
    text = client.hover(uri, LINE, 6)
    assert "GCSObjectExistenceSensor" in text
    assert "```" not in text
    assert "##" not in text


def test_a_changed_configuration_counts_at_once_with_and_without_a_watching_client(
    start: Start, tmp_path: Path
) -> None:
    client = start()
    watching = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
    client.initialize(tmp_path, workspace=watching)
    uri = (tmp_path / "dag.py").as_uri()
    assert rules(client.open(uri, DAG)) == ["missing-deferrable"]
    (asked,) = [one for one in client.asked if one["method"] == "client/registerCapability"]
    globs = [one["globPattern"] for one in asked["params"]["registrations"][0]["registerOptions"]["watchers"]]
    assert "**/*.toml" in globs
    file = tmp_path / "dag-advisor.toml"
    file.write_text('ignore = ["missing-deferrable"]\n')
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 1}]})
    assert client.diagnostics(uri) == []
    file.unlink()
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert rules(last(client, uri)) == ["missing-deferrable"]
    (tmp_path / "requirements.txt").write_text("apache-airflow==2.1.0\n")
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 1}]})
    assert "missing-deferrable" not in rules(last(client, uri))


def last(client: Client, uri: str) -> list[dict[str, Any]]:
    """What is said about a document once nothing new is said."""
    found = client.diagnostics(uri)
    while True:
        try:
            found = client.diagnostics(uri, 1.0)
        except AssertionError:
            return found


def test_a_wrong_configuration_is_told_once_and_kept_calm(start: Start, tmp_path: Path) -> None:
    (tmp_path / "dag-advisor.toml").write_text("triggerr = true\n")
    client = start()
    client.initialize(tmp_path)
    for name in ("a.py", "b.py"):
        assert client.open((tmp_path / name).as_uri(), DAG) == []
    told = [note["params"] for note in client.notes if note["method"] == "window/showMessage"]
    assert len(told) == 1
    assert "unknown key `triggerr`; did you mean `triggerer`?" in told[0]["message"]
    (tmp_path / "dag-advisor.toml").write_text("triggerer = true\n")
    uri = (tmp_path / "a.py").as_uri()
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert rules(last(client, uri)) == ["missing-deferrable"]


def test_every_workspace_folder_has_its_own_configuration(start: Start, tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in ("one", "two", "three"))
    for folder in (one, two, other):
        folder.mkdir()
        (folder / "pyproject.toml").write_text("[tool.dag-advisor]\n")
    (one / "dag-advisor.toml").write_text('ignore = ["missing-deferrable"]\n')
    (two / "dag-advisor.toml").write_text('[per-file-ignores]\n"quiet*" = ["ALL"]\n')
    client = start(cwd=one)
    client.initialize(one, two)
    assert rules(client.open((one / "dag.py").as_uri(), DAG)) == []
    assert rules(client.open((two / "dag.py").as_uri(), DAG)) == ["missing-deferrable"]
    assert rules(client.open((two / "quiet.py").as_uri(), DAG)) == []
    # outside of every folder: its own configuration counts, and not that of the working directory
    assert rules(client.open((other / "dag.py").as_uri(), DAG)) == ["missing-deferrable"]
    (other / "dag-advisor.toml").write_text('ignore = ["missing-deferrable"]\n')
    event = {"added": [{"uri": other.as_uri(), "name": "three"}], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert last(client, (other / "dag.py").as_uri()) == []


def test_untitled_documents_follow_the_first_folder(start: Start, tmp_path: Path) -> None:
    (tmp_path / "dag-advisor.toml").write_text("triggerer = false\n")
    client = start()
    client.initialize(tmp_path)
    assert "missing-deferrable" not in rules(client.open("untitled:Untitled-1", DAG))
    alone = start()
    alone.initialize()
    assert rules(alone.open("untitled:Untitled-1", DAG)) == ["missing-deferrable"]
    assert rules(alone.open("vscode-notebook-cell:/x/y.ipynb#W0", DAG)) == ["missing-deferrable"]


def test_what_is_excluded_or_installed_is_left_alone(start: Start, tmp_path: Path) -> None:
    (tmp_path / "dag-advisor.toml").write_text('exclude = ["old", "gone/*", "!gone/kept.py"]\n')
    client = start()
    client.initialize(tmp_path)
    assert rules(client.open((tmp_path / "gone/kept.py").as_uri(), DAG)) == ["missing-deferrable"]
    for name in ("old/dag.py", "gone/dag.py", ".venv/lib/python3.12/site-packages/airflow/dag.py"):
        assert client.open((tmp_path / name).as_uri(), DAG) == []
    assert rules(client.open((tmp_path / "older" / "dag.py").as_uri(), DAG)) == ["missing-deferrable"]


def test_a_saved_file_counts_for_those_that_import_it(client: Client, tmp_path: Path) -> None:
    (tmp_path / "common.py").write_text("WAIT = 30\n")
    text = HEAD.replace("from airflow.sdk", "from common import WAIT\nfrom airflow.sdk") + SENSOR.replace(
        "csv", 'csv", timeout=WAIT, task_display_name="x'
    )
    uri, common = (tmp_path / "dag.py").as_uri(), (tmp_path / "common.py").as_uri()
    (tmp_path / "pyproject.toml").write_text("")
    assert rules(client.open(uri, text)) == []
    client.open(common, "WAIT = 30\n")
    (tmp_path / "common.py").write_text("WAIT = 7200\n")
    client.notify("textDocument/didSave", {"textDocument": {"uri": common}})
    (finding,) = last(client, uri)
    assert "up to 2 h" in finding["message"]


def test_only_python_is_looked_at(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "x.toml").as_uri()
    item = {"uri": uri, "languageId": "toml", "version": 1, "text": DAG}
    client.notify("textDocument/didOpen", {"textDocument": item})
    assert client.actions(uri, LINE) == []
    assert client.hover(uri, LINE, 6) == ""


def test_malformed_messages_are_answered_and_survived(client: Client, tmp_path: Path) -> None:
    def answer() -> dict[str, Any]:
        return client.wait(lambda message: "error" in message)

    client.raw(b"Content-Length: 5\r\n\r\n{oops")
    assert answer()["error"]["code"] == -32700
    client.raw(b"Content-Length: 2\r\n\r\n[]")
    assert answer()["error"]["code"] == -32600
    client.raw(b"Content-Length: nonsense\r\n\r\nrubbish\r\n\r\n\r\nContent-Length: 0\r\n\r\n")
    client.raw(b"content-type: x\r\nCONTENT-LENGTH:4\r\n\r\nnull")
    assert answer()["error"]["code"] == -32600
    body = b"[" * 100_000
    client.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert answer()["error"]["code"] == -32700
    assert client.ask("textDocument/hover", {"position": "here"})["error"]["code"] == -32602
    assert client.ask("no/such/method", {})["error"]["code"] == -32601
    client.notify(
        "textDocument/didChange",
        {"textDocument": {"uri": "file:///nowhere.py", "version": 1}, "contentChanges": []},
    )
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///nowhere.py"}})
    client.notify("textDocument/didChange", {"nonsense": True})
    client.notify("$/unknown", {})
    client.send({"id": 99, "result": {"of": "nothing"}})
    uri = (tmp_path / "dag.py").as_uri()
    client.open(uri, DAG)
    client.change(uri, 2, insertion(10_000, 10_000, "# far behind\n"), insertion(0, 10_000, "  # end"))
    assert rules(client.diagnostics(uri)) == ["missing-deferrable"]
    assert client.hover(uri, 10_000, 3) == ""


def test_a_message_before_hello_is_survived(start: Start, tmp_path: Path) -> None:
    client = start()
    uri = (tmp_path / "dag.py").as_uri()
    assert rules(client.open(uri, DAG)) == ["missing-deferrable"]
    client.initialize(tmp_path)
    assert client.hover(uri, LINE, 6)


def test_it_ends_when_the_client_closes_the_stream(start: Start, tmp_path: Path) -> None:
    client = start()
    client.initialize(tmp_path)
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert client.process.wait(WAIT) == 1


def test_exit_without_shutdown_is_an_error(start: Start, tmp_path: Path) -> None:
    client = start()
    client.initialize(tmp_path)
    client.notify("exit", None)
    assert client.process.wait(WAIT) == 1


@pytest.mark.skipif(os.name == "nt", reason="a closed stream tells it there")
def test_it_ends_when_the_clients_process_is_gone(start: Start) -> None:
    client = start()
    editor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        params: dict[str, Any] = {"processId": editor.pid, "rootUri": None, "capabilities": {}}
        client.request("initialize", params)
        editor.send_signal(signal.SIGKILL)
        editor.wait()
        assert client.process.wait(WAIT) == 1  # though its stream is still open
    finally:
        editor.kill()
        editor.wait()


def test_standard_output_belongs_to_the_protocol(start: Start, tmp_path: Path) -> None:
    # A configuration that makes `check` warn on stderr, and Python itself warn, must not disturb the stream.
    client = start(PYTHONWARNINGS="always", DAG_ADVISOR_DEBUG="1")
    client.initialize(tmp_path)
    text = DAG + 'PATTERN = "\\d"\n'
    assert rules(client.open((tmp_path / "dag.py").as_uri(), text)) == ["missing-deferrable"]
    assert client.finish() == 0


def test_options_count(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "elsewhere.toml"
    config.write_text('ignore = ["missing-deferrable"]\n')
    client = start("--stdio", "--config", str(config))
    client.initialize(tmp_path)
    assert client.open((tmp_path / "dag.py").as_uri(), DAG) == []
    (tmp_path / "dag-advisor.toml").write_text("nonsense = 1\n")
    isolated = start("--isolated", "--target-airflow", "2.1")
    isolated.initialize(tmp_path)
    assert "missing-deferrable" not in rules(isolated.open((tmp_path / "dag.py").as_uri(), DAG))


def test_a_bad_configuration_on_the_command_line_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "advisor", "server", "--config", str(tmp_path / "none.toml")]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "can't be read" in done.stderr


def test_without_pygls_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'pygls' else found(name, *rest)\n"
        "from advisor.cli import main\n"
        "sys.exit(main(['server']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input="", capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        'error: the language server needs pygls: install it with `pip install "dag-advisor[server]"`\n'
    )


def test_a_long_file_and_a_deep_one_are_answered(client: Client, tmp_path: Path) -> None:
    big = HEAD + SENSOR * 3000
    uri = (tmp_path / "big.py").as_uri()
    assert len(client.open(uri, big)) == 3000
    deep = (
        HEAD
        + "    x = "
        + " + ".join(["1"] * 1500)
        + "\n"
        + "    x = "
        + "(" * 150
        + "1"
        + ")" * 150
        + "\n"
        + SENSOR
    )
    assert rules(client.open((tmp_path / "deep.py").as_uri(), deep)) == ["missing-deferrable"]
