"""Messages from standard input and answers to standard output; what is malformed is answered, and harms nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Final

LARGEST: Final = 256 * 1024 * 1024  # bytes of one message
_HEADER: Final = 64 * 1024  # bytes of one header line
_LOOK: Final = 2.0  # seconds between two looks at whether the client is alive
_PARSE_ERROR, _INVALID_REQUEST, _INVALID_PARAMETERS = -32700, -32600, -32602

log = logging.getLogger("dag-advisor")


class Output:
    """Standard output, for the protocol alone: whatever else is printed goes to standard error."""

    def __init__(self) -> None:
        sys.stdout.flush()
        number = sys.stdout.fileno()
        self._file: BinaryIO = os.fdopen(os.dup(number), "wb")
        os.dup2(sys.stderr.fileno(), number)
        sys.stdout = sys.stderr

    def write(self, data: bytes) -> None:
        """Send one message with its header; raises BrokenPipeError once the client is gone."""
        self._file.write(data)
        self._file.flush()

    def close(self) -> None:
        """Nothing: the process ends a moment later."""


def messages(stream: BinaryIO) -> Iterator[bytes]:
    """The body of every message, until the stream ends; what is too large comes as b""."""
    while True:
        length = 0
        while line := stream.readline(_HEADER):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                digits = value.strip()
                length = int(digits) if digits.isdigit() and len(digits) < 16 else 0
            elif not line.strip():
                break
        if not line:
            return
        if length > LARGEST:
            _skip(stream, length)
            yield b""
        elif length:
            body = stream.read(length)
            if len(body) < length:
                return
            yield body


def _skip(stream: BinaryIO, length: int) -> None:
    while length > 0 and (piece := stream.read(min(length, 1 << 20))):
        length -= len(piece)


class Connection:
    """One client, from its first message until it says `exit`, closes the stream, or its process ends."""

    def __init__(self, protocol: Any, output: Output) -> None:
        self._protocol = protocol
        self._output = output
        self._ended: asyncio.Future[int] | None = None
        self._client: int | None = None
        protocol.set_writer(output)

    def watch(self, process: int | None) -> None:
        """End as soon as this process is gone: a client that was killed says nothing."""
        # On Windows `os.kill` ends what it is to look at; there, as elsewhere, the closed stream tells.
        if process and process > 0 and os.name != "nt" and process != os.getpid():
            self._client = process

    def run(self) -> int:
        """Serve until the end; the exit code is 1 where nobody asked to shut down before."""
        return asyncio.run(self._serve())

    async def _serve(self) -> int:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[int] = loop.create_future()
        self._ended = ended
        threading.Thread(target=self._read, args=(loop.call_soon_threadsafe,), daemon=True).start()
        while not ended.done():
            await asyncio.wait([ended], timeout=_LOOK)
            if self._client is not None and not _alive(self._client):
                log.warning("the client's process is gone")
                return 1
        return ended.result()

    def _read(self, soon: Callable[..., object]) -> None:
        with suppress(OSError, ValueError, RuntimeError):  # the loop may be closed already
            for body in messages(sys.stdin.buffer):
                soon(self._receive, body)
            soon(self._end, 1)

    def _end(self, code: int) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(code)

    def _receive(self, body: bytes) -> None:
        try:
            try:
                message = json.loads(body, object_hook=self._protocol.structure_message)
            except Exception as error:
                self._refuse(body, error)
                return
            if not hasattr(message, "jsonrpc"):
                self._send_error(None, _INVALID_REQUEST, "this is no message of JSON-RPC 2.0")
                return
            self._protocol.handle_message(message)
        except SystemExit as stop:  # how pygls answers `exit`
            self._end(stop.code if isinstance(stop.code, int) else 0)
        except BrokenPipeError:
            self._end(1)
        except Exception:
            log.exception("a message could not be handled")

    def _refuse(self, body: bytes, error: Exception) -> None:
        try:
            raw = json.loads(body)
        except (ValueError, RecursionError):
            self._send_error(None, _PARSE_ERROR, "this is no JSON")
            return
        if isinstance(raw, dict) and isinstance(raw.get("id"), str | int) and "method" in raw:
            self._send_error(raw["id"], _INVALID_PARAMETERS, "the request's parameters can't be understood")
        log.warning("a message could not be understood: %s", type(error).__name__)

    def _send_error(self, number: str | int | None, code: int, message: str) -> None:
        answer = {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}
        body = json.dumps(answer).encode()
        self._output.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True
