"""How a text file is encoded, and its physical lines in blocks of bounded size."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dxpipeline.reading.model import FileRejected

BLOCK_CHARACTERS = 4_000_000
MAX_LINE_CHARACTERS = 1_000_000
_READ_BYTES = 1 << 20
REPLACEMENT = "\ufffd"

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_VIETNAMESE = frozenset(
    letter
    for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    for letter in unicodedata.normalize("NFC", base + tone)
) | frozenset("đĐ")
# Letters that Vietnamese has and Western European languages do not.
_PROOF = re.compile("[\u0102\u0103\u0110\u0111\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9]")
_COMMON_WORDS = frozenset(
    ["mã", "tên", "số", "xã", "huyện", "tỉnh", "phường", "thị", "trấn", "ngày", "của", "và", "có", "không"]
) | frozenset(["bệnh", "viện", "trạm", "đơn", "vị", "tổng", "cộng", "hồ", "sơ", "báo", "cáo"])


@dataclass(frozen=True)
class Encoding:
    """How to turn the bytes of a text file into lines.

    Attributes:
        name: Name for people and for `codecs`.
        start: Number of bytes of the byte order mark.
        newline: What ends a physical line; CR before LF belongs to the end.
    """

    name: str
    start: int
    newline: Literal["\n", "\r"]


@dataclass(frozen=True)
class LineBlock:
    """Consecutive physical lines without their ends; `first` is the number of the first one, from 1."""

    first: int
    lines: list[str]
    has_quote: bool
    last: bool


def detect_encoding(path: Path) -> Encoding:
    """Find the encoding of a text file: by its byte order mark, as UTF-8, or as windows-1258 on evidence.

    A file is UTF-8 although some lines hold stray bytes, when most lines beyond ASCII are whole: the
    replacement character marks the damaged ones. Bytes that are Vietnamese only in an old font (TCVN3, VNI)
    are refused.

    Raises:
        FileRejected: `unknown-encoding`.
    """
    with path.open("rb") as file:
        head = file.read(_READ_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            if not name:
                raise FileRejected("unknown-encoding")
            return Encoding(name, len(mark), _newline(head[len(mark) :].decode(name, errors="replace")))
    newline = _newline(head.decode("latin-1"))
    beyond_ascii, damaged = _count_lines(path, newline.encode())
    if damaged * 2 <= beyond_ascii:
        return Encoding("utf-8", 0, newline)
    if _is_vietnamese(unicodedata.normalize("NFC", head.decode("cp1258", errors="replace"))):
        return Encoding("cp1258", 0, newline)
    raise FileRejected("unknown-encoding")


def line_blocks(path: Path, encoding: Encoding, characters: int = BLOCK_CHARACTERS) -> Iterator[LineBlock]:
    """Read the physical lines of a file, never more than a block at a time.

    Args:
        path: The file.
        encoding: As found by `detect_encoding`; bytes that do not decode become U+FFFD.
        characters: About how many characters make a block.

    Raises:
        FileRejected: `unreadable-file` of kind `endless-line`, where one line passes `MAX_LINE_CHARACTERS`.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
    number, rest = 1, ""
    with path.open("rb") as file:
        file.seek(encoding.start)
        while True:
            content = file.read(characters)
            text = rest + decoder.decode(content, final=not content)
            pieces = text.split(encoding.newline)
            rest = pieces.pop()
            if not content and rest:
                pieces.append(rest)
            if len(rest) > MAX_LINE_CHARACTERS:
                raise FileRejected("unreadable-file", kind="endless-line")
            if encoding.newline == "\n" and "\r" in text:
                pieces = [piece.removesuffix("\r") for piece in pieces]
            if pieces or not content:
                yield LineBlock(number, pieces, '"' in text, last=not content)
            number += len(pieces)
            if not content:
                return


def _newline(text: str) -> Literal["\n", "\r"]:
    return "\r" if "\r" in text and "\n" not in text else "\n"


def _count_lines(path: Path, newline: bytes) -> tuple[int, int]:
    """Count the lines with bytes beyond ASCII, and those among them that are not UTF-8."""
    beyond, damaged, rest = 0, 0, b""
    with path.open("rb") as file:
        while content := file.read(_READ_BYTES):
            whole, separator, tail = content.rpartition(newline)
            chunk, rest = (rest + whole, tail) if separator else (b"", rest + tail)
            more = _count_in(chunk, newline)
            beyond, damaged = beyond + more[0], damaged + more[1]
            if len(rest) > 4 * MAX_LINE_CHARACTERS:
                raise FileRejected("unreadable-file", kind="endless-line")
    more = _count_in(rest, newline)
    return beyond + more[0], damaged + more[1]


def _count_in(chunk: bytes, newline: bytes) -> tuple[int, int]:
    if chunk.isascii():
        return 0, 0
    lines = [line for line in chunk.split(newline) if not line.isascii()]
    try:
        chunk.decode("utf-8")
    except UnicodeDecodeError:
        return len(lines), sum(not _is_utf8(line) for line in lines)
    return len(lines), 0


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_vietnamese(text: str) -> bool:
    """Say whether decoded text reads as Vietnamese: its letters, and several of its common words."""
    letters = [letter for letter in text if letter.isalpha() and not letter.isascii()]
    own = sum(letter in _VIETNAMESE for letter in letters)
    if not letters or own < 0.98 * len(letters) or not _PROOF.search(text) or REPLACEMENT in text:
        return False
    words = set(re.findall(r"\w+", text.casefold()))
    return len(_COMMON_WORDS & words) >= 2
