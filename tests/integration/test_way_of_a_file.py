"""A dropped file becomes checked rows, a verdict in the ledger and an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dxpipeline.settings import PROJECT_ROOT

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
FILES = sorted(path for path in DROPS.rglob("*") if path.suffix in (".xlsx", ".csv"))
HOSPITALS = DROPS / "so-y-te" / "smart_hospitals"
BROADBAND = DROPS / "so-tt-tt" / "broadband_coverage"
STATIONS = DROPS / "so-y-te" / "health_stations"
SECOND_QUARTER = HOSPITALS / "BC benh vien quy 2 nam 2021.xlsx"
CORRECTION = HOSPITALS / "BC benh vien quy 2 nam 2021 (dinh chinh).xlsx"


def folder_of(path: Path) -> str:
    return str(path.parent.relative_to(DROPS))


def test_every_drop_ends_with_its_expected_verdict_and_counts(
    pipeline: Any, expected: Callable[[Path], dict[str, Any]]
) -> None:
    outcomes = {path: expected(path) for path in FILES}
    for later in (False, True):
        for path, outcome in outcomes.items():
            if ("requires" in outcome) is later:
                pipeline.drop(path, folder_of(path))
        pipeline.run()

    answered = {row["file_name"]: row for row in pipeline.deliveries()}
    for path, outcome in outcomes.items():
        row = answered[path.name]
        allowed = {outcome["verdict"], *(other["verdict"] for other in outcome.get("alternatives", ()))}
        assert row["verdict"] in allowed, path.name
        if outcome["verdict"] == "rejected":
            for word in outcome["reason_contains"]:
                assert word in row["reason"]
            assert row["rows_read"] == 0
        else:
            names = ("rows_read", "rows_accepted", "rows_quarantined", "rows_skipped")
            assert {name: row[name] for name in names} == {name: outcome[name] for name in names}, path.name
    periods = {
        row["file_name"]: row["period"]
        for row in pipeline.rows(
            "select file_name, period from ledger.delivery join ledger.submission using (submission_id)"
        )
    }
    assert periods == {path.name: outcome["period"] for path, outcome in outcomes.items()}


def test_core_holds_exactly_the_accepted_rows_of_the_current_submissions(
    pipeline: Any, expected: Callable[[Path], dict[str, Any]]
) -> None:
    for path in (
        SECOND_QUARTER,
        STATIONS / "tram_y_te_2021-Q2.csv",
        BROADBAND / "Bang rong Quy II-2021.xlsx",
    ):
        pipeline.drop(path, folder_of(path))
    pipeline.run()

    for path in (
        SECOND_QUARTER,
        STATIONS / "tram_y_te_2021-Q2.csv",
        BROADBAND / "Bang rong Quy II-2021.xlsx",
    ):
        outcome = expected(path)
        rows = pipeline.rows(f"select * from core.{outcome['feed']} where is_current order by source_row")
        loaded = [
            {"_row": row["source_row"]}
            | {
                name: value.isoformat() if hasattr(value, "isoformat") else value
                for name, value in row.items()
                if name in outcome["accepted"][0]
            }
            for row in rows
        ]
        wanted = [
            {name: value for name, value in row.items() if name != "_sheet"} for row in outcome["accepted"]
        ]
        assert loaded == wanted
        held = pipeline.rows(
            f"select source_row from quarantine.quarantined_row where feed = '{outcome['feed']}' order by 1"
        )
        assert [row["source_row"] for row in held] == [row["row"] for row in outcome["quarantined"]]


def test_a_correction_replaces_and_the_earlier_rows_stay_as_history(pipeline: Any) -> None:
    pipeline.drop(SECOND_QUARTER, "so-y-te/smart_hospitals")
    pipeline.run()
    pipeline.drop(CORRECTION, "so-y-te/smart_hospitals")
    pipeline.run()

    first, second = pipeline.deliveries()
    assert (second["verdict"], second["rows_accepted"]) == ("accepted", 38)
    submissions = {row["submission_id"]: row for row in pipeline.rows("select * from ledger.submission")}
    assert submissions[first["submission_id"]]["state"] == "superseded"
    assert submissions[first["submission_id"]]["superseded_by"] == second["submission_id"]
    assert submissions[second["submission_id"]]["is_current"]
    assert pipeline.rows("select count(*) as n from core.smart_hospitals where is_current") == [{"n": 38}]
    assert pipeline.rows(
        "select count(*) as n from core.smart_hospitals where not is_current and superseded_by = "
        f"{second['submission_id']}"
    ) == [{"n": 32}]
    # The levels of 38001 and the flagged one of 38007 changed; the other 30 stand as they were.
    assert second["rows_unchanged"] == 30
    assert pipeline.rows("select count(*) as n from quarantine.quarantined_row where closed_by is null") == [
        {"n": 0}
    ]


def test_the_same_bytes_again_are_a_duplicate_whatever_their_name(pipeline: Any) -> None:
    source = BROADBAND / "Bang rong Quy II-2021.xlsx"
    pipeline.drop(source, "so-tt-tt/broadband_coverage")
    pipeline.run()
    pipeline.drop(source, "so-tt-tt/broadband_coverage")
    pipeline.drop(source, "so-kh-cn/broadband_coverage", "gửi lại.xlsx")
    pipeline.run()

    first, again, renamed = pipeline.deliveries()
    for repeat in (again, renamed):
        assert repeat["verdict"] == "duplicate"
        assert repeat["submission_id"] == first["submission_id"]
        assert repeat["rows_unchanged"] == repeat["rows_accepted"] == first["rows_accepted"]
        assert repeat["rows_read"] == first["rows_read"]
    assert pipeline.rows("select count(*) as n from core.broadband_coverage") == [{"n": 552}]


def test_the_same_bytes_under_a_name_of_another_period_are_no_duplicate(pipeline: Any) -> None:
    source = STATIONS / "tram_y_te_2021-Q2.csv"
    pipeline.drop(source, "so-y-te/health_stations")
    pipeline.run()
    pipeline.drop(source, "so-y-te/health_stations", "tram_y_te_2021-Q3.csv")
    pipeline.drop(source, "so-y-te/health_stations", "tram_y_te.csv")
    pipeline.run()

    _, other, nameless = pipeline.deliveries()
    assert other["verdict"] == "partially_accepted"
    assert (nameless["verdict"], nameless["reason_code"]) == ("rejected", "no-period")


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("so-y-te/health_stations", STATIONS / "tram_y_te_2021-Q2.csv"),
        ("so-y-te/health_records", STATIONS.parent / "health_records" / "ho_so_suc_khoe_2021-Q2.csv"),
    ],
    ids=["snapshot", "upsert"],
)
def test_bytes_that_were_loaded_for_two_periods_are_a_duplicate_in_either(
    pipeline: Any, folder: str, source: Path
) -> None:
    for name in ("bản 2021-Q2.csv", "bản 2021-Q3.csv", "bản sao 2021-Q3.csv", "bản sao 2021-Q2.csv"):
        pipeline.drop(source, folder, name)
        pipeline.run()
    second, third, *copies = pipeline.deliveries()
    assert {second["verdict"], third["verdict"]} <= {"accepted", "partially_accepted"}
    assert second["submission_id"] != third["submission_id"]
    assert [(copy["verdict"], copy["submission_id"]) for copy in copies] == [
        ("duplicate", third["submission_id"]),
        ("duplicate", second["submission_id"]),
    ]


def test_every_delivery_is_answered_archived_and_gone_from_the_work_folder(pipeline: Any) -> None:
    source = STATIONS / "tram_y_te_2021-Q2.csv"
    pipeline.drop(source, "so-y-te/health_stations")
    pipeline.run()

    (row,) = pipeline.deliveries()
    receipt = pipeline.settings.outbox / row["receipt_path"]
    assert receipt.parent == pipeline.settings.outbox / "so-y-te"
    assert receipt.name.startswith("tram_y_te_2021-Q2.csv")
    assert row["answered_at"] is not None
    assert row["archived_at"] is not None
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert row["sha256"] == digest
    assert (pipeline.settings.archive / digest[:2] / digest).read_bytes() == source.read_bytes()
    assert list(pipeline.settings.work_folder.iterdir()) == []
    assert [path for path in pipeline.settings.import_folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("folder", "reason", "outbox", "hint"),
    [
        ("so-yte/smart_hospitals", "unknown-folder", "_unknown", "so-y-te"),
        ("so-y-te/smart_hospital", "unknown-feed", "_unknown", "smart_hospitals"),
        ("so-y-te", "misplaced-file", "_unknown", "smart_hospitals"),
        ("so-y-te/broadband_coverage", "wrong-department", "so-y-te", "so-tt-tt"),
    ],
)
def test_what_fits_no_feed_is_answered_with_a_suggestion(
    pipeline: Any, folder: str, reason: str, outbox: str, hint: str
) -> None:
    pipeline.drop(SECOND_QUARTER, folder)
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert (row["verdict"], row["reason_code"]) == ("rejected", reason)
    assert hint in row["reason"]
    receipt = pipeline.settings.outbox / row["receipt_path"]
    assert receipt.parent.name == outbox
    assert hint in receipt.read_text(encoding="utf-8")


def test_upper_and_lower_case_of_folders_do_not_matter(pipeline: Any) -> None:
    pipeline.drop(SECOND_QUARTER, "So-Y-Te/Smart_Hospitals")
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert (row["department_code"], row["feed"]) == ("so-y-te", "smart_hospitals")
    assert row["verdict"] == "partially_accepted"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty-file"),
        (b"PK\x03\x04 no workbook at all", "unreadable-file"),
        ("Mã trạm;Tên cơ sở;Mã xã;Phần mềm;Số dân\n38101;Trạm A;14755;HMIS;9\n".encode(), "missing-column"),
        (b"\x00\x01\x02\x03" * 100, "unreadable-file"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_refused_and_the_next_one_goes_on(
    pipeline: Any, content: bytes, reason: str
) -> None:
    pipeline.drop(content, "so-y-te/health_stations", "hỏng 2021-Q1.csv")
    pipeline.drop(STATIONS / "tram_y_te_2021-Q2.csv", "so-y-te/health_stations")
    pipeline.run()

    broken, good = pipeline.deliveries()
    assert (broken["verdict"], broken["reason_code"]) == ("rejected", reason)
    assert broken["rows_read"] == broken["rows_accepted"] == 0
    assert broken["answered_at"] is not None
    assert good["verdict"] == "partially_accepted"


def test_temporary_names_are_left_alone(pipeline: Any) -> None:
    folder = pipeline.settings.import_folder / "so-y-te" / "smart_hospitals"
    folder.mkdir(parents=True)
    for name in ("~$Quy I.xlsx", "Quy I.xlsx.part", ".an", "Thumbs.db", "bao cao.tmp"):
        (folder / name).write_bytes(b"x")
    pipeline.run()

    assert pipeline.deliveries() == []
    assert len(list(folder.iterdir())) == 5


def test_a_file_held_open_for_writing_is_not_taken(pipeline: Any) -> None:
    target = pipeline.settings.import_folder / "so-y-te" / "health_stations" / "tram_y_te_2021-Q2.csv"
    target.parent.mkdir(parents=True)
    content = (STATIONS / "tram_y_te_2021-Q2.csv").read_bytes()
    with target.open("wb") as writer:
        writer.write(content[:10_000])
        writer.flush()
        pipeline.run()
        assert pipeline.deliveries() == []
        writer.write(content[10_000:])
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert (row["verdict"], row["rows_read"]) == ("partially_accepted", 559)


def test_a_period_that_has_not_begun_is_refused(pipeline: Any) -> None:
    pipeline.drop(STATIONS / "tram_y_te_2021-Q2.csv", "so-y-te/health_stations", "tram_y_te_2051-Q2.csv")
    pipeline.run()

    (row,) = pipeline.deliveries()
    assert (row["verdict"], row["reason_code"]) == ("rejected", "future-period")
    assert "Quý II/2051" in row["reason"]


def test_a_control_character_in_a_cell_costs_nothing(pipeline: Any, tmp_path: Path) -> None:
    workbook = openpyxl.load_workbook(SECOND_QUARTER)
    workbook.active.cell(10, 3).value = "Bệnh viện_x0000_ Đa khoa"
    workbook.save(tmp_path / SECOND_QUARTER.name)
    pipeline.drop(tmp_path / SECOND_QUARTER.name, "so-y-te/smart_hospitals")
    pipeline.run()

    assert [row["verdict"] for row in pipeline.deliveries()] == ["partially_accepted"]
    name = "select hospital_name from core.smart_hospitals where hospital_code = '38001'"
    assert pipeline.rows(name) == [{"hospital_name": "Bệnh viện Đa khoa"}]


def test_a_marked_file_sent_back_changes_no_accepted_value(pipeline: Any) -> None:
    content = (STATIONS / "tram_y_te_2021-Q2.csv").read_text(encoding="utf-8-sig")
    content = content.replace("Trạm Y tế Phường Hàm Rồng", "-Trạm Y tế Phường Hàm Rồng")
    pipeline.drop(content.encode(), "so-y-te/health_stations", "tram_y_te_2021-Q2.csv")
    pipeline.run()
    (marked,) = pipeline.settings.outbox.rglob("*cần sửa*.csv")
    assert "'-Trạm Y tế Phường Hàm Rồng" in marked.read_text(encoding="utf-8-sig")
    pipeline.drop(marked, "so-y-te/health_stations", "tram_y_te_2021-Q2 gui lai.csv")
    pipeline.run()

    first, second = pipeline.deliveries()
    assert second["rows_unchanged"] == first["rows_accepted"] == 553
