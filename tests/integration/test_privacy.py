"""Where persons may be found after the whole way of a file, and where not. All of them are invented."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxpipeline import preparation
from dxpipeline.feedback import answer, outbox
from dxpipeline.feedback.archive import open_archived
from dxpipeline.indicators.refresh import refresh
from dxpipeline.intake.claim import claim_ready_files
from dxpipeline.loading import staging
from dxpipeline.loading.load import Load
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.cross_check import Disagreement
from dxpipeline.settings import PROJECT_ROOT
from dxpipeline.warehouse.connection import connect

from .canaries import workbook
from .records import FEED, FOLDER, LABELS, PERSONAL, SECOND_QUARTER, THIRD_QUARTER, written
from .streaming import stream_from
from .watch import Watch, family, lines

UNREADABLE, UNSTORABLE, DISPUTED = "HSREAD-0001", "HSLOAD-0001", "HSDISPUTE-1"
REFUSED_BY_DATABASE = "47.3"
"""Weight of the row that the database refuses."""


def without(content: bytes, label: str) -> bytes:
    """Return a text file without one of its columns."""
    at = LABELS.index(label)
    rows = [line.split(",") for line in content.decode().splitlines()]
    return "".join(",".join([*row[:at], *row[at + 1 :]]) + "\n" for row in rows).encode()


def drop_everything(watch: Watch) -> dict[str, str]:
    """Drop files that end in every way there is; returns the verdict or reason expected of each."""
    canary = watch.canary
    rows = family(canary)
    plain = written([canary.member(1), canary.member(2)])
    bad = written([canary.member(place, height_cm="400") for place in range(1, 4)])
    files: list[tuple[str, bytes, str, str]] = [
        ("văn bản 2021-Q3.csv", lines(canary, quoted=False), FOLDER, "partially_accepted"),
        ("ngoặc kép 2021-Q3.csv", lines(canary, quoted=True), FOLDER, "partially_accepted"),
        ("bảng tính.xlsx", workbook(rows), FOLDER, "partially_accepted"),
        ("bảng tính số.xlsx", workbook(rows, as_numbers=True), FOLDER, "no-row-accepted"),
        ("utf16 2021-Q3.csv", lines(canary, quoted=False).decode().encode("utf-16"), FOLDER,
         "partially_accepted"),
        ("có đầu đề 2021-Q3.csv", f"Người lập: Kanari{canary.number}\n".encode() + plain, FOLDER, "accepted"),
        ("thiếu cột 2021-Q3.csv", without(plain, "Giới tính"), FOLDER, "missing-column"),
        ("thiếu tiêu đề 2021-Q3.csv", plain.partition(b"\n")[2], FOLDER, "no-table"),
        ("không kỳ.csv", plain + b"\n", FOLDER, "no-period"),
        ("hai kỳ 2021-Q3 2021-Q2.csv", plain + b"\n\n", FOLDER, "contradicting-periods"),
        ("xấu cả 2021-Q3.csv", bad, FOLDER, "no-row-accepted"),
        ("xấu cả.xlsx", workbook([canary.member(1, citizen_id="1")]), FOLDER, "no-row-accepted"),
        ("đứt 2021-Q3.csv", plain[:-60], FOLDER, "incomplete-file"),
        ("hỏng.xlsx", b"PK\x03\x04" + plain, FOLDER, "unreadable-file"),
        ("nhầm chỗ 2021-Q3.csv", plain + b"\n\n\n", "so-y-te/smart_hospitals", "no-table"),
        ("nhầm tên 2021-Q3.csv", plain, "so-y-te/khong_co", "unknown-feed"),
        ("nhầm sở 2021-Q3.csv", plain, "so-tt-tt/health_records", "wrong-department"),
        ("nhầm thư mục 2021-Q3.csv", plain, "so-y-te", "misplaced-file"),
        ("lỗi đọc 2021-Q3.csv", written([canary.member(1, record_id=UNREADABLE)]), FOLDER,
         "processing-failed"),
        ("lỗi nạp 2021-Q3.csv", written([canary.member(1, record_id=UNSTORABLE)]), FOLDER,
         "processing-failed"),
        ("lỗi csdl 2021-Q3.csv", written([canary.member(60, weight_kg=REFUSED_BY_DATABASE)]), FOLDER,
         "processing-failed"),
        ("không đánh dấu 2021-Q3.csv", lines(canary, quoted=False) + b"\n", FOLDER, "partially_accepted"),
        ("trái ý 2021-Q3.csv", written([canary.member(1, record_id=DISPUTED)]), FOLDER,
         "cross-check-disagreement"),
    ]  # fmt: skip
    for name, content, folder, _ in files:
        watch.drop(content, name, folder)
    return {name: outcome for name, _, _, outcome in files}


@pytest.fixture
def failures(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the program fail at some rows, with the row in the message, and Great Expectations disagree."""
    check, stored_form, mark = Checker.check, staging.stored_form, outbox.write_marked_file
    cross_checked = preparation.cross_check

    def fail_while_reading(self: Checker, block: Any) -> Any:
        if UNREADABLE in block.texts["record_id"]:
            raise ValueError(f"no way to read {block.texts.to_dicts()}")
        return check(self, block)

    def fail_while_loading(rows: pl.DataFrame, *rest: Any) -> pl.DataFrame:
        if UNSTORABLE in rows["record_id"]:
            raise RuntimeError(f"no way to store {rows.to_dicts()}")
        return stored_form(rows, *rest)

    def fail_while_marking(source: Path, found: Any, target: Path) -> None:
        if "không đánh dấu" in source.name:
            raise KeyError(source.read_text(encoding="utf-8"))
        mark(source, found, target)

    def disagree(contract: Any, suite: Any, batch: Any, *rest: Any, **more: Any) -> Any:
        disputed = [delivery for delivery, block in batch if DISPUTED in block.rows["record_id"]]
        if disputed:
            return Disagreement("a rule", only_compiled=((disputed[0], None, 2),))
        return cross_checked(contract, suite, batch, *rest, **more)

    monkeypatch.setattr(Checker, "check", fail_while_reading)
    monkeypatch.setattr(staging, "stored_form", fail_while_loading)
    monkeypatch.setattr(outbox, "write_marked_file", fail_while_marking)
    monkeypatch.setattr(preparation, "cross_check", disagree)
    # The first load makes the table anew; a later one meets its rules.
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.run()
    rule = f"alter table core.health_records add constraint broken check (weight_kg <> {REFUSED_BY_DATABASE})"
    with connect(pipeline.settings, "owner", autocommit=True) as owner:
        owner.execute(f"{rule} not valid".encode())
        yield
        owner.execute("alter table core.health_records drop constraint broken")


