"""What checking hands on: typed rows, each accepted or not, and issues that name cell and reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

Severity = Literal["critical", "warning"]
Verdict = Literal["accepted", "accepted_with_warnings", "partially_accepted", "rejected", "duplicate"]

ISSUE_SCHEMA: dict[str, pl.DataType] = {
    "sheet": pl.String(),
    "source_row": pl.Int64(),
    "column_name": pl.String(),
    "code": pl.String(),
    "severity": pl.String(),
    "rule": pl.String(),
    "value": pl.String(),
    "details": pl.String(),
}
"""Columns of a frame of issues.

`source_row` and `sheet` are null for an issue of the whole file, `column_name` is null where the whole
line is broken. `rule` names the expectation, or `contract`. `value` is what the cell showed, masked for
personal columns. `details` is a JSON object of text values for the sentence (`limit`, `suggestion`, ...),
null where none is needed.
"""


def _no_rows() -> pl.DataFrame:
    return pl.DataFrame(schema={"sheet": pl.String(), "source_row": pl.Int64()})


@dataclass(frozen=True)
class CheckedBlock:
    """The checked records of one block.

    Attributes:
        rows: `sheet`, `source_row`, every contract column (typed, null where absent or unreadable), and
            `accepted` and `superseded` (Boolean, never both: a record that is neither is refused). All
            records of the block but the ragged ones. Superseded are, in upsert feeds, the records that pass
            all rules and of which this block or an earlier one has a newer version.
        derived: The derived columns of the same rows, in the same order.
        issues: A frame of `ISSUE_SCHEMA`.
        ragged: `sheet` and `source_row` of the records whose cells do not fit the header; they are refused.
    """

    rows: pl.DataFrame
    derived: pl.DataFrame
    issues: pl.DataFrame
    ragged: pl.DataFrame = field(default_factory=_no_rows)


@dataclass(frozen=True)
class FileFindings:
    """What is known only after the last block.

    Attributes:
        issues: Row issues found across blocks (keys that repeat), and issues of the whole file, as a
            frame of `ISSUE_SCHEMA`.
        late_quarantined: `sheet`, `source_row` of rows that a block accepted and the whole file refuses.
        superseded: `sheet`, `source_row` of rows that a block accepted and a later block superseded (upsert
            feeds), in their order. A warning on such a row stands among the issues of its block.
        rejected_by: Code of the file rule that refuses the whole file, with its details; None otherwise.
        results: One entry a rule of the suite in Great Expectations' result format, counted over the whole
            file and without any value of a cell: `rule`, `success`, `expectation_config`, `result`.
    """

    issues: pl.DataFrame
    late_quarantined: pl.DataFrame
    superseded: pl.DataFrame
    rejected_by: tuple[str, dict[str, str]] | None = None
    results: tuple[dict[str, Any], ...] = ()
