"""Reporting periods: how they are written by people, and which days they cover.

Written canonically `2021-Q1`, `2021-03`, `2021-H1`, `2021`. Health statistics and the Statistics
Office use calendar periods; other departments use the administrative ones, where a quarter runs from
the 15th of the month before it to the 14th of its last month (NĐ 09/2019/NĐ-CP).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from typing import Literal

from dxpipeline.text import fold

Frequency = Literal["monthly", "quarterly", "half-yearly", "yearly"]
Calendar = Literal["calendar", "administrative"]

HO_CHI_MINH = timezone(timedelta(hours=7))
"""Asia/Ho_Chi_Minh, without daylight saving since 1975; fixed, so that no time zone data is needed."""

_MONTHS: dict[Frequency, int] = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}
_CANONICAL = re.compile(
    r"(?P<year>(?:19|20)[0-9]{2})(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>0[1-9]|1[0-2])))?"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}

# Patterns over folded text (no accents, punctuation turned to blanks), the most specific first.
_WRITTEN: dict[Frequency, tuple[re.Pattern[str], ...]] = {
    "quarterly": (
        re.compile(rf"\b(?:quy|q)\s?(?P<number>iv|iii|ii|i|0?[1-4])\s(?:nam\s)?{_YEAR}\b"),
        re.compile(rf"\b{_YEAR}\s?(?:quy|q)\s?(?P<number>iv|iii|ii|i|0?[1-4])\b"),
    ),
    "half-yearly": (
        re.compile(rf"\b(?:0?6|sau)\s?(?:thang|t) (?P<number>dau|cuoi) (?:nam )?{_YEAR}\b"),
        re.compile(rf"\bnua (?P<number>dau|cuoi) (?:nam )?{_YEAR}\b"),
        re.compile(rf"\b{_YEAR} h(?P<number>[12])\b"),
    ),
    "monthly": (
        re.compile(rf"\b(?:thang|t)\s?(?P<number>1[0-2]|0?[1-9])\s(?:nam\s)?{_YEAR}\b"),
        re.compile(rf"\b{_YEAR} (?P<number>1[0-2]|0[1-9])\b(?! \d)"),
    ),
    "yearly": (re.compile(rf"\bnam {_YEAR}\b"), re.compile(rf"\b{_YEAR}\b")),
}

_MONTH = r"(?:thang|t)\s?(?:1[0-2]|0?[1-9])"
# What is neither a month nor a year: some months or quarters together, or the year up to a day. `Quỹ` and
# `quy mô` fold to the letters of `quý`, so that word counts only beside what makes it a quarter. `5 tháng 3`
# is a day, and twelve months are a year.
_STRETCH = re.compile(
    r"\b(?:1[01]|0?[2-9]|hai|ba|bon|nam|sau|bay|tam|chin|muoi|muoi mot)\s?(?:thang|t)\b(?! \d{1,2}\b)"
    r"|\bnua (?:dau|cuoi|nam)\b"
    r"|\b(?:quy|q)\s?(?:iv|iii|ii|i|0?[1-4])\b"
    r"|\bquy (?:dau|cuoi)\b|\b(?:[2-4]|hai|ba|bon|cac|tung) quy (?:nam )?(?:19|20)\d\d\b"
    rf"|\b{_MONTH} (?:(?:nam )?(?:19|20)\d\d )?(?:den|toi) (?:het )?(?:thang|t)?\s?\d"
    rf"|\b{_MONTH} (?:va )?(?:{_MONTH}|1[0-2]|0?[1-9]) (?:nam )?(?:19|20)\d\d\b"
    r"|\bluy ke\b"
)


@dataclass(frozen=True, order=True)
class Period:
    """A reporting period: a year and, for shorter ones, its number inside the year.

    Ordered by year, then by number, which is meaningful inside one frequency.
    """

    year: int
    number: int
    frequency: Frequency

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read the canonical form (`2021-Q1`, `2021-03`, `2021-H1`, `2021`).

        Raises:
            ValueError: The text is not of that form.
        """
        match = _CANONICAL.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a period: write 2021-Q1, 2021-03, 2021-H1 or 2021.")
        year = int(match["year"])
        if match["quarter"]:
            return cls(year, int(match["quarter"]), "quarterly")
        if match["half"]:
            return cls(year, int(match["half"]), "half-yearly")
        if match["month"]:
            return cls(year, int(match["month"]), "monthly")
        return cls(year, 1, "yearly")

    def __str__(self) -> str:
        """Return the canonical form."""
        suffix = {
            "quarterly": f"-Q{self.number}",
            "half-yearly": f"-H{self.number}",
            "monthly": f"-{self.number:02d}",
            "yearly": "",
        }
        return f"{self.year}{suffix[self.frequency]}"

    def first_day(self, calendar: Calendar) -> date:
        """Return the period's first day."""
        month = (self.number - 1) * _MONTHS[self.frequency] + 1
        if calendar == "calendar":
            return date(self.year, month, 1)
        return date(self.year - 1, 12, 15) if month == 1 else date(self.year, month - 1, 15)

    def last_day(self, calendar: Calendar) -> date:
        """Return the period's last day."""
        months = self.number * _MONTHS[self.frequency]
        if calendar == "administrative":
            return date(self.year, months, 14)
        following = date(self.year + 1, 1, 1) if months == 12 else date(self.year, months + 1, 1)
        return following - timedelta(days=1)

    def label_vi(self) -> str:
        """Return the period as a clerk writes it, for example `Quý II/2021`."""
        if self.frequency == "quarterly":
            return f"Quý {('I', 'II', 'III', 'IV')[self.number - 1]}/{self.year}"
        if self.frequency == "half-yearly":
            return f"6 tháng {('đầu', 'cuối')[self.number - 1]} năm {self.year}"
        if self.frequency == "monthly":
            return f"Tháng {self.number}/{self.year}"
        return f"Năm {self.year}"


