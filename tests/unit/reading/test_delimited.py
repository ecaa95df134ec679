"""Text files: encodings, delimiters, quotes, and lines that do not fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.contracts import Contract, contracts
from dxpipeline.reading import open_document
from dxpipeline.reading.encoding import Encoding, detect_encoding, line_blocks
from dxpipeline.reading.model import FileRejected
from dxpipeline.reading.records import read_records, split_line

Read = Callable[..., Any]
HEADER = "Mã thôn;Tên thôn;Số hộ;Số hộ có mạng;Ghi chú\n"
ROWS = "00123;Đông Hòa;120;100;\n00124;Tây Hồ;80;75;xong\n"


def for_cp1258(text: str) -> bytes:
    """Encode as windows-1258, where most tone marks stand apart from their letters."""
    encoded = b""
    for letter in text:
        try:
            encoded += letter.encode("cp1258")
        except UnicodeEncodeError:
            tones = "\u0300\u0301\u0303\u0309\u0323"
            parts = unicodedata.normalize("NFD", letter)
            base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
            encoded += (base + "".join(part for part in parts if part in tones)).encode("cp1258")
    return encoded


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ((HEADER + ROWS).encode(), "utf-8"),
        ((HEADER + ROWS).encode("utf-8-sig"), "utf-8"),
        (("\ufeff" + HEADER + ROWS).encode("utf-16-le"), "utf-16-le"),
        (("\ufeff" + HEADER + ROWS).encode("utf-16-be"), "utf-16-be"),
        (for_cp1258(HEADER + ROWS), "cp1258"),
        (unicodedata.normalize("NFD", HEADER + ROWS).encode(), "utf-8"),
    ],
    ids=["utf-8", "utf-8 with BOM", "utf-16-le", "utf-16-be", "windows-1258", "decomposed"],
)
def test_encodings_give_the_same_text(read: Read, content: bytes, encoding: str) -> None:
    for size in (None, 28):
        reading = read(content, block_bytes=size)
        assert reading.document.encoding == encoding
        assert reading.document.delimiter == ";"
        assert reading.column("name") == {2: "Đông Hòa", 3: "Tây Hồ"}
        assert reading.column("code") == {2: "00123", 3: "00124"}
        assert reading.column("note") == {2: None, 3: "xong"}


@pytest.mark.parametrize(
    "content",
    [
        b"M\xb7 th\xabn;T\xaan th\xabn;S\xe8 h\xe9\n00123;\xa7\xabng H\xb5;5\n",
        "và;có;Größe\n1;ä;ö\n".encode("cp1252"),
        b"\xff\xfe\x00\x00M\x00\x00\x00",
    ],
    ids=["TCVN3", "Western European", "UTF-32"],
)
def test_bytes_without_evidence_are_refused(tmp_path: Path, villages: Contract, content: bytes) -> None:
    path = tmp_path / "thon.csv"
    path.write_bytes(content)
    with pytest.raises(FileRejected) as rejected:
        open_document(path, path.name, villages)
    assert rejected.value.code == "unknown-encoding"
    assert rejected.value.details["file"] == "thon.csv"


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_the_one_whose_header_fits(read: Read, delimiter: str) -> None:
    reading = read((HEADER + ROWS).replace(";", delimiter))
    assert reading.document.delimiter == delimiter
    assert reading.column("households") == {2: "120", 3: "80"}


def test_declared_delimiter_is_outside_the_table(read: Read) -> None:
    reading = read("sep=|\n" + (HEADER + ROWS).replace(";", "|"))
    assert reading.document.delimiter == "|"
    assert reading.outside == [(1, "title"), (2, "header")]
    assert reading.column("code") == {3: "00123", 4: "00124"}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(read: Read, newline: str) -> None:
    reading = read((HEADER + ROWS).replace("\n", newline).encode())
    assert reading.column("note") == {2: None, 3: "xong"}
    assert reading.column("households") == {2: "120", 3: "80"}


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks(read: Read) -> None:
    reading = read(HEADER + '00123;"Đông; ""Hòa""";120;100;"dòng 1\ndòng 2"\n00124;Tây Hồ;80;75;\n')
    assert reading.column("name") == {2: 'Đông; "Hòa"', 4: "Tây Hồ"}
    assert reading.column("note") == {2: "dòng 1 dòng 2", 4: None}
    assert reading.ragged == []


def test_a_header_cell_may_hold_a_line_break(read: Read) -> None:
    reading = read('Mã thôn;"Tên\nthôn";Số hộ;Số hộ có mạng;Ghi chú\n' + ROWS)
    assert reading.column("name") == {3: "Đông Hòa", 4: "Tây Hồ"}
    assert reading.document.layouts[0].header_row == 1


