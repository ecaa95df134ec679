"""From checked rows to what is stored of them: identifiers as hashes, dates of birth as years, no names."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from dxpipeline.contracts import Contract
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.reading.numerals import FIRST_YEAR, LAST_YEAR

_EPOCH = date(1970, 1, 1)
_FIRST_DAY = (date(FIRST_YEAR, 1, 1) - _EPOCH).days
_END_DAY = (date(LAST_YEAR + 1, 1, 1) - _EPOCH).days
"""Days since 1970 of the dates that can be read, the last one excluded."""


def stored_form(rows: pl.DataFrame, contract: Contract, hasher: KeyedHasher | None) -> pl.DataFrame:
    """Return checked rows as the tables of schema core take them, ready for COPY.

    Args:
        rows: As in `CheckedBlock.rows`.
        contract: The feed.
        hasher: What makes the keyed hashes.

    Returns:
        `source_sheet`, `source_row`, and the contract's stored columns: lists as PostgreSQL's array
        literals, hashes as its hexadecimal bytes.

    Raises:
        ValueError: The contract stores hashes, and there is no hasher.
    """
    columns: list[pl.Series] = [
        rows["sheet"].fill_null("").alias("source_sheet"),
        rows["source_row"].alias("source_row"),
    ]
    for name, column in contract.stored_columns.items():
        values = rows[column.name]
        if column.stored_as == "keyed-hash":
            if hasher is None:
                raise ValueError(f"{contract.feed} stores keyed hashes of {column.name}: give a hasher.")
            values = "\\x" + hasher.hash_column(values)
        elif column.stored_as == "year":
            values = values.dt.year()
        elif column.kind == "date":
            values = _iso_dates(values)
        elif column.kind == "list":
            values = _array_literals(values)
        columns.append(values.alias(name))
    return pl.DataFrame(columns)


def _iso_dates(days: pl.Series) -> pl.Series:
    """Write dates as PostgreSQL reads them; looking each up takes a tenth of the time of writing it."""
    written = _written_days()
    return written.gather(days.to_physical() - _FIRST_DAY)


@cache
def _written_days() -> pl.Series:
    return pl.int_range(_FIRST_DAY, _END_DAY, dtype=pl.Int32(), eager=True).cast(pl.Date()).cast(pl.String())


def _array_literals(lists: pl.Series) -> pl.Series:
    """Write lists of texts as PostgreSQL writes arrays."""
    quoted = (
        pl.element().str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    )
    items = lists.list.eval('"' + quoted + '"').list.join(",")
    return pl.select(pl.when(lists.is_not_null()).then("{" + items + "}")).to_series()
