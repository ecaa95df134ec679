"""What the values of the warehouse say of each target, kept in mart.fct_target_progress."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dxpipeline.plan.goal import Goal, Point
from dxpipeline.plan.projection import Assessment, assess
from dxpipeline.warehouse.merge import merge_listed
from dxpipeline.warehouse.sql_files import read_sql

PROGRESS_MODEL = "fct_target_progress"

_TARGET = ("document_code", "indicator_code", "geography_code", "target_year")
_COLUMNS = (
    *_TARGET,
    *("period", "period_end_on", "vintage", "value", "target_value"),
    *(field.name for field in fields(Assessment)),
)


@dataclass(frozen=True)
class TargetSeries:
    """A target and the values of its indicator that one method made, in the order of their periods.

    Attributes:
        key: Document, indicator, area and target year.
        goal: What the target asks.
        origin: `reported` by a feed, or `published` by others; None where there is no value.
        periods: Each value's period, with its vintage and the value as it is stored.
        points: The same values to reckon with.
    """

    key: tuple[str, str, str, int]
    goal: Goal
    origin: str | None
    periods: tuple[tuple[str, str, Decimal], ...]
    points: tuple[Point, ...]

    def assessed(self) -> Iterator[tuple[int, Assessment]]:
        """Return what is said of the target as of each value, by its position."""
        for position in range(len(self.points)):
            yield position, assess(self.goal, self.points[: position + 1])


def read_series(connection: psycopg.Connection) -> list[TargetSeries]:
    """Return every target's values as mart.target_series has them; a target without any has an empty entry.

    Args:
        connection: As any role that may read schema mart.

    Raises:
        psycopg.Error: The database refuses.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(read_sql("plan/series")).fetchall()
    by_method = groupby(rows, key=lambda row: (*_key(row), row["origin"], row["method"]))
    return [_series(list(values)) for _, values in by_method]


def compute_progress(connection: psycopg.Connection) -> None:
    """Make mart.fct_target_progress say what the values say now, in the caller's transaction.

    Args:
        connection: As the writer.

    Raises:
        psycopg.Error: The database refuses.
    """
    rows = [row for series in read_series(connection) for row in _rows(series)]
    table = f"mart.{PROGRESS_MODEL}"
    merge_listed(connection, table, (*_TARGET, "period"), _COLUMNS, rows, stamp="computed_at")


def _goal(row: dict[str, Any]) -> Goal:
    return Goal(
        target_value=None if row["target_value"] is None else float(row["target_value"]),
        direction=row["direction"],
        target_year=row["target_year"],
        set_on=row["dated_on"],
        unit=row["unit"],
        aggregation=row["aggregation"],
        measure=row["measure"],
        baseline=None
        if row["baseline_value"] is None
        else Point(date(row["baseline_year"], 12, 31), float(row["baseline_value"])),
    )


def _key(row: dict[str, Any]) -> tuple[str, str, str, int]:
    return row["document_code"], row["indicator_code"], row["geography_code"], row["target_year"]


def _series(rows: list[dict[str, Any]]) -> TargetSeries:
    values = [row for row in rows if row["value"] is not None]
    return TargetSeries(
        key=_key(rows[0]),
        goal=_goal(rows[0]),
        origin=rows[0]["origin"],
        periods=tuple((row["period"], row["vintage"], row["value"]) for row in values),
        points=tuple(Point(row["period_end_on"], float(row["value"])) for row in values),
    )


def _rows(series: TargetSeries) -> Iterable[dict[str, Any]]:
    for position, assessment in series.assessed():
        period, vintage, value = series.periods[position]
        yield {
            **dict(zip(_TARGET, series.key, strict=True)),
            "period": period,
            "period_end_on": series.points[position].on.isoformat(),
            "vintage": vintage,
            # As text: JSON has no exact numbers.
            "value": str(value),
            "target_value": series.goal.target_value,
            **{name: _finite(value) for name, value in asdict(assessment).items()},
        }


def _finite(value: Any) -> Any:
    """Return a value, None for a number that is none: a growth that nothing can make good."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
