"""The pictures of the decision guide, drawn from the measured numbers: the same input gives the same bytes.

Each brings its own background and follows the reader's light or dark mode, so that it can be read on any page.
"""

from __future__ import annotations

from html import escape
from math import log10
from pathlib import Path

ASSETS = Path(__file__).parent.parent / "assets"

# Measured on Airflow 3.3.2, LocalExecutor: seconds in the running state.
HELD_EXTRA = 0.4  # a task that holds its slot: the wait and this much
A_POKE = 0.3  # each look of a sensor in reschedule mode
DEFERRED = (0.2, 0.7)  # two starts of a deferred task, however long the wait
SLOT_BREAK_EVEN = 3.0  # a deferral, counted until the executor has the slot back
FAILURES = 10.0  # deferrals and reschedules of this length or less fail tasks on Airflow 3
MEASURED_TO = 60.0  # longer waits were not measured but reckoned from these

_STYLE = """\
    .card { fill: #ffffff; stroke: #d0d4da }
    text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
    .small { font-size: 12px }
    .strong { font-weight: 600 }
    .grid { stroke: #e4e7eb }
    .axis, .arrow { stroke: #59636e; fill: none }
    .head { fill: #59636e }
    .question { fill: #eef2f7; stroke: #8c96a3 }
    .answer { fill: #e3f4e8; stroke: #3f8f5b }
    .zone { fill: #d1242f; fill-opacity: 0.1 }
    .held { stroke: #c2410c; fill: none; stroke-width: 2.5 }
    .poked { stroke: #1d6fd1; fill: none; stroke-width: 2.5; stroke-dasharray: 7 4 }
    .deferred { stroke: #1f883d; fill: none; stroke-width: 2.5 }
    .band { fill: #1f883d; fill-opacity: 0.18 }
    .slot { stroke: #1f883d; fill: none; stroke-width: 2; stroke-dasharray: 2 4 }
    @media (prefers-color-scheme: dark) {
      .card { fill: #171b21; stroke: #3d444d }
      text { fill: #e6e9ee }
      .grid { stroke: #2a3038 }
      .axis, .arrow { stroke: #9aa4b0 }
      .head { fill: #9aa4b0 }
      .question { fill: #232a34; stroke: #7d8794 }
      .answer { fill: #173323; stroke: #4fae72 }
      .zone { fill: #ff7b72; fill-opacity: 0.16 }
      .held { stroke: #ff9a5c }
      .poked { stroke: #6cb1ff }
      .deferred, .slot { stroke: #56d37c }
      .band { fill: #56d37c }
    }
"""


def _svg(width: int, height: int, title: str, description: str, body: list[str]) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title description">',
        f'  <title id="title">{escape(title)}</title>',
        f'  <desc id="description">{escape(description)}</desc>',
        f"  <style>\n{_STYLE}  </style>",
        f'  <rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
        *(f"  {line}" for line in body),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{style}>{escape(words)}</text>'


# The decision tree: question, what is said on the way to the answer, the answer's lines, and on the way on.
_STEPS = (
    (
        "Many short calls at once?",
        "yes",
        ("One async task, Airflow 3.2 on", "asyncio.gather behind a semaphore"),
        "no",
    ),
    ("Can it take longer than 10 s?", "no", ("Poke: wait in place", "the plain operator or sensor"), "yes"),
    ("Does a triggerer run?", "no", ("Reschedule: a sensor that looks", "every minute or less often"), "yes"),
    ("Is there a class that defers?", "yes", ("Defer: deferrable=True", "or the class's …Async twin"), "no"),
    (
        "Can an async client ask?",
        "yes",
        ("Defer: a trigger of your own", "and an operator that defers to it"),
        "no",
    ),
    ("", "", ("Reschedule: a sensor that looks", "every minute or less often"), ""),
)


def decision() -> str:
    """The decision tree: questions at the left from top to bottom, the answers at the right."""
    body: list[str] = []
    step, top = 88, 24
    for number, (question, aside, answer, onward) in enumerate(_STEPS):
        y = top + number * step
        if question:
            body += [
                f'<rect class="question" x="24" y="{y}" width="250" height="52" rx="26"/>',
                _text(149, y + 31, question, "strong", "middle"),
                f'<path class="arrow" d="M274 {y + 26} H372"/>',
                f'<path class="head" d="M382 {y + 26} l-11 -5 v10 z"/>',
                _text(325, y + 19, aside, "small", "middle"),
                f'<path class="arrow" d="M149 {y + 52} V{y + step - (11 if number < len(_STEPS) - 2 else -26)}"/>',
                _text(159, y + 74, onward, "small"),
            ]
            if number < len(_STEPS) - 2:
                body.append(f'<path class="head" d="M149 {y + step} l-5 -11 h10 z"/>')
        else:
            body += [
                f'<path class="arrow" d="M149 {y + 26} H372"/>',
                f'<path class="head" d="M382 {y + 26} l-11 -5 v10 z"/>',
            ]
        body += [
            f'<rect class="answer" x="384" y="{y}" width="292" height="52" rx="8"/>',
            _text(400, y + 23, answer[0], "strong"),
            _text(400, y + 41, answer[1], "small"),
        ]
    title = "Poke, reschedule, defer or async?"
    said = " ".join(
        f"{question} {aside.capitalize()}: {', '.join(answer)}."
        if question
        else f"Else: {', '.join(answer)}."
        for question, aside, answer, _ in _STEPS
    )
    return _svg(700, top * 2 + step * (len(_STEPS) - 1) + 52, title, said, body)


