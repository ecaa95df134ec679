"""The reporting calendar in the warehouse: the reports that are owed, and how each of them stands."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dxpipeline.reporting.expected import all_expected_reports
from dxpipeline.warehouse.sql_files import read_sql

AHEAD = timedelta(days=366)
"""How far ahead the reports that are owed are written down, so that a missed run leaves no gap."""


def extend_calendar(connection: psycopg.Connection, until: date) -> int:
    """Write down which reports are owed until a year after a day; what is there already is not written again.

    Args:
        connection: As a role that may write schema mart; the caller commits.
        until: The day, usually today.

    Returns:
        How many reports were added, changed or removed.

    Raises:
        ContractError: A contract cannot be used, or names nobody who answers for one of its periods.
    """
    reports = [asdict(report) for report in all_expected_reports(until + AHEAD)]
    parameters = {"reports": json.dumps(reports, default=date.isoformat)}
    return connection.execute(read_sql("reporting/extend_calendar"), parameters).rowcount


def reports_on(connection: psycopg.Connection, day: date) -> list[dict[str, Any]]:
    """Return how every report whose period has begun stands on a day, the latest due day first.

    Args:
        connection: As the writer, since locks are in the ledger.
        day: The day.

    Returns:
        The columns of `mart.report_calendar`, and `locked_at`: since when its period is closed, or None.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(read_sql("reporting/reports_on"), {"on_day": day}).fetchall()
