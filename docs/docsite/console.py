"""Runs the commands that a page quotes (`$ dag-advisor …` in `console` blocks), on a terminal, in a folder of its own.

Blocks with a title are files: they are written as they come, so that a page reads, and runs, from top to bottom.
"""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

from docsite.blocks import Block, blocks

COLUMNS = "100"
LIMIT = 60  # seconds a command


def transcript(page: str, folder: Path) -> list[tuple[Block, str]]:
    """The console blocks of a page, each with its text as it really is; writes below `folder`."""
    found = []
    for block in blocks(page):
        if block.language == "console":
            commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
            said = "".join(f"$ {command}\n{run(command, folder)}" for command in commands)
            found.append((block, said))
        elif block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    return found


def refreshed(page: str, folder: Path) -> str:
    """The page, with the output that its commands really give."""
    for block, said in reversed(transcript(page, folder)):
        page = page[: block.start] + said + page[block.end :]
    return page


def run(command: str, folder: Path) -> str:
    """What a command prints on a terminal 100 columns wide; `dag-advisor` is this tool, the rest a shell's."""
    home = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    environment = {**home, "COLUMNS": COLUMNS, "NO_COLOR": "1", "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    if sys.flags.dont_write_bytecode:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    tool = f"{shlex.quote(sys.executable)} -m advisor"
    script = f'dag-advisor() {{ {tool} "$@"; }}\n{command}\n'
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux says EIO where the other end is closed
            break
        if not chunk:
            break
        said += chunk
    os.close(ours)
    process.wait(timeout=LIMIT)
    return said.decode("utf-8", "replace").replace("\r\n", "\n")
