"""What cells mean: every form in which people write a value comes back, and nothing makes reading fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dxpipeline.contracts import Choice, Column
from dxpipeline.reading.numerals import (
    DecimalMark,
    Unreadable,
    decimal_marks,
    parse_date,
    parse_native_date,
    parse_native_number,
    parse_number,
    to_double,
    to_integer,
)
from dxpipeline.reading.plain_values import plain_dates
from dxpipeline.reading.table import TIDY, clean_column
from dxpipeline.reading.values import DTYPES, parse_column
from dxpipeline.text import clean

CODE = {"pattern": "^[0-9]{5}$", "min_length": 5, "max_length": 5}


def grouped(number: int, mark: str) -> str:
    return f"{number:,}".replace(",", mark)


@given(st.integers(-(10**15), 10**15), st.sampled_from(".,"), st.integers(0, 99))
def test_numbers_come_back_from_either_style(number: int, thousands: str, cents: int) -> None:
    decimal = "," if thousands == "." else "."
    text = f"{grouped(number, thousands)}{decimal}{cents:02d}"
    assert parse_number(text, None) == Decimal(f"{number}.{cents:02d}")


@given(st.integers(1000, 10**15), st.sampled_from(".,"))
def test_grouped_integers_come_back_once_the_mark_is_known(number: int, thousands: str) -> None:
    decimal: Any = "," if thousands == "." else "."
    assert parse_number(grouped(number, thousands), decimal) == number
    assert parse_number(grouped(number, " "), None) == number


@given(
    st.dates(date(1931, 1, 1), date(2029, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%Y-%m-%d", "ngày %d tháng %m năm %Y"]),
)
def test_days_come_back_from_every_style(day: date, style: str) -> None:
    text = day.strftime(style.replace("ngày", "ngay").replace("tháng", "thang").replace("năm", "nam"))
    assert parse_date(text) == day


@given(st.dates(date(1910, 1, 1), date(2099, 12, 31)), st.booleans())
def test_serials_come_back(day: date, in_1904: bool) -> None:
    epoch = date(1904, 1, 1) if in_1904 else date(1899, 12, 30)
    assert parse_native_date(str((day - epoch).days), in_1904) == day


READERS: list[Callable[[str], object]] = [
    lambda text: parse_number(text, None),
    lambda text: parse_number(text, ","),
    parse_date,
    lambda text: parse_native_date(text, False),
    lambda text: parse_native_date(text, True),
]


@pytest.mark.parametrize("reader", READERS)
@given(text=st.text(max_size=20) | st.text("0123456789.,-()% /:", max_size=20))
def test_single_texts_are_read_or_unreadable(reader: Callable[[str], object], text: str) -> None:
    with suppress(Unreadable):
        reader(text)


def a_column(kind: Any, **more: Any) -> Column:
    return Column(
        name="c",
        label="c",
        aliases=(),
        description="c",
        required=True,
        key=False,
        classification="public",
        kind=kind,
        **more,
    )


KINDS = st.sampled_from(
    [
        {"kind": kind, **more}
        for kind in DTYPES
        for more in (
            {},
            CODE if kind == "text" else {},
            {"choices": (Choice("a", "á"),)} if kind == "text" else {},
        )
    ]
)
CELLS = st.lists(
    st.tuples(st.none() | st.text(max_size=12) | st.text("0123456789.,-/% x", max_size=12), st.booleans()),
    max_size=8,
)


@given(KINDS, CELLS)
def test_no_cell_makes_reading_fail_and_text_is_never_padded(
    settings: dict[str, Any], cells: list[Any]
) -> None:
    column = a_column(**settings)
    texts = [clean(text) or None if text is not None else None for text, _ in cells]
    result = parse_column(
        pl.Series(texts, dtype=pl.String), pl.Series([own for _, own in cells], dtype=pl.Boolean), column
    )
    assert len(result.values) == len(result.codes) == len(cells)
    assert not (result.values.is_not_null() & result.codes.is_not_null()).any()
    if column.kind == "text" and not column.choices:
        for text, (_, own), value in zip(texts, cells, result.values, strict=True):
            assert value in (text, None) or own


def read_alone(read: Callable[[str], Any], text: str) -> tuple[Any, str | None]:
    try:
        return read(text), None
    except Unreadable as unreadable:
        return None, unreadable.code


MARKS = st.sampled_from(["/", "-", ".", " ", ":", "٣"])
NEAR_DATES = st.one_of(
    st.builds(
        lambda day, month, year, first, second: f"{day:02d}{first}{month:02d}{second}{year:04d}",
        *(st.integers(0, 32), st.integers(0, 13), st.integers(1898, 2102), MARKS, MARKS),
    ),
    st.builds(
        lambda day, month, year, first, second: f"{year:04d}{first}{month:02d}{second}{day:02d}",
        *(st.integers(0, 32), st.integers(0, 13), st.integers(1898, 2102), MARKS, MARKS),
    ),
    st.text("0123456789/-. ", min_size=8, max_size=11),
    st.dates(date(1899, 1, 1), date(2101, 12, 31)).map(lambda day: day.strftime("%d/%m/%Y")),
    st.sampled_from(["29/02/2000", "29/02/1900", "29/02/2021", "31/04/2021", "1/2/2021", "05/03/2021 10:00"]),
    st.sampled_from(["٠٥/03/2021", "05/03/２０２１", "005/3/2021", "31/12/2100", "01/01/1900", "2021.02.30"]),
)


@given(st.lists(st.none() | NEAR_DATES, max_size=12), st.none() | st.booleans())
def test_whole_columns_of_dates_equal_single_ones(texts: list[str | None], native: bool | None) -> None:
    texts = [clean(text) or None if text is not None else None for text in texts]
    column = pl.Series(texts, dtype=pl.String)
    own = None if native is None else pl.Series([native] * len(texts), dtype=pl.Boolean)
    result = parse_column(column, own, a_column("date"))
    for text, value, code, day in zip(texts, result.values, result.codes, plain_dates(column), strict=True):
        if text is None or text in "-–—−":
            assert (value, code, day) == (None, None, None)
            continue
        expected = read_alone(
            lambda text: parse_native_date(text, False) if native else parse_date(text), text
        )
        assert (value, code) == expected
        assert day in (expected[0], None)


NEAR_NUMBERS = st.one_of(
    st.text("0123456789.,-+ ()%", min_size=1, max_size=9),
    st.from_regex(r"-?[0-9]{1,14}[.,][0-9]{1,14}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,3}[.,][0-9]{3}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,20}", fullmatch=True),
    st.sampled_from(["-0.0", "-0,5", "12.5 kg", "１２.5", "0.1", "00.50", "1.234.567,8"]),
    # So close to the middle of two doubles that rounding twice shows.
    st.just("-1.00000000000000011102230246251565"),
)


@given(
    st.lists(st.tuples(NEAR_NUMBERS, st.booleans()), max_size=10),
    st.sampled_from(["number", "integer"]),
    st.sampled_from([None, ".", ","]),
)
def test_whole_columns_of_numbers_equal_single_ones(
    cells: list[tuple[str, bool]], kind: str, earlier: DecimalMark | None
) -> None:
    # A spreadsheet's own number never has a plus.
    cells = [(clean(text), own and "+" not in text) for text, own in cells if clean(text).strip("-–—−")]
    proven = decimal_marks(text for text, own in cells if not own)
    mark = next(iter(proven)) if earlier is None and len(proven) == 1 else earlier
    usable = mark if proven <= {mark} else None

    def read(text: str, own: bool) -> Any:
        value = parse_native_number(text) if own else parse_number(text, usable)
        if kind == "number":
            return to_double(value)
        if not own and "%" in text:
            raise Unreadable("bad-number")
        return to_integer(value)

    result = parse_column(
        pl.Series([text for text, _ in cells], dtype=pl.String),
        pl.Series([own for _, own in cells], dtype=pl.Boolean),
        a_column(kind),
        decimal_mark=earlier,
    )
    expected = [read_alone(lambda text, own=own: read(text, own), text) for text, own in cells]
    assert list(zip(result.values, result.codes, strict=True)) == expected
    assert result.decimal_mark == usable


def test_tidy_characters_stay_as_they_are_beside_each_other() -> None:
    letters = [
        letter for letter in map(chr, range(0x2000)) if re.fullmatch(f"[{python_class(TIDY)}]", letter)
    ]
    assert set('Nguyễn-Đức(12)Ữ"') <= set(letters)
    for letter in letters:
        beside_all = letter.join(letters)
        assert clean(beside_all) == beside_all


def python_class(rust: str) -> str:
    return re.sub(r"\\x\{(\w+)\}", lambda code: chr(int(code[1], 16)), rust)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=10))
@example(["e\u200b\u0301", "e\u0301", "Hòa  Bình ", "", "Đức"])
def test_columns_are_cleaned_like_single_texts(texts: list[str]) -> None:
    assert clean_column(pl.Series(texts)).to_list() == [clean(text) or None for text in texts]
