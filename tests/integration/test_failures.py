"""What fails holds up nobody else: answers that cannot be written, files that end their worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dxpipeline import preparation
from dxpipeline.intake.claim import claim_ready_files
from dxpipeline.loading import upsert
from dxpipeline.pipeline import Unanswered, finish_leftovers, sweep
from dxpipeline.preparation import ProcessingFailed
from dxpipeline.quality import compiler
from dxpipeline.quality.cross_check import Disagreement, cross_check
from dxpipeline.settings import PROJECT_ROOT

from .records import SECOND_QUARTER as HEALTH_RECORDS
from .streaming import stream_from

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
HOSPITALS = DROPS / "so-y-te" / "smart_hospitals"
FOLDER = "so-y-te/smart_hospitals"
FIRST_QUARTER = HOSPITALS / "Benh vien thong minh Quy I-2021.xlsx"
SECOND_QUARTER = HOSPITALS / "BC benh vien quy 2 nam 2021.xlsx"
CORRECTION = HOSPITALS / "BC benh vien quy 2 nam 2021 (dinh chinh).xlsx"
STATIONS = DROPS / "so-y-te" / "health_stations" / "tram_y_te_2021-Q2.csv"


def test_an_answer_that_cannot_be_finished_does_not_keep_new_files_from_being_woken(pipeline: Any) -> None:
    pipeline.settings.archive.write_text("a file where the folder should be")
    pipeline.drop(SECOND_QUARTER, FOLDER)
    with pytest.raises(Unanswered):
        pipeline.run()

    pipeline.drop(STATIONS, "so-y-te/health_stations")
    assert [work.feed for work in sweep(pipeline.settings)] == ["health_stations"]
    with pytest.raises(Unanswered, match="cannot be archived"):
        pipeline.run()
    assert [row["verdict"] for row in pipeline.deliveries()] == ["partially_accepted"] * 2
    # The failure comes to light again and again until it is mended.
    with pytest.raises(Unanswered, match=r"quy 2.*cannot be archived.*tram_y_te.*cannot be archived"):
        finish_leftovers(pipeline.settings)
    pipeline.settings.archive.unlink()
    finish_leftovers(pipeline.settings)
    assert all(row["archived_at"] is not None for row in pipeline.deliveries())


def test_a_file_that_ends_its_worker_takes_no_other_file_of_its_batch_with_it(pipeline: Any) -> None:
    pipeline.drop(FIRST_QUARTER, FOLDER)
    pipeline.drop(SECOND_QUARTER, FOLDER, "poison quy 2 nam 2021.xlsx")
    pipeline.drop(CORRECTION, FOLDER)
    claim_ready_files(pipeline.settings, pipeline.connection)
    # The worker dies while it reads the file, as it does when memory runs out.
    code = (
        "import os; from dxpipeline import preparation; from dxpipeline.pipeline import drain\n"
        "from dxpipeline.settings import get_settings\n"
        "original = preparation.open_document\n"
        "def die(path, name, contract):\n"
        "    if 'poison' in name: os._exit(9)\n"
        "    return original(path, name, contract)\n"
        "preparation.open_document = die\n"
        "drain(get_settings(), 'smart_hospitals', 'smart_hospitals')\n"
    )
    ended = []
    while not ended or ended[-1] != 0:
        ended.append(subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode)
        assert len(ended) < 6
    assert ended == [9, 9, 9, 0]
    assert {row["file_name"]: (row["verdict"], row["reason_code"]) for row in pipeline.deliveries()} == {
        FIRST_QUARTER.name: ("accepted", None),
        "poison quy 2 nam 2021.xlsx": ("rejected", "processing-failed"),
        CORRECTION.name: ("accepted", None),
    }
    assert all(row["answered_at"] is not None for row in pipeline.deliveries())


def test_a_file_that_was_a_duplicate_until_its_batch_went_on_is_checked_in_full(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[int] = []

    def watched(contract: Any, suite: Any, batch: Sequence[Any], *rest: Any, **more: Any) -> Any:
        checked.extend(dict.fromkeys(delivery_id for delivery_id, _ in batch))
        return cross_check(contract, suite, batch, *rest, **more)

    monkeypatch.setattr(preparation, "cross_check", watched)
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.run()
    pipeline.drop(CORRECTION, FOLDER)
    pipeline.drop(SECOND_QUARTER, FOLDER, "Thay thế quý 2 năm 2021.xlsx")
    pipeline.run()
    first, correction, again = pipeline.deliveries()
    assert [row["verdict"] for row in (first, correction, again)] == [
        "partially_accepted",
        "accepted",
        "partially_accepted",
    ]
    assert sorted(checked) == [first["delivery_id"], correction["delivery_id"], again["delivery_id"]]


def test_the_archive_keeps_the_same_bytes_once_and_refuses_others(pipeline: Any, tmp_path: Path) -> None:
    from dxpipeline.feedback.archive import ArchiveError, archive, archive_path
    from dxpipeline.intake.claim import hash_file

    source = tmp_path / "a.csv"
    source.write_bytes(b"abc")
    digest = hash_file(source)
    kept = archive(pipeline.settings, source, digest, private=False)
    assert kept == archive_path(pipeline.settings, digest)
    assert kept == archive(pipeline.settings, source, digest, private=False)
    assert kept.read_bytes() == b"abc"
    assert kept.stat().st_mode & 0o777 == 0o400
    source.write_bytes(b"abd")
    other = "0" * 64
    with pytest.raises(ArchiveError, match="changed after it was received"):
        archive(pipeline.settings, source, other, private=False)
    assert [path for path in pipeline.settings.archive.rglob("*") if path.is_file()] == [kept]


def test_a_worthless_copy_in_the_archive_is_written_again(pipeline: Any, tmp_path: Path) -> None:
    from dxpipeline.feedback.archive import archive, archive_path
    from dxpipeline.intake.claim import hash_file

    source = tmp_path / "a.csv"
    source.write_bytes(b"abc")
    digest = hash_file(source)
    damaged = archive_path(pipeline.settings, digest)
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"ab")
    assert archive(pipeline.settings, source, digest, private=False).read_bytes() == b"abc"


def test_a_large_file_is_published_only_once_its_sample_is_agreed_upon(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_from(monkeypatch)
    published: list[int] = []
    publish = upsert.publish

    def publish_and_count(connection: Any, *arguments: Any) -> Any:
        changes = publish(connection, *arguments)
        published.append(connection.execute("select count(*) from core.health_records").fetchone()[0])
        return changes

    monkeypatch.setattr(upsert, "publish", publish_and_count)
    pipeline.drop(HEALTH_RECORDS, "so-y-te/health_records")
    with monkeypatch.context() as checker:
        checker.setattr("dxpipeline.quality.sample_check.sys.executable", "/bin/false")
        with pytest.raises(ProcessingFailed, match="the program failed, RuntimeError"):
            pipeline.run()
    assert published.pop() > 0
    assert left_of_the_load(pipeline) == [0, 0, 0]

    with monkeypatch.context() as rules:
        never = compiler._ROW_RULES["expect_column_values_to_be_null"]
        rules.setitem(compiler._ROW_RULES, "expect_column_values_to_be_between", never)
        pipeline.run()
    (delivery,) = pipeline.deliveries()
    assert (delivery["verdict"], delivery["reason_code"]) == ("rejected", "cross-check-disagreement")
    assert left_of_the_load(pipeline) == [0, 0, 0]
    assert pipeline.rows("select state from ledger.submission") == [{"state": "rejected"}]


def left_of_the_load(pipeline: Any) -> list[int]:
    """Count the records, the rows held back and the tables of attempts."""
    tables = ("core.health_records", "quarantine.quarantined_row", "pg_tables where schemaname = 'staging'")
    return [pipeline.rows(f"select count(*) as found from {table}")[0]["found"] for table in tables]


def test_a_dispute_that_shows_only_together_spares_what_was_not_read(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.drop(FIRST_QUARTER, FOLDER)
    pipeline.run()

    def together(contract: Any, suite: Any, batch: Sequence[Any], *rest: Any) -> Disagreement | None:
        return Disagreement("a rule") if len({delivery for delivery, _ in batch}) > 1 else None

    monkeypatch.setattr(preparation, "cross_check", together)
    pipeline.drop(FIRST_QUARTER, FOLDER, "lan nua quy 1 nam 2021.xlsx")
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.drop(HOSPITALS / "Benh vien Quy III-2021 thieu cot.xlsx", FOLDER)
    pipeline.drop(CORRECTION, FOLDER)
    pipeline.run()

    outcomes = [(row["verdict"], row["reason_code"]) for row in pipeline.deliveries()]
    assert outcomes == [
        ("accepted", None),
        ("duplicate", "duplicate"),
        ("rejected", "cross-check-disagreement"),
        ("rejected", "missing-column"),
        ("rejected", "cross-check-disagreement"),
    ]
