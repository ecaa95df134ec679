"""Derivations that look a department's code up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from dxpipeline import reference
from dxpipeline.quality.context import Context


def department_existed_on(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether a department with the code existed on the row's own day; null where one is missing."""
    code, on = columns
    existed = pl.lit(False)
    for department in reference.departments():
        from_then_on = True if department.valid_from is None else pl.col(on) >= department.valid_from
        until_then = True if department.valid_to is None else pl.col(on) < department.valid_to
        existed |= (pl.col(code) == department.department_code) & from_then_on & until_then
    complete = pl.col(code).is_not_null() & pl.col(on).is_not_null()
    return rows.select(pl.when(complete).then(existed)).to_series()


def departments_of_the_day(cells: Sequence[Any], context: Context) -> dict[str, str]:
    """Name the departments of the row's own day: `choices`."""
    on: date = cells[1]
    existing = (one.department_code for one in reference.departments() if one.exists(on))
    return {"choices": ", ".join(existing)}