def test_ragged_lines_cost_only_themselves(read: Read) -> None:
    reading = read(HEADER + "00123;Đông Hòa;120\n00124;Tây Hồ;80;75;;thừa\n00125;Nam;9;8;\n")
    assert reading.ragged == [(2, 3), (3, 6)]
    assert reading.column("name") == {4: "Nam"}


def test_empty_cells_beyond_the_header_shift_nothing(read: Read) -> None:
    reading = read(HEADER + "00123;Đông Hòa;120;100;;;;\n")
    assert reading.ragged == []
    assert reading.column("covered") == {2: "100"}


@pytest.mark.parametrize(
    "damaged",
    [
        '00123;"Đông Hòa;120;100;',
        '00123;"Đông" Hòa;120;100;',
        '00123;Đông Hòa;120;100;"chưa đóng',
    ],
)
def test_broken_quotes_cost_one_line(read: Read, damaged: str) -> None:
    good = "".join(f'0{number};"Thôn {number}";5;4;\n' for number in range(2000, 2200))
    reading = read(HEADER + damaged + "\n" + good)
    assert [row for row, _ in reading.ragged] == [2]
    assert len(reading.texts) == 200
    assert reading.column("name")[3] == "Thôn 2000"
    assert reading.column("name")[202] == "Thôn 2199"


def test_the_apostrophe_before_what_looks_like_a_formula_is_dropped(read: Read) -> None:
    reading = read(HEADER + "00123;'=Đông;5;4;'nhỏ\n00124;\"'-Tây\";5;4;\"'lớn\"\n")
    assert reading.column("name") == {2: "=Đông", 3: "-Tây"}
    assert reading.column("note") == {2: "'nhỏ", 3: "'lớn"}


def test_stray_bytes_cost_one_line(read: Read) -> None:
    reading = read((HEADER + ROWS + ROWS).encode() + b"00125;\xfc\xff;1;1;\n00126;a\x00b;1;1;\n")
    assert [row for row, _ in reading.ragged] == [6, 7]
    assert len(reading.texts) == 4


def test_title_total_and_footer_of_an_exported_workbook(read: Read) -> None:
    reading = read(
        "UBND TỈNH;;;;\nKỳ báo cáo: Quý I/2021;;;;\n;;;;\n"
        + HEADER
        + "(1);(2);(3);(4);(5)\n;Xã Đông;;;\n"
        + "00123;Đông Hòa;120;100;\n;;;;\n00124;Tây Hồ;80;75;\n;Tổng cộng;200;175;\n"
        + ";;;;\n;;;Thanh Hóa, ngày 30 tháng 3 năm 2021;\n;;;THỦ TRƯỞNG ĐƠN VỊ;\n"
        + ";Lê Thị Mẫu;;Nguyễn Văn Mẫu;\n"
    )
    assert reading.skipped == [(6, "group"), (8, "blank"), (10, "total")]
    assert [row for row, why in reading.outside if why == "footer"] == [12, 13, 14]
    assert reading.outside[:5] == [
        (1, "title"),
        (2, "title"),
        (3, "blank"),
        (4, "header"),
        (5, "column-numbers"),
    ]
    assert reading.document.layouts[0].titles == ("UBND TỈNH", "Kỳ báo cáo: Quý I/2021")


def test_total_in_the_key_column_and_unquoted_footer(read: Read) -> None:
    rows = ROWS.replace(";", ",")
    reading = read(
        HEADER.replace(";", ",")
        + rows
        + "Tổng cộng,,200,175,\nThanh Hóa, ngày 5 tháng 4 năm 2021\nNgười lập\n"
    )
    assert reading.skipped == [(4, "total")]
    assert reading.outside[1:] == [(5, "footer"), (6, "footer")]
    assert reading.ragged == []


def test_a_header_that_comes_again_is_skipped_row_by_row(read: Read) -> None:
    header = "Mã thôn;Tên thôn;Hộ;;Ghi chú\n;;Số hộ;Số hộ có mạng;\nA;B;1;2;3\n"
    reading = read(header + ROWS + header + ROWS.replace("001", "002"))
    assert reading.skipped == [(6, "header"), (7, "header"), (8, "header")]
    assert reading.texts["code"].to_list() == ["00123", "00124", "00223", "00224"]


