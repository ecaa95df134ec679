"""What values say of a target; the numbers are worked out beside each case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.plan.goal import Goal, Point, year_position, years_between
from dxpipeline.plan.projection import Assessment, Verdict, assess, year_reached

BEST_LAST: tuple[Verdict, ...] = ("out_of_reach", "at_risk", "on_track", "reached")


def end_of(year: int, value: float) -> Point:
    return Point(date(year, 12, 31), value)


def goal(target_value: float | None = 10, **changes: Any) -> Goal:
    """Return a number of enterprises that the draft wants by 2025."""
    ordinary: dict[str, Any] = {
        "direction": "at_least",
        "target_year": 2025,
        "set_on": date(2021, 2, 25),
        "unit": "enterprise",
        "aggregation": "count",
        "measure": "stock",
    }
    return Goal(target_value, **{**ordinary, **changes})


def share(target_value: float, **changes: Any) -> Goal:
    return goal(target_value, **{"unit": "pct", "aggregation": "ratio_of_sums", **changes})


def growth(target_value: float, **changes: Any) -> Goal:
    """Return a growth to be kept on average from the end of 2020 to that of 2025."""
    return goal(
        target_value, **{"unit": "pct", "aggregation": "geometric_mean", "measure": "growth", **changes}
    )


def said(assessment: Assessment) -> tuple[str, Verdict]:
    return assessment.projection_method, assessment.verdict


def contribution(target_value: float, **changes: Any) -> Goal:
    return goal(
        target_value, **{"unit": "pct", "aggregation": "growth_accounting", "measure": "growth", **changes}
    )


def test_time_is_counted_in_calendar_years() -> None:
    assert year_position(date(2020, 12, 31)) == 2021
    # The 14th of March is the 73rd of 365 days.
    assert years_between(date(2020, 12, 31), date(2021, 3, 14)) == pytest.approx(0.2)
    # 2024 has 366 days, and is a year all the same.
    assert years_between(date(2023, 12, 31), date(2025, 12, 31)) == 2


FOUR = [end_of(2021, 2), end_of(2022, 3), end_of(2023, 5)]
START = end_of(2020, 0)


def test_a_trend_has_the_interval_of_a_regression() -> None:
    # Years 0 to 3, values 0, 2, 3, 5: means 1.5 and 2.5, Sxx = 5, Sxy = 8, pace 1.6. Year 5 lies 3.5 after
    # the mean: 2.5 + 1.6 * 3.5 = 8.1. Deviations -0.1, 0.3, -0.3, 0.1: s² = 0.2 / 2. t(0.9; 2) = 1.8856:
    # 1.8856 * √(0.1 * (1 + 1/4 + 3.5²/5)) = 1.8856 * √0.37 = 1.1470.
    found = assess(goal(10, baseline=START), FOUR)
    assert found.observed_pace == pytest.approx(1.6)
    assert found.projected_value == pytest.approx(8.1)
    assert found.projected_low == pytest.approx(8.1 - 1.1470, abs=1e-4)
    assert found.projected_high == pytest.approx(8.1 + 1.1470, abs=1e-4)
    assert (found.distance, found.progress_pct, found.required_pace) == (5, 50, 2.5)
    assert (found.projection_method, found.point_count) == ("linear-trend", 4)


@pytest.mark.parametrize(
    ("target_value", "verdict"),
    [(10, "out_of_reach"), (9.24, "at_risk"), (9.25, "out_of_reach"), (8.1, "on_track"), (5, "reached")],
)
def test_the_verdict_of_a_trend_follows_projection_and_interval(
    target_value: float, verdict: Verdict
) -> None:
    assert said(assess(goal(target_value, baseline=START), FOUR)) == ("linear-trend", verdict)


def test_two_points_give_a_pace_without_an_interval() -> None:
    # From 30 to 32 in three years; 28 are left for two years.
    found = assess(goal(60, baseline=end_of(2020, 30)), [end_of(2023, 32)])
    assert found.observed_pace == pytest.approx(2 / 3)
    assert found.projected_value == pytest.approx(32 + 4 / 3)
    assert (found.projected_low, found.projected_high) == (None, None)
    assert (found.required_pace, found.point_count) == (14, 2)
    assert said(found) == ("two-points", "out_of_reach")


@pytest.mark.parametrize(
    ("value", "verdict"),
    # From 0 in 2020: after three years 3v/3 observed, (12 - v)/2 required.
    [(7.2, "on_track"), (7.1, "at_risk"), (5.2, "at_risk"), (5, "out_of_reach")],
)
def test_without_an_interval_half_the_required_pace_is_at_risk(value: float, verdict: Verdict) -> None:
    assert assess(goal(12, baseline=START), [end_of(2023, value)]).verdict == verdict


def test_half_the_required_pace_is_the_border_of_being_at_risk() -> None:
    # 3 in the first year, 24 left for four years: 3 of 6 a year.
    found = assess(goal(27, baseline=START), [end_of(2021, 3)])
    assert (found.observed_pace, found.required_pace, found.verdict) == (3, 6, "at_risk")
    assert assess(goal(27.01, baseline=START), [end_of(2021, 3)]).verdict == "out_of_reach"


def test_the_greatest_pace_possible_may_be_too_little() -> None:
    # 8.28 % at the end of 2023, nothing known of the end of 2020: at most 2.76 points a year, 13.8 % in 2025.
    found = assess(share(20, measure="flow"), [end_of(2023, 8.28)])
    assert said(found) == ("single-point-bound", "out_of_reach")
    assert found.projected_high == pytest.approx(13.8)
    assert (found.observed_pace, found.projected_value, found.projected_low) == (None, None, None)
    assert found.required_pace == pytest.approx(5.86)


def test_a_bound_that_misses_says_nothing_as_long_as_half_the_required_pace_was_possible() -> None:
    # 9 at the end of 2023: at most 3 a year, 15 in 2025 where 20 are wanted; 5.5 a year are needed.
    assert said(assess(share(20, measure="flow"), [end_of(2023, 9)])) == ("single-point-bound", "no_data")
    # 8: at most 2.67 a year of 6.
    assert said(assess(share(20, measure="flow"), [end_of(2023, 8)])) == (
        "single-point-bound",
        "out_of_reach",
    )


def test_a_bound_beyond_the_target_says_nothing() -> None:
    found = assess(share(20, measure="flow"), [end_of(2023, 12)])
    assert (said(found), found.projected_high) == (("single-point-bound", "no_data"), 20)


@pytest.mark.parametrize(
    "one",
    [
        contribution(10),  # may have been below zero
        goal(10, measure="cumulative"),  # is counted from some day on
        goal(1, direction="at_most"),  # may have been as high as it likes
    ],
)
def test_one_point_bounds_nothing_that_may_have_been_anywhere(one: Goal) -> None:
    assert said(assess(one, [end_of(2023, 2)])) == ("short-span", "no_data")


def test_reports_of_two_quarters_are_no_pace() -> None:
    quarters = [Point(date(2021, 3, 14), 3), Point(date(2021, 6, 14), 6)]
    found = assess(goal(60, baseline=START), quarters)
    assert said(found) == ("short-span", "no_data")
    assert (found.observed_pace, found.projected_value, found.point_count) == (None, None, 3)
    assert (found.distance, found.progress_pct) == (54, 10)
    assert said(assess(goal(6), quarters)) == ("short-span", "reached")


def test_an_administrative_year_is_long_enough() -> None:
    first = Point(date(2021, 12, 14), 3)
    assert said(assess(goal(12, baseline=START), [first])) == ("two-points", "on_track")
    assert assess(goal(12, baseline=START), [replace(first, on=date(2021, 11, 14))]).verdict == "no_data"


def test_an_average_growth_needs_what_keeps_the_mean() -> None:
    # 5 % on average for two years, 7 % wanted over five: (1.07^5 / 1.05^2)^(1/3) = 1.083545.
    found = assess(growth(7), [end_of(2021, 6), end_of(2022, 5)])
    assert found.required_pace == pytest.approx(8.3545, abs=1e-4)
    assert (found.observed_pace, found.projected_value, found.projected_high) == (5, 5, None)
    assert (said(found), found.distance) == (("average-growth", "at_risk"), 2)
    # 1.9 % is less than half of the 10.55 % that it makes necessary.
    assert assess(growth(7), [end_of(2022, 1.9)]).verdict == "out_of_reach"
    assert assess(growth(7), [end_of(2022, 7.6)]).verdict == "on_track"
    assert said(assess(growth(7), [Point(date(2021, 6, 30), 5)])) == ("short-span", "no_data")


def test_three_yearly_growths_give_an_interval() -> None:
    # Growths of 8, 4 and 6 %: averages 8, 5.98113 and 5.98742. Logarithms 0.076961, 0.039221, 0.058269, mean
    # 0.058150, s = 0.018870. Two years more: √(2 + 2²/3) = 1.825742, t(0.9; 2) = 1.885618, over five years:
    # 0.018870 * 1.825742 * 1.885618 / 5 = 0.012993; e^(0.058150 - 0.012993) - 1 = 4.6192 %.
    averages = [8.0, 100 * ((1.08 * 1.04) ** (1 / 2) - 1), 100 * ((1.08 * 1.04 * 1.06) ** (1 / 3) - 1)]
    series = [end_of(2021 + number, average) for number, average in enumerate(averages)]
    found = assess(growth(7), series)
    assert found.projected_value == pytest.approx(5.9874, abs=1e-4)
    assert found.projected_low == pytest.approx(4.6192, abs=1e-3)
    assert found.projected_high == pytest.approx(7.3737, abs=1e-3)
    assert found.verdict == "at_risk"
    assert assess(growth(7.4), series).verdict == "out_of_reach"
    # The growths of single years cannot be told apart without each of them.
    gap = [series[0], series[2], end_of(2024, 6)]
    assert assess(growth(7), [*series, end_of(2024, 6)]).projected_high is not None
    assert assess(growth(7), gap).projected_high is None


def test_a_contribution_to_growth_has_no_trend() -> None:
    # 30, 50, 40: mean 40, s = 10, t(0.9; 2) = 1.8856: 40 ± 1.8856 * 10 * √(4/3) = 40 ± 21.77. The baseline is
    # an average of many years and none of them.
    series = [end_of(2021, 30), end_of(2022, 50), end_of(2023, 40)]
    found = assess(contribution(45, baseline=end_of(2020, 32.9)), series)
    assert (found.projected_value, found.observed_pace, found.required_pace) == (40, None, None)
    assert found.projected_low == pytest.approx(18.23, abs=0.01)
    assert found.projected_high == pytest.approx(61.77, abs=0.01)
    assert said(found) == ("mean-of-years", "at_risk")
    assert assess(contribution(62), series).verdict == "out_of_reach"
    assert assess(contribution(40), series).verdict == "on_track"
    assert said(assess(contribution(45), series[:1])) == ("short-span", "no_data")
    # It is no share of a part in its whole.
    negative = [end_of(2021, -300), end_of(2022, -100)]
    assert assess(contribution(45), negative).projected_value == -200


@pytest.mark.parametrize("measure", ["flow", "growth"])
def test_what_happens_within_a_year_is_reached_in_the_target_year_only(measure: Any) -> None:
    one = share(20, measure=measure)
    assert assess(one, [end_of(2023, 25)]).verdict == "on_track"
    assert said(assess(one, [end_of(2025, 25)])) == ("final-value", "reached")


def test_a_share_that_falls_from_beyond_its_target_is_not_reached() -> None:
    # 30, 26, 22: a line to 10.
    falling = [end_of(2021 + number, 30 - 4 * number) for number in range(3)]
    found = assess(share(20, measure="flow"), falling)
    assert found.projected_value == pytest.approx(14)
    assert (found.verdict, found.required_pace) == ("out_of_reach", 0)
    assert assess(share(20), falling).verdict == "reached"


@pytest.mark.parametrize(
    ("on", "value", "expected"),
    [
        (date(2025, 12, 14), 10, ("final-value", "reached")),
        (date(2025, 12, 14), 9.9, ("final-value", "out_of_reach")),
        (date(2026, 3, 14), 9.9, ("final-value", "out_of_reach")),
        (date(2025, 11, 30), 9.9, ("two-points", "on_track")),
    ],
)
def test_after_the_last_report_of_the_target_year_the_value_decides(
    on: date, value: float, expected: tuple[str, Verdict]
) -> None:
    found = assess(goal(10, baseline=START), [Point(on, value)])
    assert said(found) == expected
    assert (found.required_pace is None) == (expected[0] == "final-value")


def test_a_rank_is_reached_or_nothing_is_said_of_it() -> None:
    rank = goal(
        10, direction="at_most", unit="rank", aggregation="none", measure="rank", baseline=end_of(2020, 15)
    )
    assert said(assess(rank, [end_of(2024, 5)])) == ("latest-value", "reached")
    missed = assess(rank, [end_of(2021, 12), end_of(2022, 15), end_of(2023, 11)])
    assert said(missed) == ("latest-value", "no_data")
    assert missed.point_count == 1
    assert (missed.distance, missed.progress_pct, missed.required_pace) == (1, None, None)
    assert assess(rank, [end_of(2025, 11)]).verdict == "out_of_reach"


def test_a_ceiling_is_approached_from_above() -> None:
    ceiling = goal(2, direction="at_most", baseline=end_of(2020, 12))
    found = assess(ceiling, [end_of(2022, 8)])
    assert (found.distance, found.required_pace, found.observed_pace) == (6, -2, -2)
    assert (found.projected_value, found.verdict) == (2, "on_track")
    assert assess(ceiling, [end_of(2022, 10)]).verdict == "out_of_reach"
    assert assess(ceiling, [end_of(2022, 9)]).verdict == "at_risk"
    # The trend of 0, 2, 3, 5 upside down: 3.9 in 2025, from 2.75 to 5.05.
    falling = [replace(point, value=12 - point.value) for point in FOUR]
    for target_value, verdict in ((4, "on_track"), (2.8, "at_risk"), (2.7, "out_of_reach")):
        assert assess(replace(ceiling, target_value=target_value), falling).verdict == verdict


def test_shares_numbers_and_sums_stay_inside_what_they_can_be() -> None:
    rising = [end_of(2021 + number, 60 + 20 * number) for number in range(3)]
    assert assess(share(100), rising[:2]).projected_value == 100
    assert assess(share(100), rising[:2]).verdict == "on_track"
    assert assess(goal(200), rising).projected_value == pytest.approx(140)
    falling = [end_of(2021 + number, 8 - 4 * number) for number in range(3)]
    assert assess(goal(10), falling).projected_value == 0
    # What was counted since the plan began does not become less than it is.
    counted = assess(goal(10, measure="cumulative"), [end_of(2021, 6), end_of(2022, 5)])
    assert counted.projected_value == 5


def test_values_of_before_the_plan_are_no_points_of_it() -> None:
    before = [end_of(2018, 90), end_of(2019, 1)]
    assert said(assess(goal(10), before)) == ("before-plan", "no_data")
    assert assess(goal(10), before).point_count == 0
    # What was so already is reached; what was so in one year before says nothing.
    assert assess(goal(10), before[:1]).verdict == "reached"
    assert assess(goal(10, measure="flow"), before[:1]).verdict == "no_data"
    assert assess(goal(10, baseline=START), before).point_count == 0
    # At the end of the year of the baseline the document speaks, not the report.
    found = assess(goal(10, baseline=START), [*before, end_of(2020, 7), end_of(2022, 4)])
    assert (found.point_count, found.observed_pace, found.projected_value) == (2, 2, 10)
    # Without a baseline the year before the document is the first.
    assert assess(goal(10), [*before, end_of(2020, 1), end_of(2022, 3)]).observed_pace == 1


def test_a_target_without_a_number_is_not_judged() -> None:
    found = assess(goal(None), FOUR)
    assert found == Assessment(None, None, None, None, None, None, None, "no-target-value", 3, "no_data")


def test_without_a_value_there_is_nothing_to_assess() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        assess(goal(10), [])


def test_an_assumed_pace_goes_on_from_the_latest_value() -> None:
    # 32 in 2023; 14 a year are needed.
    one = goal(60, baseline=end_of(2020, 30))
    for pace, value, verdict in ((14, 60, "on_track"), (7, 46, "at_risk"), (6.9, 45.8, "out_of_reach")):
        found = assess(one, [end_of(2023, 32)], assumed_pace=pace)
        assert (found.projected_value, found.observed_pace) == (pytest.approx(value), pace)
        assert said(found) == ("assumed-pace", verdict)
    # 5 % for two years, then 8.36 % for three: 7 % on average.
    grown = assess(growth(7), [end_of(2022, 5)], assumed_pace=8.36)
    assert grown.projected_value == pytest.approx(7.0033, abs=1e-4)


@pytest.mark.parametrize(
    ("pace", "year"),
    # 28 are left at the end of 2023: exactly two years, a little more, many, and never.
    [(14, 2025), (13.9, 2026), (2, 2037), (0, None), (-1, None), (-56, None)],
)
def test_a_pace_reaches_a_target_in_some_year_or_never(pace: float, year: int | None) -> None:
    assert year_reached(goal(60, baseline=end_of(2020, 30)), end_of(2023, 32), pace) == year


def test_a_share_never_becomes_more_than_everything() -> None:
    assert year_reached(share(101), end_of(2022, 90), 5) is None
    assert year_reached(goal(None), end_of(2022, 90), 5) is None


values = st.lists(st.integers(0, 60), min_size=1, max_size=5)
targets = st.integers(1, 100)
baselines = st.none() | st.integers(0, 60)


def series_of(numbers: list[int], shift: int = 0) -> list[Point]:
    """Return values of the ends of the years from 2021 on, before the last report of 2025."""
    return [end_of(2021 + shift + place, number) for place, number in enumerate(numbers[:4])]


def based(one: Goal, baseline: float | None) -> Goal:
    return one if baseline is None else replace(one, baseline=end_of(one.target_year - 5, baseline))


@given(values, targets, baselines, st.sampled_from([0.125, 0.5, 2, 1024]))
def test_another_unit_changes_no_verdict(
    numbers: list[int], target: int, baseline: int | None, factor: float
) -> None:
    series = series_of(numbers)
    scaled = [replace(point, value=point.value * factor) for point in series]
    there = None if baseline is None else baseline * factor
    found, other = (
        assess(based(goal(target), baseline), series),
        assess(based(goal(target * factor), there), scaled),
    )
    assert said(found) == said(other)
    assert found.progress_pct == pytest.approx(other.progress_pct)


@given(values, targets, baselines, st.integers(-40, 40))
def test_other_years_change_nothing(
    numbers: list[int], target: int, baseline: int | None, shift: int
) -> None:
    moved = goal(target, target_year=2025 + shift, set_on=date(2021 + shift, 2, 25))
    assert assess(based(goal(target), baseline), series_of(numbers)) == assess(
        based(moved, baseline), series_of(numbers, shift)
    )


@given(values, targets, baselines, st.integers(1, 40))
def test_more_pace_never_worsens_the_verdict(
    numbers: list[int], target: int, baseline: int | None, more: int
) -> None:
    one, series = based(goal(target), baseline), series_of(numbers)
    first = 2020 if baseline is not None else 2021
    faster = [replace(point, value=point.value + more * (point.on.year - first)) for point in series]
    before, after = assess(one, series).verdict, assess(one, faster).verdict
    if before == "no_data":
        assert after in ("no_data", "reached")
    else:
        assert BEST_LAST.index(after) >= BEST_LAST.index(before)


@given(values, targets, baselines, st.sampled_from([goal(10), share(10), growth(10), contribution(10)]))
def test_an_interval_holds_its_projection(
    numbers: list[int], target: int, baseline: int | None, kind: Goal
) -> None:
    found = assess(based(replace(kind, target_value=target), baseline), series_of(numbers))
    assert (found.projected_value is None) or (found.projected_low is None) == (found.projected_high is None)
    if found.projected_value is not None and found.projected_low is not None:
        assert found.projected_high is not None
        assert found.projected_low <= found.projected_value <= found.projected_high
