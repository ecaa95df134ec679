"""A roster of millions, in small: recovered wherever it was killed, in nobody's way, bounded in memory."""

from __future__ import annotations

import itertools
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.generate_health_records import generate
from tests.conftest import empty_warehouse

from dxpipeline.intake.claim import claim_ready_files
from dxpipeline.pipeline import drain, sweep
from dxpipeline.reading.delimited import DelimitedDocument
from dxpipeline.settings import PROJECT_ROOT

from . import worker
from .records import FEED, FOLDER, core_rows, read_rows, written
from .streaming import stream_from

pytestmark = pytest.mark.long

HOSPITALS = PROJECT_ROOT / "tests/data/drops/so-y-te/smart_hospitals/Benh vien thong minh Quy I-2021.xlsx"
MEGABYTES = 1_000_000
STATE = {
    **{
        f"core.{table}": f"select to_jsonb(r) - 'submission_id', file_name from core.{table} as r "
        "inner join ledger.delivery using (submission_id) where verdict <> 'duplicate'"
        for table in ("health_records", "health_records_history")
    },
    "core.health_records_repeated": "select to_jsonb(r) from core.health_records_repeated as r",
    "quarantine": "select to_jsonb(r) - array['submission_id', 'closed_by', 'closed_at'], closed_by is null, "
    "file_name from quarantine.quarantined_row as r inner join ledger.delivery using (submission_id) "
    "where verdict <> 'duplicate'",
    "issues": "select to_jsonb(r) - array['submission_id', 'issue_id'], file_name from ledger.issue as r "
    "inner join ledger.delivery using (submission_id) where verdict <> 'duplicate'",
    "deliveries": "select received_seq, file_name, sha256, verdict, reason_code, rows_read, rows_accepted, "
    "rows_quarantined, rows_skipped, answered_at is null, archived_at is null from ledger.delivery",
    "submissions": "select file_name, period, state, skipped_rows, notes, sheet_layout "
    "from ledger.submission inner join ledger.delivery using (submission_id) where verdict <> 'duplicate'",
    "marks": "select distinct feed, period from ledger.mart_refresh",
}
"""The content of the warehouse, by the names of the files instead of numbers that a second try changes."""


def state(pipeline: Any, *, files: bool = True) -> dict[str, Any]:
    """Return a digest of every table, and where files lie."""
    found: dict[str, Any] = {}
    for name, query in STATE.items():
        (row,) = pipeline.rows(
            "select count(*) as n, md5(string_agg(r::text, '\n' order by r::text)) as digest "
            f"from ({query}) as r"
        )
        found[name] = (row["n"], row["digest"])
    (left,) = pipeline.rows("select count(*) as n from pg_tables where schemaname = 'staging'")
    found["staging"] = left["n"]
    if files:
        settings = pipeline.settings
        for folder in (settings.import_folder, settings.work_folder, settings.outbox, settings.archive):
            found[folder.name] = sorted(
                str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
            )
    return found


