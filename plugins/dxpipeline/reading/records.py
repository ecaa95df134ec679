"""Records of a text file, line by line: exact for every input, and the measure of what is faster.

A record's row is the physical line where it begins. Quoted cells may hold the delimiter, doubled quotes and
line breaks, up to `MAX_RECORD_LINES` lines a record. A line whose quoting is broken or never closes costs
that line only: the next line is read anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from dxpipeline.reading.encoding import REPLACEMENT

MAX_RECORD_LINES = 100


@dataclass(frozen=True)
class TextRecord:
    """One record of a text file: the line where it begins, its cells, and whether they can be trusted.

    Attributes:
        row: The line, from 1.
        cells: Its cells; of an unsound record the pieces of its first line.
        sound: Whether the quoting is right and every byte could be decoded.
        unclosed: Whether a quote is still open where the search for its end stopped.
    """

    row: int
    cells: tuple[str, ...]
    sound: bool
    unclosed: bool = False


class Lines(Protocol):
    """Lines by index: a list or a series of texts."""

    def __len__(self) -> int:
        """Return the number of lines."""

    def __getitem__(self, at: int, /) -> str:
        """Return one line."""


def split_line(text: str, delimiter: str) -> list[str] | Literal["open", "broken"]:
    """Split one record into its cells.

    A quote opens a cell only at its beginning; inside, it is written twice.

    Returns:
        The cells; `open` where a quote is still open at the end, `broken` where text follows a closing quote.
    """
    if '"' not in text:
        return text.split(delimiter)
    cells = []
    position = 0
    while True:
        if text[position : position + 1] != '"':
            end = text.find(delimiter, position)
            cells.append(text[position:] if end < 0 else text[position:end])
            if end < 0:
                return cells
        else:
            end = text.find('"', position + 1)
            while end >= 0 and text[end + 1 : end + 2] == '"':
                end = text.find('"', end + 2)
            if end < 0:
                return "open"
            cells.append(text[position + 1 : end].replace('""', '"'))
            end += 1
            if end == len(text):
                return cells
            if text[end] != delimiter:
                return "broken"
        position = end + 1


def read_record(
    lines: Lines, at: int, first: int, delimiter: str, last: bool, width: int | None = None
) -> tuple[TextRecord, int] | None:
    """Read the record that begins at one line.

    Args:
        lines: Consecutive lines.
        at: Index of the line where the record begins.
        first: The number of the first of the lines, from 1.
        delimiter: What separates cells.
        last: Whether the file ends with these lines.
        width: Number of cells of a record; a quoted line break is believed only in a record that has them.

    Returns:
        The record with the number of its lines; None where only the lines that follow can tell its end.
    """
    cells, used = _cells(lines, at, delimiter, width)
    if used == 0 and not last and len(lines) - at < MAX_RECORD_LINES:
        return None
    if cells is None:
        return TextRecord(first + at, tuple(lines[at].split(delimiter)), False, unclosed=used == 0), 1
    sound = not any(REPLACEMENT in cell or "\0" in cell for cell in cells)
    return TextRecord(first + at, tuple(cells), sound), used


def read_records(
    lines: Lines,
    first: int,
    delimiter: str,
    last: bool,
    width: int | None = None,
    most: int | None = None,
) -> tuple[list[TextRecord], int]:
    """Group physical lines into records.

    Args:
        lines: The lines.
        first: The number of the first line, from 1.
        delimiter: What separates cells.
        last: Whether the file ends with these lines.
        width: As for `read_record`.
        most: After how many records to stop; None for none.

    Returns:
        The records, and how many lines they used: the rest must come again with the lines that follow.
    """
    records: list[TextRecord] = []
    at = 0
    while at < len(lines) and len(records) != most:
        found = read_record(lines, at, first, delimiter, last, width)
        if found is None:
            break
        records.append(found[0])
        at += found[1]
    return records, at


def trimmed(cells: Sequence[str], width: int) -> Sequence[str]:
    """Return the cells without empty ones beyond the header's width, which shift nothing."""
    return cells if len(cells) <= width or any(cell.strip() for cell in cells[width:]) else cells[:width]


def _cells(lines: Lines, at: int, delimiter: str, width: int | None) -> tuple[list[str] | None, int]:
    """Return a record's cells, None where they are unsound, with its lines, 0 where no end is in sight."""
    cells = split_line(lines[at], delimiter)
    if not isinstance(cells, str):
        return cells, 1
    if cells == "broken":
        return None, 1
    text = lines[at]
    for following in range(at + 1, min(at + MAX_RECORD_LINES, len(lines))):
        text += "\n" + lines[following]
        if '"' not in lines[following]:
            continue
        cells = split_line(text, delimiter)
        if cells == "broken":
            return None, 1
        if not isinstance(cells, str):
            fits = width is None or len(trimmed(cells, width)) == width
            return (cells, following - at + 1) if fits else (None, 1)
    return None, 0
