"""Numbers and dates as people type them, one text at a time.

Every function returns the value or raises `Unreadable` with the code of the issue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from dxpipeline.text import fold

DecimalMark = Literal[",", "."]

_SIGNED = re.compile(
    r"(?P<open>\()?\s?(?P<sign>[-+−–]?)\s?(?P<body>\d[\d., ]*|[.,]\d+)\s?(?P<percent>%?)\s?(?P<close>\))?"
)
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+")
_GROUPED = {mark: re.compile(rf"[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+") for mark in ",."}
_NATIVE = re.compile(r"-?\d+(?:\.\d+)?")
_INT64 = 2**63

_YEAR_FIRST = re.compile(r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})")
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})\s?(?P<s>[-/.])\s?(?P<m>\d{1,2})\s?(?P=s)\s?(?P<y>\d{4}|\d{2})")
_IN_WORDS = re.compile(r"(?:ngay )?(?P<d>\d{1,2}) thang (?P<m>\d{1,2}) nam (?P<y>\d{4})")
_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
_TWO_DIGIT_PIVOT = 30
FIRST_YEAR, LAST_YEAR = 1900, 2100
# Serials outside 1910-2100 are no dates: a bare 2021 would be a day of 1905, and is a year someone typed.
_FIRST_SERIAL_DAY, _LAST_SERIAL_DAY = date(1910, 1, 1), date(2099, 12, 31)
_EPOCH_1900, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)


class Unreadable(ValueError):
    """A text is no value of its column's kind; `code` names the issue."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def decimal_marks(texts: Iterable[str]) -> set[DecimalMark]:
    """Return the decimal marks that the unambiguous numbers of a column prove."""
    proven: set[DecimalMark] = set()
    for text in texts:
        match = _SIGNED.fullmatch(text)
        mark = _own_mark(match["body"].strip()) if match else None
        if mark is not None:
            proven.add(mark)
    return proven


def parse_number(text: str, mark: DecimalMark | None) -> Decimal:
    """Read a typed number: `1.234.567,89`, `1,234,567.89`, `1 234,5`, `42,0%`, `-5`, `(1.234)`.

    Args:
        text: A cleaned text.
        mark: The decimal mark of the column, None where nothing proves one. A number that proves its own
            mark is read by that.

    Returns:
        The exact value; a percentage as a fraction, a number in parentheses as negative.

    Raises:
        Unreadable: `ambiguous-number` for `1.234` without a known mark, `bad-number` otherwise.
    """
    match = _SIGNED.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]) or (match["open"] and match["sign"]):
        raise Unreadable("bad-number")
    body = match["body"].strip()
    if "," in body or "." in body:
        own = _own_mark(body)
        if own is None and _is_ambiguous(body):
            own = mark
            if own is None:
                raise Unreadable("ambiguous-number")
        if own is None:
            raise Unreadable("bad-number")
        whole, _, fraction = body.rpartition(own) if own in body else (body, own, "0")
        if not fraction.isdecimal():
            raise Unreadable("bad-number")
        body = f"{_ungrouped(whole, own)}.{fraction}"
    else:
        body = _ungrouped(body, ".")
    value = Decimal(body)
    if match["percent"]:
        value /= 100
    return -value if match["open"] or match["sign"] in ("-", "−", "–") else value


def parse_native_number(text: str) -> Decimal:
    """Read the canonical text of a spreadsheet's own number.

    Raises:
        Unreadable: `bad-number`: the cell held a date, a time or a truth value.
    """
    if _NATIVE.fullmatch(text) is None:
        raise Unreadable("bad-number")
    return Decimal(text)


def to_integer(value: Decimal) -> int:
    """Return a whole number of 64 bits.

    Raises:
        Unreadable: `bad-number`: it has a fraction or is too large.
    """
    if value != value.to_integral_value() or not -_INT64 <= value < _INT64:
        raise Unreadable("bad-number")
    return int(value)


def to_double(value: Decimal) -> float:
    """Return the nearest double.

    Raises:
        Unreadable: `bad-number`: too large for one.
    """
    number = float(value)
    if not math.isfinite(number):
        raise Unreadable("bad-number")
    return number


def parse_date(text: str) -> date:
    """Read a typed day: `05/03/2021`, `5/3/21`, `5-3-2021`, `2021-03-05`, `ngày 5 tháng 3 năm 2021`.

    The day comes before the month, always. Two-digit years count as in Excel: 00-29 are 2000-2029, 30-99
    are 1930-1999. A time of day is dropped.

    Raises:
        Unreadable: `bad-date`: no such day, no day at all (a month or a year), or outside 1900-2100.
    """
    text = _TIME.sub("", text)
    match = _YEAR_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text) or _IN_WORDS.fullmatch(fold(text))
    if match is None:
        raise Unreadable("bad-date")
    year = int(match["y"])
    if len(match["y"]) == 2:
        year += 2000 if year < _TWO_DIGIT_PIVOT else 1900
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable("bad-date")
    try:
        return date(year, int(match["m"]), int(match["d"]))
    except ValueError as error:
        raise Unreadable("bad-date") from error


def parse_native_date(text: str, date_system_1904: bool) -> date:
    """Read the canonical text of a spreadsheet's own date, or of the serial number of a day.

    Raises:
        Unreadable: `bad-date`: neither, or a serial outside 1910-2099, such as a year typed as a number.
    """
    if _NATIVE.fullmatch(text) is None:
        return parse_date(text)
    serial = Decimal(text)
    epoch = _EPOCH_1904 if date_system_1904 else _EPOCH_1900
    if not 0 < serial < 100_000:
        raise Unreadable("bad-date")
    day = epoch + timedelta(days=int(serial))
    if not _FIRST_SERIAL_DAY <= day <= _LAST_SERIAL_DAY:
        raise Unreadable("bad-date")
    return day


def _own_mark(body: str) -> DecimalMark | None:
    """Return the decimal mark that a number proves by itself, None where it proves none."""
    commas, dots = body.count(","), body.count(".")
    if commas and dots:
        return "," if body.rfind(",") > body.rfind(".") else "."
    if commas + dots == 0:
        return None
    mark: DecimalMark = "," if commas else "."
    if commas + dots > 1:
        # Repeated, it groups thousands; the other one is the decimal mark, seen or not.
        return ("." if commas else ",") if _GROUPED[mark].fullmatch(body) else None
    return None if _is_ambiguous(body) else mark


def _is_ambiguous(body: str) -> bool:
    """Say whether a single mark may group thousands or begin a fraction: `1.234`, not `0.123` or `1.23`."""
    return any(_GROUPED[mark].fullmatch(body) is not None and body.count(mark) == 1 for mark in ",.")


def _ungrouped(whole: str, decimal_mark: str) -> str:
    """Return the whole part without the marks that group its thousands."""
    thousands = "," if decimal_mark == "." else "."
    if _SPACED.fullmatch(whole):
        return whole.replace(" ", "")
    if thousands in whole and _GROUPED[thousands].fullmatch(whole):
        return whole.replace(thousands, "")
    if whole and not whole.isdecimal():
        raise Unreadable("bad-number")
    return whole or "0"