@pytest.fixture
def as_roster(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that lets this process work as `worker` does."""

    def set_up(block_bytes: int) -> None:
        stream_from(monkeypatch, block_bytes=block_bytes)
        worker.leave_out_great_expectations(monkeypatch)

    return set_up


@pytest.fixture
def anew(pipeline: Any, tmp_path: Path) -> Callable[[], None]:
    """Return a function that empties the warehouse and the folders, to compare two ways of one file."""

    def empty() -> None:
        empty_warehouse(pipeline.settings)
        for folder in (pipeline.settings.exchange, pipeline.settings.archive):
            shutil.rmtree(folder, ignore_errors=True)
        pipeline.settings.import_folder.mkdir(parents=True)

    return empty


def finished(process: Any) -> str:
    """Wait for a worker and return what it printed."""
    output, errors = process.communicate(timeout=280)
    assert process.returncode == 0, errors
    return str(output)


def wait_until_noticed(pipeline: Any) -> None:
    """Wait until the server has seen that a worker is gone; until then its locks hold."""
    others = "select pid from pg_stat_activity where usename = 'dx_writer' and pid <> pg_backend_pid()"
    for _ in range(600):
        if not pipeline.rows(others):
            return
        time.sleep(0.05)
    raise AssertionError("The server still serves a worker that was killed.")


def kill_and_recover(
    pipeline: Any, anew: Callable[[], None], moments: Iterable[str], files: tuple[Path, ...], block_bytes: int
) -> None:
    """Compare what a file leaves whose worker was killed at some moments with what it leaves otherwise."""

    def receive() -> None:
        anew()
        for path in files:
            pipeline.run()
            pipeline.drop(path, FOLDER)
        claim_ready_files(pipeline.settings, pipeline.connection)

    receive()
    pipeline.run()
    clean = state(pipeline)
    receipts = [name for name in clean["outbox"] if name.endswith(".html")]
    assert len(receipts) == len(clean["archive"]) == len(pipeline.deliveries())
    assert (clean["work"], clean["import"], clean["staging"]) == ([], [], 0)
    assert clean["quarantine"][0] > 0
    before: dict[str, Any] = {}
    for moment in moments:
        receive()
        before = before or state(pipeline, files=False)
        victim = worker.start("large", moment, block_bytes=block_bytes)
        _, errors = victim.communicate(timeout=280)
        assert victim.returncode == -signal.SIGKILL, (moment, errors)
        wait_until_noticed(pipeline)
        if moment in worker.IN_THE_LOAD:
            assert state(pipeline, files=False) == before, moment
        pipeline.run()
        assert state(pipeline) == clean, moment
        attempts = pipeline.rows("select count(*) as n from ledger.attempt")[0]["n"]
        again = moment in worker.IN_THE_LOAD
        assert attempts == len(pipeline.deliveries()) + again, moment


def two_quarters(folder: Path, rows: int) -> tuple[Path, Path]:
    """Make a roster, and one of the next quarter: half of its records are newer versions, half are new."""
    first = generate(folder / "ho_so_2021-Q2.csv", rows, bad_share=0.02).path
    second = generate(
        folder / "ho_so_2021-Q3.csv", rows, start=rows // 2, updated_shift=92, bad_share=0.02
    ).path
    return first, second


FEW_OF_THE_LOAD = ("before-the-first-block", "while-publishing", "before-the-commit")


@pytest.mark.parametrize(
    ("merged", "moments"),
    [(False, FEW_OF_THE_LOAD), (True, (*FEW_OF_THE_LOAD, *worker.AFTER_THE_LOAD))],
    ids=["first-load", "merge"],
)
def test_a_worker_killed_at_any_moment_is_made_up_for(
    pipeline: Any,
    anew: Callable[[], None],
    as_roster: Callable[[int], None],
    tmp_path: Path,
    merged: bool,
    moments: tuple[str, ...],
) -> None:
    as_roster(40_000)
    first, second = two_quarters(tmp_path, 2_000)
    kill_and_recover(pipeline, anew, moments, (first, second) if merged else (first,), 40_000)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("merged", [False, True], ids=["first-load", "merge"])
def test_a_roster_killed_at_any_moment_is_recovered(
    pipeline: Any,
    anew: Callable[[], None],
    as_roster: Callable[[int], None],
    tmp_path: Path,
    merged: bool,
) -> None:
    as_roster(4_000_000)
    first, second = two_quarters(tmp_path, 200_000)
    kill_and_recover(pipeline, anew, worker.MOMENTS, (first, second) if merged else (first,), 4_000_000)


def test_while_a_roster_is_read_small_files_that_come_later_are_answered_first(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stream_from(monkeypatch, 50_000, 20_000)
    paused, resumed = threading.Event(), threading.Event()
    read: list[int] = []
    blocks = DelimitedDocument.blocks

    def pausing(self: DelimitedDocument) -> Iterator[Any]:
        for number, block in enumerate(blocks(self), start=1):
            if "roster" in self.path.name:
                read.append(number)
                if number == 3:
                    paused.set()
                    assert resumed.wait(30)
            yield block

    monkeypatch.setattr(DelimitedDocument, "blocks", pausing)
    roster = generate(tmp_path / "roster 2021-Q2.csv", 2_000)
    pipeline.drop(roster.path, FOLDER)
    (work,) = sweep(pipeline.settings)
    assert (work.feed, work.large) == (FEED, True)
    decided: list[int] = []
    reader = threading.Thread(
        target=lambda: decided.extend(drain(pipeline.settings, FEED, FEED, large=True)), daemon=True
    )
    reader.start()
    try:
        assert paused.wait(30)
        few = [row for _, row in itertools.islice(read_rows(roster.path.read_bytes()).items(), 50)]
        newer = [{**row, "updated_on": "30/09/2021", "weight_kg": "61.5"} for row in few]
        pipeline.drop(written(newer), FOLDER, "trạm 2021-Q3.csv")
        pipeline.drop(HOSPITALS, "so-y-te/smart_hospitals")
        waiting = sweep(pipeline.settings)
        assert [(one.feed, one.large, one.free) for one in waiting] == [
            (FEED, False, 1),
            ("smart_hospitals", False, 1),
            (FEED, True, 0),
        ]
        for one in waiting[:2]:
            drain(pipeline.settings, one.feed, one.reporting_unit, large=one.large)
        # The roster is held, the small files are decided: there is nothing to wake a worker for.
        pipeline.drop(roster.path, FOLDER, "cùng tệp 2021-Q2.csv")
        held = [(one.feed, one.large, one.deliveries, one.free) for one in sweep(pipeline.settings)]
        assert held == [(FEED, True, 2, 0)]
        # Another large worker finds nothing to take and does not wait for the first.
        assert drain(pipeline.settings, FEED, FEED, large=True) == []
        verdicts = [row["verdict"] for row in pipeline.deliveries()]
        answered = [row["answered_at"] is not None for row in pipeline.deliveries()]
        assert [verdict is None for verdict in verdicts] == [True, False, False, True]
        assert answered == [False, True, True, False]
        assert read == [1, 2, 3], "no block of the roster was read meanwhile"
        assert len(core_rows(pipeline)) == pipeline.deliveries()[1]["rows_accepted"] > 40
    finally:
        resumed.set()
        reader.join(60)
    assert decided == [1, 4]
    assert len(read) > 10
    first, small, _, again = pipeline.deliveries()
    assert again["verdict"] == "duplicate"
    assert first["rows_accepted"] == roster.accepted
    assert (first["rows_older"], first["rows_new"]) == (
        small["rows_accepted"],
        roster.accepted - small["rows_accepted"],
    )
    current = pipeline.rows("select count(*) as n from core.health_records where weight_kg = 61.5")
    assert current[0]["n"] >= small["rows_accepted"]


def overlapping_files(folder: Path) -> list[Path]:
    """Make 41 files that say different things of the same records, good and bad; the ninth is a roster."""
    paths = []
    for number in range(41):
        path = folder / f"{number:02d} 2021-Q{2 + number % 3}.csv"
        if number == 8:
            generate(path, 2_000, updated_shift=40, bad_share=0.05)
        elif number in (20, 33):
            path.write_bytes(paths[number - 10].read_bytes())
            path = path.rename(folder / f"{number:02d} lần nữa 2021-Q{2 + (number - 10) % 3}.csv")
        else:
            generate(
                path, 30, start=1 + 17 * (number % 11), updated_shift=(number * 37) % 100,
                bad_share=(0.3, 0.0, 0.1)[number % 3],
            )  # fmt: skip
        paths.append(path)
    return paths


def test_workers_side_by_side_leave_what_one_worker_leaves_in_order(
    pipeline: Any, anew: Callable[[], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = overlapping_files(tmp_path)

    def receive() -> None:
        anew()
        for path in paths:
            pipeline.drop(path, FOLDER)
        claim_ready_files(pipeline.settings, pipeline.connection)
        assert [row["file_name"] for row in pipeline.deliveries()] == [path.name for path in paths]

    receive()
    finished(worker.start("small", large_bytes=10 * MEGABYTES))
    pipeline.run()
    in_order = state(pipeline)
    assert in_order["core.health_records"][0] > 1_800
    assert in_order["core.health_records_history"][0] > 300

    receive()
    kinds = ("large", "small", "small")
    for process in [worker.start(kind, large_bytes=100_000) for kind in kinds]:
        finished(process)
    deliveries = pipeline.deliveries()
    assert None not in {row["verdict"] for row in deliveries}
    duplicates = [row["file_name"][:2] for row in deliveries if row["verdict"] == "duplicate"]
    assert duplicates == ["20", "33"]
    attempts = pipeline.rows(
        "select delivery_id, count(*) as n from ledger.attempt group by 1 having count(*) > 1"
    )
    assert attempts == []
    pipeline.run()
    assert state(pipeline) == in_order


def test_the_same_bytes_twice_side_by_side_are_loaded_once(pipeline: Any, tmp_path: Path) -> None:
    made = generate(tmp_path / "ho_so_2021-Q2.csv", 1_500)
    pipeline.drop(made.path, FOLDER)
    pipeline.drop(made.path, FOLDER, "lần nữa 2021-Q2.csv")
    claim_ready_files(pipeline.settings, pipeline.connection)
    for process in [worker.start("small", large_bytes=10 * MEGABYTES) for _ in range(2)]:
        finished(process)
    pipeline.run()
    first, again = pipeline.deliveries()
    assert (first["verdict"], again["verdict"]) == ("partially_accepted", "duplicate")
    assert again["submission_id"] == first["submission_id"]
    assert len(core_rows(pipeline)) == made.accepted
    assert core_rows(pipeline, "health_records_history") == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bad_share", [0.011, 1.0], ids=["few-bad", "all-bad"])
def test_the_memory_of_a_load_does_not_grow_with_its_file(
    pipeline: Any, tmp_path: Path, bad_share: float
) -> None:
    peaks = []
    for number, rows in enumerate((200_000, 800_000)):
        made = generate(tmp_path / f"ho_so_{number}_2021-Q2.csv", rows, bad_share=bad_share)
        pipeline.drop(made.path, FOLDER)
        claim_ready_files(pipeline.settings, pipeline.connection)
        peaks.append(int(finished(worker.start("large", block_bytes=4_000_000))))
        delivery = pipeline.deliveries()[-1]
        assert delivery["rows_accepted"] == made.accepted
        assert delivery["answered_at"] is not None
    small, large = peaks
    # A key is kept for each of 600,000 rows more, of 83 MB of text.
    assert large - small < 70, "megabytes"
