"""A language client for tests: a real server process, spoken to over its standard input and output."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

WAIT = 30.0  # seconds; far more than any answer takes


class Client:
    """One server process and what it said; `request` answers what the server asks in the meantime."""

    def __init__(self, *options: str, cwd: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "advisor", "server", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **environment},
        )
        self.incoming: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.notes: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.errors: list[bytes] = []
        self.number = 0
        for target in (self._read, self._read_errors):
            threading.Thread(target=target, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                assert value, f"not the protocol: {line!r}"
                if name.lower() == b"content-length":
                    length = int(value)
                line = self.process.stdout.readline()
            self.incoming.put(json.loads(self.process.stdout.read(length)))
        self.incoming.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def stderr(self) -> str:
        """What the server wrote to standard error so far."""
        return b"".join(self.errors).decode()

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        """The result of a request; fails on an error."""
        answer = self.ask(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    def ask(self, method: str, params: Any) -> dict[str, Any]:
        """The whole answer to a request."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        return self.wait(lambda message: message.get("id") == self.number and "method" not in message)

    def wait(self, wanted: Any, seconds: float = WAIT) -> dict[str, Any]:
        """The next message of which `wanted` is true; all others are kept, questions are answered with null."""
        end = time.monotonic() + seconds
        while True:
            try:
                message = self.incoming.get(timeout=max(end - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError(f"no such message; {self.notes[-3:]} {self.stderr()}") from None
            assert message is not None, f"the server ended: {self.stderr()}"
            if "method" in message and "id" in message:
                self.asked.append(message)
                self.send({"id": message["id"], "result": None})
            if wanted(message):
                return message
            if "method" in message:
                self.notes.append(message)

    def initialize(self, *folders: Path, **capabilities: Any) -> dict[str, Any]:
        """Say hello with these workspace folders; the server's capabilities."""
        names = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        params = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": capabilities,
            "workspaceFolders": names,
        }
        result = self.request("initialize", params)
        self.notify("initialized", {})
        capabilities_of_server: dict[str, Any] = result["capabilities"]
        return capabilities_of_server

    def open(self, uri: str, text: str, version: int = 1, language: str = "python") -> list[dict[str, Any]]:
        """Open a document; what is said about it."""
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return self.diagnostics(uri)

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    def diagnostics(self, uri: str, seconds: float = WAIT) -> list[dict[str, Any]]:
        """What is said next about a document."""
        return list(self.publication(uri, seconds)["diagnostics"])

    def publication(self, uri: str, seconds: float = WAIT) -> dict[str, Any]:
        def about(message: dict[str, Any]) -> bool:
            return (
                message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri
            )

        params: dict[str, Any] = self.wait(about, seconds)["params"]
        return params

    def actions(self, uri: str, line: int, character: int = 0, **context: Any) -> list[dict[str, Any]]:
        at = {"line": line, "character": character}
        params = {
            "textDocument": {"uri": uri},
            "range": {"start": at, "end": at},
            "context": {"diagnostics": [], **context},
        }
        found: list[dict[str, Any]] = self.request("textDocument/codeAction", params) or []
        return found

    def hover(self, uri: str, line: int, character: int) -> str:
        """The text of a hover; "" where there is none."""
        params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        result = self.request("textDocument/hover", params)
        return result["contents"]["value"] if result else ""

    def finish(self) -> int:
        """Shut the server down as a client does; its exit code."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(WAIT)

    def close(self) -> None:
        """End the process, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.close()


def applied(text: str, edits: list[dict[str, Any]], unit: str = "utf-16") -> str:
    """The text after edits, worked out by counting units one by one."""

    def offset(position: dict[str, int]) -> int:
        at = 0
        for _ in range(position["line"]):
            while text[at] not in "\r\n":
                at += 1
            at += 2 if text[at : at + 2] == "\r\n" else 1
        left = position["character"]
        while left > 0:
            left -= _size(text[at], unit)
            at += 1
        assert left == 0, "a position inside a character"
        return at

    found = [(offset(one["range"]["start"]), offset(one["range"]["end"]), one["newText"]) for one in edits]
    for start, end, new in sorted(found, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _size(character: str, unit: str) -> int:
    if unit == "utf-32":
        return 1
    return len(character.encode("utf-8")) if unit == "utf-8" else len(character.encode("utf-16-le")) // 2
