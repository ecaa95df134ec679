"""What another target, year or pace would mean: for the verdict, and for the money. Nothing is stored.

Money is reckoned in proportion to the way: a solution was costed for the way from the target's baseline to
its value, so that a target half as far needs half of it. A solution that serves several targets counts in
equal parts in each. Where the way or a cost is not known, no sum is given, and why is said.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, TypedDict, cast

import psycopg
from psycopg.rows import dict_row

from dxpipeline.plan.goal import LASTING, Goal, Point, bounds
from dxpipeline.plan.progress import TargetSeries, read_series
from dxpipeline.plan.projection import Assessment, assess, year_reached
from dxpipeline.warehouse.sql_files import read_sql

Refusal = Literal["no-solution", "no-cost", "no-baseline", "no-way"]
"""Why no sum can be given: no solution serves the target, what one needs nobody has said, the way has no
known start, or no length."""


class ScenarioError(Exception):
    """What was asked for makes no sense; the message names the option and what to give."""


@dataclass(frozen=True)
class Changes:
    """What is to be otherwise, by indicator: the target's value, its year, the pace in units per year."""

    targets: Mapping[str, float] = field(default_factory=dict)
    years: Mapping[str, int] = field(default_factory=dict)
    paces: Mapping[str, float] = field(default_factory=dict)

    @property
    def by_option(self) -> dict[str, Mapping[str, float]]:
        """The changes under the options that name them."""
        return {"--target": self.targets, "--year": self.years, "--pace": self.paces}


class State(TypedDict):
    """A target and what its latest value says of it, as `dxpipeline.plan.projection.Assessment` explains.

    `reached_in` is the year in which the pace reaches the target, None where it never does or there is none.
    """

    target_value: float | None
    target_year: int
    distance: float | None
    progress_pct: float | None
    required_pace: float | None
    observed_pace: float | None
    projected_value: float | None
    projected_low: float | None
    projected_high: float | None
    projection_method: str | None
    point_count: int
    verdict: str
    reached_in: int | None


class Money(TypedDict):
    """What the target's solutions need before and after, and what is budgeted for them (million VND).

    `yearly` is what a year at the observed or assumed pace costs: the need of the whole way, by its length,
    times the pace. Sums are None where `refused` says why. `synthetic` says whether an entry is an example of
    the plan's.
    """

    method: Literal["proportional-to-way"]
    solutions: list[str]
    need_before_vnd_m: float | None
    need_after_vnd_m: float | None
    yearly_before_vnd_m: float | None
    yearly_after_vnd_m: float | None
    budget_vnd_m: float | None
    gap_before_vnd_m: float | None
    gap_after_vnd_m: float | None
    synthetic: bool
    refused: Refusal | None


class Outcome(TypedDict):
    """A target that a change touches, before and after it."""

    document_code: str
    indicator_code: str
    geography_code: str
    unit: str
    period: str | None
    vintage: str | None
    value: float | None
    before: State
    after: State
    money: Money


def what_if(
    connection: psycopg.Connection, changes: Changes, *, document: str | None = None
) -> list[Outcome]:
    """Return what changes mean for every target that they touch.

    Args:
        connection: As any role that may read schema mart.
        changes: What is to be otherwise.
        document: Only this document's targets; all documents where none is given.

    Raises:
        ScenarioError: Nothing is changed, there is no such document or target, or it has no number or pace.
        psycopg.Error: The database refuses.
    """
    with connection.transaction():
        # Targets and money as of one moment; nothing can be written.
        connection.execute("set transaction isolation level repeatable read read only")
        targets = _headlines(read_series(connection))
        with connection.cursor(row_factory=dict_row) as cursor:
            solutions = cursor.execute(read_sql("plan/money")).fetchall()
    _check(changes, document, targets)
    return [
        _outcome(series, changes, [row for row in solutions if _key(row) == series.key])
        for series in targets
        if document in (None, series.key[0]) and any(series.key[1] in by for by in changes.by_option.values())
    ]


def _headlines(found: list[TargetSeries]) -> list[TargetSeries]:
    """Return the series by which each target is judged: reported values before published ones."""
    by_target = groupby(found, key=lambda series: series.key)
    return [
        max(several, key=lambda one: (one.origin == "reported", one.points[-1].on if one.points else 0))
        for several in (list(group) for _, group in by_target)
    ]


def _check(changes: Changes, document: str | None, targets: list[TargetSeries]) -> None:
    documents = sorted({series.key[0] for series in targets})
    if document is not None and document not in documents:
        raise ScenarioError(
            f"--document {document}: no such document sets targets; give one of {', '.join(documents)}."
        )
    if not any(changes.by_option.values()):
        raise ScenarioError("Nothing is to be otherwise: give --target, --year or --pace.")
    goals: dict[str, list[Goal]] = {}
    for series in targets:
        if document in (None, series.key[0]):
            goals.setdefault(series.key[1], []).append(series.goal)
    for option, by_indicator in changes.by_option.items():
        for code, value in by_indicator.items():
            given = f"{option} {code}={value:g}"
            _check_known(given, code, document, goals)
            numbered = code in changes.targets or any(goal.target_value is not None for goal in goals[code])
            if not numbered:
                raise ScenarioError(f"{given}: no number is named for it; give --target {code}=VALUE too.")
            _check_size(given, option, value, goals[code])
            if option == "--pace" and not any(goal.has_pace for goal in goals[code]):
                raise ScenarioError(f"{given}: it is not approached at a pace; give --target or --year.")


