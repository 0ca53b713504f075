"""Turn the bytes of a Python file into text as Python does, and back."""

from __future__ import annotations

import codecs
import re

from advisor.records import dataclass

# PEP 263, and the same two patterns as the standard library's tokenize.detect_encoding.
_COOKIE = re.compile(rb"[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_BLANK = re.compile(rb"[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n)")
_LINE_END = re.compile(r"\r\n|\r|\n")
# The cookie was read as ASCII, so these can't be true; the last two decode in quadratic time besides.
_IMPOSSIBLE = ("utf-16", "utf-32", "idna", "punycode")


class Unreadable(Exception):  # noqa: N818
    """A file that Python could not read. `message` is a sentence; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text, its newlines kept and its byte order mark taken off, and what turns it back to bytes."""

    text: str
    encoding: str
    bom: bool


def decode(data: bytes) -> Source:
    """The text of a Python file: its byte order mark, its PEP 263 cookie, or else UTF-8.

    Raises:
        Unreadable: where Python would refuse the bytes too (unknown or wrong encoding, null bytes).
    """
    bom = data.startswith(codecs.BOM_UTF8)
    body = data[3:] if bom else data
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable("the file is UTF-16 or UTF-32, which Python does not read; save it as UTF-8")
    if (null := body.find(b"\0")) >= 0:
        raise _unreadable_at(body, null, "the file holds a null byte, which Python does not read")
    encoding = _encoding(body, bom)
    try:
        text = body.decode(encoding)
        if encoding != "utf-8":
            text.encode("utf-8")  # raises for lone surrogates, which only odd encodings let through
    except UnicodeEncodeError as error:
        line, column = _position(text[: error.start])
        raise Unreadable(f"the file, decoded as {encoding}, holds a lone surrogate", line, column) from None
    except UnicodeDecodeError as error:
        byte = f"byte 0x{body[error.start]:02x}" if error.start < len(body) else "the end"
        hint = "" if _cookie(body) or bom else "; save it as UTF-8 or name its encoding in line 1 or 2"
        raise _unreadable_at(
            body, error.start, f"the file is not valid {encoding} ({byte}){hint}", encoding
        ) from None
    except (UnicodeError, ValueError) as error:
        raise Unreadable(f"the file can't be decoded as {encoding}: {error}") from None
    if "\0" in text:
        raise Unreadable(
            f"the file, decoded as {encoding}, holds a null character", *_position(text[: text.index("\0")])
        )
    return Source(text, encoding, bom)


def encode(source: Source, text: str) -> bytes:
    """The bytes of `text` in the encoding of `source`.

    Raises:
        UnicodeEncodeError: for a character that this encoding lacks.
    """
    return (codecs.BOM_UTF8 if source.bom else b"") + text.encode(source.encoding)


def saved(text: str) -> bytes:
    """The bytes that an editor saves a text as: in the encoding that its cookie names, else in UTF-8.

    A character that can't be written so is replaced by a question mark, so that all others stay where they are.
    """
    data = text.encode("utf-8", "replace")
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        encoding = _encoding(data[3:] if bom else data, bom)
        return data if encoding == "utf-8" else text.encode(encoding, "replace")
    except (Unreadable, UnicodeError, LookupError):
        return data


def _encoding(body: bytes, bom: bool) -> str:
    found = _cookie(body)
    if found is None:
        return "utf-8"
    name, where = found
    # As CPython's get_normal_name: "utf-8-unix" and "utf-8-sig" are utf-8, "latin-1-dos" is latin-1.
    plain = name[:12].lower().replace("_", "-")
    if plain == "utf-8" or plain.startswith("utf-8-"):
        encoding = "utf-8"
    elif re.match(r"(?:latin-1|iso-8859-1|iso-latin-1)(?:-|$)", plain):
        encoding = "iso8859-1"
    else:
        try:
            codec = codecs.lookup(name)
        except (LookupError, ValueError):
            raise _unreadable_at(body, where, f"the encoding `{name}` is unknown") from None
        encoding = codec.name
        is_text: bool = getattr(codec, "_is_text_encoding", True)
        if not is_text or encoding.startswith(_IMPOSSIBLE):
            raise _unreadable_at(body, where, f"`{name}` can't be the encoding of a Python file")
    if encoding == "utf-8-sig":
        encoding = "utf-8"
    if bom and encoding != "utf-8":
        raise _unreadable_at(
            body, where, f"the file names the encoding `{name}`, but its byte order mark says UTF-8"
        )
    return encoding


def _cookie(body: bytes) -> tuple[str, int] | None:
    """The encoding named in line 1, or in line 2 below a blank line or comment, and where its name stands."""
    if b"coding" not in body:
        return None
    match = _COOKIE.match(body)
    if match is None and (first := _BLANK.match(body)):
        match = _COOKIE.match(body, first.end())
    return (match[1].decode("ascii"), match.start(1)) if match else None


def _unreadable_at(body: bytes, offset: int, message: str, encoding: str = "utf-8") -> Unreadable:
    try:
        before = body[:offset].decode(encoding, "replace")
    except (UnicodeError, ValueError):
        before = body[:offset].decode("latin-1")
    return Unreadable(message, *_position(before))


def _position(before: str) -> tuple[int, int]:
    """Line and column, from 1, of the character that follows `before`."""
    line, start = 1, 0
    for end in _LINE_END.finditer(before):
        line, start = line + 1, end.end()
    return line, len(before) - start + 1
