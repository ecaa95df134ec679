"""`dxpipeline` on a real warehouse: import without Airflow, then what the ledger and the marts tell."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any

import psycopg
import pytest

from dxpipeline.cli import main
from dxpipeline.commands import warehouse as commands
from dxpipeline.settings import PROJECT_ROOT
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.sql_files import read_sql

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
HOSPITALS = DROPS / "so-y-te" / "smart_hospitals"
FOLDER = "so-y-te/smart_hospitals"
FIRST_QUARTER = HOSPITALS / "Benh vien thong minh Quy I-2021.xlsx"
SECOND_QUARTER = HOSPITALS / "BC benh vien quy 2 nam 2021.xlsx"
CORRECTION = HOSPITALS / "BC benh vien quy 2 nam 2021 (dinh chinh).xlsx"
WITHOUT_COLUMN = HOSPITALS / "Benh vien Quy III-2021 thieu cot.xlsx"
STATIONS = DROPS / "so-y-te" / "health_stations" / "tram_y_te_2021-Q2.csv"
RECORDS = DROPS / "so-y-te" / "health_records" / "ho_so_suc_khoe_2021-Q2.csv"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Run a command and return its exit code and the document it prints, the only thing on stdout."""
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_import_takes_what_lies_there_and_prints_one_document(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.drop(FIRST_QUARTER, FOLDER)
    code, document = answer(capsys, "import", "--once")
    assert code == 0
    assert document["outbox"] == str(pipeline.settings.outbox)
    (delivery,) = document["deliveries"]
    assert {
        name: delivery[name]
        for name in (
            "delivery_id",
            "folder",
            "department",
            "feed",
            "file_name",
            "period",
            "verdict",
            "reason",
        )
    } == {
        "delivery_id": 1,
        "folder": FOLDER,
        "department": "so-y-te",
        "feed": "smart_hospitals",
        "file_name": FIRST_QUARTER.name,
        "period": "2021-Q1",
        "verdict": "accepted",
        "reason": None,
    }
    kinds = ("read", "accepted", "unchanged", "quarantined", "skipped")
    assert [delivery[f"rows_{kind}"] for kind in kinds] == [41, 38, 0, 0, 3]
    assert (pipeline.settings.outbox / delivery["receipt_path"]).is_file()


def test_the_exit_code_of_import_is_that_of_its_worst_file_and_counts_only_its_own(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.drop(STATIONS, "so-y-te/health_stations")
    code, document = answer(capsys, "import")
    assert (code, [one["verdict"] for one in document["deliveries"]]) == (1, ["partially_accepted"] * 2)
    pipeline.drop(WITHOUT_COLUMN, FOLDER)
    code, document = answer(capsys, "import")
    assert (code, [one["verdict"] for one in document["deliveries"]]) == (2, ["rejected"])
    assert "(it_level)" in document["deliveries"][0]["reason"]
    pipeline.drop(SECOND_QUARTER, FOLDER, "gửi lại quý 2 năm 2021.xlsx")
    code, document = answer(capsys, "import")
    assert (code, [one["verdict"] for one in document["deliveries"]]) == (0, ["duplicate"])
    assert answer(capsys, "import") == (0, {"outbox": str(pipeline.settings.outbox), "deliveries": []})


def test_import_without_json_prints_a_table_and_its_progress_beside_it(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER)
    assert main(["import", "--once"]) == 1
    output = capsys.readouterr()
    header, _, row = output.out.splitlines()
    assert header.split()[:4] == ["file_name", "feed", "period", "verdict"]
    assert row.startswith(SECOND_QUARTER.name)
    assert row.split()[-5:] == ["partially_accepted", "42", "32", "7", "3"]
    assert output.err == "smart_hospitals: 1 file(s)\n"


def test_import_waits_for_a_file_that_is_still_being_written(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    target = pipeline.settings.import_folder / FOLDER / FIRST_QUARTER.name
    target.parent.mkdir(parents=True)
    content = FIRST_QUARTER.read_bytes()

    def write_slowly() -> None:
        with target.open("wb") as file:
            for start in range(0, len(content), 2000):
                file.write(content[start : start + 2000])
                file.flush()
                time.sleep(0.1)

    writer = threading.Thread(target=write_slowly)
    writer.start()
    code, document = answer(capsys, "import")
    writer.join()
    assert (code, [one["verdict"] for one in document["deliveries"]]) == (0, ["accepted"])


def test_import_leaves_a_file_that_is_never_finished_and_says_so(
    pipeline: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "PATIENCE_SECONDS", 0.5)
    target = pipeline.settings.import_folder / FOLDER / "x.csv"
    target.parent.mkdir(parents=True)
    with target.open("wb"):
        assert main(["import", "--once"]) == 0
    assert (
        f"{target} is still being written or may not be read: it was left there." in capsys.readouterr().err
    )
    assert target.exists()


@pytest.mark.usefixtures("poison")
def test_a_file_that_makes_the_program_fail_is_refused_and_the_others_are_imported(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.drop(SECOND_QUARTER, FOLDER, "poison quy 2 nam 2021.xlsx")
    pipeline.drop(FIRST_QUARTER, FOLDER)
    pipeline.drop(STATIONS, "so-y-te/health_stations")
    assert main(["import", "--json"]) == 2
    output = capsys.readouterr()
    verdicts = {one["file_name"]: one["verdict"] for one in json.loads(output.out)["deliveries"]}
    assert verdicts == {
        "poison quy 2 nam 2021.xlsx": "rejected",
        FIRST_QUARTER.name: "accepted",
        STATIONS.name: "partially_accepted",
    }
    assert output.err.count("the program failed, ZeroDivisionError at preparation.py:") == 3


def test_an_archive_that_cannot_be_written_is_one_sentence_after_everything_was_loaded(
    pipeline: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    pipeline.settings.archive.write_text("a file where the folder should be")
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.drop(STATIONS, "so-y-te/health_stations")
    assert main(["import", "--json"]) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert "cannot be archived" in output.err.splitlines()[-1]
    assert [row["verdict"] for row in pipeline.deliveries()] == ["partially_accepted"] * 2
    assert all(row["answered_at"] is not None for row in pipeline.deliveries())


def test_status_tells_verdicts_current_state_and_what_is_left_to_do(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = {"verdicts": [], "current": [], "waiting": [], "unanswered": [], "to_refresh": []}
    assert answer(capsys, "status") == (0, empty)
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.drop(b"x", "so-y-te/smart_hospital", "a.csv")
    pipeline.run()
    code, document = answer(capsys, "status")
    assert code == 0
    assert document["verdicts"] == [
        {"feed": "smart_hospitals", "verdict": "partially_accepted", "deliveries": 1},
        {"feed": None, "verdict": "rejected", "deliveries": 1},
    ]
    (current,) = document["current"]
    assert (current["period"], current["file_name"], current["rows_accepted"], current["rows_open"]) == (
        "2021-Q2",
        SECOND_QUARTER.name,
        32,
        7,
    )
    assert [one["feed"] for one in document["to_refresh"]] == ["smart_hospitals"]
    assert document["waiting"] == document["unanswered"] == []
    assert main(["status"]) == 0
    assert SECOND_QUARTER.name in capsys.readouterr().out


def test_status_shows_what_waits(pipeline: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from dxpipeline.intake.claim import claim_ready_files

    pipeline.drop(FIRST_QUARTER, FOLDER)
    pipeline.drop(SECOND_QUARTER, FOLDER)
    claim_ready_files(pipeline.settings, pipeline.connection)
    _, document = answer(capsys, "status")
    assert document["waiting"] == [
        {
            "feed": "smart_hospitals",
            "reporting_unit": "smart_hospitals",
            "large": False,
            "deliveries": 2,
            "free": 2,
        }
    ]


def test_import_waits_for_what_another_worker_holds_and_takes_it_when_that_one_is_gone(
    pipeline: Any,
) -> None:
    from dxpipeline.intake.claim import claim_ready_files

    pipeline.drop(RECORDS, "so-y-te/health_records")
    claim_ready_files(pipeline.settings, pipeline.connection)
    (delivery,) = pipeline.deliveries()
    said: list[str] = []
    with connect(pipeline.settings, autocommit=True) as holder:
        holder.execute(read_sql("ledger/try_delivery"), {"delivery_id": delivery["delivery_id"]})
        with connect(pipeline.settings, autocommit=True) as connection:
            importing = threading.Thread(
                target=commands.import_files,
                args=(pipeline.settings, connection),
                kwargs={"once": True, "say": said.append},
            )
            importing.start()
            importing.join(2)
            waited, idle = importing.is_alive(), list(said)
            holder.close()
            importing.join(60)
    assert (waited, idle, said) == (True, [], ["health_records: 1 file(s)"])
    assert pipeline.deliveries()[0]["answered_at"] is not None


def test_issues_tells_what_is_open_until_it_is_mended_and_each_delivery_its_own(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys, "issues") == (0, [])
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.run()
    code, issues = answer(capsys, "issues")
    assert code == 1
    # Row 33 breaks two rules.
    assert [issue["source_row"] for issue in issues] == [13, 18, 23, 28, 33, 33, 36, 41]
    assert (issues[0]["sheet"], issues[0]["column_name"], issues[0]["code"], issues[0]["value"]) == (
        "Biểu báo cáo",
        "his_level",
        "out-of-range",
        "9",
    )
    assert "“9” nằm ngoài phạm vi cho phép (1–7)" in issues[0]["message"]
    _, own = answer(capsys, "issues", "--delivery", "1")
    # The delivery also had a warning, in row 16.
    assert [issue["source_row"] for issue in own] == [13, 16, 18, 23, 28, 33, 33, 36, 41]

    pipeline.drop(CORRECTION, FOLDER)
    pipeline.run()
    assert answer(capsys, "issues") == (0, [])
    assert answer(capsys, "issues", "--delivery", "2") == (0, [])
    assert answer(capsys, "issues", "--delivery", "1")[1] == own


@pytest.mark.usefixtures("warehouse")
def test_issues_of_a_delivery_that_does_not_exist_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["issues", "--delivery", "7"]) == 3
    assert capsys.readouterr() == (
        "",
        "dxpipeline: There is no delivery 7: `dxpipeline import` and the receipts name them.\n",
    )


def test_indicators_computes_what_was_loaded_and_shows_it_against_its_target(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    _, nothing = answer(capsys, "indicators")
    known = {one["indicator_code"]: (one["status"], one["value"]) for one in nothing}
    assert known["DTI"] == ("reached", 5)
    counted = ("SMART_HOSP_P", "SMART_HOSP_D", "EHR_FAC", "BB_COMMUNE", "EHR_POP", "SW_ENT")
    assert {known[code] for code in counted} == {("no_data", None)}
    assert known["TFP_SHARE"] == ("not_reached", 32.9)
    pipeline.drop(STATIONS, "so-y-te/health_stations")
    pipeline.run()
    code, shown = answer(capsys, "indicators")
    found = {one["indicator_code"]: one for one in shown}["EHR_FAC"]
    assert code == 0
    assert (found["period"], found["numerator"], found["denominator"], found["status"]) == (
        "2021-Q2",
        480,
        559,
        "not_reached",
    )
    assert (found["target_value"], found["target_year"]) == (100, 2025)
    # 14.13 points in the 4.5 years from the end of June 2021 on; one report shows no pace.
    assert found["distance"] == pytest.approx(100 - 48000 / 559)
    assert found["required_pace"] == pytest.approx(found["distance"] / (5 - 181 / 365))
    assert (found["observed_pace"], found["projection_method"], found["verdict"]) == (
        None,
        "short-span",
        "no_data",
    )
    assert answer(capsys, "status")[1]["to_refresh"] == []
    assert main(["indicators"]) == 0
    value, progress = (line for line in capsys.readouterr().out.splitlines() if "EHR_FAC" in line)
    assert "85.87" in value
    assert progress.split()[-2:] == ["no_data", "short-span"]


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize(("role", "login"), [("writer", "dx_writer"), ("bi", "dx_bi_reader")])
def test_connection_prints_an_address_that_opens_the_warehouse(
    role: str, login: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["connection", "--role", role]) == 0
    url = capsys.readouterr().out.strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("select current_user, current_database()").fetchone() == (
            login,
            "warehouse",
        )


@pytest.mark.usefixtures("warehouse")
def test_migrate_may_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out == ""
