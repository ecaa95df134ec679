"""One transaction for one submission: rows, quarantine, issues, counts, verdict and state, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

import polars as pl
import psycopg

from dxpipeline.contracts import LoadMode
from dxpipeline.loading import snapshot, upsert
from dxpipeline.loading.counts import Counts
from dxpipeline.loading.origin import Origin
from dxpipeline.loading.quarantine import record_issues
from dxpipeline.loading.staging import StagedBlock, to_json
from dxpipeline.quality.model import CheckedBlock, FileFindings, Verdict
from dxpipeline.quality.outcome import FileRejectedWithIssues, verdict_of
from dxpipeline.reading.model import FileRejected, SkippedRow
from dxpipeline.warehouse.sql_files import read_sql

KEPT_ISSUES = 50_000
"""How many issues of a file are told; of one that is refused as a whole no more of them are kept."""

_MODES: dict[LoadMode, ModuleType] = {"snapshot": snapshot, "upsert": upsert}
"""Each has `start`, which makes the staging tables, and `publish`, which makes their rows count."""


@dataclass(frozen=True)
class Outcome:
    """What became of a submission."""

    submission_id: int
    verdict: Verdict
    counts: Counts
    reason: FileRejected | None = None


@dataclass(frozen=True)
class ShapedBlock:
    """A checked block on its way into the warehouse."""

    rows: StagedBlock
    issues: pl.DataFrame
    superseded: pl.Series


class Load:
    """The staged load of one submission, in the caller's transaction.

    Use `shape` and `add` for every checked block, then `finish` once.
    """

    def __init__(self, connection: psycopg.Connection, origin: Origin) -> None:
        self._connection = connection
        self._origin = origin
        self._mode = _MODES[origin.scope.contract.load_mode]
        self._submission_id = insert_submission(connection, origin, "loaded")
        self._staging = self._mode.start(connection, origin, self._submission_id)
        self._kept_issues = KEPT_ISSUES
        self._issues: list[pl.DataFrame] = []
        self._superseded: list[pl.Series] = []

    def shape(self, block: CheckedBlock) -> ShapedBlock:
        """Bring a block into the form in which it is stored; touches no connection, so any thread may."""
        superseded = block.rows["source_row"].filter(block.rows["superseded"])
        return ShapedBlock(self._staging.shape(block), block.issues, superseded)

    def add(self, block: ShapedBlock) -> None:
        """Stage the rows of one block and record its issues."""
        self._staging.add(block.rows)
        self._superseded.append(block.superseded)
        self._record(block.issues)

    def finish(self, findings: FileFindings, skipped: Iterable[SkippedRow], notes: list[str]) -> Outcome:
        """Decide, and write everything that the decision means.

        Raises:
            FileRejected: The file as a whole is refused; nothing of it may be kept, so the caller rolls
                back what was staged and records the rejection.
        """
        origin, connection, staging = self._origin, self._connection, self._staging
        self._record(findings.issues)
        staging.refuse(findings.late_quarantined)
        if staging.drop_superseded(findings.superseded, self._submission_id) != findings.superseded.height:
            raise RuntimeError(f"Attempt {origin.attempt_id}: not every superseded row was staged.")
        superseded = pl.concat([*self._superseded, findings.superseded["source_row"]])
        verdict = verdict_of(
            staging.accepted,
            staging.quarantined,
            pl.concat(self._issues),
            findings,
            has_warnings=self._has_warnings(),
        )
        changes = self._mode.publish(connection, origin, staging, self._submission_id)
        skipped_rows = list(skipped)
        connection.execute(
            read_sql("loading/complete_submission"),
            {
                "submission_id": self._submission_id,
                "skipped_rows": _by_reason(skipped_rows, superseded),
                "notes": to_json(notes),
            },
        )
        connection.execute(read_sql("loading/mark_refresh"), origin.scope.parameters)
        staging.drop()
        counts = Counts(staging.accepted, staging.quarantined, len(skipped_rows) + len(superseded), changes)
        return Outcome(self._submission_id, verdict, counts)

    def _has_warnings(self) -> bool:
        parameters = {"submission_id": self._submission_id}
        row = self._connection.execute(read_sql("loading/has_warnings"), parameters).fetchone()
        return bool(row and row[0])

    def _record(self, issues: pl.DataFrame) -> None:
        if not self._issues or (self._kept_issues and issues.height):
            self._issues.append(issues.head(self._kept_issues))
            self._kept_issues -= self._issues[-1].height
        record_issues(self._connection, self._submission_id, issues)


def record_rejection(connection: psycopg.Connection, origin: Origin, reason: FileRejected) -> Outcome:
    """Write the submission of a file of which nothing is loaded, with its issues where it has any."""
    submission_id = insert_submission(connection, origin, "rejected")
    if isinstance(reason, FileRejectedWithIssues):
        record_issues(connection, submission_id, reason.issues)
    return Outcome(submission_id, "rejected", Counts(), reason)


def insert_submission(connection: psycopg.Connection, origin: Origin, state: str) -> int:
    """Write the row of ledger.submission and return its number."""
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
        },
    ).fetchone()
    if row is None:
        raise RuntimeError(f"The ledger gave no number for delivery {origin.delivery_id}.")
    return int(row[0])


def _by_reason(skipped: Iterable[SkippedRow], superseded: pl.Series) -> str:
    """Return as JSON the numbers of the skipped rows by reason; the superseded may be millions."""
    found: dict[str, list[int]] = {}
    for row in skipped:
        found.setdefault(row.why, []).append(row.row)
    parts = [f"{to_json(why)}: {to_json(rows)}" for why, rows in found.items()]
    if len(superseded):
        numbers = superseded.sort().cast(pl.String).str.join(",").item()
        parts.append(f'"superseded-in-file": [{numbers}]')
    return "{" + ", ".join(parts) + "}"
