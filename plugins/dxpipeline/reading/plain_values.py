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

# Few enough digits for Python's decimals, which round from the 29th on. A lone mark before three digits may
# group thousands, unless more than three digits or a zero stand before it.
_NUMBER = (
    r"^-?(?:[0-9]{1,18}|[0-9]{1,12}[.,](?:[0-9]{1,2}|[0-9]{4,12})|(?:0[0-9]{0,11}|[0-9]{4,12})[.,][0-9]{3})$"
)
_NATIVE_NUMBER = r"^-?(?:[0-9]{1,18}|[0-9]{1,12}\.[0-9]{1,12})$"


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


def plain_dates(texts: pl.Series) -> pl.Series:
    """Read days written as `05/03/2021` or `2021-03-05`, with slashes, hyphens or dots.

    Args:
        texts: Cleaned texts (String).

    Returns:
        The days (Date), null where a text has another form or is no day between 1900 and 2100.
    """
    candidates = texts.to_frame("text").select(
        (pl.col("text").str.len_bytes() == _DATE_LENGTH).fill_null(False)
    )["text"]
    written = texts.filter(candidates).cast(pl.Binary())
    characters = written.bin.reinterpret(dtype=pl.Array(pl.UInt8(), _DATE_LENGTH)).to_numpy()
    # A row for every position: what stands at one position of all dates is worked on at once.
    characters = np.ascontiguousarray(characters.T)
    days, exists = _days(characters, _DAY_FIRST)
    if not exists.all():
        other = _days(characters, _YEAR_FIRST)
        days, exists = np.where(exists, days, other[0]), exists | other[1]
    places = candidates.to_numpy()
    all_days = np.zeros(len(texts), dtype=np.int32)
    missing = np.ones(len(texts), dtype=np.bool_)
    all_days[places], missing[places] = days, ~exists
    return pl.Series(texts.name, all_days).cast(pl.Date()).set(pl.Series(missing), None)


def plain_numbers(
    texts: pl.Series, native: pl.Series, mark: DecimalMark | None
) -> tuple[pl.Series, set[DecimalMark]]:
    """Read `12`, `12.5` and `-0,125`, but not `1.234`, which may be grouped.

    Args:
        texts: Cleaned texts (String).
        native: Whether each cell was a number of the spreadsheet's own (Boolean): its mark is the point.
        mark: The decimal mark that is known already.

    Returns:
        The nearest doubles (Float64), null where a text has another form; and the decimal marks that the
        numbers prove, of which the known one may be left out.
    """
    plain = texts.str.contains(_NUMBER)
    if native.any():
        plain = plain.zip_with(~native, texts.str.contains(_NATIVE_NUMBER))
    plain = plain.fill_null(False)
    fitting = texts.set(~plain, None)
    values = fitting.cast(pl.Float64(), strict=False)
    proven: set[DecimalMark] = set()
    if mark != "." and fitting.filter(~native).str.contains(".", literal=True).any():
        proven.add(".")
    if values.null_count() > fitting.null_count():
        # What the cast left out has a comma.
        proven.add(",")
        values = fitting.str.replace(",", ".", literal=True).cast(pl.Float64())
    # Adding zero makes minus zero zero.
    return values + 0.0, proven


def _days(characters: NDArray[np.uint8], form: _DateForm) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return the days since 1970, and which texts have the form and are days.

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
    return _MONTH_STARTS[at] + day - 1, believed & (day >= 1) & (day <= _MONTH_LENGTHS[at])


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int32]:
    number = np.zeros(digits.shape[1], dtype=np.int32)
    for digit in digits:
        number = number * 10 + digit
    return number
