"""The verdict of a delivery: duplicate, rejected, or loaded, written with everything it means."""

from __future__ import annotations

import psycopg

from dxpipeline.ahead import ahead
from dxpipeline.contracts import LoadMode
from dxpipeline.loading.counts import Changes, Counts
from dxpipeline.loading.load import Load, Outcome, record_rejection
from dxpipeline.loading.origin import Origin, Scope
from dxpipeline.loading.staging import to_json
from dxpipeline.messages import sentence
from dxpipeline.periods import HO_CHI_MINH
from dxpipeline.preparation import Prepared, SameBytes, cross_checked, find_same_bytes, read_late
from dxpipeline.reading.model import FileRejected
from dxpipeline.reporting.locks import refuse_locked
from dxpipeline.warehouse.sql_files import read_sql


def settle(connection: psycopg.Connection, prepared: Prepared) -> Outcome:
    """Give a delivery its verdict, in one transaction.

    The caller holds the reporting unit of a snapshot feed (`ledger/lock_reporting_unit`), so that verdicts
    are given in the order of arrival; of an upsert feed only the delivery (`ledger/try_delivery`), in any
    order.

    Args:
        connection: As the writer, in autocommit mode.
        prepared: What reading and checking found.
    """
    with connection.transaction():
        same = None if prepared.rejection else find_same_bytes(connection, prepared)
        if same is not None:
            outcome = _duplicate(same, prepared.contract.load_mode)
        else:
            read_late(prepared)
            outcome = _load(connection, prepared)
        _record(connection, prepared, outcome)
    return outcome


def _load(connection: psycopg.Connection, prepared: Prepared) -> Outcome:
    checked, delivery = prepared.checked, prepared.delivery
    rejection = prepared.rejection
    period = str(checked.found.period) if checked else rejection.period if rejection else None
    origin = Origin(
        delivery.delivery_id,
        delivery.received_seq,
        prepared.attempt_id,
        delivery.department,
        Scope(prepared.contract, delivery.reporting_unit, period or ""),
        checked.found.source if checked else None,
        bool(checked and checked.is_correction),
        checked.document.layouts if checked else [],
        prepared.hasher,
    )
    if rejection is not None or checked is None:
        reason = rejection or FileRejected("processing-failed", delivery=str(delivery.delivery_id))
        return record_rejection(connection, origin, reason)
    try:
        # What a refused file staged is rolled back; only its rejection is kept.
        with connection.transaction():
            refuse_locked(connection, origin)
            with cross_checked(prepared) as blocks:
                load = Load(connection, origin)
                shaped = map(load.shape, blocks)
                for block in shaped if isinstance(checked.blocks, list) else ahead(shaped):
                    load.add(block)
                return load.finish(checked.findings, checked.document.skipped, checked.notes)
    except FileRejected as reason:
        return record_rejection(connection, origin, reason)


def _duplicate(same: SameBytes, load_mode: LoadMode) -> Outcome:
    changes = Changes(same.rows_accepted, *((0, 0, 0) if load_mode == "upsert" else ()))
    counts = Counts(same.rows_accepted, same.rows_quarantined, same.rows_skipped, changes)
    reason = FileRejected(
        "duplicate",
        file_name=same.file_name,
        received_at=f"{same.received_at.astimezone(HO_CHI_MINH):%H:%M %d/%m/%Y}",
        delivery=f"{same.delivery_id:06d}",
    )
    return Outcome(same.submission_id, "duplicate", counts, reason)


def _record(connection: psycopg.Connection, prepared: Prepared, outcome: Outcome) -> None:
    reason = outcome.reason
    decided = connection.execute(
        read_sql("ledger/decide_delivery"),
        {
            "delivery_id": prepared.delivery.delivery_id,
            "submission_id": outcome.submission_id,
            "verdict": outcome.verdict,
            "reason_code": reason.code if reason else None,
            "reason": sentence(reason.code, "vi", **reason.details) if reason else None,
            "reason_details": to_json(reason.details) if reason else None,
            "rows_read": outcome.counts.read,
            "rows_accepted": outcome.counts.accepted,
            "rows_unchanged": outcome.counts.changes.unchanged,
            "rows_new": outcome.counts.changes.new,
            "rows_replaced": outcome.counts.changes.replaced,
            "rows_older": outcome.counts.changes.older,
            "rows_quarantined": outcome.counts.quarantined,
            "rows_skipped": outcome.counts.skipped,
        },
    ).fetchone()
    if decided is None:
        raise RuntimeError(f"Delivery {prepared.delivery.delivery_id} has a verdict already.")
    checked = prepared.checked if outcome.verdict not in ("duplicate", "rejected") else None
    connection.execute(
        read_sql("ledger/finish_attempt"),
        {
            "attempt_id": prepared.attempt_id,
            "submission_id": outcome.submission_id,
            "error": None,
            "expectation_results": to_json(checked.findings.results) if checked else None,
        },
    )
