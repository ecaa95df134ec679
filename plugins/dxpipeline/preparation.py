"""From a claimed file to checked rows: read and check, nothing written but the start of the attempt."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from dxpipeline import __version__
from dxpipeline.ahead import ahead
from dxpipeline.contracts import Contract, contracts
from dxpipeline.failures import describe
from dxpipeline.intake.claim import hash_file, work_path
from dxpipeline.periods import HO_CHI_MINH
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.cross_check import Disagreement, cross_check
from dxpipeline.quality.derived import DerivationError, look_up_version
from dxpipeline.quality.model import CheckedBlock, FileFindings
from dxpipeline.quality.reported import codes_before, reported_codes
from dxpipeline.quality.sample_check import sampled
from dxpipeline.quality.suite import Suite, SuiteError, load_suite
from dxpipeline.reading import open_document
from dxpipeline.reading.model import Document, FileRejected
from dxpipeline.reading.period import FoundPeriod, find_period, periods_in_name, says_correction
from dxpipeline.settings import Settings
from dxpipeline.warehouse.sql_files import read_sql

if TYPE_CHECKING:
    import polars as pl

SMALL_BYTES = 8_000_000
"""Files up to this size are held in memory once checked, and cross-checked together."""

MAXIMUM_FAILURES = 3
"""Attempts that may be killed or fail before the file is refused, so that the next ones go on."""

log = logging.getLogger(__name__)


class ProcessingFailed(Exception):
    """The program failed at a file; the ledger has the error, and the file is tried again."""


@dataclass(frozen=True)
class Delivery:
    """A delivery that waits for its verdict."""

    delivery_id: int
    received_seq: int
    received_at: datetime
    department: str
    feed: str
    reporting_unit: str
    file_name: str
    claim_token: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class SameBytes:
    """A submission of the same bytes that counts: the current one, or one that an upsert feed loaded."""

    delivery_id: int
    submission_id: int
    file_name: str
    received_at: datetime
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_skipped: int
    period: str
    period_source: str


@dataclass(frozen=True)
class Versions:
    """What a check depends on besides the bytes."""

    contract_digest: str
    suite_digest: str
    reference_digest: str
    code_version: str = __version__


@dataclass
class CheckedFile:
    """A file whose table and period were found, and its checked blocks.

    Attributes:
        document: The reader; its notes and skipped rows are complete when `blocks` is exhausted.
        found: The period and where it was read.
        is_correction: Whether name or title says that it corrects an earlier file.
        checker: Gives the findings of the whole file once `blocks` is exhausted.
        blocks: The checked blocks; a list for a small file, read while they are consumed for a large one.
    """

    document: Document
    found: FoundPeriod
    is_correction: bool
    checker: Checker
    blocks: Iterable[CheckedBlock]

    @cached_property
    def findings(self) -> FileFindings:
        """What only the whole file shows; to be asked once `blocks` is exhausted."""
        return self.checker.finish()

    @property
    def notes(self) -> list[str]:
        """What was noticed while reading and typing."""
        return [*self.document.notes, *self.checker.notes]


@dataclass
class Prepared:
    """A delivery on its way to its verdict: read and checked, refused, or known already."""

    delivery: Delivery
    contract: Contract
    versions: Versions
    attempt_id: int
    source: Path
    suite: Suite | None = None
    checked: CheckedFile | None = None
    rejection: FileRejected | None = None
    hasher: KeyedHasher | None = None
    reported: Mapping[str, pl.Series] = field(default_factory=dict)


def check_file(
    path: Path,
    name: str,
    contract: Contract,
    suite: Suite,
    received_at: datetime,
    *,
    small: bool = True,
    reported: Mapping[str, pl.Series] | None = None,
) -> CheckedFile:
    """Read and check a file against its contract and suite; needs no database.

    Args:
        path: The bytes.
        name: The sender's file name, which may say the period.
        contract: The feed.
        suite: Its rules.
        received_at: When the file came; "not in the future" is measured against it.
        small: Whether the checked rows may be held in memory.
        reported: The codes that other feeds have reported, by feed; a rule that needs what is not there
            judges nothing (`Checker.rules_left_out`).

    Raises:
        FileRejected: Nothing of the file can be loaded.
    """
    try:
        document = open_document(path, name, contract)
    except FileRejected as reason:
        with suppress(FileRejected):
            reason.period = str(find_period(reason.titles, name, contract.frequency).period)
        raise
    titles = [title for layout in document.layouts for title in layout.titles]
    found = find_period(titles, name, contract.frequency)
    if found.period.first_day(contract.calendar) > received_at.astimezone(HO_CHI_MINH).date():
        raise FileRejected("future-period", period=found.period.label_vi())
    checker = Checker(contract, suite, found.period, received_at, document.layouts, reported)
    blocks: Iterable[CheckedBlock] = (
        list(map(checker.check, document.blocks()))
        if small
        else ahead(map(checker.check, ahead(document.blocks())))
    )
    return CheckedFile(document, found, says_correction(titles, name), checker, blocks)


def read(prepared: Prepared) -> None:
    """Read and check the file, unless that was done or it is refused already."""
    if prepared.checked is not None or prepared.rejection is not None or prepared.suite is None:
        return
    delivery = prepared.delivery
    try:
        prepared.checked = check_file(
            prepared.source,
            delivery.file_name,
            prepared.contract,
            prepared.suite,
            delivery.received_at,
            small=delivery.size_bytes <= SMALL_BYTES,
            reported=prepared.reported,
        )
    except FileRejected as reason:
        prepared.rejection = reason
    except (SuiteError, DerivationError) as error:
        log.error("%s", error)
        prepared.rejection = FileRejected("broken-suite", feed=delivery.feed)


def read_late(prepared: Prepared) -> None:
    """Read, check and cross-check a file that was a duplicate when its batch was prepared and is none now."""
    if prepared.checked is None and prepared.rejection is None:
        read(prepared)
        _cross_check_together([prepared])


def prepare_batch(
    settings: Settings,
    connection: psycopg.Connection,
    batch: Sequence[Delivery],
    hasher: KeyedHasher | None,
) -> Iterator[Prepared]:
    """Prepare deliveries in their order; the small ones are cross-checked together.

    A large file goes alone, and so does one whose attempt failed: if it ends its worker again, no other file
    is under way with it.

    Raises:
        ProcessingFailed: The program failed at a file. What stands before it was yielded.
    """
    reported = reported_codes(connection, contracts()[batch[0].feed]) if batch else {}
    ready: list[Prepared] = []
    failure: ProcessingFailed | None = None
    for delivery in batch:
        failures = _failed_attempts(connection, delivery)
        alone = failures > 0 or delivery.size_bytes > SMALL_BYTES
        if ready and alone:
            break
        prepared = _start(settings, connection, delivery, failures)
        prepared.hasher = hasher
        prepared.reported = codes_before(reported, delivery.received_seq)
        try:
            with recorded_failure(connection, prepared):
                if find_same_bytes(connection, prepared) is None:
                    read(prepared)
        except ProcessingFailed as error:
            failure = error
            break
        ready.append(prepared)
        if alone:
            break
    _cross_check_together(ready)
    yield from ready
    if failure is not None:
        raise failure


@contextmanager
def recorded_failure(connection: psycopg.Connection, prepared: Prepared) -> Iterator[None]:
    """Record in the ledger that the program failed at a file.

    Raises:
        ProcessingFailed: In place of the failure.
    """
    try:
        yield
    except psycopg.OperationalError:
        # The warehouse is away: that is no failure of the file, and nothing can be recorded.
        raise
    except Exception as error:
        delivery = prepared.delivery
        connection.execute(
            read_sql("ledger/finish_attempt"),
            {
                "attempt_id": prepared.attempt_id,
                "submission_id": None,
                "error": describe(error),
                "expectation_results": None,
            },
        )
        raise ProcessingFailed(
            f"Delivery {delivery.delivery_id} ({delivery.feed}): the program failed, {describe(error)}; "
            f"it is noted in ledger.attempt {prepared.attempt_id}, and the file is tried again."
        ) from None  # the message of the error may quote the file


def find_same_bytes(connection: psycopg.Connection, prepared: Prepared) -> SameBytes | None:
    """Return a submission of the same bytes and period that counts, checked under the same versions.

    Of a snapshot feed that is the current one, of an upsert feed the first that was loaded.
    """
    delivery = prepared.delivery
    named = {str(period) for period in periods_in_name(delivery.file_name, prepared.contract.frequency)}
    rows = connection.execute(
        read_sql("ledger/same_bytes"),
        {
            "feed": delivery.feed,
            "reporting_unit": delivery.reporting_unit,
            "sha256": delivery.sha256,
            "upsert": prepared.contract.load_mode == "upsert",
            **vars(prepared.versions),
        },
    ).fetchall()
    return next((same for same in (SameBytes(*row) for row in rows) if _is_of_period(same, named)), None)


def _is_of_period(same: SameBytes, named: set[str]) -> bool:
    """Say whether the bytes mean the same period; their title is the same, so only the name can differ."""
    if same.period_source == "name":
        return named == {same.period}
    return not named or same.period in named


def _failed_attempts(connection: psycopg.Connection, delivery: Delivery) -> int:
    row = connection.execute(
        read_sql("ledger/count_failed_attempts"), {"delivery_id": delivery.delivery_id}
    ).fetchone()
    return int(row[0]) if row else 0


def _start(settings: Settings, connection: psycopg.Connection, delivery: Delivery, failures: int) -> Prepared:
    contract = contracts()[delivery.feed]
    suite: Suite | None = None
    rejection: FileRejected | None = None
    try:
        suite = load_suite(contract)
    except SuiteError as error:
        log.error("%s", error)
        rejection = FileRejected("broken-suite", feed=contract.feed)
    versions = Versions(contract.digest, suite.digest if suite else "", look_up_version())
    if failures >= MAXIMUM_FAILURES:
        rejection = FileRejected("processing-failed", delivery=str(delivery.delivery_id))
    attempt = connection.execute(
        read_sql("ledger/start_attempt"), {"delivery_id": delivery.delivery_id, **vars(versions)}
    ).fetchone()
    if attempt is None:
        raise RuntimeError(f"The ledger gave no number for an attempt at delivery {delivery.delivery_id}.")
    source = work_path(settings, delivery.claim_token) or settings.work_folder / delivery.claim_token
    delivery = _as_it_lies(connection, delivery, source)
    return Prepared(delivery, contract, versions, int(attempt[0]), source, suite, rejection=rejection)


def _as_it_lies(connection: psycopg.Connection, delivery: Delivery, source: Path) -> Delivery:
    """Return the delivery with the bytes that are there now; a rename does not stop a writer."""
    sha256 = hash_file(source) if source.is_file() else delivery.sha256
    if sha256 == delivery.sha256:
        return delivery
    log.warning("Delivery %d changed after it was claimed; what is there now counts.", delivery.delivery_id)
    changed = replace(delivery, sha256=sha256, size_bytes=source.stat().st_size)
    connection.execute(read_sql("ledger/record_bytes"), vars(changed))
    return changed


def cross_checked(prepared: Prepared) -> AbstractContextManager[Iterable[CheckedBlock]]:
    """Give the checked blocks to a `with`; of a large file Great Expectations checks a sample meanwhile.

    Raises:
        FileRejected: The two disagree (`cross-check-disagreement`); said at the end of the `with`.
    """
    checked, suite = prepared.checked, prepared.suite
    if checked is None or suite is None:
        return nullcontext(())
    if isinstance(checked.blocks, list):
        return nullcontext(checked.blocks)
    return sampled(prepared.contract, suite, prepared.delivery.delivery_id, checked.blocks)


def _cross_check_together(ready: Sequence[Prepared]) -> None:
    """Let Great Expectations check the checker, once over all small files; refuse those it disputes."""
    held = [(prepared, _held_rows(prepared)) for prepared in ready]
    disagreement = _dispute(held)
    if disagreement is None:
        return
    disputes = [(prepared, _dispute([(prepared, rows)])) for prepared, rows in held]
    alone = [(prepared, own) for prepared, own in disputes if own is not None]
    # Where it shows only together, nobody can say whose it is; what was not read has no part in it.
    for prepared, own in alone or [(prepared, disagreement) for prepared, rows in held if rows]:
        log.error("Delivery %d: %s", prepared.delivery.delivery_id, own)
        prepared.rejection = FileRejected("cross-check-disagreement", rule=own.rule)


def _held_rows(prepared: Prepared) -> list[CheckedBlock]:
    checked = prepared.checked
    return checked.blocks if checked is not None and isinstance(checked.blocks, list) else []


def _dispute(held: Sequence[tuple[Prepared, list[CheckedBlock]]]) -> Disagreement | None:
    batch = [(prepared.delivery.delivery_id, block) for prepared, blocks in held for block in blocks]
    findings = {
        prepared.delivery.delivery_id: prepared.checked.findings
        for prepared, blocks in held
        if blocks and prepared.checked is not None
    }
    first = held[0][0] if held else None
    if not batch or first is None or first.suite is None:
        return None
    return cross_check(first.contract, first.suite, batch, findings)
