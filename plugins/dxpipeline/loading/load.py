"""One transaction for one submission: rows, quarantine, issues, counts, verdict and state, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
import psycopg

from dxpipeline.loading import snapshot
from dxpipeline.loading.quarantine import close_mended_rows, hold_back, record_issues
from dxpipeline.loading.snapshot import Scope
from dxpipeline.loading.staging import Staging, to_json
from dxpipeline.quality.model import CheckedBlock, FileFindings, Verdict
from dxpipeline.quality.outcome import FileRejectedWithIssues, verdict_of
from dxpipeline.reading.model import FileRejected, Layout, SkippedRow
from dxpipeline.warehouse.sql_files import read_sql


@dataclass(frozen=True)
class Origin:
    """What is known of a submission before its first row is read."""

    delivery_id: int
    attempt_id: int
    department: str
    scope: Scope
    period_source: str | None
    is_correction: bool
    layouts: list[Layout]


@dataclass(frozen=True)
class Counts:
    """The counts of a delivery: read = accepted + quarantined + skipped."""

    accepted: int = 0
    unchanged: int = 0
    quarantined: int = 0
    skipped: int = 0

    @property
    def read(self) -> int:
        """Return the number of lines of the table area."""
        return self.accepted + self.quarantined + self.skipped


@dataclass(frozen=True)
class Outcome:
    """What became of a submission."""

    submission_id: int
    verdict: Verdict
    counts: Counts
    reason: FileRejected | None = None


class Load:
    """The staged load of one submission, in the caller's transaction.

    Use `add` for every checked block, then `finish` once.
    """

    def __init__(self, connection: psycopg.Connection, origin: Origin) -> None:
        self._connection = connection
        self._origin = origin
        self._staging = Staging(connection, origin.scope.contract, origin.attempt_id)
        self._issues: list[pl.DataFrame] = []
        self._accepted = 0
        self._quarantined = 0

    def add(self, block: CheckedBlock) -> None:
        """Stage the rows of one block."""
        self._staging.add(block.rows)
        self._issues.append(block.issues)
        accepted = int(block.rows["accepted"].sum())
        self._accepted += accepted
        self._quarantined += block.rows.height - accepted

    def finish(self, findings: FileFindings, skipped: Iterable[SkippedRow], notes: list[str]) -> Outcome:
        """Decide, and write everything that the decision means.

        Raises:
            FileRejected: The file as a whole is refused; nothing of it may be kept, so the caller rolls
                back what was staged and records the rejection.
        """
        self._staging.refuse(findings.late_quarantined)
        late = findings.late_quarantined.height
        self._accepted -= late
        self._quarantined += late
        issues = pl.concat([*self._issues, findings.issues])
        verdict = verdict_of(self._accepted, self._quarantined, issues, findings)
        origin, connection = self._origin, self._connection
        decision = snapshot.decide(
            connection, origin.scope, self._staging, is_correction=origin.is_correction
        )
        skipped_rows = list(skipped)
        submission_id = insert_submission(
            connection, origin, "loaded", skipped_rows=skipped_rows, notes=notes
        )
        record_issues(connection, submission_id, issues)
        hold_back(connection, origin.scope, self._staging, submission_id)
        if decision.mends is not None:
            close_mended_rows(connection, origin.scope, self._staging, submission_id)
        snapshot.apply(connection, origin.scope, self._staging, submission_id, decision)
        connection.execute(read_sql("loading/mark_refresh"), origin.scope.parameters)
        self._staging.drop()
        counts = Counts(self._accepted, decision.rows_unchanged, self._quarantined, len(skipped_rows))
        return Outcome(submission_id, verdict, counts)


def record_rejection(connection: psycopg.Connection, origin: Origin, reason: FileRejected) -> Outcome:
    """Write the submission of a file of which nothing is loaded, with its issues where it has any."""
    submission_id = insert_submission(connection, origin, "rejected", skipped_rows=[], notes=[])
    if isinstance(reason, FileRejectedWithIssues):
        record_issues(connection, submission_id, reason.issues)
    return Outcome(submission_id, "rejected", Counts(), reason)


def insert_submission(
    connection: psycopg.Connection,
    origin: Origin,
    state: str,
    *,
    skipped_rows: list[SkippedRow],
    notes: list[str],
) -> int:
    """Write the row of ledger.submission and return its number."""
    by_reason: dict[str, list[int]] = {}
    for skipped in skipped_rows:
        by_reason.setdefault(skipped.why, []).append(skipped.row)
    layout = [
        {"sheet": item.sheet, "header_row": item.header_row, "positions": item.positions}
        for item in origin.layouts
    ]
    row = connection.execute(
        read_sql("loading/insert_submission"),
        {
            **origin.scope.parameters,
            "period": origin.scope.period or None,
            "department_code": origin.department,
            "period_source": origin.period_source,
            "state": state,
            "is_correction": origin.is_correction,
            "sheet_layout": to_json(layout),
            "skipped_rows": to_json(by_reason),
            "notes": to_json(notes),
        },
    ).fetchone()
    if row is None:
        raise RuntimeError(f"The ledger gave no number for delivery {origin.delivery_id}.")
    return int(row[0])
