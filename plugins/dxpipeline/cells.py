"""Cells of workbooks that people are given."""

from __future__ import annotations

from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def set_text(cell: Any, text: str) -> None:
    """Give a cell a text that stays one, also where it begins like a formula and when it is edited.

    Args:
        cell: A cell of openpyxl.
        text: Anything that others wrote; characters that no workbook may hold are left out.
    """
    kept = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.value = kept
    cell.data_type = "s"
    if kept.startswith(_FORMULA_STARTS):
        cell.quotePrefix = True
