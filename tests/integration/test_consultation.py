"""`dxpipeline plan consultation`: all comments on a draft together, in a workbook to answer them in."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from dxpipeline.cli import main
from dxpipeline.reporting.expected import today
from dxpipeline.settings import PROJECT_ROOT

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
DRAFT = "DT-2021-02-25"
HEADER = "Mã văn bản,Mã mục tiêu,Mã đơn vị góp ý,Nội dung góp ý,Giá trị đề xuất,Căn cứ pháp lý,Ngày nhận"
COMMAND = ("plan", "consultation")


@pytest.fixture
def commented(pipeline: Any) -> Any:
    """Return a pipeline that has loaded the comments of two departments."""
    for name in (
        "so-y-te/plan_comments/Gop y du thao ke hoach.xlsx",
        "so-kh-dt/plan_comments/gop_y_du_thao_2021.csv",
    ):
        pipeline.drop(DROPS / name, str(Path(name).parent))
    pipeline.run()
    return pipeline


def comments(pipeline: Any, department: str, *lines: str) -> None:
    """Drop and load comments as a department's CSV file."""
    text = "\n".join([HEADER, *lines, ""])
    pipeline.drop(text.encode(), f"{department}/plan_comments", "gop_y_2021.csv")
    pipeline.run()


def written(tmp_path: Path, *more: str) -> Workbook:
    """Return the workbook that the command writes."""
    output = tmp_path / "tong hop.xlsx"
    assert main([*COMMAND, "--output", str(output), *more]) == 0
    return load_workbook(output)


def rows(sheet: Any) -> list[dict[str, Any]]:
    """Return what stands under the header of a sheet, by the names in it."""
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(number for number, row in enumerate(values) if row[0] == "STT")
    return [dict(zip(values[header], row, strict=True)) for row in values[header + 1 :]]


def cell_of(sheet: Any, text: str) -> Any:
    (found,) = (cell for row in sheet.iter_rows() for cell in row if cell.value == text)
    return found


@pytest.mark.usefixtures("commented")
def test_json_has_the_document_its_targets_departments_and_comments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*COMMAND, "--document", DRAFT, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["document", "targets", "departments", "comments"]
    assert (found["document"]["document_code"], found["document"]["comments_due_on"]) == (DRAFT, "2021-03-05")
    assert found["document"]["drafted_by"] == "so-kh-cn"
    (hospitals,) = (one for one in found["targets"] if one["target_code"] == "SMART_HOSP_P")
    assert (hospitals["target_value"], hospitals["proposed_values"]) == (2, [12])
    assert (hospitals["on_time_count"], hospitals["late_count"]) == (1, 1)
    states = {one["department_code"]: one["state"] for one in found["departments"]}
    assert states == {
        "cuc-thong-ke": "not_answered",
        "so-kh-dt": "on_time",
        "so-tai-chinh": "not_answered",
        "so-tt-tt": "not_answered",
        "so-xay-dung": "not_answered",
        "so-y-te": "on_time",
        "vp-ubnd": "not_answered",
    }
    assert len(found["comments"]) == 22
    assert {one["received_on"] for one in found["comments"] if one["is_late"]} == {"2021-03-13", "2021-03-18"}
    assert {one["file_name"] for one in found["comments"]} == {
        "Gop y du thao ke hoach.xlsx",
        "gop_y_du_thao_2021.csv",
    }


