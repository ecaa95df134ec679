"""A real Airflow under stress: many files at once, and a worker killed in the middle of a load."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from dxpipeline.settings import PROJECT_ROOT
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer

pytestmark = pytest.mark.long

SECOND_QUARTER = (
    PROJECT_ROOT
    / "tests"
    / "data"
    / "drops"
    / "so-y-te"
    / "smart_hospitals"
    / "BC benh vien quy 2 nam 2021.xlsx"
)
HEADER = (
    "Mã CSKCB;Tên bệnh viện;Tuyến;Hạ tầng CNTT;HIS;LIS;RIS-PACS;Bệnh án điện tử (EMR);"
    "An toàn, bảo mật thông tin;Mức ứng dụng CNTT;Ngày bỏ bệnh án giấy;Ngày đánh giá\n"
)


@pytest.mark.timeout(900)
def test_500_small_files_at_once_make_few_task_instances(installation: Any, tmp_path: Path) -> None:
    folder = tmp_path / "drops" / "so-y-te" / "smart_hospitals"
    folder.mkdir(parents=True)
    quarters = [(year, quarter) for year in range(1901, 2026) for quarter in range(1, 5)]
    for year, quarter in quarters:
        rows = "".join(
            f"3800{number};Bệnh viện {number};tỉnh;5;4;cơ bản;chưa;cơ bản;x;4;;01/{quarter * 3:02d}/{year}\n"
            for number in (1, 2, 3)
        )
        (folder / f"benh_vien_{year}-Q{quarter}.csv").write_text(HEADER + rows, encoding="utf-8")
    document = installation.run_once(tmp_path / "drops", timeout=800)

    assert len(document["deliveries"]) == 500
    assert {delivery["verdict"] for delivery in document["deliveries"]} == {"accepted"}
    assert installation.query("select count(*) as n from core.smart_hospitals where is_current") == [
        {"n": 1500}
    ]
    server = EmbeddedServer(installation.settings.home)
    server.start()
    try:
        with psycopg.connect(server.url("airflow")) as metadata:
            row = metadata.execute("select count(*) from task_instance").fetchone()
    finally:
        server.stop()
    assert row is not None
    assert 3 <= row[0] <= 36, row[0]


@pytest.mark.timeout(900)
def test_a_worker_of_airflow_killed_in_the_middle_of_a_load_is_made_up_for(
    installation: Any, expected: Callable[[Path], dict[str, Any]], tmp_path: Path
) -> None:
    drops = tmp_path / "drops" / "so-tt-tt" / "broadband_coverage"
    drops.mkdir(parents=True)
    shutil.copyfile(
        PROJECT_ROOT / "include/sample/so-tt-tt/broadband_coverage/Bang rong Quy I-2021.xlsx",
        drops / "Bang rong Quy I-2021.xlsx",
    )
    log = (tmp_path / "run.log").open("w+")
    run = subprocess.Popen(
        [*installation.command, "--drops", str(tmp_path / "drops")],
        env=installation.environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        wait_until(lambda: "Running until Ctrl-C" in Path(log.name).read_text(), run, 240)
        settings = installation.settings
        with connect(settings, "writer", autocommit=True) as ledger:
            with connect(settings, "owner") as blocker:
                # The lock holds the worker inside its transaction; then it is killed there.
                blocker.execute("lock table core.smart_hospitals in access exclusive mode")
                folder = settings.import_folder / "so-y-te" / "smart_hospitals"
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(SECOND_QUARTER, folder / SECOND_QUARTER.name)
                wait_until(lambda: blocked_worker(ledger) is not None, run, 120)
                port = blocked_worker(ledger)
                os.kill(process_of_port(port), signal.SIGKILL)
            wait_until(lambda: answered(ledger, SECOND_QUARTER.name) is not None, run, 400)
            verdict, accepted = answered(ledger, SECOND_QUARTER.name) or ("", 0)
            attempts = ledger.execute(
                "select count(*), count(finished_at) from ledger.attempt join ledger.delivery "
                "using (delivery_id) where file_name = %s",
                (SECOND_QUARTER.name,),
            ).fetchone()
            loaded = ledger.execute("select count(*) from core.smart_hospitals where is_current").fetchone()
        outcome = expected(SECOND_QUARTER)
        assert (verdict, accepted) == (outcome["verdict"], outcome["rows_accepted"])
        assert attempts == (2, 1)
        assert loaded == (outcome["rows_accepted"] + EARLIER_ROWS,)
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(timeout=120)
        log.close()
    assert not [
        process for process in psutil.process_iter() if belongs_to(process, str(installation.settings.home))
    ]


EARLIER_ROWS = 1500 - 3
"""Rows of the test before; its file for 2021-Q2 is replaced."""


def wait_until(condition: Callable[[], bool], run: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert run.poll() is None, "the run ended"
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.3)


def blocked_worker(connection: psycopg.Connection) -> int | None:
    row = connection.execute(
        "select client_port from pg_stat_activity where wait_event_type = 'Lock' and usename = 'dx_writer' "
        "and query not like '%advisory%'"
    ).fetchone()
    return int(row[0]) if row else None


def process_of_port(port: int | None) -> int:
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.pid:
            return int(connection.pid)
    raise AssertionError(f"no process holds port {port}")


def answered(connection: psycopg.Connection, name: str) -> tuple[str, int] | None:
    row = connection.execute(
        "select verdict, rows_accepted from ledger.delivery where file_name = %s and answered_at is not null",
        (name,),
    ).fetchone()
    return (row[0], row[1]) if row else None


def belongs_to(process: psutil.Process, home: str) -> bool:
    try:
        return process.environ().get("DX_HOME") == home and process.pid != os.getpid()
    except (psutil.Error, OSError):
        return False