def periods_between(frequency: Frequency, calendar: Calendar, first: date, last: date) -> Iterator[Period]:
    """Return the periods of a frequency that have a day between two days, both included, in their order.

    A frequency that does not return, such as one report in all, has none.
    """
    months = _MONTHS.get(frequency)
    if months is None:
        return
    # An administrative year begins in the December before it.
    for year in range(first.year, last.year + 2):
        for number in range(1, 12 // months + 1):
            period = Period(year, number, frequency)
            if period.last_day(calendar) >= first and period.first_day(calendar) <= last:
                yield period


def find_periods(text: str, frequency: Frequency) -> list[Period]:
    """Return the periods of one frequency named in a text, in the order of the text, each once.

    Reads Vietnamese as typed in titles and file names: `Quý I/2021`, `quy 2 nam 2021`, `2021-Q2`,
    `Tháng 3/2021`, `6 tháng đầu năm 2021`, `Sáu tháng cuối năm 2021`, `Năm 2021`.
    """
    folded = fold(text)
    found: dict[Period, int] = {}
    for pattern in _WRITTEN[frequency]:
        for match in pattern.finditer(folded):
            number = match.groupdict().get("number") or "1"
            value = {"dau": 1, "cuoi": 2, **_ROMAN}.get(number) or int(number)
            found.setdefault(Period(int(match["year"]), value, frequency), match.start())
    return sorted(found, key=found.__getitem__)


def names_a_stretch(text: str) -> bool:
    """Say whether a text names a time that is neither one month nor one year.

    So do `9 tháng đầu năm 2021`, `Quý I-III/2021`, `Từ tháng 01 đến tháng 03/2021` and `Lũy kế tháng 3/2021`.
    """
    return _STRETCH.search(fold(text)) is not None


def names_a_period(text: str) -> bool:
    """Say whether a text names a period of any frequency."""
    return any(find_periods(text, frequency) for frequency in _WRITTEN)
