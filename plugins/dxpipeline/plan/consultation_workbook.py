"""The workbook in which a drafting department has all comments together, and answers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from dxpipeline.cells import set_text
from dxpipeline.durable import write_whole
from dxpipeline.messages import label
from dxpipeline.plan.consultation import Consultation, Proposal, number_shown, proposals, remark, summary

_FONT = "Times New Roman"
_POINTS = 12
_LINE_HEIGHT = 16.5
_LATE = PatternFill("solid", start_color="FFFFE08A", end_color="FFFFE08A")
_HEADER = PatternFill("solid", start_color="FFE7E6E6", end_color="FFE7E6E6")
_GREY = "FF7F7F7F"
_LINE = Side(style="thin", color="FF7F7F7F")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)

_Value = str | int | Decimal | date | None


@dataclass(frozen=True)
class _Row:
    """A row of a table; one of a late comment is coloured, one of a comment that no longer counts is grey."""

    values: Sequence[_Value]
    is_late: bool = False
    is_replaced: bool = False


@dataclass(frozen=True)
class _Table:
    """A sheet: the label of its name, its columns with their widths in characters, its rows."""

    name: str
    columns: Mapping[str, int]
    rows: Sequence[_Row]


def write_workbook(found: Consultation, target: Path, made_on: date) -> None:
    """Write the comments on a document as a workbook in Vietnamese, whole or not at all.

    Args:
        found: What was said of the document.
        target: The workbook; one that is there is replaced.
        made_on: The day that the workbook names as its own.

    Raises:
        OSError: The folder cannot be written.
    """
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for table in (_targets(found), _comments(found), _departments(found)):
        _write(workbook.create_sheet(label("consultation", table.name)), table, found, made_on)
    write_whole(target, workbook.save, hidden_prefix=f".{target.name}.")


def _targets(found: Consultation) -> _Table:
    proposed = proposals(found)
    rows = [
        _Row(
            (
                number,
                _target_name(one),
                _drafted(one),
                one["unit_vi"],
                one["target_year"],
                one["department_count"],
                one["on_time_count"],
                one["late_count"],
                one["proposed_min"],
                one["proposed_max"],
                _lines(map(_proposal, proposed.get(one["target_code"], []))),
                _lines(one["legal_bases"] or []),
            )
        )
        for number, one in enumerate(found["targets"], start=1)
    ]
    columns = {
        "number": 6,
        "target": 36,
        "target_value": 14,
        "unit": 14,
        "target_year": 8,
        "departments": 9,
        "on_time": 8,
        "late": 8,
        "proposed_min": 10,
        "proposed_max": 10,
        "proposals": 46,
        "legal_basis": 26,
    }
    return _Table("sheet_targets", columns, rows)


def _comments(found: Consultation) -> _Table:
    drafted = {one["target_code"]: _drafted(one) for one in found["targets"]}
    rows = [
        _Row(
            (
                number,
                _target_name(one),
                _department_name(one),
                one["comment"],
                drafted[one["target_code"]],
                one["proposed_value"],
                one["legal_basis"],
                one["received_on"],
                label("consultation", _state(one)),
                None,
                None,
                _source(one),
            ),
            is_late=one["is_late"],
            is_replaced=not one["is_standing"],
        )
        for number, one in enumerate(found["comments"], start=1)
    ]
    columns = {
        "number": 6,
        "target": 26,
        "department": 22,
        "comment": 44,
        "target_value": 14,
        "proposed_value": 9,
        "legal_basis": 20,
        "received_on": 12,
        "state": 12,
        "accepted": 24,
        "explanation": 30,
        "source": 24,
    }
    return _Table("sheet_comments", columns, rows)


def _departments(found: Consultation) -> _Table:
    rows = [
        _Row(
            (
                number,
                _department_name(one),
                label("consultation_states", one["state"]),
                one["target_count"],
                one["on_time_count"],
                one["late_count"],
                one["first_received_on"],
                one["last_received_on"],
                remark(one),
            ),
            is_late=one["state"] == "late",
        )
        for number, one in enumerate(found["departments"], start=1)
    ]
    columns = {
        "number": 6,
        "department": 36,
        "state": 14,
        "targets": 10,
        "on_time": 9,
        "late": 9,
        "first_received_on": 13,
        "last_received_on": 13,
        "remark": 40,
    }
    return _Table("sheet_departments", columns, rows)


def _lines(texts: Iterable[str]) -> str | None:
    return "\n".join(texts) or None


def _target_name(one: Mapping[str, Any]) -> str:
    name = one["target_name_vi"]
    text = one["target_code"] if name is None else f"{name} ({one['target_code']})"
    return text if one["is_target_of_document"] else f"{text}, {label('consultation', 'not_in_document')}"


def _drafted(target: Mapping[str, Any]) -> Decimal | str | None:
    """Return what the draft says: its number, or its words where it names none."""
    number: Decimal | None = target["target_value"]
    words: str | None = target["statement_vi"]
    return words if number is None else number


def _department_name(one: Mapping[str, Any]) -> str:
    return str(one["department_name_vi"] or one["department_code"])


def _proposal(proposal: Proposal) -> str:
    who = (
        label("consultation", "proposal_late", department=_department_name(one))
        if one["is_late"]
        else _department_name(one)
        for one in proposal.comments
    )
    return f"{number_shown(proposal.value)}: {', '.join(who)}"


def _state(comment: Mapping[str, Any]) -> str:
    if not comment["is_standing"]:
        return "comment_replaced"
    return "comment_late" if comment["is_late"] else "comment_on_time"


def _source(comment: Mapping[str, Any]) -> str:
    place = {"file": comment["file_name"], "row": comment["source_row"]}
    if comment["source_sheet"]:
        return label("consultation", "source_row_of_sheet", sheet=comment["source_sheet"], **place)
    return label("consultation", "source_row", **place)


def _write(sheet: Worksheet, table: _Table, found: Consultation, made_on: date) -> None:
    for position, width in enumerate(table.columns.values(), start=1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    header = _write_title(sheet, table, found, made_on) + 2
    last_column = get_column_letter(len(table.columns))
    for position, name in enumerate(table.columns, start=1):
        cell = sheet.cell(header, position)
        set_text(cell, label("consultation", name))
        cell.font = Font(name=_FONT, size=_POINTS, bold=True)
        cell.fill = _HEADER
        cell.border = _BOX
        cell.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
    for number, row in enumerate(table.rows, start=header + 1):
        _write_row(sheet, number, row)
    sheet.freeze_panes = f"A{header + 1}"
    if table.rows:
        sheet.auto_filter.ref = f"A{header}:{last_column}{header + len(table.rows)}"
    sheet.print_title_rows = f"{header}:{header}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    # One page wide, as many high as it takes.
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    footer: Any = sheet.oddFooter
    footer.center.text = label("consultation", "page", page="&P", pages="&N")


def _write_title(sheet: Worksheet, table: _Table, found: Consultation, made_on: date) -> int:
    """Write who asks whom about what until when over the table, and return the last row of it."""
    document = found["document"]
    lines = (
        document["drafted_by_name_vi"] or document["drafted_by"] or "",
        label("consultation", "title"),
        label(
            "consultation",
            "document",
            code=document["document_code"],
            number=document["number"],
            title=document["title_vi"],
        ),
        label(
            "consultation",
            "days",
            dated_on=document["dated_on"],
            comments_due_on=document["comments_due_on"],
            made_on=made_on,
        ),
        summary(found),
    )
    characters = sum(table.columns.values())
    for row, line in enumerate(lines, start=1):
        cell = sheet.cell(row, 1)
        set_text(cell, line)
        is_title = row == 2
        cell.font = Font(name=_FONT, size=_POINTS + 2 * is_title, bold=row <= 3)
        cell.alignment = Alignment(
            wrap_text=True, vertical="center", horizontal="center" if row > 1 else "left"
        )
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(table.columns))
        # Merged cells do not find their height themselves.
        sheet.row_dimensions[row].height = _LINE_HEIGHT * ceil(max(len(line), 1) / characters) + 4 * is_title
    return len(lines)


def _write_row(sheet: Worksheet, number: int, row: _Row) -> None:
    for position, value in enumerate(row.values, start=1):
        cell: Any = sheet.cell(number, position)
        if isinstance(value, str):
            set_text(cell, value)
        else:
            cell.value = value
        if isinstance(value, date):
            cell.number_format = "dd/mm/yyyy"
        cell.font = Font(name=_FONT, size=_POINTS, color=_GREY if row.is_replaced else None)
        cell.border = _BOX
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if row.is_late:
            cell.fill = _LATE
