"""The checker: which rows are refused, with which reasons, and what only the end of a file shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from dxpipeline.contracts import contracts
from dxpipeline.messages import issue_sentence
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.issues import MASK, shown
from dxpipeline.quality.model import ISSUE_SCHEMA
from dxpipeline.quality.suite import Rule, Suite
from dxpipeline.reading.model import Block

Record = dict[str, str | None]
MakeBlock = Callable[..., Block]
MakeChecker = Callable[..., Checker]
IssuesOf = Callable[[pl.DataFrame], list[tuple[Any, ...]]]


def accepted(rows: pl.DataFrame) -> list[int]:
    return rows.filter("accepted")["source_row"].to_list()


def test_good_records_are_typed_and_accepted(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    block = make_checker("health_stations").check(make_block([good["health_stations"]]))
    assert block.issues.is_empty()
    assert block.issues.schema == ISSUE_SCHEMA
    assert block.rows.row(0, named=True) == {
        "sheet": "Biểu",
        "source_row": 10,
        "station_code": "38101",
        "station_name": "Trạm Y tế phường Hàm Rồng",
        "commune_code": "14755",
        "has_ehr_system": True,
        "software_name": "HIS",
        "population_managed": 3000,
        "records_created": 2000,
        "records_updated": 300,
        "accepted": True,
        "superseded": False,
    }
    assert block.derived.row(0, named=True) == {"commune_in_force": True}


def test_every_reason_of_a_bad_row_is_reported(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    bad = {
        **good["smart_hospitals"],
        "hospital_name": None,
        "lis_level": "tốt",
        "his_level": "9",
        "it_level": "8",
    }
    block = make_checker("smart_hospitals").check(
        make_block([good["smart_hospitals"] | {"hospital_code": "38002"}, bad])
    )
    assert accepted(block.rows) == [10]
    assert sorted(issues_of(block.issues)) == [
        (11, "his_level", "out-of-range", "critical"),
        (11, "hospital_name", "missing-value", "critical"),
        (11, "it_level", "inconsistent-values", "warning"),
        (11, "it_level", "out-of-range", "critical"),
        (11, "lis_level", "not-in-list", "critical"),
    ]


def test_a_warning_keeps_its_row(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    block = make_checker("smart_hospitals").check(make_block([{**good["smart_hospitals"], "it_level": "7"}]))
    assert issues_of(block.issues) == [(10, "it_level", "inconsistent-values", "warning")]
    assert accepted(block.rows) == [10]
    assert json.loads(block.issues["details"][0]) == {"other_value": "4", "limit": "≤ 4"}


def test_a_limit_of_a_derived_column_is_told_in_words_not_as_one_of_the_cell(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    record = {**good["st_enterprises"], "certified_on": "01/03/2014", "st_revenue_vnd_m": "200"}
    block = make_checker("st_enterprises").check(make_block([record]))
    assert issues_of(block.issues) == [(10, "st_revenue_vnd_m", "out-of-range", "warning")]
    rule = "Doanh nghiệp được chứng nhận hơn 5 năm cần có ít nhất 30 % doanh thu từ sản phẩm KH&CN"
    assert json.loads(block.issues["details"][0]) == {"why": rule}
    sentence = issue_sentence(contracts()["st_enterprises"], block.issues.row(0, named=True))
    assert sentence.startswith(
        "Cột “Doanh thu từ sản phẩm KH&CN (triệu đồng)”: “200” nằm ngoài phạm vi cho phép."
    )
    assert sentence.endswith(f"Quy định: {rule}.")


def test_an_unreadable_cell_reports_only_that(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    records = [
        {**good["health_stations"], "population_managed": "chưa rõ"},
        {**good["health_stations"], "station_code": "38102", "software_name": "#REF!"},
    ]
    block = make_checker("health_stations").check(make_block(records))
    # A rule requires software_name here, the contract population_managed; neither is said to be missing.
    assert issues_of(block.issues) == [
        (10, "population_managed", "bad-number", "critical"),
        (11, "software_name", "formula-error", "critical"),
    ]
    assert block.issues["value"].to_list() == ["chưa rõ", "#REF!"]


def test_an_absent_optional_column_is_empty(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    record = {name: text for name, text in good["smart_hospitals"].items() if name != "paperless_on"}
    block = make_checker("smart_hospitals").check(make_block([record]))
    assert block.rows["paperless_on"].to_list() == [None]
    assert accepted(block.rows) == [10]


def test_a_ragged_record_is_refused_as_a_whole(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    records = [good["health_stations"], {**good["health_stations"], "station_code": "38102"}]
    block = make_checker("health_stations").check(make_block(records, first_row=4, ragged=[(2, 9), (6, 1)]))
    assert block.rows["source_row"].to_list() == [4, 5]
    assert block.rows["accepted"].to_list() == [True, True]
    assert block.ragged.rows() == [("Biểu", 2), ("Biểu", 6)]
    assert [
        (row["source_row"], row["column_name"], row["code"], row["details"])
        for row in block.issues.to_dicts()
    ] == [
        (2, None, "ragged-row", '{"cells": "9"}'),
        (6, None, "ragged-row", '{"cells": "1"}'),
    ]


def test_all_copies_of_a_key_are_refused_also_across_blocks(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    def stations(*codes: str | None) -> list[Record]:
        return [{**good["health_stations"], "station_code": code} for code in codes]

    checker = make_checker("health_stations")
    first = checker.check(make_block(stations("38101", "38102", "38103", "38103"), first_row=2))
    second = checker.check(make_block(stations("38104", "38101", None, None), first_row=6))
    findings = checker.finish()
    assert accepted(first.rows) == [2, 3]
    assert accepted(second.rows) == [6]
    assert issues_of(second.issues) == [
        (7, "station_code", "duplicate-key", "critical"),
        (8, "station_code", "missing-value", "critical"),
        (9, "station_code", "missing-value", "critical"),
    ]
    assert issues_of(findings.issues) == [(2, "station_code", "duplicate-key", "critical")]
    assert findings.late_quarantined.to_dicts() == [{"sheet": "Biểu", "source_row": 2}]
    assert findings.superseded.is_empty()
    assert findings.rejected_by is None


def test_a_key_of_several_columns_repeats_where_all_of_them_do_and_the_sentence_names_them(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    services = [
        {**good["smart_city"], "urban_area_code": area, "service": service}
        for area, service in (("DT01", "y tế"), ("DT01", "du lịch"), ("DT02", "y tế"), ("DT01", "Y tế"))
    ]
    checked = make_checker("smart_city", period="2021-H1").check(make_block(services))
    assert accepted(checked.rows) == [11, 12]
    assert issues_of(checked.issues) == [
        (10, "urban_area_code", "duplicate-key", "critical"),
        (13, "urban_area_code", "duplicate-key", "critical"),
    ]
    assert issue_sentence(contracts()["smart_city"], checked.issues.row(0, named=True)).startswith(
        "Cột “Mã đô thị”: “DT01” xuất hiện nhiều lần trong tệp với cùng “Dịch vụ” (cũng ở dòng 13). "
    )


def test_a_row_that_its_block_refused_is_not_refused_again_at_the_end(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    checker = make_checker("health_stations")
    first = checker.check(make_block([{**good["health_stations"], "population_managed": "-1"}], sheet=None))
    second = checker.check(make_block([good["health_stations"]], first_row=11, sheet=None))
    findings = checker.finish()
    assert accepted(first.rows) + accepted(second.rows) == []
    assert issues_of(findings.issues) == [(10, "station_code", "duplicate-key", "critical")]
    assert findings.late_quarantined.is_empty()


def test_numbers_follow_the_style_that_earlier_blocks_proved(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    def station(code: str, population: str) -> list[Record]:
        return [{**good["health_stations"], "station_code": code, "population_managed": population}]

    checker = make_checker("health_stations")
    assert issues_of(checker.check(make_block(station("38101", "3.000"))).issues) == [
        (10, "population_managed", "ambiguous-number", "critical")
    ]
    checker = make_checker("health_stations")
    checker.check(make_block(station("38101", "1.003.000")))
    assert checker.check(make_block(station("38102", "3.000"))).rows["population_managed"].to_list() == [3000]


def test_an_empty_block_has_no_rows_and_no_issues(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    block = make_block([good["health_stations"]])
    empty = Block(block.sheet, block.texts.clear(), None, block.ragged)
    checked = make_checker("health_stations").check(empty)
    assert checked.rows.is_empty()
    assert checked.issues.is_empty()


def test_personal_cells_are_masked_wherever_they_are_shown(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    contract = contracts()["health_stations"]
    columns = tuple(
        replace(column, classification="personal")
        if column.name in ("station_code", "population_managed", "records_created")
        else column
        for column in contract.columns
    )
    personal = replace(contract, columns=columns)
    assert personal.by_name["station_code"].personal
    record = {**good["health_stations"], "population_managed": "-5", "records_updated": "2001"}
    block = make_checker("health_stations", contract=personal).check(make_block([record, record]))
    told = block.issues.write_json()
    assert {
        row["value"]
        for row in block.issues.to_dicts()
        if row["column_name"] in ("station_code", "population_managed")
    } == {MASK}
    assert "38101" not in told
    assert "-5" not in told
    assert "2000" not in told


def test_a_shown_cell_is_cut_after_two_hundred_characters() -> None:
    column = contracts()["health_stations"].by_name["station_name"]
    assert shown("x" * 200, column) == "x" * 200
    assert shown("x" * 201, column) == "x" * 200 + "…"
    assert shown(None, replace(column, classification="personal")) is None


def suite_of(*rules: Rule) -> Suite:
    return Suite("health_stations", rules, "0", Path("health_stations.json"))


def rule(type_: str, severity: Any = "critical", code: str = "inconsistent-values", **kwargs: Any) -> Rule:
    return Rule(type_, f"expect_{type_}", kwargs, severity, code, "records_created", "", ())


def test_a_file_rule_judges_the_figures_of_all_blocks(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    total = rule("column_sum_to_be_between", column="records_created", max_value=3999)
    rows = rule("table_row_count_to_equal", "warning", value=3)
    checker = make_checker("health_stations", suite=suite_of(total, rows))
    checker.check(make_block([good["health_stations"]]))
    checker.check(make_block([{**good["health_stations"], "station_code": "38102"}], first_row=11))
    findings = checker.finish()
    assert findings.rejected_by == ("inconsistent-values", {"observed": "4000", "limit": "≤ 3999"})
    assert [(row["source_row"], row["severity"], row["rule"]) for row in findings.issues.to_dicts()] == [
        (None, "critical", total.id),
        (None, "warning", rows.id),
    ]
    assert findings.late_quarantined.is_empty()
    assert [(one["success"], one["result"]) for one in findings.results] == [
        (False, {"observed_value": 4000}),
        (False, {"observed_value": 2}),
    ]


def test_a_uniqueness_rule_is_decided_over_the_whole_file(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, issues_of: IssuesOf
) -> None:
    unique = rule("compound_columns_to_be_unique", "warning", column_list=["station_name", "commune_code"])
    checker = make_checker("health_stations", suite=suite_of(unique))
    first = checker.check(make_block([good["health_stations"]]))
    second = checker.check(make_block([{**good["health_stations"], "station_code": "38102"}], first_row=11))
    findings = checker.finish()
    assert issues_of(second.issues) == [(11, "records_created", "inconsistent-values", "warning")]
    assert issues_of(findings.issues) == [(10, "records_created", "inconsistent-values", "warning")]
    assert findings.late_quarantined.is_empty()
    assert accepted(first.rows) + accepted(second.rows) == [10, 11]
    assert findings.results[0]["result"]["unexpected_count"] == 2


def test_results_count_the_whole_file_in_the_format_of_great_expectations(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    limit = rule("column_values_to_be_between", column="records_created", max_value=1999)
    checker = make_checker("health_stations", suite=suite_of(limit))
    for number in range(4):
        record = {
            **good["health_stations"],
            "station_code": f"3810{number}",
            "records_created": str(1998 + number),
        }
        checker.check(make_block([record], first_row=10 + number))
    assert checker.finish().results == (
        {
            "rule": limit.id,
            "success": False,
            "expectation_config": {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "records_created", "max_value": 1999},
                "severity": "critical",
                "meta": {"code": "inconsistent-values", "column": "records_created"},
            },
            "result": {"element_count": 4, "unexpected_count": 2, "unexpected_percent": 50.0},
        },
    )


def test_what_is_kept_between_blocks_grows_with_the_bad_rows_only(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    checker = make_checker("health_stations")
    for number in range(5):
        record = {**good["health_stations"], "station_code": f"3810{number}"}
        checker.check(make_block([record], first_row=10 + number))
    assert checker._refused == []
    checker.check(make_block([{**good["health_stations"], "station_code": None}], first_row=20))
    assert [frame.height for frame in checker._refused] == [1]
    upsert = make_checker("health_records")
    upsert.check(make_block([{**good["health_records"], "record_id": None}]))
    assert upsert._refused == []
