"""What reading hands on: a document with its layout, and blocks of text that keep their row numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

import polars as pl

SkipReason = Literal["group", "total", "blank", "header", "superseded-in-file"]
OutsideReason = Literal["title", "header", "column-numbers", "blank", "footer"]


class FileRejected(Exception):
    """Nothing of the file can be loaded.

    Args:
        code: A reason from the vocabulary in include/messages (`missing-column`, `no-period`, ...).
        details: What the reason's sentence needs, for example `columns="it_level"`.

    Attributes:
        titles: The lines above the table, where it was found before the file was refused.
        period: The period the file reports on, in its canonical form, where it is known.
    """

    def __init__(self, code: str, **details: str) -> None:
        super().__init__(f"{code}: {details}" if details else code)
        self.code = code
        self.details = details
        self.titles: tuple[str, ...] = ()
        self.period: str | None = None


@dataclass(frozen=True)
class SkippedRow:
    """A line inside the table that is no record, with the reason."""

    row: int
    why: SkipReason
    sheet: str | None = None


@dataclass(frozen=True)
class OutsideRow:
    """A line above or below the table: not counted, but accounted for."""

    row: int
    why: OutsideReason
    sheet: str | None = None


@dataclass(frozen=True)
class Block:
    """A run of records of one sheet, in the order of the file.

    Attributes:
        sheet: Name of the sheet, None for a text file.
        texts: `source_row` (Int64, the spreadsheet row or physical line, from 1) and one String column
            for every contract column that the file has. Text is cleaned (`dxpipeline.text.clean`), an
            empty cell is null. Native cells are written canonically: numbers as `1234.5`, dates as
            `2021-04-19`, booleans as `true` and `false`.
        native: For workbooks one Boolean column of the same name for every String column: whether the
            cell held a number, date or boolean of the spreadsheet's own. None for text files.
        ragged: Records that do not fit the header (`source_row` Int64, `cells` Int64): more or fewer
            cells, or a quote that never closes. They are not in `texts` and are quarantined as a whole.
    """

    sheet: str | None
    texts: pl.DataFrame
    native: pl.DataFrame | None
    ragged: pl.DataFrame


@dataclass
class Layout:
    """Where the table of a sheet stands, found before the first block is read.

    Attributes:
        sheet: Name of the sheet, None for a text file.
        header_row: The first row of the header block, from 1.
        positions: Contract column -> position of its cells, from 0.
        headers: Contract column -> the header text found.
        unknown_headers: Headers that fit no column of the contract; their cells are not read.
        titles: The lines above the header, as text.
        date_system_1904: Whether serial dates of the workbook count from 1904.
    """

    sheet: str | None
    header_row: int
    positions: dict[str, int]
    headers: dict[str, str]
    unknown_headers: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    date_system_1904: bool = False


class Document(Protocol):
    """An opened file whose tables were found.

    `skipped`, `outside` and `notes` are complete when `blocks` is exhausted.
    """

    layouts: list[Layout]
    encoding: str | None
    delimiter: str | None
    skipped: list[SkippedRow]
    outside: list[OutsideRow]
    notes: list[str]

    def blocks(self) -> Iterator[Block]:
        """Read the records, block by block; may be called once.

        Raises:
            FileRejected: The file turns out to be unusable on the way, or at its end to be incomplete.
        """
        ...


@dataclass
class DocumentState:
    """The bookkeeping shared by the kinds of document."""

    layouts: list[Layout] = field(default_factory=list)
    encoding: str | None = None
    delimiter: str | None = None
    skipped: list[SkippedRow] = field(default_factory=list)
    outside: list[OutsideRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
