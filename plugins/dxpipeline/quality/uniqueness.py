"""Finds keys that repeat in a file, in blocks, with 16 bytes a row.

Every key becomes a 64-bit hash, kept with the place of its first row in sorted runs that are merged as they
grow. Two different keys are taken for one with a probability of n²/2⁶⁵: one in three million for 3.6 million
rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from dxpipeline.contracts import Column
from dxpipeline.quality.issues import issue_frame, joined, shown
from dxpipeline.quality.model import Severity

_SEED = 20210225
_ROW_BITS = 40  # of a place: the sheet's number above, the row below
_MOST_NAMED = 20  # rows named in an issue's details

_Hashes = npt.NDArray[np.uint64]
_Places = npt.NDArray[np.int64]


class HashIndex:
    """The keys seen so far: hash and place of the first row of each, 16 bytes a key."""

    def __init__(self) -> None:
        self._runs: list[tuple[_Hashes, _Places]] = []

    def __len__(self) -> int:
        """Return the number of different keys."""
        return sum(len(hashes) for hashes, _ in self._runs)

    def add(self, hashes: _Hashes, places: _Places) -> _Places:
        """Take in the keys of a block.

        Args:
            hashes: Hash of each row's key; may repeat.
            places: Place of each row, not negative.

        Returns:
            For each row the place of an earlier block where its key was seen first, -1 where it is new.
        """
        before = np.full(len(hashes), -1, dtype=np.int64)
        for run, run_places in self._runs:
            found = np.searchsorted(run, hashes)
            found[found == len(run)] = 0
            known = run[found] == hashes
            before[known] = run_places[found[known]]
        new = before < 0
        fresh, first = np.unique(hashes[new], return_index=True)
        if len(fresh):
            self._merge(fresh, places[new][first])
        return before

    def _merge(self, hashes: _Hashes, places: _Places) -> None:
        # Merging only runs of like size keeps the work at n·log(n) in all.
        while self._runs and len(self._runs[-1][0]) <= 2 * len(hashes):
            run, run_places = self._runs.pop()
            hashes = np.concatenate([run, hashes])
            places = np.concatenate([run_places, places])
            order = np.argsort(hashes, kind="stable")
            hashes, places = hashes[order], places[order]
        self._runs.append((hashes, places))


@dataclass
class _Repeated:
    """A key whose first row was alone in its block and met a copy later."""

    first: int
    value: str | None
    later: list[int] = field(default_factory=list)


class UniqueCheck:
    """Reports every row whose key stands in the file more than once.

    Args:
        name: Rule under which issues are reported.
        severity: Their severity.
        code: Their code.
        column: Column under which they are shown.
    """

    def __init__(self, *, name: str, severity: Severity, code: str, column: Column) -> None:
        self.name = name
        self.severity = severity
        self._code = code
        self._column = column
        self._index = HashIndex()
        self._sheets: list[str | None] = []
        self._reported: set[int] = set()
        self._repeated: dict[int, _Repeated] = {}

    def add(self, keys: pl.DataFrame, sheet: str | None, rows: pl.Series, texts: pl.Series) -> pl.DataFrame:
        """Look at the rows of a block.

        Args:
            keys: The columns of the key, one row for every record in question.
            sheet: Sheet of the block.
            rows: Row number of each record.
            texts: What the cell shown with an issue held.

        Returns:
            Issues of the rows whose key repeats inside the block or was seen in an earlier one.
        """
        if sheet not in self._sheets:
            self._sheets.append(sheet)
        if keys.is_empty():
            return joined([])
        hash_series = keys.hash_rows(seed=_SEED)
        hashes = hash_series.to_numpy().astype(np.uint64)
        places = (self._sheets.index(sheet) << _ROW_BITS) + rows.to_numpy().astype(np.int64)
        before = self._index.add(hashes, places)
        repeated = hash_series.is_duplicated().to_numpy() | (before >= 0)
        positions = np.flatnonzero(repeated)
        here: dict[int, list[int]] = {}
        for position in positions:
            here.setdefault(int(hashes[position]), []).append(int(places[position]))
        for position in positions:
            key, first = int(hashes[position]), int(before[position])
            if first >= 0 and key not in self._reported:
                known = self._repeated.setdefault(key, _Repeated(first, texts[int(position)]))
                known.later.append(int(places[position]))
            elif first < 0:
                self._reported.add(key)
        picked = [int(position) for position in positions]
        return issue_frame(
            sheets=[sheet] * len(picked),
            rows=[rows[position] for position in picked],
            column=self._column.name,
            code=self._code,
            severity=self.severity,
            rule=self.name,
            values=[shown(texts[position], self._column) for position in picked],
            details=[
                self._others(int(places[position]), here[int(hashes[position])], int(before[position]))
                for position in picked
            ],
        )

    def finish(self) -> pl.DataFrame:
        """Return the issues of the rows that only a later block showed to be repeated."""
        found = sorted(self._repeated.values(), key=lambda one: one.first)
        return issue_frame(
            sheets=[self._sheet(one.first) for one in found],
            rows=[_row(one.first) for one in found],
            column=self._column.name,
            code=self._code,
            severity=self.severity,
            rule=self.name,
            values=[shown(one.value, self._column) for one in found],
            details=[self._others(one.first, one.later, -1) for one in found],
        )

    def _others(self, place: int, places: list[int], before: int) -> dict[str, Any]:
        """Name the other rows with the key, as a clerk finds them."""
        others = sorted({*places, *([before] if before >= 0 else [])} - {place})
        names = [str(_row(other)) for other in others[:_MOST_NAMED]]
        details = {"rows": ", ".join(names) + (", …" if len(others) > _MOST_NAMED else "")}
        sheets = {self._sheet(other) for other in others} - {self._sheet(place)}
        if sheets:
            details["sheets"] = ", ".join(sorted(sheet or "" for sheet in sheets))
        return details

    def _sheet(self, place: int) -> str | None:
        return self._sheets[place >> _ROW_BITS]


def _row(place: int) -> int:
    return place & ((1 << _ROW_BITS) - 1)
