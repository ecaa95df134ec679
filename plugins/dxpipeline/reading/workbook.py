"""Excel workbooks, .xlsx and .xls, read with calamine.

Formula errors are found in .xlsx only; calamine shows them as empty cells in .xls.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

import polars as pl
import python_calamine as calamine

from dxpipeline.contracts import Contract
from dxpipeline.reading.delimited import outside_rows
from dxpipeline.reading.layout import SEARCHED_ROWS, Header, Range, find_header, titles_above
from dxpipeline.reading.model import Block, DocumentState, FileRejected, Layout
from dxpipeline.reading.ooxml import broken_formulas, uses_1904_dates
from dxpipeline.reading.signature import ARCHIVE_DAMAGE, FileKind
from dxpipeline.reading.table import Table

BLOCK_ROWS = 50_000
_HEAD_ROWS = SEARCHED_ROWS + 5
_TRIAL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
import python_calamine
try:
    workbook = python_calamine.load_workbook(sys.argv[1])
    for name in workbook.sheet_names:
        workbook.get_sheet_by_name(name)
except BaseException:
    pass  # An exception can be handled where the workbook is really read.
"""
_TRIAL_MEMORY = 1 << 30
_TRIAL_SECONDS = 60


def show(cell: Any) -> str:
    """Write a spreadsheet's own value canonically.

    Numbers have no exponent, no thousands and at most the 15 significant digits a spreadsheet shows
    (`1234`, `0.3`), dates are ISO without a midnight, truth values `true` and `false`.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if cell.is_integer():
            return str(int(cell))
        text = f"{cell:.15g}"
        return f"{cell:.20f}".rstrip("0") if "e" in text else text
    if isinstance(cell, datetime):
        midnight = cell.hour == cell.minute == cell.second == cell.microsecond == 0
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn whatever calamine raises on a broken workbook into a rejection.

    Its panics are no `Exception`, so that an ordinary handler would let them end the process.

    Raises:
        FileRejected: `unreadable-file` of kind `encrypted` or `damaged`.
    """
    try:
        yield
    except calamine.PasswordError as error:
        raise FileRejected("unreadable-file", kind="encrypted") from error
    except (*ARCHIVE_DAMAGE, calamine.CalamineError) as error:
        raise FileRejected("unreadable-file", kind="damaged") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise FileRejected("unreadable-file", kind="damaged") from error


@dataclass
class Sheet:
    """A visible sheet: its rows from the spreadsheet's first on, with its formulas that have no value."""

    name: str
    content: calamine.CalamineSheet
    formulas: dict[int, dict[int, str]]

    @property
    def merges(self) -> Sequence[Range]:
        """Return the merged ranges."""
        return self.content.merged_cell_ranges or []

    def rows(self) -> Iterator[list[Any]]:
        """Yield the rows, empty ones too, every cell in its column; vertical merges fill the rows they cover.

        Raises:
            FileRejected: `unreadable-file`.
        """
        with guarded():
            start, end = self.content.start, self.content.end
            left: list[Any] = [""] * (start[1] if start else 0)
            tall: dict[int, list[Range]] = {}
            for merge in self.merges:
                if merge[1][0] > merge[0][0]:
                    tall.setdefault(merge[0][0], []).append(merge)
            running: list[tuple[int, int, Any]] = []
            height = max(end[0] + 1 if end else 0, *(row + 1 for row in self.formulas), 0)
            cells = chain(self.content.iter_rows() if start else (), iter(list, None))
            for number, row in enumerate(islice(cells, height)):
                row = left + row
                for column, shown in self.formulas.get(number, {}).items():
                    row.extend([""] * (column + 1 - len(row)))
                    row[column] = shown
                if running:
                    running = [merge for merge in running if merge[0] >= number]
                    for _, column, value in running:
                        if column < len(row) and row[column] == "":
                            row[column] = value
                for (_, column), (bottom, _) in tall.get(number, ()):
                    if column < len(row):
                        running.append((bottom, column, row[column]))
                yield row


