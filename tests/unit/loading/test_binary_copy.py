"""COPY in binary form: what the server reads is what the frame holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.schema import CreateTable

from dxpipeline.loading.binary_copy import binary_rows
from dxpipeline.loading.staging import CopyRows, copy, execute

PROBE = Table(
    "probe",
    MetaData(),
    Column("n", Integer),
    Column("short", SmallInteger),
    Column("whole", BigInteger),
    Column("number", Numeric),
    Column("flag", Boolean),
    Column("day", Date),
    Column("name", Text),
    Column("items", ARRAY(Text)),
    Column("hash", LargeBinary),
    schema="staging",
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**15), 10**15).map(float),
    st.decimals(-(10**9), 10**9, places=4, allow_nan=False).map(float),
    st.decimals(-(10**4), 10**4, places=6, allow_nan=False).map(float),
)
VALUES: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "short": (pl.Int64(), st.integers(-(2**15), 2**15 - 1)),
    "whole": (pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
    "number": (pl.Float64(), NUMBERS),
    "flag": (pl.Boolean(), st.booleans()),
    "day": (pl.Date(), st.dates()),
    "name": (pl.String(), TEXTS),
    "items": (pl.List(pl.String()), st.lists(TEXTS, max_size=3)),
    "hash": (pl.Binary(), st.binary(max_size=16)),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, (_, values) in VALUES.items()}), max_size=6
)
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def probe(warehouse: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with warehouse.transaction(force_rollback=True):
        execute(warehouse, CreateTable(PROBE))
        yield warehouse


def copied(probe: psycopg.Connection, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    probe.execute("truncate staging.probe")
    frame = frame.with_row_index("n")
    rows = CopyRows(frame.columns, binary_rows(frame, PROBE), frame.height, "binary")
    copy(probe, ("staging", "probe"), rows)
    names = ", ".join(frame.columns[1:])
    return probe.execute(f"select {names} from staging.probe order by n".encode()).fetchall()


def only(name: str, values: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series(values, dtype=VALUES[name][0])})


@MANY
@given(ROWS)
@example([])
def test_every_value_of_every_type_arrives(probe: psycopg.Connection, rows: list[dict[str, Any]]) -> None:
    schema = {name: dtype for name, (dtype, _) in VALUES.items()}
    found = copied(probe, pl.DataFrame(rows, schema=schema, orient="row"))
    expected = [
        tuple(
            Decimal(repr(row[name])) if name == "number" and row[name] is not None else row[name]
            for name in VALUES
        )
        for row in rows
    ]
    assert found == expected


@MANY
@given(st.lists(st.none() | NUMBERS, min_size=1, max_size=4))
@example([0.0, -0.0, 0.1, -0.0001, 9999.9999, 10000.0, 99999999999.9999, 1e15 / 10_000])
@example([0.30000000000000004, 1e22, 1e-7])
@example([165.0, 43.8, None])
def test_a_number_is_the_shortest_decimal_of_its_double(
    probe: psycopg.Connection, values: list[float | None]
) -> None:
    found = [number for (number,) in copied(probe, only("number", values))]
    assert found == [None if value is None else Decimal(repr(value)) for value in values]
    assert [number is None or number.is_signed() for number in found] == [
        value is None or value < 0 for value in values
    ]


def test_numbers_show_no_decimal_places_but_their_own(probe: psycopg.Connection) -> None:
    copied(probe, only("number", [165.0, 43.8, -0.25, 1000.125, 0.0625]))
    shown = [text for (text,) in probe.execute("select number::text from staging.probe order by n")]
    assert shown == ["165", "43.8", "-0.25", "1000.125", "0.0625"]


def test_bytes_of_one_number_arrive(probe: psycopg.Connection) -> None:
    hashes = pl.Series("hash", [[1, 2, 255], None, [0, 0, 0]], dtype=pl.Array(pl.UInt8, 3))
    assert copied(probe, hashes.to_frame()) == [(b"\1\2\xff",), (None,), (bytes(3),)]


def test_more_rows_than_are_laid_out_at_once_arrive_in_their_order(probe: psycopg.Connection) -> None:
    names = [None if number % 7 == 0 else f"tên {number}" for number in range(20_001)]
    assert copied(probe, only("name", names)) == [(name,) for name in names]


def test_a_long_cell_lengthens_few_rows(probe: psycopg.Connection) -> None:
    names = ["Hòa"] * 5_000
    names[1_234] = "x" * 1_000_000
    assert copied(probe, only("name", names)) == [(name,) for name in names]


@pytest.mark.parametrize("value", [2**15, -(2**15) - 1])
def test_a_number_beyond_its_column_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="too large for 2 bytes"):
        binary_rows(only("short", [1, value]), PROBE)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        binary_rows(only("number", [1.0, value]), PROBE)
