"""Answers for the tests of this room: made by hand, or by reading and checking a real file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from psycopg import sql

from dxpipeline.contracts import contracts
from dxpipeline.feedback.answer import Answer, Issue, IssueCount, SheetLayout, SkippedRows
from dxpipeline.messages import MissingDetail
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.suite import load_suite
from dxpipeline.reading import open_document
from dxpipeline.reading.period import find_period

HOSPITAL_POSITIONS = {
    name: at
    for at, name in enumerate(
        (
            "hospital_code",
            "hospital_name",
            "hospital_tier",
            "infrastructure_level",
            "his_level",
            "lis_level",
            "ris_pacs_level",
            "emr_level",
            "security_met",
            "it_level",
            "paperless_on",
            "assessed_on",
        ),
        start=1,
    )
}
SHEET = "Biểu báo cáo"


def make_issue(
    row: int | None,
    column: str | None,
    code: str,
    value: str | None = None,
    *,
    severity: Any = "critical",
    sheet: str | None = SHEET,
    **details: str,
) -> Issue:
    return Issue(sheet, row, column, code, severity, "contract", value, details or None)


HOSPITAL_ISSUES = (
    make_issue(13, "his_level", "out-of-range", "9", limit="1–7"),
    make_issue(16, "it_level", "inconsistent-values", "6", severity="warning", limit="≤ 4", other_value="4"),
    make_issue(18, "lis_level", "not-in-list", "khá"),
    make_issue(23, "assessed_on", "bad-date", "31/02/2021"),
    make_issue(28, "hospital_code", "missing-value"),
    make_issue(33, "assessed_on", "future-date", "2031-05-04"),
    make_issue(36, "hospital_code", "duplicate-key", "38021", rows="41"),
    make_issue(41, "hospital_code", "duplicate-key", "38021", rows="36"),
)


def make_answer(**changes: Any) -> Answer:
    """Return the answer to a hospital workbook that was accepted in part, with changes."""
    given = Answer(
        delivery_id=123,
        file_name="BC benh vien quy 2 nam 2021.xlsx",
        folder="so-y-te/smart_hospitals",
        department_code="so-y-te",
        feed="smart_hospitals",
        received_at=datetime(2021, 7, 9, 3, 5, tzinfo=UTC),
        sha256="a3f1" * 16,
        size_bytes=12_345,
        verdict="partially_accepted",
        contract=contracts()["smart_hospitals"],
        rows_read=42,
        rows_accepted=32,
        rows_quarantined=7,
        rows_skipped=3,
        period="2021-Q2",
        period_source="title",
        layouts=(SheetLayout(SHEET, 6, HOSPITAL_POSITIONS),),
        skipped_rows={"group": SkippedRows(2, (9, 21)), "total": SkippedRows(1, (50,))},
        issues=HOSPITAL_ISSUES,
        issue_counts=counts_of(HOSPITAL_ISSUES),
    )
    if "issues" in changes:
        changes.setdefault("issue_counts", counts_of(changes["issues"]))
    return replace(given, **changes)


def make_clean_answer(**changes: Any) -> Answer:
    """Return the answer to a workbook without any fault, with changes."""
    return make_answer(
        **{
            "verdict": "accepted",
            "rows_accepted": 39,
            "rows_quarantined": 0,
            "issues": (),
            **changes,
        }
    )


def counts_of(issues: Iterable[Issue]) -> tuple[IssueCount, ...]:
    kinds: dict[tuple[Any, str | None, str], int] = {}
    for one in issues:
        kind = (one.severity, one.column_name, one.code)
        kinds[kind] = kinds.get(kind, 0) + 1
    return tuple(IssueCount(*kind, count) for kind, count in kinds.items())


def check_file(path: Path, feed: str, name: str | None = None) -> tuple[Answer, pl.DataFrame]:
    """Read and check a real file; return its answer and the typed rows of all its records."""
    contract = contracts()[feed]
    document = open_document(path, name or path.name, contract)
    found = find_period(document.layouts[0].titles, name or path.name, contract.frequency)
    checker = Checker(contract, load_suite(contract), found.period, datetime(2026, 1, 1, tzinfo=UTC))
    blocks = [checker.check(block) for block in document.blocks()]
    findings = checker.finish()
    issues = pl.concat([*(block.issues for block in blocks), findings.issues]).sort(
        "source_row", maintain_order=True
    )
    rows = pl.concat([block.rows for block in blocks])
    refused = issues.filter(severity="critical")["source_row"].n_unique()
    skipped: dict[str, list[int]] = {}
    for row in document.skipped:
        skipped.setdefault(row.why, []).append(row.row)
    listed = tuple(
        Issue(**{**row, "details": json.loads(row["details"]) if row["details"] else None})
        for row in issues.iter_rows(named=True)
    )
    answer = make_answer(
        file_name=name or path.name,
        feed=feed,
        folder=f"so-y-te/{feed}",
        contract=contract,
        period=str(found.period),
        period_source=found.source,
        rows_read=rows.height + len(document.skipped),
        rows_accepted=rows.height - refused,
        rows_quarantined=refused,
        rows_skipped=len(document.skipped),
        layouts=tuple(SheetLayout(item.sheet, item.header_row, item.positions) for item in document.layouts),
        skipped_rows={why: SkippedRows(len(numbers), tuple(numbers)) for why, numbers in skipped.items()},
        notes=tuple(document.notes),
        issues=listed,
    )
    return answer, rows


class Answers:
    """Makes answers; a fixture, since test folders are no packages."""

    issue = staticmethod(make_issue)
    partial = staticmethod(make_answer)
    clean = staticmethod(make_clean_answer)
    check = staticmethod(check_file)


@pytest.fixture
def answers() -> type[Answers]:
    return Answers


@pytest.fixture(autouse=True)
def _no_sentence_without_its_details() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", MissingDetail)
        yield


class Ledger:
    """Writes into the ledger what the load of a file writes."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self._deliveries = 0

    def submission(self, **changes: Any) -> int:
        return self._insert(
            "ledger.submission",
            "submission_id",
            {
                "feed": "smart_hospitals",
                "department_code": "so-y-te",
                "reporting_unit": "smart_hospitals",
                "period": "2021-Q2",
                "period_source": "title",
                "state": "loaded",
                "is_current": True,
                "sheet_layout": json.dumps(
                    [{"sheet": SHEET, "header_row": 6, "positions": {"hospital_code": 1, "his_level": 5}}]
                ),
                "skipped_rows": json.dumps({"group": [9, 21], "total": [50]}),
                "notes": json.dumps(["Trang ẩn / Hidden sheet"]),
            }
            | changes,
        )

    def delivery(self, submission_id: int | None, **changes: Any) -> int:
        self._deliveries += 1
        counts = {"rows_read": 42, "rows_accepted": 32, "rows_quarantined": 7, "rows_skipped": 3}
        return self._insert(
            "ledger.delivery",
            "delivery_id",
            {
                "received_seq": self._deliveries,
                "received_at": datetime(2021, 7, self._deliveries, 3, 5, tzinfo=UTC),
                "folder": "so-y-te/smart_hospitals",
                "department_code": "so-y-te",
                "feed": "smart_hospitals",
                "reporting_unit": "smart_hospitals",
                "file_name": f"bao cao {self._deliveries}.xlsx",
                "claim_token": f"token-{self._deliveries}",
                "sha256": "a3f1" * 16,
                "size_bytes": 12_345,
                "submission_id": submission_id,
                "verdict": "partially_accepted",
                "decided_at": datetime(2021, 7, self._deliveries, 3, 6, tzinfo=UTC),
                **counts,
            }
            | changes,
        )

    def issue(
        self, submission_id: int, row: int | None, column: str | None, code: str, **changes: Any
    ) -> int:
        return self._insert(
            "ledger.issue",
            "issue_id",
            {
                "submission_id": submission_id,
                "sheet": SHEET if row else None,
                "source_row": row,
                "column_name": column,
                "code": code,
                "severity": "critical",
                "rule": "contract",
                "value": "9",
                "details": None,
            }
            | changes,
        )

    def quarantined(self, submission_id: int, row: int, key: list[str] | None, **changes: Any) -> int:
        return self._insert(
            "quarantine.quarantined_row",
            "submission_id",
            {
                "submission_id": submission_id,
                "sheet": SHEET,
                "source_row": row,
                "feed": "smart_hospitals",
                "reporting_unit": "smart_hospitals",
                "period": "2021-Q2",
                "row_key": key,
                "codes": ["out-of-range"],
            }
            | changes,
        )

    def change(self, submission_id: int, **changes: Any) -> None:
        assignments = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in changes
        )
        statement = sql.SQL("update ledger.submission set {} where submission_id = {}").format(
            assignments, sql.Literal(submission_id)
        )
        self.connection.execute(statement, changes)

    def _insert(self, table: str, returning: str, values: dict[str, Any]) -> int:
        statement = sql.SQL("insert into {} ({}) values ({}) returning {}").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
            sql.Identifier(returning),
        )
        row = self.connection.execute(statement, values).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def ledger(warehouse: psycopg.Connection) -> Ledger:
    return Ledger(warehouse)
