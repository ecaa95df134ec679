"""The outbox: every delivery gets one receipt, whole, in its department's folder."""

from __future__ import annotations

import csv
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import psycopg
import pytest
from openpyxl import load_workbook

from dxpipeline import durable
from dxpipeline.feedback import answer as answer_room
from dxpipeline.feedback import outbox
from dxpipeline.feedback.answer import WHOLE_COPY_BYTES, Answer, NotDecided
from dxpipeline.feedback.outbox import write_answer, write_waiting_note
from dxpipeline.settings import PROJECT_ROOT, Settings

HOSPITALS = PROJECT_ROOT / "tests/data/drops/so-y-te/smart_hospitals/BC benh vien quy 2 nam 2021.xlsx"
RECORDS = PROJECT_ROOT / "tests/data/drops/so-y-te/health_records/ho_so_suc_khoe_2021-Q3.csv"
RECEIPT = "bao cao 1.xlsx - NHẬN MỘT PHẦN - 000001.html"
MARKED = "bao cao 1 - cần sửa - 000001.xlsx"


@pytest.fixture
def delivery(ledger: Any) -> int:
    """Return a hospital report accepted in part, with one wrong cell."""
    submission = ledger.submission()
    ledger.issue(submission, 13, "his_level", "out-of-range")
    return int(ledger.delivery(submission))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return Path(shutil.copy(HOSPITALS, tmp_path / "claimed.xlsx"))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_receipt_and_the_marked_copy_lie_in_the_department_s_folder(
    settings: Settings, warehouse: psycopg.Connection, delivery: int, source: Path
) -> None:
    receipt = write_answer(settings, warehouse, delivery, source)
    assert receipt == settings.outbox / "so-y-te" / RECEIPT
    assert names_in(receipt.parent) == sorted([RECEIPT, MARKED])
    assert f"Mở tệp “{MARKED}”" in receipt.read_text(encoding="utf-8")
    sheet = load_workbook(receipt.parent / MARKED)["Biểu báo cáo"]
    assert str(sheet["N13"].value).startswith("Cột “HIS”")


def test_answering_twice_gives_the_same_one_receipt(
    settings: Settings, warehouse: psycopg.Connection, delivery: int, source: Path
) -> None:
    receipt = write_answer(settings, warehouse, delivery, source)
    first = receipt.read_bytes()
    assert write_answer(settings, warehouse, delivery, source) == receipt
    assert receipt.read_bytes() == first
    assert names_in(receipt.parent) == sorted([RECEIPT, MARKED])


def test_without_the_file_the_receipt_goes_alone(
    settings: Settings, warehouse: psycopg.Connection, delivery: int
) -> None:
    receipt = write_answer(settings, warehouse, delivery, None)
    assert names_in(receipt.parent) == [RECEIPT]
    text = receipt.read_text(encoding="utf-8")
    assert "Mở tệp" not in text
    assert "Sửa các ô được nêu ở mục" in text


