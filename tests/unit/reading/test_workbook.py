"""Workbooks: where cells stand, what they hold, and what a workbook hides."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from dxpipeline.contracts import Contract
from dxpipeline.reading import open_document, read_tables
from dxpipeline.reading.model import FileRejected
from dxpipeline.reading.values import UNCALCULATED
from dxpipeline.reading.workbook import guarded, show

Read = Callable[..., Any]
OLD_FORMAT = Path(__file__).parents[2] / "data/drops/so-kh-cn/rd_personnel/Nhan luc NCPT nam 2021.xls"
HEADER = ["Mã thôn", "Tên thôn", "Số hộ", "Số hộ có mạng", "Ghi chú"]


@pytest.fixture
def workbook() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    fill(active(book), [HEADER, ["00123", "Đông", 120, 100, None], ["00124", "Tây", 80, 75, "xong"]])
    return book


def active(book: openpyxl.Workbook) -> Worksheet:
    assert isinstance(book.active, Worksheet)
    return book.active


def fill(sheet: Worksheet, rows: list[list[Any]], first_row: int = 1, first_column: int = 1) -> Worksheet:
    for down, row in enumerate(rows):
        for across, value in enumerate(row):
            sheet.cell(first_row + down, first_column + across, value)
    return sheet


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[openpyxl.Workbook], Path]:
    def save(book: openpyxl.Workbook) -> Path:
        path = tmp_path / "thôn.xlsx"
        book.save(path)
        return path

    return save


def test_cells_keep_their_own_type(read: Read, saved: Any, workbook: openpyxl.Workbook) -> None:
    active(workbook)["A2"] = 123
    active(workbook)["E2"] = datetime(2021, 4, 19)
    block = read(saved(workbook)).blocks[0]
    assert block.sheet == "Sheet"
    assert block.texts.row(0) == (2, "123", "Đông", "120", "100", "2021-04-19")
    assert block.texts.row(1) == (3, "00124", "Tây", "80", "75", "xong")
    assert block.native is not None
    assert block.native.row(0) == (True, False, True, True, True)
    assert block.native.row(1) == (False, False, True, True, False)


def test_a_table_may_begin_anywhere(read: Read, saved: Any) -> None:
    book = openpyxl.Workbook()
    fill(active(book), [HEADER, ["00123", "Đông", 120, 100, None]], first_row=3, first_column=2)
    reading = read(saved(book))
    assert reading.document.layouts[0].header_row == 3
    assert reading.document.layouts[0].positions["code"] == 1
    assert reading.texts.row(0) == (4, "00123", "Đông", "120", "100", None)
    assert reading.outside == [(1, "blank"), (2, "blank"), (3, "header")]


def test_every_visible_sheet_with_the_table_is_read(
    read: Read, saved: Any, workbook: openpyxl.Workbook
) -> None:
    fill(workbook.create_sheet("Huyện 2"), [["Kỳ báo cáo: Quý I/2021"], HEADER, ["00125", "Nam", 9, 8, None]])
    fill(workbook.create_sheet("Hướng dẫn"), [["Điền mỗi thôn một dòng"]])
    hidden = fill(workbook.create_sheet("Cũ"), [HEADER, ["00126", "Bắc", 9, 8, None]])
    hidden.sheet_state = "hidden"
    reading = read(saved(workbook))
    assert [(block.sheet, block.texts["code"].to_list()) for block in reading.blocks] == [
        ("Sheet", ["00123", "00124"]),
        ("Huyện 2", ["00125"]),
    ]
    assert [layout.titles for layout in reading.document.layouts] == [(), ("Kỳ báo cáo: Quý I/2021",)]
    notes = " ".join(reading.document.notes)
    assert "Cũ" in notes
    assert "Hướng dẫn" in notes
    assert "Huyện 2" not in notes


def test_a_sheet_that_lacks_columns_does_not_spoil_one_that_has_them(
    read: Read, saved: Any, workbook: openpyxl.Workbook
) -> None:
    fill(workbook.create_sheet("Danh mục", 0), [["Mã thôn", "Tên thôn"], ["00123", "Đông"]])
    reading = read(saved(workbook))
    assert reading.texts["code"].to_list() == ["00123", "00124"]
    assert "Danh mục" in reading.document.notes[0]


def test_a_second_sheet_of_the_table_with_a_broken_header_refuses_the_file(
    read: Read, saved: Any, workbook: openpyxl.Workbook
) -> None:
    first = active(workbook)
    second = workbook.copy_worksheet(first)
    header = next(row for row in second.iter_rows() if any(cell.value for cell in row))
    header[-1 if header[-1].value and header[-1].value != "Ghi chú" else 2].value = "sai tiêu đề"
    with pytest.raises(FileRejected, match="missing-column"):
        read(saved(workbook))


def test_a_vertical_merge_gives_its_value_to_every_row(
    read: Read, saved: Any, workbook: openpyxl.Workbook
) -> None:
    sheet = fill(
        active(workbook), [["00125", "Nam", 9, 8, "chung"], ["00126", "Bắc", 7, 6, None]], first_row=4
    )
    sheet.merge_cells("E4:E5")
    sheet.merge_cells("C4:C5")
    reading = read(saved(workbook))
    assert reading.column("note") == {2: None, 3: "xong", 4: "chung", 5: "chung"}
    assert reading.column("households")[5] == "9"
    assert reading.blocks[0].native["households"].to_list() == [True, True, True, True]


def test_a_group_row_merged_across_is_no_record(read: Read, saved: Any, workbook: openpyxl.Workbook) -> None:
    sheet = active(workbook)
    sheet.insert_rows(2)
    sheet["A2"] = "Xã Đông"
    sheet.merge_cells("A2:E2")
    reading = read(saved(workbook))
    assert reading.skipped == [(2, "group")]
    assert reading.texts["source_row"].to_list() == [3, 4]


def test_merged_header_cells_across_two_rows(read: Read, saved: Any) -> None:
    book = openpyxl.Workbook()
    sheet = fill(
        active(book),
        [
            ["Báo cáo"],
            ["Mã thôn", "Tên thôn", "Hộ", None, "Ghi chú"],
            [None, None, "Số hộ", "Số hộ có mạng", None],
            ["00123", "Đông", 120, 100, None],
        ],
    )
    for merge in ("A2:A3", "B2:B3", "C2:D2", "E2:E3", "A1:E1"):
        sheet.merge_cells(merge)
    reading = read(saved(book))
    assert reading.outside == [(1, "title"), (2, "header"), (3, "header")]
    assert reading.document.layouts[0].titles == ("Báo cáo",)
    assert reading.texts.row(0) == (4, "00123", "Đông", "120", "100", None)


def test_formula_errors_and_uncalculated_formulas_are_shown(
    read: Read, saved: Any, workbook: openpyxl.Workbook
) -> None:
    sheet = active(workbook)
    sheet["C2"] = "#REF!"
    sheet["C2"].data_type = "e"
    sheet["D3"] = "=SUM(C2:C3)"
    reading = read(saved(workbook))
    assert reading.column("households") == {2: "#REF!", 3: "80"}
    assert reading.column("covered") == {2: "100", 3: UNCALCULATED}


def test_lost_cells_at_the_edge_are_found(read: Read, saved: Any, workbook: openpyxl.Workbook) -> None:
    fill(active(workbook), [["00125", "Nam", 1, "=1+1", None]], first_row=4)
    reading = read(saved(workbook))
    assert reading.column("covered")[4] == UNCALCULATED


def test_1904_workbooks_are_recognised(read: Read, saved: Any, workbook: openpyxl.Workbook) -> None:
    assert read(saved(workbook)).document.layouts[0].date_system_1904 is False
    workbook.epoch = CALENDAR_MAC_1904
    active(workbook)["E2"] = datetime(2021, 4, 19)
    reading = read(saved(workbook))
    assert reading.document.layouts[0].date_system_1904 is True
    assert reading.column("note")[2] == "2021-04-19"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (1234.0, "1234"),
        (7, "7"),
        (0.1 + 0.2, "0.3"),
        (3.0000000000000004, "3"),
        (1.5e-7, "0.00000015"),
        (123456789012345.0, "123456789012345"),
        (-0.5, "-0.5"),
        (True, "true"),
        (date(2021, 3, 1), "2021-03-01"),
        (datetime(2021, 3, 1), "2021-03-01"),
        (datetime(2021, 3, 1, 8, 5), "2021-03-01 08:05:00"),
        (time(7, 30), "07:30:00"),
        ("00123", "00123"),
    ],
)
def test_values_are_written_canonically(cell: Any, shown: str) -> None:
    assert show(cell) == shown


def test_a_workbook_without_the_table_is_refused(saved: Any, villages: Contract) -> None:
    book = openpyxl.Workbook()
    fill(active(book), [["Họ tên", "Chức vụ"], ["A", "B"]])
    path = saved(book)
    with pytest.raises(FileRejected) as rejected:
        open_document(path, path.name, villages)
    assert rejected.value.code == "no-table"


def test_a_header_alone_has_no_records(read: Read, saved: Any) -> None:
    book = openpyxl.Workbook()
    fill(active(book), [HEADER])
    reading = read(saved(book))
    assert sum(len(block.texts) for block in reading.blocks) == 0
    assert reading.outside == [(1, "header")]


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_workbooks_are_refused(
    saved: Any, villages: Contract, workbook: openpyxl.Workbook, damage: str
) -> None:
    path = saved(workbook)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    if damage == "cut":
        content = content[: len(content) // 2]
    else:
        start = part.header_offset + 60
        content[start : start + 40] = bytes(255 - byte for byte in content[start : start + 40])
    path.write_bytes(content)
    with pytest.raises(FileRejected) as rejected:
        list(open_document(path, path.name, villages).blocks())
    assert rejected.value.code == "unreadable-file"
    assert rejected.value.details["kind"] == "damaged"


def test_a_panic_of_the_reader_is_a_rejection() -> None:
    panic = type("PanicException", (BaseException,), {})
    with pytest.raises(FileRejected), guarded():
        raise panic
    with pytest.raises(KeyboardInterrupt), guarded():
        raise KeyboardInterrupt


def test_plain_reading_lists_every_sheet(saved: Any, workbook: openpyxl.Workbook) -> None:
    fill(workbook.create_sheet("Khác"), [["Tiêu đề"], ["Họ tên", "Chức vụ"], ["A", "B"]])
    path = saved(workbook)
    first, second = read_tables(path, path.name)
    assert (first.header[0], first.rows[0]) == ("Mã thôn", (2, ("00123", "Đông", "120", "100", "")))
    assert (second.sheet, second.header_row, second.header) == ("Khác", 2, ("Họ tên", "Chức vụ"))


def test_an_old_workbook_is_read_like_a_new_one(make_contract: Any, column: Any, reading: Any) -> None:
    contract = make_contract(
        column("organisation_code", label="Mã tổ chức", key=True),
        column("organisation_name", label="Tên tổ chức"),
        column("headcount", "integer", label="Tổng số người"),
        column("fte", "number", label="Quy đổi toàn thời gian (FTE)"),
        column("masters", "integer", label="Thạc sĩ"),
    )
    old = reading(open_document(OLD_FORMAT, OLD_FORMAT.name, contract))
    assert old.document.layouts[0].header_row == 6
    assert [row for row, why in old.outside if why in ("header", "column-numbers")] == [6, 7, 8]
    assert [row for row, why in old.outside if why == "footer"] == [45, 46, 47]
    assert old.skipped == [(43, "total")]
    assert len(old.texts) == 34
    assert old.texts.row(0) == (9, "TC001", "Trường Đại học Hồng Đức", "104", "30.2", "17")


@pytest.mark.parametrize(
    "crash", ["import os; os.abort()", "bytearray(1 << 40)", "import time; time.sleep(60)"]
)
def test_an_old_workbook_that_would_end_the_process_is_refused(
    villages: Contract, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    monkeypatch.setattr("dxpipeline.reading.workbook._TRIAL", crash)
    monkeypatch.setattr("dxpipeline.reading.workbook._TRIAL_SECONDS", 1)
    with pytest.raises(FileRejected) as rejected:
        open_document(OLD_FORMAT, OLD_FORMAT.name, villages)
    assert rejected.value.details["kind"] == "damaged"
