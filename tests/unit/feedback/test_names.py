"""Names in the outbox: the clerk's own first, and safe wherever the file is opened."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from dxpipeline.feedback.names import LONGEST_NAME, marked_name, number, receipt_name, safe_part, waiting_name


def test_a_receipt_is_named_by_file_verdict_and_number(answers: Any) -> None:
    assert receipt_name(answers.partial()) == "BC benh vien quy 2 nam 2021.xlsx - NHẬN MỘT PHẦN - 000123.html"
    assert waiting_name("Bao cao.xlsx", 5) == "Bao cao.xlsx - đang xử lý - 000005.txt"


@pytest.mark.parametrize(
    ("file_name", "sheet", "expected"),
    [
        ("bao cao.xlsx", "Biểu", "bao cao - cần sửa - 000123.xlsx"),
        ("bao cao.xls", "Biểu", "bao cao - cần sửa - 000123.xlsx"),
        ("bao cao.csv", None, "bao cao - cần sửa - 000123.csv"),
        ("bao cao.TXT", None, "bao cao - cần sửa - 000123.TXT"),
        ("that ra la csv.xlsx", None, "that ra la csv - cần sửa - 000123.csv"),
        ("bao cao Q2.2021", None, "bao cao Q2 - cần sửa - 000123.csv"),
        ("bao cao - cần sửa - 000077.xlsx", "Biểu", "bao cao - cần sửa - 000123.xlsx"),
    ],
)
def test_a_marked_copy_is_named_by_what_it_is(
    answers: Any, file_name: str, sheet: str | None, expected: str
) -> None:
    answer = answers.partial(file_name=file_name)
    layouts = tuple(replace(layout, sheet=sheet) for layout in answer.layouts)
    assert marked_name(replace(answer, layouts=layouts)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("../../etc/passwd", "_.._.._etc_passwd"),
        ("C:\\bao*cao?.xlsx", "C__bao_cao_.xlsx"),
        ("-rf.xlsx", "_-rf.xlsx"),
        (".hidden", "_.hidden"),
        ("~$bao cao.xlsx", "_~$bao cao.xlsx"),
        ("=cmd.csv", "_=cmd.csv"),
        ("bao\ncao\t.xlsx", "bao cao .xlsx"),
        ("bao\x00\x07cao.xlsx", "baocao.xlsx"),
        ("bao \u202excod.exe", "bao xcod.exe"),
        ("\u2066a\u2069\u200b.xlsx", "a.xlsx"),
        ("con.xlsx", "_con.xlsx"),
        ("<script>.csv", "_script_.csv"),
        ("\udce9.csv", "_.csv"),
        ("", "_"),
        ("Ho\u0300a.xlsx", "H\u00f2a.xlsx"),
    ],
)
def test_a_name_loses_what_is_dangerous(given: str, expected: str) -> None:
    assert safe_part(given) == expected


@pytest.mark.parametrize("letter", ["a", "ệ", "漢", "😀", "e\u0323\u0302"])
@pytest.mark.parametrize("length", [60, 200, 255, 1000])
def test_a_name_fits_255_bytes_and_keeps_ending_verdict_and_number(
    answers: Any, letter: str, length: int
) -> None:
    answer = answers.partial(file_name=letter * length + ".xlsx", verdict="duplicate")
    for name, ending in (
        (receipt_name(answer), ".xlsx - TRÙNG, ĐÃ NHẬN TRƯỚC ĐÓ - 000123.html"),
        (marked_name(answer), " - cần sửa - 000123.xlsx"),
        (waiting_name(answer.file_name, 123), ".xlsx - đang xử lý - 000123.txt"),
    ):
        assert len(name.encode("utf-8")) <= LONGEST_NAME
        assert name.endswith(ending)
        assert name == unicodedata.normalize("NFC", name)
        assert name.startswith(unicodedata.normalize("NFC", letter))


def test_numbers_have_six_digits_and_more_when_needed() -> None:
    assert number(7) == "000007"
    assert number(12_345_678) == "12345678"
