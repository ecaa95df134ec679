"""Rows held back: their numbers, keys, codes and the cells at fault, open until mended or replaced."""

from __future__ import annotations

from datetime import date

import polars as pl
import psycopg
from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.sql.expression import FromClause, table
from sqlalchemy.sql.expression import column as named

from dxpipeline.loading.origin import Scope
from dxpipeline.loading.staging import Staging, copy, copy_rows, execute
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
            "version_on",
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
    frame = issues.select(pl.lit(submission_id).alias("submission_id"), pl.all())
    copy(connection, ("ledger", "issue"), copy_rows(frame))


def hold_back(connection: psycopg.Connection, scope: Scope, staging: Staging, submission_id: int) -> None:
    """Put the refused rows into quarantine, with what their issues say."""
    if not staging.quarantined:
        return
    refused = staging.refused
    issues_of_row = and_(
        _ISSUE.c.submission_id == submission_id,
        func.coalesce(_ISSUE.c.sheet, "") == refused.c.source_sheet,
        _ISSUE.c.source_row == refused.c.source_row,
        _ISSUE.c.severity == "critical",
    )
    cells = func.jsonb_object_agg(_ISSUE.c.column_name, _ISSUE.c.value).filter(
        _ISSUE.c.column_name.is_not(None)
    )
    key = row_key(scope, refused)
    execute(
        connection,
        insert(_QUARANTINE).from_select(
            [column.name for column in _QUARANTINE.columns],
            select(
                literal(submission_id),
                refused.c.source_sheet,
                refused.c.source_row,
                literal(scope.contract.feed),
                literal(scope.reporting_unit),
                literal(scope.period),
                key,
                func.array_agg(_ISSUE.c.code.distinct()),
                func.coalesce(cells, cast(literal("{}"), JSONB)),
                _version_on(scope, refused),
            )
            .select_from(refused.join(_ISSUE, issues_of_row))
            .group_by(*refused.c),
        ),
    )


def open_rows(connection: psycopg.Connection, scope: Scope) -> int:
    """Return how many rows of a feed, reporting unit and period are held back and open."""
    row = connection.execute(read_sql("loading/count_open_quarantine"), scope.parameters).fetchone()
    return int(row[0]) if row else 0


def close_mended_rows(
    connection: psycopg.Connection, scope: Scope, staging: Staging, submission_id: int
) -> None:
    """Close the open rows of a snapshot that a mend brings again, be they good or bad now."""
    both = union_all(
        *(
            select(
                one.c.source_sheet,
                one.c.source_row,
                func.array_to_string(row_key(scope, one), func.chr(31)).label("row_key"),
            )
            for one in (staging.rows, staging.refused)
        )
    ).subquery()
    keys = execute(
        connection, select(both.c.row_key).order_by(both.c.source_sheet, both.c.source_row)
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


def row_key(scope: Scope, rows: FromClause) -> ColumnElement[list[str] | None]:
    """Return the key of a staged row as texts, null where a part of it is missing."""
    columns = [rows.c[name] for name in scope.contract.key]
    complete = and_(*(column.is_not(None) for column in columns))
    return case((complete, array([cast(column, Text) for column in columns])), else_=null())


def _version_on(scope: Scope, refused: FromClause) -> ColumnElement[date | None]:
    """Return the day of a refused version; that of a cell at fault says nothing."""
    newest = scope.contract.newest_by
    if newest is None:
        return cast(null(), Date)
    return case((func.bool_or(_ISSUE.c.column_name == newest), null()), else_=refused.c[newest])
