"""Many files in, findings out: one after the other, or in processes where the run is long enough to pay."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from advisor import engine
from advisor.config import ignored_in
from advisor.files import Found, Unreadable, read
from advisor.finding import Finding, Span
from advisor.records import dataclass, replace

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from advisor.engine import Context
    from advisor.stamps import Seen

UNREADABLE = "unreadable-file"
# Seconds. Starting processes costs about 0.1 s each; a run shorter than this is over before they help.
_ALONE = 0.4
_WORTH = 1.0
_CHUNK = 25
_WORTH_REMEMBERING = 50  # files


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `failure`: the traceback of our own mistake, "" in every run that is well.

    `seen` is what the cache has to know, in a run that has one.
    """

    path: str
    findings: tuple[Finding, ...]
    failure: str = ""
    seen: Seen | None = None


def check_data(data: bytes, path: str, context: Context) -> list[Finding]:
    """The findings of one file's bytes, with the configuration's `per-file-ignores` for its path."""
    return engine.check(data, path, context_for(path, context))


def context_for(path: str, context: Context) -> Context:
    """The context without the rules that `per-file-ignores` takes out of this file."""
    ignored = ignored_in(context.settings, path)
    if not ignored:
        return context
    left = [rule for rule in context.rules if not ignored & {rule.name, rule.group, "ALL"}]
    return replace(context, rules=left)


def check_found(found: Found, context: Context) -> Outcome:
    """The outcome of one found path."""
    if found.error is not None:
        return Outcome(found.path, unreadable(found.path, found.error, context))
    if context.project.tracking:
        return _noted(found.path, context)
    try:
        data = read(found.path)
    except Unreadable as error:
        return Outcome(found.path, unreadable(found.path, error.message, context))
    return guarded(data, found.path, context)


def _noted(path: str, context: Context) -> Outcome:
    """The outcome of one file, with what another run has to know to tell whether it still holds."""
    from advisor import stamps  # hashing takes a while to import

    stamp = stamps.stamp_of(path)  # taken first: a change while we read shows next time
    try:
        data = read(path)
    except Unreadable as error:
        return Outcome(path, unreadable(path, error.message, context))
    outcome = guarded(data, path, context)
    if stamp is None or outcome.failure:
        return outcome
    return replace(outcome, seen=stamps.see(data, stamp, engine.has_trace(data), context.project))


def guarded(data: bytes, path: str, context: Context) -> Outcome:
    """The outcome for one file's bytes; a mistake of ours becomes `failure`, so that the run can go on."""
    try:
        return Outcome(path, tuple(check_data(data, path, context)))
    except Exception:
        from traceback import format_exc

        return Outcome(path, (), format_exc())


def unreadable(path: str, message: str, context: Context) -> tuple[Finding, ...]:
    """The finding about a path that can't be read at all."""
    span = Span(0, 0, 1, 1, 1, 1)
    finding = Finding(span, message, rule=UNREADABLE)
    return tuple(engine.finish([finding], path, context_for(path, context)))


def collect_rarely() -> None:
    """Let Python look for dead cycles once in many objects: a file's model is made and dropped as a whole.

    What lives already, the catalog above all, is not looked at any more. More rarely still would be no faster.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def check_all(
    found: Sequence[Found],
    context: Context,
    *,
    jobs: int | None,
    advance: Callable[[], None],
    remember: bool = False,
) -> list[Outcome]:
    """The outcome of every path, in their order, whatever `jobs` (processes at most; None: the cores) is.

    `remember`: whether findings of earlier runs may be used, and those of this one be kept; for a few files neither
    pays.
    """
    if len(found) > _CHUNK:
        collect_rarely()
    if not remember or len(found) < _WORTH_REMEMBERING:
        return _check_all(found, context, jobs, advance)
    from advisor.cache import Cache

    context.project.tracking = True
    store = Cache(context.settings.root, context)
    readable = [one.path for one in found if one.error is None]
    known = dict(zip(readable, store.known(readable), strict=True))
    new = [one for one in found if known.get(one.path) is None]
    for _ in range(len(found) - len(new)):
        advance()
    outcomes = {outcome.path: outcome for outcome in _check_all(new, context, jobs, advance)}
    store.keep([(path, one.seen, one.findings) for path, one in outcomes.items() if one.seen is not None])
    return [
        outcomes[one.path] if one.path in outcomes else Outcome(one.path, known.get(one.path) or ())
        for one in found
    ]


def _check_all(
    found: Sequence[Found], context: Context, jobs: int | None, advance: Callable[[], None]
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    started = time.monotonic()
    limit = jobs or cores()
    for index, one in enumerate(found):
        spent = time.monotonic() - started
        if index and limit > 1 and spent > _ALONE and spent / index * (len(found) - index) > _WORTH:
            outcomes += _in_processes(found[index:], context, limit, advance)
            break
        outcomes.append(check_found(one, context))
        advance()
    return outcomes


def cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


_context: Context | None = None


def _start(context: Context) -> None:
    import signal
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    global _context
    _context = context


def _end_with_parent() -> None:
    """Wait until the parent is gone, and go, too: a worker whose parent was killed would wait for work for ever."""
    from multiprocessing import connection, parent_process

    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(chunk: Sequence[Found]) -> list[Outcome]:
    assert _context is not None
    return [check_found(one, _context) for one in chunk]


def _in_processes(
    found: Sequence[Found], context: Context, limit: int, advance: Callable[[], None]
) -> Iterator[Outcome]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    chunks = [found[at : at + _CHUNK] for at in range(0, len(found), _CHUNK)]
    # fork gives the workers the context for nothing; elsewhere it is sent to each of them.
    way = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(min(limit, len(chunks)), way, _start, (context,))
    done = 0
    try:
        with _uninterrupted():
            results = pool.map(_work, chunks)
        for outcomes in results:
            for outcome in outcomes:
                yield outcome
                advance()
            done += 1
    except BrokenProcessPool:  # killed from outside (memory): go on alone
        for one in (one for chunk in chunks[done:] for one in chunk):
            yield check_found(one, context)
            advance()
    except BaseException:
        _stop(pool)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait: Python runs code of its own around a fork, where it would be told and forgotten.

    What is started meanwhile never sees it: the parent answers.
    """
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):  # no public way to end a pool at once before 3.14
        process.terminate()
    queue = pool._result_queue
    if queue is not None:
        # One of them may have been cut off in the middle of a result: without this end nobody waits for its rest.
        queue._writer.close()  # type: ignore[attr-defined]