@pytest.mark.usefixtures("commented")
def test_the_terminal_shows_targets_with_proposals_and_departments_with_their_state(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Without --document it is the one with the latest deadline.
    assert main([*COMMAND]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{DRAFT}: Dự thảo Kế hoạch hành động")
    assert lines[1] == (
        "7 đơn vị được lấy ý kiến: 2 trả lời đúng hạn, 0 trả lời muộn, 5 chưa trả lời. Đã nhận 22 ý kiến."
    )
    (hospitals,) = (line.split() for line in lines if line.startswith("SMART_HOSP_P"))
    assert hospitals == ["SMART_HOSP_P", "2", "bệnh", "viện", "2", "1", "1", "12", "(so-kh-dt,", "so-y-te)"]
    (health,) = (line.split() for line in lines if line.startswith("so-y-te"))
    assert health == ["so-y-te", "Đúng", "hạn", "12", "10", "2", "27/02/2021", "18/03/2021"]
    (statistics,) = (line.split() for line in lines if line.startswith("cuc-thong-ke"))
    assert statistics == ["cuc-thong-ke", "Chưa", "trả", "lời", "0", "0", "0"]


@pytest.mark.usefixtures("commented")
def test_the_workbook_has_each_target_with_its_proposals_and_who_makes_them(tmp_path: Path) -> None:
    sheet = written(tmp_path)["Tổng hợp"]
    by_target = {row["Mục tiêu"]: row for row in rows(sheet)}
    row = by_target["Bệnh viện thông minh tuyến tỉnh (SMART_HOSP_P)"]
    assert [
        row[name] for name in ("Dự thảo", "Đơn vị tính", "Năm", "Số đơn vị góp ý", "Đúng hạn", "Muộn")
    ] == [
        2,
        "bệnh viện",
        2025,
        2,
        1,
        1,
    ]
    assert (row["Đề xuất thấp nhất"], row["Đề xuất cao nhất"]) == (12, 12)
    assert row["Giá trị đề xuất, đơn vị đề xuất"] == "12: Sở Kế hoạch và Đầu tư, Sở Y tế (muộn)"
    assert row["Căn cứ pháp lý"] == "QĐ 5060/QĐ-UBND"


@pytest.mark.usefixtures("commented")
def test_a_target_without_a_number_stands_with_the_words_of_the_draft(tmp_path: Path) -> None:
    workbook = written(tmp_path)
    (row,) = (row for row in rows(workbook["Tổng hợp"]) if "(OPS_FULL)" in row["Mục tiêu"])
    assert row["Dự thảo"] == "Cơ bản hoàn thành chuyển đổi số trong các cơ quan nhà nước"
    assert row["Giá trị đề xuất, đơn vị đề xuất"] == "30: Sở Kế hoạch và Đầu tư, Sở Y tế"
    commented_on = [row for row in rows(workbook["Ý kiến"]) if "(OPS_FULL)" in row["Mục tiêu"]]
    assert {one["Dự thảo"] for one in commented_on} == {row["Dự thảo"]}


def test_proposals_stand_by_value_and_a_target_outside_the_draft_is_named_so(
    commented: Any, tmp_path: Path
) -> None:
    comments(
        commented,
        "vp-ubnd",
        f"{DRAFT},SMART_HOSP_P,vp-ubnd,Bốn là vừa sức,4,,03/03/2021",
        f"{DRAFT},DTI,vp-ubnd,Thêm mục tiêu này,5,,03/03/2021",
    )
    by_target = {row["Mục tiêu"]: row for row in rows(written(tmp_path)["Tổng hợp"])}
    assert by_target["Bệnh viện thông minh tuyến tỉnh (SMART_HOSP_P)"]["Giá trị đề xuất, đơn vị đề xuất"] == (
        "4: Văn phòng Ủy ban nhân dân tỉnh\n12: Sở Kế hoạch và Đầu tư, Sở Y tế (muộn)"
    )
    (outside,) = (row for name, row in by_target.items() if "(DTI)" in name)
    assert outside["Mục tiêu"].endswith("(DTI), không có trong dự thảo")
    assert (outside["Dự thảo"], outside["Đề xuất cao nhất"], outside["STT"]) == (None, 5, len(by_target))


@pytest.mark.usefixtures("commented")
def test_the_workbook_has_every_comment_with_room_for_the_answer_and_late_ones_stand_out(
    tmp_path: Path,
) -> None:
    sheet = written(tmp_path)["Ý kiến"]
    listed = rows(sheet)
    assert len(listed) == 22
    assert [(row["Tiếp thu"], row["Giải trình"]) for row in listed] == [(None, None)] * 22
    (late,) = (row for row in listed if row["Ngày nhận"] == datetime(2021, 3, 13))
    assert late["Mục tiêu"] == "Bệnh viện thông minh tuyến tỉnh (SMART_HOSP_P)"
    assert (late["Đơn vị"], late["Nội dung góp ý"]) == ("Sở Y tế", "Làm rõ vai trò của doanh nghiệp")
    assert (late["Dự thảo"], late["Giá trị đề xuất"], late["Tình trạng"]) == (2, 12, "Muộn")
    assert late["Tệp, dòng"].startswith("Gop y du thao ke hoach.xlsx, “")
    assert late["Tệp, dòng"].endswith("”, dòng 13")
    assert sum(row["Tình trạng"] == "Đúng hạn" for row in listed) == 20
    coloured = {
        row[0].value
        for row in sheet.iter_rows()
        if row[0].fill.fill_type == "solid" and row[0].value != "STT"
    }
    assert coloured == {row["STT"] for row in listed if row["Tình trạng"] == "Muộn"}


def test_a_comment_with_a_later_one_of_the_same_department_stays_in_the_list_as_replaced(
    commented: Any, tmp_path: Path
) -> None:
    comments(commented, "vp-ubnd", f"{DRAFT},SMART_HOSP_P,so-kh-dt,Đề nghị lại,9,,05/03/2021")
    workbook = written(tmp_path)
    listed = [
        (row["Nội dung góp ý"], row["Tình trạng"])
        for row in rows(workbook["Ý kiến"])
        if "(SMART_HOSP_P)" in row["Mục tiêu"] and row["Đơn vị"] == "Sở Kế hoạch và Đầu tư"
    ]
    assert listed == [
        ("Đề nghị lại", "Đúng hạn"),
        ("Làm rõ vai trò của doanh nghiệp", "Đã có ý kiến mới hơn"),
    ]
    (summed,) = (row for row in rows(workbook["Tổng hợp"]) if "(SMART_HOSP_P)" in row["Mục tiêu"])
    assert summed["Giá trị đề xuất, đơn vị đề xuất"] == "9: Sở Kế hoạch và Đầu tư\n12: Sở Y tế (muộn)"
    assert summed["Số đơn vị góp ý"] == 2


@pytest.mark.parametrize("text", ["=1+1", "+84 là mã vùng", "-5 là quá thấp", "@cmd"])
def test_what_a_department_wrote_is_never_a_formula(pipeline: Any, tmp_path: Path, text: str) -> None:
    comments(pipeline, "vp-ubnd", f"{DRAFT},EHR_FAC,vp-ubnd,{text},,{text},01/03/2021")
    workbook = written(tmp_path)
    (row,) = rows(workbook["Ý kiến"])
    assert (row["Nội dung góp ý"], row["Căn cứ pháp lý"]) == (text, text)
    cells = [cell for sheet in workbook for line in sheet.iter_rows() for cell in line]
    same = [cell for cell in cells if cell.value == text]
    assert len(same) == 3
    assert {(cell.data_type, cell.quotePrefix) for cell in same} == {("s", text[0] != "#")}
    assert [cell.coordinate for cell in cells if cell.data_type not in ("s", "n", "d")] == []


@pytest.mark.usefixtures("commented")
def test_the_workbook_has_every_department_with_when_it_answered(tmp_path: Path) -> None:
    by_department = {row["Đơn vị"]: row for row in rows(written(tmp_path)["Đơn vị"])}
    assert len(by_department) == 7
    assert "Sở Khoa học và Công nghệ" not in by_department
    assert list(by_department["Sở Y tế"].values())[2:] == [
        "Đúng hạn",
        12,
        10,
        2,
        datetime(2021, 2, 27),
        datetime(2021, 3, 18),
        None,
    ]
    assert list(by_department["Sở Tài chính"].values())[2:] == ["Chưa trả lời", 0, 0, 0, None, None, None]


def test_of_a_department_whose_file_was_refused_the_workbook_says_so(pipeline: Any, tmp_path: Path) -> None:
    comments(pipeline, "so-xay-dung", f"{DRAFT},EHR_FAC,so-xay-dung,,,,01/03/2021")
    by_department = {row["Đơn vị"]: row for row in rows(written(tmp_path)["Đơn vị"])}
    assert by_department["Sở Xây dựng"]["Tình trạng"] == "Chưa trả lời"
    assert by_department["Sở Xây dựng"]["Ghi chú"] == ("Đã gửi 1 tệp góp ý bị từ chối: xem phiếu trả lời.")


@pytest.mark.usefixtures("commented")
def test_each_sheet_is_headed_by_the_document_and_the_deadline_and_prints_on_a4(tmp_path: Path) -> None:
    workbook = written(tmp_path)
    assert workbook.sheetnames == ["Tổng hợp", "Ý kiến", "Đơn vị"]
    for sheet in workbook:
        assert isinstance(sheet, Worksheet)
        assert [sheet.cell(row, 1).value for row in (1, 2, 4, 5)] == [
            "Sở Khoa học và Công nghệ",
            "TỔNG HỢP Ý KIẾN GÓP Ý",
            f"Lấy ý kiến từ ngày 25/02/2021 đến hết ngày 05/03/2021. Tổng hợp ngày {today():%d/%m/%Y}.",
            "7 đơn vị được lấy ý kiến: 2 trả lời đúng hạn, 0 trả lời muộn, 5 chưa trả lời. "
            "Đã nhận 22 ý kiến.",
        ]
        assert str(sheet.cell(3, 1).value).startswith(f"{DRAFT}: Dự thảo Kế hoạch hành động")
        header = cell_of(sheet, "STT").row
        assert (sheet.print_title_rows, sheet.freeze_panes) == (f"${header}:${header}", f"A{header + 1}")
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert all(cell.alignment.wrap_text for cell in sheet[header + 1])
        assert sheet.column_dimensions["B"].width >= 20


def test_a_workbook_that_is_there_is_kept_unless_it_is_to_be_replaced(
    pipeline: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "tong hop.xlsx"
    output.write_bytes(b"answers")
    assert main([*COMMAND, "--output", str(output)]) == 3
    assert capsys.readouterr().err == (
        f"dxpipeline: {output} is there already and may hold answers: give another name, "
        "or --force to replace it.\n"
    )
    assert output.read_bytes() == b"answers"
    assert written(tmp_path, "--force").sheetnames == ["Tổng hợp", "Ý kiến", "Đơn vị"]
    assert [path.name for path in tmp_path.glob("*.xlsx*")] == ["tong hop.xlsx"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--document", "DT-1"],
            f"There is no document 'DT-1' with a last day for comments: give one of {DRAFT}.",
        ),
        (
            ["--document", "QD-5060-2020"],
            f"There is no document 'QD-5060-2020' with a last day for comments: give one of {DRAFT}.",
        ),
        (["--output", "/nowhere/a.xlsx"], "There is no folder /nowhere for a.xlsx: make it."),
        (["--output", "a.csv"], "a.csv is no .xlsx: give --output a name that ends with it."),
    ],
)
@pytest.mark.usefixtures("warehouse")
def test_what_cannot_be_asked_for_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main([*COMMAND, *arguments]) == 3
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"dxpipeline: {sentence}\n")
