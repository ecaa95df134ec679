"""How a text file is encoded, and its physical lines in blocks of bounded size."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from dxpipeline.reading.model import FileRejected

BLOCK_BYTES = 2_000_000
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
    """Consecutive physical lines of a file.

    Attributes:
        first: The number of the first line, from 1.
        content: The lines as UTF-8, each with `newline` behind it; bytes that do not decode are U+FFFD.
        newline: What ends a line, one character.
        last: Whether the file ends with this block.
        unended: Whether the file ends without a line end; then the block holds its last line alone.
        cut: Whether the bytes of the file end within a character.
    """

    first: int
    content: bytes
    newline: Literal["\n", "\r"]
    last: bool = False
    unended: bool = False
    cut: bool = False

    @property
    def lines(self) -> list[str]:
        """Return the lines without their ends."""
        return self.content.decode().split(self.newline)[:-1]

    @cached_property
    def count(self) -> int:
        """Return the number of lines."""
        # Several times as fast as `bytes.count`.
        return int(np.count_nonzero(np.frombuffer(self.content, np.uint8) == ord(self.newline)))

    def texts(self) -> pl.Series:
        """Return the lines without their ends (String, named `line`)."""
        content = pl.Series("line", [self.content], dtype=pl.Binary()).cast(pl.String())
        return content.str.split(self.newline).explode().head(-1)

    def after(self, carried: bytes) -> LineBlock:
        """Return the block with the lines before it, as `content` holds them."""
        if not carried:
            return self
        earlier = carried.count(self.newline.encode())
        return replace(self, first=self.first - earlier, content=carried + self.content)

    def starting_at(self, line: int) -> LineBlock:
        """Return the block without the lines before a line."""
        if line <= self.first:
            return self
        start, skipped = 0, min(line - self.first, self.count)
        for _ in range(skipped):
            start = self.content.index(self.newline.encode(), start) + 1
        return replace(self, first=self.first + skipped, content=self.content[start:])


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
    if _is_mostly_utf8(path, newline.encode()):
        return Encoding("utf-8", 0, newline)
    if _is_vietnamese(unicodedata.normalize("NFC", head.decode("cp1258", errors="replace"))):
        return Encoding("cp1258", 0, newline)
    raise FileRejected("unknown-encoding")


def line_blocks(
    path: Path, encoding: Encoding, size: int = BLOCK_BYTES, first_size: int | None = None
) -> Iterator[LineBlock]:
    """Read the physical lines of a file, never more than a block at a time.

    Args:
        path: The file.
        encoding: As found by `detect_encoding`.
        size: How many bytes of the file make a block.
        first_size: How many make the first one; each that follows has twice as many, up to `size`.

    Raises:
        FileRejected: `unreadable-file` of kind `endless-line`, where one line passes `MAX_LINE_CHARACTERS`.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
    is_utf8 = encoding.name == "utf-8"
    newline = encoding.newline.encode()
    first, rest = 1, b""
    step = size if first_size is None else first_size
    with path.open("rb") as file:
        file.seek(encoding.start)
        while content := file.read(step):
            step = min(2 * step, size)
            if not is_utf8:
                content = decoder.decode(content).encode()
            end = content.rfind(newline) + 1
            if end:
                content, rest = b"".join((rest, memoryview(content)[:end])), content[end:]
            else:
                content, rest = b"", rest + content
            if len(rest) > MAX_LINE_CHARACTERS and len(rest.decode(errors="replace")) > MAX_LINE_CHARACTERS:
                raise FileRejected("unreadable-file", kind="endless-line")
            if content:
                if is_utf8 and not _is_utf8(content):
                    content = content.decode(errors="replace").encode()
                if newline == b"\n" and b"\r" in content:
                    content = content.replace(b"\r\n", b"\n")
                block = LineBlock(first, content, encoding.newline)
                yield block
                first += block.count
    text = decoder.decode(rest) if is_utf8 else rest.decode()
    cut = bool(decoder.getstate()[0])
    text += decoder.decode(b"", final=True)
    if newline == b"\n":
        text = text.removesuffix("\r")
    unended = bool(rest) or cut
    content = text.encode() + newline if unended else b""
    yield LineBlock(first, content, encoding.newline, last=True, unended=unended, cut=cut)


def _newline(text: str) -> Literal["\n", "\r"]:
    return "\r" if "\r" in text and "\n" not in text else "\n"


def _is_mostly_utf8(path: Path, newline: bytes) -> bool:
    """Say whether at least half of the lines with bytes beyond ASCII are UTF-8."""
    if all(_is_utf8(chunk) for chunk in _line_chunks(path, newline)):
        return True
    beyond = damaged = 0
    for chunk in _line_chunks(path, newline):
        lines = [line for line in chunk.split(newline) if not line.isascii()]
        beyond += len(lines)
        damaged += 0 if _is_utf8(chunk) else sum(not _is_utf8(line) for line in lines)
    return damaged * 2 <= beyond


def _line_chunks(path: Path, newline: bytes) -> Iterator[bytes]:
    """Yield the bytes of a file, cut at line ends only."""
    rest = b""
    with path.open("rb") as file:
        while content := file.read(_READ_BYTES):
            end = content.rfind(newline) + 1
            if end:
                yield b"".join((rest, memoryview(content)[:end]))
                rest = content[end:]
            else:
                rest += content
            if len(rest) > 4 * MAX_LINE_CHARACTERS:
                raise FileRejected("unreadable-file", kind="endless-line")
    yield rest


def _is_utf8(content: bytes) -> bool:
    try:
        pl.Series([content], dtype=pl.Binary()).cast(pl.String())
    except pl.exceptions.ComputeError:
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
