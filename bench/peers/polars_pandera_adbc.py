"""Modern libraries put together by hand: polars reads, pandera checks, ADBC copies, one statement upserts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc  # type: ignore[import-untyped]
import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from bench.installation import SCHEMA
from bench.peers import (
    DATES,
    EARLIEST_BIRTH,
    HASHED,
    NAMES,
    NUMBERS,
    PATTERNS,
    PROVENANCE,
    RANGES,
    REQUIRED,
    SEXES,
    STORED,
    communes,
    diseases,
    hashed,
    upsert_statement,
)


def load(source: Path, url: str, table: str) -> int:
    """Check a file and upsert its good rows into a table; return how many."""
    sent = pl.read_csv(source, infer_schema=False).rename(NAMES).with_row_index("source_row", 2)
    frame = _typed(sent)
    bad = _failing_rows(frame)
    good = frame.filter(~pl.col("source_row").is_in(bad.implode()))
    newest = good.sort("updated_on", "source_row").unique("record_id", keep="last", maintain_order=True)
    stored = newest.with_columns(
        birth_year=pl.col("birth_date").dt.year(),
        **{name: pl.lit(value) for name, value in PROVENANCE.items()},
        **{f"{name}_hash": _hashes(newest[name]) for name in HASHED},
    ).select(STORED)
    with adbc.connect(url) as connection, connection.cursor() as cursor:
        staged = f"{table}_staged"
        cursor.adbc_ingest(f"{table}_quarantine", bad.to_frame().to_arrow(), "replace", db_schema_name=SCHEMA)
        cursor.adbc_ingest(staged, stored.to_arrow(), "replace", db_schema_name=SCHEMA)
        cursor.execute(upsert_statement(staged, table))
        cursor.execute(f"drop table {SCHEMA}.{staged}")
        connection.commit()
    return stored.height


def _hashes(texts: pl.Series) -> pl.Series:
    digests = [None if text is None else hashed(text) for text in texts]
    return pl.Series(digests, dtype=pl.Binary)


def _typed(sent: pl.DataFrame) -> pl.DataFrame:
    """Read dates and numbers; what cannot be read is missing, and a column says that all were read."""
    digits = pl.col("citizen_id").cast(pl.Int64, strict=False)
    century_and_sex, year = digits // 10**8 % 10, digits // 10**6 % 100
    is_woman = century_and_sex % 2 == 1
    expected_sex = pl.when(is_woman).then(pl.lit("nữ")).otherwise(pl.lit("nam"))
    typed = sent.with_columns(
        pl.col(DATES).str.to_date("%d/%m/%Y", strict=False),
        pl.col(NUMBERS).cast(pl.Float64, strict=False),
        sex_agrees=(pl.col("sex") == expected_sex) | (pl.col("sex") == "không xác định"),
        year_in_id=1900 + century_and_sex // 2 * 100 + year,
    )
    reads = [typed[name].is_not_null() | sent[name].is_null() for name in (*DATES, *NUMBERS)]
    return typed.with_columns(
        all_reads=pl.all_horizontal(reads), year_agrees=pl.col("year_in_id") == pl.col("birth_date").dt.year()
    )


def _failing_rows(frame: pl.DataFrame) -> pl.Series:
    """Return the rows that break a rule, as pandera tells them."""
    try:
        _schema().validate(frame, lazy=True)
    except SchemaErrors as errors:
        indexes = errors.failure_cases["index"].drop_nulls().unique().sort()
        return frame["source_row"].gather(indexes)
    return frame["source_row"].clear()


def _schema() -> pa.DataFrameSchema:
    today = date.today()
    checks: dict[str, list[pa.Check]] = {
        "sex": [pa.Check.isin(SEXES)],
        "commune_code": [pa.Check.isin(communes())],
        "icd10_code": [pa.Check.isin(diseases())],
        "birth_date": [pa.Check.in_range(EARLIEST_BIRTH, today)],
        "updated_on": [pa.Check.le(today)],
        "all_reads": [pa.Check.eq(True)],
        "sex_agrees": [pa.Check.eq(True)],
        "year_agrees": [pa.Check.eq(True)],
        **{name: [pa.Check.in_range(low, high)] for name, (low, high) in RANGES.items()},
    }
    for name, regex in PATTERNS.items():
        checks.setdefault(name, []).append(pa.Check.str_matches(regex))
    names = dict.fromkeys([*NAMES.values(), *checks])
    return pa.DataFrameSchema(
        {name: pa.Column(checks=checks.get(name), nullable=name not in REQUIRED) for name in names},
        checks=[
            pa.Check(lambda data: data.lazyframe.select(pl.col("updated_on") >= pl.col("created_on"))),
            pa.Check(lambda data: data.lazyframe.select(pl.col("systolic_mmhg") > pl.col("diastolic_mmhg"))),
        ],
    )
