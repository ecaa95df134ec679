"""The receipt: what a clerk reads, offline, whatever stood in the file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from dxpipeline.contracts import contracts
from dxpipeline.feedback.answer import WHOLE_COPY_BYTES, IssueCount, RelatedDelivery, SheetLayout, SkippedRows
from dxpipeline.feedback.receipt import (
    SHOWN_ISSUES,
    cell_address,
    grouped,
    local_time,
    ranges,
    render_receipt,
    skipped_numbers,
)

MARKED = "BC benh vien quy 2 nam 2021 - cần sửa - 000123.xlsx"
EARLIER = RelatedDelivery(7, "Bao cao cu.xlsx", datetime(2021, 7, 1, 2, 3, tzinfo=UTC))
VERDICTS = ("accepted", "accepted_with_warnings", "partially_accepted", "rejected", "duplicate")


class Page(HTMLParser):
    """The visible text of a page, and every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._parts: list[str] = []
        self._hidden = False
        self.feed(html)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self._parts)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(data)


def text_of(html: str) -> str:
    return Page(html).text


def test_the_verdict_and_what_to_do_come_first(answers: Any) -> None:
    text = text_of(render_receipt(answers.partial(), MARKED))
    order = [
        "NHẬN MỘT PHẦN",
        "Việc cần làm",
        "Kết quả theo dòng",
        "Lỗi và cảnh báo theo dòng",
        "PARTIALLY ACCEPTED",
    ]
    places = [text.index(part, text.index("Nhận lúc")) for part in order]
    assert places == sorted(places)
    assert f"Mở tệp “{MARKED}”" in text
    assert "import/so-y-te/smart_hospitals" in text


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_shown_in_words_and_colour(answers: Any, verdict: str) -> None:
    html = render_receipt(answers.partial(verdict=verdict, repeats=EARLIER))
    assert f'<body class="{verdict}">' in html
    assert f"body.{verdict} {{ --tone:" in html
    assert "undefined" not in html.lower()


def test_the_counts_of_the_receipt_add_up(answers: Any) -> None:
    text = text_of(render_receipt(answers.partial(rows_read=2236, rows_accepted=2226, rows_unchanged=12)))
    assert (
        "2.236 Dòng đọc được = 2.226 Được nhận trong đó không đổi so với trước: 12 + 7 Chờ sửa + 3 Bỏ qua"
        in text
    )
    assert "Rows read: 2,236 ; Accepted: 2,226 ; To be corrected: 7 ; Skipped: 3 ." in text


def test_each_issue_stands_under_its_row_with_cell_value_and_sentence(answers: Any) -> None:
    text = text_of(render_receipt(answers.partial(), MARKED))
    assert "Dòng 13 F13 HIS 9 Lỗi Cột “HIS”: “9” nằm ngoài phạm vi cho phép (1–7)." in text
    assert "Dòng 16 K16 Mức ứng dụng CNTT 6 Cảnh báo" in text
    assert "Dòng 28 B28 Mã CSKCB (trống) Lỗi Cột “Mã CSKCB” đang để trống." in text
    assert "04/05/2031" in text


def test_the_sheet_is_named_where_issues_lie_on_several(answers: Any) -> None:
    issues = (
        answers.issue(9, "his_level", "bad-number", "a"),
        answers.issue(9, None, "ragged-row", sheet="Trang 2"),
    )
    text = text_of(render_receipt(answers.partial(issues=issues)))
    assert "Dòng 9, trang tính “Biểu báo cáo”" in text
    assert "Dòng 9, trang tính “Trang 2”" in text


def test_an_issue_without_a_known_column_has_no_address(answers: Any) -> None:
    answer = answers.partial()
    assert cell_address(answer, answers.issue(13, "his_level", "bad-number")) == "F13"
    assert cell_address(answer, answers.issue(13, None, "ragged-row")) is None
    assert cell_address(answer, answers.issue(13, "no_such_column", "bad-number")) is None
    assert cell_address(answer, answers.issue(13, "his_level", "bad-number", sheet="Khác")) is None


def test_skipped_rows_are_listed_with_the_reason(answers: Any) -> None:
    text = text_of(render_receipt(answers.partial()))
    assert "Dòng tên nhóm 9, 21 Dòng tổng cộng 50" in text


