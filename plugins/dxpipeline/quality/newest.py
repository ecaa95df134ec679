"""Finds the newest version of every record in a file of versions, in blocks, with 16 bytes a record."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from dxpipeline.quality.hash_index import UNSEEN, HashIndex, Places, hash_keys, in_order

# A version is one whole number of 63 bits, so that the larger is the newer: day, then sheet, then row.
_ROW_BITS = 31
_SHEET_BITS = 10
_DAY_SHIFT = _ROW_BITS + _SHEET_BITS
_FIRST_DAY = 719_162  # days from 0001-01-01 to 1970-01-01, from which polars counts


class NewestVersions:
    """Tells which rows of a file are the newest of their key and which are superseded.

    The newest day wins, among rows of one day the later row of the file.
    """

    def __init__(self) -> None:
        self._index = HashIndex(largest=True)
        self._sheets: dict[str | None, int] = {}
        self._superseded: list[Places] = []

    def add(
        self, keys: pl.DataFrame, days: pl.Series, sheet: str | None, rows: pl.Series
    ) -> npt.NDArray[np.bool_]:
        """Look at the rows of a block.

        Args:
            keys: The columns of the key, one row for every version.
            days: Day of each version, of type Date, none missing.
            sheet: Sheet of the block.
            rows: Row number of each version, from 1.

        Returns:
            For each row whether it is superseded by a row of this block or an earlier one.

        Raises:
            ValueError: The file has more sheets or rows than a version can tell apart.
        """
        number = self._sheets.setdefault(sheet, len(self._sheets))
        if keys.is_empty():
            return np.zeros(0, dtype=np.bool_)
        places = rows.to_numpy().astype(np.int64)
        if number >> _SHEET_BITS or int(places.max()) >> _ROW_BITS:
            raise ValueError(
                f"Sheet {number + 1} or row {int(places.max())} is beyond what can be told apart "
                f"({2**_SHEET_BITS} sheets, {2**_ROW_BITS - 1} rows); send the file in parts."
            )
        numbers = days.to_physical().to_numpy().astype(np.int64) + _FIRST_DAY
        versions: Places = (numbers << _DAY_SHIFT) | (number << _ROW_BITS) | places
        hashes = hash_keys(keys)
        order = in_order(hashes, versions)
        ordered = hashes[order]
        newest = order[np.append(ordered[1:] != ordered[:-1], True)]
        before = self._index.add_ordered(hashes[newest], versions[newest])
        superseded = np.ones(len(hashes), dtype=np.bool_)
        superseded[newest] = before > versions[newest]
        replaced = before[(before != UNSEEN) & (before < versions[newest])]
        if len(replaced):
            self._superseded.append(replaced)
        return superseded

    def finish(self) -> pl.DataFrame:
        """Return `sheet` and `source_row` of the rows that only a later block superseded, in their order."""
        versions = np.concatenate([np.zeros(0, dtype=np.int64), *self._superseded])
        sheets = list(self._sheets)
        return (
            pl.DataFrame(
                {
                    "number": (versions >> _ROW_BITS) & ((1 << _SHEET_BITS) - 1),
                    "source_row": versions & ((1 << _ROW_BITS) - 1),
                }
            )
            .sort("number", "source_row")
            .select(
                pl.col("number")
                .replace_strict(list(range(len(sheets))), sheets, return_dtype=pl.String())
                .alias("sheet"),
                "source_row",
            )
        )
