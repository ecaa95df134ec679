"""Typed values of one column: what the cells mean, and a code for each that means nothing.

Cells of the plainest form are read as whole columns; those that are left are read one by one, every text
once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np
import polars as pl

from dxpipeline.contracts import Choice, Column, Kind
from dxpipeline.reading.layout import only_digits
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
from dxpipeline.reading.plain_values import plain_dates, plain_numbers
from dxpipeline.text import fold, fold_tone

UNCALCULATED = "#FORMULA!"
"""What the reader shows for a formula that was saved without its result."""

_FORMULA_ERROR = re.compile(
    r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|FORMULA!|SPILL!|CALC!|GETTING_DATA)"
)
_DASHES = ("-", "–", "—", "−")
_TWO_DIGIT_YEAR = re.compile(r"\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{2}(?: |$)")
_TEXT = pl.col("text")
_LIST_SEPARATOR = re.compile(r"[,;]")
_YES = frozenset(
    {"x", "co", "dat", "v", "yes", "y", "true", "1", "roi", "da co", "dung"}
    | {"dang hoat dong", "con hoat dong", "da ket noi", "da phe duyet"}
)
_NO = frozenset(
    {"khong", "chua", "no", "n", "false", "0", "khong dat", "chua co", "chua dat", "khong co", "sai"}
    | {"ngung hoat dong", "chua hoat dong", "chua ket noi", "chua phe duyet"}
)
_YES_SIGNS = frozenset("✓✔☑√")

DTYPES: Mapping[Kind, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "boolean": pl.Boolean(),
    "list": pl.List(pl.String()),
}
"""The type of a column's values by its kind.

