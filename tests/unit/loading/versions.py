"""Loads versions of health records as the pipeline does, without files; every record is made up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl
import psycopg
from psycopg.rows import dict_row

from dxpipeline.contracts import contracts
from dxpipeline.loading.load import Load, Outcome
from dxpipeline.loading.origin import Origin, Scope
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.quality.model import ISSUE_SCHEMA, CheckedBlock, FileFindings
from dxpipeline.reading.values import DTYPES

CONTRACT = contracts()["health_records"]
HASHER = KeyedHasher(b"k" * 32, 3)
FIRST_DAY = date(2021, 4, 1)
RECORD: dict[str, Any] = {
    "sheet": None,
    "accepted": True,
    "superseded": False,
    "citizen_id": "038077842932",
    "full_name": "Trịnh Thị Mẫu An",
    "birth_date": date(1977, 6, 21),
    "sex": "nam",
    "commune_code": "16657",
    "station_code": "38658",
    "created_on": date(2018, 8, 22),
    "systolic_mmhg": 129,
    "diastolic_mmhg": 96,
}
SCHEMA = {
    "sheet": pl.String,
    "source_row": pl.Int64,
    "accepted": pl.Boolean,
    "superseded": pl.Boolean,
    **{column.name: DTYPES[column.kind] for column in CONTRACT.columns},
}
PLACES = pl.DataFrame(schema={"sheet": pl.String, "source_row": pl.Int64})
Version = dict[str, Any]


def version(number: int, day: int = 0, weight: float = 50.0, **changes: Any) -> Version:
    """Return a version of a record: its number, the day of its update, and a value that tells it apart."""
    return {
        **RECORD,
        "record_id": f"HS38-{number:09d}",
        "updated_on": FIRST_DAY + timedelta(days=day),
        "weight_kg": weight,
        **changes,
    }


def bad(number: int | None, day: int = 0, weight: float = 50.0, **changes: Any) -> Version:
    """Return a row that is held back for its height."""
    row = version(number or 0, day, weight, accepted=False, **changes)
    return row if number is not None else {**row, "record_id": None}


def undated(number: int) -> Version:
    """Return a row that is held back for the day of its update."""
    return {**bad(number), "updated_on": None, "fault": "updated_on"}


def block(rows: Sequence[Version], first: int = 2) -> CheckedBlock:
    numbered = [{**row, "source_row": row.get("source_row", first + at)} for at, row in enumerate(rows)]
    issues = [
        {"source_row": row["source_row"], "column_name": row.get("fault", "height_cm"),
         "code": "out-of-range", "severity": "critical", "rule": "contract", "value": "400"}
        for row in numbered
        if not row["accepted"] and not row["superseded"]
    ]  # fmt: skip
    return CheckedBlock(
        pl.DataFrame([{name: row.get(name) for name in SCHEMA} for row in numbered], schema=SCHEMA),
        pl.DataFrame(),
        pl.DataFrame(issues, schema=ISSUE_SCHEMA),
    )


@dataclass
class Feed:
    """Deliveries of health records: received in one order, loaded in another."""

    connection: psycopg.Connection
    attempts: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def empty(self) -> None:
        """Delete every delivery with what came of it."""
        for table in ("core.health_records", "core.health_records_history", "core.health_records_repeated",
                      "quarantine.quarantined_row", "ledger.issue", "ledger.delivery",
                      "ledger.submission"):  # fmt: skip
            self.connection.execute(f"delete from {table}".encode())

    def receive(self, file_name: str = "x.csv") -> int:
        """Write a delivery that waits; returns its number, which is its place in the order of arrival."""
        row = self.connection.execute(
            "insert into ledger.delivery (delivery_id, received_seq, folder, department_code, feed, "
            "reporting_unit, file_name, claim_token, sha256, size_bytes) overriding system value "
            "select coalesce(max(received_seq), 0) + 1, coalesce(max(received_seq), 0) + 1, 'f', "
            "'so-y-te', 'health_records', 'health_records', %s, gen_random_uuid(), 'x', 1 "
            "from ledger.delivery returning received_seq",
            (file_name,),
        ).fetchone()
        assert row is not None
        return int(row[0])

    def load(
        self,
        *blocks: Sequence[Version],
        seq: int | None = None,
        period: str = "2021-Q2",
        superseded: pl.DataFrame = PLACES,
        file_name: str = "x.csv",
    ) -> Outcome:
        """Load rows as the file of a delivery and give it its verdict."""
        seq = seq or self.receive(file_name)
        scope = Scope(CONTRACT, "health_records", period)
        with self.connection.transaction():
            origin = Origin(seq, seq, next(self.attempts), "so-y-te", scope, "name", False, [], HASHER)
            load = Load(self.connection, origin)
            first = 2
            for rows in blocks:
                load.add(load.shape(block(rows, first)))
                first += len(rows)
            findings = FileFindings(pl.DataFrame(schema=ISSUE_SCHEMA), PLACES, superseded, None, ())
            outcome = load.finish(findings, [], [])
            changes = outcome.counts.changes
            self.connection.execute(
                "update ledger.delivery set verdict = 'accepted', decided_at = now(), submission_id = %s, "
                "rows_read = %s, rows_accepted = %s, rows_unchanged = %s, rows_new = %s, rows_replaced = %s, "
                "rows_older = %s, rows_quarantined = %s, rows_skipped = 0 where received_seq = %s",
                (
                    outcome.submission_id,
                    outcome.counts.accepted + outcome.counts.quarantined,
                    outcome.counts.accepted,
                    changes.unchanged,
                    changes.new,
                    changes.replaced,
                    changes.older,
                    outcome.counts.quarantined,
                    seq,
                ),
            )
        return outcome

    def refuse(self, seq: int) -> None:
        """Give a waiting delivery the verdict that nothing of it is loaded."""
        self.connection.execute(
            "update ledger.delivery set verdict = 'rejected', decided_at = now(), rows_read = 0, "
            "rows_accepted = 0, rows_quarantined = 0, rows_skipped = 0 where received_seq = %s",
            (seq,),
        )

    def rows(self, query: str) -> list[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode()).fetchall()

    def versions(self, table: str = "health_records") -> list[tuple[int, int, float, int, str]]:
        """Return number, day, weight, place in the order of arrival and period of each version."""
        found = self.rows(f"select * from core.{table} order by record_id, updated_on, received_seq")
        return [
            (
                int(row["record_id"][5:]),
                (row["updated_on"] - FIRST_DAY).days,
                float(row["weight_kg"]),
                row["received_seq"],
                row["period"],
            )
            for row in found
        ]

    def state(self) -> tuple[list[Any], ...]:
        """Return the whole content, submissions told by their place in the order of arrival."""
        query = (
            "select content - 'submission_id' as content, delivery.received_seq as brought_by "
            "from (select to_jsonb({0}) as content, submission_id from core.{0}) as {0} "
            "inner join ledger.delivery using (submission_id) "
            "order by content ->> 'record_id', content ->> 'updated_on', received_seq"
        )
        return (
            self.rows(query.format("health_records")),
            self.rows(query.format("health_records_history")),
            self.rows(
                "select received_seq, source_row, row_key, version_on, closed_by is null as open "
                "from quarantine.quarantined_row inner join ledger.delivery using (submission_id) "
                "order by 1, 2"
            ),
        )
