"""Text files with a delimiter: CSV and its relatives.

What is guaranteed: a record's row is the physical line where it begins. Quoted cells may hold the delimiter,
doubled quotes and line breaks, up to `MAX_RECORD_LINES` lines a record. A line whose number of cells differs
from the header's, whose quoting is broken or never closes, or that holds undecodable bytes costs that line
only: the next line is read anew. Reading holds a few megabytes at a time, whatever the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from dxpipeline.contracts import Contract
from dxpipeline.reading.encoding import (
    BLOCK_CHARACTERS,
    REPLACEMENT,
    Encoding,
    LineBlock,
    detect_encoding,
    line_blocks,
)
from dxpipeline.reading.layout import SEARCHED_ROWS, Header, find_header, titles_above
from dxpipeline.reading.model import Block, DocumentState, FileRejected, Layout, OutsideRow
from dxpipeline.reading.table import RaggedLine, Table
from dxpipeline.text import clean

DELIMITERS = (";", ",", "\t", "|")
MAX_RECORD_LINES = 100
_HEAD_CHARACTERS = 200_000
_HEAD_RECORDS = SEARCHED_ROWS + 5


@dataclass(frozen=True)
class TextRecord:
    """One record of a text file: the line where it begins, its cells, and whether they can be trusted."""

    row: int
    cells: tuple[str, ...]
    sound: bool


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


def read_records(
    lines: list[str], first: int, delimiter: str, last: bool, width: int | None = None
) -> tuple[list[TextRecord], int]:
    """Group physical lines into records.

    Args:
        lines: The lines.
        first: The number of the first line, from 1.
        delimiter: What separates cells.
        last: Whether the file ends with these lines.
        width: Number of cells of a record; a quoted line break is believed only in a record that has them.

    Returns:
        The records, and how many lines they used: the rest must come again with the lines that follow.
    """
    records: list[TextRecord] = []
    at = 0
    while at < len(lines):
        cells, used = _one_record(lines, at, delimiter, width)
        if used == 0 and not last and len(lines) - at < MAX_RECORD_LINES:
            break
        if cells is None:
            cells, used, sound = lines[at].split(delimiter), 1, False
        else:
            sound = not any(REPLACEMENT in cell or "\0" in cell for cell in cells)
        records.append(TextRecord(first + at, tuple(cells), sound))
        at += used
    return records, at


def _one_record(lines: list[str], at: int, delimiter: str, width: int | None) -> tuple[list[str] | None, int]:
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
            fits = width is None or len(_trimmed(cells, width)) == width
            return (cells, following - at + 1) if fits else (None, 1)
    return None, 0


def _trimmed(cells: Sequence[str], width: int) -> Sequence[str]:
    """Return the cells without empty ones beyond the header's width, which shift nothing."""
    return cells if len(cells) <= width or any(cell.strip() for cell in cells[width:]) else cells[:width]


def read_head(path: Path, encoding: Encoding) -> tuple[LineBlock, str | None]:
    """Return the first lines of a file, and the delimiter that a first line `sep=;` names."""
    block = next(line_blocks(path, encoding, _HEAD_CHARACTERS))
    start = block.lines[0].strip().strip('"') if block.lines else ""
    declared = start[4:5] if start.lower().startswith("sep=") and len(start) == 5 else None
    return block, declared


def head_records(block: LineBlock, delimiter: str, skip: int) -> list[TextRecord]:
    """Return the first records of a file, without its first `skip` lines."""
    lines = block.lines[skip : skip + _HEAD_RECORDS * 4]
    return read_records(lines, block.first + skip, delimiter, last=True)[0][:_HEAD_RECORDS]


