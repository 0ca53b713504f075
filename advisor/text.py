"""Words for people: the nearest right name, numbers with nouns, and text that can't steer a terminal."""

from __future__ import annotations

from collections.abc import Iterable

# What no terminal may receive raw: controls (C0, DEL, C1), line and paragraph separators, and the characters
# that reorder or hide text (bidirectional controls, zero width, the byte order mark, tags), lone surrogates.
_HIDDEN = (
    (0, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xD800, 0xDFFF),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE007F),
)


class Refusal(Exception):  # noqa: N818
    """Work that can't be done as asked; `str()` of it says in one clear line why, and what would do."""


def printable(text: str, *, keep: str = "") -> str:
    """`text` with control, reordering and invisible characters written as escapes (`\\x1b`, `\\u202e`)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character in keep or not _is_hidden(ord(character)) else _escaped(ord(character))
        for character in text
    )


def _is_hidden(code: int) -> bool:
    return any(first <= code <= last for first, last in _HIDDEN)


def _escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that `word` was probably meant to be, or None."""
    from difflib import get_close_matches  # only on the way to a message

    by_key = {_key(choice): choice for choice in sorted(choices, reverse=True)}
    key = _key(word)
    found = get_close_matches(key, list(by_key), n=1, cutoff=0.6) or [
        known for known in sorted(by_key, key=len) if len(key) > 2 and known.startswith(key)
    ]
    return by_key[found[0]] if found else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`; did you mean …?` to put behind a message, or nothing."""
    found = nearest(word, choices)
    return f"; did you mean `{found}`?" if found else ""


def _key(word: str) -> str:
    return word.lower().replace("_", "-").strip("- ")


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2 files`, `1,200 files`; `plural` for nouns that don't just take an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """`45 s`, `5 min`, `1 h 30 min`, `7 days`: a length of time in the largest units that say it exactly enough."""
    if seconds < 120:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 5 and rest:
        return f"{minutes} min {rest} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"


def listed(names: Iterable[str]) -> str:
    """Names of code in a sentence: "`a`, `b` and `c`"."""
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
