"""Every delivery with a verdict is told of, with its counts and the time of its answer; persons are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators.refresh import refresh
from dxpipeline.settings import PROJECT_ROOT

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
HOSPITALS = DROPS / "so-y-te" / "smart_hospitals"
SECOND_QUARTER = HOSPITALS / "BC benh vien quy 2 nam 2021.xlsx"
WITHOUT_COLUMN = HOSPITALS / "Benh vien Quy III-2021 thieu cot.xlsx"
RECORDS = DROPS / "so-y-te" / "health_records" / "ho_so_suc_khoe_2021-Q3.csv"
FOLDER = "so-y-te/smart_hospitals"

COUNTS = "rows_read, rows_accepted, rows_unchanged, rows_quarantined, rows_skipped"


def told(connection: psycopg.Connection, columns: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"select {columns} from mart.fct_delivery order by delivery_id".encode()
    ).fetchall()


def drop(pipeline: Any, *files: tuple[Path | bytes, str, str]) -> None:
    for source, folder, name in files:
        pipeline.drop(source, folder, name)
        pipeline.run()


def records(size: int, *, bad: int) -> bytes:
    """Return the first persons of the sample; the weight of so many is wrong."""
    header, *lines = RECORDS.read_text(encoding="utf-8-sig").splitlines()
    weight = header.split(",").index("Cân nặng")
    good = [line.split(",") for line in lines if line.count(",") == header.count(",")][:size]
    for row in good[:bad]:
        row[weight] = "900"
    return "\n".join([header, *map(",".join, good), ""]).encode()


def test_each_delivery_is_told_with_its_verdict_whatever_it_was(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    drop(
        pipeline,
        (SECOND_QUARTER, FOLDER, "quý 2 năm 2021.xlsx"),
        (WITHOUT_COLUMN, FOLDER, "Quy III-2021.xlsx"),
        (SECOND_QUARTER, FOLDER, "gửi lại quý 2 năm 2021.xlsx"),
        (b"a;b\n1;2\n", "so-y-te/khong_co", "x.csv"),
    )
    refresh(warehouse)
    assert told(warehouse, f"feed, period, department_code, verdict, reason_code, {COUNTS}") == [
        ("smart_hospitals", "2021-Q2", "so-y-te", "partially_accepted", None, 42, 32, 0, 7, 3),
        ("smart_hospitals", "2021-Q3", "so-y-te", "rejected", "missing-column", 0, 0, 0, 0, 0),
        ("smart_hospitals", "2021-Q2", "so-y-te", "duplicate", "duplicate", 42, 32, 32, 7, 3),
        (None, None, "so-y-te", "rejected", "unknown-feed", 0, 0, 0, 0, 0),
    ]
    times = warehouse.execute(
        "select bool_and(fact.answer_seconds = extract(epoch from known.answered_at - known.received_at)), "
        "min(fact.answer_seconds), "
        "bool_and(fact.received_on = (known.received_at at time zone 'Asia/Ho_Chi_Minh')::date) "
        "from mart.fct_delivery as fact inner join ledger.delivery as known using (delivery_id)"
    ).fetchone()
    assert times is not None
    assert (times[0], times[2]) == (True, True)
    assert times[1] > 0


def test_issues_are_counted_by_delivery_column_code_and_severity(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    drop(
        pipeline,
        (SECOND_QUARTER, FOLDER, "quý 2 năm 2021.xlsx"),
        (SECOND_QUARTER, FOLDER, "gửi lại quý 2 năm 2021.xlsx"),
    )
    refresh(warehouse)
    counted = warehouse.execute(
        "select delivery_id, submission_id, feed, period, department_code, column_name, code, severity, "
        "issue_count from mart.fct_issue"
    ).fetchall()
    expected = warehouse.execute(
        "select 1, submission_id, 'smart_hospitals', '2021-Q2', 'so-y-te', column_name, code, severity, "
        "count(*) from ledger.issue group by submission_id, column_name, code, severity"
    ).fetchall()
    assert len(expected) >= 7
    assert sorted(counted, key=str) == sorted(expected, key=str)


def test_what_changes_after_the_verdict_is_told_in_the_next_round_and_nothing_else_is_written(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    drop(
        pipeline,
        (SECOND_QUARTER, FOLDER, "quý 2 năm 2021.xlsx"),
        (WITHOUT_COLUMN, FOLDER, "Quy III-2021.xlsx"),
    )
    warehouse.execute("update ledger.delivery set answered_at = null where delivery_id = 1")
    refresh(warehouse)
    first = told(warehouse, "delivery_id, answer_seconds is null, computed_at")
    assert [row[:2] for row in first] == [(1, True), (2, False)]
    warehouse.execute(
        "update ledger.delivery set answered_at = received_at + interval '90 seconds' where delivery_id = 1"
    )
    assert refresh(warehouse) == []
    second = told(warehouse, "delivery_id, answer_seconds, computed_at")
    assert second[0][1] == 90
    assert second[0][2] > first[0][2]
    assert second[1][2] == first[1][2]
    assert refresh(warehouse) == []
    assert told(warehouse, "delivery_id, answer_seconds, computed_at") == second


@pytest.mark.parametrize("why", ["everything", "definition"])
def test_every_delivery_is_told_again_when_all_is_asked_for_or_a_definition_changed(
    pipeline: Any, warehouse: psycopg.Connection, why: str
) -> None:
    drop(pipeline, (WITHOUT_COLUMN, FOLDER, "Quy III-2021.xlsx"))
    refresh(warehouse)
    warehouse.execute("update mart.fct_delivery set verdict = 'accepted'")
    refresh(warehouse)
    assert told(warehouse, "verdict") == [("accepted",)]
    if why == "definition":
        warehouse.execute("insert into ledger.mart_definition (digest) values ('another')")
    refresh(warehouse, everything=why == "everything")
    assert told(warehouse, "verdict") == [("rejected",)]


def test_a_delivery_that_left_the_ledger_leaves_the_marts(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    drop(pipeline, (b"a;b\n1;2\n", "so-y-te/khong_co", "x.csv"))
    # Whether it was answered or not.
    warehouse.execute("update ledger.delivery set answered_at = null")
    refresh(warehouse)
    assert told(warehouse, "delivery_id") == [(1,)]
    warehouse.execute("delete from ledger.delivery")
    refresh(warehouse)
    assert told(warehouse, "delivery_id") == []


def test_few_rows_and_issues_of_persons_are_not_told(pipeline: Any, warehouse: psycopg.Connection) -> None:
    folder = "so-y-te/health_records"
    drop(
        pipeline,
        (records(23, bad=3), folder, "a 2021-Q3.csv"),
        (records(39, bad=12), folder, "b 2021-Q3.csv"),
    )
    refresh(warehouse)
    ledger = warehouse.execute(
        "select rows_read, rows_accepted, rows_quarantined from ledger.delivery order by delivery_id"
    ).fetchall()
    assert ledger == [(23, 20, 3), (39, 27, 12)]
    assert told(warehouse, "rows_read, rows_accepted, rows_quarantined, rows_skipped") == [
        (20, 20, None, 0),
        (35, 25, 10, 0),
    ]
    issues = warehouse.execute(
        "select delivery_id, column_name, code, issue_count from mart.fct_issue order by delivery_id"
    ).fetchall()
    assert issues == [(1, "weight_kg", "out-of-range", None), (2, "weight_kg", "out-of-range", 10)]
    quality = warehouse.execute(
        "select accepted_pct, issue_count, issues_per_1000_rows from mart.data_quality"
    ).fetchone()
    # Only the second file says how many rows were held back and how many issues there are.
    assert quality is not None
    assert float(quality[0]) == pytest.approx(100 * 25 / 35)
    assert quality[1] == 10
    assert float(quality[2]) == pytest.approx(1000 * 10 / 35)


def test_quality_of_a_feed_period_and_department(pipeline: Any, warehouse: psycopg.Connection) -> None:
    drop(
        pipeline,
        (SECOND_QUARTER, FOLDER, "quý 2 năm 2021.xlsx"),
        (SECOND_QUARTER, FOLDER, "gửi lại quý 2 năm 2021.xlsx"),
        (WITHOUT_COLUMN, FOLDER, "Quy III-2021.xlsx"),
    )
    warehouse.execute(
        "update ledger.delivery set answered_at = received_at + delivery_id * interval '10 seconds'"
    )
    refresh(warehouse)
    issues = warehouse.execute("select count(*) from ledger.issue").fetchone()
    assert issues is not None
    rows = warehouse.execute(
        "select period, delivery_count, loaded_delivery_count, rejected_delivery_count, "
        "duplicate_delivery_count, rows_read, rows_accepted, rows_quarantined, accepted_pct, issue_count, "
        "issues_per_1000_rows, median_answer_seconds from mart.data_quality "
        "where feed = 'smart_hospitals' and department_code = 'so-y-te' order by period"
    ).fetchall()
    assert [row[:8] for row in rows] == [
        ("2021-Q2", 2, 1, 0, 1, 42, 32, 7),
        ("2021-Q3", 1, 0, 1, 0, None, None, None),
    ]
    assert float(rows[0][8]) == pytest.approx(100 * 32 / 39)
    assert rows[0][9] == issues[0]
    assert float(rows[0][10]) == pytest.approx(1000 * issues[0] / 42)
    assert rows[0][11] == 15
    assert rows[1][8:11] == (None, None, None)
