"""Derivations about enterprises: whether a tax code can be one."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dxpipeline.quality.context import Context

_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
"""Weights of the first nine digits, as python-stdnum's `stdnum.vn.mst` documents the code."""


def tax_code_valid(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether the tenth digit of a tax code is the check digit of the nine before it.

    The check digit is 10 − (Σ digit × weight mod 11); where that is 10, no code exists. A branch bears the
    code of its enterprise and three digits more, which are not checked.

    Args:
        rows: The typed columns of the contract.
        columns: The column of tax codes, text of the form 0123456789 or 0123456789-001.
        context: The delivery; not needed.

    Returns:
        One truth value a row; null for null and for a text that begins with anything but ten digits.
    """
    digits = [
        pl.col(columns[0]).str.slice(position, 1).cast(pl.Int64(), strict=False)
        for position in range(len(_WEIGHTS) + 1)
    ]
    weighted = [digit * weight for digit, weight in zip(digits, _WEIGHTS, strict=False)]
    expected = 10 - pl.sum_horizontal(weighted, ignore_nulls=False) % 11
    return rows.select(digits[-1] == expected).to_series()