def test_a_total_with_many_figures_in_the_key_column(tmp_path: Path) -> None:
    path = tmp_path / "tram.csv"
    path.write_text(
        "Mã trạm;Tên cơ sở;Mã xã;Có hệ thống hồ sơ SKĐT;Phần mềm;Dân số quản lý;Số hồ sơ đã lập;"
        "Số hồ sơ cập nhật trong kỳ;Ghi chú\n"
        "38101;Trạm Y tế Phường Hàm Rồng;14755;có;HMIS;300;200;100;\nTổng cộng;;1;1;;300;200;100;\n"
    )
    document = open_document(path, path.name, contracts()["health_stations"])
    assert [block.texts["source_row"].to_list() for block in document.blocks()] == [[2]]
    assert [(line.row, line.why) for line in document.skipped] == [(3, "total")]


def test_quotes_that_pair_across_lines_by_chance_swallow_no_line(read: Read) -> None:
    reading = read(HEADER + '00123;"Đông;1;1;\n00124;Tây;2;2;"\n00125;Nam;9;8;\n')
    assert [row for row, _ in reading.ragged] == [2, 3]
    assert reading.column("name") == {4: "Nam"}


def test_two_header_rows_without_merged_cells(read: Read) -> None:
    reading = read("Mã thôn;Tên thôn;Hộ;;Ghi chú\n;;Số hộ;Số hộ có mạng;\n" + ROWS)
    assert reading.outside == [(1, "header"), (2, "header")]
    assert reading.column("covered") == {3: "100", 4: "75"}


def test_group_header_tells_equal_headers_apart(read: Read) -> None:
    reading = read("Mã thôn;Tên thôn;Mạng;Hộ;Ghi chú\n;;Tổng số;Tổng số;\n" + ROWS)
    assert reading.column("covered") == {3: "120", 4: "80"}
    assert reading.column("households") == {3: "100", 4: "75"}


@pytest.mark.parametrize("size", [50, 333, 4096])
def test_records_are_the_same_whatever_the_block_size(read: Read, size: int) -> None:
    content = HEADER + "".join(
        f'{number:05d};"Thôn\n{number}";5;4;\n{number + 1:05d};Bản;6;6;\n\n' for number in range(1, 400, 2)
    )
    whole, blocks = read(content), read(content, block_bytes=size)
    assert len(blocks.blocks) > 1
    assert blocks.texts.equals(whole.texts)
    assert blocks.skipped == whole.skipped
    assert blocks.outside == whole.outside
    assert whole.column("name")[2] == "Thôn 1"
    assert len(whole.texts) == 400


@pytest.mark.parametrize(
    ("end", "row"),
    [
        ("001", 4),
        ("00125;Nam;9", 4),
        ("00125;Nam;9;8", 4),
        ('00125;"Nam', 4),
        ('"001', 4),
        ('00125;Nam;9;8;"xong', 4),
        ('00125;Nam;9;8;"dòng 1\ndòng 2', 5),
        ("00125;Nam;9;8;Đ".encode()[:-1], 4),
        ("\nTổng cộng;;200;175;\nNgười lập\nLê Thị Mẫ".encode()[:-1], 7),
    ],
    ids=[
        "within the key",
        "within a number",
        "before the last cell",
        "within a quoted cell",
        "within a quoted key",
        "within the last cell, which is quoted",
        "within a quoted cell of two lines",
        "within a letter",
        "within a letter of the footer",
    ],
)
def test_a_file_that_breaks_off_is_refused(read: Read, end: str | bytes, row: int) -> None:
    with pytest.raises(FileRejected) as rejected:
        read((HEADER + ROWS).encode() + (end if isinstance(end, bytes) else end.encode()))
    assert rejected.value.code == "incomplete-file"
    assert rejected.value.details["row"] == str(row)


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_a_file_breaks_off_whatever_its_line_ends(read: Read, newline: str) -> None:
    with pytest.raises(FileRejected, match="incomplete-file"):
        read((HEADER + ROWS + "00125;Nam").replace("\n", newline))


@pytest.mark.parametrize("end", ["\n00125", "0"])
def test_a_utf16_file_of_an_odd_number_of_bytes_breaks_off(read: Read, end: str) -> None:
    with pytest.raises(FileRejected, match="incomplete-file"):
        read(("\ufeff" + HEADER + ROWS + end).encode("utf-16-le")[:-1])


