"""Files as departments send them: every refused cell, every warning and every accepted value as expected."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import Contract, contracts
from dxpipeline.periods import Period
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.cross_check import cross_check
from dxpipeline.quality.issues import MASK
from dxpipeline.quality.model import CheckedBlock, FileFindings
from dxpipeline.quality.outcome import verdict_of
from dxpipeline.quality.suite import load_suite
from dxpipeline.reading import open_document
from dxpipeline.text import fold_tone

DROPS = Path(__file__).parents[2] / "data" / "drops"
NAMES = {"hospital_name", "station_name", "commune_name", "district_name"}


def readable() -> list[Path]:
    expected = sorted(DROPS.rglob("*.expected.json"))
    return [path for path in expected if json.loads(path.read_text(encoding="utf-8"))["rows_read"]]


def check(path: Path, expected: dict[str, Any]) -> tuple[list[CheckedBlock], FileFindings, int]:
    contract = contracts()[expected["feed"]]
    document = open_document(path, path.name, contract)
    received_at = datetime.fromisoformat("2026-01-15T08:00:00+07:00")
    checker = Checker(
        contract, load_suite(contract), Period.parse(expected["period"]), received_at, document.layouts
    )
    blocks = [checker.check(block) for block in document.blocks()]
    return blocks, checker.finish(), len(document.skipped)


def plain(column: str, value: Any) -> Any:
    if column in NAMES and value is not None:
        return fold_tone(value)
    return value.isoformat() if isinstance(value, date) else value


def personal_columns(contract: Contract) -> pl.DataFrame:
    names = [column.name for column in contract.columns if column.personal]
    return pl.DataFrame({"column_name": names}, schema={"column_name": pl.String})


def as_checked(row: dict[str, Any], contract: Contract) -> dict[str, Any]:
    """Return an expected row in the shape of a checked one."""
    return {
        "sheet": row.get("_sheet"),
        "source_row": row["_row"],
        **{name: plain(name, row[name]) for name in contract.by_name},
    }


def assert_summary(values: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    """Compare the rows of a large drop with their count, sums and digest, which covers every value."""
    lines = [
        # The digest has heights as whole numbers and weights with their fraction.
        {"_row": row.pop("source_row"), **row, "height_cm": row["height_cm"] and int(row["height_cm"])}
        for row in values
        if row.pop("sheet") is None
    ]
    assert len(lines) == summary["count"]
    assert {name: sum(line[name] or 0 for line in lines) for name in summary["sums"]} == pytest.approx(
        summary["sums"]
    )
    assert [lines[:5], lines[-5:]] == [summary["first"], summary["last"]]
    text = "".join(json.dumps(line, sort_keys=True, ensure_ascii=False) + "\n" for line in lines)
    assert hashlib.sha256(text.encode()).hexdigest() == summary["sha256_of_sorted_json_lines"]


@pytest.mark.parametrize("description", readable(), ids=lambda path: path.name.removesuffix(".expected.json"))
def test_a_drop_is_judged_as_expected(description: Path) -> None:
    expected = json.loads(description.read_text(encoding="utf-8"))
    contract = contracts()[expected["feed"]]
    blocks, findings, skipped = check(
        description.with_name(description.name.removesuffix(".expected.json")), expected
    )
    rows = pl.concat([block.rows for block in blocks])
    issues = pl.concat([*(block.issues for block in blocks), findings.issues])
    late = findings.late_quarantined.with_columns(late=True)
    rows = rows.join(late, on=["sheet", "source_row"], how="left", nulls_equal=True)
    accepted = rows.filter(pl.col("accepted") & pl.col("late").is_null())
    refused = rows.filter(~pl.col("accepted") | pl.col("late"))

    assert rows.height + skipped == expected["rows_read"]
    assert (accepted.height, refused.height, skipped) == (
        expected["rows_accepted"],
        expected["rows_quarantined"],
        expected["rows_skipped"],
    )
    assert refused["source_row"].to_list() == [one["row"] for one in expected["quarantined"]]
    critical = issues.filter(pl.col("severity") == "critical")
    for one in expected["quarantined"]:
        found = critical.filter(pl.col("source_row") == one["row"])
        assert set(found["column_name"]) == set(one["columns"]), one
        assert set(found["code"]) & set(one["codes"] or found["code"]), one
        shown = found.join(personal_columns(contract), on="column_name")["value"]
        assert set(shown) <= {MASK, None}, one
    flagged = issues.filter(
        (pl.col("severity") == "warning") & pl.col("source_row").is_in(accepted["source_row"].to_list())
    )
    assert [(row["source_row"], [row["column_name"]]) for row in flagged.to_dicts()] == [
        (one["row"], one["columns"]) for one in expected["warnings"]
    ] + [(row, ["received_on"]) for row in expected.get("late_rows", [])]
    values = [
        {name: plain(name, value) for name, value in row.items()}
        for row in accepted.select("sheet", "source_row", *contract.by_name).to_dicts()
    ]
    if "accepted_summary" in expected:
        assert_summary(values, expected["accepted_summary"])
    else:
        assert values == [as_checked(row, contract) for row in expected["accepted"]]
    has_warnings = not flagged.is_empty()
    judged = verdict_of(accepted.height, refused.height, issues, findings, has_warnings=has_warnings)
    right = {expected["verdict"], *(other["verdict"] for other in expected.get("alternatives", []))}
    assert judged in right - {"duplicate"}


def test_great_expectations_agrees_on_all_drops_of_a_feed_together() -> None:
    batches: dict[str, list[tuple[int, CheckedBlock]]] = {}
    for submission, description in enumerate(readable(), start=1):
        expected = json.loads(description.read_text(encoding="utf-8"))
        path = description.with_name(description.name.removesuffix(".expected.json"))
        blocks, _, _ = check(path, expected)
        batches.setdefault(expected["feed"], []).extend((submission, block) for block in blocks)
    disagreements = {
        feed: cross_check(contracts()[feed], load_suite(contracts()[feed]), batch)
        for feed, batch in batches.items()
    }
    assert disagreements == dict.fromkeys(contracts())
