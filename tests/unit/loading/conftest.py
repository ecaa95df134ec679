"""Loads checked rows of hospitals as the pipeline does, without files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import polars as pl
import psycopg
import pytest

from dxpipeline.contracts import contracts
from dxpipeline.loading.load import Load, Outcome
from dxpipeline.loading.origin import Origin, Scope
from dxpipeline.quality.model import ISSUE_SCHEMA, CheckedBlock, FileFindings
from dxpipeline.reading.model import SkippedRow

from .versions import Feed

CONTRACT = contracts()["smart_hospitals"]
HOSPITAL: dict[str, Any] = {
    "sheet": "Biểu",
    "accepted": True,
    "superseded": False,
    "hospital_name": "Bệnh viện",
    "hospital_tier": "district",
    "infrastructure_level": 3,
    "his_level": 3,
    "lis_level": "none",
    "ris_pacs_level": "none",
    "emr_level": "none",
    "security_met": False,
    "it_level": 3,
    "paperless_on": None,
    "assessed_on": date(2021, 3, 1),
}
_TYPES = {"text": pl.String, "integer": pl.Int64, "date": pl.Date, "boolean": pl.Boolean}
ROWS = {
    "sheet": pl.String,
    "source_row": pl.Int64,
    "accepted": pl.Boolean,
    "superseded": pl.Boolean,
    **{column.name: _TYPES[column.kind] for column in CONTRACT.columns},
}
Hospital = dict[str, Any]
LoadRows = Callable[..., Outcome]


def good(code: str, **changes: Any) -> Hospital:
    """Return a row that is accepted."""
    return {**HOSPITAL, "hospital_code": code, **changes}


def bad(code: str | None, column: str = "his_level", **changes: Any) -> Hospital:
    """Return a row that is held back for one of its cells."""
    return {**good(code or "", **changes), "hospital_code": code, "accepted": False, "fault": column}


def block(rows: Sequence[Hospital], first: int = 10) -> CheckedBlock:
    """Return rows as the checker hands them on."""
    numbered = [{**row, "source_row": first + index} for index, row in enumerate(rows)]
    issues = [
        {
            "sheet": row["sheet"],
            "source_row": row["source_row"],
            "column_name": row["fault"] or None,
            "code": "bad-number",
            "severity": row.get("severity", "critical"),
            "rule": "contract",
            "value": "x",
            "details": None,
        }
        for row in numbered
        if "fault" in row
    ]
    return CheckedBlock(
        pl.DataFrame([{name: row[name] for name in ROWS} for row in numbered], schema=ROWS),
        pl.DataFrame(),
        pl.DataFrame(issues, schema=ISSUE_SCHEMA),
    )


def findings(late: Sequence[int] = (), rejected_by: tuple[str, dict[str, str]] | None = None) -> FileFindings:
    """Return what the whole file shows: rows refused late, or the reason why nothing can be loaded."""
    schema = {"sheet": pl.String, "source_row": pl.Int64}
    rows = pl.DataFrame([{"sheet": "Biểu", "source_row": row} for row in late], schema=schema)
    issues = [
        {
            "sheet": "Biểu",
            "source_row": row,
            "column_name": "hospital_code",
            "code": "duplicate-key",
            "severity": "critical",
            "rule": "contract",
            "value": None,
            "details": None,
        }
        for row in late
    ]
    return FileFindings(
        pl.DataFrame(issues, schema=ISSUE_SCHEMA), rows, pl.DataFrame(schema=schema), rejected_by, ()
    )


@pytest.fixture
def load(warehouse: psycopg.Connection) -> LoadRows:
    """Return a function that loads blocks of rows as one submission, in a transaction of its own."""
    attempts = iter(range(1, 1000))

    def load_rows(
        *blocks: Sequence[Hospital],
        skipped: Sequence[SkippedRow] = (),
        whole_file: FileFindings | None = None,
        is_correction: bool = False,
        period: str = "2021-Q2",
        unit: str = "smart_hospitals",
    ) -> Outcome:
        scope = Scope(CONTRACT, unit, period)
        with warehouse.transaction():
            origin = Origin(1, 1, next(attempts), "so-y-te", scope, "title", is_correction, [])
            load = Load(warehouse, origin)
            first = 10
            for rows in blocks:
                load.add(load.shape(block(rows, first)))
                first += len(rows)
            return load.finish(whole_file or findings(), skipped, ["a note"])

    return load_rows


@pytest.fixture
def feed(warehouse: psycopg.Connection) -> Feed:
    """Return the deliveries of health records, of which there are none yet."""
    return Feed(warehouse)
