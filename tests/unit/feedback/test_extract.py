"""The extract of a large text file: its header and the rows to mend, to be mended and sent by itself."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dxpipeline.contracts import contracts
from dxpipeline.feedback import marked_text
from dxpipeline.feedback.answer import WHOLE_COPY_BYTES, SheetLayout
from dxpipeline.feedback.marked_file import write_marked_file
from dxpipeline.feedback.marked_text import extract_text
from dxpipeline.reading import encoding
from dxpipeline.settings import PROJECT_ROOT

RECORDS = PROJECT_ROOT / "tests/data/drops/so-y-te/health_records/ho_so_suc_khoe_2021-Q3.csv"
HEADER, FIRST, SECOND = RECORDS.read_text(encoding="utf-8-sig").splitlines()[:3]
BAD = SECOND.replace("nữ", "không rõ")
LARGE = WHOLE_COPY_BYTES + 1
ROW, PROBLEMS = "Dòng", "Lỗi cần sửa"


def extract(answers: Any, tmp_path: Path, content: bytes, **changes: Any) -> tuple[bytes, Any]:
    """Check a file of health records and write its marked copy as that of a large one."""
    source = tmp_path / "source.csv"
    source.write_bytes(content)
    answer, _ = answers.check(source, "health_records", name=RECORDS.name)
    answer = replace(answer, **{"size_bytes": LARGE, **changes})
    if answer.wants_extract:
        extract_text(source, answer, iter(answer.issues), tmp_path / "marked.csv")
    else:
        write_marked_file(source, answer, tmp_path / "marked.csv")
    return (tmp_path / "marked.csv").read_bytes(), answer


def cells(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def lines(*rows: str, end: str = "\n") -> bytes:
    return "".join(row + end for row in rows).encode()


def test_it_holds_the_header_and_the_rows_to_mend_with_their_numbers(answers: Any, tmp_path: Path) -> None:
    content, answer = extract(answers, tmp_path, RECORDS.read_bytes())
    sent = cells(RECORDS.read_bytes())
    header, *rows = cells(content)
    assert header == [ROW, *sent[0], PROBLEMS]
    wrong = sorted({issue.source_row for issue in answer.issues})
    assert len(wrong) == 30
    assert [int(row[0]) for row in rows] == wrong
    assert [row[1:-1] for row in rows] == [sent[number - 1] for number in wrong]
    assert all(row[-1].startswith("Cột “") for row in rows)


def test_sent_again_it_is_read_like_any_file_of_the_feed(answers: Any, tmp_path: Path) -> None:
    _, answer = extract(answers, tmp_path, RECORDS.read_bytes())
    again, rows = answers.check(tmp_path / "marked.csv", "health_records", name=RECORDS.name)
    assert (again.rows_read, again.rows_quarantined) == (30, 30)
    assert [(issue.column_name, issue.code) for issue in again.issues] == [
        (issue.column_name, issue.code) for issue in answer.issues
    ]
    assert set(rows.columns).isdisjoint({ROW, PROBLEMS})


def test_mended_and_sent_again_its_rows_are_accepted(answers: Any, tmp_path: Path) -> None:
    content, _ = extract(answers, tmp_path, lines(HEADER, FIRST, BAD))
    mended = tmp_path / "mended.csv"
    mended.write_bytes(content.replace("không rõ".encode(), "nữ".encode()))
    again, rows = answers.check(mended, "health_records", name=RECORDS.name)
    assert (again.rows_accepted, again.rows_quarantined, again.issues) == (1, 0, ())
    assert rows["record_id"].to_list() == [SECOND.split(",")[0]]


def test_an_extract_of_an_extract_has_one_column_of_numbers_and_one_of_sentences(
    answers: Any, tmp_path: Path
) -> None:
    first, _ = extract(answers, tmp_path, lines(HEADER, FIRST, FIRST, BAD))
    assert cells(first)[1][0] == "4"
    second, _ = extract(answers, tmp_path, first)
    header, row = cells(second)
    assert header == [ROW, *HEADER.split(","), PROBLEMS]
    assert row[0] == "2", "the row of the file that was sent last"
    assert row[1:-1] == BAD.split(",")
    assert row[-1].startswith("Cột “Giới tính”")


def test_titles_and_every_row_of_the_header_block_stay(answers: Any, tmp_path: Path) -> None:
    numbers = ",".join(f"({number})" for number in range(1, 17))
    titles = ("Sở Y tế (số liệu mẫu),,", "Kỳ báo cáo: Quý III/2021", "")
    content, _ = extract(answers, tmp_path, lines(*titles, HEADER, numbers, FIRST, BAD, "", end="\r\n"))
    text = content.decode("utf-8-sig").split("\r\n")
    assert text[:3] == list(titles)
    assert text[3] == f"{ROW},{HEADER},{PROBLEMS}"
    assert text[4] == f",{numbers},"
    assert text[5].startswith(f'7,{BAD},"Cột “Giới tính”')
    assert text[6:] == [""]
    again, _ = answers.check(tmp_path / "marked.csv", "health_records", name="khong ghi ky.csv")
    assert (again.period, again.rows_read) == ("2021-Q3", 1)


def test_a_line_that_does_not_fit_stays_refused_until_it_is_mended(answers: Any, tmp_path: Path) -> None:
    for broken in (f"{FIRST},thừa", FIRST.rpartition(",")[0], f'"{FIRST}'):
        content, _ = extract(answers, tmp_path, lines(HEADER, broken, FIRST, BAD))
        again, _ = answers.check(tmp_path / "marked.csv", "health_records", name=RECORDS.name)
        assert content.decode("utf-8-sig").splitlines()[1].startswith(f"2,{broken}")
        assert [(issue.source_row, issue.code) for issue in again.issues] == [
            (2, "ragged-row"),
            (3, "not-in-list"),
        ]


def test_cells_that_a_spreadsheet_would_run_are_neutralised(answers: Any, tmp_path: Path) -> None:
    evil = BAD.replace(BAD.split(",")[2], "=cmd|'/c calc'!A1")
    content, _ = extract(answers, tmp_path, lines(HEADER, evil))
    assert cells(content)[1][3] == "'=cmd|'/c calc'!A1"


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_stays_as_it_was(answers: Any, tmp_path: Path, delimiter: str) -> None:
    content, _ = extract(answers, tmp_path, lines(HEADER, FIRST, BAD).replace(b",", delimiter.encode()))
    assert [len(record) for record in cells(content, delimiter)] == [18, 18]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    kinds=st.lists(st.sampled_from(["good", "bad", "over lines", "open", "blank"]), min_size=1, max_size=25),
    size=st.integers(400, 2_000),
    lookahead=st.integers(4, 6),
)
def test_rows_are_found_wherever_blocks_end(
    answers: Any, tmp_path: Path, kinds: list[str], size: int, lookahead: int
) -> None:
    name = BAD.split(",")[2]
    records = {
        "good": FIRST,
        "bad": BAD,
        "over lines": BAD.replace(name, '"Một\nHai, ""Ba""\nBốn"'),
        "open": BAD.replace(name, f'"{name}'),
        "blank": "",
    }
    content = lines(HEADER, *(records[kind] for kind in kinds), FIRST)
    whole, answer = extract(answers, tmp_path, content, size_bytes=WHOLE_COPY_BYTES)
    marked = {int(row[0]): row[1:] for row in cells(extract(answers, tmp_path, content)[0])[1:]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding.line_blocks, "__defaults__", (size, None))
        patch.setattr(marked_text, "MAX_RECORD_LINES", lookahead)
        in_blocks, _ = extract(answers, tmp_path, content)
    assert {int(row[0]): row[1:] for row in cells(in_blocks)[1:]} == marked
    assert sorted(marked) == sorted({issue.source_row for issue in answer.issues})
    assert all(row in cells(whole) for row in marked.values())


@pytest.mark.parametrize(
    ("feed", "size", "sheet", "cut"),
    [
        ("health_records", LARGE, None, True),
        ("health_records", WHOLE_COPY_BYTES, None, False),
        ("health_records", LARGE, "Hồ sơ", False),
        ("health_stations", LARGE, None, False),
    ],
    ids=["a large text file", "a small one", "a workbook", "a snapshot, which a part would replace"],
)
def test_only_large_text_files_of_records_are_cut(
    answers: Any, feed: str, size: int, sheet: str | None, cut: bool
) -> None:
    answer = answers.partial(
        contract=contracts()[feed], size_bytes=size, layouts=(SheetLayout(sheet, 1, {}),)
    )
    assert answer.wants_extract is cut
