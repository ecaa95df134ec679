"""What a target asks, what quantity it speaks of, and how far it is from a value.

Time is counted in calendar years (`year_position`), so that the end of one year and the end of another are
whole years apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeVar

from dxpipeline.plan.entries import Measure

Direction = Literal["at_least", "at_most"]
Number = TypeVar("Number", float, Decimal)

LAST_REPORT_DAY = (12, 14)
"""Month and day on which the administrative year ends (NĐ 09/2019/NĐ-CP): a period that ends then or later in
the target year is its last one."""
LASTING: frozenset[Measure] = frozenset({"stock", "cumulative", "rank"})
"""Measures of a state: a target is reached as soon as the state is. What happens within a period, or how fast
something grows, must be so in the target year."""


@dataclass(frozen=True)
class Point:
    """A value and the last day of what it describes."""

    on: date
    value: float


@dataclass(frozen=True)
class Goal:
    """What a target asks, and of what kind of quantity.

    Attributes:
        target_value: The value to be reached, in the indicator's unit; None where the document names none.
        direction: Whether it is a floor or a ceiling.
        target_year: The year by whose end it is to be reached.
        set_on: Day of the document.
        unit: The indicator's unit, `dxpipeline.plan.entries.Unit`.
        aggregation: The indicator's aggregation, `dxpipeline.plan.entries.Indicator`.
        measure: What a value says of time.
        baseline: Where the target starts from; None where nothing is known.
    """

    target_value: float | None
    direction: Direction
    target_year: int
    set_on: date
    unit: str
    aggregation: str
    measure: Measure
    baseline: Point | None = None

    @property
    def deadline(self) -> date:
        """The last day of the target year."""
        return date(self.target_year, 12, 31)

    @property
    def start(self) -> date:
        """The day from which the way is counted: the baseline's, else the end of the year before."""
        return self.baseline.on if self.baseline else date(self.set_on.year - 1, 12, 31)

    @property
    def has_pace(self) -> bool:
        """Whether it is approached at a pace; neither a rank nor a part of a year's growth is."""
        return self.measure != "rank" and self.aggregation != "growth_accounting"

    def covers(self, on: date) -> bool:
        """Say whether a value of a day tells of the way, and not of what the target started from."""
        return on > self.start if self.baseline else on >= self.start

    def is_met_by(self, value: float) -> bool:
        """Say whether a value is what the target asks; none is where it names no number."""
        return is_met(value, self.target_value, self.direction)

    def is_final(self, on: date) -> bool:
        """Say whether a period that ends on a day is the last of the target year, or later."""
        return on >= date(self.target_year, *LAST_REPORT_DAY)


def is_met(value: Number, target_value: Number | None, direction: Direction) -> bool:
    """Say whether a value is what a target asks, both in its unit; none is where it names no number."""
    if target_value is None:
        return False
    return value >= target_value if direction == "at_least" else value <= target_value


def year_position(day: date) -> float:
    """Return the end of a day on the line of years: 2021.0 is the end of 2020."""
    first, following = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return day.year + ((day - first).days + 1) / (following - first).days


def years_between(first: date, last: date) -> float:
    """Return the years from the end of one day to the end of another."""
    return year_position(last) - year_position(first)


def points_of(goal: Goal, series: Sequence[Point]) -> list[Point]:
    """Return the points of a target in their order: the baseline and what came after the start.

    Values of the baseline's own day are left out, since the document speaks for that day.
    """
    points = [point for point in series if goal.covers(point.on)]
    if goal.baseline and any(goal.baseline.on <= point.on for point in series):
        points.append(goal.baseline)
    return sorted(points, key=lambda point: point.on)


def distance(goal: Goal, value: float) -> float | None:
    """Return what is still to go in the unit; positive as long as the target is not reached."""
    if goal.target_value is None:
        return None
    to_go = goal.target_value - value
    return to_go if goal.direction == "at_least" else -to_go


def progress_pct(goal: Goal, value: float) -> float | None:
    """Return the part of the way from baseline to target (%); None without a way.

    A rank has none, since its method changes, nor has what each year contributes anew.
    """
    if goal.target_value is None or goal.baseline is None or goal.target_value == goal.baseline.value:
        return None
    if not goal.has_pace:
        return None
    return 100 * (value - goal.baseline.value) / (goal.target_value - goal.baseline.value)


def required_pace(goal: Goal, latest: Point) -> float | None:
    """Return the pace that leads from the latest value to the target by the end of its year.

    Units per year, `(target - value) / years left`; 0 where the value is there already. For an average
    growth it is the growth r (% per year) of the years left that makes the geometric mean over all n years
    the target g, after m years at the average v: `(1+v)^m (1+r)^(n-m) = (1+g)^n`. None where no time is
    left, the target names no number or is not approached at a pace.
    """
    if goal.target_value is None or goal.is_final(latest.on) or not goal.has_pace:
        return None
    left = years_between(latest.on, goal.deadline)
    if goal.aggregation == "geometric_mean":
        elapsed = years_between(goal.start, latest.on)
        if elapsed <= 0:
            return goal.target_value
        whole = (elapsed + left) * log_growth(goal.target_value) - elapsed * log_growth(latest.value)
        return growth_pct(whole / left)
    if goal.is_met_by(latest.value):
        return 0.0
    return (goal.target_value - latest.value) / left


def limits(goal: Goal, latest: Point) -> tuple[float, float]:
    """Return between what values the quantity of a target can lie.

    A share of a part in its whole (`pct` by `ratio_of_sums`) lies between 0 and 100, a number of things is
    not negative, and what is counted since the plan began does not become less. Growth has no such limits.
    """
    if goal.measure == "growth":
        return -math.inf, math.inf
    high = 100.0 if goal.unit == "pct" and goal.aggregation == "ratio_of_sums" else math.inf
    return (latest.value if goal.measure == "cumulative" else 0.0), high


def log_growth(rate_pct: float) -> float:
    """Return the logarithm of the factor that a yearly rate (%) means."""
    return math.log1p(rate_pct / 100) if rate_pct > -100 else -math.inf


def growth_pct(logarithm: float) -> float:
    """Return the yearly rate (%) of a logarithmic one."""
    return 100 * math.expm1(logarithm)
