"""Makes issues, with cells shown as sent and personal ones masked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from dxpipeline.contracts import DAY, Column
from dxpipeline.quality.model import ISSUE_SCHEMA, Severity

CONTRACT = "contract"
"""`rule` of the issues that the contract raises, not a suite."""

MASK = "•••"
_LONGEST_SHOWN = 200
# Too short for a name or the number of a person: `ZZ9.9`, `19999`, `85,75`, `nm`.
_HARMLESS = re.compile(r"-?[^\W\d_]{0,2}[0-9]{0,5}(?:[.,][0-9]{1,3})?")
_DAY = re.compile(DAY)


class Issue(NamedTuple):
    """One issue: a row of a frame of `ISSUE_SCHEMA`."""

    sheet: str | None
    source_row: int | None
    column_name: str | None
    code: str
    severity: Severity
    rule: str
    value: str | None
    details: str | None


def shown(value: str | None, column: Column | None) -> str | None:
    """Return what of a cell may be shown: a mask where it may tell of a person, else at most 200 characters.

    The only place that decides it. Beside personal columns a cell may stand in the wrong place, so that only
    short numbers and codes are shown there, and days in columns of days. The mask has one length, so that not
    even the cell's length is told.
    """
    if value is None:
        return None
    if column is not None and (column.personal or (column.beside_personal and not _harmless(value, column))):
        return MASK
    return value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"


def _harmless(text: str, column: Column) -> bool:
    """Say whether a text can be neither the name nor the number nor the birthday of a person."""
    return bool(_HARMLESS.fullmatch(text) or (column.kind == "date" and _DAY.fullmatch(text)))


def issues_of_rule(
    *,
    sheets: Sequence[str | None],
    rows: Sequence[int | None],
    column: str | None,
    code: str | Sequence[str],
    severity: Severity,
    rule: str,
    values: Sequence[str | None],
    details: Sequence[Mapping[str, str] | None],
) -> list[Issue]:
    """Return the issues of one rule.

    Args:
        sheets: Sheet of each issue's row.
        rows: Number of each issue's row.
        column: Column under which they are shown.
        code: Their code, or one code an issue.
        severity: What they do.
        rule: Id of the rule, or `CONTRACT`.
        values: What each cell showed, already through `shown`.
        details: What each sentence needs.
    """
    codes = [code] * len(rows) if isinstance(code, str) else code
    # Most rows of a rule share their details; writing them once halves the time of a file of bad rows.
    written = {key: _json(dict(key)) for key in set(map(_items, details))}
    return [
        Issue(sheet, row, column, one, severity, rule, value, written[_items(detail)])
        for sheet, row, one, value, detail in zip(sheets, rows, codes, values, details, strict=True)
    ]


def issue_frame(issues: Iterable[Issue]) -> pl.DataFrame:
    """Return issues as a frame of `ISSUE_SCHEMA`, in the order of the rows, those of no row last."""
    ordered = sorted(issues, key=lambda issue: (issue.source_row is None, issue.source_row or 0))
    columns = zip(*ordered, strict=True) if ordered else ([] for _ in ISSUE_SCHEMA)
    return pl.DataFrame(dict(zip(ISSUE_SCHEMA, columns, strict=True)), schema=ISSUE_SCHEMA)


def _items(details: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple(details.items()) if details else ()


def _json(details: Mapping[str, str]) -> str | None:
    return json.dumps(details, ensure_ascii=False) if details else None
