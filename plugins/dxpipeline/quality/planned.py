"""Derivations that look a code of the plan up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dxpipeline.plan.reader import load_documents, load_plan
from dxpipeline.quality.context import Context


def comments_due_on(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Return the last day for comments on the document of a code; null where none is known."""
    due = {one.document_code: one.comments_due_on for one in load_documents() if one.comments_due_on}
    return rows[columns[0]].replace_strict(due, default=None, return_dtype=pl.Date())


def document_planned(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether a document of the code sets targets; null without a code."""
    return rows[columns[0]].is_in(_documents())


def planned_documents(cells: Sequence[Any], context: Context) -> dict[str, str]:
    """Name the documents that set targets: `choices`."""
    return {"choices": ", ".join(_documents())}


def solution_planned(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether the plan has a solution of the code; null without a code."""
    return rows[columns[0]].is_in(_solutions())


def planned_solutions(cells: Sequence[Any], context: Context) -> dict[str, str]:
    """Name the solutions of the plan: `choices`."""
    return {"choices": ", ".join(_solutions())}


def _documents() -> list[str]:
    return [one.document_code for one in load_documents() if one.kind == "plan"]


def _solutions() -> list[str]:
    return [one.solution_code for one in load_plan().solutions]
