"""The reporting period of a file, and whether it calls itself a correction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, get_args

from dxpipeline.periods import Frequency, Period, find_periods, names_a_stretch
from dxpipeline.reading.model import FileRejected
from dxpipeline.text import clean, fold

_LABEL = ["ky", "bao", "cao"]
_WORD = re.compile(r"[^\W_]+")
_BEFORE_WORDS = re.compile(r"^[\W_]+")
# A day is no period: `ngày 30 tháng 3 năm 2021`, `30/03/2021` and `2021-03-30` say nothing of the report's.
_DAYS = re.compile(
    r"\bngay \d{1,2} (?:thang )?\d{1,2} (?:nam )?\d{4}\b"
    r"|\b\d{1,2} \d{1,2} (?:19|20)\d\d\b|\b(?:19|20)\d\d \d\d \d\d\b"
)
# A year beside other digits belongs to a span, a day or a document's number: `2021-2025`, `QD 176-2022`.
_LONE_YEAR = re.compile(r"(?<!\d )\b(?:19|20)\d\d\b(?! \d)")
_CORRECTION = re.compile(r"\b(?:thay the|dinh chinh)\b")


@dataclass(frozen=True)
class FoundPeriod:
    """A period and where it was found: in the title lines or in the file's name."""

    period: Period
    source: Literal["title", "name"]


def find_period(titles: Sequence[str], file_name: str, frequency: Frequency) -> FoundPeriod:
    """Find the period a file reports on.

    The words after "Kỳ báo cáo" decide; without them any title line that names a period of the feed's
    frequency counts, days aside. The file's name is asked last, and must not contradict the title. Some
    months together are no month, and no year.

    Args:
        titles: The lines above the table.
        file_name: The name under which the file was dropped.
        frequency: How often the feed reports.

    Raises:
        FileRejected: `no-period`; `contradicting-periods` with `title` and `name` (what each says);
            `wrong-period-kind` with `found` (the words) and `expected` (the frequency).
    """
    stem = _stem(file_name)
    named = periods_in_name(file_name, frequency)
    labelled = [value for title in titles if (value := _after_label(title))]
    titled = [period for text in labelled or titles for period in _periods(text, frequency)]
    titled = list(dict.fromkeys(titled))
    if labelled and not titled and any(_names_other(text, frequency) for text in labelled):
        raise FileRejected("wrong-period-kind", found=clean(" ".join(labelled)), expected=frequency)
    for text in (*(() if titled else labelled or titles), stem):
        if _is_stretch(text, frequency):
            raise FileRejected("wrong-period-kind", found=clean(text), expected=frequency)
    if len(titled) > 1 or (not titled and len(named) > 1) or (titled and named and titled[0] not in named):
        raise FileRejected("contradicting-periods", title=_labels(titled), name=_labels(named))
    if titled:
        return FoundPeriod(titled[0], "title")
    if named:
        return FoundPeriod(named[0], "name")
    for text in (*titles, stem):
        if _names_other(text, frequency):
            raise FileRejected("wrong-period-kind", found=clean(text), expected=frequency)
    raise FileRejected("no-period")


def periods_in_name(file_name: str, frequency: Frequency) -> list[Period]:
    """Return the periods that a file's name says, as `find_period` reads it.

    A name has no room for words: a year that stands alone in it is the year of a yearly report.
    """
    stem = _stem(file_name)
    return _periods(stem, frequency) or (_lone_years(stem) if frequency == "yearly" else [])


def says_correction(titles: Sequence[str], file_name: str) -> bool:
    """Say whether a title line or the file's name calls the file a replacement or a correction."""
    return any(_CORRECTION.search(fold(text)) for text in (*titles, _stem(file_name)))


def _stem(file_name: str) -> str:
    """Return the name without a short ending such as `.xlsx`."""
    path = PurePath(file_name)
    return path.stem if 2 <= len(path.suffix) <= 6 and not path.suffix[1:].isdigit() else path.name


def _after_label(title: str) -> str | None:
    """Return the words after "Kỳ báo cáo" as they were written; None without the label or words after it."""
    text = clean(title)
    words = list(_WORD.finditer(text))
    folded = [fold(word[0]) for word in words]
    for at in range(len(words) - len(_LABEL)):
        if folded[at : at + len(_LABEL)] == _LABEL:
            return _BEFORE_WORDS.sub("", text[words[at + len(_LABEL) - 1].end() :])
    return None


def _periods(text: str, frequency: Frequency) -> list[Period]:
    if _is_stretch(text, frequency):
        return []
    folded = _DAYS.sub(" ", fold(text))
    found = find_periods(folded, frequency)
    if frequency != "yearly":
        return found
    # A bare year stands in many titles (laws, quarters): a yearly report says `năm`, or nothing but the year.
    if _names_shorter(folded):
        return []
    return [
        period for period in found if f"nam {period.year}" in folded or folded.strip() == str(period.year)
    ]


def _lone_years(text: str) -> list[Period]:
    if _is_stretch(text, "yearly"):
        return []
    folded = _DAYS.sub(" ", fold(text))
    if _names_shorter(folded):
        return []
    return [Period.parse(year) for year in dict.fromkeys(_LONE_YEAR.findall(folded))]


def _names_shorter(text: str) -> bool:
    return any(find_periods(text, other) for other in get_args(Frequency) if other != "yearly")


def _is_stretch(text: str, frequency: Frequency) -> bool:
    """Say whether a text names a time that a feed of months or years could mistake for one of its periods."""
    return frequency in ("monthly", "yearly") and names_a_stretch(text)


def _names_other(text: str, frequency: Frequency) -> bool:
    return any(_periods(text, other) for other in get_args(Frequency) if other != frequency)


def _labels(periods: Sequence[Period]) -> str:
    return ", ".join(period.label_vi() for period in periods)
