"""Marking a workbook: the wrong cells coloured and commented, the problems of each row in a last column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, MergedCell, WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from dxpipeline.cells import set_text
from dxpipeline.feedback.answer import Answer, Issue, SheetLayout
from dxpipeline.messages import issue_sentence, label
from dxpipeline.reading.model import DocumentState
from dxpipeline.reading.signature import FileKind
from dxpipeline.reading.workbook import open_sheets
from dxpipeline.text import fold

AUTHOR = "dxpipeline"
ERROR_COLOUR = "FFF4B6B2"
WARNING_COLOUR = "FFFFE08A"

_MAX_COLUMN = 16_384
_PROBLEMS_WIDTH = 70


@dataclass(frozen=True)
class _Mark:
    """What is to be shown at one cell, or beside its row where there is no cell."""

    row: int
    column: int | None
    is_error: bool
    sentence: str

    @property
    def fill(self) -> PatternFill:
        colour = ERROR_COLOUR if self.is_error else WARNING_COLOUR
        return PatternFill("solid", start_color=colour, end_color=colour)

    @property
    def comment(self) -> Comment:
        return Comment(self.sentence, AUTHOR, height=40 + 22 * (len(self.sentence) // 45 + 1), width=330)


def mark_workbook(source: Path, answer: Answer, target: Path) -> bool:
    """Write the department's own workbook with its marks.

    Args:
        source: An .xlsx workbook.
        answer: What became of it.
        target: Where to write.

    Returns:
        False, with nothing written, where the workbook cannot be kept as it is.
    """
    try:
        workbook = load_workbook(source, rich_text=True)
    except Exception:
        # Whatever a workbook holds that openpyxl does not know: the caller marks its values instead.
        return False
    for layout in answer.layouts:
        sheet = workbook[layout.sheet] if layout.sheet in workbook.sheetnames else None
        # A workbook in the Strict form of the format is read as empty.
        if not isinstance(sheet, Worksheet) or sheet.max_row < layout.header_row:
            return False
        _mark_sheet(sheet, layout, _marks(answer, layout))
    workbook.save(target)
    return True


def mark_values(source: Path, kind: FileKind, answer: Answer, target: Path) -> None:
    """Write a new .xlsx of the visible sheets' values with their marks, row by row.

    Text that begins like a formula stays text.

    Raises:
        FileRejected: The workbook cannot be read.
    """
    workbook = Workbook(write_only=True)
    for sheet in open_sheets(source, kind, DocumentState()):
        layout = answer.layout_of(sheet.name)
        rows: Iterator[list[Any]] = sheet.rows()
        copy = workbook.create_sheet(sheet.name)
        if layout is None:
            for row in rows:
                copy.append([_value_cell(copy, value) for value in row])
            continue
        header = fold(label("names", "problems"))
        marks = _by_row(_marks(answer, layout))
        problems: int | None = None
        for number, row in enumerate(rows, start=1):
            if number == layout.header_row:
                known = (at for at, value in enumerate(row) if _names(value, header))
                problems = next(known, len(row))
            cells = [_value_cell(copy, value) for value in row]
            if problems is not None:
                cells += [_value_cell(copy, "") for _ in range(problems + 1 - len(cells))]
                if number == layout.header_row:
                    cells[problems] = _value_cell(copy, label("names", "problems"))
                    cells[problems].font = Font(bold=True)
                elif number in marks:
                    _mark_values_of_row(cells, problems, marks[number])
            copy.append(cells)
    workbook.save(target)


def _mark_values_of_row(cells: list[Any], problems: int, marks: list[_Mark]) -> None:
    for mark in marks:
        if mark.column is not None and mark.column <= len(cells):
            cells[mark.column - 1].fill = mark.fill
            cells[mark.column - 1].comment = mark.comment
    cells[problems].value = "\n".join(mark.sentence for mark in marks)
    cells[problems].alignment = Alignment(wrap_text=True, vertical="top")


def _value_cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, str) and value:
        cell = WriteOnlyCell(sheet)
        set_text(cell, value)
        return cell
    cell = WriteOnlyCell(sheet, value=None if value == "" else value)
    if isinstance(value, datetime | date):
        cell.number_format = "dd/mm/yyyy"
    return cell


def _marks(answer: Answer, layout: SheetLayout) -> list[_Mark]:
    return [
        _Mark(
            row=issue.source_row,
            column=_column(layout, issue),
            is_error=issue.severity == "critical",
            sentence=issue_sentence(answer.contract, vars(issue)),
        )
        for issue in answer.issues
        if issue.source_row is not None and issue.sheet == layout.sheet
    ]


def _column(layout: SheetLayout, issue: Issue) -> int | None:
    position = layout.positions.get(issue.column_name) if issue.column_name else None
    return None if position is None else position + 1


def _by_row(marks: list[_Mark]) -> dict[int, list[_Mark]]:
    rows: dict[int, list[_Mark]] = defaultdict(list)
    for mark in marks:
        rows[mark.row].append(mark)
    return rows


def _mark_sheet(sheet: Worksheet, layout: SheetLayout, marks: list[_Mark]) -> None:
    problems = _problems_column(sheet, layout)
    for row, of_row in _by_row(marks).items():
        by_column: dict[int, list[_Mark]] = defaultdict(list)
        for mark in of_row:
            if mark.column is not None:
                by_column[mark.column].append(mark)
        for column, of_cell in by_column.items():
            _mark_cell(sheet, row, column, of_cell)
        if problems is not None:
            cell = _text_cell(sheet, row, problems, "\n".join(mark.sentence for mark in of_row))
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _mark_cell(sheet: Worksheet, row: int, column: int, marks: list[_Mark]) -> None:
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        # The value of a merged range stands in its first cell.
        merged = next(range_ for range_ in sheet.merged_cells.ranges if cell.coordinate in range_)
        cell = sheet.cell(merged.min_row, merged.min_col)
    worst = next((mark for mark in marks if mark.is_error), marks[0])
    cell.fill = worst.fill
    if cell.comment is None:
        # A comment of the clerk's own stays; the last column has the sentence.
        sentences = "\n".join(mark.sentence for mark in marks)
        cell.comment = _Mark(row, column, worst.is_error, sentences).comment


def _problems_column(sheet: Worksheet, layout: SheetLayout) -> int | None:
    """Return the column of the sentences, emptied of an earlier answer's; None where the sheet is full."""
    # The cells that exist: a sheet may claim a million rows of which none holds anything.
    cells: list[Any] = [cell for (row, _), cell in sheet._cells.items() if row >= layout.header_row]
    header = fold(label("names", "problems"))
    titles = (cell.column for cell in cells if cell.row == layout.header_row and _names(cell.value, header))
    known: int | None = next(titles, None)
    if known is not None:
        _clear_earlier_marks(cells, known, layout)
        return known
    merged = (range_.max_col for range_ in sheet.merged_cells.ranges if range_.max_row >= layout.header_row)
    filled = (cell.column for cell in cells if cell.value is not None)
    column: int = 1 + max([position + 1 for position in layout.positions.values()] + [*filled, *merged])
    if column > _MAX_COLUMN:
        return None
    title = _text_cell(sheet, layout.header_row, column, label("names", "problems"))
    title.font = Font(bold=True, color="FFA4201B")
    title.alignment = Alignment(vertical="center")
    sheet.column_dimensions[get_column_letter(column)].width = _PROBLEMS_WIDTH
    return column


def _names(value: Any, header: str) -> bool:
    return isinstance(value, str) and fold(value) == header


def _clear_earlier_marks(cells: list[Any], problems: int, layout: SheetLayout) -> None:
    for cell in cells:
        if isinstance(cell, MergedCell):
            continue
        if cell.comment is not None and cell.comment.author == AUTHOR:
            cell.comment = None
            cell.fill = PatternFill()
        if cell.column == problems and cell.row > layout.header_row:
            cell.value = None


def _text_cell(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    cell = sheet.cell(row, column)
    if not isinstance(cell, Cell):
        raise TypeError(f"Cell {cell.coordinate} beside the table is part of a merged range.")
    set_text(cell, text)
    return cell
