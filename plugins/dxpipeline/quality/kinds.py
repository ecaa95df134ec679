"""Columns by kind as polars expressions, and values of suites that fit them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dxpipeline.contracts import Kind

MOST_EXACT = 10**15
"""Numbers up to here are exact in every representation (64-bit integers, floats, Python's)."""


EVERY_ROW = pl.repeat(True, pl.len(), dtype=pl.Boolean())
"""True for each row; a literal would be one value, whatever the number of rows."""


def value_expression(name: str, kind: Kind) -> pl.Expr:
    """Return a column's values as the rules see them: a float that is not a number counts as missing."""
    # Adding zero makes -0.0 equal to 0.0 where keys are compared.
    return pl.col(name).fill_nan(None) + 0.0 if kind == "number" else pl.col(name)


def literal_fits(value: Any, kind: Kind) -> bool:
    """Say whether a value of a suite can stand for a value of a column: its type fits and it is exact."""
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "text":
        return isinstance(value, str)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_EXACT
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST_EXACT
    return False


def typed_list(values: Sequence[Any], kind: Kind) -> list[Any]:
    """Return the values of a set in the column's type, so that 1 is found among floats."""
    return [float(value) for value in values] if kind == "number" else list(values)
