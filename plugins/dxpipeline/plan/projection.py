"""How far a target is, how fast it is approached, and what that says of its year.

Pure functions over dated values: progress, audit and what-if all reckon with these, and nothing here knows
of a database. docs/how-to/ke-hoach-tien-do.md recomputes three targets by hand.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from dxpipeline.plan.goal import (
    LASTING,
    Goal,
    Point,
    distance,
    growth_pct,
    limits,
    log_growth,
    points_of,
    progress_pct,
    required_pace,
    year_position,
    years_between,
)

Verdict = Literal["reached", "on_track", "at_risk", "out_of_reach", "no_data"]
Method = Literal[
    "linear-trend",
    "two-points",
    "average-growth",
    "mean-of-years",
    "single-point-bound",
    "assumed-pace",
    "latest-value",
    "short-span",
    "before-plan",
    "final-value",
    "no-target-value",
]
"""How a projection was made, or why there is none:

- `linear-trend`: least squares over at least three points, with a prediction interval;
- `two-points`: the average pace between two points; what lies around it cannot be said;
- `average-growth`: the average growth so far goes on; an interval from three yearly growths on;
- `mean-of-years`: the target year is expected to be as the years so far (a part in the growth of a year has
  no trend), with a prediction interval;
- `single-point-bound`: no pace is known, only the greatest average one possible so far (`projected_high`);
- `assumed-pace`: the pace that somebody asks about;
- `latest-value`: a rank depends on the others, so that it is not projected;
- `short-span`: one point, or points too close in time for a pace;
- `before-plan`: the value is no younger than the target's start;
- `final-value`: the last report of the target year, or later: the value decides;
- `no-target-value`: the document names no number.
"""
MINIMUM_SPAN_YEARS = 0.9
"""Points must lie this far apart for a pace: a year less the two weeks between its administrative and its
calendar end. A season or a first report after the start is no trend."""
TREND_POINTS = 3
"""Points that a trend with an interval needs: two always lie on a line."""
INTERVAL = 0.8
"""Probability with which a value is to lie inside the interval of a projection."""
RISK_SHARE = 0.5
"""Without an interval, a target is at risk rather than out of reach while the observed pace is this part of
the required one: doubling a pace can be asked of a department, more cannot be planned with."""


@dataclass(frozen=True)
class Projection:
    """Where a pace leads.

    Attributes:
        method: How it was made, or why there is none.
        pace: The observed pace in units per year, for `average-growth` the average growth (% per year); None
            where there is none.
        value: What the pace leads to at the end of the target year.
        low: Lower end of the interval; None where it cannot be said.
        high: Upper end of it; for `single-point-bound` where the greatest possible average pace leads.
        greatest_pace: For `single-point-bound` that pace, in units per year; None otherwise.
    """

    method: Method
    pace: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    greatest_pace: float | None = None


@dataclass(frozen=True)
class Assessment:
    """What can be said of a target as of a period's end.

    Attributes:
        distance: What is still to go, in the unit; negative where the value is beyond the target.
        progress_pct: Part of the way from baseline to target (%), below 0 or above 100 too.
        required_pace: Units per year that lead to the target at the end of its year; 0 where nothing more is
            needed; for `average-growth` the growth (% per year) that the years left need.
        observed_pace: The pace so far, in the same unit.
        projected_value: Where the observed pace leads at the end of the target year.
        projected_low: Lower end of the interval.
        projected_high: Upper end of the interval, or the bound.
        projection_method: How it was projected, or why it was not.
        point_count: Points that it rests on, the baseline among them.
        verdict: What follows.
    """

    distance: float | None
    progress_pct: float | None
    required_pace: float | None
    observed_pace: float | None
    projected_value: float | None
    projected_low: float | None
    projected_high: float | None
    projection_method: Method
    point_count: int
    verdict: Verdict


def assess(goal: Goal, series: Sequence[Point], *, assumed_pace: float | None = None) -> Assessment:
    """Return what the values up to a period's end say of a target.

    Args:
        goal: The target.
        series: The indicator's values by one method, without the baseline; the latest is the one judged.
        assumed_pace: A pace to reckon with instead of the observed one, in units per year; for an indicator
            that is an average growth, the growth of the years left (%).

    Raises:
        ValueError: There is no value.
    """
    if not series:
        raise ValueError("A target is assessed by at least one value; without one there is nothing to say.")
    latest = max(series, key=lambda point: point.on)
    points = points_of(goal, series)
    projection = project(goal, points, latest, assumed_pace)
    required = required_pace(goal, latest)
    return Assessment(
        distance=distance(goal, latest.value),
        progress_pct=progress_pct(goal, latest.value),
        required_pace=required,
        observed_pace=projection.pace,
        projected_value=projection.value,
        projected_low=projection.low,
        projected_high=projection.high,
        projection_method=projection.method,
        point_count=1 if projection.method in ("latest-value", "final-value") else len(points),
        verdict=verdict(goal, latest, required, projection),
    )


def project(
    goal: Goal, points: Sequence[Point], latest: Point, assumed_pace: float | None = None
) -> Projection:
    """Return where the pace of some points leads at the end of the target year, or why it cannot be said.

    Args:
        goal: The target.
        points: Baseline and values in their order, as `points_of` gives them.
        latest: The value judged.
        assumed_pace: A pace to reckon with instead of the observed one.
    """
    if goal.target_value is None:
        return Projection("no-target-value")
    if goal.is_final(latest.on):
        return Projection("final-value")
    if not goal.covers(latest.on):
        return Projection("before-plan")
    if goal.measure == "rank":
        return Projection("latest-value")
    if goal.aggregation == "growth_accounting":
        return _mean_of_years(goal, points)
    if assumed_pace is not None:
        return _assumed(goal, latest, assumed_pace)
    if goal.aggregation == "geometric_mean":
        return _average_growth(goal, points, latest)
    if years_between(points[0].on, latest.on) >= MINIMUM_SPAN_YEARS:
        return _trend(goal, points) if len(points) >= TREND_POINTS else _two_points(goal, points)
    return _single_point_bound(goal, latest)


def verdict(goal: Goal, latest: Point, required: float | None, projection: Projection) -> Verdict:
    """Return what follows from a value and where its pace leads.

    `reached`: the value is what the target asks, for a flow or a growth that of the target year. `on_track`:
    the projection meets the target, or without one the value already does. `at_risk`: the projection misses
    it, but the interval reaches it, or without an interval the observed pace is at least half of the required
    one. `out_of_reach`: not even that, with a bound not even by the greatest pace there can have been; or the
    target year is over. `no_data`: nothing can be said.
    """
    if goal.target_value is None:
        return "no_data"
    met, final = goal.is_met_by(latest.value), goal.is_final(latest.on)
    if met and (final or goal.measure in LASTING):
        return "reached"
    if final:
        return "out_of_reach"
    at_least = goal.direction == "at_least"
    best = projection.high if at_least else projection.low
    if projection.value is None:
        bounded = best is not None and not goal.is_met_by(best)
        if bounded and (projection.greatest_pace or 0) < RISK_SHARE * (required or 0):
            return "out_of_reach"
        return "on_track" if met and goal.covers(latest.on) else "no_data"
    if goal.is_met_by(projection.value):
        return "on_track"
    if best is not None:
        return "at_risk" if goal.is_met_by(best) else "out_of_reach"
    sign = 1 if at_least else -1
    near = sign * (projection.pace or 0) >= sign * RISK_SHARE * (required or 0)
    return "at_risk" if near else "out_of_reach"


def year_reached(goal: Goal, latest: Point, pace: float) -> int | None:
    """Return the year in which a pace from the latest value on reaches the target; None where it never does.

    Args:
        goal: The target.
        latest: The latest value.
        pace: Units per year.
    """
    if goal.target_value is None:
        return None
    if goal.is_met_by(latest.value):
        return latest.on.year
    low, high = limits(goal, latest)
    if not low <= goal.target_value <= high:
        return None
    gain, lacking = pace, goal.target_value - latest.value
    if gain == 0 or lacking / gain <= 0:
        return None
    return math.ceil(year_position(latest.on) + lacking / gain) - 1


def _clipped(goal: Goal, latest: Point, projection: Projection) -> Projection:
    low, high = limits(goal, latest)

    def inside(value: float | None) -> float | None:
        return None if value is None else min(max(value, low), high)

    return Projection(
        projection.method,
        projection.pace,
        inside(projection.value),
        inside(projection.low),
        inside(projection.high),
        projection.greatest_pace,
    )


def _assumed(goal: Goal, latest: Point, pace: float) -> Projection:
    left = years_between(latest.on, goal.deadline)
    if goal.aggregation == "geometric_mean":
        elapsed = max(years_between(goal.start, latest.on), 0.0)
        whole = elapsed * log_growth(latest.value) + left * log_growth(pace)
        return Projection("assumed-pace", pace, growth_pct(whole / (elapsed + left)))
    return _clipped(goal, latest, Projection("assumed-pace", pace, latest.value + pace * left))


def _two_points(goal: Goal, points: Sequence[Point]) -> Projection:
    first, latest = points
    pace = (latest.value - first.value) / years_between(first.on, latest.on)
    projected = latest.value + pace * years_between(latest.on, goal.deadline)
    return _clipped(goal, latest, Projection("two-points", pace, projected))


def _trend(goal: Goal, points: Sequence[Point]) -> Projection:
    """Draw a line through the points by ordinary least squares.

    The interval is the prediction interval of simple linear regression by Student's t with n-2 degrees of
    freedom, `t · s · √(1 + 1/n + (x−x̄)²/Sxx)` (NIST/SEMATECH e-Handbook of Statistical Methods, 4.5.1.2). It
    takes the deviations from the line as independent; values of one year are less so.
    """
    # Counted from the first point, so that it is the same whatever the century.
    positions = [years_between(points[0].on, point.on) for point in points]
    values = [point.value for point in points]
    count = len(points)
    mean_position, mean_value = statistics.fmean(positions), statistics.fmean(values)
    spread = math.fsum((x - mean_position) ** 2 for x in positions)
    slope = (
        math.fsum((x - mean_position) * (y - mean_value) for x, y in zip(positions, values, strict=True))
        / spread
    )
    ahead = years_between(points[0].on, goal.deadline) - mean_position
    squares = math.fsum(
        (y - mean_value - slope * (x - mean_position)) ** 2 for x, y in zip(positions, values, strict=True)
    )
    deviation = math.sqrt(squares / (count - 2) * (1 + 1 / count + ahead**2 / spread))
    projected, margin = mean_value + slope * ahead, _quantile(count - 2) * deviation
    line = Projection("linear-trend", slope, projected, projected - margin, projected + margin)
    return _clipped(goal, points[-1], line)


def _average_growth(goal: Goal, points: Sequence[Point], latest: Point) -> Projection:
    """Let the average growth so far go on.

    With the growths of at least three single years, the logarithms of the years left are predicted by their
    mean and Student's t: after m years the sum of k more deviates by `s · √(k + k²/m)` (the prediction of a
    sum of further observations from a normal sample).
    """
    elapsed = years_between(goal.start, latest.on)
    if elapsed < MINIMUM_SPAN_YEARS:
        return Projection("short-span")
    logarithms = _yearly_growths(goal, points)
    low = high = None
    if len(logarithms) >= TREND_POINTS:
        left, count = years_between(latest.on, goal.deadline), len(logarithms)
        margin = (_quantile(count - 1) * statistics.stdev(logarithms) * math.sqrt(left + left**2 / count)) / (
            elapsed + left
        )
        middle = log_growth(latest.value)
        # Logarithm and power do not lead back exactly: the interval holds its middle all the same.
        low = min(growth_pct(middle - margin), latest.value)
        high = max(growth_pct(middle + margin), latest.value)
    return Projection("average-growth", latest.value, latest.value, low, high)


def _mean_of_years(goal: Goal, points: Sequence[Point]) -> Projection:
    """Expect the target year to be as the years since the start; the baseline is no year of them.

    The interval is the prediction interval of one further observation from a normal sample by Student's t
    with n-1 degrees of freedom, `t · s · √(1 + 1/n)` (Hahn & Meeker, Statistical Intervals, chapter 4).
    """
    values = [point.value for point in points if point != goal.baseline]
    if len(values) < 2:
        return Projection("short-span")
    mean, count = statistics.fmean(values), len(values)
    margin = _quantile(count - 1) * statistics.stdev(values) * math.sqrt(1 + 1 / count)
    return Projection("mean-of-years", None, mean, mean - margin, mean + margin)


def _yearly_growths(goal: Goal, points: Sequence[Point]) -> list[float]:
    """Return the logarithm of each year's growth, from the averages so far; none where one is missing."""
    sums = [0.0]
    for year in range(goal.start.year + 1, points[-1].on.year + 1):
        average = next((point.value for point in points if point.on == date(year, 12, 31)), None)
        if average is None:
            return []
        sums.append((year - goal.start.year) * log_growth(average))
    return [later - earlier for earlier, later in pairwise(sums)]


def _single_point_bound(goal: Goal, latest: Point) -> Projection:
    """Bound what cannot be projected.

    Where nothing was known at the start, a quantity that is not negative can have risen by no more than its
    value: `value / years since the start` is the greatest average pace it can have had. What is counted from
    some day on says nothing of the days before.
    """
    elapsed = years_between(goal.start, latest.on)
    if goal.measure not in ("stock", "flow") or goal.direction == "at_most" or elapsed < MINIMUM_SPAN_YEARS:
        return Projection("short-span")
    pace = latest.value / elapsed
    highest = latest.value + pace * years_between(latest.on, goal.deadline)
    return _clipped(goal, latest, Projection("single-point-bound", high=highest, greatest_pace=pace))


def _quantile(degrees_of_freedom: int) -> float:
    """Return how many deviations an interval reaches to each side, by Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, (1 + INTERVAL) / 2))
