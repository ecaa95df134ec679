"""Which reports are owed: every period once, due by its calendar, by whom the duty lay with at its end."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.contracts import Contract, ContractError, Owner, contracts
from dxpipeline.periods import Calendar, Frequency, Period, periods_between
from dxpipeline.reference import departments
from dxpipeline.reporting.expected import (
    all_expected_reports,
    answering_departments,
    expected_reports,
    successor,
)

BROADBAND = contracts()["broadband_coverage"]
HOSPITALS = contracts()["smart_hospitals"]
PERIODIC: list[Frequency] = ["monthly", "quarterly", "half-yearly", "yearly"]
DAYS = st.dates(date(2021, 1, 1), date(2035, 12, 31))


def changed(contract: Contract, **changes: Any) -> Contract:
    return dataclasses.replace(contract, **changes)


@given(
    frequency=st.sampled_from(PERIODIC),
    calendar=st.sampled_from(get_args(Calendar)),
    first=DAYS,
    last=DAYS,
)
def test_every_day_lies_in_one_period(
    frequency: Frequency, calendar: Calendar, first: date, last: date
) -> None:
    found = list(periods_between(frequency, calendar, first, last))
    if last < first:
        return
    assert found[0].first_day(calendar) <= first <= found[0].last_day(calendar)
    assert found[-1].first_day(calendar) <= last <= found[-1].last_day(calendar)
    for one, following in pairwise(found):
        assert following.first_day(calendar) - one.last_day(calendar) == timedelta(days=1)
        assert one < following


@given(
    frequency=st.sampled_from(PERIODIC),
    calendar=st.sampled_from(get_args(Calendar)),
    due_days=st.integers(0, 120),
    until=DAYS,
)
def test_a_report_is_due_its_days_after_the_periods_end_and_listed_once_its_period_has_begun(
    frequency: Frequency, calendar: Calendar, due_days: int, until: date
) -> None:
    contract = changed(HOSPITALS, cadence=frequency, calendar=calendar, due_days=due_days)
    reports = list(expected_reports(contract, until))
    assert [one.period for one in reports] == sorted({one.period for one in reports})
    assert reports[0].period_end_on >= date(2021, 1, 1)
    assert Period.parse(reports[0].period).year == 2021
    for one in reports:
        assert one.due_on - one.period_end_on == timedelta(days=due_days)
        assert one.period_start_on <= until
    assert reports[-1].period_end_on >= until


@pytest.mark.parametrize(
    ("frequency", "calendar", "due_days", "period", "due_on"),
    [
        ("quarterly", "calendar", 15, "2021-Q4", date(2022, 1, 15)),
        ("quarterly", "administrative", 15, "2021-Q4", date(2021, 12, 29)),
        ("quarterly", "administrative", 15, "2021-Q1", date(2021, 3, 29)),
        ("monthly", "administrative", 15, "2024-02", date(2024, 2, 29)),
        ("monthly", "administrative", 15, "2023-02", date(2023, 3, 1)),
        ("monthly", "calendar", 15, "2021-12", date(2022, 1, 15)),
        ("half-yearly", "administrative", 15, "2021-H2", date(2021, 12, 29)),
        ("yearly", "calendar", 60, "2023", date(2024, 2, 29)),
        ("yearly", "administrative", 60, "2021", date(2022, 2, 12)),
    ],
)
def test_due_days_at_the_ends_of_months_and_years(
    frequency: Frequency, calendar: Calendar, due_days: int, period: str, due_on: date
) -> None:
    contract = changed(HOSPITALS, cadence=frequency, calendar=calendar, due_days=due_days)
    due = {one.period: one.due_on for one in expected_reports(contract, date(2024, 12, 31))}
    assert due[period] == due_on


def test_the_department_that_owes_is_the_owner_on_the_periods_last_day() -> None:
    owed = {one.period: one.department_code for one in expected_reports(BROADBAND, date(2025, 12, 31))}
    # The first quarter of 2025 ends on 14 March, after the merger of 1 March.
    assert (owed["2021-Q1"], owed["2024-Q4"], owed["2025-Q1"], owed["2025-Q4"]) == (
        "so-tt-tt",
        "so-tt-tt",
        "so-kh-cn",
        "so-kh-cn",
    )


def test_an_owner_that_was_merged_is_answered_for_by_its_successor() -> None:
    contract = changed(BROADBAND, owners=(Owner("so-kh-dt", None, None),))
    assert answering_departments(contract, date(2025, 2, 28)) == ["so-kh-dt"]
    assert answering_departments(contract, date(2025, 3, 1)) == ["so-tai-chinh"]
    assert successor("so-tt-tt", date(2026, 1, 1)) == "so-kh-cn"
    assert successor("unknown", date(2026, 1, 1)) == "unknown"


def test_departments_that_report_for_themselves_owe_a_report_each() -> None:
    everybody = changed(BROADBAND, unit_is_department=True, owners=(Owner("*", None, None),))
    day = date(2024, 6, 1)
    known = {one.department_code for one in departments()}
    assert set(answering_departments(everybody, day)) == known
    assert set(answering_departments(everybody, date(2025, 6, 1))) == known - {"so-tt-tt", "so-kh-dt"}
    first = [one for one in expected_reports(everybody, day) if one.period == "2021-Q1"]
    assert {one.reporting_unit for one in first} == {one.department_code for one in first} == known


def test_a_duty_with_two_owners_on_one_day_is_owed_once_by_the_one_that_came_last() -> None:
    contract = changed(BROADBAND, owners=(Owner("so-xay-dung", None, None), Owner("vp-ubnd", None, None)))
    (first, *_) = expected_reports(contract, date(2021, 1, 1))
    assert (first.reporting_unit, first.department_code) == ("broadband_coverage", "vp-ubnd")


def test_a_feed_that_is_not_reported_period_by_period_expects_nothing() -> None:
    once = changed(HOSPITALS, cadence="once", due_days=None)
    assert list(expected_reports(once, date(2026, 1, 1))) == []


def test_a_feed_may_begin_later_than_the_plan() -> None:
    later = changed(HOSPITALS, reports_from=date(2023, 5, 1))
    assert next(expected_reports(later, date(2024, 1, 1))).period == "2023-Q2"


def test_a_period_for_which_nobody_answers_is_a_mistake_of_the_contract() -> None:
    contract = changed(BROADBAND, owners=(Owner("so-tt-tt", None, date(2025, 3, 1)),))
    with pytest.raises(ContractError, match=r"broadband_coverage.odcs.yaml: team names nobody who answers "):
        list(expected_reports(contract, date(2025, 3, 1)))


def test_somebody_answers_for_every_period_of_every_contract() -> None:
    reports = all_expected_reports(date(2030, 12, 31))
    known = {one.department_code: one for one in departments()}
    assert {one.feed for one in reports} <= set(contracts())
    for one in reports:
        assert known[one.department_code].exists(one.period_end_on), one
    assert len({(one.feed, one.period, one.reporting_unit) for one in reports}) == len(reports)
