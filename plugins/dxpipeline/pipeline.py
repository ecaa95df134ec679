"""The way of a file, stage by stage: claim, read, check, load, answer, archive.

Every stage first asks the ledger what is still to do and commits its result together with the new state,
so that any of them may run twice, or die, without losing or doubling a row. Airflow's tasks and the
`dxpipeline` command call the functions here: `sweep`, `drain` and `finish_leftovers`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg

from dxpipeline.contracts import Contract, contracts
from dxpipeline.failures import describe
from dxpipeline.feedback.archive import ArchiveError, archive, archive_path, drop_archived_work, is_private
from dxpipeline.feedback.outbox import write_answer
from dxpipeline.intake.claim import claim_ready_files, temporary_files_beside, work_path
from dxpipeline.loading.settle import settle
from dxpipeline.preparation import Delivery, prepare_batch, recorded_failure
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.privacy.keys import archive_identities, privacy_keys, verify_archive_key, verify_key
from dxpipeline.settings import ConfigurationError, Settings
from dxpipeline.warehouse.connection import WarehouseUnavailable, broken_off, connect
from dxpipeline.warehouse.sql_files import read_sql
from dxpipeline.worklist import BATCH, Work, batches, pending_work

MOST_WORKERS = 2
"""Workers that take small files of one upsert feed side by side."""

log = logging.getLogger(__name__)


class Unanswered(Exception):
    """Verdicts stand in the ledger, but an answer or the archive could not be written."""


def sweep(settings: Settings) -> list[Work]:
    """Claim what stands still and say which feeds have work.

    Raises:
        WarehouseUnavailable: The warehouse does not answer; files stay where they are.
    """
    with _warehouse(settings) as connection:
        claimed = claim_ready_files(settings, connection)
        if claimed:
            log.info("Claimed %d file(s).", len(claimed))
        return pending_work(connection)


def finish_leftovers(settings: Settings) -> None:
    """Answer and archive every delivery that has a verdict and died before, or fits no feed.

    Raises:
        WarehouseUnavailable: The warehouse does not answer.
        Unanswered: An answer or the archive could not be written; the next sweep tries again.
    """
    unanswered: list[str] = []
    with _warehouse(settings) as connection:
        for (delivery_id,) in connection.execute(read_sql("ledger/unfinished_deliveries")).fetchall():
            with _collected(unanswered):
                finish(settings, connection, delivery_id)
        drop_archived_work(settings, connection)
    if unanswered:
        raise Unanswered(" ".join(unanswered))


def waiting_units(settings: Settings, feed: str) -> list[str]:
    """Return the reporting units of a feed that have deliveries without a verdict."""
    with _warehouse(settings) as connection:
        return [work.reporting_unit for work in pending_work(connection) if work.feed == feed]


def waiting_batches(settings: Settings, feed: str) -> list[int]:
    """Return a number from 0 for each worker that the small files of an upsert feed are worth."""
    with _warehouse(settings) as connection:
        small = sum(work.free for work in pending_work(connection) if work.feed == feed and not work.large)
    return list(range(min(MOST_WORKERS, math.ceil(small / BATCH))))


def drain(settings: Settings, feed: str, reporting_unit: str, *, large: bool = False) -> list[int]:
    """Process the waiting deliveries of a reporting unit that no other worker holds.

    Of a snapshot feed in the order of arrival, one worker at a time: a second one waits and finds nothing
    left to do. Of an upsert feed side by side with other workers, the small files or the large ones.

    Returns:
        The numbers of the deliveries that got their verdict here.

    Raises:
        ConfigurationError: The feed is personal and its keys are missing or wrong; nothing was read.
        WarehouseUnavailable: The warehouse does not answer; the rest waits.
        ProcessingFailed: A file made the program fail; it is tried again, and refused the third time.
        Unanswered: An answer or the archive could not be written; the next sweep tries again.
    """
    decided: list[int] = []
    unanswered: list[str] = []
    with _warehouse(settings) as connection:
        hasher = _hasher(settings, connection, contracts()[feed])
        for batch in batches(connection, feed, reporting_unit, large=large):
            with _attempts_closed(settings, connection, batch):
                for prepared in prepare_batch(settings, connection, batch, hasher):
                    delivery_id = prepared.delivery.delivery_id
                    with recorded_failure(connection, prepared):
                        outcome = settle(connection, prepared)
                    log.info("Delivery %d: %s %s.", delivery_id, outcome.verdict, outcome.counts)
                    decided.append(delivery_id)
                    with _collected(unanswered):
                        finish(settings, connection, delivery_id)
    if unanswered:
        raise Unanswered(" ".join(unanswered))
    return decided


def finish(settings: Settings, connection: psycopg.Connection, delivery_id: int) -> None:
    """Answer and archive a delivery that has its verdict; what was done already is not done again.

    Raises:
        OSError: The answer cannot be written.
        ArchiveError: The archive cannot be written, or the bytes changed since they were received.
        ConfigurationError: The file may be personal, and the archive's key is missing or wrong.
    """
    parameters = {"delivery_id": delivery_id}
    with connection.transaction():
        row = connection.execute(read_sql("ledger/lock_unfinished_delivery"), parameters).fetchone()
        if row is None:
            return
        token, _, answered, *_ = row
        if not answered:
            # openpyxl writes the sheets of a marked workbook, persons included, into temporary files first.
            with temporary_files_beside(settings, token):
                receipt = write_answer(settings, connection, delivery_id, work_path(settings, token))
            connection.execute(
                read_sql("ledger/record_answer"),
                {**parameters, "receipt_path": str(receipt.relative_to(settings.outbox))},
            )
    with connection.transaction():
        row = connection.execute(read_sql("ledger/lock_unfinished_delivery"), parameters).fetchone()
        if row is None:
            return
        token, sha256, _, feed, verdict = row
        source = work_path(settings, token)
        if source is not None:
            private = is_private(feed, verdict) or archive_path(settings, sha256, private=True).exists()
            if private:
                verify_archive_key(connection, archive_identities(settings))
            archive(settings, source, sha256, private=private)
        connection.execute(read_sql("ledger/record_archive"), parameters)
    drop_archived_work(settings, connection, token)


def _hasher(settings: Settings, connection: psycopg.Connection, contract: Contract) -> KeyedHasher | None:
    """Return what hashes the identifiers of a personal feed, before anything of it is read."""
    if not contract.personal:
        return None
    keys = privacy_keys(settings)
    verify_key(connection, keys)
    verify_archive_key(connection, keys.archive_identities)
    return KeyedHasher(keys.hash_key, keys.version)


@contextmanager
def _warehouse(settings: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection of the writer; an error that ends its work is told without what it quotes."""
    with connect(settings, autocommit=True) as connection:
        try:
            yield connection
        except psycopg.OperationalError as error:
            raise broken_off(error) from None


@contextmanager
def _attempts_closed(
    settings: Settings, connection: psycopg.Connection, batch: Sequence[Delivery]
) -> Iterator[None]:
    """Close the attempts that are given up here: only a worker that was killed leaves one open."""
    row = connection.execute(read_sql("ledger/last_attempt")).fetchone()
    try:
        yield
    except BaseException:
        # The connection may be what failed.
        with suppress(WarehouseUnavailable, psycopg.Error), connect(settings, autocommit=True) as other:
            parameters = {
                "delivery_ids": [delivery.delivery_id for delivery in batch],
                "last_attempt": row[0] if row else 0,
            }
            other.execute(read_sql("ledger/close_interrupted_attempts"), parameters)
        raise


@contextmanager
def _collected(failures: list[str]) -> Iterator[None]:
    """Let the next delivery go on when one cannot be answered or archived; the failure is kept."""
    try:
        yield
    except psycopg.OperationalError:
        raise
    except (OSError, ArchiveError, ConfigurationError) as error:
        log.error("%s", error)
        failures.append(str(error))
    except Exception as error:
        log.error("An answer failed: %s.", describe(error))
        failures.append(f"An answer failed: {describe(error)}.")
