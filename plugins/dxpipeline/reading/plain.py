"""Reading without a contract: which tables a file holds, for people who look into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dxpipeline.reading.delimited import DELIMITERS, read_head
from dxpipeline.reading.encoding import detect_encoding
from dxpipeline.reading.layout import SEARCHED_ROWS, Range, Row, fill_merged, lowest_texts, with_merged
from dxpipeline.reading.model import DocumentState, FileRejected
from dxpipeline.reading.signature import detect
from dxpipeline.reading.workbook import open_sheets, show
from dxpipeline.text import clean


@dataclass(frozen=True)
class PlainTable:
    """The beginning of a table as it stands in the file.

    Attributes:
        sheet: Name of the sheet, None for a text file.
        header_row: Row of the header, from 1.
        header: Its texts by position.
        rows: Row numbers with the texts of their cells, below the header.
        encoding: Of a text file.
        delimiter: Of a text file.
    """

    sheet: str | None
    header_row: int
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    encoding: str | None = None
    delimiter: str | None = None


def read_tables(path: Path, name: str, limit: int = SEARCHED_ROWS) -> list[PlainTable]:
    """Read the beginnings of the tables in a file, one a visible sheet.

    The header is taken to be the first row with the most cells, as far as merged cells carry it down.

    Args:
        path: Where the bytes are.
        name: The file's name, for the reasons of a rejection.
        limit: How many rows to read of each table, the lines above it among them.

    Raises:
        FileRejected: `empty-file`, `unreadable-file`, `unknown-encoding` or `no-table`.
    """
    try:
        kind = detect(path)
        tables = _text_tables(path, limit) if kind == "text" else []
        if kind != "text":
            for sheet in open_sheets(path, kind, DocumentState()):
                rows = [[show(cell) for cell in row] for row in islice(sheet.rows(), limit)]
                tables += _table(sheet.name, list(enumerate(rows, start=1)), sheet.merges)
        if not tables:
            raise FileRejected("no-table")
    except FileRejected as rejected:
        rejected.details.setdefault("file", name)
        raise
    return tables


def _text_tables(path: Path, limit: int) -> list[PlainTable]:
    encoding = detect_encoding(path)
    head = read_head(path, encoding)
    candidates = [head.declared] if head.declared else DELIMITERS
    read = {mark: head.records(mark)[:limit] for mark in candidates}
    delimiter = max(read, key=lambda mark: sum(len(record.cells) > 1 for record in read[mark]))
    rows = [(record.row, record.cells) for record in read[delimiter]]
    return _table(None, rows, (), encoding.name, delimiter)


def _table(
    sheet: str | None,
    rows: Sequence[tuple[int, Row]],
    merges: Sequence[Range],
    encoding: str | None = None,
    delimiter: str | None = None,
) -> list[PlainTable]:
    filled = fill_merged([row for _, row in rows], merges, across=False)
    counts = [sum(bool(clean(cell)) for cell in row) for row in filled]
    if not any(counts):
        return []
    first = counts.index(max(counts))
    first, last = with_merged(first, first, set(range(len(filled[first]))), merges, len(rows))
    body = tuple((number, tuple(clean(cell or "") for cell in row)) for number, row in rows[last + 1 :])
    header = tuple(lowest_texts(filled[first : last + 1]))
    return [PlainTable(sheet, rows[first][0], header, body, encoding, delimiter)]
