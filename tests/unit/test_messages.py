"""The sentences for people: complete, the same in both languages, and never a crash."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import pytest

from dxpipeline.contracts import contracts
from dxpipeline.messages import (
    LANGUAGES,
    Language,
    MissingDetail,
    as_shown,
    catalogue,
    codes,
    in_language,
    issue_codes,
    issue_sentence,
    label,
    plain_sentence,
    sentence,
    skip_reason,
    verdict_label,
)
from dxpipeline.quality.suite import FILE_CODES, ROW_CODES

REASONS = [
    "empty-file",
    "unreadable-file",
    "unknown-encoding",
    "incomplete-file",
    "no-table",
    "no-rows",
    "missing-column",
    "duplicate-column",
    "no-period",
    "contradicting-periods",
    "wrong-period-kind",
    "broken-suite",
    "broken-contract",
    "unknown-folder",
    "unknown-feed",
    "wrong-department",
    "misplaced-file",
    "would-lose-keys",
    "period-locked",
    "no-row-accepted",
    "cross-check-disagreement",
    "processing-failed",
    "not-a-file",
    "too-large",
    "duplicate",
]
KINDS = [
    "encrypted",
    "damaged",
    "html",
    "xml",
    "xml-spreadsheet",
    "ods",
    "xlsb",
    "document",
    "presentation",
    "pdf",
    "image",
    "archive",
    "binary",
    "endless-line",
]


@pytest.fixture(autouse=True)
def _no_sentence_without_its_details() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", MissingDetail)
        yield


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    vietnamese, english = catalogue("vi"), catalogue("en")
    assert vietnamese.keys() == english.keys()
    for section, messages in vietnamese.items():
        assert messages.keys() == english[section].keys(), section
        for key, message in messages.items():
            other = english[section][key]
            assert message.placeholders == other.placeholders, f"{section}.{key}"
            assert message.required == other.required, f"{section}.{key}"
            assert (message.plain is None) == (other.plain is None), f"{section}.{key}"


def test_no_message_has_a_bracket_or_brace_that_is_not_closed() -> None:
    for language in LANGUAGES:
        for section, messages in catalogue(language).items():
            for key, message in messages.items():
                left = re.sub(r"\{[a-z_0-9]+\}|\[[^\[\]]*\]", "", message.text) + (message.plain or "")
                assert not re.search(r"[\[\]{}]", left), f"{language} {section}.{key}"


@pytest.mark.parametrize("section", ["issues", "reasons", "notes"])
def test_a_sentence_that_needs_details_has_a_plain_one_beside_it(section: str) -> None:
    for language in LANGUAGES:
        for key, message in catalogue(language)[section].items():
            if message.required and key != "and-more":
                assert message.plain, f"{language} {section}.{key}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_the_pipeline_gives_has_a_sentence(language: Language) -> None:
    known = catalogue(language)
    assert known["issues"].keys() >= ROW_CODES
    assert set(REASONS) <= known["reasons"].keys()
    assert ROW_CODES | FILE_CODES | set(REASONS) <= codes()
    assert issue_codes() == known["titles"].keys()
    assert set(KINDS) <= known["kinds"].keys()


def test_the_sections_of_sentences_share_no_code() -> None:
    sections = [set(catalogue("vi")[name]) for name in ("issues", "reasons", "notes")]
    assert len(set.union(*sections)) == sum(map(len, sections))


def test_a_missing_column_is_named_by_its_label_and_its_own_name() -> None:
    text = sentence("missing-column", columns="it_level", labels="Mức ứng dụng CNTT")
    assert "it_level" in text
    assert "Mức ứng dụng CNTT" in text
    assert "Mức ứng dụng CNTT" in sentence(
        "missing-column", "en", columns="it_level", labels="Mức ứng dụng CNTT"
    )


def test_an_optional_part_is_left_out_without_its_detail() -> None:
    assert "Có thể là" not in sentence("unknown-feed", folder="so-y-te/benh_vien")
    assert "Có thể là: smart_hospitals." in sentence("unknown-feed", suggestion="smart_hospitals")
    assert "Có thể là" not in sentence("unknown-feed", suggestion="")


def test_a_missing_detail_is_an_error_in_tests() -> None:
    with pytest.raises(MissingDetail, match="missing-column was written without columns, labels"):
        sentence("missing-column")


def test_a_missing_detail_gives_a_clerk_the_plain_sentence() -> None:
    with pytest.warns(MissingDetail):
        text = sentence("would-lose-keys", lost="30")
    assert text == plain_sentence("would-lose-keys")
    assert "đính chính" in text
    with pytest.warns(MissingDetail):
        assert label("receipt", "row") == "Dòng …"


def test_an_unknown_code_gives_a_sentence_that_names_it() -> None:
    with pytest.warns(MissingDetail, match="no-such-code"):
        assert "no-such-code" in sentence("no-such-code")
    with pytest.warns(MissingDetail):
        assert label("receipt", "no_such_label") == "no_such_label"


def test_kinds_and_frequencies_are_told_in_words() -> None:
    assert "tệp có mật khẩu" in sentence("unreadable-file", kind="encrypted", file="a.xlsx")
    assert "it has a password" in sentence("unreadable-file", "en", kind="encrypted")
    assert "martian" not in sentence("unreadable-file", kind="martian")
    assert "mẫu báo cáo theo quý" in sentence("wrong-period-kind", found="Tháng 3/2021", expected="quarterly")


def test_periods_that_disagree_are_both_named() -> None:
    text = sentence("contradicting-periods", title="Quý I/2021", name="Quý II/2021")
    assert "trong bảng ghi Quý I/2021" in text
    assert "tên tệp ghi Quý II/2021" in text
    assert "tên tệp" not in sentence("contradicting-periods", title="Quý I/2021, Quý II/2021", name="")


def test_what_a_value_holds_is_never_read_as_part_of_the_text() -> None:
    text = sentence("bad-date", column="{value}", value="[{column}] \\1")
    assert "Cột “{value}”: “[{column}] \\1”" in text


def test_values_are_shown_as_one_line_without_marks_that_turn_the_writing() -> None:
    assert as_shown("a\u202eb\n\tc\x00") == "ab c"
    assert as_shown("2021-04-19") == "19/04/2021"
    assert as_shown("x" * 1000, 10) == "xxxxxxxxx…"
    assert as_shown(None) == ""


def test_an_issue_names_its_column_by_the_label_shows_the_value_and_says_how_to_mend() -> None:
    contract = contracts()["smart_hospitals"]
    issue = {"code": "out-of-range", "column_name": "his_level", "value": "9", "details": '{"limit": "1–7"}'}
    text = issue_sentence(contract, issue)
    assert text.startswith("Cột “HIS”: “9” nằm ngoài phạm vi cho phép (1–7). Hãy kiểm tra và sửa lại.")
    assert "Quy định: Mức phần mềm quản lý bệnh viện (HIS), 1-7." in text
    english = issue_sentence(contract, issue, "en")
    assert english.startswith("Column “HIS”: “9” is outside the allowed range (1–7).")
    assert "Level of the hospital information system, 1-7." in english


def test_the_reason_of_a_rule_goes_before_the_description_of_the_column() -> None:
    issue = {
        "code": "inconsistent-values",
        "column_name": "villages_4g",
        "value": "9",
        "details": {"why": "Không vượt tổng số thôn.", "other_column": "villages_total", "other_value": "7"},
    }
    text = issue_sentence(contracts()["broadband_coverage"], issue)
    assert "(cột “Số thôn, bản, tổ dân phố” ghi 7)" in text
    assert text.endswith("Quy định: Không vượt tổng số thôn.")


@pytest.mark.parametrize(
    ("column", "code", "expected"),
    [
        ("lis_level", "not-in-list", "chưa, cơ bản, nâng cao"),
        ("security_met", "not-in-list", "có, không"),
        ("his_level", "bad-number", "một số nguyên, ví dụ 1234"),
        ("hospital_code", "bad-format", "Thanh Hóa bắt đầu bằng 38"),
    ],
)
def test_a_sentence_says_what_the_column_expects(column: str, code: str, expected: str) -> None:
    issue = {"code": code, "column_name": column, "value": "?", "details": None}
    assert expected in issue_sentence(contracts()["smart_hospitals"], issue)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_issue_code_makes_a_sentence_with_and_without_its_details(language: Language) -> None:
    for contract in (contracts()["broadband_coverage"], None):
        for code in issue_codes():
            for column in ("commune_code", None):
                for value in ("12", None):
                    issue = {"code": code, "column_name": column, "value": value, "details": None}
                    text = issue_sentence(contract, issue, language)
                    assert not re.search(r"[\[\]{}]|None|  ", text), text
                    assert text.endswith((".", "!")), text
                    assert not text.startswith(("=", "+", "-", "@")), text


def test_an_issue_without_contract_still_names_its_column() -> None:
    issue = {"code": "missing-value", "column_name": "his_level", "value": None, "details": None}
    assert "“his_level”" in issue_sentence(None, issue)


def test_a_rule_over_the_whole_file_has_no_column_to_name() -> None:
    assert sentence("out-of-range", observed="3", limit="≥ 10") == plain_sentence("out-of-range")


@pytest.mark.parametrize(
    ("verdict", "vietnamese", "english"),
    [
        ("accepted", "ĐÃ NHẬN", "ACCEPTED"),
        ("accepted_with_warnings", "ĐÃ NHẬN, CÓ CẢNH BÁO", "ACCEPTED WITH WARNINGS"),
        ("partially_accepted", "NHẬN MỘT PHẦN", "PARTIALLY ACCEPTED"),
        ("rejected", "KHÔNG NHẬN", "REJECTED"),
        ("duplicate", "TRÙNG, ĐÃ NHẬN TRƯỚC ĐÓ", "DUPLICATE, RECEIVED BEFORE"),
    ],
)
def test_verdicts_in_words(verdict: str, vietnamese: str, english: str) -> None:
    assert verdict_label(verdict) == vietnamese
    assert verdict_label(verdict, "en") == english


def test_reasons_to_skip_a_row_are_told_in_words() -> None:
    for why in ("group", "total", "blank", "header", "superseded-in-file"):
        assert skip_reason(why) != why
        assert skip_reason(why, "en") != skip_reason(why)


def test_a_text_in_both_languages_gives_the_half_asked_for() -> None:
    assert in_language("Ngày đánh giá. / Day assessed.", "vi") == "Ngày đánh giá."
    assert in_language("Ngày đánh giá. / Day assessed.", "en") == "Day assessed."
    assert in_language("một nửa", "en") == "một nửa"
