"""Texts, positions and edits of the language server, for all texts that there can be."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.decoding import decode, saved
from advisor.server.analysis import between
from advisor.server.documents import Document, path_of
from advisor.server.positions import Lines, Unit

UNITS: tuple[Unit, ...] = ("utf-8", "utf-16", "utf-32")
TEXTS = st.text(st.sampled_from("ab#é€😀\t\r\n\x0b\x0c\u2028\ufeff\ud800"), max_size=60)


def size(text: str, unit: Unit) -> int:
    codec, width = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[unit]
    return len(text.encode(codec, "surrogatepass")) // width


@given(TEXTS, st.sampled_from(UNITS))
def test_every_offset_has_one_position(text: str, unit: Unit) -> None:
    lines = Lines(text, unit)
    for offset in range(len(text) + 1):
        line, units = lines.position(offset)
        before = re.split(r"\r\n|\r|\n", text[:offset])
        if text[offset - 1 : offset + 1] == "\r\n":  # inside of a line end
            assert line == len(before) - 2
        else:
            assert (line, units) == (len(before) - 1, size(before[-1], unit))
            assert lines.offset((line, units)) == offset


@given(TEXTS, st.sampled_from(UNITS), st.integers(-2, 20), st.integers(-2, 90))
def test_any_position_is_somewhere_in_its_line(text: str, unit: Unit, line: int, units: int) -> None:
    lines = Lines(text, unit)
    offset = lines.offset((line, units))
    assert 0 <= offset <= len(text)
    number = len(re.findall(r"\r\n|\r|\n", text))
    if 0 <= line <= number:
        assert lines.position(offset)[0] == line
        assert lines.position(offset)[1] <= max(units, 0)


def test_a_position_inside_a_character_is_its_start() -> None:
    assert Lines("a😀b", "utf-16").offset((0, 2)) == 1
    assert Lines("a😀b", "utf-8").offset((0, 4)) == 1
    assert Lines("a😀b", "utf-16").offset((0, 3)) == 2


@given(
    TEXTS,
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), TEXTS), max_size=4),
    st.sampled_from(UNITS),
)
def test_changes_by_position_are_changes_of_the_text(
    text: str, edits: list[tuple[int, int, str]], unit: Unit
) -> None:
    document = Document("untitled:1", text, 1, unit)
    for number, (one, other, new) in enumerate(edits):
        start, end = sorted((min(one, len(text)), min(other, len(text))))
        if text[start - 1 : start + 1] == "\r\n" or text[end - 1 : end + 1] == "\r\n":
            continue  # no editor's position is inside of a line end
        lines = Lines(text, unit)
        document.change([((lines.position(start), lines.position(end)), new)], number)
        text = text[:start] + new + text[end:]
        assert document.text == text


@given(TEXTS, TEXTS)
def test_edits_between_two_texts_make_one_of_the_other(old: str, new: str) -> None:
    edits = between(old, new)
    text = old
    for start, end, replacement in reversed(edits):
        text = text[:start] + replacement + text[end:]
    assert text == new
    assert all(one[1] <= other[0] for one, other in pairwise(edits))
    assert (edits == []) == (old == new)


def test_edits_are_as_small_as_can_be() -> None:
    old = "call(\r\n    a,\r\n)\r\nother(1)\r\n"
    new = "call(\r\n    a,\r\n    b=True,\r\n)\r\nother(1, c)\r\n"
    assert [(old[start:end], text) for start, end, text in between(old, new)] == [
        ("", "    b=True,\r\n"),
        ("", ", c"),
    ]


@given(st.text(max_size=40))
def test_what_an_editor_saves_is_the_text(text: str) -> None:
    data = saved(text)
    if "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text) and b"coding" not in data:
        source = decode(data)
        assert ("\ufeff" if source.bom else "") + source.text == text


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("# coding: latin-1\n# é", "# coding: latin-1\n# é".encode("latin-1")),
        ("# coding: latin-1\n# €", b"# coding: latin-1\n# ?"),
        ("# coding: nonsense\n# é", "# coding: nonsense\n# é".encode()),
        ("# coding: utf-16\n# é", "# coding: utf-16\n# é".encode()),
        ("\ufeff# coding: utf-8\n", b"\xef\xbb\xbf# coding: utf-8\n"),
        ("# \ud800\n", b"# ?\n"),
    ],
)
def test_what_an_editor_saves_has_the_encoding_that_the_file_names(text: str, data: bytes) -> None:
    assert saved(text) == data


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///tmp/a%20b/%C3%A9.py", "/tmp/a b/é.py"),
        ("file://localhost/tmp/x.py", "/tmp/x.py"),
        ("untitled:Untitled-1", None),
        ("git:/tmp/x.py?ref", None),
        ("file:///tmp/%00.py", None),
        ("http://[broken", None),
        ("", None),
    ],
)
def test_paths_of_uris(uri: str, path: str | None) -> None:
    assert path_of(uri) == path