def _check_size(given: str, option: str, value: float, goals: Collection[Goal]) -> None:
    """Refuse a year before a document and a value that the quantity cannot have."""
    earliest = max(goal.set_on.year for goal in goals)
    if option == "--year" and value < earliest:
        raise ScenarioError(f"{given}: the target was set in {earliest}; give that year or a later one.")
    low, high = bounds(next(iter(goals)))
    if option == "--target" and not low <= value <= high:
        allowed = f"from {low:g} to {high:g}" if high < math.inf else f"{low:g} or more"
        raise ScenarioError(f"{given}: it cannot be that; give a value {allowed}.")


def _check_known(given: str, code: str, document: str | None, known: Collection[str]) -> None:
    if code not in known:
        missing = f"{document} has no target" if document else "no document has a target"
        raise ScenarioError(f"{given}: {missing} for it; give one of {', '.join(sorted(known))}.")


def _outcome(series: TargetSeries, changes: Changes, solutions: list[dict[str, Any]]) -> Outcome:
    document, indicator, geography, _ = series.key
    before = series.goal
    after = dataclasses.replace(
        before,
        target_value=changes.targets.get(indicator, before.target_value),
        target_year=changes.years.get(indicator, before.target_year),
    )
    period, vintage, value = series.periods[-1] if series.periods else (None, None, None)
    now = _state(before, series, None)
    then = _state(after, series, changes.paces.get(indicator))
    return Outcome(
        document_code=document,
        indicator_code=indicator,
        geography_code=geography,
        unit=before.unit,
        period=period,
        vintage=vintage,
        value=None if value is None else float(value),
        before=now,
        after=then,
        money=_money(before, after, (now["observed_pace"], then["observed_pace"]), solutions),
    )


def _state(goal: Goal, series: TargetSeries, pace: float | None) -> State:
    said: dict[str, Any] = dict.fromkeys(State.__annotations__)
    said |= {"point_count": 0, "verdict": "no_data"}
    if series.points:
        found = assess(goal, series.points, assumed_pace=pace)
        said |= dataclasses.asdict(found)
        if found.observed_pace is not None:
            said["reached_in"] = _reached_in(goal, series.points[-1], found)
    said |= {"target_value": goal.target_value, "target_year": goal.target_year}
    return cast(State, said)


def _reached_in(goal: Goal, latest: Point, found: Assessment) -> int | None:
    """Return the year in which the pace reaches the target; None where it never does.

    What must be so in the target year is not reached by being so before.
    """
    if goal.is_met_by(latest.value) and goal.measure not in LASTING:
        kept = found.projected_value is not None and goal.is_met_by(found.projected_value)
        return goal.target_year if kept else None
    return None if found.observed_pace is None else year_reached(goal, latest, found.observed_pace)


def _money(
    before: Goal,
    after: Goal,
    paces: tuple[float | None, float | None],
    solutions: list[dict[str, Any]],
) -> Money:
    refused, share = _share_of_way(before, after)
    if not solutions:
        refused = "no-solution"
    elif any(row["needed_vnd_m"] is None for row in solutions):
        refused = "no-cost"
    need = budget = None
    if refused not in ("no-solution", "no-cost"):
        need = float(sum(row["needed_vnd_m"] / row["target_count"] for row in solutions))
    if solutions:
        budget = float(sum(row["budget_vnd_m"] / row["target_count"] for row in solutions))
    changed = None if need is None or share is None else need * share
    return Money(
        method="proportional-to-way",
        solutions=[row["solution_code"] for row in solutions],
        need_before_vnd_m=need,
        need_after_vnd_m=changed,
        yearly_before_vnd_m=_yearly(before, need, paces[0]),
        yearly_after_vnd_m=_yearly(before, need, paces[1]),
        budget_vnd_m=budget,
        gap_before_vnd_m=None if need is None or budget is None else need - budget,
        gap_after_vnd_m=None if changed is None or budget is None else changed - budget,
        synthetic=any(row["sureness"] == "synthetic" for row in solutions),
        refused=refused,
    )


def _yearly(goal: Goal, need: float | None, pace: float | None) -> float | None:
    """Return what a year at a pace costs (million VND), by the need of the way from baseline to target.

    None where need, pace or baseline are not known, where the baseline meets the target, and for an average
    growth, which is no way of units.
    """
    if need is None or pace is None or goal.baseline is None or goal.target_value is None:
        return None
    if goal.aggregation == "geometric_mean" or goal.is_met_by(goal.baseline.value):
        return None
    return max(0.0, need * pace / (goal.target_value - goal.baseline.value))


def _share_of_way(before: Goal, after: Goal) -> tuple[Refusal | None, float | None]:
    """Return how long the changed way is, as a part of the way before; why not, where it cannot be said.

    A target that its baseline already meets has no way left.
    """
    if after.target_value == before.target_value:
        return None, 1.0
    if before.baseline is None:
        return "no-baseline", None
    if before.target_value is None or after.target_value is None or before.is_met_by(before.baseline.value):
        return "no-way", None
    start = before.baseline.value
    return None, max(0.0, (after.target_value - start) / (before.target_value - start))


def _key(row: dict[str, Any]) -> tuple[str, str, str, int]:
    return row["document_code"], row["indicator_code"], row["geography_code"], row["target_year"]
