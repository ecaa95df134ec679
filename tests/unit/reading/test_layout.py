"""Finding the header, and telling records from the other rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest

from dxpipeline.contracts import Column, Contract
from dxpipeline.reading.layout import Header, classify, find_header, is_total, only_digits
from dxpipeline.reading.model import FileRejected

HEADER = ["STT", "Mã thôn", "Tên thôn", "Số hộ", "Số hộ có mạng", "Ghi chú"]
PLACES = {"code": 1, "name": 2, "households": 3, "covered": 4, "note": 5}


def found(rows: list[list[str]], contract: Contract) -> Header:
    header = find_header(rows, contract)
    assert header is not None
    return header


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        [unicodedata.normalize("NFD", text) for text in HEADER],
        ["stt", "MÃ THÔN", "TÊN THÔN", "SỐ HỘ", "SỐ HỘ CÓ MẠNG", "GHI CHÚ"],
        ["TT", "Ma thon", "Ten thon", "So ho", "So ho co mang", "Ghi chu"],
        ["STT", "Mã\nthôn", "Tên  thôn:", "Số hộ (hộ)", "Số hộ có mạng (hộ)", "Ghi chú *"],
        ["STT", "code", "Thôn Thuỷ", "households", "covered", "note"],
        ["STT", "Mã thôn", "Thôn,\u00a0bản", "Số\u200b hộ", "Số hộ có mạng", "Ghi chú"],
    ],
    ids=[
        "plain",
        "decomposed",
        "capitals",
        "without accents",
        "line breaks and units",
        "aliases",
        "invisible",
    ],
)
def test_headers_are_known_however_written(villages: Contract, header: list[str]) -> None:
    assert found([header], villages).positions == PLACES


def test_words_in_parentheses_hide_no_header(villages: Contract) -> None:
    assert found([[f"{text} (ghi rõ)" for text in HEADER]], villages).positions == PLACES


def test_the_rows_that_fit_most_columns_are_the_header(villages: Contract) -> None:
    above = ["", "Mã", "Tên", "Hộ", "Mạng", "Ghi"]
    below = ["", "thôn", "thôn", "Tổng số", "Tổng số", "chú"]
    header = found([HEADER[:5], above, below], villages)
    assert (header.first, header.last) == (1, 2)
    assert header.positions == PLACES


def test_columns_are_taken_by_their_header(villages: Contract) -> None:
    header = found([["Ghi chú", "Số hộ", "Người nhập", "Mã thôn", "Số hộ có mạng", "Tên thôn"]], villages)
    assert header.positions == {"code": 3, "name": 5, "households": 1, "covered": 4, "note": 0}
    assert header.unknown == {2: "Người nhập"}


def test_an_optional_column_may_be_absent(villages: Contract) -> None:
    assert "note" not in found([HEADER[:-1]], villages).positions


def test_all_missing_columns_are_named(villages: Contract) -> None:
    with pytest.raises(FileRejected) as rejected:
        find_header([["Mã thôn", "Tên thôn", "Ghi chú"]], villages)
    assert rejected.value.code == "missing-column"
    assert rejected.value.details == {"columns": "households, covered", "labels": "Số hộ (hộ), Số hộ có mạng"}


def test_a_header_twice_is_refused(villages: Contract) -> None:
    with pytest.raises(FileRejected) as rejected:
        find_header([[*HEADER, "Tên thôn"]], villages)
    assert rejected.value.code == "duplicate-column"
    assert rejected.value.details["columns"] == "name"


def test_the_full_header_wins_over_the_one_without_its_unit(villages: Contract) -> None:
    header = found([["Số hộ (người)", *HEADER[1:3], "Số hộ (hộ)", *HEADER[4:]]], villages)
    assert header.positions["households"] == 3
    assert header.unknown == {0: "Số hộ (người)"}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Kinh phí (triệu đồng)", "Kinh phí (tỷ đồng)"),
        ("Kinh phí (triệu đồng)", "Kinh phí (đồng)"),
        ("Kinh phí (triệu đồng)", "Kinh phí (nghìn đồng)"),
        ("Kinh phí (triệu đồng)", "Kinh phí (1.000 đ)"),
        ("Kinh phí (tỷ đồng)", "Kinh phí (ĐVT: triệu đồng)"),
        ("Kinh phí (nghìn người)", "Kinh phí (người)"),
    ],
)
def test_a_column_in_a_unit_of_another_size_is_not_taken(
    column: Callable[..., Column], villages: Contract, label: str, text: str, required: bool
) -> None:
    cost = column("cost", "number", label, aliases=("Chi phí",), required=required)
    contract = replace(villages, columns=(*villages.columns, cost))
    with pytest.raises(FileRejected) as rejected:
        find_header([[*HEADER, text]], contract)
    assert rejected.value.code == "missing-column"
    assert rejected.value.details == {"columns": "cost", "labels": label}


@pytest.mark.parametrize(
    "text",
    [
        *("Kinh phí (triệu đồng)", "Kinh phí (trđ)", "Kinh phí (Tr.đồng)", "Kinh phí (1.000.000 đ)"),
        *("Kinh phí", "Kinh phí (ước)"),
    ],
)
def test_a_column_in_its_unit_or_without_one_is_taken(
    column: Callable[..., Column], villages: Contract, text: str
) -> None:
    cost = column("cost", "number", "Kinh phí (triệu đồng)")
    contract = replace(villages, columns=(*villages.columns, cost))
    assert found([[*HEADER, text]], contract).positions == {**PLACES, "cost": 6}


def test_rows_of_other_tables_are_no_header(villages: Contract) -> None:
    assert find_header([["Họ tên", "Chức vụ"], ["Mã thôn", "x"]], villages) is None


def test_a_header_is_searched_in_sixty_rows(villages: Contract) -> None:
    assert found([["tiêu đề"]] * 59 + [HEADER], villages).first == 59
    assert find_header([["tiêu đề"]] * 63 + [HEADER], villages) is None


@pytest.mark.parametrize(
    "numbers",
    [
        ["A", "B", "1", "2", "3", "4"],
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        ["1", "2", "3", "4", "5=4/3", "6"],
        ["", "", "", "(hộ)", "(hộ)", "(chữ)"],
    ],
)
def test_column_numbers_belong_to_the_header(villages: Contract, numbers: list[str]) -> None:
    header = found([HEADER, numbers], villages)
    assert (header.first, header.last, header.numbers) == (0, 1, 1)


@pytest.mark.parametrize("record", [["1", "00123", "Đông", "2", "3", ""], ["1", "", "5", "2", "9", ""]])
def test_a_record_of_small_numbers_is_no_row_of_column_numbers(villages: Contract, record: list[str]) -> None:
    assert found([HEADER, record], villages).numbers is None


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (["1", "00123", "Đông", "5", "4", ""], "record"),
        (["1", "00123", "", "", "", ""], "record"),
        (["", "00123", "", "", "", ""], "record"),
        (["1", "", "Đông", "5", "4", ""], "record"),
        (["", "", "Đông", "5", "", ""], "record"),
        (["1", "", "Đông", "", "", "cần bổ sung"], "record"),
        (["", "", "", "5", "4", ""], "record"),
        (["18", "", "Tổng kho Đông", "5", "4", "mới"], "record"),
        (["", "", "", "", "", ""], "blank"),
        (["57", "", "", "", "", ""], "blank"),
        (["I", "", "Xã Đông", "", "", ""], "numbered-group"),
        (["1.1", "", "Xã Đông", "", "", ""], "numbered-group"),
        (["+", "", "Xã Đông", "", "", ""], "numbered-group"),
        (["", "", "Xã Đông", "", "", ""], "group"),
        (["Cụm số 1", "", "Xã Đông", "", "", ""], "group"),
        (["", "Xã Đông", "", "", "", ""], "group"),
        (["I. Xã Đông", "", "", "", "", ""], "group"),
        (["", "", "Tổng cộng", "5", "4", ""], "total"),
        (["Tổng số:", "", "", "5", "4", ""], "total"),
        (["", "CỘNG", "", "5", "4", ""], "total"),
        (["", "", "Cộng xã Đông", "5", "4", ""], "total"),
        (["", "", "Tong cong", "5", "4", ""], "total"),
        (HEADER, "header"),
        (["STT", "Mã thôn", "Tên thôn", "Số hộ", "Số hộ có mạng", "Ý kiến"], "header"),
        (["", "", "", "", "Thanh Hóa, ngày 30 tháng 3 năm 2021", ""], "footer"),
        (["", "", "", "", "Thanh Hoá, ngày     tháng    năm", ""], "footer"),
        (["Người lập biểu", "", "", "", "THỦ TRƯỞNG ĐƠN VỊ", ""], "footer"),
        (["", "Người lập", "", "Kế toán", "Giám đốc", ""], "footer"),
    ],
)
def test_rows_below_the_header(villages: Contract, row: list[str], kind: str) -> None:
    assert classify(row, found([HEADER], villages)) == kind


def test_names_under_a_signature_are_footer(villages: Contract) -> None:
    header = found([HEADER], villages)
    names = ["", "", "Nguyễn Văn Mẫu", "", "Lê Thị Mẫu", ""]
    assert classify(names, header, after_footer=True) == "footer"
    assert classify(["1", "00123", "Đông", "5", "4", ""], header, after_footer=True) == "record"
    assert classify(["", "", "Đông", "5", "4", ""], header, after_footer=True) == "record"


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("Tổng cộng", True),
        ("TỔNG SỐ (toàn tỉnh)", True),
        ("Cộng", True),
        ("Tổng", True),
        ("cong", True),
        ("Công ty Đông Hòa", False),
        ("Tổng công ty", False),
        ("Cong ty Dong Hoa", False),
        ("Phường Cộng Hòa", False),
    ],
)
def test_words_of_a_total(text: str, total: bool) -> None:
    assert is_total(text) is total


@pytest.mark.parametrize(
    ("pattern", "digits"),
    [
        ("^[0-9]{5}$", True),
        ("^38[0-9]{3}$", True),
        (r"\d{10}", True),
        ("^[0-9A-Z]{5}$", False),
        (".*", False),
        (None, False),
    ],
)
def test_patterns_of_digits(pattern: str | None, digits: bool) -> None:
    assert only_digits(pattern) is digits


def test_columns_that_differ_in_their_unit_only_need_it(
    column: Callable[..., Column], villages: Contract
) -> None:
    from dataclasses import replace

    contract = replace(
        villages,
        columns=(
            column("code", key=True, label="Mã"),
            column("dong", "number", label="Vốn (đồng)"),
            column("usd", "number", label="Vốn (USD)"),
        ),
    )
    assert found([["Mã", "Vốn (USD)", "Vốn (đồng)"]], contract).positions == {"code": 0, "dong": 2, "usd": 1}
    with pytest.raises(FileRejected, match="missing-column"):
        find_header([["Mã", "Vốn", "Vốn (USD)"]], contract)