@pytest.mark.usefixtures("failures")
def test_persons_are_found_only_in_the_marked_copies_of_their_own_department(watch: Watch) -> None:
    wanted = drop_everything(watch)
    watch.run()
    deliveries = watch.pipeline.deliveries()[1:]
    found = {row["file_name"]: row["reason_code"] or row["verdict"] for row in deliveries}
    assert found == wanted
    refresh(watch.pipeline.connection)
    assert watch.leaks() == set()

    settings = watch.pipeline.settings
    assert [path for path in settings.work_folder.rglob("*") if path.is_file()] == []
    assert [path for path in settings.import_folder.rglob("*") if path.is_file()] == []
    assert list(watch.temporary.iterdir()) == []
    copies = watch.own_copies()
    assert len(copies) == 7
    assert watch.canary.files(*copies) == set(copies)
    assert {path.stat().st_mode & 0o007 for path in copies} == {0}
    archived = [path for path in settings.archive.rglob("*") if path.is_file()]
    assert {path.name for path in archived} == {f"{row['sha256']}.age" for row in watch.pipeline.deliveries()}
    # What was hidden is there to be opened by whoever has the key.
    for row in deliveries:
        with open_archived(settings, row["sha256"]) as file:
            content = file.read()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]


def test_a_large_file_leaves_nothing_while_it_is_streamed_nor_after(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_from(monkeypatch, block_bytes=4_000)
    monkeypatch.setattr(answer, "WHOLE_COPY_BYTES", 1)
    settings = watch.pipeline.settings
    add, seen = Load.add, []

    def look_around(self: Load, block: Any) -> None:
        add(self, block)
        folders = (settings.outbox, settings.archive, settings.home, watch.temporary)
        seen.append(watch.canary.files(*folders) | set(watch.temporary.iterdir()))

    monkeypatch.setattr(Load, "add", look_around)
    rows = [watch.canary.member(10 + at % 80, record_id=f"HS00-{at:09d}") for at in range(400)]
    watch.drop(lines(watch.canary, quoted=False) + written(rows).partition(b"\n")[2], "lớn 2021-Q3.csv")
    watch.run()
    (delivery,) = watch.pipeline.deliveries()
    assert delivery["verdict"] == "partially_accepted"
    assert len(seen) > 10
    assert set().union(*seen) == set()
    assert watch.leaks() == set()
    assert len(watch.own_copies()) == 1


def test_an_interrupted_worker_leaves_nothing_behind(watch: Watch) -> None:
    rows = written([watch.canary.member(place) for place in range(10, 99)])
    watch.drop(rows, "bị ngắt 2021-Q3.csv")
    claim_ready_files(watch.pipeline.settings, watch.pipeline.connection)
    code = (
        "import os; from dxpipeline.loading.load import Load; from dxpipeline.pipeline import drain\n"
        "from dxpipeline.settings import get_settings\n"
        "add = Load.add\n"
        "Load.add = lambda self, block: (add(self, block), os._exit(9))\n"
        f"drain(get_settings(), {FEED!r}, {FEED!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60)
    assert done.returncode == 9
    assert not watch.canary.is_in(done.stdout + done.stderr)
    watch.run()
    assert watch.leaks() == set()
    assert list(watch.temporary.iterdir()) == []


def test_a_person_has_one_hash_and_no_name(pipeline: Any) -> None:
    pipeline.drop(THIRD_QUARTER, FOLDER)
    pipeline.run()
    (columns,) = pipeline.rows("select to_jsonb(r) as one from core.health_records as r limit 1")
    assert not set(PERSONAL) & set(columns["one"])
    (sizes,) = pipeline.rows(
        "select count(*) as records, count(distinct citizen_id_hash) as persons, "
        "count(*) filter (where length(citizen_id_hash) = 16) as whole from core.health_records"
    )
    assert sizes == {"records": 1970, "persons": 1970, "whole": 1970}


TASKS = """
import json, logging, runpy, sys
dags = runpy.run_path(sys.argv[1])
small, large = dags["import_health_records"], dags["import_health_records_large"]
logging.getLogger().addHandler(logging.StreamHandler())
logging.getLogger().setLevel(logging.DEBUG)
print(json.dumps({
    "waiting batches": small.task_dict["waiting_batches"].python_callable(),
    "small files": small.task_dict["process"].python_callable(batch=0),
    "large files": large.task_dict["process"].python_callable(),
}))
"""


def test_a_task_returns_numbers_of_deliveries_only_and_says_no_more_in_its_log(
    watch: Watch, tmp_path: Path
) -> None:
    watch.drop(lines(watch.canary, quoted=False), "văn bản 2021-Q3.csv")
    watch.drop(written([watch.canary.member(1)])[:-40], "đứt 2021-Q3.csv")
    claim_ready_files(watch.pipeline.settings, watch.pipeline.connection)
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"),
                   "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", TASKS, str(PROJECT_ROOT / "dags" / "import_feeds.py")],
        env=environment, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    numbers = [row["delivery_id"] for row in watch.pipeline.deliveries()]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "waiting batches": [0],
        "small files": numbers,
        "large files": [],
    }
    assert "Delivery 1: partially_accepted" in done.stderr
    assert not watch.canary.is_in((done.stdout + done.stderr).encode())
    assert watch.leaks() == set()
