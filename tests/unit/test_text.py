"""Vietnamese text: one spelling to store, foldings to compare."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.text import clean, closest, fold, fold_tone

TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("aoeuy ĐđầồễựHà\u0300\u0301\u0323\u0302\u031b\u200b\ufeff\u00a0\t\n\u00ad"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=30,
)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Bệnh   viện\u00a0Nhi \t", "Bệnh viện Nhi"),
        (unicodedata.normalize("NFD", "Thường Xuân"), "Thường Xuân"),
        ("\ufeffMã\u200b xã\u00ad", "Mã xã"),
        ("Ha\u200b\u0300m Rồng", "Hàm Rồng"),
        ("xã\u202e", "xã"),
        ("a\r\nb\u2003c", "a b c"),
        (" \u00a0\u200b ", ""),
    ],
)
def test_stored_text_has_one_spelling(typed: str, stored: str) -> None:
    assert clean(typed) == stored


@given(TEXTS)
def test_cleaning_is_final_and_leaves_composed_text_without_blanks_at_its_ends(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned


@given(TEXTS)
def test_composed_and_decomposed_writing_is_the_same_text(text: str) -> None:
    for function in (clean, fold, fold_tone):
        assert function(unicodedata.normalize("NFD", text)) == function(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Hòa", "Hoà"), ("Thủy", "Thuỷ"), ("Hoằng Hóa", "HOẰNG HOÁ"), ("Quảng Xương", "quảng xương")],
)
def test_the_place_of_the_tone_mark_does_not_matter(one: str, other: str) -> None:
    assert fold_tone(one) == fold_tone(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hóa", "Hòa"),
        ("Hoa", "Hòa"),
        ("Đông", "Dông"),
        ("Đồng", "Đòng"),
        ("Tân", "Tăn"),
        ("Hà Hòa", "Hạ Hóa"),
    ],
)
def test_the_tone_and_the_letter_do_matter(one: str, other: str) -> None:
    assert fold_tone(one) != fold_tone(other)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Số thôn, bản, tổ dân phố", "so thon ban to dan pho"),
        ("ĐƠN VỊ ĐO: Triệu đồng", "don vi do trieu dong"),
        ("Doanh thu (triệu đồng)", "doanh thu trieu dong"),
        ("RIS-PACS", "ris pacs"),
        ("villages_4g", "villages 4g"),
        ("Quý I/2021", "quy i 2021"),
        ("…", ""),
    ],
)
def test_folding_leaves_plain_letters_and_digits(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(TEXTS)
def test_folding_is_final_and_plain(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert set(folded) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")


def test_the_closest_candidate_is_suggested_or_none() -> None:
    departments = ["so-y-te", "so-kh-cn", "so-tt-tt"]
    assert closest("Sở Y tế", departments) == "so-y-te"
    assert closest("so-khcn", departments) == "so-kh-cn"
    assert closest("kho bạc", departments) is None
    assert closest("x", []) is None
