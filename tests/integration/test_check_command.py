"""`dxpipeline check`: every drop is judged as expected, without a database, a home or a place to write."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from dxpipeline.cli import main
from dxpipeline.contracts import contracts
from dxpipeline.quality import compiler
from dxpipeline.settings import PROJECT_ROOT
from dxpipeline.text import fold_tone

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
FILES = sorted(
    path.with_name(path.name.removesuffix(".expected.json")) for path in DROPS.rglob("*.expected.json")
)
COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_skipped")
EXIT_CODES = {"accepted": 0, "accepted_with_warnings": 0, "partially_accepted": 1, "rejected": 2}
NAMES = {"hospital_name", "station_name", "commune_name", "district_name"}


def expected(path: Path) -> dict[str, Any]:
    """Return the answer that is right for a check, which knows no history."""
    answer: dict[str, Any] = json.loads(path.with_name(f"{path.name}.expected.json").read_text("utf-8"))
    if answer.get("lenient"):
        # A duplicate is none without history; a late comment is flagged.
        (other,) = answer["alternatives"]
        answer.update(other)
    answer["warnings"] += [{"row": row, "columns": ["received_on"]} for row in answer.get("late_rows", [])]
    return answer


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its names under one placement of the tone marks."""
    return {
        name: fold_tone(value) if name in NAMES and value is not None else value
        for name, value in row.items()
    }


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave no warehouse, no home and no folder of the project to lean on."""
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("DX_HOME", "/proc/nowhere")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_drop_is_answered_as_expected(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answer = expected(path)
    code = main(["check", str(path), "--feed", answer["feed"], "--json", "--rows"])
    output = capfd.readouterr()
    result = json.loads(output.out)

    assert output.err == ""
    assert code == EXIT_CODES[answer["verdict"]]
    assert (result["feed"], result["period"], result["verdict"]) == (
        answer["feed"],
        answer["period"],
        answer["verdict"],
    )
    assert {name: result[name] for name in COUNTS} == {name: answer[name] for name in COUNTS}
    left_out = ["expect_column_values_to_be_in_set(station_known)"]
    left_out = left_out if answer["feed"] == "health_records" else []
    assert result["rules_left_out"] == ([] if result["period"] is None else [*left_out, "period-lock"])
    if answer["verdict"] == "rejected":
        assert all(words in result["reason"] for words in answer["reason_contains"])
        assert "accepted" not in result
        return
    assert result["reason"] is None
    assert result["skipped"] == answer["skipped"]
    listed = [
        {"_row": row["row"], "_sheet": row["sheet"], **comparable(row["values"])}
        for row in result["accepted"]
    ]
    personal = {column.name for column in contracts()[answer["feed"]].columns if column.personal}
    if "accepted_summary" in answer:
        summary = answer["accepted_summary"]
        assert len(listed) == summary["count"]
        listed, wanted = [*listed[:5], *listed[-5:]], [*summary["first"], *summary["last"]]
    else:
        wanted = answer["accepted"]
    assert listed == [
        {"_row": row["_row"], "_sheet": row.get("_sheet"), **{
            name: "•••" if name in personal and value is not None else value
            for name, value in comparable(row).items() if not name.startswith("_")
        }}
        for row in wanted
    ]  # fmt: skip

    critical: dict[int, list[dict[str, Any]]] = {}
    for issue in result["issues"]:
        if issue["severity"] == "critical":
            critical.setdefault(issue["row"], []).append(issue)
    assert sorted(critical) == [one["row"] for one in answer["quarantined"]]
    for one in answer["quarantined"]:
        issues = critical[one["row"]]
        assert {issue["column"] for issue in issues} == set(one["columns"])
        assert {issue["code"] for issue in issues} & set(one["codes"])
        assert all(issue["message"].endswith(".") for issue in issues)
    warnings = [issue for issue in result["issues"] if issue["severity"] == "warning"]
    assert [{"row": issue["row"], "columns": [issue["column"]]} for issue in warnings] == answer["warnings"]


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dxpipeline.cli", *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT_ROOT / "plugins"),
            "WAREHOUSE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "DX_HOME": "/proc/nowhere",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_fresh_process_in_another_folder_prints_one_document_and_nothing_else(tmp_path: Path) -> None:
    source = DROPS / "so-y-te" / "smart_hospitals" / "BC benh vien quy 2 nam 2021.xlsx"
    (tmp_path / "Quý II năm 2021 -rf.xlsx").write_bytes(source.read_bytes())
    done = run(
        "check", "Quý II năm 2021 -rf.xlsx", "--feed", "smart_hospitals", "--json", "--rows", folder=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["verdict"] == "partially_accepted"
    assert len(document["accepted"]) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["Quý II năm 2021 -rf.xlsx"]


def test_without_json_a_person_reads_verdict_counts_and_cells(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = DROPS / "so-y-te" / "smart_hospitals" / "BC benh vien quy 2 nam 2021.xlsx"
    assert main(["check", str(source), "--feed", "smart_hospitals"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith(
        "BC benh vien quy 2 nam 2021.xlsx: NHẬN MỘT PHẦN (partially_accepted), 2021-Q2\n"
        "read 42 · accepted 32 · quarantined 7 · skipped 3\n"
    )
    assert "his_level" in shown
    without_column = source.with_name("Benh vien Quy III-2021 thieu cot.xlsx")
    assert main(["check", str(without_column), "--feed", "smart_hospitals"]) == 2
    assert "(it_level)" in capsys.readouterr().out


def test_the_document_without_rows_lists_no_row(capsys: pytest.CaptureFixture[str]) -> None:
    source = DROPS / "so-y-te" / "health_stations" / "tram_y_te_2021-Q2.csv"
    main(["check", str(source), "--feed", "health_stations", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert "accepted" not in document
    assert (document["encoding"], document["delimiter"], document["header_row"]) == ("utf-8", ";", 1)
    assert (document["rows_accepted"], document["sheet"]) == (553, None)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "2021-Q1.csv", "Tệp rỗng"),
        (b"PK\x03\x04 no workbook", "2021-Q1.xlsx", "Không mở được tệp"),
        ("Mã trạm;Tên cơ sở\n38101;A\n".encode(), "2021-Q1.csv", "Không tìm thấy bảng"),
        (b"x" * 100, "2021.csv", "Không tìm thấy bảng"),
    ],
)
def test_an_unreadable_file_is_rejected_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, name: str, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert main(["check", str(tmp_path / name), "--feed", "health_stations", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["verdict"], document["rows_read"]) == ("rejected", 0)
    assert words in document["reason"]


HEALTH_RECORDS = DROPS / "so-y-te" / "health_records" / "ho_so_suc_khoe_2021-Q3.csv"


def test_personal_cells_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(HEALTH_RECORDS), "--feed", "health_records", "--json", "--rows"])
    document = json.loads(capsys.readouterr().out)
    first = document["accepted"][0]["values"]
    masked = [name for name, value in first.items() if value == "•••"]
    assert masked == ["citizen_id", "full_name", "birth_date", "insurance_number"]
    assert first["record_id"] == "HS38-000002001"
    assert {row["values"]["insurance_number"] for row in document["accepted"]} == {"•••", None}
    shown = json.dumps(document, ensure_ascii=False)
    personal = [
        row[position]
        for row in csv.reader(HEALTH_RECORDS.read_text("utf-8").splitlines()[1:])
        for position in (1, 2, 7)
        if row[position]
    ]
    assert len(personal) > 4000
    assert [value for value in personal if value in shown] == []


def versions_of_records(path: Path) -> None:
    """Write five records, then three of them again: older, newer and bad, and the newer one twice."""
    header, *lines = HEALTH_RECORDS.read_text("utf-8").splitlines()
    good = lines[:5]
    fields = [line.split(",") for line in good[:3]]
    again = [
        [*fields[0][:9], "09/08/2021", *fields[0][10:]],
        [*fields[1][:9], "17/08/2021", *fields[1][10:]],
        [*fields[2][:9], "30/09/2021", *fields[2][10:14], "400", *fields[2][15:]],
        [*fields[1][:9], "17/08/2021", *fields[1][10:]],
    ]
    path.write_text("\n".join([header, *good, *map(",".join, again)]) + "\n", "utf-8")


@pytest.mark.parametrize("large", [False, True])
def test_older_versions_of_a_record_in_the_file_are_skipped(
    large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if large:
        monkeypatch.setattr("dxpipeline.commands.check.SMALL_BYTES", 0)
    path = tmp_path / "2021-Q3.csv"
    versions_of_records(path)
    assert main(["check", str(path), "--feed", "health_records", "--json", "--rows"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert {name: document[name] for name in COUNTS} == {
        "rows_read": 9,
        "rows_accepted": 5,
        "rows_quarantined": 1,
        "rows_skipped": 3,
    }
    assert document["skipped"] == [{"row": row, "why": "superseded-in-file"} for row in (3, 7, 8)]
    assert [row["row"] for row in document["accepted"]] == [2, 4, 5, 6, 10]
    assert [(issue["row"], issue["column"]) for issue in document["issues"]] == [(9, "systolic_mmhg")]


def test_a_version_on_an_earlier_sheet_is_skipped_with_its_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, line = (text.split(",") for text in HEALTH_RECORDS.read_text("utf-8").splitlines()[:2])
    book = Workbook()
    for sheet, updated_on in (("Huyện A", "09/08/2021"), ("Huyện B", "10/08/2021")):
        page = book.create_sheet(sheet)
        page.append(header)
        page.append([*line[:9], updated_on, "01/01/2099", *line[11:]])
        page.append([f"{line[0]}-{sheet[-1]}", *line[1:]])
    del book["Sheet"]
    path = tmp_path / "2021-Q3.xlsx"
    book.save(path)
    assert main(["check", str(path), "--feed", "health_records", "--json", "--rows"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "accepted_with_warnings"
    assert {name: document[name] for name in COUNTS} == {
        "rows_read": 4,
        "rows_accepted": 3,
        "rows_quarantined": 0,
        "rows_skipped": 1,
    }
    assert document["skipped"] == [{"row": 2, "why": "superseded-in-file"}]
    assert [(row["sheet"], row["row"]) for row in document["accepted"]] == [
        ("Huyện A", 3),
        ("Huyện B", 2),
        ("Huyện B", 3),
    ]
    assert [(issue["sheet"], issue["row"]) for issue in document["issues"]] == [("Huyện B", 2)]


def test_of_a_large_file_a_sample_is_checked_by_great_expectations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dxpipeline.commands.check.SMALL_BYTES", 0)
    monkeypatch.setattr("dxpipeline.quality.sample_check.SAMPLE_ROWS", 3)
    rules = compiler._ROW_RULES
    never = {**rules, "expect_column_values_to_be_between": rules["expect_column_values_to_be_null"]}
    monkeypatch.setattr(compiler, "_ROW_RULES", never)
    path = tmp_path / "2021-Q3.csv"
    versions_of_records(path)
    assert main(["check", str(path), "--feed", "health_records", "--json"]) == 2
    assert "expect_column_values_to_be_between(birth_date)" in json.loads(capsys.readouterr().out)["reason"]
