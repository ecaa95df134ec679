"""Finds keys that repeat in a file, in blocks, with 16 bytes a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from dxpipeline.contracts import Column
from dxpipeline.quality.hash_index import UNSEEN, HashIndex, hash_keys
from dxpipeline.quality.issues import Issue, issues_of_rule, shown
from dxpipeline.quality.model import Severity

_ROW_BITS = 40  # of a place: the sheet's number above, the row below
_MOST_NAMED = 20  # rows named in an issue's details


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
        others: The key's other columns, which the sentence names: a value alone may well come again.
    """

    def __init__(
        self, *, name: str, severity: Severity, code: str, column: Column, others: Sequence[Column] = ()
    ) -> None:
        self.name = name
        self.severity = severity
        self._code = code
        self._column = column
        self._alike = ", ".join(f"“{other.label}”" for other in others)
        self._index = HashIndex()
        self._sheets: list[str | None] = []
        self._reported: set[int] = set()
        self._repeated: dict[int, _Repeated] = {}

    def add(self, keys: pl.DataFrame, sheet: str | None, rows: pl.Series, texts: pl.Series) -> list[Issue]:
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
            return []
        hashes = hash_keys(keys)
        places = (self._sheets.index(sheet) << _ROW_BITS) + rows.to_numpy().astype(np.int64)
        before = self._index.add(hashes, places)
        repeated = pl.Series(hashes).is_duplicated().to_numpy() | (before != UNSEEN)
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
        return issues_of_rule(
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

    def finish(self) -> list[Issue]:
        """Return the issues of the rows that only a later block showed to be repeated."""
        found = sorted(self._repeated.values(), key=lambda one: one.first)
        return issues_of_rule(
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
        if self._alike:
            details["alike"] = self._alike
        sheets = {self._sheet(other) for other in others} - {self._sheet(place)}
        if sheets:
            details["sheets"] = ", ".join(sorted(sheet or "" for sheet in sheets))
        return details

    def _sheet(self, place: int) -> str | None:
        return self._sheets[place >> _ROW_BITS]


def _row(place: int) -> int:
    return place & ((1 << _ROW_BITS) - 1)
