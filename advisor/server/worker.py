"""The one thread in which everything is parsed and checked, so that the editor is always heard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")

_STACK: Final = (
    64 * 1024 * 1024
)  # bytes; as much as deep code needs, which a thread does not have on every system


class Worker:
    """Runs one function after the other: what a project remembers of its files is not made for two threads."""

    def __init__(self) -> None:
        before = threading.stack_size(_STACK)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="advisor")
        self._pool.submit(int).result()  # the thread starts now, with this stack
        threading.stack_size(before)

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The function's result, worked out after everything that was asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
