"""What cells mean: every form in which people write a value comes back, and nothing makes reading fail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.contracts import Choice, Column
from dxpipeline.reading.numerals import Unreadable, parse_date, parse_native_date, parse_number
from dxpipeline.reading.table import clean_column
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
    column = Column(
        name="c",
        label="c",
        aliases=(),
        description="c",
        required=True,
        key=False,
        classification="public",
        **settings,
    )
    texts = [clean(text) or None if text is not None else None for text, _ in cells]
    result = parse_column(
        pl.Series(texts, dtype=pl.String), pl.Series([own for _, own in cells], dtype=pl.Boolean), column
    )
    assert len(result.values) == len(result.codes) == len(cells)
    assert not (result.values.is_not_null() & result.codes.is_not_null()).any()
    if column.kind == "text" and not column.choices:
        for text, (_, own), value in zip(texts, cells, result.values, strict=True):
            assert value in (text, None) or own


@given(st.lists(st.text(max_size=30), min_size=1, max_size=10))
def test_columns_are_cleaned_like_single_texts(texts: list[str]) -> None:
    assert clean_column(pl.Series(texts)).to_list() == [clean(text) or None for text in texts]
