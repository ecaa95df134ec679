"""The commands that need the warehouse: import, status, issues, indicators, connection, migrate."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dxpipeline.contracts import contracts
from dxpipeline.indicators.refresh import refresh
from dxpipeline.indicators.report import current_values
from dxpipeline.intake.folder import scan
from dxpipeline.messages import issue_sentence
from dxpipeline.pipeline import Unanswered, drain, finish_leftovers, sweep
from dxpipeline.preparation import ProcessingFailed
from dxpipeline.settings import ConfigurationError, Settings
from dxpipeline.warehouse.sql_files import read_sql
from dxpipeline.worklist import pending_work

PATIENCE_SECONDS = 60.0
"""How long `import --once` waits for files that are still being written."""


def import_files(
    settings: Settings, connection: psycopg.Connection, *, once: bool, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Take what lies in the import folder through to its answers and the indicators.

    Args:
        settings: Where the folders are.
        connection: As the writer.
        once: Return when the folder is empty or only files that are being written are left; otherwise go
            on until interrupted.
        say: Takes a line of progress, or what failed and is tried again.

    Returns:
        The deliveries that were answered, as dictionaries.

    Raises:
        WarehouseUnavailable: The warehouse does not answer; the rest waits.
        Unanswered: With `once`: an answer or the archive could not be written.
        ConfigurationError: With `once`: the keys of a personal feed are missing; its files wait.
    """
    first = _last_sequence(connection)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        work = sweep(settings)
        unconfigured: ConfigurationError | None = None
        for unit in work:
            if not unit.free:
                continue
            say(f"{unit.feed}: {unit.free} file(s)")
            try:
                drain(settings, unit.feed, unit.reporting_unit, large=unit.large)
            except (ProcessingFailed, Unanswered) as error:
                # Tried again in the next round; a file that fails too often is refused then.
                say(str(error))
            except ConfigurationError as error:
                say(str(error))
                unconfigured = error
        try:
            finish_leftovers(settings)
        except Unanswered as error:
            if once and not work:
                raise
            say(str(error))
        if work:
            refresh(connection)
        if once and unconfigured is not None:
            raise unconfigured
        if not work:
            left = scan(settings.import_folder)
            if once and (not left or time.monotonic() > deadline):
                for candidate in left:
                    say(f"{candidate.path} is still being written or may not be read: it was left there.")
                break
        if not any(unit.free for unit in work):
            time.sleep(settings.settle_seconds or 0.2)
    return _rows(connection, "ledger/deliveries_since", {"received_seq": first})


def status(connection: psycopg.Connection) -> dict[str, Any]:
    """Return what the ledger knows: deliveries by verdict, current submissions, and what waits."""
    return {
        "verdicts": _rows(connection, "ledger/count_verdicts"),
        "current": _rows(connection, "ledger/current_submissions"),
        "waiting": [vars(work) for work in pending_work(connection)],
        "unanswered": _rows(connection, "ledger/unanswered"),
        "to_refresh": _rows(connection, "ledger/marks"),
    }


def issues(connection: psycopg.Connection, delivery_id: int | None) -> list[dict[str, Any]]:
    """Return the issues of one delivery, or those that are open: of the rows in quarantine now.

    Raises:
        ConfigurationError: There is no such delivery.
    """
    if delivery_id is None:
        rows = _rows(connection, "ledger/open_issues")
    else:
        known = "select 1 from ledger.delivery where delivery_id = %s"
        if connection.execute(known, [delivery_id]).fetchone() is None:
            raise ConfigurationError(
                f"There is no delivery {delivery_id}: `dxpipeline import` and the receipts name them."
            )
        rows = _rows(connection, "ledger/delivery_issues", {"delivery_id": delivery_id})
    return [{**row, "message": issue_sentence(contracts()[row["feed"]], row)} for row in rows]


def indicators(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Compute what loads have marked, then return each target with its latest value."""
    refresh(connection)
    return [dict(row) for row in current_values(connection)]


def _last_sequence(connection: psycopg.Connection) -> int:
    row = connection.execute("select coalesce(max(received_seq), 0) from ledger.delivery").fetchone()
    return int(row[0]) if row else 0


def _rows(
    connection: psycopg.Connection, name: str, parameters: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(read_sql(name), parameters).fetchall()
