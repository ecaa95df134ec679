"""Derivations that look a document of the plan up."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dxpipeline.plan.reader import load_documents
from dxpipeline.quality.context import Context


def comments_due_on(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Return the last day for comments on the document of a code; null where none is known."""
    due = {one.document_code: one.comments_due_on for one in load_documents() if one.comments_due_on}
    return rows[columns[0]].replace_strict(due, default=None, return_dtype=pl.Date())
