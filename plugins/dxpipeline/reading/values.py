"""Typed values of one column: what the cells mean, and a code for each that means nothing.

Plain numbers and dates and free text are handled as whole columns. Of the others distinct texts are parsed
once each, which is fast where values repeat, as they do in reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from dxpipeline.contracts import Column, Kind
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
from dxpipeline.reading.plain_values import plain_dates, plain_decimals
from dxpipeline.text import fold, fold_tone

UNCALCULATED = "#FORMULA!"
"""What the reader shows for a formula that was saved without its result."""

_FORMULA_ERROR = r"^#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|FORMULA!|SPILL!|CALC!|GETTING_DATA)"
_DASHES = ("-", "–", "—", "−")
_PLAIN_INTEGER = r"^-?[0-9]{1,18}$"
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
    has_signs: bool = True,
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
        has_signs: False where `columns_with_signs` does not name the column.

    Returns:
        Values and codes of the same length as `texts`, under the column's name. Codes: `formula-error`,
        `bad-number`, `ambiguous-number`, `bad-date`, `not-in-list`, `bad-format`.
    """
    own = _no(len(texts)) if native is None else native.fill_null(False)
    broken, filled = _without_signs(texts, own, column) if has_signs else (None, texts)
    notes: list[str] = []
    mark = decimal_mark
    if column.kind in ("integer", "number"):
        values, codes, mark = _numbers(filled, own, column, decimal_mark)
    elif column.kind == "date":
        values, codes, notes = _dates(filled, own, column, date_system_1904)
    elif column.kind == "text" and not column.choices:
        values, codes, notes = _free_text(filled, own, column)
    else:
        values, codes = _distinct(filled, own, _parser(column), DTYPES[column.kind])
    if broken is not None:
        codes = codes.zip_with(~broken, _codes(broken, "formula-error"))
    if column.empty_means is not None:
        values = values.set(texts.is_null(), column.empty_means)
    return ParsedColumn(values.alias(column.name), codes.alias(column.name), notes, mark)


def columns_with_signs(texts: pl.DataFrame) -> list[str]:
    """Name the columns in which a cell may be the error of a formula or a lone dash."""
    may = texts.select((pl.all().str.starts_with("#") | pl.all().is_in(_DASHES)).any())
    return [name for name, found in zip(texts.columns, may.row(0), strict=True) if found]


def _without_signs(texts: pl.Series, native: pl.Series, column: Column) -> tuple[pl.Series | None, pl.Series]:
    """Return which cells show the error of a formula, if any, and the texts without these and lone dashes."""
    broken = _says(texts, _TEXT.str.starts_with("#"))
    if broken.any():
        broken &= _says(texts, _TEXT.str.contains(_FORMULA_ERROR)) & ~native
    empty = broken if column.kind == "boolean" else broken | _says(texts, _TEXT.is_in(_DASHES))
    return broken if broken.any() else None, texts.set(empty, None)


def _numbers(
    texts: pl.Series, native: pl.Series, column: Column, mark: DecimalMark | None
) -> tuple[pl.Series, pl.Series, DecimalMark | None]:
    dtype = DTYPES[column.kind]
    plain = _says(texts, _TEXT.str.contains(_PLAIN_INTEGER))
    values = texts.set(~plain, None).cast(dtype)
    if plain.sum() + texts.null_count() == len(texts):
        return values, _no_codes(len(texts)), mark
    rest = texts.set(plain, None)
    proven: set[DecimalMark] = set()
    if column.kind == "number" and rest.null_count() < len(rest):
        decimals, proven = plain_decimals(rest, native)
        values = values.zip_with(plain, decimals)
        rest = rest.set(decimals.is_not_null(), None)
    if rest.null_count() < len(rest):
        proven |= decimal_marks(rest.filter(~native).drop_nulls().unique())
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

    others, codes = _distinct(rest, native, parse, dtype)
    return values.zip_with(rest.is_null(), others), codes, usable


