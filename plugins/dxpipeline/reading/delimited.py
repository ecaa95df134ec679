"""Text files with a delimiter: CSV and its relatives.

What is guaranteed: a record's row is the physical line where it begins. Quoted cells may hold the delimiter,
doubled quotes and line breaks, up to `MAX_RECORD_LINES` lines a record. A line whose number of cells differs
from the header's, whose quoting is broken or never closes, or that holds undecodable bytes costs that line
only: the next line is read anew. A file that breaks off within its last record is refused as a whole, since
nobody knows what is missing. Reading holds a few megabytes at a time, whatever the size of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dxpipeline.contracts import Contract
from dxpipeline.reading.encoding import BLOCK_BYTES, Encoding, LineBlock, detect_encoding, line_blocks
from dxpipeline.reading.layout import SEARCHED_ROWS, Header, find_header, titles_above
from dxpipeline.reading.model import Block, DocumentState, FileRejected, Layout, OutsideRow
from dxpipeline.reading.records import TextRecord, read_records
from dxpipeline.reading.splitting import LineSplitter, SplitLines
from dxpipeline.reading.table import Table
from dxpipeline.text import clean

DELIMITERS = (";", ",", "\t", "|")
_HEAD_BYTES = 200_000
# Splitting takes many times the memory of its bytes; typing and checking take time for every block, however
# small. So a block is split in parts.
_JOINED_BLOCKS = 2
# What follows has nothing to do until the first block is there.
_SMALLER_AT_FIRST = 8
_HEAD_RECORDS = SEARCHED_ROWS + 5


@dataclass(frozen=True)
class Head:
    """The first lines of a file.

    Attributes:
        block: All of them.
        lines: Those that its first records may take, without a line that names the delimiter.
        first: The number of the first of `lines`, from 1.
        declared: The delimiter that a first line `sep=;` names.
    """

    block: LineBlock
    lines: list[str]
    first: int
    declared: str | None

    def records(self, delimiter: str) -> list[TextRecord]:
        """Return the first records of the file, split at a delimiter."""
        return read_records(self.lines, self.first, delimiter, last=True, most=_HEAD_RECORDS)[0]


def read_head(path: Path, encoding: Encoding) -> Head:
    """Return the first lines of a file."""
    block = next(line_blocks(path, encoding, _HEAD_BYTES))
    lines = block.lines
    start = lines[0].strip().strip('"') if lines else ""
    declared = start[4:5] if start.lower().startswith("sep=") and len(start) == 5 else None
    skip = 1 if declared else 0
    return Head(block, lines[skip : skip + _HEAD_RECORDS * 4], block.first + skip, declared)


@dataclass
class DelimitedDocument(DocumentState):
    """A text file whose table was found."""

    path: Path = field(kw_only=True)
    coding: Encoding = field(kw_only=True)
    separator: str = field(kw_only=True)
    header: Header = field(kw_only=True)
    first_line: int = field(kw_only=True)
    block_bytes: int = field(default=_JOINED_BLOCKS * BLOCK_BYTES, kw_only=True)

    def blocks(self) -> Iterator[Block]:
        """Read the records, block by block; may be called once.

        Raises:
            FileRejected: `unreadable-file` where a line has no end; `incomplete-file`, after the last block,
                where the file breaks off.
        """
        table = Table(self.header, None, self)
        splitter = LineSplitter(self.separator, self.header.width)
        last_key = ""
        parts: list[SplitLines] = []
        size = max(1, self.block_bytes // _JOINED_BLOCKS)
        for lines in line_blocks(self.path, self.coding, size, max(1, size // _SMALLER_AT_FIRST)):
            split = splitter.split(lines.starting_at(self.first_line))
            parts.append(split)
            if not lines.last and len(parts) < _JOINED_BLOCKS:
                continue
            whole = SplitLines.joined(parts)
            parts.clear()
            if len(whole.tidy) or len(whole.raw) or whole.ragged:
                block = table.take(whole.raw, whole.ragged, whole.tidy)
                last_key = self._last_key(block) or last_key
                yield block
            if lines.unended and self._breaks_off(lines, split, table, last_key):
                table.close()
                raise FileRejected("incomplete-file", row=str(lines.first))
        table.close()

    def _last_key(self, block: Block) -> str | None:
        """Return the key of the last record, if it begins its line."""
        column = self.header.column_at.get(0)
        if column is None or not column.key or block.texts.is_empty():
            return None
        key: str | None = block.texts[column.name][-1]
        return key

    def _breaks_off(self, end: LineBlock, split: SplitLines, table: Table, last_key: str) -> bool:
        """Say whether the last line of the file, which has no line end, is the beginning of a record.

        Args:
            end: The last line alone.
            split: What it was split into, with the lines that were carried to it.
            table: The table that took them.
            last_key: The key of the record before, if it begins its line.
        """
        row = end.first
        if row < self.first_line:
            return False
        if end.cut or row in split.unclosed:
            return True
        cells = next((line.cells for line in split.ragged if line.row == row), None)
        if cells is None or len(cells) >= self.header.width:
            return False
        kind = table.kind_of(row)
        if kind == "group" and len(cells) == 1:
            # A lone text is the name of a group or of a person, unless it goes on with a cell that was opened
            # and never closed, or looks like the beginning of a key.
            return split.ends_open or _begins(cells[0], last_key)
        return kind in ("record", "group", "numbered-group")


def _begins(text: str, key: str) -> bool:
    """Say whether a text has the form of the beginning of a key: letters and digits in the same places."""
    return len(text) < len(key) and _form(key).startswith(_form(text))


def _form(text: str) -> str:
    return re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "0", text)))


def open_delimited(path: Path, contract: Contract) -> DelimitedDocument:
    """Open a text file: find its encoding, its delimiter and its header.

    The delimiter is the one whose header fits the contract best, unless a first line `sep=;` names it.

    Raises:
        FileRejected: `unknown-encoding`, `no-table`, `missing-column`, `duplicate-column`, `unreadable-file`.
    """
    encoding = detect_encoding(path)
    head = read_head(path, encoding)
    chosen, delimiter, records = _choose(head, contract)
    document = DelimitedDocument(
        path=path,
        coding=encoding,
        separator=delimiter,
        header=chosen,
        first_line=_line_after(records, chosen, head.block),
        encoding=encoding.name,
        delimiter=delimiter,
        outside=[OutsideRow(1, "title")] if head.declared else [],
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


def _choose(head: Head, contract: Contract) -> tuple[Header, str, list[TextRecord]]:
    best: tuple[int, Header, str, list[TextRecord]] | None = None
    refused: FileRejected | None = None
    for delimiter in (head.declared,) if head.declared else DELIMITERS:
        records = head.records(delimiter)
        try:
            header = find_header([record.cells for record in records], contract)
        except FileRejected as rejected:
            refused = refused or rejected
            continue
        if header is not None and (best is None or len(header.positions) > best[0]):
            best = (len(header.positions), header, delimiter, records)
            if best[0] == len(contract.columns):
                break  # No other delimiter can find more.
    if best is not None:
        return best[1:]
    raise refused or FileRejected("no-table")


def _line_after(records: list[TextRecord], header: Header, block: LineBlock) -> int:
    if header.last + 1 < len(records):
        return records[header.last + 1].row
    return block.first + block.count


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