`number` is Float64: every number of up to 15 significant digits comes back digit for digit; longer ones are
rounded to the nearest double, as spreadsheets do.
"""


@dataclass(frozen=True)
class ParsedColumn:
    """The meaning of a column's cells.

    Attributes:
        values: Typed by `DTYPES`, null where the cell is empty or unreadable.
        codes: String, the code of the issue for every unreadable cell, null for the others.
        notes: Repairs that were made, one sentence each, without values.
        decimal_mark: The decimal mark that the texts prove, to be handed to the next block of the column.
    """

    values: pl.Series
    codes: pl.Series
    notes: list[str] = field(default_factory=list)
    decimal_mark: DecimalMark | None = None


def parse_column(
    texts: pl.Series,
    native: pl.Series | None,
    column: Column,
    *,
    date_system_1904: bool = False,
    decimal_mark: DecimalMark | None = None,
) -> ParsedColumn:
    """Read the cells of one column as its contract declares them.

    An empty cell is null without a code: whether it may be empty is for the caller to decide, unless the
    contract says what empty means. A lone dash is empty, in a yes/no column it is no. Nothing is padded,
    swapped or guessed, with one exception: a number of the spreadsheet's own in a text column of fixed length
    and digits only gets the leading zeros that the spreadsheet dropped, and a note.

    Args:
        texts: Cleaned texts (String).
        native: Whether each cell was a number, date or truth value of the spreadsheet's own (Boolean), None
            for text files.
        column: The contract's column.
        date_system_1904: Whether serial dates count from 1904.
        decimal_mark: The decimal mark proven by earlier blocks of the same column.

    Returns:
        Values and codes of the same length as `texts`, under the column's name. Codes: `formula-error`,
        `bad-number`, `ambiguous-number`, `bad-date`, `not-in-list`, `bad-format`.
    """
    own = _no(len(texts)) if native is None else native.fill_null(False)
    notes: list[str] = []
    mark = decimal_mark
    if column.kind in ("integer", "number"):
        values, codes, mark = _numbers(texts, own, column, decimal_mark)
    elif column.kind == "date":
        values, codes, notes = _dates(texts, own, column, date_system_1904)
    elif column.kind == "text" and not column.choices:
        values, codes, notes = _free_text(texts, own, column)
    else:
        values, codes = _listed(texts, own, column)
    if column.empty_means is not None:
        values = values.set(texts.is_null(), column.empty_means)
    return ParsedColumn(values.alias(column.name), codes.alias(column.name), notes, mark)


def _numbers(
    texts: pl.Series, native: pl.Series, column: Column, mark: DecimalMark | None
) -> tuple[pl.Series, pl.Series, DecimalMark | None]:
    proven: set[DecimalMark] = set()
    if column.kind == "integer":
        # All that the cast reads is what `parse_number` makes of it.
        values = texts.cast(DTYPES["integer"], strict=False)
    else:
        values, proven = plain_numbers(texts, native, mark)
    left = _left(texts, values)
    if left is not None:
        proven |= decimal_marks(texts.filter(left & ~native).unique())
    if mark is None and len(proven) == 1:
        mark = next(iter(proven))
    # Both marks proven in one column: its texts prove nothing for those that leave it open.
    usable = mark if proven <= {mark} else None

    def parse(text: str, is_native: bool) -> int | float:
        value = parse_native_number(text) if is_native else parse_number(text, usable)
        if column.kind == "number":
            return to_double(value)
        if not is_native and text.rstrip(" )").endswith("%"):
            raise Unreadable("bad-number")
        return to_integer(value)

    return *_one_by_one(texts, native, left, values, parse), usable


def _dates(
    texts: pl.Series, native: pl.Series, column: Column, date_system_1904: bool
) -> tuple[pl.Series, pl.Series, list[str]]:
    def parse(text: str, is_native: bool) -> date:
        return parse_native_date(text, date_system_1904) if is_native else parse_date(text)

    days = plain_dates(texts)
    left = _left(texts, days)
    values, codes = _one_by_one(texts, native, left, days, parse)
    notes = [] if left is None else _two_digit_years(texts.filter(left & codes.is_null()), column)
    return values, codes, notes


def _free_text(texts: pl.Series, native: pl.Series, column: Column) -> tuple[pl.Series, pl.Series, list[str]]:
    notes = []
    length = column.min_length
    pattern = None if column.pattern is None else f"^(?:{column.pattern})$"
    fixed = length is not None and length == column.max_length and only_digits(column.pattern)
    if length is not None and pattern is not None and fixed and native.any():
        padded = texts.str.zfill(length)
        # Only where the result is what the contract asks for is the loss of zeros proven.
        short = native & _says(texts, (_TEXT.str.len_chars() < length) & _TEXT.str.contains(r"^[0-9]+$"))
        short &= _says(padded, _TEXT.str.contains(pattern))
        if short.any():
            texts = texts.zip_with(~short, padded)
            notes.append(
                f"{column.label}: thêm lại số 0 ở đầu cho {short.sum()} ô dạng số / "
                f"leading zeros restored in {short.sum()} numeric cells."
            )
    right = _TEXT.is_not_null()
    if pattern is not None:
        right &= _TEXT.str.contains(pattern)
    if column.min_length is not None:
        right &= _TEXT.str.len_chars() >= column.min_length
    if column.max_length is not None:
        right &= _TEXT.str.len_chars() <= column.max_length
    sign = _TEXT.str.starts_with("#")
    if column.min_length is None or column.min_length < 2:
        sign |= _TEXT.is_in(_DASHES)
    left = _says(texts, _TEXT.is_not_null() & (sign | ~right))
    if not left.any():
        return texts, _no_codes(len(texts)), notes
    rest = texts.filter(left)
    fits = dict(zip(rest, _says(rest, right), strict=True))

    def parse(text: str, is_native: bool) -> str:
        if not fits[text]:
            raise Unreadable("bad-format")
        return text

    return *_one_by_one(texts, native, left, texts, parse), notes


def _listed(texts: pl.Series, native: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    """Read the cells of a column that holds one of some texts, yes or no, or several texts."""
    if column.choices:
        values = texts.set(~_says(texts, _TEXT.is_in(_as_stored(column.choices))), None)
    else:
        values = pl.repeat(None, len(texts), dtype=DTYPES[column.kind], eager=True)
    return _one_by_one(texts, native, _left(texts, values), values, _parser(column))


def _parser(column: Column) -> Callable[[str, bool], Any]:
    if column.kind == "boolean":
        return lambda text, native: _yes_or_no(text)
    if column.kind == "list":
        return lambda text, native: _items(text)
    exact, loose = _choices(column.choices)

    def choose(text: str, native: bool) -> str:
        value = exact.get(fold_tone(text)) or loose.get(fold(text))
        if value is None:
            raise Unreadable("not-in-list")
        return value

    return choose


@cache
def _choices(choices: tuple[Choice, ...]) -> tuple[dict[str, str], dict[str, str | None]]:
    """Return the values by label with tones, and by label without, where that leads to one value only."""
    exact: dict[str, str] = {}
    loose: dict[str, str | None] = {}
    for choice in choices:
        for written in (choice.label, choice.value):
            exact.setdefault(fold_tone(written), choice.value)
            folded = fold(written)
            loose[folded] = choice.value if loose.get(folded, choice.value) == choice.value else None
    return exact, loose


@cache
def _as_stored(choices: tuple[Choice, ...]) -> list[str]:
    """Return the values that mean themselves where they are written."""
    exact, _ = _choices(choices)
    return [choice.value for choice in choices if exact[fold_tone(choice.value)] == choice.value]


def _yes_or_no(text: str) -> bool:
    if text in _YES_SIGNS:
        return True
    folded = fold(text)
    if folded in _YES:
        return True
    if folded in _NO or text in _DASHES:
        return False
    raise Unreadable("not-in-list")


def _items(text: str) -> list[str] | None:
    items: dict[str, str] = {}
    for item in _LIST_SEPARATOR.split(text):
        if item.strip():
            items.setdefault(fold_tone(item), item.strip())
    return list(items.values()) or None


def _left(texts: pl.Series, values: pl.Series) -> pl.Series | None:
    """Say which texts have no value yet (Boolean, never null); None where all have one."""
    return None if values.null_count() == texts.null_count() else texts.is_not_null() & values.is_null()


def _one_by_one(
    texts: pl.Series,
    native: pl.Series,
    left: pl.Series | None,
    values: pl.Series,
    parse: Callable[[str, bool], Any],
) -> tuple[pl.Series, pl.Series]:
    """Read the cells that are left, each text once.

    Args:
        texts: All cells.
        native: Which were the spreadsheet's own.
        left: Which are to be read; None for no cell.
        values: The values of the others.
        parse: Returns the value of a text, or raises `Unreadable`.

    Returns:
        The values of all cells, and their codes.
    """
    codes = _no_codes(len(texts))
    if left is None:
        return values, codes
    known: dict[tuple[str, bool], tuple[Any, str | None]] = {}
    read: list[tuple[Any, str | None]] = []
    natives = native.filter(left).to_list() if native.any() else repeat(False)
    for cell in zip(texts.filter(left).to_list(), natives, strict=False):
        found = known.get(cell)
        if found is None:
            found = known[cell] = _read_cell(*cell, parse, dash_is_empty=values.dtype != pl.Boolean())
        read.append(found)
    places = left.arg_true()
    found_values = pl.Series([value for value, _ in read], dtype=values.dtype)
    if isinstance(values.dtype, pl.List):
        # Lists cannot be put in their places; no cell of theirs is read in another way.
        at = pl.repeat(None, len(texts), dtype=pl.UInt32(), eager=True)
        values = found_values.gather(at.scatter(places, range(len(places))))
    else:
        values = values.clone().scatter(places, found_values)
    if any(code is not None for _, code in read):
        codes.scatter(places, pl.Series([code for _, code in read], dtype=pl.String()))
    return values, codes


def _read_cell(
    text: str, native: bool, parse: Callable[[str, bool], Any], *, dash_is_empty: bool
) -> tuple[Any, str | None]:
    """Return the value of a cell, or the code of its issue."""
    if dash_is_empty and text in _DASHES:
        return None, None
    if not native and _FORMULA_ERROR.match(text):
        return None, "formula-error"
    try:
        return parse(text, native), None
    except Unreadable as unreadable:
        return None, unreadable.code


def _says(texts: pl.Series, condition: pl.Expr) -> pl.Series:
    """Return of which texts a condition on `_TEXT` holds, never null."""
    return texts.to_frame("text").select(condition.fill_null(False)).to_series()


def _no_codes(count: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String()).new_from_index(0, count)


def _no(count: int) -> pl.Series:
    return pl.Series(np.zeros(count, dtype=np.bool_))


def _two_digit_years(texts: pl.Series, column: Column) -> list[str]:
    count = sum(_TWO_DIGIT_YEAR.match(text) is not None for text in texts)
    if not count:
        return []
    return [
        f"{column.label}: {count} ô ghi năm hai chữ số, hiểu 00-29 là 2000-2029, 30-99 là 1930-1999 / "
        f"{count} cells with two-digit years, read as 2000-2029 and 1930-1999."
    ]
