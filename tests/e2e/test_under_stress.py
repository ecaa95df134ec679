"""A real Airflow under stress: many files at once, and a worker killed in the middle of a load."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from bench.generate_health_records import generate

from dxpipeline.preparation import SMALL_BYTES
from dxpipeline.settings import PROJECT_ROOT, Settings
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
    with running_airflow(installation, tmp_path) as run:
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
            wait_until(partial(is_answered, ledger, SECOND_QUARTER.name), run, 400)
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
    assert not [
        process for process in psutil.process_iter() if belongs_to(process, str(installation.settings.home))
    ]


EARLIER_ROWS = 1500 - 3
"""Rows of the test before; its file for 2021-Q2 is replaced."""


@pytest.mark.timeout(900)
def test_small_files_are_answered_one_after_the_other_while_a_roster_is_under_way(
    installation: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "drops" / "so-y-te" / "health_records"
    folder.mkdir(parents=True)
    generate(folder / "tram_0_2021-Q2.csv", 30)
    roster = generate(tmp_path / "roster_2021-Q2.csv", 70_000, start=100_000)
    assert roster.path.stat().st_size > SMALL_BYTES
    small = [
        generate(tmp_path / f"tram_{number}_2021-Q2.csv", 30, start=100 * number).path
        for number in range(1, 7)
    ]
    settings = installation.settings
    inbox = settings.import_folder / "so-y-te" / "health_records"
    with (
        running_airflow(installation, tmp_path) as run,
        connect(settings, "writer", autocommit=True) as ledger,
    ):
        with connect(settings, "owner") as blocker:
            drop(roster.path, inbox)
            wait_until(lambda: verdict_of(ledger, roster.path) is not None, run, 60)
            # The worker cannot note that it begins, and holds the roster until the lock goes.
            blocker.execute(
                "select from ledger.delivery where file_name = %s for update", (roster.path.name,)
            )
            wait_until(lambda: blocked_worker(ledger) is not None, run, 120)
            for path in small:
                drop(path, inbox)
                wait_until(partial(is_answered, ledger, path.name), run, 120)
                assert verdict_of(ledger, roster.path) == "none yet"
            assert runs_of(settings, "import_health_records_large") == 1
        wait_until(partial(is_answered, ledger, roster.path.name), run, 300)
        assert answered(ledger, roster.path.name) == ("partially_accepted", roster.accepted)


@contextlib.contextmanager
def running_airflow(installation: Any, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let Airflow take the drops of a folder and what comes later, and end it in an orderly way."""
    with (folder / "run.log").open("w+") as log:
        run = subprocess.Popen(
            [*installation.command, "--drops", str(folder / "drops")],
            env=installation.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until(lambda: "Running until Ctrl-C" in Path(log.name).read_text(), run, 240)
            yield run
        finally:
            run.send_signal(signal.SIGTERM)
            run.wait(timeout=120)


def drop(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{source.name}.part"
    shutil.copyfile(source, draft)
    draft.rename(folder / source.name)


def verdict_of(connection: psycopg.Connection, path: Path) -> str | None:
    """Return the verdict of a file, "none yet" while it waits for one, None before it was claimed."""
    row = connection.execute(
        "select coalesce(verdict, 'none yet') from ledger.delivery where file_name = %s", (path.name,)
    ).fetchone()
    return str(row[0]) if row else None


def runs_of(settings: Settings, dag_id: str) -> int:
    with psycopg.connect(EmbeddedServer(settings.home).url("airflow")) as metadata:
        row = metadata.execute("select count(*) from dag_run where dag_id = %s", (dag_id,)).fetchone()
    assert row is not None
    return int(row[0])


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


def is_answered(connection: psycopg.Connection, name: str) -> bool:
    return answered(connection, name) is not None


def belongs_to(process: psutil.Process, home: str) -> bool:
    try:
        return process.environ().get("DX_HOME") == home and process.pid != os.getpid()
    except (psutil.Error, OSError):
        return False