def test_the_facts_of_the_file_are_there(answers: Any) -> None:
    text = text_of(render_receipt(answers.partial()))
    assert "Số tiếp nhận 000123 Nhận lúc 10:05 09/07/2021 Kỳ báo cáo Quý II/2021" in text
    assert "Tên tệp BC benh vien quy 2 nam 2021.xlsx" in text
    assert "Đơn vị Sở Y tế" in text
    assert "Mẫu báo cáo Bệnh viện thông minh" in text
    assert "Kỳ báo cáo Quý II/2021 (đọc từ dòng tiêu đề trong tệp)" in text
    assert "Mã băm (SHA-256) a3f1a3f1a3f1a3f1…" in text


def test_a_clean_file_asks_for_nothing(answers: Any) -> None:
    text = text_of(render_receipt(answers.clean()))
    assert "Việc cần làm Không cần làm gì thêm." in text
    assert "Lỗi và cảnh báo" not in text


def test_a_refused_file_says_why_and_where_to_send_it_again(answers: Any) -> None:
    answer = answers.clean(
        verdict="rejected",
        reason_code="missing-column",
        reason="Bảng thiếu cột: it_level.",
        reason_details={"columns": "it_level", "labels": "Mức ứng dụng CNTT"},
    )
    text = text_of(render_receipt(answer))
    assert "Việc cần làm Bảng thiếu cột: it_level. Sửa theo hướng dẫn trên" in text
    english = text[text.index("Bảng thiếu cột") :]
    assert "Required columns are missing: Mức ứng dụng CNTT (it_level)." in english


def test_a_file_in_the_wrong_folder_is_not_sent_there_again(answers: Any) -> None:
    answer = answers.clean(
        verdict="rejected",
        reason_code="unknown-folder",
        reason="Thư mục lạ.",
        folder="so y te/x",
        department_code=None,
        feed=None,
        contract=None,
        period=None,
        period_source=None,
        layouts=(),
        skipped_rows={},
    )
    text = text_of(render_receipt(answer))
    assert "gửi lại tệp vào thư mục import/so y te/x" not in text
    assert "Kỳ báo cáo chưa xác định được" in text


def test_a_fault_of_the_office_asks_the_department_for_nothing(answers: Any) -> None:
    answer = answers.clean(verdict="rejected", reason_code="broken-suite", reason="Bộ quy tắc đang hỏng.")
    text = text_of(render_receipt(answer))
    assert "Đơn vị chưa cần làm gì." in text
    assert "Sửa theo hướng dẫn" not in text


def test_a_file_of_which_no_row_was_accepted_is_to_be_mended_and_sent_whole(answers: Any) -> None:
    answer = answers.partial(
        verdict="rejected", reason_code="no-row-accepted", reason="Không dòng nào nhận được."
    )
    text = text_of(render_receipt(answer, MARKED))
    assert "Mở tệp" in text
    assert "gửi cả tệp vào thư mục" in text


def test_a_duplicate_names_the_file_it_repeats(answers: Any) -> None:
    text = text_of(
        render_receipt(answers.partial(verdict="duplicate", reason_code="duplicate", repeats=EARLIER))
    )
    assert "trùng với tệp “Bao cao cu.xlsx” nhận lúc 09:03 01/07/2021 (số tiếp nhận 000007)" in text
    assert "nằm cạnh phiếu số 000007" in text
    assert "equals that of the file “Bao cao cu.xlsx”" in text


def test_what_a_file_replaces_mends_or_leaves_absent_is_said(answers: Any) -> None:
    text = text_of(
        render_receipt(
            answers.partial(supersedes=(EARLIER,), absent_keys=("38005", "38021"), notes=("một / one",))
        )
    )
    assert "Tệp thay thế “Bao cao cu.xlsx” (số tiếp nhận 000007)" in text
    assert "số liệu hiện hành của kỳ không có: 38005, 38021." in text
    assert "the current state of the period lacks: 38005, 38021." in text
    assert "Cần biết thêm" in text
    assert "Tệp bổ sung cho “Bao cao cu.xlsx”" in text_of(render_receipt(answers.clean(mends=EARLIER)))
    assert "Kỳ này đã có tệp gửi sau, “Bao cao cu.xlsx”" in text_of(
        render_receipt(answers.clean(superseded_by=EARLIER))
    )


def test_many_absent_keys_are_counted_not_listed(answers: Any) -> None:
    keys = tuple(f"{number:05d}" for number in range(1, 101))
    text = text_of(render_receipt(answers.partial(absent_keys=keys)))
    assert "00020 và 80 mã khác" in text
    assert "00021" not in text