@dataclass
class DelimitedDocument(DocumentState):
    """A text file whose table was found."""

    path: Path = field(kw_only=True)
    coding: Encoding = field(kw_only=True)
    separator: str = field(kw_only=True)
    header: Header = field(kw_only=True)
    first_line: int = field(kw_only=True)
    block_characters: int = field(default=BLOCK_CHARACTERS, kw_only=True)

    def blocks(self) -> Iterator[Block]:
        """Read the records, block by block; may be called once.

        Raises:
            FileRejected: The file turns out to be unreadable on the way.
        """
        table = Table(self.header, None, self)
        carried: list[str] = []
        for block in line_blocks(self.path, self.coding, self.block_characters):
            skip = max(0, self.first_line - block.first)
            lines = carried + block.lines[skip:]
            first = block.first + min(skip, len(block.lines)) - len(carried)
            if block.has_quote or carried:
                records, used = read_records(lines, first, self.separator, block.last, self.header.width)
                carried = lines[used:]
                cells, ragged = self._grouped(records)
            else:
                cells, ragged = self._plain(lines, first)
            if len(cells) or ragged:
                yield table.take(cells, ragged)
        table.close()

    def _grouped(self, records: list[TextRecord]) -> tuple[pl.DataFrame, list[RaggedLine]]:
        width = self.header.width
        fitting, ragged = [], []
        for record in records:
            cells = _trimmed(record.cells, width)
            if record.sound and len(cells) == width:
                fitting.append((record.row, *cells))
            else:
                ragged.append(RaggedLine(record.row, record.cells))
        schema = {"source_row": pl.Int64(), **{f"c{at}": pl.String() for at in range(width)}}
        return pl.DataFrame(fitting, schema=schema, orient="row"), ragged

    def _plain(self, lines: list[str], first: int) -> tuple[pl.DataFrame, list[RaggedLine]]:
        """Split lines without any quote, all at once."""
        width = self.header.width
        text = pl.Series("line", lines, dtype=pl.String())
        rows = pl.int_range(first, first + len(lines), dtype=pl.Int64, eager=True)
        fits = (text.str.count_matches(self.separator, literal=True) == width - 1) & ~text.str.contains(
            "[\x00\ufffd]"
        )
        names = [f"c{at}" for at in range(width)]
        cells = (
            text.filter(fits)
            .str.split_exact(self.separator, width - 1)
            .struct.rename_fields(names)
            .struct.unnest()
        )
        odd = text.filter(~fits).to_list()
        records = [
            TextRecord(row, tuple(line.split(self.separator)), "\0" not in line and REPLACEMENT not in line)
            for row, line in zip(rows.filter(~fits).to_list(), odd, strict=True)
        ]
        more, ragged = self._grouped(records)
        cells = cells.insert_column(0, rows.filter(fits).alias("source_row"))
        return (pl.concat([cells, more]).sort("source_row") if len(more) else cells), ragged


def open_delimited(path: Path, contract: Contract) -> DelimitedDocument:
    """Open a text file: find its encoding, its delimiter and its header.

    The delimiter is the one whose header fits the contract best, unless a first line `sep=;` names it.

    Raises:
        FileRejected: `unknown-encoding`, `no-table`, `missing-column`, `duplicate-column`, `unreadable-file`.
    """
    encoding = detect_encoding(path)
    block, declared = read_head(path, encoding)
    skip = 1 if declared else 0
    chosen, delimiter, records = _choose(
        (declared,) if declared else DELIMITERS,
        lambda candidate: head_records(block, candidate, skip),
        contract,
    )
    document = DelimitedDocument(
        path=path,
        coding=encoding,
        separator=delimiter,
        header=chosen,
        first_line=_line_after(records, chosen, block),
        encoding=encoding.name,
        delimiter=delimiter,
        outside=[OutsideRow(1, "title")] if declared else [],
    )
    document.outside += outside_rows([(record.row, record.cells) for record in records], chosen, None)
    document.layouts = [
        Layout(
            sheet=None,
            header_row=records[chosen.first].row,
            positions=chosen.positions,
            headers=chosen.texts,
            unknown_headers=tuple(chosen.unknown.values()),
            titles=titles_above([record.cells for record in records], chosen.first),
        )
    ]
    return document


def _choose(
    candidates: tuple[str, ...], read: Callable[[str], list[TextRecord]], contract: Contract
) -> tuple[Header, str, list[TextRecord]]:
    best: tuple[int, Header, str, list[TextRecord]] | None = None
    refused: FileRejected | None = None
    for delimiter in candidates:
        records = read(delimiter)
        try:
            header = find_header([record.cells for record in records], contract)
        except FileRejected as rejected:
            refused = refused or rejected
            continue
        if header is not None and (best is None or len(header.positions) > best[0]):
            best = (len(header.positions), header, delimiter, records)
    if best is not None:
        return best[1:]
    raise refused or FileRejected("no-table")


def _line_after(records: list[TextRecord], header: Header, block: LineBlock) -> int:
    if header.last + 1 < len(records):
        return records[header.last + 1].row
    return block.first + len(block.lines)


def outside_rows(
    rows: list[tuple[int, tuple[str, ...]]], header: Header, sheet: str | None
) -> list[OutsideRow]:
    """Account for the rows above a table and for its header."""
    outside = []
    for index, (number, cells) in enumerate(rows[: header.last + 1]):
        if index == header.numbers:
            outside.append(OutsideRow(number, "column-numbers", sheet))
        elif index >= header.first:
            outside.append(OutsideRow(number, "header", sheet))
        else:
            blank = not any(clean(cell) for cell in cells)
            outside.append(OutsideRow(number, "blank" if blank else "title", sheet))
    return outside
