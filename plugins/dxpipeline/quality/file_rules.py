"""Gathers the figures of file rules block by block and judges them at the end."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from dxpipeline.quality.compiler import FileRule
from dxpipeline.quality.hash_index import HashIndex

Number = int | float

_DISTINCT = (
    "expect_column_unique_value_count_to_be_between",
    "expect_column_proportion_of_unique_values_to_be_between",
)


class FileFigures:
    """The figures of one file rule: rows, values, sum, smallest, largest and, where needed, distinct values.

    Args:
        compiled: The rule.
    """

    def __init__(self, compiled: FileRule) -> None:
        self.rule = compiled.rule
        self._applies = compiled.applies
        self._values = compiled.values
        self._distinct = HashIndex() if compiled.rule.type in _DISTINCT else None
        self._rows = 0
        self._present = 0
        self._sum: Number = 0
        self._smallest: Number | None = None
        self._largest: Number | None = None

    def add(self, rows: pl.DataFrame) -> None:
        """Take in the typed and derived columns of a block."""
        counted = rows.filter(self._applies)
        self._rows += counted.height
        if self._values is None or counted.is_empty():
            return
        values = counted.select(self._values.alias("value")).to_series().drop_nulls()
        self._present += len(values)
        if self._distinct is not None:
            self._distinct.add(
                values.hash().to_numpy().astype(np.uint64), np.zeros(len(values), dtype=np.int64)
            )
        elif len(values) and values.dtype.is_numeric():
            self._sum += _number(values.sum())
            self._smallest = _extreme(min, self._smallest, _number(values.min()))
            self._largest = _extreme(max, self._largest, _number(values.max()))

    def observed(self) -> Number | None:
        """Return the figure that the rule judges, or None where the file has no value to tell it from."""
        distinct = len(self._distinct) if self._distinct is not None else 0
        figures: dict[str, Number | None] = {
            "expect_table_row_count_to_be_between": self._rows,
            "expect_table_row_count_to_equal": self._rows,
            "expect_column_sum_to_be_between": self._sum,
            "expect_column_min_to_be_between": self._smallest,
            "expect_column_max_to_be_between": self._largest,
            "expect_column_mean_to_be_between": self._sum / self._present if self._present else None,
            "expect_column_unique_value_count_to_be_between": distinct,
            "expect_column_proportion_of_unique_values_to_be_between": (
                distinct / self._present if self._present else 0
            ),
            "expect_column_proportion_of_non_null_values_to_be_between": (
                self._present / self._rows if self._rows else 0
            ),
        }
        return figures[self.rule.type]

    def success(self) -> bool:
        """Say whether the file keeps the rule."""
        observed = self.observed()
        if observed is None:
            return False
        return all(holds(observed, limit) for _, holds, limit in _limits(self.rule.kwargs))

    def details(self) -> dict[str, str]:
        """Return what the sentence about a broken rule needs: the figure and its limits."""
        observed = self.observed()
        limits = ", ".join(f"{sign} {limit}" for sign, _, limit in _limits(self.rule.kwargs))
        return {"observed": "" if observed is None else str(observed), "limit": limits}


def _limits(kwargs: Any) -> list[tuple[str, Callable[[Number, Number], bool], Number]]:
    limits: list[tuple[str, Callable[[Number, Number], bool], Number]] = []
    if kwargs.get("value") is not None:
        limits.append(("=", operator.eq, kwargs["value"]))
    if kwargs.get("min_value") is not None:
        sign, holds = (">", operator.gt) if kwargs.get("strict_min") else ("≥", operator.ge)
        limits.append((sign, holds, kwargs["min_value"]))
    if kwargs.get("max_value") is not None:
        sign, holds = ("<", operator.lt) if kwargs.get("strict_max") else ("≤", operator.le)
        limits.append((sign, holds, kwargs["max_value"]))
    return limits


def _number(value: Any) -> Number:
    return value if isinstance(value, int) else float(value)


def _extreme(choose: Callable[[Number, Number], Number], one: Number | None, other: Number) -> Number:
    return other if one is None else choose(one, other)
