"""Shell completion: the scripts complete in real shells (zsh and fish where they are installed)."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor import options
from advisor.completion import script
from advisor.rule import discover

ROOT = Path(__file__).parent.parent
GROUPS = {rule.group for rule in discover().values()}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few files, the command on the path, and the scripts."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "bin").mkdir()
    tool = folder / "bin" / "dag-advisor"
    tool.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m advisor "$@"\n')
    tool.chmod(0o755)
    (folder / "dags").mkdir()
    for name in ("dag one.py", "dagtwo.py", "notes.txt", "conf.toml"):
        (folder / name).write_text("")
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [tool, "generate-shell-completion", shell], capture_output=True, text=True, check=True
        )
        assert done.stdout == script(shell)
        (folder / f"script.{shell}").write_text(done.stdout)
    return folder


def environment(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PYTHON"))}
    return {**kept, "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb"}


def bash(home: Path, *words: str) -> set[str]:
    """What bash offers for the last of these words."""
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    code = (
        f"source script.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1};"
        "_dag_advisor 2>&1; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", code],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.splitlines()) - {""}


def test_bash_completes_commands(home: Path) -> None:
    assert bash(home, "dag-advisor", "") == {*options.COMMANDS, "--help", "--version"}
    assert bash(home, "dag-advisor", "ch") == {"check"}
    assert bash(home, "dag-advisor", "chx") == set()


@pytest.mark.parametrize("command", options.COMMANDS)
def test_bash_completes_every_option(home: Path, command: str) -> None:
    wanted = {option for action in options.parser_of(command)._actions for option in action.option_strings}
    assert bash(home, "dag-advisor", command, "-") == wanted
    assert bash(home, "dag-advisor", command, "--vers") == {"--version"}


def test_bash_completes_rules_and_groups_behind_commas(home: Path) -> None:
    assert bash(home, "dag-advisor", "check", "--select", "") == {*discover(), *GROUPS, "ALL"}
    assert bash(home, "dag-advisor", "check", "--select", "inert") == {"inert-deferrable"}
    assert bash(home, "dag-advisor", "fix", "--ignore", "poke-sensor,inert") == {
        "poke-sensor,inert-deferrable"
    }
    assert bash(home, "dag-advisor", "check", "--select", "=", "inert") == {"inert-deferrable"}
    assert bash(home, "dag-advisor", "check", "--select", "=") == {*discover(), *GROUPS, "ALL"}
    assert bash(home, "dag-advisor", "explain", "poke") == {"poke-sensor"}
    assert bash(home, "dag-advisor", "explain", "") == set(discover())


def test_bash_completes_values_and_files(home: Path) -> None:
    assert bash(home, "dag-advisor", "check", "--output-format", "s") == {"sarif"}
    assert bash(home, "dag-advisor", "check", "--color", "") == {"auto", "always", "never"}
    assert bash(home, "dag-advisor", "check", "--jobs", "") == set()
    assert bash(home, "dag-advisor", "check", "da") == {"dag one.py", "dagtwo.py", "dags"}
    assert bash(home, "dag-advisor", "check", "--config", "co") == {"conf.toml"}
    assert bash(home, "dag-advisor", "generate-shell-completion", "") == {"bash", "zsh", "fish"}
    assert bash(home, "dag-advisor", "check", "$(touch pwned)") == set()
    assert not (home / "pwned").exists()


def test_bash_completes_revisions(home: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "-b", "trunk"], cwd=home, check=True)
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    commit = ["git", *identity, "commit", "--quiet", "--allow-empty", "-m", "x"]
    subprocess.run(commit, cwd=home, env=environment(home), check=True)
    assert bash(home, "dag-advisor", "check", "--diff-base", "tr") == {"trunk"}


def test_bash_completes_the_catalog(home: Path) -> None:
    assert bash(home, "dag-advisor", "catalog", "s") == {"show", "search", "scan"}
    assert "S3KeySensor" in bash(home, "dag-advisor", "catalog", "show", "S3Key")
    full = "airflow.providers.amazon.aws.sensors.s3.S3KeySensor"
    assert full in bash(home, "dag-advisor", "catalog", "show", full[:-6])


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes(home: Path) -> None:
    def fish(line: str) -> set[str]:
        code = f"source script.fish; complete -C '{line}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", code],
            cwd=home,
            env=environment(home),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return {one.partition("\t")[0] for one in done.stdout.splitlines()}

    assert fish("dag-advisor ") == set(options.COMMANDS)
    assert fish("dag-advisor check --sel") == {"--select"}
    assert "inert-deferrable" in fish("dag-advisor check --select in")
    assert fish("dag-advisor check --select poke-sensor,ine") == {"poke-sensor,inert-deferrable"}
    assert fish("dag-advisor check --select=poke-sensor,ine") == {"--select=poke-sensor,inert-deferrable"}
    assert fish("dag-advisor explain poke") == {"poke-sensor"}
    assert fish("dag-advisor check --output-format sa") == {"sarif"}
    assert {"dagtwo.py", "dags/"} <= fish("dag-advisor check da")
    assert fish("dag-advisor catalog s") == {"show", "search", "scan"}
    assert "S3KeySensor" in fish("dag-advisor catalog show S3Key")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("dag-advisor expl", "dag-advisor explain "),
        ("dag-advisor check --sel", "dag-advisor check --select="),
        ("dag-advisor check --select=inert-", "dag-advisor check --select=inert-deferrable"),
        (
            "dag-advisor check --ignore poke-sensor,inert-",
            "dag-advisor check --ignore poke-sensor,inert-deferrable",
        ),
        ("dag-advisor explain poke-", "dag-advisor explain poke-sensor"),
        ("dag-advisor check --output-format sar", "dag-advisor check --output-format sarif"),
        ("dag-advisor check dagt", "dag-advisor check dagtwo.py"),
        ("dag-advisor catalog sho", "dag-advisor catalog show"),
        ("dag-advisor catalog show S3KeysUnchangedSensorA", "show S3KeysUnchangedSensorAsync"),
    ],
)
def test_zsh_completes(home: Path, typed: str, wanted: str) -> None:
    """A real zsh on a pseudo-terminal; what is typed is completed by the tab key."""
    parent, child = pty.openpty()
    setup = "autoload -Uz compinit; compinit -u -D; source ./script.zsh; PS1='>'; echo READY\n"
    with subprocess.Popen(
        ["zsh", "-f", "-i"], cwd=home, stdin=child, stdout=child, stderr=child, env=environment(home)
    ) as process:
        os.close(child)

        def until(text: str, seconds: float) -> str:
            seen, end = "", time.monotonic() + seconds
            while time.monotonic() < end:
                if select.select([parent], [], [], 0.1)[0]:
                    seen += os.read(parent, 65536).decode("utf-8", "replace").replace("\r", "")
                seen = seen.replace("\x07", "")
                if text in seen:
                    break
            return seen

        try:
            os.write(parent, setup.encode())
            until("READY\n", 20)
            os.write(parent, typed.encode() + b"\t")
            assert wanted in until(wanted, 20)
        finally:
            process.kill()
            os.close(parent)


def test_other_tools_names_for_it_work_too(home: Path) -> None:
    done = subprocess.run(
        [home / "bin" / "dag-advisor", "completion", "bash"], capture_output=True, text=True, check=True
    )
    assert done.stdout == script("bash")
    done = subprocess.run(
        [home / "bin" / "dag-advisor", "completion", "bsh"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "did you mean `bash`?" in done.stderr) == (2, True)