@pytest.mark.parametrize(
    ("end", "rows", "ragged"),
    [
        ("00125;Nam;9;8;", [2, 3, 4], []),
        ("00125;Nam;9;8;xon", [2, 3, 4], []),
        ("00125;Nam;9;8;;thừa", [2, 3], [4]),
        ('00125;Nam;9;8;"dòng 1\ndòng 2"', [2, 3, 4], []),
        ('00125;Nam;9;8;"dòng 1\n"', [2, 3, 4], []),
        ('00125;"Nam;9;8;\n00126;Bắc;1;1;', [2, 3, 5], [4]),
        ("Tổng cộng;;200;175", [2, 3], []),
        ("Xã Đông", [2, 3], []),
        ("Người lập\nLê Thị Mẫu", [2, 3], []),
        ("  ", [2, 3], []),
    ],
    ids=[
        "record",
        "record, its last text short",
        "too many cells",
        "quoted cell of two lines",
        "quote on a line of its own",
        "record after a stray quote",
        "total",
        "group",
        "footer",
        "blank",
    ],
)
def test_a_last_line_without_line_end_may_be_whole(
    read: Read, end: str, rows: list[int], ragged: list[int]
) -> None:
    for size in (None, 16):
        reading = read(HEADER + ROWS + end, block_bytes=size)
        assert list(reading.texts["source_row"]) == rows
        assert [row for row, _ in reading.ragged] == ragged


def test_a_header_without_line_end_is_no_broken_record(read: Read) -> None:
    assert read(HEADER.strip()).blocks == []


@pytest.mark.parametrize(("end", "whole"), [("HS-0", False), ("HS", False), ("Hà Nam", True), ("XII", True)])
def test_a_lone_text_at_the_end_may_be_the_beginning_of_a_key(
    tmp_path: Path, column: Callable[..., Any], make_contract: Callable[..., Contract], end: str, whole: bool
) -> None:
    contract = make_contract(
        column("code", label="Mã hồ sơ", key=True, pattern="^[A-Z]{2}-[0-9]{4}$"),
        column("name", label="Tên thôn"),
        column("households", "integer", "Số hộ"),
        column("covered", "integer", "Số hộ có mạng"),
    )
    path = tmp_path / "thon.csv"
    path.write_text(f"Mã hồ sơ;Tên thôn;Số hộ;Số hộ có mạng\nHS-0001;Đông;5;4\n{end}")
    document = open_document(path, path.name, contract)
    blocks = document.blocks()
    assert next(blocks).texts["code"].to_list() == ["HS-0001"]
    if whole:
        list(blocks)
        assert (document.outside[-1].row, document.outside[-1].why) == (3, "footer")
    else:
        with pytest.raises(FileRejected, match="incomplete-file"):
            list(blocks)


@pytest.mark.parametrize(("damaged", "known"), [(1, True), (2, True), (3, False)])
def test_a_file_is_utf8_as_long_as_no_more_than_half_of_its_lines_are_damaged(
    tmp_path: Path, damaged: int, known: bool
) -> None:
    path = tmp_path / "thon.csv"
    path.write_bytes(b"a;b\n" * 9 + "đ;ế\n".encode() * (4 - damaged) + b"\xff;\xfe\n" * damaged)
    if known:
        assert detect_encoding(path).name == "utf-8"
    else:
        with pytest.raises(FileRejected, match="unknown-encoding"):
            detect_encoding(path)


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thon.csv"
    path.write_bytes(b"a" * 3_000_000)
    with pytest.raises(FileRejected) as rejected:
        list(line_blocks(path, Encoding("utf-8", 0, "\n"), 500_000))
    assert rejected.value.details["kind"] == "endless-line"


def test_the_first_blocks_are_small_and_grow(tmp_path: Path) -> None:
    path = tmp_path / "thon.csv"
    path.write_bytes(b"a;b\n" * 100)
    blocks = list(line_blocks(path, Encoding("utf-8", 0, "\n"), 160, 20))
    assert [block.count for block in blocks] == [5, 10, 20, 40, 25, 0]
    assert [block.first for block in blocks] == [1, 6, 16, 36, 76, 101]


def test_plain_ascii_is_utf8(tmp_path: Path) -> None:
    path = tmp_path / "thon.csv"
    path.write_bytes(b"a;b\r\n1;2\r\n")
    assert detect_encoding(path) == Encoding("utf-8", 0, "\n")


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\0\ufffd"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=6))
def test_properly_quoted_records_come_back_whole(rows: list[list[str]]) -> None:
    text = "\n".join(";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    records, used = read_records(text.split("\n"), 1, ";", last=True, width=3)
    assert [list(record.cells) for record in records] == rows
    assert all(record.sound for record in records)
    assert used == len(text.split("\n"))


@given(st.text(max_size=60))
def test_any_line_can_be_split(line: str) -> None:
    cells = split_line(line, ";")
    assert cells in ("open", "broken") or ";".join(cells).replace('"', "") == line.replace('"', "")


@given(st.text('ab;"\n', max_size=80))
def test_no_line_is_lost(text: str) -> None:
    lines = text.split("\n")
    records, used = read_records(lines, 1, ";", last=True, width=2)
    assert used == len(lines)
    starts = [record.row for record in records]
    assert starts == sorted(set(starts))
    assert starts[0] == 1
