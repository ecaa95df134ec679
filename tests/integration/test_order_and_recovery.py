"""Nothing is lost and nothing doubled: order of arrival, mends, live copies of a worker, killed workers."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from dxpipeline.intake.claim import claim_ready_files
from dxpipeline.pipeline import Unanswered
from dxpipeline.preparation import ProcessingFailed
from dxpipeline.settings import PROJECT_ROOT
from dxpipeline.warehouse.connection import connect

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
HOSPITALS = DROPS / "so-y-te" / "smart_hospitals"
FOLDER = "so-y-te/smart_hospitals"
SECOND_QUARTER = HOSPITALS / "BC benh vien quy 2 nam 2021.xlsx"
CORRECTION = HOSPITALS / "BC benh vien quy 2 nam 2021 (dinh chinh).xlsx"
IT_LEVEL = 11  # column K
FIRST_ROW = 10


def edited(source: Path, target: Path, *, keep: set[str] | None = None, it_level: int | None = None) -> Path:
    """Write a copy of a hospital workbook with only some hospitals, or another level of the first one."""
    workbook = openpyxl.load_workbook(source)
    sheet = workbook.active
    assert sheet is not None
    if it_level is not None:
        sheet.cell(FIRST_ROW, IT_LEVEL).value = it_level
    if keep is not None:
        for row in range(sheet.max_row, FIRST_ROW - 1, -1):
            code = sheet.cell(row, 2).value
            if code is not None and code not in keep:
                sheet.delete_rows(row)
    workbook.save(target)
    return target


def drain_in_a_process(feed: str = "smart_hospitals") -> subprocess.Popen[str]:
    code = (
        "from dxpipeline.pipeline import drain; from dxpipeline.settings import get_settings; "
        f"drain(get_settings(), {feed!r}, {feed!r})"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


def assert_books_balance(pipeline: Any) -> None:
    for row in pipeline.deliveries():
        assert row["rows_read"] == row["rows_accepted"] + row["rows_quarantined"] + row["rows_skipped"]
        assert row["answered_at"] is not None
        assert row["archived_at"] is not None
    receipts = [path for path in pipeline.settings.outbox.rglob("*.html")]
    assert len(receipts) == len(pipeline.deliveries())
    assert pipeline.rows("select * from pg_tables where schemaname = 'staging'") == []
    doubled = pipeline.rows(
        "select period, hospital_code from core.smart_hospitals where is_current "
        "group by period, hospital_code having count(*) > 1"
    )
    assert doubled == []


def current_levels(pipeline: Any) -> dict[str, int]:
    rows = pipeline.rows("select hospital_code, it_level from core.smart_hospitals where is_current")
    return {row["hospital_code"]: row["it_level"] for row in rows}


def test_a_mend_adds_the_missing_rows_and_closes_what_it_mends(pipeline: Any, tmp_path: Path) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.run()
    before = current_levels(pipeline)
    all_codes = {
        row[1].value for row in openpyxl.load_workbook(CORRECTION).active.iter_rows() if row[1].value
    }
    missing = {code for code in all_codes if str(code).startswith("38")} - set(before)
    assert len(missing) == 6
    mend = edited(CORRECTION, tmp_path / "bo sung quy 2 nam 2021.xlsx", keep=missing)
    pipeline.drop(mend, FOLDER)
    pipeline.run()

    base, mending = pipeline.deliveries()
    submissions = {row["submission_id"]: row for row in pipeline.rows("select * from ledger.submission")}
    assert (mending["verdict"], mending["rows_accepted"]) == ("accepted", 6)
    assert submissions[mending["submission_id"]]["mends_submission_id"] == base["submission_id"]
    assert submissions[base["submission_id"]]["is_current"]
    assert not submissions[mending["submission_id"]]["is_current"]
    after = current_levels(pipeline)
    assert len(after) == 38
    assert {code: after[code] for code in before} == before
    held = pipeline.rows("select closed_by from quarantine.quarantined_row")
    assert [row["closed_by"] for row in held] == [mending["submission_id"]] * 7
    assert_books_balance(pipeline)

    # The mend again is a duplicate, and a whole new file replaces base and mend together.
    pipeline.drop(mend, FOLDER, "bo sung lan nua quy 2 nam 2021.xlsx")
    pipeline.drop(CORRECTION, FOLDER)
    pipeline.run()
    repeated, replacement = pipeline.deliveries()[2:]
    assert repeated["verdict"] == "duplicate"
    assert replacement["verdict"] == "accepted"
    states = pipeline.rows("select state, superseded_by from ledger.submission order by submission_id")
    assert states[:2] == [{"state": "superseded", "superseded_by": replacement["submission_id"]}] * 2
    assert len(current_levels(pipeline)) == 38
    assert_books_balance(pipeline)


def test_a_replacement_that_loses_many_keys_needs_to_call_itself_a_correction(
    pipeline: Any, tmp_path: Path
) -> None:
    pipeline.drop(HOSPITALS / "Benh vien thong minh Quy I-2021.xlsx", FOLDER)
    pipeline.run()
    codes = sorted(current_levels(pipeline))
    quarter = HOSPITALS / "Benh vien thong minh Quy I-2021.xlsx"
    seven_lost = edited(quarter, tmp_path / "mat 7 quy 1 nam 2021.xlsx", keep=set(codes[:31]))
    eight_lost = edited(quarter, tmp_path / "mat 8 quy 1 nam 2021.xlsx", keep=set(codes[:30]))
    pipeline.drop(eight_lost, FOLDER)
    pipeline.run()
    assert len(current_levels(pipeline)) == 38
    pipeline.drop(seven_lost, FOLDER)
    pipeline.run()
    assert len(current_levels(pipeline)) == 31
    pipeline.drop(
        edited(quarter, tmp_path / "x.xlsx", keep=set(codes[:3])), FOLDER, "Thay thế quý 1 năm 2021.xlsx"
    )
    pipeline.run()
    assert len(current_levels(pipeline)) == 3

    refused = pipeline.deliveries()[1]
    assert (refused["verdict"], refused["reason_code"]) == ("rejected", "would-lose-keys")
    assert "8" in refused["reason"]
    assert "38" in refused["reason"]
    assert_books_balance(pipeline)


def test_the_same_file_twice_at_the_same_time_is_loaded_once(pipeline: Any) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.drop(SECOND_QUARTER, FOLDER, "ban sao quy 2 nam 2021.xlsx")
    claim_ready_files(pipeline.settings, pipeline.connection)
    workers = [drain_in_a_process(), drain_in_a_process()]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors

    verdicts = [row["verdict"] for row in pipeline.deliveries()]
    assert verdicts == ["partially_accepted", "duplicate"]
    assert pipeline.rows("select count(*) as n from core.smart_hospitals") == [{"n": 32}]
    assert_books_balance(pipeline)


def test_two_corrections_whose_tasks_start_in_reverse_end_with_the_later_arrival(
    pipeline: Any, tmp_path: Path
) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.run()
    for level in (2, 3):
        name = f"dinh chinh {level} quy 2 nam 2021.xlsx"
        pipeline.drop(edited(CORRECTION, tmp_path / name, it_level=level), FOLDER)
        claim_ready_files(pipeline.settings, pipeline.connection)
    first, second = [row["delivery_id"] for row in pipeline.deliveries()[1:]]
    assert first < second
    with connect(pipeline.settings, "owner") as blocker:
        # Both workers are under way before either may decide anything.
        blocker.execute("lock table ledger.submission in access exclusive mode")
        workers = [drain_in_a_process(), drain_in_a_process()]
        time.sleep(1)
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors

    assert current_levels(pipeline)["38001"] == 3
    attempts = pipeline.rows("select delivery_id, count(*) as n from ledger.attempt group by 1 order by 1")
    assert [row["n"] for row in attempts] == [1, 1, 1]
    assert_books_balance(pipeline)


@pytest.mark.parametrize(
    "locked", ["core.smart_hospitals", "ledger.issue", "quarantine.quarantined_row", "ledger.mart_refresh"]
)
def test_a_worker_killed_in_the_middle_of_a_load_leaves_nothing_and_the_next_one_finishes(
    pipeline: Any, locked: str
) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    claim_ready_files(pipeline.settings, pipeline.connection)
    with connect(pipeline.settings, "owner") as blocker:
        # The lock holds the worker inside its transaction, at the statement that touches this table.
        blocker.execute(f"lock table {locked} in access exclusive mode".encode())
        worker = drain_in_a_process()
        wait_until_blocked(pipeline.connection, worker)
        worker.kill()
        worker.communicate()
    assert pipeline.rows("select count(*) as n from core.smart_hospitals") == [{"n": 0}]
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert (row["verdict"], row["rows_accepted"]) == ("partially_accepted", 32)
    assert pipeline.rows("select count(*) as n from core.smart_hospitals") == [{"n": 32}]
    attempts = pipeline.rows(
        "select finished_at is not null as finished from ledger.attempt order by attempt_id"
    )
    assert [attempt["finished"] for attempt in attempts] == [False, True]
    assert_books_balance(pipeline)


def wait_until_blocked(connection: psycopg.Connection, worker: subprocess.Popen[str]) -> None:
    for _ in range(600):
        row = connection.execute(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'dx_writer'"
        ).fetchone()
        if row and row[0]:
            return
        assert worker.poll() is None, worker.stderr.read() if worker.stderr else ""
        time.sleep(0.1)
    raise AssertionError("The worker never came to the locked table.")


def test_a_claim_that_died_after_the_rename_is_adopted(pipeline: Any) -> None:
    orphan = pipeline.settings.work_folder / "0123456789abcdef" / "so-y-te" / "smart_hospitals"
    orphan.mkdir(parents=True)
    (orphan / SECOND_QUARTER.name).write_bytes(SECOND_QUARTER.read_bytes())
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert (row["file_name"], row["verdict"]) == (SECOND_QUARTER.name, "partially_accepted")
    assert_books_balance(pipeline)


def test_a_writer_that_goes_on_after_the_claim_is_heard_out(pipeline: Any) -> None:
    dropped = pipeline.drop(b"", "so-y-te/health_stations", "tram_y_te_2021-Q2.csv")
    content = (DROPS / "so-y-te" / "health_stations" / "tram_y_te_2021-Q2.csv").read_bytes()
    dropped.write_bytes(content[:20_000])
    claim_ready_files(pipeline.settings, pipeline.connection)
    (claimed,) = pipeline.deliveries()
    (lying,) = [path for path in pipeline.settings.work_folder.rglob("*.csv")]
    lying.write_bytes(content)
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert row["sha256"] == hashlib.sha256(content).hexdigest() != claimed["sha256"]
    assert (row["size_bytes"], row["rows_read"]) == (len(content), 559)
    assert (pipeline.settings.archive / row["sha256"][:2] / row["sha256"]).read_bytes() == content
    assert_books_balance(pipeline)


def test_an_attempt_that_the_database_server_did_not_survive_is_no_failure_of_the_file(pipeline: Any) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    claim_ready_files(pipeline.settings, pipeline.connection)
    (row,) = pipeline.deliveries()
    for _ in range(5):
        pipeline.connection.execute(
            "insert into ledger.attempt (delivery_id, code_version, server_started_at) values (%s, '0', %s)",
            (row["delivery_id"], "2021-01-01"),
        )
    pipeline.run()
    assert [row["verdict"] for row in pipeline.deliveries()] == ["partially_accepted"]


def test_a_connection_cut_three_times_is_no_failure_of_the_file(pipeline: Any) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    claim_ready_files(pipeline.settings, pipeline.connection)
    for _ in range(3):
        with connect(pipeline.settings, "owner") as blocker:
            blocker.execute("lock table ledger.issue in access exclusive mode")
            worker = drain_in_a_process()
            wait_until_blocked(pipeline.connection, worker)
            blocker.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = 'dx_writer' and wait_event_type = 'Lock'"
            )
            _, errors = worker.communicate(timeout=60)
            assert worker.returncode == 1, errors
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert (row["verdict"], row["rows_accepted"]) == ("partially_accepted", 32)
    assert pipeline.rows("select count(*) as n from ledger.attempt where finished_at is null") == [{"n": 0}]
    assert_books_balance(pipeline)


def test_a_replacement_names_the_keys_it_no_longer_has(pipeline: Any, tmp_path: Path) -> None:
    quarter = HOSPITALS / "Benh vien thong minh Quy I-2021.xlsx"
    pipeline.drop(quarter, FOLDER)
    pipeline.run()
    kept = set(sorted(current_levels(pipeline))[:36])
    pipeline.drop(edited(quarter, tmp_path / "thieu hai quy 1 nam 2021.xlsx", keep=kept), FOLDER)
    pipeline.run()

    row = pipeline.deliveries()[1]
    receipt = (pipeline.settings.outbox / row["receipt_path"]).read_text(encoding="utf-8")
    assert "không còn các mã: 38037, 38038." in receipt
    assert "Không cần làm gì thêm" not in receipt


def test_an_archive_that_cannot_be_written_delays_nobody_and_is_made_up_for(pipeline: Any) -> None:
    pipeline.settings.archive.parent.mkdir(parents=True, exist_ok=True)
    pipeline.settings.archive.write_text("a file where the folder should be")
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.drop(CORRECTION, FOLDER)
    with pytest.raises(Unanswered, match="cannot be archived"):
        pipeline.run()
    rows = pipeline.deliveries()
    assert [row["verdict"] for row in rows] == ["partially_accepted", "accepted"]
    assert all(row["answered_at"] is not None and row["archived_at"] is None for row in rows)
    assert len(list(pipeline.settings.work_folder.iterdir())) == 2

    pipeline.settings.archive.unlink()
    pipeline.run()
    assert_books_balance(pipeline)
    assert list(pipeline.settings.work_folder.iterdir()) == []


@pytest.mark.usefixtures("poison")
def test_a_file_that_makes_the_program_fail_is_refused_the_third_time_and_the_next_goes_on(
    pipeline: Any,
) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER, "poison quy 2 nam 2021.xlsx")
    pipeline.drop(CORRECTION, FOLDER)
    for _ in range(3):
        with pytest.raises(ProcessingFailed, match="ZeroDivisionError"):
            pipeline.run()
        assert [row["verdict"] for row in pipeline.deliveries()] == [None, None]
    pipeline.run()

    poison, good = pipeline.deliveries()
    assert (poison["verdict"], poison["reason_code"]) == ("rejected", "processing-failed")
    assert good["verdict"] == "accepted"
    assert_books_balance(pipeline)


def test_a_warehouse_that_is_away_leaves_files_where_they_are(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dxpipeline.warehouse.connection import WarehouseUnavailable

    dropped = pipeline.drop(SECOND_QUARTER, FOLDER)
    monkeypatch.setenv("WAREHOUSE_WRITER_URL", "postgresql://dx_writer@127.0.0.1:1/warehouse")
    with pytest.raises(WarehouseUnavailable, match=r"127\.0\.0\.1:1 does not answer.*start it, or set"):
        pipeline.run()
    assert dropped.exists()