def _dates(
    texts: pl.Series, native: pl.Series, column: Column, date_system_1904: bool
) -> tuple[pl.Series, pl.Series, list[str]]:
    def parse(text: str, is_native: bool) -> date:
        return parse_native_date(text, date_system_1904) if is_native else parse_date(text)

    days, plain = plain_dates(texts)
    if plain.sum() + texts.null_count() == len(texts) and days.null_count() == texts.null_count():
        return days, _no_codes(len(texts)), []
    rest = texts.set(plain, None)
    others, codes = _distinct(rest, native, parse, DTYPES["date"])
    notes = _two_digit_years(rest, codes, column)
    wrong = plain & days.is_null()
    if wrong.any():
        codes = codes.zip_with(~wrong, _codes(wrong, "bad-date"))
    return days.zip_with(plain, others), codes, notes


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
    right = pl.lit(True)
    if pattern is not None:
        right &= _TEXT.str.contains(pattern)
    if column.min_length is not None:
        right &= _TEXT.str.len_chars() >= column.min_length
    if column.max_length is not None:
        right &= _TEXT.str.len_chars() <= column.max_length
    wrong = _says(texts, _TEXT.is_not_null() & ~right)
    return texts.set(wrong, None) if wrong.any() else texts, _codes(wrong, "bad-format"), notes


def _parser(column: Column) -> Callable[[str, bool], Any]:
    if column.kind == "boolean":
        return lambda text, native: _yes_or_no(text)
    if column.kind == "list":
        return lambda text, native: _items(text)
    exact, loose = _choices(column)

    def choose(text: str, native: bool) -> str:
        value = exact.get(fold_tone(text)) or loose.get(fold(text))
        if value is None:
            raise Unreadable("not-in-list")
        return value

    return choose


def _choices(column: Column) -> tuple[dict[str, str], dict[str, str | None]]:
    """Return the values by label with tones, and by label without, where that leads to one value only."""
    exact: dict[str, str] = {}
    loose: dict[str, str | None] = {}
    for choice in column.choices:
        for written in (choice.label, choice.value):
            exact.setdefault(fold_tone(written), choice.value)
            folded = fold(written)
            loose[folded] = choice.value if loose.get(folded, choice.value) == choice.value else None
    return exact, loose


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


def _distinct(
    texts: pl.Series, native: pl.Series, parse: Callable[[str, bool], Any], dtype: pl.DataType
) -> tuple[pl.Series, pl.Series]:
    """Parse every distinct cell once and spread the results."""
    if texts.null_count() == len(texts):
        return pl.repeat(None, len(texts), dtype=dtype, eager=True), _no_codes(len(texts))
    keys = ["text", "native"] if native.any() else ["text"]
    filled = texts.is_not_null()
    cells = pl.DataFrame({"text": texts, "native": native}).select(keys).filter(filled)
    distinct = cells.unique(maintain_order=True)
    values: list[Any] = []
    codes: list[str | None] = []
    for text, *is_native in distinct.iter_rows():
        try:
            values.append(parse(text, any(is_native)))
            codes.append(None)
        except Unreadable as unreadable:
            values.append(None)
            codes.append(unreadable.code)
    found = cells.join(distinct.with_row_index("at"), on=keys, how="left", maintain_order="left")["at"]
    places = np.zeros(len(texts), dtype=np.uint32)
    places[filled.to_numpy()] = found.to_numpy()
    at = pl.Series(places).set(~filled, None)
    return pl.Series(values, dtype=dtype).gather(at), pl.Series(codes, dtype=pl.String()).gather(at)


def _says(texts: pl.Series, condition: pl.Expr) -> pl.Series:
    """Return of which texts a condition on `_TEXT` holds, never null."""
    return texts.to_frame("text").select(condition.fill_null(False)).to_series()


def _codes(wrong: pl.Series, code: str) -> pl.Series:
    if not wrong.any():
        return _no_codes(len(wrong))
    return pl.select(pl.when(wrong).then(pl.lit(code)).otherwise(pl.lit(None, pl.String()))).to_series()


def _no_codes(count: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String()).new_from_index(0, count)


def _no(count: int) -> pl.Series:
    return pl.Series(np.zeros(count, dtype=np.bool_))


def _two_digit_years(texts: pl.Series, codes: pl.Series, column: Column) -> list[str]:
    if texts.null_count() == len(texts):
        return []
    short = _says(texts, _TEXT.str.contains(r"^\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{2}(?: |$)"))
    count = int((short & codes.is_null()).sum())
    if not count:
        return []
    return [
        f"{column.label}: {count} ô ghi năm hai chữ số, hiểu 00-29 là 2000-2029, 30-99 là 1930-1999 / "
        f"{count} cells with two-digit years, read as 2000-2029 and 1930-1999."
    ]
