"""Computes marts and indicators again for the feeds and periods that loads have marked.

A load leaves its mark in `ledger.mart_refresh` in the transaction that changes the feed. The mark is taken
away in the transaction that computes, before anything is read: a load that commits later than that leaves its
mark for the next round, and a computation that fails leaves the mark where it was.
"""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from dxpipeline.contracts import Contract, contracts
from dxpipeline.indicators.models import models
from dxpipeline.indicators.plan import PROVINCE_CODE
from dxpipeline.periods import Period
from dxpipeline.warehouse.sql_files import read_sql

_MARK_EVERY_PERIOD = sql.SQL(
    """
    insert into ledger.mart_refresh (feed, period)
    select %(feed)s, period from {} where is_current
    union
    select indicator.feed, measured.period
    from mart.fct_indicator_value as measured
    inner join mart.dim_indicator as indicator on measured.indicator_code = indicator.indicator_code
    where indicator.feed = %(feed)s
    on conflict do nothing
    """
)


class RefreshError(Exception):
    """Some marts could not be computed; the message says which, why, and that their marks stay."""


def refresh(connection: psycopg.Connection, *, everything: bool = False) -> list[tuple[str, str]]:
    """Compute the marts of every marked feed and period, each in a transaction of its own.

    Two refreshes at the same time take turns. What a load is marking just now is left to the next round.

    Args:
        connection: As the writer, outside any transaction.
        everything: Whether to mark every feed and period that has rows before.

    Returns:
        The feeds and periods computed, in the order of the computation.

    Raises:
        ValueError: The connection is inside a transaction, so that nothing could be committed.
        RefreshError: Some could not be computed; all the others were.
        psycopg.OperationalError: The warehouse went away.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ValueError("The marts are computed in transactions of their own: commit or roll back first.")
    with connection.transaction():
        if everything:
            mark_everything(connection)
        pending = connection.execute(read_sql("indicators/pending_refreshes")).fetchall()
    computed: list[tuple[str, str]] = []
    failures: list[str] = []
    for feed, period in pending:
        try:
            with connection.transaction():
                connection.execute(read_sql("indicators/lock_marts"))
                parameters = {"feed": feed, "period": period}
                mark = connection.execute(read_sql("indicators/take_mark"), parameters).fetchone()
                # A feed that is no longer collected has no models; its mark just goes.
                if mark is not None and feed in contracts():
                    _compute(connection, contracts()[feed], Period.parse(period))
            if mark is not None:
                computed.append((feed, period))
        except psycopg.Error as error:
            if connection.closed:
                raise
            failures.append(f"{feed} {period} ({error.diag.message_primary or type(error).__name__})")
    if failures:
        raise RefreshError(
            f"The marts of {'; '.join(failures)} could not be computed: mend the model or the data. "
            "Their marks stay, so that the next round tries again."
        )
    return computed


def mark_everything(connection: psycopg.Connection) -> None:
    """Mark every period of every feed that has rows in core or values in mart, in the caller's transaction.

    Args:
        connection: As a role that may read core and mart and write the ledger.
    """
    for feed in contracts():
        connection.execute(_MARK_EVERY_PERIOD.format(sql.Identifier("core", feed)), {"feed": feed})


def _compute(connection: psycopg.Connection, contract: Contract, period: Period) -> None:
    parameters = {
        "feed": contract.feed,
        "period": str(period),
        "period_end_on": contract.last_day(period),
        "geography_code": PROVINCE_CODE,
    }
    for model in models():
        if contract.feed in model.feeds:
            model.run(connection, parameters)
