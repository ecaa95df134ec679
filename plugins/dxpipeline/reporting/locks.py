"""Closed periods: a file for one is refused, unless its department has leave to send until a day.

Of a feed of versions a file for an earlier period changes the later ones too, so that a lock closes every
period up to its own. A load holds the feed's periods open for as long as its transaction lasts, and closing
one waits for the loads under way: once a lock is set, nothing changes its period any more.
"""

from __future__ import annotations

import getpass
from datetime import date

import psycopg

from dxpipeline.contracts import Contract, contracts
from dxpipeline.loading.origin import Origin
from dxpipeline.periods import HO_CHI_MINH, Period
from dxpipeline.reading.model import FileRejected
from dxpipeline.reference import departments
from dxpipeline.settings import ConfigurationError
from dxpipeline.warehouse.sql_files import read_sql

RULE = "period-lock"
"""Name of the rule where it is left out, since a check without a warehouse knows no locks."""


def refuse_locked(connection: psycopg.Connection, origin: Origin) -> None:
    """Refuse a submission for a closed period, and hold its period open until the transaction ends.

    Args:
        connection: As the writer, in the transaction that loads the submission.
        origin: The submission, a mend included.

    Raises:
        FileRejected: The period is closed and the department has no leave to send (`period-locked`).
    """
    scope = origin.scope
    connection.execute(read_sql("reporting/hold_periods_open"), scope.parameters)
    row = connection.execute(
        read_sql("reporting/closing_lock"),
        {
            **scope.parameters,
            "delivery_id": origin.delivery_id,
            "earlier_too": scope.contract.load_mode == "upsert",
        },
    ).fetchone()
    if row is not None:
        period, locked_at, reason = row
        raise FileRejected(
            "period-locked",
            period=Period.parse(period).label_vi(),
            locked_on=f"{locked_at.astimezone(HO_CHI_MINH):%d/%m/%Y}",
            why=reason or "",
        )


def lock_period(connection: psycopg.Connection, feed: str, period: str, reason: str | None) -> None:
    """Close a period; waits for the loads of the feed that are under way.

    Args:
        connection: As the writer.
        feed: The feed.
        period: The period in its canonical form, such as `2021-Q1`.
        reason: Why; it is told to who sends a file for the period.

    Raises:
        ConfigurationError: There is no such feed or period, or the period is closed already.
    """
    parameters = _scope(feed, period)
    with connection.transaction():
        connection.execute(read_sql("reporting/close_periods"), parameters)
        row = connection.execute(
            read_sql("reporting/lock_period"), {**parameters, "reason": reason, "by": _who()}
        ).fetchone()
    if row is None:
        raise ConfigurationError(f"{feed} {period} is locked already: nothing was changed.")


def unlock_period(connection: psycopg.Connection, feed: str, period: str) -> None:
    """Open a period again; the lock stays on record.

    Args:
        connection: As the writer.
        feed: The feed.
        period: The period in its canonical form.

    Raises:
        ConfigurationError: There is no such feed or period, or the period is not closed.
    """
    parameters = {**_scope(feed, period), "by": _who()}
    if connection.execute(read_sql("reporting/unlock_period"), parameters).fetchone() is None:
        raise ConfigurationError(f"{feed} {period} is not locked: nothing was changed.")


def allow_department(
    connection: psycopg.Connection, feed: str, period: str, department: str, until: date, reason: str | None
) -> None:
    """Let a department send files for a closed period until a day.

    Args:
        connection: As the writer.
        feed: The feed.
        period: The period in its canonical form.
        department: The department, in whose folder the files lie.
        until: The last day on which they may be received.
        reason: Why.

    Raises:
        ConfigurationError: There is no such feed, period or department, the feed is not taken from it, or the
            period is not closed.
    """
    parameters = _scope(feed, period)
    if department not in {one.department_code for one in departments()}:
        raise ConfigurationError(
            f"There is no department {department!r}: give one of include/reference/department.csv."
        )
    if not contracts()[feed].accepts_department(department):
        raise ConfigurationError(f"{feed} is not taken from {department}: give one of its owners.")
    row = connection.execute(
        read_sql("reporting/allow_department"),
        {**parameters, "department_code": department, "until_on": until, "reason": reason, "by": _who()},
    ).fetchone()
    if row is None:
        raise ConfigurationError(f"{feed} {period} is not locked: there is nothing to except from.")


def _scope(feed: str, period: str) -> dict[str, str]:
    contract = contracts().get(feed)
    if contract is None:
        raise ConfigurationError(f"There is no feed {feed!r}: give one of {', '.join(contracts())}.")
    return {"feed": feed, "period": str(_period(contract, period))}


def _period(contract: Contract, text: str) -> Period:
    try:
        period = Period.parse(text)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    if period.frequency != contract.frequency:
        raise ConfigurationError(
            f"{text} is no period of {contract.feed}, which is reported {contract.frequency}."
        )
    return period


def _who() -> str:
    return getpass.getuser()
