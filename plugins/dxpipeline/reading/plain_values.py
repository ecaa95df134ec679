"""Dates and decimal numbers of the plainest forms, read as whole columns.

What is read here equals what `dxpipeline.reading.numerals` makes of each text; every other form is left to
it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dxpipeline.reading.numerals import FIRST_YEAR, LAST_YEAR, DecimalMark

# Few enough digits for Python's decimals, which round from the 29th on.
_DECIMAL = r"^-?[0-9]{1,12}[.,][0-9]{1,12}$"
_NATIVE_DECIMAL = r"^-?[0-9]{1,12}\.[0-9]{1,12}$"
_GROUPED_OR_DECIMAL = r"^-?[1-9][0-9]{0,2}[.,][0-9]{3}$"


@dataclass(frozen=True)
class _DateForm:
    """Where the parts of a date of ten characters stand."""

    year: slice
    month: slice
    day: slice
    marks: tuple[int, int]


_DATE_LENGTH = 10
_DAY_FIRST = _DateForm(slice(6, 10), slice(3, 5), slice(0, 2), (2, 5))
_YEAR_FIRST = _DateForm(slice(0, 4), slice(5, 7), slice(8, 10), (4, 7))
_MONTH_STARTS = (
    np.arange(f"{FIRST_YEAR}-01", f"{LAST_YEAR + 1}-02", dtype="datetime64[M]")
    .astype("datetime64[D]")
    .astype(np.int32)
)
"""The first days of the months that are believed and of the one after, as days since 1970."""
_MONTH_LENGTHS = np.diff(_MONTH_STARTS)


def plain_dates(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read days written as `05/03/2021` or `2021-03-05`, with slashes, hyphens or dots.

    Args:
        texts: Cleaned texts (String).

    Returns:
        The days (Date), null where there is no such day between 1900 and 2100; and which texts have one of
        these forms (Boolean): no other reading makes a day of them.
    """
    candidates = texts.to_frame("text").select(
        (pl.col("text").str.len_bytes() == _DATE_LENGTH).fill_null(False)
    )["text"]
    written = texts.filter(candidates).cast(pl.Binary())
    characters = written.bin.reinterpret(dtype=pl.Array(pl.UInt8(), _DATE_LENGTH)).to_numpy()
    # A row for every position: what stands at one position of all dates is worked on at once.
    characters = np.ascontiguousarray(characters.T)
    days, exists, formed = _days(characters, _DAY_FIRST)
    if not formed.all():
        other = _days(characters, _YEAR_FIRST)
        days, exists, formed = np.where(formed, days, other[0]), exists | other[1], formed | other[2]
    places = candidates.to_numpy()
    all_days = np.zeros(len(texts), dtype=np.int32)
    all_exist, all_formed = np.zeros((2, len(texts)), dtype=np.bool_)
    all_days[places], all_exist[places], all_formed[places] = days, exists, formed
    dates = pl.Series(texts.name, all_days).cast(pl.Date()).set(pl.Series(~all_exist), None)
    return dates, pl.Series(all_formed)


def plain_decimals(texts: pl.Series, native: pl.Series) -> tuple[pl.Series, set[DecimalMark]]:
    """Read numbers with a fraction and nothing else: `12.5`, `-0,125`, but not `1.234`, which may be grouped.

    Args:
        texts: Cleaned texts (String).
        native: Whether each cell was a number of the spreadsheet's own (Boolean): its mark is the point.

    Returns:
        The nearest doubles (Float64), null where a text has another form; and the decimal marks that the
        numbers prove.
    """
    text, own = pl.col("text"), pl.col("native")
    typed = text.str.contains(_DECIMAL) & ~text.str.contains(_GROUPED_OR_DECIMAL)
    fits = pl.when(own).then(text.str.contains(_NATIVE_DECIMAL)).otherwise(typed) if native.any() else typed
    cells = pl.DataFrame({"text": texts, "native": native})
    fitting = texts.set(~cells.select(fits.fill_null(False)).to_series(), None)
    read = cells.with_columns(text=fitting).select(
        # Adding zero makes minus zero zero.
        value=text.str.replace(",", ".", literal=True).cast(pl.Float64()) + 0.0,
        comma=text.str.contains(",", literal=True),
    )
    typed_comma = read["comma"].filter(~native).drop_nulls()
    proven: set[DecimalMark] = set()
    if typed_comma.any():
        proven.add(",")
    if not typed_comma.all():
        proven.add(".")
    return read["value"], proven


def _days(
    characters: NDArray[np.uint8], form: _DateForm
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the days since 1970, which of them exist, and which texts have the form.

    Args:
        characters: Shape (10, number of texts).
        form: The form.
    """
    first, second = (characters[at] for at in form.marks)
    formed = (first == second) & ((first == ord("/")) | (first == ord("-")) | (first == ord(".")))
    digits = characters - np.uint8(ord("0"))  # Other characters become more than 9.
    year, month, day = (_number(digits[part]) for part in (form.year, form.month, form.day))
    for part in (form.year, form.month, form.day):
        formed &= digits[part].max(axis=0) <= 9
    believed = formed & (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    at = np.where(believed, (year - FIRST_YEAR) * 12 + month - 1, 0)
    return _MONTH_STARTS[at] + day - 1, believed & (day >= 1) & (day <= _MONTH_LENGTHS[at]), formed


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int32]:
    number = np.zeros(digits.shape[1], dtype=np.int32)
    for digit in digits:
        number = number * 10 + digit
    return number
