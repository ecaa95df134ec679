"""Snapshot feeds: a file is the whole state of its reporting unit and period.

A later file replaces it. Two exceptions: a file that brings only rows which are missing because they were
quarantined *mends* the current state; a replacement that would lose too many keys is refused unless it
says that it is a correction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import ColumnElement, Table, and_, func, insert, literal, select, update

from dxpipeline.loading.counts import Changes
from dxpipeline.loading.origin import Origin, Scope
from dxpipeline.loading.quarantine import close_mended_rows, hold_back, open_rows
from dxpipeline.loading.staging import Staging, count, execute
from dxpipeline.reading.model import FileRejected
from dxpipeline.warehouse.core_tables import core_table
from dxpipeline.warehouse.sql_files import read_sql

MAXIMUM_LOSS = 0.2
"""The share of the current keys that a replacement may lose without saying that it is a correction."""


@dataclass(frozen=True)
class Decision:
    """How a submission changes the current state.

    Attributes:
        replaces: The submission that is current until now, None where there is none or it is mended.
        mends: The submission that is mended and stays current, None for a replacement.
        rows_unchanged: Accepted rows that stand in the current state already, value for value.
    """

    replaces: int | None
    mends: int | None
    rows_unchanged: int


def start(connection: psycopg.Connection, origin: Origin, submission_id: int) -> Staging:
    """Make the tables in which the rows of a submission are staged."""
    staging = Staging(connection, origin.scope.contract, origin.attempt_id, origin.hasher)
    staging.create()
    return staging


def publish(connection: psycopg.Connection, origin: Origin, staging: Staging, submission_id: int) -> Changes:
    """Make the staged rows the current state, or part of it, and hold the refused ones back.

    Raises:
        FileRejected: The replacement would lose too many keys (`would-lose-keys`).
    """
    scope = origin.scope
    decision = decide(connection, scope, staging, is_correction=origin.is_correction)
    hold_back(connection, scope, staging, submission_id)
    if decision.mends is not None:
        close_mended_rows(connection, scope, staging, submission_id)
    _apply(connection, scope, staging, submission_id, decision)
    return Changes(unchanged=decision.rows_unchanged)


def decide(
    connection: psycopg.Connection, scope: Scope, staging: Staging, *, is_correction: bool
) -> Decision:
    """Compare the staged rows with the current state.

    Raises:
        FileRejected: The replacement would lose more than 20 % of the current keys and does not say that it
            is a correction (`would-lose-keys`).
    """
    row = connection.execute(read_sql("loading/current_submission"), scope.parameters).fetchone()
    if row is None:
        return Decision(None, None, 0)
    base = int(row[0])
    contract, staged = scope.contract, staging.rows
    core = core_table(contract)
    current = _current(core, scope)

    def with_current(rows: Table, *conditions: ColumnElement[bool]) -> int:
        same_key = and_(*(core.c[name] == rows.c[name] for name in contract.key))
        joined = rows.join(core, and_(same_key, current, *conditions))
        return count(connection, select(func.count()).select_from(joined))

    kept = with_current(staged)
    known_keys = kept + with_current(staging.refused)
    if known_keys == 0 and 0 < staging.accepted + staging.quarantined <= open_rows(connection, scope):
        return Decision(None, base, 0)
    current_keys = count(connection, select(func.count()).select_from(core).where(current))
    lost = current_keys - kept
    if lost > MAXIMUM_LOSS * current_keys and not is_correction:
        raise FileRejected(
            "would-lose-keys",
            lost=str(lost),
            current=str(current_keys),
            percent=str(round(100 * lost / current_keys)),
        )
    same_values = (core.c[name].is_not_distinct_from(staged.c[name]) for name in contract.stored_columns)
    return Decision(base, None, with_current(staged, *same_values))


def _apply(
    connection: psycopg.Connection, scope: Scope, staging: Staging, submission_id: int, decision: Decision
) -> None:
    """Make the accepted rows part of the current state; the replaced ones stay as history."""
    contract, staged = scope.contract, staging.rows
    core = core_table(contract)
    parameters: dict[str, Any] = {
        **scope.parameters,
        "submission_id": submission_id,
        "base": decision.replaces,
    }
    if decision.replaces is not None:
        execute(
            connection,
            update(core).where(_current(core, scope)).values(is_current=False, superseded_by=submission_id),
        )
        connection.execute(read_sql("loading/supersede_submission"), parameters)
    if decision.mends is None:
        connection.execute(read_sql("loading/close_quarantine"), parameters)
        connection.execute(read_sql("loading/make_current"), parameters)
    else:
        connection.execute(read_sql("loading/record_mend"), {**parameters, "base": decision.mends})
    names = list(contract.stored_columns)
    execute(
        connection,
        insert(core).from_select(
            ["submission_id", "source_sheet", "source_row", "reporting_unit", "period", *names],
            select(
                literal(submission_id),
                staged.c.source_sheet,
                staged.c.source_row,
                literal(scope.reporting_unit),
                literal(scope.period),
                *(staged.c[name] for name in names),
            ),
        ),
    )


def _current(core: Table, scope: Scope) -> ColumnElement[bool]:
    return and_(
        core.c.is_current, core.c.period == scope.period, core.c.reporting_unit == scope.reporting_unit
    )
