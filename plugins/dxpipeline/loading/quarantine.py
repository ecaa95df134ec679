"""Rows held back: their numbers, keys, codes and the cells at fault, open until mended or replaced."""

from __future__ import annotations

import polars as pl
import psycopg
from sqlalchemy import ColumnElement, Text, and_, case, cast, func, insert, literal, null, select
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.sql.expression import column as named
from sqlalchemy.sql.expression import table

from dxpipeline.loading.snapshot import Scope
from dxpipeline.loading.staging import Staging, copy_frame, execute
from dxpipeline.warehouse.sql_files import read_sql

_QUARANTINE = table(
    "quarantined_row",
    *map(
        named,
        (
            "submission_id",
            "sheet",
            "source_row",
            "feed",
            "reporting_unit",
            "period",
            "row_key",
            "codes",
            "cells",
        ),
    ),
    schema="quarantine",
)
_ISSUE = table(
    "issue",
    *map(named, ("submission_id", "sheet", "source_row", "column_name", "code", "severity", "value")),
    schema="ledger",
)


def record_issues(connection: psycopg.Connection, submission_id: int, issues: pl.DataFrame) -> None:
    """COPY a frame of `ISSUE_SCHEMA` into ledger.issue."""
    if not issues.is_empty():
        frame = issues.select(pl.lit(submission_id).alias("submission_id"), pl.all())
        copy_frame(connection, ("ledger", "issue"), frame)


def hold_back(connection: psycopg.Connection, scope: Scope, staging: Staging, submission_id: int) -> None:
    """Put the staged rows that are not accepted into quarantine, with what their issues say."""
    staged = staging.table
    issues_of_row = and_(
        _ISSUE.c.submission_id == submission_id,
        func.coalesce(_ISSUE.c.sheet, "") == staged.c.source_sheet,
        _ISSUE.c.source_row == staged.c.source_row,
        _ISSUE.c.severity == "critical",
    )
    cells = func.jsonb_object_agg(_ISSUE.c.column_name, _ISSUE.c.value).filter(
        _ISSUE.c.column_name.is_not(None)
    )
    row_key = _row_key(staging)
    execute(
        connection,
        insert(_QUARANTINE).from_select(
            [column.name for column in _QUARANTINE.columns],
            select(
                literal(submission_id),
                staged.c.source_sheet,
                staged.c.source_row,
                literal(scope.contract.feed),
                literal(scope.reporting_unit),
                literal(scope.period),
                row_key,
                func.array_agg(_ISSUE.c.code.distinct()),
                func.coalesce(cells, cast(literal("{}"), JSONB)),
            )
            .select_from(staged.join(_ISSUE, issues_of_row))
            .where(~staged.c.accepted)
            .group_by(staged.c.source_sheet, staged.c.source_row, row_key),
        ),
    )


def close_mended_rows(
    connection: psycopg.Connection, scope: Scope, staging: Staging, submission_id: int
) -> None:
    """Close the open rows that a mend brings again, whether it brings them good or bad."""
    staged = staging.table
    key = func.array_to_string(_row_key(staging), func.chr(31))
    keys = execute(
        connection,
        select(key).select_from(staged).order_by(staged.c.source_sheet, staged.c.source_row),
    ).fetchall()
    connection.execute(
        read_sql("loading/close_mended_rows"),
        {
            **scope.parameters,
            "submission_id": submission_id,
            "row_keys": [row[0] for row in keys],
            "key_columns": list(scope.contract.key),
        },
    )


def _row_key(staging: Staging) -> ColumnElement[list[str] | None]:
    columns = [staging.table.c[name] for name in staging.contract.key]
    complete = and_(*(column.is_not(None) for column in columns))
    return case((complete, array([cast(column, Text) for column in columns])), else_=null())
