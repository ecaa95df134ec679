"""One table being read block by block: records are kept, every other row is accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dxpipeline.reading.layout import Header, Row, RowKind, classify
from dxpipeline.reading.model import Block, DocumentState, OutsideReason, OutsideRow, SkippedRow, SkipReason
from dxpipeline.text import clean

TIDY = r"!-~\x{c0}-\x{24f}\x{1ea0}-\x{1ef9}"
"""Visible characters that cleaning never changes, for a class of a regular expression: ASCII and the composed
Latin letters; they are in normal form beside each other."""
_TIDY_TEXT = f"^[{TIDY}]+(?: [{TIDY}]+)*$"
_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1b\x7f-\x{84}\x{86}-\x{9f}"
    r"\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2064}\x{feff}\x{00ad}]"
)
_BLANKS = r"[\s\x1c-\x1f]+"
_TOTAL_START = r"(?i)^(?:tổng|cộng|tong|cong)"
_SKIPPED: dict[RowKind, SkipReason] = {
    "blank": "blank",
    "header": "header",
    "total": "total",
    "group": "group",
    "numbered-group": "group",
    "footer": "group",
}
RAGGED_SCHEMA: dict[str, pl.DataType] = {"source_row": pl.Int64(), "cells": pl.Int64()}


@dataclass(frozen=True)
class RaggedLine:
    """A line of a text file that does not fit the header, with its cells as far as they can be told."""

    row: int
    cells: tuple[str, ...]


def clean_column(texts: pl.Series) -> pl.Series:
    """Clean a column as `dxpipeline.text.clean` does, all cells at once; an empty cell becomes null."""
    texts = texts.set(texts == "", None)
    untidy = ~texts.str.contains(_TIDY_TEXT).fill_null(True)
    if not untidy.any():
        return texts
    # The tidy ones are null here, which costs nothing.
    cleaned = (
        texts.set(~untidy, None)
        .str.replace_all(_INVISIBLE, "")
        .str.normalize("NFC")
        .str.replace_all(_BLANKS, " ")
        .str.strip_chars(" ")
    )
    return texts.zip_with(~untidy, cleaned.set(cleaned == "", None))


class Table:
    """Sorts the rows below a header into records and others, over any number of blocks.

    Lines that may belong below the table are held back until a later record, group or total proves that
    the table goes on; `close` sends the rest outside.
    """

    def __init__(self, header: Header, sheet: str | None, state: DocumentState) -> None:
        self.header = header
        self.sheet = sheet
        self.state = state
        self._held: list[tuple[int, RowKind]] = []
        self._footer_row: int | None = None
        self._last_other: tuple[int, RowKind] | None = None

    def take(
        self, cells: pl.DataFrame, ragged: Sequence[RaggedLine] = (), tidy: pl.DataFrame | None = None
    ) -> Block:
        """Sort one block.

        Args:
            cells: `source_row` (Int64), for every position of the sheet the raw texts `c0`, `c1`, ...
                (String) and, for workbooks, `n0`, `n1`, ... (Boolean): whether the cell was no text.
            ragged: Lines whose cells do not fit the header.
            tidy: More rows of the same columns, whose texts need no cleaning and hold null for ''.

        Returns:
            The records. Skipped rows go to the document as soon as they are known to be inside.
        """
        if tidy is None:
            cells = self._cleaned(cells)
        elif cells.is_empty():
            cells = tidy
        else:
            # In one piece they are sorted twice as fast.
            cells = pl.concat([tidy, self._cleaned(cells)], rechunk=True).sort("source_row")
        doubtful = cells.select(self._doubt()).to_series()
        certain = cells["source_row"].filter(~doubtful).to_numpy()
        suspects = cells.filter(doubtful)
        positions = [name for name in cells.columns if name.startswith("c")]
        lines: list[tuple[int, Row, bool]] = [
            (row[0], row[1:], False) for row in suspects.select("source_row", *positions).iter_rows()
        ]
        lines += [(line.row, line.cells, True) for line in ragged]
        lines.sort(key=lambda line: line[0])
        records: set[int] = set()
        broken: list[RaggedLine] = []
        last_inside = int(certain[-1]) if len(certain) else 0
        others: list[tuple[int, RowKind]] = []
        for number, row, is_ragged in lines:
            kind = self._kind(number, row, certain)
            if is_ragged and (kind == "record" or (kind in ("group", "numbered-group") and len(row) > 1)):
                broken.append(RaggedLine(number, tuple(text or "" for text in row)))
            elif kind == "record":
                records.add(number)
            else:
                others.append((number, kind))
            if kind in ("record", "total", "numbered-group"):
                last_inside = max(last_inside, number)
            self._last_other = number, kind
        self._settle(others, last_inside)
        kept = cells.filter(~doubtful | pl.col("source_row").is_in(sorted(records))) if lines else cells
        return self._block(kept, broken)

    def kind_of(self, last_row: int) -> RowKind:
        """Return what the last row taken so far is."""
        if self._last_other is not None and self._last_other[0] == last_row:
            return self._last_other[1]
        return "record"

    def close(self) -> None:
        """End the table: the lines still held back lie below it."""
        for number, kind in self._held:
            why: OutsideReason = "blank" if kind == "blank" else "footer"
            self.state.outside.append(OutsideRow(number, why, self.sheet))
        self._held = []

    def _cleaned(self, cells: pl.DataFrame) -> pl.DataFrame:
        missing = [f"c{at}" for at in self.header.positions.values() if f"c{at}" not in cells.columns]
        cells = cells.with_columns(pl.lit(None, pl.String()).alias(name) for name in missing)
        cleaned = []
        for name, at in self.header.positions.items():
            texts = cells[f"c{at}"]
            if self.header.columns[name].kind == "list":
                texts = texts.str.replace_all(r"\s*[\r\n]+\s*", ", ")  # One item a line inside the cell.
            if f"n{at}" not in cells.columns and texts.str.starts_with("'").any():
                # The mark that keeps a text from being taken for a formula, also in our marked copies.
                texts = texts.str.replace(r"^'([=+@-])", "$1")
            cleaned.append(clean_column(texts).alias(f"c{at}"))
        return cells.with_columns(cleaned)

    def _doubt(self) -> pl.Expr:
        """Return what makes a row worth a closer look; every other row is a record."""
        columns = [pl.col(f"c{at}") for at in self.header.positions.values()]
        filled = pl.sum_horizontal(column.is_not_null() for column in columns)
        doubt = filled <= min(3, len(columns) - 1)
        for at, _ in self.header.key_columns:
            in_header = [row[at].lower() for row in self.header.rows if at < len(row) and row[at]]
            key = pl.col(f"c{at}")
            doubt = (
                doubt
                | key.is_null()
                | key.str.contains(_TOTAL_START)
                | key.str.to_lowercase().is_in(in_header)
            )
        return doubt.fill_null(True).alias("doubtful")

    def _kind(self, number: int, row: Row, certain: NDArray[np.int64]) -> RowKind:
        if self._footer_row is not None:
            following = np.searchsorted(certain, self._footer_row)
            if following < len(certain) and certain[following] < number:
                self._footer_row = None
        kind = classify(
            [clean(text) if text else None for text in row], self.header, self._footer_row is not None
        )
        if kind == "footer":
            self._footer_row = number
        elif kind == "record":
            self._footer_row = None
        return kind

    def _settle(self, others: list[tuple[int, RowKind]], last_inside: int) -> None:
        waiting = self._held + others
        inside = [(number, kind) for number, kind in waiting if number <= last_inside]
        self._held = waiting[len(inside) :]
        self.state.skipped.extend(SkippedRow(number, _SKIPPED[kind], self.sheet) for number, kind in inside)

    def _block(self, kept: pl.DataFrame, broken: Sequence[RaggedLine]) -> Block:
        named = self.header.positions.items()
        native = None
        if any(name.startswith("n") for name in kept.columns):
            native = kept.select(
                (pl.col(f"n{at}") if f"n{at}" in kept.columns else pl.lit(False)).alias(name)
                for name, at in named
            )
        return Block(
            sheet=self.sheet,
            texts=kept.select("source_row", *(pl.col(f"c{at}").alias(name) for name, at in named)),
            native=native,
            ragged=pl.DataFrame(
                {"source_row": [line.row for line in broken], "cells": [len(line.cells) for line in broken]},
                schema=RAGGED_SCHEMA,
            ),
        )
