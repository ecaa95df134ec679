"""Upsert feeds: the newest version of a record is current, the replaced ones are history, in any order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from dxpipeline.contracts import contracts
from dxpipeline.loading.counts import Changes
from dxpipeline.loading.load import Load, Outcome
from dxpipeline.loading.origin import Origin, Scope
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.quality.model import ISSUE_SCHEMA, CheckedBlock, FileFindings
from dxpipeline.reading.values import DTYPES
from dxpipeline.warehouse.core_tables import core_table

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


def bad(number: int | None, **changes: Any) -> Version:
    """Return a row that is held back for its height."""
    row = version(number or 0, accepted=False, **changes)
    return row if number is not None else {**row, "record_id": None}


def block(rows: Sequence[Version], first: int = 2) -> CheckedBlock:
    numbered = [{**row, "source_row": row.get("source_row", first + at)} for at, row in enumerate(rows)]
    issues = [
        {"source_row": row["source_row"], "column_name": "height_cm", "code": "out-of-range",
         "severity": "critical", "rule": "contract", "value": "400"}
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

    def receive(self) -> int:
        """Write a delivery that waits; returns its place in the order of arrival."""
        row = self.connection.execute(
            "insert into ledger.delivery (received_seq, folder, department_code, feed, reporting_unit, "
            "file_name, claim_token, sha256, size_bytes) select coalesce(max(received_seq), 0) + 1, 'f', "
            "'so-y-te', 'health_records', 'health_records', 'x.csv', gen_random_uuid(), 'x', 1 "
            "from ledger.delivery returning received_seq"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def load(
        self,
        *blocks: Sequence[Version],
        seq: int | None = None,
        period: str = "2021-Q2",
        superseded: pl.DataFrame = PLACES,
    ) -> Outcome:
        """Load rows as the file of a delivery and give it its verdict."""
        seq = seq or self.receive()
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

    def state(self) -> tuple[list[Any], list[Any]]:
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
        )


@pytest.fixture
def feed(warehouse: psycopg.Connection) -> Feed:
    return Feed(warehouse)


def test_names_are_not_stored_identifiers_are_hashed_and_birth_dates_are_years(feed: Feed) -> None:
    feed.load([version(1, insurance_number="HN2388022897788"), version(2)])
    one, two = feed.rows("select * from core.health_records order by record_id")
    assert "full_name" not in one
    assert bytes(one["citizen_id_hash"]).hex() == _hash("citizen_id", "038077842932")
    assert bytes(one["insurance_number_hash"]).hex() == _hash("insurance_number", "HN2388022897788")
    assert two["insurance_number_hash"] is None
    assert (one["birth_year"], one["hash_key_version"], one["sex"]) == (1977, 3, "nam")
    provenance = ("received_seq", "source_sheet", "source_row", "period")
    assert [tuple(row[name] for name in provenance) for row in (one, two)] == [
        (1, "", 2, "2021-Q2"),
        (1, "", 3, "2021-Q2"),
    ]
    assert "038077842932" not in str(one)
    assert "Mẫu" not in str(one)


def _hash(column: str, text: str) -> str:
    (found,) = HASHER.hash_column(pl.Series(column, [text])).to_list()
    return str(found)


def test_the_first_load_takes_the_place_of_the_empty_table_with_its_rights_and_indexes(
    feed: Feed,
) -> None:
    described = (
        "select column_name, data_type, is_nullable, column_default, "
        "col_description('core.health_records'::regclass, ordinal_position) as comment "
        "from information_schema.columns where table_schema = 'core' and table_name = 'health_records' "
        "order by ordinal_position"
    )
    indexes = "select indexname, indexdef from pg_indexes where tablename = 'health_records' order by 1"
    owner = "select tableowner, obj_description('core.health_records'::regclass) as comment from pg_tables "
    owner += "where schemaname = 'core' and tablename = 'health_records'"
    rights = (
        "select privilege_type from information_schema.table_privileges "
        "where table_name = 'health_records' and grantee = 'dx_writer' order by 1"
    )
    unlogged = "select relpersistence from pg_class where oid = 'core.health_records'::regclass"
    before = [feed.rows(query) for query in (described, indexes, owner, rights, unlogged)]
    assert feed.load([version(1), version(2)]).counts.changes == Changes(0, 2, 0, 0)
    assert [feed.rows(query) for query in (described, indexes, owner, rights, unlogged)] == before
    assert len(before[1]) == 2
    assert before[2] == [{"tableowner": "dx_owner", "comment": core_table(CONTRACT).comment}]
    assert feed.rows("select 1 from pg_tables where schemaname = 'staging'") == []
    assert feed.load([version(3)]).counts.changes == Changes(0, 1, 0, 0)
    assert [row[0] for row in feed.versions()] == [1, 2, 3]


def test_new_newer_older_and_unchanged_rows_are_told_apart(feed: Feed) -> None:
    feed.load([version(1, 5), version(2, 5), version(3, 5), version(4, 5)])
    outcome = feed.load([version(1, 6), version(2, 4, 49.0), version(3, 5), version(4, 5, 51.0), version(5)])
    assert outcome.counts.changes == Changes(unchanged=1, new=1, replaced=2, older=1)
    assert outcome.counts.accepted == 5
    assert feed.versions() == [
        (1, 6, 50.0, 2, "2021-Q2"),
        (2, 5, 50.0, 1, "2021-Q2"),
        (3, 5, 50.0, 1, "2021-Q2"),
        (4, 5, 51.0, 2, "2021-Q2"),
        (5, 0, 50.0, 2, "2021-Q2"),
    ]
    assert feed.versions("health_records_history") == [
        (1, 5, 50.0, 1, "2021-Q2"),
        (2, 4, 49.0, 2, "2021-Q2"),
        (4, 5, 50.0, 1, "2021-Q2"),
    ]


def test_rows_that_were_so_already_are_not_written(feed: Feed) -> None:
    rows = [version(number, insurance_number=None if number % 2 else "8117187369") for number in range(9)]
    feed.load(rows)
    marks = "select record_id, ctid, xmin from core.health_records order by 1"
    before = feed.rows(marks)
    assert feed.load(rows).counts.changes == Changes(9, 0, 0, 0)
    assert feed.rows(marks) == before
    assert feed.versions("health_records_history") == []


def test_an_older_version_that_comes_again_is_not_kept_twice(feed: Feed) -> None:
    feed.load([version(1, 9)])
    assert feed.load([version(1, 3)]).counts.changes == Changes(0, 0, 0, 1)
    assert feed.load([version(1, 3)]).counts.changes == Changes(1, 0, 0, 0)
    assert feed.load([version(1, 3, 48.0)]).counts.changes == Changes(0, 0, 0, 1)
    assert [row[:3] for row in feed.versions("health_records_history")] == [(1, 3, 50.0), (1, 3, 48.0)]


def test_a_report_of_an_earlier_period_moves_what_it_repeats(feed: Feed) -> None:
    feed.load([version(1, 5), version(2, 5)], period="2021-Q3")
    feed.load([version(2, 7)], period="2021-Q3")
    outcome = feed.load([version(1, 5), version(2, 5)], period="2021-Q2")
    assert outcome.counts.changes == Changes(2, 0, 0, 0)
    assert feed.versions() == [(1, 5, 50.0, 1, "2021-Q2"), (2, 7, 50.0, 2, "2021-Q3")]
    assert feed.versions("health_records_history") == [(2, 5, 50.0, 1, "2021-Q2")]


def test_rows_superseded_in_the_file_are_skipped_also_when_they_were_staged(feed: Feed) -> None:
    late = pl.DataFrame({"sheet": [None], "source_row": [2]}, schema=PLACES.schema)
    outcome = feed.load(
        [version(1, 1), version(2, 5)],
        [version(1, 4), version(2, 3, accepted=False, superseded=True)],
        superseded=late,
    )
    assert (outcome.counts.accepted, outcome.counts.skipped, outcome.counts.read) == (2, 2, 4)
    assert [row[:2] for row in feed.versions()] == [(1, 4), (2, 5)]
    assert feed.rows("select skipped_rows from ledger.submission") == [
        {"skipped_rows": {"superseded-in-file": [2, 5]}}
    ]


def open_rows(feed: Feed) -> list[tuple[int, int]]:
    found = feed.rows(
        "select submission_id, source_row from quarantine.quarantined_row where closed_by is null "
        "order by 1, 2"
    )
    return [(row["submission_id"], row["source_row"]) for row in found]


def test_rows_held_back_are_closed_when_their_record_comes_again(feed: Feed) -> None:
    feed.load([version(1), version(2), bad(3), bad(4), bad(None)])
    assert open_rows(feed) == [(1, 4), (1, 5), (1, 6)]
    feed.load([*(version(number) for number in range(10, 20)), version(3), bad(4)])
    # The fourth record is bad again: what is open is its last row, and the one without a key.
    assert open_rows(feed) == [(1, 6), (2, 13)]
    held = feed.rows("select row_key, codes, cells from quarantine.quarantined_row where source_row = 13")
    assert held == [{"row_key": ["HS38-000000004"], "codes": ["out-of-range"], "cells": {"height_cm": "400"}}]
    # A file of no more rows than are open mends: its new record stands for the row without a key.
    feed.load([version(4), version(99)])
    assert open_rows(feed) == []


def test_a_row_held_back_after_its_record_was_mended_is_not_left_open(feed: Feed) -> None:
    first, second = feed.receive(), feed.receive()
    feed.load([version(3)], seq=second)
    feed.load([version(1), version(2), bad(3), bad(4)], seq=first)
    assert open_rows(feed) == [(2, 5)]


def test_a_mend_closes_the_rows_of_its_records_whatever_period_held_them_back(feed: Feed) -> None:
    feed.load([version(1), bad(3), bad(4)], period="2021-Q2")
    feed.load([version(2), bad(5), bad(6)], period="2021-Q3")
    assert open_rows(feed) == [(1, 3), (1, 4), (2, 3), (2, 4)]
    feed.load([version(4, 9)], period="2021-Q3")
    assert open_rows(feed) == [(1, 3), (2, 3), (2, 4)]


def test_a_mend_that_was_received_before_a_row_was_held_back_does_not_close_it(feed: Feed) -> None:
    mend, later = feed.receive(), feed.receive()
    feed.load([version(1), bad(3), bad(4)], seq=later)
    feed.load([version(3)], seq=mend)
    assert open_rows(feed) == [(1, 3), (1, 4)]


DELIVERIES = st.lists(
    st.tuples(
        st.dictionaries(
            st.integers(1, 3), st.tuples(st.integers(0, 2), st.sampled_from([50.0, 60.0])), max_size=3
        ),
        st.sampled_from(["2021-Q2", "2021-Q3", "2021-Q4"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), deliveries=DELIVERIES)
def test_the_state_is_the_same_for_every_order(
    warehouse: psycopg.Connection, data: st.DataObject, deliveries: list[Any]
) -> None:
    order = data.draw(st.permutations(range(len(deliveries))))
    states = []
    for sequence in (range(len(deliveries)), order):
        feed = Feed(warehouse)
        feed.empty()
        received = [feed.receive() for _ in deliveries]
        for at in sequence:
            versions, period = deliveries[at]
            if versions:
                rows = [version(number, day, weight) for number, (day, weight) in versions.items()]
                feed.load(rows, seq=received[at], period=period)
            else:
                feed.refuse(received[at])
        # Whatever is still noted is dropped with the next delivery.
        feed.load([version(9, 0)], period="2022-Q1")
        assert feed.rows("select * from core.health_records_repeated") == []
        states.append(feed.state())
    assert states[0] == states[1]