def open_sheets(path: Path, kind: FileKind, state: DocumentState) -> list[Sheet]:
    """Open the visible sheets of a workbook; a note names the hidden ones.

    Raises:
        FileRejected: `unreadable-file`.
    """
    if kind == "xls" and not _survives(path):
        raise FileRejected("unreadable-file", kind="damaged")
    with guarded():
        workbook = calamine.load_workbook(path)
        sheets, hidden = [], []
        for place, metadata in enumerate(workbook.sheets_metadata):
            if metadata.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            if metadata.visible != calamine.SheetVisibleEnum.Visible:
                hidden.append(metadata.name)
                continue
            formulas = broken_formulas(path, place) if kind == "xlsx" else {}
            sheets.append(Sheet(metadata.name, workbook.get_sheet_by_index(place), formulas))
    if hidden:
        names = ", ".join(hidden)
        state.notes.append(f"Không đọc trang tính ẩn: {names} / Hidden sheets not read: {names}.")
    return sheets


def _survives(path: Path) -> bool:
    """Say whether the process outlives the reading of an .xls, tried in one of its own.

    A damaged .xls can make calamine ask for absurd amounts of memory, which ends the process without an
    exception.
    """
    command = [sys.executable, "-I", "-c", _TRIAL, str(path), str(_TRIAL_MEMORY)]
    try:
        trial = subprocess.run(command, capture_output=True, timeout=_TRIAL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return trial.returncode == 0


@dataclass
class WorkbookDocument(DocumentState):
    """A workbook whose tables were found."""

    tables: list[tuple[Sheet, Header]] = field(default_factory=list)

    def blocks(self) -> Iterator[Block]:
        """Read the records, sheet by sheet and block by block; may be called once.

        Raises:
            FileRejected: `unreadable-file`.
        """
        for sheet, header in self.tables:
            table = Table(header, sheet.name, self)
            rows = enumerate(sheet.rows(), start=1)
            for _ in islice(rows, header.last + 1):
                pass
            while numbered := list(islice(rows, BLOCK_ROWS)):
                yield table.take(frame(numbered))
            table.close()


def frame(rows: Sequence[tuple[int, list[Any]]]) -> pl.DataFrame:
    """Return numbered rows as `source_row`, the texts `c0`, ... and `n0`, ...: whether a cell was no text."""
    width = max(len(row) for _, row in rows)
    columns: dict[str, pl.Series] = {
        "source_row": pl.Series([number for number, _ in rows], dtype=pl.Int64())
    }
    for at in range(width):
        cells = [row[at] if at < len(row) else "" for _, row in rows]
        native = [type(cell) is not str for cell in cells]
        texts = [show(cell) for cell in cells] if any(native) else cells
        columns[f"c{at}"] = pl.Series(texts, dtype=pl.String())
        columns[f"n{at}"] = pl.Series(native, dtype=pl.Boolean())
    return pl.DataFrame(columns)


def open_workbook(path: Path, kind: FileKind, contract: Contract) -> WorkbookDocument:
    """Open a workbook: find the table of the contract on every visible sheet that has one.

    Raises:
        FileRejected: `no-table`, `missing-column`, `duplicate-column`, `unreadable-file`.
    """
    document = WorkbookDocument()
    with guarded():
        date_system_1904 = kind == "xlsx" and uses_1904_dates(path)
    refused: FileRejected | None = None
    unfit: list[str] = []
    for sheet in open_sheets(path, kind, document):
        head = [tuple(show(cell) for cell in row) for row in islice(sheet.rows(), _HEAD_ROWS)]
        try:
            header = find_header(head, contract, sheet.merges)
        except FileRejected as rejected:
            if _is_nearly_the_table(rejected, contract):
                # Left out with a note, its records would be missing without anybody being asked.
                raise
            refused = refused or rejected
            header = None
        if header is None:
            unfit.append(sheet.name)
            continue
        document.tables.append((sheet, header))
        document.outside += outside_rows(list(enumerate(head, start=1)), header, sheet.name)
        document.layouts.append(
            Layout(
                sheet=sheet.name,
                header_row=header.first + 1,
                positions=header.positions,
                headers=header.texts,
                unknown_headers=tuple(header.unknown.values()),
                titles=titles_above(head, header.first),
                date_system_1904=date_system_1904,
            )
        )
    if not document.tables:
        raise refused or FileRejected("no-table")
    if unfit:
        names = ", ".join(unfit)
        document.notes.append(
            f"Trang tính không có bảng của nguồn dữ liệu này, không đọc: {names} / "
            f"Sheets without this feed's table, not read: {names}."
        )
    return document


def _is_nearly_the_table(rejected: FileRejected, contract: Contract) -> bool:
    """Say whether a refused sheet has most of the columns, and is no list of codes beside the table."""
    missing = len(rejected.details["columns"].split(", ")) if rejected.code == "missing-column" else 0
    return 3 * missing <= sum(column.required for column in contract.columns)