def test_many_issues_are_cut_with_a_word_about_the_rest(answers: Any) -> None:
    issues = tuple(answers.issue(row, "his_level", "out-of-range", "9") for row in range(10, 10 + 700))
    html = render_receipt(answers.partial(issues=issues), MARKED)
    text = text_of(html)
    assert html.count('<tr class="heading">') == SHOWN_ISSUES
    assert f"500 trong 700 lỗi và cảnh báo. Tệp “{MARKED}” đánh dấu đủ tất cả." in text
    assert "sửa xong và gửi lại sẽ thấy các lỗi còn lại" in text_of(
        render_receipt(answers.partial(issues=issues))
    )


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>',
    "=cmd|'/c calc'!A1",
    "{{ 7*7 }}",
    "{% raw %}",
    "\u202egpj.exe",
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_stands_in_a_file_never_becomes_part_of_the_page(answers: Any, hostile: str) -> None:
    issues = (answers.issue(13, "his_level", "bad-number", hostile, sheet=hostile),)
    answer = answers.partial(
        file_name=hostile,
        folder=hostile,
        reason=hostile,
        reason_code="no-table",
        verdict="rejected",
        notes=(hostile,),
        issues=issues,
        absent_keys=(hostile,),
        supersedes=(RelatedDelivery(1, hostile, EARLIER.received_at),),
    )
    harmless = {tag for tag, _ in Page(render_receipt(answers.partial(), MARKED)).tags}
    page = Page(render_receipt(answer, hostile))
    assert {tag for tag, _ in page.tags} <= harmless | {"p", "ul", "li"}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "49" not in page.text
    assert "\u202e" not in page.text


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_page_stands_alone_and_leaves_no_placeholder(answers: Any, verdict: str) -> None:
    answer = answers.partial(verdict=verdict, repeats=EARLIER, supersedes=(EARLIER,))
    html = render_receipt(answer, MARKED)
    assert not re.search(r"https?://|//[a-z]|url\(|@import|<script|<link|<iframe|\bsrc=|\bhref=", html)
    assert not re.search(r"\{\{|\}\}|\{%|\bNone\b", html)
    assert not re.search(r"\{[a-z_]+\}", text_of(html))


def test_the_page_declares_its_language_and_encoding(answers: Any) -> None:
    html = render_receipt(answers.partial())
    assert html.lstrip().startswith("<!DOCTYPE html>")
    assert '<html lang="vi">' in html
    assert '<meta charset="utf-8">' in html
    assert '<section class="english" lang="en">' in html


def test_row_numbers_in_short() -> None:
    assert ranges([]) == ""
    assert ranges([50, 9, 10, 11, 21]) == "9–11, 21, 50"
    assert ranges(range(1, 101, 2)).endswith("57, 59, … (+20)")


def test_counts_and_times_as_people_here_write_them() -> None:
    assert grouped(1234567) == "1.234.567"
    assert grouped(1234567, "en") == "1,234,567"
    assert local_time(datetime(2025, 12, 31, 17, 30, tzinfo=UTC)) == "00:30 01/01/2026"


def test_millions_of_skipped_rows_take_one_line() -> None:
    assert skipped_numbers(SkippedRows(3_000_000, tuple(range(2, 2_002, 2)))).endswith(
        "58, 60, … (+2.999.970)"
    )
    assert skipped_numbers(SkippedRows(3, (2, 3, 5))) == "2–3, 5"
    assert skipped_numbers(SkippedRows(2_000, tuple(range(10, 1_010)))) == "10–1009, … (+1.000)"


def records_of(answers: Any, **changes: Any) -> Any:
    """Return the answer to a large text file of health records."""
    issue = answers.issue(55, "citizen_id", "bad-format", "•••", sheet=None)
    given: dict[str, Any] = {
        "feed": "health_records",
        "folder": "so-y-te/health_records",
        "contract": contracts()["health_records"],
        "file_name": "ho so 2021-Q3.csv",
        "size_bytes": WHOLE_COPY_BYTES + 1,
        "layouts": (SheetLayout(None, 1, {"citizen_id": 1}),),
        "skipped_rows": {"superseded-in-file": SkippedRows(3, (9, 10, 11))},
        "issues": (issue,),
        "rows_new": 20,
        "rows_replaced": 7,
        "rows_unchanged": 4,
        "rows_older": 1,
    }
    return answers.partial(**(given | changes))


def test_the_receipt_of_records_says_what_became_of_them(answers: Any) -> None:
    text = text_of(render_receipt(records_of(answers)))
    assert "hồ sơ mới: 20; thay bản cũ: 7; không đổi: 4; cũ hơn bản đang có: 1" in text
    assert "nhóm, tổng, dòng trống, bản cũ hơn" in text
    assert "Bản cũ hơn của cùng bản ghi trong tệp 9–11" in text
    assert "•••" in text


