"""COPY into the staging table: whatever a cell holds arrives as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from dxpipeline.contracts import Contract, contracts
from dxpipeline.loading.staging import Staging, copy, copy_rows
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.quality.model import ISSUE_SCHEMA, CheckedBlock

AWKWARD = [
    "", " ", "\\N", "\\.", "\\", "\\\\n", '"', '""', "'", ",", ";", "\t", "a\nb", "a\r\nb", "a\rb", "\n",
    "\n\\.\n", "null", "NULL", "{}", "{a,b}", "$1", "%s", "%(x)s", "=1+1", "@x", "-1", "Hòa", "Đắk Lắk",
    "\u0301", "\U0001f3e5", "\u2028", "\x01\x7f", "x" * 5000,
]  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
CELLS = st.one_of(st.none(), st.sampled_from(AWKWARD), TEXTS)
BROADBAND = contracts()["broadband_coverage"]
HOSPITALS = contracts()["smart_hospitals"]
RECORDS = contracts()["health_records"]


@pytest.fixture
def probe(warehouse: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with warehouse.transaction(force_rollback=True):
        warehouse.execute(
            "create unlogged table staging.probe "
            "(n bigint, t text, i bigint, d numeric, day date, flag boolean, many text[])"
        )
        yield warehouse


def frame(contract: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
    types = {
        "text": pl.String, "integer": pl.Int64, "number": pl.Float64, "date": pl.Date, "boolean": pl.Boolean,
        "list": pl.List(pl.String),
    }  # fmt: skip
    schema = {
        "sheet": pl.String,
        "source_row": pl.Int64,
        "accepted": pl.Boolean,
        "superseded": pl.Boolean,
        **{column.name: types[column.kind] for column in contract.columns},
    }
    numbered = [
        {"sheet": None, "source_row": number, "accepted": True, "superseded": False, **row}
        for number, row in enumerate(rows, start=2)
    ]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in numbered], schema=schema)


def checked(rows: pl.DataFrame, *ragged: tuple[str | None, int]) -> CheckedBlock:
    return CheckedBlock(rows, pl.DataFrame(), pl.DataFrame(schema=ISSUE_SCHEMA), places(*ragged))


def staged(connection: psycopg.Connection, table: str, *names: str) -> list[tuple[Any, ...]]:
    query = sql.SQL("select {} from {} order by source_sheet, source_row").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier("staging", table)
    )
    return connection.execute(query).fetchall()


def made(connection: psycopg.Connection, contract: Contract, attempt: int) -> Staging:
    staging = Staging(connection, contract, attempt, KeyedHasher(b"k" * 32, 1))
    staging.create()
    return staging


def places(*rows: tuple[str | None, int]) -> pl.DataFrame:
    schema = {"sheet": pl.String, "source_row": pl.Int64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELLS, min_size=1, max_size=8))
def test_texts_arrive_as_they_were(probe: psycopg.Connection, texts: list[str | None]) -> None:
    probe.execute("truncate staging.probe")
    rows = pl.DataFrame({"n": range(len(texts)), "t": pl.Series(texts, dtype=pl.String)})
    copy(probe, ("staging", "probe"), copy_rows(rows))
    assert [t for (t,) in probe.execute("select t from staging.probe order by n")] == texts


def test_every_awkward_text_arrives_in_one_copy(probe: psycopg.Connection) -> None:
    rows = pl.DataFrame({"n": range(len(AWKWARD)), "t": AWKWARD})
    copy(probe, ("staging", "probe"), copy_rows(rows))
    assert [t for (t,) in probe.execute("select t from staging.probe order by n")] == AWKWARD


def test_numbers_dates_and_flags_arrive_as_they_were(probe: psycopg.Connection) -> None:
    rows = pl.DataFrame(
        {
            "n": [1, 2, 3],
            "i": [2**53 + 1, -1, None],
            "d": [0.1, 1e-7, None],
            "day": [date(1900, 1, 1), date(2021, 2, 28), None],
            "flag": [True, False, None],
        }
    )
    copy(probe, ("staging", "probe"), copy_rows(rows))
    found = probe.execute("select i, d, day, flag from staging.probe order by n").fetchall()
    assert found == [
        (2**53 + 1, Decimal("0.1"), date(1900, 1, 1), True),
        (-1, Decimal("1E-7"), date(2021, 2, 28), False),
        (None, None, None, None),
    ]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(st.none(), st.lists(st.one_of(st.sampled_from(AWKWARD), TEXTS), max_size=4)),
        min_size=1,
        max_size=5,
    )
)
def test_lists_arrive_as_they_were(warehouse: psycopg.Connection, lists: list[list[str] | None]) -> None:
    with warehouse.transaction(force_rollback=True):
        staging = made(warehouse, BROADBAND, 1)
        staging.add(staging.shape(checked(frame(BROADBAND, [{"carriers": value} for value in lists]))))
        assert [value for (value,) in staged(warehouse, "attempt_1", "carriers")] == lists


def test_accepted_rows_are_staged_whole_and_of_refused_ones_the_key(warehouse: psycopg.Connection) -> None:
    with warehouse.transaction(force_rollback=True):
        staging = made(warehouse, HOSPITALS, 7)
        rows = frame(
            HOSPITALS,
            [
                {"hospital_code": "38001", "it_level": 6},
                {"hospital_code": None, "accepted": False},
                {"hospital_code": "38002", "accepted": False},
                {"hospital_code": "38001", "accepted": False, "superseded": True},
            ],
        )
        staging.add(staging.shape(checked(rows)))
        staging.add(staging.shape(checked(rows.with_columns(sheet=pl.lit("Biểu 1")), ("Biểu 1", 6))))
        staging.add(staging.shape(checked(rows.clear())))
        found = staged(warehouse, "attempt_7", "source_sheet", "source_row", "hospital_code", "it_level")
        assert found == [("", 2, "38001", 6), ("Biểu 1", 2, "38001", 6)]
        refused = staged(warehouse, "attempt_7_refused", "source_sheet", "source_row", "hospital_code")
        assert refused == [
            ("", 3, None),
            ("", 4, "38002"),
            ("Biểu 1", 3, None),
            ("Biểu 1", 4, "38002"),
            ("Biểu 1", 6, None),
        ]
        assert (staging.accepted, staging.quarantined) == (2, 5)


def test_a_refused_row_is_held_without_key_and_day_where_its_key_may_be_of_a_person(
    warehouse: psycopg.Connection,
) -> None:
    personal = ["038190000001", "38190000001", "HN2380000000001", "3811427763", "08-03-1990"]
    keys = ["HS38-000000001", *personal, None, "38-0000-000001"]
    with warehouse.transaction(force_rollback=True):
        staging = made(warehouse, RECORDS, 7)
        day = date(2021, 4, 1)
        rows = [{"record_id": key, "updated_on": day, "accepted": False} for key in keys]
        staging.add(staging.shape(checked(frame(RECORDS, rows))))
        held = staged(warehouse, "attempt_7_refused", "source_row", "record_id", "updated_on")
        nothing = [(row, None, None) for row in range(3, 9)]
        assert held == [(2, keys[0], day), *nothing, (9, keys[-1], day)]


def test_rows_are_refused_or_superseded_later_by_sheet_and_row(warehouse: psycopg.Connection) -> None:
    with warehouse.transaction(force_rollback=True):
        staging = made(warehouse, HOSPITALS, 7)
        rows = frame(HOSPITALS, [{"hospital_code": f"3800{number}"} for number in range(3)])
        staging.add(staging.shape(checked(rows)))
        staging.add(staging.shape(checked(rows.with_columns(sheet=pl.lit("B")))))
        staging.refuse(places())
        assert (staging.accepted, staging.quarantined) == (6, 0)
        staging.refuse(places((None, 3), ("B", 4)))
        assert staged(warehouse, "attempt_7_refused", "source_sheet", "source_row", "hospital_code") == [
            ("", 3, "38001"),
            ("B", 4, "38002"),
        ]
        assert staging.drop_superseded(places((None, 2), (None, 3)), 1) == 1
        left = staged(warehouse, "attempt_7", "source_sheet", "source_row")
        assert left == [("", 4), ("B", 2), ("B", 3)]
        assert (staging.accepted, staging.quarantined) == (3, 2)


def test_the_tables_are_gone_when_they_were_dropped_or_rolled_back(warehouse: psycopg.Connection) -> None:
    tables = "select tablename from pg_tables where schemaname = 'staging' order by 1"
    with warehouse.transaction():
        staging = made(warehouse, HOSPITALS, 7)
        assert warehouse.execute(tables).fetchall() == [("attempt_7",), ("attempt_7_refused",)]
        staging.drop()
    with warehouse.transaction(force_rollback=True):
        made(warehouse, HOSPITALS, 8)
    assert warehouse.execute(tables).fetchall() == []
