"""A closed period takes no file, unless its department has leave to send; nothing slips past a lock."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from dxpipeline.commands.check import check
from dxpipeline.messages import sentence
from dxpipeline.reporting.expected import today
from dxpipeline.reporting.locks import allow_department, lock_period, unlock_period
from dxpipeline.settings import PROJECT_ROOT, ConfigurationError
from dxpipeline.warehouse.connection import connect

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
HOSPITALS = DROPS / "so-y-te" / "smart_hospitals"
FOLDER = "so-y-te/smart_hospitals"
FIRST_QUARTER = HOSPITALS / "Benh vien thong minh Quy I-2021.xlsx"
SECOND_QUARTER = HOSPITALS / "BC benh vien quy 2 nam 2021.xlsx"
CORRECTION = HOSPITALS / "BC benh vien quy 2 nam 2021 (dinh chinh).xlsx"
RECORDS = DROPS / "so-y-te" / "health_records"
BROADBAND = DROPS / "so-tt-tt" / "broadband_coverage" / "Bang rong Quy I-2021.xlsx"


def send(pipeline: Any, path: Path, folder: str = FOLDER) -> dict[str, Any]:
    """Drop a file, let the pipeline run, and return its delivery."""
    pipeline.drop(path, folder)
    pipeline.run()
    delivery: dict[str, Any] = pipeline.deliveries()[-1]
    return delivery


def only_the_missing(pipeline: Any, folder: Path) -> Path:
    """Write a copy of the correction with only the hospitals that are held back: a mend."""
    known = {row["hospital_code"] for row in pipeline.rows("select hospital_code from core.smart_hospitals")}
    workbook = openpyxl.load_workbook(CORRECTION)
    sheet = workbook.active
    assert sheet is not None
    for row in range(sheet.max_row, 9, -1):
        if sheet.cell(row, 2).value in known:
            sheet.delete_rows(row)
    target = folder / "bo sung quy 2 nam 2021.xlsx"
    workbook.save(target)
    return target


def state(pipeline: Any) -> list[dict[str, Any]]:
    """Return all that the feed's figures rest on."""
    found: list[dict[str, Any]] = pipeline.rows(
        "select hospital_code, period, it_level, submission_id, is_current from core.smart_hospitals "
        "order by 1, 2, 4"
    ) + pipeline.rows("select source_row, closed_by from quarantine.quarantined_row order by 1")
    return found


