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

from dxpipeline.plan.goal import Goal, Point, limits
from dxpipeline.plan.progress import TargetSeries, read_series
from dxpipeline.plan.projection import Assessment, assess, year_reached
from dxpipeline.warehouse.sql_files import read_sql

Refusal = Literal["no-solution", "no-cost", "no-baseline", "no-way", "no-need", "other-document"]
"""Why no sum can be given: no solution serves the target, what one needs nobody has said, the way has no
known start, or no length; or why there is nothing to compare: the baseline meets the changed target. The
money of solutions of another document is told with that document's target."""
PaceRefusal = Literal["no-unit-cost", "no-distance-per-year", "pace-leads-away"]
"""Why no money follows from a pace: no cost of a unit is known, the pace is a rate of growth and no part of
the way, or it leads away from the target."""


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

    Sums are None where `refused` says why; for `no-need` only the gap is. `synthetic` says whether an entry
    is an example of the plan's. `solutions_elsewhere` are those of other documents, each with its document;
    their money is in no sum here. Of a changed pace, in proportion: `unit_cost_vnd_m` is the need before for
    each unit from baseline to target, `need_per_year_vnd_m` that times the pace; None where `pace_refused`
    says why.
    """

    method: Literal["proportional-to-way"]
    solutions: list[str]
    solutions_elsewhere: dict[str, str]
    need_before_vnd_m: float | None
    need_after_vnd_m: float | None
    budget_vnd_m: float | None
    gap_before_vnd_m: float | None
    gap_after_vnd_m: float | None
    synthetic: bool
    refused: Refusal | None
    unit_cost_vnd_m: float | None
    need_per_year_vnd_m: float | None
    pace_refused: PaceRefusal | None


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
            _check_possible(changes, *series.key[:2], series.goal)
    for option, by_indicator in changes.by_option.items():
        for code, value in by_indicator.items():
            given = f"{option} {code}={value:g}"
            _check_known(given, code, document, goals)
            numbered = code in changes.targets or any(goal.target_value is not None for goal in goals[code])
            if not numbered:
                raise ScenarioError(f"{given}: no number is named for it; give --target {code}=VALUE too.")
            if option == "--pace" and not any(goal.has_pace for goal in goals[code]):
                raise ScenarioError(f"{given}: it is not approached at a pace; give --target or --year.")


def _check_possible(changes: Changes, document: str, indicator: str, goal: Goal) -> None:
    """Refuse a value that the quantity cannot have, and a year before the target was set."""
    value, year = changes.targets.get(indicator), changes.years.get(indicator)
    if value is not None:
        # From nothing: what was counted so far does not bound what somebody asks about.
        low, high = limits(goal, Point(goal.start, 0.0))
        low = 1.0 if goal.measure == "rank" else low
        if not low <= value <= high:
            allowed = f"at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
            raise ScenarioError(f"--target {indicator}={value:g}: it cannot be; give a value {allowed}.")
    if year is not None and year < goal.set_on.year:
        raise ScenarioError(
            f"--year {indicator}={year}: {document} is of {goal.set_on.year}; give that year or a later one."
        )


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
    return Outcome(
        document_code=document,
        indicator_code=indicator,
        geography_code=geography,
        unit=before.unit,
        period=period,
        vintage=vintage,
        value=None if value is None else float(value),
        before=_state(before, series, None),
        after=_state(after, series, changes.paces.get(indicator)),
        money=_money(before, after, solutions, changes.paces.get(indicator)),
    )


def _state(goal: Goal, series: TargetSeries, pace: float | None) -> State:
    said: dict[str, Any] = dict.fromkeys(State.__annotations__)
    said |= {"point_count": 0, "verdict": "no_data"}
    if series.points:
        found = assess(goal, series.points, assumed_pace=pace)
        said |= dataclasses.asdict(found)
        said["reached_in"] = _year_reached(goal, series.points[-1], found)
    said |= {"target_value": goal.target_value, "target_year": goal.target_year}
    return cast(State, said)


def _year_reached(goal: Goal, latest: Point, found: Assessment) -> int | None:
    """Return the year in which a target is reached; an average of a period only at the period's end."""
    if goal.aggregation == "geometric_mean":
        projected = found.projected_value is not None and goal.is_met_by(found.projected_value)
        return goal.target_year if projected or found.verdict == "reached" else None
    return None if found.observed_pace is None else year_reached(goal, latest, found.observed_pace)


def _money(before: Goal, after: Goal, serving: list[dict[str, Any]], pace: float | None) -> Money:
    refused, share = _share_of_way(before, after)
    solutions = [row for row in serving if row["solution_document_code"] == row["document_code"]]
    if not solutions:
        refused = "other-document" if serving else "no-solution"
    elif any(row["needed_vnd_m"] is None for row in solutions):
        refused = "no-cost"
    need = budget = None
    if refused not in ("no-solution", "other-document", "no-cost"):
        need = float(sum(row["needed_vnd_m"] / row["target_count"] for row in solutions))
    if solutions:
        budget = float(sum(row["budget_vnd_m"] / row["target_count"] for row in solutions))
    changed = None if need is None or share is None else need * share
    unit_cost, per_year, pace_refused = _money_of_pace(before, need, pace)
    return Money(
        method="proportional-to-way",
        solutions=[row["solution_code"] for row in solutions],
        solutions_elsewhere={
            row["solution_code"]: row["solution_document_code"] for row in serving if row not in solutions
        },
        need_before_vnd_m=need,
        need_after_vnd_m=changed,
        budget_vnd_m=budget,
        gap_before_vnd_m=None if need is None or budget is None else need - budget,
        gap_after_vnd_m=None if refused or changed is None or budget is None else changed - budget,
        synthetic=any(row["sureness"] == "synthetic" for row in solutions),
        refused=refused,
        unit_cost_vnd_m=unit_cost,
        need_per_year_vnd_m=per_year,
        pace_refused=pace_refused,
    )


def _money_of_pace(
    goal: Goal, need: float | None, pace: float | None
) -> tuple[float | None, float | None, PaceRefusal | None]:
    """Return what a unit of the way costs, and what a pace needs a year; why not, where none is said."""
    if pace is None:
        return None, None, None
    if goal.measure == "growth":
        return None, None, "no-distance-per-year"
    if need is None or goal.baseline is None or goal.target_value is None:
        return None, None, "no-unit-cost"
    if goal.is_met_by(goal.baseline.value):
        return None, None, "no-unit-cost"
    way = goal.target_value - goal.baseline.value
    unit_cost = need / abs(way)
    if pace * way < 0:
        return unit_cost, None, "pace-leads-away"
    return unit_cost, unit_cost * abs(pace), None


def _share_of_way(before: Goal, after: Goal) -> tuple[Refusal | None, float | None]:
    """Return how long the changed way is, as a part of the way before; why not, where it cannot be said.

    A target that its baseline already meets has no way left and needs nothing.
    """
    if after.target_value == before.target_value:
        return None, 1.0
    if before.baseline is None:
        return "no-baseline", None
    if before.target_value is None or after.target_value is None or before.is_met_by(before.baseline.value):
        return "no-way", None
    if after.is_met_by(before.baseline.value):
        return "no-need", 0.0
    start = before.baseline.value
    return None, (after.target_value - start) / (before.target_value - start)


def _key(row: dict[str, Any]) -> tuple[str, str, str, int]:
    return row["document_code"], row["indicator_code"], row["geography_code"], row["target_year"]
