"""Great Expectations checks the checker: agreement, disagreement and errors, without values."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import contracts
from dxpipeline.quality import compiler
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.cross_check import Disagreement, cross_check, sample_rows, validate
from dxpipeline.quality.model import CheckedBlock
from dxpipeline.quality.suite import Rule, Suite, load_suite
from dxpipeline.reading.model import Block

Record = dict[str, str | None]
MakeBlock = Callable[..., Block]
MakeChecker = Callable[..., Checker]
CONTRACT = contracts()["health_stations"]


@pytest.fixture
def stations(good: dict[str, Record]) -> list[Record]:
    """Good ones, bad ones and ones that cannot be read."""
    station = good["health_stations"]
    changes: list[Record] = [
        {},
        {"population_managed": "-1"},
        {"population_managed": "chưa rõ", "software_name": "#REF!"},
        {"software_name": None},
        {"records_created": "4000"},
        {"commune_code": "19999"},
        {"commune_code": None},
        {"records_updated": "2001"},
        {"station_code": "38101"},
    ]
    return [{**station, "station_code": f"381{number:02}", **change} for number, change in enumerate(changes)]


def rule(type_: str, severity: Any = "critical", **kwargs: Any) -> Rule:
    return Rule(
        type_,
        f"expect_{type_}",
        kwargs,
        severity,
        "inconsistent-values",
        "records_created",
        "",
        tuple(CONTRACT.by_name),
    )


def suite_of(*rules: Rule) -> Suite:
    return Suite("health_stations", rules, "0", Path("health_stations.json"))


def test_both_agree_on_blocks_with_every_kind_of_fault(
    stations: list[Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    checker = make_checker("health_stations")
    blocks = [
        checker.check(make_block(stations[:5], ragged=[(99, 1)])),
        checker.check(make_block(stations[5:], sheet="Biểu 2")),
    ]
    assert pl.concat([block.issues for block in blocks]).height > 8
    assert cross_check(CONTRACT, load_suite(CONTRACT), [(1, block) for block in blocks]) is None


def test_a_wrongly_compiled_rule_is_found_with_the_rows(
    stations: list[Record],
    make_block: MakeBlock,
    make_checker: MakeChecker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = dict(compiler._ROW_RULES)
    wrong["expect_column_values_to_not_be_null"] = wrong["expect_column_values_to_be_null"]
    monkeypatch.setattr(compiler, "_ROW_RULES", wrong)
    block = make_checker("health_stations").check(make_block(stations[:4]))
    found = cross_check(CONTRACT, load_suite(CONTRACT), [(7, block)])
    name = "expect_column_values_to_not_be_null(software_name)"
    assert found == Disagreement(name, ((7, "Biểu", 10), (7, "Biểu", 11)), ((7, "Biểu", 13),))
    assert str(found) == (
        f"{name}: 2 rows fail only by the compiled rule and 1 only by Great Expectations "
        "(rows 10 of submission 7, 11 of submission 7, 13 of submission 7)."
    )


def test_an_issue_that_was_lost_or_invented_is_found(
    stations: list[Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    block = make_checker("health_stations").check(make_block(stations))
    name = "expect_column_values_to_be_between(population_managed)"
    lost = replace(block, issues=block.issues.filter(pl.col("rule") != name))
    assert cross_check(CONTRACT, load_suite(CONTRACT), [(1, lost)]) == Disagreement(
        name, (), ((1, "Biểu", 11),)
    )
    moved = block.issues.with_columns(
        source_row=pl.when(pl.col("rule") == name).then(10).otherwise("source_row")
    )
    found = cross_check(CONTRACT, load_suite(CONTRACT), [(1, replace(block, issues=moved))])
    assert found == Disagreement(name, ((1, "Biểu", 10),), ((1, "Biểu", 11),))


@pytest.mark.parametrize("ignore_row_if", [None, "all_values_are_missing", "any_value_is_missing", "never"])
@pytest.mark.parametrize("conditional", [False, True])
def test_keys_may_repeat_between_submissions_but_not_inside_one(
    ignore_row_if: str | None,
    conditional: bool,
    good: dict[str, Record],
    make_block: MakeBlock,
    make_checker: MakeChecker,
) -> None:
    def comparison(parameter: int) -> dict[str, Any]:
        return {
            "type": "comparison",
            "column": {"name": "records_updated"},
            "operator": ">=",
            "parameter": parameter,
        }

    condition = {
        "type": "or",
        "conditions": [comparison(300), {"type": "and", "conditions": [comparison(200)] * 2}],
    }
    extra: dict[str, Any] = {"row_condition": condition} if conditional else {}
    ignored = {"ignore_row_if": ignore_row_if} if ignore_row_if else {}
    suite = suite_of(
        rule(
            "compound_columns_to_be_unique",
            "warning",
            column_list=["station_name", "software_name"],
            **ignored,
            **extra,
        ),
        rule("column_values_to_be_unique", "warning", column="software_name", **extra),
    )
    changes: list[Record] = [
        {},
        {"station_name": None},
        {"station_name": None},
        {"station_name": None, "software_name": None},
        {"station_name": None, "software_name": None, "records_updated": "0"},
        {"records_updated": "250"},
    ]
    batch = []
    for submission in (1, 2):
        checker = make_checker("health_stations", suite=suite)
        records = [
            {**good["health_stations"], "station_code": f"381{number:02}", **change}
            for number, change in enumerate(changes[: 3 * submission])
        ]
        batch.append((submission, checker.check(make_block(records, first_row=100 * submission))))
    assert cross_check(CONTRACT, suite, batch) is None
    # The same rows as one submission repeat more keys than were reported.
    assert cross_check(CONTRACT, suite, [(1, block) for _, block in batch]) is not None


def test_a_key_that_repeats_across_blocks_is_found_in_the_findings(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    suite = suite_of(rule("column_values_to_be_unique", column="station_name"))
    checker = make_checker("health_stations", suite=suite)
    first = checker.check(make_block([good["health_stations"]]))
    second = checker.check(make_block([{**good["health_stations"], "station_code": "38102"}], first_row=11))
    findings = {1: checker.finish()}
    assert cross_check(CONTRACT, suite, [(1, first), (1, second)], findings) is None
    assert cross_check(CONTRACT, suite, [(1, first), (1, second)]) is not None
    assert cross_check(CONTRACT, suite, [(1, second)], findings) is not None
    assert cross_check(CONTRACT, suite, [(1, second)], findings, sample=True) is None


def test_an_expectation_that_great_expectations_cannot_decide_is_a_disagreement(
    good: dict[str, Record],
    make_block: MakeBlock,
    make_checker: MakeChecker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    block = make_checker("health_stations").check(make_block([good["health_stations"]]))
    not_accepted = rule("column_value_lengths_to_equal", column="station_name", value="five")
    found = cross_check(CONTRACT, suite_of(not_accepted), [(1, block)])
    assert found == Disagreement(not_accepted.id, failure="it does not accept the expectation")
    failing = rule("column_values_to_be_between", column="station_name", min_value=1)
    found = cross_check(CONTRACT, suite_of(failing), [(1, block)])
    assert found is not None
    assert found.failure is not None
    assert "Hàm Rồng" not in str(found)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_there_is_nothing_to_disagree_about_without_rows(make_checker: MakeChecker) -> None:
    assert cross_check(CONTRACT, load_suite(CONTRACT), []) is None


def test_a_sample_takes_evenly_spaced_rows_with_their_issues(
    stations: list[Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    block: CheckedBlock = make_checker("health_stations").check(make_block(stations))
    suite = load_suite(CONTRACT)
    sample = sample_rows(block, 3, suite)
    assert sample.rows["source_row"].to_list() == [10, 13, 16]
    assert sample.derived.height == 3
    assert set(sample.issues["source_row"]) == {13, 16}
    assert sample_rows(block, 1, suite).rows["source_row"].equals(block.rows["source_row"])
    assert cross_check(CONTRACT, suite, [(1, sample)], sample=True) is None


def test_a_sample_holds_the_columns_at_which_a_rule_looks_and_no_name_or_id_of_a_person(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    block: CheckedBlock = make_checker("health_records").check(make_block([good["health_records"]]))
    sample = sample_rows(block, 3, load_suite(contracts()["health_records"]))
    assert sample.rows.columns == [
        *("sheet", "source_row", "record_id", "birth_date", "created_on", "updated_on", "last_visit_on"),
        *("height_cm", "weight_kg", "systolic_mmhg", "diastolic_mmhg", "accepted", "superseded"),
    ]


def test_a_sample_keeps_no_text_of_the_rows_it_leaves_out(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    block: CheckedBlock = make_checker("health_records").check(make_block([good["health_records"]] * 3_000))
    sample = sample_rows(block, 1_000, load_suite(contracts()["health_records"]))
    texts = sample.rows["record_id"]
    assert texts.to_list() == [good["health_records"]["record_id"]] * 3
    assert (
        sum(held.size for held in texts.to_arrow(compat_level=pl.CompatLevel.newest()).buffers() if held)
        < 500
    )


@pytest.fixture
def versions(good: dict[str, Record]) -> list[Record]:
    """Versions of a few records, some of them bad, with a visit after the file came in every other one."""
    changes: list[Record] = [
        {},
        {"record_id": "HS38-000000002", "sex": "nam"},
        {"updated_on": "11/05/2021"},
        {"commune_code": "19999"},
        {"updated_on": "31/02/2021"},
        {"birth_date": None, "height_cm": "15"},
    ]
    return [
        {**good["health_records"], "last_visit_on": "01/09/2021" if number % 2 == 0 else None, **change}
        for number, change in enumerate(changes)
    ]


def test_both_agree_on_versions_of_which_the_newest_stays(
    versions: list[Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    contract, checker = contracts()["health_records"], make_checker("health_records")
    blocks = [
        checker.check(make_block(versions, sheet=None)),
        checker.check(make_block(versions, sheet=None, first_row=30)),
    ]
    findings = checker.finish()
    assert [int(block.rows["superseded"].sum()) for block in blocks] == [1, 1]
    assert findings.superseded.height == 1
    suite = load_suite(contract)
    assert cross_check(contract, suite, [(1, block) for block in blocks], {1: findings}) is None
    for block in blocks:
        assert cross_check(contract, suite, [(1, sample_rows(block, 3, suite))], sample=True) is None


def test_a_bad_row_that_was_superseded_instead_of_refused_is_found(
    versions: list[Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    contract = contracts()["health_records"]
    block = make_checker("health_records").check(make_block(versions[:2], sheet=None))
    rule = "expect_column_values_to_be_in_set(citizen_sex_agrees)"
    wrong = replace(
        block,
        rows=block.rows.with_columns(superseded=pl.Series([False, True])),
        issues=block.issues.filter(pl.col("rule") != rule),
    )
    found = cross_check(contract, load_suite(contract), [(1, wrong)])
    assert found == Disagreement(rule, (), ((1, None, 11),))


def test_great_expectations_gets_neither_names_nor_ids_of_persons(
    versions: list[Record],
    make_block: MakeBlock,
    make_checker: MakeChecker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    contract = contracts()["health_records"]
    given: list[list[str]] = []

    def watched(expectations: Any, frame: Any) -> Any:
        given.append(list(frame.columns))
        return validate(expectations, frame)

    monkeypatch.setattr("dxpipeline.quality.cross_check.validate", watched)
    block = make_checker("health_records").check(make_block(versions, sheet=None))
    with caplog.at_level(logging.DEBUG):
        assert cross_check(contract, load_suite(contract), [(1, block)]) is None
    assert len(given) == 1
    assert {"birth_date", "citizen_sex_agrees", "systolic_mmhg"} <= set(given[0])
    assert not {"citizen_id", "full_name", "insurance_number"} & set(given[0])
    output = capfd.readouterr()
    for secret in ("1990", "0381", "Mẫu", "HN238"):
        assert secret not in caplog.text + output.out + output.err
