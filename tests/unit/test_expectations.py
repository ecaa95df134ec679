"""The suites in expectations/: each can be used, and each of its rules refuses what it should and no more."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import contracts
from dxpipeline.messages import codes
from dxpipeline.periods import Period
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.suite import FILE_CODES, ROW_CODES, load_suite
from dxpipeline.reading.model import Block
from dxpipeline.settings import EXPECTATIONS

FEEDS = sorted(contracts())

Record = dict[str, str | None]

HOSPITAL: Record = {
    "hospital_code": "38001",
    "hospital_name": "Bệnh viện Đa khoa tỉnh",
    "hospital_tier": "tỉnh",
    "infrastructure_level": "5",
    "his_level": "4",
    "lis_level": "cơ bản",
    "ris_pacs_level": "chưa",
    "emr_level": "nâng cao",
    "security_met": None,
    "it_level": "4",
    "paperless_on": None,
    "assessed_on": "19/04/2021",
}
STATION: Record = {
    "station_code": "38101",
    "station_name": "Trạm Y tế phường Hàm Rồng",
    "commune_code": "14755",
    "has_ehr_system": "có",
    "software_name": "HIS",
    "population_managed": "3000",
    "records_created": "2000",
    "records_updated": "300",
}
COMMUNE: Record = {
    "commune_code": "14755",
    "district_name": "Thành phố Thanh Hóa",
    "commune_name": "Phường Hàm Rồng",
    "villages_total": "6",
    "villages_fixed_broadband": "5",
    "villages_4g": "6",
    "villages_5g": None,
    "households_total": "2000",
    "households_fixed_broadband": "1500",
    "carriers": "VNPT, Viettel",
}
MERGED: Record = {"commune_code": "14758", "district_name": None}
RECORDS: dict[str, Record] = {
    "smart_hospitals": HOSPITAL,
    "health_stations": STATION,
    "broadband_coverage": COMMUNE,
}
Fault = tuple[str, str, str]
OUT, MISSING, CRITICAL, WARNING = "out-of-range", "missing-value", "critical", "warning"

# feed, period, what is changed in the good record, the issues (column, code, severity) that must come.
CASES: list[tuple[str, str, Record, list[Fault]]] = [
    ("smart_hospitals", "2021-Q2", {}, []),
    ("smart_hospitals", "2021-Q2", {"infrastructure_level": "1", "his_level": "7", "it_level": "1"}, []),
    (
        "smart_hospitals",
        "2021-Q2",
        {"infrastructure_level": "8"},
        [("infrastructure_level", OUT, CRITICAL)],
    ),
    ("smart_hospitals", "2021-Q2", {"his_level": "8"}, [("his_level", OUT, CRITICAL)]),
    ("smart_hospitals", "2021-Q2", {"it_level": "0"}, [("it_level", OUT, CRITICAL)]),
    ("smart_hospitals", "2021-Q2", {"it_level": "5"}, [("it_level", "inconsistent-values", WARNING)]),
    ("smart_hospitals", "2021-Q2", {"assessed_on": "10/07/2021"}, []),
    ("smart_hospitals", "2021-Q2", {"assessed_on": "11/07/2021"}, [("assessed_on", "future-date", CRITICAL)]),
    ("smart_hospitals", "2021-Q1", {"assessed_on": "15/04/2021"}, []),
    ("smart_hospitals", "2021-Q1", {"assessed_on": "16/04/2021"}, [("assessed_on", OUT, CRITICAL)]),
    ("health_stations", "2021-Q2", {}, []),
    ("health_stations", "2021-Q2", {"has_ehr_system": "không", "software_name": None}, []),
    ("health_stations", "2021-Q2", {"software_name": None}, [("software_name", MISSING, CRITICAL)]),
    (
        "health_stations",
        "2021-Q2",
        {"commune_code": "19999"},
        [("commune_code", "unknown-commune", CRITICAL)],
    ),
    ("health_stations", "2025-Q3", {}, [("commune_code", "unknown-commune", CRITICAL)]),
    ("health_stations", "2021-Q2", {"population_managed": "-1"}, [("population_managed", OUT, CRITICAL)]),
    (
        "health_stations",
        "2021-Q2",
        {"population_managed": "0", "records_created": "0", "records_updated": "0"},
        [],
    ),
    ("health_stations", "2021-Q2", {"records_created": "-1"}, [("records_created", OUT, CRITICAL)]),
    ("health_stations", "2021-Q2", {"records_updated": "-1"}, [("records_updated", OUT, CRITICAL)]),
    ("health_stations", "2021-Q2", {"records_created": "3000"}, []),
    (
        "health_stations",
        "2021-Q2",
        {"records_created": "3001"},
        [("records_created", "inconsistent-values", WARNING)],
    ),
    (
        "health_stations",
        "2021-Q2",
        {"records_updated": "2001"},
        [("records_updated", "inconsistent-values", CRITICAL)],
    ),
    ("broadband_coverage", "2021-Q2", {}, []),
    ("broadband_coverage", "2021-Q2", {"commune_name": "hàm rồng"}, []),
    (
        "broadband_coverage",
        "2021-Q2",
        {"commune_name": "Phường Hàm Rông"},
        [("commune_name", "name-mismatch", CRITICAL)],
    ),
    (
        "broadband_coverage",
        "2021-Q2",
        {"commune_name": "Xã Hàm Rồng"},
        [("commune_name", "name-mismatch", CRITICAL)],
    ),
    (
        "broadband_coverage",
        "2021-Q2",
        {"commune_code": "14758"},
        [("commune_name", "name-mismatch", CRITICAL)],
    ),
    ("broadband_coverage", "2025-Q3", MERGED, []),
    (
        "broadband_coverage",
        "2025-Q3",
        {**MERGED, "commune_code": "14755"},
        [("commune_code", "unknown-commune", CRITICAL)],
    ),
    ("broadband_coverage", "2021-Q2", {"district_name": None}, [("district_name", MISSING, CRITICAL)]),
    ("broadband_coverage", "2025-Q2", {"district_name": None}, [("district_name", MISSING, CRITICAL)]),
    ("broadband_coverage", "2021-Q2", {"villages_total": "0"}, [("villages_total", OUT, CRITICAL)]),
    ("broadband_coverage", "2021-Q2", {"households_total": "0"}, [("households_total", OUT, CRITICAL)]),
    *(
        ("broadband_coverage", "2025-Q3", {**MERGED, column: value}, expected)
        for column, total in (
            ("villages_fixed_broadband", 6),
            ("villages_4g", 6),
            ("villages_5g", 6),
            ("households_fixed_broadband", 2000),
        )
        for value, expected in (
            ("0", []),
            (str(total), []),
            (str(total + 1), [(column, "inconsistent-values", CRITICAL)]),
            ("-1", [(column, OUT, CRITICAL)]),
        )
    ),
    ("broadband_coverage", "2021-Q2", {"villages_5g": "0"}, []),
    ("broadband_coverage", "2023-Q4", {"villages_5g": "1"}, [("villages_5g", OUT, WARNING)]),
    ("broadband_coverage", "2024-Q1", {"villages_5g": "1"}, []),
]


def checked(feed: str, period: str, record: Record | None) -> tuple[pl.DataFrame, Checker]:
    checker = Checker(
        contracts()[feed],
        load_suite(contracts()[feed]),
        Period.parse(period),
        # The good hospital was assessed in 2021; later periods are received when they are due.
        datetime.fromisoformat(
            "2021-07-10T09:00:00+07:00" if period < "2022" else "2025-10-01T09:00:00+07:00"
        ),
    )
    records = [] if record is None else [record]
    texts = pl.DataFrame(
        {
            "source_row": pl.Series(range(2, 2 + len(records)), dtype=pl.Int64),
            **{name: pl.Series([one[name] for one in records], dtype=pl.String) for name in RECORDS[feed]},
        }
    )
    ragged = pl.DataFrame(schema={"source_row": pl.Int64, "cells": pl.Int64})
    return checker.check(Block(None, texts, None, ragged)).issues, checker


@pytest.mark.parametrize(("feed", "period", "change", "expected"), CASES)
def test_each_rule_refuses_what_it_should_and_no_more(
    feed: str, period: str, change: Record, expected: list[Fault]
) -> None:
    issues, _ = checked(feed, period, {**RECORDS[feed], **change})
    assert list(issues.select("column_name", "code", "severity").iter_rows()) == expected


@pytest.mark.parametrize("feed", FEEDS)
def test_every_row_rule_is_broken_by_one_of_the_cases(feed: str) -> None:
    broken: set[str] = set()
    for case_feed, period, change, _ in CASES:
        if case_feed == feed:
            broken.update(checked(feed, period, {**RECORDS[feed], **change})[0]["rule"])
    rules = {rule.id for rule in load_suite(contracts()[feed]).rules if rule.scope != "file"}
    assert broken - {"contract"} == rules


@pytest.mark.parametrize("feed", FEEDS)
def test_a_report_without_any_row_is_refused(feed: str) -> None:
    _, checker = checked(feed, "2021-Q2", None)
    assert checker.finish().rejected_by == ("no-rows", {"observed": "0", "limit": "≥ 1"})


@pytest.mark.parametrize("feed", FEEDS)
def test_great_expectations_reads_the_suite_with_all_its_rules(feed: str) -> None:
    from great_expectations.core.expectation_suite import ExpectationSuite

    document: dict[str, Any] = json.loads((EXPECTATIONS / f"{feed}.json").read_text(encoding="utf-8"))
    suite = ExpectationSuite(**document)
    read = {
        (one.expectation_type, one.severity.value, (one.meta or {})["code"]) for one in suite.expectations
    }
    assert len(suite.expectations) == len(document["expectations"])
    assert read == {(one["type"], one["severity"], one["meta"]["code"]) for one in document["expectations"]}


def test_every_suite_belongs_to_a_contract_and_every_contract_has_one() -> None:
    assert sorted(path.stem for path in EXPECTATIONS.glob("*.json")) == FEEDS


def test_every_code_has_a_sentence_and_every_rule_a_reason_that_fits_into_it() -> None:
    assert codes() >= ROW_CODES | FILE_CODES
    for feed in FEEDS:
        for rule in load_suite(contracts()[feed]).rules:
            # The sentence that takes it in brings the full stop.
            assert not rule.why.endswith("."), rule.id
