"""The `dxpipeline` command: exit codes, and one sentence for what a person can mend."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from dxpipeline import cli
from dxpipeline.cli import main
from dxpipeline.contracts import contracts
from dxpipeline.settings import PROJECT_ROOT

STATIONS = PROJECT_ROOT / "tests" / "data" / "drops" / "so-y-te" / "health_stations" / "tram_y_te_2021-Q2.csv"


@pytest.fixture(autouse=True)
def _no_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAREHOUSE_WRITER_URL", "WAREHOUSE_BI_URL", "DX_WRITER_PASSWORD", "DX_BI_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://owner@127.0.0.1:1/nothing")
    monkeypatch.setenv("DX_HOME", "/proc/nowhere")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["check"], "the following arguments are required: file, --feed"),
        (["check", "a.csv"], "the following arguments are required: --feed"),
        (["check", "a.csv", "--feed", "health_stations", "--bad"], "unrecognized arguments: --bad"),
        (["issues", "--delivery", "first"], "invalid int value: 'first'"),
        (["connection", "--role", "root"], "invalid choice: 'root'"),
        (["publish"], "the following arguments are required: folder"),
        (["calendar", "--on", "15/04/2021"], "argument --on: '15/04/2021' is no day: write YYYY-MM-DD"),
        (["calendar", "lock", "smart_hospitals"], "the following arguments are required: PERIOD"),
        (
            ["calendar", "allow", "smart_hospitals", "2021-Q1", "so-y-te"],
            "the following arguments are required: --until",
        ),
        (["calendar", "open"], "invalid choice: 'open'"),
    ],
)
def test_wrong_usage_ends_with_three_and_says_what_is_wrong(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert words in output.err
    assert output.err.startswith("usage: dxpipeline")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["check", str(STATIONS), "--feed", "stations"],
            f"There is no feed 'stations': give one of {', '.join(sorted(contracts()))}.",
        ),
        (
            ["check", "/nowhere/a.csv", "--feed", "health_stations"],
            "There is no file /nowhere/a.csv: give the path of a CSV or Excel file.",
        ),
        (
            ["check", "/tmp", "--feed", "health_stations"],
            "There is no file /tmp: give the path of a CSV or Excel file.",
        ),
        (["read", "/nowhere/a.csv"], "/nowhere/a.csv: No such file or directory."),
        (["connection", "--role", "writer"], "/proc/nowhere: No such file or directory."),
    ],
)
def test_what_a_person_can_mend_is_one_sentence_and_ends_with_three(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 3
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"dxpipeline: {sentence}\n")


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["issues"], ["indicators"], ["calendar"], ["import", "--once", "--json"], ["migrate"]],
)
def test_a_warehouse_that_is_away_is_named_with_its_address(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("dxpipeline: The warehouse at 127.0.0.1:1 does not answer (")
    assert output.err.endswith("start it, or set WAREHOUSE_URL.\n")
    assert output.err.count("\n") == 1


def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DX_SETTLE_SECONDS", "soon")
    assert main(["status"]) == 3
    assert capsys.readouterr().err == (
        "dxpipeline: DX_SETTLE_SECONDS is 'soon': give a number of seconds, 0 or more.\n"
    )


def test_a_failure_of_the_program_shows_where_and_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(cli, "get_settings", fail)
    assert main(["status"]) == 4
    assert "Traceback" in capsys.readouterr().err


def test_verbose_shows_where_an_error_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--verbose", "status"]) == 3
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "WarehouseUnavailable" in error


@pytest.mark.parametrize("options", [[], ["--verbose"]], ids=["plain", "verbose"])
def test_an_error_of_the_database_is_told_without_the_rows_that_it_quotes(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = 'no room\nCONTEXT:  COPY attempt_1, line 2: "HS01-1,Kanari,038123456789"'

    def fail() -> None:
        raise psycopg.errors.DiskFull(told)

    monkeypatch.setattr(cli, "get_settings", fail)
    assert main([*options, "status"]) == 3
    shown = capsys.readouterr().err
    assert "The warehouse broke off the work, DiskFull (53100) at cli.py:" in shown
    assert ("Traceback" in shown) == bool(options)
    assert not any(word in shown for word in ("CONTEXT", "Kanari", "038123456789", "HS01"))


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        (["accepted", "accepted_with_warnings", "duplicate"], 0),
        (["accepted", "partially_accepted"], 1),
        (["partially_accepted", "rejected"], 2),
        (["accepted", None], 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst_verdict(verdicts: list[str | None], code: int) -> None:
    assert cli._exit_code(verdicts) == code


@pytest.mark.parametrize(
    ("role", "address"),
    [
        ("owner", "postgresql://owner@127.0.0.1:1/nothing"),
        ("writer", "postgresql://dx_writer:p%40ss%2Fw@127.0.0.1:1/nothing"),
        ("bi", "postgresql://dx_bi_reader:secret@127.0.0.1:1/nothing"),
    ],
)
def test_the_address_of_each_role_is_made_from_the_owners(
    role: str, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DX_WRITER_PASSWORD", "p@ss/w")
    monkeypatch.setenv("DX_BI_PASSWORD", "secret")
    assert main(["connection", "--role", role]) == 0
    assert capsys.readouterr().out == f"{address}\n"


def test_a_role_may_have_an_address_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAREHOUSE_BI_URL", "postgresql://reader@replica/warehouse")
    assert main(["connection"]) == 0
    assert capsys.readouterr().out == "postgresql://reader@replica/warehouse\n"


def test_read_shows_how_the_tables_of_a_file_begin_and_that_it_is_the_beginning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["read", str(STATIONS), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (table,) = document["tables"]
    assert (table["header_row"], table["columns"][0], table["rows"][0]["row"]) == (1, "Mã trạm", 2)
    assert table["rows"][0]["cells"][:2] == ["38101", "Trạm Y tế Phường Hàm Rồng"]
    assert document["notes"] == ["Only the first 60 rows of a sheet or text file are read."]
    assert main(["read", str(STATIONS)]) == 0
    assert capsys.readouterr().out.startswith("-, header row 1, first 59 rows:\n")


def test_read_says_why_a_file_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert main(["read", str(tmp_path / "a.csv")]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("dxpipeline: ")
    assert output.err.count("\n") == 1


def test_a_reader_that_stops_reading_ends_the_command_quietly() -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "dxpipeline.cli", "read", str(STATIONS)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert command.stdout is not None
    assert command.stderr is not None
    command.stdout.readline()
    command.stdout.close()
    error = command.stderr.read()
    command.stderr.close()
    assert command.wait(timeout=30) == 0
    assert error == b""
