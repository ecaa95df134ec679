"""Reporting periods: how people write them, and which days they cover."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.periods import Calendar, Frequency, Period, find_periods, names_a_period

A_YEAR: dict[Frequency, int] = {"monthly": 12, "quarterly": 4, "half-yearly": 2, "yearly": 1}
PERIODS = st.sampled_from(sorted(A_YEAR)).flatmap(
    lambda frequency: st.builds(
        Period, st.integers(1901, 2098), st.integers(1, A_YEAR[frequency]), st.just(frequency)
    )
)
CALENDARS = st.sampled_from(get_args(Calendar))


def following(period: Period) -> Period:
    if period.number == A_YEAR[period.frequency]:
        return Period(period.year + 1, 1, period.frequency)
    return Period(period.year, period.number + 1, period.frequency)


@given(PERIODS)
def test_the_canonical_form_is_read_back(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(PERIODS)
def test_the_label_of_a_clerk_is_read_back(period: Period) -> None:
    assert find_periods(f"Kỳ báo cáo: {period.label_vi()}", period.frequency) == [period]


@given(PERIODS)
def test_the_canonical_form_is_found_in_a_file_name(period: Period) -> None:
    assert find_periods(f"bao_cao_{period}.csv", period.frequency) == [period]


@pytest.mark.parametrize(
    "text",
    [
        "", "2021-Q5", "2021-Q0", "2021-13", "2021-00", "2021-H3", "2021-3", "21-Q1", "2021Q1", "2021-q1",
        "1899", "2100", "2021-Q1 ", "2021-Q1\n", "20２１", "2021-Q1-03",
    ],
)  # fmt: skip
def test_what_is_not_canonical_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="is not a period: write 2021-Q1, 2021-03, 2021-H1 or 2021"):
        Period.parse(text)


@given(PERIODS, CALENDARS)
def test_periods_follow_one_another_without_gap_or_overlap(period: Period, calendar: Calendar) -> None:
    assert period.first_day(calendar) <= period.last_day(calendar)
    after = following(period)
    assert after.first_day(calendar) == period.last_day(calendar) + timedelta(days=1)
    assert period < after


@pytest.mark.parametrize(
    ("period", "calendar", "first", "last"),
    [
        ("2021-Q1", "calendar", "2021-01-01", "2021-03-31"),
        ("2021-Q4", "calendar", "2021-10-01", "2021-12-31"),
        ("2024-02", "calendar", "2024-02-01", "2024-02-29"),
        ("2023-02", "calendar", "2023-02-01", "2023-02-28"),
        ("2021-12", "calendar", "2021-12-01", "2021-12-31"),
        ("2021-H1", "calendar", "2021-01-01", "2021-06-30"),
        ("2021", "calendar", "2021-01-01", "2021-12-31"),
        ("2021-Q1", "administrative", "2020-12-15", "2021-03-14"),
        ("2021-Q2", "administrative", "2021-03-15", "2021-06-14"),
        ("2021-Q4", "administrative", "2021-09-15", "2021-12-14"),
        ("2021-01", "administrative", "2020-12-15", "2021-01-14"),
        ("2024-03", "administrative", "2024-02-15", "2024-03-14"),
        ("2021-H2", "administrative", "2021-06-15", "2021-12-14"),
        ("2021", "administrative", "2020-12-15", "2021-12-14"),
    ],
)
def test_a_period_covers_the_days_of_its_calendar(
    period: str, calendar: Calendar, first: str, last: str
) -> None:
    parsed = Period.parse(period)
    assert parsed.first_day(calendar) == date.fromisoformat(first)
    assert parsed.last_day(calendar) == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("2021-Q2", "Quý II/2021"),
        ("2021-H2", "6 tháng cuối năm 2021"),
        ("2021-03", "Tháng 3/2021"),
        ("2021", "Năm 2021"),
    ],
)
def test_a_period_is_shown_as_clerks_write_it(written: str, label: str) -> None:
    assert Period.parse(written).label_vi() == label


@pytest.mark.parametrize(
    ("text", "frequency", "found"),
    [
        ("Benh vien thong minh Quy I-2021.xlsx", "quarterly", ["2021-Q1"]),
        ("BC benh vien quy 2 nam 2021 (dinh chinh).xlsx", "quarterly", ["2021-Q2"]),
        ("Benh vien Quy III-2021 thieu cot.xlsx", "quarterly", ["2021-Q3"]),
        ("tram_y_te_2021-Q2.csv", "quarterly", ["2021-Q2"]),
        ("Bang rong Quy II-2021 (gui lai).xlsx", "quarterly", ["2021-Q2"]),
        ("Kỳ báo cáo: Quý IV/2021", "quarterly", ["2021-Q4"]),
        ("Quý 01 năm 2021", "quarterly", ["2021-Q1"]),
        ("Q3.2021", "quarterly", ["2021-Q3"]),
        ("quý 1, 2021", "quarterly", ["2021-Q1"]),
        ("2021_quy_3", "quarterly", ["2021-Q3"]),
        ("2021Q4", "quarterly", ["2021-Q4"]),
        ("Quý II/2021 so với Quý I/2021 và Quý II/2021", "quarterly", ["2021-Q2", "2021-Q1"]),
        ("Chinh quyen so thang 3-2021.xlsx", "monthly", ["2021-03"]),
        ("Tháng 12 năm 2021", "monthly", ["2021-12"]),
        ("chinh_quyen_so_2021-04.csv", "monthly", ["2021-04"]),
        ("T3/2021", "monthly", ["2021-03"]),
        ("Do thi thong minh 6 thang dau nam 2021.xlsx", "half-yearly", ["2021-H1"]),
        ("6 tháng cuối năm 2021", "half-yearly", ["2021-H2"]),
        ("Kinh phi ke hoach nam 2022.xlsx", "yearly", ["2022"]),
        ("Nhan luc NCPT nam 2021.xls", "yearly", ["2021"]),
        ("gop_y_du_thao_2021.csv", "yearly", ["2021"]),
    ],
)
def test_periods_are_found_as_titles_and_names_have_them(
    text: str, frequency: Frequency, found: list[str]
) -> None:
    assert [str(period) for period in find_periods(text, frequency)] == found


@pytest.mark.parametrize("frequency", ["monthly", "quarterly", "half-yearly"])
@pytest.mark.parametrize(
    "text",
    [
        "QĐ 5060/2020", "Quyết định số 5060/QĐ-UBND ngày 25/11/2020", "30/03/2021", "2021-03-30", "20210330",
        "Số 12/2021/TT-BYT", "NQ 06-NQ/TU", "Quý V/2021", "Quý 0/2021", "Tháng 13/2021", "Quý bệnh viện",
        "6 tháng 2021", "1.2021", "38001", "T54/2017", "",
    ],
)  # fmt: skip
def test_dates_and_numbers_of_documents_name_no_period(text: str, frequency: Frequency) -> None:
    assert find_periods(text, frequency) == []


def test_a_text_names_a_period_of_any_frequency_or_none() -> None:
    assert names_a_period("6 tháng đầu năm 2021")
    assert names_a_period("2021")
    assert not names_a_period("Biểu số 01")
