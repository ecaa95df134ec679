"""The marked text file: its lines as they came, one column more, and read again like the original."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from dxpipeline.feedback.marked_file import write_marked_file
from dxpipeline.feedback.marked_text import neutralised
from dxpipeline.settings import PROJECT_ROOT

STATIONS = PROJECT_ROOT / "tests" / "data" / "drops" / "so-y-te" / "health_stations" / "tram_y_te_2021-Q2.csv"
NAME = "tram_y_te_2021-Q2.csv"
HEADER = (
    "Mã trạm;Tên cơ sở;Mã xã;Có hệ thống hồ sơ SKĐT;Phần mềm;Dân số quản lý;Số hồ sơ đã lập;"
    "Số hồ sơ cập nhật trong kỳ"
)
GOOD = "38101;Trạm Y tế Phường Hàm Rồng;14755;có;VNPT-HIS;3033;1836;335"
BAD = "38102;Trạm Y tế Phường Đông Thọ;14758;có;VNPT-HIS;-5;0;0"
PROBLEMS = "Lỗi cần sửa"


def marked(answers: Any, tmp_path: Path, content: bytes) -> tuple[bytes, Any, Any]:
    """Mark a file of stations; return the copy's bytes with its answer and rows."""
    source = tmp_path / "source.csv"
    source.write_bytes(content)
    answer, rows = answers.check(source, "health_stations", name=NAME)
    write_marked_file(source, answer, tmp_path / "marked.csv")
    return (tmp_path / "marked.csv").read_bytes(), answer, rows


def read_again(answers: Any, tmp_path: Path) -> tuple[Any, Any]:
    return answers.check(tmp_path / "marked.csv", "health_stations", name=NAME)


def lines(*rows: str, end: str = "\r\n") -> bytes:
    return "".join(row + end for row in rows).encode()


def test_a_real_file_reads_again_as_it_did(answers: Any, tmp_path: Path) -> None:
    content, answer, rows = marked(answers, tmp_path, STATIONS.read_bytes())
    again, rows_again = read_again(answers, tmp_path)
    assert rows_again.equals(rows)
    assert again.issues == answer.issues
    assert again.rows_quarantined == 6
    assert content.startswith(codecs.BOM_UTF8)
    assert content.count(b"\n") == STATIONS.read_bytes().count(b"\n")


def test_untouched_lines_only_gain_an_empty_last_cell(answers: Any, tmp_path: Path) -> None:
    content, _, _ = marked(answers, tmp_path, lines(HEADER, GOOD, BAD))
    header, good, bad, rest = content.decode("utf-8-sig").split("\r\n")
    assert header == f"{HEADER};{PROBLEMS}"
    assert good == f"{GOOD};"
    assert bad.startswith(f'{BAD};"Cột “Dân số quản lý”: “-5” nằm ngoài phạm vi cho phép')
    assert rest == ""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_stay_as_they_were(answers: Any, tmp_path: Path, end: str) -> None:
    content, _, rows = marked(answers, tmp_path, lines(HEADER, GOOD, BAD, end=end))
    text = content.decode("utf-8-sig")
    assert text.count(end) == 3
    assert set(text) & {"\r", "\n"} == set(end)
    assert read_again(answers, tmp_path)[1].equals(rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_stays_as_it_was(answers: Any, tmp_path: Path, delimiter: str) -> None:
    content, _, rows = marked(answers, tmp_path, lines(HEADER, GOOD, BAD).replace(b";", delimiter.encode()))
    records = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=delimiter))
    assert {len(record) for record in records} == {9}
    assert read_again(answers, tmp_path)[1].equals(rows)


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1258", "utf-8-sig")],
)
def test_the_copy_opens_right_in_a_spreadsheet(
    answers: Any, tmp_path: Path, encoding: str, written: str
) -> None:
    text = lines(HEADER, GOOD, BAD).decode()
    if encoding == "cp1258":
        # The old code page has the tones as letters of their own, after the vowel.
        content = b"".join(encode_1258(letter) for letter in text)
    else:
        content = text.encode(encoding)
    copy, answer, rows = marked(answers, tmp_path, content)
    assert copy.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE))
    assert copy.decode(written).startswith(f"{HEADER};{PROBLEMS}")
    again, rows_again = read_again(answers, tmp_path)
    assert rows_again.equals(rows)
    assert again.issues == answer.issues


def encode_1258(letter: str) -> bytes:
    try:
        return letter.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", letter)
        tone = next(mark for mark in parts if mark in "\u0300\u0301\u0303\u0309\u0323")
        return unicodedata.normalize("NFC", parts.replace(tone, "")).encode("cp1258") + tone.encode("cp1258")


