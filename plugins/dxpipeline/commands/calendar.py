"""`dxpipeline calendar`: which reports are due, came, are late or missing."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any, TypedDict

import psycopg

from dxpipeline.contracts import contracts
from dxpipeline.indicators.refresh import refresh
from dxpipeline.messages import as_shown, label
from dxpipeline.periods import HO_CHI_MINH, Period
from dxpipeline.reference import departments
from dxpipeline.reporting.calendar import extend_calendar, reports_on
from dxpipeline.reporting.expected import successor, today
from dxpipeline.settings import ConfigurationError

RECENT = timedelta(days=92)
"""How long a report that came is listed after its due day, where not all are asked for."""

STATES = ("missing", "partial", "not_due", "late", "on_time")
_UNSETTLED = frozenset(STATES[:3])


class Overview(TypedDict):
    """What `--json` prints: the day, how many of the reports are in each state, and those that are listed."""

    on: date
    counts: dict[str, int]
    reports: list[dict[str, Any]]


def overview(
    connection: psycopg.Connection,
    *,
    on: date | None = None,
    feed: str | None = None,
    department: str | None = None,
    everything: bool = False,
) -> Overview:
    """Compute what loads have marked, then return how the reports stand on a day.

    Args:
        connection: As the writer.
        on: The day; today where none is given.
        feed: Only this feed.
        department: Only what this department owed, or answers for today.
        everything: Whether to list what came long ago as well; the counts always have it.

    Raises:
        ConfigurationError: There is no such feed or department.
        RefreshError: Some marts could not be computed.
    """
    if feed is not None and feed not in contracts():
        raise ConfigurationError(f"There is no feed {feed!r}: give one of {', '.join(contracts())}.")
    known = [one.department_code for one in departments()]
    if department is not None and department not in known:
        raise ConfigurationError(f"There is no department {department!r}: give one of {', '.join(known)}.")
    day = on or today()
    extend_calendar(connection, max(day, today()))
    refresh(connection)
    chosen = [
        report
        for report in reports_on(connection, day)
        if feed in (None, report["feed"])
        and department in (None, report["department_code"], successor(report["department_code"], today()))
    ]
    counts = Counter(report["state"] for report in chosen)
    return {
        "on": day,
        "counts": {state: counts[state] for state in STATES},
        "reports": [
            report
            for report in chosen
            if everything or report["state"] in _UNSETTLED or report["due_on"] >= day - RECENT
        ],
    }


def as_table(found: Overview) -> tuple[list[str], list[list[object]]]:
    """Return the header and the rows of the table that people read, in Vietnamese."""
    names = (
        "feed",
        "period",
        "department",
        "due_on",
        "state",
        "accepted_on",
        "days_late",
        "units",
        "locked_on",
    )
    return [label("calendar", name) for name in names], [_row(report) for report in found["reports"]]


def summary(found: Overview) -> str:
    """Return how many reports are in each state, as one line in Vietnamese."""
    counts = found["counts"].items()
    states = ", ".join(f"{count} {label('report_states', state).lower()}" for state, count in counts)
    return f"{as_shown(found['on'])}: {states}"


def _row(report: dict[str, Any]) -> list[object]:
    locked_at = report["locked_at"]
    units = None
    if report["expected_units"] is not None:
        units = f"{report['reported_units']}/{report['expected_units']}"
    return [
        report["feed"],
        Period.parse(report["period"]).label_vi(),
        report["department_code"],
        as_shown(report["due_on"]),
        label("report_states", report["state"]),
        as_shown(report["accepted_on"]),
        report["days_late"] or None,
        units,
        f"{locked_at.astimezone(HO_CHI_MINH):%d/%m/%Y}" if locked_at is not None else None,
    ]
