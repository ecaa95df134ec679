"""The marked workbook: the department's own, with the wrong cells shown, and read again like the original."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

from dxpipeline.feedback import marked_file
from dxpipeline.feedback.answer import SheetLayout
from dxpipeline.feedback.marked_file import write_marked_file
from dxpipeline.feedback.marked_workbook import AUTHOR, ERROR_COLOUR, WARNING_COLOUR, mark_values
from dxpipeline.settings import PROJECT_ROOT

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
HOSPITALS = DROPS / "so-y-te" / "smart_hospitals" / "BC benh vien quy 2 nam 2021.xlsx"
BROADBAND = DROPS / "so-tt-tt" / "broadband_coverage" / "Bang rong Quy II-2021.xlsx"
PROBLEMS = "Lỗi cần sửa"


def small_workbook(path: Path, *rows: list[Any]) -> Path:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "Trang 1"
    for row in ([*("Mã CSKCB", "HIS")], *rows):
        sheet.append(row)
    workbook.save(path)
    return path


def small_answer(answers: Any, *issues: Any) -> Any:
    layout = SheetLayout("Trang 1", 1, {"hospital_code": 0, "his_level": 1})
    return answers.partial(layouts=(layout,), issues=issues)


def test_wrong_cells_are_coloured_commented_and_explained_beside_the_row(
    answers: Any, tmp_path: Path
) -> None:
    answer, _ = answers.check(HOSPITALS, "smart_hospitals")
    write_marked_file(HOSPITALS, answer, tmp_path / "marked.xlsx")
    sheet = load_workbook(tmp_path / "marked.xlsx")["Biểu báo cáo"]
    assert sheet["F13"].fill.start_color.rgb == ERROR_COLOUR
    assert sheet["F13"].comment is not None
    assert sheet["F13"].comment.text.startswith("Cột “HIS”: “9” nằm ngoài phạm vi")
    assert sheet["K16"].fill.start_color.rgb == WARNING_COLOUR
    assert sheet["F14"].fill.start_color.rgb not in (ERROR_COLOUR, WARNING_COLOUR)
    assert sheet["N6"].value == PROBLEMS
    assert sheet["N13"].value == sheet["F13"].comment.text
    assert sheet["N14"].value is None
    assert str(sheet["N33"].value).count("\n") == 1, "both problems of the row are told"


def test_the_department_s_own_workbook_is_kept(answers: Any, tmp_path: Path) -> None:
    answer, _ = answers.check(HOSPITALS, "smart_hospitals")
    write_marked_file(HOSPITALS, answer, tmp_path / "marked.xlsx")
    before, after = load_workbook(HOSPITALS), load_workbook(tmp_path / "marked.xlsx")
    assert before.sheetnames == after.sheetnames
    for sheet in before.worksheets:
        copy = after[sheet.title]
        assert {str(merged) for merged in sheet.merged_cells.ranges} == {
            str(merged) for merged in copy.merged_cells.ranges
        }
        for row in sheet.iter_rows():
            for cell in row:
                assert copy[cell.coordinate].value == cell.value
                assert copy[cell.coordinate].number_format == cell.number_format
        for letter, dimension in sheet.column_dimensions.items():
            assert copy.column_dimensions[letter].width == dimension.width


@pytest.mark.parametrize(
    ("path", "feed"), [(HOSPITALS, "smart_hospitals"), (BROADBAND, "broadband_coverage")]
)
@pytest.mark.parametrize("limit", [10**9, 0], ids=["own workbook", "values only"])
def test_the_marked_copy_reads_as_the_file_itself(
    answers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path, feed: str, limit: int
) -> None:
    monkeypatch.setattr(marked_file, "LARGEST_WORKBOOK", limit)
    answer, rows = answers.check(path, feed)
    write_marked_file(path, answer, tmp_path / "marked.xlsx")
    again, rows_again = answers.check(tmp_path / "marked.xlsx", feed, name=path.name)
    assert rows_again.equals(rows)
    assert again.issues == answer.issues
    assert again.skipped_rows == answer.skipped_rows
    assert again.rows_quarantined == answer.rows_quarantined > 0


def test_a_mended_copy_that_comes_back_loses_its_old_marks(answers: Any, tmp_path: Path) -> None:
    answer, _ = answers.check(HOSPITALS, "smart_hospitals")
    first, mended, second = (tmp_path / name for name in ("first.xlsx", "mended.xlsx", "second.xlsx"))
    write_marked_file(HOSPITALS, answer, first)
    workbook = load_workbook(first)
    workbook["Biểu báo cáo"]["F13"] = 4
    workbook.save(mended)
    answer, _ = answers.check(mended, "smart_hospitals", name=HOSPITALS.name)
    write_marked_file(mended, answer, second)
    sheet = load_workbook(second)["Biểu báo cáo"]
    assert sheet["F13"].comment is None
    assert sheet["F13"].fill.fill_type is None
    assert sheet["N13"].value is None
    assert sheet["N6"].value == PROBLEMS
    assert sheet["O6"].value is None, "the column of the sentences is used again"
    assert sheet["G18"].fill.start_color.rgb == ERROR_COLOUR


def test_formulas_stay_formulas_and_text_like_formulas_stays_text(answers: Any, tmp_path: Path) -> None:
    source = small_workbook(tmp_path / "source.xlsx", ["38001", "=1+1"], ["38002", None])
    workbook = load_workbook(source)
    cell = workbook["Trang 1"]["B3"]
    cell.value = "=cmd|'/c calc'!A1"
    cell.data_type = "s"
    workbook.save(source)
    answer = small_answer(answers, answers.issue(3, "his_level", "bad-number", "=cmd", sheet="Trang 1"))
    write_marked_file(source, answer, tmp_path / "marked.xlsx")
    sheet = load_workbook(tmp_path / "marked.xlsx")["Trang 1"]
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "f")
    assert (sheet["B3"].value, sheet["B3"].data_type) == ("=cmd|'/c calc'!A1", "s")


def test_values_copied_into_a_new_workbook_are_never_formulas(answers: Any, tmp_path: Path) -> None:
    source = small_workbook(
        tmp_path / "source.xlsx", ["38001", 4], ["@SUM(A1)", date(2021, 4, 19)], ["-x", 1.5], ["", None]
    )
    workbook = load_workbook(source)
    formula_like = workbook["Trang 1"]["A5"]
    formula_like.value = "=1+1"
    formula_like.data_type = "s"
    workbook.save(source)
    answer = small_answer(
        answers,
        answers.issue(3, "hospital_code", "bad-format", "@SUM(A1)", sheet="Trang 1"),
        answers.issue(4, "his_level", "bad-number", "1.5", sheet="Trang 1", severity="warning"),
    )
    mark_values(source, "xlsx", answer, tmp_path / "marked.xlsx")
    sheet = load_workbook(tmp_path / "marked.xlsx")["Trang 1"]
    for address, text in (("A3", "@SUM(A1)"), ("A4", "-x"), ("A5", "=1+1")):
        assert (sheet[address].value, sheet[address].data_type) == (text, "s")
        assert sheet[address].quotePrefix
    assert sheet["B3"].value.date() == date(2021, 4, 19)
    assert (sheet["B2"].value, sheet["B4"].value) == (4, 1.5)
    assert sheet["C1"].value == PROBLEMS
    assert sheet["A3"].fill.start_color.rgb == ERROR_COLOUR
    assert sheet["B4"].fill.start_color.rgb == WARNING_COLOUR
    assert sheet["A3"].comment.text == sheet["C3"].value


def test_a_workbook_that_cannot_be_kept_is_answered_with_its_values(
    answers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small_workbook(tmp_path / "source.xlsx", ["38001", 9])
    answer = small_answer(answers, answers.issue(2, "his_level", "out-of-range", "9", sheet="Trang 1"))

    def refuse(*_: Any, **__: Any) -> None:
        raise ValueError("Max value is 14")

    monkeypatch.setattr("dxpipeline.feedback.marked_workbook.load_workbook", refuse)
    write_marked_file(source, answer, tmp_path / "marked.xlsx")
    sheet = load_workbook(tmp_path / "marked.xlsx")["Trang 1"]
    assert [[cell.value for cell in row][:2] for row in sheet.iter_rows()] == [
        ["Mã CSKCB", "HIS"],
        ["38001", 9],
    ]
    assert str(sheet["C2"].value).startswith("Cột “HIS”")


def test_a_clerk_s_own_comment_stays(answers: Any, tmp_path: Path) -> None:
    source = small_workbook(tmp_path / "source.xlsx", ["38001", 9])
    workbook = load_workbook(source)
    workbook["Trang 1"]["B2"].comment = Comment("theo quyết định 12", "Lan")
    workbook.save(source)
    answer = small_answer(answers, answers.issue(2, "his_level", "out-of-range", "9", sheet="Trang 1"))
    write_marked_file(source, answer, tmp_path / "marked.xlsx")
    sheet = load_workbook(tmp_path / "marked.xlsx")["Trang 1"]
    assert sheet["B2"].comment.text == "theo quyết định 12"
    assert sheet["B2"].comment.author != AUTHOR
    assert sheet["B2"].fill.start_color.rgb == ERROR_COLOUR
    assert str(sheet["C2"].value).startswith("Cột “HIS”")


def test_a_wrong_value_in_a_merged_range_is_marked_at_its_first_cell(answers: Any, tmp_path: Path) -> None:
    source = small_workbook(tmp_path / "source.xlsx", ["38001", 9], ["38002", None])
    workbook = load_workbook(source)
    workbook["Trang 1"].merge_cells("B2:B3")
    workbook.save(source)
    answer = small_answer(answers, answers.issue(3, "his_level", "out-of-range", "9", sheet="Trang 1"))
    write_marked_file(source, answer, tmp_path / "marked.xlsx")
    sheet = load_workbook(tmp_path / "marked.xlsx")["Trang 1"]
    assert sheet["B2"].fill.start_color.rgb == ERROR_COLOUR
    assert sheet["B2"].comment is not None
    assert str(sheet["C3"].value).startswith("Cột “HIS”")


def test_an_error_in_a_cell_outweighs_a_warning(answers: Any, tmp_path: Path) -> None:
    source = small_workbook(tmp_path / "source.xlsx", ["38001", 9])
    answer = small_answer(
        answers,
        answers.issue(2, "his_level", "inconsistent-values", "9", sheet="Trang 1", severity="warning"),
        answers.issue(2, "his_level", "out-of-range", "9", sheet="Trang 1"),
    )
    write_marked_file(source, answer, tmp_path / "marked.xlsx")
    cell = load_workbook(tmp_path / "marked.xlsx")["Trang 1"]["B2"]
    assert cell.fill.start_color.rgb == ERROR_COLOUR
    assert cell.comment is not None
    assert cell.comment.text.count("\n") == 1


def test_a_stray_format_far_out_does_not_push_the_sentences_out_of_sight(
    answers: Any, tmp_path: Path
) -> None:
    source = small_workbook(tmp_path / "source.xlsx", ["38001", 9])
    workbook = load_workbook(source)
    workbook["Trang 1"]["XFD1"].number_format = "0.00"
    workbook.save(source)
    answer = small_answer(answers, answers.issue(2, "his_level", "out-of-range", "9", sheet="Trang 1"))
    write_marked_file(source, answer, tmp_path / "marked.xlsx")
    assert load_workbook(tmp_path / "marked.xlsx")["Trang 1"]["C1"].value == PROBLEMS


def test_a_full_sheet_gets_its_comments_without_the_column(answers: Any, tmp_path: Path) -> None:
    source = small_workbook(tmp_path / "source.xlsx", ["38001", 9])
    workbook = load_workbook(source)
    workbook["Trang 1"]["XFD2"] = "ghi chú"
    workbook.save(source)
    answer = small_answer(answers, answers.issue(2, "his_level", "out-of-range", "9", sheet="Trang 1"))
    write_marked_file(source, answer, tmp_path / "marked.xlsx")
    sheet = load_workbook(tmp_path / "marked.xlsx")["Trang 1"]
    assert sheet["B2"].comment is not None
    assert sheet["XFD2"].value == "ghi chú"


def test_the_copy_holds_no_macro_and_is_a_sound_archive(answers: Any, tmp_path: Path) -> None:
    answer, _ = answers.check(HOSPITALS, "smart_hospitals")
    write_marked_file(HOSPITALS, answer, tmp_path / "marked.xlsx")
    with zipfile.ZipFile(tmp_path / "marked.xlsx") as archive:
        assert archive.testzip() is None
        assert not any("vba" in name.lower() for name in archive.namelist())