@pytest.mark.parametrize(
    ("verdict", "steps"),
    [
        ("partially_accepted", ["Mở tệp “x.csv” nằm cạnh phiếu này: tệp chỉ gồm", "Sửa ngay trong tệp đó"]),
        ("accepted_with_warnings", ["Mở tệp “x.csv” nằm cạnh phiếu này: tệp chỉ gồm", "riêng các dòng đó"]),
        ("rejected", ["Mở tệp “x.csv” nằm cạnh phiếu này: tệp chỉ gồm", "gửi lại tệp vào thư mục"]),
    ],
)
def test_an_extract_is_to_be_mended_and_sent_by_itself(answers: Any, verdict: str, steps: list[str]) -> None:
    warns = verdict == "accepted_with_warnings"
    severity = "warning" if warns else "critical"
    issue = answers.issue(55, "citizen_id", "bad-format", "•••", severity=severity, sheet=None)
    answer = records_of(answers, verdict=verdict, issues=(issue,))
    text = text_of(render_receipt(answer, "x.csv"))
    assert f"các dòng có {'cảnh báo' if warns else 'lỗi'};" in text
    assert [text.count(step) for step in steps] == [1, 1]
    assert "ô đỏ" not in text
    assert ("các dòng đã nhận không bị mất" in text) is (verdict == "partially_accepted")


def test_a_marked_text_file_has_no_coloured_cells(answers: Any) -> None:
    text = text_of(render_receipt(records_of(answers, size_bytes=WHOLE_COPY_BYTES), "x.csv"))
    assert "Mở tệp “x.csv” nằm cạnh phiếu này: cột cuối “Lỗi cần sửa” ghi cách sửa từng dòng." in text
    assert "ô đỏ" not in text


def test_corrections_that_are_older_than_the_current_version_are_not_passed_over_in_silence(
    answers: Any,
) -> None:
    given = {"verdict": "accepted", "issues": (), "issue_counts": (), "rows_quarantined": 0}
    text = text_of(render_receipt(records_of(answers, **given)))
    assert "1 dòng cũ hơn bản đang có nên chỉ được lưu làm lịch sử." in text
    assert "Xem ghi chú về các dòng cũ hơn bản đang có" in text
    assert "Không cần làm gì thêm" not in text
    text = text_of(render_receipt(records_of(answers, **given, rows_older=0)))
    assert "Không cần làm gì thêm" in text
    assert "cũ hơn bản đang có nên" not in text


def test_small_files_of_records_come_back_whole(answers: Any) -> None:
    text = text_of(render_receipt(records_of(answers, size_bytes=WHOLE_COPY_BYTES), "x.csv"))
    assert "tệp chỉ gồm" not in text
    assert "gửi cả tệp đã sửa, hoặc chỉ hàng tiêu đề" in text


@pytest.mark.parametrize(
    ("verdict", "severity", "size", "sentence"),
    [
        ("partially_accepted", "critical", 1, "Tệp “x.csv” có đủ mọi dòng chờ sửa."),
        ("accepted_with_warnings", "warning", 1, "Tệp “x.csv” có đủ mọi dòng có cảnh báo."),
        ("rejected", "critical", 1, "tệp có từ 60.000 lỗi và cảnh báo trở lên"),
        ("rejected", "critical", 0, "tệp có từ 60.000 lỗi và cảnh báo trở lên"),
        ("partially_accepted", "critical", 0, "Tệp “x.csv” đánh dấu 600 lỗi đầu tiên"),
    ],
)
def test_the_receipt_says_truly_where_the_other_issues_are(
    answers: Any, verdict: str, severity: Any, size: int, sentence: str
) -> None:
    issues = [answers.issue(row, "citizen_id", "bad-format", severity=severity, sheet=None)
              for row in range(2, 602)]  # fmt: skip
    answer = records_of(
        answers,
        verdict=verdict,
        size_bytes=WHOLE_COPY_BYTES + size,
        issues=tuple(issues),
        issue_counts=(IssueCount(severity, "citizen_id", "bad-format", 60_000),),
    )
    text = text_of(render_receipt(answer, "x.csv"))
    assert text.count("Trên đây là 500") == 1
    assert sentence in text


def test_the_copy_of_records_is_to_keep_the_number_in_its_name(answers: Any) -> None:
    assert "giữ tên “x.csv” cho tệp" in text_of(render_receipt(records_of(answers), "x.csv"))
    assert "giữ tên" not in text_of(render_receipt(records_of(answers)))
    assert "giữ tên" not in text_of(render_receipt(answers.partial(), MARKED))
