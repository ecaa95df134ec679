"""The rows of a generated file as the warehouse stores them, for the floors to copy."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from bench.generate_health_records import chunks
from dxpipeline.privacy.hashing import KeyedHasher

_PROVENANCE = {
    "submission_id": 1,
    "received_seq": 1,
    "hash_key_version": 1,
    "source_sheet": "",
    "period": "2021-Q2",
}


def write_stored_rows(path: Path, rows: int, columns: list[str]) -> int:
    """Write the right rows of the generated file in stored form, as CSV without a header.

    Args:
        path: The file to write; the database server may read it.
        rows: Rows of the generated file, the bad ones included.
        columns: The columns of core.health_records, in the order of the table.

    Returns:
        The rows that were written.
    """
    hasher = KeyedHasher(bytes(32), 1)
    written, line = 0, 2
    with path.open("wb") as file:
        for right, mistakes in chunks(rows):
            numbered = right.with_row_index("source_row", line).filter(mistakes.is_null())
            stored = numbered.with_columns(
                birth_year=pl.col("birth_date").dt.year(),
                **{name: pl.lit(value) for name, value in _PROVENANCE.items()},
                **{
                    f"{name}_hash": "\\x" + _digits(hasher.hash_column(numbered[name]))
                    for name in ("citizen_id", "insurance_number")
                },
            )
            stored.select(columns).write_csv(file, include_header=False, null_value="\\N")
            written += stored.height
            line += right.height
    path.chmod(0o644)
    return written


def _digits(hashes: pl.Series) -> pl.Series:
    return hashes.arr.to_list().cast(pl.Binary).bin.encode("hex")