def test_a_file_for_a_closed_period_is_refused_with_its_reason_and_changes_nothing(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    send(pipeline, SECOND_QUARTER)
    before = state(pipeline)
    lock_period(warehouse, "smart_hospitals", "2021-Q2", "đã báo cáo Chính phủ")
    refused = send(pipeline, CORRECTION)
    assert (refused["verdict"], refused["reason_code"], refused["rows_read"]) == (
        "rejected",
        "period-locked",
        0,
    )
    day = f"{today():%d/%m/%Y}"
    assert f"Kỳ báo cáo Quý II/2021 đã khóa từ ngày {day} (lý do: đã báo cáo Chính phủ)" in refused["reason"]
    assert "cho phép đơn vị gửi bổ sung, rồi gửi lại tệp" in refused["reason"]
    receipt = (pipeline.settings.outbox / refused["receipt_path"]).read_text(encoding="utf-8")
    assert "đã khóa từ ngày" in receipt
    # There is nothing to mend in the file.
    assert "Sửa theo hướng dẫn trên" not in receipt
    assert f"is locked since {day}" in receipt
    assert state(pipeline) == before
    # The refused submission knows its period, so that the calendar can tell of it.
    (submission,) = pipeline.rows("select period from ledger.submission where state = 'rejected'")
    assert submission["period"] == "2021-Q2"
    # The same bytes as before are still nothing new.
    pipeline.drop(SECOND_QUARTER, FOLDER, "gửi lại quý 2 năm 2021.xlsx")
    pipeline.run()
    assert pipeline.deliveries()[-1]["verdict"] == "duplicate"


def test_a_mend_of_a_closed_period_is_refused_too(
    pipeline: Any, warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    send(pipeline, SECOND_QUARTER)
    mend = only_the_missing(pipeline, tmp_path)
    lock_period(warehouse, "smart_hospitals", "2021-Q2", None)
    before = state(pipeline)
    refused = send(pipeline, mend)
    assert (refused["verdict"], refused["reason_code"]) == ("rejected", "period-locked")
    assert "lý do" not in refused["reason"]
    assert state(pipeline) == before
    unlock_period(warehouse, "smart_hospitals", "2021-Q2")
    pipeline.drop(mend, FOLDER, "bo sung lan 2 quy 2 nam 2021.xlsx")
    pipeline.run()
    assert (pipeline.deliveries()[-1]["verdict"], pipeline.deliveries()[-1]["rows_accepted"]) == (
        "accepted",
        6,
    )


def test_a_lock_closes_its_feed_and_period_only(pipeline: Any, warehouse: psycopg.Connection) -> None:
    lock_period(warehouse, "smart_hospitals", "2021-Q2", None)
    assert send(pipeline, FIRST_QUARTER)["verdict"] == "accepted"
    assert send(pipeline, BROADBAND, "so-tt-tt/broadband_coverage")["verdict"] == "accepted"


def test_a_department_with_leave_sends_until_its_day(pipeline: Any, warehouse: psycopg.Connection) -> None:
    send(pipeline, SECOND_QUARTER)
    lock_period(warehouse, "smart_hospitals", "2021-Q2", None)
    scope = ("smart_hospitals", "2021-Q2", "so-y-te")
    allow_department(warehouse, *scope, today() - timedelta(days=1), None)
    assert send(pipeline, CORRECTION)["reason_code"] == "period-locked"
    allow_department(warehouse, *scope, today(), "sửa theo công văn")
    assert send(pipeline, CORRECTION)["verdict"] == "accepted"
    (first, second) = pipeline.rows(
        "select until_on, reason, allowed_by <> '' as known from ledger.period_lock_exception order by 1"
    )
    assert (first["until_on"], second["until_on"]) == (today() - timedelta(days=1), today())
    assert (second["reason"], second["known"]) == ("sửa theo công văn", True)


def test_leave_is_measured_by_the_day_on_which_the_file_came(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    from dxpipeline.intake.claim import claim_ready_files

    lock_period(warehouse, "smart_hospitals", "2021-Q2", None)
    allow_department(warehouse, "smart_hospitals", "2021-Q2", "so-y-te", today() - timedelta(days=2), None)
    pipeline.drop(SECOND_QUARTER, FOLDER)
    claim_ready_files(pipeline.settings, pipeline.connection)
    warehouse.execute("update ledger.delivery set received_at = received_at - interval '2 days'")
    pipeline.run()
    assert pipeline.deliveries()[-1]["verdict"] == "partially_accepted"


def test_leave_is_for_one_department_and_ends_with_its_lock(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    feed, period = "broadband_coverage", "2021-Q1"
    lock_period(warehouse, feed, period, None)
    allow_department(warehouse, feed, period, "so-kh-cn", today(), None)
    assert send(pipeline, BROADBAND, "so-tt-tt/broadband_coverage")["reason_code"] == "period-locked"
    unlock_period(warehouse, feed, period)
    lock_period(warehouse, feed, period, None)
    assert send(pipeline, BROADBAND, "so-kh-cn/broadband_coverage")["reason_code"] == "period-locked"
    allow_department(warehouse, feed, period, "so-kh-cn", today(), None)
    assert send(pipeline, BROADBAND, "so-kh-cn/broadband_coverage")["verdict"] == "accepted"
    locks = pipeline.rows("select unlocked_at, unlocked_by from ledger.period_lock order by lock_id")
    assert [row["unlocked_at"] is None for row in locks] == [False, True]
    assert locks[0]["unlocked_by"]


def test_a_lock_of_a_feed_of_versions_closes_the_periods_before_it_as_well(
    pipeline: Any, warehouse: psycopg.Connection
) -> None:
    folder = "so-y-te/health_records"
    lock_period(warehouse, "health_records", "2021-Q2", None)
    assert send(pipeline, RECORDS / "ho_so_suc_khoe_2021-Q3.csv", folder)["verdict"] == "partially_accepted"
    unlock_period(warehouse, "health_records", "2021-Q2")
    lock_period(warehouse, "health_records", "2021-Q3", None)
    # What a record was in the second quarter it was in the third one too.
    refused = send(pipeline, RECORDS / "ho_so_suc_khoe_2021-Q2.csv", folder)
    assert refused["reason_code"] == "period-locked"
    assert "Quý III/2021 đã khóa" in refused["reason"]


def test_closing_a_period_waits_for_the_loads_under_way(pipeline: Any, warehouse: psycopg.Connection) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    loading = threading.Thread(target=pipeline.run)
    closing = threading.Thread(target=lock_period, args=(warehouse, "smart_hospitals", "2021-Q2", None))
    with connect(pipeline.settings, "owner") as blocker, connect(pipeline.settings, autocommit=True) as other:
        # The load has found its period open, and is held in the middle of its transaction.
        blocker.execute("lock table core.smart_hospitals in access exclusive mode")
        loading.start()
        wait_for_blocked(other, 1)
        closing.start()
        wait_for_blocked(other, 2)
        # Another feed is not held up.
        lock_period(other, "health_stations", "2021-Q2", None)
        assert closing.is_alive()
    loading.join(60)
    closing.join(60)
    assert pipeline.deliveries()[-1]["verdict"] == "partially_accepted"
    assert len(pipeline.rows("select feed from ledger.period_lock")) == 2
    assert send(pipeline, CORRECTION)["reason_code"] == "period-locked"


def wait_for_blocked(connection: psycopg.Connection, sessions: int) -> None:
    """Wait until as many sessions wait for a lock."""
    deadline = time.monotonic() + 60
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    while connection.execute(query).fetchone() != (sessions,):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.05)


def test_a_lock_that_cannot_be_read_lets_nothing_in(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dxpipeline.preparation import ProcessingFailed
    from dxpipeline.reporting import locks

    monkeypatch.setattr(locks, "read_sql", lambda name: "select * from ledger.no_such_lock")
    pipeline.drop(FIRST_QUARTER, FOLDER)
    with pytest.raises(ProcessingFailed):
        pipeline.run()
    assert pipeline.rows("select count(*) as n from core.smart_hospitals") == [{"n": 0}]


def test_what_cannot_be_locked_unlocked_or_allowed_is_one_sentence(warehouse: psycopg.Connection) -> None:
    day = today()
    lock_period(warehouse, "smart_hospitals", "2021-Q2", None)
    refused = [
        (lambda: lock_period(warehouse, "smart_hospitals", "2021-Q2", None), "2021-Q2 is locked already"),
        (lambda: unlock_period(warehouse, "smart_hospitals", "2021-Q1"), "2021-Q1 is not locked"),
        (lambda: lock_period(warehouse, "hospitals", "2021-Q2", None), "There is no feed 'hospitals'"),
        (
            lambda: lock_period(warehouse, "smart_hospitals", "Q2", None),
            "'Q2' is not a period: write 2021-Q1",
        ),
        (
            lambda: lock_period(warehouse, "smart_hospitals", "2021-04", None),
            "2021-04 is no period of smart_hospitals, which is reported quarterly.",
        ),
        (
            lambda: allow_department(warehouse, "smart_hospitals", "2021-Q1", "so-y-te", day, None),
            "2021-Q1 is not locked: there is nothing to except from",
        ),
        (
            lambda: allow_department(warehouse, "smart_hospitals", "2021-Q2", "so-xay-dung", day, None),
            "smart_hospitals is not taken from so-xay-dung",
        ),
        (
            lambda: allow_department(warehouse, "smart_hospitals", "2021-Q2", "so-y", day, None),
            "There is no department 'so-y'",
        ),
    ]
    for act, words in refused:
        with pytest.raises(ConfigurationError, match=words):
            act()
    row = warehouse.execute("select count(*) from ledger.period_lock").fetchone()
    assert row == (1,)


def test_a_check_without_a_warehouse_says_that_it_knows_no_locks() -> None:
    assert check(FIRST_QUARTER, "smart_hospitals", with_rows=False)["rules_left_out"] == ["period-lock"]
    assert "đã khóa, nên" in sentence("period-locked", period="Quý I/2021")
