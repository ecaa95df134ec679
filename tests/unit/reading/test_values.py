"""What cells mean: a table of cases for every kind of column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import Choice, Column
from dxpipeline.reading.values import DTYPES, UNCALCULATED, ParsedColumn, parse_column

MakeColumn = Callable[..., Column]


def parsed(
    column: Column, *texts: str | None, native: bool | list[bool] | None = None, **more: Any
) -> ParsedColumn:
    own = None
    if native is not None:
        own = pl.Series(native if isinstance(native, list) else [native] * len(texts), dtype=pl.Boolean)
    return parse_column(pl.Series(texts, dtype=pl.String), own, column, **more)


def one(column: Column, text: str | None, **more: Any) -> Any:
    """The value of a single cell, or its code."""
    result = parsed(column, text, **more)
    code = result.codes[0]
    value = result.values[0]
    return code if code is not None else value.to_list() if isinstance(value, pl.Series) else value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", 1234),
        ("007", 7),
        ("-5", -5),
        ("−5", -5),
        ("(5)", -5),
        ("+5", 5),
        ("1.234.567", 1234567),
        ("1,234,567", 1234567),
        ("1 234 567", 1234567),
        ("12,0", 12),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", "bad-number"),
        ("12,5", "bad-number"),
        ("1.23.456", "bad-number"),
        ("12 34", "bad-number"),
        ("1.2345.678", "bad-number"),
        ("1.234", "ambiguous-number"),
        ("1,000", "ambiguous-number"),
        ("100%", "bad-number"),
        ("3.8E+11", "bad-number"),
        ("chưa rõ", "bad-number"),
        ("12 hộ", "bad-number"),
        ("", None),
        ("-", None),
        ("–", None),
        (None, None),
        ("#REF!", "formula-error"),
        ("#DIV/0!", "formula-error"),
        (UNCALCULATED, "formula-error"),
    ],
)
def test_integers(column: MakeColumn, text: str | None, value: Any) -> None:
    assert one(column("n", "integer"), text or None) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234.567,89", 1234567.89),
        ("1,234,567.89", 1234567.89),
        ("1 234,5", 1234.5),
        ("1234.567", 1234.567),
        ("0,123", 0.123),
        (",5", 0.5),
        ("42,0%", 0.42),
        ("42 %", 0.42),
        ("-1.234,5", -1234.5),
        ("(1.234,5)", -1234.5),
        ("123456789012.345", 123456789012.345),
        ("1.234,567.8", "bad-number"),
        ("12,34.567,8", "bad-number"),
        ("1,", "bad-number"),
        ("1.5 6", "bad-number"),
        ("(5", "bad-number"),
        ("(-5)", "bad-number"),
        ("--5", "bad-number"),
        ("9" * 400, "bad-number"),
    ],
)
def test_numbers(column: MakeColumn, text: str, value: Any) -> None:
    assert one(column("n", "number"), text) == value


def test_native_numbers_are_exact(column: MakeColumn) -> None:
    assert one(column("n", "integer"), "1234", native=True) == 1234
    assert one(column("n", "number"), "1.234", native=True) == 1.234
    assert one(column("n", "integer"), "1.5", native=True) == "bad-number"
    assert one(column("n", "integer"), "2021-04-19", native=True) == "bad-number"
    assert one(column("n", "integer"), "true", native=True) == "bad-number"


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1.234", "12,5"], [1234.0, 12.5]),
        (["1.234", "12.5"], [1.234, 12.5]),
        (["1,234", "1.234.567"], [1.234, 1234567.0]),
        (["1,234", "1,234,567"], [1234.0, 1234567.0]),
        (["1.234", "1.234,5", "1,234.5"], ["ambiguous-number", 1234.5, 1234.5]),
        (["1.234", "5"], ["ambiguous-number", 5.0]),
    ],
)
def test_the_column_decides_the_decimal_mark(column: MakeColumn, texts: list[str], values: list[Any]) -> None:
    result = parsed(column("n", "number"), *texts)
    assert [code or value for value, code in zip(result.values, result.codes, strict=True)] == values


def test_the_decimal_mark_is_carried_to_the_next_block(column: MakeColumn) -> None:
    first = parsed(column("n", "number"), "12,5")
    assert first.decimal_mark == ","
    assert one(column("n", "number"), "1.234", decimal_mark=first.decimal_mark) == 1234.0


def test_a_carried_decimal_mark_that_the_texts_contradict_proves_nothing(column: MakeColumn) -> None:
    result = parsed(column("n", "number"), "12.5", "1.234", decimal_mark=",")
    assert result.values.to_list() == [12.5, None]
    assert result.codes.to_list() == [None, "ambiguous-number"]


def test_native_numbers_prove_no_decimal_mark(column: MakeColumn) -> None:
    result = parsed(column("n", "number"), "12.5", "1.234", native=[True, False])
    assert result.codes.to_list() == [None, "ambiguous-number"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("05/03/2021", date(2021, 3, 5)),
        ("5/3/2021", date(2021, 3, 5)),
        ("5-3-2021", date(2021, 3, 5)),
        ("05.03.2021", date(2021, 3, 5)),
        ("5 / 3 / 2021", date(2021, 3, 5)),
        ("5/3/21", date(2021, 3, 5)),
        ("5/3/29", date(2029, 3, 5)),
        ("5/3/30", date(1930, 3, 5)),
        ("2021-03-05", date(2021, 3, 5)),
        ("2021-03-05 00:00:00", date(2021, 3, 5)),
        ("05/03/2021 14:30", date(2021, 3, 5)),
        ("ngày 5 tháng 3 năm 2021", date(2021, 3, 5)),
        ("Ngay 05 thang 03 nam 2021", date(2021, 3, 5)),
        ("29/02/2024", date(2024, 2, 29)),
        ("31/02/2021", "bad-date"),
        ("31/04/2021", "bad-date"),
        ("04/25/2021", "bad-date"),
        ("05/03-2021", "bad-date"),
        ("03/2021", "bad-date"),
        ("Tháng 3/2021", "bad-date"),
        ("2021", "bad-date"),
        ("44260", "bad-date"),
        ("05/03/0021", "bad-date"),
        ("05/03/2221", "bad-date"),
        ("hôm qua", "bad-date"),
        ("-", None),
        ("#N/A", "formula-error"),
    ],
)
def test_dates(column: MakeColumn, text: str, value: Any) -> None:
    assert one(column("d", "date"), text) == value


@pytest.mark.parametrize(
    ("text", "in_1904", "value"),
    [
        ("2021-04-19", False, date(2021, 4, 19)),
        ("2021-04-19 08:05:00", False, date(2021, 4, 19)),
        ("2021-04-19", True, date(2021, 4, 19)),
        ("44305", False, date(2021, 4, 19)),
        ("44305.5", False, date(2021, 4, 19)),
        ("42843", True, date(2021, 4, 19)),
        ("2021", False, "bad-date"),
        ("2021", True, "bad-date"),
        ("20210419", False, "bad-date"),
        ("-5", False, "bad-date"),
        ("true", False, "bad-date"),
    ],
)
def test_native_dates(column: MakeColumn, text: str, in_1904: bool, value: Any) -> None:
    assert one(column("d", "date"), text, native=True, date_system_1904=in_1904) == value


def test_two_digit_years_are_noted(column: MakeColumn) -> None:
    result = parsed(column("d", "date", "Ngày sinh"), "5/3/21", "5/3/2021", "31/2/21")
    assert len(result.notes) == 1
    assert result.notes[0].startswith("Ngày sinh: 1 ô")


@pytest.mark.parametrize(
    ("text", "value"),
    [(yes, True) for yes in ("x", "X", "có", "Có", "CÓ", "co", "đạt", "✓", "v", "yes", "true", "1", "rồi")]
    + [(no, False) for no in ("không", "Khong", "chưa", "-", "no", "false", "0", "không đạt", "chưa có")]
    + [("có lẽ", "not-in-list"), ("2", "not-in-list"), (None, None), ("#NAME?", "formula-error")],
)
def test_booleans(column: MakeColumn, text: str | None, value: Any) -> None:
    assert one(column("b", "boolean"), text) == value


def test_empty_means_what_the_contract_says(column: MakeColumn) -> None:
    result = parsed(column("b", "boolean", empty_means=False), None, "x", "#REF!", "?")
    assert result.values.to_list() == [False, True, None, None]
    assert result.codes.to_list() == [None, None, "formula-error", "not-in-list"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tỉnh", "provincial"),
        ("TỈNH", "provincial"),
        ("tinh", "provincial"),
        ("provincial", "provincial"),
        ("hoà", "peace"),
        ("hòa", "peace"),
        ("ma", "not-in-list"),
        ("má", "cheek"),
        ("mà", "but"),
        ("tốt", "not-in-list"),
        ("-", None),
    ],
)
def test_choices(column: MakeColumn, text: str, value: str | None) -> None:
    choices = (
        Choice("provincial", "tỉnh"),
        Choice("peace", "hòa"),
        Choice("cheek", "má"),
        Choice("but", "mà"),
    )
    assert one(column("c", choices=choices), text) == value


CODE = {"pattern": "^[0-9]{5}$", "min_length": 5, "max_length": 5}


@pytest.mark.parametrize(
    ("text", "native", "value"),
    [
        ("14755", False, "14755"),
        ("14755", True, "14755"),
        ("475", True, "00475"),
        ("475", False, "bad-format"),
        ("147555", True, "bad-format"),
        ("14755.5", True, "bad-format"),
        ("-475", True, "bad-format"),
        ("1475X", False, "bad-format"),
    ],
)
def test_lost_zeros_come_back_only_where_they_are_proven(
    column: MakeColumn, text: str, native: bool, value: str
) -> None:
    assert one(column("code", **CODE), text, native=native) == value


def test_restored_zeros_are_noted(column: MakeColumn) -> None:
    result = parsed(column("code", label="Mã xã", **CODE), "475", "14755", "476", native=True)
    assert result.values.to_list() == ["00475", "14755", "00476"]
    assert len(result.notes) == 1
    assert result.notes[0].startswith("Mã xã: thêm lại số 0 ở đầu cho 2 ô")


@pytest.mark.parametrize("pattern", ["^38[0-9]{3}$", "^[0-9A-Z]{5}$"])
def test_zeros_are_not_restored_where_the_pattern_does_not_prove_them(
    column: MakeColumn, pattern: str
) -> None:
    assert (
        one(column("code", pattern=pattern, min_length=5, max_length=5), "475", native=True) == "bad-format"
    )


def test_text_without_rules_is_kept_as_it_is(column: MakeColumn) -> None:
    result = parsed(column("name"), "=1+1", "@x", "1.234", "-", None, "#1")
    assert result.values.to_list() == ["=1+1", "@x", "1.234", None, None, "#1"]
    assert result.codes.null_count() == 6


def test_a_pattern_must_fit_the_whole_text(column: MakeColumn) -> None:
    assert one(column("c", pattern="[A-Z]|[0-9]"), "A1") == "bad-format"
    assert one(column("c", pattern="[A-Z]|[0-9]"), "A") == "A"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("VNPT, Viettel", ["VNPT", "Viettel"]),
        ("VNPT;Viettel ; FPT", ["VNPT", "Viettel", "FPT"]),
        ("Viettel, VNPT, viettel", ["Viettel", "VNPT"]),
        ("VNPT,", ["VNPT"]),
        (",", None),
        ("-", None),
        (None, None),
    ],
)
def test_lists(column: MakeColumn, text: str | None, value: list[str] | None) -> None:
    assert one(column("carriers", "list"), text) == value


@pytest.mark.parametrize("kind", list(DTYPES))
def test_results_have_the_type_of_their_kind_even_when_empty(column: MakeColumn, kind: str) -> None:
    for texts in ((), (None,), ("#REF!",)):
        result = parsed(column("c", kind), *texts)
        assert result.values.dtype == DTYPES[kind]  # type: ignore[index]
        assert result.codes.dtype == pl.String
        assert (result.values.name, result.codes.name) == ("c", "c")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Đang hoạt động", True), ("còn hoạt động", True), ("Đã kết nối", True), ("đã phê duyệt", True),
        ("Ngừng hoạt động", False), ("chưa hoạt động", False), ("Chưa kết nối", False),
        ("chưa phê duyệt", False),
    ],
)  # fmt: skip
def test_the_state_of_a_thing_answers_yes_or_no(column: MakeColumn, text: str, value: bool) -> None:
    assert one(column("b", "boolean"), text) is value
