"""Where the indicators stand, and what each value rests on. Reads schema mart only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, TypedDict, cast

import psycopg
from psycopg.rows import dict_row

from dxpipeline.plan.entries import PROVINCE_CODE
from dxpipeline.plan.projection import Method, Verdict
from dxpipeline.warehouse.sql_files import read_sql


class IndicatorStatus(TypedDict):
    """A target and the latest value of its indicator; an indicator without a target has one entry.

    `period`, `vintage`, `value`, `numerator` and `denominator` are None where there is no data, `baseline`
    and its year where none is known, what belongs to a target where there is none. Values are in `unit`
    (`dxpipeline.plan.entries.Unit`); `unit_vi` is the same for people. What a value says of the target, from
    `distance` on, `dxpipeline.plan.projection.Assessment` explains; None where it cannot be said.
    """

    indicator_code: str
    name_vi: str
    name_en: str
    period: str | None
    vintage: str | None
    value: float | None
    numerator: float | None
    denominator: float | None
    unit: str
    unit_vi: str
    baseline: float | None
    baseline_year: int | None
    target_value: float | None
    target_year: int | None
    direction: Literal["at_least", "at_most"] | None
    document: str | None
    status: Literal["reached", "not_reached", "no_data", "no_target"]
    distance: float | None
    progress_pct: float | None
    required_pace: float | None
    observed_pace: float | None
    projected_value: float | None
    projected_low: float | None
    projected_high: float | None
    projection_method: Method | None
    point_count: int | None
    verdict: Verdict | None


@dataclass(frozen=True)
class EvidenceRow:
    """A row of a file that a value counts.

    Attributes:
        sheet: Sheet; empty for a text file.
        row: Row of the file, from 1.
        unit_code: Code of the unit, or the year, of the row; None where a quarantined row lacks it.
        in_numerator: Whether it counts in the numerator; every row counts in the denominator.
        quarantined: Whether it is held back until it is mended.
    """

    sheet: str
    row: int
    unit_code: str | None
    in_numerator: bool
    quarantined: bool


@dataclass(frozen=True)
class EvidenceFile:
    """A file that a value rests on.

    Attributes:
        submission_id: Its submission in the ledger.
        file_name: The sender's file name.
        department_code: The department that sent it.
        received_at: When it was received.
        sha256: Hash of its bytes, under which the archive keeps them.
        rows_used: Accepted rows that the value counts; None where each of them is a person's.
        quarantined_rows_used: Quarantined rows that count in the denominator.
        rows: All of them, in the order of the file; none for a value that counts persons.
    """

    submission_id: int
    file_name: str
    department_code: str
    received_at: datetime
    sha256: str
    rows_used: int | None
    quarantined_rows_used: int
    rows: tuple[EvidenceRow, ...]


def current_values(connection: psycopg.Connection) -> list[IndicatorStatus]:
    """Return every target with the latest value of its indicator, then the indicators without a target.

    Args:
        connection: As any role that may read schema mart.

    Raises:
        psycopg.Error: The database refuses.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(read_sql("indicators/current_values"))
        return cast(list[IndicatorStatus], cursor.fetchall())


def evidence(
    connection: psycopg.Connection,
    indicator_code: str,
    period: str,
    *,
    geography_code: str = PROVINCE_CODE,
    vintage: str = "reported",
) -> list[EvidenceFile]:
    """Return the files and rows that a value rests on, in the order in which the files came.

    Args:
        connection: As any role that may read schema mart.
        indicator_code: The indicator.
        period: The period in its canonical form, `2021-Q1`.
        geography_code: The area.
        vintage: `reported`, `estimate`, `preliminary` or `final`.

    Returns:
        The files; empty where there is no such value.

    Raises:
        psycopg.Error: The database refuses.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            read_sql("indicators/evidence"),
            {
                "indicator_code": indicator_code,
                "period": period,
                "geography_code": geography_code,
                "vintage": vintage,
            },
        )
        rows = cursor.fetchall()
    by_file = groupby(rows, key=lambda row: (row["received_at"], row["submission_id"]))
    return [_file(list(used)) for _, used in by_file]


def _file(used: list[dict[str, Any]]) -> EvidenceFile:
    first = used[0]
    return EvidenceFile(
        submission_id=first["submission_id"],
        file_name=first["file_name"],
        department_code=first["department_code"],
        received_at=first["received_at"],
        sha256=first["sha256"],
        rows_used=first["rows_used"],
        quarantined_rows_used=first["quarantined_rows_used"],
        rows=tuple(
            EvidenceRow(
                sheet=row["source_sheet"],
                row=row["source_row"],
                unit_code=row["unit_code"],
                in_numerator=row["in_numerator"],
                quarantined=row["quarantined"],
            )
            for row in used
            if row["source_row"] is not None
        ),
    )
