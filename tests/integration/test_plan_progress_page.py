"""The page on progress says what the warehouse computes from the sample drops; its arithmetic is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import psycopg
import pytest
from psycopg.rows import dict_row

from dxpipeline.indicators.refresh import refresh
from dxpipeline.plan.projection import Method, Verdict
from dxpipeline.settings import INCLUDE, PROJECT_ROOT, Settings
from dxpipeline.warehouse.connection import connect

PAGE = (PROJECT_ROOT / "docs" / "how-to" / "ke-hoach-tien-do.md").read_text(encoding="utf-8")
SAMPLE = INCLUDE / "sample"

QUERY = re.compile(r"^```sql\n(.*?)^```\n\n((?:\|[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
"""A statement and the table of its rows."""
CALCULATION = re.compile(
    r"^```python\n# (\S+) (\S+)\n(.*?)^```\n(.*?)Nhận\s+định: \*\*(\w+)\*\*", re.MULTILINE | re.DOTALL
)
"""The arithmetic of a target, and its verdict."""
STEP = re.compile(r"(\w+) = (.+?)  # (-?[\d.]+)")


@pytest.fixture
def sample(pipeline: Any, settings: Settings, warehouse: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Return a connection as BI to a warehouse with everything that ./run drops."""
    for path in sorted(path for path in SAMPLE.rglob("*") if path.suffix in (".xlsx", ".xls", ".csv")):
        pipeline.drop(path, str(path.parent.relative_to(SAMPLE)))
    pipeline.run()
    refresh(warehouse)
    with connect(settings, "bi", autocommit=True) as connection:
        yield connection


def cells(table: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]
    return [rows[0], *rows[2:]]


def written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def test_every_way_of_projecting_and_every_verdict_is_explained() -> None:
    rows = re.findall(r"^\| `([a-z_-]+)` \|", PAGE, re.MULTILINE)
    assert set(get_args(Method)) | set(get_args(Verdict)) <= set(rows)


def test_the_page_is_what_the_warehouse_says_of_the_sample(sample: psycopg.Connection) -> None:
    queries = QUERY.findall(PAGE)
    assert len(queries) == PAGE.count("```sql") == 4
    for statement, table in queries:
        cursor = sample.execute(statement.encode())
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        assert cells(table) == [names, *([written(value) for value in row] for row in cursor)]

    calculations = CALCULATION.findall(PAGE)
    assert len(calculations) == PAGE.count("```python") == 3
    for document, indicator, steps, _, verdict in calculations:
        known: dict[str, Any] = {"max": max}
        lines = steps.splitlines()
        for line in lines:
            step = STEP.fullmatch(line)
            assert step is not None, line
            name, expression, shown = step.groups()
            known[name] = eval(expression, {"__builtins__": {}}, known)
            digits = len(shown.partition(".")[2])
            assert round(known[name], digits) == float(shown), line
        with sample.cursor(row_factory=dict_row) as cursor:
            (stored,) = cursor.execute(
                "select * from target_progress where document_code = %s and indicator_code = %s",
                [document, indicator],
            ).fetchall()
        assert stored["verdict"] == verdict
        computed = ("distance", "required_pace", "observed_pace", "progress_pct")
        computed += ("projected_value", "projected_low", "projected_high")
        for column in computed:
            if stored[column] is None:
                assert column not in known, (indicator, column)
            else:
                assert float(stored[column]) == pytest.approx(known[column], rel=1e-4, abs=1e-4), column
