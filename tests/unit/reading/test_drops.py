"""Every sample file is read as its expected answer says: rows, reasons, values."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dxpipeline.contracts import contracts
from dxpipeline.reading import open_document, read_tables
from dxpipeline.reading.model import Document, FileRejected
from dxpipeline.reading.period import find_period, says_correction
from dxpipeline.reading.values import parse_column

DROPS = Path(__file__).parents[2] / "data" / "drops"
ALL = sorted(
    path.with_name(path.name.removesuffix(".expected.json")) for path in DROPS.rglob("*.expected.json")
)
ACCEPTED = [path for path in ALL if "thieu cot" not in path.name]


def expected(path: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(path.with_name(path.name + ".expected.json").read_text("utf-8"))
    return answer


def opened(path: Path) -> Document:
    return open_document(path, path.name, contracts()[expected(path)["feed"]])


def typed_rows(path: Path) -> dict[tuple[str | None, int], dict[str, tuple[Any, str | None]]]:
    """Value and code of every cell by sheet, row and column."""
    contract = contracts()[expected(path)["feed"]]
    rows: dict[tuple[str | None, int], dict[str, tuple[Any, str | None]]] = {}
    for block in opened(path).blocks():
        for column in contract.columns:
            native = None if block.native is None else block.native[column.name]
            parsed = parse_column(block.texts[column.name], native, column)
            cells = zip(block.texts["source_row"], parsed.values, parsed.codes, strict=True)
            for row, value, code in cells:
                shown = value.isoformat() if isinstance(value, date) else value
                shown = shown.to_list() if hasattr(shown, "to_list") else shown
                rows.setdefault((block.sheet, row), {})[column.name] = (shown, code)
    return rows


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_every_line_is_accounted_for(path: Path) -> None:
    answer = expected(path)
    document = opened(path)
    records = sum(len(block.texts) + len(block.ragged) for block in document.blocks())
    assert [{"row": line.row, "why": line.why} for line in document.skipped] == answer["skipped"]
    assert [{"row": line.row, "why": line.why} for line in document.outside] == answer["outside"]
    assert records == answer["rows_accepted"] + answer["rows_quarantined"]
    headers = [line["row"] for line in answer["outside"] if line["why"] == "header"]
    assert [layout.header_row for layout in document.layouts] == [headers[0]]


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_accepted_rows_have_the_expected_values(path: Path) -> None:
    rows = typed_rows(path)
    answer = expected(path)
    summary = answer.get("accepted_summary", {"first": [], "last": [], "sums": {}})
    for accepted in [*answer.get("accepted", []), *summary["first"], *summary["last"]]:
        values = {name: (value, None) for name, value in accepted.items() if not name.startswith("_")}
        assert rows[accepted.get("_sheet"), accepted["_row"]] == values
    refused = {item["row"] for item in answer["quarantined"]}
    for name, total in summary["sums"].items():
        values = [cells[name][0] or 0 for (_, row), cells in rows.items() if row not in refused]
        assert sum(values) == pytest.approx(total, abs=0.05)


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_unreadable_cells_of_quarantined_rows_get_the_expected_code(path: Path) -> None:
    rows = {row: cells for (_, row), cells in typed_rows(path).items()}
    readable = {"bad-number", "bad-date", "not-in-list"}
    refused = {
        (row, name, code)
        for row, cells in rows.items()
        for name, (_, code) in cells.items()
        if code is not None
    }
    quarantined = expected(path)["quarantined"]
    wanted = {
        (item["row"], item["columns"][0], item["codes"][0])
        for item in quarantined
        if set(item["codes"]) <= readable
    }
    allowed = {
        (item["row"], name, code)
        for item in quarantined
        for name in item["columns"]
        for code in item["codes"]
    }
    assert wanted <= refused <= allowed


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_period_is_found(path: Path) -> None:
    contract = contracts()[expected(path)["feed"]]
    found = find_period(opened(path).layouts[0].titles, path.name, contract.frequency)
    assert str(found.period) == expected(path)["period"]
    assert found.source == ("name" if path.suffix == ".csv" else "title")


def test_missing_column_is_named() -> None:
    path = next(path for path in ALL if "thieu cot" in path.name)
    with pytest.raises(FileRejected) as rejected:
        opened(path)
    assert rejected.value.code == "missing-column"
    assert rejected.value.details["columns"] == "it_level"
    assert rejected.value.details["labels"] == "Mức ứng dụng CNTT"


def test_only_the_correction_calls_itself_one() -> None:
    corrections = [path.name for path in ALL if says_correction((), path.name)]
    assert corrections == ["BC benh vien quy 2 nam 2021 (dinh chinh).xlsx"]


def test_a_file_is_read_without_a_contract() -> None:
    workbook = next(path for path in ALL if path.name == "Bang rong Quy I-2021.xlsx")
    text = next(path for path in ALL if path.name.startswith("tram_y_te"))
    table = read_tables(workbook, workbook.name)[0]
    assert (table.sheet, table.header_row) == ("Biểu báo cáo", 6)
    assert table.header[:5] == ("STT", "Mã xã", "Huyện", "Xã, phường, thị trấn", "Số thôn, bản, tổ dân phố")
    plain = read_tables(text, text.name)[0]
    assert (plain.header_row, plain.header[0], plain.delimiter, plain.encoding) == (
        1,
        "Mã trạm",
        ";",
        "utf-8",
    )
    assert plain.rows[0][0] == 2
    assert plain.rows[0][1][:3] == ("38101", "Trạm Y tế Phường Hàm Rồng", "14755")