def test_a_copy_that_cannot_be_made_does_not_hold_up_the_receipt(
    settings: Settings,
    warehouse: psycopg.Connection,
    delivery: int,
    source: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    source.write_bytes(b"PK\x03\x04 no archive at all")
    receipt = write_answer(settings, warehouse, delivery, source)
    assert names_in(receipt.parent) == [RECEIPT]
    assert "Delivery 1 gets no marked copy" in caplog.text


def test_the_answer_takes_the_place_of_the_waiting_note(
    settings: Settings, warehouse: psycopg.Connection, delivery: int, source: Path
) -> None:
    note = write_waiting_note(settings, "so-y-te", "bao cao 1.xlsx", delivery)
    assert note.name == "bao cao 1.xlsx - đang xử lý - 000001.txt"
    text = note.read_bytes().decode("utf-8-sig")
    assert "Đã nhận tệp “bao cao 1.xlsx”, số tiếp nhận 000001" in text
    assert "was received as delivery 000001" in text
    receipt = write_answer(settings, warehouse, delivery, source)
    assert names_in(receipt.parent) == sorted([RECEIPT, MARKED])


def test_a_file_that_fits_no_feed_is_answered_in_the_common_folder(
    settings: Settings, warehouse: psycopg.Connection, ledger: Any
) -> None:
    unknown = {"verdict": "rejected", "feed": None, "reporting_unit": None, "reason_code": "unknown-feed"}
    delivery = ledger.delivery(None, **unknown, reason="Không có mẫu báo cáo này.")
    write_waiting_note(settings, "so-y-te", "bao cao 1.xlsx", delivery)
    receipt = write_answer(settings, warehouse, delivery, None)
    assert receipt.parent == settings.outbox / "_unknown"
    assert "Không có mẫu báo cáo này." in receipt.read_text(encoding="utf-8")
    assert names_in(settings.outbox / "so-y-te") == []
    elsewhere = ledger.delivery(None, **unknown, department_code=None)
    assert write_answer(settings, warehouse, elsewhere, None).parent == settings.outbox / "_unknown"


def test_nothing_appears_before_it_is_whole(
    settings: Settings, warehouse: psycopg.Connection, delivery: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    hidden: list[int] = []
    sync = durable.sync

    def watch(path: Path) -> None:
        seen.append(names_in(settings.outbox / "so-y-te"))
        hidden.append(path.stat().st_ino)
        sync(path)

    monkeypatch.setattr(durable, "sync", watch)
    receipt = write_answer(settings, warehouse, delivery, None)
    assert receipt.stat().st_ino == hidden[0], "the very file that was made durable is renamed"
    assert [name.startswith(".") for name in seen[0]] == [True], "written under a hidden name first"
    assert seen[-1] == [RECEIPT]


def test_a_receipt_that_cannot_be_written_leaves_nothing_half_done(
    settings: Settings, warehouse: psycopg.Connection, delivery: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(durable, "sync", full)
    with pytest.raises(OSError, match="No space left"):
        write_answer(settings, warehouse, delivery, None)
    assert names_in(settings.outbox / "so-y-te") == []


def test_what_a_killed_answer_left_is_removed_by_the_next(
    settings: Settings, warehouse: psycopg.Connection, delivery: int
) -> None:
    folder = settings.outbox / "so-y-te"
    folder.mkdir(parents=True)
    (folder / ".000001-0a1b2c3d.part").write_text("half a rec")
    (folder / ".000002-0a1b2c3d.part").write_text("of another delivery")
    write_answer(settings, warehouse, delivery, None)
    assert names_in(folder) == [".000002-0a1b2c3d.part", RECEIPT]


@pytest.mark.parametrize(
    "file_name",
    [
        "../../../tmp/evil.xlsx",
        "<script>alert(1)</script>.csv",
        "\u202exslx.exe",
        "a\nb.xlsx",
        "-rf.xlsx",
        "{{ 7*7 }} $(id) `id`.xlsx",
        "ế" * 85 + ".xlsx",
        "x" * 255,
    ],
)
def test_whatever_a_file_is_called_its_receipt_has_a_safe_name_inside_the_folder(
    settings: Settings, warehouse: psycopg.Connection, ledger: Any, file_name: str
) -> None:
    delivery = ledger.delivery(ledger.submission(), file_name=file_name, verdict="accepted")
    write_waiting_note(settings, "so-y-te", file_name, delivery)
    receipt = write_answer(settings, warehouse, delivery, None)
    assert receipt.resolve().parent == (settings.outbox / "so-y-te").resolve()
    assert names_in(receipt.parent) == [receipt.name], "the waiting note is gone"
    assert len(receipt.name.encode()) <= 255
    assert receipt.name.endswith(" - ĐÃ NHẬN - 000001.html")
    assert not set(receipt.name) & set("/\\<>\n\u202e")
    assert receipt.name[0] not in "-."
    assert "49" not in receipt.read_text(encoding="utf-8").split("<body")[1].split("Phiếu trả lời")[0]


def test_an_undecided_delivery_is_not_answered(
    settings: Settings, warehouse: psycopg.Connection, ledger: Any
) -> None:
    delivery = ledger.delivery(None, verdict=None, decided_at=None)
    with pytest.raises(NotDecided):
        write_answer(settings, warehouse, delivery, None)
    assert not settings.outbox.exists()


@pytest.mark.parametrize(("umask", "personal", "ordinary"), [(0o022, 0o640, 0o644), (0o077, 0o600, 0o600)])
def test_answers_about_persons_are_open_to_the_folder_s_group_at_most(
    settings: Settings,
    warehouse: psycopg.Connection,
    ledger: Any,
    source: Path,
    tmp_path: Path,
    umask: int,
    personal: int,
    ordinary: int,
) -> None:
    records = Path(shutil.copy(RECORDS, tmp_path / "claimed.csv"))
    layout = json.dumps([{"sheet": None, "header_row": 1, "positions": {"citizen_id": 1}}])
    persons = ledger.submission(feed="health_records", sheet_layout=layout, is_current=False)
    ledger.issue(persons, 55, "citizen_id", "bad-format", sheet=None, value="•••")
    hospitals = ledger.submission()
    ledger.issue(hospitals, 13, "his_level", "out-of-range")
    before = os.umask(umask)
    try:
        of_persons = write_answer(
            settings, warehouse, ledger.delivery(persons, feed="health_records"), records
        )
        of_hospitals = write_answer(settings, warehouse, ledger.delivery(hospitals), source)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in of_persons.parent.iterdir()}
    assert len(modes) == 4
    assert {mode for name, mode in modes.items() if "000001" in name} == {personal}
    assert {mode for name, mode in modes.items() if "000002" in name} == {ordinary}
    assert of_hospitals.parent == of_persons.parent


def test_a_copy_about_persons_is_closed_from_its_first_byte(
    settings: Settings, warehouse: psycopg.Connection, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def watch(source: Path, answer: Answer, target: Path) -> None:
        seen.append(stat.S_IMODE(target.stat().st_mode))
        assert target.read_bytes() == b""

    monkeypatch.setattr(outbox, "write_marked_file", watch)
    persons = ledger.submission(feed="health_records", is_current=False)
    ledger.issue(persons, 55, "citizen_id", "bad-format", value="•••")
    write_answer(settings, warehouse, ledger.delivery(persons, feed="health_records"), RECORDS)
    assert seen == [0o640]


def test_a_large_file_of_records_is_answered_with_the_rows_to_mend(
    settings: Settings, warehouse: psycopg.Connection, ledger: Any
) -> None:
    layout = json.dumps([{"sheet": None, "header_row": 1, "positions": {"citizen_id": 1}}])
    persons = ledger.submission(feed="health_records", sheet_layout=layout, is_current=False)
    ledger.issue(persons, 55, "citizen_id", "bad-format", sheet=None, value="•••")
    delivery = ledger.delivery(
        persons, feed="health_records", file_name="ho so 2021-Q3.csv", size_bytes=WHOLE_COPY_BYTES + 1
    )
    receipt = write_answer(settings, warehouse, delivery, RECORDS)
    copy = receipt.parent / "ho so 2021-Q3 - cần sửa - 000001.csv"
    sent = RECORDS.read_text(encoding="utf-8-sig").splitlines()
    written = copy.read_text(encoding="utf-8-sig").splitlines()
    assert written[0] == f"Dòng,{sent[0]},Lỗi cần sửa"
    assert written[1].startswith(f"55,{sent[54]},")
    assert len(written) == 2
    page = receipt.read_text(encoding="utf-8")
    assert "tệp chỉ gồm hàng tiêu đề và các dòng có lỗi;" in page
    assert "•••" in page
    assert not any(cell in page for cell in sent[54].split(",")[1:3])


@pytest.mark.parametrize(
    ("severities", "extracted"),
    [
        ({30: "we", 10: "w", 11: "w", 20: "e", 21: "e", 22: "ee", 23: "e", 40: "w"}, [20, 21, 22, 23, 30]),
        ({10: "w", 11: "ww", 40: "w"}, [10, 11, 40]),
    ],
    ids=["those held back", "those with warnings where none is"],
)
def test_no_row_to_mend_is_left_out_of_an_extract(
    settings: Settings,
    warehouse: psycopg.Connection,
    ledger: Any,
    monkeypatch: pytest.MonkeyPatch,
    severities: dict[int, str],
    extracted: list[int],
) -> None:
    monkeypatch.setattr(answer_room, "KEPT_ISSUES", 2)
    monkeypatch.setattr(answer_room, "_ISSUES_AT_ONCE", 2)
    layout = json.dumps([{"sheet": None, "header_row": 1, "positions": {"citizen_id": 1}}])
    persons = ledger.submission(feed="health_records", sheet_layout=layout, is_current=False)
    for row, of_row in severities.items():
        for letter in of_row:
            severity = {"e": "critical", "w": "warning"}[letter]
            ledger.issue(persons, row, "citizen_id", "bad-format", sheet=None, severity=severity)
    has_errors = any("e" in of_row for of_row in severities.values())
    delivery = ledger.delivery(
        persons,
        feed="health_records",
        file_name="ho so 2021-Q3.csv",
        size_bytes=WHOLE_COPY_BYTES + 1,
        verdict="partially_accepted" if has_errors else "accepted_with_warnings",
    )
    receipt = write_answer(settings, warehouse, delivery, RECORDS)
    copy = (receipt.parent / "ho so 2021-Q3 - cần sửa - 000001.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(copy.splitlines()))[1:]
    assert [int(row[0]) for row in rows] == extracted
    sentences = {int(row[0]): row[-1].count("Cột “Số CCCD”") for row in rows}
    assert sentences == {row: len(severities[row]) for row in extracted}
