"""Claiming: every file becomes exactly one delivery, whatever its name, and one bad file stops no other."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from dxpipeline.feedback.archive import open_archived
from dxpipeline.intake import claim
from dxpipeline.intake.claim import claim_ready_files, hash_file, work_path
from dxpipeline.intake.folder import Candidate, scan, standing_still
from dxpipeline.pipeline import drain
from dxpipeline.settings import ConfigurationError

FOLDER = "so-y-te/health_stations"


def test_a_claim_moves_the_file_and_writes_what_is_known_of_it(pipeline: Any) -> None:
    dropped = pipeline.drop(b"a;b\n1;2\n", "So-Y-Te/Health_Stations", "Quý I-2021.csv")
    assert claim_ready_files(pipeline.settings, pipeline.connection) == [1]

    assert not dropped.exists()
    (row,) = pipeline.deliveries()
    assert row["folder"] == "So-Y-Te/Health_Stations"
    assert (row["department_code"], row["feed"], row["reporting_unit"]) == (
        "so-y-te",
        "health_stations",
        "health_stations",
    )
    assert (row["file_name"], row["size_bytes"]) == ("Quý I-2021.csv", 8)
    assert row["sha256"] == hashlib.sha256(b"a;b\n1;2\n").hexdigest()
    assert (row["received_seq"], row["verdict"], row["rows_read"]) == (1, None, None)
    path = work_path(pipeline.settings, row["claim_token"])
    assert path is not None
    assert path.read_bytes() == b"a;b\n1;2\n"
    (note,) = (pipeline.settings.outbox / "so-y-te").iterdir()
    assert note.name.startswith("Quý I-2021.csv")
    assert claim_ready_files(pipeline.settings, pipeline.connection) == []


def test_a_folder_that_fits_no_feed_is_refused_at_once(pipeline: Any) -> None:
    pipeline.drop(b"x", "so-y-te/smart_hospital", "a.csv")
    pipeline.drop(b"x", ".", "b.csv")
    claim_ready_files(pipeline.settings, pipeline.connection)
    rows = {row["file_name"]: row for row in pipeline.deliveries()}
    assert {name: (row["verdict"], row["reason_code"]) for name, row in rows.items()} == {
        "a.csv": ("rejected", "unknown-feed"),
        "b.csv": ("rejected", "misplaced-file"),
    }
    assert rows["a.csv"]["reason_details"]["suggestion"] == "smart_hospitals"
    assert rows["b.csv"]["folder"] == ""
    assert all(row["rows_read"] == 0 and row["decided_at"] is not None for row in rows.values())


STRANGE_NAMES = [
    unicodedata.normalize("NFD", "Báo cáo quý I.csv"),
    "hai\ndòng 2021-Q1.csv",
    "'nháy' \"kép\" `lùi`.csv",
    "-rf 2021-Q1.csv",
    "'; drop table ledger.delivery;--.csv",
    "{{ 7 * 7 }} $(id) %(name)s %s.csv",
    "\u202egnp.csv",
    "é" * 125 + ".csv",
    "x" * 251 + ".csv",
    "không đuôi",
]


def test_strange_names_survive_the_claim_and_the_answer(pipeline: Any) -> None:
    assert max(len(name.encode()) for name in STRANGE_NAMES) == 255
    for number, name in enumerate(STRANGE_NAMES):
        target = pipeline.settings.import_folder / FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(f"{number}".encode())
    pipeline.run()

    rows = {row["file_name"]: row for row in pipeline.deliveries()}
    assert set(rows) == set(STRANGE_NAMES)
    receipts = set()
    for number, name in enumerate(STRANGE_NAMES):
        row = rows[name]
        assert row["sha256"] == hashlib.sha256(f"{number}".encode()).hexdigest()
        assert row["verdict"] == "rejected"
        receipt = pipeline.settings.outbox / row["receipt_path"]
        assert receipt.parent == pipeline.settings.outbox / "so-y-te"
        assert receipt.is_file()
        assert not re.search(r"[\n\u202e]|^-", receipt.name)
        receipts.add(receipt)
        with open_archived(pipeline.settings, row["sha256"]) as archived:
            assert archived.read() == f"{number}".encode()
    assert len(receipts) == len(STRANGE_NAMES)
    assert list(pipeline.settings.work_folder.iterdir()) == []


def test_a_name_that_is_no_text_survives_the_claim_and_the_answer(pipeline: Any) -> None:
    folder = pipeline.settings.import_folder / FOLDER
    folder.mkdir(parents=True)
    with open(os.fsencode(folder) + b"/qu\xfd I.csv", "wb") as file:  # noqa: PTH123
        file.write(b"x")
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert row["file_name"] == "qu\ufffd I.csv"
    assert row["verdict"] == "rejected"
    receipt = pipeline.settings.outbox / row["receipt_path"]
    assert receipt.is_file()
    assert receipt.name.startswith("qu\ufffd I.csv")
    with open_archived(pipeline.settings, row["sha256"]) as archived:
        assert archived.read() == b"x"
    assert list(pipeline.settings.work_folder.iterdir()) == []


def test_the_numbers_follow_the_order_of_arrival(pipeline: Any) -> None:
    for name in ("c.csv", "a.csv", "b.csv"):
        pipeline.drop(name.encode(), FOLDER, name)
        time.sleep(0.02)
    claim_ready_files(pipeline.settings, pipeline.connection)
    rows = pipeline.deliveries()
    assert [(row["received_seq"], row["file_name"]) for row in rows] == [
        (1, "c.csv"),
        (2, "a.csv"),
        (3, "b.csv"),
    ]


def test_two_claimers_at_once_take_every_file_exactly_once_and_leave_no_gap(pipeline: Any) -> None:
    for number in range(200):
        pipeline.drop(f"{number}".encode(), FOLDER, f"{number}.csv")
    code = (
        "from dxpipeline.intake.claim import claim_ready_files\n"
        "from dxpipeline.settings import get_settings\n"
        "from dxpipeline.warehouse.connection import connect\n"
        "with connect(get_settings(), autocommit=True) as connection:\n"
        "    print('ready', flush=True); input()\n"
        "    print(len(claim_ready_files(get_settings(), connection)))"
    )
    claimers = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for claimer in claimers:
        assert claimer.stdout is not None
        assert claimer.stdout.readline() == "ready\n"
    for claimer in claimers:
        assert claimer.stdin is not None
        claimer.stdin.write("\n")
        claimer.stdin.flush()
    taken = []
    for claimer in claimers:
        output, errors = claimer.communicate(timeout=60)
        assert claimer.returncode == 0, errors
        taken.append(int(output))
    assert sum(taken) == 200

    rows = pipeline.deliveries()
    assert [row["received_seq"] for row in rows] == list(range(1, 201))
    assert sorted(row["file_name"] for row in rows) == sorted(f"{number}.csv" for number in range(200))
    assert len({row["claim_token"] for row in rows}) == 200
    for row in rows:
        path = work_path(pipeline.settings, row["claim_token"])
        assert path is not None
        assert path.read_text() == row["file_name"].removesuffix(".csv")
    assert scan(pipeline.settings.import_folder) == []


def test_a_file_that_another_claimer_took_leaves_nothing_behind(pipeline: Any) -> None:
    pipeline.settings.work_folder.mkdir(parents=True)
    gone = Candidate(
        pipeline.settings.import_folder / FOLDER / "gone.csv", ("so-y-te", "health_stations"), 1, 0, 0, 0
    )
    assert claim._claim(pipeline.settings, pipeline.connection, gone) is None
    assert list(pipeline.settings.work_folder.iterdir()) == []
    assert pipeline.deliveries() == []


def test_a_file_swapped_for_a_link_is_not_followed(pipeline: Any) -> None:
    pipeline.settings.work_folder.mkdir(parents=True)
    path = pipeline.settings.import_folder / FOLDER / "a.csv"
    path.parent.mkdir(parents=True)
    path.symlink_to("/etc/hostname")
    seen = Candidate(path, ("so-y-te", "health_stations"), 1, 0, 0, 0)
    assert claim._claim(pipeline.settings, pipeline.connection, seen) is None
    assert path.is_symlink()
    assert list(pipeline.settings.work_folder.iterdir()) == []
    assert pipeline.deliveries() == []


def test_a_file_that_cannot_be_moved_is_named_and_holds_up_no_other(
    pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    # The claimed path would be longer than the file system takes; the dropped one is not.
    deep = pipeline.settings.import_folder
    while len(os.fsencode(deep)) < 4090 - 60:
        deep = deep / ("d" * min(200, 4090 - 8 - len(os.fsencode(deep))))
    here = Path.cwd()
    try:
        os.chdir(pipeline.settings.import_folder)
        for part in deep.relative_to(pipeline.settings.import_folder).parts:
            Path(part).mkdir()
            os.chdir(part)
        Path("a.csv").write_bytes(b"x")
    finally:
        os.chdir(here)
    pipeline.drop(b"x", FOLDER, "good.csv")
    with caplog.at_level(logging.ERROR):
        claim_ready_files(pipeline.settings, pipeline.connection)

    assert [row["file_name"] for row in pipeline.deliveries()] == ["good.csv"]
    assert "a.csv cannot be claimed (File name too long): it stays there" in caplog.text
    assert len(list(pipeline.settings.work_folder.iterdir())) == 1


def test_folders_on_two_volumes_are_a_mistake_of_the_set_up(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = pipeline.drop(b"x", FOLDER, "a.csv")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    # Two volumes are not to be had in every test environment; what the kernel says of them is.
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(
        ConfigurationError, match=r"import and .*work must lie on one volume: mount DX_EXCHANGE"
    ):
        claim_ready_files(pipeline.settings, pipeline.connection)
    assert dropped.exists()
    assert list(pipeline.settings.work_folder.iterdir()) == []


def test_an_outbox_that_cannot_be_written_does_not_hold_up_the_claim(
    pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.settings.outbox.write_text("a file where the folder should be")
    pipeline.drop(b"x", FOLDER, "a.csv")
    assert claim_ready_files(pipeline.settings, pipeline.connection) == [1]
    assert "Delivery 1 gets no note that it waits" in caplog.text


def test_orphans_are_adopted_in_their_order_and_empty_folders_go(pipeline: Any) -> None:
    work = pipeline.settings.work_folder
    for number, token in enumerate(("ffff", "aaaa", "bbbb")):
        folder = work / token / "so-y-te" / "health_stations"
        folder.mkdir(parents=True)
        if token != "bbbb":
            (folder / f"{token}.csv").write_bytes(token.encode())
        os.utime(work / token, (1_600_000_000 + number,) * 2)
    assert claim_ready_files(pipeline.settings, pipeline.connection) == [1, 2]
    assert [row["file_name"] for row in pipeline.deliveries()] == ["ffff.csv", "aaaa.csv"]
    assert [row["claim_token"] for row in pipeline.deliveries()] == ["ffff", "aaaa"]
    assert sorted(path.name for path in work.iterdir()) == ["aaaa", "ffff"]
    assert claim_ready_files(pipeline.settings, pipeline.connection) == []


def test_a_work_folder_that_another_worker_drops_meanwhile_does_not_stop_the_claim(pipeline: Any) -> None:
    pipeline.settings.work_folder.mkdir(parents=True)
    pipeline.drop(b"x", FOLDER, "a.csv")
    code = (
        "import sys, pathlib, time\n"
        "work = pathlib.Path(sys.argv[1]); end = time.monotonic() + 1\n"
        "while time.monotonic() < end:\n"
        "    for n in range(50): (work / f'f{n}').mkdir(exist_ok=True)\n"
        "    for n in range(50): (work / f'f{n}').rmdir()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(pipeline.settings.work_folder)])
    rounds = 0
    while other.poll() is None:
        claim._folders_by_age(pipeline.settings.work_folder)
        rounds += 1
    assert other.returncode == 0
    assert rounds > 100


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert hash_file(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("change", ["grown", "replaced", "opened"])
def test_a_file_touched_between_the_look_and_the_claim_is_put_back(pipeline: Any, change: str) -> None:
    path = pipeline.drop(b"first half", FOLDER, "a.csv")
    pipeline.settings.work_folder.mkdir(parents=True)
    (seen,) = standing_still(scan(pipeline.settings.import_folder), 0)
    with path.open("ab") as writer:
        if change == "grown":
            writer.write(b", second half")
            writer.flush()
        if change == "replaced":
            (path.parent / ".new").write_bytes(b"first half")
            (path.parent / ".new").rename(path)
        assert claim._claim(pipeline.settings, pipeline.connection, seen) is None
    assert path.read_bytes().startswith(b"first half")
    assert list(pipeline.settings.work_folder.iterdir()) == []
    assert pipeline.deliveries() == []


def test_an_orphan_that_cannot_be_read_holds_up_no_other(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for token, name in (("0" * 16, "bad.csv"), ("1" * 16, "good.csv")):
        orphan = pipeline.settings.work_folder / token / FOLDER
        orphan.mkdir(parents=True)
        (orphan / name).write_bytes(b"x")
    original = claim.hash_file

    def fail_on_bad(path: Path) -> str:
        if path.name == "bad.csv":
            raise OSError(5, "Input/output error")
        return original(path)

    monkeypatch.setattr(claim, "hash_file", fail_on_bad)
    pipeline.drop(b"x", FOLDER, "new.csv")
    claim.claim_ready_files(pipeline.settings, pipeline.connection)
    assert [row["file_name"] for row in pipeline.deliveries()] == ["good.csv", "new.csv"]
    assert "cannot be taken over (Input/output error)" in caplog.text
    monkeypatch.undo()
    claim.claim_ready_files(pipeline.settings, pipeline.connection)
    assert [row["file_name"] for row in pipeline.deliveries()] == ["good.csv", "new.csv", "bad.csv"]


def test_a_volume_without_hard_links_gets_its_file_back_as_well(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = pipeline.drop(b"first half", FOLDER, "a.csv")
    pipeline.settings.work_folder.mkdir(parents=True)
    (seen,) = standing_still(scan(pipeline.settings.import_folder), 0)
    path.write_bytes(b"first half, second half")
    assert claim._claim(pipeline.settings, pipeline.connection, seen) is None
    assert path.read_bytes() == b"first half, second half"
    assert list(pipeline.settings.work_folder.iterdir()) == []


def test_an_answer_that_is_faster_than_the_note_leaves_no_note(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = claim.write_waiting_note

    def answered_first(settings: Any, department: str, file_name: str, delivery_id: int) -> Path:
        drain(settings, "health_stations", "health_stations")
        return original(settings, department, file_name, delivery_id)

    monkeypatch.setattr(claim, "write_waiting_note", answered_first)
    pipeline.drop(b"x", FOLDER, "a 2021-Q1.csv")
    claim.claim_ready_files(pipeline.settings, pipeline.connection)
    (answer,) = [path for path in pipeline.settings.outbox.rglob("*") if path.is_file()]
    assert answer.suffix == ".html"