_LEFT, _TOP, _WIDTH, _HEIGHT = 64, 48, 560, 330
_FROM, _TO = 1.0, 6 * 3600.0  # seconds of waiting
_LOW, _HIGH = 0.1, 30000.0  # slot-seconds


def _x(wait: float) -> float:
    return round(_LEFT + _WIDTH * log10(wait / _FROM) / log10(_TO / _FROM), 1)


def _y(slot: float) -> float:
    return round(_TOP + _HEIGHT * (1 - log10(slot / _LOW) / log10(_HIGH / _LOW)), 1)


def rescheduled(wait: float, interval: float) -> float:
    """The slot-seconds of a sensor in reschedule mode: one look at once, and one an interval."""
    return A_POKE * (int(wait // interval) + 1)


def cost() -> str:
    """Slot-seconds against the length of the wait, both on a logarithmic scale."""
    body = [_text(_LEFT, 28, "Seconds of a worker slot that one wait takes", "strong")]
    left, right, bottom = _LEFT, _LEFT + _WIDTH, _TOP + _HEIGHT
    width = f"{_x(FAILURES) - left:g}"
    body.append(f'<rect class="zone" x="{left}" y="{_TOP}" width="{width}" height="{_HEIGHT}"/>')
    body += [
        _text(left + 6, _TOP + 16, "so short a deferral", "small"),
        _text(left + 6, _TOP + 31, "may fail on Airflow 3", "small"),
    ]
    for slot, label in (
        (0.1, "0.1 s"),
        (1, "1 s"),
        (10, "10 s"),
        (60, "1 min"),
        (600, "10 min"),
        (3600, "1 h"),
    ):
        body.append(f'<path class="grid" d="M{left} {_y(slot):g} H{right}"/>')
        body.append(_text(left - 8, _y(slot) + 4, label, "small", "end"))
    for wait, label in (
        (1, "1 s"),
        (10, "10 s"),
        (60, "1 min"),
        (600, "10 min"),
        (3600, "1 h"),
        (21600, "6 h"),
    ):
        body.append(f'<path class="grid" d="M{_x(wait):g} {_TOP} V{bottom}"/>')
        body.append(_text(_x(wait), bottom + 18, label, "small", "middle"))
    body.append(_text(left + _WIDTH / 2, bottom + 38, "length of the wait", "small", "middle"))
    measured = _x(MEASURED_TO)
    body.append(f'<path class="axis" stroke-dasharray="3 3" d="M{measured:g} {_TOP} V{bottom}"/>')
    body.append(_text(measured + 6, _TOP + 16, "measured up to here, reckoned beyond", "small"))
    waits = [_FROM * (_TO / _FROM) ** (i / 60) for i in range(61)]
    held = " ".join(f"{_x(w):g},{_y(w + HELD_EXTRA):g}" for w in waits)
    body.append(f'<polyline class="held" points="{held}"/>')
    stairs = [
        f"{_x(60 * n):g},{_y(rescheduled(60 * n, 60)):g}" for n in (1, 2, 3, 5, 8, 13, 21, 34, 60, 120, 360)
    ]
    poked = " ".join([f"{left},{_y(A_POKE):g}", f"{_x(59):g},{_y(A_POKE):g}", *stairs])
    body.append(f'<polyline class="poked" points="{poked}"/>')
    low, high = _y(DEFERRED[0]), _y(DEFERRED[1])
    body.append(f'<rect class="band" x="{left}" y="{high:g}" width="{_WIDTH}" height="{low - high:g}"/>')
    middle = _y((DEFERRED[0] * DEFERRED[1]) ** 0.5)
    body.append(f'<path class="deferred" d="M{left} {middle:g} H{right}"/>')
    body.append(f'<path class="slot" d="M{left} {_y(SLOT_BREAK_EVEN):g} H{right}"/>')
    body.append(_text(_x(420), _y(1900), "poke, plain task, async task", "strong", "end"))
    body.append(_text(_x(2600), _y(31), "reschedule, every minute", "strong", "end"))
    body.append(_text(_x(11), _y(SLOT_BREAK_EVEN) - 6, "deferred, until the slot is free", "small"))
    body.append(_text(right - 8, high - 6, "deferred, running state", "strong", "end"))
    said = (
        f"A task that waits in place takes the whole wait and {HELD_EXTRA} s. A sensor in reschedule mode takes "
        f"{A_POKE} s for each look. A deferred task takes {DEFERRED[0]} to {DEFERRED[1]} s in the running state "
        f"however long the wait is, about {SLOT_BREAK_EVEN:g} s until the executor has the slot back. Deferrals of "
        f"{FAILURES:g} s or less may fail the task on Airflow 3."
    )
    return _svg(660, bottom + 56, "Slot time against the length of the wait", said, body)


def pictures() -> dict[str, str]:
    """Every picture's text by its file name."""
    return {"decision.svg": decision(), "cost.svg": cost()}


def write() -> None:
    """Writes the pictures where the pages look for them."""
    ASSETS.mkdir(exist_ok=True)
    for name, text in pictures().items():
        (ASSETS / name).write_text(text, encoding="utf-8")
