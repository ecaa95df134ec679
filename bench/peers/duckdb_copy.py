"""Two SQL engines: duckdb reads and checks the file, and what it wrote goes into the warehouse by COPY."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import psycopg

from bench.installation import SCHEMA
from bench.peers import (
    CONTRACT,
    DATES,
    KEY,
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
    upsert_statement,
)

_PIECE = 1 << 20
_NUMERIC_TYPES = {"integer": "bigint", "number": "double"}


def load(source: Path, url: str, table: str) -> int:
    """Check a file and upsert its good rows into a table; return how many."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(Path(folder) / "work.duckdb") as engine:
        engine.execute("create table commune as select unnest(?::text[]) as code", [communes()])
        engine.execute("create table disease as select unnest(?::text[]) as code", [diseases()])
        engine.execute(_checked(), {"source": str(source), "key": KEY.hex(), **PROVENANCE})
        good, bad = Path(folder) / "good.csv", Path(folder) / "bad.csv"
        engine.execute(
            f"copy (select {', '.join(STORED)} from checked where len(reasons) = 0 qualify 1 = "  # noqa: S608
            "row_number() over (partition by record_id order by updated_on desc, source_row desc)) "
            f"to '{good}' (header false, nullstr '\\N')"
        )
        engine.execute(
            "copy (select source_row, list_aggregate(reasons, 'string_agg', ' ') from checked "  # noqa: S608
            f"where len(reasons) > 0) to '{bad}' (header false)"
        )
        with psycopg.connect(url) as connection:
            staged, held = f"{SCHEMA}.{table}_staged", f"{SCHEMA}.{table}_quarantine"
            connection.execute(f"create unlogged table {staged} (like {SCHEMA}.{table})".encode())
            connection.execute(f"create table {held} (source_row bigint, reasons text)".encode())
            _copy(connection, held, ["source_row", "reasons"], bad)
            stored = _copy(connection, staged, STORED, good)
            connection.execute(upsert_statement(f"{table}_staged", table).encode())
            connection.execute(f"drop table {staged}".encode())
    return stored


def _copy(connection: psycopg.Connection, table: str, columns: list[str], source: Path) -> int:
    statement = f"copy {table} ({', '.join(columns)}) from stdin (format csv, null '\\N')"
    with connection.cursor() as cursor, source.open("rb") as file:
        with cursor.copy(statement.encode()) as copy:
            while piece := file.read(_PIECE):
                copy.write(piece)
        return cursor.rowcount


def _checked() -> str:
    """Return the statement that makes `checked`: typed columns, stored columns, and why a row is bad."""
    typed = ", ".join(
        f"try_strptime({name}, '%d/%m/%Y')::date as {name}"
        if name in DATES
        else f"try_cast({name} as {_NUMERIC_TYPES[CONTRACT.by_name[name].kind]}) as {name}"
        if name in NUMBERS
        else name
        for name in NAMES.values()
    )
    texts = ", ".join(f"{name} as {name}_text" for name in (*DATES, *NUMBERS))
    renamed = ", ".join(f'"{label}" as {name}' for label, name in NAMES.items())
    reasons = ", ".join(f"case when {broken} then '{reason}' end" for reason, broken in _reasons().items())
    provenance = ", ".join(f"${name} as {name}" for name in PROVENANCE)
    hashes = ", ".join(
        f"'\\x' || left(sha256($key || {name}), 32) as {name}_hash"
        for name in ("citizen_id", "insurance_number")
    )
    return f"""
create table checked as
with sent as (
    select {renamed}, row_number() over () + 1 as source_row
    from read_csv($source, header = true, all_varchar = true, delim = ',', quote = '"')
), typed as (
    select source_row, {typed}, {texts}, try_cast(citizen_id as bigint) as digits from sent
)
select
    *, {provenance}, {hashes}, year(birth_date) as birth_year,
    list_filter([{reasons}], lambda reason: reason is not null) as reasons
from typed
"""  # noqa: S608


def _reasons() -> dict[str, str]:
    """Return for each reason the condition under which a row is bad."""
    sexes = ", ".join(f"'{sex}'" for sex in SEXES)
    return {
        **{f"{name}-missing": f"{name} is null" for name in REQUIRED},
        **{
            f"{name}-unreadable": f"{name} is null and {name}_text is not null" for name in (*DATES, *NUMBERS)
        },
        **{f"{name}-form": f"not regexp_matches({name}, '{regex}')" for name, regex in PATTERNS.items()},
        **{f"{name}-range": f"{name} not between {low} and {high}" for name, (low, high) in RANGES.items()},
        "sex-list": f"sex not in ({sexes})",
        "sex-id": "sex <> 'không xác định' and (digits // 100000000 % 2 = 1) <> (sex = 'nữ')",
        "year-id": "1900 + digits // 100000000 % 10 // 2 * 100 + digits // 1000000 % 100 <> year(birth_date)",
        "commune": "commune_code not in (select code from commune)",
        "disease": "icd10_code not in (select code from disease)",
        "birth": "birth_date not between date '1900-01-01' and current_date",
        "updated": "updated_on > current_date",
        "order": "updated_on < created_on",
        "pressure": "systolic_mmhg <= diastolic_mmhg",
    }
