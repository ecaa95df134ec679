"""From checked rows to what is stored of them: identifiers as hashes, dates of birth as years, no names."""

from __future__ import annotations

import polars as pl

from dxpipeline.contracts import Contract
from dxpipeline.privacy.hashing import KeyedHasher


def stored_form(rows: pl.DataFrame, contract: Contract, hasher: KeyedHasher | None) -> pl.DataFrame:
    """Return checked rows as the tables of schema core take them.

    Args:
        rows: As in `CheckedBlock.rows`.
        contract: The feed.
        hasher: What makes the keyed hashes.

    Returns:
        `source_sheet`, `source_row`, and the contract's stored columns; hashes as bytes.

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
            values = hasher.hash_column(values)
        elif column.stored_as == "year":
            values = values.dt.year()
        columns.append(values.alias(name))
    return pl.DataFrame(columns)