def test_cells_that_a_spreadsheet_would_run_are_neutralised(answers: Any, tmp_path: Path) -> None:
    evil = "38103;=cmd|'/c calc'!A1;14761;có;@SUM(A1);-5;+1;0"
    content, _, _ = marked(answers, tmp_path, lines(HEADER, evil))
    record = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))[1]
    assert record[1] == "'=cmd|'/c calc'!A1"
    assert record[4] == "'@SUM(A1)"
    assert record[5:7] == ["-5", "+1"], "plain numbers stay numbers"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-cmd|x", "'-cmd|x"),
        ("@A1", "'@A1"),
        ("\t=1", "'\t=1"),
        ('"=1+1', "\"'=1+1"),
        ("-5", "-5"),
        ("+84 912 345", "+84 912 345"),
        ("-1.234,5", "-1.234,5"),
        ("-12%", "-12%"),
        ("-", "-"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_what_counts_as_the_beginning_of_a_formula(cell: str, expected: str) -> None:
    assert neutralised(cell) == expected


def test_a_quoted_cell_with_a_line_break_keeps_its_lines(answers: Any, tmp_path: Path) -> None:
    quoted = '38103;"Trạm Y tế\r\nPhường ""Nam Ngạn""";14761;có;HMIS;-5;0;0'
    content, answer, rows = marked(answers, tmp_path, lines(HEADER, quoted, GOOD, BAD))
    text = content.decode("utf-8-sig").split("\r\n")
    assert text[1] == '38103;"Trạm Y tế'
    assert text[2].startswith('Phường ""Nam Ngạn""";14761;có;HMIS;-5;0;0;"Cột “Dân số')
    assert text[3] == f"{GOOD};"
    assert text[4].startswith(f'{BAD};"Cột “Dân số')
    assert [issue.source_row for issue in answer.issues if issue.code == "out-of-range"] == [2, 5]
    assert read_again(answers, tmp_path)[1].equals(rows)


@pytest.mark.parametrize(
    "broken",
    [
        "38103;Trạm Y tế Phường Nam Ngạn;14761;có;HMIS;100;0",
        "38103;Trạm Y tế Phường Nam Ngạn;14761;có;HMIS;100;0;0;thừa",
        '38103;"Trạm Y tế Phường Nam Ngạn;14761;có;HMIS;100;0;0',
        '38103;Trạm Y tế Phường Nam Ngạn;14761;có;HMIS;100;0;"0',
        '38103;"Trạm" Y tế Phường Nam Ngạn;14761;có;HMIS;100;0;0',
    ],
    ids=["a cell less", "a cell more", "quote never closed", "last quote never closed", "text after a quote"],
)
def test_a_line_that_does_not_fit_stays_refused_until_it_is_mended(
    answers: Any, tmp_path: Path, broken: str
) -> None:
    content, answer, rows = marked(answers, tmp_path, lines(HEADER, GOOD, broken, BAD))
    assert content.decode("utf-8-sig").split("\r\n")[2].startswith(f'{broken};"Dòng này có số ô')
    again, rows_again = read_again(answers, tmp_path)
    kinds = [(issue.source_row, issue.code) for issue in answer.issues]
    assert (3, "ragged-row") in kinds
    assert [(issue.source_row, issue.code) for issue in again.issues] == kinds
    assert rows_again.equals(rows)


def test_lines_around_the_table_stay_as_they_are(answers: Any, tmp_path: Path) -> None:
    titles = ("sep=;", "Đơn vị báo cáo: Sở Y tế", "")
    content, answer, rows = marked(
        answers, tmp_path, lines(*titles, HEADER, GOOD, "", BAD, "", "Người lập biểu")
    )
    text = content.decode("utf-8-sig").split("\r\n")
    assert text[:3] == list(titles)
    assert text[3] == f"{HEADER};{PROBLEMS}"
    assert text[5] == ""
    assert text[8] == "Người lập biểu"
    again, rows_again = read_again(answers, tmp_path)
    assert again.skipped_rows == answer.skipped_rows
    assert rows_again.equals(rows)


def test_a_mended_copy_that_comes_back_keeps_one_column_of_sentences(answers: Any, tmp_path: Path) -> None:
    worse = BAD.replace("38102", "38103").replace(";có;", ";không rõ;")
    content, _, _ = marked(answers, tmp_path, lines(HEADER, GOOD, BAD, worse))
    mended = content.decode("utf-8-sig").replace(";VNPT-HIS;-5;0;0;", ";VNPT-HIS;5;0;0;", 1)
    content, answer, _ = marked(answers, tmp_path, mended.encode())
    text = content.decode("utf-8-sig").split("\r\n")
    assert text[0].count(PROBLEMS) == 1
    assert text[2] == BAD.replace("-5", "5") + ";"
    assert "Cột “" in text[3]
    assert {issue.source_row for issue in answer.issues} == {4}


def test_a_file_without_contract_cannot_be_marked(answers: Any, tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_bytes(lines(HEADER, BAD))
    with pytest.raises(ValueError, match="Delivery 123 has no contract"):
        write_marked_file(source, answers.partial(contract=None), tmp_path / "marked.csv")
