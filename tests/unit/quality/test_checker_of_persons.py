"""The checker of a feed about persons: the newest version of a record stays, nothing of a person is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from dxpipeline.contracts import DerivedColumn, contracts
from dxpipeline.messages import issue_sentence
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.issues import MASK
from dxpipeline.quality.suite import Rule, Suite
from dxpipeline.reading.model import Block

Record = dict[str, str | None]
MakeBlock = Callable[..., Block]
MakeChecker = Callable[..., Checker]
IssuesOf = Callable[[pl.DataFrame], list[tuple[Any, ...]]]


def versions(good: dict[str, Record], *changes: Record) -> list[Record]:
    """Versions of one record, each a day newer than the one before it."""
    return [
        {**good["health_records"], "updated_on": f"{10 + number}/05/2021", **change}
        for number, change in enumerate(changes)
    ]


def test_of_the_versions_of_a_record_in_a_file_the_newest_is_accepted(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    checker = make_checker("health_records")
    block = checker.check(make_block(versions(good, {}, {}, {"record_id": "HS38-000000002"}), sheet=None))
    assert block.issues.is_empty()
    assert block.rows.select("source_row", "accepted", "superseded").rows() == [
        (10, False, True),
        (11, True, False),
        (12, True, False),
    ]
    older = checker.check(make_block(versions(good, {}), first_row=20, sheet=None))
    assert older.rows.select("accepted", "superseded").rows() == [(False, True)]
    newer = versions(good, {}, {}, {})[2:]
    assert checker.check(make_block(newer, first_row=30, sheet=None)).rows["accepted"].to_list() == [True]
    findings = checker.finish()
    assert findings.superseded.rows() == [(None, 11)]
    assert findings.late_quarantined.is_empty()
    assert findings.issues.is_empty()


def test_a_refused_version_supersedes_nothing(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    checker = make_checker("health_records")
    block = checker.check(make_block(versions(good, {}, {"height_cm": "15"}, {"weight_kg": "nặng"})))
    assert block.rows.select("accepted", "superseded").rows() == [
        (True, False),
        (False, False),
        (False, False),
    ]
    assert issues_of(block.issues) == [
        (11, "height_cm", "out-of-range", "critical"),
        (12, "weight_kg", "bad-number", "critical"),
    ]
    assert checker.finish().superseded.is_empty()


def test_a_version_without_key_or_day_is_refused_and_a_ragged_one_too(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    records = versions(good, {}, {"record_id": None}, {"updated_on": None}, {"updated_on": "31/02/2021"})
    block = make_checker("health_records").check(make_block(records, ragged=[(14, 3)]))
    assert block.rows["accepted"].to_list() == [True, False, False, False]
    assert block.ragged["source_row"].to_list() == [14]
    assert not block.rows["superseded"].any()
    assert [issue[1:3] for issue in issues_of(block.issues)] == [
        ("record_id", "missing-value"),
        ("updated_on", "missing-value"),
        ("updated_on", "bad-date"),
        (None, "ragged-row"),
    ]


def test_a_warning_on_a_superseded_version_is_not_reported(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    late_visit: Record = {"last_visit_on": "01/09/2021"}
    block = make_checker("health_records").check(make_block(versions(good, late_visit, late_visit)))
    assert issues_of(block.issues) == [(11, "last_visit_on", "future-date", "warning")]
    assert block.rows["accepted"].to_list() == [False, True]


def test_issues_of_a_personal_column_show_neither_its_value_nor_that_of_another(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    person = good["health_records"]
    changes: list[Record] = [
        {"citizen_id": "038090000001"},
        {"citizen_id": "038191000001"},
        {"citizen_id": "38190000001"},
        {"birth_date": "08/03/1890"},
        {"birth_date": "08/03/2090", "citizen_id": "038390000001"},
        {"insurance_number": "12345"},
        {"full_name": None},
        {"sex": "nam"},
    ]
    block = make_checker("health_records").check(make_block([{**person, **change} for change in changes]))
    assert set(block.issues["source_row"]) == set(range(10, 18))
    personal = ("birth_date", "full_name", "citizen_id", "insurance_number")
    assert set(block.issues.filter(pl.col("column_name").is_in(personal))["value"]) == {MASK, None}
    written = block.issues.write_json()
    for secret in ("1890", "2090", "0381", "38190000001", "12345", "HN238", "Mẫu"):
        assert secret not in written


def test_a_comparison_with_what_is_made_from_a_personal_column_does_not_show_it(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    contract = contracts()["health_records"]
    revealing = replace(
        contract,
        derived=(*contract.derived, DerivedColumn("earlier", "lowest", ("birth_date", "created_on"))),
    )
    rule = Rule(
        "later",
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "earlier", "column_B": "updated_on"},
        "critical",
        "inconsistent-values",
        "updated_on",
        "Thử",
        ("earlier", "updated_on"),
    )
    suite = Suite("health_records", (rule,), "0", Path("health_records.json"))
    checker = make_checker("health_records", contract=revealing, suite=suite)
    block = checker.check(make_block([good["health_records"]]))
    assert block.issues["rule"].to_list() == ["later"]
    assert block.issues["details"].to_list() == [None]


def test_a_look_up_that_fails_says_why(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    changes: list[Record] = [
        {"sex": "nam"},
        {"icd10_code": "J45.5"},
        {"icd10_code": "ZZ9.9"},
        {"commune_code": "19999"},
    ]
    records = [{**good["health_records"], **change} for change in changes]
    issues = make_checker("health_records").check(make_block(records)).issues
    sentences = [issue_sentence(contracts()["health_records"], issue) for issue in issues.to_dicts()]
    assert sentences == [
        "Cột “Số CCCD”: “•••” mâu thuẫn với ô khác của cùng dòng. Hãy đối chiếu và sửa ô ghi sai. "
        "Quy định: Chữ số thứ tư của số CCCD phải khớp với giới tính.",
        "Cột “Mã bệnh chính”: “J45.5” không có trong danh sách cho phép. Hãy ghi một trong các giá trị: "
        "J45, J45.0, J45.1, J45.8, J45.9. "
        "Quy định: Mã bệnh chính phải là mã loại hoặc phân loại của ICD-10 (WHO).",
        "Cột “Mã bệnh chính”: “ZZ9.9” không có trong danh sách cho phép. "
        "Quy định: Mã bệnh chính phải là mã loại hoặc phân loại của ICD-10 (WHO).",
        "Cột “Mã xã cư trú”: “19999” không phải là mã xã, phường, thị trấn còn hiệu lực vào ngày 10/05/2021. "
        "Hãy ghi mã còn hiệu lực.",
    ]
