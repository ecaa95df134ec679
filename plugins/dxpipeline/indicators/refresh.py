"""Computes marts and indicators again for the feeds and periods that loads have marked.

A load leaves its mark in `ledger.mart_refresh` in the transaction that changes the feed. A computation reads
marks and data in one snapshot, and once it is committed takes away those marks that are still the ones it
read: a load that commits in between leaves its mark for the next round, a computation that fails leaves the
mark where it was, and no load ever waits for a computation.

In an upsert feed a version of a record counts from its period on, until a newer one replaces it: a mark of
one period therefore means every later period too. They are computed in the same transaction, so that none of
them can be left behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus

from dxpipeline.contracts import Contract, contracts
from dxpipeline.indicators.models import models
from dxpipeline.indicators.plan import PROVINCE_CODE
from dxpipeline.periods import Period
from dxpipeline.warehouse.sql_files import read_sql


class RefreshError(Exception):
    """Some marts could not be computed; the message says which, why, and that their marks stay."""


@dataclass(frozen=True)
class _Mark:
    """What a load has marked, as it was read: who renews a mark gives it another version."""

    period: str
    version: str


def refresh(connection: psycopg.Connection, *, everything: bool = False) -> list[tuple[str, str]]:
    """Compute the marts of every marked feed and period, each in a transaction of its own.

    For an upsert feed that is one transaction for a period and all those after it. Two refreshes at the same
    time take turns. What a load is marking just now is left to the next round.

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
    computed: list[tuple[str, str]] = []
    failures: list[str] = []
    with _turn(connection):
        with connection.transaction():
            if everything:
                mark_everything(connection)
            pending = connection.execute(read_sql("indicators/pending_refreshes")).fetchall()
        for feed, period in pending:
            try:
                computed.extend((feed, each) for each in _compute(connection, feed, period))
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
    """Mark every period of every feed that was reported or has values in mart, in the caller's transaction.

    Args:
        connection: As a role that may read mart and write the ledger.
    """
    connection.execute(read_sql("indicators/mark_everything"), {"feeds": list(contracts())})


@contextmanager
def _turn(connection: psycopg.Connection) -> Iterator[None]:
    """Wait until no other refresh is at work, and keep others waiting for the length of a `with`."""
    with connection.transaction():
        connection.execute(read_sql("indicators/lock_marts"))
    try:
        yield
    finally:
        if not connection.closed:
            with connection.transaction():
                connection.execute(read_sql("indicators/unlock_marts"))


def _compute(connection: psycopg.Connection, feed: str, period: str) -> list[str]:
    """Compute what a mark means; return the periods in their order, none when the mark is gone."""
    contract = contracts().get(feed)
    with connection.transaction():
        # What loads commit while the models run is for the next round: all of them see the same rows.
        connection.execute("set transaction isolation level repeatable read")
        marks = _marks(connection, contract, feed, period)
        periods = _periods(connection, contract, marks)
        # A feed that is no longer collected has no models; its mark just goes.
        if contract is not None:
            for each in periods:
                _run_models(connection, contract, Period.parse(each))
    with connection.transaction():
        connection.execute(
            read_sql("indicators/drop_marks"),
            {
                "feed": feed,
                "periods": [mark.period for mark in marks],
                "versions": [mark.version for mark in marks],
            },
        )
    return periods


def _marks(connection: psycopg.Connection, contract: Contract | None, feed: str, period: str) -> list[_Mark]:
    """Return the marks that are computed together, in the order of their periods."""
    later_too = contract is not None and contract.load_mode == "upsert"
    parameters = {"feed": feed, "period": period, "later_too": later_too}
    return [_Mark(*row) for row in connection.execute(read_sql("indicators/marks_of"), parameters)]


def _periods(connection: psycopg.Connection, contract: Contract | None, marks: list[_Mark]) -> list[str]:
    """Return the periods that marks mean, in their order."""
    periods = {mark.period for mark in marks}
    if marks and contract is not None and contract.load_mode == "upsert":
        parameters = {"feed": contract.feed, "period": marks[0].period}
        later = connection.execute(read_sql("indicators/later_periods"), parameters)
        periods.update(period for (period,) in later)
    return sorted(periods)


def _run_models(connection: psycopg.Connection, contract: Contract, period: Period) -> None:
    parameters = {
        "feed": contract.feed,
        "period": str(period),
        "period_end_on": contract.last_day(period),
        "geography_code": PROVINCE_CODE,
    }
    of_feed = [model for model in models() if contract.feed in model.feeds]
    for model in of_feed:
        model.run(connection, parameters)
    for model in of_feed:
        model.clear(connection)
