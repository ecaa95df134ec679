"""`dxpipeline check`: every drop is judged as expected, without a database, a home or a place to write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dxpipeline.cli import main
from dxpipeline.contracts import contracts
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
    if answer["verdict"] == "duplicate":
        assert answer["lenient"]
        (without_history,) = answer["alternatives"]
        answer.update(without_history)
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
    if answer["verdict"] == "rejected":
        assert all(words in result["reason"] for words in answer["reason_contains"])
        assert "accepted" not in result
        return
    assert result["reason"] is None
    assert result["skipped"] == answer["skipped"]
    assert [
        {"_row": row["row"], "_sheet": row["sheet"], **comparable(row["values"])}
        for row in result["accepted"]
    ] == [
        {"_row": row["_row"], "_sheet": row.get("_sheet"), **{
            name: value for name, value in comparable(row).items() if not name.startswith("_")
        }}
        for row in answer["accepted"]
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


def test_personal_cells_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import dataclasses

    from dxpipeline.commands import check

    contract = contracts()["health_stations"]
    personal = dataclasses.replace(
        contract,
        columns=tuple(
            dataclasses.replace(one, classification="personal")
            if one.name in ("station_name", "software_name")
            else one
            for one in contract.columns
        ),
    )
    monkeypatch.setattr(check, "contracts", lambda: {"health_stations": personal})
    source = DROPS / "so-y-te" / "health_stations" / "tram_y_te_2021-Q2.csv"
    main(["check", str(source), "--feed", "health_stations", "--json", "--rows"])
    document = json.loads(capsys.readouterr().out)
    values = document["accepted"][0]["values"]
    assert (values["station_name"], values["station_code"]) == ("***", "38101")
    without = [
        row["values"]["software_name"] for row in document["accepted"] if not row["values"]["has_ehr_system"]
    ]
    assert set(without) == {None}
    assert "Trạm Y tế" not in json.dumps(document, ensure_ascii=False)
