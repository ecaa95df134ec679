"""Computes marts and indicators again for the feeds and periods that loads have marked.

A load leaves its mark in `ledger.mart_refresh` in the transaction that changes the feed. A computation reads
marks and data in one snapshot, and once it is committed takes away those marks that are still the ones it
read: a load that commits in between leaves its mark for the next round, a computation that fails leaves the
mark where it was, and no load ever waits for a computation.

In an upsert feed a version of a record counts from its period on, until a newer one replaces it: a mark of
one period therefore means every later period too. They are computed in the same transaction, so that none of
them can be left behind.

What is told of the deliveries themselves follows the ledger without marks: a refused file or a duplicate
changes no feed, an answer is written after the load, and a report becomes late by the clock. Its models run
in every round: they compare their tables with the ledger and add what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from dxpipeline.contracts import Contract, contracts
from dxpipeline.indicators.models import LEDGER, models
from dxpipeline.periods import Period
from dxpipeline.plan.audit.store import FINDINGS, write_findings
from dxpipeline.plan.entries import PROVINCE_CODE
from dxpipeline.plan.progress import PROGRESS_MODEL, compute_progress
from dxpipeline.plan.reader import load_plan
from dxpipeline.reporting.expected import today
from dxpipeline.reporting.facts import REPORT_MODEL, later_reports, names_of, unseen_reports
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
        everything: Whether to mark every feed and period that has rows before, and to make again what is told
            of every delivery.

    Returns:
        The feeds and periods computed, in the order of the computation.

    Raises:
        ValueError: The connection is inside a transaction, so that nothing could be committed.
        RefreshError: Some could not be computed; all the others were.
        PlanError: The plan cannot be used; the marts were computed.
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
            with _collected(connection, failures, f"{feed} {period}"):
                computed.extend((feed, each) for each in _compute(connection, feed, period))
        with _collected(connection, failures, REPORT_MODEL), connection.transaction():
            # A file that was refused changes no figure and leaves no mark, but the calendar knows of it.
            _compute_reports(connection, unseen_reports(connection))
        with _collected(connection, failures, PROGRESS_MODEL), connection.transaction():
            # Also without a mark: a plan of today may ask for something else than that of yesterday.
            connection.execute("set transaction isolation level repeatable read")
            compute_progress(connection)
        with _collected(connection, failures, LEDGER):
            _follow_ledger(connection, everything=everything)
        with _collected(connection, failures, FINDINGS), connection.transaction():
            # After the progress, which it judges; also without a mark, since the day and the plan move on.
            connection.execute("set transaction isolation level repeatable read")
            write_findings(connection, load_plan(), today())
    if failures:
        raise RefreshError(
            f"The marts of {'; '.join(failures)} could not be computed: mend the model or the data. "
            "Their marks stay, so that the next round tries again."
        )
    return computed


def wait_until_idle(connection: psycopg.Connection) -> None:
    """Wait until no refresh is at work: progress and findings come after the marks are gone.

    Args:
        connection: As the writer, outside any transaction.
    """
    with _turn(connection):
        pass


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


@contextmanager
def _collected(connection: psycopg.Connection, failures: list[str], what: str) -> Iterator[None]:
    """Let the others go on when one computation fails; which one and why is kept."""
    try:
        yield
    except psycopg.Error as error:
        if connection.closed:
            raise
        failures.append(f"{what} ({error.diag.message_primary or type(error).__name__})")


def _follow_ledger(connection: psycopg.Connection, *, everything: bool) -> None:
    """Add the deliveries that the marts do not tell of yet, or not as they are now."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        _run_models(
            connection,
            LEDGER,
            {"public_feeds": _public_feeds(), "everything": everything, "geography_code": PROVINCE_CODE},
        )


def _compute(connection: psycopg.Connection, feed: str, period: str) -> list[str]:
    """Compute what a mark means; return the periods in their order, none when the mark is gone."""
    contract = contracts().get(feed)
    with connection.transaction():
        # What loads commit while the models run is for the next round: all of them see the same rows.
        connection.execute("set transaction isolation level repeatable read")
        marks = _marks(connection, contract, feed, period)
        periods = _periods(connection, contract, marks)
        # A feed that is no longer collected has no models; its mark just goes.
        if contract is not None and periods:
            for each in periods:
                _run_models(connection, feed, _parameters(contract, Period.parse(each)), names_of(contract))
            _compute_reports(connection, later_reports(connection, contract, Period.parse(periods[0])))
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


def _compute_reports(connection: psycopg.Connection, reports: list[tuple[Contract, Period]]) -> None:
    """Make only the facts of some reports again."""
    (fact,) = (model for model in models() if model.name == REPORT_MODEL)
    for contract, period in reports:
        fact.run(connection, _parameters(contract, period), names_of(contract))


def _parameters(contract: Contract, period: Period) -> dict[str, Any]:
    """Return what the models of a feed may ask for."""
    return {
        "feed": contract.feed,
        "period": str(period),
        "period_end_on": contract.last_day(period),
        "geography_code": PROVINCE_CODE,
        "public_feeds": _public_feeds(),
    }


def _public_feeds() -> list[str]:
    """Return the feeds whose rows are no persons; one that has no contract any more is not among them."""
    return [feed for feed, contract in contracts().items() if not contract.personal]


def _run_models(
    connection: psycopg.Connection,
    source: str,
    parameters: Mapping[str, Any],
    names: Mapping[str, sql.Composable] = MappingProxyType({}),
) -> None:
    """Run the models of a feed, or of the ledger, in the caller's transaction."""
    own = [model for model in models() if source in model.feeds]
    for model in own:
        model.run(connection, parameters, names)
    for model in own:
        model.clear(connection)
