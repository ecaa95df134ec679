"""Everything a receipt says about a delivery, read from the ledger and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row

from dxpipeline.contracts import Contract, ContractError, load_contract
from dxpipeline.loading.load import KEPT_ISSUES
from dxpipeline.quality.model import Severity, Verdict
from dxpipeline.quality.suite import SuiteError, load_suite
from dxpipeline.settings import CONTRACTS
from dxpipeline.warehouse.sql_files import read_sql

_ISSUES_AT_ONCE = 10_000

WHOLE_COPY_BYTES = 8_000_000
"""Text files up to this size come back whole, larger ones of an upsert feed with the rows to mend only."""


class NotDecided(Exception):
    """The delivery does not exist or has no verdict yet, so there is nothing to answer."""


@dataclass(frozen=True)
class Issue:
    """An error or a warning: at a cell, a whole line (no column), or the whole file (no row)."""

    sheet: str | None
    source_row: int | None
    column_name: str | None
    code: str
    severity: Severity
    rule: str
    value: str | None
    details: Mapping[str, str] | None = None


@dataclass(frozen=True)
class IssueCount:
    """How many issues of one kind a column has."""

    severity: Severity
    column_name: str | None
    code: str
    issues: int


@dataclass(frozen=True)
class SkippedRows:
    """The lines that were skipped for one reason.

    Attributes:
        count: How many there are.
        first: The row numbers of the first thousand at most.
    """

    count: int
    first: tuple[int, ...]


@dataclass(frozen=True)
class RelatedDelivery:
    """Another delivery that this one repeats, mends, replaces or is replaced by."""

    delivery_id: int
    file_name: str
    received_at: datetime


@dataclass(frozen=True)
class SheetLayout:
    """Where the table of a sheet stands.

    Attributes:
        sheet: Name of the sheet, None for a text file.
        header_row: First row of the header block, from 1.
        positions: Contract column -> position of its cells, from 0.
    """

    sheet: str | None
    header_row: int
    positions: Mapping[str, int]


@dataclass(frozen=True)
class Answer:
    """What became of a delivery.

    Attributes:
        delivery_id: Number of the delivery.
        file_name: The clerk's name of the file.
        folder: Folder below the import folder where the file lay.
        department_code: The department, None for an unknown folder.
        feed: The feed, None where none fits.
        received_at: Time of arrival, with its time zone.
        sha256: Hash of the bytes, in hexadecimal.
        size_bytes: Size of the file.
        verdict: The verdict.
        contract: The feed's contract, None without a feed or where it cannot be read.
        reason_code: Why the file was refused or is a duplicate.
        reason: The same as a Vietnamese sentence.
        reason_details: What the sentence tells besides, for the other language.
        rows_read: Lines of the table area; always the sum of accepted, quarantined and skipped.
        rows_accepted: Rows accepted.
        rows_unchanged: Accepted rows that were already so.
        rows_new: Accepted rows of records not known before; None but for upsert feeds, like the next two.
        rows_replaced: Accepted rows that replaced an older version of their record.
        rows_older: Accepted rows older than the version known, which are history only.
        rows_quarantined: Rows held back.
        rows_skipped: Lines that are no records.
        period: Reporting period in canonical form.
        period_source: Where the period was read: `title`, `column` or `name`.
        layouts: Where the tables stand.
        skipped_rows: Why lines were skipped -> how many and which.
        notes: Notes of the reading, `Vietnamese / English`.
        issues: The first `KEPT_ISSUES` issues: those of the whole file, those of the rows with errors, those
            of the rows that have warnings only; by sheet and row.
        issue_counts: How many issues there are of each kind, all of them counted.
        repeats: The delivery whose content this one repeats.
        mends: The delivery whose held back rows this one brings mended.
        superseded_by: A later delivery that is current instead of this one.
        supersedes: The deliveries that this one replaced.
        absent_keys: Keys that the current state lacks because this replacement held their rows back.
        lost_keys: Keys of the replaced state that this replacement does not bring at all.
    """

    delivery_id: int
    file_name: str
    folder: str
    department_code: str | None
    feed: str | None
    received_at: datetime
    sha256: str
    size_bytes: int
    verdict: Verdict
    contract: Contract | None = None
    reason_code: str | None = None
    reason: str | None = None
    reason_details: Mapping[str, str] = field(default_factory=dict)
    rows_read: int = 0
    rows_accepted: int = 0
    rows_unchanged: int = 0
    rows_new: int | None = None
    rows_replaced: int | None = None
    rows_older: int | None = None
    rows_quarantined: int = 0
    rows_skipped: int = 0
    period: str | None = None
    period_source: str | None = None
    layouts: tuple[SheetLayout, ...] = ()
    skipped_rows: Mapping[str, SkippedRows] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()
    issue_counts: tuple[IssueCount, ...] = ()
    repeats: RelatedDelivery | None = None
    mends: RelatedDelivery | None = None
    superseded_by: RelatedDelivery | None = None
    supersedes: tuple[RelatedDelivery, ...] = ()
    absent_keys: tuple[str, ...] = ()
    lost_keys: tuple[str, ...] = ()

    @property
    def issues_total(self) -> int:
        """Return the number of all issues, read or not."""
        return sum(count.issues for count in self.issue_counts)

    @property
    def warnings_total(self) -> int:
        """Return the number of warnings."""
        return sum(count.issues for count in self.issue_counts if count.severity == "warning")

    @property
    def has_errors(self) -> bool:
        """Say whether anything must be mended, instead of looked at again."""
        return any(count.severity == "critical" for count in self.issue_counts)

    @property
    def wants_marked_file(self) -> bool:
        """Say whether the department is to get its file back with cells marked.

        A duplicate is not: the answer to the file it repeats has the marked copy.
        """
        return self.verdict != "duplicate" and any(issue.source_row is not None for issue in self.issues)

    @property
    def is_upsert(self) -> bool:
        """Say whether each row stands for itself, instead of the file being the state of its period."""
        return self.contract is not None and self.contract.load_mode == "upsert"

    @property
    def is_text(self) -> bool:
        """Say whether the file was a text file whose table was found: its layout has no sheet."""
        return bool(self.layouts) and all(layout.sheet is None for layout in self.layouts)

    @property
    def wants_extract(self) -> bool:
        """Say whether the marked copy is to hold the rows to mend only (`rows_to_mend`).

        A part of a snapshot, sent again, would replace the whole; that copy is never cut.
        """
        return self.is_upsert and self.is_text and self.size_bytes > WHOLE_COPY_BYTES

    def layout_of(self, sheet: str | None) -> SheetLayout | None:
        """Return where the table of a sheet stands, None where it was never found."""
        return next((layout for layout in self.layouts if layout.sheet == sheet), None)


def load_answer(connection: psycopg.Connection, delivery_id: int) -> Answer:
    """Read from the ledger what a delivery's receipt says.

    Args:
        connection: A connection that may read the ledger and the quarantine.
        delivery_id: The delivery.

    Raises:
        NotDecided: There is no such delivery, or it has no verdict yet.
    """
    parameters: dict[str, Any] = {"delivery_id": delivery_id}
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(read_sql("feedback/delivery"), parameters).fetchone()
        if row is None or row["verdict"] is None:
            raise NotDecided(
                f"Delivery {delivery_id} has no verdict in ledger.delivery: process it before answering it."
            )
        submission_id = row.pop("submission_id")
        parameters |= {"submission_id": submission_id, "kept": KEPT_ISSUES}
        related: dict[str, list[RelatedDelivery]] = {}
        for other in cursor.execute(read_sql("feedback/related_deliveries"), parameters):
            related.setdefault(other.pop("relation"), []).append(RelatedDelivery(**other))
        contract = _contract(row["feed"])
        # Only a snapshot has keys that a later file can lack.
        is_snapshot = contract is None or contract.load_mode == "snapshot"
        absent = (
            cursor.execute(read_sql("feedback/absent_keys"), parameters).fetchall() if is_snapshot else []
        )
    with connection.cursor(row_factory=class_row(Issue)) as cursor_of_issues:
        issues = cursor_of_issues.execute(read_sql("feedback/issues"), parameters).fetchall()
    with connection.cursor(row_factory=class_row(IssueCount)) as cursor_of_counts:
        counts = cursor_of_counts.execute(read_sql("feedback/issue_counts"), parameters).fetchall()
    reasons = _rule_reasons(contract)
    layouts = row.pop("sheet_layout")
    skipped = row.pop("skipped_rows")
    notes = row.pop("notes")
    return Answer(
        **row,
        contract=contract,
        layouts=tuple(SheetLayout(item["sheet"], item["header_row"], item["positions"]) for item in layouts),
        skipped_rows={why: SkippedRows(rows["count"], tuple(rows["first"])) for why, rows in skipped.items()},
        notes=tuple(notes),
        issues=tuple(_explained(issue, reasons) for issue in issues),
        issue_counts=tuple(counts),
        repeats=_only(related.get("repeats")),
        mends=_only(related.get("mends")),
        superseded_by=_only(related.get("superseded_by")),
        supersedes=tuple(related.get("supersedes", ())),
        absent_keys=tuple(" · ".join(cast(list[str], item["row_key"])) for item in absent),
        lost_keys=() if row["verdict"] == "duplicate" else _lost_keys(connection, contract, submission_id),
    )


def rows_to_mend(connection: psycopg.Connection, answer: Answer) -> Iterator[Issue]:
    """Yield the issues of all rows of a text file that are to be mended, however many, in their order.

    These are the rows that have an error, with their warnings too; where none has, those with warnings. The
    server keeps what was not read yet, so that no transaction is open while the caller works.

    Args:
        connection: A connection that may read the ledger, in autocommit mode.
        answer: The answer to the file.
    """
    reasons = _rule_reasons(answer.contract)
    parameters = {"delivery_id": answer.delivery_id, "has_errors": answer.has_errors}
    with connection.cursor("rows_to_mend", row_factory=class_row(Issue), withhold=True) as cursor:
        cursor.itersize = _ISSUES_AT_ONCE
        for issue in cursor.execute(read_sql("feedback/rows_to_mend"), parameters):
            yield _explained(issue, reasons)


def _lost_keys(
    connection: psycopg.Connection, contract: Contract | None, submission_id: int | None
) -> tuple[str, ...]:
    """Return the keys of the rows that a submission replaced and has no row for, held back ones included."""
    if contract is None or contract.load_mode != "snapshot" or submission_id is None:
        return ()
    same_key = sql.SQL(" and ").join(
        sql.SQL("old.{name} = new.{name}").format(name=sql.Identifier(name)) for name in contract.key
    )
    key = sql.SQL(", ").join(sql.SQL("old.{}::text").format(sql.Identifier(name)) for name in contract.key)
    query = sql.SQL(
        "select distinct array[{key}] as row_key from {core} as old where old.superseded_by = %(submission)s "
        "and not exists (select 1 from {core} as new "
        "where new.submission_id = %(submission)s and {same_key}) "
        "and not exists (select 1 from quarantine.quarantined_row as held "
        "where held.submission_id = %(submission)s and held.row_key = array[{key}]) order by row_key"
    ).format(key=key, core=sql.Identifier("core", contract.feed), same_key=same_key)
    rows = connection.execute(query, {"submission": submission_id}).fetchall()
    return tuple(" · ".join(row_key) for (row_key,) in rows)


def _only(found: list[RelatedDelivery] | None) -> RelatedDelivery | None:
    return found[0] if found else None


def _explained(issue: Issue, reasons: Mapping[str, str]) -> Issue:
    """Give an issue the reason that its rule states, unless it brought one."""
    why = reasons.get(issue.rule)
    return replace(issue, details={"why": why, **(issue.details or {})}) if why else issue


def _rule_reasons(contract: Contract | None) -> Mapping[str, str]:
    try:
        return {rule.id: rule.why for rule in load_suite(contract).rules} if contract else {}
    except SuiteError:
        return {}


@cache
def _contract(feed: str | None) -> Contract | None:
    # A receipt is due also where the contract is what is broken.
    try:
        return load_contract(CONTRACTS / f"{feed}.odcs.yaml") if feed else None
    except ContractError:
        return None
