"""Looks for inputs that break a law for as long as it is told: `python tests/fuzz/run.py --minutes 10`.

Each failure is told once, by the exception and the place it came from, and its input written to `--found`. `--guided
LAW` lets atheris choose the inputs by the code that they reach (`pip install atheris`; it ends at the first failure).
`--kills N` looks for nothing: it kills `fix` at N random moments over 150 files and asks that none is half-written.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent)]

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis.errors import NonInteractiveExampleWarning  # noqa: E402

from fuzz import laws  # noqa: E402


def main() -> int:
    """Run the laws in turn; 1 where one was broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9), help="where to begin")
    parser.add_argument("--law", action="append", choices=sorted(laws.LAWS), help="these only")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"), help="folder for inputs that fail")
    parser.add_argument("--guided", choices=sorted(laws.LAWS), metavar="LAW")
    parser.add_argument("--kills", type=int, metavar="N")
    options = parser.parse_args()
    if options.kills:
        return _kill(options.kills, options.seed)
    warnings.simplefilter("ignore", NonInteractiveExampleWarning)
    if options.guided:
        return _guided(options.guided, int(options.minutes * 60))
    options.found = options.found.absolute()
    tried: Counter[str] = Counter()
    told: Counter[str] = Counter()
    end = time.monotonic() + options.minutes * 60
    names = options.law or list(laws.LAWS)
    turn = 0
    print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while time.monotonic() < end:
            _try(names[turn % len(names)], options.seed + turn, tried, told, options.found)
            turn += 1
    except KeyboardInterrupt:
        print("stopped")
    spent = sum(os.times()[:4])
    print(f"{spent:.0f} s of processor time, {sum(tried.values())} inputs: {dict(tried)}")
    for what, number in told.most_common():
        print(f"{number} x {what}")
    return int(bool(told))


def _try(name: str, start: int, tried: Counter[str], told: Counter[str], found: Path) -> None:
    law, inputs, number = laws.LAWS[name]

    @seed(start)
    @settings(
        max_examples=4 * number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def one(case: Any) -> None:
        tried[name] += 1
        try:
            law(case)
        except Exception as error:  # noted, and on with the next one
            place = _place(error)
            told[f"{name}: {place}"] += 1
            if told[f"{name}: {place}"] <= 3:
                found.mkdir(exist_ok=True)
                file = found / f"{name}-{start}-{tried[name]}"
                file.write_bytes(case if isinstance(case, bytes) else repr(case).encode("utf-8", "replace"))
                print(f"{file}: {place}", flush=True)
                file.with_suffix(".txt").write_text(traceback.format_exc(), errors="backslashreplace")

    one()


def _kill(number: int, start: int) -> int:
    import tempfile

    import test_faults

    done = turn = 0
    while done < number:
        with tempfile.TemporaryDirectory() as folder:
            paths = test_faults.tree(Path(folder), 150)
            done += test_faults.killed_until_done(Path(folder), paths, start + turn, number - done)
        turn += 1
    print(f"killed {done} times, {turn} trees of 150 files whole")
    return 0


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/advisor/" in frame.filename or "/rules/" in frame.filename]
    laws_frames = [frame for frame in frames if frame.filename.endswith("laws.py")]
    last = (ours if ours and not isinstance(error, AssertionError) else laws_frames or frames)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}"


def _guided(name: str, seconds: int) -> int:
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

    # Compiled modules can't be told from inside; ours are instrumented once they are all there.
    law, inputs, _ = laws.LAWS[name]
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("advisor"):
            for thing in list(vars(module).values()):
                if (
                    callable(thing)
                    and getattr(thing, "__module__", None) == module.__name__
                    and hasattr(thing, "__code__")
                ):
                    atheris.instrument_func(thing)
                elif isinstance(thing, type):
                    for method in vars(thing).values():
                        if hasattr(method, "__code__"):
                            atheris.instrument_func(method)

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs)
    def one(case: Any) -> None:
        law(case)

    arguments = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=2048", "-len_control=0"]
    atheris.Setup(arguments, one.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
